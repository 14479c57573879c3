/* SPDX-License-Identifier: BSD-2-Clause */
/* The wire of the Redis protocol, version 2: requests out of bytes, replies into a buffer. */
#ifndef SERVERS_KV_RESP_H
#define SERVERS_KV_RESP_H

#include <stdbool.h>
#include <stdint.h>
#include "core/buf.h"
#include "core/table.h"

#define RESP_ARGS_MAX    1024
#define RESP_BULK_MAX    (1 << 20)  /* bytes of an argument */
#define RESP_REQUEST_MAX (16 << 20) /* bytes of a request */
#define RESP_LINE_MAX    (64 << 10) /* bytes of a line that holds a count, or a whole request */

/* How far the request at the front of the input has been understood. All zero: not at all. */
struct resp {
	uint32_t at;         /* bytes */
	uint32_t looked;     /* bytes after that in which there is no end of line */
	uint32_t args, left; /* in all, and still to come */
	uint32_t body;       /* of the argument at `at`: its size and 1; 0: its size is not known yet */
};

struct request {
	unsigned n;                       /* 0: an empty line, to be skipped */
	struct slice args[RESP_ARGS_MAX]; /* in the input, or (an inline request's) in memory of the thread */
	size_t size;                      /* bytes of input it took */
	char error[64];                   /* why it is none */
};

/*
 * 1: a request is whole, 0: more bytes are needed, -EBADMSG: `error` is set, and where the next request begins can't be
 * known. The state is zeroed for the next one, unless 0 is returned. Bytes are looked at once, however they come.
 */
int resp_parse(struct resp *state, const char *data, size_t n, struct request *r);

/* As Redis reads integers: no sign but -, no leading zeros or blanks. */
bool resp_integer(struct slice s, int64_t *value);
#define RESP_INTEGER_MAX 20 /* bytes */
/* Its digits, without an end; how many they are. */
size_t resp_put_integer(char *to, int64_t value);

void reply_simple(struct buf *out, const char *text);
/* With its code: "ERR syntax error". Bytes that would end the line become blanks. */
void reply_error(struct buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void reply_integer(struct buf *out, int64_t value);
void reply_bulk(struct buf *out, const void *data, size_t size);
void reply_string(struct buf *out, const char *s);
void reply_nil(struct buf *out);
void reply_array(struct buf *out, unsigned n);

#endif
