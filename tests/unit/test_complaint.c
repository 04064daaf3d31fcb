/* SPDX-License-Identifier: MIT */
#include "optionstest.h"

#include "complaint.h"

#include <string.h>

/* Arguments, and the end of what is said about them. */
struct slip {
	const char *args, *end;
};

static void
check_all(const struct slip *slips, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *end = slips[i].end;
		CHECK(parse(slips[i].args) == FP_GO_WRONG);
		CHECK(status == FP_EXIT_USAGE);
		size_t len = strlen(said), end_len = strlen(end);
		CHECK_TEXT(len < end_len ? said : said + len - end_len, end);
	}
}

static void
values_that_were_meant(void)
{
	static const struct slip slips[] = {
		{"-f recrod", ": did you mean 'record'?"},
		{"-f Body", ": did you mean 'body'?"},
		{"-B jsn", ": did you mean 'json'?"},
		{"--input-format line", ": did you mean 'lines'?"},
		{"--proto HTTPS", ": did you mean 'https'?"},
		{"-m 5sec", ": did you mean '5s'?"},
		{"-m 5minutes", ": did you mean '5m'?"},
		{"-m 1,5s", ": did you mean '1.5s'?"},
		{"-m 10S", ": did you mean '10s'?"},
		{"--delay 2s-1s", ": did you mean '1s-2s'?"},
		{"--delay 1s..2s", ": did you mean '1s-2s'?"},
		{"--id-range 9-1", ": did you mean '1-9'?"},
		{"--id-range 1..9", ": did you mean '1-9'?"},
		{"--id-range 9", ": did you mean '1-9'?"},
		{"-j 1,000", ": did you mean '1000'?"},
		{"-j auto:", ": did you mean 'auto'?"},
		{"--window 10_000", ": did you mean '10000'?"},
		{"--ok-status 404-400", ": did you mean '400-404'?"},
		{"--ok-status 2XX", ": did you mean '2xx'?"},
		{"-r 5", "'5': 5 has no period: did you mean 5/s?"},
		{"-r 5/10", "of 5/10 has no unit: did you mean 5/10s?"},
		{"--rate 5/s,6", "6 has no period: did you mean 6/s?"},
	};

	check_all(slips, FP_ARRAY_LEN(slips));
}

/* Of a list, the member that is wrong. */
static void
members_of_lists(void)
{
	static const struct slip slips[] = {
		{"--retry-on 404,tiemout",
			": 'tiemout' is wrong; did you mean 'timeout'?"},
		{"--retry-on !500,conect,reset",
			": 'conect' is wrong; did you mean 'connect'?"},
		{"--fields seq,stauts",
			": 'stauts' is wrong; did you mean 'status'?"},
		{"--fields +headrs", ": did you mean 'headers'?"},
		{"--fields +ip,+headrs",
			": 'headrs' is wrong; did you mean 'headers'?"},
		{"--fields seq,+ip", " all with + or none"},
		{"--fields seq,,url", ": '' is wrong"},
		{"--ok-status 2xx,20", ": '20' is wrong"},
		{"--ok-status 200,404-400",
			": '404-400' is wrong; did you mean '400-404'?"},
	};

	check_all(slips, FP_ARRAY_LEN(slips));
}

static void
values_that_nobody_can_guess(void)
{
	static const struct slip slips[] = {
		{"-f x", "'x' is not record, body or merged"},
		{"-j x", "'x' is not a whole number from 1 to 20000, auto or "
			 "auto:MAX"},
		{"-j 0", "'0' is not a whole number from 1 to 20000, auto or "
			 "auto:MAX"},
		{"-m 5x", " up to 366d"},
		{"-m 400d", " up to 366d"},
		{"--max-body 5X", "'5X' is not a size like 64K, 16M or 1G"},
		{"--max-errors 101%", "is not a whole number, or 0% to 100%"},
		{"--shard 5/4", "'5/4' is not I/N with I from 1 to N, like "
				"2/8"},
		{"--resolve h", "is not HOST:PORT:ADDRESS like "
				"h.example:443:192.0.2.1"},
		{"--connect-to h", "is not HOST:PORT:HOST:PORT like "
				   "h.example:443:new.example:443"},
		{"--deny 10.0.0.0/33",
			"--deny: '10.0.0.0/33': the prefix length must be 0 "
			"to 32"},
		{"--deny 10.0.0.1/8", "--deny: '10.0.0.1/8' has host bits set: "
				      "the block is 10.0.0.0/8, the address "
				      "10.0.0.1"},
		{"--allow fe80::1/10", "--allow: 'fe80::1/10' has host bits "
				       "set: the block is fe80::/10, the "
				       "address fe80::1"},
		{"--deny 10/8", "--deny: '10/8' is not an IP address or a "
				"block like 10.0.0.0/8"},
		{"--deny u:s3cret@h", "--deny: the value is not an IP address "
				      "or a block like 10.0.0.0/8"},
		{"--deny 10.0.0.0/u:s3cret@h",
			"--deny: '10.0.0.0': the prefix length must be 0 to "
			"32"},
		{"-r u:s3cret@h", "--rate: 'u:***@h': this is not like 20/s or "
				  "5/15s: a whole number, / and a period"},
		{"--resolve u:s3cret@h:80:192.0.2.1",
			"--resolve: 'u:***@h:80:192.0.2.1' is not "
			"HOST:PORT:ADDRESS like h.example:443:192.0.2.1"},
		{"--connect-to h:80:u:s3cret@h:80",
			"--connect-to: 'h:***@h:80' is not HOST:PORT:HOST:PORT "
			"like h.example:443:new.example:443"},
		{"--oauth2-bearer @f",
			"--oauth2-bearer: the value is not a token "
			"(--token-command 'cat FILE' takes one from a file)"},
		{"-j u:s3cret@h", "--jobs: 'u:***@h' is not a whole number "
				  "from 1 to 20000, auto or auto:MAX"},
		{"--proto u:s3cret@h,ftp", "--proto: 'u:***@h,ftp' is not a "
					   "list of http and https"},
		{"--u:s3cret@h", "unknown option"},
		{"-X CONNECT", "'CONNECT' is not a method like PUT (CONNECT is "
			       "not allowed)"},
	};

	check_all(slips, FP_ARRAY_LEN(slips));
}

/* Nothing of a secret's value is shown. */
static void
values_that_are_secret(void)
{
	static const char *const args[] = {"-H hunter2", "-b hunter2",
		"--oauth2-bearer hun\nter2", "-E /hunter1:hunter2",
		"--oauth2-baerer=hunter2", "--usr=me:hunter2"};

	for (size_t i = 0; i < FP_ARRAY_LEN(args); i++) {
		CHECK(parse(args[i]) == FP_GO_WRONG && said[0]);
		CHECK(!strstr(said, "hunter2") && !strstr(said, "ter2"));
	}
}

static void
names(void)
{
	static const struct slip slips[] = {
		{"--jbos 5", "option '--jbos': did you mean '--jobs'?"},
		{"--jbos=5", "option '--jbos': did you mean '--jobs'?"},
		{"--keeporder", "did you mean '--keep-order'?"},
		{"--concurrency 5", "did you mean '--jobs'?"},
		{"--timeout=5", "did you mean '--max-time'?"},
		{"--retries 5", "did you mean '--retry'?"},
		{"--rate-limit 5/s", "did you mean '--rate'?"},
		{"--output-file x", "did you mean '--output'?"},
		{"--order", "did you mean '--keep-order'?"},
		{"--token=x", "use --oauth2-bearer TOKEN, or --token-command "
			      "COMMAND"},
		{"--max",
			"option '--max': did you mean --max-line, "
			"--max-redirs, --max-time, --max-body, "
			"--max-error-body, --max-memory, "
			"--max-pages, --max-errors? Option names cannot be abbreviated"},
		{"--job 5", "option '--job': did you mean --jobs? Option names "
			    "cannot be abbreviated"},
		{"--job=5", "option '--job': did you mean --jobs? Option names "
			    "cannot be abbreviated"},
		{"--locatio", "did you mean --location, --location-trusted? "
			      "Option names cannot be abbreviated"},
		{"--spider http://h/{}",
			"unknown option '--spider': use --check"},
		{"--fail x", "option '--fail': a status of 300 or more fails "
			     "the item already; see --ok-status"},
		{"--form-escape", "option '--form-escape': names are "
				  "percent-encoded, as in browsers"},
		{"--max-connection-per-server=4", "use --host-jobs N"},
		{"--joblog x", "--journal FILE records progress, --stats FILE "
			       "the totals"},
		{"--recursive", "links in a body are not followed"},
		{"-s", "'-s': use --quiet to summarize failures in one line"},
		{"-P 4", "'-P': --jobs N sets how many, --output-dir DIR "
			 "where files go"},
		{"-jobs 5", "-j: 'obs' is not a whole number from 1 to 20000, "
			    "auto or auto:MAX: "
			    "did you mean --jobs?"},
		{"-timeout 5", "option '-t': did you mean '--max-time'?"},
		{"-?", "unknown option '-?'"},
		{"--zzzzzz", "unknown option '--zzzzzz'"},
	};

	check_all(slips, FP_ARRAY_LEN(slips));
}

static void
files(void)
{
	static const char *const options[] = {
		"cacert", "capath", "key", "cert", "netrc-file", "config"};
	char args[60], expected[100];

	for (size_t i = 0; i < FP_ARRAY_LEN(options); i++) {
		snprintf(args, sizeof(args), "--%s /nonexistent/file",
			options[i]);
		snprintf(expected, sizeof(expected),
			"--%s: cannot read /nonexistent/file: No such file or "
			"directory",
			options[i]);
		WRONG(args, expected);
	}
}

/* No word is wrong: where no option is about it, the usual help is written. */
static void
topics(void)
{
	CHECK(parse("--help nope") == FP_GO_HELP && said[0] == '\0');
	CHECK(parse("--help=zz") == FP_GO_HELP && said[0] == '\0');
}

static void
what_the_pool_refuses(void)
{
	RIGHT("--setopt NOPE=1 --setopt TCP_NODELAY=1");
	fp_complaint_pool(&settings, "NOPE is not an option of this libcurl");
	CHECK_TEXT(said, "--setopt: NOPE is not an option of this libcurl");
	RIGHT("--setopt TCP_NODELAY=x");
	fp_complaint_pool(&settings, "TCP_NODELAY takes a whole number");
	CHECK_TEXT(said, "--setopt: TCP_NODELAY takes a whole number");
	RIGHT("--proxy me:pw@h:x");
	fp_complaint_pool(&settings, "PROXY is something else");
	CHECK_TEXT(said, "--proxy: PROXY is something else");
	RIGHT("--setopt TCP_NODELAY=1");
	fp_complaint_pool(&settings, "TCP is something else");
	CHECK_TEXT(said, "TCP is something else");
}

/* Each word is one that its option takes; and those of a list, as a list. */
static void
words(void)
{
	char args[300];

	for (size_t i = 0; i < fp_optiontable_n_rows; i++) {
		const char *option = fp_optiontable_rows[i].name;
		const struct fp_option_words *of = fp_optiontable_rows[i].words;
		const char *more = "";
		enum fp_go go = FP_GO_ON;
		if (!of)
			continue;
		if (fp_optiontable_rows[i].needs.name &&
			strcmp(fp_optiontable_rows[i].needs.name, "journal") ==
				0)
			more = " --journal j";
		if (strcmp(option, "help") == 0)
			go = FP_GO_HELP;
		size_t len =
			(size_t)snprintf(args, sizeof(args), "--%s=", option);
		size_t name_len = len;
		for (size_t k = 0; of->words[k]; k++) {
			snprintf(args + name_len, sizeof(args) - name_len,
				"%s%s", of->words[k], more);
			/* Without a TEMPLATE, csv says so, and no more. */
			if (strstr(args, "=csv"))
				strcat(args, " http://h/{1}");
			CHECK(parse(args) == go && said[0] == '\0');
		}
		for (size_t k = 0; of->is_list && of->words[k]; k++)
			len += (size_t)snprintf(args + len, sizeof(args) - len,
				"%s%s", k ? "," : "", of->words[k]);
		if (of->is_list) {
			strcat(args, more);
			RIGHT(args);
		}
	}
}

int
main(void)
{
	begin_options_test();
	run("values that were meant", values_that_were_meant);
	run("members of lists", members_of_lists);
	run("values that nobody can guess", values_that_nobody_can_guess);
	run("values that are secret", values_that_are_secret);
	run("names of options", names);
	run("files that are not there", files);
	run("topics of the help", topics);
	run("what the pool refuses", what_the_pool_refuses);
	run("words that are values", words);
	return end_options_test();
}
