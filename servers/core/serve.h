/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection served from its start to its end in one flow of control: that of a thread, process or coroutine. */
#ifndef SERVERS_SERVE_H
#define SERVERS_SERVE_H

#include "conn.h"

/* Each may return early: it is called again if there is still the same to do. */
struct serve_io {
	void (*recv)(struct conn *c);
	void (*send)(struct conn *c);
	void (*pause)(struct conn *c);
	void (*turn)(struct conn *c); /* between two turns without any of these. Optional */
};

/* Returns when the connection is to be closed. */
void serve(struct conn *c, const struct serve_io *io);

#endif
