/* SPDX-License-Identifier: BSD-2-Clause */
/* The run of vmprof selftest: everything that is found out. */
#ifndef CMD_SELFTEST_RUN_H
#define CMD_SELFTEST_RUN_H

#include "cmd/selftest_check.h"
#include "cmd/selftest_meter.h"

struct selftest {
	enum detail detail;
	struct proof proof;
	struct cost costs[METER_WHATS];
	/* while it runs */
	uint64_t begin;
	struct rusage before; /* RUSAGE_CHILDREN then */
	struct meter watched, bystander;
	struct deeds *deeds;
};

/* Run all workloads under watch: proof, and the costs while it watches. 0, or STATUS_FAILED after an error was printed.
 */
int selftest_watch(struct selftest *t);
/* What the same costs when nobody watches, and, if there is time, again when somebody does. As above. */
int selftest_costs(struct selftest *t);
void selftest_free(struct selftest *t);

#endif
