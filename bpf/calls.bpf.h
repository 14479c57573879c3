/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rows of system calls. A call whose entry was not seen (it began before the thread was
 * tracked, or in the parent: clone returns in the child too) is not counted. */
#ifndef VMPROF_CALLS_BPF_H
#define VMPROF_CALLS_BPF_H

#include "maps.bpf.h"
#include "record.bpf.h"

#define MAX_ERRNO 4095 /* include/linux/err.h */

/* The dense index of a call number; a new one when it is first used. */
static __always_inline u32 dense_of(u32 nr)
{
	u32 index, old;

	if (nr >= VMPROF_NR_CALLS)
		return VMPROF_DENSE_OTHER;
	nr = bounded(nr, VMPROF_NR_CALLS);
	index = dense[nr];
	if (index)
		return index;
	if (dense_used >= VMPROF_NR_DENSE)
		return VMPROF_DENSE_OTHER;
	index = __sync_fetch_and_add(&dense_used, 1);
	if (index >= VMPROF_NR_DENSE)
		return VMPROF_DENSE_OTHER;
	old = __sync_val_compare_and_swap(&dense[nr], 0, index);
	if (old)
		return old; /* another CPU was first; the index it did not need stays unused */
	dense_nr[index] = nr;
	return index;
}

static __always_inline struct vmprof_row *row_at(u32 row)
{
	return bpf_map_lookup_elem(&rows, &row);
}

/* The row of a thread's call, or the others' row, which several CPUs share. */
static __always_inline struct vmprof_row *row_of(u32 slot, u32 index, bool *shared)
{
	struct vmprof_calls *table = bpf_map_lookup_elem(&calls, &slot);
	u32 row;

	if (!table)
		return NULL;
	row = table->row[index & (VMPROF_NR_DENSE - 1)];
	if (!row) {
		row = pool_take(&row_pool, &row_ring);
		if (!row) {
			__sync_fetch_and_add(&lost.rows, 1);
			*shared = true;
			return row_at(VMPROF_ROW_OTHERS);
		}
		if (!*shared) {
			table->row[index & (VMPROF_NR_DENSE - 1)] = row;
		} else {
			/* Of two CPUs one gives up its row: it happens once per call number. */
			u32 old = __sync_val_compare_and_swap(&table->row[index & (VMPROF_NR_DENSE - 1)], 0, row);

			row = old ?: row;
		}
	}
	return row_at(row);
}

/* floor(log2(ns)), less the shift of bucket 0. */
static __always_inline u32 hist_bucket(u64 ns)
{
	u32 log = 0;

	if (ns >> 32) {
		ns >>= 32;
		log = 32;
	}
	if (ns >> 16) {
		ns >>= 16;
		log += 16;
	}
	if (ns >> 8) {
		ns >>= 8;
		log += 8;
	}
	if (ns >> 4) {
		ns >>= 4;
		log += 4;
	}
	if (ns >> 2) {
		ns >>= 2;
		log += 2;
	}
	log += ns >> 1;
	if (log < VMPROF_HIST_SHIFT)
		return 0;
	log -= VMPROF_HIST_SHIFT;
	return log < VMPROF_HIST ? log : VMPROF_HIST - 1;
}

/* Count a call that returned `ret` after `ns` (0: not timed). */
static __always_inline void count_call(struct vmprof_who *who, u32 slot, u32 nr, long ret, u64 ns)
{
	u8 info = nr < VMPROF_NR_CALLS ? call_info[bounded(nr, VMPROF_NR_CALLS)] : 0;
	bool shared = who->shared;
	struct vmprof_row *row;

	if (info & VMPROF_CALL_IGNORE)
		return;
	row = row_of(slot, dense_of(nr), &shared);
	if (!row)
		return;
	add(&row->calls, 1, shared);
	if (ret < 0) {
		/* What sigreturn "returns" is a register of whom the signal interrupted. */
		if (ret >= -MAX_ERRNO && nr != VMPROF_NR_SIGRETURN)
			add(&row->errors, 1, shared);
	} else if (info & VMPROF_CALL_BYTES) {
		add(&row->bytes, ret, shared);
	}
	if (!ns)
		return;
	add(&row->ns, ns, shared);
	if (ns > row->max)
		row->max = ns; /* of the others' row, the longest may be missed by a race */
	add(&row->hist[hist_bucket(ns) & (VMPROF_HIST - 1)], 1, shared);
}

#endif
