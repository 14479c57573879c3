/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* PIDs as whoever runs vmprof sees them: those of its own PID namespace, which may be a container's. */
#ifndef VMPROF_PIDS_BPF_H
#define VMPROF_PIDS_BPF_H

#include "maps.bpf.h"

/*
 * A task has a number in its own namespace and in each above it: numbers[] of struct pid, from the initial
 * namespace down. All that vmprof can be told to watch, and their children, are in its namespace or
 * below, so its level alone says which number to take. 0: not to be seen from there, as getppid(2) has it.
 */
static __always_inline u32 seen_pid(struct task_struct *task)
{
	struct pid *pid = task->thread_pid;
	struct upid upid = {};

	if (pid && pid->level >= own_level)
		bpf_probe_read_kernel(&upid, sizeof(upid), &pid->numbers[own_level]);
	return upid.nr;
}

#endif
