/* SPDX-License-Identifier: BSD-2-Clause */
/* Who listens on a TCP port. */
#ifndef TARGET_LISTENER_H
#define TARGET_LISTENER_H

#include <stdbool.h>

#include "target/select.h"

struct listener {
	bool listening; /* there is a socket that listens on the port */
	bool hidden;    /* some processes' descriptors may not be looked at */
};

/*
 * Add the processes that hold a socket listening on the port (TCP, version 4 or 6) in the network
 * namespace of `root`/net, by `root`/PID/fd. 0 or -errno.
 */
int listener_pids(const char *root, int port, struct pid_set *pids, struct listener *found);

#endif
