/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a protocol is to the models, and what a model gives it. An app works on buffers alone: no input or output, no
 * threads, no sleeping. All its connections may be served by other threads or processes at the same time.
 */
#ifndef SERVERS_APP_H
#define SERVERS_APP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "buf.h"
#include "stats.h"

struct config;

/* Bytes in `out` above which an app is not to be called (input), and appends nothing (news). */
#define OUT_HIGH (256 << 10)

/* One client, as its app sees it. Only one thread at a time works on it. */
struct session {
	uint64_t number;     /* of the connection, from 1, in the order of accept */
	char peer[64];       /* "127.0.0.1:40312" */
	struct buf in, out;  /* the app consumes `in` and appends to `out` */
	struct stats *stats; /* where this session counts */
	uint64_t pause_ns;   /* set by the app: see input(); zeroed by the model before it calls again */
	uint64_t commit; /* set by the app: app->commit() must have seen this before `out` may be sent; 0: nothing */
	bool ending;     /* set by the app: close once `out` is sent, or the client has not taken it for a while */
	bool draining;   /* set by the model once `in` has all that has arrived: the last reply may then set `ending` */
	unsigned listener; /* its place among those that hear of room news: see room.h */
	void *app;         /* app->session_size zeroed bytes of the app's own */
};

struct app {
	const char *name;
	size_t session_size;

	/*
	 * Before the first connection and any fork or thread. What is shared lies in shared memory: see shared.h.
	 * Returns 0 or -errno, having said what is wrong in `why` (at least 256 bytes).
	 */
	int (*start)(const struct config *config, char *why);

	/* A client has come (may greet it in `out`) and has gone. Optional. */
	void (*open)(struct session *s);
	void (*close)(struct session *s);

	/*
	 * Handle at most one request from `in`. Returns 1: one was handled (counted as a request by the caller), 0:
	 * more bytes are needed, and nothing was consumed that would be needed again. Bytes that are no request get the
	 * protocol's error reply, count in stats->bad, and set `ending` where what follows can't be understood.
	 *
	 * `out` may have grown in both cases, and is sent in both. With pause_ns set, the request's reply is held back
	 * (1 was returned): send `out`, wait that long, zero pause_ns and call again even if no byte has come; only
	 * then the reply is in `out`, and `ending` if it is the last. A reply has up to 64 MiB, so don't call again
	 * while OUT_HIGH is unsent: that is what bounds memory for a client that sends and does not read.
	 */
	int (*input)(struct session *s);

	/*
	 * Make durable all up to `position` before any reply that depends on it is sent. Called outside of all locks,
	 * by any thread; may block. 0 or -errno: then the connections that wait for it are closed without a reply.
	 * Optional.
	 */
	int (*commit)(uint64_t position);

	/*
	 * The room has news (room.h): append to `out` what this session has not seen, while `out` holds less than
	 * OUT_HIGH. Call it on each posting by anyone, also while `out` is unsent, and again once it is sent, until it
	 * appends nothing. Sets `ending`, and drops what is unsent, for a client that was too slow. Optional.
	 */
	void (*news)(struct session *s);

	/* Process `pid` has died with sessions of this app open, without closing them. In the main process. Optional.
	 */
	void (*lost)(pid_t pid);

	/* Once a second, by the main thread of the main process. Optional. */
	void (*tick)(void);

	/* After the last session has closed, in the main process. Optional. */
	void (*stop)(void);
};

extern const struct app app_mastermind, app_chat, app_kv, app_http;

/* NULL if there is none of that name. */
const struct app *app_find(const char *name);

#endif
