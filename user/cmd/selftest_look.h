/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside vmprof selftest only: what each check looks at. */
#ifndef CMD_SELFTEST_LOOK_H
#define CMD_SELFTEST_LOOK_H

#include "cmd/selftest_check.h"

typedef void look_fn(const struct proof *p, const struct check *c, struct figures *f);

/* Counts that the workload knows. */
look_fn look_calls, look_errors, look_bytes; /* arg: the call */
look_fn look_every_call, look_childrens_calls;
look_fn look_children, look_threads, look_processes, look_touches;
/* arg: a metric that getrusage has */
look_fn look_usage;
/* The scheduler's account. */
look_fn look_cpu, look_cpu_usage, look_queue, look_running;
look_fn look_on_cpu; /* arg: METRIC_USER or METRIC_SYS */
/* arg: the state in which all of the time was spent that was not on a CPU or waiting for it */
look_fn look_blocked;
look_fn look_wall;
look_fn look_lost, look_left;

#endif
