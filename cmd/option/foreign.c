/* SPDX-License-Identifier: MIT */
/*
 * A name that means something elsewhere must not be guessed at: the nearest of
 * our own names is often another thing altogether (--fail and --failed).
 */
#include "base.h"

#include "foreign.h"

#include <string.h>

#define IS_DONE "this is the default"
#define NO_SCRIPT "fetchpool runs no other program; pipe its output to one"
#define ONE_FILE "each body is fetched in one piece"
#define BY_SETOPT "use --setopt "
#define IN_RECORD "use --fields"
#define WITH_TEMPLATE "put it into TEMPLATE, where {} is the line"

static const struct {
	const char *name;
	const char *advice;
} foreign[] = {
	/* curl */
	{"anyauth", BY_SETOPT "HTTPAUTH=VALUE"},
	{"basic", "this is the default for --user"},
	{"ca-native", "use --cacert or --capath"},
	{"ciphers", BY_SETOPT "SSL_CIPHER_LIST=VALUE"},
	{"cookie-jar",
		"cookies are not kept between items; --cookie sends them"},
	{"digest", BY_SETOPT "HTTPAUTH=VALUE"},
	{"doh-url", BY_SETOPT "DOH_URL=VALUE"},
	{"dump-header", IN_RECORD " +headers"},
	{"fail", "a status of 300 or more fails the item already; see "
		 "--ok-status"},
	{"fail-early", "--max-errors 0 stops at the first failure"},
	{"fail-with-body", "--all writes records for failed items too"},
	{"get", WITH_TEMPLATE},
	{"globoff", "TEMPLATE does not expand [] or {a,b}; use seq(1)"},
	{"form-escape", "names are percent-encoded, as in browsers"},
	{"http0.9", "HTTP/0.9 responses always fail"},
	{"http1.0", "HTTP/1.0 is not supported; use --http1.1"},
	{"http2-prior-knowledge", "use --http2, over TLS"},
	{"include", IN_RECORD " +headers"},
	{"keepalive-time", BY_SETOPT "TCP_KEEPIDLE=VALUE"},
	{"limit-rate", "--rate limits requests; for bandwidth, " BY_SETOPT
		       "MAX_RECV_SPEED_LARGE=BYTES"},
	{"max-filesize", "--max-body limits each body"},
	{"negotiate", BY_SETOPT "HTTPAUTH=VALUE"},
	{"no-buffer", "each record is written at once"},
	{"no-keepalive", "--fresh-connect closes each connection"},
	{"no-progress-meter", "use --progress never"},
	{"ntlm", BY_SETOPT "HTTPAUTH=VALUE"},
	{"parallel-immediate", IS_DONE},
	{"pinnedpubkey", BY_SETOPT "PINNEDPUBLICKEY=VALUE"},
	{"post301", "the method is kept only after 307 and 308"},
	{"post302", "the method is kept only after 307 and 308"},
	{"post303", "the method is kept only after 307 and 308"},
	{"progress-bar", "use --progress always"},
	{"proxy-user", BY_SETOPT "PROXYUSERPWD=VALUE"},
	{"remote-name-all", "use --output-dir DIR with --remote-name"},
	{"raw", "--no-compressed leaves the encoding as it is"},
	{"remote-time", "files have the time of the download"},
	{"remove-on-error", IS_DONE},
	{"retry-all-errors", "--retry-on adds conditions"},
	{"retry-connrefused", IS_DONE},
	{"show-error", IS_DONE},
	{"socks4", "use --proxy socks4://HOST:PORT"},
	{"socks4a", "use --proxy socks4a://HOST:PORT"},
	{"socks5", "use --proxy socks5://HOST:PORT"},
	{"socks5-hostname", "use --proxy socks5h://HOST:PORT"},
	{"speed-limit", "--stall-time ends a transfer that receives nothing"},
	{"speed-time", "--stall-time ends a transfer that receives nothing"},
	{"ssl", "use https URLs"},
	{"ssl-reqd", "use https URLs and --proto https"},
	{"stderr", "use 2> FILE in the shell"},
	{"tcp-nodelay", IS_DONE},
	{"tls-max", BY_SETOPT "SSLVERSION=VALUE"},
	{"tlsv1.2", BY_SETOPT "SSLVERSION=VALUE"},
	{"tlsv1.3", BY_SETOPT "SSLVERSION=VALUE"},
	{"tr-encoding", "only the transfer coding chunked is supported"},
	{"trace-ascii",
		"use --dry-run=full for requests, --trace FILE for times"},
	{"token", "use --oauth2-bearer TOKEN, or --token-command COMMAND"},
	{"url", "URLs are lines of the input"},
	{"url-query", WITH_TEMPLATE},
	{"variable",
		"values come from the lines; see --colsep, --input-format, "
		"--expand-header"},
	{"verbose", "--fields has more of each response, --trace FILE shows "
		    "when it came"},
	{"write-out", "the record has it; use --fields"},
	{"xattr", IN_RECORD},

	/* xargs and GNU parallel */
	{"arg-file", "use --input FILE"},
	{"bar", "use --progress always"},
	{"eta", "use --progress always"},
	{"exit", "an empty input is not an error"},
	{"group", "each record is one whole line already"},
	{"halt", "--max-errors N stops the run"},
	{"joblog", "--journal FILE records progress, --stats FILE the totals"},
	{"keep-going", IS_DONE},
	{"line-buffer", "each record is one whole line already"},
	{"load", "use --jobs N"},
	{"max-args", "each line is one request"},
	{"max-lines", "each line is one request"},
	{"memfree", "use --max-memory SIZE"},
	{"no-run-if-empty", IS_DONE},
	{"open-tty", NO_SCRIPT},
	{"pipe", NO_SCRIPT},
	{"replace", WITH_TEMPLATE},
	{"resume-failed", "use --journal FILE --retry-failed"},
	{"results", "--output-dir DIR writes bodies to files"},
	{"shuf", "pipe the input through shuf(1)"},
	{"sshlogin", "--shard I/N gives each machine its part of the list"},
	{"tag", "the record has the line as \"input\""},
	{"ungroup", "each record is one whole line already"},
	{"unquote", "lines are used as they are"},

	/* wget */
	{"accept", "filter the input first, as with grep(1)"},
	{"background", "use & in the shell"},
	{"base", WITH_TEMPLATE},
	{"body-data", "use --data TEXT"},
	{"body-file", "use --data @FILE"},
	{"continue", "--output-dir continues downloads that break; --journal "
		     "FILE --resume resumes the list"},
	{"convert-links", "bodies are not changed"},
	{"directory-prefix", "use --output-dir DIR"},
	{"force-directories", "--output-name names the files"},
	{"http-password", "use --netrc, or --user USER:PASS"},
	{"http-user", "use --user USER:PASS"},
	{"load-cookies", "--cookie sends cookies"},
	{"mirror", "links in a body are not followed"},
	{"no-check-certificate", "use --insecure"},
	{"no-clobber", "existing files are kept without --overwrite"},
	{"no-host-directories", IS_DONE},
	{"no-proxy", "use --noproxy '*'"},
	{"no-verbose", "use --quiet"},
	{"output-document", "use --output FILE for all records"},
	{"page-requisites", "links in a body are not followed"},
	{"post-data", "use --data TEXT"},
	{"post-file", "use --data @FILE"},
	{"quota",
		"--rate limits requests, as in 2000/d; --max-body limits each "
		"body"},
	{"random-wait", "use --delay MIN-MAX"},
	{"recursive", "links in a body are not followed"},
	{"reject", "filter the input first, as with grep(1)"},
	{"save-cookies", "cookies are not kept between items"},
	{"spider", "use --check"},
	{"span-hosts", "links in a body are not followed"},
	{"start-pos", ONE_FILE},
	{"timestamping", "existing files are kept without --overwrite"},
	{"wait", "use --delay TIME, or --rate N/PERIOD"},
	{"waitretry", "use --retry-delay TIME"},

	/* aria2 */
	{"allow-overwrite", "use --overwrite"},
	{"auto-file-renaming", "--output-name names the files"},
	{"check-certificate", "certificates are verified unless --insecure"},
	{"conditional-get", "existing files are kept without --overwrite"},
	{"daemon", "use & in the shell"},
	{"dir", "use --output-dir DIR"},
	{"file-allocation", "files grow as they are written"},
	{"log", "use --trace FILE, or 2> FILE"},
	{"lowest-speed-limit", "--stall-time ends a transfer that receives "
			       "nothing"},
	{"max-concurrent-downloads", "use --jobs N"},
	{"max-connection-per-server", "use --host-jobs N"},
	{"max-download-limit", BY_SETOPT "MAX_RECV_SPEED_LARGE=VALUE"},
	{"max-overall-download-limit", "--rate limits requests"},
	{"max-tries", "use --retry N"},
	{"min-split-size", ONE_FILE},
	{"on-download-complete", NO_SCRIPT},
	{"out", "use --output-name TEMPLATE"},
	{"retry-wait", "use --retry-delay TIME"},
	{"save-session", "--failed FILE keeps lines that were not done"},
	{"split", ONE_FILE},
	{"summary-interval", "use --progress always"},
};

/* Of curl's, unless it says otherwise. Those that mean another thing here, such
 * as -f, -i, -k and -n, say so by what their values are. */
static const struct {
	char letter;
	const char *advice;
} letters[] = {
	{'G', WITH_TEMPLATE},
	{'N', "each record is written at once"},
	{'P', "use --jobs N"},
	{'R', "files have the time of the download"},
	{'S', IS_DONE},
	{'Y', "--stall-time ends a transfer that receives nothing"},
	{'Z', IS_DONE "; --jobs N sets how many"},
	{'c', "cookies are not kept between items; --cookie sends them"},
	{'g', "TEMPLATE does not expand [] or {a,b}; use seq(1)"},
	{'l', "each line is one request"},
	{'p', "--proxy already tunnels https"},
	{'s', "use --quiet to summarize failures in one line"},
	{'t', "--dry-run shows requests"},
	{'v', "use --fields for more of each response, --trace FILE for times"},
	{'w', "the record has it; use --fields"},
	{'y', "--stall-time ends a transfer that receives nothing"},
	{'z', "use --header 'If-Modified-Since: DATE'"},
};

/* What other programs and people call our options. */
static const struct {
	const char *name, *ours;
} elsewhere[] = {
	{"concurrency", "jobs"},
	{"parallel", "jobs"},
	{"parallel-max", "jobs"},
	{"max-procs", "jobs"},
	{"threads", "jobs"},
	{"workers", "jobs"},
	{"timeout", "max-time"},
	{"tries", "retry"},
	{"retries", "retry"},
	{"limit", "rate"},
	{"rate-limit", "rate"},
	{"ratelimit", "rate"},
	{"throttle", "rate"},
	{"order", "keep-order"},
	{"ordered", "keep-order"},
	{"input-file", "input"},
	{"output-file", "output"},
	{"auth", "user"},
	{"method", "request"},
	{"silent", "quiet"},
	{"delimiter", "colsep"},
	{"separator", "colsep"},
	{"csv", "input-format"},
	{"tsv", "input-format"},
	{"skip-header", "input-format"},
	{"rps", "rate"},
	{"qps", "rate"},
	{"per-second", "rate"},
	{"bail", "max-errors"},
	{"fail-fast", "max-errors"},
	{"stop-on-error", "max-errors"},
	{"no-verify", "insecure"},
	{"file", "input"},
	{"urls", "input"},
	{"resume-from", "resume"},
	{"checkpoint", "journal"},
	{"content-type", "header"},
	{"idempotency-key", "expand-header"},
	{"columns", "fields"},
	{"post", "request"},
	{"etag-save", "etags"},
	{"etag-compare", "etags"},
	{"etag", "etags"},
	{"if-modified", "etags"},
	{"incremental", "etags"},
	{"page", "next"},
	{"pages", "next"},
	{"next-page", "next"},
	{"nextpage", "next"},
	{"paginate", "next"},
	{"pagination", "next"},
	{"cursor", "next"},
	{"slurp", "each"},
	{"elements", "each"},
	{"unnest", "each"},
	{"flatten", "each"},
	{"bearer", "oauth2-bearer"},
	{"bearer-token", "oauth2-bearer"},
	{"access-token", "oauth2-bearer"},
	{"check-links", "check"},
	{"head-only", "head"},
	{"max-retries", "retry"},
	{"follow", "location"},
	{"jsonl", "input-format"},
	{"ndjson", "input-format"},
	{"json-lines", "input-format"},
	{"csv-header", "input-format"},
	{"download", "output-dir"},
	{"idempotency", "idempotent"},
	{"unchanged", "etags"},
	{"not-modified", "etags"},
	{"304", "etags"},
	{"links", "check"},
	{"upload", "upload-file"},
	{"multipart", "form"},
	{"s3", "aws-sigv4"},
	{"graphql", "fail-if"},
	{"quota", "rate"},
	{"prometheus", "metrics"},
	{"redis", "rate-file"},
};

const char *
fp_foreign_ours(const char *name)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(elsewhere); i++) {
		if (strcmp(elsewhere[i].name, name) == 0)
			return elsewhere[i].ours;
	}
	return NULL;
}

const char *
fp_foreign_name(const char *name)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(foreign); i++) {
		if (strcmp(foreign[i].name, name) == 0)
			return foreign[i].advice;
	}
	return NULL;
}

const char *
fp_foreign_letter(char letter)
{
	for (size_t i = 0; i < FP_ARRAY_LEN(letters); i++) {
		if (letters[i].letter == letter)
			return letters[i].advice;
	}
	return NULL;
}
