/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "work.h"

static const struct work {
	const char *name;
	work_fn *fn;
	const char *help;
} works[] = {
	{"run", work_run, "WORK + WORK …: each as a child; the kernel's figures of each at its end"},
	{"gate", work_gate, "WORK: say `ready`, wait for a byte (or the end) of standard input, go on as WORK"},
	{"exec", work_exec, "MS CMD ARG…: sleep, then execute CMD"},
	{"thread-exec", work_thread_exec, "MS CMD ARG…: the same from a thread that is not the leader"},
	{"names", work_names, "MS: children with names that break formats"},
	{"spin", work_spin, "MS [THREADS]: that much CPU time each, outside of system calls"},
	{"syscpu", work_syscpu, "MS: on a CPU in one long system call after the other"},
	{"crowd", work_crowd, "THREADS MS CALLS: all alive at once, each burns MS and calls getppid"},
	{"pipe", work_pipe, "MS: two processes, two pipes, one ball"},
	{"fifo", work_fifo, "MS: the same with FIFOs"},
	{"tty", work_tty, "MS: the same with pseudo terminals"},
	{"socketpair", work_socketpair, "MS: the same with a pair of sockets"},
	{"tcp", work_tcp, "MS: the same over TCP on the loopback interface"},
	{"pipe-full", work_pipe_full, "MS: write to a pipe that nobody reads"},
	{"eventfd", work_eventfd, "MS: read an eventfd"},
	{"msgqueue", work_msgqueue, "MS: receive from a System V message queue"},
	{"udp", work_udp, "MS: recvfrom a socket"},
	{"accept", work_accept, "MS: accept on a listening socket"},
	{"send-full", work_send_full, "MS: send to a socket that nobody reads"},
	{"listen", work_listen, "listen on a free port, say which, wait for the end of standard input"},
	{"epoll", work_epoll, "MS: two processes with epoll_wait, one ball, over TCP"},
	{"poll", work_poll, "MS: poll without a time limit"},
	{"select", work_select, "MS: select without a time limit"},
	{"sleep", work_sleep, "MS: nanosleep"},
	{"timerfd", work_timerfd, "MS: read a timerfd"},
	{"child", work_child, "MS: waitpid"},
	{"waitid", work_waitid, "MS: waitid"},
	{"vfork", work_vfork, "MS: vfork of a child that sleeps"},
	{"stopped", work_stopped, "MS: stopped by SIGSTOP"},
	{"traced", work_traced, "MS: stopped by a tracer"},
	{"futex", work_futex, "MS: two threads, two futexes, one ball"},
	{"flock", work_flock, "MS FILE: flock that another process holds"},
	{"semop", work_semop, "MS: semop on a semaphore of 0"},
	{"disk", work_disk, "MS FILE: read with O_DIRECT"},
	{"fault", work_fault, "MS FILE: touch a mapped file that is larger than the memory limit"},
	{"calls", work_calls, "a prime number of each of some calls, from 8 threads, some failing"},
	{"exact", work_exact, "N: a process that makes N + 1 system calls in its life"},
	{"naps", work_naps, "N MS: N calls of nanosleep, timed"},
	{"touch", work_touch, "PAGES: first touches of memory"},
	{"touch-twice", work_touch_twice, "PAGES: first and second touches of memory, timed"},
	{"children", work_children, "N MS: children with that much CPU time; each second executes /bin/true"},
	{"fates", work_fates,
         "MS [PROCS PROCS]: children that are killed, stopped, traced, renamed, moved between cgroups"},
	{"swarm", work_swarm, "N ALIVE CALLS: N children, so many alive at a time, each calls getppid so often"},
	{"rounds", work_rounds, "N N …: rounds of N children that do nothing; wait as gate does before each"},
	{"refuse", work_refuse,
         "N ERRNO CMD ARG…: its N-th bpf(2) that makes something fails, and all of that kind then"},
	{"tree", work_tree, "CALLS: threads, children and grandchildren; wait as gate does; then each calls"},
};

#define WORKS (sizeof(works) / sizeof(works[0]))

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < WORKS; i++)
		if (!strcmp(argv[1], works[i].name))
			return works[i].fn(argc - 1, argv + 1);
	for (size_t i = 0; i < WORKS; i++)
		fprintf(stderr, "work %-12s %s\n", works[i].name, works[i].help);
	return 2;
}
