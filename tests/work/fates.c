/* SPDX-License-Identifier: BSD-2-Clause */
/* What others do to a process, and it to itself, while it works. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work.h"

#define EVERY (2 * NS_PER_MS)

typedef void (*fate_fn)(pid_t pid, uint64_t until, char **groups);

static void work_until(volatile bool *done, bool renames)
{
	char name[16];

	for (unsigned i = 0; !*done; i++) {
		burn(NS_PER_MS / 10);
		syscall(SYS_getppid);
		rest(now_ns() + NS_PER_MS / 10);
		snprintf(name, sizeof(name), "name %u", i);
		if (renames)
			prctl(PR_SET_NAME, name);
	}
}

static void killed(pid_t pid, uint64_t until, char **groups)
{
	(void)groups;
	rest(until);
	check(kill(pid, SIGKILL));
}

static void stopped(pid_t pid, uint64_t until, char **groups)
{
	(void)groups;
	while (now_ns() < until) {
		check(kill(pid, SIGSTOP));
		rest(now_ns() + EVERY);
		check(kill(pid, SIGCONT));
		rest(now_ns() + EVERY);
	}
}

static void traced(pid_t pid, uint64_t until, char **groups)
{
	int status;

	(void)groups;
	check(ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	while (now_ns() < until) {
		check(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
		check(waitpid(pid, &status, 0));
		if (!WIFSTOPPED(status))
			return;
		rest(now_ns() + EVERY);
		check(ptrace(PTRACE_SYSCALL, pid, NULL, NULL)); /* to the entry of its next call */
		check(waitpid(pid, &status, 0));
		check(ptrace(PTRACE_CONT, pid, NULL, NULL));
		rest(now_ns() + EVERY);
	}
	check(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
	check(waitpid(pid, &status, 0));
	check(ptrace(PTRACE_DETACH, pid, NULL, NULL));
}

static void moved(pid_t pid, uint64_t until, char **groups)
{
	for (unsigned i = 0; now_ns() < until; i++) {
		int fd = (int)check(open(groups[i % 2], O_WRONLY | O_CLOEXEC));

		check(dprintf(fd, "%d", pid));
		close(fd);
		rest(now_ns() + EVERY);
	}
}

/* By itself: nobody else may. */
static void renamed(pid_t pid, uint64_t until, char **groups)
{
	(void)pid, (void)groups;
	rest(until);
}

/* MS [PROCS PROCS]: the cgroup.procs of two groups that a process is moved between. */
int work_fates(int argc, char **argv)
{
	static const fate_fn fates[] = {killed, stopped, traced, renamed, moved};
	size_t n = sizeof(fates) / sizeof(fates[0]) - (argc < 4);
	volatile bool *done = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (done == MAP_FAILED)
		fail("mmap");
	for (size_t i = 0; i < n; i++) {
		uint64_t until = deadline_of(argc, argv, 1);
		pid_t pid = (pid_t)check(fork());
		int status;

		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			work_until(&done[i], fates[i] == renamed);
			_exit(0);
		}
		fates[i](pid, until, argv + 2);
		done[i] = true;
		status = reap(pid, NULL);
		if (fates[i] == killed ? !WIFSIGNALED(status) : !WIFEXITED(status) || WEXITSTATUS(status))
			fail("fate %zu: wait status %#x", i, (unsigned)status);
	}
	tell_rusage();
	return 0;
}
