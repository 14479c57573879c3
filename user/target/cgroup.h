/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is in a control group (cgroups(7)), version 1 or 2. */
#ifndef TARGET_CGROUP_H
#define TARGET_CGROUP_H

#include "target/select.h"

/*
 * Add the processes of the cgroup `path` and of all below it. `path` is a directory, or the name
 * of a group below any cgroup mount of `root`/self/mountinfo: the same name in several
 * hierarchies means all of them. 0, -ENOENT if there is no such cgroup, or another -errno.
 */
int cgroup_pids(const char *root, const char *path, struct pid_set *pids);

#endif
