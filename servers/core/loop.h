/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The epoll loop of the event and coroutine models: each worker has one, with a listening socket of its own. It finds
 * out who can go on; the model has them go on.
 */
#ifndef SERVERS_LOOP_H
#define SERVERS_LOOP_H

#include <stdbool.h>
#include "conn.h"
#include "timers.h"

struct config;
struct loop;

/* One connection of a loop. Descriptors are watched edge-triggered, so that no request costs an epoll_ctl(2). */
struct client {
	struct conn conn;
	struct loop *loop;
	struct timer timer;
	struct client *prev, *next; /* all of the loop */
	struct client *next_active;
	bool active;             /* in the list of those that go on */
	bool readable, writable; /* until a call says otherwise */
	bool hung_up;            /* the end of what it sends has come: to be found behind what it has sent */
};

struct loop_ops {
	/* Room for a connection, zeroed; NULL: no memory. Not yet open. */
	struct client *(*make)(struct loop *l);
	void (*unmake)(struct loop *l, struct client *client);
	/* Have all of the list go on, see loop_next(). */
	void (*serve)(struct loop *l, struct client *list);
	/* Once for each worker, in its thread. Optional. */
	void (*end)(struct loop *l);
};

struct loop {
	const struct config *config;
	const struct loop_ops *ops;
	struct stats *stats;
	int epoll, listening;
	int place; /* in the room */
	bool acceptable, stopping, ended;
	unsigned waiting; /* when it stops: connections that are still to be accepted */
	struct timers timers;
	struct timer accept_again;
	struct client *all;
	struct client *active, *last_active;
	void *own; /* the model's */
	int err;
};

/* Runs config->workers loops, one of them in this thread. Closes the listening sockets. 0 or -errno. */
int loop_run(const struct config *config, const int *listening, unsigned n, const struct loop_ops *ops);

/* Take the first of a list of active ones, which may be made active again from now on. */
struct client *loop_next(struct client **list);
/* It goes on in the next turn. */
void loop_wake(struct client *client);
/* It goes on when it can do what conn_next() says, or at conn_deadline(). */
void loop_rest(struct client *client);
/* Closes and frees it. */
void loop_close(struct client *client);

/* conn_recv() and conn_send() of one that can; what they say is kept in `readable` and `writable`. */
void loop_recv(struct client *client);
void loop_send(struct client *client);

#endif
