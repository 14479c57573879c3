/* SPDX-License-Identifier: BSD-2-Clause */
/* What vmprof selftest compares, and what it makes of it: no input, no output. */
#ifndef CMD_SELFTEST_CHECK_H
#define CMD_SELFTEST_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "cmd/selftest_work.h"
#include "collect/session.h"
#include "model/sample.h"

/* One workload, from both sides. */
struct evidence {
	/* by itself, by the clock and by the kernel */
	struct deeds deeds;
	uint64_t forked, ended; /* before it was made, and when it had left its CPU for the last time */
	struct rusage usage;    /* its children's included */
	bool has_sched;         /* schedstat, of its first thread */
	uint64_t sched_cpu_ns, sched_delay_ns;
	uint64_t taken_ns; /* by interrupts and the hypervisor, from all CPUs, at most */
	/* by vmprof */
	struct sample own, tree; /* the process; it and its children */
	struct call_table calls; /* of the tree */
	uint64_t threads_ns;     /* all states of all its threads */
	unsigned processes;      /* of the tree */
	unsigned threads;        /* of the process */
};

struct proof {
	enum detail detail;
	struct evidence of[WORK_IDS + 1]; /* last WORK_ALL */
	unsigned processes, made;         /* seen in all, and made */
	unsigned repeats;                 /* of workloads whose times were off */
	uint64_t lost;
	int left; /* programs of ours in the kernel after the end; -1: we may not look */
};

/* Who knows better. The checks of one are a section of the table, in this order. */
enum oracle { ORACLE_WORK, ORACLE_RUSAGE, ORACLE_SCHED, ORACLE_BLOCKED, ORACLE_CLOCK, ORACLE_NONE, ORACLES };

/* What vmprof says, and what it should: from `least` to `most`. */
struct figures {
	bool there;
	double got, least, most;
};

struct check {
	const char *id;
	enum work_id work;
	enum oracle oracle;
	const char *what;
	enum metric_unit unit;
	void (*look)(const struct proof *p, const struct check *c, struct figures *f);
	int arg;          /* a metric or a call */
	double part;      /* tolerance: this share of what it should be, */
	double beyond;    /* and so much more */
	enum detail from; /* the first level that measures it */
	bool optional;    /* not every kernel has it, or shows it to everyone */
};

extern const struct check checks[];
extern const unsigned n_checks;

enum verdict { VERDICT_OK, VERDICT_OFF, VERDICT_ABSENT };

struct finding {
	const struct check *check;
	struct figures f;
	double error; /* how far from what it should be at the least or most; 0: in between */
	enum verdict verdict;
};

struct findings {
	unsigned n, off, absent, repeats;
	struct finding at[64];
};

/* Is what was found within the tolerance? */
void check_judge(const struct check *c, const struct figures *f, struct finding *to);
/* How many checks of one workload are off: of its times (those with a tolerance), and of its counts. */
void check_work(const struct proof *p, enum work_id id, unsigned *times, unsigned *counts);
/* All checks that this level of detail has. */
void check_all(const struct proof *p, struct findings *to);

/* What vmprof selftest ends with: STATUS_OK, or STATUS_FAILED if anything is off. */
int check_status(const struct findings *f);

const char *verdict_name(enum verdict v); /* "ok", "OFF", "-" */
const char *oracle_name(enum oracle o);   /* "getrusage" */

#endif
