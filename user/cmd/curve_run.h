/* SPDX-License-Identifier: BSD-2-Clause */
/* The runs of `vmprof curve`: what is set up for all of them, and one of them. */
#ifndef CMD_CURVE_RUN_H
#define CMD_CURVE_RUN_H

#include <signal.h>
#include <stdbool.h>

#include "base/out.h"
#include "cmd/curve_options.h"
#include "collect/tracker.h"
#include "report/curve.h"
#include "target/guardian.h"
#include "target/limit.h"
#include "target/machine.h"

struct curve_run {
	const struct curve_options *o;
	struct guardian guardian;
	struct limit limit;
	struct session *session;
	struct tracker *tracker;
	struct machine_memory memory; /* of the machine, at the start */
	int epoll, timer, signals, null;
	sigset_t before; /* the signal mask that copies get */
	struct out *csv;
	struct curve curve;
	int signal; /* that asked us to end; 0: none */
	int status; /* of the command, where that could not be started */
	uint64_t begin;
	unsigned done, todo; /* runs */
	unsigned again;      /* runs that were made again */
	bool said_no_swap;
	bool progress; /* is shown */
	struct {
		uint64_t scarce_since, seen; /* the machine's own memory, see pressure() */
		uint64_t checked;
	} guard;
};

/* What an event of `epoll` is about: data.u64, with the number of the copy above the lowest byte. */
enum { WAKE_TIMER, WAKE_SIGNAL, WAKE_END, WAKE_OUT, WAKE_ERR };

enum point_end {
	POINT_OK,
	POINT_KILLED, /* some for lack of memory: this many copies are too many */
	POINT_FAILED, /* it has been said */
	POINT_SIGNAL, /* somebody asked us to end */
	POINT_SCARCE, /* the machine itself runs short of memory: it has been said */
};

/* Run row->n copies and fill in the rest of `row`. */
enum point_end point_run(struct curve_run *r, struct curve_row *row);

/* Measure all. The exit status; what was measured is in r->curve and, if asked for, in the CSV. */
int curve_measure(struct curve_run *r);

/* "128M, 2 CPUs: 3 of 12 copies, run 2 of 3: 1m20s left" on a terminal; NULL: nothing again. */
void progress_show(struct curve_run *r, const struct curve_row *row);

#endif
