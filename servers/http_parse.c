/* SPDX-License-Identifier: BSD-2-Clause */
#include "http_parse.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include "core/lines.h"

#define REQUEST_LINE_MAX (HTTP_METHOD_MAX + 1 + HTTP_TARGET_MAX + 1 + 8)
#define CHUNK_LINE_MAX   256

/* What a byte may be part of: RFC 9110 5.6.2, 5.5, RFC 3986 2. Bytes from 128 on are let through in targets. */
enum { TOKEN = 1, VALUE = 2, TARGET = 4, HOST = 8 };

static const unsigned char kinds[256] = {
	['\t'] = VALUE,
	[' '] = VALUE,
	['!'] = TOKEN | VALUE | TARGET | HOST,
	['"'] = VALUE | TARGET,
	['#'] = TOKEN | VALUE,
	['$' ... '\''] = TOKEN | VALUE | TARGET | HOST,
	['(' ... ')'] = VALUE | TARGET | HOST,
	['*' ... '+'] = TOKEN | VALUE | TARGET | HOST,
	[','] = VALUE | TARGET | HOST,
	['-' ... '.'] = TOKEN | VALUE | TARGET | HOST,
	['/'] = VALUE | TARGET,
	['0' ... '9'] = TOKEN | VALUE | TARGET | HOST,
	[':' ... ';'] = VALUE | TARGET | HOST,
	['<'] = VALUE | TARGET,
	['='] = VALUE | TARGET | HOST,
	['>' ... '@'] = VALUE | TARGET,
	['A' ... 'Z'] = TOKEN | VALUE | TARGET | HOST,
	['['] = VALUE | TARGET | HOST,
	['\\'] = VALUE | TARGET,
	[']'] = VALUE | TARGET | HOST,
	['^'] = TOKEN | VALUE | TARGET,
	['_'] = TOKEN | VALUE | TARGET | HOST,
	['`'] = TOKEN | VALUE | TARGET,
	['a' ... 'z'] = TOKEN | VALUE | TARGET | HOST,
	['{'] = VALUE | TARGET,
	['|'] = TOKEN | VALUE | TARGET,
	['}'] = VALUE | TARGET,
	['~'] = TOKEN | VALUE | TARGET | HOST,
	[128 ... 255] = VALUE | TARGET,
};

static bool all_of(const char *text, size_t len, unsigned char kind)
{
	unsigned char all = kind;

	for (size_t i = 0; i < len; i++)
		all &= kinds[(unsigned char)text[i]];
	return all;
}

static bool word_is(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && !strncasecmp(text, word, len);
}

bool http_skip_empty(struct buf *in)
{
	while (buf_len(in)) {
		const char *at = buf_at(in);

		if (at[0] == '\n') {
			buf_take(in, 1);
		} else if (at[0] != '\r') {
			return true;
		} else if (buf_len(in) == 1) {
			return false;
		} else if (at[1] == '\n') {
			buf_take(in, 2);
		} else {
			return true;
		}
	}
	return false;
}

/* 1, or the status. */
static int read_version(struct http_head *h, const char *text, size_t len)
{
	if (len != 8 || memcmp(text, "HTTP/", 5) || text[6] != '.' || text[5] < '0' || text[5] > '9' || text[7] < '0' ||
	    text[7] > '9')
		return 400;
	if (text[5] != '1' || text[7] > '1')
		return 505;
	h->http_1_0 = text[7] == '0';
	return 1;
}

/* METHOD SP TARGET SP VERSION. 1, or the status. */
static int read_request_line(struct http_head *h, const char *text, size_t len)
{
	const char *end = text + len, *target, *version, *space = memchr(text, ' ', len);

	if (!space || space == text || space - text > HTTP_METHOD_MAX || !all_of(text, space - text, TOKEN))
		return 400;
	if (space - text == 3 && !memcmp(text, "GET", 3))
		h->method = HTTP_GET;
	else if (space - text == 4 && !memcmp(text, "HEAD", 4))
		h->method = HTTP_HEAD;
	target = space + 1;
	space = memchr(target, ' ', end - target);
	if ((space ? space : end) - target > HTTP_TARGET_MAX)
		return 414;
	if (!space || space == target || !all_of(target, space - target, TARGET))
		return 400;
	h->target = target - text;
	h->target_len = space - target;
	version = space + 1;
	return read_version(h, version, end - version);
}

/* A line so long that its end was not looked for: 414 if it is the target that makes it so. */
static int refuse_request_line(const char *text)
{
	const char *space = memchr(text, ' ', HTTP_METHOD_MAX + 1);

	return space && space != text && all_of(text, space - text, TOKEN) ? 414 : 400;
}

static int read_length(struct http_head *h, const char *value, size_t len)
{
	if (h->has_length || !len)
		return 400;
	h->has_length = true;
	for (size_t i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9')
			return 400;
		/* Too large is as good as any larger. */
		if (h->length <= HTTP_BODY_MAX)
			h->length = h->length * 10 + (value[i] - '0');
	}
	return 1;
}

static void read_connection(struct http_head *h, const char *value, size_t len)
{
	const char *end = value + len;

	while (value < end) {
		const char *comma = memchr(value, ',', end - value), *next = comma ? comma : end;
		size_t n = next - value;

		while (n && (*value == ' ' || *value == '\t'))
			value++, n--;
		while (n && (value[n - 1] == ' ' || value[n - 1] == '\t'))
			n--;
		h->close |= word_is(value, n, "close");
		h->keep_alive |= word_is(value, n, "keep-alive");
		value = next + 1;
	}
}

/* The header lines that matter. 1, or the status. */
static int read_field(struct http_head *h, const char *name, size_t name_len, const char *value, size_t len)
{
	if (word_is(name, name_len, "Host")) {
		if (h->has_host || !all_of(value, len, HOST))
			return 400;
		h->has_host = true;
	} else if (word_is(name, name_len, "Content-Length")) {
		return read_length(h, value, len);
	} else if (word_is(name, name_len, "Transfer-Encoding")) {
		if (h->has_coding)
			return 400;
		h->has_coding = true;
		h->other_coding = !word_is(value, len, "chunked");
	} else if (word_is(name, name_len, "Connection")) {
		read_connection(h, value, len);
	} else if (word_is(name, name_len, "Expect")) {
		if (word_is(value, len, "100-continue"))
			h->proceed = true;
		else
			h->other_expect = true;
	}
	return 1;
}

/*
 * NAME ":" VALUE. A line that begins with a blank (which once went on with the last one's value) and a blank before the
 * colon are among what fails here. 1, or the status; h may be NULL for a line that is only checked.
 */
static int read_header(struct http_head *h, const struct line *line)
{
	const char *colon = memchr(line->text, ':', line->len), *value;
	size_t len;

	if (!colon || colon == line->text || !all_of(line->text, colon - line->text, TOKEN))
		return 400;
	value = colon + 1;
	len = line->text + line->len - value;
	while (len && (*value == ' ' || *value == '\t'))
		value++, len--;
	while (len && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		len--;
	if (!all_of(value, len, VALUE))
		return 400;
	return h ? read_field(h, line->text, colon - line->text, value, len) : 1;
}

/* What only all headers together say. 1, or the status. */
static int complete(const struct http_head *h)
{
	if (!h->http_1_0 && !h->has_host)
		return 400;
	/* Where a body ends must not depend on who reads it. */
	if (h->has_coding && (h->has_length || h->http_1_0))
		return 400;
	if (h->other_coding)
		return 501;
	if (h->length > HTTP_BODY_MAX)
		return 413;
	if (h->other_expect)
		return 417;
	return 1;
}

int http_head_read(struct http_head *h, const char *data, size_t len)
{
	struct line line;
	int got;

	if (!h->read) {
		/* At once, so that who speaks something else without lines does not wait for a reply. */
		if (len && !(kinds[(unsigned char)*data] & TOKEN))
			return 400;
		got = line_find(data, len, REQUEST_LINE_MAX, &line);
		if (got < 0)
			return refuse_request_line(data);
		if (got == 1)
			got = read_request_line(h, line.text, line.len);
		if (got != 1)
			return got;
		h->read = line.size;
	}
	for (;;) {
		got = line_find(data + h->read, len - h->read, HTTP_HEADERS_MAX - h->fields, &line);
		if (!got)
			return 0;
		h->read += line.size;
		h->fields += line.size;
		if (got < 0 || h->fields > HTTP_HEADERS_MAX)
			return 431;
		if (!line.len)
			return complete(h);
		got = read_header(h, &line);
		if (got != 1)
			return got;
	}
}

bool http_has_body(const struct http_head *h)
{
	return h->has_coding || h->length;
}

void http_body_start(struct http_body *b, const struct http_head *h)
{
	*b = (struct http_body){.part = h->has_coding ? BODY_CHUNK_SIZE : BODY_PLAIN, .left = h->length};
}

/* 1*HEXDIG, then blanks, then perhaps ";" and extensions. 1, or the status. */
static int read_chunk_size(struct http_body *b, const struct line *line)
{
	size_t i;

	b->left = 0;
	for (i = 0; i < line->len; i++) {
		char c = line->text[i] | 0x20;

		if (c >= '0' && c <= '9' && line->text[i] == c)
			c -= '0';
		else if (c >= 'a' && c <= 'f')
			c -= 'a' - 10;
		else
			break;
		if (b->left <= HTTP_BODY_MAX)
			b->left = b->left * 16 + c;
	}
	if (!i || !all_of(line->text, line->len, VALUE))
		return 400;
	while (i < line->len && (line->text[i] == ' ' || line->text[i] == '\t'))
		i++;
	if (i < line->len && line->text[i] != ';')
		return 400;
	b->total += b->left;
	return b->total > HTTP_BODY_MAX ? 413 : 1;
}

/* The line with which this part of the body begins or ends. 1, or the status. */
static int read_body_line(struct http_body *b, const struct line *line)
{
	int got = 1;

	if (b->part == BODY_CHUNK_SIZE) {
		got = read_chunk_size(b, line);
		b->part = b->left ? BODY_CHUNK : BODY_TRAILERS;
	} else if (b->part == BODY_CHUNK_END) {
		b->part = BODY_CHUNK_SIZE;
	} else {
		b->trailers += line->size;
		got = read_header(NULL, line);
	}
	return got;
}

static size_t line_limit(const struct http_body *b)
{
	if (b->part == BODY_TRAILERS)
		return HTTP_HEADERS_MAX > b->trailers ? HTTP_HEADERS_MAX - b->trailers : 0;
	return b->part == BODY_CHUNK_SIZE ? CHUNK_LINE_MAX : 0;
}

int http_body_skip(struct http_body *b, struct buf *in)
{
	for (;;) {
		bool last = b->part == BODY_PLAIN;
		struct line line;
		int got;

		if (last || b->part == BODY_CHUNK) {
			size_t n = buf_len(in) < b->left ? buf_len(in) : b->left;

			buf_take(in, n);
			b->left -= n;
			if (b->left || last)
				return b->left ? 0 : 1;
			b->part = BODY_CHUNK_END;
		}
		got = line_find(buf_at(in), buf_len(in), line_limit(b), &line);
		if (got < 0)
			return b->part == BODY_TRAILERS ? 431 : 400;
		if (!got)
			return 0;
		last = b->part == BODY_TRAILERS && !line.len;
		if (!last)
			got = read_body_line(b, &line);
		buf_take(in, line.size);
		if (last || got != 1)
			return got;
	}
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

int http_decode(const char *from, size_t len, char *to)
{
	int n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = from[i];

		if (c == '%') {
			int high = i + 2 < len ? hex(from[i + 1]) : -1, low = i + 2 < len ? hex(from[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -1;
			c = high << 4 | low;
			i += 2;
		}
		if (!c)
			return -1;
		to[n++] = c;
	}
	to[n] = 0;
	return n;
}
