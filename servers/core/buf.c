/* SPDX-License-Identifier: BSD-2-Clause */
#include "buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST 512
#define BUF_KEEP  (64 << 10)

/* Moving what is held to the front is only cheap (amortised) while less is held than was consumed. */
static bool compacted(struct buf *b, size_t n)
{
	size_t held = buf_len(b);

	if (b->start < held || b->size - held < n)
		return false;
	memcpy(b->data, b->data + b->start, held);
	b->start = 0;
	b->end = held;
	return true;
}

static bool grown(struct buf *b, size_t n)
{
	size_t held = buf_len(b), size = b->size ? b->size : BUF_FIRST;
	char *data;

	if (n > SIZE_MAX / 4 - held)
		return false;
	while (size < held + n)
		size *= 2;
	data = malloc(size);
	if (!data)
		return false;
	if (held)
		memcpy(data, buf_at(b), held);
	free(b->data);
	*b = (struct buf){.data = data, .end = held, .size = size};
	return true;
}

char *buf_room(struct buf *b, size_t n)
{
	if (b->failed)
		return NULL;
	if (!b->data || b->size - b->end < n) {
		if ((!b->data || !compacted(b, n)) && !grown(b, n)) {
			b->failed = true;
			return NULL;
		}
	}
	return b->data + b->end;
}

void buf_added(struct buf *b, size_t n)
{
	b->end += n;
}

void buf_add(struct buf *b, const void *data, size_t n)
{
	char *to = buf_room(b, n);

	if (!to || !n)
		return;
	memcpy(to, data, n);
	b->end += n;
}

void buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *format, ...)
{
	char small[256];
	va_list args;
	char *to;
	int n;

	va_start(args, format);
	n = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if ((size_t)n < sizeof(small)) {
		buf_add(b, small, n);
		return;
	}
	to = buf_room(b, (size_t)n + 1);
	if (!to)
		return;
	va_start(args, format);
	vsnprintf(to, (size_t)n + 1, format, args);
	va_end(args);
	b->end += n;
}

void buf_take(struct buf *b, size_t n)
{
	size_t held = buf_len(b);

	b->start += n < held ? n : held;
	if (b->start == b->end)
		b->start = b->end = 0;
}

void buf_trim(struct buf *b)
{
	if (!buf_len(b) && b->size > BUF_KEEP && !b->failed)
		buf_free(b);
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){};
}
