/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside collect/ only: what a process holds. */
#ifndef COLLECT_MEMORY_H
#define COLLECT_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/sample.h"
#include "target/procfs.h"

/* All zero: nothing is known yet. */
struct memory {
	bool changed;     /* the process ran since it was last read */
	bool known;       /* `now` is */
	uint64_t read_at; /* ns */
	uint64_t peak;    /* bytes, 0: not known */
	struct proc_memory now;
};

/* The process ran. `peak`: its highest resident memory, bytes, if the kernel said so at its exit; else 0. */
void memory_changed(struct memory *m, uint64_t peak);

/*
 * Read it anew from the procfs at `root`, where that is due. It takes longer than all else in a poll: only of
 * processes that ran, and of each less often the more `processes` there are.
 */
void memory_poll(struct memory *m, const char *root, pid_t pid, unsigned processes, uint64_t now);

/* Set the gauges of a process with `live` threads: one that is gone has had a peak, and holds nothing. */
void memory_set(const struct memory *m, unsigned live, struct sample *s);

#endif
