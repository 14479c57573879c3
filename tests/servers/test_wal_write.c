/* SPDX-License-Identifier: BSD-2-Clause */
#include "wal_test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

/* Sizes about those of the ring and of what it takes. */
static void records_of_all_sizes(void **state)
{
	static const size_t sizes[] = {1,       4095,           3 << 20, 5,       (2 << 20) - 8, (2 << 20) - 7,
	                               1 << 20, 1 << 20,        1 << 20, 1 << 20, 1 << 20,       (2 << 20) - 8,
	                               7,       WAL_RECORD_MAX, 1};
	const unsigned n = sizeof(sizes) / sizeof(*sizes);
	char *bytes = malloc(WAL_RECORD_MAX);
	uint64_t dropped;
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < WAL_RECORD_MAX; i++)
		bytes[i] = i * 2654435761u >> 24;
	for (int policy = FSYNC_ALWAYS; policy <= FSYNC_NO; policy++) {
		const char *path = scratch_path(policy == FSYNC_ALWAYS ? "always" : policy == FSYNC_NO ? "no" : "sec");

		assert_int_equal(open_log(path, policy, &dropped), 0);
		for (unsigned i = 0; i < n; i++) {
			int64_t position = wal_append(bytes + i, sizes[i] - (sizes[i] > 100 ? i : 0));

			assert_true(position > 0);
			assert_int_equal(wal_appended(), position);
			if (i % 3 == 0) {
				assert_int_equal(wal_commit(position), 0);
				assert_int_equal(wal_pending(), 0);
			}
		}
		assert_int_equal(wal_append(bytes, 0), -EMSGSIZE);
		assert_int_equal(wal_append(bytes, (size_t)WAL_RECORD_MAX + 1), -EMSGSIZE);
		assert_int_equal(wal_close(), 0);
		assert_int_equal(open_log(path, policy, &dropped), 0);
		assert_int_equal(seen_n, n);
		at = 0;
		for (unsigned i = 0; i < n; i++) {
			size_t size = sizes[i] - (sizes[i] > 100 ? i : 0);

			assert_memory_equal(seen + at, bytes + i, size);
			at += size;
		}
		assert_int_equal(wal_close(), 0);
	}
	free(bytes);
}

static off_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* A file that may not grow further: the error stays, what was safe is there, and no half record. */
static void no_room_on_the_disk(void **state)
{
	const char *path = scratch_path("log");
	struct rlimit old, small;
	uint64_t dropped;
	char record[1000];
	int64_t safe = 0, position = 0;
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(record); i++)
		record[i] = i;
	assert_int_equal(open_log(path, FSYNC_ALWAYS, &dropped), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){10500, old.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (;; n++) {
		position = wal_append(record, sizeof(record));
		assert_true(position > 0);
		assert_int_equal(wal_pending(), position);
		if (wal_commit(position))
			break;
		safe = position;
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(n, 10);
	assert_int_equal(wal_failed(), EFBIG);
	assert_int_equal(wal_commit(position), -EFBIG);
	assert_int_equal(wal_commit(safe), 0);
	assert_int_equal(wal_append(record, 1), -EFBIG);
	assert_int_equal(wal_pending(), 0);
	assert_int_equal(size_of(path), safe);
	wal_tick();
	assert_int_equal(wal_close(), -EFBIG);
	assert_int_equal(open_log(path, FSYNC_ALWAYS, &dropped), 0);
	assert_int_equal(dropped, 0);
	assert_int_equal(seen_n, n);
	assert_int_equal(wal_close(), 0);
}

/* What nobody commits is written by the clock. */
static void the_tick_writes(void **state)
{
	(void)state;
	for (int policy = FSYNC_ALWAYS; policy <= FSYNC_NO; policy++) {
		const char *path = scratch_path("log");
		uint64_t dropped;
		int64_t position;

		unlink(path);
		assert_int_equal(open_log(path, policy, &dropped), 0);
		position = wal_append("something", 9);
		assert_int_equal(wal_pending(), position);
		assert_int_equal(size_of(path), sizeof(struct wal_header));
		wal_tick();
		assert_int_equal(wal_pending(), 0);
		assert_int_equal(size_of(path), position);
		assert_int_equal(wal_close(), 0);
	}
}

#define WORKERS 4
#define EACH    2000

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static unsigned next_number;

/* Appends numbers in their order, and commits each: it must be in the file then. */
static void *append_numbers(void *arg)
{
	int fd = *(int *)arg;

	for (int i = 0; i < EACH; i++) {
		unsigned number, read_back = 0;
		int64_t position;

		pthread_mutex_lock(&order);
		number = next_number++;
		position = wal_append(&number, sizeof(number));
		pthread_mutex_unlock(&order);
		if (position < 0 || wal_commit(position))
			return "no commit";
		if (pread(fd, &read_back, sizeof(number), position - sizeof(number)) != sizeof(number) ||
		    read_back != number)
			return "committed, and not in the file";
	}
	return NULL;
}

static void threads_commit_together(void **state)
{
	const char *path = scratch_path("log");
	pthread_t threads[WORKERS];
	uint64_t dropped;
	int fd;

	(void)state;
	assert_int_equal(open_log(path, FSYNC_NO, &dropped), 0);
	fd = open(path, O_RDONLY);
	next_number = 0;
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, append_numbers, &fd), 0);
	for (int i = 0; i < WORKERS; i++) {
		void *complaint;

		assert_int_equal(pthread_join(threads[i], &complaint), 0);
		assert_null(complaint);
	}
	close(fd);
	assert_int_equal(wal_close(), 0);
	assert_int_equal(open_log(path, FSYNC_NO, &dropped), 0);
	assert_int_equal(seen_n, WORKERS * EACH);
	for (unsigned i = 0; i < seen_n; i++)
		assert_int_equal(((unsigned *)(void *)seen)[i], i);
	assert_int_equal(wal_close(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(records_of_all_sizes, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(no_room_on_the_disk, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(the_tick_writes, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(threads_commit_together, scratch_setup, scratch_teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(seen);
	return failed;
}
