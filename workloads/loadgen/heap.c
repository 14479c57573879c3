/* SPDX-License-Identifier: BSD-2-Clause */
#include "heap.h"

#include "load.h"

/* client->place is its index + 1; 0: it is not in the heap. */
static void put(struct heap *h, unsigned i, struct client *c)
{
	h->at[i] = c;
	c->place = i + 1;
}

static void settle(struct heap *h, unsigned i, struct client *c)
{
	while (i && h->at[(i - 1) / 2]->wake_ns > c->wake_ns) {
		put(h, i, h->at[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (unsigned child; (child = 2 * i + 1) < h->n; i = child) {
		if (child + 1 < h->n && h->at[child + 1]->wake_ns < h->at[child]->wake_ns)
			child++;
		if (h->at[child]->wake_ns >= c->wake_ns)
			break;
		put(h, i, h->at[child]);
	}
	put(h, i, c);
}

void heap_set(struct heap *h, struct client *c, uint64_t ns)
{
	c->wake_ns = ns;
	settle(h, c->place ? c->place - 1 : h->n++, c);
}

void heap_remove(struct heap *h, struct client *c)
{
	struct client *last;

	if (!c->place)
		return;
	last = h->at[--h->n];
	if (last != c)
		settle(h, c->place - 1, last);
	c->place = 0;
}

struct client *heap_due(struct heap *h, uint64_t now)
{
	struct client *c = h->n ? h->at[0] : NULL;

	if (!c || c->wake_ns > now)
		return NULL;
	heap_remove(h, c);
	return c;
}

uint64_t heap_next(const struct heap *h)
{
	return h->n ? h->at[0]->wake_ns : UINT64_MAX;
}
