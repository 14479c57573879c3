/* SPDX-License-Identifier: BSD-2-Clause */
/* Sleeping, waiting for children, being stopped. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work.h"

#define PACE_MS 10

static int one_job(const char *state, job_fn *fn, void *arg)
{
	struct job job;

	job_start(&job, state, fn, arg);
	job_end(&job);
	return 0;
}

static void naps(void *arg)
{
	const struct timespec pause = {0, PACE_MS * NS_PER_MS};
	uint64_t until = *(uint64_t *)arg;

	while (now_ns() < until)
		check(nanosleep(&pause, NULL));
}

int work_sleep(int argc, char **argv)
{
	uint64_t until = deadline_of(argc, argv, 1);

	return one_job("sleep", naps, &until);
}

static void timer(void *arg)
{
	const struct itimerspec every = {{0, PACE_MS * NS_PER_MS}, {0, PACE_MS * NS_PER_MS}};
	int fd = (int)check(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	uint64_t until = *(uint64_t *)arg, times;

	check(timerfd_settime(fd, 0, &every, NULL));
	while (now_ns() < until)
		check(read(fd, &times, sizeof(times)));
}

int work_timerfd(int argc, char **argv)
{
	uint64_t until = deadline_of(argc, argv, 1);

	return one_job("sleep", timer, &until);
}

static void sleeper(void *arg)
{
	rest(*(uint64_t *)arg);
}

static void wait_pid(void *arg)
{
	struct rusage ru;
	struct job job;

	stay_here();
	job_start(&job, HELPER, sleeper, arg);
	check(wait4(job.pid, NULL, 0, &ru));
	tell_child(job.pid, &ru);
}

static void wait_id(void *arg)
{
	struct rusage ru;
	siginfo_t info;
	struct job job;

	stay_here();
	job_start(&job, HELPER, sleeper, arg);
	check(syscall(SYS_waitid, P_PID, job.pid, &info, WEXITED, &ru)); /* the C library's has no rusage */
	tell_child(job.pid, &ru);
}

int work_child(int argc, char **argv)
{
	uint64_t until = deadline_of(argc, argv, 1);

	return one_job("child", wait_pid, &until);
}

int work_waitid(int argc, char **argv)
{
	uint64_t until = deadline_of(argc, argv, 1);

	return one_job("child", wait_id, &until);
}

/* Blocked in the call that makes the child, until that executes a program or ends; in memory of its own. */
static void forks(void *arg)
{
	uint64_t until = *(uint64_t *)arg;
	pid_t pid = (pid_t)check(syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0));

	if (!pid) {
		rest(until);
		_exit(0);
	}
	reap(pid, NULL);
}

int work_vfork(int argc, char **argv)
{
	uint64_t until = deadline_of(argc, argv, 1);

	return one_job("other", forks, &until);
}

static void stop(void *arg)
{
	(void)arg;
	check(raise(SIGSTOP));
}

int work_stopped(int argc, char **argv)
{
	uint64_t until = deadline_of(argc, argv, 1);
	struct job job;
	siginfo_t info;

	job_start(&job, "stopped", stop, NULL);
	check(waitid(P_PID, (id_t)job.pid, &info, WSTOPPED));
	rest(until);
	check(kill(job.pid, SIGCONT));
	job_end(&job);
	return 0;
}

static void trap(void *arg)
{
	(void)arg;
	check(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	check(raise(SIGTRAP));
}

int work_traced(int argc, char **argv)
{
	uint64_t until = deadline_of(argc, argv, 1);
	struct job job;
	int status;

	job_start(&job, "stopped", trap, NULL);
	check(waitpid(job.pid, &status, 0));
	if (!WIFSTOPPED(status))
		fail("the traced child did not stop");
	rest(until);
	check(ptrace(PTRACE_DETACH, job.pid, NULL, NULL));
	job_end(&job);
	return 0;
}
