/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/selftest_run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/selftest_group.h"
#include "cmd/targets.h"

#define MAX_TASKS   1024
#define LIMIT_NS    (17 * NS_PER_S) /* until the workloads have ended */
#define COSTS_NS    (7 * NS_PER_S)  /* after so long, no more of the costs */
#define MAX_CYCLES  4
#define ROUNDS      5
#define MAX_REPEATS 2 /* of what was off */
#define PROGRAMS    32
#define LEFT_NS     NS_PER_S /* the kernel releases programs when it gets to it */

static int failed(const char *what, int err)
{
	say("selftest: %s: %s", what, strerror(-err));
	return STATUS_FAILED;
}

static int open_session(const struct selftest *t, struct session **s)
{
	struct session_options o = {.detail = t->detail, .follow_children = true, .max_tasks = MAX_TASKS};
	struct session_error why;
	int err = session_open(s, &o, &why);

	if (!err)
		return STATUS_OK;
	session_say(&why, err);
	return STATUS_FAILED;
}

/* The meter has been there, waiting, since before the session. */
static int attach_to_meter(const struct selftest *t, struct session *s)
{
	int err = session_mark(s, t->watched.pid);

	err = err ?: session_register(s);
	return err ? failed("attaching to a process", err) : STATUS_OK;
}

/* What each costs in either meter, in turn: `watched` tells whether there is a session that watches one of them. */
static int measure_rounds(struct selftest *t, bool watched)
{
	int err = 0;

	for (unsigned i = 0; i < ROUNDS * METER_WHATS && !err; i++) {
		enum meter_what what = (enum meter_what)(i % METER_WHATS);
		struct cost *c = &t->costs[what];

		err = meter_ask(&t->watched, what, watched ? &c->watched : &c->bare);
		err = err ?: meter_ask(&t->bystander, what, watched ? &c->bystander : &c->bare);
	}
	return err ? failed("measuring the costs", err) : STATUS_OK;
}

/* Run those of one group. False: it failed, and that has been said. */
static bool run_once(struct selftest *t, const struct group *g, unsigned number)
{
	for (enum work_id id = 0; id < WORK_IDS; id++) {
		if (works[id].group != number)
			continue;
		call_table_free(&t->proof.of[id].calls);
		t->proof.of[id] = (struct evidence){0};
		t->deeds[id] = (struct deeds){0};
	}
	if (!group_run(g, number, t->proof.of))
		return false;
	for (enum work_id id = 0; id < WORK_IDS; id++) {
		if (works[id].group == number)
			t->proof.made += 1 + (unsigned)t->deeds[id].children;
	}
	return true;
}

/* Times are off in this group, and no count. */
static bool only_times_are_off(const struct selftest *t, unsigned number)
{
	unsigned off = 0, times, counts;

	for (enum work_id id = 0; id < WORK_IDS; id++) {
		if (works[id].group != number)
			continue;
		check_work(&t->proof, id, &times, &counts);
		if (counts)
			return false;
		off += times;
	}
	return off;
}

/*
 * The scheduler reads its clock at the start of a switch, we read ours in it. A virtual CPU that its host takes away in
 * between moves that time from one state to another. So times that are off are measured again. Counts are not: they
 * have to be right each time.
 */
static bool run_groups(struct selftest *t, const struct group *g)
{
	unsigned groups = 0;

	for (enum work_id id = 0; id < WORK_IDS; id++)
		groups = works[id].group > groups ? works[id].group : groups;
	for (unsigned i = 1; i <= groups; i++) {
		if (!run_once(t, g, i))
			return false;
		for (unsigned again = 0; again < MAX_REPEATS && only_times_are_off(t, i); again++) {
			t->proof.repeats++;
			if (!run_once(t, g, i))
				return false;
		}
	}
	return true;
}

/* What our children have used since `before`: a shell that executed us may have had some. */
static void usage_since(const struct rusage *before, struct rusage *now)
{
	getrusage(RUSAGE_CHILDREN, now);
	timersub(&now->ru_utime, &before->ru_utime, &now->ru_utime);
	timersub(&now->ru_stime, &before->ru_stime, &now->ru_stime);
	now->ru_nvcsw -= before->ru_nvcsw;
	now->ru_nivcsw -= before->ru_nivcsw;
	now->ru_minflt -= before->ru_minflt;
	now->ru_majflt -= before->ru_majflt;
	now->ru_inblock -= before->ru_inblock;
}

/* The process that was attached to, everything together, and what vmprof has of it in its totals. */
static int conclude(struct selftest *t, struct tracker *tracker)
{
	struct evidence *all = &t->proof.of[WORK_ALL], *attached = &t->proof.of[WORK_ATTACHED];
	const struct sample *total;
	struct tracker_counts c;
	uint64_t at;
	int err = tracker_poll(tracker, &at);

	err = err ?: group_collect(tracker, t->watched.pid, attached);
	if (err)
		return failed("reading the records", err);
	attached->deeds = t->deeds[WORK_ATTACHED];
	total = tracker_total(tracker);
	all->tree = *total;
	for (int m = 0; m < METRIC_COUNT; m++) {
		if (metrics[m].kind == METRIC_DELTA)
			all->tree.v[m] -= attached->tree.v[m];
	}
	tracker_counts(tracker, &c);
	t->proof.processes = c.processes;
	t->proof.lost = c.lost_threads + c.lost_rows + c.lost_links + c.skipped;
	usage_since(&t->before, &all->usage);
	return STATUS_OK;
}

static int watch(struct selftest *t, struct session *s, struct tracker *tracker)
{
	struct group g = {tracker, 0, t->deeds, t->begin + LIMIT_NS};
	uint64_t at;
	int status = attach_to_meter(t, s), err;

	if (status)
		return status;
	err = tracker_poll(tracker, &at);
	err = err ?: session_adopt(s, true);
	if (err)
		return failed("watching", err);
	g.there = t->proof.made = METER_PROCESSES;
	if (!run_groups(t, &g))
		return STATUS_FAILED;
	session_adopt(s, false);
	status = measure_rounds(t, true);
	return status ?: conclude(t, tracker);
}

/* How many of them are there still, when they had time to go; -1: we may not know. */
static int count_left(const uint32_t *numbers, unsigned n)
{
	uint64_t until = clock_ns() + LEFT_NS;
	int left;

	do {
		left = 0;
		for (unsigned i = 0; i < n; i++) {
			int there = session_program_is_there(numbers[i]);

			if (there < 0)
				return -1;
			left += there;
		}
		if (left)
			poll(NULL, 0, 10);
	} while (left && clock_ns() < until);
	return left;
}

static int with_session(struct selftest *t)
{
	const struct tracker_options to = {.threads = true, .calls = true, .proc = "/proc"};
	struct tracker *tracker = NULL;
	uint32_t programs[PROGRAMS];
	struct session *s;
	unsigned n;
	int status = open_session(t, &s);

	if (status)
		return status;
	status = tracker_new(&tracker, s, &to) ? failed("the records", -ENOMEM) : watch(t, s, tracker);
	n = session_programs(s, programs, PROGRAMS);
	tracker_free(tracker);
	session_free(s);
	if (!status)
		t->proof.left = count_left(programs, n);
	return status;
}

/* Before there is a session: their children hold nothing of it, and are not its targets. */
static int start_meters(struct selftest *t)
{
	size_t size = sizeof(*t->deeds) * (WORK_IDS + 1);
	int err;

	t->deeds = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t->deeds == MAP_FAILED) {
		t->deeds = NULL;
		return failed("shared memory", -errno);
	}
	err = meter_start(&t->watched, &t->deeds[WORK_ATTACHED]);
	err = err ?: meter_start(&t->bystander, &t->deeds[WORK_IDS]);
	return err ? failed("starting a process", err) : STATUS_OK;
}

int selftest_watch(struct selftest *t)
{
	int status;

	signal(SIGCHLD, SIG_DFL); /* ignored, it would take the children's figures from us */
	getrusage(RUSAGE_CHILDREN, &t->before);
	t->begin = clock_ns();
	t->proof.detail = t->detail;
	status = start_meters(t);
	return status ?: with_session(t);
}

/* Another session, for the costs alone. */
static int watched_again(struct selftest *t)
{
	struct session *s;
	int status = open_session(t, &s);

	if (status)
		return status;
	status = attach_to_meter(t, s);
	status = status ?: measure_rounds(t, true);
	session_free(s);
	return status;
}

int selftest_costs(struct selftest *t)
{
	int status = measure_rounds(t, false);

	for (unsigned i = 1; i < MAX_CYCLES && !status && clock_ns() < t->begin + COSTS_NS; i++) {
		status = watched_again(t);
		status = status ?: measure_rounds(t, false);
	}
	return status;
}

void selftest_free(struct selftest *t)
{
	meter_end(&t->watched);
	meter_end(&t->bystander);
	if (t->deeds)
		munmap(t->deeds, sizeof(*t->deeds) * (WORK_IDS + 1));
	for (unsigned i = 0; i <= WORK_IDS; i++)
		call_table_free(&t->proof.of[i].calls);
}
