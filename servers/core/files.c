/* SPDX-License-Identifier: BSD-2-Clause */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INDEX "index.html"
#define TRIES 16

int files_root(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The kernel itself refuses what would leave the root, so there is no time between a check and its use. */
static int open_below(int root, const char *name)
{
	struct open_how how = {
		/* Not blocking: opening a FIFO would wait for its writer. */
		.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	/* EAGAIN: somebody renamed something just now, so that the kernel can't be sure. */
	for (int i = 0; i < TRIES && fd < 0; i++) {
		fd = syscall(SYS_openat2, root, name, &how, sizeof(how));
		if (fd < 0 && errno != EAGAIN && errno != EINTR)
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

static bool is_short(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM || err == -EAGAIN || err == -EINTR;
}

/* 0; -EISDIR; as file_open(). */
static int open_file(int root, struct file *f)
{
	struct stat st;
	int err = 0;

	f->fd = open_below(root, f->name);
	if (f->fd < 0)
		return is_short(f->fd) ? f->fd : -ENOENT;
	if (fstat(f->fd, &st))
		err = -ENOENT;
	else if (S_ISDIR(st.st_mode))
		err = -EISDIR;
	else if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > FILE_MAX)
		err = -ENOENT;
	if (err) {
		file_close(f);
		return err;
	}
	f->size = st.st_size;
	f->changed = st.st_mtim.tv_sec;
	return 0;
}

int file_open(int root, const char *name, struct file *f)
{
	size_t len = strlen(name);
	int err;

	if (len + sizeof("/" INDEX) > sizeof(f->name))
		return -ENOENT;
	strcpy(f->name, len ? name : ".");
	err = open_file(root, f);
	if (err != -EISDIR)
		return err;
	strcat(f->name, "/" INDEX);
	err = open_file(root, f);
	return err == -EISDIR ? -ENOENT : err;
}

void file_close(struct file *f)
{
	close(f->fd);
	f->fd = -1;
}

int file_read(const struct file *f, struct buf *to)
{
	bool whole = !to->failed;
	char *at = buf_room(to, f->size);
	size_t done = 0;

	if (!at) {
		/* Only this was too much: what was in it before is still there. */
		to->failed = !whole;
		return -ENOMEM;
	}
	while (done < f->size) {
		ssize_t n = pread(f->fd, at + done, f->size - done, done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EIO;
		done += n;
	}
	buf_added(to, done);
	return 0;
}
