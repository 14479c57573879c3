/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of `vmprof curve`. */
#ifndef CMD_CURVE_OPTIONS_H
#define CMD_CURVE_OPTIONS_H

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

#include "collect/session.h"

#define MAX_FAMILY 16

struct curve_options {
	char **command;
	bool as_root, quiet;
	unsigned max, repeat;
	uint64_t memory[MAX_FAMILY]; /* limits, bytes; 0: none. At least one */
	unsigned n_memory;
	unsigned cpus[MAX_FAMILY]; /* how many; at least one */
	unsigned n_cpus;
	bool pinned; /* --cpus was given */
	uint64_t swap;
	const char *csv, *plot, *from;
	const char *metric; /* NULL: completions count */
	regex_t number;     /* it, compiled */
	enum detail detail;
	char target[256]; /* the command, for the headings */
};

/* Parse argv. 0, or STATUS_USAGE after an error has been printed; --help and --version end the process with 0. */
int curve_options_parse(struct curve_options *o, int argc, char **argv);
void curve_options_free(struct curve_options *o);

#endif
