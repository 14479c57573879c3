/* SPDX-License-Identifier: BSD-2-Clause */
#include "sink_test.h"

#include <errno.h>
#include <inttypes.h>

static const struct run_info info = {.version = "1", .target = "t"};

static const char header[] = "time,pid,syscall,calls,errors,total_ns,max_ns,bytes,p50_ns,p99_ns\n";

static void add_call(struct call_table *t, const char *name, uint64_t calls, uint64_t ns)
{
	struct call_stats *c = call_table_get(t, name ? call_number(name) : CALL_NR_OTHER);

	assert_non_null(c);
	c->calls = calls;
	c->ns = ns;
}

/* 100 calls: 90 of 128 to 256 ns, 9 of 1 to 2 us, one of 3 ms. */
static void add_latency(struct call_table *t, const char *name)
{
	struct call_stats *c = call_table_get(t, call_number(name));

	c->hist[1] = 90;
	c->hist[4] = 9;
	c->hist[15] = 1;
	c->max_ns = 3000000;
}

static void one_row_per_process_and_call(void **state)
{
	struct call_table calls = {0}, others = {0}, none = {0};
	struct row rows[5] = {
		{.time = 0.05, .pid = 10, .calls = &calls},
		{.time = 0.05, .pid = 10, .tid = 11, .calls = &calls}, /* a thread: in its process */
		{.time = 0.05, .pid = 12},                             /* not collected */
		{.time = 0.05, .pid = 13, .calls = &none},
		{.time = 0.05, .pid = 0, .calls = &others},
	};
	struct call_stats *read_stats;
	struct sink_test t;
	struct table table;
	char *text;

	(void)state;
	add_call(&calls, "close", 3, 500);
	add_call(&calls, "read", 100, 4000000);
	add_call(&calls, "openat", 0, 0); /* not in this interval */
	add_call(&calls, "write", 5, 500);
	add_latency(&calls, "read");
	read_stats = call_table_get(&calls, call_number("read"));
	read_stats->errors = 7;
	read_stats->bytes = 123456789012;
	add_call(&others, NULL, 2, 0);
	sink_test_open(&t, &sink_syscalls, &info);
	sink_test_put(&t, rows, 5, 0.05, 0.05);
	text = sink_test_close(&t);
	csv_read(&table, text);
	assert_int_equal(strncmp(text, header, strlen(header)), 0);
	assert_int_equal(table.rows, 1 + 4);
	/* The longest first, then the most frequent. */
	assert_string_equal(csv_at(&table, 1, "syscall"), "read");
	assert_string_equal(csv_at(&table, 2, "syscall"), "write");
	assert_string_equal(csv_at(&table, 3, "syscall"), "close");
	assert_string_equal(csv_at(&table, 4, "syscall"), call_name(CALL_NR_OTHER));
	assert_string_equal(csv_at(&table, 1, "time"), "0.050000");
	assert_string_equal(csv_at(&table, 1, "pid"), "10");
	assert_string_equal(csv_at(&table, 4, "pid"), "0");
	assert_string_equal(csv_at(&table, 1, "calls"), "100");
	assert_string_equal(csv_at(&table, 1, "errors"), "7");
	assert_string_equal(csv_at(&table, 1, "total_ns"), "4000000");
	assert_string_equal(csv_at(&table, 1, "max_ns"), "3000000");
	assert_string_equal(csv_at(&table, 1, "bytes"), "123456789012");
	assert_string_equal(csv_at(&table, 2, "errors"), "0");
	assert_string_equal(csv_at(&table, 2, "bytes"), "0");
	csv_free(&table);
	sink_test_done(&t, text);
	call_table_free(&calls);
	call_table_free(&others);
}

static void percentiles_lie_in_their_buckets(void **state)
{
	struct call_table calls = {0};
	struct row row = {.time = 1, .pid = 1, .calls = &calls};
	struct sink_test t;
	struct table table;
	uint64_t p50, p99;
	char *text;

	(void)state;
	add_call(&calls, "read", 100, 4000000);
	add_latency(&calls, "read");
	sink_test_open(&t, &sink_syscalls, &info);
	sink_test_put(&t, &row, 1, 1, 1);
	text = sink_test_close(&t);
	csv_read(&table, text);
	p50 = strtoull(csv_at(&table, 1, "p50_ns"), NULL, 10);
	p99 = strtoull(csv_at(&table, 1, "p99_ns"), NULL, 10);
	assert_in_range(p50, 128, 256);
	assert_in_range(p99, 1024, 2048);
	csv_free(&table);
	sink_test_done(&t, text);
	call_table_free(&calls);
}

/* Below detail full there is no latency: it is absent, not zero. */
static void no_latency_is_empty(void **state)
{
	static const char *const empty[] = {"total_ns", "max_ns", "p50_ns", "p99_ns"};
	struct call_table calls = {0};
	struct row row = {.time = 1, .pid = 1, .calls = &calls};
	struct sink_test t;
	struct table table;
	char *text;

	(void)state;
	add_call(&calls, "read", 17, 0);
	add_call(&calls, "futex", 1009, 0);
	add_call(&calls, "write", 31, 0);
	sink_test_open(&t, &sink_syscalls, &info);
	sink_test_put(&t, &row, 1, 1, 1);
	text = sink_test_close(&t);
	csv_read(&table, text);
	assert_int_equal(table.rows, 4);
	assert_string_equal(csv_at(&table, 1, "calls"), "1009");
	assert_string_equal(csv_at(&table, 2, "calls"), "31");
	assert_string_equal(csv_at(&table, 3, "calls"), "17");
	for (size_t r = 1; r < 4; r++)
		for (size_t i = 0; i < 4; i++)
			assert_string_equal(csv_at(&table, r, empty[i]), "");
	csv_free(&table);
	sink_test_done(&t, text);
	call_table_free(&calls);
}

/* More calls than in the row before, then fewer: what is kept from row to row fits each. */
static void any_number_of_calls(void **state)
{
	static const size_t sizes[] = {1, 300, 2, 40};
	struct sink_test t;
	struct table table;
	char *text;
	size_t row = 1;

	(void)state;
	sink_test_open(&t, &sink_syscalls, &info);
	for (size_t s = 0; s < 4; s++) {
		struct call_table calls = {0};
		struct row r = {.time = (double)s, .pid = 1, .calls = &calls};

		for (size_t i = 0; i < sizes[s]; i++)
			call_table_get(&calls, (int)i)->calls = i + 1;
		sink_test_put(&t, &r, 1, (double)s, 1);
		call_table_free(&calls);
	}
	text = sink_test_close(&t);
	csv_read(&table, text);
	assert_int_equal(table.rows, 1 + 1 + 300 + 2 + 40);
	for (size_t s = 0; s < 4; s++)
		for (size_t i = sizes[s]; i > 0; i--, row++) {
			assert_string_equal(csv_at(&table, row, "syscall"), call_name((int)i - 1));
			assert_int_equal(strtoull(csv_at(&table, row, "calls"), NULL, 10), i);
		}
	csv_free(&table);
	sink_test_done(&t, text);
}

static void full_disk_is_said(void **state)
{
	struct sink s = {.ops = &sink_syscalls};

	(void)state;
	assert_int_equal(out_open(&s.out, "/dev/full"), 0);
	assert_int_equal(s.ops->open(&s, &info), -ENOSPC);
	s.ops->close(&s);
	assert_int_equal(out_close(s.out), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_row_per_process_and_call),
		cmocka_unit_test(percentiles_lie_in_their_buckets),
		cmocka_unit_test(no_latency_is_empty),
		cmocka_unit_test(any_number_of_calls),
		cmocka_unit_test(full_disk_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
