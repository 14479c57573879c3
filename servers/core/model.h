/* SPDX-License-Identifier: BSD-2-Clause */
/* A concurrency model: who serves which connection, and where it waits. */
#ifndef SERVERS_MODEL_H
#define SERVERS_MODEL_H

#include "config.h"

struct model {
	const char *name;
	unsigned default_workers;
	bool listener_per_worker;  /* each worker accepts by itself (SO_REUSEPORT), else the main thread accepts */
	bool listener_per_session; /* who hears of room news: each connection, or each worker */

	/*
	 * Serve on the listening sockets until stop is asked for (signals.h), then what has arrived. Closes the
	 * listening sockets. 0 or -errno, having said what is wrong.
	 */
	int (*run)(const struct config *config, const int *listening, unsigned n);
};

extern const struct model model_thread, model_fork, model_event, model_coroutine;

#endif
