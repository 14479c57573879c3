/* SPDX-License-Identifier: BSD-2-Clause */
/* Workloads of vmprof selftest that use a CPU. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/selftest_work.h"

#define ALONE_NS  (3 * NS_PER_S / 10)
#define SHARED_NS (NS_PER_S / 2)
#define ROUNDS    1000000 /* between two looks at the clock, which may be a system call */
#define GAP_NS    20000   /* longer than a tick's interrupt */
#define BIG       (1 << 20)

static void burn(void)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < ROUNDS; i++)
		__asm__ volatile("" : "+r"(sum) : "r"(i)); /* not to be optimised away */
}

void work_user(struct deeds *d)
{
	uint64_t until = clock_ns() + ALONE_NS;

	(void)d;
	while (clock_ns() < until)
		burn();
}

/* In long calls: what lies between them is nothing to that. */
void work_sys(struct deeds *d)
{
	uint64_t until = clock_ns() + ALONE_NS;
	char *bytes = malloc(BIG);

	if (!bytes)
		work_fail(d, "malloc");
	while (clock_ns() < until) {
		if (getrandom(bytes, BIG, 0) < 0)
			work_fail(d, "getrandom");
	}
	free(bytes);
}

/* How long the clock jumped: this thread was off its CPU, or a long interrupt was on it. */
static void watch_clock(struct deeds *d)
{
	uint64_t last = clock_ns(), until = last + SHARED_NS, now;

	do {
		now = clock_ns();
		if (now - last > GAP_NS)
			d->away_ns += now - last;
		last = now;
	} while (now < until);
}

/* Two on one CPU: this one, and a child of it that wants the CPU all the time. */
void work_queue(struct deeds *d)
{
	pid_t rival;

	work_stay(d);
	rival = work_fork();
	if (rival < 0)
		work_fail(d, "fork");
	if (!rival) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			burn();
	}
	d->children++;
	watch_clock(d);
	kill(rival, SIGKILL);
	if (waitpid(rival, NULL, 0) != rival)
		work_fail(d, "waitpid");
}
