/* SPDX-License-Identifier: MIT */
#include "identity.h"

#include "optionstest.h"

static const uint8_t key[FP_JOURNAL_KEY_BYTES] = "of this test";

/* The options of a run with these arguments. */
static struct fp_journal_state
identity_of(const char *args)
{
	struct fp_journal_state state;

	fp_journalstate_init(&state);
	memcpy(state.key, key, sizeof(state.key));
	CHECK(parse(args) == FP_GO_ON);
	CHECK(fp_identity_add(&state, &settings) == 0);
	return state;
}

/* How the second differs from the first; NULL: they are one run. */
static const char *
differ(const char *then_args, const char *now_args)
{
	static char why[200];
	struct fp_journal_state then = identity_of(then_args);
	struct fp_journal_state now = identity_of(now_args);
	bool differs = fp_identity_differs(&then, &now, why, sizeof(why));

	fp_journalstate_destroy(&then);
	fp_journalstate_destroy(&now);
	return differs ? why : NULL;
}

static void
the_same_run(void)
{
	static const struct {
		const char *then, *now;
	} all[] = {
		{"", ""},
		{"http://h/{} -k -f body", "-f body --keep-order http://h/{}"},
		{"--pick a --pick b -j 3", "-j 16 --pick a --pick b"},
		{"http://h/{} --journal a --sync",
			"http://h/{} --journal b --resume -q --window 7"},
		{"--max-time 5 --connect-timeout 1", "--stall-time 3"},
		{"-i a -o b --failed c", "-i d -o e --failed f"},
		{"-u a:b -b c=d --oauth2-bearer e", "-u f:g"},
		{"-H Authorization:x -H Cookie:y",
			"-H Authorization:z -H Cookie:w"},
		{"http://u:one@h/{}", "http://u:two@h/{}"},
		{"--setopt USERPWD=a:b", "--setopt USERPWD=c:d"},
		{"--setopt XOAUTH2_BEARER=a", "--setopt XOAUTH2_BEARER=b"},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(all); i++) {
		const char *why = differ(all[i].then, all[i].now);
		if (why)
			printf("# %s, %s: %s\n", all[i].then, all[i].now, why);
		CHECK(!why);
	}
}

static void
another_run(void)
{
	static const struct {
		const char *then, *now, *why;
	} all[] = {
		{"http://h/{}", "http://g/{}",
			"the TEMPLATE differs from the first run"},
		{"-f body", "-f merged -B json",
			"--format differs from the first run"},
		{"", "-k",
			"--keep-order was not given in the first "
			"run"},
		{"-a", "", "--all was given in the first run, but not now"},
		{"--pick a --pick b", "--pick b --pick a",
			"--pick differs from the first run"},
		{"--pick ab", "--pick a --pick b",
			"--pick differs from the first run"},
		{"--shard 1/4", "--shard 2/4",
			"--shard differs from the first run"},
		{"-d a", "-d b", "--data differs from the first run"},
		{"-d {}", "--json {}", "--json was not given in the first run"},
		{"-X PUT", "-X POST", "--request differs from the first run"},
		{"-H A:b", "-H B:b", "--header differs from the first run"},
		{"-H Accept:a/b", "-H Accept:c/d",
			"--header differs from the first run"},
		{"-0", "", "--null was given in the first run, but not now"},
		{"--setopt RANGE=1-2", "--setopt RANGE=1-3",
			"--setopt differs from the first run"},
		{"--ok-status 2xx", "--ok-status 2xx,404",
			"--ok-status differs from the first run"},
		{"http://u:p@h/{}", "http://v:p@h/{}",
			"the TEMPLATE differs from the first run"},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(all); i++)
		CHECK_TEXT(differ(all[i].then, all[i].now), all[i].why);
}

int
main(void)
{
	begin_options_test();
	run("options that do not make it another run", the_same_run);
	run("options that do, and which it was", another_run);
	return end_options_test();
}
