/* SPDX-License-Identifier: BSD-2-Clause */
#include "sink_test.h"

#include <errno.h>
#include <jansson.h>

static const struct run_info info = {
	.version = "0.1.0",
	.kernel = "6.18.0",
	.machine = "x86_64",
	.detail = "calls",
	.split_by_tick = true,
	.cpus = 2,
	.interval_s = 0.05,
	.start_unix = 1700000000.125,
	.target = "-- ./\xe9 \"it\"\n\033[2J",
	.measured = METRIC_BIT(METRIC_USER) | METRIC_BIT(METRIC_CPU_UTIL) | METRIC_BIT(METRIC_RSS),
};

static const char json_lines[] = "import json, sys\n"
				 "for line in open(sys.argv[1], encoding='utf-8', newline='\\n'):\n"
				 "    assert line.endswith('\\n') and isinstance(json.loads(line), dict)\n";

/* Line `n` as an object; nothing but one object is in it. */
static json_t *line(const char *text, size_t n)
{
	json_error_t error;
	json_t *object;

	for (; n; n--) {
		text = strchr(text, '\n');
		assert_non_null(text);
		text++;
	}
	assert_non_null(strchr(text, '\n'));
	object = json_loadb(text, (size_t)(strchr(text, '\n') - text), JSON_REJECT_DUPLICATES, &error);
	assert_non_null(object);
	assert_true(json_is_object(object));
	return object;
}

static void assert_text(const json_t *object, const char *name, const char *expected)
{
	const json_t *v = json_object_get(object, name);

	assert_true(json_is_string(v));
	assert_string_equal(json_string_value(v), expected);
}

static void assert_number(const json_t *object, const char *name, double expected)
{
	const json_t *v = json_object_get(object, name);

	assert_true(json_is_number(v));
	assert_true(json_number_value(v) == expected);
}

static void first_line_is_the_run(void **state)
{
	json_t *run, *table, *one;
	struct sink_test t;
	char *text;

	(void)state;
	sink_test_open(&t, &sink_json, &info);
	text = sink_test_close(&t);
	run = line(text, 0);
	assert_int_equal(json_object_size(run), 11);
	assert_text(run, "type", "run");
	assert_text(run, "version", "0.1.0");
	assert_text(run, "kernel", "6.18.0");
	assert_text(run, "machine", "x86_64");
	assert_text(run, "detail", "calls");
	assert_text(run, "user_sys_split", "ticks");
	assert_text(run, "target", "-- ./\xef\xbf\xbd \"it\"\n\033[2J");
	assert_number(run, "cpus", 2);
	assert_number(run, "interval", 0.05);
	assert_number(run, "start", 1700000000.125);
	assert_non_null(strstr(text, "\"interval\":0.05,")); /* and not 0.050000000000000003 */
	table = json_object_get(run, "metrics");
	assert_int_equal(json_object_size(table), 3); /* what the run can measure */
	one = json_object_get(table, "rss_bytes");
	assert_text(one, "unit", "bytes");
	assert_text(one, "kind", "gauge");
	assert_text(one, "help", metrics[METRIC_RSS].help);
	one = json_object_get(table, "user_ns");
	assert_text(one, "unit", "ns");
	assert_text(one, "kind", "delta");
	one = json_object_get(table, "cpu_util");
	assert_text(one, "unit", "ratio");
	assert_text(one, "kind", "ratio");
	json_decref(run);
	sink_test_done(&t, text);
}

static void every_metric_is_described(void **state)
{
	struct run_info all = info;
	struct sink_test t;
	json_t *run, *table;
	char *text;

	(void)state;
	all.measured = ~UINT64_C(0);
	all.split_by_tick = false;
	sink_test_open(&t, &sink_json, &all);
	text = sink_test_close(&t);
	run = line(text, 0);
	assert_text(run, "user_sys_split", "exact");
	table = json_object_get(run, "metrics");
	assert_int_equal(json_object_size(table), METRIC_COUNT);
	for (int m = 0; m < METRIC_COUNT; m++)
		assert_text(json_object_get(table, metrics[m].name), "help", metrics[m].help);
	json_decref(run);
	sink_test_done(&t, text);
}

static void row_has_the_names_of_the_csv(void **state)
{
	struct row row = {.time = 0.15, .pid = 7, .tid = 8, .comm = "x", .event = EVENT_EXIT, .iv.ns = 50000000};
	struct sink_test t;
	json_t *object;
	char *text;

	(void)state;
	for (int m = 0; m < METRIC_COUNT; m++)
		set_metric(&row.iv, m, (uint64_t)m * 1000003);
	set_ratio(&row.iv, METRIC_CPU_UTIL, 0.123449);
	sink_test_open(&t, &sink_json, &info);
	sink_test_put(&t, &row, 1, 0.15, 0.05);
	text = sink_test_close(&t);
	object = line(text, 1);
	assert_int_equal(json_object_size(object), 7 + METRIC_COUNT);
	assert_text(object, "type", "row");
	assert_number(object, "time", 0.15);
	assert_number(object, "interval", 0.05);
	assert_number(object, "pid", 7);
	assert_number(object, "tid", 8);
	assert_text(object, "comm", "x");
	assert_text(object, "event", "exit");
	assert_number(object, "cpu_util", 0.1234);
	for (int m = 0; m < METRIC_COUNT; m++)
		if (m != METRIC_CPU_UTIL)
			assert_number(object, metrics[m].name, m * 1000003.0);
	json_decref(object);
	sink_test_done(&t, text);
}

static void absent_is_left_out(void **state)
{
	struct row row = {.pid = 7, .comm = "x", .iv.ns = 50000000};
	struct sink_test t;
	json_t *object;
	char *text;

	(void)state;
	set_metric(&row.iv, METRIC_MAJFLT, 0);
	set_metric(&row.iv, METRIC_VSZ, UINT64_MAX);
	sink_test_open(&t, &sink_json, &info);
	sink_test_put(&t, &row, 1, 0.05, 0.05);
	text = sink_test_close(&t);
	object = line(text, 1);
	assert_int_equal(json_object_size(object), 7 + 2);
	assert_number(object, "majflt", 0);
	/* More than a signed number holds: still positive, and no reader chokes on it. */
	assert_number(object, "vsz_bytes", 18446744073709551615.0);
	assert_null(json_object_get(object, "minflt"));
	json_decref(object);
	sink_test_done(&t, text);
}

static void names_cannot_break_it(void **state)
{
	struct row rows[NASTY_NAMES] = {0};
	struct sink_test t;
	char *text;

	(void)state;
	for (size_t i = 0; i < NASTY_NAMES; i++) {
		rows[i].pid = (uint32_t)i + 1;
		strcpy(rows[i].comm, nasty_names[i].bytes);
	}
	sink_test_open(&t, &sink_json, &info);
	sink_test_put(&t, rows, NASTY_NAMES, 0.05, 0.05);
	text = sink_test_close(&t);
	for (size_t i = 0; i < NASTY_NAMES; i++) {
		json_t *object = line(text, i + 1);

		assert_text(object, "comm", nasty_names[i].utf8);
		assert_number(object, "pid", (double)i + 1);
		json_decref(object);
	}
	python_agrees(json_lines, t.path);
	sink_test_done(&t, text);
}

static void full_disk_is_said(void **state)
{
	struct sink s = {.ops = &sink_json};

	(void)state;
	assert_int_equal(out_open(&s.out, "/dev/full"), 0);
	assert_int_equal(s.ops->open(&s, &info), -ENOSPC);
	s.ops->close(&s);
	assert_int_equal(out_close(s.out), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_line_is_the_run),        cmocka_unit_test(every_metric_is_described),
		cmocka_unit_test(row_has_the_names_of_the_csv), cmocka_unit_test(absent_is_left_out),
		cmocka_unit_test(names_cannot_break_it),        cmocka_unit_test(full_disk_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
