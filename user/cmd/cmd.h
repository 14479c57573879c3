/* SPDX-License-Identifier: BSD-2-Clause */
/* A subcommand is a file with a const entry. Only cmd/ and main.c print errors. */
#ifndef CMD_CMD_H
#define CMD_CMD_H

enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

struct command {
	const char *name; /* NULL: the one that runs when none is named */
	const char *args;
	const char *help;
	int (*run)(int argc, char **argv); /* argv[0] is the name to print; the exit status */
};

extern const struct command cmd_watch;
extern const struct command cmd_stat;
extern const struct command cmd_curve;
extern const struct command cmd_features;
extern const struct command cmd_selftest;

/* "vmprof: " and one sentence on standard error: what, why, and what to do. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
