/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "fate.h"

#include <string.h>

unsigned
fp_fate(const struct fp_result *result)
{
	return result->is_outcome_unknown ? FP_FATE_UNKNOWN : result->kind;
}

const char *
fp_fate_name(unsigned fate)
{
	if (fate == FP_FATE_UNKNOWN)
		return "unknown";
	if (fate == FP_FATE_UNTOLD)
		return "untold";
	return fp_kind_name((enum fp_kind)fate);
}

int
fp_fate_find(const char *name, size_t len)
{
	for (unsigned fate = 0; fate < FP_FATES; fate++) {
		const char *other = fp_fate_name(fate);
		if (fate != FP_KIND_STOPPED && strlen(other) == len &&
			memcmp(other, name, len) == 0)
			return (int)fate;
	}
	return -1;
}

int
fp_fate_list(const char *text, uint32_t *fates)
{
	*fates = 0;
	if (strcmp(text, "all") == 0) {
		*fates = FP_FATES_FAILED;
		return 0;
	}
	for (;;) {
		size_t len = strcspn(text, ",");
		int fate = fp_fate_find(text, len);
		if (fate <= 0 || fate == FP_FATE_UNTOLD)
			return -1;
		*fates |= FP_FATE_BIT(fate);
		if (text[len] == '\0')
			return 0;
		text += len + 1;
	}
}
