/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/selftest_group.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/cmd.h"

#define INTERVAL_MS 50 /* as vmprof's own */

struct child {
	enum work_id id;
	pid_t pid;
	int fd; /* a pidfd; -1: it has ended and was waited for */
};

struct children {
	unsigned n, alive;
	struct child at[WORK_IDS];
};

/* Taken from whom the CPUs ran, by interrupts and by the hypervisor, since the boot: proc_stat(5), by ticks. */
static uint64_t taken_ns(void)
{
	unsigned long long irq = 0, softirq = 0, steal = 0;
	FILE *stat = fopen("/proc/stat", "re");

	if (!stat)
		return 0;
	if (fscanf(stat, "cpu %*u %*u %*u %*u %*u %llu %llu %llu", &irq, &softirq, &steal) != 3)
		irq = softirq = steal = 0;
	fclose(stat);
	return (irq + softirq + steal) * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* Of a zombie, too: what it has used is known only now. */
static void read_schedstat(pid_t pid, struct evidence *e)
{
	unsigned long long cpu, delay;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return;
	e->has_sched = fscanf(file, "%llu %llu", &cpu, &delay) == 2 && cpu;
	if (e->has_sched) {
		e->sched_cpu_ns = cpu;
		e->sched_delay_ns = delay;
	}
	fclose(file);
}

static bool start(const struct group *g, enum work_id id, struct children *c, struct evidence *e)
{
	struct child *child = &c->at[c->n];

	e->forked = clock_ns();
	*child = (struct child){id, work_start(&works[id], &g->deeds[id]), -1};
	if (child->pid > 0)
		child->fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	if (child->fd < 0) {
		say("selftest: the workload '%s' cannot be started: %s", works[id].name,
		    strerror(child->pid < 0 ? -child->pid : errno));
		if (child->pid > 0) {
			kill(child->pid, SIGKILL);
			waitpid(child->pid, NULL, 0);
		}
		return false;
	}
	c->n++;
	c->alive++;
	return true;
}

/* The process has left its CPU for the last time, and is waited for: the kernel's figures are final, too. */
static bool reap(const struct group *g, struct child *child, struct evidence *e)
{
	e->ended = clock_ns();
	read_schedstat(child->pid, e);
	wait4(child->pid, NULL, 0, &e->usage);
	close(child->fd);
	child->fd = -1;
	e->deeds = g->deeds[child->id];
	if (e->deeds.done)
		return true;
	say("selftest: the workload '%s' failed: %s", works[child->id].name,
	    e->deeds.why[0] ? e->deeds.why : "it was killed");
	return false;
}

static void end_all(struct children *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		if (c->at[i].fd < 0)
			continue;
		kill(c->at[i].pid, SIGKILL);
		waitpid(c->at[i].pid, NULL, 0);
		close(c->at[i].fd);
	}
}

static bool poll_records(const struct group *g)
{
	uint64_t at;
	int err = tracker_poll(g->tracker, &at);

	if (err)
		say("reading the records: %s", strerror(-err));
	return !err;
}

static bool has_exited(const struct child *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	return c->fd >= 0 && poll(&p, 1, 0) == 1;
}

/* Until one ends, for an interval at most; one that has ended but not left its CPU will in an instant. */
static void wait_for_one(struct children *c, bool leaving)
{
	struct pollfd fds[WORK_IDS];

	for (unsigned i = 0; i < c->n; i++)
		fds[i] = (struct pollfd){.fd = leaving ? -1 : c->at[i].fd, .events = POLLIN};
	poll(fds, c->n, leaving ? 1 : INTERVAL_MS);
}

static bool late(const struct group *g, const char *what)
{
	if (clock_ns() < g->until)
		return false;
	say("selftest: %s did not end in time: is this machine very busy?", what);
	return true;
}

/* Reap all, as they end; meanwhile read the records as a run would. */
static bool wait_for_all(const struct group *g, struct children *c, struct evidence *of)
{
	bool leaving = false, exited[WORK_IDS];

	while (c->alive) {
		wait_for_one(c, leaving);
		for (unsigned i = 0; i < c->n; i++)
			exited[i] = has_exited(&c->at[i]);
		if (late(g, "a workload") || !poll_records(g))
			return false;
		leaving = false;
		for (unsigned i = 0; i < c->n; i++) {
			struct child *child = &c->at[i];

			if (!exited[i])
				continue;
			if (!tracker_has_ended(g->tracker, child->pid)) {
				leaving = true;
				continue;
			}
			if (!reap(g, child, &of[child->id]))
				return false;
			c->alive--;
		}
	}
	return true;
}

/* Their children, which have ended before them, are off their CPUs, too. */
static bool wait_for_records(const struct group *g)
{
	struct tracker_counts counts;

	for (;;) {
		if (!poll_records(g))
			return false;
		tracker_counts(g->tracker, &counts);
		if (counts.live_processes <= g->there)
			return true;
		if (late(g, "a process of a workload"))
			return false;
		poll(NULL, 0, 1);
	}
}

static uint64_t all_states(const struct sample *s)
{
	uint64_t ns = 0;

	for (int m = METRIC_STATE_FIRST; m <= METRIC_STATE_LAST; m++)
		ns += s->v[m];
	return ns;
}

int group_collect(struct tracker *t, pid_t pid, struct evidence *e)
{
	int err = 0;

	for (size_t i = 0; i < tracker_size(t) && !err; i++) {
		const struct subject *s = tracker_at(t, i);

		if (s->pid == (uint32_t)pid && s->tid) {
			e->threads++;
			e->threads_ns += all_states(&s->now);
		} else if (!s->tid && (s->pid == (uint32_t)pid || s->ppid == (uint32_t)pid)) {
			if (s->pid == (uint32_t)pid)
				e->own = s->now;
			e->processes++;
			sample_add(&e->tree, &s->now);
			err = call_table_add(&e->calls, &s->calls);
		}
	}
	return err;
}

bool group_run(const struct group *g, unsigned number, struct evidence *of)
{
	struct children c = {0};
	uint64_t before = taken_ns();
	bool ok = true;
	int err = 0;

	for (enum work_id id = 0; id < WORK_IDS && ok; id++) {
		if (works[id].run && works[id].group == number)
			ok = start(g, id, &c, &of[id]);
	}
	ok = ok && wait_for_all(g, &c, of);
	end_all(&c);
	if (!ok || !wait_for_records(g))
		return false;
	for (unsigned i = 0; i < c.n && !err; i++) {
		of[c.at[i].id].taken_ns = taken_ns() - before;
		err = group_collect(g->tracker, c.at[i].pid, &of[c.at[i].id]);
	}
	if (err)
		say("no memory");
	tracker_reap(g->tracker);
	return !err;
}
