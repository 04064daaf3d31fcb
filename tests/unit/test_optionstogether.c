/* SPDX-License-Identifier: MIT */
#include "optionstest.h"

#include "fate.h"

/* ---- templates ---- */

static void
templates(void)
{
	RIGHT("http://h/{}");
	CHECK_TEXT(settings.pool.url_template, "http://h/{}");
	CHECK(!settings.pool.urls_pass && !settings.tells_template);
	CHECK(settings.n_columns == 0);
	RIGHT("http://h/{+}{#}{/}{:3}");
	RIGHT("-C , http://h/{1}/{3}");
	CHECK(settings.n_columns == 3);
	RIGHT("http://h/{3}/{2,1} -C ,");
	CHECK(settings.n_columns == 3);
	RIGHT("-C , http://h/{1000}{}");
	CHECK(settings.n_columns == 1000);
	RIGHT("-C , http://h/{}");
	CHECK(settings.n_columns == 0);
}

static void
wrong_templates(void)
{
	WRONG("http://h/",
		"TEMPLATE: 'http://h/': it contains no {}: every "
		"line would fetch the same URL; one URL is fetched by giving it on standard input");
	WRONG("-- ",
		"TEMPLATE: '': it contains no {}: every line would fetch the same URL; one URL is fetched by giving it on standard input");
	WRONG("-X POST http://h/",
		"TEMPLATE: 'http://h/': it contains no {}: every line would fetch the same URL; to send each line as a body, use --data-line");
	WRONG("-d a http://h/",
		"TEMPLATE: 'http://h/': it contains no {}: every line would fetch the same URL; to send each line as a body, use --data-line");
	WRONG("-I http://h/",
		"TEMPLATE: 'http://h/': it contains no {}: every line would fetch the same URL; one URL is fetched by giving it on standard input");
	WRONG("-X HEAD http://h/",
		"TEMPLATE: 'http://h/': it contains no {}: every line would fetch the same URL; one URL is fetched by giving it on standard input");
	WRONG("/dev/null",
		"TEMPLATE: '/dev/null': it contains no {}: every line would fetch the same URL; to read lines from a file, use --input");
	WRONG("http://h/{1}", "TEMPLATE: 'http://h/{1}': {1} needs --colsep "
			      "or --input-format csv; {} is the whole line");
	WRONG("http://h/{id}", "TEMPLATE: 'http://h/{id}': {id} needs "
			       "--input-format json or csv; {} is the whole "
			       "line");
	WRONG("-C , {}{0}",
		"TEMPLATE: '{}{0}': fields are numbered {1} to {1000}");
	WRONG("-C , {01}",
		"TEMPLATE: '{01}': fields are numbered {1} to {1000}");
	WRONG("-C , {1001}",
		"TEMPLATE: '{1001}': fields are numbered {1} to {1000}");
	WRONG("-C , {1}{x}",
		"TEMPLATE: '{1}{x}': {x} needs --input-format json or csv; {} is the whole line");
	WRONG("-C , {99999999999999999999}",
		"TEMPLATE: '{99999999999999999999}': fields are numbered {1} "
		"to {1000}");
	WRONG("--expand-header X:{{id}} {}",
		"--expand-header: {{id}} needs --input-format json or csv; "
		"{{}} is the whole line");
	WRONG("--expand-data {{1}} {}",
		"--expand-data: {{1}} needs --colsep or --input-format csv; "
		"{{}} is the whole line");
	WRONG("-C , --expand-form a={{0}} {}",
		"--expand-form: fields are numbered {{1}} to {{1000}}");
	CHECK(parse("http://h/{") == FP_GO_WRONG);
	CHECK(strncmp(said, "TEMPLATE: 'http://h/{': ", 24) == 0 && said[24]);
	WRONG("{} {}", "more than one TEMPLATE: '{}' and '{}'");
	WRONG("a b c", "more than one TEMPLATE: 'a' and 'b'");
	WRONG("-j 1 {} -k x", "more than one TEMPLATE: '{}' and 'x'");
	WRONG("--journal j --retry-failed http,timeout x{}",
		"more than one TEMPLATE: 'http,timeout' and 'x{}': did you "
		"mean --retry-failed=http,timeout?");
	WRONG("--dry-run full x{}",
		"more than one TEMPLATE: 'full' and 'x{}': did you mean "
		"--dry-run=full?");
	WRONG("--json -i f x{}",
		"more than one TEMPLATE: 'f' and 'x{}': '-i' is the value of "
		"--json");
}

static void
default_templates(void)
{
	unsetenv("FETCHPOOL_URL");
	RIGHT("");
	CHECK_TEXT(settings.pool.url_template,
		"https://jsonplaceholder.typicode.com/posts/{}");
	CHECK(settings.tells_template && settings.pool.urls_pass);
	setenv("FETCHPOOL_URL", "", 1);
	RIGHT("");
	CHECK(settings.tells_template);
	setenv("FETCHPOOL_URL", "http://127.0.0.1:1/{}", 1);
	RIGHT("");
	CHECK_TEXT(settings.pool.url_template, "http://127.0.0.1:1/{}");
	CHECK(!settings.tells_template && settings.pool.urls_pass);
	RIGHT("http://h/{}");
	CHECK_TEXT(settings.pool.url_template, "http://h/{}");
	CHECK(!settings.pool.urls_pass);
	setenv("FETCHPOOL_URL", "http://h/", 1);
	WRONG("",
		"FETCHPOOL_URL: 'http://h/': it contains no {}: every line "
		"would fetch the same URL; one URL is fetched by giving it on standard input");
	RIGHT("http://h/{}");
	unsetenv("FETCHPOOL_URL");
}

/* ---- options together ---- */

static void
formats_and_bodies(void)
{
	RIGHT("-f body");
	CHECK(settings.pool.body == FP_BODY_JSON);
	CHECK(!settings.pool.body_is_object);
	RIGHT("-f merged");
	CHECK(settings.pool.body == FP_BODY_JSON);
	CHECK(settings.pool.body_is_object);
	RIGHT("-f merged -B json");
	RIGHT("-f merged -B auto");
	CHECK(settings.pool.body == FP_BODY_JSON);
	RIGHT("-B text -f body");
	CHECK(settings.pool.body == FP_BODY_TEXT);
	RIGHT("-f body -B base64");
	RIGHT("-f record -B none");
	RIGHT("-f merged -f record");
	CHECK(settings.pool.body == FP_BODY_AUTO);
	CHECK(!settings.pool.body_is_object);
	static const char *const not_merged[] = {"-f merged -B text",
		"-B text -f merged", "-f merged -B base64",
		"-f merged -B none"};
	for (size_t i = 0; i < FP_ARRAY_LEN(not_merged); i++)
		WRONG(not_merged[i], "--format merged works only with --body "
				     "json");
	WRONG("-f body -B none",
		"--format body cannot be used with --body none");
}

/* The line is the body, or something else is. */
static void
bodies_to_send(void)
{
	RIGHT("--data-line http://h/");
	WRONG("--data-line -d a http://h/",
		"--data-line cannot be used with --data: the line is the body");
	WRONG("--json [] --data-line http://h/",
		"--data-line cannot be used with --json: the line is the body");
}

static void
json_items(void)
{
	static const char *const with[][2] = {{"-C ,", "colsep"},
		{"--id-range 1-2", "id-range"},
		{"--data-line http://h/", "data-line"}};
	char expected[200];
	char args[100];

	RIGHT("--input-format lines");
	CHECK(!settings.json_items);
	RIGHT("--input-format json");
	CHECK(settings.json_items && !settings.pool.url_template);
	CHECK(!settings.tells_template);
	RIGHT("--input-format json http://h/{id}{?q}");
	RIGHT("--input-format json http://h/");
	WRONG("--input-format json http://h/{}",
		"TEMPLATE: 'http://h/{}': JSON items have no {}: use "
		"{name}");
	WRONG("--input-format x",
		"--input-format: 'x' is not lines, json or csv");
	for (size_t i = 0; i < FP_ARRAY_LEN(with); i++) {
		snprintf(args, sizeof(args), "--input-format json %s",
			with[i][0]);
		snprintf(expected, sizeof(expected),
			"--input-format json cannot be used with --%s: %s",
			with[i][1],
			strcmp(with[i][1], "data-line") == 0
				? "the body of a JSON item is its member body, "
				  "as jq -c '{body: .}' makes it"
				: "a JSON item is not a line of text");
		WRONG(args, expected);
	}
}

static void
files(void)
{
	static const char *const wrong[][2] = {{"-f body", "format"},
		{"-f merged", "format"}, {"-B text", "body"},
		{"--pick a", "pick"}, {"--omit a", "omit"}};
	char expected[100];
	char args[100];

	RIGHT("-D out --overwrite");
	CHECK_TEXT(settings.pool.output_dir, "out");
	CHECK(settings.pool.overwrite && !settings.pool.output_name);
	CHECK(settings.format.n_fields == FP_FIELD_DEFAULTS);
	CHECK(settings.format.fields[FP_FIELD_BODY] == FP_FIELD_FILE);
	RIGHT("--output-dir=out --output-name {}.json http://h/{}");
	CHECK_TEXT(settings.pool.output_name, "{}.json");
	RIGHT("-D out --fields file,url");
	CHECK(settings.format.n_fields == 2);
	RIGHT("-D out -C , --output-name {3} http://h/{1}");
	CHECK(settings.n_columns == 3);
	for (size_t i = 0; i < FP_ARRAY_LEN(wrong); i++) {
		snprintf(args, sizeof(args), "-D out %s", wrong[i][0]);
		snprintf(expected, sizeof(expected),
			"--output-dir cannot be used with --%s: bodies are "
			"written to files unchanged",
			wrong[i][1]);
		WRONG(args, expected);
	}
	WRONG("--overwrite", "--overwrite needs --output-dir");
	WRONG("--output-name {}", "--output-name needs --output-dir");
}

/* A file of options; `args` go before it. */
static enum fp_go
configure(const char *args, const char *text)
{
	char all[400];

	snprintf(all, sizeof(all), "%s --config %s", args,
		put_file("config", text, strlen(text)));
	return parse(all);
}

static void
journals(void)
{
	RIGHT("--journal j");
	CHECK_TEXT(settings.journal_path, "j");
	CHECK(!settings.resumes && !settings.syncs && !settings.retried);
	RIGHT("--journal j --resume --sync -k -a");
	CHECK(settings.resumes && settings.syncs && !settings.retried);
	RIGHT("--retry-failed --journal j");
	CHECK(settings.resumes && settings.retried == FP_FATES_USUAL);
	RIGHT("--journal j -D d --overwrite");

	RIGHT("--retry-failed=http,unknown --journal j");
	CHECK(settings.retried ==
		(FP_FATE_BIT(FP_KIND_HTTP) | FP_FATE_BIT(FP_FATE_UNKNOWN)));
	RIGHT("--retry-failed=all --journal j");
	CHECK(settings.retried == FP_FATES_FAILED);
	WRONG("--journal j --retry-failed=404",
		"--retry-failed: '404' is not all, or a list of kinds like "
		"http,timeout,unknown");
	WRONG("--journal j --retry-failed=timeout,5xx",
		"--retry-failed: 'timeout,5xx' is not all, or a list of kinds "
		"like http,timeout,unknown: '5xx' is wrong");
	RIGHT("--failed f --unknown u");
	CHECK_TEXT(settings.unknown_path, "u");
	RIGHT("--failed f --failed-unknown");
	CHECK(settings.failed_unknown);
	WRONG("--failed-unknown", "--failed-unknown needs --failed");
	WRONG("--failed f --unknown u --failed-unknown",
		"--failed-unknown cannot be used with --unknown: each line is "
		"written once");

	WRONG("--resume", "--resume needs --journal");
	WRONG("--sync", "--sync needs --journal");
	WRONG("--retry-failed", "--retry-failed needs --journal");
	WRONG("--journal j --retry-failed -a",
		"--retry-failed cannot be used with --all: failed items are "
		"already in the output");
	WRONG("--journal j --retry-failed -k",
		"--retry-failed cannot be used with --keep-order: failed items "
		"come out of order");
	WRONG("--journal j -D d",
		"--journal with --output-dir needs --overwrite: an interrupted "
		"item may have left its file");
}

static void
options_from_a_file(void)
{
	static const char *const same[] = {"jobs 16", "jobs=16", "jobs = 16",
		"jobs: 16\n", "--jobs 16", "\t--jobs=16  \r\n", "jobs \"16\"",
		"# jobs 1\n\n  # x\njobs 16\n", "jobs 1\njobs 16"};

	for (size_t i = 0; i < FP_ARRAY_LEN(same); i++) {
		CHECK(configure("-j 2", same[i]) == FP_GO_ON);
		CHECK(said[0] == '\0' && settings.pool.jobs == 16);
	}
	CHECK(configure("-k", "user-agent \"a \\\"b\\\" \\t#\"\nall") ==
		FP_GO_ON);
	CHECK_TEXT(settings.pool.user_agent, "a \"b\" \t#");
	CHECK(settings.all && settings.pool.keep_order);
	CHECK(configure("-k", "user-agent = a b # c ") == FP_GO_ON);
	CHECK_TEXT(settings.pool.user_agent, "a b # c");
	CHECK(configure("-k", "") == FP_GO_ON);
}

static void
wrong_files(void)
{
	static const struct {
		const char *text, *says;
	} all[] = {
		{"all\nnope", ":2: unknown option 'nope'"},
		{"j 1", ":1: unknown option 'j': did you mean 'jobs'?"},
		{"job 1", ":1: unknown option 'job': did you mean 'jobs'?"},
		{"help", ":1: --help cannot be given in a file"},
		{"config x", ":1: --config cannot be given in a file"},
		{"jobs", ":1: option '--jobs' needs a value (N|auto[:MAX])"},
		{"all yes", ":1: option '--all' takes no value"},
		{"jobs \"1", ":1: not an option, or an unterminated quote"},
		{"\n\njobs 0", ":3: --jobs: '0' is not a whole number from 1 "
			       "to 20000, auto or auto:MAX"},
	};

	for (size_t i = 0; i < FP_ARRAY_LEN(all); i++) {
		CHECK(configure("-k", all[i].text) == FP_GO_WRONG);
		CHECK(status == FP_EXIT_USAGE);
		const char *end = strstr(said, all[i].says);
		CHECK(end && strcmp(end, all[i].says) == 0);
	}
	WRONG("-K /nonexistent/config", "--config: cannot read "
					"/nonexistent/config: No such file or "
					"directory");
	RIGHT("-k");
}

/* Each takes its part of the items, and of rates if there are any. */
static void
shards(void)
{
	RIGHT("--shard 3/4");
	CHECK(settings.pool.share == 4 && !settings.pool.rate);
	RIGHT("--shard 0/4 -r 8/s --pace");
	CHECK(settings.input.shard.index == 4 && settings.pool.share == 4);
	RIGHT("--share 4 -r 8/s");
	CHECK(settings.input.shard.count == 0 && settings.pool.share == 4);
	WRONG("--shard 3/4 --share 4 -r 8/s",
		"--share cannot be used with --shard: --shard already takes 1/N "
		"of each rate");
	WRONG("--shard 3/4 --pace", "--pace needs --rate or --host-rate");
	WRONG("--share 4", "--share needs --rate or --host-rate");
	WRONG("--rate-file f", "--rate-file needs --rate");
	WRONG("--rate-file f --host-rate 5/s",
		"--rate-file needs --rate: a file counts no --host-rate, but "
		"a Redis server does (redis://HOST)");
	WRONG("--deny-private -x http://p:1",
		"--deny-private cannot be used with --proxy: the proxy "
		"connects to the hosts");
	WRONG("-x http://p:1 --deny 10.0.0.0/8",
		"--deny cannot be used with --proxy: the proxy connects to the "
		"hosts");
	RIGHT("--share 4 --host-rate 8/s");
	RIGHT("--pace -r 8/s --rate-file f");
}

/* Nothing is written but the requests, wherever the run would write. */
static void
a_dry_run(void)
{
	RIGHT("--dry-run -f merged -o out --failed f --journal j --resume");
	CHECK(settings.pool.dry_run);
	CHECK(settings.format.format == FP_FORMAT_REQUEST);
	CHECK(!settings.output_path && !settings.failed_path);
	CHECK_TEXT(settings.journal_path, "j");
	RIGHT("-o out --failed f");
	CHECK(!settings.pool.dry_run && settings.output_path);
	CHECK(settings.format.format == FP_FORMAT_RECORD);
	WRONG("--dry-run --resume", "--resume needs --journal");
}

static void
csv_items(void)
{
	RIGHT("--input-format csv http://h/{1}{?2}");
	CHECK(settings.input.csv == ',' && !settings.input.has_header);
	CHECK(settings.n_columns == 2 && settings.names.n == 0);
	RIGHT("--input-format csv -C ; http://h/{id}{?id,q}");
	CHECK(settings.input.csv == ';' && settings.input.has_header);
	CHECK(settings.names.n == 2);
	RIGHT("--input-format csv -C \\t --expand-header a:{{x}} http://h/{}");
	CHECK(settings.input.csv == '\t' && settings.input.has_header);
	RIGHT("--input-format csv -D d --output-name {name} http://h/{1}");
	CHECK(settings.names.n == 1 && settings.n_columns == 1);
	WRONG("--input-format csv -0 http://h/{1}",
		"--input-format csv cannot be used with --null: a record of CSV "
		"ends with a newline and has fields");
	WRONG("--input-format csv --id-range 1-2 http://h/{1}",
		"--input-format csv cannot be used with --id-range: a record of "
		"CSV ends with a newline and has fields");
	WRONG("--input-format csv -C :: http://h/{1}",
		"--input-format csv: --colsep: '::' is not one byte other than "
		"a quote");
	WRONG("--input-format csv -C \" http://h/{1}",
		"--input-format csv: --colsep: '\"' is not one byte other than "
		"a quote");
	WRONG("--input-format csv",
		"--input-format csv needs a TEMPLATE: '{+url}' takes URLs from "
		"the field that the header line calls url, '{+1}' from the "
		"first field");
}

int
main(void)
{
	begin_options_test();
	run("templates", templates);
	run("wrong templates", wrong_templates);
	run("the default template", default_templates);
	run("formats and bodies that go together", formats_and_bodies);
	run("a body for all and a body for each", bodies_to_send);
	run("JSON items and what goes with them", json_items);
	run("CSV and what goes with it", csv_items);
	run("bodies that go to files", files);
	run("a journal and what goes with it", journals);
	run("options from a file", options_from_a_file);
	run("files of options that are wrong", wrong_files);
	run("shards and what goes with them", shards);
	run("a dry run writes to no file", a_dry_run);
	return end_options_test();
}
