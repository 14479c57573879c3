/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is to be woken when: a binary heap of clients by client->wake_ns. Each is in it once, or not. */
#ifndef LOADGEN_HEAP_H
#define LOADGEN_HEAP_H

#include <stdint.h>

struct client;

struct heap {
	struct client **at; /* room for all clients of the loop */
	unsigned n;
};

/* Wake c at `ns`, and no more at another time that was set before. */
void heap_set(struct heap *h, struct client *c, uint64_t ns);
void heap_remove(struct heap *h, struct client *c);
/* The first whose time has come, taken out. NULL: none. */
struct client *heap_due(struct heap *h, uint64_t now);
/* UINT64_MAX: nobody waits. */
uint64_t heap_next(const struct heap *h);

#endif
