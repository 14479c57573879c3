/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/curve_run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/privilege.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/targets.h"
#include "report/curve_csv.h"
#include "target/swap.h"

#define TICK_NS   50000000
#define MAX_AGAIN 2

static bool add(int epoll, int fd, unsigned what)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = what};

	return fd >= 0 && !epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev);
}

static int open_events(struct curve_run *r)
{
	const struct itimerspec tick = {{0, TICK_NS}, {0, TICK_NS}};
	struct rlimit files;
	sigset_t mask;

	/* Three descriptors a copy. */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, &r->before);
	r->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (add(r->epoll, r->signals, WAKE_SIGNAL) && add(r->epoll, r->timer, WAKE_TIMER) &&
	    !timerfd_settime(r->timer, 0, &tick, NULL))
		return STATUS_OK;
	say("timers and signals: %s", strerror(errno));
	return STATUS_FAILED;
}

static int open_session(struct curve_run *r)
{
	const struct session_options so = {
		.detail = r->o->detail,
		.follow_children = true,
		.max_tasks = MAX_TASKS_DEFAULT,
	};
	const struct tracker_options to = {.proc = "/proc"};
	struct session_error why;
	int err = session_open(&r->session, &so, &why);

	if (err) {
		session_say(&why, err);
		return STATUS_FAILED;
	}
	if (tracker_new(&r->tracker, r->session, &to)) {
		say("no memory");
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

static int say_limit(const struct limit *l, int err)
{
	if (err == -ENOENT)
		say("no control group with a memory limit: the memory controller is not mounted (cgroups(7)): is it "
		    "turned off on the kernel's command line?");
	else if (err == -EBUSY)
		say("no control group with a memory limit: processes in %s are in the way of groups below it: run it "
		    "outside of this container, or move them to a group of their own",
		    l->parent);
	else
		say("control group %s: cannot be made: %s", l->dir, strerror(-err));
	return STATUS_FAILED;
}

static int make_limit(struct curve_run *r)
{
	int err = limit_find("/proc", &r->limit);

	err = err ?: guardian_charge(&r->guardian, GUARD_GROUP, r->limit.dir);
	if (!err && r->limit.enable)
		err = guardian_charge(&r->guardian, GUARD_PARENT, r->limit.parent);
	err = err ?: limit_make(&r->limit);
	return err ? say_limit(&r->limit, err) : STATUS_OK;
}

static int make_swap(struct curve_run *r)
{
	char path[64], size[16];
	int err;

	snprintf(path, sizeof(path), SWAP_DIR "/vmprof-swap-%d-%llx", getpid(), (unsigned long long)clock_ns());
	err = guardian_charge(&r->guardian, GUARD_SWAP, path);
	err = err ?: swap_make(path, r->o->swap);
	if (!err)
		return STATUS_OK;
	say("--swap %s: " SWAP_DIR " cannot hold a swap file of this size: %s", text_bytes(size, r->o->swap),
	    err == -EINVAL ? "its file system does not take one" : strerror(-err));
	return STATUS_FAILED;
}

/* Limits that fit into what is free now, and what there is to swap to. */
static int check_memory(struct curve_run *r)
{
	const struct curve_options *o = r->o;
	char limit[16], there[16];

	if (machine_memory("/proc", &r->memory)) {
		say("/proc/meminfo: cannot be read");
		return STATUS_FAILED;
	}
	for (unsigned i = 0; i < o->n_memory; i++) {
		if (o->memory[i] <= r->memory.available)
			continue;
		say("--memory %s: only %s is available: the machine itself would run short: choose less",
		    text_bytes(limit, o->memory[i]), text_bytes(there, r->memory.available));
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

/* Once: when the first are killed, or at the end of a run that might have been expected to slow down. */
static void say_no_swap(struct curve_run *r)
{
	if (!r->o->memory[0] || r->memory.swap || r->o->swap || r->o->quiet || r->said_no_swap)
		return;
	progress_show(r, NULL);
	say("there is no swap: copies that hold more than the limit in memory of their own are killed, not slowed: "
	    "--swap 1G makes some for the run, and memwork --file needs none");
	r->said_no_swap = true;
}

static int set_up(struct curve_run *r)
{
	int status, err;

	/* The standard descriptors are taken, whatever we were started with. */
	do
		r->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (r->null >= 0 && r->null <= STDERR_FILENO);
	status = check_memory(r);
	if (status)
		return status;
	/* Before the session: the guardian is to hold nothing of it. */
	err = guardian_start(&r->guardian);
	if (err) {
		say("the process that cleans up: %s", strerror(-err));
		return STATUS_FAILED;
	}
	status = open_events(r);
	status = status ?: open_session(r);
	status = status ?: make_limit(r);
	if (!status && r->o->swap)
		status = make_swap(r);
	if (!status && (err = privilege_lower())) {
		say("giving up privileges: %s", strerror(-err));
		status = STATUS_FAILED;
	}
	return status;
}

static int write_row(struct curve_run *r, const struct curve_row *row)
{
	int err;

	/* What the file held before goes only now. */
	if (r->csv && !r->curve.n)
		curve_csv_head(r->csv);
	err = curve_add(&r->curve, row);
	if (r->csv) {
		curve_csv_row(r->csv, row);
		err = err ?: out_flush(r->csv);
	}
	if (!err)
		return STATUS_OK;
	progress_show(r, NULL);
	say("%s: %s: what was written so far is complete rows", r->csv ? r->o->csv : "memory", strerror(-err));
	return STATUS_FAILED;
}

/* One copy alone does not fit. */
static int say_too_small(struct curve_run *r, const struct curve_row *row)
{
	char size[16];

	progress_show(r, NULL);
	if (row->memory)
		say("--memory %s: one copy alone does not fit, it was killed for lack of memory: choose more, or add "
		    "--swap",
		    text_bytes(size, row->memory));
	else
		say("%s: killed for lack of memory without any limit of ours", r->o->command[0]);
	return STATUS_FAILED;
}

/*
 * At a tight limit the kernel kills now and then though there is swap to page to: all that it looked at was on its way
 * in or out. That says nothing of how many copies there is room for.
 */
static enum point_end run_point(struct curve_run *r, struct curve_row *row)
{
	struct machine_memory m;
	enum point_end end = point_run(r, row);

	for (int i = 0; i < MAX_AGAIN && end == POINT_KILLED; i++) {
		if (machine_memory("/proc", &m) || m.swap_free <= m.swap / 2)
			break;
		r->again++;
		end = point_run(r, row);
	}
	return end;
}

/* Run one point of a series. `most`: the copies that it may have from now on. */
static int one(struct curve_run *r, struct curve_row *row, unsigned *most)
{
	int err = limit_set(&r->limit, row->memory ?: UINT64_MAX);
	enum point_end end;

	if (err) {
		progress_show(r, NULL);
		say("control group %s: the limit cannot be set: %s", r->limit.dir, strerror(-err));
		return STATUS_FAILED;
	}
	progress_show(r, row);
	end = run_point(r, row);
	r->done++;
	if (end == POINT_SIGNAL)
		return 128 + r->signal;
	if (end != POINT_OK && end != POINT_KILLED)
		return r->status ?: STATUS_FAILED;
	if (end == POINT_KILLED && row->n == 1)
		return say_too_small(r, row);
	if (end == POINT_KILLED) {
		say_no_swap(r);
		r->todo -= (*most - row->n) * (r->o->repeat - row->repeat + 1) + (r->o->repeat - row->repeat);
		*most = row->n - 1;
	}
	return write_row(r, row);
}

/* All repeats, and within each all points: what drifts with time shows as spread, not as a slope. */
static int all(struct curve_run *r)
{
	const struct curve_options *o = r->o;
	unsigned most[MAX_FAMILY * MAX_FAMILY];
	int status = STATUS_OK;

	for (unsigned s = 0; s < MAX_FAMILY * MAX_FAMILY; s++)
		most[s] = o->max;
	r->todo = o->n_memory * o->n_cpus * o->max * o->repeat;
	r->begin = clock_ns();
	for (unsigned repeat = 1; repeat <= o->repeat; repeat++) {
		for (unsigned s = 0; s < o->n_memory * o->n_cpus; s++) {
			for (unsigned n = 1; n <= most[s] && !status; n++) {
				struct curve_row row = {
					.memory = o->memory[s / o->n_cpus],
					.cpus = o->cpus[s % o->n_cpus],
					.n = n,
					.repeat = repeat,
				};

				status = one(r, &row, &most[s]);
			}
		}
	}
	progress_show(r, NULL);
	if (!status)
		say_no_swap(r);
	return status;
}

static void say_lost(struct curve_run *r)
{
	struct tracker_counts c;

	if (r->again && !r->o->quiet)
		say("%u runs were made again: the kernel had killed copies though there was swap", r->again);

	tracker_counts(r->tracker, &c);
	if (c.lost_threads + c.lost_rows + c.lost_links + c.skipped)
		say("lost: %" PRIu64 " threads, %" PRIu64 " calls and %" PRIu64
		    " events could not be attributed: shares "
		    "and rates are that much off",
		    c.lost_threads + c.lost_links, c.lost_rows, c.skipped);
}

int curve_measure(struct curve_run *r)
{
	int status = set_up(r);

	if (!status) {
		status = all(r);
		say_lost(r);
	}
	tracker_free(r->tracker);
	session_free(r->session);
	if (guardian_end(&r->guardian)) {
		say("control group %s or the swap file in " SWAP_DIR " could not be removed: 'rmdir' and 'swapoff' "
		    "do it once nothing uses them",
		    r->limit.dir);
		status = status ?: STATUS_FAILED;
	}
	return status;
}
