/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP/1.1 requests (RFC 9112) as they arrive in pieces. What is found wrong depends on the bytes alone, not on how
 * many of them are there at a time; what two readers could understand in two ways is refused.
 */
#ifndef SERVERS_HTTP_PARSE_H
#define SERVERS_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/buf.h"

#define HTTP_METHOD_MAX  32         /* bytes */
#define HTTP_TARGET_MAX  4096       /* bytes */
#define HTTP_HEADERS_MAX (16 << 10) /* bytes of all header lines, or of all trailers */
#define HTTP_BODY_MAX    (1 << 20)  /* bytes, without the framing of chunks */

enum http_method { HTTP_OTHER, HTTP_GET, HTTP_HEAD };

/* A request without its body, as far as it has been read. All zero: nothing yet. */
struct http_head {
	size_t read;   /* bytes, whole lines; when it is complete, those of the whole head */
	size_t fields; /* those of them that header lines have */
	enum http_method method;
	size_t target, target_len; /* where it is, from the start of the request */
	bool http_1_0;
	bool close, keep_alive; /* what Connection asks for */
	bool proceed;           /* Expect: 100-continue */
	bool has_host, has_length, has_coding;
	bool other_coding, other_expect; /* some that are not known */
	uint64_t length;                 /* of the body; at most HTTP_BODY_MAX once the head is complete */
};

/*
 * Read on: `data` and `len` are all that is there of the request, from its first byte. 0: more is needed; 1: the head
 * is complete; otherwise the status to refuse it with: 400, 413, 414, 417, 431, 501, 505. Its method is valid then if
 * the first line was.
 */
int http_head_read(struct http_head *h, const char *data, size_t len);

/* Whether a body follows. */
bool http_has_body(const struct http_head *h);

/* Take empty lines away, which some clients send after a body. False: it takes another byte to tell. */
bool http_skip_empty(struct buf *in);

/* A body to be read over, as far as that is done. */
struct http_body {
	enum http_body_part { BODY_PLAIN, BODY_CHUNK_SIZE, BODY_CHUNK, BODY_CHUNK_END, BODY_TRAILERS } part;
	uint64_t left;  /* of the plain body or the chunk */
	uint64_t total; /* of all chunks */
	size_t trailers;
};

void http_body_start(struct http_body *b, const struct http_head *h);
/* Takes what is there of it. 0: more is needed; 1: this was all; otherwise the status: 400, 413, 431. */
int http_body_skip(struct http_body *b, struct buf *in);

/*
 * Decode %XX of `len` bytes into `to`, which has room for as many, and ends it with a NUL. Bytes written without it, or
 * -1: a wrong escape, or a NUL.
 */
int http_decode(const char *from, size_t len, char *to);

#endif
