/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/selftest_look.h"

#include <sys/syscall.h>

#include "base/clock.h"

#define TICK_NS 1e7 /* at 100 Hz, the slowest */

static const struct evidence *of(const struct proof *p, const struct check *c)
{
	return &p->of[c->work];
}

static void same(struct figures *f, double got, double oracle)
{
	*f = (struct figures){true, got, oracle, oracle};
}

static const struct call_stats *stats_of(const struct evidence *e, int nr)
{
	static const struct call_stats none;

	return call_table_find(&e->calls, nr) ?: &none; /* never called: 0 */
}

void look_calls(const struct proof *p, const struct check *c, struct figures *f)
{
	same(f, (double)stats_of(of(p, c), c->arg)->calls, (double)of(p, c)->deeds.calls);
}

/* All of them fail. */
void look_errors(const struct proof *p, const struct check *c, struct figures *f)
{
	same(f, (double)stats_of(of(p, c), c->arg)->errors, WORK_CLOSES);
}

void look_bytes(const struct proof *p, const struct check *c, struct figures *f)
{
	const struct deeds *d = &of(p, c)->deeds;

	same(f, (double)stats_of(of(p, c), c->arg)->bytes,
	     (double)(c->arg == SYS_read ? d->read_bytes : d->written_bytes));
}

void look_every_call(const struct proof *p, const struct check *c, struct figures *f)
{
	const struct evidence *e = of(p, c);

	same(f, (double)e->own.v[METRIC_SYS_TOTAL], (double)e->deeds.all_calls);
	f->there = sample_has(&e->own, METRIC_SYS_TOTAL);
}

void look_childrens_calls(const struct proof *p, const struct check *c, struct figures *f)
{
	const struct evidence *e = of(p, c);

	same(f, (double)e->tree.v[METRIC_SYS_TOTAL] - (double)e->own.v[METRIC_SYS_TOTAL], (double)e->deeds.all_calls);
	f->there = sample_has(&e->tree, METRIC_SYS_TOTAL);
}

void look_children(const struct proof *p, const struct check *c, struct figures *f)
{
	same(f, of(p, c)->processes - 1.0, (double)of(p, c)->deeds.children);
}

void look_threads(const struct proof *p, const struct check *c, struct figures *f)
{
	same(f, of(p, c)->threads, (double)of(p, c)->deeds.others + 1);
}

void look_processes(const struct proof *p, const struct check *c, struct figures *f)
{
	(void)c;
	same(f, p->processes, p->made);
}

/* In user mode; what else faulted there is in getrusage's. */
void look_touches(const struct proof *p, const struct check *c, struct figures *f)
{
	const struct rusage *ru = &of(p, c)->usage;

	*f = (struct figures){sample_has(&of(p, c)->own, METRIC_UFAULTS), (double)of(p, c)->own.v[METRIC_UFAULTS],
	                      WORK_PAGES_TOUCHED, (double)(ru->ru_minflt + ru->ru_majflt)};
}

static long usage_of(const struct rusage *ru, enum metric m)
{
	switch (m) {
	case METRIC_VCSW:
		return ru->ru_nvcsw;
	case METRIC_IVCSW:
		return ru->ru_nivcsw;
	case METRIC_MINFLT:
		return ru->ru_minflt;
	case METRIC_MAJFLT:
		return ru->ru_majflt;
	default:
		return ru->ru_inblock;
	}
}

void look_usage(const struct proof *p, const struct check *c, struct figures *f)
{
	const struct evidence *e = of(p, c);

	same(f, (double)e->tree.v[c->arg], (double)usage_of(&e->usage, (enum metric)c->arg));
	f->there = sample_has(&e->tree, (enum metric)c->arg);
}

/* From the workload's own clock, read before its end, to what the scheduler knows after it. */
static void cpu_time(const struct evidence *e, double *least, double *most)
{
	*least = *most = (double)e->deeds.cpu_ns;
	if (!e->has_sched)
		return;
	*least = e->sched_cpu_ns < e->deeds.cpu_ns ? (double)e->sched_cpu_ns : *least;
	*most = e->sched_cpu_ns > e->deeds.cpu_ns ? (double)e->sched_cpu_ns : *most;
}

void look_cpu(const struct proof *p, const struct check *c, struct figures *f)
{
	f->there = true;
	f->got = (double)of(p, c)->own.v[METRIC_CPU_NS];
	cpu_time(of(p, c), &f->least, &f->most);
}

static double seconds_ns(const struct timeval *t)
{
	return (double)t->tv_sec * 1e9 + (double)t->tv_usec * 1e3;
}

/* What a thread uses after it was added to its process, which is before its last switch, is in no rusage: not these. */
void look_cpu_usage(const struct proof *p, const struct check *c, struct figures *f)
{
	double ours = 0, theirs = 0;

	(void)c;
	for (unsigned i = WORK_ATTACHED + 1; i < WORK_IDS; i++) {
		const struct rusage *ru = &p->of[i].usage;

		if (i == WORK_THREAD)
			continue;
		ours += (double)p->of[i].tree.v[METRIC_CPU_NS];
		theirs += seconds_ns(&ru->ru_utime) + seconds_ns(&ru->ru_stime);
	}
	same(f, ours, theirs);
}

/* Interrupts on top of a thread are on a CPU to us, and not to every kernel's scheduler. */
static void running_time(const struct evidence *e, struct figures *f)
{
	f->there = true;
	cpu_time(e, &f->least, &f->most);
	f->most += (double)e->taken_ns + 2 * TICK_NS;
}

void look_running(const struct proof *p, const struct check *c, struct figures *f)
{
	const struct sample *own = &of(p, c)->own;

	running_time(of(p, c), f);
	f->got = (double)own->v[METRIC_USER] + (double)own->v[METRIC_SYS] + (double)own->v[METRIC_FAULT_CPU];
}

void look_on_cpu(const struct proof *p, const struct check *c, struct figures *f)
{
	running_time(of(p, c), f);
	f->got = (double)of(p, c)->own.v[c->arg];
}

/*
 * schedstat, or the jumps of the clock that the workload saw. To the scheduler a thread waits from the wake-up on
 * that will preempt it, though it runs until the switch (docs/ledger.md).
 */
void look_queue(const struct proof *p, const struct check *c, struct figures *f)
{
	const struct evidence *e = of(p, c);
	const uint64_t *v = e->own.v;
	double sched = (double)e->sched_delay_ns, saw = (double)e->deeds.away_ns;
	double interrupted =
		(double)v[METRIC_USER] + (double)v[METRIC_SYS] + (double)v[METRIC_FAULT_CPU] - (double)v[METRIC_CPU_NS];

	f->there = e->has_sched;
	f->got = (double)v[METRIC_RUNQ_WAKE] + (double)v[METRIC_RUNQ_PREEMPT];
	f->least = (sched < saw ? sched : saw) - (interrupted > 0 ? interrupted : 0);
	f->most = sched > saw ? sched : saw;
}

/* What was neither on a CPU nor waiting for one by schedstat; its life, by its parent's clock, at most. */
void look_blocked(const struct proof *p, const struct check *c, struct figures *f)
{
	const struct evidence *e = of(p, c);
	double lived = (double)e->deeds.end - (double)e->deeds.begin;

	f->there = e->has_sched;
	f->got = (double)e->own.v[c->arg];
	f->least = lived - (double)e->sched_cpu_ns - (double)e->sched_delay_ns;
	f->most = (double)e->ended - (double)e->forked;
}

/* From the first to the last instant by its own clock, at least; from before its fork to after its end, at most. */
void look_wall(const struct proof *p, const struct check *c, struct figures *f)
{
	const struct evidence *e = of(p, c);
	const struct deeds *d = &e->deeds;

	f->there = true;
	f->got = (double)e->threads_ns;
	f->least = (double)(d->end - d->begin + d->others_lived);
	f->most = (double)(e->ended - e->forked + d->others * e->ended - d->others_begun);
}

void look_lost(const struct proof *p, const struct check *c, struct figures *f)
{
	(void)c;
	same(f, (double)p->lost, 0);
}

void look_left(const struct proof *p, const struct check *c, struct figures *f)
{
	(void)c;
	same(f, p->left, 0);
	f->there = p->left >= 0;
}
