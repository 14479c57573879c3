/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The list of states, alone, for those who need no more of the ABI than their names. */
#ifndef VMPROF_STATES_H
#define VMPROF_STATES_H

/*
 * The ledger: a thread is in exactly one of these states at each instant.
 * X(ENUMERATOR, name, meaning). The order is the order of every table and column. The last one is optional: in the
 * kernel's records its time is part of `user` and `sys`, too, and the loader takes it out of them.
 */
#define VMPROF_STATES(X)                                                         \
	X(USER, user, "on a CPU, outside a system call")                         \
	X(SYS, sys, "on a CPU, inside a system call")                            \
	X(RUNQ_WAKE, runq_wake, "waiting for a CPU since it was woken")          \
	X(RUNQ_PREEMPT, runq_preempt, "waiting for a CPU after being preempted") \
	X(DISK, disk, "blocked in block I/O")                                    \
	X(FAULT, fault, "blocked in a page fault")                               \
	X(NET, net, "blocked on a socket")                                       \
	X(POLL, poll, "blocked in epoll_wait, poll or select")                   \
	X(PIPE, pipe, "blocked on a pipe, FIFO, eventfd, tty or message queue")  \
	X(LOCK, lock, "blocked in futex, flock or semop")                        \
	X(SLEEP, sleep, "blocked in nanosleep and kin")                          \
	X(CHILD, child, "blocked in wait4 or waitid")                            \
	X(STOPPED, stopped, "stopped by a signal, a tracer or the freezer")      \
	X(OTHER, other, "blocked in any other call")                             \
	X(FAULT_CPU, fault_cpu, "on a CPU, handling a page fault")

#endif
