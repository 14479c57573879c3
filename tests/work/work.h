/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The workloads of the end-to-end tests, one program: `work NAME ARG…`.
 *
 * Each says on standard output what it did, one fact a line: `KIND key=value …`. That is
 * the oracle: the kernel's own figures, or numbers known beforehand.
 *
 *   life   pid tid state ns run_delay_ns   a thread, from its first to its last instruction of ours
 *   start  pid tid at_ns                   the same thread: before it was made
 *   end    pid at_ns                       a process with all of its threads: when it was gone at the latest
 *   cpu    pid tid cpu_ns                  CLOCK_THREAD_CPUTIME_ID (tid 0: CLOCK_PROCESS_CPUTIME_ID)
 *   sched  pid cpu_ns run_delay_ns         /proc/PID/schedstat of a finished child (of its first thread)
 *   child  pid ppid nvcsw …                the rusage of a finished child of ppid, its own children's included
 *   rusage pid nvcsw …                     RUSAGE_CHILDREN of `pid`
 *   call   pid name calls errors bytes     what `pid` called, exactly
 */
#ifndef WORK_H
#define WORK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

typedef int work_fn(int argc, char **argv); /* argv[0] is the name of the workload */

work_fn work_run, work_gate, work_exec, work_thread_exec, work_names;    /* run.c, exec.c */
work_fn work_spin, work_syscpu, work_crowd;                              /* cpu.c */
work_fn work_pipe, work_fifo, work_tty, work_socketpair, work_tcp;       /* pingpong.c */
work_fn work_pipe_full, work_eventfd, work_msgqueue, work_udp;           /* block.c */
work_fn work_accept, work_send_full, work_listen;                        /* block.c */
work_fn work_epoll, work_poll, work_select;                              /* block.c */
work_fn work_sleep, work_timerfd, work_child, work_waitid, work_vfork;   /* wait.c */
work_fn work_stopped, work_traced, work_futex, work_flock, work_semop;   /* wait.c, lock.c */
work_fn work_disk, work_fault;                                           /* storage.c */
work_fn work_calls, work_exact, work_naps, work_touch, work_touch_twice; /* calls.c */
work_fn work_children, work_tree;                                        /* tree.c */
work_fn work_swarm, work_rounds, work_refuse, work_fates;                /* swarm.c, refuse.c, fates.c */

/* util.c: all of these end the program when something fails */
#define check(expr) check_(#expr, (long)(expr)) /* fails below 0 */
long check_(const char *what, long ret);
extern void (*at_fail)(void); /* what is left to do then */
void fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* a line, in one write(2) */
uint64_t number(int argc, char **argv, int i, uint64_t otherwise);    /* argument i */

uint64_t clock_of(clockid_t clock);
uint64_t now_ns(void);
uint64_t deadline_of(int argc, char **argv, int i); /* argument i: ms from now */
void rest(uint64_t until);                          /* nanosleep until then */
void burn(uint64_t ns);                             /* this thread's CPU time, outside of system calls */
void pace(unsigned ms);                             /* from now on a signal interrupts what blocks, again and again */

/* job.c */
#define HELPER NULL /* instead of a state: nothing is promised of this one */

typedef void job_fn(void *arg);

/* A child process without exec, and what it is about: it takes the name "w.STATE". */
struct job {
	pid_t pid;
	uint64_t start;
};

void job_start(struct job *job, const char *state, job_fn *fn, void *arg);
void job_end(struct job *job); /* wait for it; it must have succeeded */

/* The same as a thread. */
struct crew {
	pthread_t thread;
	pid_t tid;
	uint64_t start;
	const char *state;
	job_fn *fn;
	void *arg;
};

void crew_start(struct crew *crew, const char *state, job_fn *fn, void *arg);
void crew_end(struct crew *crew);

/*
 * The kernel adds a child's counters to our RUSAGE_CHILDREN when we wait for it, which can be
 * before the child has left its CPU for the last time: is that switch in the sum? With both
 * on one CPU there is no race. reap() sees to that, and says `sched` and `child`; what
 * waits by itself has called stay_here() before it forked.
 */
int reap(pid_t pid, uint64_t *ended); /* its wait status; `ended` (or NULL): when it was gone at the latest */
void stay_here(void);
struct rusage;
void tell_child(pid_t pid, const struct rusage *ru);
void tell_rusage(void);

void tcp_pair(int pair[2]); /* pingpong.c: connected over the loopback interface */

#endif
