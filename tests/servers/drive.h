/* SPDX-License-Identifier: BSD-2-Clause */
/* Drives an app as a model would, on buffers alone: no sockets, no threads. */
#ifndef TESTS_SERVERS_DRIVE_H
#define TESTS_SERVERS_DRIVE_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/app.h"
#include "core/config.h"
#include "core/log.h"

struct client {
	const struct app *app;
	struct session s;
	struct stats stats;
	uint64_t paused_ns; /* all pauses, which take no time here */
	unsigned requests;
	char *said; /* what client_hears() returned last */
};

static inline void client_open(struct client *c, const struct app *app, uint64_t number)
{
	*c = (struct client){.app = app, .s.number = number, .s.peer = "127.0.0.1:1"};
	c->s.stats = &c->stats;
	c->s.app = calloc(1, app->session_size);
	assert_non_null(c->s.app);
	if (app->open)
		app->open(&c->s);
}

/* Calls the app until it needs more bytes. */
static inline void client_run(struct client *c)
{
	int got;

	do {
		got = c->app->input(&c->s);
		assert_in_range(got, 0, 1);
		c->requests += got;
		c->paused_ns += c->s.pause_ns;
		c->s.pause_ns = 0;
	} while (got);
}

static inline void client_sends_bytes(struct client *c, const void *data, size_t size)
{
	buf_add(&c->s.in, data, size);
	client_run(c);
}

static inline void client_sends(struct client *c, const char *text)
{
	client_sends_bytes(c, text, strlen(text));
}

/* What is in `out`, as a string; it is sent then. */
static inline const char *client_hears(struct client *c)
{
	free(c->said);
	assert_false(c->s.out.failed);
	c->said = strndup(buf_len(&c->s.out) ? buf_at(&c->s.out) : "", buf_len(&c->s.out));
	buf_take(&c->s.out, buf_len(&c->s.out));
	return c->said;
}

static inline void client_close(struct client *c)
{
	if (c->app->close)
		c->app->close(&c->s);
	buf_free(&c->s.in);
	buf_free(&c->s.out);
	free(c->s.app);
	free(c->said);
}

#define assert_talk(client_, text_, reply_)                         \
	do {                                                        \
		client_sends(client_, text_);                       \
		assert_string_equal(client_hears(client_), reply_); \
	} while (0)

#endif
