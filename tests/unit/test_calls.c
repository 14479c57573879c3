/* SPDX-License-Identifier: BSD-2-Clause */
#include "scratch.h"

#include <errno.h>
#include <sys/syscall.h>

#include "model/calls.h"
#include "vmprof_abi.h"

static void names(void **state)
{
	(void)state;
	assert_string_equal(call_name(SYS_read), "read");
	assert_string_equal(call_name(SYS_exit_group), "exit_group");
	assert_string_equal(call_name(SYS_futex_waitv), "futex_waitv");
	assert_string_equal(call_name(CALL_NR_OTHER), "[other]");
	assert_string_equal(call_name(-1), "syscall_-1");
	assert_string_equal(call_name(511), "syscall_511");
	assert_string_equal(call_name(512), "syscall_512");
	assert_string_equal(call_name(INT_MAX), "syscall_2147483647");
	assert_string_equal(call_name(INT_MIN), "syscall_-2147483648");
}

/* These numbers are the kernel's ABI (include/uapi/asm-generic/unistd.h), the same everywhere. */
static void newer_names(void **state)
{
	static const struct {
		int nr;
		const char *name;
	} calls[] = {
		{451, "cachestat"},     {452, "fchmodat2"},      {454, "futex_wake"},       {455, "futex_wait"},
		{456, "futex_requeue"}, {457, "statmount"},      {461, "lsm_list_modules"}, {462, "mseal"},
		{466, "removexattrat"}, {467, "open_tree_attr"}, {469, "file_setattr"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		assert_string_equal(call_name(calls[i].nr), calls[i].name);
		assert_int_equal(call_number(calls[i].name), calls[i].nr);
	}
}

static void numbers(void **state)
{
	int known = 0;

	(void)state;
	assert_int_equal(call_number("accept4"), SYS_accept4);
	assert_int_equal(call_number("close"), SYS_close);
	assert_int_equal(call_number(""), -ENOENT);
	assert_int_equal(call_number("rea"), -ENOENT);
	assert_int_equal(call_number("readx"), -ENOENT);
	assert_int_equal(call_number("[other]"), -ENOENT);
	assert_int_equal(call_number("syscall_511"), -ENOENT);
	/* There and back for each. */
	for (int nr = 0; nr < VMPROF_NR_CALLS; nr++) {
		if (!strncmp(call_name(nr), "syscall_", 8))
			continue;
		assert_int_equal(call_number(call_name(nr)), nr);
		known++;
	}
	assert_true(known > 250);
}

static void families(void **state)
{
	static const struct {
		enum metric family;
		const char *name;
	} calls[] = {
		{METRIC_SYS_READ, "read"},         {METRIC_SYS_READ, "preadv2"},     {METRIC_SYS_WRITE, "pwrite64"},
		{METRIC_SYS_ACCEPT, "accept"},     {METRIC_SYS_ACCEPT, "accept4"},   {METRIC_SYS_CLOSE, "close"},
		{METRIC_SYS_CLOSE, "close_range"}, {METRIC_SYS_CONNECT, "connect"},  {METRIC_SYS_SEND, "sendmmsg"},
		{METRIC_SYS_RECV, "recvmmsg"},     {METRIC_SYS_FSYNC, "fdatasync"},  {METRIC_SYS_POLL, "ppoll"},
		{METRIC_SYS_POLL, "epoll_pwait2"}, {METRIC_SYS_FUTEX, "futex"},      {METRIC_SYS_FUTEX, "futex_waitv"},
		{METRIC_SYS_FUTEX, "futex_wake"},  {METRIC_COUNT, "io_uring_enter"}, {METRIC_COUNT, "openat"},
		{METRIC_COUNT, "exit_group"},      {METRIC_COUNT, "sendfile"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		assert_int_equal(call_family(call_number(calls[i].name)), calls[i].family);
	assert_int_equal(call_family(CALL_NR_OTHER), METRIC_COUNT);
	assert_int_equal(call_family(-1), METRIC_COUNT);
	assert_int_equal(call_family(VMPROF_NR_CALLS), METRIC_COUNT);
	assert_int_equal(call_family(INT_MAX), METRIC_COUNT);
	assert_int_equal(call_family(INT_MIN), METRIC_COUNT);
}

/* Each call that the help text of a family names is in that family. */
static void families_as_described(void **state)
{
	char text[256], *rest, *word;
	int checked = 0;

	(void)state;
	for (int m = METRIC_SYS_READ; m <= METRIC_SYS_FUTEX; m++) {
		snprintf(text, sizeof(text), "%s", metrics[m].help);
		for (word = strtok_r(text, " ,()", &rest); word; word = strtok_r(NULL, " ,()", &rest)) {
			int nr = call_number(word);

			if (nr < 0)
				continue;
			assert_int_equal(call_family(nr), m);
			checked++;
		}
	}
	assert_true(checked > 20);
}

static void call_infos(void **state)
{
	static const struct {
		const char *name;
		uint8_t info;
	} calls[] = {
		{"read", VMPROF_CALL_FD | VMPROF_CALL_BYTES},
		{"ioctl", VMPROF_CALL_FD},
		{"recvfrom", VMPROF_CALL_NET | VMPROF_CALL_BYTES},
		{"recvmmsg", VMPROF_CALL_NET},
		{"accept4", VMPROF_CALL_NET},
		{"epoll_pwait", VMPROF_CALL_POLL},
		{"msgrcv", VMPROF_CALL_PIPE | VMPROF_CALL_BYTES},
		{"mq_timedsend", VMPROF_CALL_PIPE},
		{"futex", VMPROF_CALL_LOCK},
		{"futex_wait", VMPROF_CALL_LOCK},
		{"futex_wake", VMPROF_CALL_OTHER},
		{"clock_nanosleep", VMPROF_CALL_SLEEP},
		{"wait4", VMPROF_CALL_CHILD},
		{"fsync", VMPROF_CALL_DISK},
		{"getrandom", VMPROF_CALL_BYTES},
		{"restart_syscall", VMPROF_CALL_RESTART},
		{"exit", VMPROF_CALL_FINAL},
		{"exit_group", VMPROF_CALL_FINAL},
		{"openat", VMPROF_CALL_OTHER},
		{"lseek", VMPROF_CALL_OTHER}, /* returns an offset, not a count */
	};
	uint8_t info[VMPROF_NR_CALLS];

	(void)state;
	memset(info, 0xff, sizeof(info));
	call_fill_info(info, sizeof(info));
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		assert_int_equal(info[call_number(calls[i].name)], calls[i].info);
	assert_int_equal(info[VMPROF_NR_CALLS - 1], VMPROF_CALL_OTHER);
}

static void info_bounds(void **state)
{
	uint8_t info[8];

	(void)state;
	memset(info, 0xff, sizeof(info));
	call_fill_info(info, 4);
	assert_int_not_equal(info[3], 0xff);
	assert_int_equal(info[4], 0xff);
	call_fill_info(info, 0);
}

static void table(void **state)
{
	static const int order[] = {300, 5, CALL_NR_OTHER, 0, 511, 5, 299, 301, 1};
	struct call_table t = {0};

	(void)state;
	assert_null(call_table_find(&t, 5));
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct call_stats *s = call_table_get(&t, order[i]);

		assert_non_null(s);
		assert_int_equal(s->nr, order[i]);
		assert_int_equal(s->calls, i == 5 ? 1 : 0); /* 5 comes twice */
		s->calls++;
	}
	assert_int_equal(t.n, 8);
	assert_int_equal(call_table_find(&t, 5)->calls, 2);
	assert_int_equal(call_table_find(&t, CALL_NR_OTHER)->calls, 1);
	assert_null(call_table_find(&t, 2));
	assert_null(call_table_find(&t, 512));

	call_table_clear(&t);
	assert_int_equal(t.n, 0);
	assert_null(call_table_find(&t, 5));
	assert_int_equal(call_table_get(&t, 5)->calls, 0); /* nothing is left of what was there */
	call_table_free(&t);
	assert_null(t.at);
	call_table_free(&t);
}

static void table_many(void **state)
{
	struct call_table t = {0};

	(void)state;
	for (int i = 0; i < VMPROF_NR_CALLS; i++) {
		int nr = i * 211 % VMPROF_NR_CALLS; /* each once, out of order */

		call_table_get(&t, nr)->calls = (uint64_t)nr;
	}
	assert_int_equal(t.n, VMPROF_NR_CALLS);
	for (int nr = 0; nr < VMPROF_NR_CALLS; nr++)
		assert_int_equal(call_table_find(&t, nr)->calls, nr);
	call_table_free(&t);
}

static void table_add(void **state)
{
	struct call_table a = {0}, b = {0};

	(void)state;
	*call_table_get(&a, 1) = (struct call_stats){
		.nr = 1, .calls = 10, .errors = 1, .ns = 1000, .max_ns = 500, .bytes = 7, .hist = {[0] = 9, [31] = 1}};
	*call_table_get(&b, 1) = (struct call_stats){
		.nr = 1, .calls = 5, .errors = 2, .ns = 3000, .max_ns = 900, .bytes = 8, .hist = {[0] = 3, [2] = 2}};
	call_table_get(&b, 0)->calls = 3;

	assert_int_equal(call_table_add(&a, &b), 0);
	assert_int_equal(a.n, 2);
	assert_int_equal(call_table_find(&a, 0)->calls, 3);
	assert_memory_equal(call_table_find(&a, 1),
	                    (&(struct call_stats){.nr = 1,
	                                          .calls = 15,
	                                          .errors = 3,
	                                          .ns = 4000,
	                                          .max_ns = 900,
	                                          .bytes = 15,
	                                          .hist = {[0] = 12, [2] = 2, [31] = 1}}),
	                    sizeof(struct call_stats));
	/* The longest of both, whichever way round. */
	assert_int_equal(call_table_add(&b, &a), 0);
	assert_int_equal(call_table_find(&b, 1)->max_ns, 900);
	call_table_free(&a);
	call_table_free(&b);
}

static void between(void **state)
{
	const struct call_stats before = {
		.nr = 7, .calls = 10, .errors = 1, .ns = 1000, .max_ns = 500, .bytes = 64, .hist = {[0] = 9, [2] = 1}};
	const struct call_stats now = {.nr = 7,
	                               .calls = 13,
	                               .errors = 2,
	                               .ns = 2100,
	                               .max_ns = 900,
	                               .bytes = 70,
	                               .hist = {[0] = 10, [2] = 1, [3] = 2}};
	struct call_stats d;

	(void)state;
	call_stats_between(&before, &now, &d);
	assert_memory_equal(&d,
	                    (&(struct call_stats){.nr = 7,
	                                          .calls = 3,
	                                          .errors = 1,
	                                          .ns = 1100,
	                                          .max_ns = 900,
	                                          .bytes = 6,
	                                          .hist = {[0] = 1, [3] = 2}}),
	                    sizeof(d));
	call_stats_between(NULL, &now, &d);
	assert_memory_equal(&d, &now, sizeof(d));
	d = before;
	call_stats_between(&d, &now, &d); /* the result may replace what it is made from */
	assert_int_equal(d.calls, 3);
	assert_int_equal(d.max_ns, 900);
}

/* The longest so far was before this interval. */
static void between_longest(void **state)
{
	struct call_stats before = {.nr = 7, .max_ns = 700, .hist = {[3] = 1}}, now = before, d;

	(void)state;
	call_stats_between(&before, &now, &d);
	assert_int_equal(d.max_ns, 0); /* no call */
	now.hist[1]++;
	call_stats_between(&before, &now, &d);
	assert_int_equal(d.max_ns, 256);
	now.hist[3]++; /* 512 … 1024, but it was not longer than 700 */
	call_stats_between(&before, &now, &d);
	assert_int_equal(d.max_ns, 700);
	before.max_ns = now.max_ns = UINT64_C(1) << 40;
	now.hist[CALL_HIST - 1]++;
	call_stats_between(&before, &now, &d);
	assert_int_equal(d.max_ns, UINT64_C(1) << 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(newer_names),
		cmocka_unit_test(numbers),
		cmocka_unit_test(families),
		cmocka_unit_test(families_as_described),
		cmocka_unit_test(call_infos),
		cmocka_unit_test(info_bounds),
		cmocka_unit_test(table),
		cmocka_unit_test(table_many),
		cmocka_unit_test(table_add),
		cmocka_unit_test(between),
		cmocka_unit_test(between_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
