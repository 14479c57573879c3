/* SPDX-License-Identifier: BSD-2-Clause */
#include "acceptor.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "conn.h"
#include "log.h"
#include "net.h"
#include "signals.h"
#include "stats.h"

#define SHORTAGE_MS 100 /* no descriptors: those who come wait in the listen queue */
#define RETRY_MS    50  /* no thread or process: one who was accepted waits */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed; /* a connection has ended, or stop is asked for */
static unsigned live;
static unsigned long ended;
static pthread_t accepting;
static int listener;

void acceptor_lock(void)
{
	pthread_mutex_lock(&lock);
}

void acceptor_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

void acceptor_ended(void)
{
	live--;
	ended++;
	pthread_cond_signal(&changed);
}

/*
 * By the signal thread. The accept that follows does not block, and one that does already is interrupted; no
 * connection of the listen queue is lost, as it would be with shutdown(2).
 */
static void wake(void)
{
	net_nonblocking(listener);
	signals_interrupt(accepting);
	pthread_mutex_lock(&lock);
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
}

/* Until there is a place for one more, or (if `stoppable`) stop is asked for. */
static void wait_for_place(unsigned limit, bool stoppable)
{
	pthread_mutex_lock(&lock);
	while (live >= limit && !(stoppable && stop_asked()))
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

/* Until a connection has ended: true, or this time has passed. The lock is held. */
static bool ends_within(unsigned ms)
{
	unsigned long before = ended;
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (ended == before && pthread_cond_timedwait(&changed, &lock, &until) != ETIMEDOUT)
		;
	return ended != before;
}

/* Something is short, which one that ends would give back. */
static void wait_out_shortage(unsigned ms)
{
	pthread_mutex_lock(&lock);
	ends_within(ms);
	pthread_mutex_unlock(&lock);
}

/* 1: one was accepted; 0: try again; -EAGAIN: none waits; else the listening socket has failed. */
static int accept_one(const struct acceptor_ops *ops)
{
	struct sockaddr_storage peer;
	int fd = net_accept(listener, &peer, 0), err;
	uint64_t number;

	if (fd == -EINTR)
		return 0;
	if (fd == -EMFILE) {
		wait_out_shortage(SHORTAGE_MS);
		return 0;
	}
	if (fd < 0)
		return fd;
	number = conn_number();
	pthread_mutex_lock(&lock);
	live++;
	pthread_mutex_unlock(&lock);
	err = ops->start(fd, &peer, number);
	if (err == -EAGAIN || err == -ENOMEM) {
		/* Clients that have gone may have left some who are about to end. */
		wait_out_shortage(RETRY_MS);
		err = ops->start(fd, &peer, number);
	}
	if (!err)
		return 1;
	STATS_ADD(stats_of(number), refused, 1);
	close(fd);
	pthread_mutex_lock(&lock);
	live--;
	pthread_mutex_unlock(&lock);
	return 1;
}

/*
 * Those that are served are told first: it may need their places to accept those that wait. Those that come from now on
 * are too late: they could hold up the end for ever.
 */
static int stop(const struct acceptor_ops *ops, unsigned limit)
{
	unsigned waiting = net_waiting(listener);
	int err = 0;

	pthread_mutex_lock(&lock);
	ops->drain();
	pthread_mutex_unlock(&lock);
	net_nonblocking(listener);
	while (waiting && err >= 0) {
		wait_for_place(limit, false);
		err = accept_one(ops);
		waiting -= err > 0;
	}
	close(listener);
	/* Told again now and then: a signal's handler runs at once, but ThreadSanitizer may put it off until after
	 * recv. */
	pthread_mutex_lock(&lock);
	while (live)
		if (!ends_within(SHORTAGE_MS))
			ops->drain();
	pthread_mutex_unlock(&lock);
	return err == -EAGAIN || err > 0 ? 0 : err;
}

int acceptor_run(const struct config *config, int listening, const struct acceptor_ops *ops)
{
	pthread_condattr_t attr;
	int err = 0, last;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&changed, &attr);
	pthread_condattr_destroy(&attr);
	accepting = pthread_self();
	listener = listening;
	signals_on_stop(wake);
	net_announce(listening);
	while (!stop_asked() && err >= 0) {
		wait_for_place(config->workers, true);
		if (!stop_asked())
			err = accept_one(ops);
		if (err == -EAGAIN)
			err = 0; /* only when stop was asked for meanwhile */
	}
	if (err < 0)
		complain("cannot accept connections: %s", strerror(-err));
	stop_ask();
	last = stop(ops, config->workers);
	signals_on_stop(NULL);
	return err < 0 ? err : last;
}
