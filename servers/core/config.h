/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of the server. */
#ifndef SERVERS_CONFIG_H
#define SERVERS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct app;
struct model;

enum fsync_policy { FSYNC_ALWAYS, FSYNC_EVERYSEC, FSYNC_NO };

struct config {
	const struct model *model;
	const struct app *app;
	const char *bind;       /* address, 127.0.0.1 */
	unsigned port;          /* 0: a free one */
	unsigned workers;       /* loops, or the most connections at a time; 0: the model's default */
	unsigned grace_ms;      /* at SIGTERM: how long a half request may take to become whole */
	const char *stats_json; /* NULL: none */
	bool quiet;             /* no log lines */

	const char *root;        /* http: directory of /static/, NULL: none */
	const char *wal;         /* kv: log file, NULL: none */
	enum fsync_policy fsync; /* kv */
	size_t memory;           /* kv: bytes of the table */
	uint64_t seed;           /* mastermind: 0: from the system */
};

/* Exits with 0 after --help, with 2 and a sentence after a wrong option. */
void config_parse(struct config *config, int argc, char **argv);

#endif
