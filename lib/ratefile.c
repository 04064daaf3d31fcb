#include "base.h"
#include "ratefile.h"
struct fp_ratefile *fp_ratefile_open(const char *path, const struct fp_rates *rates, bool is_paced, char *why, size_t why_size){(void)path;(void)rates;(void)is_paced;(void)why;(void)why_size;return NULL;}
void fp_ratefile_close(struct fp_ratefile *file){(void)file;}
int fp_ratefile_reserve(struct fp_ratefile *file, uint32_t *slot, int64_t *due_ns){(void)file;(void)slot;(void)due_ns;return -1;}
int fp_ratefile_give_back(struct fp_ratefile *file, uint32_t slot){(void)file;(void)slot;return -1;}
int fp_ratefile_fire(struct fp_ratefile *file, uint32_t slot){(void)file;(void)slot;return -1;}
