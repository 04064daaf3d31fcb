/* SPDX-License-Identifier: MIT */
#include "jsonitemtest.h"

/* A text in a readable form: ' stands for ". It lives until two more were
 * asked for. */
static const char *
quoted(const char *text)
{
	static char texts[2][1000];
	static unsigned turn;
	char *copy = texts[turn++ % 2];
	size_t i = 0;

	for (; text[i] && i < sizeof(texts[0]) - 1; i++)
		copy[i] = text[i] == '\'' ? '"' : text[i];
	copy[i] = '\0';
	return copy;
}

#define BECOMES(line, expected) \
	CHECK_TEXT(parsed(quoted(line), strlen(line)), (expected))
#define FAILS(line, expected) BECOMES(line, quoted(expected))
#define BEGINS(line, expected)                                        \
	CHECK(strncmp(parsed(quoted(line), strlen(line)), (expected), \
		      strlen(expected)) == 0)

static void
members(void)
{
	BECOMES("{}", "");
	BECOMES("{'url':'http://a/'}", "url <http://a/>\n");
	BECOMES(" { 'url' : 'http://a/' , 'method' : 'PURGE' } ",
		"url <http://a/>\nmethod <PURGE>\n");
	BECOMES("{'url':'','id':1}", "url <>\nid <1>\n");
	BECOMES("{'URL':'x','Method':5}", "URL <x>\nMethod <5>\n");
	BECOMES("{'\\u0075r\\u006c':'\\u0068\\u002f','':1}",
		"url <h/>\n <1>\n");
	FAILS("{'url':5}", "'url' is not a string");
	FAILS("{'url':null}", "'url' is not a string");
	FAILS("{'method':true}", "'method' is not a string");
	FAILS("{'method':['GET']}", "'method' is not a string");
}

static void
template_values(void)
{
	BECOMES("{'id':7,'lang':'d\\u0065'}", "id <7>\nlang <de>\n");
	BECOMES("{'a':true,'b':false,'c':null,'d':''}",
		"a <true>\nb <false>\nd <>\n");
	BECOMES("{'a':[1,'b',true,null,-0.0]}",
		"list a <1> <b> <true> <-0.0>\n");
	BECOMES("{'a':[],'b':{},'c':[null],'d':{'e':null}}",
		"list a\nmap b\nlist c\nmap d\n");
	BECOMES("{'m':{'x':1,'y':'\\u0032','z':null,'\\u0077':false}}",
		"map m <x> <1> <y> <2> <w> <false>\n");
	BECOMES("{'a':['1'],'b':'2','c':{'d':3},'e':[4,5]}",
		"list a <1>\nb <2>\nmap c <d> <3>\nlist e <4> <5>\n");
	FAILS("{'a':[[]]}", "'a' is nested too deeply for a template value");
	FAILS("{'a':[{}]}", "'a' is nested too deeply for a template value");
	FAILS("{'a':{'b':[]}}",
		"'b' is nested too deeply for a template value");
	FAILS("{'a':{'b':{}}}",
		"'b' is nested too deeply for a template value");
}

static void
numbers(void)
{
	char line[1000] = "{\"n\":", expected[1000] = "n <";

	BECOMES("{'n':12345678901234567890123}",
		"n <12345678901234567890123>\n");
	BECOMES("{'n':-0,'m':1E400,'o':0.10,'p':1.5e-7}",
		"n <-0>\nm <1E400>\no <0.10>\np <1.5e-7>\n");
	memset(line + 5, '9', 400);
	strcpy(line + 405, ".5}");
	memset(expected + 3, '9', 400);
	strcpy(expected + 403, ".5>\n");
	CHECK_TEXT(parsed(line, strlen(line)), expected);
	BEGINS("{'n':01}", "invalid JSON at byte 5: ");
}

static void
headers(void)
{
	BECOMES("{'headers':{}}", "");
	BECOMES("{'headers':{'A':'b','C-d':5,'E':true}}",
		"header <A: b>\nheader <C-d: 5>\nheader <E: true>\n");
	BECOMES("{'headers':{'A':['b','c'],'D':[],'E':['\\u0046']}}",
		"header <A: b>\nheader <A: c>\nheader <E: F>\n");
	BECOMES("{'headers':{'A':'','B':'  ','C':' \\t d e '}}",
		"header <A;>\nheader <B;>\nheader <C: d e>\n");
	BECOMES("{'headers':{'A':'\xc3\xa4\\u00e4'}}",
		"header <A: \xc3\xa4\xc3\xa4>\n");
	FAILS("{'headers':[]}", "'headers' is not an object");
	FAILS("{'headers':null}", "'headers' is not an object");
	FAILS("{'headers':'A: b'}", "'headers' is not an object");
	FAILS("{'headers':{'':'b'}}", "'' is not a header name");
	FAILS("{'headers':{'A:':'b'}}", "'A:' is not a header name");
	FAILS("{'headers':{'A\\n':'b'}}", "'A\n' is not a header name");
	FAILS("{'headers':{'A':null}}",
		"'A' is not a string, a number or a list of them");
	FAILS("{'headers':{'A':[null]}}",
		"'A' is not a string, a number or a list of them");
	FAILS("{'headers':{'A':{}}}",
		"'A' is not a string, a number or a list of them");
	FAILS("{'headers':{'A':[[]]}}",
		"'A' is not a string, a number or a list of them");
	FAILS("{'headers':{'A':'b\\r'}}", "'A' contains a control character");
	FAILS("{'headers':{'A':['b','c\\nD: e']}}",
		"'A' contains a control character");
	FAILS("{'headers':{'A':'\\u007f'}}",
		"'A' contains a control character");
	FAILS("{'headers':{'A':'\\u0000'}}", "'A' contains \\u0000");
}

static void
methods(void)
{
	BECOMES("{'method':'get'}", "method <get>\n");
	BECOMES("{'method':'M-SEARCH'}", "method <M-SEARCH>\n");
	BECOMES("{'method':'P\\u0055T'}", "method <PUT>\n");
	FAILS("{'method':''}", "'method' is not a method");
	FAILS("{'method':'GET /'}", "'method' is not a method");
	FAILS("{'method':'GET\\r\\n'}", "'method' is not a method");
	FAILS("{'method':'\xc3\xa4'}", "'method' is not a method");
}

static void
bodies(void)
{
	BECOMES("{'body':'a \\u0026 b\\n'}", "body <a & b\n>\n");
	BECOMES("{'body':''}", "body <>\n");
	BECOMES("{'body':null}", "json <null>\n");
	BECOMES("{'body': -1.50 }", "json <-1.50>\n");
	BECOMES("{'body': [ 1, { 'a' : 'b c' } ] }",
		"json <[1,{\"a\":\"b c\"}]>\n");
	BECOMES("{'body':{'a':1,'a':'\\ud800\\u0000'}}",
		"json <{\"a\":1,\"a\":\"\\ud800\\u0000\"}>\n");
}

static void
contexts(void)
{
	BECOMES("{'context':null}", "context <null>\n");
	BECOMES("{'context': { 'a' : [ 1.0 , '\\u0041 \\ud800' ], 'a' : 2 } }",
		"context <{\"a\":[1.0,\"\\u0041 \\ud800\"],\"a\":2}>\n");
	/* An item that fails has its context, wherever it stands. */
	FAILS("{'url':1,'method':2,'context':[3]}", "'url' is not a string");
	CHECK_BYTES(item.context.data, item.context.len, "[3]", 3);
	CHECK(item.line.data && item.n_values == 0);
	FAILS("{'method':2,'context':", "JSON ends early after 22 bytes");
	CHECK(!item.context.data && !item.line.data);
}

static void
whole_lines(void)
{
	static const char tight[] = "{\"id\":[1,\"\\u0041 b\"],\"url\":\"x\"}";

	PARSED("\t{ \"id\" : [ 1 , \"\\u0041 b\" ],\r\"url\":\"x\" } ");
	CHECK_BYTES(item.line.data, item.line.len, tight, sizeof(tight) - 1);
	FAILS("[{'id':1}]", "not a JSON object");
	CHECK_BYTES(item.line.data, item.line.len, "[{\"id\":1}]", 10);
	FAILS("5", "not a JSON object");
	FAILS("'{}'", "not a JSON object");
	FAILS("null", "not a JSON object");
	FAILS("", "empty, not JSON");
	CHECK(!item.line.data);
	BEGINS("http://a/", "invalid JSON at byte 0: ");
	BEGINS("{} {}", "invalid JSON at byte 3: ");
	IS("\xef\xbb\xbf{}", "invalid JSON at byte 0: a byte-order mark");
	IS("{\"a\":\"\xc3\"}", "invalid UTF-8 in JSON at byte 6");
	BEGINS("{'a':'\x01'}", "invalid JSON at byte 6: ");
}

static void
names_twice(void)
{
	FAILS("{'a':1,'a':1}", "'a' appears twice");
	FAILS("{'a':1,'b':2,'\\u0061':3}", "'a' appears twice");
	FAILS("{'a':null,'a':1}", "'a' appears twice");
	FAILS("{'':1,'':2}", "'' appears twice");
	FAILS("{'url':'x','id':1,'url':'y'}", "'url' appears twice");
	FAILS("{'url':'x','ur\\u006C':'x'}", "'url' appears twice");
	FAILS("{'method':'A','method':'B'}", "'method' appears twice");
	FAILS("{'body':1,'body':2}", "'body' appears twice");
	FAILS("{'context':1,'context':2}", "'context' appears twice");
	FAILS("{'headers':{},'headers':{}}", "'headers' appears twice");
	FAILS("{'headers':{'A':'1','A':'2'}}", "'A' appears twice");
	FAILS("{'headers':{'A':'1','B':[],'a':[]}}", "'a' appears twice");
	FAILS("{'a':{'b':1,'c':2,'b':1}}", "'b' appears twice");
	FAILS("{'a':{'A':1,'b':{}},'b':1}",
		"'b' is nested too deeply for a template value");
	BECOMES("{'a':{'a':1,'A':2},'A':{'a':3},'headers':{'a':4}}",
		"header <a: 4>\nmap a <a> <1> <A> <2>\nmap A <a> <3>\n");
}

static void
no_characters(void)
{
	FAILS("{'url':'\\ud800'}", "'url' contains half a surrogate pair");
	FAILS("{'url':'a\\u0000'}", "'url' contains \\u0000");
	FAILS("{'method':'\\u0000'}", "'method' contains \\u0000");
	FAILS("{'body':'\\udc00'}", "'body' contains half a surrogate pair");
	FAILS("{'body':'\\u0000'}", "'body' contains \\u0000");
	FAILS("{'id':'\\u0000'}", "'id' contains \\u0000");
	FAILS("{'id':['\\ud800']}", "'id' contains half a surrogate pair");
	FAILS("{'id':{'\\ud800x':1}}",
		"'\\ud800x' contains half a surrogate pair");
	FAILS("{'\\u0000':1}", "'\\u0000' contains \\u0000");
	FAILS("{'headers':{'A':['\\ud800']}}",
		"'A' contains half a surrogate pair");
	BECOMES("{'id':'\\ud83d\\ude00'}", "id <\xf0\x9f\x98\x80>\n");
}

/* A fault shows the beginning of a long name, in whole characters. */
static void
long_names(void)
{
	char line[400] = "{\"", expected[100] = "\"";

	for (int i = 0; i < 50; i++)
		strcat(line, "\xe2\x82\xac");
	strcat(line, "\":[[]]}");
	for (int i = 0; i < 21; i++)
		strcat(expected, "\xe2\x82\xac");
	strcat(expected, "...\" is nested");
	CHECK(strncmp(parsed(line, strlen(line)), expected, strlen(expected)) ==
		0);
}

int
main(void)
{
	if (fp_jsonitem_init(&item))
		return EXIT_FAILURE;
	run("members with a meaning", members);
	run("other members are values for the template", template_values);
	run("numbers are taken as they are written", numbers);
	run("headers", headers);
	run("methods", methods);
	run("bodies are text or JSON", bodies);
	run("a context is given back", contexts);
	run("the line is given back", whole_lines);
	run("a name that appears twice fails the item", names_twice);
	run("what is no character fails the item", no_characters);
	run("a fault shows some of a long name", long_names);
	fp_jsonitem_destroy(&item);
	return done();
}
