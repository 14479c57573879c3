/* SPDX-License-Identifier: BSD-2-Clause */
#include "blocking.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "room.h"
#include "serve.h"
#include "signals.h"

/* What the two threads of a connection share; the session thread does not hold the lock while it rests. */
struct hearing {
	pthread_mutex_t lock;
	pthread_t thread;
	struct conn *conn;
	bool over;
};

static __thread struct hearing *hearing; /* of the session thread, NULL: alone */

static void enter(void)
{
	if (hearing)
		pthread_mutex_lock(&hearing->lock);
}

static void leave(void)
{
	if (hearing)
		pthread_mutex_unlock(&hearing->lock);
}

/* Only at the end of a connection, when there is a limit to the wait. */
static void wait_for(int fd, short events, uint64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = events};
	uint64_t now = now_ns();

	poll(&p, 1, now < deadline ? (deadline - now) / 1000000 + 1 : 0);
}

static void blocking_recv(struct conn *c)
{
	uint64_t deadline;
	bool wait;
	void *room;
	size_t size;
	ssize_t n;

	if (stop_asked())
		conn_drain(c);
	deadline = conn_deadline(c);
	wait = deadline && c->dry;
	room = conn_room(c, &size);
	if (!room)
		return;
	leave();
	if (wait)
		wait_for(c->fd, POLLIN, deadline);
	n = recv(c->fd, room, size, deadline ? MSG_DONTWAIT : 0);
	if (n < 0)
		n = -errno;
	enter();
	conn_received(c, size, n);
	/* The other thread may be late: who says a lot must not fall behind the room by that. */
	c->news = c->app->news;
}

static void blocking_send(struct conn *c)
{
	if (stop_asked())
		conn_drain(c);
	if (conn_send(c, c->drain_until ? MSG_DONTWAIT : 0))
		return;
	/* It has not been reading for a while, and may have fallen behind the room. */
	c->news = c->app->news;
	if (conn_deadline(c))
		wait_for(c->fd, POLLOUT, conn_deadline(c));
}

static void blocking_pause(struct conn *c)
{
	struct pollfd p = {.fd = c->fd}; /* of no events: only a client that is gone ends it early */
	uint64_t now = now_ns(), until = conn_deadline(c), ns = until > now ? until - now : 0;
	struct timespec left = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
	int gone;

	if (stop_asked())
		conn_drain(c);
	leave();
	gone = ppoll(&p, 1, &left, NULL);
	enter();
	if (gone > 0)
		c->broken = true;
}

static const struct serve_io blocking_io = {.recv = blocking_recv, .send = blocking_send, .pause = blocking_pause};

static void tell_news(struct conn *c)
{
	c->news = true;
	while (!c->broken && !c->linger_until && !c->s.ending && (c->news || buf_len(&c->s.out))) {
		if (c->news)
			conn_hear(c);
		if (c->s.out.failed)
			c->broken = true;
		else if (buf_len(&c->s.out))
			blocking_send(c);
	}
	/* The session thread ends it. One that ends by itself still reads: what its client sends must not be refused.
	 */
	if (c->broken || c->dropped)
		shutdown(c->fd, SHUT_RD);
}

static void *hear(void *arg)
{
	struct hearing *h = arg;
	struct conn *c = h->conn;
	int fd = room_fd(c->s.listener);
	eventfd_t posted;
	bool over = false;

	while (!over) {
		if (eventfd_read(fd, &posted))
			continue; /* interrupted */
		pthread_mutex_lock(&h->lock);
		over = h->over;
		room_heard(c->s.listener);
		if (!over)
			tell_news(c);
		pthread_mutex_unlock(&h->lock);
	}
	return NULL;
}

static int start_hearing(struct hearing *h)
{
	const struct timeval second = {.tv_sec = 1};
	pthread_attr_t attr;
	sigset_t all, before;
	int err;

	/* A client that does not read must not keep the session from seeing that the room has gone on. */
	setsockopt(h->conn->fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before); /* what wakes the session thread must not go to this one */
	err = pthread_create(&h->thread, &attr, hear, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -err;
}

static int serve_hearing(struct conn *c)
{
	struct hearing h = {.lock = PTHREAD_MUTEX_INITIALIZER, .conn = c};
	int err = start_hearing(&h);

	if (err)
		return err;
	hearing = &h;
	enter();
	serve(c, &blocking_io);
	h.over = true;
	leave();
	hearing = NULL;
	eventfd_write(room_fd(c->s.listener), 1);
	pthread_join(h.thread, NULL);
	pthread_mutex_destroy(&h.lock);
	return 0;
}

int blocking_serve(struct conn *c)
{
	if (c->app->news)
		return serve_hearing(c);
	serve(c, &blocking_io);
	return 0;
}
