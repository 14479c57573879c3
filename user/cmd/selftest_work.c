/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/selftest_work.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define THREAD_NS (NS_PER_S / 5)

void work_fail(struct deeds *d, const char *what)
{
	snprintf(d->why, sizeof(d->why), "%s: %s", what, strerror(errno));
	_exit(1);
}

pid_t work_fork(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

void work_stay(struct deeds *d)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (cpu < 0 || sched_setaffinity(0, sizeof(set), &set))
		work_fail(d, "sched_setaffinity");
}

static long count(struct deeds *d, long nr, long a, long b, long c)
{
	d->all_calls++;
	return syscall(nr, a, b, c, 0, 0);
}

/* Nothing that may make a call unasked: the clock does on some machines. */
static void count_calls(struct deeds *d)
{
	char bytes[WORK_BYTES] = {0};
	int fds[2];

	count(d, SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0);
	for (int i = 0; i < WORK_GETPPIDS; i++, d->calls++)
		count(d, SYS_getppid, 0, 0, 0);
	for (int i = 0; i < WORK_CLOSES; i++)
		count(d, SYS_close, -1, 0, 0);
	if (count(d, SYS_pipe2, (long)fds, O_CLOEXEC, 0))
		work_fail(d, "pipe");
	for (int i = 0; i < WORK_PIPED; i++) {
		if (count(d, SYS_write, fds[1], (long)bytes, WORK_BYTES) != WORK_BYTES ||
		    count(d, SYS_read, fds[0], (long)bytes, WORK_BYTES) != WORK_BYTES)
			work_fail(d, "pipe");
		d->written_bytes += WORK_BYTES;
		d->read_bytes += WORK_BYTES;
	}
	d->done = true;
	count(d, SYS_exit_group, 0, 0, 0);
}

/* Children that live some hundred microseconds. */
static void fork_children(struct deeds *d)
{
	work_stay(d);
	for (; d->children < WORK_CHILDREN; d->children++) {
		pid_t pid = work_fork();

		if (pid < 0)
			work_fail(d, "fork");
		if (!pid) {
			for (int i = 0; i < WORK_CHILD_CALLS; i++)
				syscall(SYS_getppid);
			syscall(SYS_exit_group, 0);
		}
		if (waitpid(pid, NULL, 0) != pid)
			work_fail(d, "waitpid");
		d->calls += WORK_CHILD_CALLS;
		d->all_calls += WORK_CHILD_CALLS + 1;
	}
}

struct crew {
	pthread_t thread;
	uint64_t until, lived;
};

static void *crew_main(void *arg)
{
	struct crew *c = arg;
	uint64_t begin = clock_ns();
	struct timespec until = {(time_t)(c->until / NS_PER_S), (long)(c->until % NS_PER_S)};

	for (int i = 0; i < WORK_THREAD_CALLS; i++)
		syscall(SYS_getppid);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		continue;
	c->lived = clock_ns() - begin;
	return NULL;
}

static void run_threads(struct deeds *d)
{
	struct crew crew[WORK_THREADS];
	uint64_t until = clock_ns() + THREAD_NS;

	for (unsigned i = 0; i < WORK_THREADS; i++) {
		crew[i] = (struct crew){.until = until};
		d->others_begun += clock_ns();
		errno = pthread_create(&crew[i].thread, NULL, crew_main, &crew[i]);
		if (errno)
			work_fail(d, "pthread_create");
		d->others++;
	}
	for (unsigned i = 0; i < WORK_THREADS; i++) {
		pthread_join(crew[i].thread, NULL);
		d->others_lived += crew[i].lived;
		d->calls += WORK_THREAD_CALLS;
	}
}

static void touch_memory(struct deeds *d)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = WORK_PAGES_TOUCHED * page;
	volatile char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		work_fail(d, "mmap");
	madvise((void *)memory, size, MADV_NOHUGEPAGE); /* fails where there are none */
	for (size_t i = 0; i < size; i += page)
		memory[i] = 1;
}

/* Of our own program, what nobody uses is dropped from the page cache and comes from the disk again, if it is on one.
 */
static void page_in(struct deeds *d)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	volatile const char *bytes;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return; /* may be executed, but not read */
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		work_fail(d, "mmap");
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	madvise((void *)bytes, (size_t)st.st_size, MADV_RANDOM);
	for (size_t i = 0; i < (size_t)st.st_size; i += page)
		(void)bytes[i];
}

const struct work works[WORK_IDS] = {
	[WORK_ATTACHED] = {.name = "attached"},
	[WORK_COUNT_CALLS] = {"calls", count_calls, .group = 1, .bare = true},
	[WORK_FORK] = {"children", fork_children, .group = 2},
	[WORK_THREAD] = {"threads", run_threads, .group = 3},
	[WORK_TOUCH] = {"touch", touch_memory, .group = 4},
	[WORK_PAGE_IN] = {"page-in", page_in, .group = 5},
	[WORK_USER] = {"user", work_user, .group = 6},
	[WORK_SYS] = {"sys", work_sys, .group = 7},
	[WORK_QUEUE] = {"queue", work_queue, .group = 8},
	[WORK_SLEEP] = {"sleep", work_sleep, .group = 9},
	[WORK_PIPE] = {"pipe", work_pipe, .group = 9},
	[WORK_LOCK] = {"lock", work_lock, .group = 9},
	[WORK_POLL] = {"poll", work_poll, .group = 9},
	[WORK_NET] = {"net", work_net, .group = 9},
	[WORK_CHILD] = {"child", work_child, .group = 9},
};

static uint64_t own_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

pid_t work_start(const struct work *w, struct deeds *d)
{
	pid_t pid = w->bare ? work_fork() : fork();

	if (pid)
		return pid < 0 ? -errno : pid;
	if (w->bare) {
		w->run(d);
		_exit(1);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	d->begin = clock_ns();
	w->run(d);
	d->cpu_ns = own_cpu_ns();
	d->done = true;
	d->end = clock_ns();
	_exit(0);
}
