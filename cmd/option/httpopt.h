/* SPDX-License-Identifier: MIT */
/*
 * httpopt: the options about requests, with curl's names and meanings, as
 * settings. Many are nothing but an option of libcurl, which the library
 * judges; these here have more to them.
 *
 * Threads: before there are any.
 * Ownership: the settings'.
 * Failure: as for all setters: false.
 */
#ifndef FP_HTTPOPT_H
#define FP_HTTPOPT_H

#include "base.h"

#include "settings.h"

fp_setter fp_httpopt_proto;
fp_setter fp_httpopt_ok_status;
fp_setter fp_httpopt_user_agent;
fp_setter fp_httpopt_header;
fp_setter fp_httpopt_expand_header;
fp_setter fp_httpopt_expand_data;
fp_setter fp_httpopt_expand_json;
fp_setter fp_httpopt_expand_upload;
fp_setter fp_httpopt_expand_user;
fp_setter fp_httpopt_method;
fp_setter fp_httpopt_head;
fp_setter fp_httpopt_check;
fp_setter fp_httpopt_data;
fp_setter fp_httpopt_data_raw;
fp_setter fp_httpopt_data_binary;
fp_setter fp_httpopt_json;
fp_setter fp_httpopt_upload;
fp_setter fp_httpopt_upload_root;
fp_setter fp_httpopt_sigv4;
fp_setter fp_httpopt_bearer;
fp_setter fp_httpopt_token_command;
fp_setter fp_httpopt_cert;
fp_setter fp_httpopt_netrc_file;
fp_setter fp_httpopt_resolve;
fp_setter fp_httpopt_connect_to;
fp_setter fp_httpopt_cookie;
fp_setter fp_httpopt_max_redirs;
fp_setter fp_httpopt_http1;
fp_setter fp_httpopt_http2;
fp_setter fp_httpopt_http3;
fp_setter fp_httpopt_http3_only;
fp_setter fp_httpopt_deny;
fp_setter fp_httpopt_allow;
fp_setter fp_httpopt_referer;
fp_setter fp_httpopt_setopt;
fp_setter fp_httpopt_user;

/* Reads the netrc file in this folder, if there is one. */
bool fp_httpopt_home_netrc(struct fp_settings *settings, const char *home);

/* Takes these keys to sign with, which the environment has or not (NULL), if
 * requests are to be signed and no keys were given. */
bool fp_httpopt_signing_keys(struct fp_settings *settings, const char *id,
	const char *key, const char *token);

/* Whether an option of libcurl, such as "CAINFO", was given, by whatever option
 * of ours, --setopt among them. */
bool fp_httpopt_has_curl(const struct fp_settings *settings, const char *name);

/* Whether an option says which certificate authorities are trusted. */
bool fp_httpopt_names_authorities(const struct fp_settings *settings);

/* An option of libcurl: `name` is its name, or the whole NAME=VALUE if the
 * option has no value. */
bool fp_httpopt_curl(
	struct fp_settings *settings, const char *name, const char *value);

/* Whether the file or folder that an option names can be read; if not, that is
 * said. */
bool fp_httpopt_can_read(const char *option, const char *path);

#endif
