// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "area.h"

#define CHUNK (1U << 20) /* bytes written at once */

static int fill(int fd, uint64_t size, const volatile sig_atomic_t *stop)
{
	uint64_t *chunk = calloc(1, CHUNK);
	uint64_t done = 0;
	int err = chunk ? 0 : -ENOMEM;

	if (chunk)
		chunk[MARK_PLACE] = MARK;
	while (!err && done < size) {
		ssize_t n = write(fd, chunk, size - done < CHUNK ? size - done : CHUNK);

		if (*stop)
			err = -EINTR;
		else if (n > 0)
			done += n;
		else if (n < 0 && errno != EINTR)
			err = -errno;
	}
	free(chunk);
	if (!err && fsync(fd) < 0)
		err = -errno;
	return err;
}

/* A file that is not whole would be in the way next time. */
static int make_file(const char *path, uint64_t size, const volatile sig_atomic_t *stop)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int err;

	if (fd < 0)
		return -errno;
	err = fill(fd, size, stop);
	if (err) {
		unlink(path);
		close(fd);
	}
	return err ? err : fd;
}

/* O_NONBLOCK: a FIFO must not make it wait. */
static int open_file(const struct area *a, const volatile sig_atomic_t *stop)
{
	int fd = open(a->path, (a->store ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int err = 0;

	if (fd < 0)
		return errno == ENOENT ? make_file(a->path, a->size, stop) : -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	else if ((uint64_t)st.st_size < a->size)
		err = -ERANGE;
	if (err)
		close(fd);
	return err ? err : fd;
}

int area_map(struct area *a, const volatile sig_atomic_t *stop, const char **why)
{
	int flags = a->path ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;

	*why = NULL;
	a->fd = a->path ? open_file(a, stop) : -1;
	if (a->path && a->fd < 0)
		return a->fd;
	*why = "mapping the memory";
	a->base = mmap(NULL, a->size, PROT_READ | (a->store ? PROT_WRITE : 0), flags, a->fd, 0);
	if (a->base == MAP_FAILED)
		return -errno;
	/* A kernel without huge pages does not know the advice. */
	if (!a->path && madvise(a->base, a->size, MADV_NOHUGEPAGE) < 0 && errno != EINVAL)
		return -errno;
	return 0;
}

bool area_is_ours(const struct area *a)
{
	uint64_t word = 0;

	return pread(a->fd, &word, sizeof(word), MARK_PLACE * sizeof(word)) == sizeof(word) && word == MARK;
}

int area_settle(const struct area *a, const struct pattern *pattern, bool cold)
{
	int err;

	if (!a->path)
		return 0;
	/* Pages that an earlier run has written to cannot leave the page cache, either. */
	if ((a->store || cold) && fsync(a->fd) < 0)
		return -errno;
	if (madvise(a->base, a->size, MADV_DONTNEED) < 0)
		return -errno;
	if (madvise(a->base, a->size, pattern->read_ahead ? MADV_NORMAL : MADV_RANDOM) < 0)
		return -errno;
	err = cold ? posix_fadvise(a->fd, 0, 0, POSIX_FADV_DONTNEED) : 0;
	return -err;
}
