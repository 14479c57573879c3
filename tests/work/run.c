/* SPDX-License-Identifier: BSD-2-Clause */
/* Workloads that start workloads. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
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

/* Taken from whom the CPUs ran, by interrupts and by the hypervisor, since the boot: proc_stat(5), by ticks. */
static uint64_t taken_ns(void)
{
	unsigned long long irq, softirq, steal;
	FILE *stat = fopen("/proc/stat", "r");

	if (!stat || fscanf(stat, "cpu %*u %*u %*u %*u %*u %llu %llu %llu", &irq, &softirq, &steal) != 3)
		fail("/proc/stat can't be read");
	fclose(stat);
	return (irq + softirq + steal) * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* Children without exec: what is measured is theirs alone. */
int work_run(int argc, char **argv)
{
	int first = 0, children = 0, bad = 0;
	pid_t *pids = calloc((size_t)argc, sizeof(*pids));
	uint64_t before = taken_ns();

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
	say("taken ns=%ju", (uintmax_t)(taken_ns() - before));
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
