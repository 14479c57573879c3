/* SPDX-License-Identifier: BSD-2-Clause */
/* Many short lives. */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work.h"

static void reap_one(void)
{
	int status;

	check(wait(&status));
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail("a child ended with wait status %#x", (unsigned)status);
}

/* Each calls getppid so often, then waits until the pipe is closed or has a byte for it. */
static void one(uint64_t calls, const int *gate)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(gate[1]);
	for (uint64_t i = 0; i < calls; i++)
		syscall(SYS_getppid);
	check(read(gate[0], &byte, 1));
	_exit(0);
}

/*
 * N children, `alive` at a time, all of which exist at once before one may end. The rusage of all is said at the
 * end, by one CPU: see reap().
 */
int work_swarm(int argc, char **argv)
{
	uint64_t n = number(argc, argv, 1, 20000), alive = number(argc, argv, 2, 64), calls = number(argc, argv, 3, 7);
	uint64_t begin = now_ns();
	int gate[2];

	stay_here();
	check(pipe(gate));
	for (uint64_t i = 0; i < n; i++) {
		if (i >= alive) {
			check(write(gate[1], "x", 1));
			reap_one();
		}
		if (!check(fork()))
			one(calls, gate);
	}
	for (uint64_t i = 0; i < alive && i < n; i++) {
		check(write(gate[1], "x", 1));
		reap_one();
	}
	say("swarm pid=%d n=%ju ns=%ju", getpid(), (uintmax_t)n, (uintmax_t)(now_ns() - begin));
	say("call pid=%d name=getppid calls=%ju errors=0 bytes=0", getpid(), (uintmax_t)(n * calls));
	tell_rusage();
	return 0;
}

/* A child that shares our memory: the least a process can be. */
static void brief(void)
{
	if (!check(vfork()))
		_exit(0);
	reap_one();
}

/* Rounds of them. Waits as gate does before each round, and at the end. */
int work_rounds(int argc, char **argv)
{
	char byte;

	for (int round = 1; round < argc; round++) {
		say("ready pid=%d round=%d", getpid(), round);
		check(read(STDIN_FILENO, &byte, 1));
		for (uint64_t n = number(argc, argv, round, 0); n; n--)
			brief();
	}
	say("ready pid=%d round=%d", getpid(), argc);
	check(read(STDIN_FILENO, &byte, 1));
	return 0;
}
