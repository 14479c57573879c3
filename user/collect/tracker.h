/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's records, drained into cumulative samples of threads and processes. */
#ifndef COLLECT_TRACKER_H
#define COLLECT_TRACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "collect/session.h"
#include "model/sample.h"

/* A process (tid 0), a thread, or the others (pid 0) as last polled. */
struct subject {
	uint32_t pid, tid, ppid;
	char comm[COMM_LEN];
	unsigned execs; /* since it has been tracked */
	bool ended;     /* its samples are final; tracker_reap() removes it */
	struct sample now;
	struct call_table calls; /* of processes, with tracker_options.calls */
	/* For whoever reports it: what was last reported. Zero at first. */
	struct sample reported;
	struct call_table reported_calls;
	unsigned reported_execs;
};

struct tracker_options {
	bool threads;     /* keep threads as subjects, too */
	bool calls;       /* keep a table of calls per process */
	const char *proc; /* where procfs is mounted, for the memory of processes */
};

struct tracker;

int tracker_new(struct tracker **t, struct session *s, const struct tracker_options *options); /* 0 or -ENOMEM */
void tracker_free(struct tracker *t);                                                          /* NULL is fine */

/* Read all records. Samples then are of the time `*at` (CLOCK_MONOTONIC, ns), with what the threads
 * are doing at that instant charged up to it. 0 or -errno. */
int tracker_poll(struct tracker *t, uint64_t *at);

/* When the first record began (CLOCK_MONOTONIC, ns); the time of the last poll if there was none. */
uint64_t tracker_begin(const struct tracker *t);

/*
 * The subjects of the last poll: each process in the order it was found, followed by its threads if
 * those are kept; last the others, once something was lost. Valid until the next poll or reap.
 */
size_t tracker_size(const struct tracker *t);
struct subject *tracker_at(struct tracker *t, size_t i);

/* So many processes have ended since the last reap that reporting them should not wait. */
bool tracker_has_many_ended(const struct tracker *t);

/* Forget the subjects that have ended; they remain in the total. */
void tracker_reap(struct tracker *t);

/* All that was tracked so far and the others. */
const struct sample *tracker_total(struct tracker *t);
/* All calls so far; the table belongs to the tracker. NULL: out of memory or not measured. */
const struct call_table *tracker_calls(struct tracker *t);

struct tracker_counts {
	unsigned processes, threads;           /* seen so far */
	unsigned live_processes, live_threads; /* now */
	uint64_t lost_threads, lost_rows, lost_links, skipped, untimed_faults;
};
void tracker_counts(struct tracker *t, struct tracker_counts *c);

/* Process `pid` has no thread left that runs. True, too, if it was never seen. */
bool tracker_has_ended(struct tracker *t, pid_t pid);

#endif
