/* SPDX-License-Identifier: BSD-2-Clause */
#include "target/swap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/swap.h>
#include <unistd.h>

/* The first page, as mkswap(8) writes it: union swap_header of include/linux/swap.h. */
struct header {
	char boot[1024];
	uint32_t version;
	uint32_t last_page;
	uint32_t bad_pages;
	unsigned char uuid[16];
	char label[16];
};

static int put_header(int fd, uint64_t bytes)
{
	struct header h = {.version = 1, .label = "vmprof"};
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	static const char magic[] = "SWAPSPACE2";
	uint64_t pages = bytes / page - 1;

	h.last_page = pages < UINT32_MAX ? (uint32_t)pages : UINT32_MAX;
	if (getrandom(h.uuid, sizeof(h.uuid), 0) != sizeof(h.uuid))
		return -EIO;
	if (pwrite(fd, &h, sizeof(h), 0) != sizeof(h) ||
	    pwrite(fd, magic, sizeof(magic) - 1, (off_t)(page - (sizeof(magic) - 1))) != sizeof(magic) - 1)
		return -EIO;
	return fsync(fd) ? -errno : 0;
}

int swap_make(const char *path, uint64_t bytes)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), err;

	if (fd < 0)
		return -errno;
	/* Whole: a file with holes can't be swapped to. */
	err = -posix_fallocate(fd, 0, (off_t)bytes);
	if (err == -EOPNOTSUPP)
		err = -EINVAL;
	if (!err)
		err = put_header(fd, bytes);
	close(fd);
	if (!err && swapon(path, 0))
		err = -errno;
	return err;
}

int swap_remove(const char *path)
{
	int err = 0;

	/* EINVAL: it never was in use. */
	if (swapoff(path) && errno != ENOENT && errno != EINVAL)
		err = -errno;
	/* What is still in use keeps its name, so that somebody can take it out of use. */
	if (!err && unlink(path) && errno != ENOENT)
		err = -errno;
	return err;
}
