/* SPDX-License-Identifier: MIT */
/*
 * Link fields of responses. What is found is in the fields, between < and >;
 * a link that is put before them is found, whatever they are; and fields
 * without "<" lead nowhere.
 *
 *	the values, a line each
 */
#include "fuzz.h"

#include "link.h"

static void
check_found(struct fp_text fields)
{
	struct fp_text target;
	enum fp_link_found found = fp_link_find(fields, "next", &target);

	if (found == FP_LINK_NONE || found == FP_LINK_MALFORMED) {
		HOLDS(!target.data);
		return;
	}
	HOLDS(target.data > fields.data && target.data[-1] == '<');
	HOLDS(target.data + target.len < fields.data + fields.len);
	HOLDS(target.data[target.len] == '>');
	HOLDS(!memchr(target.data, '\n', target.len));
}

static void
check_added(struct fp_text fields)
{
	static const char link[] = "<\x01>; rel=\"prev next\"\n";
	struct fp_buf all = FP_BUF_INIT;
	struct fp_text target;

	HOLDS(fp_buf_add(&all, link, sizeof(link) - 1) == 0);
	HOLDS(fp_buf_add(&all, fields.data, fields.len) == 0);
	enum fp_link_found found = fp_link_find(
		(struct fp_text){all.data, all.len}, "next", &target);
	HOLDS(found == FP_LINK_ONE || found == FP_LINK_TWO);
	if (found == FP_LINK_ONE)
		HOLDS(target.len == 1 && target.data[0] == '\x01');
	fp_buf_destroy(&all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = fuzz_begin(data, size);
	struct fp_text fields = fuzz_rest(&fuzz);

	check_found(fields);
	check_added(fields);
	return 0;
}
