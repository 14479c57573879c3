/* SPDX-License-Identifier: BSD-2-Clause */
/* What it costs here: processes that measure ns per operation when they are asked to, watched or not. */
#ifndef CMD_SELFTEST_METER_H
#define CMD_SELFTEST_METER_H

#include <sys/types.h>

#include "cmd/selftest_work.h"

#define METER_PROCESSES 2 /* it, and the other end of its trips */

struct meter {
	pid_t pid;
	int to, from; /* pipes */
};

enum meter_what {
	METER_CALL,  /* getppid(2) */
	METER_FAULT, /* the first touch of a page */
	METER_TRIP,  /* there and back through two pipes, to another process on the same CPU */
	METER_WHATS
};

/* ns. The least of all rounds: what others on this machine took from them is left out. */
struct cost {
	double bare, watched, bystander;
};

/* Start it; it waits, then, to be asked. What it calls is counted in `d`. 0 or -errno. */
int meter_start(struct meter *m, struct deeds *d);
/* ns of one, the least of some short rounds, in *least if that is less or 0. 0 or -errno. */
int meter_ask(const struct meter *m, enum meter_what what, double *least);
/* It and its other end are gone. A meter that was not started is fine. */
void meter_end(struct meter *m);

#endif
