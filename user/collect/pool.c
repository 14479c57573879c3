/* SPDX-License-Identifier: BSD-2-Clause */
#include "collect/session_maps.h"

static uint32_t round_up_pow2(uint32_t n)
{
	uint32_t p = 1;

	while (p < n)
		p <<= 1;
	return p;
}

void pool_set(struct vmprof_pool *pool, uint32_t first, uint32_t size)
{
	pool->used = first;
	pool->size = size;
	pool->mask = round_up_pow2(size) - 1;
}

uint32_t pool_end(const struct vmprof_pool *pool)
{
	uint32_t used = __atomic_load_n(&pool->used, __ATOMIC_ACQUIRE);

	return used < pool->size ? used : pool->size;
}

void pool_give(struct vmprof_pool *pool, struct window *ring, uint32_t id)
{
	uint64_t tail = pool->tail;

	*(uint32_t *)window_at(ring, tail & pool->mask) = id;
	__atomic_store_n(&pool->tail, tail + 1, __ATOMIC_RELEASE);
}
