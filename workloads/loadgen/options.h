/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of the load generator. */
#ifndef LOADGEN_OPTIONS_H
#define LOADGEN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct proto;

struct options {
	const struct proto *proto;
	const char *host; /* 127.0.0.1 */
	unsigned port;
	unsigned clients;        /* 1 */
	unsigned threads;        /* 1; no more are used than there are clients or CPUs */
	double seconds;          /* 10, or with --requests no end; 0: no end */
	uint64_t requests;       /* in all; 0: no end */
	double rate;             /* requests a second over all clients; 0: closed loop */
	double ramp_s;           /* 0: all clients at once */
	double timeout_s;        /* 5: to connect, for a reply, at the end */
	uint64_t think_ms;       /* after each reply */
	uint64_t per_connection; /* requests; 0: a connection is kept */
	unsigned pipeline;       /* 1 */
	unsigned write_percent;  /* kv: 10 */
	uint64_t keys;           /* kv: 10000 */
	unsigned value_size;     /* kv: 64 bytes */
	const char *path;        /* http: / */
	uint64_t seed;           /* 1 */
	bool until_close;
	bool json;
};

/* Exits with 0 after --help, with 2 and a sentence on standard error after a wrong option. */
void options_parse(struct options *o, int argc, char **argv);

#endif
