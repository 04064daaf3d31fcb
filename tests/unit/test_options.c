/* SPDX-License-Identifier: MIT */
#include "optionstest.h"

#include "help.h"
#include "optiontable.h"

static void
forms(void)
{
	static const char *const same[] = {"-j16", "-j 16", "--jobs=16",
		"--jobs 16", "-kj16", "-k -j 16", "-j 1 -j 16", "--jobs=1 -j16",
		"http://h/{} -j 16", "-j 16 -- http://h/{}", "-j 16 --",
		"-aj16 http://h/{} -k"};

	for (size_t i = 0; i < FP_ARRAY_LEN(same); i++) {
		RIGHT(same[i]);
		CHECK(settings.pool.jobs == 16);
	}
	RIGHT("-kaq");
	CHECK(settings.pool.keep_order && settings.all && settings.quiet);
	RIGHT("");
	CHECK(!settings.pool.keep_order && !settings.all && !settings.quiet);
}

static void
values_that_look_like_options(void)
{
	RIGHT("-A -j");
	CHECK_TEXT(settings.pool.user_agent, "-j");
	RIGHT("-o --all --failed=-a");
	CHECK_TEXT(settings.output_path, "--all");
	CHECK_TEXT(settings.failed_path, "-a");
	WRONG("--failed=-", "--failed: '-' is not the name of a file");
	CHECK(!settings.all);
	RIGHT("-- -{}");
	CHECK_TEXT(settings.pool.url_template, "-{}");
	RIGHT("-i -");
	CHECK_TEXT(settings.input.path, "-");
	RIGHT("--user-agent=");
	CHECK_TEXT(settings.pool.user_agent, "");
}

/* Each by its names, and where it goes. */
static void
every_option(void)
{
	RIGHT("-i a");
	CHECK_TEXT(settings.input.path, "a");
	RIGHT("--input=a");
	CHECK_TEXT(settings.input.path, "a");
	RIGHT("-0");
	CHECK(settings.input.separator == '\0');
	RIGHT("--null");
	CHECK(settings.input.separator == '\0');
	RIGHT("-C ;");
	CHECK_TEXT(settings.colsep, ";");
	RIGHT("--colsep=\\t");
	CHECK_TEXT(settings.colsep, "\t");
	CHECK_TEXT(settings.input.allowed_controls, "\t");
	RIGHT("--id-range 3-7");
	CHECK(settings.has_id_range && settings.id_min == 3);
	RIGHT("--max-line=1K");
	CHECK(settings.input.max_line == 1024);
	RIGHT("--shard=2/8");
	CHECK(settings.input.shard.index == 2);
	CHECK(settings.input.shard.count == 8 && settings.pool.share == 8);
	RIGHT("-H A:b --header=C:d");
	CHECK(settings.pool.n_headers == 2);
	CHECK_TEXT(settings.pool.headers[0], "A:b");
	CHECK_TEXT(settings.pool.headers[1], "C:d");
	RIGHT("-X PUT");
	CHECK_TEXT(settings.pool.method, "PUT");
	RIGHT("-d a=1 --data=b");
	CHECK(settings.pool.data.len == 5 && !settings.pool.data_is_json);
	CHECK(memcmp(settings.pool.data.data, "a=1&b", 5) == 0);
	RIGHT("--json [1] --request=PATCH");
	CHECK(settings.pool.data.len == 3 && settings.pool.data_is_json);
	CHECK_TEXT(settings.pool.method, "PATCH");
	RIGHT("--data-line http://h/");
	CHECK(settings.pool.data_line && !settings.pool.data.data);
	RIGHT("-A me --user-agent=you");
	CHECK_TEXT(settings.pool.user_agent, "you");
	RIGHT("--max-redirs 0 --location-trusted --allow-downgrade");
	CHECK(settings.pool.max_redirs == 0);
	CHECK(settings.pool.location_trusted && settings.pool.allow_downgrade);
	RIGHT("--no-compressed --insecure --deny-private");
	CHECK(settings.pool.no_compressed && settings.pool.insecure);
	CHECK(settings.pool.deny_private && settings.pool.max_redirs == 10);
	RIGHT("--deny ::/0 --deny=10.0.0.0/8 --allow 10.0.0.1");
	CHECK(settings.pool.n_deny == 2 && settings.pool.n_allow == 1);
	CHECK_TEXT(settings.pool.deny[1], "10.0.0.0/8");
	CHECK_TEXT(settings.pool.allow[0], "10.0.0.1");
	RIGHT("--http1.1");
	CHECK_TEXT(settings.pool.http_version, "1.1");
	RIGHT("--http1.1 --http2");
	CHECK_TEXT(settings.pool.http_version, "2");
	RIGHT("-m 5");
	CHECK(settings.pool.max_time_ms == 5000);
	RIGHT("--max-time=500ms --connect-timeout=1.5s --stall-time 2m");
	CHECK(settings.pool.max_time_ms == 500);
	CHECK(settings.pool.connect_timeout_ms == 1500);
	CHECK(settings.pool.stall_time_ms == 120000);
	RIGHT("--max-body 5 --proto=https --ok-status 2xx,404");
	CHECK(settings.pool.max_body == 5);
	CHECK_TEXT(settings.pool.protocols, "https");
	CHECK_TEXT(settings.pool.ok_status, "2xx,404");
}

static void
every_other_option(void)
{
	RIGHT("--keep-order --window=9 --delay 1s-2s --grace 0");
	CHECK(settings.pool.keep_order && settings.pool.window == 9);
	CHECK(settings.pool.delay_max_ms == 2000 && settings.grace_ms == 0);
	RIGHT("-f merged");
	CHECK(settings.format.format == FP_FORMAT_MERGED);
	RIGHT("--format=record -B text");
	CHECK(settings.pool.body == FP_BODY_TEXT);
	RIGHT("--body=none --fields seq,body");
	CHECK(settings.pool.body == FP_BODY_NONE);
	RIGHT("-B string");
	CHECK(settings.pool.body == FP_BODY_AUTO);
	CHECK(settings.format.json_as_string);
	RIGHT("--body=json --omit a --omit=b --pick c --fields seq,body");
	CHECK(settings.pool.body == FP_BODY_JSON);
	CHECK(settings.pool.n_omit == 2 && settings.pool.n_pick == 1);
	CHECK_TEXT(settings.pool.omit[1], "b");
	CHECK_TEXT(settings.pool.pick[0], "c");
	CHECK(settings.format.n_fields == 2);
	RIGHT("--all -o x --failed y --error-format json --quiet");
	CHECK(settings.all && settings.json_errors && settings.quiet);
	CHECK_TEXT(settings.output_path, "x");
	CHECK_TEXT(settings.failed_path, "y");
}

static void
options_about_progress(void)
{
	RIGHT("");
	CHECK(settings.progress == FP_PROGRESS_AUTO && !settings.summary);
	CHECK(!settings.stats_path && !settings.trace_path);
	RIGHT("--progress=always --summary --stats s --trace=t");
	CHECK(settings.progress == FP_PROGRESS_ALWAYS && settings.summary);
	CHECK_TEXT(settings.stats_path, "s");
	CHECK_TEXT(settings.trace_path, "t");
	RIGHT("--progress always --progress never");
	CHECK(settings.progress == FP_PROGRESS_NEVER);
}

/* What is an option of libcurl goes there by its name. */
static void
options_of_libcurl(void)
{
	static const struct {
		const char *args, *pair;
	} all[] = {
		{"-e http://h/", "REFERER=http://h/"},
		{"--referer=x", "REFERER=x"},
		{"-u me:pw", "USERPWD=me:pw"},
		{"--user=me:pw", "USERPWD=me:pw"},
		{"--oauth2-bearer t", "XOAUTH2_BEARER=t"},
		{"-b a=1", "COOKIE=a=1"},
		{"--cookie=a=1", "COOKIE=a=1"},
		{"-x http://p:1", "PROXY=http://p:1"},
		{"--proxy=", "PROXY="},
		{"--noproxy *", "NOPROXY=*"},
		{"--cacert /dev/null", "CAINFO=/dev/null"},
		{"--capath /dev", "CAPATH=/dev"},
		{"-E /dev/null", "SSLCERT=/dev/null"},
		{"-E /dev/null:pw", "SSLCERT=/dev/null"},
		{"--cert=pkcs11\\:a", "SSLCERT=pkcs11:a"},
		{"--key /dev/null", "SSLKEY=/dev/null"},
		{"-4", "IPRESOLVE=1"},
		{"--ipv4", "IPRESOLVE=1"},
		{"-6", "IPRESOLVE=2"},
		{"--ipv6", "IPRESOLVE=2"},
		{"--resolve h:80:192.0.2.1", "RESOLVE=h:80:192.0.2.1"},
		{"--connect-to ::h:", "CONNECT_TO=::h:"},
		{"--interface lo", "INTERFACE=lo"},
		{"--unix-socket s", "UNIX_SOCKET_PATH=s"},
		{"--setopt TCP_NODELAY=0", "TCP_NODELAY=0"},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(all); i++) {
		RIGHT(all[i].args);
		MUST(settings.pool.n_curl_options > 0);
		CHECK_TEXT(settings.pool.curl_options[0], all[i].pair);
	}
}

#define NO_JOBS " is not a whole number from 1 to 20000, auto or auto:MAX"

static void
wrong_values(void)
{
	static const char time[] = "a time like 500ms, 10s, 1.5m or 2h, up "
				   "to 366d";
	char expected[200];

	WRONG("-j 0", "--jobs: '0'" NO_JOBS);
	WRONG("-jx", "--jobs: 'x'" NO_JOBS);
	WRONG("--jobs=", "--jobs: ''" NO_JOBS);
	WRONG("--progress=no", "--progress: 'no' is not auto, always or never");
	WRONG("--stats -", "--stats: '-' is not the name of a file");
	WRONG("--trace=", "--trace: '' is not the name of a file");
	WRONG("--input=", "--input: '' is not the name of a file");
	WRONG("--output=", "--output: '' is not the name of a file");
	WRONG("--failed=", "--failed: '' is not the name of a file");
	WRONG("--journal=", "--journal: '' is not the name of a file");
	WRONG("--rate-file=", "--rate-file: '' is not the name of a file");
	WRONG("--output-dir=", "--output-dir: '' is not the name of a folder");
	WRONG("--cacert=", "--cacert: '' is not the name of a file");
	WRONG("--capath=", "--capath: '' is not the name of a folder");
	WRONG("--key=", "--key: '' is not the name of a file");
	WRONG("--unix-socket=",
		"--unix-socket: '' is not the name of a socket");
	WRONG("--cert=", "--cert: '' is not the name of a file");
	WRONG("--netrc-file=", "--netrc-file: '' is not the name of a file");
	WRONG("--config=", "--config: '' is not the name of a file");
	WRONG("--setopt=",
		"--setopt: the value is not NAME=VALUE like TCP_NODELAY=0");
	WRONG("--setopt user:pw",
		"--setopt: the value is not NAME=VALUE like TCP_NODELAY=0");
	WRONG("--window 0",
		"--window: '0' is not a whole number from 1 to 10000000");
	WRONG("-C ", "--colsep: '' is not a separator like ',' or '\\t'");
	WRONG("--id-range 5",
		"--id-range: '5' is not two whole numbers like 1-100, the "
		"lower one first: did you mean '1-5'?");
	WRONG("--max-line 0",
		"--max-line: '0' is not a size like 64K, up to 1G");
	WRONG("-H x",
		"--header: the value is not a \"Name: value\" pair; @FILE reads "
		"headers from a file");
	WRONG("-A a\nb", "--user-agent: the value is not text on one line");
	WRONG("-X a:b",
		"--request: 'a:b' is not a method like PUT (CONNECT is not allowed)");
	CHECK(parse("-b x") == FP_GO_WRONG && status == FP_EXIT_USAGE);
	CHECK(strncmp(said, "--cookie: ", 10) == 0);
	CHECK(parse("--oauth2-bearer a\nb") == FP_GO_WRONG);
	CHECK(strncmp(said, "--oauth2-bearer: ", 17) == 0);
	WRONG("--max-redirs -1",
		"--max-redirs: '-1' is not a whole number from 0 to 1000");
	WRONG("--max-body x",
		"--max-body: 'x' is not a size like 64K, 16M or 1G");
	WRONG("--proto ftp", "--proto: 'ftp' is not a list of http and https");
	WRONG("--ok-status 2",
		"--ok-status: '2' is not a list like 2xx,304,400-404");
	WRONG("--delay 2s-1s",
		"--delay: '2s-1s' is not a time like 1s, or a range like "
		"1s-10s: did you mean '1s-2s'?");
	WRONG("-f x", "--format: 'x' is not record, body or merged");
	WRONG("-B x",
		"--body: 'x' is not auto, json, string, text, base64 or none");
	WRONG("--error-format x", "--error-format: 'x' is not text or json");
	static const char *const times[] = {
		"max-time", "connect-timeout", "stall-time", "grace"};
	for (size_t i = 0; i < FP_ARRAY_LEN(times); i++) {
		char args[60];
		snprintf(args, sizeof(args), "--%s soon", times[i]);
		snprintf(expected, sizeof(expected), "--%s: 'soon' is not %s",
			times[i], time);
		WRONG(args, expected);
	}

	/* The first is told, and nothing else is. */
	WRONG("-j 0 -f x", "--jobs: '0'" NO_JOBS);
	snprintf(expected, sizeof(expected), "-H @%s", scratch("missing"));
	CHECK(parse(expected) == FP_GO_WRONG && status == FP_EXIT_USAGE);
	CHECK(strncmp(said, "--header: cannot read ", 22) == 0);
	CHECK(strstr(said, ": No such file or directory") &&
		!strstr(said, "is not"));
}

static void
unknown_options(void)
{
	WRONG("-!", "unknown option '-!'");
	WRONG("-k!", "unknown option '-!'");
	WRONG("-%", "unknown option '-%'");
	WRONG("-?", "unknown option '-?'");
	WRONG("--nope", "unknown option '--nope'");
	WRONG("--nope=1", "unknown option '--nope'");
	WRONG("--jobsx 1", "unknown option '--jobsx': did you mean '--jobs'?");
	WRONG("-j 1 --nope -j 2", "unknown option '--nope'");
	WRONG("http://h/{} --nope", "unknown option '--nope'");
	WRONG("-W 5", "unknown option '-W': there is nothing like it here");
	WRONG("-{}", "unknown option '-{': put it into TEMPLATE, where {} is "
		     "the line; -I is curl's");
}

static void
missing_and_needless_values(void)
{
	WRONG("-j", "option '--jobs' needs a value (N|auto[:MAX])");
	WRONG("-kj", "option '--jobs' needs a value (N|auto[:MAX])");
	WRONG("--jobs", "option '--jobs' needs a value (N|auto[:MAX])");
	WRONG("--id-range", "option '--id-range' needs a value (MIN-MAX)");
	WRONG("http://h/{} -o", "option '--output' needs a value (FILE)");
	WRONG("--all=yes", "option '--all' takes no value");
	WRONG("--null=", "option '--null' takes no value");
}

static void
help_and_version(void)
{
	CHECK(parse("-h") == FP_GO_HELP);
	CHECK(parse("--help") == FP_GO_HELP);
	CHECK(parse("-V") == FP_GO_VERSION);
	CHECK(parse("--version") == FP_GO_VERSION);
	CHECK(parse("-k -h --nope") == FP_GO_HELP && said[0] == '\0');
	CHECK(parse("x y z -h") == FP_GO_HELP && said[0] == '\0');
	CHECK(parse("--nope -h") == FP_GO_WRONG);
	CHECK(parse("-j 0 -h") == FP_GO_WRONG);
	CHECK(parse("-hV") == FP_GO_HELP);
	CHECK(parse("-Vh") == FP_GO_VERSION);
}

/* ---- the help ---- */

/* What fp_help_write() writes to standard output. */
static char *
help(const char *topic)
{
	const char *path = put_file("help", "", 0);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	size_t len;

	fflush(stdout);
	MUST(fd >= 0 && saved >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
	fp_help_write(topic);
	fflush(stdout);
	MUST(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
	close(fd);
	return get_file(path, &len);
}

/* Whether there is help for this word, and nothing is wrong with it. */
static bool
has_help(const char *topic)
{
	said[0] = '\0';
	char *text = help(topic);
	bool has = text[0] != '\0';

	CHECK(has == (said[0] == '\0'));
	free(text);
	return has;
}

/* It names all options, fits a terminal, and names none that is not there. */
static void
the_help(void)
{
	static const char *const names[] = {"-i, --input FILE", "-0, --null",
		"--input-format FORMAT", "-C, --colsep STRING",
		"--default-scheme SCHEME", "--allow-empty", "--compressed",
		"-L, --location", "--id-range MIN-MAX", "--shard I/N",
		"--max-line SIZE", "-H, --header LINE", "-X, --request METHOD",
		"-I, --head", "--check", "-d, --data TEXT", "--data-raw TEXT",
		"--data-binary TEXT", "--json TEXT", "-T, --upload-file FILE",
		"--expand-upload-file TEXT", "-F, --form FIELD",
		"--form-string FIELD", "--expand-form FIELD",
		"--upload-root DIR", "--expand-header LINE",
		"--expand-data TEXT", "--expand-json TEXT",
		"--expand-user USER:PASS", "--data-line",
		"-A, --user-agent TEXT", "-e, --referer URL",
		"-u, --user USER:PASS", "--aws-sigv4 PROVIDER",
		"--oauth2-bearer TOKEN", "--token-command COMMAND",
		"--token-timeout TIME", "-n, --netrc", "--netrc-file FILE",
		"-b, --cookie DATA", "--no-compressed", "--max-redirs N",
		"--location-trusted", "--allow-downgrade",
		"-m, --max-time TIME", "--connect-timeout TIME",
		"--stall-time TIME", "--max-body SIZE", "--max-error-body SIZE",
		"--proto LIST", "--ok-status LIST", "--empty-ok",
		"--fail-if POINTER", "-x, --proxy URL", "--noproxy LIST",
		"--cacert FILE", "--capath DIR", "-E, --cert FILE",
		"--key FILE", "--insecure", "-4, --ipv4", "-6, --ipv6",
		"--resolve H:P:ADDR", "--connect-to H:P:H:P",
		"--interface NAME", "--unix-socket PATH", "--fresh-connect",
		"--http1.1", "--http2", "--http3", "--http3-only",
		"--deny-private", "--deny CIDR", "--allow CIDR",
		"--setopt NAME=VALUE", "-j, --jobs N|auto[:MAX]",
		"-k, --keep-order", "--window N", "--delay MIN[-MAX]",
		"--max-errors N|N%", "--deadline TIME", "--grace TIME",
		"-r, --rate N/PERIOD", "--host-rate N/PERIOD", "--pace",
		"--rate-file FILE", "--share N", "--host-jobs N", "--retry N",
		"--retry-on LIST", "--retry-delay TIME",
		"--retry-max-delay TIME", "--retry-max-time TIME",
		"--retry-after-max TIME", "--idempotent", "--respect-ratelimit",
		"--busy WHO", "--learn-rate WHEN", "--strict-framing",
		"--next PAGE", "--until-empty POINTER", "--max-pages N",
		"--each POINTER", "--allow-unclean-close", "--max-memory SIZE",
		"--seed N", "-f, --format FORMAT", "-B, --body MODE",
		"--json-safe", "--omit NAME", "--pick NAME", "--fields LIST",
		"-a, --all", "-o, --output FILE", "-D, --output-dir DIR",
		"--output-name TEMPLATE", "--create-dirs", "-O, --remote-name",
		"-J, --remote-header-name", "--overwrite", "--etags FILE",
		"--changed-only", "--failed FILE", "--unknown FILE",
		"--failed-unknown", "--error-format FORMAT", "-q, --quiet",
		"--journal FILE", "--resume", "--retry-failed", "--sync",
		"--progress WHEN", "--summary", "--stats FILE", "--report FILE",
		"--report-from FILE", "--metrics FILE", "--trace FILE",
		"-K, --config FILE", "--dry-run", "-h, --help",
		"-V, --version"};
	char *text = help("all"), *rest = text, *line;
	size_t n_options = 0;

	for (size_t i = 0; i < FP_ARRAY_LEN(names); i++)
		CHECK(strstr(text, names[i]));
	while ((line = strsep(&rest, "\n"))) {
		CHECK(strlen(line) <= 80);
		char *name = strstr(line, " --");
		if (strncmp(line, "  ", 2) == 0 && name && name < line + 8) {
			char args[60];
			n_options++;
			snprintf(args, sizeof(args), "%.*s=%%",
				(int)strcspn(name + 1, " "), name + 1);
			parse(args);
			CHECK(!strstr(said, "unknown option"));
		}
	}
	CHECK(n_options == FP_ARRAY_LEN(names));
	free(text);
}

/* What stands there alone is short, and the same as among all. */
static void
the_short_help(void)
{
	char *all = help("all"), *text = help(NULL), *rest = text, *line;
	size_t n_lines = 0, n_options = 0;

	CHECK(strstr(text, "\n  -j, --jobs N|auto[:MAX]") &&
		!strstr(text, "--setopt"));
	while ((line = strsep(&rest, "\n"))) {
		n_lines++;
		if (strncmp(line, "  -", 3) == 0 ||
			strncmp(line, "      --", 8) == 0) {
			n_options++;
			CHECK(strstr(all, line));
		}
	}
	CHECK(n_lines <= 72 && n_options >= 30);
	free(all);
	free(text);
}

/* All groups together are all options. */
static void
the_help_of_a_group(void)
{
	static const char *const outside[] = {"pool", "OUTPUT"};
	char *all = help("all");
	size_t n = 0;

	for (size_t i = 0; i < fp_optiontable_n_rows; i++) {
		const char *group = fp_optiontable_rows[i].group;
		if (!group)
			continue;
		CHECK(has_help(group));
		char *text = help(group);
		CHECK(strncmp(text, group, strlen(group)) == 0);
		CHECK(strstr(all, text));
		n += strlen(text);
		free(text);
	}
	CHECK(n > 3000 && n < strlen(all));
	for (size_t i = 0; i < FP_ARRAY_LEN(outside); i++)
		CHECK(has_help(outside[i]));
	CHECK(!has_help("nope") && !has_help(""));
	CHECK(has_help("all"));
	free(all);
}

/* A word of an option's name, or its beginning, finds all that have it. */
static void
the_help_of_a_word(void)
{
	char *text = help("rate");

	CHECK(has_help("rate") && !has_help("ate"));
	CHECK(strstr(text, " --rate N") && strstr(text, " --host-rate N"));
	CHECK(strstr(text, " --rate-file F"));
	CHECK(strstr(text, " --respect-ratelimit "));
	CHECK(!strstr(text, " --retry ") && !strstr(text, " --jobs "));
	free(text);
	text = help("s3");
	CHECK(strstr(text, " --aws-sigv4 PROVIDER") && strlen(text) < 100);
	free(text);
}

/* An option as it is given, a name that others have, and what only the manual
 * has. */
static void
the_help_of_what_is_no_word(void)
{
	static const char *const all[][2] = {{"-k", "-k, --keep-order "},
		{"--keep-order", "-k, --keep-order "}, {"-E", " --cert FILE"},
		{"concurrency", "-j, --jobs N|auto[:MAX] "},
		{"--concurrency", "-j, --jobs N|auto[:MAX] "},
		{"limit-rate", "There is no option --limit-rate: --rate "},
		{"--limit-rate", "There is no option --limit-rate: --rate "},
		{"-Z", "There is no option -Z: this is the default;"},
		{"graphql", "--fail-if POINTER"}, {"sqlite", "See RECIPES in "},
		{"SQLite", "See RECIPES in "}, {"csv", "See CSV in "},
		{"304", "--etags FILE"}};
	static const char *const none[] = {
		"", "-", "--", "-%", "--nope", "--keep", "nope", "zebra"};

	for (size_t i = 0; i < FP_ARRAY_LEN(all); i++) {
		char *text = help(all[i][0]);
		CHECK(strstr(text, all[i][1]) && strlen(text) < 300);
		free(text);
	}
	for (size_t i = 0; i < FP_ARRAY_LEN(none); i++)
		CHECK(!has_help(none[i]));
}

/* Its words for completions are the groups. */
static void
topics_are_words(void)
{
	const struct fp_option_words *words =
		fp_optiontable_find("help")->words;
	size_t n = 0, n_groups = 0;

	for (; words->words[n]; n++)
		CHECK(has_help(words->words[n]));
	for (size_t i = 0; i < fp_optiontable_n_rows; i++)
		n_groups += fp_optiontable_rows[i].group != NULL;
	CHECK(n == n_groups + 1);
}

int
main(void)
{
	begin_options_test();
	run("options about progress", options_about_progress);
	run("an option's value may be written in many ways", forms);
	run("values that look like options", values_that_look_like_options);
	run("every option", every_option);
	run("every other option", every_other_option);
	run("options that are libcurl's", options_of_libcurl);
	run("wrong values", wrong_values);
	run("unknown options", unknown_options);
	run("values that are missing or not wanted",
		missing_and_needless_values);
	run("help and version", help_and_version);
	run("the help tells of every option", the_help);
	run("the short help", the_short_help);
	run("the help of a group", the_help_of_a_group);
	run("the help of a word", the_help_of_a_word);
	run("the help of what is no word", the_help_of_what_is_no_word);
	run("topics of the help are its groups", topics_are_words);
	return end_options_test();
}
