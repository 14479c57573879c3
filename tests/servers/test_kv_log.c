/* SPDX-License-Identifier: BSD-2-Clause */
/* What the `kv` app makes of its log. */
#include "kv_test.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include "core/wal.h"

static void starts_again_from_its_log(void **state)
{
	static const char *const looks = "MGET a b c d n\r\nDBSIZE\r\n";
	const char *path = scratch_path("log");
	char before[300];

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		assert_int_equal(start(path, FSYNC_NO, 1 << 20), 0);
		if (round)
			assert_talk(&c, looks, before);
		client_sends(
			&c,
			"SET a 1\r\nSET gone 1\r\nMSET b 'two words' c \"\\r\\n\\x00\" gone2 1\r\nINCR n\r\nINCR n\r\n"
			"DEL gone gone2\r\nSET a\r\nINCR b\r\nDEL none\r\nGET a\r\n*3\r\n$3\r\nset\r\n$1\r\nd\r\n"
			"$3\r\n*1\r\r\n");
		client_hears(&c);
		if (round)
			client_sends(&c, "FLUSHALL\r\nSET a anew\r\n");
		client_hears(&c);
		client_sends(&c, looks);
		assert_true(strlen(client_hears(&c)) < sizeof(before));
		strcpy(before, c.said);
		stop();
	}
}

/* A reply waits for what it shows, and for nothing else. */
static void replies_wait_for_the_log(void **state)
{
	struct client other;

	(void)state;
	assert_int_equal(start(scratch_path("log"), FSYNC_ALWAYS, 1 << 20), 0);
	client_open(&other, &app_kv, 2);
	client_sends(&other, "GET a\r\nDEL a\r\nPING\r\nSET a\r\n");
	assert_int_equal(other.s.commit, 0);
	client_sends(&c, "SET a 1\r\n");
	assert_int_equal(c.s.commit, wal_appended());
	assert_int_equal(other.s.commit, 0);
	client_sends(&other, "PING\r\n");
	assert_int_equal(other.s.commit, 0);
	client_sends(&other, "GET a\r\n");
	assert_int_equal(other.s.commit, c.s.commit);
	assert_int_equal(app_kv.commit(c.s.commit), 0);
	other.s.commit = 0;
	client_sends(&other, "GET a\r\n");
	assert_int_equal(other.s.commit, 0);
	client_close(&other);
	stop();
}

static void a_log_that_cannot_be_written(void **state)
{
	struct rlimit old, small;

	(void)state;
	assert_int_equal(start(scratch_path("log"), FSYNC_ALWAYS, 1 << 20), 0);
	client_sends(&c, "SET a 1\r\n");
	assert_int_equal(app_kv.commit(c.s.commit), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){wal_appended() + 5, old.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	client_sends(&c, "SET b 2\r\n");
	assert_int_equal(app_kv.commit(c.s.commit), -EFBIG);
	c.s.commit = 0;
	client_hears(&c);
	assert_talk(&c, "SET a 3\r\nINCR a\r\nDEL a\r\nMSET a 4\r\nFLUSHALL\r\nGET a\r\nPING\r\n",
	            "-MISCONF Errors writing to the log: File too large. Writes are refused.\r\n"
	            "-MISCONF Errors writing to the log: File too large. Writes are refused.\r\n"
	            "-MISCONF Errors writing to the log: File too large. Writes are refused.\r\n"
	            "-MISCONF Errors writing to the log: File too large. Writes are refused.\r\n"
	            "-MISCONF Errors writing to the log: File too large. Writes are refused.\r\n"
	            "$1\r\n1\r\n+PONG\r\n");
	assert_int_equal(c.s.commit, 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	stop();
	assert_int_equal(start(scratch_path("log"), FSYNC_ALWAYS, 1 << 20), 0);
	assert_talk(&c, "MGET a b\r\n", "*2\r\n$1\r\n1\r\n$-1\r\n");
	stop();
}

static void says_why_it_does_not_start(void **state)
{
	static const char *const no_change[] = {"GET a\r\n",  "SET a 1", "SET a 1\r\nSET b 1\r\n",
	                                        "nosuch\r\n", "*x\r\n",  "SET a\r\n"};
	const char *path = scratch_path("log");
	char why[256], should[256], big[1000];
	uint64_t dropped;

	(void)state;
	config = (struct config){.memory = 64 << 10, .wal = path, .fsync = FSYNC_NO};
	for (unsigned i = 0; i < sizeof(no_change) / sizeof(*no_change); i++) {
		unlink(path);
		assert_int_equal(wal_open(path, FSYNC_NO, NULL, NULL, &dropped), 0);
		assert_true(wal_append("SET a 1\r\n", 9) > 0);
		assert_true(wal_append(no_change[i], strlen(no_change[i])) > 0);
		assert_int_equal(wal_close(), 0);
		assert_int_equal(app_kv.start(&config, why), -EPROTO);
		sprintf(should, "%s: record 2 is no change this server knows: written by another version?", path);
		assert_string_equal(why, should);
	}
	unlink(path);
	assert_int_equal(wal_open(path, FSYNC_NO, NULL, NULL, &dropped), 0);
	for (unsigned i = 0; i < 200; i++)
		assert_true(wal_append(big, sprintf(big, "SET %u %0900d\r\n", i, 0)) > 0);
	assert_int_equal(wal_close(), 0);
	assert_int_equal(app_kv.start(&config, why), -ENOMEM);
	assert_non_null(strstr(why, "more --memory is needed"));
	scratch_write("log", "something else entirely", 23);
	assert_int_equal(app_kv.start(&config, why), -EBADMSG);
	config.memory = 100;
	assert_int_equal(app_kv.start(&config, why), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(starts_again_from_its_log, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(replies_wait_for_the_log, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_log_that_cannot_be_written, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(says_why_it_does_not_start, scratch_setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
