/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What servers say, taken apart: from bytes that may end anywhere. Each returns the number of bytes that the reply (or
 * head, or line) takes; 0: the rest has not come yet; -EBADMSG: it can't become one.
 */
#ifndef LOADGEN_REPLY_H
#define LOADGEN_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define REPLY_LINE_MAX 4096           /* bytes, with its end */
#define REPLY_HEAD_MAX 65536          /* bytes of an HTTP head */
#define REPLY_BODY_MAX (64 * 1048576) /* bytes of an HTTP body, or of a bulk string */

/* A line without its LF or CRLF. */
struct reply_line {
	const char *text;
	size_t size;
};

ssize_t reply_line(const char *p, size_t n, struct reply_line *line);
bool reply_line_is(const struct reply_line *line, const char *text);

/* RESP2, without arrays. */
struct reply_resp {
	char type;        /* '+', '-', ':' or '$' */
	bool nil;         /* '$' only */
	const char *data; /* what follows the type, or the bulk string */
	size_t size;
};

ssize_t reply_resp(const char *p, size_t n, struct reply_resp *r);

struct reply_http {
	unsigned status;
	bool has_length, close, chunked;
	uint64_t length;
};

/* The head, up to its empty line; the body is not looked at. */
ssize_t reply_http(const char *p, size_t n, struct reply_http *r);

/* Mastermind: right letters in the right place, and right letters in a wrong place. */
void reply_score(const char secret[4], const char guess[4], unsigned *black, unsigned *white);

/* The first of n bytes so that they can be shown in a message: at most 60 characters, in `to`. */
const char *reply_show(const char *p, size_t n, char to[64]);

#endif
