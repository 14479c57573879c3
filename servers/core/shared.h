/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that forked workers share: mapped before the fork, so at the same address in all of them. */
#ifndef SERVERS_SHARED_H
#define SERVERS_SHARED_H

#include <pthread.h>
#include <stddef.h>

/* Zeroed; anonymous and MAP_NORESERVE. NULL: no memory. */
void *shared_map(size_t size);
void shared_unmap(void *p, size_t size);

/* A mutex between processes, robust: when a process died with it, the next one gets it and goes on. */
int shared_mutex_init(pthread_mutex_t *m);
void shared_lock(pthread_mutex_t *m);
void shared_unlock(pthread_mutex_t *m);

/* Allocation within one shared mapping. The caller holds a lock of its own around all three. */
struct arena;
/* Lies itself at the start of the mapping of `size` bytes. NULL: no memory. */
struct arena *arena_new(size_t size);
/* Aligned to 16. NULL: the arena is full. */
void *arena_alloc(struct arena *a, size_t size);
void arena_free(struct arena *a, void *p, size_t size);
size_t arena_used(const struct arena *a);

#endif
