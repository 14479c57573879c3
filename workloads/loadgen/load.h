/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A run: threads, each with an epoll loop and clients of its own. All times are CLOCK_MONOTONIC in ns. What threads
 * share is in struct load and atomic; a client belongs to its loop's thread alone.
 */
#ifndef LOADGEN_LOAD_H
#define LOADGEN_LOAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "errors.h"
#include "heap.h"
#include "histogram.h"
#include "options.h"
#include "proto.h"

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

/* One that is on its way. */
struct request {
	uint64_t from_ns; /* latency counts from here: intended (--rate) or sent */
	uint64_t sent_ns;
	uint64_t end;         /* position of its end among all that the connection has to send */
	uint64_t key, expect; /* the protocol's own */
	bool write;
};

enum client_state {
	CLIENT_WAITING, /* for its time to connect */
	CLIENT_CONNECTING,
	CLIENT_OPEN,
	CLIENT_ENDED
};

struct bytes {
	char *data;
	size_t start, end, size;
};

struct client {
	struct loop *loop;
	unsigned number; /* from 0, over all loops */
	unsigned serial; /* of its connection: an event of an earlier one is told by it */
	enum client_state state;
	int fd;
	bool up;           /* it may send */
	bool counted;      /* at the start line: has come, or won't */
	bool ready;        /* is in loop->ready */
	bool midway;       /* a part of a reply has been consumed already */
	unsigned failures; /* since the last right reply */
	struct bytes in, out;
	uint64_t sent, queued;    /* bytes on this connection, and those of them that were made */
	uint64_t on_connection;   /* requests */
	uint64_t since_ns;        /* that it connects, or is open */
	uint64_t next_ns;         /* no request before */
	uint64_t first_ns, turns; /* --rate: its schedule, and how many requests of it have been sent */
	struct request *requests; /* a ring of options->pipeline */
	unsigned head, outstanding;
	uint64_t random;  /* state */
	uint64_t wake_ns; /* heap.h */
	unsigned place;
	struct client *next_ready;
	void *app;
};

struct totals {
	uint64_t sent, requests, unanswered, unsent, checked, control, connections, bytes_sent, bytes_received;
	uint64_t errors[N_ERRORS];
	uint64_t last_ns; /* when the last reply came */
	struct histogram latency;
};

struct loop {
	struct load *load;
	pthread_t thread;
	int epoll_fd;
	struct client **clients;
	unsigned n, live;  /* clients, and those of them that have not ended */
	unsigned expected; /* clients that the start line still waits for */
	uint64_t outstanding;
	uint64_t now, deadline_ns; /* UINT64_MAX: none, or the clock has not begun */
	bool begun, stopping, revive;
	struct heap heap;
	struct client *ready; /* to be pumped */
	struct totals totals;
	uint64_t stopped_ns; /* when it stopped to send, by the clock or a signal; else 0 */
	int status;          /* -errno if it could not go on */
};

struct load {
	const struct options *options;
	const struct proto *proto;
	struct sockaddr_storage address;
	socklen_t address_size;
	char where[320]; /* "127.0.0.1:6379" */
	struct client *clients;
	struct loop *loops;
	unsigned n_loops;
	int signal_fd, begin_fd; /* readable for all loops once the run ends early, or begins */
	_Atomic uint64_t begin_ns;
	_Atomic unsigned loops_expected;
	_Atomic int64_t left;                         /* requests that may still be sent */
	_Atomic bool connected, refused, interrupted; /* ever; and the first connection failed */
	_Atomic unsigned said;                        /* errors told in words */
	void *app;
};

static inline bool load_until_close(const struct load *load)
{
	return load->options->until_close;
}

uint64_t now_ns(void);

/* loop.c. load_run() returns 0 or -errno: it could not be run, or a thread could not go on. */
int load_run(struct load *load);
/* Have client_pump() called before the loop waits again. */
void loop_ready(struct client *c);
/* At the start line, a client is up or is not going to be. */
void loop_arrived(struct client *c);

/* client.c: what happens to a client. */
void client_wake(struct client *c);
void client_event(struct client *c, unsigned events);
void client_pump(struct client *c);
void client_check_time(struct client *c);
/* The run is over: nothing may have come that was not asked for. */
void client_finish(struct client *c);
/* Requests that its schedule (--rate) had for it before `end`, and that it could not send. */
uint64_t client_unsent(const struct client *c, uint64_t end);

/* For protocols. */
void client_up(struct client *c);
void client_answered(struct client *c);
/* Its oldest request will not be answered, because those who should have are gone; no error by itself. */
void client_unanswered(struct client *c);
/* Says why a reply is wrong, or not there. Returns OUTCOME_WRONG. */
enum outcome client_wrong(struct client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
const struct request *client_oldest(const struct client *c);

/* connection.c. client_add() appends to what is sent next. */
void client_add(struct client *c, const void *data, size_t n);
/* Begin to connect: an event says how it went. 0 or -errno. */
int client_connect(struct client *c);
void client_disconnect(struct client *c);
/* Send what can be sent now. 0 or -errno: the connection is gone. */
int client_flush(struct client *c);
/* Receive what fits: bytes, 0 at the end, -errno (-EAGAIN: nothing is there). `full`: there may be more. */
ssize_t client_receive(struct client *c, bool *full);
static inline size_t bytes_len(const struct bytes *b)
{
	return b->end - b->start;
}

#endif
