/* SPDX-License-Identifier: MIT */
/*
 * A template becomes a row of variables, each with its operator, that is one
 * column of the table in RFC 6570, appendix A. Its literals, encoded, stand one
 * behind the other, and a variable knows where the ones before it end. So to
 * expand is to copy literals and to encode values, run by run of characters
 * that stay as they are; nothing is allocated but what `out` grows.
 *
 * Where appendix A and section 3.2.1 disagree, the section is followed, being
 * the normative one: names in an exploded map are encoded as values are, and a
 * pair whose value is empty is the bare name but in {?x*} and {&x*}.
 */
#include "base.h"

#include "uritemplate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What a byte is, by RFC 3986, sections 2.1 to 2.3: the sum of its classes, as
 * a digit for each byte of ASCII. The low bits of a digit are its value. An
 * encoding keeps the UNRESERVED ones, or the RAW ones and triplets. */
enum { UNRESERVED = 1, RESERVED = 2, HEX = 4, RAW = UNRESERVED | RESERVED };
static const char classes[256] = "00000000000000000000000000000000"
				 "02022022222221125555555555220202"
				 "25555551111111111111111111120201"
				 "05555551111111111111111111100010";

/* RFC 6570, appendix A, the table. A '\0' writes nothing. */
static const struct op {
	char sign;
	char first; /* before the first variable with a value */
	char sep; /* before the others */
	char if_empty; /* between a name and an empty value */
	bool named;
	int keep;
} ops[] = {
	{'\0', '\0', ',', '\0', false, UNRESERVED},
	{'+', '\0', ',', '\0', false, RAW},
	{'#', '#', ',', '\0', false, RAW},
	{'.', '.', '.', '\0', false, UNRESERVED},
	{'/', '/', '/', '\0', false, UNRESERVED},
	{';', ';', ';', '\0', true, UNRESERVED},
	{'?', '?', '&', '=', true, UNRESERVED},
	{'&', '&', '&', '=', true, UNRESERVED},
};

struct variable {
	size_t literals_end; /* of the literals before its expression */
	bool opens; /* it is the first of its expression */
	const struct op *op;
	struct fp_text name; /* in the template's text */
	unsigned max_chars; /* 0: the whole value */
	bool explode;
	const char *end; /* the } of its expression in the template's text */
};

struct fp_uritemplate {
	struct fp_buf literals; /* all of them, encoded */
	struct variable *variables;
	size_t n_variables;
	size_t n_dot_segments; /* that the text has by itself */
	char text[]; /* a copy of what was parsed */
};

/* ---- encoding ---- */

static const char hex_digits[] = "0123456789ABCDEF";

static int
uritemplate_class_of(char c)
{
	return classes[(unsigned char)c];
}

static bool
is_triplet(const char *text, size_t len)
{
	return len >= 3 && text[0] == '%' &&
	       uritemplate_class_of(text[1]) & HEX &&
	       uritemplate_class_of(text[2]) & HEX;
}

static int
encode(const char *text, size_t len, int keep, struct fp_buf *out)
{
	for (size_t i = 0; i < len;) {
		size_t start = i;
		while (i < len && uritemplate_class_of(text[i]) & keep)
			i++;
		if (i > start && fp_buf_add(out, text + start, i - start))
			return -1;
		if (i == len)
			break;

		unsigned char byte = (unsigned char)text[i];
		char triplet[3] = {
			'%', hex_digits[byte >> 4], hex_digits[byte & 15]};
		bool kept = keep == RAW && is_triplet(text + i, len - i);
		if (fp_buf_add(out, kept ? text + i : triplet, 3))
			return -1;
		i += kept ? 3 : 1;
	}
	return 0;
}

int
fp_uritemplate_encode_reserved(const char *text, size_t len, struct fp_buf *out)
{
	return encode(text, len, RAW, out);
}

/* How many bytes the first `max_chars` characters take. A character is a code
 * point, also one that is spelled in triplets if these are kept (RFC 6570,
 * section 3.2.1: of "the decoded value"); a stray byte counts as one. How many
 * bytes a code point has in UTF-8 shows in the first hex digit of the first:
 * C and D two, E three, F four; and the others all begin with 8 to B. */
static size_t
prefix_len(const char *text, size_t len, int keep, unsigned max_chars)
{
	size_t at = 0;
	int more = 0; /* bytes that the character may still take */

	while (at < len) {
		const char *rest = text + at;
		bool kept = keep == RAW && is_triplet(rest, len - at);
		char digit =
			kept ? rest[1] : hex_digits[(unsigned char)*rest >> 4];
		if (digit >= 'a')
			digit = (char)(digit - 'a' + 'A');
		if (more && digit >= '8' && digit <= 'B')
			more--;
		else if (max_chars--)
			more = (digit >= 'C') + (digit >= 'E') + (digit >= 'F');
		else
			break;
		at += kept ? 3 : 1;
	}
	return at;
}

/* The segments "." and ".." of the path, which ends at a ? or #. A scheme and
 * a host before it do no harm: they are never dots alone. */
struct dots {
	size_t n;
	size_t len; /* of the segment under way */
	bool has_more; /* it is not dots alone */
	bool is_over; /* the path is */
};

static void
dots_end_segment(struct dots *dots)
{
	dots->n += dots->len > 0 && dots->len <= 2 && !dots->has_more;
	dots->len = 0;
	dots->has_more = false;
}

static void
dots_take(struct dots *dots, const char *text, size_t len)
{
	for (size_t i = 0; i < len && !dots->is_over; i++) {
		char c = text[i];
		if (c == '/' || c == '?' || c == '#') {
			dots_end_segment(dots);
			dots->is_over = c != '/';
		} else {
			dots->len++;
			dots->has_more |= c != '.';
		}
	}
}

/* All of them, with those of what comes last. */
static size_t
count_dot_segments(struct dots dots, const char *text, size_t len)
{
	dots_take(&dots, text, len);
	dots_end_segment(&dots);
	return dots.n;
}

/* ---- parsing ---- */

struct parser {
	struct fp_uritemplate *template;
	const char *at; /* in the template's text */
	char *why;
	size_t why_size;
};

/* Most complaints end in the character that they are about. */
static int
uritemplate_complain(
	const struct parser *parser, const char *what, const char *at)
{
	snprintf(parser->why, parser->why_size,
		*at > ' ' && *at <= '~' ? "%s %c at byte %zu"
					: "%s 0x%02x at byte %zu",
		what, (unsigned char)*at,
		(size_t)(at - parser->template->text) + 1);
	errno = EINVAL;
	return -1;
}

/* varchar (RFC 6570, section 2.3): its length, or 0 for any other. */
static size_t
varchar_len(const char *at)
{
	if (*at == '%')
		return is_triplet(at, strnlen(at, 3)) ? 3 : 0;
	return *at == '_' ||
	       (uritemplate_class_of(*at) & UNRESERVED && !strchr("-.~", *at));
}

/* varname: a dot stands between two others. It may be missing altogether. */
static struct fp_text
uritemplate_parse_name(struct parser *parser)
{
	const char *start = parser->at;

	for (size_t len; (len = varchar_len(parser->at)) > 0;) {
		parser->at += len;
		if (*parser->at == '.' && varchar_len(parser->at + 1))
			parser->at++;
	}
	return (struct fp_text){start, (size_t)(parser->at - start)};
}

/* modifier-level4 (section 2.4), if there is one: "*", or ":" and 1 to 9999. */
static int
parse_modifier(struct parser *parser, struct variable *variable)
{
	const char *start = parser->at;

	if (*start == '*') {
		variable->explode = true;
		parser->at++;
	} else if (*start == ':') {
		size_t n_digits = strspn(start + 1, "0123456789");
		if (n_digits < 1 || n_digits > 4 || start[1] == '0')
			return uritemplate_complain(parser,
				"no number from 1 to 9999 after", start);
		variable->max_chars = (unsigned)strtoul(start + 1, NULL, 10);
		parser->at += 1 + n_digits;
	}
	return 0;
}

/* A name may have any character, but most of them only percent-encoded. */
static int
complain_character(const struct parser *parser)
{
	unsigned char c = (unsigned char)*parser->at;
	char what[8];

	if (varchar_len(parser->at) || (c && strchr("%*:?&/;#+.", c)))
		return uritemplate_complain(parser, "unexpected", parser->at);
	snprintf(
		what, sizeof(what), c > ' ' && c <= '~' ? "'%c'" : "0x%02x", c);
	snprintf(parser->why, parser->why_size,
		"%s in a name is written %%%02X (at byte %zu)",
		c == ' ' ? "a space" : what, c,
		(size_t)(parser->at - parser->template->text) + 1);
	errno = EINVAL;
	return -1;
}

/* varspec. Without a name only if it is all there is in the expression. */
static int
parse_variable(struct parser *parser, struct variable *variable)
{
	const char *start = parser->at;

	variable->name = uritemplate_parse_name(parser);
	if (parse_modifier(parser, variable))
		return -1;
	if (*parser->at != ',' && *parser->at != '}')
		return complain_character(parser);
	if (!variable->name.len &&
		(!variable->opens || variable->op->named || *parser->at == ','))
		return uritemplate_complain(
			parser, "no variable name before", start);
	return 0;
}

/* From { until behind }. */
static int
parse_expression(struct parser *parser)
{
	struct fp_uritemplate *template = parser->template;
	struct variable next = {.opens = true, .op = &ops[0]};
	const char *start = parser->at++;

	next.literals_end = template->literals.len;
	next.end = parser->at + strcspn(parser->at, "{}");
	if (*next.end != '}')
		return uritemplate_complain(parser, "unclosed", start);
	if (strchr("=,!@|", *parser->at)) /* op-reserve, section 2.2 */
		return uritemplate_complain(
			parser, "reserved operator", parser->at);
	for (size_t i = 1; i < FP_ARRAY_LEN(ops); i++)
		if (ops[i].sign == *parser->at)
			next.op = &ops[i];
	parser->at += next.op->sign != '\0';

	do {
		size_t i = template->n_variables++;
		template->variables[i] = next;
		if (parse_variable(parser, &template->variables[i]))
			return -1;
		next.opens = false;
	} while (*parser->at++ == ',');
	return 0;
}

static int
parse_text(struct parser *parser)
{
	for (;;) {
		size_t len = strcspn(parser->at, "{}");

		if (encode(parser->at, len, RAW, &parser->template->literals))
			return -1;
		parser->at += len;
		if (!*parser->at)
			return 0;
		if (*parser->at == '}')
			return uritemplate_complain(
				parser, "stray", parser->at);
		if (parse_expression(parser))
			return -1;
	}
}

struct fp_uritemplate *
fp_uritemplate_parse(const char *text, char *why, size_t why_size)
{
	size_t size = strlen(text) + 1;
	struct fp_uritemplate *template = calloc(1, sizeof(*template) + size);
	size_t max_variables = 1;

	if (!template)
		return NULL;
	memcpy(template->text, text, size);
	for (const char *c = text; *c; c++)
		max_variables += *c == '{' || *c == ',';
	template->variables =
		calloc(max_variables, sizeof(*template->variables));
	template->n_dot_segments =
		count_dot_segments((struct dots){0}, text, size - 1);
	struct parser parser = {template, template->text, why, why_size};
	if (!template->variables || parse_text(&parser)) {
		fp_uritemplate_free(template);
		return NULL;
	}
	return template;
}

void
fp_uritemplate_free(struct fp_uritemplate *template)
{
	if (!template)
		return;
	fp_buf_destroy(&template->literals);
	free(template->variables);
	free(template);
}

size_t
fp_uritemplate_n_variables(const struct fp_uritemplate *template)
{
	return template->n_variables;
}

struct fp_text
fp_uritemplate_variable(const struct fp_uritemplate *template, size_t i)
{
	FP_ASSERT(i < template->n_variables);
	return template->variables[i].name;
}

int
fp_template_variables(const char *text,
	int (*each)(void *arg, struct fp_text name), void *arg, char *why,
	size_t why_size)
{
	struct fp_uritemplate *template =
		fp_uritemplate_parse(text, why, why_size);
	int ret = template ? 0 : -1;

	for (size_t i = 0; !ret && i < template->n_variables; i++)
		ret = each(arg, template->variables[i].name);
	fp_uritemplate_free(template);
	return ret;
}

/* ---- expanding ---- */

struct expansion {
	struct fp_buf *out;
	const struct variable *variable; /* that is under way */
	const struct op *op; /* NULL: its expression is given up */
	char before; /* what to write before the next value */
	struct fp_uritemplate_gaps gaps;
	bool in_path; /* nothing before has begun a query or a fragment */
	const struct variable *opened; /* of its expression, the first */
	size_t n_bytes; /* of this expression's values */
	struct dots dots; /* of what was spilled */
	/* Whose value is [0] empty, [1] "." or "..": see add_text(). */
	struct fp_text suspects[2];
};

static int
add_char(struct expansion *e, char c)
{
	return c ? fp_buf_add_char(e->out, c) : 0;
}

/* A value, or a name out of a map: what comes from outside. If it is short and
 * nothing but dots, the whole must be looked at in the end: it may be, or with
 * the template's own dots may have become, a segment "." or "..". */
static int
add_text(struct expansion *e, struct fp_text text)
{
	struct fp_text *suspect = &e->suspects[text.len > 0];

	if (e->op->keep == UNRESERVED && !suspect->data && text.len <= 2 &&
		(!text.len || memcmp(text.data, "..", text.len) == 0))
		*suspect = e->variable->name;
	e->n_bytes += text.len;
	return encode(text.data, text.len, e->op->keep, e->out);
}

/* The variable's own name, of characters that any URI may contain, or one out
 * of a map; and what stands between it and its value. */
static int
uritemplate_add_name(
	struct expansion *e, const struct fp_text *name, bool empty)
{
	const struct fp_text *own = &e->variable->name;

	if (name ? add_text(e, *name) : fp_buf_add(e->out, own->data, own->len))
		return -1;
	return add_char(e, empty ? e->op->if_empty : '=');
}

/* A list or map: with commas between all its texts; or with "*", each member
 * as if it were a variable of its own. */
static int
add_members(
	struct expansion *e, const struct fp_text *texts, size_t n, bool is_map)
{
	bool explode = e->variable->explode;

	if (!explode && e->op->named && uritemplate_add_name(e, NULL, false))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (i && add_char(e, explode ? e->op->sep : ','))
			return -1;
		if (explode && (is_map || e->op->named)) {
			const struct fp_text *name = is_map ? &texts[i] : NULL;
			i += is_map;
			if (uritemplate_add_name(e, name, texts[i].len == 0))
				return -1;
		}
		if (add_text(e, texts[i]))
			return -1;
	}
	return 0;
}

/* Section 2.4.1: no prefix of a list or map. What is left of the expression
 * then stays as it was written (section 3 and appendix A). */
static int
uritemplate_give_up(struct expansion *e)
{
	const char *rest = e->variable->name.data;

	if (!e->gaps.unfit.data)
		e->gaps.unfit = e->variable->name;
	if (add_char(e, '{') || add_char(e, e->op->sign))
		return -1;
	e->op = NULL;
	return fp_buf_add(e->out, rest, (size_t)(e->variable->end - rest) + 1);
}

const struct fp_value fp_uritemplate_missing = {.type = FP_VALUE_LIST};

/* Of these each variable is written with its name, or after all that a server
 * looks at: they may be missing. */
static bool
is_optional(const struct op *op)
{
	return op->first == '?' || op->first == '&' || op->first == '#';
}

static void
note_hole(struct expansion *e, const struct variable *variable)
{
	if (!e->gaps.hole.data)
		e->gaps.hole = variable->name;
}

/* What stands between two expressions, or at an end. */
static int
add_literals(struct expansion *e, const char *literals, size_t len)
{
	if (memchr(literals, '?', len) || memchr(literals, '#', len))
		e->in_path = false;
	return fp_buf_add(e->out, literals, len);
}

static void
open_expression(struct expansion *e)
{
	e->opened = e->variable;
	e->op = e->variable->op;
	e->before = e->op->first;
	e->n_bytes = 0;
	if (is_optional(e->op))
		e->in_path = false;
}

static void
close_expression(struct expansion *e)
{
	if (e->opened && e->op && e->in_path && e->n_bytes == 0)
		note_hole(e, e->opened);
}

static int
uritemplate_add_value(struct expansion *e, const struct fp_value *value)
{
	bool is_map = value && value->type == FP_VALUE_MAP;
	size_t n = value ? value->n_texts : 0;
	unsigned max_chars = e->variable->max_chars;

	if (is_map)
		n -= n % 2; /* a name without a value is no member */
	if (FP_UNLIKELY(value == &fp_uritemplate_missing))
		return 0;
	if (!n) {
		if (!e->gaps.undefined.data)
			e->gaps.undefined = e->variable->name;
		if (!is_optional(e->op))
			note_hole(e, e->variable);
		return 0;
	}
	if (max_chars && value->type != FP_VALUE_STRING)
		return uritemplate_give_up(e);
	if (add_char(e, e->before))
		return -1;
	e->before = e->op->sep;
	if (value->type != FP_VALUE_STRING)
		return add_members(e, value->texts, n, is_map);

	struct fp_text text = value->texts[0];
	if (max_chars)
		text.len =
			prefix_len(text.data, text.len, e->op->keep, max_chars);
	if (e->op->named && uritemplate_add_name(e, NULL, text.len == 0))
		return -1;
	return add_text(e, text);
}

/* Whether to go on, now that there is much of it. */
static bool
uritemplate_spill(struct expansion *e, fp_uritemplate_spill *spill, void *arg,
	size_t start)
{
	struct fp_buf *out = e->out;

	if (!spill)
		return false;
	dots_take(&e->dots, out->data + start, out->len - start);
	bool goes_on = spill(arg, out->data + start, out->len - start);
	out->len = start;
	out->data[start] = '\0';
	return goes_on;
}

/* Whether a value has made a segment of dots, with what was spilled. */
static void
note_dots(struct expansion *e, const struct fp_uritemplate *template,
	size_t start)
{
	const struct fp_text *suspect =
		&e->suspects[e->suspects[1].data != NULL];

	if (suspect->data && !e->gaps.unfit.data &&
		count_dot_segments(e->dots, fp_buf_text(e->out) + start,
			e->out->len - start) > template->n_dot_segments)
		e->gaps.unfit = *suspect;
}

int
fp_uritemplate_expand(const struct fp_uritemplate *template,
	fp_uritemplate_lookup *lookup, void *arg, size_t most,
	fp_uritemplate_spill *spill, struct fp_buf *out,
	struct fp_uritemplate_gaps *gaps)
{
	struct expansion e = {.out = out, .in_path = true};
	const char *literals = fp_buf_text(&template->literals);
	size_t start = out->len;
	size_t done = 0; /* literals copied */
	bool is_enough = false;

	for (size_t i = 0; i < template->n_variables; i++) {
		is_enough = out->len - start > most &&
			    !uritemplate_spill(&e, spill, arg, start);
		if (is_enough)
			break;
		e.variable = &template->variables[i];
		if (e.variable->opens) {
			size_t end = e.variable->literals_end;
			close_expression(&e);
			if (add_literals(&e, literals + done, end - done))
				return -1;
			done = end;
			open_expression(&e);
		}
		if (e.op && uritemplate_add_value(
				    &e, lookup(arg, e.variable->name)))
			return -1;
	}
	if (!is_enough) {
		close_expression(&e);
		if (fp_buf_add(out, literals + done,
			    template->literals.len - done))
			return -1;
		note_dots(&e, template, start);
	}
	*gaps = e.gaps;
	if (gaps->unfit.data)
		errno = EINVAL;
	return gaps->unfit.data ? -1 : 0;
}
