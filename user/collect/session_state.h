/* SPDX-License-Identifier: BSD-2-Clause */
/* What a session is made of: for session*.c alone. */
#ifndef COLLECT_SESSION_STATE_H
#define COLLECT_SESSION_STATE_H

#include "collect/session.h"
#include "collect/session_maps.h"
#include "collect/skeleton.h"

struct session {
	struct vmprof *skel;
	enum detail detail;
	bool has_fault_tracepoint;
	bool has_io_accounting;
	bool has_fault_time;
	int stats_fd;
	int cpus;
	struct session_maps maps;
};

#endif
