/* SPDX-License-Identifier: BSD-2-Clause */
/* One ball between two processes that both block in read(2) nearly all of the time. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "work.h"

#define PACE_MS 10

/* Two channels: the server reads from [0][0], the other from [1][0]; each writes to the other's [1]. */
struct court {
	uint64_t until;
	int ch[2][2];
};

/* Keep only one player's ends. */
static void keep(struct court *court, int player)
{
	int read_end = court->ch[player][0], write_end = court->ch[!player][1];

	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++)
			if (court->ch[i][j] != read_end && court->ch[i][j] != write_end)
				close(court->ch[i][j]);
}

static void serve(void *arg)
{
	struct court *court = arg;
	bool away = false;
	char ball = 'o';

	keep(court, 0);
	pace(PACE_MS);
	while (now_ns() < court->until) {
		ssize_t n = read(court->ch[0][0], &ball, 1);

		if (n == 1) {
			away = false;
		} else if (n == 0 || errno != EINTR) {
			fail("the ball is lost: %s", n ? strerror(errno) : "closed");
		} else if (!away) {
			away = true;
			while (write(court->ch[1][1], &ball, 1) != 1)
				if (errno != EINTR)
					fail("write: %s", strerror(errno));
		}
	}
	ball = '.';
	while (write(court->ch[1][1], &ball, 1) != 1)
		continue;
}

static void give_back(void *arg)
{
	struct court *court = arg;
	char ball;

	keep(court, 1);
	for (;;) {
		check(read(court->ch[1][0], &ball, 1));
		if (ball == '.')
			return;
		check(write(court->ch[0][1], &ball, 1));
	}
}

static int play(struct court *court, const char *state)
{
	struct job players[2];

	job_start(&players[0], state, serve, court);
	job_start(&players[1], state, give_back, court);
	job_end(&players[0]);
	job_end(&players[1]);
	return 0;
}

int work_pipe(int argc, char **argv)
{
	struct court court = {.until = deadline_of(argc, argv, 1)};

	check(pipe2(court.ch[0], O_CLOEXEC));
	check(pipe2(court.ch[1], O_CLOEXEC));
	return play(&court, "pipe");
}

int work_fifo(int argc, char **argv)
{
	struct court court = {.until = deadline_of(argc, argv, 1)};

	for (int i = 0; i < 2; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/tmp/vmprof-work-%d-%d", getpid(), i);
		check(mkfifo(path, 0600));
		court.ch[i][0] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		court.ch[i][1] = open(path, O_WRONLY | O_CLOEXEC);
		unlink(path);
		check(court.ch[i][0]);
		check(court.ch[i][1]);
		check(fcntl(court.ch[i][0], F_SETFL, 0));
	}
	return play(&court, "pipe");
}

/* Both players have the slave of a terminal of their own, and the master of the other's. */
int work_tty(int argc, char **argv)
{
	struct court court = {.until = deadline_of(argc, argv, 1)};

	for (int i = 0; i < 2; i++) {
		struct termios raw;

		check(openpty(&court.ch[i][1], &court.ch[i][0], NULL, NULL, NULL));
		check(tcgetattr(court.ch[i][0], &raw));
		cfmakeraw(&raw);
		check(tcsetattr(court.ch[i][0], TCSANOW, &raw));
	}
	return play(&court, "pipe");
}

int work_socketpair(int argc, char **argv)
{
	struct court court = {.until = deadline_of(argc, argv, 1)};
	int pair[2];

	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	court.ch[0][0] = court.ch[1][1] = pair[0];
	court.ch[1][0] = court.ch[0][1] = pair[1];
	return play(&court, "net");
}

void tcp_pair(int pair[2])
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1, listener = (int)check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	socklen_t len = sizeof(addr);

	check(bind(listener, (struct sockaddr *)&addr, len));
	check(listen(listener, 1));
	check(getsockname(listener, (struct sockaddr *)&addr, &len));
	pair[0] = (int)check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	check(connect(pair[0], (struct sockaddr *)&addr, len));
	pair[1] = (int)check(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	for (int i = 0; i < 2; i++)
		check(setsockopt(pair[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
	close(listener);
}

int work_tcp(int argc, char **argv)
{
	struct court court = {.until = deadline_of(argc, argv, 1)};
	int pair[2];

	tcp_pair(pair);
	court.ch[0][0] = court.ch[1][1] = pair[0];
	court.ch[1][0] = court.ch[0][1] = pair[1];
	return play(&court, "net");
}
