/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of a command that run together, and what they print. */
#ifndef CMD_CURVE_COPIES_H
#define CMD_CURVE_COPIES_H

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/command.h"

/* What one descriptor of a copy said. */
struct speech {
	int fd; /* a pipe's end, non-blocking; -1: closed */
	char *text;
	size_t n;
	bool last; /* keep the last of it, else the first */
};

struct copy {
	pid_t pid;
	int pidfd;  /* -1: it has ended */
	int status; /* as waitpid(2) has it, once it has */
	struct speech out, err;
};

struct copies {
	unsigned n, alive;
	struct copy *at;
	uint64_t begin, started;      /* ns: before the first and after the last start */
	uint64_t first_end, last_end; /* 0: none has ended */
};

/*
 * Start copy c->n + 1: its {} are replaced by that number; its standard descriptors are /dev/null (`null`) and two
 * pipes. 0, or -errno with the step that `failed`, as command_start() has them.
 */
int copies_start(struct copies *c, char *const argv[], const struct command_options *o, const char **failed);
/* Read what is there. False: the other end is closed, and so is ours now. */
bool copies_read(struct speech *s);
/* Copy i has ended. */
void copies_ended(struct copies *c, unsigned i);
/* Read what is left and close all. The copies must have ended. */
void copies_finish(struct copies *c);
void copies_free(struct copies *c);

/* The first line of what a copy complained of, fit to print; empty if there is none. */
void copies_complaint(struct copy *c, char *to, size_t room);

/* The number in the group of the last match of `regex` in what the copy printed. False: there is none. */
bool copies_number(const struct copy *c, const regex_t *regex, double *number);

#endif
