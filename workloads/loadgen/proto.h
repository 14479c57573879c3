/* SPDX-License-Identifier: BSD-2-Clause */
/* A protocol, to the rest of the load generator: what a client asks, and whether a reply is right. */
#ifndef LOADGEN_PROTO_H
#define LOADGEN_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct client;
struct load;
struct request;

enum outcome {
	OUTCOME_MORE,   /* it has not come whole yet */
	OUTCOME_NOTE,   /* it is right, and answers no request */
	OUTCOME_ANSWER, /* it is right, and answers the oldest request */
	OUTCOME_LAST,   /* so it does, and the server closes now, as it said */
	OUTCOME_EXTRA,  /* it answers no request, and should not be there */
	OUTCOME_WRONG,  /* client_wrong() has said what is */
};

struct proto {
	const char *name;
	bool pipelines, one_thread;
	size_t client_size; /* of client->app, zeroed */

	/* Once, before the first client; and after the last. 0 or -errno. Optional. */
	int (*start)(struct load *load);
	void (*stop)(struct load *load);
	/* Once for each client; 0 or -errno. Its client->app must be what free() takes. Optional. */
	int (*init)(struct client *c);

	/*
	 * It is connected: without this, it may send at once; with this, not before client_up(). And it is not any
	 * more; its requests that have no reply are still there to be looked at. Optional.
	 */
	void (*open)(struct client *c);
	void (*close)(struct client *c);

	/* Append a request to c->out; what it needs to know the right reply goes into r. */
	void (*request)(struct client *c, struct request *r);
	/* What the n bytes at p, at least one, begin with. Sets `used` unless it is OUTCOME_MORE or _WRONG. */
	enum outcome (*reply)(struct client *c, const char *p, size_t n, size_t *used);
	/* For messages: a request, as "GET /". */
	void (*describe)(const struct client *c, const struct request *r, char *to, size_t size);

	/*
	 * It is going to close the connection, all requests of its own being answered: may it? If not, it is asked
	 * again after loop_ready(). Optional.
	 */
	bool (*may_leave)(struct client *c);
};

extern const struct proto proto_mastermind, proto_chat, proto_kv, proto_http;

/* NULL: there is none of that name. */
const struct proto *proto_find(const char *name);

#endif
