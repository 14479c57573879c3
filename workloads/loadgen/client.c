/* SPDX-License-Identifier: BSD-2-Clause */
#include "ending.h"
#include "reply.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

static void reconnect(struct client *c)
{
	int err = client_connect(c);

	if (err)
		client_not_connected(c, -err);
}

void client_wake(struct client *c)
{
	if (c->state == CLIENT_WAITING)
		reconnect(c);
	else
		client_pump(c);
}

void client_up(struct client *c)
{
	c->up = true;
	loop_arrived(c);
	loop_ready(c);
}

static void opened(struct client *c)
{
	struct load *load = c->loop->load;

	c->state = CLIENT_OPEN;
	c->since_ns = c->loop->now;
	c->loop->totals.connections++;
	atomic_store_explicit(&load->connected, true, memory_order_relaxed);
	if (load->proto->open)
		load->proto->open(c);
	else
		client_up(c);
}

static void pop(struct client *c)
{
	if (++c->head == c->loop->load->options->pipeline)
		c->head = 0;
	c->outstanding--;
	c->loop->outstanding--;
	loop_ready(c);
}

void client_answered(struct client *c)
{
	struct loop *loop = c->loop;

	histogram_add(&loop->totals.latency, loop->now - client_oldest(c)->from_ns);
	loop->totals.requests++;
	loop->totals.last_ns = loop->now;
	c->next_ns = loop->now + loop->load->options->think_ms * NS_PER_MS;
	c->failures = 0;
	pop(c);
}

void client_unanswered(struct client *c)
{
	c->loop->totals.unanswered++;
	pop(c);
}

/* The server has closed the connection, as it said in its last reply. What it did not answer is asked again. */
static void closed_as_said(struct client *c)
{
	if (bytes_len(&c->in)) {
		client_fail(c, ERROR_extra, "%zu bytes after a reply that said it was the last", bytes_len(&c->in));
		return;
	}
	client_leave(c, load_until_close(c->loop->load) ? FATE_UNANSWERED : FATE_RETURNED, 0);
	if (load_until_close(c->loop->load))
		client_end(c);
	else if (client_more(c))
		reconnect(c);
}

/* All replies that are there. False: the connection is not any more. */
static bool parse(struct client *c)
{
	const struct proto *proto = c->loop->load->proto;
	struct bytes *in = &c->in;
	char shown[64];

	while (bytes_len(in)) {
		size_t used = 0;
		enum outcome outcome = proto->reply(c, in->data + in->start, bytes_len(in), &used);

		switch (outcome) {
		case OUTCOME_MORE:
			return true;
		case OUTCOME_NOTE:
			in->start += used;
			continue;
		case OUTCOME_ANSWER:
		case OUTCOME_LAST:
			in->start += used;
			c->loop->totals.checked++;
			client_answered(c);
			if (outcome == OUTCOME_ANSWER)
				continue;
			closed_as_said(c);
			return false;
		case OUTCOME_EXTRA:
			client_fail(c, ERROR_extra, "bytes that answer no request: '%s'",
			            reply_show(in->data + in->start, bytes_len(in), shown));
			return false;
		case OUTCOME_WRONG:
			client_leave(c, FATE_LOST, c->outstanding > 0);
			client_retry(c);
			return false;
		}
	}
	return true;
}

static void closed(struct client *c)
{
	char what[128] = "a greeting";

	if (c->outstanding)
		c->loop->load->proto->describe(c, client_oldest(c), what, sizeof(what));
	if (bytes_len(&c->in) || c->midway) {
		client_fail(c, ERROR_truncated, "the server closed the connection in the middle of the reply to %s",
		            what);
	} else if (load_until_close(c->loop->load)) {
		client_leave(c, FATE_UNANSWERED, 0);
		client_end(c);
	} else if (c->outstanding) {
		client_fail(c, ERROR_lost, "the server closed the connection without a reply to %s", what);
	} else {
		client_fail(c, ERROR_closed, "the server closed the connection while nothing was asked");
	}
}

/* The socket is edge-triggered: until nothing is there, or less came than there was room for. */
static void receive(struct client *c, bool ending)
{
	bool full = true;

	while (full || ending) {
		ssize_t n = client_receive(c, &full);

		if (n == -EAGAIN)
			return;
		c->loop->now = now_ns();
		if (!n) {
			closed(c);
			return;
		}
		if (n < 0) {
			client_fail(c, ERROR_reset, "receiving: %s", strerror((int)-n));
			return;
		}
		if (!parse(c))
			return;
	}
}

static void flush(struct client *c)
{
	int err = client_flush(c);

	if (!err)
		return;
	/* Replies may have come before; after them, the end. */
	receive(c, true);
	if (c->state == CLIENT_OPEN && bytes_len(&c->out))
		client_fail(c, ERROR_reset, "sending: %s", strerror(-err));
}

void client_event(struct client *c, unsigned events)
{
	int err = 0;
	socklen_t size = sizeof(err);

	if (c->state == CLIENT_CONNECTING) {
		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &size);
		if (err)
			client_not_connected(c, err);
		else
			opened(c);
	}
	if (c->state == CLIENT_OPEN && (events & EPOLLOUT))
		flush(c);
	if (c->state == CLIENT_OPEN && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
		receive(c, events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
}

/* When the next request is to be sent, all else permitting. */
static uint64_t intended(const struct client *c)
{
	const struct options *o = c->loop->load->options;

	if (o->rate == 0)
		return c->next_ns;
	return c->first_ns + (uint64_t)((double)c->turns * (o->clients / o->rate) * NS_PER_S);
}

static bool worn_out(const struct client *c)
{
	uint64_t most = c->loop->load->options->per_connection;

	return most && c->on_connection >= most;
}

/* Takes one from those that are left to be sent. */
static bool may_send(struct client *c, uint64_t *from)
{
	struct load *load = c->loop->load;

	if (c->outstanding >= load->options->pipeline || worn_out(c) || !client_more(c))
		return false;
	*from = intended(c);
	if (*from >= c->loop->deadline_ns)
		return false;
	if (*from > c->loop->now) {
		heap_set(&c->loop->heap, c, *from);
		return false;
	}
	if (atomic_fetch_sub_explicit(&load->left, 1, memory_order_relaxed) > 0)
		return true;
	atomic_fetch_add_explicit(&load->left, 1, memory_order_relaxed);
	return false;
}

static void ask(struct client *c, uint64_t from)
{
	struct loop *loop = c->loop;
	struct request *r = client_request(c, c->outstanding++);

	loop->outstanding++;
	loop->totals.sent++;
	c->on_connection++;
	c->turns++;
	*r = (struct request){.from_ns = loop->load->options->rate > 0 ? from : loop->now, .sent_ns = loop->now};
	loop->load->proto->request(c, r);
	r->end = c->queued;
}

void client_pump(struct client *c)
{
	const struct proto *proto = c->loop->load->proto;
	uint64_t from;

	if (c->state != CLIENT_OPEN || !c->up || !c->loop->begun)
		return;
	while (may_send(c, &from))
		ask(c, from);
	flush(c);
	if (c->state != CLIENT_OPEN || c->outstanding || !worn_out(c) || !client_more(c))
		return;
	if (proto->may_leave && !proto->may_leave(c))
		return;
	client_leave(c, FATE_LOST, 0);
	reconnect(c);
}

void client_check_time(struct client *c)
{
	uint64_t most = (uint64_t)(c->loop->load->options->timeout_s * NS_PER_S);
	char what[128];

	if (c->state == CLIENT_CONNECTING && c->loop->now - c->since_ns > most) {
		client_not_connected(c, ETIMEDOUT);
	} else if (c->state == CLIENT_OPEN && !c->up && c->loop->now - c->since_ns > most) {
		client_fail(c, ERROR_timeout, "no greeting within %g s", (double)most / NS_PER_S);
	} else if (c->state == CLIENT_OPEN && c->outstanding && c->loop->now - client_oldest(c)->sent_ns > most) {
		c->loop->load->proto->describe(c, client_oldest(c), what, sizeof(what));
		client_fail(c, ERROR_timeout, "no reply to %s within %g s", what, (double)most / NS_PER_S);
	}
}

void client_finish(struct client *c)
{
	bool full;

	if (c->state == CLIENT_OPEN && client_receive(c, &full) > 0)
		parse(c);
}

uint64_t client_unsent(const struct client *c, uint64_t end)
{
	const struct options *o = c->loop->load->options;
	uint64_t due;

	if (end <= c->first_ns)
		return 0;
	/* Less than a millionth of its interval before the end is rounding. */
	due = (uint64_t)ceil((double)(end - c->first_ns) / NS_PER_S * (o->rate / o->clients) - 1e-6);
	return due > c->turns ? due - c->turns : 0;
}
