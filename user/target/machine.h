/* SPDX-License-Identifier: BSD-2-Clause */
/* What the machine as a whole does (proc(5)). `root` is where procfs is mounted. */
#ifndef TARGET_MACHINE_H
#define TARGET_MACHINE_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

/* Cumulative, in clock ticks: `busy` is neither idle nor waiting for I/O; what a hypervisor took is only in `all`. */
struct cpu_ticks {
	uint64_t busy, all;
};

/* Of these CPUs together. 0 or -errno. */
int machine_cpu(const char *root, const cpu_set_t *cpus, struct cpu_ticks *t);

/* Pressure stall information: time in which some, or all, of those who had work waited for it; us, cumulative. */
struct stall {
	bool known;
	uint64_t some_us, full_us;
};

/* From PATH (/proc/pressure/memory, a group's memory.pressure); not known where the kernel keeps no account. */
void machine_stall(const char *path, struct stall *s);

struct machine_memory { /* bytes */
	uint64_t total, available, swap, swap_free;
};

int machine_memory(const char *root, struct machine_memory *m); /* 0 or -errno */

/*
 * How often the machine itself ran out of free memory so far: pages that processes had to look for themselves and how
 * often they did (pgscan_direct, allocstall_*). A control group at its limit is not in it: the kernel counts
 * those of global reclaim only (mm/vmscan.c, cgroup_reclaim()). 0 if it can't be told.
 */
uint64_t machine_reclaim(const char *root);

#endif
