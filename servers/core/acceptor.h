/* SPDX-License-Identifier: BSD-2-Clause */
/* The main thread of the thread and fork models: it rests in accept(2) and gives each connection to somebody. */
#ifndef SERVERS_ACCEPTOR_H
#define SERVERS_ACCEPTOR_H

#include <netinet/in.h>
#include <stdint.h>
#include "config.h"

struct acceptor_ops {
	/* Somebody serves fd, and calls acceptor_ended() when that is over. Owns fd if it returns 0, else -errno. */
	int (*start)(int fd, const struct sockaddr_storage *peer, uint64_t number);
	/* The server stops (stop_asked() is true): wake all who rest. The lock is held. */
	void (*drain)(void);
};

/* Until stop is asked for, and all are served; closes the listening socket. 0 or -errno. */
int acceptor_run(const struct config *config, int listening, const struct acceptor_ops *ops);

/* Guards what the model knows of those who serve. */
void acceptor_lock(void);
void acceptor_unlock(void);
/* One connection has ended. The lock is held. */
void acceptor_ended(void);

#endif
