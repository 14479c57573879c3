/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection, and all that is the same in every model: when the app is called, what may be sent, how it ends. The
 * models only wait. A turn is: conn_run(), conn_commit(), then what conn_next() says.
 */
#ifndef SERVERS_CONN_H
#define SERVERS_CONN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "app.h"

/* After the last byte is sent: how long the client may take to close. Closing first could destroy what is in flight. */
#define CONN_LINGER_NS UINT64_C(1000000000)

enum conn_next {
	CONN_RUN,   /* another turn, there is more to do */
	CONN_READ,  /* receive */
	CONN_WRITE, /* send `out` */
	CONN_PAUSE, /* wait until conn_deadline() */
	CONN_END,   /* conn_close() */
};

struct conn {
	struct session s;
	const struct app *app;
	int fd;
	uint64_t grace_ns;
	uint64_t pause_until;  /* all times are CLOCK_MONOTONIC in ns; 0: none */
	uint64_t drain_until;  /* the server stops: half requests are given up then */
	uint64_t send_by;      /* it is to end, and its client has not been reading */
	uint64_t linger_until; /* all is sent; what comes is discarded */
	bool hungry;           /* the app needs more bytes */
	bool news;             /* of the room, which the app has not been told of */
	bool eof;              /* the client sends no more */
	bool dry;              /* nothing was there at the last attempt to receive */
	bool greedy;           /* the client sends a lot at a time */
	bool dropped;          /* it has fallen behind the room */
	bool broken;           /* to be closed without sending anything */
};

/* A stable clock, ns. */
uint64_t now_ns(void);

/* The number of a new connection, from 1. */
uint64_t conn_number(void);

/*
 * Takes over fd and greets the client. `listener`: its place in the room, if the app has news. 0 or -ENOMEM; then the
 * caller still has fd.
 */
int conn_open(struct conn *c, const struct config *config, int fd, const struct sockaddr_storage *peer, uint64_t number,
              struct stats *stats, unsigned listener);
void conn_close(struct conn *c);

/* Call the app for as many requests as are there and `out` has room for. */
void conn_run(struct conn *c);
/* The room has news: tell the app. */
void conn_hear(struct conn *c);
/* Before `out` may be sent. */
void conn_commit(struct conn *c);
/* The same for several connections that were committed together. */
void conn_committed(struct conn *c, int err);
enum conn_next conn_next(const struct conn *c);
/* When the next turn is due although nothing was received or sent; 0: it can wait for ever. */
uint64_t conn_deadline(const struct conn *c);

/* The client has reset the connection (POLLERR, POLLHUP): nobody waits for what a pause holds back. */
void conn_gone(struct conn *c);

/* The server stops: what has arrived is answered, and what is half there if it becomes whole in time. */
void conn_drain(struct conn *c);

/* recv(2) once, with these flags. Whether there may be more at once. */
bool conn_recv(struct conn *c, int flags);
/* The same in three steps: room for received bytes (NULL: no memory, it is broken), recv(2), its result or -errno. */
void *conn_room(struct conn *c, size_t *size);
bool conn_received(struct conn *c, size_t size, ssize_t n);

/* send(2) of what is in `out`, with these flags. False: the client does not take more for now. */
bool conn_send(struct conn *c, int flags);

#endif
