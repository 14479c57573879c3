/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of the log: opening one, and what its replay has seen. */
#ifndef TESTS_SERVERS_WAL_TEST_H
#define TESTS_SERVERS_WAL_TEST_H

#include "../unit/scratch.h"

#include <errno.h>
#include "core/wal.h"
#include "core/wal_file.h"

/* What a replay has seen: all records one after the other, and how many. */
static char *seen;
static size_t seen_size;
static unsigned seen_n;

static int see(void *context, const void *data, size_t size)
{
	char *larger = realloc(seen, seen_size + size);

	(void)context;
	assert_non_null(larger);
	seen = larger;
	memcpy(seen + seen_size, data, size);
	seen_size += size;
	seen_n++;
	return 0;
}

static int open_log(const char *path, enum fsync_policy policy, uint64_t *dropped)
{
	seen_size = seen_n = 0;
	return wal_open(path, policy, see, NULL, dropped);
}

#endif
