/* SPDX-License-Identifier: MIT */
/*
 * A name that means something elsewhere must not be guessed at: the nearest of
 * our own names is often another thing altogether (--fail and --failed).
 */
#include "base.h"

#include "foreign.h"

#include <string.h>

#define IS_DONE "this is done without asking"
#define NO_SCRIPT "fetchpool runs no other program; put it after a pipe"
#define ONE_FILE "each body is fetched in one piece"
#define BY_SETOPT "--setopt takes libcurl's options by name"
#define IN_RECORD "the record has it; see --fields"
#define WITH_TEMPLATE "put it into TEMPLATE, where {} is the line"

static const struct {
	const char *name;
	const char *advice;
} foreign[] = {
	/* curl */
	{"anyauth", BY_SETOPT ": HTTPAUTH"},
	{"basic", "--user logs in with Basic"},
	{"ca-native", "--cacert and --capath name authorities"},
	{"ciphers", BY_SETOPT ": SSL_CIPHER_LIST"},
	{"cookie-jar",
		"cookies are not kept between items; --cookie sends them"},
	{"digest", BY_SETOPT ": HTTPAUTH"},
	{"doh-url", BY_SETOPT ": DOH_URL"},
	{"dump-header", IN_RECORD " +headers"},
	{"fail", "a status of 300 or more fails the item already; see "
		 "--ok-status"},
	{"fail-early", "--max-errors 0 stops at the first failure"},
	{"fail-with-body", "--all writes records for failed items too"},
	{"get", WITH_TEMPLATE},
	{"globoff", "TEMPLATE knows no [] or {a,b}; seq(1) makes numbers"},
	{"form", "fetchpool takes --data and --json"},
	{"form-string", "fetchpool takes --data and --json"},
	{"head", "use --request HEAD"},
	{"http0.9", "a response without a head always fails"},
	{"http1.0", BY_SETOPT ": HTTP_VERSION is not among them; --http1.1 is"},
	{"http2-prior-knowledge", "--http2 speaks it over TLS"},
	{"include", IN_RECORD " +headers"},
	{"keepalive-time", BY_SETOPT ": TCP_KEEPIDLE"},
	{"limit-rate",
		"--rate limits requests; " BY_SETOPT ": MAX_RECV_SPEED_LARGE"},
	{"max-filesize", "--max-body limits each body"},
	{"negotiate", BY_SETOPT ": HTTPAUTH"},
	{"no-buffer", "a record is written as soon as it is there"},
	{"no-keepalive", "--fresh-connect closes each connection"},
	{"no-progress-meter", "use --progress never"},
	{"ntlm", BY_SETOPT ": HTTPAUTH"},
	{"parallel-immediate", IS_DONE},
	{"pinnedpubkey", BY_SETOPT ": PINNEDPUBLICKEY"},
	{"post301", "a method is kept after 307 and 308 alone"},
	{"post302", "a method is kept after 307 and 308 alone"},
	{"post303", "a method is kept after 307 and 308 alone"},
	{"progress-bar", "use --progress always"},
	{"proxy-user", BY_SETOPT ": PROXYUSERPWD"},
	{"remote-header-name", "--output-name TEMPLATE names the files"},
	{"remote-name", "--output-dir DIR writes bodies to files"},
	{"remote-name-all", "--output-dir DIR writes bodies to files"},
	{"raw", "--no-compressed leaves the encoding as it is"},
	{"remote-time", "files have the time at which they were written"},
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
	{"ssl", "give a URL of https"},
	{"ssl-reqd", "give a URL of https, and --proto https"},
	{"stderr", "redirect it in the shell: 2> FILE"},
	{"tcp-nodelay", IS_DONE},
	{"tls-max", BY_SETOPT ": SSLVERSION"},
	{"tlsv1.2", BY_SETOPT ": SSLVERSION"},
	{"tlsv1.3", BY_SETOPT ": SSLVERSION"},
	{"tr-encoding", "transfer codings other than chunked are not taken"},
	{"trace-ascii", "--trace FILE says when; --dry-run says what"},
	{"upload-file", "--data @FILE sends one body; --data-line sends each "
			"line"},
	{"url", "URLs are lines of the input"},
	{"url-query", WITH_TEMPLATE},
	{"variable", "lines have the values; see --colsep, --input-format and "
		     "--expand-header"},
	{"verbose", "--fields has more of each response, --trace FILE shows "
		    "when it came"},
	{"write-out", "the record has it; see --fields"},
	{"xattr", IN_RECORD},

	/* xargs and GNU parallel */
	{"arg-file", "use --input FILE"},
	{"bar", "use --progress always"},
	{"eta", "use --progress always"},
	{"exit", "an empty input is no failure"},
	{"group", "each record is one whole line already"},
	{"halt", "--max-errors N stops the run"},
	{"joblog", "--journal FILE records progress, --stats FILE the totals"},
	{"keep-going", IS_DONE},
	{"line-buffer", "each record is one whole line already"},
	{"load", "--jobs N is the number of transfers at once"},
	{"max-args", "each line is one request"},
	{"max-lines", "each line is one request"},
	{"memfree", "--max-memory SIZE bounds what is held"},
	{"no-run-if-empty", IS_DONE},
	{"open-tty", NO_SCRIPT},
	{"pipe", NO_SCRIPT},
	{"replace", WITH_TEMPLATE},
	{"resume-failed", "use --journal FILE --retry-failed"},
	{"results", "--output-dir DIR writes bodies to files"},
	{"shuf", "put shuf(1) before the pipe"},
	{"sshlogin", "--shard I/N gives each machine its part of the list"},
	{"tag", "the record has the line as \"input\""},
	{"ungroup", "each record is one whole line already"},
	{"unquote", "a line is taken as it is"},

	/* wget */
	{"accept", "choose the lines before the pipe"},
	{"background", "use & in the shell"},
	{"base", WITH_TEMPLATE},
	{"body-data", "use --data TEXT"},
	{"body-file", "use --data @FILE"},
	{"continue", "--journal FILE --resume goes on with the list"},
	{"convert-links", "bodies are not changed"},
	{"directory-prefix", "use --output-dir DIR"},
	{"force-directories", "--output-name names the files"},
	{"http-password", "use --netrc, or --user USER:PASS"},
	{"http-user", "use --user USER:PASS"},
	{"load-cookies", "--cookie sends cookies"},
	{"mirror", "links in a body are not followed"},
	{"no-check-certificate", "use --insecure"},
	{"no-clobber", "a file that is there is not replaced without "
		       "--overwrite"},
	{"no-host-directories", IS_DONE},
	{"no-proxy", "use --noproxy '*'"},
	{"no-verbose", "use --quiet"},
	{"output-document", "--output FILE has all records"},
	{"page-requisites", "links in a body are not followed"},
	{"post-data", "use --data TEXT"},
	{"post-file", "use --data @FILE"},
	{"quota", "--max-body limits each body"},
	{"random-wait", "use --delay MIN-MAX"},
	{"recursive", "links in a body are not followed"},
	{"reject", "choose the lines before the pipe"},
	{"save-cookies", "cookies are not kept between items"},
	{"spider", "use --request HEAD"},
	{"span-hosts", "links in a body are not followed"},
	{"start-pos", ONE_FILE},
	{"timestamping", "a file that is there is not replaced without "
			 "--overwrite"},
	{"wait", "use --delay TIME, or --rate N/PERIOD"},
	{"waitretry", "use --retry-delay TIME"},

	/* aria2 */
	{"allow-overwrite", "use --overwrite"},
	{"auto-file-renaming", "--output-name names the files"},
	{"check-certificate", "certificates are checked unless --insecure"},
	{"conditional-get", "a file that is there is not replaced without "
			    "--overwrite"},
	{"daemon", "use & in the shell"},
	{"dir", "use --output-dir DIR"},
	{"file-allocation", "files grow as they are written"},
	{"log", "use --trace FILE, or 2> FILE"},
	{"lowest-speed-limit", "--stall-time ends a transfer that receives "
			       "nothing"},
	{"max-concurrent-downloads", "use --jobs N"},
	{"max-connection-per-server", "use --host-jobs N"},
	{"max-download-limit", BY_SETOPT ": MAX_RECV_SPEED_LARGE"},
	{"max-overall-download-limit", "--rate limits requests"},
	{"max-tries", "use --retry N"},
	{"min-split-size", ONE_FILE},
	{"on-download-complete", NO_SCRIPT},
	{"out", "use --output-name TEMPLATE"},
	{"retry-wait", "use --retry-delay TIME"},
	{"save-session", "--failed FILE keeps what was not done"},
	{"split", ONE_FILE},
	{"summary-interval", "use --progress always"},
};

/* Of curl's, unless it says otherwise. Those that mean another thing here, such
 * as -f, -i, -k and -n, say so by what their values are. */
static const struct {
	char letter;
	const char *advice;
} letters[] = {
	{'F', "fetchpool takes --data and --json"},
	{'G', WITH_TEMPLATE},
	{'I', "use --request HEAD"},
	{'J', "--output-name TEMPLATE names the files"},
	{'N', "a record is written as soon as it is there"},
	{'O', "--output-dir DIR writes bodies to files"},
	{'P', "--jobs N is the number of transfers at once"},
	{'R', "files have the time at which they were written"},
	{'S', IS_DONE},
	{'T', "--data @FILE sends one body; --data-line sends each line"},
	{'Y', "--stall-time ends a transfer that receives nothing"},
	{'Z', IS_DONE "; --jobs N says how many"},
	{'c', "cookies are not kept between items; --cookie sends them"},
	{'g', "TEMPLATE knows no [] or {a,b}; seq(1) makes numbers"},
	{'l', "each line is one request"},
	{'p', "--proxy makes tunnels for https"},
	{'s', "--quiet leaves out the line of each failure"},
	{'t', "--dry-run shows requests"},
	{'v', "--fields has more of each response, --trace FILE shows when it "
	      "came"},
	{'w', "the record has it; see --fields"},
	{'y', "--stall-time ends a transfer that receives nothing"},
	{'z', "--header 'If-Modified-Since: DATE' asks for what is newer"},
};

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
