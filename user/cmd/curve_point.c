/* SPDX-License-Identifier: BSD-2-Clause */
/* One run of N copies. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/curve_copies.h"
#include "cmd/curve_run.h"
#include "cmd/curve_steady.h"
#include "cmd/targets.h"

#define KILL_SECONDS 20
#define CHECK_NS     (NS_PER_S / 4)

struct point {
	struct curve_run *r;
	struct curve_row *row;
	struct copies copies;
	struct steady steady;
	cpu_set_t cpus;
	uint64_t oom_before;
	enum point_end end;
	bool over;
};

static void wake_on(const struct point *p, int fd, unsigned what, unsigned i)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = (uint64_t)i << 8 | what};

	epoll_ctl(p->r->epoll, EPOLL_CTL_ADD, fd, &ev);
}

/* The first so many of those that we may use. */
static void choose_cpus(unsigned n, cpu_set_t *cpus)
{
	cpu_set_t allowed;

	CPU_ZERO(cpus);
	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	for (unsigned i = 0; i < CPU_SETSIZE && n; i++) {
		if (CPU_ISSET(i, &allowed)) {
			CPU_SET(i, cpus);
			n--;
		}
	}
}

static void stop(struct point *p, enum point_end end)
{
	if (p->over)
		return;
	p->over = true;
	p->end = end;
	limit_kill(p->r->limit.dir, KILL_SECONDS);
}

static bool oom(const struct point *p)
{
	return limit_oom_kills(&p->r->limit) > p->oom_before;
}

/*
 * Is the machine itself short of memory: is less than 1/16 of it available, or have processes outside of our
 * group had to look for free pages themselves for a second on end?
 */
static bool scarce(struct curve_run *r, uint64_t now)
{
	struct machine_memory m;
	uint64_t reclaim;

	if (now < r->guard.checked + CHECK_NS)
		return false;
	reclaim = machine_reclaim("/proc");
	if (now > r->guard.checked + NS_PER_S || reclaim == r->guard.seen)
		r->guard.scarce_since = now;
	r->guard.seen = reclaim;
	r->guard.checked = now;
	return now >= r->guard.scarce_since + NS_PER_S || (!machine_memory("/proc", &m) && m.available < m.total / 16);
}

static void on_timer(struct point *p)
{
	uint64_t expirations, at;

	if (read(p->r->timer, &expirations, sizeof(expirations)) < 0)
		return;
	if (p->over)
		return;
	progress_show(p->r, p->row);
	if (oom(p))
		stop(p, POINT_KILLED);
	if (scarce(p->r, clock_ns())) {
		progress_show(p->r, NULL);
		say("stopped at %u cop%s: the machine itself runs short of memory: what was measured is kept; lower "
		    "--memory or --max",
		    p->row->n, p->row->n == 1 ? "y" : "ies");
		stop(p, POINT_SCARCE);
	}
	if (p->copies.first_end)
		return;
	if (!tracker_poll(p->r->tracker, &at))
		steady_note(&p->steady, p->r->tracker, at, false);
	tracker_reap(p->r->tracker);
}

static void note_now(struct point *p)
{
	uint64_t at;

	if (!tracker_poll(p->r->tracker, &at))
		steady_note(&p->steady, p->r->tracker, at, true);
	tracker_reap(p->r->tracker);
}

static void on_signal(struct point *p)
{
	struct signalfd_siginfo info;

	if (read(p->r->signals, &info, sizeof(info)) != sizeof(info))
		return;
	p->r->signal = (int)info.ssi_signo;
	stop(p, POINT_SIGNAL);
}

static void copy_failed(struct point *p, unsigned i)
{
	struct copy *c = &p->copies.at[i];
	bool killed = WIFSIGNALED(c->status);
	char why[512];

	copies_complaint(c, why, sizeof(why));
	progress_show(p->r, NULL);
	say("%s: copy %u of %u %s %d%s%s", p->r->o->command[0], i + 1, p->row->n,
	    killed ? "was ended by signal" : "failed with status",
	    killed ? WTERMSIG(c->status) : WEXITSTATUS(c->status), *why ? ": " : ": it said nothing on standard error",
	    why);
	stop(p, POINT_FAILED);
}

static void on_end(struct point *p, unsigned i)
{
	bool first = !p->copies.first_end;

	copies_ended(&p->copies, i);
	if (p->copies.at[i].pidfd >= 0)
		return;
	if (first)
		note_now(p);
	if (p->over || !p->copies.at[i].status)
		return;
	if (oom(p)) {
		stop(p, POINT_KILLED);
		return;
	}
	/* A terminal's ^C reaches the copies first. */
	on_signal(p);
	if (p->over)
		return;
	copy_failed(p, i);
}

static bool start(struct point *p, unsigned i)
{
	struct curve_run *r = p->r;
	const struct command_options o = {
		.as_root = r->o->as_root,
		.mask = &r->before,
		.cpus = r->o->pinned ? &p->cpus : NULL,
		.group = r->limit.procs,
		.in = r->null,
	};
	const char *failed;
	int err = copies_start(&p->copies, r->o->command, &o, &failed);

	if (err) {
		progress_show(r, NULL);
		r->status = command_say(r->o->command[0], failed, err);
		stop(p, POINT_FAILED);
		return false;
	}
	wake_on(p, p->copies.at[i].pidfd, WAKE_END, i);
	wake_on(p, p->copies.at[i].out.fd, WAKE_OUT, i);
	wake_on(p, p->copies.at[i].err.fd, WAKE_ERR, i);
	return true;
}

static void wait_for_all(struct point *p)
{
	while (p->copies.alive) {
		struct epoll_event ev;
		unsigned i;

		if (epoll_wait(p->r->epoll, &ev, 1, -1) != 1)
			continue;
		i = (unsigned)(ev.data.u64 >> 8);
		switch (ev.data.u64 & 0xff) {
		case WAKE_TIMER:
			on_timer(p);
			break;
		case WAKE_SIGNAL:
			on_signal(p);
			break;
		case WAKE_END:
			on_end(p, i);
			break;
		case WAKE_OUT:
			copies_read(&p->copies.at[i].out);
			break;
		case WAKE_ERR:
			copies_read(&p->copies.at[i].err);
			break;
		}
	}
}

/* The sum of what the copies printed. False: one printed no number, and it has been said. */
static bool sum_up(struct point *p)
{
	const struct curve_options *o = p->r->o;
	double sum = 0, number;

	for (unsigned i = 0; o->metric && i < p->copies.n; i++) {
		if (!copies_number(&p->copies.at[i], &o->number, &number)) {
			progress_show(p->r, NULL);
			say("%s: copy %u of %u printed no number where --metric '%s' looks for it", o->command[0],
			    i + 1, p->row->n, o->metric);
			return false;
		}
		sum += number;
	}
	if (o->metric)
		p->row->v[CURVE_METRIC] = sum;
	return true;
}

static void conclude(struct point *p)
{
	const struct copies *c = &p->copies;
	double elapsed = (double)(c->last_end - c->begin) / 1e9;

	p->row->v[CURVE_OOM_KILLS] = (double)(limit_oom_kills(&p->r->limit) - p->oom_before);
	if (p->end == POINT_OK && p->row->v[CURVE_OOM_KILLS] > 0)
		p->end = POINT_KILLED;
	p->row->v[CURVE_ELAPSED] = elapsed;
	steady_conclude(&p->steady, c->started, c->first_end, p->row);
	if (p->end != POINT_OK)
		return;
	p->row->v[CURVE_COMPLETIONS] = 60 * p->row->n / elapsed;
	if (!sum_up(p))
		p->end = POINT_FAILED;
}

static enum point_end measure(struct point *p)
{
	struct curve_run *r = p->r;

	if (session_adopt(r->session, true)) {
		say("%s: cannot be watched", r->o->command[0]);
		return POINT_FAILED;
	}
	note_now(p);
	for (unsigned i = 0; i < p->row->n && start(p, i); i++)
		;
	session_adopt(r->session, false);
	if (!p->over)
		note_now(p);
	wait_for_all(p);
	note_now(p);
	/* What a copy left behind is not to disturb the next run. */
	limit_kill(r->limit.dir, KILL_SECONDS);
	copies_finish(&p->copies);
	if (p->end == POINT_OK || p->end == POINT_KILLED)
		conclude(p);
	return p->end;
}

enum point_end point_run(struct curve_run *r, struct curve_row *row)
{
	struct point p = {.r = r, .row = row};
	enum point_end end = POINT_FAILED;

	for (int f = 0; f < CURVE_COUNT; f++)
		row->v[f] = NAN;
	choose_cpus(row->cpus, &p.cpus);
	limit_drop(r->limit.dir);
	p.oom_before = limit_oom_kills(&r->limit);
	if (steady_open(&p.steady, &p.cpus, &r->limit))
		say("no memory");
	else
		end = measure(&p);
	copies_free(&p.copies);
	steady_free(&p.steady);
	return end;
}
