/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection served by blocking calls, in a thread or process of its own: it rests in recv(2). */
#ifndef SERVERS_BLOCKING_H
#define SERVERS_BLOCKING_H

#include "conn.h"

/* Stacks of threads that serve: apps need little, and there may be thousands. */
#define STACK_SIZE (256 << 10)

/*
 * Serves an open connection until its end; the caller closes it. If the app has news, a second thread waits for them.
 * To have it see that stop was asked for: net_nonblocking() on its descriptor, then SIGUSR2 or SIGTERM. 0, or -errno:
 * the second thread could not be started.
 */
int blocking_serve(struct conn *c);

#endif
