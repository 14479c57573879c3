/* SPDX-License-Identifier: BSD-2-Clause */
/* Workloads of vmprof selftest that are blocked nearly all of the time, each in a call of one kind. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/selftest_work.h"

#define BLOCKED_NS (NS_PER_S / 2)
#define PACE_US    25000

static void interrupted(int sig)
{
	(void)sig;
}

/* `block` until the time is over; a signal interrupts it now and then. */
static void repeat(struct deeds *d, const char *what, int (*block)(int), int arg)
{
	const struct sigaction act = {.sa_handler = interrupted}; /* no SA_RESTART */
	const struct itimerval every = {{0, PACE_US}, {0, PACE_US}}, never = {{0, 0}, {0, 0}};
	uint64_t until = clock_ns() + BLOCKED_NS;
	sigset_t alarm;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarm, NULL); /* whatever we were started with */
	if (sigaction(SIGALRM, &act, NULL) || setitimer(ITIMER_REAL, &every, NULL))
		work_fail(d, "setitimer");
	while (clock_ns() < until) {
		if (block(arg) != -1 || errno != EINTR)
			work_fail(d, what);
	}
	setitimer(ITIMER_REAL, &never, NULL);
}

static int block_sleep(int none)
{
	const struct timespec hour = {3600, 0}; /* it ends by a signal, even if the machine stood still for seconds */

	(void)none;
	return nanosleep(&hour, NULL);
}

void work_sleep(struct deeds *d)
{
	repeat(d, "nanosleep", block_sleep, 0);
}

static int block_read(int fd)
{
	char byte;

	return (int)read(fd, &byte, 1);
}

void work_pipe(struct deeds *d)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		work_fail(d, "pipe");
	repeat(d, "read", block_read, fds[0]);
}

static int block_futex(int value)
{
	return (int)syscall(SYS_futex, &value, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

void work_lock(struct deeds *d)
{
	repeat(d, "futex", block_futex, 0);
}

static int block_epoll(int fd)
{
	struct epoll_event event;

	return epoll_wait(fd, &event, 1, -1);
}

void work_poll(struct deeds *d)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		work_fail(d, "epoll_create1");
	repeat(d, "epoll_wait", block_epoll, fd);
}

static int block_recv(int fd)
{
	char byte;

	return (int)recv(fd, &byte, 1, 0);
}

void work_net(struct deeds *d)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		work_fail(d, "socketpair");
	repeat(d, "recv", block_recv, pair[0]);
}

static int block_wait(int pid)
{
	return waitpid(pid, NULL, 0);
}

void work_child(struct deeds *d)
{
	pid_t pid;

	work_stay(d);
	pid = work_fork();
	if (pid < 0)
		work_fail(d, "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	d->children++;
	repeat(d, "waitpid", block_wait, pid);
	kill(pid, SIGKILL);
	if (waitpid(pid, NULL, 0) != pid)
		work_fail(d, "waitpid");
}
