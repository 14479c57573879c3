/* SPDX-License-Identifier: BSD-2-Clause */
#include "sink_test.h"

#include <errno.h>
#include <pty.h>
#include <termios.h>

static const struct run_info info = {.version = "1", .target = "t", .interval_s = 0.05};

/* Milliseconds in each state, in the order of the table. */
static void set_states(struct interval *iv, const unsigned *ms)
{
	for (int i = 0; i < METRIC_STATES; i++)
		set_metric(iv, METRIC_STATE_FIRST + i, UINT64_C(1000000) * ms[i]);
}

/* Two processes, a thread that one of them counts already, and what could not be attributed. */
static void fill(struct row rows[4])
{
	static const unsigned server[METRIC_STATES] = {10, 20, 3, 2, 0, 0, 15, 50, 0, 0, 0, 0, 0, 0};
	static const unsigned helper[METRIC_STATES] = {0, 0, 0, 0, 4, 1, 0, 0, 20, 5, 40, 10, 15, 5};

	memset(rows, 0, 4 * sizeof(*rows));
	rows[0] = (struct row){.pid = 10, .comm = "server"};
	set_states(&rows[0].iv, server);
	set_metric(&rows[0].iv, METRIC_THREADS, 2);
	set_ratio(&rows[0].iv, METRIC_CPU_UTIL, 0.6);
	set_metric(&rows[0].iv, METRIC_VCSW, 60);
	set_metric(&rows[0].iv, METRIC_IVCSW, 3);
	set_metric(&rows[0].iv, METRIC_MINFLT, 0);
	set_metric(&rows[0].iv, METRIC_MAJFLT, 0);
	set_metric(&rows[0].iv, METRIC_SYS_TOTAL, 5000);
	set_metric(&rows[0].iv, METRIC_RSS, 3 << 20);
	set_metric(&rows[0].iv, METRIC_LOST, 0);
	rows[1] = rows[0];
	rows[1].tid = 11;
	rows[2] = (struct row){.pid = 12, .comm = "helper"};
	set_states(&rows[2].iv, helper);
	set_metric(&rows[2].iv, METRIC_THREADS, 1);
	set_ratio(&rows[2].iv, METRIC_CPU_UTIL, 0);
	set_metric(&rows[2].iv, METRIC_VCSW, 37);
	set_metric(&rows[2].iv, METRIC_RSS, 1 << 20);
	rows[3] = (struct row){.pid = 0, .comm = "[others]"};
	set_metric(&rows[3].iv, METRIC_SYS_TOTAL, 100);
}

/* Column `name` of the line below the header in `text`: right-aligned under its name. */
static void cell(const char *text, const char *name, char to[32])
{
	const char *title = strchr(text, '\n') + 1, *line = strchr(title, '\n') + 1, *end, *start;
	char padded[34];

	snprintf(padded, sizeof(padded), " %s", name);
	end = strstr(title, padded);
	assert_non_null(end);
	assert_true(end < line);
	end = line + (end - title) + strlen(padded);
	for (start = end; start > line && start[-1] != ' ';)
		start--;
	snprintf(to, 32, "%.*s", (int)(end - start), start);
}

static void assert_cell(const char *text, const char *name, const char *expected)
{
	char value[32];

	cell(text, name, value);
	assert_string_equal(value, expected);
}

static void line_is_the_sum(void **state)
{
	struct row rows[4];
	struct sink_test t;
	char *text;

	(void)state;
	fill(rows);
	sink_test_open(&t, &sink_lines, &info);
	sink_test_put(&t, rows, 4, 12.3, 0.05);
	text = sink_test_close(&t);
	assert_string_equal(
		text, "       s                 % ------------------- % of the threads' wall time ------------------- "
		      "-- per second ---  bytes\n"
		      "    time procs  thr    cpu user  sys runq disk fault  net poll pipe lock sleep child stop rest "
		      "  csw   flt calls    rss\n"
		      "   12.30     2    3   60.0    5   10    3    2     1    8   25   10    3    20     5    8    3 "
		      "2.00k     .  102k   4.0M\n");
	sink_test_done(&t, text);
}

static void absent_is_a_dash(void **state)
{
	static const char *const dashes[] = {"thr", "cpu", "user", "runq", "rest", "csw", "flt", "calls", "rss"};
	struct row row = {.pid = 10, .comm = "x"};
	struct sink_test t;
	char *text;

	(void)state;
	sink_test_open(&t, &sink_lines, &info);
	sink_test_put(&t, &row, 1, 1, 0.05);
	text = sink_test_close(&t);
	for (size_t i = 0; i < sizeof(dashes) / sizeof(dashes[0]); i++)
		assert_cell(text, dashes[i], "-");
	assert_cell(text, "procs", "1");
	sink_test_done(&t, text);
}

static void nothing_at_all_is_a_line(void **state)
{
	struct sink_test t;
	char *text;

	(void)state;
	sink_test_open(&t, &sink_lines, &info);
	sink_test_put(&t, NULL, 0, 1, 0.05);
	text = sink_test_close(&t);
	assert_cell(text, "time", "1.00");
	assert_cell(text, "procs", "0");
	assert_cell(text, "sys", "-");
	sink_test_done(&t, text);
}

/* The header stands at the top and then after each 40 lines; all lines are of one width. */
static void columns_stay_in_line(void **state)
{
	unsigned lines = 0, headers = 0;
	struct row rows[4];
	struct sink_test t;
	char *text, *p, *end;
	size_t width;

	(void)state;
	fill(rows);
	sink_test_open(&t, &sink_lines, &info);
	for (unsigned i = 0; i < 81; i++) {
		rows[0].iv.v[METRIC_VCSW].u = UINT64_C(1) << i % 40;
		rows[0].iv.v[METRIC_RSS].u = UINT64_C(1) << i % 48;
		rows[0].iv.v[METRIC_THREADS].u = i * 123;
		rows[0].iv.v[METRIC_CPU_UTIL].d = i * 1.27;
		rows[0].iv.v[METRIC_USER].u = UINT64_C(1) << i % 45;
		sink_test_put(&t, rows, 4, i * i * 15.55, 0.05);
	}
	text = sink_test_close(&t);
	width = (size_t)(strchr(text, '\n') - text);
	assert_true(width <= 120);
	for (p = text; *p; p = end + 1) {
		end = strchr(p, '\n');
		assert_int_equal(end - p, width);
		if (strncmp(p, "    time", 8)) {
			lines++;
		} else {
			assert_int_equal(lines, 1 + headers * 41);
			headers++;
		}
	}
	assert_int_equal(headers, 3);
	assert_int_equal(lines, 81 + 3);
	sink_test_done(&t, text);
}

static void loss_gets_a_column(void **state)
{
	struct row rows[4];
	struct sink_test t;
	char *text, *second;

	(void)state;
	fill(rows);
	sink_test_open(&t, &sink_lines, &info);
	sink_test_put(&t, rows, 4, 0.05, 0.05);
	rows[0].iv.v[METRIC_LOST].u = 17;
	sink_test_put(&t, rows, 4, 0.10, 0.05);
	rows[0].iv.v[METRIC_LOST].u = 0;
	sink_test_put(&t, rows, 4, 0.15, 0.05);
	text = sink_test_close(&t);
	second = strchr(strchr(strchr(text, '\n') + 1, '\n') + 1, '\n') + 1;
	assert_null(memmem(text, (size_t)(second - text), "lost", 4));
	assert_cell(second, "lost", "17");
	assert_int_equal(strcmp(strchr(second, '\0') - 3, " .\n"), 0); /* it stays, and is 0 again */
	assert_true(strchr(second, '\n') - second <= 120);
	sink_test_done(&t, text);
}

static void exits_are_noted(void **state)
{
	struct row rows[4];
	struct sink_test t;
	char *text;

	(void)state;
	fill(rows);
	rows[2].event = EVENT_EXIT;
	sink_test_open(&t, &sink_lines, &info);
	sink_test_put(&t, rows, 4, 0.05, 0.05);
	text = sink_test_close(&t);
	assert_cell(text, "procs", "1");
	assert_non_null(strstr(text, "4.0M  1 exited\n"));
	sink_test_done(&t, text);
}

static void late_times_and_long_intervals(void **state)
{
	static const struct {
		double interval, time;
		const char *text;
	} cases[] = {
		{0.001, 0.013, "0.013"},    {0.05, 9999.95, "9999.95"}, {0.05, 86400.05, "86400.1"},
		{0.05, 8640000, "8640000"}, {1, 2.000012, "2.0"},       {60, 120, "120.0"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run_info run = info;
		struct sink_test t;
		char *text;

		run.interval_s = cases[i].interval;
		sink_test_open(&t, &sink_lines, &run);
		sink_test_put(&t, NULL, 0, cases[i].time, cases[i].interval);
		text = sink_test_close(&t);
		assert_cell(text, "time", cases[i].text);
		sink_test_done(&t, text);
	}
}

/* What a terminal of this size gets to see. */
static void on_terminal(unsigned lines, unsigned columns, const struct row *rows, unsigned intervals, char *text,
                        size_t room)
{
	const struct winsize size = {.ws_row = (unsigned short)lines, .ws_col = (unsigned short)columns};
	struct sink s = {.ops = &sink_lines};
	struct termios raw = {0};
	size_t at = 0;
	char path[64];
	int master, slave;

	cfmakeraw(&raw);
	assert_int_equal(openpty(&master, &slave, path, &raw, &size), 0);
	assert_int_equal(out_open(&s.out, path), 0);
	assert_int_equal(s.ops->open(&s, &info), 0);
	for (unsigned i = 1; i <= intervals; i++) {
		ssize_t n;

		assert_int_equal(s.ops->begin(&s, i * 0.05, 0.05), 0);
		for (size_t r = 0; r < 4; r++)
			assert_int_equal(s.ops->row(&s, &rows[r]), 0);
		assert_int_equal(s.ops->end(&s), 0);
		n = read(master, text + at, room - at - 1);
		assert_true(n > 0);
		at += (size_t)n;
	}
	text[at] = 0;
	s.ops->close(&s);
	assert_int_equal(out_close(s.out), 0);
	close(slave);
	close(master);
}

static void fits_the_terminal(void **state)
{
	struct row rows[4];
	char text[4096], *end;
	unsigned width;

	(void)state;
	fill(rows);
	rows[2].event = EVENT_EXIT;
	for (unsigned lossy = 0; lossy < 2; lossy++) {
		rows[3].iv.have |= lossy ? METRIC_BIT(METRIC_LOST) : 0;
		rows[3].iv.v[METRIC_LOST].u = lossy;
		for (unsigned columns = 40; columns <= 160; columns++) {
			on_terminal(24, columns, rows, 1, text, sizeof(text));
			for (char *p = text; *p; p = end + 1) {
				end = strchr(p, '\n');
				assert_true(end - p <= (long)columns);
			}
			assert_cell(text, "time", "0.05");
			assert_cell(text, "cpu", "60.0");
			if (lossy)
				assert_cell(text, "lost", "1");
			/* The note is no column: only where there is room. */
			width = (unsigned)(strchr(text, '\n') - text);
			assert_int_equal(!!strstr(text, "exited"), width + strlen("  1 exited") <= columns);
		}
	}
}

/* What has no column of its own is in the rest: the shares still are the whole. */
static void eighty_columns_show_all_time(void **state)
{
	static const char *const shares[] = {"user", "sys", "runq", "disk", "fault", "net", "poll", "lock", "rest"};
	struct row rows[4];
	char text[4096], value[32];
	int sum = 0;

	(void)state;
	fill(rows);
	on_terminal(24, 80, rows, 1, text, sizeof(text));
	assert_string_equal(text, "       s           % -------- % of the threads' wall time --------    /s  bytes\n"
	                          "    time  thr    cpu user  sys runq disk fault  net poll lock rest   csw    rss\n"
	                          "    0.05    3   60.0    5   10    3    2     1    8   25    3   45 2.00k   4.0M\n");
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		cell(text, shares[i], value);
		sum += atoi(value);
	}
	assert_in_range(sum, 97, 103); /* each is rounded */
}

/* A header is always on the screen, and goes away when the next one comes. */
static void header_once_a_screenful(void **state)
{
	static char text[100000];
	unsigned line = 0, headers = 0;
	struct row rows[4];
	char *end;

	(void)state;
	fill(rows);
	on_terminal(24, 100, rows, 64, text, sizeof(text));
	for (char *p = text; *p; p = end + 1, line++) {
		end = strchr(p, '\n');
		if (strncmp(p, "    time", 8))
			continue;
		assert_int_equal(line, 1 + headers * 23);
		headers++;
	}
	assert_int_equal(headers, 4);
}

static void full_disk_is_said(void **state)
{
	struct sink s = {.ops = &sink_lines};

	(void)state;
	assert_int_equal(out_open(&s.out, "/dev/full"), 0);
	assert_int_equal(s.ops->open(&s, &info), 0);
	assert_int_equal(s.ops->begin(&s, 1, 1), 0);
	assert_int_equal(s.ops->end(&s), -ENOSPC);
	s.ops->close(&s);
	assert_int_equal(out_close(s.out), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_is_the_sum),
		cmocka_unit_test(absent_is_a_dash),
		cmocka_unit_test(nothing_at_all_is_a_line),
		cmocka_unit_test(columns_stay_in_line),
		cmocka_unit_test(loss_gets_a_column),
		cmocka_unit_test(exits_are_noted),
		cmocka_unit_test(late_times_and_long_intervals),
		cmocka_unit_test(fits_the_terminal),
		cmocka_unit_test(eighty_columns_show_all_time),
		cmocka_unit_test(header_once_a_screenful),
		cmocka_unit_test(full_disk_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
