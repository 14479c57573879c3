/* SPDX-License-Identifier: BSD-2-Clause */
/* The steady part of a run: from when all copies run, and have settled, to the first one's end. */
#ifndef CMD_CURVE_STEADY_H
#define CMD_CURVE_STEADY_H

#include <sched.h>

#include "collect/tracker.h"
#include "report/curve.h"
#include "target/limit.h"
#include "target/machine.h"

/* All that grows, at one instant. */
struct instant {
	uint64_t at; /* CLOCK_MONOTONIC, ns */
	struct sample total;
	struct cpu_ticks cpu;
	struct stall stall, group_stall;
	uint64_t used; /* bytes, by the group */
};

/* Since where it begins is known only at its end, all instants are kept; of a long run every other one goes. */
struct steady {
	const cpu_set_t *cpus;
	const struct limit *limit;
	struct instant *at;
	unsigned n;
	uint64_t step; /* ns, at least, from one to the next */
};

int steady_open(struct steady *s, const cpu_set_t *cpus, const struct limit *limit); /* 0 or -ENOMEM */
/* Note this instant, that of the tracker's last poll, unless one was noted just before. `now`: even then. */
void steady_note(struct steady *s, struct tracker *t, uint64_t at, bool now);
/* Fill in the figures of the steady part of a run that started and first ended at these times. */
void steady_conclude(const struct steady *s, uint64_t started, uint64_t first_end, struct curve_row *row);
void steady_free(struct steady *s);

#endif
