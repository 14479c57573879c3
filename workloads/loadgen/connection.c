/* SPDX-License-Identifier: BSD-2-Clause */
#include "load.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define AT_LEAST 4096 /* bytes of room to receive into */

/* Room for n more at the end. */
static void make_room(struct bytes *b, size_t n)
{
	if (b->start == b->end)
		b->start = b->end = 0;
	if (b->size - b->end >= n)
		return;
	if (b->start)
		memmove(b->data, b->data + b->start, bytes_len(b));
	b->end -= b->start;
	b->start = 0;
	if (b->size - b->end < n) {
		size_t size = (b->end + n) * 2;
		char *data = realloc(b->data, size);

		if (!data) {
			say("no memory for %zu bytes of a request or reply: fewer --clients or a smaller --pipeline",
			    size);
			exit(1);
		}
		b->data = data;
		b->size = size;
	}
}

void client_add(struct client *c, const void *data, size_t n)
{
	make_room(&c->out, n);
	memcpy(c->out.data + c->out.end, data, n);
	c->out.end += n;
	c->queued += n;
}

int client_connect(struct client *c)
{
	const struct load *load = c->loop->load;
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
	int one = 1, err;

	c->serial++;
	c->state = CLIENT_CONNECTING;
	c->since_ns = c->loop->now;
	event.data.u64 = (uint64_t)c->serial << 32 | c->number;
	c->fd = socket(load->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return -errno;
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if ((!connect(c->fd, (const struct sockaddr *)&load->address, load->address_size) || errno == EINPROGRESS) &&
	    !epoll_ctl(c->loop->epoll_fd, EPOLL_CTL_ADD, c->fd, &event))
		return 0;
	err = -errno;
	client_disconnect(c);
	return err;
}

void client_disconnect(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->state = CLIENT_WAITING;
	c->up = c->midway = false;
	c->in.start = c->in.end = c->out.start = c->out.end = 0;
	c->sent = c->queued = c->on_connection = 0;
	c->head = 0;
}

int client_flush(struct client *c)
{
	while (bytes_len(&c->out)) {
		ssize_t n = send(c->fd, c->out.data + c->out.start, bytes_len(&c->out), MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		c->out.start += (size_t)n;
		c->sent += (size_t)n;
		c->loop->totals.bytes_sent += (size_t)n;
	}
	return 0;
}

ssize_t client_receive(struct client *c, bool *full)
{
	size_t room;
	ssize_t n;

	make_room(&c->in, AT_LEAST);
	room = c->in.size - c->in.end;
	do
		n = recv(c->fd, c->in.data + c->in.end, room, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*full = (size_t)n == room;
	c->in.end += (size_t)n;
	c->loop->totals.bytes_received += (size_t)n;
	return n;
}
