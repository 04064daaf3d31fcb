/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "settings.h"

#include "fate.h"
#include "formopt.h"
#include "msg.h"
#include "patience.h"
#include "units.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_GRACE_MS 10000
#define DEFAULT_TOKEN_MS (UINT64_C(30) * 1000)
#define DEFAULT_MAX_LINE 65536
#define AUTO_JOBS 256 /* at most, where nobody says */
#define MAX_LINE_MAX ((uint64_t)1 << 30)

void
fp_settings_init(struct fp_settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	fp_options_init(&settings->pool, sizeof(settings->pool));
	settings->pool.undefined_fails = true;
	settings->input.separator = '\n';
	settings->input.max_line = DEFAULT_MAX_LINE;
	settings->grace_ms = DEFAULT_GRACE_MS;
	settings->token_timeout_ms = DEFAULT_TOKEN_MS;
}

void
fp_settings_destroy(struct fp_settings *settings)
{
	for (size_t i = 0; i < settings->owned.n; i++)
		free((char *)settings->owned.texts[i]);
	free(settings->owned.texts);
	for (size_t i = 0; i < settings->expansions.n; i++)
		fp_expand_free(settings->expansions.all[i].text);
	fp_formopt_destroy(settings);
	free(settings->given.texts);
	free(settings->report_from.texts);
	free(settings->reserved.texts);
	free(settings->withheld.texts);
	free(settings->headers.texts);
	free(settings->pick.texts);
	free(settings->omit.texts);
	free(settings->fail_if.texts);
	free(settings->curl.texts);
	free(settings->deny.texts);
	free(settings->allow.texts);
	free(settings->retry_on.texts);
	fp_buf_destroy(&settings->data);
	fp_buf_destroy(&settings->netrc);
	fp_buf_destroy(&settings->home_netrc);
	fp_buf_destroy(&settings->colsep_text);
	for (size_t i = 0; i < settings->names.n; i++)
		free((char *)settings->names.all[i].data);
	free(settings->names.all);
}

bool
fp_settings_no_memory(void)
{
	fp_msg_local("out of memory");
	return false;
}

bool
fp_settings_unreadable(const char *option, const char *path)
{
	const char *why =
		errno == ETIMEDOUT ? "the deadline passed before its end"
		: errno == EILSEQ  ? "it contains a NUL byte"
		: errno == EDEADLK ? "it is where standard output or standard "
				     "error goes, and so has no end"
				   : strerror(errno);

	if (errno == ENOMEM)
		return fp_settings_no_memory();
	if (errno == EIO || errno == EMFILE || errno == ENFILE ||
		errno == ETIMEDOUT)
		fp_msg_local("%s: cannot read %s: %s", option, path, why);
	else
		fp_msg_usage("%s: cannot read %s: %s%s", option,
			strcmp(path, "-") == 0 ? "standard input" : path, why,
			fp_expand_is_meant(path, false)
				? " ({} is not filled in here)"
				: "");
	return false;
}

bool
fp_settings_add_text(struct fp_list *list, const char *text)
{
	const char **texts =
		realloc(list->texts, (list->n + 1) * sizeof(texts[0]));

	if (!texts)
		return fp_settings_no_memory();
	list->texts = texts;
	list->texts[list->n++] = text;
	return true;
}

bool
fp_settings_add_copy(
	struct fp_settings *settings, struct fp_list *list, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return fp_settings_no_memory();
	if (!fp_settings_add_text(&settings->owned, copy)) {
		free(copy);
		return false;
	}
	return fp_settings_add_text(list, copy);
}

/* Whether it is a pipe that does not end, because one of our own standard
 * descriptors could still write to it. */
static bool
is_our_own(int fd)
{
	const int ours[] = {STDOUT_FILENO, fp_msg_fd()};
	struct stat in, out;

	if (fstat(fd, &in) || !S_ISFIFO(in.st_mode))
		return false;
	for (size_t i = 0; i < FP_ARRAY_LEN(ours); i++) {
		if (fstat(ours[i], &out) == 0 && out.st_dev == in.st_dev &&
			out.st_ino == in.st_ino)
			return true;
	}
	return false;
}

int
fp_settings_read(struct fp_buf *to, const char *path, size_t most_bytes)
{
	size_t start = to->len;
	int fd = strcmp(path, "-") == 0
			 ? STDIN_FILENO
			 : open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY |
					      O_CLOEXEC);
	ssize_t n = -1;

	if (fd < 0)
		return -1;
	bool is_endless = is_our_own(fd);
	while (!is_endless) {
		n = -1;
		if (fp_buf_reserve(to, 4096) == 0)
			n = fp_patience_read(fd, to->data + to->len, 4096);
		if (n <= 0)
			break;
		to->len += (size_t)n;
		if (to->len - start > most_bytes) {
			errno = EFBIG;
			n = -1;
			break;
		}
	}
	if (to->data)
		to->data[to->len] = '\0';
	int err = is_endless ? EDEADLK : errno;
	if (fd != STDIN_FILENO)
		close(fd);
	errno = err;
	return n < 0 ? -1 : 0;
}

bool
fp_settings_take_file(struct fp_buf *to, const char *option, const char *path,
	size_t most_bytes)
{
	size_t start = to->len;

	if (fp_settings_read(to, path, most_bytes) == 0)
		return true;
	int err = errno;
	to->len = start;
	errno = err;
	if (err != EFBIG)
		return fp_settings_unreadable(option, path);
	fp_msg_usage("%s: %s is larger than %zuM", option,
		strcmp(path, "-") == 0 ? "standard input" : path,
		most_bytes >> 20);
	return false;
}

bool
fp_settings_is_sendable(const char *option, const char *path)
{
	struct stat st;
	char c;

	if (stat(path, &st)) {
		const char *why = strcmp(path, "-") == 0 ? "standard input has "
							   "no size: use "
							   "--data-binary @-"
				  : fp_expand_is_meant(path, true)
					  ? "{} is not filled in here: use "
					    "--expand-upload-file '{{}}'"
					  : NULL;
		if (!why)
			return fp_settings_unreadable(option, path);
		fp_msg_usage("%s: %s", option, why);
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		fp_msg_usage("%s: %s is not a regular file", option, path);
		return false;
	}
	if (st.st_size > 0)
		return true;
	int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return fp_settings_unreadable(option, path);
	ssize_t n = read(fd, &c, 1);
	int err = errno;
	close(fd);
	errno = err;
	if (n < 0)
		return fp_settings_unreadable(option, path);
	if (n > 0)
		fp_msg_usage("%s: %s has contents, but no size, as in /proc: "
			     "use --data-binary @FILE",
			option, path);
	return n <= 0;
}

bool
fp_settings_null(struct fp_settings *settings, const char *value)
{
	(void)value;
	settings->input.separator = '\0';
	return true;
}

/* "\t" is a tab and "\\" a backslash; anything else stands for itself. */
bool
fp_settings_colsep(struct fp_settings *settings, const char *value)
{
	struct fp_buf *text = &settings->colsep_text;

	fp_buf_clear(text, 0);
	for (const char *at = value; *at; at++) {
		char c = *at;
		if (c == '\\' && (at[1] == 't' || at[1] == '\\'))
			c = *++at == 't' ? '\t' : '\\';
		if (c == '\n' || c == '\r')
			return false;
		if (fp_buf_add_char(text, c))
			return fp_settings_no_memory();
	}
	settings->colsep = fp_buf_text(text);
	return text->len > 0;
}

bool
fp_settings_input_format(struct fp_settings *settings, const char *value)
{
	settings->json_items = strcmp(value, "json") == 0;
	settings->has_csv = strcmp(value, "csv") == 0;
	return settings->json_items || settings->has_csv ||
	       strcmp(value, "lines") == 0;
}

bool
fp_settings_id_range(struct fp_settings *settings, const char *value)
{
	settings->has_id_range = true;
	return fp_units_range(value, &settings->id_min, &settings->id_max) == 0;
}

bool
fp_settings_max_line(struct fp_settings *settings, const char *value)
{
	uint64_t size;

	if (fp_units_size(value, &size) || size == 0 || size > MAX_LINE_MAX)
		return false;
	settings->input.max_line = (size_t)size;
	return true;
}

bool
fp_settings_shard(struct fp_settings *settings, const char *value)
{
	return fp_shard_parse(value, FP_SHARE_MAX, &settings->input.shard) == 0;
}

bool
fp_settings_dry_run(struct fp_settings *settings, const char *value)
{
	settings->pool.dry_run = true;
	settings->pool.dry_run_full = value != NULL;
	return !value || strcmp(value, "full") == 0;
}

bool
fp_settings_default_scheme(struct fp_settings *settings, const char *value)
{
	settings->default_scheme = value;
	return strcmp(value, "https") == 0 || strcmp(value, "http") == 0;
}

/* A number, or "auto", or that and the most: "auto:500". */
bool
fp_settings_jobs(struct fp_settings *settings, const char *value)
{
	static const char word[] = "auto";
	size_t len = sizeof(word) - 1;
	bool is_auto = strncmp(value, word, len) == 0;
	uint64_t n = AUTO_JOBS;

	if (is_auto && value[len] != '\0' && value[len] != ':')
		return false;
	if (is_auto && value[len] == ':')
		value += len + 1;
	else if (is_auto)
		value = NULL;
	if (value && (fp_units_count(value, FP_JOBS_MAX, &n) || n == 0))
		return false;
	settings->pool.finds_jobs = is_auto;
	settings->pool.jobs = (unsigned)n;
	return true;
}

bool
fp_settings_window(struct fp_settings *settings, const char *value)
{
	uint64_t n;

	if (fp_units_count(value, FP_WINDOW_MAX, &n) || n == 0)
		return false;
	settings->pool.window = (size_t)n;
	return true;
}

bool
fp_settings_delay(struct fp_settings *settings, const char *value)
{
	return fp_units_duration_range(value, &settings->pool.delay_min_ms,
		       &settings->pool.delay_max_ms) == 0;
}

bool
fp_settings_max_body(struct fp_settings *settings, const char *value)
{
	return fp_units_size(value, &settings->pool.max_body) == 0 &&
	       settings->pool.max_body <= INT64_MAX;
}

bool
fp_settings_max_error_body(struct fp_settings *settings, const char *value)
{
	uint64_t *size = &settings->pool.max_error_body;

	return fp_units_size(value, size) == 0 && *size <= INT64_MAX;
}

bool
fp_settings_max_errors(struct fp_settings *settings, const char *value)
{
	size_t len = strlen(value);
	bool is_share = len > 0 && value[len - 1] == '%';

	if (fp_units_digits(value, len - is_share, &settings->max_errors) ||
		(is_share && settings->max_errors > 100))
		return false;
	settings->has_max_errors = true;
	settings->max_errors_is_share = is_share;
	return true;
}

bool
fp_settings_max_memory(struct fp_settings *settings, const char *value)
{
	return fp_units_size(value, &settings->pool.max_memory) == 0 &&
	       settings->pool.max_memory <= INT64_MAX;
}

/* The place of a word in a list of them, or -1. */
static int
settings_find_word(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], word) == 0)
			return (int)i;
	}
	return -1;
}

bool
fp_settings_format(struct fp_settings *settings, const char *value)
{
	static const char *const words[] = {
		[FP_FORMAT_RECORD] = "record",
		[FP_FORMAT_BODY] = "body",
		[FP_FORMAT_MERGED] = "merged",
	};
	int i = settings_find_word(words, FP_ARRAY_LEN(words), value);

	settings->format.format = (enum fp_format)i;
	return i >= 0;
}

bool
fp_settings_body(struct fp_settings *settings, const char *value)
{
	static const char *const words[] = {
		[FP_BODY_AUTO] = "auto",
		[FP_BODY_JSON] = "json",
		[FP_BODY_TEXT] = "text",
		[FP_BODY_BASE64] = "base64",
		[FP_BODY_NONE] = "none",
	};
	int i = settings_find_word(words, FP_ARRAY_LEN(words), value);

	settings->format.json_as_string = strcmp(value, "string") == 0;
	if (settings->format.json_as_string)
		i = FP_BODY_AUTO;

	settings->pool.body = (enum fp_body)i;
	return i >= 0;
}

bool
fp_settings_pick(struct fp_settings *settings, const char *value)
{
	return fp_settings_add_text(&settings->pick, value);
}

bool
fp_settings_omit(struct fp_settings *settings, const char *value)
{
	return fp_settings_add_text(&settings->omit, value);
}

bool
fp_settings_fail_if(struct fp_settings *settings, const char *value)
{
	return fp_is_json_pointer(value) &&
	       fp_settings_add_text(&settings->fail_if, value);
}

/* The library says what is wrong, and it knows best. */
bool
fp_settings_next(struct fp_settings *settings, const char *value)
{
	char why[200];

	settings->pool.next = value;
	if (!fp_is_next(value, why, sizeof(why))) {
		fp_msg_usage("--next: '%s': %s", value, why);
		return false;
	}
	if (value[0] != '/' && strchr(value, '='))
		settings->page_name =
			(struct fp_text){value, strcspn(value, "=")};
	return true;
}

bool
fp_settings_until_empty(struct fp_settings *settings, const char *value)
{
	settings->pool.until_empty = value;
	return fp_is_json_pointer(value);
}

bool
fp_settings_each(struct fp_settings *settings, const char *value)
{
	settings->pool.each = settings->format.each = value;
	return fp_is_json_pointer(value);
}

bool
fp_settings_max_pages(struct fp_settings *settings, const char *value)
{
	uint64_t *n = &settings->pool.max_pages;

	return fp_units_count(value, INT64_MAX, n) == 0 && *n > 0;
}

static bool
add_field(struct fp_settings *settings, int field)
{
	struct fp_record_format *format = &settings->format;

	for (size_t i = 0; i < format->n_fields; i++) {
		if (settings->fields[i] == (enum fp_field)field)
			return true;
	}
	settings->fields[format->n_fields++] = (enum fp_field)field;
	return true;
}

/* Names in the order wanted; or, with a "+", added to the default ones. */
bool
fp_settings_fields(struct fp_settings *settings, const char *value)
{
	settings->format.n_fields = 0;
	settings->format.fields = settings->fields;
	settings->names_fields = value[0] != '+';
	if (value[0] == '+') {
		for (int i = 0; i < FP_FIELD_DEFAULTS; i++)
			add_field(settings, i);
	}
	for (const char *at = value;;) {
		size_t len = strcspn(at, ",");
		size_t plus = at[0] == '+';
		int field = fp_field_from_name(at + plus, len - plus);
		if (field < 0 || (plus && value[0] != '+'))
			return false;
		settings->pool.want_headers |= field == FP_FIELD_HEADERS;
		settings->pool.want_hops |= field == FP_FIELD_HOPS;
		add_field(settings, field);
		if (at[len] == '\0')
			return true;
		at += len + 1;
	}
}

void
fp_settings_replace_body(struct fp_settings *settings, enum fp_field field)
{
	struct fp_record_format *format = &settings->format;
	bool has_it = false;
	size_t n = 0;

	if (!format->fields)
		fp_settings_fields(settings, "+seq");
	for (size_t i = 0; i < format->n_fields; i++)
		has_it |= settings->fields[i] == field;
	for (size_t i = 0; i < format->n_fields; i++) {
		bool is_body = settings->fields[i] == FP_FIELD_BODY;
		if (is_body && has_it)
			continue;
		settings->fields[n++] = is_body ? field : settings->fields[i];
	}
	format->n_fields = n;
	settings->pool.want_headers |= field == FP_FIELD_HEADERS;
}

static bool
is_of_body(enum fp_field field)
{
	return field == FP_FIELD_BODY || field == FP_FIELD_SIZE ||
	       field == FP_FIELD_ENCODING;
}

void
fp_settings_name_check(struct fp_settings *settings)
{
	struct fp_record_format *format = &settings->format;
	size_t n = 0;

	if (settings->names_fields) {
		for (size_t i = 0; i < format->n_fields; i++) {
			if (is_of_body(settings->fields[i]))
				settings->pool.check = FP_CHECK_BODY;
		}
		return;
	}
	if (!format->fields)
		fp_settings_fields(settings, "+method");
	add_field(settings, FP_FIELD_METHOD);
	add_field(settings, FP_FIELD_FINAL_URL);
	for (size_t i = 0; i < format->n_fields; i++) {
		if (!is_of_body(settings->fields[i]))
			settings->fields[n++] = settings->fields[i];
	}
	format->n_fields = n;
}

bool
fp_settings_retry_failed(struct fp_settings *settings, const char *value)
{
	settings->retried = FP_FATES_USUAL;
	return !value || fp_fate_list(value, &settings->retried) == 0;
}

bool
fp_settings_error_format(struct fp_settings *settings, const char *value)
{
	settings->json_errors = strcmp(value, "json") == 0;
	return settings->json_errors || strcmp(value, "text") == 0;
}

bool
fp_settings_progress(struct fp_settings *settings, const char *value)
{
	static const char *const words[] = {
		[FP_PROGRESS_AUTO] = "auto",
		[FP_PROGRESS_ALWAYS] = "always",
		[FP_PROGRESS_NEVER] = "never",
	};
	int i = settings_find_word(words, FP_ARRAY_LEN(words), value);

	settings->progress = (enum fp_progress_when)i;
	return i >= 0;
}

/* "-" stands for a stream elsewhere, and neither is the place for it. */
bool
fp_settings_metrics(struct fp_settings *settings, const char *value)
{
	settings->metrics_path = value;
	return value[0] != '\0' && strcmp(value, "-") != 0;
}

bool
fp_settings_report_from(struct fp_settings *settings, const char *value)
{
	return value[0] != '\0' &&
	       fp_settings_add_text(&settings->report_from, value);
}

bool
fp_settings_report(struct fp_settings *settings, const char *value)
{
	settings->report_path = value;
	return value[0] != '\0' && strcmp(value, "-") != 0;
}

bool
fp_settings_stats(struct fp_settings *settings, const char *value)
{
	settings->stats_path = value;
	return value[0] != '\0' && strcmp(value, "-") != 0;
}

bool
fp_settings_etags(struct fp_settings *settings, const char *value)
{
	settings->etags_path = value;
	return value[0] != '\0' && strcmp(value, "-") != 0;
}

bool
fp_settings_trace(struct fp_settings *settings, const char *value)
{
	settings->trace_path = value;
	return value[0] != '\0' && strcmp(value, "-") != 0;
}
