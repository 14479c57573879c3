/* SPDX-License-Identifier: BSD-2-Clause */
#include "wal_test.h"

#include <sys/wait.h>

#define RECORDS 40

/* Record i: its size and its bytes are known. */
static size_t make_record(unsigned i, char *to)
{
	size_t size = 1 + i * i % 23;

	for (size_t at = 0; at < size; at++)
		to[at] = i * 31 + at * 7;
	return size;
}

/* A log of RECORDS records: its bytes (to be freed) and size, and where each record ends. */
static char *make_log(const char *path, size_t *size, uint64_t ends[RECORDS + 1])
{
	char record[128], *bytes;
	uint64_t dropped;
	FILE *file;

	assert_int_equal(open_log(path, FSYNC_NO, &dropped), 0);
	ends[0] = sizeof(struct wal_header);
	for (unsigned i = 0; i < RECORDS; i++) {
		int64_t position = wal_append(record, make_record(i, record));

		assert_true(position > 0);
		ends[i + 1] = position;
	}
	assert_int_equal(wal_close(), 0);
	*size = ends[RECORDS];
	bytes = malloc(*size);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fread(bytes, 1, *size, file), *size);
	assert_int_equal(fgetc(file), EOF);
	fclose(file);
	return bytes;
}

/* The first n records were replayed, and nothing else. */
static void assert_first(unsigned n)
{
	char record[128];
	size_t at = 0;

	assert_int_equal(seen_n, n);
	for (unsigned i = 0; i < n; i++) {
		size_t size = make_record(i, record);

		assert_true(at + size <= seen_size);
		assert_memory_equal(seen + at, record, size);
		at += size;
	}
	assert_int_equal(at, seen_size);
}

/* What is open is closed. At every third place: it can be written on, and is what it should be when opened once more.
 */
static void assert_goes_on(const char *path, unsigned n, size_t place)
{
	char record[128];
	uint64_t dropped;

	if (place % 3) {
		assert_int_equal(wal_close(), 0);
		return;
	}
	assert_true(wal_append(record, make_record(n, record)) > 0);
	assert_int_equal(wal_close(), 0);
	assert_int_equal(open_log(path, FSYNC_NO, &dropped), 0);
	assert_int_equal(dropped, 0);
	assert_first(n + 1);
	assert_int_equal(wal_close(), 0);
}

static void cut_anywhere(void **state)
{
	const char *path = scratch_path("log");
	uint64_t ends[RECORDS + 1], dropped;
	size_t size;
	char *bytes = make_log(path, &size, ends);
	unsigned whole = 0;

	(void)state;
	for (size_t cut = 0; cut <= size; cut++) {
		while (whole < RECORDS && ends[whole + 1] <= cut)
			whole++;
		scratch_write("log", bytes, cut);
		assert_int_equal(open_log(path, FSYNC_NO, &dropped), 0);
		assert_first(whole);
		assert_int_equal(dropped, cut < ends[0] ? cut : cut - ends[whole]);
		assert_goes_on(path, whole, cut);
	}
	free(bytes);
}

static void any_byte_flipped(void **state)
{
	const char *path = scratch_path("log");
	uint64_t ends[RECORDS + 1], dropped;
	size_t size;
	char *bytes = make_log(path, &size, ends);
	unsigned whole = 0;

	(void)state;
	for (size_t at = 0; at < size; at++) {
		bytes[at] ^= 1 << (at % 8);
		scratch_write("log", bytes, size);
		bytes[at] ^= 1 << (at % 8);
		if (at < ends[0]) {
			assert_int_equal(open_log(path, FSYNC_NO, &dropped), -EBADMSG);
			continue;
		}
		while (ends[whole + 1] <= at)
			whole++;
		assert_int_equal(open_log(path, FSYNC_NO, &dropped), 0);
		assert_first(whole);
		assert_int_equal(dropped, size - ends[whole]);
		assert_goes_on(path, whole, at);
	}
	free(bytes);
}

/* Whole records at another place, as an earlier write may have left them, are none. */
static void records_belong_to_their_place(void **state)
{
	const char *path = scratch_path("log");
	uint64_t ends[RECORDS + 1], dropped;
	size_t size;
	char *bytes = make_log(path, &size, ends);

	(void)state;
	memmove(bytes + ends[3], bytes + ends[4], size - ends[4]);
	scratch_write("log", bytes, size - (ends[4] - ends[3]));
	assert_int_equal(open_log(path, FSYNC_NO, &dropped), 0);
	assert_first(3);
	assert_int_equal(wal_close(), 0);
	free(bytes);
}

static int fail_at_3(void *context, const void *data, size_t size)
{
	see(context, data, size);
	return seen_n == 3 ? -EPROTO : 0;
}

static void a_replay_that_fails_changes_nothing(void **state)
{
	const char *path = scratch_path("log");
	uint64_t ends[RECORDS + 1], dropped;
	struct stat st;
	size_t size;

	(void)state;
	free(make_log(path, &size, ends));
	seen_size = seen_n = 0;
	assert_int_equal(wal_open(path, FSYNC_NO, fail_at_3, NULL, &dropped), -EPROTO);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, size);
	assert_int_equal(open_log(path, FSYNC_NO, &dropped), 0);
	assert_first(RECORDS);
	assert_int_equal(wal_close(), 0);
}

static void what_is_no_log(void **state)
{
	uint64_t dropped;

	(void)state;
	scratch_write("text", "to whom it may concern", 22);
	assert_int_equal(open_log(scratch_path("text"), FSYNC_NO, &dropped), -EBADMSG);
	scratch_write("short", "v?", 2);
	assert_int_equal(open_log(scratch_path("short"), FSYNC_NO, &dropped), -EBADMSG);
	assert_int_equal(open_log("/dev/null", FSYNC_NO, &dropped), -EBADMSG);
	assert_int_equal(open_log(scratch, FSYNC_NO, &dropped), -EISDIR);
	assert_int_equal(open_log(scratch_path("none/") /* made */, FSYNC_NO, &dropped), -EISDIR);
	assert_int_equal(open_log("/nowhere/log", FSYNC_NO, &dropped), -ENOENT);
	assert_int_equal(wal_appended(), 0);
	assert_int_equal(wal_commit(0), 0);
}

/* Waits for a child, and gives its exit status. */
static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void one_server_at_a_time(void **state)
{
	const char *path = scratch_path("log");
	uint64_t dropped;
	int ends[2];
	pid_t holder, other;
	char c;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(open_log(path, FSYNC_NO, &dropped), 0);
	/* A worker that outlives its parent holds the log, too. */
	holder = fork();
	if (!holder) {
		close(ends[1]);
		_exit(read(ends[0], &c, 1) != 0);
	}
	assert_int_equal(wal_close(), 0);
	other = fork();
	if (!other)
		_exit(open_log(path, FSYNC_NO, &dropped) == -EBUSY ? 0 : 1);
	assert_int_equal(status_of(other), 0);
	close(ends[1]);
	assert_int_equal(status_of(holder), 0);
	close(ends[0]);
	assert_int_equal(open_log(path, FSYNC_NO, &dropped), 0);
	assert_int_equal(wal_close(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(cut_anywhere, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(any_byte_flipped, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(records_belong_to_their_place, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_replay_that_fails_changes_nothing, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(what_is_no_log, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(one_server_at_a_time, scratch_setup, scratch_teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(seen);
	return failed;
}
