/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "setup.h"

#include "clock.h"
#include "headerline.h"
#include "jsonfind.h"
#include "proxies.h"
#include "rateplace.h"
#include "url.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* Files that are kept of bodies that broke. */
#define PARTIALS_MAX 1024

/* So many transfers at once are worth small buffers. */
#define MANY_JOBS 128

static int
setup_append(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (!longer)
		return -1;
	*list = longer;
	return 0;
}

/* Whether the user gave a header of this name, if only to leave it out. */
static bool
setup_has_header(const struct fp_options *options, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < options->n_headers; i++) {
		const char *line = options->headers[i];
		if (strncasecmp(line, name, len) == 0 &&
			(line[len] == ':' || line[len] == ';'))
			return true;
	}
	return false;
}

/* What is in the list is signed, and proxies change some of it: where requests
 * are signed, nothing of ours is there.
 *
 * libcurl words a User-Agent of its own anew for each request. One in the list
 * costs less, but a proxy that is asked for a tunnel does not get it. */
static int
make_user_agent(struct fp_setup *setup)
{
	const struct fp_options *options = &setup->options;
	const char *agent = options->user_agent;
	char *line = NULL;

	if (!setup->is_direct || setup->signs || !agent || !agent[0] ||
		setup_has_header(options, "User-Agent"))
		return 0;
	if (asprintf(&line, "User-Agent: %s", agent) < 0)
		return -1;
	int ret = setup_append(&setup->own_headers, line);
	free(line);
	return ret;
}

/* S3 wants to be told what of the body is signed, and older libcurl does not do
 * that. A file is not read twice for it: TLS is what protects the body. */
static int
add_payload_header(struct fp_setup *setup)
{
	static const char name[] = "x-amz-content-sha256";
	const char *provider =
		fp_curlopts_text(&setup->curlopts, CURLOPT_AWS_SIGV4);
	const char *service = provider ? strrchr(provider, ':') : NULL;

	if (!service || strcasecmp(service, ":s3") != 0 ||
		setup_has_header(&setup->options, name))
		return 0;
	return setup_append(
		&setup->own_headers, "x-amz-content-sha256: UNSIGNED-PAYLOAD");
}

/* Ours, but for those that the user worded. libcurl would wait a second for a
 * "100 Continue" before it sends a larger body; no service needs that. */
static int
make_own_headers(struct fp_setup *setup)
{
	static const char json[] = "Content-Type: application/json";
	const struct fp_options *options = &setup->options;
	bool has_file = options->upload_file != NULL;
	bool has_body = options->data.data || options->data_line || has_file;
	bool is_json = options->data_is_json || options->data_line;
	struct curl_slist **list = &setup->own_headers;

	if (make_user_agent(setup) || add_payload_header(setup))
		return -1;
	if (!options->no_compressed && !setup->signs &&
		!setup_has_header(options, "Accept-Encoding") &&
		setup_append(list, "Accept-Encoding: gzip"))
		return -1;
	if (has_body && !setup->signs && !setup_has_header(options, "Expect") &&
		setup_append(list, "Expect:"))
		return -1;
	if (is_json && !setup_has_header(options, "Content-Type") &&
		setup_append(list, json))
		return -1;
	if (has_file && !setup_has_header(options, "Content-Type") &&
		setup_append(list, fp_setup_file_type(setup)))
		return -1;
	if (options->data_is_json && !setup_has_header(options, "Accept") &&
		setup_append(list, "Accept: application/json"))
		return -1;
	return 0;
}

/* libcurl goes through the list a dozen times for each request, looking for
 * names, and writes out what it finds as it is. Two lines of ours whose names
 * it has no other use for are one entry for it: "Name: value\r\nName: value".
 * Versions that this was not tried with are given them as they are. */
static int
setup_join_headers(struct fp_setup *setup)
{
	const struct curl_slist *own = setup->own_headers;
	struct curl_slist *first = setup->headers;
	char *line = NULL;

	setup->wire_headers = first;
	if (!setup->joins_headers || !own || !own->next ||
		strncmp(own->data, "User-Agent:", 11) != 0 ||
		strncmp(own->next->data, "Accept-Encoding:", 16) != 0)
		return 0;
	if (asprintf(&line, "%s\r\n%s", first->data, first->next->data) < 0)
		return -1;
	struct curl_slist *joined = curl_slist_append(NULL, line);
	free(line);
	if (!joined)
		return -1;
	joined->next = first->next->next;
	setup->wire_headers = joined;
	return 0;
}

int
fp_setup_select_headers(
	const struct curl_slist *headers, struct curl_slist **travelling)
{
	for (; headers; headers = headers->next) {
		const char *line = headers->data;
		struct fp_text name = {line, strcspn(line, ":;")};
		if (fp_headerline_travels(name) &&
			setup_append(travelling, line))
			return -1;
	}
	return 0;
}

static int
setup_make_headers(struct fp_setup *setup)
{
	const struct fp_options *options = &setup->options;

	if (make_own_headers(setup))
		return -1;
	for (struct curl_slist *at = setup->own_headers; at; at = at->next) {
		if (setup_append(&setup->headers, at->data))
			return -1;
	}
	for (size_t i = 0; i < options->n_headers; i++) {
		if (setup_append(&setup->headers, options->headers[i]))
			return -1;
	}
	if (fp_setup_select_headers(setup->headers, &setup->travelling))
		return -1;
	return setup_join_headers(setup);
}

/* What libcurl below 8.0.0 cannot be trusted with: where streams share a
 * connection that ends, it calls bodies whole that are not. So HTTP/2 has to be
 * asked for, and then has a connection for each stream. What is left over on an
 * idle connection is looked for at the gate; on one to a Unix socket, which has
 * no ends to be found by, only libcurl itself can look, and before 8.0.0 does
 * not. */
static void
mind_old_libcurl(struct fp_setup *setup)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	bool is_old = info->version_num < 0x080000;

	setup->http_version =
		is_old ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS;
	setup->cannot_multiplex = is_old;
	setup->joins_headers = is_old;
	/* One for each of A and AAAA. */
	setup->lookup_threads =
		info->version_num < 0x081400 || info->ares ? 1 : 2;
	setup->changes_escapes =
		info->version_num >= 0x081400 &&
		!fp_curlopts_has(&setup->curlopts, CURLOPT_REQUEST_TARGET);
	setup->tells_socket = info->version_num >= 0x081600;
	setup->cannot_look =
		is_old &&
		(fp_curlopts_has(&setup->curlopts, CURLOPT_UNIX_SOCKET_PATH) ||
			fp_curlopts_has(&setup->curlopts,
				CURLOPT_ABSTRACT_UNIX_SOCKET));
	setup->forgets_connecting =
		info->version_num >= 0x075800 && info->version_num < 0x080400;
	setup->cannot_see_close = info->version_num < 0x080e01;
	if (!setup->options.dry_run)
		fp_tlsask_init(&setup->tlsask);
}

static int
setup_refuse(char *why, size_t why_size, const char *what, const char *value)
{
	snprintf(why, why_size, "%s: '%s'", what, value);
	errno = EINVAL;
	return -1;
}

/* libcurl 8.3.0 and later have messages about HTTP/2, if asked. The function is
 * looked up by name: what is older has none. */
static bool
ask_for_messages(const struct fp_setup *setup)
{
	CURLcode (*trace)(const char *config);

	if (setup->http_version == CURL_HTTP_VERSION_1_1)
		return false;
	*(void **)&trace = dlsym(RTLD_DEFAULT, "curl_global_trace");
	return trace && trace("http/2") == CURLE_OK;
}

/* Whether an option of libcurl was given that is a number, and not 0. */
static bool
is_set(const struct fp_curlopts *given, CURLoption id)
{
	return fp_curlopts_has(given, id) && !fp_curlopts_is_zero(given, id);
}

/* What the user says about connections, in one way or another. */
static void
choose_connections(struct fp_setup *setup)
{
	const struct fp_options *options = &setup->options;
	const struct fp_curlopts *given = &setup->curlopts;

	setup->is_fresh =
		options->fresh_connect || is_set(given, CURLOPT_FRESH_CONNECT);
	setup->is_alone =
		options->fresh_connect || is_set(given, CURLOPT_FORBID_REUSE);
	setup->has_name_time =
		fp_curlopts_has(given, CURLOPT_DNS_CACHE_TIMEOUT);
	for (size_t i = 0; i < options->n_headers; i++) {
		const char *line = options->headers[i];
		setup->is_alone |= strncasecmp(line, "Connection:", 11) == 0 &&
				   strcasestr(line, "close");
	}
}

/* libcurl can be built without most of what it can do. */
static int
lack(char *why, size_t why_size, const char *what)
{
	snprintf(why, why_size, "libcurl %s is built without %s",
		curl_version_info(CURLVERSION_NOW)->version, what);
	errno = EINVAL;
	return -1;
}

/* Of the allowed schemes, those that libcurl has: it refuses to be told of
 * https when it has no TLS. Not to allow http then is asking for what cannot
 * be. */
static int
choose_protocols(struct fp_setup *setup, char *why, size_t why_size)
{
	const struct fp_options *options = &setup->options;
	const char *message;

	setup->has_tls = fp_has_tls();
	setup->protocols = options->protocols;
	if (setup->has_tls)
		return 0;
	setup->protocols = "http";
	if (fp_url_check("http://a/", 9, options->protocols, &message) !=
		FP_KIND_OK)
		return lack(why, why_size, "TLS");
	return 0;
}

#define HTTP_VERSION_3ONLY 31L /* libcurl 7.88.0 has a name for it */

/* "3": where a server has it, and what else it has otherwise; libcurl tries
 * both at once, and sends nothing but on the one that it chooses. "3only". */
static int
choose_http3(
	struct fp_setup *setup, const char *version, char *why, size_t why_size)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	bool is_only = strcmp(version, "3only") == 0;

	if (!is_only && strcmp(version, "3") != 0)
		return setup_refuse(
			why, why_size, "not an HTTP version", version);
	/* As old as has both. */
	if (!(info->features & CURL_VERSION_HTTP3) ||
		info->version_num < 0x075800)
		return lack(why, why_size, "HTTP/3");
	setup->http_version =
		is_only ? HTTP_VERSION_3ONLY : CURL_HTTP_VERSION_3;
	setup->loses_early_3 =
		!is_only &&
		(!info->quic_version || !strstr(info->quic_version, "ngtcp2"));
	return 0;
}

static int
choose_http_version(struct fp_setup *setup, char *why, size_t why_size)
{
	const char *version = setup->options.http_version;
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	bool has_http2 = info->features & CURL_VERSION_HTTP2;

	mind_old_libcurl(setup);
	choose_connections(setup);
	if (!has_http2)
		setup->http_version = CURL_HTTP_VERSION_1_1;
	if (!version)
		return 0;
	if (strcmp(version, "1.1") == 0) {
		setup->http_version = CURL_HTTP_VERSION_1_1;
		return 0;
	}
	if (version[0] == '3')
		return choose_http3(setup, version, why, why_size);
	if (strcmp(version, "2") != 0)
		return setup_refuse(
			why, why_size, "not an HTTP version", version);
	if (!has_http2)
		return lack(why, why_size, "HTTP/2");
	setup->http_version = CURL_HTTP_VERSION_2TLS;
	setup->forgets_read = setup->loses_early = info->version_num < 0x080000;
	return 0;
}

/* It is the proxy that connects to the hosts. */
static int
refuse_proxy(char *why, size_t why_size, const char *option)
{
	snprintf(why, why_size,
		"%s cannot be used with denied addresses: the proxy connects "
		"to the hosts",
		option);
	errno = EINVAL;
	return -1;
}

static int
make_addresses(struct fp_setup *setup, char *why, size_t why_size)
{
	const struct fp_options *options = &setup->options;
	struct fp_address_filter *filter = &setup->addresses;

	fp_address_filter_init(filter, options->deny_private);
	for (size_t i = 0; i < options->n_deny; i++) {
		if (fp_address_filter_deny(
			    filter, options->deny[i], why, why_size))
			return -1;
	}
	for (size_t i = 0; i < options->n_allow; i++) {
		if (fp_address_filter_allow(
			    filter, options->allow[i], why, why_size))
			return -1;
	}
	if (filter->is_on &&
		(fp_curlopts_has(&setup->curlopts, CURLOPT_PROXY) ||
			fp_curlopts_has(&setup->curlopts, CURLOPT_PRE_PROXY)))
		return refuse_proxy(why, why_size,
			fp_curlopts_has(&setup->curlopts, CURLOPT_PROXY)
				? "PROXY"
				: "PRE_PROXY");
	return 0;
}

/* Who has a login for all hosts has no use for one. */
static int
make_netrc(struct fp_setup *setup, char *why, size_t why_size)
{
	static const CURLoption logins[] = {
		CURLOPT_USERPWD, CURLOPT_USERNAME, CURLOPT_PASSWORD};
	char what[120];

	for (size_t i = 0; i < FP_ARRAY_LEN(logins); i++) {
		if (fp_curlopts_has(&setup->curlopts, logins[i]))
			return 0;
	}
	if (fp_netrc_parse(&setup->netrc, setup->options.netrc, what,
		    sizeof(what)) == 0)
		return 0;
	if (errno == EINVAL)
		snprintf(why, why_size, "netrc: %s", what);
	return -1;
}

/* A token that would never be sent is asked for in vain. */
static int
setup_check_token(const struct fp_setup *setup, char *why, size_t why_size)
{
	static const struct {
		CURLoption id;
		const char *name;
	} logins[] = {{CURLOPT_USERPWD, "USERPWD"},
		{CURLOPT_USERNAME, "USERNAME"},
		{CURLOPT_XOAUTH2_BEARER, "XOAUTH2_BEARER"},
		{CURLOPT_HTTPAUTH, "HTTPAUTH"}};
	const char *name = NULL;

	if (!setup->options.token)
		return 0;
	if (setup_has_header(&setup->options, "Authorization"))
		name = "Authorization";
	for (size_t i = 0; i < FP_ARRAY_LEN(logins); i++) {
		if (fp_curlopts_has(&setup->curlopts, logins[i].id))
			name = logins[i].name;
	}
	if (setup->netrc.n > 0)
		name = "netrc";
	if (!name)
		return 0;
	snprintf(why, why_size,
		"%s cannot be used with a token: a request has one login",
		name);
	errno = EINVAL;
	return -1;
}

/* Whether it tells one page of an item from another. */
static int
tells_page(void *arg, struct fp_text name)
{
	const struct fp_text *variable = arg;

	if (name.len == 4 && memcmp(name.data, "page", 4) == 0)
		return 1;
	return variable->len > 0 && variable->len == name.len &&
	       memcmp(variable->data, name.data, name.len) == 0;
}

/* The files of an item's pages have names of their own. */
static int
check_page_names(struct fp_setup *setup, char *why, size_t why_size)
{
	const struct fp_options *options = &setup->options;
	const char *name = options->output_name;
	char wrong[160];

	if (setup->next.how == FP_NEXT_NONE)
		return 0;
	if (options->remote_name || options->remote_header_name)
		return setup_refuse(why, why_size,
			"remote_name and remote_header_name may give all pages "
			"of an item one name",
			options->next);
	if (!name || fp_template_variables(name, tells_page, &setup->next.name,
			     wrong, sizeof(wrong)) != 0)
		return 0;
	return setup_refuse(why, why_size,
		"output_name without {page} gives all pages of an item one "
		"name",
		name);
}

static int
make_outdir(struct fp_setup *setup, char *why, size_t why_size)
{
	const struct fp_options *options = &setup->options;

	if (!options->output_dir)
		return 0;
	if (check_page_names(setup, why, why_size))
		return -1;
	if (options->output_name) {
		setup->name_template = fp_uritemplate_parse(
			options->output_name, why, why_size);
		if (!setup->name_template)
			return -1;
	}
	int (*open_dir)(struct fp_outdir *, const char *, bool) =
		options->dry_run ? fp_outdir_look : fp_outdir_open;
	if (open_dir(&setup->outdir, options->output_dir, options->overwrite) ==
		0) {
		setup->outdir.has_folders = options->create_dirs;
		if (options->part_key && !options->dry_run)
			fp_outfile_boot(setup->boot);
		setup->outdir.reserved = options->reserved;
		setup->outdir.n_reserved = options->n_reserved;
		return 0;
	}
	int err = errno;
	snprintf(why, why_size, "cannot write to %s: %s", options->output_dir,
		err == ENOENT ? "its parent folder does not exist"
			      : strerror(err));
	errno = err == EINVAL ? EIO : err;
	return -1;
}

static int
make_retry(struct fp_setup *setup, char *why, size_t why_size)
{
	const struct fp_options *options = &setup->options;
	struct fp_retry_policy *policy = &setup->retry;

	fp_retry_policy_init(policy);
	policy->max = options->retry;
	policy->delay_ms = options->retry_delay_ms;
	policy->max_delay_ms = options->retry_max_delay_ms;
	policy->max_time_ms = options->retry_max_time_ms;
	policy->after_max_ms = options->retry_after_max_ms;
	for (size_t i = 0; i < options->n_retry_on; i++) {
		const char *list = options->retry_on[i];
		if (fp_retry_policy_parse(policy, list))
			return setup_refuse(why, why_size,
				"not a list of retry conditions", list);
	}
	setup->is_idempotent = options->idempotent ||
			       setup_has_header(options, "Idempotency-Key");
	return 0;
}

static int
make_rate(const char *text, unsigned share, struct fp_rates *rates, char *why,
	size_t why_size)
{
	if (!text)
		return 0;
	if (fp_rates_parse(text, rates))
		return setup_refuse(why, why_size, "not a rate", text);
	fp_rates_share(rates, FP_MAX(share, 1));
	return 0;
}

/* A file that is no good is no wrong option, and neither is a server; a rate
 * too high is. */
static int
refuse_rate_file(const struct fp_options *options, const char *what, char *why,
	size_t why_size)
{
	int err = errno;
	bool is_server = fp_rateplace_is_server(options->rate_file);
	struct fp_rateplace place = {.shown = NULL};
	char unsaid[4];

	/* Its text may hold a password. */
	if (is_server)
		fp_rateplace_parse(
			options->rate_file, &place, unsaid, sizeof(unsaid));
	snprintf(why, why_size, "rate file %.*s%s%s",
		is_server ? 150 : 70, /* as much of a path as is of use */
		!is_server    ? options->rate_file
		: place.shown ? place.shown
			      : "",
		is_server && !place.shown ? "" : ": ", what);
	fp_rateplace_destroy(&place);
	errno = is_server	? err
		: err == EINVAL ? EBADMSG
		: err == ERANGE ? EINVAL
				: err;
	return -1;
}

static int
open_rate_file(struct fp_setup *setup, char *why, size_t why_size)
{
	const struct fp_options *options = &setup->options;
	const struct fp_rateredis_rules rules = {
		.rates = setup->rates,
		.host_rates = setup->host_rates,
		.is_paced = options->pace,
		.cafile = fp_curlopts_text(&setup->curlopts, CURLOPT_CAINFO),
	};
	char what[300];

	if (options->dry_run ? fp_ratecount_check(options->rate_file, &rules,
				       what, sizeof(what)) == 0
			     : fp_ratecount_open(&setup->rate_count,
				       options->rate_file, &rules, what,
				       sizeof(what)) == 0)
		return 0;
	return refuse_rate_file(options, what, why, why_size);
}

static int
make_rates(struct fp_setup *setup, char *why, size_t why_size)
{
	const struct fp_options *options = &setup->options;

	/* A server counts for all who share it: there, nobody has a part. */
	bool is_whole = options->rate_file &&
			fp_rateplace_is_server(options->rate_file);
	unsigned share = is_whole ? 1 : options->share;
	if (make_rate(options->rate, share, &setup->rates, why, why_size) ||
		make_rate(options->host_rate, share, &setup->host_rates, why,
			why_size))
		return -1;
	setup->has_rates = setup->rates.n || setup->host_rates.n;
	if (!options->rate_file)
		return 0;
	if (!options->rate && !(is_whole && options->host_rate)) {
		snprintf(why, why_size,
			is_whole ? "rate_file needs a rate, or a host_rate"
				 : "rate_file needs a rate");
		errno = EINVAL;
		return -1;
	}
	return open_rate_file(setup, why, why_size);
}

/* libcurl knows ".example.com" for the hosts below, and not "*.example.com",
 * which most others know as well; it passes over what it does not know, and
 * tells the proxy. So in its list the one becomes the other. */
static int
make_noproxy(struct fp_setup *setup)
{
	const char *list = fp_curlopts_text(&setup->curlopts, CURLOPT_NOPROXY);
	char *to;

	if (!list)
		list = getenv("no_proxy");
	if (!list)
		list = getenv("NO_PROXY");
	if (setup->is_direct || !list || !strstr(list, "*."))
		return 0;
	setup->noproxy = to = strdup(list);
	if (!to)
		return -1;
	for (const char *from = list; (*to = *from); from++, to++) {
		bool is_first = from == list || strchr(", \t", from[-1]);
		if (is_first && from[0] == '*' && from[1] == '.')
			to--;
	}
	return 0;
}

static int
make_pointers(struct fp_setup *setup, char *why, size_t why_size)
{
	const struct fp_options *options = &setup->options;

	if (options->n_fail_if == 0)
		return 0;
	for (size_t i = 0; i < options->n_fail_if; i++) {
		if (!fp_is_json_pointer(options->fail_if[i]))
			return setup_refuse(why, why_size, "not a JSON Pointer",
				options->fail_if[i]);
	}
	setup->fail_if =
		fp_jsonfind_pointers_new(options->fail_if, options->n_fail_if);
	return setup->fail_if ? 0 : -1;
}

/* Adds a place to those whose values are taken. */
static int
add_place(struct fp_setup *setup, const char *pointer)
{
	setup->take.pointers[setup->take.n] = pointer;
	return (int)setup->take.n++;
}

static int
make_next(struct fp_setup *setup, char *why, size_t why_size)
{
	const struct fp_options *options = &setup->options;
	struct fp_nextrule *rule = &setup->next;
	char wrong[120];

	if (fp_nextrule_parse(rule, options->next, wrong, sizeof(wrong)))
		return setup_refuse(why, why_size, wrong, options->next);
	if (rule->pointer)
		setup->take.next = add_place(setup, rule->pointer);
	if (options->until_empty && !fp_is_json_pointer(options->until_empty))
		return setup_refuse(why, why_size, "not a JSON Pointer",
			options->until_empty);
	if (options->until_empty)
		setup->take.until = add_place(setup, options->until_empty);
	else if (rule->how == FP_NEXT_COUNT)
		setup->take.until = add_place(setup, "");
	return 0;
}

/* Where what comes after a page is said is JSON, bodies have to be that. */
static int
make_pages(struct fp_setup *setup, char *why, size_t why_size)
{
	struct fp_options *options = &setup->options;

	setup->take.next = setup->take.until = setup->take.each = -1;
	setup->max_pages = options->max_pages ? options->max_pages : 1000;
	if (options->next && make_next(setup, why, why_size))
		return -1;
	if (options->each && !fp_is_json_pointer(options->each))
		return setup_refuse(
			why, why_size, "not a JSON Pointer", options->each);
	if (options->each)
		setup->take.each = add_place(setup, options->each);
	if (setup->take.n == 0)
		return 0;
	if (options->body == FP_BODY_AUTO)
		options->body = FP_BODY_JSON;
	if (options->body != FP_BODY_JSON)
		return setup_refuse(why, why_size, "requires JSON bodies",
			options->each ? options->each : options->next);
	return 0;
}

static int
setup_make(struct fp_setup *setup, char *why, size_t why_size)
{
	const struct fp_options *options = &setup->options;
	const char *ok = options->ok_status ? options->ok_status : "2xx";

	if (fp_outcome_parse_statuses(&setup->ok, ok))
		return setup_refuse(
			why, why_size, "not a list of status codes", ok);
	/* A part that nobody asked for is no whole. */
	if (!options->ok_status && !setup_has_header(options, "Range"))
		setup->ok.has[206] = false;
	if (make_pointers(setup, why, why_size) ||
		make_pages(setup, why, why_size))
		return -1;
	if (options->url_template) {
		setup->template = fp_uritemplate_parse(
			options->url_template, why, why_size);
		if (!setup->template)
			return -1;
	}
	if (fp_curlopts_init(&setup->curlopts, options->curl_options,
		    options->n_curl_options, why, why_size))
		return -1;
	curl_off_t family =
		fp_curlopts_number(&setup->curlopts, CURLOPT_IPRESOLVE);
	setup->family = family == CURL_IPRESOLVE_V4   ? AF_INET
			: family == CURL_IPRESOLVE_V6 ? AF_INET6
						      : 0;
	setup->resumes_nothing = fp_curlopts_is_zero(
		&setup->curlopts, CURLOPT_SSL_SESSIONID_CACHE);
	/* Where nothing is sent, nobody is to be trusted. */
	if ((!options->dry_run && fp_trust_init(&setup->trust, &setup->curlopts,
					  options->insecure)) ||
		make_netrc(setup, why, why_size) ||
		setup_check_token(setup, why, why_size) ||
		choose_protocols(setup, why, why_size) ||
		choose_http_version(setup, why, why_size) ||
		make_addresses(setup, why, why_size))
		return -1;
	setup->tells_refusal = ask_for_messages(setup);
	setup->is_direct =
		setup->addresses.is_on ||
		(options->ignore_proxy_env &&
			!fp_curlopts_has(&setup->curlopts, CURLOPT_PROXY) &&
			!fp_curlopts_has(&setup->curlopts, CURLOPT_PRE_PROXY));
	if (!setup->is_direct)
		setup->proxy_port = fp_proxies_port(
			&setup->curlopts, !options->ignore_proxy_env);
	setup->signs = fp_curlopts_has(&setup->curlopts, CURLOPT_AWS_SIGV4);
	setup->has_small_buffers =
		options->jobs >= MANY_JOBS && !setup->forgets_read &&
		!fp_curlopts_has(&setup->curlopts, CURLOPT_BUFFERSIZE);
	setup->copies_heads =
		setup->has_small_buffers && !options->data.data &&
		!options->data_line &&
		curl_version_info(CURLVERSION_NOW)->version_num < 0x080700;
	if (setup_make_headers(setup) || make_noproxy(setup)) {
		errno = ENOMEM;
		return -1;
	}
	if (make_retry(setup, why, why_size) ||
		make_rates(setup, why, why_size))
		return -1;
	return make_outdir(setup, why, why_size);
}

int
fp_setup_init(struct fp_setup *setup, const struct fp_options *options,
	char *why, size_t why_size)
{
	memset(setup, 0, sizeof(*setup));
	setup->options = *options;
	if (setup->options.seed == 0)
		setup->options.seed =
			(uint64_t)fp_clock_now_ns() ^ (uintptr_t)setup;
	setup->outdir.fd = -1;
	fp_mutex_init(&setup->fault_lock);
	fp_mutex_init(&setup->fill_lock);
	setup->temporary_folder = secure_getenv("TMPDIR");
	fp_idletimes_init(&setup->idletimes);
	setup->most_partials =
		(unsigned)FP_MIN(PARTIALS_MAX, fp_descriptors_left() / 8);
	fp_memory_init(
		&setup->memory, options->max_memory, options->keep_order);
	if (setup_make(setup, why, why_size)) {
		int err = errno;
		setup->is_withdrawn = true;
		fp_setup_destroy(setup);
		errno = err;
		return -1;
	}
	return 0;
}

void
fp_setup_destroy(struct fp_setup *setup)
{
	fp_uritemplate_free(setup->template);
	setup->template = NULL;
	fp_uritemplate_free(setup->name_template);
	setup->name_template = NULL;
	fp_jsonfind_pointers_free(setup->fail_if);
	setup->fail_if = NULL;
	if (setup->is_withdrawn) {
		if (setup->outdir.fd >= 0)
			fp_outdir_undo(
				&setup->outdir, setup->options.output_dir);
		fp_ratecount_undo(&setup->rate_count);
	}
	if (setup->outdir.fd >= 0)
		fp_outdir_close(&setup->outdir);
	setup->outdir.fd = -1;
	fp_ratecount_close(&setup->rate_count);
	if (setup->wire_headers && setup->wire_headers != setup->headers) {
		setup->wire_headers->next = NULL; /* it is of `headers` */
		curl_slist_free_all(setup->wire_headers);
	}
	setup->wire_headers = NULL;
	curl_slist_free_all(setup->headers);
	curl_slist_free_all(setup->own_headers);
	curl_slist_free_all(setup->travelling);
	setup->headers = setup->travelling = setup->own_headers = NULL;
	fp_trust_destroy(&setup->trust);
	fp_curlopts_destroy(&setup->curlopts);
	free(setup->noproxy);
	setup->noproxy = NULL;
	fp_netrc_destroy(&setup->netrc);
	fp_address_filter_destroy(&setup->addresses);
	fp_mutex_destroy(&setup->fault_lock);
	fp_mutex_destroy(&setup->fill_lock);
	fp_idletimes_destroy(&setup->idletimes);
}

long
fp_setup_connect_ms(const struct fp_setup *setup, int64_t more_ms)
{
	int64_t ms = (int64_t)setup->options.connect_timeout_ms;

	return ms == 0 ? 0 : (long)FP_MIN(ms + more_ms, (int64_t)LONG_MAX);
}

void
fp_setup_halt(struct fp_setup *setup, const char *why)
{
	fp_mutex_lock(&setup->fault_lock);
	if (!setup->has_fault) {
		setup->has_fault = true;
		setup->halt(setup->halt_arg, why);
	}
	fp_mutex_unlock(&setup->fault_lock);
}

void
fp_setup_fault(struct fp_setup *setup, const char *what, int err)
{
	char why[400];

	snprintf(why, sizeof(why), "%s%s%s", what,
		err == ESTALE || err == EINVAL ? " " : ": ",
		err == ESTALE	? "was removed or replaced"
		: err == EINVAL ? "is damaged"
				: strerror(err));
	fp_setup_halt(setup, why);
}
