/* SPDX-License-Identifier: BSD-2-Clause */
/* What vmprof selftest watches: functions that run in a child of its own, and know what they did. */
#ifndef CMD_SELFTEST_WORK_H
#define CMD_SELFTEST_WORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Prime numbers: what is counted twice, or half, is none of them. */
#define WORK_GETPPIDS      10007
#define WORK_CLOSES        809
#define WORK_PIPED         503 /* writes to and reads from a pipe */
#define WORK_BYTES         37  /* of each */
#define WORK_CHILDREN      101
#define WORK_CHILD_CALLS   7 /* of each, and the one that ends it */
#define WORK_THREADS       7
#define WORK_THREAD_CALLS  1009
#define WORK_PAGES_TOUCHED 4099

enum work_id {
	WORK_ATTACHED, /* the meter of selftest_meter.h: it was there before */
	WORK_COUNT_CALLS,
	WORK_FORK,
	WORK_THREAD,
	WORK_TOUCH,
	WORK_PAGE_IN,
	WORK_USER,
	WORK_SYS,
	WORK_QUEUE,
	WORK_SLEEP,
	WORK_PIPE,
	WORK_LOCK,
	WORK_POLL,
	WORK_NET,
	WORK_CHILD,
	WORK_IDS,
	WORK_ALL = WORK_IDS, /* all of these together, but for the first */
};

/* What a workload says of itself, in memory that it shares with vmprof. Times are CLOCK_MONOTONIC, ns. */
struct deeds {
	uint64_t begin, end; /* its first and last instant; 0: it does not look at the clock */
	uint64_t calls;      /* of getppid, its children's and threads' included */
	uint64_t all_calls;  /* of any kind, where they are known */
	uint64_t read_bytes, written_bytes;
	uint64_t cpu_ns;                     /* CLOCK_PROCESS_CPUTIME_ID at its end */
	uint64_t away_ns;                    /* jumps of the clock that it saw */
	uint64_t others;                     /* threads beside the first */
	uint64_t others_lived, others_begun; /* sums: of how long they lived, and of when they were made */
	uint64_t children;                   /* that it forked */
	bool done;
	char why[96]; /* it failed */
};

struct work {
	const char *name;
	void (*run)(struct deeds *d); /* NULL: no child of its own */
	unsigned group;               /* those of one are run at the same time */
	bool bare;                    /* no call but those of run() */
};

extern const struct work works[WORK_IDS];

/* Fork a child that does this and ends; -errno. */
pid_t work_start(const struct work *w, struct deeds *d);

/* For the workloads: say why, and end the process. */
void work_fail(struct deeds *d, const char *what) __attribute__((noreturn));
/* fork(2) without what the C library's does in the child. */
pid_t work_fork(void);
/*
 * Stay on this CPU: when a child of ours is waited for, it has left it. The kernel adds up a child's counters
 * then, which could otherwise be before its last switch.
 */
void work_stay(struct deeds *d);

/* selftest_block.c */
void work_sleep(struct deeds *d);
void work_pipe(struct deeds *d);
void work_lock(struct deeds *d);
void work_poll(struct deeds *d);
void work_net(struct deeds *d);
void work_child(struct deeds *d);

/* selftest_cpu.c */
void work_user(struct deeds *d);
void work_sys(struct deeds *d);
void work_queue(struct deeds *d);

#endif
