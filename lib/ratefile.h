#ifndef FP_RATEFILE_H
#define FP_RATEFILE_H
#include "base.h"
#include "rates.h"
struct fp_ratefile;
struct fp_ratefile *fp_ratefile_open(const char *path,
	const struct fp_rates *rates, bool is_paced, char *why,
	size_t why_size);
void fp_ratefile_close(struct fp_ratefile *file);
int fp_ratefile_reserve(
	struct fp_ratefile *file, uint32_t *slot, int64_t *due_ns);
int fp_ratefile_give_back(struct fp_ratefile *file, uint32_t slot);
int fp_ratefile_fire(struct fp_ratefile *file, uint32_t slot);
#endif
