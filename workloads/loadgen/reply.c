/* SPDX-License-Identifier: BSD-2-Clause */
#include "reply.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

ssize_t reply_line(const char *p, size_t n, struct reply_line *line)
{
	const char *end = memchr(p, '\n', n < REPLY_LINE_MAX ? n : REPLY_LINE_MAX);

	if (!end)
		return n < REPLY_LINE_MAX ? 0 : -EBADMSG;
	line->text = p;
	line->size = (size_t)(end - p);
	if (line->size && end[-1] == '\r')
		line->size--;
	return end + 1 - p;
}

bool reply_line_is(const struct reply_line *line, const char *text)
{
	return line->size == strlen(text) && !memcmp(line->text, text, line->size);
}

/* Digits only, and no more than `max`. */
static bool number(const char *p, size_t n, uint64_t max, uint64_t *to)
{
	uint64_t v = 0;

	if (!n || n > 18)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)p[i]))
			return false;
		v = v * 10 + (uint64_t)(p[i] - '0');
	}
	*to = v;
	return v <= max;
}

ssize_t reply_resp(const char *p, size_t n, struct reply_resp *r)
{
	struct reply_line line;
	uint64_t size;
	ssize_t head;

	if (n && !memchr("+-:$", *p, 4))
		return -EBADMSG;
	head = reply_line(p, n, &line);
	if (head <= 0)
		return head;
	if ((size_t)head != line.size + 2 || !line.size)
		return -EBADMSG; /* LF without CR */
	*r = (struct reply_resp){.type = *p, .data = line.text + 1, .size = line.size - 1};
	if (*p != '$')
		return head;
	if (reply_line_is(&line, "$-1")) {
		r->nil = true;
		r->size = 0;
		return head;
	}
	if (!number(r->data, r->size, REPLY_BODY_MAX, &size))
		return -EBADMSG;
	r->data = p + head;
	r->size = size;
	if (n < (size_t)head + size + 2)
		return 0;
	return memcmp(r->data + size, "\r\n", 2) ? -EBADMSG : head + (ssize_t)size + 2;
}

/* Is the value of a header this one, or one of several with commas between? */
static bool lists(const char *p, size_t n, const char *word)
{
	size_t len = strlen(word);

	while (n) {
		const char *comma = memchr(p, ',', n);
		size_t part = comma ? (size_t)(comma - p) : n, blanks = 0;

		while (blanks < part && (p[blanks] == ' ' || p[blanks] == '\t'))
			blanks++;
		if (part - blanks >= len && !strncasecmp(p + blanks, word, len) &&
		    (part - blanks == len || p[blanks + len] == ' '))
			return true;
		part += comma != NULL;
		p += part;
		n -= part;
	}
	return false;
}

static bool header(const struct reply_line *line, struct reply_http *r)
{
	const char *value = memchr(line->text, ':', line->size);
	size_t name = value ? (size_t)(value - line->text) : 0, left;
	uint64_t length;

	if (!name || line->text[name - 1] == ' ')
		return false;
	left = line->size - name - 1;
	for (value++; left && (*value == ' ' || *value == '\t'); value++)
		left--;
	while (left && (value[left - 1] == ' ' || value[left - 1] == '\t'))
		left--;
	if (name == 14 && !strncasecmp(line->text, "content-length", name)) {
		if (!number(value, left, REPLY_BODY_MAX, &length) || (r->has_length && r->length != length))
			return false;
		r->has_length = true;
		r->length = length;
	} else if (name == 10 && !strncasecmp(line->text, "connection", name)) {
		if (lists(value, left, "close"))
			r->close = true;
		else if (lists(value, left, "keep-alive"))
			r->close = false;
	} else if (name == 17 && !strncasecmp(line->text, "transfer-encoding", name)) {
		r->chunked = true;
	}
	return true;
}

static bool status_line(const struct reply_line *line, struct reply_http *r)
{
	uint64_t status;

	if (line->size < 12 || memcmp(line->text, "HTTP/1.", 7) || (line->text[7] != '0' && line->text[7] != '1') ||
	    line->text[8] != ' ' || !number(line->text + 9, 3, 999, &status) ||
	    (line->size > 12 && line->text[12] != ' '))
		return false;
	*r = (struct reply_http){.status = (unsigned)status, .close = line->text[7] == '0'};
	return true;
}

ssize_t reply_http(const char *p, size_t n, struct reply_http *r)
{
	size_t size = 0;

	/* What can't be HTTP is said before its first line has ended. */
	if (n && memcmp(p, "HTTP/1.", n < 7 ? n : 7))
		return -EBADMSG;
	for (unsigned lines = 0; size < REPLY_HEAD_MAX; lines++) {
		struct reply_line line;
		ssize_t used = reply_line(p + size, n - size, &line);

		if (used <= 0)
			return used;
		if ((size_t)used != line.size + 2)
			return -EBADMSG;
		size += (size_t)used;
		if (!lines ? !status_line(&line, r) : line.size && !header(&line, r))
			return -EBADMSG;
		if (!line.size)
			return (ssize_t)size;
	}
	return -EBADMSG;
}

void reply_score(const char secret[4], const char guess[4], unsigned *black, unsigned *white)
{
	unsigned in_secret[6] = {0}, in_guess[6] = {0}, common = 0;

	*black = 0;
	for (unsigned i = 0; i < 4; i++) {
		*black += secret[i] == guess[i];
		in_secret[secret[i] - 'A']++;
		in_guess[guess[i] - 'A']++;
	}
	for (unsigned i = 0; i < 6; i++)
		common += in_secret[i] < in_guess[i] ? in_secret[i] : in_guess[i];
	*white = common - *black;
}

const char *reply_show(const char *p, size_t n, char to[64])
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		char one[8];
		int len;

		if (c == '\r' || c == '\n')
			len = snprintf(one, sizeof(one), "\\%c", c == '\r' ? 'r' : 'n');
		else
			len = snprintf(one, sizeof(one), isprint(c) ? "%c" : "\\x%02x", c);
		if (used + (size_t)len > 57) {
			memcpy(to + used, "...", 3);
			used += 3;
			break;
		}
		memcpy(to + used, one, (size_t)len);
		used += (size_t)len;
	}
	to[used] = 0;
	return to;
}
