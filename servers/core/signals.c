/* SPDX-License-Identifier: BSD-2-Clause */
#include "signals.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "app.h"
#include "stats.h"

static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*on_stop)(void), (*on_child)(void);
static sem_t ready;
static atomic_bool stop, over;
static int stop_event = -1;

static void nothing(int number)
{
	(void)number;
}

bool stop_asked(void)
{
	return atomic_load_explicit(&stop, memory_order_acquire);
}

void stop_ask(void)
{
	atomic_store_explicit(&stop, true, memory_order_release);
}

int stop_fd(void)
{
	return stop_event;
}

void signals_interrupt(pthread_t t)
{
	pthread_kill(t, SIGUSR2);
}

void signals_on_stop(void (*call)(void))
{
	pthread_mutex_lock(&lock);
	on_stop = call;
	if (call && stop_asked())
		call();
	pthread_mutex_unlock(&lock);
}

void signals_on_child(void (*call)(void))
{
	pthread_mutex_lock(&lock);
	on_child = call;
	pthread_mutex_unlock(&lock);
}

static void tell_stop(void)
{
	if (stop_asked())
		return;
	pthread_mutex_lock(&lock);
	stop_ask();
	eventfd_write(stop_event, 1);
	if (on_stop)
		on_stop();
	pthread_mutex_unlock(&lock);
}

static void tell_child(void)
{
	pthread_mutex_lock(&lock);
	if (on_child)
		on_child();
	pthread_mutex_unlock(&lock);
}

static void taken(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGUSR1);
	sigaddset(set, SIGCHLD);
}

static void *take(void *arg)
{
	const struct config *config = arg;
	const struct timespec second = {.tv_sec = 1};
	sigset_t set;

	taken(&set);
	sem_post(&ready);
	while (!atomic_load(&over)) {
		switch (config->app->tick ? sigtimedwait(&set, NULL, &second) : sigwaitinfo(&set, NULL)) {
		case SIGTERM:
		case SIGINT:
			if (!atomic_load(&over))
				tell_stop();
			break;
		case SIGUSR1:
			stats_tell(config);
			break;
		case SIGCHLD:
			tell_child();
			break;
		}
		/* Signals that come fast must not put it off, and more often does no harm. */
		if (config->app->tick)
			config->app->tick();
	}
	return NULL;
}

int signals_start(const struct config *config)
{
	struct sigaction interrupt = {.sa_handler = nothing}; /* no SA_RESTART: the call ends with EINTR */
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;
	int err;

	sigaction(SIGUSR2, &interrupt, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	taken(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	stop_event = eventfd(0, EFD_CLOEXEC);
	if (stop_event < 0)
		return -errno;
	sem_init(&ready, 0, 0);
	err = pthread_create(&thread, NULL, take, (void *)config);
	if (err) {
		close(stop_event);
		return -err;
	}
	/* A fork while it starts would give the child whatever locks it holds: the sanitizers' allocators have some. */
	while (sem_wait(&ready) && errno == EINTR)
		;
	sem_destroy(&ready);
	return 0;
}

void signals_stop(void)
{
	atomic_store(&over, true);
	pthread_kill(thread, SIGTERM);
	pthread_join(thread, NULL);
	close(stop_event);
}
