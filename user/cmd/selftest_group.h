/* SPDX-License-Identifier: BSD-2-Clause */
/* Workloads that run at the same time, from their start to what is known of them. */
#ifndef CMD_SELFTEST_GROUP_H
#define CMD_SELFTEST_GROUP_H

#include "cmd/selftest_check.h"
#include "collect/tracker.h"

struct group {
	struct tracker *tracker;
	unsigned there;      /* processes that were tracked before, and will be after it */
	struct deeds *deeds; /* of each workload, shared with them */
	uint64_t until;      /* all must have ended then */
};

/*
 * Run those of group `number`, whose parent's children are tracked, and find out about each: in of[work_id].
 * False: something failed, and it has been said.
 */
bool group_run(const struct group *g, unsigned number, struct evidence *of);

/* What vmprof says of a process and of its children. 0 or -ENOMEM. */
int group_collect(struct tracker *t, pid_t pid, struct evidence *e);

#endif
