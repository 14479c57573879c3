/* SPDX-License-Identifier: BSD-2-Clause */
/* What this kernel and these privileges allow. */
#ifndef COLLECT_FEATURES_H
#define COLLECT_FEATURES_H

#include <stdbool.h>

struct features {
	const char *missing;    /* what vmprof cannot do without and the kernel lacks, NULL: nothing */
	bool switch_prev_state; /* sched_switch passes it: 5.18 */
	bool fault_tracepoint;  /* page_fault_user: x86 */
	bool io_accounting;     /* CONFIG_TASK_IO_ACCOUNTING */
	bool fault_time;        /* programs at the ends of handle_mm_fault() */
	bool unpreempted;       /* programs lose no event to preemption, if need be by way of perf */
	bool by_perf;           /* and here there is need: 7.1 */
};

/* From the kernel's BTF. 0, or -errno: there is none (-ENOENT) or it can't be read. */
int features_detect(struct features *f);

/* One line of `vmprof features`. */
struct feature_line {
	const char *name;
	bool required;
	bool there;
	const char *gives; /* what it is for */
	const char *needs; /* what would bring it, with the kernel commit or option */
};

/* Call `visit` for each part, in order. 0 or -errno (no BTF). */
int features_each(void (*visit)(const struct feature_line *line, void *arg), void *arg);

struct capability_line {
	const char *name;
	bool required, held;
	const char *gives;
};

/* The capabilities vmprof uses, each with whether this process holds it. */
void features_each_capability(void (*visit)(const struct capability_line *line, void *arg), void *arg);

#endif
