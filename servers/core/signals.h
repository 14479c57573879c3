/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SIGTERM, SIGINT, SIGUSR1 and SIGCHLD are blocked everywhere and taken by one thread, which also calls app->tick().
 * SIGUSR2 does nothing but end a blocking call of the thread it is sent to.
 */
#ifndef SERVERS_SIGNALS_H
#define SERVERS_SIGNALS_H

#include <pthread.h>
#include <stdbool.h>
#include "config.h"

/* Before any other thread. 0 or -errno. */
int signals_start(const struct config *config);
/* After the model has run: the thread ends. */
void signals_stop(void);

/* By the signal thread: once, when SIGTERM or SIGINT has come (at once if it has); for each SIGCHLD. */
void signals_on_stop(void (*call)(void));
void signals_on_child(void (*call)(void));

/* Whether the server is to stop. */
bool stop_asked(void);
/* Readable from then on; never read it. */
int stop_fd(void);
/* The same as SIGTERM, for this process alone: safe in a signal handler. Calls nothing. */
void stop_ask(void);

/* A thread that lets others end its blocking calls takes SIGUSR2. */
void signals_interrupt(pthread_t thread);

#endif
