/* SPDX-License-Identifier: BSD-2-Clause */
/* Workloads that use a CPU. */
#include <stdlib.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "work.h"

#define MAX_CREW 256

static void tell_cpu(pid_t tid, clockid_t clock)
{
	say("cpu pid=%d tid=%d cpu_ns=%ju", getpid(), tid, (uintmax_t)clock_of(clock));
}

#define GAP_NS 20000 /* longer than a tick's interrupt */

/* As burn(), and how long it saw the clock jump: it was off its CPU, or a long interrupt was on it. */
static void spin(void *arg)
{
	uint64_t until = clock_of(CLOCK_THREAD_CPUTIME_ID) + *(uint64_t *)arg, last = now_ns(), away = 0;

	do {
		for (int i = 0; i < 10000; i++) {
			uint64_t now = now_ns();

			if (now - last > GAP_NS)
				away += now - last;
			last = now;
		}
	} while (clock_of(CLOCK_THREAD_CPUTIME_ID) < until);
	tell_cpu(gettid(), CLOCK_THREAD_CPUTIME_ID);
	say("away pid=%d tid=%d ns=%ju", getpid(), gettid(), (uintmax_t)away);
}

static void spin_crew(void *arg)
{
	uint64_t *plan = arg; /* ns, threads */
	static struct crew crew[MAX_CREW];

	for (uint64_t i = 1; i < plan[1]; i++)
		crew_start(&crew[i], "user", spin, plan);
	spin(plan);
	for (uint64_t i = 1; i < plan[1]; i++)
		crew_end(&crew[i]);
	tell_cpu(0, CLOCK_PROCESS_CPUTIME_ID);
}

int work_spin(int argc, char **argv)
{
	uint64_t plan[2] = {number(argc, argv, 1, 500) * NS_PER_MS, number(argc, argv, 2, 1)};
	struct job job;

	if (plan[1] < 1 || plan[1] > MAX_CREW)
		fail("spin: 1 to %d threads", MAX_CREW);
	job_start(&job, "user", spin_crew, plan);
	job_end(&job);
	return 0;
}

#define BIG (16 << 20)

/*
 * Its time in getrandom(2) by its own clock, and so on a CPU in the kernel or waiting for one. The calls are few and
 * long: what lies between the two clocks, its own and one behind the entry to the kernel, is nothing to them.
 */
static void syscpu(void *arg)
{
	uint64_t until = *(uint64_t *)arg, in_call = 0, before, after;
	char *buf = malloc(BIG);

	if (!buf)
		fail("out of memory");
	do {
		before = now_ns();
		check(getrandom(buf, BIG, 0));
		after = now_ns();
		in_call += after - before;
	} while (after < until);
	say("incall pid=%d ns=%ju", getpid(), (uintmax_t)in_call);
	free(buf);
}

int work_syscpu(int argc, char **argv)
{
	uint64_t until = deadline_of(argc, argv, 1);
	struct job job;

	job_start(&job, "sys", syscpu, &until);
	job_end(&job);
	return 0;
}

#define MAX_CROWD 16384

struct crowd {
	uint64_t ns, calls;
	pthread_barrier_t all;
};

static void crowd_member(void *arg)
{
	struct crowd *crowd = arg;

	pthread_barrier_wait(&crowd->all);
	burn(crowd->ns);
	for (uint64_t i = 0; i < crowd->calls; i++)
		syscall(SYS_getppid);
	pthread_barrier_wait(&crowd->all);
}

static void crowd_all(void *arg)
{
	uint64_t *plan = arg; /* threads, ns, calls */
	struct crowd crowd = {.ns = plan[1], .calls = plan[2]};
	struct crew *crew = calloc(plan[0], sizeof(*crew));

	if (!crew)
		fail("out of memory");
	pthread_barrier_init(&crowd.all, NULL, (unsigned)plan[0]);
	for (uint64_t i = 0; i < plan[0]; i++)
		crew_start(&crew[i], HELPER, crowd_member, &crowd);
	for (uint64_t i = 0; i < plan[0]; i++)
		crew_end(&crew[i]);
	tell_cpu(0, CLOCK_PROCESS_CPUTIME_ID);
	say("call pid=%d name=getppid calls=%ju errors=0 bytes=0", getpid(), (uintmax_t)(plan[0] * plan[2]));
	free(crew);
}

int work_crowd(int argc, char **argv)
{
	uint64_t plan[3] = {number(argc, argv, 1, 40), number(argc, argv, 2, 10) * NS_PER_MS,
	                    number(argc, argv, 3, 101)};
	struct job job;

	if (plan[0] < 1 || plan[0] > MAX_CROWD)
		fail("crowd: 1 to %d threads", MAX_CROWD);
	job_start(&job, HELPER, crowd_all, plan);
	job_end(&job);
	tell_rusage();
	return 0;
}
