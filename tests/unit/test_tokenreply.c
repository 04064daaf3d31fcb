/* SPDX-License-Identifier: MIT */
#include "base.h"

#include "clock.h"
#include "tap.h"
#include "tokenreply.h"

#include <errno.h>
#include <string.h>

static char why[120];

static void
gives(const char *text, const char *token, int64_t expires_s)
{
	struct fp_tokenreply reply;
	struct fp_text all = {text, strlen(text)};

	CHECK(fp_tokenreply_parse(all, &reply, why, sizeof(why)) == 0);
	CHECK_TEXT(fp_buf_text(&reply.token), token);
	CHECK(reply.expires_ns ==
		(expires_s < 0 ? -1 : expires_s * FP_NS_PER_S));
	fp_tokenreply_destroy(&reply);
}

static void
fails(const char *text, const char *said)
{
	struct fp_tokenreply reply;
	struct fp_text all = {text, strlen(text)};

	why[0] = '\0';
	CHECK(fp_tokenreply_parse(all, &reply, why, sizeof(why)) == -1);
	CHECK(errno == EINVAL);
	CHECK_TEXT(why, said);
	fp_tokenreply_destroy(&reply);
}

static void
tokens(void)
{
	gives("abc", "abc", -1);
	gives("abc\n", "abc", -1);
	gives("abc\r\n", "abc", -1);
	gives("\n  abc \n\n", "abc", -1);
	gives("eyJh.eyJz-_~+/==\n", "eyJh.eyJz-_~+/==", -1);
}

static void
replies(void)
{
	gives("{\"access_token\":\"abc\"}", "abc", -1);
	gives("{\"access_token\":\"abc\",\"token_type\":\"Bearer\","
	      "\"expires_in\":3600}\n",
		"abc", 3600);
	gives("\n{ \"expires_in\" : 20, \"token_type\": \"bearer\",\n"
	      " \"scope\": [\"a\"], \"access_token\": \"a\\u0062c\" }",
		"abc", 20);
	gives("{\"access_token\":\"a\",\"expires_in\":\"60\"}", "a", 60);
	gives("{\"access_token\":\"a\",\"expires_in\":59.9}", "a", 59);
	gives("{\"access_token\":\"a\",\"expires_in\":0}", "a", 0);
	gives("{\"access_token\":\"a\",\"expires_in\":null}", "a", -1);
	gives("{\"access_token\":\"a\",\"token_type\":null,\"error\":null}",
		"a", -1);
	gives("{\"access_token\":\"a\","
	      "\"expires_in\":99999999999999999999999999}",
		"a", INT64_C(100) * 365 * 24 * 3600);
}

static void
wrong_tokens(void)
{
	fails("", "the command printed nothing");
	fails(" \r\n\n", "the command printed nothing");
	fails("a\nb\n", "the command printed more than one line");
	fails("a\r\nb", "the command printed more than one line");
	fails("a b", "the token contains an invalid character");
	fails("a\tb", "the token contains an invalid character");
	fails("a\rb", "the token contains an invalid character");
	fails("\xc3\xa4", "the token contains an invalid character");
	fails("Bearer abc",
		"the command must print the token alone, without \"Bearer\"");
}

static void
wrong_replies(void)
{
	fails("{", "the reply is not valid JSON");
	fails("{\"access_token\":\"a\"} x", "the reply is not valid JSON");
	fails("{}", "the reply has no \"access_token\"");
	fails("{\"access_token\":null}", "the reply has no \"access_token\"");
	fails("{\"x\":{\"access_token\":\"a\"}}",
		"the reply has no \"access_token\"");
	fails("{\"access_token\":7}",
		"the \"access_token\" of the reply is not a string");
	fails("{\"access_token\":\"\"}", "the token is empty");
	fails("{\"access_token\":\"a b\"}",
		"the token contains an invalid character");
	fails("{\"access_token\":\"a\\r\\nX: y\"}",
		"the token contains an invalid character");
	fails("{\"access_token\":\"a\\u0000\"}",
		"the \"access_token\" of the reply is not a string");
	fails("{\"access_token\":\"a\",\"token_type\":\"mac\"}",
		"the \"token_type\" of the reply is not \"Bearer\"");
	fails("{\"access_token\":\"a\",\"token_type\":1}",
		"the \"token_type\" of the reply is not \"Bearer\"");
	fails("{\"access_token\":\"a\",\"expires_in\":-1}",
		"the \"expires_in\" of the reply is not a number of seconds");
	fails("{\"access_token\":\"a\",\"expires_in\":\"soon\"}",
		"the \"expires_in\" of the reply is not a number of seconds");
	fails("{\"error\":\"invalid_client\"}",
		"the reply says: invalid_client");
	fails("{\"error\":{\"code\":1}}", "the reply contains an error");
}

static void
long_ones(void)
{
	char *text = malloc(FP_TOKENREPLY_MAX + 2);
	struct fp_tokenreply reply;

	memset(text, 'a', FP_TOKENREPLY_MAX + 1);
	text[FP_TOKENREPLY_MAX + 1] = '\0';
	fails(text, "the token is longer than 64 KiB");
	struct fp_text all = {text, FP_TOKENREPLY_MAX};
	CHECK(fp_tokenreply_parse(all, &reply, why, sizeof(why)) == 0);
	CHECK(reply.token.len == FP_TOKENREPLY_MAX);
	fp_tokenreply_destroy(&reply);
	free(text);
}

int
main(void)
{
	run("a token alone", tokens);
	run("the reply of an authorization server", replies);
	run("what is no token", wrong_tokens);
	run("replies that cannot be used", wrong_replies);
	run("long tokens", long_ones);
	return done();
}
