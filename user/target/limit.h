/* SPDX-License-Identifier: BSD-2-Clause */
/* A control group with a memory limit (cgroups(7)), version 1 or 2. */
#ifndef TARGET_LIMIT_H
#define TARGET_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/* Short enough for a path and a word to go through a pipe in one write. */
#define LIMIT_PATH 2048

struct limit {
	bool v2;
	char parent[LIMIT_PATH]; /* where the group is made */
	bool enable;             /* version 2: the parent's subtree_control needs "+memory" first */
	char dir[LIMIT_PATH];    /* the group */
	int procs;               /* its cgroup.procs, open for writing; 0: not made yet */
};

/*
 * Where can a group be made? Version 2 if it has the memory controller, else version 1; below our own group, or,
 * since a group of version 2 that has processes can't have others below it, the nearest one above it
 * that can. `root` is where procfs is mounted. 0, -ENOENT: no memory controller is mounted,
 * -EBUSY: processes are in the way all the way up, or another -errno.
 */
int limit_find(const char *root, struct limit *l);

/* Make the group where limit_find() said; its name, not yet in use, is in `dir` before that. 0 or -errno. */
int limit_make(struct limit *l);

/* File pages and anonymous ones together, bytes; UINT64_MAX: none. 0, -EBUSY: more is in use, or another -errno. */
int limit_set(const struct limit *l, uint64_t bytes);

/* What is charged to the group now, bytes; 0 if that can't be told. */
uint64_t limit_usage(const struct limit *l);

/* Processes that were killed in it because memory ran out. */
uint64_t limit_oom_kills(const struct limit *l);

/* These take the directory: the guardian has no more of it. */

/* Kill all in the group and below until it is empty. 0 or -EBUSY: not in `seconds`. */
int limit_kill(const char *dir, unsigned seconds);

/* Have the page cache that is charged to the group dropped: what is read from a file next is charged anew. */
void limit_drop(const char *dir);

/* Remove an empty group and what is below it. 0 (also if it is not there) or -errno. */
int limit_remove(const char *dir);

/* Undo what limit_make() did to a parent of version 2. */
void limit_disable(const char *parent);

#endif
