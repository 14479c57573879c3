/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve.h"

void serve(struct conn *c, const struct serve_io *io)
{
	for (;;) {
		conn_run(c);
		conn_commit(c);
		switch (conn_next(c)) {
		case CONN_RUN:
			if (io->turn)
				io->turn(c);
			break;
		case CONN_READ:
			io->recv(c);
			break;
		case CONN_WRITE:
			io->send(c);
			break;
		case CONN_PAUSE:
			io->pause(c);
			break;
		case CONN_END:
			return;
		}
	}
}
