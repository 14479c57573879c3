/* SPDX-License-Identifier: BSD-2-Clause */
/* The command that vmprof starts: -- CMD ARG… */
#ifndef TARGET_COMMAND_H
#define TARGET_COMMAND_H

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct command_options {
	bool as_root;          /* under sudo, too: not as the user who called it */
	const sigset_t *mask;  /* its signal mask; NULL: ours */
	const cpu_set_t *cpus; /* where it may run; NULL: where we may */
	int group;             /* cgroup.procs of its control group, open for writing; 0: it stays in ours */
	int in, out, err;      /* its standard descriptors; 0: ours */
};

/*
 * Fork and execute argv[0], found in PATH as execvp(3) does, with default signal actions. As the user who called
 * (base/caller.h): uid, gid, supplementary groups; under sudo HOME, USER, LOGNAME, too; without capabilities.
 * The child does as little as possible before execve: it is being measured already.
 * 0 and the child's PID in `pid` once execve has succeeded; -errno of what failed in the child (it
 * has been reaped then) or of fork. `failed` names the step: "fork", "control group", "CPUs", "setuid", "exec".
 */
int command_start(char *const argv[], const struct command_options *options, pid_t *pid, const char **failed);

/* As a shell says it: 127 for -ENOENT, 126 for anything else that kept execve from it. */
int command_exec_status(int err);

/* From the status of waitpid(2): the exit status, or 128 + the signal. */
int command_exit_status(int wait_status);

#endif
