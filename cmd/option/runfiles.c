/* SPDX-License-Identifier: MIT */
/*
 * Two files are one if device and inode say so; if neither is there yet, if
 * they would be made under one name in one folder. Links are followed, also
 * those that lead to nothing yet. Folders are compared by device and inode as
 * well: one that is mounted at a second place has two real paths.
 *
 * What is written may not be read, nor written to by another: but standard
 * output and standard error may be one, as the shell has opened them as one,
 * and what is no regular file loses nothing by several writers. Reading twice
 * does no harm either, but from what is gone once it was read: a pipe, a
 * terminal, and standard input whatever it is.
 */
#include "base.h"

#include "runfiles.h"

#include "msg.h"
#include "optiontable.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40

struct run_file {
	const char
		*option; /* NULL: a standard descriptor, which no one names */
	const char *what; /* it is, in a message */
	char *path; /* as it was named */
	char *real; /* where it is, or will be made; NULL: not known */
	bool has_folder; /* of real */
	struct stat folder;
	bool is_read, is_written;
	bool is_stdin; /* the descriptor itself is read */
	bool is_stdout, is_stderr; /* as the shell has opened them */
	bool is_there;
	struct stat st;
};

struct run_files {
	struct run_file *all;
	size_t n;
};

/* ---- names ---- */

/* The folder that a path is in; "" at its end is none. Owned by the caller. */
static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static const char *
last_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static char *
join(const char *folder, const char *name)
{
	char *path = NULL;

	return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

/* The name itself, in its folder as that really is called. */
static char *
runfiles_place_of(const char *path)
{
	char *folder = folder_of(path);
	char *real = folder ? realpath(folder, NULL) : NULL;
	char *place = real ? join(real, last_of(path)) : NULL;

	free(folder);
	free(real);
	return place;
}

/* Where a file is, or where it would be made. NULL: that cannot be known. */
static char *
real_path(const char *path)
{
	char target[PATH_MAX];
	char *at = strdup(path);

	for (int i = 0; at && i < LINKS_MAX; i++) {
		char *real = realpath(at, NULL);
		ssize_t len = real ? -1 : readlink(at, target, PATH_MAX - 1);
		if (len < 0) {
			real = real ? real : runfiles_place_of(at);
			free(at);
			return real;
		}
		target[len] = '\0';
		char *folder = folder_of(at);
		char *next = target[0] == '/' ? strdup(target)
			     : folder	      ? join(folder, target)
					      : NULL;
		free(folder);
		free(at);
		at = next;
	}
	free(at);
	return NULL;
}

static bool
stat_folder(const char *path, struct stat *st)
{
	char *folder = folder_of(path);
	bool ok = folder && stat(folder, st) == 0;

	free(folder);
	return ok;
}

static bool
is_one_inode(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* ---- the list ---- */

static void
destroy(struct run_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		free(files->all[i].path);
		free(files->all[i].real);
	}
	free(files->all);
}

/* NULL: no memory. */
static struct run_file *
runfiles_add(struct run_files *files, const char *option, const char *what,
	const char *path)
{
	struct run_file *all =
		realloc(files->all, (files->n + 1) * sizeof(*all));

	if (!all)
		return NULL;
	files->all = all;
	struct run_file *file = &all[files->n];
	*file = (struct run_file){
		.option = option, .what = what, .path = strdup(path)};
	if (!file->path)
		return NULL;
	files->n++;
	return file;
}

static bool
add_named(struct run_files *files, const char *option, const char *what,
	const char *path, bool is_written)
{
	struct run_file *file = runfiles_add(files, option, what, path);

	if (!file)
		return false;
	file->is_read = !is_written;
	file->is_written = is_written;
	file->real = real_path(path);
	file->has_folder = file->real && stat_folder(file->real, &file->folder);
	file->is_there = stat(path, &file->st) == 0;
	return true;
}

/* One that we have open already; /proc knows where it is. */
static struct run_file *
add_open(struct run_files *files, const char *option, const char *path,
	const char *what, int fd)
{
	char link[40], target[PATH_MAX];
	struct run_file *file = runfiles_add(files, option, what, path);

	if (!file)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, target, sizeof(target) - 1);
	if (len > 0 && target[0] == '/') {
		target[len] = '\0';
		file->real = strdup(target);
	}
	file->is_there = fstat(fd, &file->st) == 0;
	return file;
}

static bool
add_stdin(struct run_files *files, const char *option, const char *what)
{
	struct run_file *file =
		add_open(files, option, "standard input", what, STDIN_FILENO);

	if (file)
		file->is_read = file->is_stdin = true;
	return file != NULL;
}

/* A file that is read, by a name for which "-" may be standard input. */
static bool
add_read(struct run_files *files, const char *option, const char *what,
	const char *path, bool has_dash)
{
	if (has_dash && strcmp(path, "-") == 0)
		return add_stdin(files, option, what);
	return add_named(files, option, what, path, false);
}

/* "FILE:PASSWORD", where "\:" is a colon of the name. */
static bool
add_certificate(struct run_files *files, const struct fp_option_row *row,
	const char *at)
{
	char path[PATH_MAX];
	size_t len = 0;

	for (; *at && *at != ':' && len + 1 < sizeof(path); at++) {
		if (*at == '\\' && (at[1] == ':' || at[1] == '\\'))
			at++;
		path[len++] = *at;
	}
	path[len] = '\0';
	return add_named(files, row->name, NULL, path, false);
}

static const struct fp_option_row *
runfiles_find_row(const char *name)
{
	for (size_t i = 0; i < fp_optiontable_n_rows; i++) {
		if (strcmp(fp_optiontable_rows[i].name, name) == 0)
			return &fp_optiontable_rows[i];
	}
	return NULL;
}

static bool
runfiles_is_in(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* A text without an expression names one file, which all items send. */
static bool
add_sent_file(struct run_files *files, const char *root, const char *text)
{
	const char *option = "expand-upload-file";

	if (text[0] == '@' || strstr(text, "{{"))
		return true;
	if (!root || text[0] == '/')
		return add_named(files, option, NULL, text, false);
	char *path = join(root, text);
	bool ok = path && add_named(files, option, NULL, path, false);
	free(path);
	return ok;
}

/* What options read: a FILE that is not one of those that are written, or the
 * text of an @FILE. */
static bool
add_option(struct run_files *files, const char *name, const char *value,
	const char *root)
{
	static const char *const others[] = {"input", "output", "failed",
		"unknown", "journal", "rate-file", "stats", "report", "metrics",
		"trace", "etags"};
	static const char *const dashed[] = {"config", "netrc-file"};
	const struct fp_option_row *row = runfiles_find_row(name);

	if (strcmp(name, "expand-upload-file") == 0)
		return add_sent_file(files, root, value);
	if (!row || !row->arg ||
		runfiles_is_in(others, FP_ARRAY_LEN(others), name))
		return true;
	if (strcmp(name, "cert") == 0)
		return add_certificate(files, row, value);
	if (strcmp(row->arg, "FILE") == 0)
		return add_read(files, name, NULL, value,
			runfiles_is_in(dashed, FP_ARRAY_LEN(dashed), name));
	if (value[0] == '@' && row->right && strstr(row->right, "@FILE"))
		return add_read(files, name, NULL, value + 1, true);
	return true;
}

/* The value of "NAME=VALUE", or NULL. */
static const char *
value_of(const char *pair, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(pair, name, len) == 0 && pair[len] == '='
		       ? pair + len + 1
		       : NULL;
}

/* Of what libcurl reads, the authorities alone are read once. */
static bool
is_curl_file(const char *name, const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 &&
	       (S_ISREG(st.st_mode) ||
		       (S_ISFIFO(st.st_mode) && strcmp(name, "CAINFO") != 0));
}

/* What libcurl reads itself, as --setopt or the environment says. A pipe of
 * authorities may be one that an option has named already. */
static bool
add_curl(struct run_files *files, const struct fp_settings *settings)
{
	static const char *const names[][2] = {
		{"CAINFO", "the file of CAINFO"},
		{"CRLFILE", "the file of CRLFILE"},
		{"ISSUERCERT", "the file of ISSUERCERT"},
		{"PINNEDPUBLICKEY", "the file of PINNEDPUBLICKEY"},
		{"PROXY_CAINFO", "the file of PROXY_CAINFO"},
		{"PROXY_CRLFILE", "the file of PROXY_CRLFILE"},
		{"PROXY_ISSUERCERT", "the file of PROXY_ISSUERCERT"},
		{"PROXY_PINNEDPUBLICKEY", "the file of PROXY_PINNEDPUBLICKEY"},
		{"PROXY_SSLCERT", "the file of PROXY_SSLCERT"},
		{"PROXY_SSLKEY", "the file of PROXY_SSLKEY"},
		{"SSLCERT", "the file of SSLCERT"},
		{"SSLKEY", "the file of SSLKEY"},
	};

	for (size_t i = 0; i < settings->curl.n; i++) {
		const char *pair = settings->curl.texts[i], *path;
		if (strncasecmp(pair, "CURLOPT_", 8) == 0)
			pair += 8;
		for (size_t k = 0; k < FP_ARRAY_LEN(names); k++) {
			path = value_of(pair, names[k][0]);
			if (path && is_curl_file(names[k][0], path) &&
				!add_named(files, "setopt", names[k][1], path,
					false))
				return false;
		}
	}
	return true;
}

/* What no option names. The TLS library's secrets are appended to a file. */
static bool
add_unnamed(struct run_files *files, const struct fp_settings *settings)
{
	const char *keys = settings->key_log_path;

	if (settings->home_netrc.len > 0 &&
		!add_named(
			files, "netrc", NULL, settings->home_netrc.data, false))
		return false;
	if (!add_curl(files, settings))
		return false;
	return !keys || !keys[0] ||
	       add_named(files, NULL, "the file of SSLKEYLOGFILE", keys, true);
}

/* What the option was given last; NULL: nothing. A dry run opens no outputs,
 * but is judged like a run. */
static const char *
given_path(const struct fp_settings *settings, const char *option)
{
	for (size_t i = settings->given.n; i > 0; i -= 2) {
		if (strcmp(settings->given.texts[i - 2], option) == 0)
			return settings->given.texts[i - 1];
	}
	return NULL;
}

/* A rate may be counted there instead of in a file. */
static bool
is_server(const char *text)
{
	return text && fp_is_rate_server(text);
}

static bool
add_written(struct run_files *files, const struct fp_settings *settings,
	const char *option, const char *what)
{
	const char *path = given_path(settings, option);

	return !path || add_named(files, option, what, path, true);
}

/* The journal comes into being beside itself, where it really is. */
static bool
add_derived(struct run_files *files, const char *option, const char *what,
	const char *path)
{
	char *real = path ? realpath(path, NULL) : NULL;
	char *derived = NULL;

	if (!path)
		return true;
	bool ok = asprintf(&derived, "%s.tmp", real ? real : path) >= 0 &&
		  add_named(files, option, what, derived, true);
	free(derived);
	free(real);
	return ok;
}

static bool
is_dash(const char *path)
{
	return !path || strcmp(path, "-") == 0;
}

/* A pipe does not end as long as we have it open for writing, whether we write
 * or not. */
static bool
is_piped(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

static bool
add_standard(struct run_files *files, const struct fp_settings *settings)
{
	struct run_file *file;

	if (is_dash(settings->output_path) || /* also in a dry run */
		is_piped(STDOUT_FILENO)) {
		file = add_open(files, NULL, "standard output",
			"standard output", STDOUT_FILENO);
		if (!file)
			return false;
		file->is_written = file->is_stdout = true;
	}
	file = add_open(
		files, NULL, "standard error", "standard error", fp_msg_fd());
	if (!file)
		return false;
	file->is_written = file->is_stderr = true;
	return true;
}

/* The files of a form's fields that are the same for all items. */
static bool
add_form_files(struct run_files *files, const struct fp_settings *settings)
{
	bool ok = true;

	for (size_t i = 0; ok && i < settings->form.n; i++) {
		const struct fp_formfield *field = &settings->form.all[i];
		if (field->has_file && field->is_trusted)
			ok = add_named(files, "form", NULL,
				fp_expand_constant(field->value).data, false);
	}
	return ok;
}

/* Those that are named first are what a message calls the others. */
static bool
collect(struct run_files *files, const struct fp_settings *settings)
{
	const struct fp_list *given = &settings->given;
	const char *input = settings->input.path;

	if (!add_read(files, input ? "input" : NULL, "the input",
		    input ? input : "-", true))
		return false;
	for (size_t i = 0; i < given->n; i += 2) {
		if (!add_option(files, given->texts[i], given->texts[i + 1],
			    settings->pool.upload_root))
			return false;
	}
	return add_unnamed(files, settings) &&
	       add_form_files(files, settings) &&
	       (is_dash(given_path(settings, "output")) ||
		       add_written(files, settings, "output", "the output")) &&
	       add_standard(files, settings) &&
	       add_written(files, settings, "failed", NULL) &&
	       add_written(files, settings, "unknown", NULL) &&
	       (is_server(given_path(settings, "rate-file")) ||
		       add_written(files, settings, "rate-file", NULL)) &&
	       add_written(files, settings, "journal", NULL) &&
	       add_derived(files, "journal", "the temporary file of --journal",
		       settings->journal_path) &&
	       add_written(files, settings, "etags", NULL) &&
	       add_derived(files, "etags", "the temporary file of --etags",
		       settings->etags_path) &&
	       add_written(files, settings, "stats", NULL) &&
	       add_written(files, settings, "report", NULL) &&
	       add_written(files, settings, "metrics", NULL) &&
	       add_written(files, settings, "trace", NULL);
}

/* ---- the judgement ---- */

static bool
runfiles_are_same(const struct run_file *a, const struct run_file *b)
{
	if (a->is_there != b->is_there)
		return false;
	if (a->is_there)
		return is_one_inode(&a->st, &b->st);
	return a->has_folder && b->has_folder &&
	       is_one_inode(&a->folder, &b->folder) &&
	       strcmp(last_of(a->real), last_of(b->real)) == 0;
}

static bool
is_regular(const struct run_file *file)
{
	return !file->is_there || S_ISREG(file->st.st_mode);
}

/* Whether what was read from it is gone. */
static bool
is_stream(const struct run_file *file)
{
	mode_t mode = file->is_there ? file->st.st_mode : 0;

	return S_ISFIFO(mode) || S_ISSOCK(mode) ||
	       (S_ISCHR(mode) && file->is_stdin && isatty(STDIN_FILENO));
}

/* Whether these two destroy or feed one another. */
static bool
do_clash(const struct run_file *a, const struct run_file *b)
{
	if (a->is_stdin && b->is_stdin)
		return true;
	if (!runfiles_are_same(a, b))
		return false;
	if (!a->is_written && !b->is_written)
		return is_stream(a);
	if (a->is_written && b->is_written)
		return is_regular(a) && !(a->is_stdout && b->is_stderr);
	return is_regular(a) || S_ISFIFO(a->st.st_mode);
}

static void
name(const struct run_file *file, char *text, size_t size)
{
	if (file->what)
		snprintf(text, size, "%s", file->what);
	else
		snprintf(text, size, "the file of --%s", file->option);
}

static bool
runfiles_refuse(const struct run_file *first, const struct run_file *file)
{
	char what[80];

	name(first, what, sizeof(what));
	if (first->is_stdin && file->is_stdin)
		fp_msg_usage("--%s: standard input is already read by %s%s",
			file->option, first->what ? "" : "--",
			first->what ? "the items" : first->option);
	else if (file->option)
		fp_msg_usage(
			"--%s: '%s' is %s", file->option, file->path, what);
	else if (first->option)
		fp_msg_usage("%s is %s: '%s'", file->what, what, first->path);
	else
		fp_msg_usage("%s is %s", file->what, what);
	return false;
}

/* Whether each connection reads it, and the first would take all of it. */
static bool
is_used_up(const struct run_file *file)
{
	static const char *const names[] = {"cert", "key", "setopt"};

	return file->is_there && S_ISFIFO(file->st.st_mode) && file->option &&
	       runfiles_is_in(names, FP_ARRAY_LEN(names), file->option);
}

static bool
runfiles_judge(
	const struct run_files *files, const struct fp_settings *settings)
{
	const struct run_file *output = NULL;

	for (size_t i = 0; i < files->n; i++) {
		const struct run_file *file = &files->all[i];
		if (file->is_stdout)
			output = file;
		if (is_used_up(file)) {
			fp_msg_usage("--%s: '%s' is a pipe, and each "
				     "connection reads it: give a file",
				file->option, file->path);
			return false;
		}
		for (size_t k = 0; k < i; k++) {
			if (do_clash(&files->all[k], file))
				return runfiles_refuse(&files->all[k], file);
		}
		if (file->is_stderr && output && settings->journal_path &&
			!settings->pool.dry_run && is_regular(file) &&
			runfiles_are_same(output, file)) {
			fp_msg_usage("--journal: standard error goes to the "
				     "same file as the output");
			return false;
		}
	}
	return true;
}

/* ---- names that bodies may not have ---- */

/* Its own name, and that of what this leads to if it is a link. What is open
 * has no name that was given. */
static bool
runfiles_reserve(struct fp_settings *settings, const struct run_file *file)
{
	struct fp_list *reserved = &settings->reserved;
	bool is_named = file->option && !file->is_stdin;

	return (!file->real ||
		       fp_settings_add_copy(settings, reserved, file->real)) &&
	       (!is_named ||
		       fp_settings_add_copy(settings, reserved, file->path));
}

static bool
reserve_all(struct fp_settings *settings, const struct run_files *files)
{
	bool ok = true;

	if (!settings->pool.output_dir)
		return true;
	for (size_t i = 0; ok && i < files->n; i++)
		ok = runfiles_reserve(settings, &files->all[i]);
	settings->pool.reserved = settings->reserved.texts;
	settings->pool.n_reserved = settings->reserved.n;
	return ok;
}

/* ---- files that items may not send ---- */

/* What is written would be sent while it grows; the others hold secrets. */
static bool
is_for_the_run_alone(const struct run_file *file)
{
	static const char *const secrets[] = {"config", "header", "netrc",
		"netrc-file", "key", "cert", "expand-user"};

	return file->is_written ||
	       (file->option && runfiles_is_in(secrets, FP_ARRAY_LEN(secrets),
					file->option));
}

static bool
withhold_all(struct fp_settings *settings, const struct run_files *files)
{
	bool ok = true;

	for (size_t i = 0; ok && i < files->n; i++) {
		const struct run_file *file = &files->all[i];
		if (is_for_the_run_alone(file) && file->real)
			ok = fp_settings_add_copy(
				settings, &settings->withheld, file->real);
	}
	settings->pool.withheld = settings->withheld.texts;
	settings->pool.n_withheld = settings->withheld.n;
	return ok;
}

bool
fp_runfiles_check(struct fp_settings *settings)
{
	struct run_files files = {NULL, 0};
	bool ok;

	if (collect(&files, settings))
		ok = runfiles_judge(&files, settings) &&
		     reserve_all(settings, &files) &&
		     withhold_all(settings, &files);
	else
		ok = fp_settings_no_memory();
	destroy(&files);
	return ok;
}

/* ---- once some are open ---- */

/* Whether the other one, open or under its name, is this one. */
static bool
is_this(const struct stat *this, int fd, const char *name)
{
	struct stat st;

	if (fd >= 0 ? fstat(fd, &st) : !name || stat(name, &st))
		return false;
	return is_one_inode(&st, this);
}

static bool
refuse_one(const char *a, const char *b)
{
	fp_msg_local("%s and %s are one file now", a, b);
	return false;
}

bool
fp_runfiles_look_again(const struct fp_settings *settings,
	const struct fp_runfile *opened, size_t n_opened)
{
	const char *const later[] = {settings->stats_path,
		settings->report_path, settings->metrics_path,
		settings->journal_path, settings->etags_path};

	for (const struct fp_runfile *a = opened; a < opened + n_opened; a++) {
		struct stat st;
		if (a->fd < 0 || fstat(a->fd, &st) || !S_ISREG(st.st_mode))
			continue;
		for (const struct fp_runfile *b = a + 1; b < opened + n_opened;
			b++) {
			if (is_this(&st, b->fd, b->name))
				return refuse_one(a->name, b->name);
		}
		for (size_t i = 0; i < FP_ARRAY_LEN(later); i++) {
			if (is_this(&st, -1, later[i]))
				return refuse_one(a->name, later[i]);
		}
	}
	return true;
}
