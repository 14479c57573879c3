/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes that have processes. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "work.h"

#define AT_ONCE 4

static void reap_any(void)
{
	int status;

	check(wait(&status));
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail("a child ended with wait status %#x", (unsigned)status);
}

/* Short lives: each burns, and each second one executes a program. */
int work_children(int argc, char **argv)
{
	uint64_t n = number(argc, argv, 1, 2000), ns = number(argc, argv, 2, 1) * NS_PER_MS;
	int running = 0;

	for (uint64_t i = 0; i < n; i++) {
		if (running == AT_ONCE) {
			reap_any();
			running--;
		}
		if (!check(fork())) {
			burn(ns);
			if (i % 2)
				execl("/bin/true", "true", NULL);
			_exit(i % 2);
		}
		running++;
	}
	while (running--)
		reap_any();
	say("children pid=%d n=%ju execs=%ju", getpid(), (uintmax_t)n, (uintmax_t)(n / 2));
	tell_rusage();
	return 0;
}

/*
 * A process, its child and its grandchild, with a second thread each. All are there before `ready`
 * is said; then each thread but the first makes its calls.
 */
#define GENERATIONS 3
#define MEMBERS     (2 * GENERATIONS - 1)

struct tree {
	uint64_t calls;
	int ready[2], go[2];
};

static void *member(void *arg)
{
	struct tree *tree = arg;
	char byte = 'r';

	check(write(tree->ready[1], &byte, 1));
	check(read(tree->go[0], &byte, 1));
	for (uint64_t i = 0; i < tree->calls; i++)
		syscall(SYS_getppid);
	return NULL;
}

static void conduct(struct tree *tree)
{
	char byte;

	for (int i = 0; i < MEMBERS; i++)
		check(read(tree->ready[0], &byte, 1));
	say("ready pid=%d", getpid());
	check(read(STDIN_FILENO, &byte, 1));
	for (int i = 0; i < MEMBERS; i++)
		check(write(tree->go[1], &byte, 1));
}

static void grow(struct tree *tree, int generation)
{
	bool root = generation == 0;
	pthread_t thread;
	pid_t child = 0;

	if (generation < GENERATIONS - 1) {
		child = (pid_t)check(fork());
		if (!child) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			grow(tree, generation + 1);
			_exit(0);
		}
	}
	if (pthread_create(&thread, NULL, member, tree))
		fail("pthread_create");
	if (root)
		conduct(tree);
	else
		member(tree);
	if (pthread_join(thread, NULL))
		fail("pthread_join");
	if (child)
		reap(child, NULL);
	say("call pid=%d name=getppid calls=%ju errors=0 bytes=0", getpid(), (uintmax_t)tree->calls * (root ? 1 : 2));
}

int work_tree(int argc, char **argv)
{
	struct tree tree = {.calls = number(argc, argv, 1, 1009)};

	check(pipe2(tree.ready, O_CLOEXEC));
	check(pipe2(tree.go, O_CLOEXEC));
	grow(&tree, 0);
	return 0;
}
