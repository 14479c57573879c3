/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/selftest_meter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define LENGTH_NS  (NS_PER_S / 100)
#define MIN_ROUNDS 3
#define CALLS      1000 /* of a round: short enough for some to be left alone on a busy machine */
#define PAGES      256
#define TRIPS      50

/* The other end of the trips. */
struct echo {
	pid_t pid;
	int to, from;
};

static int two_pipes(int there[2], int back[2])
{
	if (pipe2(there, O_CLOEXEC))
		return -errno;
	if (!pipe2(back, O_CLOEXEC))
		return 0;
	close(there[0]);
	close(there[1]);
	return -errno;
}

static int echo_start(struct echo *e)
{
	int there[2], back[2];
	char ball;

	if (two_pipes(there, back))
		return -errno;
	e->pid = fork();
	if (e->pid < 0)
		return -errno;
	if (!e->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (read(there[0], &ball, 1) == 1 && write(back[1], &ball, 1) == 1)
			continue;
		_exit(0);
	}
	e->to = there[1];
	e->from = back[0];
	return 0;
}

static double call_round(const struct echo *e, struct deeds *d)
{
	uint64_t begin = clock_ns();

	(void)e;
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	d->calls += CALLS;
	return (double)(clock_ns() - begin) / CALLS;
}

static double trip_round(const struct echo *e, struct deeds *d)
{
	uint64_t begin = clock_ns();
	char ball = 'o';

	for (int i = 0; i < TRIPS; i++) {
		if (write(e->to, &ball, 1) != 1 || read(e->from, &ball, 1) != 1)
			work_fail(d, "pipe");
	}
	return (double)(clock_ns() - begin) / TRIPS;
}

static double fault_round(const struct echo *e, struct deeds *d)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	volatile char *memory = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t begin, ns;

	(void)e;
	if (memory == MAP_FAILED)
		work_fail(d, "mmap");
	madvise((void *)memory, PAGES * page, MADV_NOHUGEPAGE); /* fails where there are none */
	begin = clock_ns();
	for (size_t i = 0; i < PAGES; i++)
		memory[i * page] = 1;
	ns = clock_ns() - begin;
	munmap((void *)memory, PAGES * page);
	return (double)ns / PAGES;
}

typedef double round_fn(const struct echo *e, struct deeds *d);

static round_fn *const rounds[METER_WHATS] = {
	[METER_CALL] = call_round,
	[METER_FAULT] = fault_round,
	[METER_TRIP] = trip_round,
};

static double measure(round_fn *round, const struct echo *e, struct deeds *d)
{
	uint64_t until = clock_ns() + LENGTH_NS;
	double least = round(e, d);

	for (int n = 1; n < MIN_ROUNDS || clock_ns() < until; n++) {
		double ns = round(e, d);

		least = ns < least ? ns : least;
	}
	return least;
}

static void serve(int from, int to, struct deeds *d)
{
	struct echo e;
	unsigned char what;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	work_stay(d);
	if (echo_start(&e))
		work_fail(d, "fork");
	while (read(from, &what, 1) == 1 && what < METER_WHATS) {
		double ns = measure(rounds[what], &e, d);

		if (write(to, &ns, sizeof(ns)) != sizeof(ns))
			break;
	}
	kill(e.pid, SIGKILL);
	waitpid(e.pid, NULL, 0);
	_exit(0);
}

int meter_start(struct meter *m, struct deeds *d)
{
	int there[2], back[2], err = two_pipes(there, back);

	if (err)
		return err;
	m->pid = fork();
	err = m->pid < 0 ? -errno : 0;
	if (!m->pid) {
		close(there[1]);
		close(back[0]);
		serve(there[0], back[1], d);
	}
	close(there[0]);
	close(back[1]);
	m->to = there[1];
	m->from = back[0];
	return err;
}

int meter_ask(const struct meter *m, enum meter_what what, double *least)
{
	unsigned char byte = (unsigned char)what;
	double ns;

	if (write(m->to, &byte, 1) != 1 || read(m->from, &ns, sizeof(ns)) != sizeof(ns))
		return -EPIPE;
	if (!*least || ns < *least)
		*least = ns;
	return 0;
}

void meter_end(struct meter *m)
{
	unsigned char end = METER_WHATS;

	if (m->pid <= 0)
		return;
	if (write(m->to, &end, 1) == 1)
		waitpid(m->pid, NULL, 0);
	close(m->to);
	close(m->from);
	*m = (struct meter){0};
}
