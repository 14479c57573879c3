/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Good fit from binned free lists with immediate merging, as in TLSF: alloc and free take constant time, and memory
 * that was freed in small pieces can be used in large ones. A process may be killed at any instruction: chunks come and
 * go by one store to `size` each, and all else is made anew from their sizes.
 */
#include "shared.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * A chunk follows the other without gaps. Its memory begins behind `size` and reaches over `before` of the chunk that
 * follows, which is only used while this one is free: 8 bytes for each allocation.
 */
struct chunk {
	size_t before;             /* size of the chunk before it, if that is free */
	size_t size;               /* multiple of 16, and the flags */
	struct chunk *next, *prev; /* of a free one */
};

#define USED        ((size_t)1) /* this one */
#define USED_BEFORE ((size_t)2) /* the one before it */
#define FLAGS       (USED | USED_BEFORE)
#define UNIT        16
#define HEAD        16 /* from a chunk to its memory */

/* Bins: one for each size below LINEAR units, then 16 for each doubling. */
#define LINEAR 32
#define BINS   (LINEAR + 16 * 40)
#define WORDS  (BINS / 64 + 1)

/* In program order: what a killed process has stored is what the next one finds. */
#define STORE(to_, value_)                                            \
	do {                                                          \
		__atomic_signal_fence(__ATOMIC_SEQ_CST);              \
		__atomic_store_n(&(to_), (value_), __ATOMIC_RELAXED); \
		__atomic_signal_fence(__ATOMIC_SEQ_CST);              \
	} while (0)

struct arena {
	size_t size;   /* of all chunks */
	bool changing; /* found set: a process was killed within */
	size_t used;
	uint64_t filled[WORDS]; /* bins that are not empty */
	struct chunk *bins[BINS];
} __attribute__((aligned(UNIT)));

static size_t size_of(const struct chunk *c)
{
	return c->size & ~FLAGS;
}

static struct chunk *after(struct chunk *c, size_t size)
{
	return (struct chunk *)((char *)c + size);
}

static unsigned log2_of(size_t n)
{
	return 63 - __builtin_clzl(n);
}

static unsigned bin_of(size_t size)
{
	size_t units = size / UNIT;
	unsigned log;

	if (units < LINEAR)
		return units;
	log = log2_of(units);
	return LINEAR + (log - 5) * 16 + ((units >> (log - 4)) & 15);
}

/* The first bin all of whose chunks are large enough. */
static unsigned bin_for(size_t size)
{
	size_t units = size / UNIT;

	if (units >= LINEAR)
		units += ((size_t)1 << (log2_of(units) - 4)) - 1;
	return bin_of(units * UNIT);
}

static void file(struct arena *a, struct chunk *c, size_t size)
{
	unsigned bin = bin_of(size);

	c->prev = NULL;
	c->next = a->bins[bin];
	if (c->next)
		c->next->prev = c;
	a->bins[bin] = c;
	a->filled[bin / 64] |= (uint64_t)1 << (bin % 64);
}

static void unfile(struct arena *a, struct chunk *c)
{
	unsigned bin = bin_of(size_of(c));

	if (c->next)
		c->next->prev = c->prev;
	if (c->prev)
		c->prev->next = c->next;
	else
		a->bins[bin] = c->next;
	if (!a->bins[bin])
		a->filled[bin / 64] &= ~((uint64_t)1 << (bin % 64));
}

/* A free chunk, whose neighbours are in use. */
static void set_free(struct arena *a, struct chunk *c, size_t size)
{
	struct chunk *next = after(c, size);

	STORE(c->size, size | USED_BEFORE);
	next->before = size;
	next->size &= ~USED_BEFORE;
	file(a, c, size);
}

static struct chunk *first_of(struct arena *a)
{
	return (struct chunk *)(a + 1);
}

/* Bins, flags and `used`, from the sizes of the chunks and which of them are in use. */
static void mend(struct arena *a)
{
	struct chunk *c = first_of(a), *last = after(c, a->size), *next;

	memset(a->filled, 0, sizeof(a->filled));
	memset(a->bins, 0, sizeof(a->bins));
	a->used = 0;
	c->size |= USED_BEFORE;
	for (; c != last; c = next) {
		size_t size = size_of(c);

		next = after(c, size);
		if (c->size & USED) {
			a->used += size;
			next->size |= USED_BEFORE;
			continue;
		}
		for (; !(next->size & USED); next = after(c, size))
			size += size_of(next);
		set_free(a, c, size);
	}
}

static void begin(struct arena *a)
{
	if (a->changing)
		mend(a);
	STORE(a->changing, true);
}

static void *end(struct arena *a, void *p)
{
	STORE(a->changing, false);
	return p;
}

struct arena *arena_new(size_t size)
{
	size_t head = sizeof(struct arena);
	struct arena *a;
	struct chunk *first;

	size = size / UNIT * UNIT;
	if (size < head + 2 * sizeof(struct chunk) || size >> 48)
		return NULL;
	a = shared_map(size);
	if (!a)
		return NULL;
	/* The last chunk is never free, so that nothing is merged beyond the end. */
	a->size = size - head - sizeof(struct chunk);
	first = first_of(a);
	after(first, a->size)->size = sizeof(struct chunk) | USED;
	set_free(a, first, a->size);
	return a;
}

static struct chunk *find(struct arena *a, size_t size)
{
	unsigned bin = bin_for(size), word = bin / 64;
	uint64_t filled;

	if (bin >= BINS)
		return NULL;
	filled = a->filled[word] & ~(uint64_t)0 << (bin % 64);
	while (!filled && ++word < WORDS)
		filled = a->filled[word];
	return filled ? a->bins[word * 64 + __builtin_ctzll(filled)] : NULL;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct chunk *c;
	size_t have;

	if (size > a->size)
		return NULL;
	size = (size + sizeof(size_t) + UNIT - 1) / UNIT * UNIT;
	if (size < sizeof(struct chunk))
		size = sizeof(struct chunk);
	begin(a);
	c = find(a, size);
	if (!c)
		return end(a, NULL);
	unfile(a, c);
	have = size_of(c);
	after(c, have)->size |= USED_BEFORE;
	if (have - size >= sizeof(struct chunk)) {
		set_free(a, after(c, size), have - size);
		have = size;
	}
	STORE(c->size, have | USED | (c->size & USED_BEFORE));
	a->used += have;
	return end(a, (char *)c + HEAD);
}

void arena_free(struct arena *a, void *p, size_t size)
{
	struct chunk *c, *next;
	size_t total;

	(void)size;
	if (!p)
		return;
	begin(a);
	c = (struct chunk *)((char *)p - HEAD);
	total = size_of(c);
	a->used -= total;
	next = after(c, total);
	if (!(next->size & USED)) {
		unfile(a, next);
		total += size_of(next);
	}
	if (!(c->size & USED_BEFORE)) {
		total += c->before;
		c = (struct chunk *)((char *)c - c->before);
		unfile(a, c);
	}
	set_free(a, c, total);
	end(a, NULL);
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
