/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "moments.h"

#include <errno.h>
#include <string.h>

#define VALUE_MAX 1e15

static bool
is_worst(const char *name)
{
	return strcmp(name, "p50") == 0 || strcmp(name, "p99") == 0;
}

/* Counts and times add up; of quantiles the worst is kept, so that joining
 * points hides none. */
static void
add_to_row(
	struct fp_moments *moments, double *row, const struct fp_jsonnode *bin)
{
	const struct fp_jsonnode *cell = bin->first;

	for (unsigned i = 0; i < moments->n_columns && cell; i++) {
		double value =
			cell->type == FP_JSONTREE_NUMBER && cell->number > 0
				? FP_MIN(cell->number, VALUE_MAX)
				: 0;
		row[i] = is_worst(moments->names[i]) ? FP_MAX(row[i], value)
						     : row[i] + value;
		cell = cell->next;
	}
}

int
fp_moments_read(struct fp_moments *moments, const struct fp_jsonnode *stats,
	size_t most)
{
	const struct fp_jsonnode *line = fp_jsontree_get(stats, "timeline");
	const struct fp_jsonnode *columns = fp_jsontree_get(line, "columns");
	const struct fp_jsonnode *bins = fp_jsontree_get(line, "bins");
	size_t n_bins = bins ? bins->n : 0;
	size_t joined = (n_bins + most - 1) / most;

	*moments = (struct fp_moments){
		.seconds = fp_jsontree_number(stats, "seconds")};
	double width = fp_jsontree_number(line, "width");
	/* What has no length cannot be divided by it. */
	if (n_bins == 0 || !columns || width <= 0)
		return 0;
	moments->width = width * (double)joined;
	moments->rows = calloc(
		(n_bins + joined - 1) / joined, sizeof(moments->rows[0]));
	if (!moments->rows) {
		errno = ENOMEM;
		return -1;
	}
	for (const struct fp_jsonnode *at = columns->first;
		at && moments->n_columns < FP_MOMENTS_COLUMNS; at = at->next)
		moments->names[moments->n_columns++] = at->text ? at->text : "";
	size_t i = 0;
	for (const struct fp_jsonnode *bin = bins->first; bin; bin = bin->next)
		add_to_row(moments, moments->rows[i++ / joined], bin);
	moments->n = (n_bins + joined - 1) / joined;
	return 0;
}

void
fp_moments_destroy(struct fp_moments *moments)
{
	free(moments->rows);
	moments->rows = NULL;
	moments->n = 0;
}

double
fp_moments_at(const struct fp_moments *moments, size_t i, const char *name)
{
	for (unsigned k = 0; k < moments->n_columns; k++) {
		if (strcmp(moments->names[k], name) == 0)
			return moments->rows[i][k];
	}
	return 0;
}

double
fp_moments_length(const struct fp_moments *moments, size_t i)
{
	double left = moments->seconds - (double)i * moments->width;

	/* The run goes on a little after its last moment. */
	return i + 1 == moments->n && left > 0 && left < moments->width
		       ? left
		       : moments->width;
}
