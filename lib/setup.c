/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int
make_headers(struct fp_setup *setup, const struct fp_options *options)
{
	for (size_t i = 0; i < options->n_headers; i++) {
		struct curl_slist *list =
			curl_slist_append(setup->headers, options->headers[i]);
		if (!list)
			return -1;
		setup->headers = list;
	}
	return 0;
}

/* What libcurl below 8.0.0 cannot be trusted with: its HTTP/2 calls bodies
 * whole that are not, and what is left over on an idle connection it takes
 * for the next answer. */
static void
mind_old_libcurl(struct fp_setup *setup)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	bool is_old = info->version_num < 0x080000;

	setup->http_version =
		is_old ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS;
	setup->looks_at_sockets = is_old;
}

int
fp_setup_init(struct fp_setup *setup, const struct fp_options *options,
	char *why, size_t why_size)
{
	memset(setup, 0, sizeof(*setup));
	setup->options = *options;
	mind_old_libcurl(setup);
	if (fp_statuses_parse(&setup->ok,
		    options->ok_status ? options->ok_status : "2xx")) {
		snprintf(why, why_size, "not a list of statuses: '%s'",
			options->ok_status);
		errno = EINVAL;
		return -1;
	}
	if (options->url_template) {
		setup->template = fp_uritemplate_parse(
			options->url_template, why, why_size);
		if (!setup->template)
			return -1;
	}
	if (make_headers(setup, options)) {
		fp_setup_destroy(setup);
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

void
fp_setup_destroy(struct fp_setup *setup)
{
	fp_uritemplate_free(setup->template);
	curl_slist_free_all(setup->headers);
	setup->template = NULL;
	setup->headers = NULL;
}
