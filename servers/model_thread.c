/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread for each connection. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/acceptor.h"
#include "core/blocking.h"
#include "core/model.h"
#include "core/net.h"
#include "core/room.h"
#include "core/signals.h"

struct server {
	struct server *prev, *next;
	pthread_t thread;
	int fd, listener;
	uint64_t number;
	struct sockaddr_storage peer;
};

static const struct config *config;
static struct server *first;
static pthread_attr_t attr;

static void enlist(struct server *server)
{
	server->next = first;
	if (first)
		first->prev = server;
	first = server;
}

static void delist(struct server *server)
{
	if (server->prev)
		server->prev->next = server->next;
	else
		first = server->next;
	if (server->next)
		server->next->prev = server->prev;
}

static void release(struct server *server)
{
	if (config->app->news)
		room_leave(server->listener);
	free(server);
}

static void *serve_one(void *arg)
{
	struct server *server = arg;
	struct stats *stats = stats_of(server->number);
	struct conn conn;
	int err;

	err = conn_open(&conn, config, server->fd, &server->peer, server->number, stats, server->listener);
	if (!err) {
		if (blocking_serve(&conn))
			STATS_ADD(stats, refused, 1);
	} else {
		STATS_ADD(stats, refused, 1);
	}
	/* Out of the list before its descriptor can become another's. */
	acceptor_lock();
	delist(server);
	acceptor_unlock();
	if (err)
		close(server->fd);
	else
		conn_close(&conn);
	release(server);
	acceptor_lock();
	acceptor_ended();
	acceptor_unlock();
	return NULL;
}

static int start(int fd, const struct sockaddr_storage *peer, uint64_t number)
{
	struct server *server = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return -ENOMEM;
	server->fd = fd;
	server->peer = *peer;
	server->number = number;
	if (config->app->news)
		server->listener = room_join();
	if (server->listener < 0) {
		err = server->listener;
		free(server);
		return err;
	}
	acceptor_lock();
	err = pthread_create(&server->thread, &attr, serve_one, server);
	if (!err)
		enlist(server);
	acceptor_unlock();
	if (err)
		release(server);
	return -err;
}

static void drain(void)
{
	for (struct server *server = first; server; server = server->next) {
		net_nonblocking(server->fd);
		signals_interrupt(server->thread);
	}
}

static int run(const struct config *c, const int *listening, unsigned n)
{
	static const struct acceptor_ops ops = {.start = start, .drain = drain};
	int err;

	(void)n;
	config = c;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = acceptor_run(config, listening[0], &ops);
	pthread_attr_destroy(&attr);
	return err;
}

const struct model model_thread = {.name = "thread", .default_workers = 4096, .listener_per_session = true, .run = run};
