/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for storage: with O_DIRECT, and in page faults on a mapped file that is larger than
 * the memory limit, so that it is paged in all the time.
 *
 * A disk may be so fast that a reader uses its CPU half of the time. So, where a block I/O controller
 * allows it, the reader may read this many times a second and waits for the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "work.h"

#define READS_PER_S 300
#define LIMIT       "16777216"
#define FILE_SIZE   (64UL << 20)
#define CHUNK       (1UL << 20)
#define PAGE        4096UL

/* The cgroups that this program made: removed at its end, whatever that is. */
static char groups[2][128];

static void remove_groups(void)
{
	for (int i = 0; i < 2; i++)
		if (groups[i][0])
			rmdir(groups[i]);
}

static bool try_write(const char *dir, const char *name, const char *text)
{
	char path[256];
	int fd;
	bool done;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return done;
}

/* A cgroup below `parent` for the children we start. */
static char *make_group(int i, const char *parent)
{
	snprintf(groups[i], sizeof(groups[i]), "%s/vmprof-work-%d", parent, getpid());
	if (!mkdir(groups[i], 0755))
		return groups[i];
	groups[i][0] = 0;
	return NULL;
}

/* The whole disk that a file is on, as the controllers want it: "254:0". False: it is on none. */
static bool disk_of(int fd, char text[32])
{
	char path[128], target[256];
	struct stat st;
	ssize_t n;
	FILE *dev;

	check(fstat(fd, &st));
	snprintf(text, 32, "%u:%u", major(st.st_dev), minor(st.st_dev));
	snprintf(path, sizeof(path), "/sys/dev/block/%s", text);
	n = readlink(path, target, sizeof(target));
	if (n < 0 || n >= (ssize_t)sizeof(target))
		return false;
	snprintf(path, sizeof(path), "/sys/dev/block/%s/partition", text);
	if (access(path, F_OK))
		return true;
	snprintf(path, sizeof(path), "/sys/dev/block/%s/../dev", text);
	dev = fopen(path, "re");
	if (!dev)
		return false;
	if (!fgets(text, 32, dev))
		text[0] = 0;
	fclose(dev);
	text[strcspn(text, "\n")] = 0;
	return text[0];
}

struct limits {
	bool memory; /* false: the faulter drops the pages by itself */
	bool reads;
};

/* Version 1 of cgroups has a tree per controller, version 2 one for all. */
static struct limits make_groups(int fd, bool memory)
{
	struct limits got = {false, false};
	bool disk, unified = !access("/sys/fs/cgroup/cgroup.controllers", F_OK);
	char number[32], text[64], *group;

	at_fail = remove_groups;
	disk = disk_of(fd, number);
	if (unified) {
		try_write("/sys/fs/cgroup", "cgroup.subtree_control", "+memory");
		try_write("/sys/fs/cgroup", "cgroup.subtree_control", "+io");
		group = make_group(0, "/sys/fs/cgroup");
		if (group && memory)
			got.memory = try_write(group, "memory.max", LIMIT);
		snprintf(text, sizeof(text), "%s riops=%d", number, READS_PER_S);
		if (group && disk)
			got.reads = try_write(group, "io.max", text);
		return got;
	}
	group = memory ? make_group(0, "/sys/fs/cgroup/memory") : NULL;
	if (group)
		got.memory = try_write(group, "memory.limit_in_bytes", LIMIT);
	group = disk ? make_group(1, "/sys/fs/cgroup/blkio") : NULL;
	snprintf(text, sizeof(text), "%s %d", number, READS_PER_S);
	if (group)
		got.reads = try_write(group, "blkio.throttle.read_iops_device", text);
	return got;
}

static void enter_groups(void)
{
	for (int i = 0; i < 2; i++)
		if (groups[i][0] && !try_write(groups[i], "cgroup.procs", "0"))
			fail("%s/cgroup.procs: %s", groups[i], strerror(errno));
}

static char *buffer(void)
{
	char *buf = aligned_alloc(PAGE, CHUNK);

	if (!buf)
		fail("out of memory");
	memset(buf, 1, CHUNK);
	return buf;
}

/* A file on the disk and not in memory. */
static int make_file(const char *path)
{
	int fd = (int)check(open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
	char *buf = buffer();

	for (size_t at = 0; at < FILE_SIZE; at += CHUNK)
		if (pwrite(fd, buf, CHUNK, (off_t)at) != (ssize_t)CHUNK)
			fail("%s: %s", path, strerror(errno));
	check(fsync(fd));
	check(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	free(buf);
	return fd;
}

struct storage {
	const char *state;
	job_fn *fn;
	uint64_t ms;
	const char *path;
	int fd;
	struct limits limits;
};

static void read_direct(void *arg)
{
	struct storage *s = arg;
	uint64_t until = now_ns() + s->ms * NS_PER_MS, n = 0;
	int fd = (int)check(open(s->path, O_RDONLY | O_DIRECT | O_CLOEXEC));
	char *buf = buffer();

	do
		check(pread(fd, buf, PAGE, (off_t)(n++ * PAGE % FILE_SIZE)));
	while (now_ns() < until);
	say("reads pid=%d n=%ju limited=%d", getpid(), (uintmax_t)n, s->limits.reads);
	free(buf);
	close(fd);
}

static void drop(struct storage *s, void *map)
{
	check(madvise(map, FILE_SIZE, MADV_DONTNEED));
	check(posix_fadvise(s->fd, 0, 0, POSIX_FADV_DONTNEED));
}

static void touch_file(void *arg)
{
	struct storage *s = arg;
	uint64_t until = now_ns() + s->ms * NS_PER_MS, n = 0;
	volatile char *map = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, s->fd, 0);

	if (map == MAP_FAILED)
		fail("mmap: %s", strerror(errno));
	check(madvise((void *)map, FILE_SIZE, MADV_RANDOM)); /* a page at a time */
	do {
		(void)map[n++ * PAGE % FILE_SIZE];
		if (!s->limits.memory && n * PAGE % FILE_SIZE == 0)
			drop(s, (void *)map);
	} while (now_ns() < until);
	say("touches pid=%d n=%ju limited=%d memory=%d", getpid(), (uintmax_t)n, s->limits.reads, s->limits.memory);
}

/* Entering a cgroup takes its time: the one that is measured is born in them. */
static void limited(void *arg)
{
	struct storage *s = arg;
	struct job job;

	enter_groups();
	job_start(&job, s->state, s->fn, s);
	job_end(&job);
}

static int storage(int argc, char **argv, bool memory, const char *state, job_fn *fn)
{
	struct storage s = {.state = state, .fn = fn, .ms = number(argc, argv, 1, 500)};
	struct job job;

	if (argc < 3)
		fail("%s: which file?", argv[0]);
	s.path = argv[2];
	s.fd = make_file(s.path);
	s.limits = make_groups(s.fd, memory);
	for (int i = 0; i < 2; i++)
		if (groups[i][0])
			say("cgroup path=%s", groups[i]);
	job_start(&job, HELPER, limited, &s);
	job_end(&job);
	unlink(s.path);
	remove_groups();
	return 0;
}

int work_disk(int argc, char **argv)
{
	return storage(argc, argv, false, "disk", read_direct);
}

int work_fault(int argc, char **argv)
{
	return storage(argc, argv, true, "fault", touch_file);
}
