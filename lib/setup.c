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

/* libcurl's HTTP/2 calls bodies whole that are not, below 8.0.0. */
static long
choose_http_version(void)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	return info->version_num < 0x080000 ? CURL_HTTP_VERSION_1_1
					    : CURL_HTTP_VERSION_2TLS;
}

int
fp_setup_init(struct fp_setup *setup, const struct fp_options *options,
	char *why, size_t why_size)
{
	memset(setup, 0, sizeof(*setup));
	setup->options = *options;
	setup->http_version = choose_http_version();
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
