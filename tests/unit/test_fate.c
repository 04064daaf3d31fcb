/* SPDX-License-Identifier: MIT */
#include "fate.h"

#include "tap.h"

static void
every_fate_has_a_name(void)
{
	for (unsigned fate = 0; fate < FP_FATES; fate++) {
		const char *name = fp_fate_name(fate);
		int found = fp_fate_find(name, strlen(name));
		CHECK(found == (fate == FP_KIND_STOPPED ? -1 : (int)fate));
	}
	CHECK(fp_fate_find("htt", 3) == -1);
	CHECK(fp_fate_find("https", 5) == -1);
	CHECK(fp_fate_find("", 0) == -1);
}

static void
an_unknown_outcome_is_of_no_other_kind(void)
{
	struct fp_result result = {.kind = FP_KIND_TIMEOUT};

	CHECK(fp_fate(&result) == FP_KIND_TIMEOUT);
	result.is_outcome_unknown = true;
	CHECK(fp_fate(&result) == FP_FATE_UNKNOWN);
}

static void
lists_of_kinds(void)
{
	static const char *const wrong[] = {"", "http,", ",http", "http,,dns",
		"ok", "stopped", "untold", "HTTP", "http dns", "all,http"};
	uint32_t fates;

	CHECK(fp_fate_list("http", &fates) == 0);
	CHECK(fates == FP_FATE_BIT(FP_KIND_HTTP));
	CHECK(fp_fate_list("timeout,unknown,timeout", &fates) == 0);
	CHECK(fates ==
		(FP_FATE_BIT(FP_KIND_TIMEOUT) | FP_FATE_BIT(FP_FATE_UNKNOWN)));
	CHECK(fp_fate_list("all", &fates) == 0);
	CHECK(fates == FP_FATES_FAILED);
	for (size_t i = 0; i < FP_ARRAY_LEN(wrong); i++)
		CHECK(fp_fate_list(wrong[i], &fates) == -1);
}

static void
what_is_usual_leaves_out_two(void)
{
	CHECK(!(FP_FATES_USUAL & FP_FATE_BIT(FP_KIND_OK)));
	CHECK(!(FP_FATES_USUAL & FP_FATE_BIT(FP_FATE_UNKNOWN)));
	CHECK(!(FP_FATES_USUAL & FP_FATE_BIT(FP_KIND_REFUSED)));
	for (unsigned fate = FP_KIND_DNS; fate < FP_FATE_UNKNOWN; fate++)
		CHECK(FP_FATES_USUAL & FP_FATE_BIT(fate));
}

int
main(void)
{
	run("every fate has a name", every_fate_has_a_name);
	run("an unknown outcome is of no other kind",
		an_unknown_outcome_is_of_no_other_kind);
	run("lists of kinds", lists_of_kinds);
	run("what is usual leaves out two", what_is_usual_leaves_out_two);
	return done();
}
