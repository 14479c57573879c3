/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel side as one thing: programs loaded and attached, maps mapped, targets registered.
 * Everything it holds is a file descriptor: it is gone when vmprof is, however that ends.
 */
#ifndef COLLECT_SESSION_H
#define COLLECT_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum detail { DETAIL_LEDGER, DETAIL_CALLS, DETAIL_FULL };

/* "ledger", "calls", "full", and back (-EINVAL). */
const char *detail_name(enum detail d);
int detail_parse(const char *name, enum detail *d);

#define MAX_TASKS_DEFAULT 16384
#define MAX_TASKS_LIMIT   (1u << 22) /* PID_MAX_LIMIT: more threads the kernel does not have */

struct session_options {
	enum detail detail;
	bool follow_children;
	uint32_t max_tasks;
	const int *only_calls; /* numbers of the calls to count, or NULL: all */
	unsigned n_only_calls;
	bool run_stats; /* have the kernel time our programs, for --verbose; needs CAP_SYS_ADMIN */
};

/* Where opening a session failed, for the message. */
struct session_error {
	enum {
		SESSION_NO_BTF = 1, /* /sys/kernel/btf/vmlinux is not there */
		SESSION_NO_PRIVILEGE,
		SESSION_TOO_OLD, /* the kernel lacks what we cannot do without: `what` */
		SESSION_LOAD,
		SESSION_ATTACH,
		SESSION_MAP, /* no memory for the maps: fewer tasks may help */
	} why;
	const char *what;
};

struct session;

/* 0 or -errno with `err` filled in. */
int session_open(struct session **s, const struct session_options *options, struct session_error *err);
void session_free(struct session *s); /* NULL is fine */

/* Mark process `pid` as a target, to be found by session_register(). 0 (also when it is
 * tracked already), -ESRCH: it is gone. */
int session_mark(struct session *s, pid_t pid);
/* The threads of the marked processes, and their children where they are followed, are tracked
 * when this returns: all of them, whatever they do meanwhile. 0 or -errno. */
int session_register(struct session *s);
/* While on: children of this process are targets from the instant they are forked. 0 or -errno. */
int session_adopt(struct session *s, bool on);

/* Have the CPUs that run tracked threads, as far as we know, or all of them, bring their records up to date. */
void session_flush(struct session *s, bool all);

/* Times that a program did not run although its event occurred, since the start; apart from them, in `faults`, those of
 * the programs that time page faults: no event is lost then, nor time, which stays in `user` or `sys`. */
uint64_t session_skipped(struct session *s, uint64_t *faults);

/* The numbers of its programs in the kernel, `room` at most: how many. */
unsigned session_programs(struct session *s, uint32_t *numbers, unsigned room);
/* Is this program still in the kernel? 1, 0, or -errno: that may not be asked without CAP_SYS_ADMIN. */
int session_program_is_there(uint32_t number);

/* What this kernel measures at this detail: see metric_set in model/metric.h. */
uint64_t session_measures(const struct session *s);

struct program_cost {
	const char *name;
	uint64_t runs, ns;
	uint32_t instructions; /* of its own; 0: this kernel or these privileges do not tell */
	uint32_t verified;     /* looked at by the verifier on all paths; 0 before Linux 5.16 (aba64c7da983) */
};

/* The kernel's account of program i (runs and time with run_stats). False: there is no program i. */
bool session_cost(struct session *s, unsigned i, struct program_cost *cost);

#endif
