/* SPDX-License-Identifier: BSD-2-Clause */
#include "wal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "buf.h"

#define READ_SIZE (256 << 10)

struct wal_head wal_head_of(uint32_t salt, uint64_t at, const void *data, size_t size)
{
	struct {
		uint64_t at;
		uint32_t size, salt;
	} first = {at, size, salt};

	return (struct wal_head){size, crc32(crc32(0, (void *)&first, sizeof(first)), data, size)};
}

static uint32_t header_crc(const struct wal_header *header)
{
	return crc32(0, (const void *)header, offsetof(struct wal_header, crc));
}

/* 1: at least n bytes are in the buffer, 0: the file has no more, or -errno. */
static int fill(int fd, struct buf *in, size_t n)
{
	while (buf_len(in) < n) {
		size_t want = n - buf_len(in) > READ_SIZE ? n - buf_len(in) : READ_SIZE;
		char *room = buf_room(in, want);
		ssize_t got = room ? read(fd, room, want) : 0;

		if (!room)
			return -ENOMEM;
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : 0;
		buf_added(in, got);
	}
	return 1;
}

/* As fill(): a whole record is at the front of the buffer. */
static int fill_record(int fd, struct buf *in, uint32_t salt, uint64_t at, struct wal_head *head)
{
	struct wal_head should;
	int err = fill(fd, in, sizeof(*head));

	if (err <= 0)
		return err;
	memcpy(head, buf_at(in), sizeof(*head));
	if (!head->size || head->size > WAL_RECORD_MAX)
		return 0;
	err = fill(fd, in, sizeof(*head) + head->size);
	if (err <= 0)
		return err;
	should = wal_head_of(salt, at, buf_at(in) + sizeof(*head), head->size);
	return should.crc == head->crc;
}

static int replay_all(int fd, wal_replay replay, void *context, uint32_t salt, uint64_t *end)
{
	struct buf in = {};
	struct wal_head head;
	int err;

	*end = sizeof(struct wal_header);
	err = lseek(fd, *end, SEEK_SET) < 0 ? -errno : 0;
	while (!err && (err = fill_record(fd, &in, salt, *end, &head)) > 0) {
		err = replay(context, buf_at(&in) + sizeof(head), head.size);
		if (err)
			break;
		buf_take(&in, sizeof(head) + head.size);
		*end += sizeof(head) + head.size;
	}
	buf_free(&in);
	return err;
}

/* A name is on disk when its directory is. */
static int sync_directory(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int err = fd < 0 || fsync(fd) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	free(copy);
	return err;
}

static int make_header(int fd, const char *path, struct wal_header *header)
{
	*header = (struct wal_header){.magic = WAL_MAGIC};
	if (getrandom(&header->salt, sizeof(header->salt), 0) != sizeof(header->salt))
		return -EIO;
	header->crc = header_crc(header);
	if (ftruncate(fd, 0))
		return -errno;
	errno = ENOSPC;
	if (pwrite(fd, header, sizeof(*header), 0) != sizeof(*header) || fsync(fd))
		return -errno;
	return sync_directory(path);
}

/* A file that was cut within its header is a new one. */
static int read_header(int fd, const char *path, struct wal_header *header)
{
	ssize_t got = pread(fd, header, sizeof(*header), 0);
	size_t magic = sizeof(header->magic);

	if (got < 0)
		return -errno;
	if (memcmp(header->magic, WAL_MAGIC, (size_t)got < magic ? (size_t)got : magic))
		return -EBADMSG;
	if (got < (ssize_t)sizeof(*header))
		return make_header(fd, path, header);
	return header->crc == header_crc(header) ? 0 : -EBADMSG;
}

static int open_locked(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), err = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	/* The lock is that of the open file, so forked children hold it too. */
	if (flock(fd, LOCK_EX | LOCK_NB))
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	else if (fstat(fd, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EBADMSG;
	if (!err)
		return fd;
	close(fd);
	return err;
}

int wal_file_open(const char *path, wal_replay replay, void *context, uint32_t *salt, uint64_t *end, uint64_t *dropped)
{
	struct wal_header header;
	struct stat st, now;
	int fd = open_locked(path), err;

	if (fd < 0)
		return fd;
	err = fstat(fd, &st) ? -errno : read_header(fd, path, &header);
	if (!err)
		err = replay_all(fd, replay, context, header.salt, end);
	if (!err && (fstat(fd, &now) || ((uint64_t)now.st_size > *end && ftruncate(fd, *end)) || fsync(fd)))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	*salt = header.salt;
	*dropped = (uint64_t)st.st_size > *end ? st.st_size - *end : 0;
	if ((uint64_t)st.st_size < sizeof(header))
		*dropped = st.st_size;
	return fd;
}
