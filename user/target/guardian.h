/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process that cleans up after us, however we end: by ourselves, by an error, by SIGKILL. It waits for the other
 * end of a pipe to close, which the kernel does for the dead, too.
 */
#ifndef TARGET_GUARDIAN_H
#define TARGET_GUARDIAN_H

#include <sys/types.h>

enum guardian_charge {
	GUARD_GROUP = 'g',  /* the control group at this path: kill all in it, remove it */
	GUARD_PARENT = 'p', /* of it, in which the memory controller was enabled: disable it again */
	GUARD_SWAP = 's',   /* a swap file: swapoff, remove */
};

struct guardian {
	int fd; /* 0: none */
	pid_t pid;
};

/* Start it, before there is anything to guard and before we hold what it should not inherit. 0 or -errno. */
int guardian_start(struct guardian *g);

/* Charge it with something, before that is made: what is not there when the time comes is no error. 0 or -errno. */
int guardian_charge(const struct guardian *g, enum guardian_charge what, const char *path);

/* Have it clean up, and wait until it has. 0, or -EIO: something could not be removed. */
int guardian_end(struct guardian *g);

#endif
