/* SPDX-License-Identifier: BSD-2-Clause */
#include "ending.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FAILURES_MAX 10                /* in a row: the client gives up */
#define RETRY_NS     (100 * NS_PER_MS) /* after an error */

struct request *client_request(const struct client *c, unsigned i)
{
	unsigned at = c->head + i, size = c->loop->load->options->pipeline;

	return &c->requests[at < size ? at : at - size];
}

const struct request *client_oldest(const struct client *c)
{
	return client_request(c, 0);
}

static void count_error(struct client *c, enum error kind, const char *format, va_list args)
{
	struct load *load = c->loop->load;
	char text[512];

	c->loop->totals.errors[kind]++;
	if (atomic_fetch_add(&load->said, 1) >= ERRORS_SAID)
		return;
	vsnprintf(text, sizeof(text), format, args);
	say("client %u: %s", c->number, text);
}

void client_error(struct client *c, enum error kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	count_error(c, kind, format, args);
	va_end(args);
}

bool client_more(const struct client *c)
{
	return !c->loop->stopping && atomic_load_explicit(&c->loop->load->left, memory_order_relaxed) > 0;
}

void client_leave(struct client *c, enum fate fate, unsigned accounted)
{
	struct loop *loop = c->loop;
	unsigned returned = 0;

	if (c->state == CLIENT_OPEN && loop->load->proto->close)
		loop->load->proto->close(c);
	for (unsigned i = accounted; i < c->outstanding; i++) {
		/* One of which a part is still here has not been sent. */
		if (fate == FATE_RETURNED || client_request(c, i)->end > c->sent)
			returned++;
		else if (fate == FATE_UNANSWERED)
			loop->totals.unanswered++;
		else
			loop->totals.errors[ERROR_lost]++;
	}
	if (returned) {
		loop->totals.sent -= returned;
		c->turns -= returned;
		atomic_fetch_add(&loop->load->left, returned);
		loop->revive = true;
	}
	loop->outstanding -= c->outstanding;
	c->outstanding = 0;
	client_disconnect(c);
}

void client_end(struct client *c)
{
	c->state = CLIENT_ENDED;
	c->loop->live--;
	heap_remove(&c->loop->heap, c);
	loop_arrived(c);
}

void client_retry(struct client *c)
{
	if (++c->failures >= FAILURES_MAX || load_until_close(c->loop->load) || c->loop->stopping)
		client_end(c);
	else
		heap_set(&c->loop->heap, c, c->loop->now + RETRY_NS);
}

void client_fail(struct client *c, enum error kind, const char *format, ...)
{
	bool of_request = c->outstanding && kind != ERROR_extra && client_oldest(c)->end <= c->sent;
	va_list args;

	va_start(args, format);
	count_error(c, kind, format, args);
	va_end(args);
	client_leave(c, FATE_LOST, of_request);
	client_retry(c);
}

enum outcome client_wrong(struct client *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	count_error(c, ERROR_wrong, format, args);
	va_end(args);
	return OUTCOME_WRONG;
}

static const char *advice(int err)
{
	switch (err) {
	case ECONNREFUSED:
		return "start the server, or give the port that it printed";
	case EMFILE:
		return "raise the limit of open files (ulimit -n), or take fewer --clients";
	case EADDRNOTAVAIL:
		return "all local ports are in use: connect less often, or wait a minute";
	case ETIMEDOUT:
		return "the server does not accept so many connections: take fewer --clients, or a longer --timeout";
	default:
		return "check --host and --port";
	}
}

void client_not_connected(struct client *c, int err)
{
	struct load *load = c->loop->load;

	client_disconnect(c);
	if (!atomic_load(&load->connected)) {
		if (!atomic_exchange(&load->refused, true))
			say("can't connect to %s: %s: %s", load->where, strerror(err), advice(err));
	} else if (!load_until_close(load)) {
		client_error(c, ERROR_connect, "can't connect to %s: %s: %s", load->where, strerror(err), advice(err));
	}
	client_end(c);
}
