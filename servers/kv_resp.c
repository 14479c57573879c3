/* SPDX-License-Identifier: BSD-2-Clause */
#include "kv_resp.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int bad(struct request *r, const char *why)
{
	snprintf(r->error, sizeof(r->error), "%s", why);
	return -EBADMSG;
}

bool resp_integer(struct slice s, int64_t *value)
{
	bool negative = s.size && s.at[0] == '-';
	const char *p = s.at + negative, *end = s.at + s.size;
	uint64_t v = 0, most = (uint64_t)INT64_MAX + negative;

	if (p == end || end - p > 19 || (*p == '0' && (negative || end - p > 1)))
		return false;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			return false;
		v = v * 10 + (*p - '0');
	}
	*value = negative ? -v : v;
	return v <= most;
}

/* A line "?NUMBER\r\n" at state->at, moved over: 1, *number false if it holds none. 0: not whole; -EBADMSG: too long.
 */
static int count_line(struct resp *state, const char *data, size_t n, bool *number, int64_t *value)
{
	const char *line = data + state->at;
	size_t have = n - state->at, i = state->looked;

	while (i < have && i <= RESP_LINE_MAX && line[i] != '\r')
		i++;
	if (i > RESP_LINE_MAX)
		return -EBADMSG;
	state->looked = i;
	if (have < i + 2)
		return 0;
	*number = i && resp_integer((struct slice){line + 1, i - 1}, value);
	state->at += i + 2;
	state->looked = 0;
	return 1;
}

static int bulk_header(struct resp *state, const char *data, size_t n, struct request *r)
{
	char first = state->at < n ? data[state->at] : '$';
	int64_t size;
	bool number;
	int got = count_line(state, data, n, &number, &size);

	if (got < 0)
		return bad(r, "too big bulk count string");
	if (!got)
		return 0;
	if (first != '$') {
		snprintf(r->error, sizeof(r->error), "expected '$', got '%c'", first ? first : '?');
		return -EBADMSG;
	}
	if (!number || size < 0 || size > RESP_BULK_MAX || state->at + size + 2 > RESP_REQUEST_MAX)
		return bad(r, "invalid bulk length");
	state->body = size + 1;
	return 1;
}

static int parse_bulks(struct resp *state, const char *data, size_t n, struct request *r)
{
	int64_t args;
	bool number;
	int got;

	if (!state->at) {
		got = count_line(state, data, n, &number, &args);
		if (got < 0)
			return bad(r, "too big mbulk count string");
		if (!got)
			return 0;
		if (!number || args > RESP_ARGS_MAX)
			return bad(r, "invalid multibulk length");
		state->args = state->left = args > 0 ? args : 0;
	}
	while (state->left) {
		if (!state->body) {
			got = bulk_header(state, data, n, r);
			if (got <= 0)
				return got;
		}
		/* Two more bytes follow it; like Redis, we don't look at them. */
		if (n - state->at < state->body + 1)
			return 0;
		r->args[state->args - state->left] = (struct slice){data + state->at, state->body - 1};
		state->at += state->body + 1;
		state->body = 0;
		state->left--;
	}
	r->n = state->args;
	r->size = state->at;
	return 1;
}

static char escaped(char c)
{
	static const char from[] = "nrtba", to[] = "\n\r\t\b\a";
	const char *p = c ? strchr(from, c) : NULL;

	return p ? to[p - from] : c;
}

static int hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Within "": what one or more bytes at p stand for goes to *to. The number of bytes. */
static size_t double_quoted(const char *p, const char *end, char *to)
{
	*to = *p;
	if (*p != '\\' || end - p < 2)
		return 1;
	if (end - p >= 4 && p[1] == 'x' && isxdigit((unsigned char)p[2]) && isxdigit((unsigned char)p[3])) {
		*to = hex(p[2]) << 4 | hex(p[3]);
		return 4;
	}
	*to = escaped(p[1]);
	return 2;
}

static size_t single_quoted(const char *p, const char *end, char *to)
{
	bool quote = *p == '\\' && end - p >= 2 && p[1] == '\'';

	*to = quote ? '\'' : *p;
	return 1 + quote;
}

/* One word of an inline request, its quotes resolved, to *to, which moves. Where it ends, or NULL: not well quoted. */
static const char *word(const char *p, const char *end, char **to)
{
	char quote = 0;

	while (p < end) {
		if (quote && *p == quote)
			return p + 1 == end || isspace((unsigned char)p[1]) ? p + 1 : NULL;
		if (quote == '"')
			p += double_quoted(p, end, (*to)++);
		else if (quote)
			p += single_quoted(p, end, (*to)++);
		else if (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
			return p;
		else if (*p == '"' || *p == '\'')
			quote = *p++;
		else
			*(*to)++ = *p++;
	}
	return quote ? NULL : p;
}

static int parse_inline(struct resp *state, const char *data, size_t n, struct request *r)
{
	static _Thread_local char words[RESP_LINE_MAX];
	size_t most = n < RESP_LINE_MAX ? n : RESP_LINE_MAX;
	const char *end = memchr(data + state->looked, '\n', most - state->looked), *p = data;
	char *to = words;

	if (!end && n >= RESP_LINE_MAX)
		return bad(r, "too big inline request");
	state->looked = most;
	if (!end)
		return 0;
	r->n = 0;
	r->size = end + 1 - data;
	if (end > data && end[-1] == '\r')
		end--;
	for (;;) {
		char *start = to;

		while (p < end && isspace((unsigned char)*p))
			p++;
		if (p == end)
			return 1;
		if (r->n == RESP_ARGS_MAX)
			return bad(r, "too many arguments");
		p = word(p, end, &to);
		if (!p)
			return bad(r, "unbalanced quotes in request");
		r->args[r->n++] = (struct slice){start, to - start};
	}
}

int resp_parse(struct resp *state, const char *data, size_t n, struct request *r)
{
	bool resumed = state->at;
	int got;

	if (!n)
		return 0;
	got = data[0] == '*' ? parse_bulks(state, data, n, r) : parse_inline(state, data, n, r);
	if (!got)
		return 0;
	*state = (struct resp){};
	/* Now that all of it is there, once more for the arguments that came before: `data` may have moved. */
	if (got > 0 && resumed) {
		got = parse_bulks(state, data, n, r);
		*state = (struct resp){};
	}
	return got;
}

void reply_simple(struct buf *out, const char *text)
{
	size_t n = strlen(text);
	char *to = buf_room(out, n + 3);

	if (!to)
		return;
	to[0] = '+';
	memcpy(to + 1, text, n);
	memcpy(to + 1 + n, "\r\n", 2);
	buf_added(out, n + 3);
}

void reply_error(struct buf *out, const char *format, ...)
{
	char line[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n >= (int)sizeof(line))
		n = sizeof(line) - 1;
	for (int i = 0; i < n; i++)
		if (line[i] == '\r' || line[i] == '\n')
			line[i] = ' ';
	buf_printf(out, "-%.*s\r\n", n, line);
}

size_t resp_put_integer(char *to, int64_t value)
{
	uint64_t v = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char digits[RESP_INTEGER_MAX], *end = digits + sizeof(digits), *p = end;

	do
		*--p = '0' + v % 10;
	while (v /= 10);
	if (value < 0)
		*--p = '-';
	memcpy(to, p, end - p);
	return end - p;
}

/* "?NUMBER\r\n"; the number of bytes. */
static size_t put_count(char *to, char first, int64_t value)
{
	size_t n = 1 + resp_put_integer(to + 1, value);

	to[0] = first;
	memcpy(to + n, "\r\n", 2);
	return n + 2;
}

static void add_count(struct buf *out, char first, int64_t value)
{
	char *to = buf_room(out, RESP_INTEGER_MAX + 3);

	if (to)
		buf_added(out, put_count(to, first, value));
}

void reply_integer(struct buf *out, int64_t value)
{
	add_count(out, ':', value);
}

void reply_array(struct buf *out, unsigned n)
{
	add_count(out, '*', n);
}

void reply_bulk(struct buf *out, const void *data, size_t size)
{
	char *to = buf_room(out, size + RESP_INTEGER_MAX + 5);
	size_t n;

	if (!to)
		return;
	n = put_count(to, '$', size);
	memcpy(to + n, data, size);
	memcpy(to + n + size, "\r\n", 2);
	buf_added(out, n + size + 2);
}

void reply_string(struct buf *out, const char *s)
{
	reply_bulk(out, s, strlen(s));
}

void reply_nil(struct buf *out)
{
	buf_add(out, "$-1\r\n", 5);
}
