/* SPDX-License-Identifier: BSD-2-Clause */
#include "target/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"

/* A process may end between any two looks at it: its files are not there, or there but dead. */
static int gone(int err)
{
	return err == ENOENT ? -ESRCH : -err;
}

static int open_file(const char *root, pid_t pid, const char *name)
{
	char path[PATH_MAX];
	int n, fd;

	n = snprintf(path, sizeof(path), "%s/%d/%s", root, pid, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? gone(errno) : fd;
}

/* A file of one line: the kernel hands it over in one piece. */
static int read_line(const char *root, pid_t pid, const char *name, char *buf, size_t size)
{
	int fd = open_file(root, pid, name);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, buf, size - 1);
	if (n < 0)
		n = gone(errno);
	close(fd);
	if (n < 0)
		return (int)n;
	buf[n] = 0;
	return 0;
}

/*
 * The number that is item `index` (from 0) of the field `name` ("Uid:") of PID/status. -ENODATA
 * if there is no such field. Line by line, because nothing bounds the length of "Groups:".
 * A name can't pose as another field: the kernel writes its newlines as "\n" there.
 */
static int status_field(const char *root, pid_t pid, const char *name, unsigned index, uint64_t *value)
{
	int fd = open_file(root, pid, "status"), err = -ENODATA;
	size_t room = 0, name_len = strlen(name);
	char *line = NULL, *rest, *item;
	FILE *file;

	if (fd < 0)
		return fd;
	file = fdopen(fd, "r");
	if (!file) {
		err = -errno;
		close(fd);
		return err;
	}
	errno = 0;
	while (getline(&line, &room, file) > 0) {
		if (strncmp(line, name, name_len) != 0)
			continue;
		item = strtok_r(line + name_len, " \t\n", &rest);
		while (item && index--)
			item = strtok_r(NULL, " \t\n", &rest);
		err = item && !parse_u64(item, 0, UINT64_MAX, value) ? 0 : -EPROTO;
		break;
	}
	if (ferror(file))
		err = gone(errno);
	free(line);
	fclose(file);
	return err;
}

bool procfs_is_ours(const char *root)
{
	char path[PATH_MAX], self[16] = "";
	uint64_t pid;
	int n = snprintf(path, sizeof(path), "%s/self", root);

	if (n < 0 || (size_t)n >= sizeof(path) || readlink(path, self, sizeof(self) - 1) < 0)
		return false;
	return !parse_u64(self, 1, INT_MAX, &pid) && (pid_t)pid == getpid();
}

int procfs_memory(const char *root, pid_t pid, struct proc_memory *mem)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t size, resident, text, data, peak;
	char buf[256];
	int err;

	err = read_line(root, pid, "statm", buf, sizeof(buf));
	if (err)
		return err;
	if (sscanf(buf, "%" SCNu64 " %" SCNu64 " %*u %" SCNu64 " %*u %" SCNu64, &size, &resident, &text, &data) != 4)
		return -EPROTO;

	err = status_field(root, pid, "VmHWM:", 0, &peak); /* kB */
	if (err && err != -ENODATA)
		return err;
	*mem = (struct proc_memory){
		.rss = resident * page,
		.vsz = size * page,
		.text = text * page,
		.data = data * page,
		.has_peak = !err,
		.peak_rss = err ? 0 : peak * 1024,
	};
	return 0;
}

int procfs_stat(const char *root, pid_t pid, struct proc_stat *st)
{
	struct proc_stat s = {0};
	char buf[1024], *open, *close;
	int err;

	err = read_line(root, pid, "stat", buf, sizeof(buf));
	if (err)
		return err;
	/* The name may hold anything, ") R 1" too, but after it there are only numbers. */
	open = strchr(buf, '(');
	close = strrchr(buf, ')');
	if (!open || !close || close < open)
		return -EPROTO;
	*close = 0;
	snprintf(s.comm, sizeof(s.comm), "%s", open + 1);
	/* Fields 1; 3 state, 4 ppid, 9 flags, 20 num_threads, 22 starttime. */
	if (sscanf(buf, "%d (", &s.pid) != 1 ||
	    sscanf(close + 1,
	           " %c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %" SCNu64 " %*d %" SCNu64,
	           &s.state, &s.ppid, &s.flags, &s.threads, &s.starttime) != 5)
		return -EPROTO;
	*st = s;
	return 0;
}

/* A field that every process has. */
static int required_field(const char *root, pid_t pid, const char *name, unsigned index, uint64_t max, uint64_t *value)
{
	int err = status_field(root, pid, name, index, value);

	if (err == -ENODATA || (!err && *value > max))
		return -EPROTO;
	return err;
}

int procfs_tgid(const char *root, pid_t pid, pid_t *tgid)
{
	uint64_t value;
	int err = required_field(root, pid, "Tgid:", 0, INT_MAX, &value);

	if (!err)
		*tgid = (pid_t)value;
	return err;
}

int procfs_uid(const char *root, pid_t pid, uid_t *uid)
{
	uint64_t value;
	int err = required_field(root, pid, "Uid:", 1, UINT32_MAX, &value); /* real, effective, … */

	if (!err)
		*uid = (uid_t)value;
	return err;
}

int procfs_each(const char *root, int (*visit)(pid_t pid, void *arg), void *arg)
{
	DIR *dir = opendir(root);
	struct dirent *entry;
	uint64_t pid;
	int err = 0;

	if (!dir)
		return -errno;
	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			err = -errno;
			break;
		}
		if (parse_u64(entry->d_name, 1, INT_MAX, &pid))
			continue;
		err = visit((pid_t)pid, arg);
		if (err)
			break;
	}
	closedir(dir);
	return err;
}
