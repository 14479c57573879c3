/* SPDX-License-Identifier: BSD-2-Clause */
/* The options that all measuring commands share. */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/session.h"
#include "target/select.h"

#define MAX_ONLY_CALLS 512

struct options {
	struct selection select;
	char **command; /* -- CMD ARG…, NULL: none */
	bool as_root;
	bool no_children;
	uint64_t interval_ms;
	double duration_s; /* 0: without end */
	const char *csv, *json, *syscalls;
	enum detail detail;
	int only_calls[MAX_ONLY_CALLS];
	unsigned n_only_calls;
	bool threads;
	bool quiet;
	bool verbose;
	uint32_t max_tasks;
	char target[256]; /* as given, for the description of the run */
};

/*
 * Parse argv. 0, or STATUS_USAGE after an error has been printed; --help and --version print and
 * end the process with 0.
 */
int options_parse(struct options *o, const char *doc, int argc, char **argv);

#endif
