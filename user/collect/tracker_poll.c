/* SPDX-License-Identifier: BSD-2-Clause */
/* One poll: the kernel's records into samples of processes and threads. */
#include "collect/tracker_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"

#define WAITS_NS 1000000
#define AHEAD    4 /* threads whose rows are on their way to the cache */

static int order_push(struct tracker *t, struct subject *s)
{
	if (t->n_order == t->room) {
		size_t room = t->room ? t->room * 2 : 64;
		struct subject **order = reallocarray(t->order, room, sizeof(*order));

		if (!order)
			return -ENOMEM;
		t->order = order;
		t->room = room;
	}
	t->order[t->n_order++] = s;
	return 0;
}

static int thread_begin(struct tracker *t, struct thread *th, const struct vmprof_thread *rec)
{
	struct process *p = process_of(&t->processes, rec, &t->counts.processes);

	if (!p)
		return -ENOMEM;
	memset(th, 0, sizeof(*th));
	th->reading.seq = ~rec->seq; /* anything else */
	if (t->options.threads) {
		th->subject = process_add_thread(p);
		if (!th->subject)
			return -ENOMEM;
	}
	th->process = p;
	if (!t->begin || rec->start < t->begin)
		t->begin = rec->start;
	t->counts.threads++;
	return 0;
}

/* Names follow the leader, whose thread number is the process's. */
static void thread_names(struct thread *th, const struct vmprof_thread *rec)
{
	struct process *p = th->process;

	if (rec->tid == rec->tgid) {
		memcpy(p->subject.comm, rec->comm, COMM_LEN);
		p->subject.execs = rec->execs;
	}
	if (th->subject) {
		th->subject->pid = rec->tgid;
		th->subject->tid = rec->tid;
		th->subject->execs = rec->execs;
		memcpy(th->subject->comm, rec->comm, COMM_LEN);
	}
}

/* The time since the last event belongs to the state that lasts. */
static void charge_in_flight(const struct reading *r, uint64_t now, struct sample *s)
{
	uint32_t state = r->state < VMPROF_NSTATES ? r->state : VMPROF_ST_OTHER;

	if (r->status == VMPROF_LIVE && now > r->since)
		s->v[METRIC_STATE_FIRST + state] += now - r->since;
}

/* The thread has ended: what it did stays with its process, its slot goes back to the kernel. */
static int thread_end(struct tracker *t, struct thread *th, uint32_t slot)
{
	struct process *p = th->process;
	int err = 0;

	sample_add(&p->past, &th->reading.sample);
	if (t->detail != DETAIL_LEDGER) {
		err = record_calls(t->maps, slot, &t->gone_calls);
		if (!err && t->options.calls) {
			err = record_calls(t->maps, slot, &p->past_calls);
			err = err ?: record_calls(t->maps, slot, &p->subject.calls); /* this poll's */
		}
	}
	record_release(t->maps, slot);
	th->process = NULL;
	th->subject = NULL; /* its process keeps it until it is reaped */
	return err;
}

/* The record has changed, or is new. */
static int update_thread(struct tracker *t, struct thread *th, uint32_t slot, const struct vmprof_thread *copy)
{
	int err = th->process ? 0 : thread_begin(t, th, copy);

	if (err)
		return err;
	record_read(&th->reading, copy, t->detail, t->measured);
	thread_names(th, copy);
	if (t->detail != DETAIL_LEDGER)
		record_call_metrics(t->maps, slot, &th->reading.sample);
	memory_changed(&th->process->memory, copy->peak_rss);
	return 0;
}

static int poll_thread(struct tracker *t, uint32_t slot, uint64_t now)
{
	const struct vmprof_thread *shared = window_at(&t->maps->threads, slot);
	struct thread *th = &t->threads[slot];
	struct vmprof_thread copy;
	struct process *p;
	int err;

	if (__atomic_load_n(&shared->status, __ATOMIC_ACQUIRE) == VMPROF_FREE)
		return 0;
	if (!th->process || __atomic_load_n(&shared->seq, __ATOMIC_ACQUIRE) != th->reading.seq) {
		bool copied = record_copy(shared, &copy);

		if (!copied && !th->process)
			return 0;
		if (copied) {
			err = update_thread(t, th, slot, &copy);
			if (err)
				return err;
		}
	}
	p = th->process;
	sample_add(&p->subject.now, &th->reading.sample);
	charge_in_flight(&th->reading, now, &p->subject.now);
	if (th->subject) {
		th->subject->now = th->reading.sample;
		th->subject->now.at = now;
		charge_in_flight(&th->reading, now, &th->subject->now);
		th->subject->ended = th->reading.status == VMPROF_ENDED;
	}
	if (th->reading.status == VMPROF_ENDED)
		return thread_end(t, th, slot);
	p->live++;
	return t->options.calls && t->detail != DETAIL_LEDGER ? record_calls(t->maps, slot, &p->subject.calls) : 0;
}

/* The shared record: of threads for which there was no slot, and of calls for which there was no row. */
static int poll_others(struct tracker *t, uint64_t now)
{
	const struct vmprof_thread *shared = window_at(&t->maps->threads, VMPROF_SLOT_OTHERS);
	struct tracker_counts *c = &t->counts;
	struct subject *s = &t->others.subject;
	struct reading r = {0};

	c->lost_threads = __atomic_load_n(&t->maps->lost->threads, __ATOMIC_RELAXED);
	c->lost_rows = __atomic_load_n(&t->maps->lost->rows, __ATOMIC_RELAXED);
	c->lost_links = __atomic_load_n(&t->maps->lost->links, __ATOMIC_RELAXED);
	c->skipped = session_skipped(t->session, &c->untimed_faults);
	record_read(&r, shared, t->detail, t->measured);
	call_table_clear(&s->calls);
	if (t->detail != DETAIL_LEDGER) {
		const struct vmprof_row *row = window_at(&t->maps->rows, VMPROF_ROW_OTHERS);
		int err;

		record_call_metrics(t->maps, VMPROF_SLOT_OTHERS, &r.sample);
		r.sample.v[METRIC_SYS_TOTAL] += row->calls;
		r.sample.v[METRIC_SYS_ERRORS] += row->errors;
		err = record_calls(t->maps, VMPROF_SLOT_OTHERS, &s->calls);
		err = err ?: record_add_row(row, CALL_NR_OTHER, &s->calls);
		if (err)
			return err;
	}
	r.sample.v[METRIC_LOST] = c->lost_threads + c->lost_rows + c->lost_links + c->skipped;
	r.sample.at = now;
	s->now = r.sample;
	return 0;
}

static int process_begin_poll(struct tracker *t, struct process *p)
{
	p->live = 0;
	p->subject.now = p->past;
	if (!t->options.calls)
		return 0;
	call_table_clear(&p->subject.calls);
	return call_table_add(&p->subject.calls, &p->past_calls);
}

static int process_end_poll(struct tracker *t, struct process *p, uint64_t now)
{
	struct thread_subject *th;
	int err = order_push(t, &p->subject);

	p->subject.ended = !p->live;
	t->ended += !p->live;
	if (p->live) {
		t->counts.live_processes++;
		t->counts.live_threads += p->live;
		memory_poll(&p->memory, t->options.proc, (pid_t)p->subject.pid, t->counts.live_processes, now);
	}
	memory_set(&p->memory, p->live, &p->subject.now);
	sample_set(&p->subject.now, METRIC_THREADS, p->live);
	p->subject.now.at = now;
	sample_total(&t->total, &p->subject.now);
	LL_FOREACH(p->threads, th)
	err = err ?: order_push(t, &th->subject);
	return err;
}

static int reach(struct tracker *t, uint32_t *end)
{
	struct session_maps *m = t->maps;
	bool calls = t->detail != DETAIL_LEDGER;
	struct thread *threads;
	int err;

	*end = pool_end(m->thread_pool);
	err = window_reach(&m->threads, *end);
	/* Used numbers come back through the rings, which wrap: all of them is in use soon. */
	err = err ?: window_reach(&m->thread_ring, m->thread_pool->mask + 1);
	err = err ?: window_reach(&m->row_ring, m->row_pool->mask + 1);
	err = err ?: window_reach(&m->rows, calls ? pool_end(m->row_pool) : VMPROF_ROW_FIRST);
	err = err ?: window_reach(&m->calls, calls ? *end : 0);
	if (err || *end <= t->n_threads)
		return err;
	threads = reallocarray(t->threads, *end, sizeof(*threads));
	if (!threads)
		return -ENOMEM;
	memset(threads + t->n_threads, 0, (*end - t->n_threads) * sizeof(*threads));
	t->threads = threads;
	t->n_threads = *end;
	return 0;
}

/*
 * Is there a thread that waits for a CPU, as far as its record says? It may have got one by a switch that
 * went unseen (catch_up() in record.bpf.h), on a CPU of which we know nothing.
 */
static bool someone_waits(const struct tracker *t, uint32_t end, uint64_t now)
{
	for (uint32_t slot = VMPROF_SLOT_FIRST; slot < end; slot++) {
		const volatile struct vmprof_thread *rec = window_at(&t->maps->threads, slot);
		uint32_t state = rec->run.state;

		if (rec->status == VMPROF_LIVE && (state == VMPROF_ST_RUNQ_WAKE || state == VMPROF_ST_RUNQ_PREEMPT) &&
		    now > rec->run.since + WAITS_NS)
			return true;
	}
	return false;
}

int tracker_poll(struct tracker *t, uint64_t *at)
{
	struct process *p, *next;
	uint32_t end;
	int err;

	err = reach(t, &end);
	if (err)
		return err;
	session_flush(t->session, someone_waits(t, end, clock_ns()));
	*at = clock_ns();
	err = reach(t, &end);
	if (err)
		return err;
	HASH_ITER(hh, t->processes, p, next)
		err = err ?: process_begin_poll(t, p);
	for (uint32_t slot = VMPROF_SLOT_FIRST; slot < end && !err; slot++) {
		if (t->detail != DETAIL_LEDGER && slot + AHEAD < end)
			record_prefetch(t->maps, slot + AHEAD);
		err = poll_thread(t, slot, *at);
	}
	err = err ?: poll_others(t, *at);

	t->n_order = t->ended = 0;
	t->counts.live_processes = t->counts.live_threads = 0;
	t->total = t->gone;
	t->total.at = *at;
	HASH_ITER(hh, t->processes, p, next)
		err = err ?: process_end_poll(t, p, *at);
	sample_total(&t->total, &t->others.subject.now);
	if (!err && t->others.subject.now.v[METRIC_LOST])
		err = order_push(t, &t->others.subject);
	return err;
}
