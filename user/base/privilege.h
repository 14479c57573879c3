/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Giving up capabilities. What is kept: CAP_BPF and CAP_PERFMON (threads of processes that come later), CAP_SYS_PTRACE
 * and CAP_DAC_READ_SEARCH (/proc of other users' processes), CAP_KILL (a command that runs as somebody else).
 */
#ifndef BASE_PRIVILEGE_H
#define BASE_PRIVILEGE_H

/* For good: everything is attached and started. 0 or -errno. */
int privilege_drop(void);

/*
 * For a while: CAP_SETUID and CAP_SETGID are kept as well, and commands started from now on have what they would have
 * had: the effective set alone is lowered, which execve(2) does not look at. 0 or -errno.
 */
int privilege_lower(void);

#endif
