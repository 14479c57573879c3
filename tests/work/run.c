/* SPDX-License-Identifier: BSD-2-Clause */
/* Workloads that start workloads. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work.h"

int main(int argc, char **argv);

/* argv[0] is not the program but what stands before the name of the workload: main() skips it. */
static int again(int argc, char **argv)
{
	return main(argc, argv);
}

/* Children without exec: what is measured is theirs alone. */
int work_run(int argc, char **argv)
{
	int first = 0, children = 0, bad = 0;
	pid_t *pids = calloc((size_t)argc, sizeof(*pids));

	if (!pids)
		fail("out of memory");
	for (int i = 1; i <= argc; i++) {
		if (i < argc && strcmp(argv[i], "+"))
			continue;
		pids[children] = (pid_t)check(fork());
		if (!pids[children]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (i < argc)
				argv[i] = NULL;
			_exit(again(i - first, argv + first));
		}
		children++;
		first = i;
	}
	for (int i = 0; i < children; i++) {
		int status = reap(pids[i], NULL);

		if (!WIFEXITED(status) || WEXITSTATUS(status))
			bad = 1;
	}
	tell_rusage();
	free(pids);
	return bad;
}

int work_gate(int argc, char **argv)
{
	char byte;

	say("ready pid=%d", getpid());
	check(read(STDIN_FILENO, &byte, 1));
	return again(argc, argv);
}
