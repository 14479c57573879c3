/* SPDX-License-Identifier: BSD-2-Clause */
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel cuts it to net.core.somaxconn. */
#define BACKLOG 65535

#define ADDRESS_MAX 64

static int address_of(const char *text, unsigned port, struct sockaddr_storage *to, socklen_t *size)
{
	struct sockaddr_in *in4 = (void *)to;
	struct sockaddr_in6 *in6 = (void *)to;

	*to = (struct sockaddr_storage){};
	if (inet_pton(AF_INET, text, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		*size = sizeof(*in4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		*size = sizeof(*in6);
		return 0;
	}
	return -EINVAL;
}

static int bound(const struct config *config, unsigned port, bool shared)
{
	struct sockaddr_storage address;
	socklen_t size;
	int fd, on = 1;
	int err = address_of(config->bind, port, &address, &size);

	if (err)
		return err;
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if ((shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on))) ||
	    bind(fd, (struct sockaddr *)&address, size)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* Where fd is bound to; 0 or -errno. */
static int where(int fd, unsigned *port, char text[ADDRESS_MAX])
{
	struct sockaddr_storage address;
	const struct sockaddr_in *in4 = (void *)&address;
	const struct sockaddr_in6 *in6 = (void *)&address;
	socklen_t size = sizeof(address);
	char name[INET6_ADDRSTRLEN];

	if (getsockname(fd, (struct sockaddr *)&address, &size))
		return -errno;
	if (address.ss_family == AF_INET) {
		*port = ntohs(in4->sin_port);
		inet_ntop(AF_INET, &in4->sin_addr, name, sizeof(name));
		snprintf(text, ADDRESS_MAX, "%s:%u", name, *port);
	} else {
		*port = ntohs(in6->sin6_port);
		inet_ntop(AF_INET6, &in6->sin6_addr, name, sizeof(name));
		snprintf(text, ADDRESS_MAX, "[%s]:%u", name, *port);
	}
	return 0;
}

int net_listen(const struct config *config, int *listening, unsigned n)
{
	unsigned port = config->port, made = 0;
	char text[ADDRESS_MAX];
	int err = 0, on = 1;

	while (made < n) {
		/* The first one does not share: a port that another server has is an error, not half of its clients. */
		listening[made] = bound(config, port, made > 0);
		err = listening[made] < 0 ? listening[made] : 0;
		if (err)
			break;
		made++;
		if (made == 1 && n > 1 && setsockopt(listening[0], SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)))
			err = -errno;
		if (!err && made == 1)
			err = where(listening[0], &port, text);
		if (!err && listen(listening[made - 1], BACKLOG))
			err = -errno;
		if (err)
			break;
	}
	while (err && made)
		close(listening[--made]);
	return err;
}

void net_announce(int listening)
{
	char text[ADDRESS_MAX];
	unsigned port;

	if (where(listening, &port, text))
		return;
	printf("listening on %s\n", text);
	fflush(stdout);
}

int net_accept(int listening, struct sockaddr_storage *peer, int flags)
{
	socklen_t size = sizeof(*peer);
	int fd = accept4(listening, (struct sockaddr *)peer, &size, flags | SOCK_CLOEXEC);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case EBADF:
	case EFAULT:
	case EINVAL:
	case ENOTSOCK:
	case EAGAIN:
		return -errno;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return -EMFILE;
	}
	/* The others are of the connection that would have been accepted: see accept(2), "Error handling". */
	return -EINTR;
}

unsigned net_waiting(int listening)
{
	struct tcp_info info = {};
	socklen_t size = sizeof(info);

	/* Of a listening socket, this field is the length of its queue. */
	return getsockopt(listening, IPPROTO_TCP, TCP_INFO, &info, &size) ? 0 : info.tcpi_unacked;
}

void net_nonblocking(int fd)
{
	fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
}
