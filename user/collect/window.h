/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A memory-mapped BPF array, mapped only as far as it is in use: the kernel inserts every page
 * of a mapping at once (remap_vmalloc_range()), so mapping all of it would count as resident.
 */
#ifndef COLLECT_WINDOW_H
#define COLLECT_WINDOW_H

#include <stddef.h>
#include <stdint.h>

struct window {
	int fd;
	size_t stride; /* bytes from one entry to the next: value size rounded up to 8 */
	size_t size;   /* bytes in all */
	size_t mapped; /* bytes mapped so far */
	char *base;
};

/* Reserve addresses for `entries` of `value_size`; nothing is mapped yet. 0 or -errno. */
int window_open(struct window *w, int map_fd, size_t value_size, size_t entries);
/* Map at least the first `entries`. What was mapped stays where it is. 0 or -errno. */
int window_reach(struct window *w, size_t entries);
void window_close(struct window *w);

/* Entry i, which must have been reached. */
static inline void *window_at(const struct window *w, size_t i)
{
	return w->base + i * w->stride;
}

#endif
