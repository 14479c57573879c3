/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside collect/ only: the records of a session as the kernel writes them. */
#ifndef COLLECT_SESSION_MAPS_H
#define COLLECT_SESSION_MAPS_H

#include "collect/session.h"
#include "collect/window.h"
#include "model/metric.h"
#include "vmprof_abi.h"

struct session_maps {
	struct window threads, thread_ring, calls, rows, row_ring;
	struct vmprof_pool *thread_pool, *row_pool;
	const struct vmprof_lost *lost;
	const int32_t *dense_nr;
	const uint32_t *dense_used;
	enum metric family[VMPROF_NR_DENSE]; /* by dense index, once it has been asked for; 0: not yet */
};

struct session_maps *session_maps(struct session *s);
enum detail session_detail(const struct session *s);

/* Before the programs are loaded: the pool gives out first … size-1. */
void pool_set(struct vmprof_pool *pool, uint32_t first, uint32_t size);
/* Numbers in use so far: records first … end-1 of the pool have been given out at least once. */
uint32_t pool_end(const struct vmprof_pool *pool);
/* Give a number back. Its record must be all zero. */
void pool_give(struct vmprof_pool *pool, struct window *ring, uint32_t id);

#endif
