/* SPDX-License-Identifier: BSD-2-Clause */
#include "selecting.h"

#include <pthread.h>

static void pid_sets(void **state)
{
	struct pid_set s = {0};

	(void)state;
	assert_false(pid_set_has(&s, 1));
	for (int i = 0; i < 1000; i++)
		assert_int_equal(pid_set_add(&s, 1 + i * 7 % 500), 0); /* out of order, each twice */
	assert_int_equal(s.n, 500);
	for (int i = 0; i < 500; i++)
		assert_int_equal(s.at[i], i + 1);
	assert_true(pid_set_has(&s, 1) && pid_set_has(&s, 500));
	assert_false(pid_set_has(&s, 0) || pid_set_has(&s, 501));
	pid_set_free(&s);
	assert_int_equal(s.n, 0);
	pid_set_free(&s);
}

static void pids(void **state)
{
	(void)state;
	assert_selects(ROOT, "1", .pids = "1");
	assert_selects(ROOT, "1 100", .pids = "100,1,100");
	assert_selects(ROOT, "1 100 300", .pids = "300 1 100\n"); /* as pidof prints them */
	assert_selects(ROOT, "1 100", .pids = " 1 , 100 ");
	assert_selects(ROOT, "200", .pids = "200"); /* it exists, if only as a zombie */
}

static void pids_malformed(void **state)
{
	static const struct {
		const char *list, *what;
	} bad[] = {
		{"", ""},
		{" ", " "},
		{",", ","},
		{"1,", "1,"},
		{",1", ",1"},
		{"1,,100", "1,,100"},
		{"0", "0"},
		{"-1", "-1"},
		{"+1", "+1"},
		{"1,x", "x"},
		{"1;100", "1;100"},
		{"1.0", "1.0"},
		{"0x1", "0x1"},
		{"100,1k,1", "1k"},
		{"2147483648", "2147483648"},
		{"18446744073709551617", "18446744073709551617"}, /* 2^64 + 1 */
		{"1\xff", "1\xff"},
	};
	char digits[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_selects(ROOT, failure(SELECT_BAD_PID, bad[i].what), .pids = bad[i].list);
	memset(digits, '1', sizeof(digits) - 1);
	digits[sizeof(digits) - 1] = 0;
	assert_int_equal(strlen(selected(ROOT, (struct selection){.pids = digits})), strlen("!1 ") + 127);
}

static void pids_wrong(void **state)
{
	(void)state;
	assert_selects(ROOT, failure(SELECT_NO_PID, "99"), .pids = "1,99");
	assert_selects(ROOT, failure(SELECT_NO_PID, "2147483647"), .pids = "2147483647");
	assert_selects(ROOT, failure(SELECT_KERNEL_THREAD, "2"), .pids = "1,2");
	/* Used wrongly comes before not found. */
	assert_selects(ROOT, failure(SELECT_BAD_PID, "x"), .pids = "99,x");
	make_process(10, 10, "leader", 0, 0);
	make_process(11, 10, "worker", 0, 0);
	assert_selects(scratch, failure(SELECT_IS_THREAD, "11"), .pids = "10,11");
	assert_selects(scratch, "10", .pids = "10");
}

static void comm(void **state)
{
	(void)state;
	assert_selects(ROOT, "100", .comm = "my server");
	assert_selects(ROOT, "100", .comm = "my*");
	assert_selects(ROOT, "1", .comm = "s?ste[lm]d");
	assert_selects(ROOT, "1 100 300", .comm = "*"); /* not the kernel thread, not the zombie */
	assert_selects(ROOT, failure(SELECT_NONE, "my"), .comm = "my");
	assert_selects(ROOT, failure(SELECT_NONE, "kthreadd"), .comm = "kthreadd");
	assert_selects(ROOT, failure(SELECT_NONE, "defunct"), .comm = "defunct");
	assert_selects(ROOT, "300", .comm = "leaderless"); /* its other threads go on */
	assert_selects(ROOT, failure(SELECT_NONE, ""), .comm = "");
	assert_selects(ROOT, failure(SELECT_NONE, "[m"), .comm = "[m");
}

static void comm_awkward(void **state)
{
	(void)state;
	make_process(5, 5, "a\nb", 0, 0);
	make_process(6, 6, ") S (", 0, 0);
	make_process(7, 7, "\xff\xfe", 0, 0);
	make_process(8, 8, "a*", 0, 0);
	assert_selects(scratch, "5", .comm = "a?b");
	assert_selects(scratch, "6", .comm = ")*(");
	assert_selects(scratch, "7", .comm = "\xff*");
	assert_selects(scratch, "8", .comm = "a\\*");
	assert_selects(scratch, "5 8", .comm = "a*");
}

static void user(void **state)
{
	(void)state;
	assert_selects(ROOT, "1", .user = "root");
	assert_selects(ROOT, "1", .user = "0");
	assert_selects(ROOT, "100 300", .user = "3000000002"); /* effective, and no zombie */
	assert_selects(ROOT, failure(SELECT_NONE, "3000000001"), .user = "3000000001");
	assert_selects(ROOT, failure(SELECT_NO_USER, "no such user"), .user = "no such user");
	assert_selects(ROOT, failure(SELECT_NO_USER, ""), .user = "");
	assert_selects(ROOT, failure(SELECT_NO_USER, "-1"), .user = "-1");
	assert_selects(ROOT, failure(SELECT_NO_USER, "4294967295"), .user = "4294967295");
}

static void combined(void **state)
{
	(void)state;
	assert_selects(ROOT, "1 100", .pids = "100", .user = "root");
	assert_selects(ROOT, "1 100", .comm = "systemd", .pids = "1,100", .user = "root");
	/* None of them may come to nothing unnoticed. */
	assert_selects(ROOT, failure(SELECT_NONE, "nginx"), .pids = "1", .comm = "nginx");
	assert_selects(ROOT, failure(SELECT_NO_PID, "99"), .pids = "99", .comm = "systemd");
	assert_selects(ROOT, "", .pids = NULL);
}

static void ourselves(void **state)
{
	char self[16];

	(void)state;
	make_process(getpid(), getpid(), "x", 7, 0);
	make_process(5, 5, "x", 7, 0);
	assert_selects(scratch, "5", .comm = "x");
	assert_selects(scratch, "5", .user = "7");
	snprintf(self, sizeof(self), "%d", getpid());
	assert_selects(scratch, self, .pids = self); /* asked for by number */
	make_process(5, 5, "y", 7, 0);
	assert_selects(scratch, failure(SELECT_NONE, "x"), .comm = "x");
}

static void no_root(void **state)
{
	const struct selection sel = {.comm = "x"};
	struct pid_set set = {0};
	struct select_error err;

	(void)state;
	assert_int_equal(select_pids("/no/such/place", &sel, &set, &err), -ENOENT);
	assert_int_equal(err.why, 0);
}

static void live_comm(void **state)
{
	char name[16], text[16];
	pid_t pid;

	(void)state;
	snprintf(name, sizeof(name), "v) (\n%x", getpid());
	pid = live_child(name);
	snprintf(text, sizeof(text), "%d", pid);
	assert_selects("/proc", text, .comm = name);
	end_child(pid);
	assert_selects("/proc", failure(SELECT_NONE, name), .comm = name);
	assert_selects("/proc", failure(SELECT_NO_PID, text), .pids = text);
}

static void *select_own_tid(void *arg)
{
	struct select_error *err = arg;
	struct pid_set set = {0};
	char tid[16];
	const struct selection sel = {.pids = tid};

	snprintf(tid, sizeof(tid), "%d", gettid());
	select_pids("/proc", &sel, &set, err);
	pid_set_free(&set);
	return NULL;
}

static void live_thread(void **state)
{
	struct select_error err = {0};
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, select_own_tid, &err), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(err.why, SELECT_IS_THREAD);
}

int main(void)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pid_sets), cmocka_unit_test(pids),      cmocka_unit_test(pids_malformed),
		WITH_SCRATCH(pids_wrong),   cmocka_unit_test(comm),      WITH_SCRATCH(comm_awkward),
		cmocka_unit_test(user),     cmocka_unit_test(combined),  WITH_SCRATCH(ourselves),
		cmocka_unit_test(no_root),  cmocka_unit_test(live_comm), cmocka_unit_test(live_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
