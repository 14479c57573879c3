/* SPDX-License-Identifier: BSD-2-Clause */
#include "totals_test.h"

#include <errno.h>
#include <wchar.h>

static struct call_stats *add_call(struct call_table *t, int nr, uint64_t calls, uint64_t ns_each)
{
	struct call_stats *c = call_table_get(t, nr);
	int bucket = 0;

	assert_non_null(c);
	c->calls = calls;
	if (!ns_each)
		return c;
	while (UINT64_C(128) << bucket <= ns_each)
		bucket++;
	c->ns = calls * ns_each;
	c->max_ns = ns_each;
	c->hist[bucket] = calls;
	return c;
}

static void the_whole_page(void **state)
{
	struct summary s = server();
	struct call_table calls = {0};
	struct call_stats *c;
	char *text;

	(void)state;
	c = add_call(&calls, call_number("read"), 20000, 1000);
	c->errors = 3;
	c->bytes = 2048000;
	add_call(&calls, call_number("epoll_pwait"), 10000, 700000);
	add_call(&calls, call_number("sched_get_priority_max"), 10, 200);
	s.calls = &calls;
	text = print(&s, "C", false);
	assert_string_equal(text, "vmprof 0.1.0: --pid 42\n"
	                          "5.00s, 1 process, 2 threads, detail full\n"
	                          "Linux 6.18.0 x86_64, 2 CPUs\n"
	                          "\n"
	                          "Where 10.0s of threads' wall time went\n"
	                          "  user          10.0%    1.00s  ####      on a CPU, outside a system call\n"
	                          "  sys           20.0%    2.00s  ########  on a CPU, inside a system call\n"
	                          "  runq_wake      0.0%      1ns            waiting for a CPU since it was woken\n"
	                          "  poll          70.0%    7.00s  ############################\n"
	                          "\n"
	                          "CPU time         3.00s by kernel        60.0% of one CPU\n"
	                          "switches         12345 voluntary           67 involuntary\n"
	                          "page faults        890 minor                0 major\n"
	                          "memory            5.0M resident          6.0M at its peak      70.0M virtual\n"
	                          "                  1.0M code              2.0M data, stack\n"
	                          "block I/O           0B read              2.0M written\n"
	                          "system calls     30010 in all               3 failed\n"
	                          "\n"
	                          "System calls by time\n"
	                          "call                calls     /s errors  bytes   time share    p50    p99    max\n"
	                          "epoll_pwait         10000  2.00k      .      .  7.00s 99.7%  612us  698us  700us\n"
	                          "read                20000  4.00k      3   2.0M 20.0ms  0.3%  756ns  995ns 1.00us\n"
	                          "sched_get_priority_max 10      2      .      . 2.00us     .  164ns  199ns  200ns\n"
	                          "\n"
	                          "nothing lost\n");
	free(text);
	call_table_free(&calls);
}

/* Columns, not bytes: of UTF-8 only the first byte of a character counts. */
static size_t columns(const char *line, const char *end)
{
	size_t n = 0;

	for (; line < end; line++)
		n += ((unsigned char)*line & 0xc0) != 0x80;
	return n;
}

static void assert_fits(const char *text)
{
	const char *end;

	for (; *text; text = end + 1) {
		end = strchr(text, '\n');
		assert_non_null(end);
		assert_true(columns(text, end) <= 80);
		assert_true(end == text || end[-1] != ' '); /* nor blanks at the end */
	}
}

static struct summary everything(struct run_info *run, struct call_table *calls)
{
	struct summary s = {.info = run, .elapsed_s = 86400 * 365, .processes = 123456, .threads = 1234567};

	*run = totals_info;
	run->detail = "ledger";
	run->kernel = "6.1.0-39-cloud-amd64";
	run->split_by_tick = true;
	run->target = "-- /usr/bin/caf\xe9 \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 "
		      "-c 'print \033[31m\n' and a good many more arguments than fit into one line of 80";
	for (int m = 0; m < METRIC_COUNT; m++)
		if (metrics[m].unit == UNIT_BLOCKS)
			set_metric(&s.total, m, UINT64_C(1) << 50);
		else
			set_metric(&s.total, m, (UINT64_C(1) << 58) + (uint64_t)m);
	set_ratio(&s.total, METRIC_CPU_UTIL, 128);
	for (int i = 0; i < 40; i++)
		add_call(calls, i, UINT64_C(1) << (i + 4), 1 + (UINT64_C(1) << (40 - i) / 2))->bytes = UINT64_MAX >> i;
	s.calls = calls;
	s.lost.threads = 12;
	s.lost.rows = s.lost.links = s.lost.skipped = UINT64_MAX;
	return s;
}

static void the_peak_of_several_is_that_of_one(void **state)
{
	struct summary s = server();
	char *text;

	(void)state;
	s.processes = 3;
	text = print(&s, "C", false);
	assert_non_null(strstr(text, "memory            5.0M resident          6.0M peak of one      70.0M virtual\n"));
	free(text);
}

static void fits_eighty_columns(void **state)
{
	struct call_table calls = {0};
	struct run_info run;
	struct summary s = everything(&run, &calls);
	char *text;

	(void)state;
	for (unsigned ascii = 0; ascii < 2; ascii++) {
		text = print(&s, ascii ? "C" : "C.UTF-8", false);
		assert_fits(text);
		assert_null(strchr(text, '\033'));
		assert_non_null(strstr(text, "vmprof 0.1.0: -- /usr/bin/caf\xef\xbf\xbd \xc3\xa9"));
		assert_non_null(strstr(text, "-c 'print ?[31m"));
		assert_non_null(strstr(text, "...\n")); /* the target is cut */
		assert_non_null(strstr(text, ascii ? "\n... and 20 more (" : "\n… and 20 more ("));
		free(text);
	}
	call_table_free(&calls);
}

static void colour_changes_nothing_else(void **state)
{
	struct call_table calls = {0};
	struct run_info run;
	struct summary s = everything(&run, &calls);
	char *plain = print(&s, "C.UTF-8", false), *coloured = print(&s, "C.UTF-8", true), *to = coloured;

	(void)state;
	assert_non_null(strchr(coloured, '\033'));
	for (char *p = coloured; *p; p++) {
		if (*p != '\033') {
			*to++ = *p;
			continue;
		}
		assert_int_equal(p[1], '[');
		p = strchr(p, 'm');
		assert_non_null(p);
	}
	*to = 0;
	assert_string_equal(coloured, plain);
	free(coloured);
	free(plain);
	call_table_free(&calls);
}

/* Each colour ends before the next begins, and the last one before the end. */
static void colour_is_put_back(void **state)
{
	struct summary s = server();
	char *text = print(&s, "C", true), *last = NULL;
	bool on = false;

	(void)state;
	for (char *p = text; (p = strchr(p, '\033')); p++) {
		assert_int_equal(!strncmp(p, "\033[0m", 4), on);
		on = !on;
		last = p;
	}
	assert_non_null(last);
	assert_string_equal(last, "\033[0m\n");
	free(text);
}

static void target_is_cut_between_characters(void **state)
{
	struct run_info run = totals_info;
	struct summary s = server();

	(void)state;
	s.info = &run;
	for (unsigned shift = 0; shift < 4; shift++) {
		char target[160] = "xxxx", *text;
		wchar_t wide[4096];

		for (unsigned i = 0; i < 36; i++)
			memcpy(target + shift + 4 * i, "\xf0\x9f\x90\xa7", 5);
		run.target = target;
		text = print(&s, "C.UTF-8", false);
		assert_true(mbstowcs(wide, text, 4096) != (size_t)-1);
		assert_non_null(strstr(text, "\xa7...\n"));
		free(text);
	}
}

static void absent_is_left_out(void **state)
{
	static const char *const words[] = {"CPU time",     "switches",     "page faults", "memory", "block I/O",
	                                    "System calls", "system calls", "user",        "0"};
	struct run_info run = totals_info;
	struct summary s = {.info = &run, .elapsed_s = 1, .processes = 1, .threads = 1};
	char *text, *rest;

	(void)state;
	set_metric(&s.total, METRIC_SLEEP, 1000 * MS);
	text = print(&s, "C", false);
	rest = strstr(text, "\n  sleep        100.0%    1.00s  ########################################\n");
	assert_non_null(rest);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_null(strstr(strchr(rest + 1, '\n'), words[i]));
	free(text);
	/* A group loses only what is absent. */
	set_metric(&s.total, METRIC_MAJFLT, 0);
	text = print(&s, "C", false);
	assert_non_null(strstr(text, "\npage faults          0 major\n"));
	free(text);
}

static void without_latency_by_number(void **state)
{
	struct call_table calls = {0};
	struct summary s = server();
	char *text;

	(void)state;
	add_call(&calls, call_number("read"), 250, 0);
	add_call(&calls, call_number("write"), 750, 0)->errors = 5;
	add_call(&calls, call_number("close"), 0, 0);
	s.calls = &calls;
	text = print(&s, "C", false);
	assert_non_null(strstr(text, "\nSystem calls by number\n"
	                             "call                calls     /s errors  bytes  share\n"
	                             "write                 750    150      5      .  75.0%\n"
	                             "read                  250     50      .      .  25.0%\n"
	                             "\n"));
	free(text);
	call_table_free(&calls);
}

static void top_twenty_and_the_rest(void **state)
{
	struct call_table calls = {0};
	struct summary s = server();
	char *text;

	(void)state;
	s.calls = &calls;
	for (int i = 0; i < 20; i++)
		add_call(&calls, i, 1, 1000 * (uint64_t)(i + 1));
	text = print(&s, "C", false);
	assert_null(strstr(text, " more ("));
	free(text);
	add_call(&calls, 20, 17, 1);
	text = print(&s, "C", false);
	assert_non_null(strstr(text, "\n... and 1 more (17 calls)\n"));
	assert_null(strstr(text, call_name(20)));
	free(text);
	call_table_free(&calls);
}

static void every_loss_is_said(void **state)
{
	struct summary s = server();
	char *text;

	(void)state;
	s.lost.threads = 12;
	text = print(&s, "C", false);
	assert_null(strstr(text, "nothing lost"));
	assert_non_null(strstr(text, "\nlost: 12 threads had no record of their own: counted under [others]; raise\n"
	                             "  --max-tasks\n"));
	free(text);
	s.lost.threads = 0;
	s.lost.rows = 1;
	text = print(&s, "C", false);
	assert_null(strstr(text, "nothing lost"));
	assert_non_null(strstr(text, "\nlost: 1 system call found"));
	free(text);
	s.lost.rows = 0;
	s.lost.links = 2;
	text = print(&s, "C", false);
	assert_null(strstr(text, "nothing lost"));
	assert_non_null(strstr(text, "\nlost: 2 threads could not be followed"));
	free(text);
	s.lost.links = 0;
	s.lost.skipped = 3;
	text = print(&s, "C", false);
	assert_null(strstr(text, "nothing lost"));
	assert_non_null(strstr(text, "\nlost: 3 events came"));
	free(text);
	s.lost.skipped = 0;
	s.lost.faults = 5;
	text = print(&s, "C", false);
	assert_null(strstr(text, "nothing lost"));
	assert_non_null(strstr(text, "\nlost: 5 page faults came"));
	free(text);
	s.lost.faults = 0;
	s.total.v[METRIC_LOST].u = 4;
	text = print(&s, "C", false);
	assert_null(strstr(text, "nothing lost"));
	assert_non_null(strstr(text, "\nlost: 4 events could not be attributed"));
	free(text);
}

static void full_disk_is_said(void **state)
{
	struct summary s = server();
	struct out *out;

	(void)state;
	assert_int_equal(out_open(&out, "/dev/full"), 0);
	assert_int_equal(totals_print(out, &s, false), -ENOSPC);
	assert_int_equal(out_close(out), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_page),          cmocka_unit_test(the_peak_of_several_is_that_of_one),
		cmocka_unit_test(fits_eighty_columns),     cmocka_unit_test(colour_changes_nothing_else),
		cmocka_unit_test(colour_is_put_back),      cmocka_unit_test(target_is_cut_between_characters),
		cmocka_unit_test(absent_is_left_out),      cmocka_unit_test(without_latency_by_number),
		cmocka_unit_test(top_twenty_and_the_rest), cmocka_unit_test(every_loss_is_said),
		cmocka_unit_test(full_disk_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
