/* SPDX-License-Identifier: BSD-2-Clause */
#include "sink_test.h"

#include <errno.h>
#include <inttypes.h>

static const struct run_info info = {.version = "1", .target = "t"};

static void header_is_the_metric_table(void **state)
{
	static const char *const first[] = {"time", "interval", "pid", "tid", "comm", "event"};
	struct sink_test t;
	struct table table;
	char *text;

	(void)state;
	sink_test_open(&t, &sink_csv, &info);
	text = sink_test_close(&t);
	csv_read(&table, text);
	assert_int_equal(table.rows, 1);
	assert_int_equal(table.columns, 6 + METRIC_COUNT);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(table.cells[i], first[i]);
	for (size_t i = 0; i < METRIC_COUNT; i++)
		assert_string_equal(table.cells[6 + i], metrics[i].name);
	/* What others rely on, spelled out. */
	assert_int_equal(
		strncmp(text,
	                "time,interval,pid,tid,comm,event,threads,cpu_util,user_ns,sys_ns,runq_wake_ns,"
	                "runq_preempt_ns,disk_ns,fault_ns,net_ns,poll_ns,pipe_ns,lock_ns,sleep_ns,child_ns,"
	                "stopped_ns,other_ns,fault_cpu_ns,cpu_ns,vcsw,ivcsw,minflt,majflt,ufaults,migrations,wakeups,",
	                200),
		0);
	csv_free(&table);
	sink_test_done(&t, text);
}

static void cells_are_the_values(void **state)
{
	struct row row = {.time = 0.1, .pid = 42, .tid = 43, .comm = "x", .event = EVENT_EXEC, .iv.ns = 50001234};
	struct sink_test t;
	struct table table;
	char *text, expected[32];

	(void)state;
	for (int m = 0; m < METRIC_COUNT; m++)
		set_metric(&row.iv, m, (uint64_t)m * m * m * 1000003);
	set_ratio(&row.iv, METRIC_CPU_UTIL, 1.99996);
	set_metric(&row.iv, METRIC_VSZ, UINT64_MAX);
	sink_test_open(&t, &sink_csv, &info);
	sink_test_put(&t, &row, 1, 0.1, 0.05);
	text = sink_test_close(&t);
	csv_read(&table, text);
	assert_int_equal(table.rows, 2);
	assert_string_equal(csv_at(&table, 1, "time"), "0.100000");
	assert_string_equal(csv_at(&table, 1, "interval"), "0.050001");
	assert_string_equal(csv_at(&table, 1, "pid"), "42");
	assert_string_equal(csv_at(&table, 1, "tid"), "43");
	assert_string_equal(csv_at(&table, 1, "comm"), "x");
	assert_string_equal(csv_at(&table, 1, "event"), "exec");
	assert_string_equal(csv_at(&table, 1, "cpu_util"), "2.0000");
	assert_string_equal(csv_at(&table, 1, "vsz_bytes"), "18446744073709551615");
	for (int m = 0; m < METRIC_COUNT; m++) {
		if (m == METRIC_CPU_UTIL || m == METRIC_VSZ)
			continue;
		sprintf(expected, "%" PRIu64, (uint64_t)m * m * m * 1000003);
		assert_string_equal(csv_at(&table, 1, metrics[m].name), expected);
	}
	csv_free(&table);
	sink_test_done(&t, text);
}

/* Each metric once as 0 and once absent, the others the other way round. */
static void absent_is_empty_and_not_zero(void **state)
{
	struct sink_test t;
	struct table table;
	char *text;

	(void)state;
	sink_test_open(&t, &sink_csv, &info);
	for (int m = 0; m < METRIC_COUNT; m++) {
		struct row row = {.pid = 1, .comm = "x", .event = m % 2 ? EVENT_SAMPLE : EVENT_EXIT, .iv.ns = 1};

		row.iv.have = METRIC_BIT(m);
		sink_test_put(&t, &row, 1, m, 1);
	}
	text = sink_test_close(&t);
	csv_read(&table, text);
	assert_int_equal(table.rows, 1 + METRIC_COUNT);
	for (int r = 0; r < METRIC_COUNT; r++)
		for (int m = 0; m < METRIC_COUNT; m++) {
			const char *zero = m == METRIC_CPU_UTIL ? "0.0000" : "0";

			assert_string_equal(csv_at(&table, (size_t)r + 1, metrics[m].name), r == m ? zero : "");
			assert_string_equal(csv_at(&table, (size_t)r + 1, "event"), r % 2 ? "sample" : "exit");
		}
	csv_free(&table);
	sink_test_done(&t, text);
}

static void names_cannot_break_it(void **state)
{
	char script[4096] = "import csv, sys\n"
			    "rows = list(csv.reader(open(sys.argv[1], newline='', encoding='utf-8'), strict=True))\n"
			    "assert len({len(r) for r in rows}) == 1\n"
			    "got = [r[4].encode().hex() for r in rows[1:]]\n"
			    "want = '";
	struct row rows[NASTY_NAMES] = {0};
	struct sink_test t;
	struct table table;
	size_t at = strlen(script);
	char *text;

	(void)state;
	for (size_t i = 0; i < NASTY_NAMES; i++) {
		rows[i].pid = (uint32_t)i + 1;
		rows[i].iv.ns = 50000000;
		assert_true(strlen(nasty_names[i].bytes) < COMM_LEN);
		strcpy(rows[i].comm, nasty_names[i].bytes);
		for (const char *p = nasty_names[i].utf8; *p; p++)
			at += (size_t)sprintf(script + at, "%02x", (unsigned char)*p);
		script[at++] = ',';
	}
	strcpy(script + at, "'.split(',')[:-1]\nassert got == want, (got, want)\n");
	sink_test_open(&t, &sink_csv, &info);
	sink_test_put(&t, rows, NASTY_NAMES, 0.05, 0.05);
	text = sink_test_close(&t);
	csv_read(&table, text);
	assert_int_equal(table.rows, 1 + NASTY_NAMES);
	for (size_t i = 0; i < NASTY_NAMES; i++)
		assert_string_equal(csv_at(&table, i + 1, "comm"), nasty_names[i].utf8);
	/* Only what needs it is quoted; blanks at the ends do. */
	assert_non_null(strstr(text, ",redis-server,"));
	assert_non_null(strstr(text, ",\" blanks \","));
	assert_non_null(strstr(text, ",\"\ttab\","));
	assert_non_null(strstr(text, ",\"trailing\t\","));
	assert_non_null(strstr(text, ",\"say \"\"hi\"\"\","));
	python_agrees(script, t.path);
	csv_free(&table);
	sink_test_done(&t, text);
}

static void full_disk_is_said(void **state)
{
	struct sink s = {.ops = &sink_csv};

	(void)state;
	assert_int_equal(out_open(&s.out, "/dev/full"), 0);
	assert_int_equal(s.ops->open(&s, &info), -ENOSPC);
	s.ops->close(&s);
	assert_int_equal(out_close(s.out), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_is_the_metric_table),
		cmocka_unit_test(cells_are_the_values),
		cmocka_unit_test(absent_is_empty_and_not_zero),
		cmocka_unit_test(names_cannot_break_it),
		cmocka_unit_test(full_disk_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
