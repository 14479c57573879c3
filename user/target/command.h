/* SPDX-License-Identifier: BSD-2-Clause */
/* The command that vmprof starts: -- CMD ARG… */
#ifndef TARGET_COMMAND_H
#define TARGET_COMMAND_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * Fork and execute argv[0], found in PATH as execvp(3) does, with the signal mask `mask` and
 * default signal actions. Unless `as_root`, and when vmprof runs as root through sudo
 * (SUDO_UID, SUDO_GID), as the user who called sudo: uid, gid, supplementary groups, and HOME,
 * USER, LOGNAME; without capabilities.
 * The child does as little as possible before execve: it is being measured already.
 * 0 and the child's PID in `pid` once execve has succeeded; -errno of what failed in the child (it
 * has been reaped then) or of fork. `failed` names the step: "fork", "setuid", "exec".
 */
int command_start(char *const argv[], bool as_root, const sigset_t *mask, pid_t *pid, const char **failed);

/* As a shell says it: 127 for -ENOENT, 126 for anything else that kept execve from it. */
int command_exec_status(int err);

/* From the status of waitpid(2): the exit status, or 128 + the signal. */
int command_exit_status(int wait_status);

#endif
