/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside collect/ only: what a tracker holds. */
#ifndef COLLECT_TRACKER_STATE_H
#define COLLECT_TRACKER_STATE_H

#include "collect/process.h"
#include "collect/record.h"
#include "collect/tracker.h"

struct thread {
	struct process *process; /* NULL: the slot is not in use */
	struct reading reading;
	struct subject *subject; /* with options.threads; the process owns it */
};

struct tracker {
	struct session *session;
	struct session_maps *maps;
	struct tracker_options options;
	enum detail detail;
	metric_set measured;
	struct process *processes;
	struct thread *threads; /* by slot */
	uint32_t n_threads;
	struct subject **order; /* what tracker_at() walks */
	size_t n_order, room;
	struct process others;
	struct sample gone, total;
	struct call_table gone_calls, all_calls;
	struct tracker_counts counts;
	uint64_t begin; /* of the first record, ns */
	unsigned ended; /* processes, since the last reap */
};

#endif
