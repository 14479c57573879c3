/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linear hashing: the table grows by one bucket at a time, so that no request pays for all. A chain is ordered by the
 * bits of the hash from the lowest up: splitting a bucket is cutting its chain in two. Each step is one store after
 * which the chains are whole.
 */
#include "table.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include "shared.h"

#define BUCKETS_FIRST 64
/* Bytes of the table for each bucket there can be: about what a small entry takes. */
#define BUCKET_SHARE 128

struct entry {
	struct entry *next;
	uint64_t hash;
	uint32_t key_size;
	uint32_t value_size : 31;
	uint32_t doomed : 1; /* perhaps among those staged for removal */
	char bytes[];        /* key, value */
};

struct table {
	pthread_mutex_t lock;
	struct arena *arena;
	size_t arena_size;
	struct entry **buckets; /* room for `most`; the first `n` are in use */
	uint64_t n, most, count;
	uint64_t seed;

	bool applying;
	bool clearing; /* staged: all keys go first */
	uint32_t staged_n, applied;
	uint64_t mark;
	struct staged {
		struct entry *entry;
		bool remove; /* it is in the table, and goes; else it is not yet */
	} staged[TABLE_STAGE_MAX];
};

/* In program order: what a killed process has stored is what the next one finds. */
#define STORE(to_, value_)                                            \
	do {                                                          \
		__atomic_signal_fence(__ATOMIC_SEQ_CST);              \
		__atomic_store_n(&(to_), (value_), __ATOMIC_RELAXED); \
		__atomic_signal_fence(__ATOMIC_SEQ_CST);              \
	} while (0)

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t word_at(const char *p, size_t n)
{
	uint64_t w = 0;

	memcpy(&w, p, n);
	return w;
}

/* Multiply and fold; the seed is unknown to clients, so that they can't choose keys of one bucket. */
static uint64_t hash_of(const struct table *t, struct slice key)
{
	const uint64_t odd = 0x9e3779b97f4a7c15, other = 0xe7037ed1a0b428db;
	uint64_t h = t->seed ^ mix(key.size ^ odd, other);
	const char *p = key.at;
	size_t n = key.size;

	for (; n > 16; n -= 16, p += 16)
		h = mix(word_at(p, 8) ^ odd, word_at(p + 8, 8) ^ h);
	if (n >= 8)
		return mix(mix(word_at(p, 8) ^ odd, word_at(p + n - 8, 8) ^ h), other ^ t->seed);
	return mix(mix(word_at(p, n) ^ odd, other ^ h), other ^ t->seed);
}

/* Whether a chain has a before b: at the lowest bit in which they differ, b has the 1. */
static bool precedes(uint64_t a, uint64_t b)
{
	uint64_t differ = a ^ b;

	return b & differ & -differ;
}

static uint64_t mask_of(uint64_t n)
{
	return ~(uint64_t)0 >> __builtin_clzll(n - 1);
}

static struct entry **bucket_of(const struct table *t, uint64_t hash)
{
	uint64_t mask = mask_of(t->n), i = hash & mask;

	return &t->buckets[i < t->n ? i : i & (mask >> 1)];
}

static struct slice key_of(const struct entry *e)
{
	return (struct slice){e->bytes, e->key_size};
}

/* The link to the entry with this key, or (*found is false) to the one before which it belongs. */
static struct entry **find(const struct table *t, uint64_t hash, struct slice key, bool *found)
{
	struct entry **link = bucket_of(t, hash), *e;

	for (; (e = *link); link = &e->next) {
		if (e->hash == hash) {
			if (e->key_size == key.size && !memcmp(e->bytes, key.at, key.size))
				break;
		} else if (precedes(hash, e->hash)) {
			e = NULL;
			break;
		}
	}
	*found = e;
	return link;
}

/* Of bucket i, what belongs to a bucket that came of it by a later split. */
static void cut(struct table *t, uint64_t from, uint64_t bit)
{
	struct entry **link = &t->buckets[from];

	while (*link && !((*link)->hash & bit))
		link = &(*link)->next;
	STORE(*link, NULL);
}

static void split(struct table *t)
{
	uint64_t bit = (mask_of(t->n + 1) >> 1) + 1, from = t->n & ~bit;
	struct entry *e = t->buckets[from];

	while (e && !(e->hash & bit))
		e = e->next;
	STORE(t->buckets[t->n], e);
	STORE(t->n, t->n + 1);
	cut(t, from, bit);
}

static void free_entry(struct table *t, struct entry *e)
{
	arena_free(t->arena, e, sizeof(*e) + e->key_size + e->value_size);
}

static void link_entry(struct table *t, struct entry *e)
{
	bool found;
	struct entry **link = find(t, e->hash, key_of(e), &found), *old = found ? *link : NULL;

	if (old != e) {
		STORE(e->next, old ? old->next : *link);
		STORE(*link, e);
	}
	STORE(t->applied, t->applied + 1);
	if (!old && ++t->count > t->n && t->n < t->most)
		split(t);
	else if (old && old != e)
		free_entry(t, old);
}

static void unlink_entry(struct table *t, struct entry *e)
{
	struct entry **link = bucket_of(t, e->hash);

	while (*link && *link != e)
		link = &(*link)->next;
	if (*link) {
		STORE(*link, e->next);
		t->count--;
	}
	STORE(t->applied, t->applied + 1);
	free_entry(t, e);
}

static void clear(struct table *t)
{
	struct entry *e;

	for (uint64_t i = 0; i < t->n; i++) {
		while ((e = t->buckets[i])) {
			STORE(t->buckets[i], e->next);
			free_entry(t, e);
		}
	}
	t->count = 0;
	STORE(t->clearing, false);
}

void table_apply(struct table *t)
{
	STORE(t->applying, true);
	if (t->clearing)
		clear(t);
	while (t->applied < t->staged_n) {
		struct staged *s = &t->staged[t->applied];

		if (s->remove)
			unlink_entry(t, s->entry);
		else
			link_entry(t, s->entry);
	}
	STORE(t->staged_n, 0);
	STORE(t->applied, 0);
	STORE(t->applying, false);
}

void table_drop(struct table *t)
{
	while (t->staged_n) {
		struct staged s = t->staged[t->staged_n - 1];

		STORE(t->staged_n, t->staged_n - 1);
		if (s.remove)
			s.entry->doomed = false;
		else
			free_entry(t, s.entry);
	}
	STORE(t->clearing, false);
}

/* A process was killed while it applied: the last split may lack its cut, and the count is anyone's guess. */
static void finish(struct table *t)
{
	uint64_t bit = (mask_of(t->n) >> 1) + 1;

	cut(t, (t->n - 1) & ~bit, bit);
	t->count = 0;
	for (uint64_t i = 0; i < t->n; i++)
		for (struct entry *e = t->buckets[i]; e; e = e->next)
			t->count++;
	table_apply(t);
}

bool table_lock(struct table *t, uint64_t *mark)
{
	shared_lock(&t->lock);
	if (t->applying)
		finish(t);
	*mark = t->mark;
	return t->staged_n || t->clearing;
}

void table_unlock(struct table *t)
{
	shared_unlock(&t->lock);
}

bool table_get(struct table *t, struct slice key, struct slice *value)
{
	bool found;
	struct entry *e = *find(t, hash_of(t, key), key, &found);

	if (found)
		*value = (struct slice){e->bytes + e->key_size, e->value_size};
	return found;
}

uint64_t table_count(const struct table *t)
{
	return t->count;
}

size_t table_used(const struct table *t)
{
	return arena_used(t->arena) + t->n * sizeof(*t->buckets);
}

static void stage(struct table *t, struct entry *e, bool remove)
{
	t->staged[t->staged_n] = (struct staged){e, remove};
	STORE(t->staged_n, t->staged_n + 1);
}

int table_stage_set(struct table *t, struct slice key, struct slice value)
{
	struct entry *e;

	if (t->staged_n == TABLE_STAGE_MAX)
		return -E2BIG;
	e = arena_alloc(t->arena, sizeof(*e) + key.size + value.size);
	if (!e)
		return -ENOMEM;
	*e = (struct entry){.hash = hash_of(t, key), .key_size = key.size, .value_size = value.size};
	memcpy(e->bytes, key.at, key.size);
	memcpy(e->bytes + key.size, value.at, value.size);
	stage(t, e, false);
	return 0;
}

int table_stage_remove(struct table *t, struct slice key)
{
	bool found;
	struct entry *e = *find(t, hash_of(t, key), key, &found);

	if (!found)
		return 0;
	/* The mark alone may be that of a process which was killed. */
	for (uint32_t i = 0; e->doomed && i < t->staged_n; i++)
		if (t->staged[i].entry == e)
			return 0;
	if (t->staged_n == TABLE_STAGE_MAX)
		return -E2BIG;
	e->doomed = true;
	stage(t, e, true);
	return 1;
}

void table_stage_clear(struct table *t)
{
	STORE(t->clearing, true);
}

void table_stage_mark(struct table *t, uint64_t mark)
{
	STORE(t->mark, mark);
}

static size_t map_size(uint64_t most)
{
	return sizeof(struct table) + most * sizeof(struct entry *);
}

struct table *table_new(size_t memory)
{
	uint64_t most = BUCKETS_FIRST;
	struct table *t;

	while (most * 2 <= memory / BUCKET_SHARE)
		most *= 2;
	if (memory <= map_size(most))
		return NULL;
	t = shared_map(map_size(most));
	if (!t)
		return NULL;
	*t = (struct table){.buckets = (struct entry **)(t + 1), .n = BUCKETS_FIRST, .most = most};
	t->arena_size = memory - map_size(most);
	t->arena = arena_new(t->arena_size);
	if (t->arena && !shared_mutex_init(&t->lock) && getrandom(&t->seed, sizeof(t->seed), 0) == sizeof(t->seed))
		return t;
	table_delete(t);
	return NULL;
}

void table_delete(struct table *t)
{
	if (!t)
		return;
	shared_unmap(t->arena, t->arena_size);
	shared_unmap(t, map_size(t->most));
}
