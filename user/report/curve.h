/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `vmprof curve` measured, and what that says: how useful work changes with the number of copies, where it
 * falls, why, and how many to run.
 */
#ifndef REPORT_CURVE_H
#define REPORT_CURVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/metric.h"

/* What is measured of one run of N copies. X(ID, column, help); a share is of 1. All over the steady part,
 * but for the first five. Columns of the CSV in this order. */
#define CURVE_FIGURES(X)                                                                         \
	X(ELAPSED, "elapsed_s", "from the first start to the last end")                          \
	X(STEADY, "steady_s", "length of the steady part")                                       \
	X(METRIC, "metric", "sum of the numbers that the copies printed")                        \
	X(COMPLETIONS, "completions_per_min", "copies that ended a minute")                      \
	X(OOM_KILLS, "oom_kills", "processes killed for lack of memory: the run does not count") \
	X(CPU_UTIL, "cpu_util", "busy share of the CPUs that the copies may use, by /proc/stat") \
	X(COPIES_UTIL, "copies_util", "of it, by the copies")                                    \
	X(MINFLT, "minflt_per_s", "minor page faults a second")                                  \
	X(MAJFLT, "majflt_per_s", "major page faults a second")                                  \
	X(VCSW, "vcsw_per_s", "voluntary context switches a second")                             \
	X(IVCSW, "ivcsw_per_s", "involuntary context switches a second")                         \
	X(READ, "read_bytes_per_s", "read from storage")                                         \
	X(WRITTEN, "written_bytes_per_s", "written to storage")                                  \
	VMPROF_STATES(CURVE_STATE_##X)                                                           \
	X(USED, "used_bytes", "charged to the control group at the end")                         \
	X(PSI_SOME, "psi_some", "share of the time in which somebody waited for memory")         \
	X(PSI_FULL, "psi_full", "and nobody worked")                                             \
	X(GROUP_PSI_SOME, "group_psi_some", "the same of the control group (version 2)")         \
	X(GROUP_PSI_FULL, "group_psi_full", "")

/* Each state: its share of the copies' wall time. */
#define CURVE_STATE_CURVE_ENUM(id, name, help) CURVE_ENUM(id, #name "_share", help)
#define CURVE_STATE_CURVE_ROW(id, name, help)  CURVE_ROW(id, #name "_share", help)

#define CURVE_ENUM(id, name, help) CURVE_##id,
enum curve_figure { CURVE_FIGURES(CURVE_ENUM) CURVE_COUNT };
#undef CURVE_ENUM

/* The share of state m (METRIC_USER …). */
#define CURVE_STATE(m) ((enum curve_figure)(CURVE_USER + ((m)-METRIC_STATE_FIRST)))

/* And back. */
static inline enum metric curve_state(enum curve_figure share)
{
	return (enum metric)(METRIC_STATE_FIRST + (int)share - CURVE_USER);
}

extern const char *const curve_names[CURVE_COUNT];

/* One run of N copies. */
struct curve_row {
	uint64_t memory; /* limit, bytes; 0: none */
	unsigned cpus;   /* how many the copies may use */
	unsigned n, repeat;
	double v[CURVE_COUNT]; /* NAN: absent */
};

struct spread {
	double min, q1, median, q3, max; /* NAN: absent */
};

/* The runs of one N that count. */
struct curve_point {
	unsigned n, repeats;
	struct spread v[CURVE_COUNT];
};

enum curve_cause { CAUSE_NONE, CAUSE_MEMORY, CAUSE_CPU, CAUSE_LOCK, CAUSE_DISK, CAUSE_OTHER };

/* "memory", "CPU", … */
const char *curve_cause_name(enum curve_cause c);

struct curve_knee {
	unsigned recommended; /* the fewest copies that do at least 95 % of the best; 0: nothing was measured */
	/*
	 * After this many useful work falls: to a third or less at one step, for good; or, where there is no such
	 * cliff, below 95 % of the best by more than its spread. 0: it does not.
	 */
	unsigned knee;
	bool killed;  /* more are killed for lack of memory: that alone makes it the knee */
	unsigned far; /* the most measured */
	double left;  /* useful work there, of the best */
	/* From the knee (or, without one, from the recommended number) to the far end, this state grew most: */
	enum curve_cause cause;
	enum curve_figure state; /* of several states of a cause the one that grew most */
	double from, to;         /* share of the copies' wall time, of all states of the cause */
};

/* A curve: all points with one memory limit and number of CPUs. */
struct curve_series {
	uint64_t memory;
	unsigned cpus;
	size_t n;
	struct curve_point *at; /* by N */
	enum curve_figure work; /* what useful work is: the metric, or completions */
	unsigned killed_at;     /* the fewest copies of which some were killed for lack of memory; 0: none */
	struct curve_knee knee;
};

struct curve {
	size_t n, room;
	struct curve_row *rows;
	size_t n_series;
	struct curve_series *series; /* in the order in which they were measured */
};

int curve_add(struct curve *c, const struct curve_row *row); /* 0 or -ENOMEM */
/* Make series, points and knees of the rows. 0 or -ENOMEM. */
int curve_conclude(struct curve *c);
void curve_free(struct curve *c);

/* Quartiles as the usual linear interpolation has them; NAN in `v` is left out. Sorts `v`. */
void spread_of(double *v, size_t n, struct spread *s);

/* Of points by ascending N. */
void curve_find_knee(const struct curve_series *s, struct curve_knee *k);

/* What the knee says, in one or two sentences without a line break. */
void curve_sentence(const struct curve_series *s, char *to, size_t room);

#endif
