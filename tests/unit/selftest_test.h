/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of vmprof selftest share: a run in which everything is right. */
#ifndef SELFTEST_TEST_H
#define SELFTEST_TEST_H

#include "sink_test.h"

#include <sys/syscall.h>

#include "cmd/selftest_print.h"

#define MS UINT64_C(1000000)

static const struct run_info selftest_info = {
	.version = "0.1.0", .kernel = "6.18.0", .machine = "x86_64", .detail = "full", .cpus = 2};

static inline void set_call(struct evidence *e, int nr, uint64_t calls, uint64_t errors, uint64_t bytes)
{
	struct call_stats *c = call_table_get(&e->calls, nr);

	assert_non_null(c);
	c->calls = calls;
	c->errors = errors;
	c->bytes = bytes;
}

/* Lived 500 ms, by its own clock, in a process of 502 ms. */
static inline void right_life(struct evidence *e)
{
	e->forked = 999 * MS;
	e->deeds.begin = 1000 * MS;
	e->deeds.end = 1500 * MS;
	e->ended = 1501 * MS;
	e->threads_ns = 501 * MS;
	e->threads = 1;
	e->processes = 1;
	e->has_sched = true;
}

static inline void right_usage(struct evidence *e)
{
	e->usage.ru_nvcsw = 20;
	e->usage.ru_nivcsw = 30;
	e->usage.ru_minflt = 5000;
	e->usage.ru_majflt = 7;
	e->usage.ru_inblock = 56;
	e->usage.ru_utime.tv_usec = 300000;
	e->usage.ru_stime.tv_usec = 100000;
	sample_set(&e->tree, METRIC_VCSW, 20);
	sample_set(&e->tree, METRIC_IVCSW, 30);
	sample_set(&e->tree, METRIC_MINFLT, 5000);
	sample_set(&e->tree, METRIC_MAJFLT, 7);
	sample_set(&e->tree, METRIC_INBLOCK, 56);
	sample_set(&e->tree, METRIC_CPU_NS, 400 * MS);
}

/* 480 of 500 ms in this state. */
static inline void right_blocked(struct evidence *e, enum metric state)
{
	e->sched_cpu_ns = 15 * MS;
	e->sched_delay_ns = 5 * MS;
	sample_set(&e->own, state, 480 * MS);
}

static inline void right_cpu(struct evidence *e, uint64_t ns)
{
	e->sched_cpu_ns = e->deeds.cpu_ns = ns;
	sample_set(&e->own, METRIC_CPU_NS, ns);
	sample_set(&e->own, METRIC_USER, ns);
	sample_set(&e->own, METRIC_SYS, 0);
}

static inline void right_calls(struct proof *p)
{
	struct evidence *e = &p->of[WORK_COUNT_CALLS];

	set_call(e, SYS_getppid, e->deeds.calls = WORK_GETPPIDS, 0, 0);
	set_call(e, SYS_close, WORK_CLOSES, WORK_CLOSES, 0);
	set_call(e, SYS_read, WORK_PIPED, 0, e->deeds.read_bytes = WORK_PIPED * WORK_BYTES);
	set_call(e, SYS_write, WORK_PIPED, 0, e->deeds.written_bytes = WORK_PIPED * WORK_BYTES);
	sample_set(&e->own, METRIC_SYS_TOTAL, e->deeds.all_calls = 11825);

	e = &p->of[WORK_ATTACHED];
	set_call(e, SYS_getppid, e->deeds.calls = 232000, 0, 0);

	e = &p->of[WORK_FORK];
	e->deeds.children = WORK_CHILDREN;
	e->processes = 1 + WORK_CHILDREN;
	sample_set(&e->own, METRIC_SYS_TOTAL, 150);
	sample_set(&e->tree, METRIC_SYS_TOTAL, 150 + (e->deeds.all_calls = 808));

	e = &p->of[WORK_THREAD];
	set_call(e, SYS_getppid, e->deeds.calls = WORK_THREADS * WORK_THREAD_CALLS, 0, 0);
	e->deeds.others = WORK_THREADS;
	e->threads = WORK_THREADS + 1;
	e->deeds.others_lived = WORK_THREADS * 200 * MS;
	e->deeds.others_begun = WORK_THREADS * 1300 * MS;
	e->threads_ns += WORK_THREADS * 201 * MS;
	sample_set(&p->of[WORK_TOUCH].own, METRIC_UFAULTS, WORK_PAGES_TOUCHED);
}

static inline void right_proof(struct proof *p)
{
	*p = (struct proof){.detail = DETAIL_FULL};
	for (unsigned i = 0; i <= WORK_IDS; i++) {
		right_life(&p->of[i]);
		right_usage(&p->of[i]);
	}
	right_calls(p);
	right_cpu(&p->of[WORK_USER], 480 * MS);
	right_cpu(&p->of[WORK_SYS], 480 * MS);
	sample_set(&p->of[WORK_SYS].own, METRIC_USER, 4 * MS);
	sample_set(&p->of[WORK_SYS].own, METRIC_SYS, 476 * MS);
	right_cpu(&p->of[WORK_QUEUE], 250 * MS);
	p->of[WORK_QUEUE].sched_delay_ns = p->of[WORK_QUEUE].deeds.away_ns = 250 * MS;
	sample_set(&p->of[WORK_QUEUE].own, METRIC_RUNQ_WAKE, 1 * MS);
	sample_set(&p->of[WORK_QUEUE].own, METRIC_RUNQ_PREEMPT, 249 * MS);
	right_blocked(&p->of[WORK_SLEEP], METRIC_SLEEP);
	right_blocked(&p->of[WORK_PIPE], METRIC_PIPE);
	right_blocked(&p->of[WORK_LOCK], METRIC_LOCK);
	right_blocked(&p->of[WORK_POLL], METRIC_POLL);
	right_blocked(&p->of[WORK_NET], METRIC_NET);
	right_blocked(&p->of[WORK_CHILD], METRIC_CHILD);
	p->of[WORK_QUEUE].deeds.children = p->of[WORK_CHILD].deeds.children = 1;
	p->processes = p->made = 119;
}

static inline void free_proof(struct proof *p)
{
	for (unsigned i = 0; i <= WORK_IDS; i++)
		call_table_free(&p->of[i].calls);
}

#endif
