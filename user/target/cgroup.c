/* SPDX-License-Identifier: BSD-2-Clause */
#include "target/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "target/procfs.h"

/* Gone since it was listed (the file, or the group under an open file): not an error. */
static bool vanished(int err)
{
	return err == -ENOENT || err == -ENODEV;
}

/* Add the numbers in file `name` of the directory; those of threads as their processes. */
static int add_listed(const char *root, int dir, const char *name, bool threads, struct pid_set *pids)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC), err = 0;
	char *line = NULL;
	size_t room = 0;
	uint64_t number;
	FILE *file;

	if (fd < 0)
		return -errno;
	file = fdopen(fd, "r");
	if (!file) {
		err = -errno;
		close(fd);
		return err;
	}
	while (!err && getline(&line, &room, file) > 0) {
		pid_t pid;

		line[strcspn(line, "\n")] = 0;
		/* 0 stands for a process that our PID namespace does not have. */
		if (parse_u64(line, 1, INT_MAX, &number))
			continue;
		pid = (pid_t)number;
		if (threads && procfs_tgid(root, pid, &pid))
			continue;
		err = pid_set_add(pids, pid);
	}
	if (!err && ferror(file))
		err = -errno;
	free(line);
	fclose(file);
	return err;
}

static int add_group(const char *root, int dir, struct pid_set *pids)
{
	int err = add_listed(root, dir, "cgroup.procs", false, pids);

	/* A threaded group of version 2 has threads of processes that are at home above it. */
	if (err == -EOPNOTSUPP)
		err = add_listed(root, dir, "cgroup.threads", true, pids);
	return err;
}

static int walk(const char *root, int fd, struct pid_set *pids);

static int walk_child(const char *root, int dir, const char *name, struct pid_set *pids)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), err;

	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP || errno == ENOENT ? 0 : -errno;
	err = walk(root, fd, pids);
	return vanished(err) ? 0 : err;
}

/* All in the group that `fd` is open on, and below. Closes it. */
static int walk(const char *root, int fd, struct pid_set *pids)
{
	struct dirent *entry;
	DIR *dir;
	int err;

	err = add_group(root, fd, pids);
	if (err) {
		close(fd);
		return err;
	}
	dir = fdopendir(fd);
	if (!dir) {
		err = -errno;
		close(fd);
		return err;
	}
	while (!err && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
			continue;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			err = walk_child(root, dirfd(dir), entry->d_name, pids);
	}
	closedir(dir);
	return err;
}

static int walk_path(const char *root, const char *path, struct pid_set *pids)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (fd < 0)
		err = -errno;
	else
		err = walk(root, fd, pids);
	return vanished(err) || err == -ENOTDIR ? -ENOENT : err;
}

/* Undo what the kernel does to blanks and the like in a path of mountinfo: "\040". */
static void unescape(char *path)
{
	char *to = path;

	for (const char *p = path; *p; to++) {
		bool octal = p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' && p[3] >= '0' &&
		             p[3] <= '7';

		*to = octal ? (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0')) : *p;
		p += octal ? 4 : 1;
	}
	*to = 0;
}

/* The mount point in a line of mountinfo (proc(5)), NULL if it is of no cgroup. Changes the line. */
static char *cgroup_mount(char *line)
{
	char *type = strstr(line, " - "), *rest, *field;

	if (!type)
		return NULL;
	*type = 0;
	type += 3;
	type[strcspn(type, " \n")] = 0;
	if (strcmp(type, "cgroup") != 0 && strcmp(type, "cgroup2") != 0)
		return NULL;
	/* id, parent, device, root, mount point */
	field = strtok_r(line, " ", &rest);
	for (int i = 0; field && i < 4; i++)
		field = strtok_r(NULL, " ", &rest);
	if (field)
		unescape(field);
	return field;
}

static int walk_mounts(const char *root, const char *name, struct pid_set *pids)
{
	char path[PATH_MAX], *line = NULL;
	int err = 0, found = 0;
	size_t room = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/self/mountinfo", root);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (!err && getline(&line, &room, file) > 0) {
		const char *mount = cgroup_mount(line);
		int n;

		if (!mount)
			continue;
		n = snprintf(path, sizeof(path), "%s/%s", mount, name);
		if (n < 0 || (size_t)n >= sizeof(path))
			continue;
		err = walk_path(root, path, pids);
		if (!err)
			found++;
		else if (err == -ENOENT)
			err = 0;
	}
	free(line);
	fclose(file);
	return err || found ? err : -ENOENT;
}

int cgroup_pids(const char *root, const char *path, struct pid_set *pids)
{
	int err = -ENOENT;

	/* An empty name, of a variable that is not set perhaps, would be everything. */
	if (!*path)
		return err;
	if (*path == '/')
		err = walk_path(root, path, pids);
	/* As /proc/PID/cgroup has it, a name below a mount begins with a slash too. */
	return err == -ENOENT ? walk_mounts(root, path, pids) : err;
}
