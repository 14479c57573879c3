/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A log with anything in it: the first byte says whether the rest is a file as it is, or the content of records that
 * are whole, each with its size in front, as a write by other code could have left them.
 */
#include "split.h"

#include <unistd.h>
#include "core/wal.h"
#include "core/wal_file.h"

/* In memory: each run waits for the disk several times. */
static char path[] = "/dev/shm/fuzz_wal-XXXXXX";
static int file;

static void remove_file(void)
{
	unlink(path);
}

static int nothing(void *context, const void *data, size_t size)
{
	(void)data;
	*(size_t *)context += size;
	return 0;
}

static void put_whole(const uint8_t *data, size_t size)
{
	while (size > 1) {
		size_t n = data[0] < size - 1 ? data[0] : size - 1;

		must(!n || wal_append(data + 1, n) > 0);
		data += n + 1;
		size -= n + 1;
	}
}

/* Opened twice, a log is what it was the first time. */
static void opens_twice(void)
{
	size_t first = 0, second = 0;
	uint64_t dropped = 0;

	if (wal_open(path, FSYNC_NO, nothing, &first, &dropped))
		return;
	must(!wal_close());
	must(!wal_open(path, FSYNC_NO, nothing, &second, &dropped));
	must(!wal_close() && first == second && !dropped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct config config = {.memory = 64 << 10, .wal = path, .fsync = FSYNC_NO};
	uint64_t dropped;
	size_t before = 0;
	char why[256] = "";

	if (!file) {
		file = mkstemp(path);
		atexit(remove_file);
	}
	must(file > 0 && !ftruncate(file, 0));
	if (!size)
		return 0;
	if (data[0] % 2) {
		must(pwrite(file, data + 1, size - 1, 0) == (ssize_t)size - 1);
	} else {
		must(!wal_open(path, FSYNC_NO, nothing, &before, &dropped));
		put_whole(data + 1, size - 1);
		must(!wal_close());
	}
	/* First, as it cuts off what is damaged, and kv would say so on standard error. */
	opens_twice();
	if (!app_kv.start(&config, why))
		app_kv.stop();
	else
		must(*why);
	return 0;
}
