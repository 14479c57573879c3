/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/selftest_check.h"

#include <math.h>
#include <sys/syscall.h>

#include "cmd/cmd.h"
#include "cmd/selftest_look.h"

/* As in the tests: docs/ledger.md says where the rest may be. */
#define EXACT    0
#define WALL     0.001
#define SCHED    0.01
#define STATE    0.05
#define SHORT_NS 1e5 /* of CPU time: what is no share of it, as the end of a process */
#define ENDS_NS  5e6 /* the same of all, some of it on slow machines */

/* clang-format off */
#define EQUAL      UNIT_COUNT
#define ANY        DETAIL_LEDGER
const struct check checks[] = {
	{"calls", WORK_COUNT_CALLS, ORACLE_WORK, "getppid, a prime number of calls", EQUAL, look_calls,
	 SYS_getppid, EXACT, 0, DETAIL_CALLS, false},
	{"errors", WORK_COUNT_CALLS, ORACLE_WORK, "close of what is not open: errors", EQUAL, look_errors,
	 SYS_close, EXACT, 0, DETAIL_CALLS, false},
	{"read-bytes", WORK_COUNT_CALLS, ORACLE_WORK, "bytes read from a pipe", UNIT_BYTES, look_bytes,
	 SYS_read, EXACT, 0, DETAIL_CALLS, false},
	{"written-bytes", WORK_COUNT_CALLS, ORACLE_WORK, "bytes written to a pipe", UNIT_BYTES, look_bytes,
	 SYS_write, EXACT, 0, DETAIL_CALLS, false},
	{"every-call", WORK_COUNT_CALLS, ORACLE_WORK, "every call of a process", EQUAL, look_every_call,
	 0, EXACT, 0, DETAIL_CALLS, false},
	{"attached-calls", WORK_ATTACHED, ORACLE_WORK, "calls of what ran before vmprof", EQUAL, look_calls,
	 SYS_getppid, EXACT, 0, DETAIL_CALLS, false},
	{"children", WORK_FORK, ORACLE_WORK, "short-lived children", EQUAL, look_children,
	 0, EXACT, 0, ANY, false},
	{"children-calls", WORK_FORK, ORACLE_WORK, "every call of these", EQUAL, look_childrens_calls,
	 0, EXACT, 0, DETAIL_CALLS, false},
	{"threads", WORK_THREAD, ORACLE_WORK, "threads", EQUAL, look_threads,
	 0, EXACT, 0, ANY, false},
	{"threads-calls", WORK_THREAD, ORACLE_WORK, "getppid by these", EQUAL, look_calls,
	 SYS_getppid, EXACT, 0, DETAIL_CALLS, false},
	{"touches", WORK_TOUCH, ORACLE_WORK, "first touches of memory: faults", EQUAL, look_touches,
	 0, EXACT, 0, ANY, true},
	{"processes", WORK_ALL, ORACLE_WORK, "all processes", EQUAL, look_processes,
	 0, EXACT, 0, ANY, false},

	{"touch-minflt", WORK_TOUCH, ORACLE_RUSAGE, "first touches: minor faults", EQUAL, look_usage,
	 METRIC_MINFLT, EXACT, 0, ANY, false},
	{"page-in-majflt", WORK_PAGE_IN, ORACLE_RUSAGE, "a file paged in: major faults", EQUAL, look_usage,
	 METRIC_MAJFLT, EXACT, 0, ANY, false},
	{"page-in-inblock", WORK_PAGE_IN, ORACLE_RUSAGE, "a file paged in: blocks read", EQUAL, look_usage,
	 METRIC_INBLOCK, EXACT, 0, ANY, true},
	{"sleep-vcsw", WORK_SLEEP, ORACLE_RUSAGE, "a sleeper: voluntary switches", EQUAL, look_usage,
	 METRIC_VCSW, EXACT, 0, ANY, false},
	{"queue-ivcsw", WORK_QUEUE, ORACLE_RUSAGE, "two on one CPU: involuntary switches", EQUAL, look_usage,
	 METRIC_IVCSW, EXACT, 0, ANY, false},
	{"children-minflt", WORK_FORK, ORACLE_RUSAGE, "short-lived children: minor faults", EQUAL, look_usage,
	 METRIC_MINFLT, EXACT, 0, ANY, false},
	{"all-vcsw", WORK_ALL, ORACLE_RUSAGE, "all: voluntary switches", EQUAL, look_usage,
	 METRIC_VCSW, EXACT, 0, ANY, false},
	{"all-ivcsw", WORK_ALL, ORACLE_RUSAGE, "all: involuntary switches", EQUAL, look_usage,
	 METRIC_IVCSW, EXACT, 0, ANY, false},
	{"all-minflt", WORK_ALL, ORACLE_RUSAGE, "all: minor faults", EQUAL, look_usage,
	 METRIC_MINFLT, EXACT, 0, ANY, false},
	{"all-majflt", WORK_ALL, ORACLE_RUSAGE, "all: major faults", EQUAL, look_usage,
	 METRIC_MAJFLT, EXACT, 0, ANY, false},

	{"user-cpu", WORK_USER, ORACLE_SCHED, "a spinner: CPU time", UNIT_NS, look_cpu,
	 0, SCHED, SHORT_NS, ANY, false},
	{"queue-cpu", WORK_QUEUE, ORACLE_SCHED, "two on one CPU: CPU time", UNIT_NS, look_cpu,
	 0, SCHED, SHORT_NS, ANY, false},
	{"queue-wait", WORK_QUEUE, ORACLE_SCHED, "two on one CPU: waiting for it", UNIT_NS, look_queue,
	 0, SCHED, SHORT_NS, ANY, true},
	{"all-cpu", WORK_ALL, ORACLE_SCHED, "all of one thread, by getrusage", UNIT_NS, look_cpu_usage,
	 0, SCHED, ENDS_NS, ANY, false},
	{"user-on-cpu", WORK_USER, ORACLE_SCHED, "a spinner: user and sys", UNIT_NS, look_running,
	 0, SCHED, SHORT_NS, ANY, false},
	{"user-user", WORK_USER, ORACLE_SCHED, "a spinner: user", UNIT_NS, look_on_cpu,
	 METRIC_USER, STATE, 0, DETAIL_FULL, false},
	{"sys-sys", WORK_SYS, ORACLE_SCHED, "long system calls: sys", UNIT_NS, look_on_cpu,
	 METRIC_SYS, STATE, 0, DETAIL_FULL, false},

	{"sleep-state", WORK_SLEEP, ORACLE_BLOCKED, "nanosleep: sleep", UNIT_NS, look_blocked,
	 METRIC_SLEEP, STATE, 0, ANY, true},
	{"pipe-state", WORK_PIPE, ORACLE_BLOCKED, "read from a pipe: pipe", UNIT_NS, look_blocked,
	 METRIC_PIPE, STATE, 0, ANY, true},
	{"lock-state", WORK_LOCK, ORACLE_BLOCKED, "futex: lock", UNIT_NS, look_blocked,
	 METRIC_LOCK, STATE, 0, ANY, true},
	{"poll-state", WORK_POLL, ORACLE_BLOCKED, "epoll_wait: poll", UNIT_NS, look_blocked,
	 METRIC_POLL, STATE, 0, ANY, true},
	{"net-state", WORK_NET, ORACLE_BLOCKED, "recv from a socket: net", UNIT_NS, look_blocked,
	 METRIC_NET, STATE, 0, ANY, true},
	{"child-state", WORK_CHILD, ORACLE_BLOCKED, "waitpid: child", UNIT_NS, look_blocked,
	 METRIC_CHILD, STATE, 0, ANY, true},

	{"user-wall", WORK_USER, ORACLE_CLOCK, "a spinner", UNIT_NS, look_wall, 0, WALL, 0, ANY, false},
	{"sys-wall", WORK_SYS, ORACLE_CLOCK, "long system calls", UNIT_NS, look_wall, 0, WALL, 0, ANY, false},
	{"queue-wall", WORK_QUEUE, ORACLE_CLOCK, "two on one CPU", UNIT_NS, look_wall, 0, WALL, 0, ANY, false},
	{"threads-wall", WORK_THREAD, ORACLE_CLOCK, "threads", UNIT_NS, look_wall, 0, WALL, 0, ANY, false},
	{"sleep-wall", WORK_SLEEP, ORACLE_CLOCK, "nanosleep", UNIT_NS, look_wall, 0, WALL, 0, ANY, false},
	{"pipe-wall", WORK_PIPE, ORACLE_CLOCK, "read from a pipe", UNIT_NS, look_wall, 0, WALL, 0, ANY, false},
	{"lock-wall", WORK_LOCK, ORACLE_CLOCK, "futex", UNIT_NS, look_wall, 0, WALL, 0, ANY, false},
	{"poll-wall", WORK_POLL, ORACLE_CLOCK, "epoll_wait", UNIT_NS, look_wall, 0, WALL, 0, ANY, false},
	{"net-wall", WORK_NET, ORACLE_CLOCK, "recv from a socket", UNIT_NS, look_wall, 0, WALL, 0, ANY, false},
	{"child-wall", WORK_CHILD, ORACLE_CLOCK, "waitpid", UNIT_NS, look_wall, 0, WALL, 0, ANY, false},

	{"lost", WORK_ALL, ORACLE_NONE, "lost: threads, calls, events", EQUAL, look_lost, 0, EXACT, 0, ANY, false},
	{"left", WORK_ALL, ORACLE_NONE, "programs left in the kernel", EQUAL, look_left, 0, EXACT, 0, ANY, true},
};
/* clang-format on */

const unsigned n_checks = sizeof(checks) / sizeof(checks[0]);

_Static_assert(sizeof(checks) / sizeof(checks[0]) <= sizeof(((struct findings *)0)->at) / sizeof(struct finding),
               "there is room for a finding of each");

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = {"ok", "OFF", "-"};

	return names[v];
}

const char *oracle_name(enum oracle o)
{
	static const char *const names[ORACLES] = {
		[ORACLE_WORK] = "workload",           [ORACLE_RUSAGE] = "getrusage", [ORACLE_SCHED] = "schedstat",
		[ORACLE_BLOCKED] = "clock-schedstat", [ORACLE_CLOCK] = "clock",      [ORACLE_NONE] = "none",
	};

	return names[o];
}

void check_judge(const struct check *c, const struct figures *f, struct finding *to)
{
	double nearest = f->got < f->least ? f->least : f->got > f->most ? f->most : f->got;

	*to = (struct finding){.check = c, .f = *f, .error = f->got - nearest};
	if (!f->there)
		to->verdict = c->optional ? VERDICT_ABSENT : VERDICT_OFF;
	else if (!(f->least <= f->most) || !(fabs(to->error) <= c->part * fabs(nearest) + c->beyond))
		to->verdict = VERDICT_OFF; /* also where nothing could be right, or is no number */
}

void check_work(const struct proof *p, enum work_id id, unsigned *times, unsigned *counts)
{
	*times = *counts = 0;
	for (unsigned i = 0; i < n_checks; i++) {
		struct figures f = {0};
		struct finding to;

		if (checks[i].work != id || checks[i].from > p->detail)
			continue;
		checks[i].look(p, &checks[i], &f);
		check_judge(&checks[i], &f, &to);
		*(checks[i].part > 0 ? times : counts) += to.verdict == VERDICT_OFF;
	}
}

void check_all(const struct proof *p, struct findings *to)
{
	*to = (struct findings){.repeats = p->repeats};
	for (unsigned i = 0; i < n_checks; i++) {
		struct figures f = {0};
		struct finding *at = &to->at[to->n];

		if (checks[i].from > p->detail)
			continue;
		checks[i].look(p, &checks[i], &f);
		check_judge(&checks[i], &f, at);
		to->n++;
		to->off += at->verdict == VERDICT_OFF;
		to->absent += at->verdict == VERDICT_ABSENT;
	}
}

int check_status(const struct findings *f)
{
	return f->off ? STATUS_FAILED : STATUS_OK;
}
