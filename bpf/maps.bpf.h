/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps and variables that core.bpf.c defines, and the look-ups on them. */
#ifndef VMPROF_MAPS_BPF_H
#define VMPROF_MAPS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "vmprof_abi.h"
#include "compat.bpf.h"

/*
 * What is stored with a task. It is keyed by the task itself, so a PID used again
 * cannot be confused, and it goes when the task goes. `run` serves the threads
 * for which there was no slot; all others keep theirs in their record.
 */
struct vmprof_link {
	u32 slot;
	u32 flags;
	struct vmprof_run run;
};

#define VMPROF_ARRAY(name_, type_)                 \
	struct {                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);  \
		__uint(map_flags, BPF_F_MMAPABLE); \
		__uint(max_entries, 1);            \
		__type(key, u32);                  \
		__type(value, type_);              \
	} name_ SEC(".maps")

#define VMPROF_LINKS(name_)                              \
	struct {                                         \
		__uint(type, BPF_MAP_TYPE_TASK_STORAGE); \
		__uint(map_flags, BPF_F_NO_PREALLOC);    \
		__type(key, int);                        \
		__type(value, struct vmprof_link);       \
	} name_ SEC(".maps")

/* core.bpf.c defines what all the others only declare. */
#ifdef VMPROF_CORE
#define VMPROF_EXTERN
#else
#define VMPROF_EXTERN extern
#endif

/* max_entries of each is set by the loader. */
VMPROF_EXTERN VMPROF_ARRAY(threads, struct vmprof_thread);
VMPROF_EXTERN VMPROF_ARRAY(thread_ring, u32);
VMPROF_EXTERN VMPROF_ARRAY(calls, struct vmprof_calls); /* by slot */
VMPROF_EXTERN VMPROF_ARRAY(rows, struct vmprof_row);
VMPROF_EXTERN VMPROF_ARRAY(row_ring, u32);
VMPROF_EXTERN VMPROF_LINKS(links);

VMPROF_EXTERN const volatile u32 detail; /* enum vmprof_detail */
VMPROF_EXTERN const volatile bool follow_children;
VMPROF_EXTERN const volatile u32 page_size;
VMPROF_EXTERN const volatile u8 call_info[VMPROF_NR_CALLS]; /* class and VMPROF_CALL_* flags by number */

VMPROF_EXTERN struct vmprof_cpu cpus[VMPROF_MAX_CPUS];
VMPROF_EXTERN u32 hints[VMPROF_HINTS];
VMPROF_EXTERN struct vmprof_pool thread_pool;
VMPROF_EXTERN struct vmprof_pool row_pool;
VMPROF_EXTERN struct vmprof_lost lost;
VMPROF_EXTERN u32 dense[VMPROF_NR_CALLS];    /* call number -> dense index, 0: none yet */
VMPROF_EXTERN s32 dense_nr[VMPROF_NR_DENSE]; /* and back */
VMPROF_EXTERN u32 dense_used;
VMPROF_EXTERN u32 own_level;   /* how deep vmprof's own PID namespace is, 0: the initial one */
VMPROF_EXTERN u32 registering; /* set by the loader while targets are being registered */

/* What an event changes: a record of its own, or the others' record and the task's link. */
struct vmprof_who {
	struct vmprof_thread *rec;
	struct vmprof_run *run;
	bool shared;
};

static __always_inline struct vmprof_cpu *this_cpu(void)
{
	return &cpus[bpf_get_smp_processor_id() & (VMPROF_MAX_CPUS - 1)];
}

static __always_inline struct vmprof_thread *thread_at(u32 slot)
{
	return bpf_map_lookup_elem(&threads, &slot);
}

static __always_inline struct vmprof_link *link_of(struct task_struct *task)
{
	return bpf_task_storage_get(&links, task, NULL, 0);
}

/*
 * The verifier lets nobody calculate with an address, but what has been stored is a number. `at` is memory that
 * no interrupt uses meanwhile.
 */
static __always_inline u64 address_of(struct task_struct *task, u64 *at)
{
	*(volatile u64 *)at = (u64)task;
	return *(volatile u64 *)at;
}

/* Where hints[] may have the slot of the task at this address: Fibonacci hashing, and it is a multiple of 64. */
static __always_inline u32 *hint_of(u64 address)
{
	return &hints[((u32)(address >> 6) * 2654435769u) >> 17 & (VMPROF_HINTS - 1)];
}

/*
 * The slot of any task, 0: it is not tracked. Each switch and wake-up of the machine asks, and task storage takes
 * its time: an empty hint means that no tracked task hashes to it.
 */
static __always_inline u32 slot_of_task(struct task_struct *task, u64 address)
{
	u32 slot = *hint_of(address);
	struct vmprof_thread *rec;
	struct vmprof_link *link;

	if (!slot)
		return 0;
	if (slot != VMPROF_SLOT_MANY) {
		rec = thread_at(slot);
		if (rec && rec->task == address)
			return slot;
	}
	link = link_of(task);
	return link ? link->slot : 0;
}

/* The task has a slot from now on; two that hash to the same hint, or one without a record, leave it to the storage. */
static __always_inline void hint_set(u64 address, u32 slot)
{
	u32 *hint = hint_of(address);

	if (slot == VMPROF_SLOT_OTHERS || __sync_val_compare_and_swap(hint, 0, slot))
		*(volatile u32 *)hint = VMPROF_SLOT_MANY;
}

/* The thread that `slot` stands for; `task` NULL: the current one. False: it is not tracked. */
static __always_inline bool who_is(struct vmprof_who *who, u32 slot, struct task_struct *task)
{
	if (!slot)
		return false;
	who->rec = thread_at(slot);
	if (!who->rec)
		return false;
	who->shared = slot == VMPROF_SLOT_OTHERS;
	if (who->shared) {
		struct vmprof_link *link = link_of(task ?: bpf_get_current_task_btf());

		if (!link)
			return false;
		who->run = &link->run;
	} else {
		who->run = &who->rec->run;
	}
	return true;
}

/* Several CPUs add to what is shared. */
static __always_inline void add(u64 *to, u64 n, bool shared)
{
	if (shared)
		__sync_fetch_and_add(to, n);
	else
		*to += n;
}

/* The reader of a record sees either all of what lies between these two, or tries again. */
static __always_inline void begin(struct vmprof_who *who)
{
	if (who->shared)
		return;
	who->rec->seq++;
	write_barrier(&who->rec->seq);
}

static __always_inline void end(struct vmprof_who *who)
{
	if (who->shared)
		return;
	write_barrier(&who->rec->seq);
	who->rec->seq++;
}

/*
 * Charge the time since the last event to the state that ends now. The clocks of two
 * CPUs may differ by some ns: then nothing is charged and `since` stays, so that the sum holds.
 */
static __always_inline void charge(struct vmprof_who *who, u64 now)
{
	u32 state = who->run->state;
	s64 ns = now - who->run->since;

	if (ns <= 0 || state >= VMPROF_NSTATES)
		return;
	who->run->since = now;
	add(&who->rec->ns[state], ns, who->shared);
}

/* A number from the pool, 0 if there is none. */
static __always_inline u32 pool_take(struct vmprof_pool *pool, void *ring)
{
	for (int i = 0; i < 8; i++) {
		u64 head = *(volatile u64 *)&pool->head;
		u32 key = head & pool->mask, *id;

		if (head == *(volatile u64 *)&pool->tail)
			break;
		id = bpf_map_lookup_elem(ring, &key);
		if (!id)
			break;
		key = *(volatile u32 *)id;
		if (__sync_val_compare_and_swap(&pool->head, head, head + 1) == head)
			return key;
	}
	if (*(volatile u32 *)&pool->used < pool->size) {
		u32 id = __sync_fetch_and_add(&pool->used, 1);

		if (id < pool->size)
			return id;
	}
	return 0;
}

#endif
