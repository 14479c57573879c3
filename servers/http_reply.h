/* SPDX-License-Identifier: BSD-2-Clause */
/* What is sent back for an HTTP request. */
#ifndef SERVERS_HTTP_REPLY_H
#define SERVERS_HTTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include "core/buf.h"

/* How the requests were made that are replied to. */
struct http_manner {
	bool head;     /* HEAD: no body is sent */
	bool http_1_0; /* keep-alive is not its default */
	bool closing;  /* nothing follows on this connection */
};

/* All of a reply. */
void http_reply(struct buf *out, const struct http_manner *m, int status, const char *type, const void *body,
                size_t len);

/* A reply of one line that says what the status means; status 400 and above. */
void http_reply_error(struct buf *out, const struct http_manner *m, int status);

/* The file `name` below the directory that http_static_start() was given; 404 without one. */
void http_reply_file(struct buf *out, const struct http_manner *m, const char *name);

/* root: directory, or NULL for none. 0 or -errno. */
int http_static_start(const char *root);
void http_static_stop(void);

#endif
