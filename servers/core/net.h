/* SPDX-License-Identifier: BSD-2-Clause */
/* Listening and accepting. */
#ifndef SERVERS_NET_H
#define SERVERS_NET_H

#include <netinet/in.h>
#include "config.h"

/*
 * n sockets that listen on the same address and port (SO_REUSEPORT if more than one), blocking. 0 or -errno;
 * then none is open. EINVAL: config->bind is no address.
 */
int net_listen(const struct config *config, int *listening, unsigned n);
/* "listening on ADDRESS:PORT" on standard output: by the model, when all is there that it takes to accept. */
void net_announce(int listening);

/*
 * accept4(2) with these flags. The connection, or -EAGAIN: none waits; -EINTR: try again, this one is gone; -EMFILE: no
 * descriptors or no memory for now, whatever the reason is; else the listening socket itself has failed.
 */
int net_accept(int listening, struct sockaddr_storage *peer, int flags);

/* How many connections wait to be accepted. */
unsigned net_waiting(int listening);

/* F_SETFL O_NONBLOCK. Safe in a signal handler. */
void net_nonblocking(int fd);

#endif
