/* SPDX-License-Identifier: BSD-2-Clause */
/* Workloads that block in one call on one descriptor until a signal, again and again. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <fcntl.h>
#include <unistd.h>

#include "work.h"

#define PACE_MS 10

struct block {
	uint64_t until;
	long (*call)(int fd); /* blocks */
	int fd;
};

static void block(void *arg)
{
	struct block *b = arg;

	pace(PACE_MS);
	while (now_ns() < b->until)
		if (b->call(b->fd) >= 0 || errno != EINTR)
			fail("a call that should block did not: %s", strerror(errno));
}

static int blocks(int argc, char **argv, const char *state, long (*call)(int fd), int fd)
{
	struct block b = {deadline_of(argc, argv, 1), call, fd};
	struct job job;

	job_start(&job, state, block, &b);
	job_end(&job);
	return 0;
}

static long read_eight(int fd)
{
	char bytes[8];

	return read(fd, bytes, sizeof(bytes));
}

static long write_much(int fd)
{
	static char much[1 << 20];
	long n;

	do
		n = write(fd, much, sizeof(much));
	while (n > 0); /* until there is no room */
	return n;
}

static long send_much(int fd)
{
	static char much[1 << 20];
	long n;

	do
		n = send(fd, much, sizeof(much), 0);
	while (n > 0);
	return n;
}

static long receive(int fd)
{
	char bytes[8];

	return recvfrom(fd, bytes, sizeof(bytes), 0, NULL, NULL);
}

static long accept_one(int fd)
{
	return accept4(fd, NULL, NULL, SOCK_CLOEXEC);
}

static long receive_message(int id)
{
	struct {
		long type;
		char text[8];
	} message;

	return msgrcv(id, &message, sizeof(message.text), 0, 0);
}

static long poll_one(int fd)
{
	struct pollfd p = {fd, POLLIN, 0};

	return poll(&p, 1, -1);
}

static long select_one(int fd)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, NULL);
}

int work_pipe_full(int argc, char **argv)
{
	int fds[2];

	check(pipe2(fds, O_CLOEXEC));
	return blocks(argc, argv, "pipe", write_much, fds[1]);
}

int work_eventfd(int argc, char **argv)
{
	return blocks(argc, argv, "pipe", read_eight, (int)check(eventfd(0, EFD_CLOEXEC)));
}

int work_msgqueue(int argc, char **argv)
{
	int id = (int)check(msgget(IPC_PRIVATE, 0600));
	int ret = blocks(argc, argv, "pipe", receive_message, id);

	check(msgctl(id, IPC_RMID, NULL));
	return ret;
}

static int bound(int type)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = (int)check(socket(AF_INET, type | SOCK_CLOEXEC, 0));

	check(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	if (type == SOCK_STREAM)
		check(listen(fd, 8));
	return fd;
}

int work_udp(int argc, char **argv)
{
	return blocks(argc, argv, "net", receive, bound(SOCK_DGRAM));
}

int work_accept(int argc, char **argv)
{
	return blocks(argc, argv, "net", accept_one, bound(SOCK_STREAM));
}

int work_send_full(int argc, char **argv)
{
	int pair[2];

	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	return blocks(argc, argv, "net", send_much, pair[0]);
}

int work_poll(int argc, char **argv)
{
	int fds[2];

	check(pipe2(fds, O_CLOEXEC));
	return blocks(argc, argv, "poll", poll_one, fds[0]);
}

int work_select(int argc, char **argv)
{
	int fds[2];

	check(pipe2(fds, O_CLOEXEC));
	return blocks(argc, argv, "poll", select_one, fds[0]);
}

int work_listen(int argc, char **argv)
{
	int fd = bound(SOCK_STREAM);
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	char byte;

	(void)argc;
	(void)argv;
	check(getsockname(fd, (struct sockaddr *)&addr, &len));
	say("ready pid=%d port=%d", getpid(), ntohs(addr.sin_port));
	check(read(STDIN_FILENO, &byte, 1));
	return 0;
}

/* An event loop that gives back what it gets; the one that serves does so when its wait times out. */
struct loop {
	uint64_t until;
	int fd;
	bool serves;
};

static void loop(void *arg)
{
	struct loop *l = arg;
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = (int)check(epoll_create1(EPOLL_CLOEXEC));
	char ball = 'o';

	check(epoll_ctl(epoll, EPOLL_CTL_ADD, l->fd, &event));
	while (!l->serves || now_ns() < l->until) {
		bool got = check(epoll_wait(epoll, &event, 1, l->serves ? PACE_MS : -1)) > 0;

		if (got)
			check(recv(l->fd, &ball, 1, 0));
		if (got && !l->serves && ball == '.')
			return;
		if (got != l->serves)
			check(send(l->fd, &ball, 1, 0));
	}
	ball = '.';
	check(send(l->fd, &ball, 1, 0));
}

int work_epoll(int argc, char **argv)
{
	uint64_t until = deadline_of(argc, argv, 1);
	struct loop loops[2];
	struct job jobs[2];
	int pair[2];

	tcp_pair(pair);
	for (int i = 0; i < 2; i++) {
		loops[i] = (struct loop){until, pair[i], i == 0};
		job_start(&jobs[i], "poll", loop, &loops[i]);
	}
	for (int i = 0; i < 2; i++)
		job_end(&jobs[i]);
	return 0;
}
