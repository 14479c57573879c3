/* SPDX-License-Identifier: BSD-2-Clause */
#include "target/limit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "target/cgroup.h"

#define STEP_NS 5000000             /* between two looks at a group that empties */
#define DROP_NS (NS_PER_S / 2)      /* for the page cache to go: what is dirty has to be written first */
#define DROPPED (UINT64_C(1) << 20) /* what then stays is the kernel's own: inodes, dentries */

static void pause_ns(long ns)
{
	nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

/* Write to a file of the group. 0 or -errno. */
static int put(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* The beginning of a file of the group. 0 or -errno. */
static int get(const char *dir, const char *name, char *text, size_t room)
{
	char path[PATH_MAX];
	ssize_t n;
	int fd;

	text[0] = 0;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, room - 1);
	close(fd);
	if (n < 0)
		return -EIO;
	text[n] = 0;
	return 0;
}

int limit_make(struct limit *l)
{
	char path[PATH_MAX];
	int err;

	if (l->enable) {
		err = put(l->parent, "cgroup.subtree_control", "+memory");
		if (err)
			return err;
	}
	if (mkdir(l->dir, 0755))
		return -errno;
	snprintf(path, sizeof(path), "%s/cgroup.procs", l->dir);
	l->procs = open(path, O_WRONLY | O_CLOEXEC);
	if (l->procs < 0) {
		l->procs = 0;
		return -errno;
	}
	return 0;
}

int limit_set(const struct limit *l, uint64_t bytes)
{
	char text[32];

	if (bytes == UINT64_MAX)
		return put(l->dir, l->v2 ? "memory.max" : "memory.limit_in_bytes", l->v2 ? "max" : "-1");
	snprintf(text, sizeof(text), "%" PRIu64, bytes);
	return put(l->dir, l->v2 ? "memory.max" : "memory.limit_in_bytes", text);
}

static uint64_t usage(const char *dir)
{
	char text[32];

	if (get(dir, "memory.current", text, sizeof(text)))
		get(dir, "memory.usage_in_bytes", text, sizeof(text));
	return strtoull(text, NULL, 10);
}

uint64_t limit_usage(const struct limit *l)
{
	return usage(l->dir);
}

uint64_t limit_oom_kills(const struct limit *l)
{
	char text[1024], *at;

	get(l->dir, l->v2 ? "memory.events" : "memory.oom_control", text, sizeof(text));
	at = strstr(text, "\noom_kill ");
	return at ? strtoull(at + strlen("\noom_kill "), NULL, 10) : 0;
}

int limit_kill(const char *dir, unsigned seconds)
{
	uint64_t until = clock_ns() + seconds * NS_PER_S;

	for (;;) {
		struct pid_set set = {0};
		int err = cgroup_pids("/proc", dir, &set);
		size_t n = set.n;

		for (size_t i = 0; i < set.n; i++)
			kill(set.at[i], SIGKILL);
		pid_set_free(&set);
		if (err == -ENOENT || (!err && !n))
			return 0;
		if (clock_ns() >= until)
			return err ?: -EBUSY;
		pause_ns(STEP_NS);
	}
}

void limit_drop(const char *dir)
{
	uint64_t until = clock_ns() + DROP_NS;

	do {
		if (put(dir, "memory.force_empty", "0")) {
			put(dir, "memory.high", "0");
			put(dir, "memory.high", "max");
		}
		if (usage(dir) < DROPPED)
			return;
		pause_ns(STEP_NS);
	} while (clock_ns() < until);
}

int limit_remove(const char *dir)
{
	uint64_t until = clock_ns() + NS_PER_S;
	struct dirent *entry;
	DIR *d = opendir(dir);

	/* Groups that a copy made below it. */
	while (d && (entry = readdir(d))) {
		char path[PATH_MAX];

		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) < PATH_MAX)
			limit_remove(path);
	}
	if (d)
		closedir(d);
	/* The last to leave may still be on its way out. */
	while (rmdir(dir)) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY || clock_ns() >= until)
			return -errno;
		pause_ns(STEP_NS);
	}
	return 0;
}

void limit_disable(const char *parent)
{
	put(parent, "cgroup.subtree_control", "-memory");
}
