/* SPDX-License-Identifier: MIT */
/*
 * libcurl keeps a store of authorities for all connections of a multi handle,
 * but only if it comes from a file alone; and there are many multi handles. So
 * libcurl is given neither file nor folder, and each SSL_CTX that it makes gets
 * the pool's one store. A store is made for being shared by threads.
 *
 * A folder is looked into for one authority at a time, by the hash of its name,
 * and what is found is kept. That takes a fraction of a millisecond, and 20 to
 * 30 if OpenSSL reads all of the system's file. So files are looked into in the
 * same way, one certificate at a time (see bundle.h), unless there is more in
 * them than certificates: then OpenSSL reads all. The file that libcurl has by
 * default is read when the folder does not have what is wanted: mostly never. A
 * file that the user names is read at once, since it is an error if it cannot
 * be read.
 *
 * OpenSSL's functions are those that libcurl was linked with, found by name:
 * another copy than that would be of no use. All are part of its interface
 * since 3.0.
 *
 * Which peer an SSL_CTX is for, libcurl does not say. So those for proxies are
 * marked: with CURLSSLOPT_ALLOW_BEAST libcurl leaves an option of OpenSSL on
 * that it otherwise switches off, and that is then switched off here. And with
 * CURLSSLOPT_NO_PARTIALCHAIN libcurl, which may remember a store after it was
 * given one, does not take a server's for a proxy. (The stores allow partial
 * chains, as libcurl's do.)
 */
#include "base.h"

#include "trust.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define TRUSTED_FIRST 0x8000UL /* X509_V_FLAG_... */
#define PARTIAL_CHAIN 0x80000UL
#define OP_NO_TICKET ((uint64_t)1 << 14) /* SSL_OP_... */
#define OP_NO_EMPTY_FRAGMENTS ((uint64_t)1 << 11)
#define LU_X509 1 /* X509_LU_... */

/* X509_LOOKUP_get_by_subject_fn */
typedef int finder(void *lookup, int type, const void *name, void *object);

struct fp_openssl {
	void *(*X509_STORE_new)(void);
	void (*X509_STORE_free)(void *store);
	int (*X509_STORE_set_flags)(void *store, unsigned long flags);
	int (*X509_STORE_load_file)(void *store, const char *file);
	int (*X509_STORE_load_path)(void *store, const char *dir);
	void *(*X509_STORE_add_lookup)(void *store, void *method);
	void *(*X509_STORE_get0_objects)(const void *store);
	int (*X509_STORE_lock)(void *store);
	int (*X509_STORE_unlock)(void *store);
	void *(*X509_LOOKUP_meth_new)(const char *name);
	void (*X509_LOOKUP_meth_free)(void *method);
	int (*X509_LOOKUP_meth_set_get_by_subject)(void *method, finder *find);
	int (*X509_LOOKUP_set_method_data)(void *lookup, void *data);
	void *(*X509_OBJECT_retrieve_by_subject)(
		void *objects, int type, const void *name);
	void *(*X509_OBJECT_get0_X509)(const void *object);
	int (*X509_OBJECT_set1_X509)(void *object, void *certificate);
	void (*X509_free)(void *certificate);
	int (*X509_STORE_add_cert)(void *store, void *certificate);
	void *(*d2i_X509)(void **a, const unsigned char **der, long len);
	void *(*d2i_X509_NAME)(void **a, const unsigned char **der, long len);
	void (*X509_NAME_free)(void *name);
	unsigned long (*X509_NAME_hash_ex)(const void *name, void *libctx,
		const char *properties, int *ok);
	uint64_t (*SSL_CTX_get_options)(const void *context);
	void (*SSL_CTX_set1_cert_store)(void *context, void *store);
	uint64_t (*SSL_CTX_clear_options)(void *context, uint64_t options);
	void (*ERR_clear_error)(void);
};

/* What it says itself, and not another library that has its names. */
static bool
is_openssl_3(void)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	unsigned long (*version)(void);

	*(void **)&version = dlsym(RTLD_DEFAULT, "OpenSSL_version_num");
	return info->ssl_version &&
	       strncmp(info->ssl_version, "OpenSSL/", 8) == 0 && version &&
	       version() >= 0x30000000UL;
}

/* Finds all of them; false: there is one that is not there. */
static bool
find_openssl(struct fp_openssl *openssl)
{
#define FIND(name) \
	((*(void **)&openssl->name = dlsym(RTLD_DEFAULT, #name)) != NULL)
	return FIND(X509_STORE_new) && FIND(X509_STORE_free) &&
	       FIND(X509_STORE_set_flags) && FIND(X509_STORE_load_file) &&
	       FIND(X509_STORE_load_path) && FIND(X509_STORE_add_lookup) &&
	       FIND(X509_STORE_get0_objects) && FIND(X509_STORE_lock) &&
	       FIND(X509_STORE_unlock) && FIND(X509_LOOKUP_meth_new) &&
	       FIND(X509_LOOKUP_meth_free) &&
	       FIND(X509_LOOKUP_meth_set_get_by_subject) &&
	       FIND(X509_LOOKUP_set_method_data) &&
	       FIND(X509_OBJECT_retrieve_by_subject) &&
	       FIND(X509_OBJECT_get0_X509) && FIND(X509_OBJECT_set1_X509) &&
	       FIND(X509_free) && FIND(X509_STORE_add_cert) && FIND(d2i_X509) &&
	       FIND(d2i_X509_NAME) && FIND(X509_NAME_free) &&
	       FIND(X509_NAME_hash_ex) && FIND(SSL_CTX_get_options) &&
	       FIND(SSL_CTX_set1_cert_store) && FIND(SSL_CTX_clear_options) &&
	       FIND(ERR_clear_error);
#undef FIND
}

/* ---- the file ---- */

/* The hash that names the files of a folder: names that differ in case or in
 * blanks alone have the same. */
static bool
trust_hash(
	const struct fp_openssl *openssl, const void *name, unsigned long *hash)
{
	int ok = 0;

	*hash = openssl->X509_NAME_hash_ex(name, NULL, NULL, &ok);
	return ok;
}

static bool
hash_entry(const struct fp_openssl *openssl, const struct fp_bundle *bundle,
	struct fp_bundle_entry *entry)
{
	const unsigned char *der =
		(const unsigned char *)bundle->der.data + entry->subject_at;
	void *name =
		openssl->d2i_X509_NAME(NULL, &der, (long)entry->subject_len);
	bool ok = name && trust_hash(openssl, name, &entry->hash);

	openssl->X509_NAME_free(name);
	return ok;
}

/* Reads the file for what is looked up in it; false: that cannot be done. */
static bool
index_file(struct fp_authorities *all)
{
	const struct fp_openssl *openssl = all->trust->openssl;
	struct fp_bundle *bundle = &all->bundle;

	if (fp_bundle_read(bundle, all->file))
		return false;
	for (size_t i = 0; i < bundle->n; i++) {
		if (!hash_entry(openssl, bundle, &bundle->all[i])) {
			openssl->ERR_clear_error();
			fp_bundle_destroy(bundle);
			return false;
		}
	}
	return true;
}

/* Under the lock. false: the file cannot be read. */
static bool
read_file(struct fp_authorities *all, void *store)
{
	if (!all->is_read)
		all->is_read = index_file(all) ||
			       all->trust->openssl->X509_STORE_load_file(
				       store, all->file) == 1;
	return all->is_read;
}

/* Puts the certificates with such a subject into the store. */
static void
take_from_bundle(struct fp_authorities *all, const void *name)
{
	const struct fp_openssl *openssl = all->trust->openssl;
	struct fp_bundle *bundle = &all->bundle;
	unsigned long hash;

	if (bundle->n == 0 || !trust_hash(openssl, name, &hash))
		return;
	for (size_t i = 0; i < bundle->n; i++) {
		struct fp_bundle_entry *entry = &bundle->all[i];
		if (entry->hash != hash || entry->is_taken)
			continue;
		const unsigned char *der =
			(const unsigned char *)bundle->der.data + entry->at;
		void *certificate =
			openssl->d2i_X509(NULL, &der, (long)entry->len);
		entry->is_taken =
			certificate && openssl->X509_STORE_add_cert(
					       all->store, certificate) == 1;
		openssl->X509_free(certificate);
		if (!entry->is_taken)
			openssl->ERR_clear_error();
	}
}

/* OpenSSL asks when what it has will not do. The object that it gets is not to
 * hold the certificate: OpenSSL does that itself. */
static int
find_in_file(void *lookup, int type, const void *name, void *object)
{
	void *(*get_data)(const void *);
	int found = 0;

	*(void **)&get_data =
		dlsym(RTLD_DEFAULT, "X509_LOOKUP_get_method_data");
	struct fp_authorities *all = get_data(lookup);
	const struct fp_openssl *openssl = all->trust->openssl;
	if (type != LU_X509)
		return 0;
	fp_mutex_lock(&all->trust->lock);
	bool is_read = read_file(all, all->store);
	if (is_read)
		take_from_bundle(all, name);
	fp_mutex_unlock(&all->trust->lock);
	if (!is_read)
		return 0;
	openssl->X509_STORE_lock(all->store);
	void *objects = openssl->X509_STORE_get0_objects(all->store);
	void *at =
		openssl->X509_OBJECT_retrieve_by_subject(objects, type, name);
	void *certificate = at ? openssl->X509_OBJECT_get0_X509(at) : NULL;
	if (certificate &&
		openssl->X509_OBJECT_set1_X509(object, certificate) == 1) {
		openssl->X509_free(certificate);
		found = 1;
	}
	openssl->X509_STORE_unlock(all->store);
	return found;
}

static bool
add_lookup(struct fp_authorities *all, void *store)
{
	struct fp_trust *trust = all->trust;
	const struct fp_openssl *openssl = trust->openssl;

	if (!trust->method) {
		trust->method =
			openssl->X509_LOOKUP_meth_new("a file of authorities");
		if (!trust->method ||
			openssl->X509_LOOKUP_meth_set_get_by_subject(
				trust->method, find_in_file) != 1)
			return false;
	}
	void *lookup = openssl->X509_STORE_add_lookup(store, trust->method);
	return lookup && openssl->X509_LOOKUP_set_method_data(lookup, all) == 1;
}

/* ---- the store ---- */

static CURLcode
fill_store(struct fp_authorities *all, void *store, const char **unread)
{
	const struct fp_openssl *openssl = all->trust->openssl;

	if (openssl->X509_STORE_set_flags(
		    store, TRUSTED_FIRST | PARTIAL_CHAIN) != 1)
		return CURLE_OUT_OF_MEMORY;
	*unread = all->file;
	if (all->file && !all->is_lazy) {
		if (!read_file(all, store))
			return CURLE_SSL_CACERT_BADFILE;
		if (all->bundle.n > 0 && !add_lookup(all, store))
			return CURLE_OUT_OF_MEMORY;
	}
	*unread = all->dir;
	if (all->dir && openssl->X509_STORE_load_path(store, all->dir) != 1)
		return CURLE_SSL_CACERT_BADFILE;
	if (all->is_lazy && !add_lookup(all, store))
		return CURLE_OUT_OF_MEMORY;
	return CURLE_OK;
}

/* Makes the store when it is first needed. One that fails is tried again by
 * the next connection: it may have been for want of descriptors. */
static CURLcode
need_store(struct fp_authorities *all, const char **unread)
{
	const struct fp_openssl *openssl = all->trust->openssl;
	CURLcode code = CURLE_OK;

	fp_mutex_lock(&all->trust->lock);
	if (!all->store) {
		void *store = openssl->X509_STORE_new();
		code = store ? fill_store(all, store, unread)
			     : CURLE_OUT_OF_MEMORY;
		if (code == CURLE_OK) {
			all->store = store;
		} else {
			/* What was read into it goes with it. */
			all->is_read = all->bundle.n > 0;
			openssl->X509_STORE_free(store);
			openssl->ERR_clear_error();
		}
	}
	fp_mutex_unlock(&all->trust->lock);
	return code;
}

CURLcode
fp_trust_meet(struct fp_trust *trust, void *context, const char **unread)
{
	const struct fp_openssl *openssl = trust->openssl;
	bool is_proxy =
		openssl->SSL_CTX_get_options(context) & OP_NO_EMPTY_FRAGMENTS;
	struct fp_authorities *all = is_proxy ? &trust->proxy : &trust->server;

	/* libcurl does not want tickets in TLS 1.2, for servers of long ago;
	 * without them few sessions are resumed. */
	openssl->SSL_CTX_clear_options(
		context, OP_NO_TICKET | OP_NO_EMPTY_FRAGMENTS);
	if (all->is_off)
		return CURLE_OK;
	CURLcode code = need_store(all, unread);
	if (code == CURLE_OK)
		openssl->SSL_CTX_set1_cert_store(context, all->store);
	return code;
}

/* Since 8.17.0 (curl's commit eefd03c572) an option that is NULL is the default
 * again, and that is read for each connection. What a blob holds is taken in
 * place of the file: a list of revoked certificates that names none, in DER 42
 * bytes. From the store with it nobody is trusted; and it is thrown away. */
static const char no_certificates[] =
	"-----BEGIN X509 CRL-----\n"
	"MCgwGwIBATAFBgMrZXAwABcNMDAwMTAxMDAwMDAwWjAFBgMrZXADAgAA\n"
	"-----END X509 CRL-----\n";

static bool
brings_defaults_back(void)
{
	return curl_version_info(CURLVERSION_NOW)->version_num >= 0x081100;
}

static CURLcode
give_nothing(CURL *easy)
{
	struct curl_blob blob = {
		.data = (void *)no_certificates,
		.len = sizeof(no_certificates) - 1,
		.flags = CURL_BLOB_NOCOPY,
	};
	CURLcode code = curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);

	return code != CURLE_OK ? code
				: curl_easy_setopt(easy,
					  CURLOPT_PROXY_CAINFO_BLOB, &blob);
}

CURLcode
fp_trust_apply(const struct fp_trust *trust, CURL *easy,
	curl_ssl_ctx_callback meet, void *arg)
{
	CURLcode code = CURLE_OK;

	if (!trust->is_on)
		return CURLE_OK;

#define SET(option, value) \
	(code = code ? code : curl_easy_setopt(easy, option, value))
	SET(CURLOPT_CAINFO, NULL);
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_PROXY_CAINFO, NULL);
	SET(CURLOPT_PROXY_CAPATH, NULL);
	SET(CURLOPT_PROXY_SSL_OPTIONS,
		(long)(CURLSSLOPT_ALLOW_BEAST | CURLSSLOPT_NO_PARTIALCHAIN));
	SET(CURLOPT_SSL_CTX_FUNCTION, meet);
	SET(CURLOPT_SSL_CTX_DATA, arg);
#undef SET
	if (code == CURLE_OK && brings_defaults_back())
		code = give_nothing(easy);
	return code;
}

/* ---- where they are ---- */

static int
copy(char **to, const char *text)
{
	if (!text)
		return 0;
	*to = strdup(text);
	return *to ? 0 : -1;
}

/* What the user named, or else libcurl's own. */
static int
find_authorities(struct fp_authorities *all, const struct fp_curlopts *options,
	CURLoption file_option, CURLoption dir_option, CURL *easy)
{
	const char *file = fp_curlopts_text(options, file_option);
	const char *dir = fp_curlopts_text(options, dir_option);
	bool is_default = !file;
	char *text = NULL;

	if (!file &&
		curl_easy_getinfo(easy, CURLINFO_CAINFO, &text) == CURLE_OK)
		file = text;
	if (!dir && dir_option == CURLOPT_PROXY_CAPATH)
		dir = fp_curlopts_text(options, CURLOPT_CAPATH);
	if (!dir && curl_easy_getinfo(easy, CURLINFO_CAPATH, &text) == CURLE_OK)
		dir = text;
	if (copy(&all->file, file) || copy(&all->dir, dir))
		return -1;
	all->is_lazy = is_default && all->file && all->dir &&
		       access(all->file, R_OK) == 0;
	return 0;
}

/* Options that change how a store is made, which here is not known. */
static bool
is_left_to_libcurl(const struct fp_curlopts *options)
{
	static const CURLoption others[] = {CURLOPT_CRLFILE,
		CURLOPT_PROXY_CRLFILE, CURLOPT_SSL_OPTIONS,
		CURLOPT_PROXY_SSL_OPTIONS};

	for (size_t i = 0; i < FP_ARRAY_LEN(others); i++) {
		if (fp_curlopts_has(options, others[i]))
			return true;
	}
	return false;
}

int
fp_trust_init(struct fp_trust *trust, const struct fp_curlopts *options,
	bool insecure)
{
	memset(trust, 0, sizeof(*trust));
	if (is_left_to_libcurl(options) || !is_openssl_3())
		return 0;
	struct fp_openssl *openssl = calloc(1, sizeof(*openssl));
	if (!openssl)
		return -1;
	if (!find_openssl(openssl)) {
		free(openssl);
		return 0;
	}
	CURL *easy = curl_easy_init();
	int ret = easy ? 0 : -1;
	trust->openssl = openssl;
	trust->server.trust = trust->proxy.trust = trust;
	fp_mutex_init(&trust->lock);
	trust->is_on = true;
	if (ret == 0)
		ret = find_authorities(&trust->server, options, CURLOPT_CAINFO,
			CURLOPT_CAPATH, easy);
	if (ret == 0)
		ret = find_authorities(&trust->proxy, options,
			CURLOPT_PROXY_CAINFO, CURLOPT_PROXY_CAPATH, easy);
	curl_easy_cleanup(easy);
	trust->server.is_off = insecure;
	trust->proxy.is_off =
		fp_curlopts_is_zero(options, CURLOPT_PROXY_SSL_VERIFYPEER);
	if (ret) {
		fp_trust_destroy(trust);
		errno = ENOMEM;
	}
	return ret;
}

static void
trust_forget(struct fp_authorities *all)
{
	const struct fp_openssl *openssl = all->trust->openssl;

	if (all->store)
		openssl->X509_STORE_free(all->store);
	fp_bundle_destroy(&all->bundle);
	free(all->file);
	free(all->dir);
	*all = (struct fp_authorities){0};
}

void
fp_trust_destroy(struct fp_trust *trust)
{
	if (!trust->is_on)
		return;
	trust_forget(&trust->server);
	trust_forget(&trust->proxy);
	if (trust->method)
		trust->openssl->X509_LOOKUP_meth_free(trust->method);
	trust->method = NULL;
	free(trust->openssl);
	trust->openssl = NULL;
	fp_mutex_destroy(&trust->lock);
	trust->is_on = false;
}
