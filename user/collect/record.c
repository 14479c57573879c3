/* SPDX-License-Identifier: BSD-2-Clause */
#include "collect/record.h"

#include <errno.h>
#include <string.h>

#define COPY_TRIES 1000

_Static_assert(METRIC_STATES == VMPROF_NSTATES, "a state is a metric");
_Static_assert(CALL_HIST == VMPROF_HIST, "one histogram");

bool record_copy(const struct vmprof_thread *shared, struct vmprof_thread *copy)
{
	for (int i = 0; i < COPY_TRIES; i++) {
		uint32_t seq = __atomic_load_n(&shared->seq, __ATOMIC_ACQUIRE);

		if (seq & 1)
			continue;
		memcpy(copy, shared, sizeof(*copy));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&shared->seq, __ATOMIC_RELAXED) == seq) {
			copy->seq = seq;
			return true;
		}
	}
	return false;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The kernel has the time of page faults in `user` and `sys`, too: it is taken out there. */
static void take_out_faults(struct sample *s, const struct vmprof_thread *copy)
{
	uint64_t in_sys = least(copy->sys_fault_ns, copy->ns[VMPROF_ST_FAULT_CPU]);
	uint64_t in_user = copy->ns[VMPROF_ST_FAULT_CPU] - in_sys;

	/* Not more than is charged there so far. */
	in_sys = least(in_sys, copy->ns[VMPROF_ST_SYS]);
	in_user = least(in_user, copy->ns[VMPROF_ST_USER]);
	sample_set(s, METRIC_USER, copy->ns[VMPROF_ST_USER] - in_user);
	sample_set(s, METRIC_SYS, copy->ns[VMPROF_ST_SYS] - in_sys);
	sample_set(s, METRIC_FAULT_CPU, in_user + in_sys);
}

/*
 * Without sys_enter and sys_exit, the time on a CPU is split in proportion to the ticks that found the thread in
 * either mode, as getrusage(2) does it (cputime_adjust() in kernel/sched/cputime.c). With few ticks that may be far
 * off, and either part may fall when the next one comes: derive/ makes up for what was reported too much. Holding on
 * to the parts at each poll, as the kernel does when it is asked, would make the first guesses last.
 * The time of page faults is exact: it is of the kernel's part, and what is left of that is `sys`.
 */
static void split_by_ticks(struct sample *s, uint64_t utime, uint64_t stime)
{
	uint64_t faults = s->v[METRIC_FAULT_CPU], left = s->v[METRIC_USER], on_cpu = left + faults;
	uint64_t sys = stime ? (uint64_t)((unsigned __int128)on_cpu * stime / (stime + utime)) : 0;

	sys -= least(sys, faults);
	sample_set(s, METRIC_USER, left - sys);
	sample_set(s, METRIC_SYS, sys);
}

void record_read(struct reading *r, const struct vmprof_thread *copy, enum detail detail, metric_set measured)
{
	static const struct {
		enum metric metric;
		enum vmprof_kcounter counter;
	} same[] = {
		{METRIC_CPU_NS, VMPROF_K_CPU_NS}, {METRIC_VCSW, VMPROF_K_VCSW},
		{METRIC_IVCSW, VMPROF_K_IVCSW},   {METRIC_MINFLT, VMPROF_K_MINFLT},
		{METRIC_MAJFLT, VMPROF_K_MAJFLT}, {METRIC_MIGRATIONS, VMPROF_K_MIGRATIONS},
	};
	struct sample *s = &r->sample;
	uint64_t k[VMPROF_NKCOUNTERS];

	for (int i = 0; i < VMPROF_NKCOUNTERS; i++)
		k[i] = copy->run.kernel[i] - copy->base[i];
	for (int i = 0; i < VMPROF_NSTATES; i++)
		sample_set(s, METRIC_STATE_FIRST + i, copy->ns[i]);
	take_out_faults(s, copy);
	if (detail != DETAIL_FULL)
		split_by_ticks(s, k[VMPROF_K_UTIME_NS], k[VMPROF_K_STIME_NS]);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		sample_set(s, same[i].metric, k[same[i].counter]);
	/* getrusage(2) counts blocks of 512 bytes, task by task (task_io_get_inblock()). */
	sample_set(s, METRIC_INBLOCK, k[VMPROF_K_READ_BYTES] >> 9);
	sample_set(s, METRIC_OUBLOCK, k[VMPROF_K_WRITE_BYTES] >> 9);
	sample_set(s, METRIC_UFAULTS, copy->ufaults);
	sample_set(s, METRIC_WAKEUPS, copy->wakeups);
	sample_set(s, METRIC_LOST, 0);
	s->have &= measured;
	r->seq = copy->seq;
	r->status = copy->status;
	r->state = copy->run.state;
	r->since = copy->run.since;
}

/* What lies behind dense index `i` of the thread's table: its row, NULL if it has none yet. */
static struct vmprof_row *row_at(struct session_maps *m, const struct vmprof_calls *calls, uint32_t i)
{
	uint32_t row = calls->row[i];

	if (row < VMPROF_ROW_FIRST || row >= pool_end(m->row_pool) || window_reach(&m->rows, row + 1))
		return NULL;
	return window_at(&m->rows, row);
}

static uint32_t dense_end(const struct session_maps *m)
{
	uint32_t n = *(volatile const uint32_t *)m->dense_used;

	return n < VMPROF_NR_DENSE ? n : VMPROF_NR_DENSE;
}

/* Asked for each call of each thread at each poll: looked up once. */
static enum metric family_of(struct session_maps *m, uint32_t i)
{
	int nr = *(volatile const int32_t *)&m->dense_nr[i];

	if (!m->family[i] && nr != CALL_NR_OTHER)
		m->family[i] = call_family(nr);
	return m->family[i] ? m->family[i] : METRIC_COUNT;
}

void record_prefetch(struct session_maps *m, uint32_t slot)
{
	const struct vmprof_calls *calls = window_at(&m->calls, slot);

	for (uint32_t i = 0; i < dense_end(m); i++) {
		if (calls->row[i])
			__builtin_prefetch(row_at(m, calls, i));
	}
}

void record_call_metrics(struct session_maps *m, uint32_t slot, struct sample *s)
{
	const struct vmprof_calls *calls = window_at(&m->calls, slot);
	uint64_t *v = s->v;

	for (int i = METRIC_SYS_TOTAL; i <= METRIC_SYS_FUTEX; i++)
		sample_set(s, i, 0);
	for (uint32_t i = 0; i < dense_end(m); i++) {
		const struct vmprof_row *row = row_at(m, calls, i);
		enum metric family;

		if (!row)
			continue;
		v[METRIC_SYS_TOTAL] += row->calls;
		v[METRIC_SYS_ERRORS] += row->errors;
		family = family_of(m, i);
		if (family != METRIC_COUNT)
			v[family] += row->calls;
	}
}

int record_add_row(const struct vmprof_row *row, int nr, struct call_table *table)
{
	struct call_stats *c;

	if (!row->calls)
		return 0;
	c = call_table_get(table, nr);
	if (!c)
		return -ENOMEM;
	c->calls += row->calls;
	c->errors += row->errors;
	c->ns += row->ns;
	c->bytes += row->bytes;
	if (row->max > c->max_ns)
		c->max_ns = row->max;
	for (int i = 0; i < CALL_HIST; i++)
		c->hist[i] += row->hist[i];
	return 0;
}

int record_calls(struct session_maps *m, uint32_t slot, struct call_table *table)
{
	const struct vmprof_calls *calls = window_at(&m->calls, slot);
	int err = 0;

	for (uint32_t i = 0; i < dense_end(m) && !err; i++) {
		const struct vmprof_row *row = row_at(m, calls, i);

		if (row)
			err = record_add_row(row, m->dense_nr[i], table);
	}
	return err;
}

void record_release(struct session_maps *m, uint32_t slot)
{
	if (m->calls.mapped) {
		struct vmprof_calls *calls = window_at(&m->calls, slot);

		for (uint32_t i = 0; i < dense_end(m); i++) {
			struct vmprof_row *row = row_at(m, calls, i);

			if (!row)
				continue;
			memset(row, 0, sizeof(*row));
			pool_give(m->row_pool, &m->row_ring, calls->row[i]);
		}
		memset(calls, 0, sizeof(*calls));
	}
	memset(window_at(&m->threads, slot), 0, sizeof(struct vmprof_thread));
	pool_give(m->thread_pool, &m->thread_ring, slot);
}
