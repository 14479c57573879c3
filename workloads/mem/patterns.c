// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "patterns.h"

#define FNV_START 0xcbf29ce484222325ULL
#define FNV_PRIME 0x100000001b3ULL

/* splitmix64: each draw is a function of seed and position alone, and any seed is as good as another. */
static inline uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* 0 … n - 1, without a division. */
static inline uint64_t draw_below(uint64_t *state, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)draw(state) * n) >> 64);
}

/* The word as it was. An addition of what only looks unknown to the compiler: it would make a load of a plain 0. */
static inline uint64_t touch(uint64_t *word, bool write)
{
	uint64_t nothing = 0;

	if (!write)
		return *(volatile uint64_t *)word;
	__asm__("" : "+r"(nothing));
	return __atomic_fetch_add(word, nothing, __ATOMIC_RELAXED);
}

static void think(uint64_t ns)
{
	struct timespec time = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	nanosleep(&time, NULL); /* a signal ends the pause, and with it the walk */
}

/* The loop of all patterns; each has its own, with its own way to the next place compiled in. */
typedef uint64_t next_fn(const struct walk *w, uint64_t *state, uint64_t place, uint64_t word);

static inline __attribute__((always_inline)) int walk(struct walk *w, next_fn next, bool drawn)
{
	uint64_t state = w->seed, sum = FNV_START, touches = 0;
	uint64_t place = drawn ? next(w, &state, 0, 0) : 0;
	uint64_t pass = w->think_ns ? w->size / PAGE : UINT64_MAX, passed = pass;

	while (touches < w->most && !*w->stop) {
		uint64_t word;

		if (place >= w->size)
			return -EBADMSG;
		word = touch((uint64_t *)(w->base + place), w->write);
		sum = (sum ^ place) * FNV_PRIME;
		touches++;
		place = next(w, &state, place, word);
		if (touches == passed) {
			passed += pass;
			think(w->think_ns);
		}
	}
	w->touches = touches;
	w->checksum = sum;
	return 0;
}

static inline uint64_t next_drawn(const struct walk *w, uint64_t *state, uint64_t place, uint64_t word)
{
	(void)place;
	(void)word;
	return draw_below(state, w->size / PAGE) * PAGE;
}

static inline uint64_t next_page(const struct walk *w, uint64_t *state, uint64_t place, uint64_t word)
{
	(void)state;
	(void)word;
	place += PAGE;
	return place < w->size ? place : 0;
}

static inline uint64_t next_stride(const struct walk *w, uint64_t *state, uint64_t place, uint64_t word)
{
	(void)state;
	(void)word;
	place += w->stride;
	return place < w->size ? place : place - w->size;
}

static inline uint64_t next_linked(const struct walk *w, uint64_t *state, uint64_t place, uint64_t word)
{
	(void)w;
	(void)state;
	(void)place;
	return word;
}

static int walk_random(struct walk *w)
{
	return walk(w, next_drawn, true);
}

static int walk_sequential(struct walk *w)
{
	return walk(w, next_page, false);
}

static int walk_stride(struct walk *w)
{
	w->stride %= w->size;
	return walk(w, next_stride, false);
}

static int walk_chase(struct walk *w)
{
	return walk(w, next_linked, false);
}

static const struct pattern patterns[] = {
	{"random", .walk = walk_random},
	{"sequential", .walk = walk_sequential, .read_ahead = true},
	{"stride", .walk = walk_stride},
	{"chase", .walk = walk_chase, .links = true},
};

const struct pattern *pattern_find(const char *name)
{
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (!strcmp(patterns[i].name, name))
			return &patterns[i];
	return NULL;
}

/*
 * Sattolo's shuffle gives a permutation that is a single cycle. It is drawn in memory of its own, 4 bytes a page: to
 * shuffle the links where they lie would page in random order what may be larger than memory.
 */
int pattern_link(const struct walk *w)
{
	uint64_t pages = w->size / PAGE, state = w->seed;
	uint32_t *next = malloc(pages * sizeof(*next));
	int err = 0;

	if (!next)
		return -ENOMEM;
	for (uint64_t i = 0; i < pages; i++)
		next[i] = i;
	for (uint64_t i = pages - 1; i > 0; i--) {
		uint64_t j = draw_below(&state, i);
		uint32_t swapped = next[i];

		next[i] = next[j];
		next[j] = swapped;
	}
	for (uint64_t i = 0; i < pages; i++) {
		uint64_t *word = (uint64_t *)(w->base + i * PAGE);

		if (*w->stop) {
			err = -EINTR;
			break;
		}
		if (*word != (uint64_t)next[i] * PAGE)
			*word = (uint64_t)next[i] * PAGE;
	}
	free(next);
	return err;
}

int pattern_make(const struct walk *w)
{
	for (uint64_t place = 0; place < w->size; place += PAGE) {
		if (*w->stop)
			return -EINTR;
		/* Not zeros: pages of zeros take neither room nor time in swap (mm/page_io.c, since 6.12). */
		*(volatile uint64_t *)(w->base + place) = place + 1;
	}
	return 0;
}
