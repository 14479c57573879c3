/* SPDX-License-Identifier: BSD-2-Clause */
/* Workloads whose every system call is known beforehand. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "work.h"

#define CREW 8

/* Descriptors that exist before the process that is counted. */
static int zero, null, file, pair[2];

/* One call; `good`: it succeeds. What it returns. */
static long do_getppid(bool good)
{
	(void)good;
	return syscall(SYS_getppid);
}

static long do_read(bool good)
{
	char buf[37];

	return syscall(SYS_read, good ? zero : -1, buf, sizeof(buf));
}

static long do_write(bool good)
{
	return syscall(SYS_write, good ? null : -1, "0123456789", 10);
}

static long do_pread(bool good)
{
	char buf[64];

	return syscall(SYS_pread64, file, buf, sizeof(buf), good ? 11L : -1L); /* the file has 64 bytes */
}

static long do_readv(bool good)
{
	char buf[12];
	struct iovec parts[2] = {{buf, 5}, {buf + 5, 7}};

	return syscall(SYS_readv, good ? zero : -1, parts, 2);
}

static long do_lseek(bool good)
{
	return syscall(SYS_lseek, good ? file : pair[0], 40L, SEEK_SET);
}

static long do_fsync(bool good)
{
	return syscall(SYS_fsync, good ? file : null);
}

static long do_openat(bool good)
{
	(void)good;
	return syscall(SYS_openat, AT_FDCWD, "/nonexistent/file", O_RDONLY);
}

/* The descriptor is put where it is, so that there is nothing to close. */
static long do_dup3(bool good)
{
	return syscall(SYS_dup3, null, good ? zero + 100 : null, O_CLOEXEC);
}

static long do_close(bool good)
{
	(void)good;
	return syscall(SYS_close, -1);
}

static long do_send(bool good)
{
	return syscall(SYS_sendto, good ? pair[0] : -1, "ball", 3, 0, NULL, 0);
}

static long do_recv(bool good)
{
	char buf[8];

	return syscall(SYS_recvfrom, good ? pair[1] : -1, buf, 3, MSG_WAITALL, NULL, NULL);
}

/*
 * `calls` is a prime number, and each is another one. The sends come before the receives,
 * and fit into the socket's buffer.
 */
static const struct plan {
	const char *name;
	long (*call)(bool good);
	unsigned calls, bad;
	int error;      /* errno of the bad ones */
	unsigned bytes; /* of each good one */
} plans[] = {
	{"getppid", do_getppid, 10007, 0, 0, 0},   {"read", do_read, 4099, 211, EBADF, 37},
	{"write", do_write, 3001, 101, EBADF, 10}, {"pread64", do_pread, 1511, 13, EINVAL, 53},
	{"readv", do_readv, 1013, 17, EBADF, 12},  {"lseek", do_lseek, 2003, 307, ESPIPE, 0},
	{"fsync", do_fsync, 41, 31, EINVAL, 0},    {"openat", do_openat, 503, 503, ENOENT, 0},
	{"dup3", do_dup3, 401, 97, EINVAL, 0},     {"close", do_close, 809, 809, EBADF, 0},
	{"sendto", do_send, 113, 12, EBADF, 3},    {"recvfrom", do_recv, 107, 6, EBADF, 3},
};

#define PLANS (sizeof(plans) / sizeof(plans[0]))

static pthread_barrier_t turn;

/* Each thread makes every 8th call of each kind: the first `bad` ones fail. */
static void *caller(void *arg)
{
	unsigned first = *(unsigned *)arg;

	for (size_t i = 0; i < PLANS; i++) {
		const struct plan *p = &plans[i];

		for (unsigned n = first; n < p->calls; n += CREW) {
			bool good = n >= p->bad;
			long ret = p->call(good);

			if (good ? ret < 0 || (p->bytes && ret != p->bytes) : ret >= 0 || errno != p->error)
				fail("%s: returned %ld, errno %d", p->name, ret, errno);
		}
		pthread_barrier_wait(&turn);
	}
	return NULL;
}

/* What counts happens in a child that has neither loader nor output: nothing else makes these calls. */
static void all_calls(void *arg)
{
	unsigned first[CREW];
	pthread_t crew[CREW];

	(void)arg;
	for (unsigned i = 0; i < CREW; i++) {
		first[i] = i;
		if (pthread_create(&crew[i], NULL, caller, &first[i]))
			fail("pthread_create");
	}
	for (unsigned i = 0; i < CREW; i++)
		if (pthread_join(crew[i], NULL))
			fail("pthread_join");
}

static int scratch_file(void)
{
	char path[] = "/tmp/vmprof-work-XXXXXX";
	char bytes[64] = {0};
	int fd = (int)check(mkstemp(path));

	unlink(path);
	if (write(fd, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes))
		fail("%s: %s", path, strerror(errno));
	return fd;
}

int work_calls(int argc, char **argv)
{
	struct job job;

	(void)argc;
	(void)argv;
	zero = (int)check(open("/dev/zero", O_RDONLY | O_CLOEXEC));
	null = (int)check(open("/dev/null", O_WRONLY | O_CLOEXEC));
	file = scratch_file();
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	if (pthread_barrier_init(&turn, NULL, CREW))
		fail("pthread_barrier_init");
	job_start(&job, HELPER, all_calls, NULL);
	job_end(&job);
	for (size_t i = 0; i < PLANS; i++) {
		const struct plan *p = &plans[i];

		say("call pid=%d name=%s calls=%u errors=%u bytes=%u", job.pid, p->name, p->calls, p->bad,
		    (p->calls - p->bad) * p->bytes);
	}
	tell_rusage();
	return 0;
}

/* Made without the C library's fork, whose child makes calls of its own. */
static pid_t bare_fork(void)
{
	return (pid_t)check(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

int work_exact(int argc, char **argv)
{
	uint64_t n = number(argc, argv, 1, 1009);
	pid_t pid = bare_fork();

	if (!pid) {
		for (uint64_t i = 0; i < n; i++)
			syscall(SYS_getppid);
		syscall(SYS_exit_group, 0);
	}
	if (reap(pid, NULL))
		fail("the child failed");
	say("exact pid=%d calls=%ju", pid, (uintmax_t)(n + 1));
	say("call pid=%d name=getppid calls=%ju errors=0 bytes=0", pid, (uintmax_t)n);
	say("call pid=%d name=exit_group calls=1 errors=0 bytes=0", pid);
	tell_rusage();
	return 0;
}

struct nap_plan {
	uint64_t n, ns;
};

static void timed_naps(void *arg)
{
	struct nap_plan *plan = arg;
	const struct timespec pause = {(time_t)(plan->ns / NS_PER_S), (long)(plan->ns % NS_PER_S)};
	uint64_t total = 0, longest = 0;

	for (uint64_t i = 0; i < plan->n; i++) {
		uint64_t before = now_ns(), ns;

		check(syscall(SYS_nanosleep, &pause, NULL));
		ns = now_ns() - before;
		total += ns;
		if (ns > longest)
			longest = ns;
	}
	say("naps pid=%d calls=%ju each_ns=%ju total_ns=%ju max_ns=%ju", getpid(), (uintmax_t)plan->n,
	    (uintmax_t)plan->ns, (uintmax_t)total, (uintmax_t)longest);
}

int work_naps(int argc, char **argv)
{
	struct nap_plan plan = {number(argc, argv, 1, 20), number(argc, argv, 2, 20) * NS_PER_MS};
	struct job job;

	job_start(&job, HELPER, timed_naps, &plan);
	job_end(&job);
	return 0;
}

static char *fresh_pages(uint64_t pages, size_t page)
{
	char *memory = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail("mmap: %s", strerror(errno));
	if (madvise(memory, pages * page, MADV_NOHUGEPAGE) < 0 && errno != EINVAL) /* EINVAL: there are none */
		fail("madvise: %s", strerror(errno));
	return memory;
}

static void touch(char *memory, uint64_t pages, size_t page)
{
	for (uint64_t i = 0; i < pages; i++)
		*(volatile char *)(memory + i * page) = 1;
}

int work_touch(int argc, char **argv)
{
	uint64_t pages = number(argc, argv, 1, 4099);
	size_t page = (size_t)check(sysconf(_SC_PAGESIZE));
	char *memory = fresh_pages(pages, page);
	pid_t pid = bare_fork();

	if (!pid) {
		touch(memory, pages, page);
		syscall(SYS_exit_group, 0);
	}
	if (reap(pid, NULL))
		fail("the child failed");
	say("touch pid=%d pages=%ju", pid, (uintmax_t)pages);
	tell_rusage();
	return 0;
}

/* The first pass costs the faults more than the second, and nothing else. */
static void touch_twice(void *arg)
{
	uint64_t pages = *(uint64_t *)arg, at[3];
	size_t page = (size_t)check(sysconf(_SC_PAGESIZE));
	char *memory = fresh_pages(pages, page);

	for (int pass = 0; pass < 3; pass++) {
		at[pass] = clock_of(CLOCK_THREAD_CPUTIME_ID);
		if (pass < 2)
			touch(memory, pages, page);
	}
	say("twice pid=%d pages=%ju first_ns=%ju second_ns=%ju", getpid(), (uintmax_t)pages, (uintmax_t)(at[1] - at[0]),
	    (uintmax_t)(at[2] - at[1]));
}

int work_touch_twice(int argc, char **argv)
{
	uint64_t pages = number(argc, argv, 1, 20011);
	struct job job;

	job_start(&job, "fault_cpu", touch_twice, &pages);
	job_end(&job);
	return 0;
}
