/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "config.h"
#include "room.h"

#define ROOM_FIRST  4096
#define ROOM_GREEDY (64 << 10)
#define NS_PER_MS   UINT64_C(1000000)
/* Requests of one turn in a room: who says a lot at a time must not be the only one who is heard, nor miss the others.
 */
#define ROOM_TURN 64

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

uint64_t conn_number(void)
{
	static _Atomic uint64_t last;

	return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

static void set_peer(char *to, size_t size, const struct sockaddr_storage *peer)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (peer->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const void *)peer;

		inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof(text));
		snprintf(to, size, "[%s]:%u", text, ntohs(in->sin6_port));
	} else {
		const struct sockaddr_in *in = (const void *)peer;

		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		snprintf(to, size, "%s:%u", text, ntohs(in->sin_port));
	}
}

int conn_open(struct conn *c, const struct config *config, int fd, const struct sockaddr_storage *peer, uint64_t number,
              struct stats *stats, unsigned listener)
{
	*c = (struct conn){.app = config->app, .fd = fd, .grace_ns = config->grace_ms * NS_PER_MS, .hungry = true};
	c->s.app = calloc(1, config->app->session_size ? config->app->session_size : 1);
	if (!c->s.app)
		return -ENOMEM;
	c->s.number = number;
	c->s.stats = stats;
	c->s.listener = listener;
	set_peer(c->s.peer, sizeof(c->s.peer), peer);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	STATS_ADD(stats, connections, 1);
	if (c->app->open)
		c->app->open(&c->s);
	return 0;
}

void conn_close(struct conn *c)
{
	if (c->app->close)
		c->app->close(&c->s);
	close(c->fd);
	buf_free(&c->s.in);
	buf_free(&c->s.out);
	free(c->s.app);
}

/* What is in its buffers is not whole. */
static void out_of_memory(struct conn *c)
{
	if (!c->broken)
		STATS_ADD(c->s.stats, refused, 1);
	c->broken = true;
}

/* Whether no request can become whole any more. */
static bool starved(const struct conn *c)
{
	if (!c->hungry || c->pause_until)
		return false;
	if (c->eof)
		return true;
	if (!c->drain_until)
		return false;
	return (c->dry && !buf_len(&c->s.in)) || now_ns() >= c->drain_until;
}

/* All is sent: say so to the client, and wait for it to close. */
static void linger(struct conn *c)
{
	buf_free(&c->s.in);
	c->linger_until = now_ns() + CONN_LINGER_NS;
	c->dry = false;
	if (c->eof || shutdown(c->fd, SHUT_WR))
		c->broken = true;
}

static void call_app(struct conn *c)
{
	struct session *s = &c->s;
	bool resumed = false;
	unsigned limit = c->app->news ? ROOM_TURN : UINT_MAX, handled = 0;
	int whole = 1;

	if (c->pause_until) {
		if (now_ns() < c->pause_until)
			return;
		c->pause_until = 0;
		s->pause_ns = 0;
		c->hungry = false;
		resumed = true;
	}
	while (!c->hungry && !s->ending && !c->pause_until && buf_len(&s->out) < OUT_HIGH && handled < limit) {
		whole = buf_len(&s->in) || resumed ? c->app->input(s) : 0;
		resumed = false;
		handled += whole;
		if (s->pause_ns)
			c->pause_until = now_ns() + s->pause_ns;
		else
			c->hungry = !whole;
	}
	if (handled)
		STATS_ADD(s->stats, requests, handled);
	c->news |= handled == limit;
	if (handled && c->app->news)
		room_wait_for_late(s->listener);
	if (c->hungry)
		buf_trim(&s->in);
}

/* How long a client that is to end may take nothing of what is left to send. */
static uint64_t patience_ns(const struct conn *c)
{
	return CONN_LINGER_NS + (c->drain_until ? c->grace_ns : 0);
}

void conn_hear(struct conn *c)
{
	c->news = false;
	if (c->s.ending)
		return;
	c->app->news(&c->s);
	if (c->s.ending) {
		c->dropped = true;
		c->send_by = now_ns() + patience_ns(c);
	}
}

void conn_run(struct conn *c)
{
	struct session *s = &c->s;

	if (c->broken)
		return;
	if (c->linger_until) {
		c->broken = now_ns() >= c->linger_until;
		return;
	}
	if (c->news)
		conn_hear(c);
	call_app(c);
	if (s->in.failed || s->out.failed)
		out_of_memory(c);
	if (!s->ending && starved(c))
		s->ending = true;
	if (s->ending && !buf_len(&s->out) && !s->commit)
		linger(c);
}

void conn_committed(struct conn *c, int err)
{
	c->s.commit = 0;
	if (err)
		c->broken = true;
}

void conn_commit(struct conn *c)
{
	if (c->s.commit)
		conn_committed(c, c->app->commit(c->s.commit));
}

enum conn_next conn_next(const struct conn *c)
{
	if (c->broken)
		return CONN_END;
	if (c->linger_until)
		return CONN_READ;
	if (buf_len(&c->s.out))
		return CONN_WRITE;
	if (c->s.ending || c->news)
		return CONN_RUN;
	if (c->pause_until)
		return CONN_PAUSE;
	return c->hungry ? CONN_READ : CONN_RUN;
}

uint64_t conn_deadline(const struct conn *c)
{
	switch (conn_next(c)) {
	case CONN_WRITE:
		return c->send_by;
	case CONN_PAUSE:
		return c->pause_until;
	case CONN_READ:
		return c->linger_until ? c->linger_until : c->drain_until;
	default:
		return 0;
	}
}

void conn_gone(struct conn *c)
{
	c->broken = true;
}

void conn_drain(struct conn *c)
{
	if (c->drain_until)
		return;
	c->drain_until = now_ns() + c->grace_ns;
	c->dry = false;
	if (buf_len(&c->s.out))
		c->send_by = now_ns() + patience_ns(c);
}

void *conn_room(struct conn *c, size_t *size)
{
	struct buf *in = &c->s.in;
	char *room = buf_room(in, c->greedy ? ROOM_GREEDY : ROOM_FIRST);

	if (!room)
		out_of_memory(c);
	*size = in->size - in->end;
	return room;
}

bool conn_received(struct conn *c, size_t size, ssize_t n)
{
	c->dry = n == -EAGAIN;
	if (n == -EINTR)
		return true;
	if (n == -EAGAIN) {
		/* From now on `in` holds all that had arrived when the stop was asked for. */
		c->s.draining = c->drain_until;
		return false;
	}
	if (n < 0 || (n == 0 && c->linger_until)) {
		c->broken = true;
		return true;
	}
	if (n == 0) {
		c->eof = true;
		return true;
	}
	STATS_ADD(c->s.stats, bytes_in, n);
	if (c->linger_until)
		return true; /* what comes now is discarded */
	c->hungry = false;
	c->greedy = (size_t)n == size;
	buf_added(&c->s.in, n);
	/* A short read has emptied the queue; but when the server stops, it must be seen to be empty. */
	return c->greedy || c->drain_until;
}

bool conn_recv(struct conn *c, int flags)
{
	size_t size;
	void *room = conn_room(c, &size);
	ssize_t n;

	if (!room)
		return true;
	n = recv(c->fd, room, size, flags);
	return conn_received(c, size, n < 0 ? -errno : n);
}

static bool send_refused(struct conn *c, int err)
{
	uint64_t now;

	if (err == EINTR)
		return true;
	if (err != EAGAIN) {
		c->broken = true;
		return true;
	}
	if (!c->drain_until && !c->dropped)
		return false;
	now = now_ns();
	if (!c->send_by)
		c->send_by = now + patience_ns(c);
	else if (now >= c->send_by)
		c->broken = true;
	return c->broken;
}

bool conn_send(struct conn *c, int flags)
{
	struct buf *out = &c->s.out;
	bool was_full = buf_len(out) >= OUT_HIGH;
	ssize_t n = send(c->fd, buf_at(out), buf_len(out), flags | MSG_NOSIGNAL);

	if (n < 0)
		return send_refused(c, errno);
	STATS_ADD(c->s.stats, bytes_out, n);
	c->send_by = 0;
	buf_take(out, n);
	buf_trim(out);
	/* The app may have held back what the room says. */
	if (was_full && c->app->news)
		c->news = true;
	return true;
}
