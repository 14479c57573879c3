/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Appending copies a record to a ring in shared memory; whoever must commit first writes out all that is there, and
 * fsyncs for all: the others wait for the lock meanwhile, and find their work done. A process killed with the lock
 * loses nothing, as `written` moves only after the write: the next one writes the same bytes to the same place.
 */
#include "wal.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "shared.h"
#include "wal_file.h"

#define RING (4u << 20) /* bytes, a power of two */

/* Positions are offsets in the file, each the end of a record. */
struct wal {
	pthread_mutex_t writing;
	_Atomic uint64_t appended;
	_Atomic uint64_t written;
	_Atomic uint64_t safe; /* what commit promises: on disk, or with the other policies written */
	_Atomic int failed;    /* errno */
	uint32_t salt;
	char ring[RING]; /* what lies between written and appended */
};

static struct wal *wal;
static int file = -1;
static enum fsync_policy fsync_policy;
static uint64_t synced; /* FSYNC_EVERYSEC: of the main process */

static uint64_t load(const _Atomic uint64_t *position)
{
	return atomic_load_explicit(position, memory_order_acquire);
}

static void store(_Atomic uint64_t *position, uint64_t value)
{
	atomic_store_explicit(position, value, memory_order_release);
}

/* The first error stays. What is not safe is cut off, so that no half record is left where that can be helped. */
static int fail(int err)
{
	atomic_store(&wal->failed, -err);
	if (ftruncate(file, load(&wal->safe)) < 0)
		return err;
	return err;
}

static int write_at(struct iovec *part, int n, uint64_t at)
{
	while (n) {
		ssize_t done = pwritev(file, part, n, at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -ENOSPC;
		at += done;
		for (; n && (size_t)done >= part->iov_len; part++, n--)
			done -= part->iov_len;
		if (n) {
			part->iov_base = (char *)part->iov_base + done;
			part->iov_len -= done;
		}
	}
	return 0;
}

/* With the lock `writing`: what a process killed in append_large() had written is not in the log. */
static void settle(void)
{
	if (load(&wal->written) > load(&wal->appended))
		store(&wal->written, load(&wal->appended));
}

static void set_written(uint64_t position)
{
	store(&wal->written, position);
	if (fsync_policy != FSYNC_ALWAYS)
		store(&wal->safe, position);
}

/* With the lock `writing`: all that is appended, to the file. */
static int write_out(void)
{
	struct iovec part[2];
	uint64_t from, to;
	size_t first;
	int err = -atomic_load(&wal->failed);

	if (err)
		return err;
	settle();
	from = load(&wal->written);
	to = load(&wal->appended);
	first = RING - from % RING;
	if (first > to - from)
		first = to - from;
	part[0] = (struct iovec){wal->ring + from % RING, first};
	part[1] = (struct iovec){wal->ring, to - from - first};
	err = first ? write_at(part, part[1].iov_len ? 2 : 1, from) : 0;
	if (err)
		return fail(err);
	set_written(to);
	return 0;
}

static int write_and_sync(void)
{
	int err = write_out();
	uint64_t written = load(&wal->written);

	if (err || fsync_policy != FSYNC_ALWAYS || load(&wal->safe) == written)
		return err;
	if (fdatasync(file))
		return fail(-errno);
	store(&wal->safe, written);
	return 0;
}

static void ring_put(uint64_t at, const void *data, size_t size)
{
	size_t first = RING - at % RING;

	if (size < first)
		first = size;
	memcpy(wal->ring + at % RING, data, first);
	memcpy(wal->ring, (const char *)data + first, size - first);
}

/* A record that would fill the ring goes to the file at once, after all before it. */
static int append_large(struct wal_head *head, const void *data, uint64_t at)
{
	struct iovec part[2] = {{head, sizeof(*head)}, {(void *)data, head->size}};
	uint64_t end = at + sizeof(*head) + head->size;
	int err;

	shared_lock(&wal->writing);
	err = write_out();
	if (!err) {
		err = write_at(part, 2, at);
		if (err)
			fail(err);
	}
	if (!err) {
		/* In this order: what is appended and not written must be in the ring. */
		store(&wal->written, end);
		store(&wal->appended, end);
		set_written(end);
	}
	shared_unlock(&wal->writing);
	return err;
}

/* Room in the ring for all up to `end`. */
static int make_room(uint64_t at, uint64_t end)
{
	int err;

	if (load(&wal->written) <= at && end - load(&wal->written) <= RING)
		return 0;
	shared_lock(&wal->writing);
	err = write_out();
	shared_unlock(&wal->writing);
	return err;
}

int64_t wal_append(const void *data, size_t size)
{
	uint64_t at = load(&wal->appended), end = at + sizeof(struct wal_head) + size;
	int err = -atomic_load(&wal->failed);
	struct wal_head head;

	if (!err && (!size || size > WAL_RECORD_MAX))
		err = -EMSGSIZE;
	if (err)
		return err;
	head = wal_head_of(wal->salt, at, data, size);
	if (end - at > RING / 2) {
		err = append_large(&head, data, at);
	} else if (!(err = make_room(at, end))) {
		ring_put(at, &head, sizeof(head));
		ring_put(at + sizeof(head), data, size);
		store(&wal->appended, end);
	}
	return err ? err : (int64_t)end;
}

int wal_commit(uint64_t position)
{
	int err = 0;

	if (!wal || load(&wal->safe) >= position)
		return 0;
	shared_lock(&wal->writing);
	if (load(&wal->safe) < position)
		err = write_and_sync();
	shared_unlock(&wal->writing);
	return err;
}

uint64_t wal_appended(void)
{
	return wal ? load(&wal->appended) : 0;
}

uint64_t wal_pending(void)
{
	uint64_t appended = wal_appended();

	return !appended || load(&wal->safe) >= appended || wal_failed() ? 0 : appended;
}

int wal_failed(void)
{
	return wal ? atomic_load(&wal->failed) : 0;
}

void wal_tick(void)
{
	uint64_t written;
	int err;

	if (!wal)
		return;
	wal_commit(wal_appended());
	written = load(&wal->written);
	if (fsync_policy != FSYNC_EVERYSEC || written == synced || wal_failed())
		return;
	/* Without the lock, so that others go on writing. */
	err = fdatasync(file) ? -errno : 0;
	if (!err) {
		synced = written;
		return;
	}
	shared_lock(&wal->writing);
	fail(err);
	shared_unlock(&wal->writing);
}

int wal_open(const char *path, enum fsync_policy policy, wal_replay replay, void *context, uint64_t *dropped)
{
	struct wal *w = shared_map(sizeof(*w));
	uint64_t end;
	int fd, err;

	if (!w)
		return -ENOMEM;
	err = shared_mutex_init(&w->writing);
	fd = err ? err : wal_file_open(path, replay, context, &w->salt, &end, dropped);
	if (fd < 0) {
		shared_unmap(w, sizeof(*w));
		return fd;
	}
	w->appended = w->written = w->safe = end;
	synced = end;
	wal = w;
	file = fd;
	fsync_policy = policy;
	return 0;
}

int wal_close(void)
{
	int err;

	if (!wal)
		return 0;
	shared_lock(&wal->writing);
	err = write_out();
	if (!err && fdatasync(file))
		err = fail(-errno);
	shared_unlock(&wal->writing);
	if (close(file) && !err)
		err = -errno;
	shared_unmap(wal, sizeof(*wal));
	wal = NULL;
	file = -1;
	return err;
}
