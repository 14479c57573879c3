/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/run.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/privilege.h"
#include "cmd/cmd.h"
#include "cmd/outputs.h"
#include "cmd/targets.h"
#include "cmd/verbose.h"
#include "derive/derive.h"

/* Records of threads that ended wait for us in the kernel: at long intervals, collect them in between. */
#define COLLECT_MS 250
/* How long the command may take to end after it was asked to, and a record to close after its process ended. */
#define GRACE_NS NS_PER_S

struct run {
	const struct options *o;
	struct outputs out;
	struct session *session;
	struct tracker *tracker;
	struct targets targets;
	unsigned watched; /* of them */
	struct run_info info;
	struct utsname uts;
	int epoll, timer, signals;
	struct out_patience patience; /* with who reads what we write: until a signal */
	uint64_t start, last, due;
	uint64_t interval; /* ns */
	uint64_t stop_at;  /* --duration is over, or the command's time to end; 0: never */
	bool asked;        /* the command has been asked to end */
	bool stop;
};

enum { WAKE_TIMER, WAKE_SIGNAL, WAKE_TARGET };

static bool watch_fd(struct run *r, int fd, uint32_t what)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = what};

	return !epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &ev);
}

/* The targets that are new since the last time. */
static void watch_targets(struct run *r)
{
	for (; r->watched < r->targets.n; r->watched++)
		watch_fd(r, r->targets.at[r->watched].pidfd, WAKE_TARGET + r->watched);
}

static int open_events(struct run *r, sigset_t *before)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, before);
	r->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (r->signals < 0 || r->timer < 0 || r->epoll < 0 || !watch_fd(r, r->signals, WAKE_SIGNAL) ||
	    !watch_fd(r, r->timer, WAKE_TIMER)) {
		say("timers and signals: %s", strerror(errno));
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

/*
 * Time zero is the first instant of the first record. A timer on absolute times: what is late once does not
 * make the next one late.
 */
static void start_timer(struct run *r)
{
	uint64_t parts = (r->o->interval_ms + COLLECT_MS - 1) / COLLECT_MS;
	uint64_t step = r->interval / parts, first;
	struct itimerspec spec = {0};

	r->start = r->last = tracker_begin(r->tracker);
	r->due = r->start + r->interval;
	if (r->o->duration_s > 0)
		r->stop_at = r->start + (uint64_t)(r->o->duration_s * 1e9);
	first = r->start + step;
	spec.it_value.tv_sec = (time_t)(first / NS_PER_S);
	spec.it_value.tv_nsec = (long)(first % NS_PER_S);
	spec.it_interval.tv_sec = (time_t)(step / NS_PER_S);
	spec.it_interval.tv_nsec = (long)(step % NS_PER_S);
	timerfd_settime(r->timer, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void describe(struct run *r)
{
	struct timespec now;

	uname(&r->uts);
	clock_gettime(CLOCK_REALTIME, &now);
	r->info = (struct run_info){
		.version = VMPROF_VERSION,
		.kernel = r->uts.release,
		.machine = r->uts.machine,
		.detail = detail_name(r->o->detail),
		.split_by_tick = r->o->detail != DETAIL_FULL,
		.cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN),
		.interval_s = (double)r->o->interval_ms / 1e3,
		.start_unix = (double)now.tv_sec + (double)now.tv_nsec / 1e9,
		.target = r->o->target,
		.measured = session_measures(r->session),
	};
}

static int open_session(struct run *r)
{
	const struct options *o = r->o;
	struct session_options so = {
		.detail = o->detail,
		.follow_children = !o->no_children,
		.max_tasks = o->max_tasks,
		.only_calls = o->n_only_calls ? o->only_calls : NULL,
		.n_only_calls = o->n_only_calls,
		.run_stats = o->verbose,
	};
	struct tracker_options to = {.threads = o->threads, .calls = o->syscalls != NULL, .proc = "/proc"};
	struct session_error err;
	int ret = session_open(&r->session, &so, &err);

	if (ret) {
		session_say(&err, ret);
		return STATUS_FAILED;
	}
	if (tracker_new(&r->tracker, r->session, &to)) {
		say("no memory");
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

/* Report the interval that ends now. */
static bool report(struct run *r, uint64_t at)
{
	bool ok = outputs_interval(&r->out, r->tracker, (double)(at - r->start) / 1e9, at - r->last);

	tracker_reap(r->tracker);
	r->last = at;
	while (r->due <= at)
		r->due += r->interval;
	return ok;
}

static bool poll_records(struct run *r, uint64_t *at)
{
	int err = tracker_poll(r->tracker, at);

	if (err)
		say("reading the records: %s", strerror(-err));
	return !err;
}

static bool on_timer(struct run *r)
{
	uint64_t expirations, at;

	if (read(r->timer, &expirations, sizeof(expirations)) < 0)
		return true;
	if (!poll_records(r, &at))
		return false;
	if (at >= r->due || tracker_has_many_ended(r->tracker)) {
		if (!report(r, at))
			return false;
		if (targets_rescan(&r->targets, r->session, at))
			return false;
		watch_targets(r);
	}
	return true;
}

/* The command is asked to end, too, and what it does then still measured; a second signal ends all. */
static void on_signal(struct run *r)
{
	struct signalfd_siginfo info;

	if (read(r->signals, &info, sizeof(info)) != sizeof(info))
		return;
	out_hurry(&r->patience);
	if (!targets_command_lives(&r->targets) || r->asked) {
		r->stop = true;
		return;
	}
	/* A terminal's ^C has reached the command already. */
	if (info.ssi_code != SI_KERNEL)
		kill(r->targets.command, (int)info.ssi_signo);
	r->asked = true;
	r->stop_at = clock_ns() + GRACE_NS;
}

/* Until stop_at, rounded up; -1: without end. */
static int timeout_ms(const struct run *r)
{
	uint64_t now = clock_ns();

	if (!r->stop_at)
		return -1;
	if (now >= r->stop_at)
		return 0;
	return r->stop_at - now < INT_MAX ? (int)((r->stop_at - now) / 1000000 + 1) : INT_MAX;
}

static bool loop(struct run *r)
{
	while (!r->stop && r->targets.alive) {
		struct epoll_event ev;
		int n = epoll_wait(r->epoll, &ev, 1, timeout_ms(r));

		if (r->stop_at && clock_ns() >= r->stop_at)
			break;
		if (n < 1)
			continue;
		if (ev.data.u32 == WAKE_TIMER) {
			if (!on_timer(r))
				return false;
		} else if (ev.data.u32 == WAKE_SIGNAL) {
			on_signal(r);
		} else {
			targets_ended(&r->targets, ev.data.u32 - WAKE_TARGET);
		}
	}
	return true;
}

/*
 * The last interval. A process ends (its pidfd is readable) shortly before its last thread leaves the CPU
 * and closes its record.
 */
static bool finish(struct run *r)
{
	uint64_t until = clock_ns() + GRACE_NS, at;

	do {
		if (!poll_records(r, &at))
			return false;
	} while (!r->targets.alive && !targets_all_closed(&r->targets, r->tracker) && at < until);
	return report(r, at);
}

static bool totals(struct run *r)
{
	static const struct sample nothing;
	const struct sample *total = tracker_total(r->tracker);
	struct tracker_counts c;
	struct summary s = {.info = &r->info, .calls = tracker_calls(r->tracker)};

	tracker_counts(r->tracker, &c);
	s.elapsed_s = (double)(r->last - r->start) / 1e9;
	s.processes = c.processes;
	s.threads = c.threads;
	s.lost.threads = c.lost_threads;
	s.lost.rows = c.lost_rows;
	s.lost.links = c.lost_links;
	s.lost.skipped = c.skipped;
	s.lost.faults = c.untimed_faults;
	derive_interval(&nothing, total, r->last - r->start, &s.total);
	return outputs_totals(&r->out, &s);
}

static bool measure(struct run *r)
{
	bool ok = outputs_start(&r->out, &r->info) && loop(r);

	if (!ok)
		on_signal(r); /* which may be why */
	ok = ok && finish(r);
	if (r->o->duration_s > 0 && !r->asked)
		targets_end_command(&r->targets);
	/* What has been measured is shown, even if a file could not take it. */
	if (r->last > r->start)
		ok = totals(r) && ok;
	if (r->o->verbose)
		verbose_print(r->session, (double)(r->last - r->start) / 1e9);
	return ok;
}

/* All is open, attached and started: what is left to do is to read. */
static int drop_privileges(void)
{
	int err = privilege_drop();

	if (!err)
		return STATUS_OK;
	say("giving up privileges: %s", strerror(-err));
	return STATUS_FAILED;
}

static int run_with_outputs(struct run *r)
{
	sigset_t before;
	uint64_t at;
	int status = targets_select(&r->targets, r->o);

	if (status)
		return status;
	status = open_session(r);
	if (status)
		return status;
	status = open_events(r, &before);
	if (status)
		return status;
	r->patience.fd = r->signals;
	outputs_set_patience(&r->out, &r->patience);
	describe(r);
	status = targets_start(&r->targets, r->session, &before);
	if (status)
		return status;
	status = drop_privileges();
	if (status)
		return status;
	if (!poll_records(r, &at))
		return STATUS_FAILED;
	start_timer(r);
	watch_targets(r);
	if (!measure(r))
		return STATUS_FAILED;
	return targets_command_status(&r->targets);
}

int run(const struct options *o, bool lines)
{
	struct run r = {.o = o, .epoll = -1, .timer = -1, .signals = -1, .interval = o->interval_ms * 1000000};
	int status = outputs_open(&r.out, o, lines);

	if (!status)
		status = run_with_outputs(&r);
	/* Probes off before anything that may take its time. */
	tracker_free(r.tracker);
	session_free(r.session);
	if (!outputs_close(&r.out))
		status = STATUS_FAILED;
	targets_free(&r.targets);
	return status;
}
