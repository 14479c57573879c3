/* SPDX-License-Identifier: BSD-2-Clause */
/* A queue of bytes: appended at the end, consumed from the start. */
#ifndef SERVERS_BUF_H
#define SERVERS_BUF_H

#include <stdbool.h>
#include <stddef.h>

/*
 * `data` may move with each call that makes room. All zero is an empty buffer without memory.
 * `failed` stays set once memory was short: what is in the buffer is not whole then.
 */
struct buf {
	char *data;
	size_t start, end, size;
	bool failed;
};

static inline size_t buf_len(const struct buf *b)
{
	return b->end - b->start;
}

/* The bytes held; invalid after the next call that changes the buffer. */
static inline char *buf_at(const struct buf *b)
{
	return b->data + b->start;
}

/* Room for at least n bytes at the end, to be followed by buf_added(). NULL: no memory, and `failed` is set. */
char *buf_room(struct buf *b, size_t n);
void buf_added(struct buf *b, size_t n);

void buf_add(struct buf *b, const void *data, size_t n);
void buf_add_str(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Take n bytes (at most those held) from the start. */
void buf_take(struct buf *b, size_t n);

/* An empty buffer that has grown large gives its memory back, so that idle connections hold little. */
void buf_trim(struct buf *b);

/* The memory goes back; the buffer is empty and can be used again. */
void buf_free(struct buf *b);

#endif
