/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hash table of byte strings in memory that all workers and processes share. Changes are staged, then applied
 * together. A process may be killed at any instruction: what it had begun to apply is finished by the next one to lock
 * the table, and what it had only staged is left to that one to decide.
 */
#ifndef SERVERS_TABLE_H
#define SERVERS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
	const char *at;
	size_t size;
};

#define TABLE_STAGE_MAX 1024 /* keys set and removed in one go */

struct table;

/* At most `memory` bytes, keys and overhead included. Before any fork. NULL: no memory, or too little of it. */
struct table *table_new(size_t memory);
void table_delete(struct table *t);

/*
 * All below is called with the lock held. True: a process was killed after it had staged changes under this mark, and
 * before it applied them: the caller applies or drops them before anything else.
 */
bool table_lock(struct table *t, uint64_t *mark);
void table_unlock(struct table *t);

/* The value is valid while the lock is held, until the next change. */
bool table_get(struct table *t, struct slice key, struct slice *value);
uint64_t table_count(const struct table *t);
/* Bytes taken of those given. */
size_t table_used(const struct table *t);

/* 0, -ENOMEM: it does not fit (what was staged before still is), -E2BIG: more than TABLE_STAGE_MAX. */
int table_stage_set(struct table *t, struct slice key, struct slice value);
/* 1; 0: there is no such key, or it is staged for removal already; -E2BIG. Not for keys staged to be set. */
int table_stage_remove(struct table *t, struct slice key);
/* All keys, before what else is staged. */
void table_stage_clear(struct table *t);
/* A number of the caller's that table_lock() gives to the next process if this one is killed before table_apply(). */
void table_stage_mark(struct table *t, uint64_t mark);

/* What is staged, made; can't fail. */
void table_apply(struct table *t);
void table_drop(struct table *t);

#endif
