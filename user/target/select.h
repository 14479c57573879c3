/* SPDX-License-Identifier: BSD-2-Clause */
/* Who to watch: options turned into processes. */
#ifndef TARGET_SELECT_H
#define TARGET_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A growing set of PIDs, ascending, without repeats. All zero is an empty one. */
struct pid_set {
	size_t n, room;
	pid_t *at;
};

int pid_set_add(struct pid_set *set, pid_t pid); /* 0 or -ENOMEM */
bool pid_set_has(const struct pid_set *set, pid_t pid);
void pid_set_free(struct pid_set *set);

struct selection {
	const char *pids;   /* "1,2,3", or with blanks between them, as pidof(8) prints them */
	const char *comm;   /* a glob, fnmatch(3) */
	const char *user;   /* a name or a number */
	const char *cgroup; /* a path: absolute, or below a cgroup mount */
	int port;           /* 0: none */
};

/* What is wrong with a selection, for the message; `what` is a copy of the part concerned. */
struct select_error {
	enum {
		SELECT_BAD_PID = 1, /* not a number, 0, negative, too large: used wrongly */
		SELECT_NO_PID,      /* no such process */
		SELECT_IS_THREAD,   /* a thread's number, not a process's */
		SELECT_KERNEL_THREAD,
		SELECT_NO_USER,     /* no such user */
		SELECT_NO_CGROUP,   /* no such directory, or not a cgroup */
		SELECT_NONE,        /* well formed, but no process matches */
		SELECT_NO_LISTENER, /* nobody listens on the port */
		SELECT_HIDDEN,      /* somebody listens, but we may not see who (CAP_SYS_PTRACE) */
	} why;
	char what[128];
};

/*
 * All processes (group leaders) that the selection names, under the procfs mounted at `root`
 * ("/proc"; a fixture in tests). PIDs given by number must exist; of the rest, kernel threads,
 * zombies and vmprof itself are left out. 0, or -errno with `err` filled in
 * (-EINVAL: used wrongly, -ESRCH: nothing there), or another -errno with err->why 0. Several
 * criteria select what each of them does, and each must select something; none at all selects nothing.
 */
int select_pids(const char *root, const struct selection *sel, struct pid_set *set, struct select_error *err);

#endif
