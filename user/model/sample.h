/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was measured: a sample is cumulative (collected), an interval is what lies between two
 * samples (derived). A metric that is not in `have` is absent, which is not zero.
 */
#ifndef MODEL_SAMPLE_H
#define MODEL_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/calls.h"
#include "model/metric.h"

struct sample {
	uint64_t at; /* CLOCK_MONOTONIC, ns */
	metric_set have;
	uint64_t v[METRIC_COUNT];
};

union metric_value {
	uint64_t u; /* METRIC_DELTA, METRIC_GAUGE */
	double d;   /* METRIC_RATIO */
};

struct interval {
	uint64_t ns; /* how long it is */
	metric_set have;
	union metric_value v[METRIC_COUNT];
};

static inline bool interval_has(const struct interval *iv, enum metric m)
{
	return iv->have & METRIC_BIT(m);
}

/* Time on a CPU in an interval, ns. */
static inline uint64_t interval_on_cpu(const struct interval *iv)
{
	return iv->v[METRIC_USER].u + iv->v[METRIC_SYS].u + iv->v[METRIC_FAULT_CPU].u; /* what is absent is zero */
}

static inline bool sample_has(const struct sample *s, enum metric m)
{
	return s->have & METRIC_BIT(m);
}

static inline void sample_set(struct sample *s, enum metric m, uint64_t v)
{
	s->v[m] = v;
	s->have |= METRIC_BIT(m);
}

/* Add the growing metrics of `from`; gauges are left to those who know how they combine. */
void sample_add(struct sample *to, const struct sample *from);
/* Add a process to a total: gauges add up, too, but for the peak, which is the highest, as in getrusage(2). */
void sample_total(struct sample *total, const struct sample *s);

#define COMM_LEN 16 /* TASK_COMM_LEN, the final 0 included */

enum row_event {
	EVENT_SAMPLE,
	EVENT_EXIT,
	EVENT_EXEC,
};

/* "sample", "exit", "exec". */
const char *row_event_name(enum row_event e);

/* One line of output: a process (tid 0) or a thread over an interval. Pid 0, "[others]":
 * what could not be attributed. */
struct row {
	double time; /* s since the start, at the end of the interval */
	uint32_t pid, tid;
	char comm[COMM_LEN]; /* as the kernel has it: any bytes but 0 */
	enum row_event event;
	struct interval iv;
	const struct call_table *calls; /* of the interval, for a process; NULL: not collected */
};

/* What a run is, for the formats that say so. */
struct run_info {
	const char *version;
	const char *kernel;  /* uname release */
	const char *machine; /* uname machine */
	const char *detail;  /* "ledger", "calls", "full" */
	bool split_by_tick;  /* user and system time are split by the kernel's ticks */
	unsigned cpus;
	double interval_s;   /* as asked for */
	double start_unix;   /* CLOCK_REALTIME at the start, s */
	const char *target;  /* as given on the command line */
	metric_set measured; /* what this run can measure at all */
};

/* Everything of a run, for the totals. */
struct summary {
	const struct run_info *info;
	double elapsed_s;
	unsigned processes; /* seen in all */
	unsigned threads;
	struct interval total;          /* all processes and the others, over the whole run */
	const struct call_table *calls; /* NULL: not collected */
	struct {
		uint64_t threads; /* without a record of their own (--max-tasks) */
		uint64_t rows;    /* calls counted without their process */
		uint64_t links;   /* threads not counted at all: no kernel memory */
		uint64_t skipped; /* events for which a program did not run */
		uint64_t faults;  /* page faults whose time is not in fault_cpu */
	} lost;
};

#endif
