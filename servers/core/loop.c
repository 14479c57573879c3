/* SPDX-License-Identifier: BSD-2-Clause */
#include "loop.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "config.h"
#include "log.h"
#include "net.h"
#include "room.h"
#include "signals.h"

#define EVENTS      256
#define ACCEPTS     64 /* in one turn, so that those that are served don't wait for all that come */
#define SHORTAGE_NS UINT64_C(100000000)

#define CLIENT_OF(timer_) ((struct client *)((char *)(timer_)-offsetof(struct client, timer)))

void loop_wake(struct client *client)
{
	struct loop *l = client->loop;

	if (client->active)
		return;
	client->active = true;
	client->next_active = NULL;
	if (l->active)
		l->last_active->next_active = client;
	else
		l->active = client;
	l->last_active = client;
}

struct client *loop_next(struct client **list)
{
	struct client *client = *list;

	if (client) {
		*list = client->next_active;
		client->active = false;
	}
	return client;
}

static bool can_go_on(const struct client *client)
{
	switch (conn_next(&client->conn)) {
	case CONN_READ:
		return client->readable;
	case CONN_WRITE:
		return client->writable;
	case CONN_PAUSE:
		return false;
	default:
		return true;
	}
}

void loop_rest(struct client *client)
{
	uint64_t deadline;

	if (can_go_on(client)) {
		loop_wake(client);
		return;
	}
	deadline = conn_deadline(&client->conn);
	if (deadline)
		timer_set(&client->loop->timers, &client->timer, deadline);
	else
		timer_unset(&client->timer);
}

void loop_recv(struct client *client)
{
	client->readable = conn_recv(&client->conn, 0) || client->hung_up;
}

void loop_send(struct client *client)
{
	client->writable = conn_send(&client->conn, 0);
}

void loop_close(struct client *client)
{
	struct loop *l = client->loop;

	timer_unset(&client->timer);
	if (client->prev)
		client->prev->next = client->next;
	else
		l->all = client->next;
	if (client->next)
		client->next->prev = client->prev;
	conn_close(&client->conn);
	l->ops->unmake(l, client);
	/* There may be a descriptor to spare again. */
	l->acceptable |= l->accept_again.next != NULL;
}

static int watch(struct loop *l, int fd, uint32_t events, void *what)
{
	struct epoll_event event = {.events = events, .data.ptr = what};

	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* None comes any more. */
static void end_accepting(struct loop *l, int err)
{
	close(l->listening);
	l->listening = -1;
	l->ended = true;
	l->err = err;
	if (err) {
		complain("cannot accept connections: %s", strerror(-err));
		kill(getpid(), SIGTERM);
	}
}

static void drain(struct client *client)
{
	conn_drain(&client->conn);
	client->readable = true;
	loop_wake(client);
}

static int adopt(struct loop *l, int fd, const struct sockaddr_storage *peer)
{
	struct client *client = l->ops->make(l);
	int err;

	if (!client)
		return -ENOMEM;
	client->loop = l;
	client->writable = true;
	err = watch(l, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, client);
	if (!err)
		err = conn_open(&client->conn, l->config, fd, peer, conn_number(), l->stats, l->place);
	if (err) {
		l->ops->unmake(l, client);
		return err;
	}
	client->next = l->all;
	if (l->all)
		l->all->prev = client;
	l->all = client;
	loop_wake(client);
	if (l->stopping)
		drain(client);
	return 0;
}

/* Those that wait. Short of descriptors: again when a connection has ended, or in a moment. */
static void accept_some(struct loop *l)
{
	struct sockaddr_storage peer;
	int fd;

	timer_unset(&l->accept_again);
	for (int i = 0; i < ACCEPTS && l->acceptable; i++) {
		/* Those that come after the stop are too late: they could hold it up for ever. */
		if (l->stopping && !l->waiting) {
			end_accepting(l, 0);
			return;
		}
		fd = net_accept(l->listening, &peer, SOCK_NONBLOCK);
		if (fd >= 0) {
			l->waiting -= l->stopping;
			if (adopt(l, fd, &peer)) {
				STATS_ADD(l->stats, refused, 1);
				close(fd);
			}
		} else if (fd != -EINTR) {
			l->acceptable = false;
			if (fd == -EMFILE)
				timer_set(&l->timers, &l->accept_again, now_ns() + SHORTAGE_NS);
			else if (fd != -EAGAIN || l->stopping)
				end_accepting(l, fd == -EAGAIN ? 0 : fd);
		}
	}
}

static void stop(struct loop *l)
{
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, stop_fd(), NULL);
	l->stopping = l->acceptable = true;
	l->waiting = l->ended ? 0 : net_waiting(l->listening);
	for (struct client *client = l->all; client; client = client->next)
		drain(client);
}

static void hear_news(struct loop *l)
{
	room_heard(l->place);
	for (struct client *client = l->all; client; client = client->next) {
		client->conn.news = true;
		loop_wake(client);
	}
}

static void take_event(struct loop *l, const struct epoll_event *event)
{
	struct client *client = event->data.ptr;

	if (event->data.ptr == &l->listening) {
		l->acceptable = true;
	} else if (event->data.ptr == &l->stopping) {
		stop(l);
	} else if (event->data.ptr == &l->place) {
		hear_news(l);
	} else {
		client->hung_up |= (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
		client->readable |= client->hung_up || event->events & EPOLLIN;
		client->writable |= (event->events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
		if (event->events & (EPOLLHUP | EPOLLERR) && conn_next(&client->conn) == CONN_PAUSE)
			conn_gone(&client->conn);
		/* Nobody waits for the reply any more; a client that only sends no more (RDHUP) does. */
		if (event->events & (EPOLLHUP | EPOLLERR) && conn_next(&client->conn) == CONN_PAUSE)
			client->conn.broken = true;
		if (can_go_on(client))
			loop_wake(client);
	}
}

static int milliseconds_to_wait(const struct loop *l)
{
	struct timer *first = timers_first(&l->timers);
	uint64_t now, ms;

	if (l->active || (l->acceptable && !l->ended))
		return 0;
	if (!first)
		return -1;
	now = now_ns();
	if (first->when <= now)
		return 0;
	ms = (first->when - now) / 1000000 + 1;
	return ms < INT_MAX ? ms : INT_MAX;
}

static void expire(struct loop *l)
{
	struct timer *timer = timers_first(&l->timers);
	uint64_t now = timer ? now_ns() : 0;

	for (; timer && timer->when <= now; timer = timers_first(&l->timers)) {
		timer_unset(timer);
		if (timer == &l->accept_again) {
			l->acceptable = true;
			continue;
		}
		/* It tries once more, and then sees that its time is over. */
		CLIENT_OF(timer)->readable = CLIENT_OF(timer)->writable = true;
		loop_wake(CLIENT_OF(timer));
	}
}

static void turn(struct loop *l)
{
	struct epoll_event events[EVENTS];
	struct client *list;
	int n = epoll_wait(l->epoll, events, EVENTS, milliseconds_to_wait(l));

	for (int i = 0; i < n; i++)
		take_event(l, &events[i]);
	expire(l);
	if (l->acceptable && !l->ended)
		accept_some(l);
	list = l->active;
	l->active = l->last_active = NULL;
	if (list)
		l->ops->serve(l, list);
}

static int prepare(struct loop *l)
{
	int err;

	timers_init(&l->timers);
	net_nonblocking(l->listening);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0)
		return -errno;
	if (l->config->app->news)
		l->place = room_join();
	if (l->place < 0)
		return l->place;
	err = watch(l, l->listening, EPOLLIN | EPOLLET, &l->listening);
	if (!err)
		err = watch(l, stop_fd(), EPOLLIN, &l->stopping);
	if (!err && l->config->app->news)
		err = watch(l, room_fd(l->place), EPOLLIN | EPOLLET, &l->place);
	return err;
}

static void *run(void *arg)
{
	struct loop *l = arg;

	while (!l->ended || l->all)
		turn(l);
	if (l->ops->end)
		l->ops->end(l);
	return NULL;
}

/* Each in a thread of its own, but the first. Those that can't be started leave their clients to nobody: all stop. */
static int run_all(struct loop *loops, unsigned n)
{
	pthread_t threads[n];
	unsigned started = 1;
	int err = 0;

	while (started < n && !err) {
		err = pthread_create(&threads[started], NULL, run, &loops[started]);
		started += !err;
	}
	if (err)
		kill(getpid(), SIGTERM);
	else
		net_announce(loops[0].listening);
	run(&loops[0]);
	while (started > 1)
		pthread_join(threads[--started], NULL);
	for (unsigned i = 0; i < n && !err; i++)
		err = -loops[i].err;
	return -err;
}

int loop_run(const struct config *config, const int *listening, unsigned n, const struct loop_ops *ops)
{
	struct loop *loops = calloc(n, sizeof(*loops));
	int err = loops ? 0 : -ENOMEM;

	for (unsigned i = 0; i < n && loops; i++) {
		loops[i] = (struct loop){.config = config, .ops = ops, .stats = stats_of(i), .epoll = -1};
		loops[i].listening = listening[i];
	}
	for (unsigned i = 0; i < n && !err; i++)
		err = prepare(&loops[i]);
	if (!err)
		err = run_all(loops, n);
	for (unsigned i = 0; i < n && loops; i++) {
		if (loops[i].epoll >= 0)
			close(loops[i].epoll);
		if (loops[i].listening >= 0)
			close(loops[i].listening);
	}
	free(loops);
	return err;
}
