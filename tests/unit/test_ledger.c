/* SPDX-License-Identifier: BSD-2-Clause */
/* The ledger of the totals: shares and bars. */
#include "totals_test.h"

static void bars_in_eighths(void **state)
{
	struct summary s = server();
	char *text;

	(void)state;
	s.total.v[METRIC_SYS].u = 1975 * MS; /* 7.9 columns */
	s.total.v[METRIC_DISK].u = 25 * MS;  /* 0.1: one eighth */
	text = print(&s, "C.UTF-8", false);
	assert_non_null(strstr(text, "\n  user          10.0%    1.00s  ████      on a CPU"));
	assert_non_null(strstr(text, "\n  sys           19.7%    1.98s  ███████▉  on a CPU"));
	assert_non_null(strstr(text, "\n  disk           0.3%   25.0ms  ▏         blocked in block I/O\n"));
	assert_non_null(strstr(text, "\n  poll          70.0%    7.00s  ████████████████████████████\n"));
	free(text);
}

/* The printed shares of any ledger add up to 100.0 %, and none is off by more than its last digit. */
static void shares_are_the_whole(void **state)
{
	uint64_t random = 88172645463325252;

	(void)state;
	for (unsigned run = 0; run < 500; run++) {
		struct summary s = {.info = &totals_info, .elapsed_s = 1};
		double all = 0, share;
		int tenths = 0, n = 0;
		char *text, *p;

		for (int m = METRIC_STATE_FIRST; m <= METRIC_STATE_LAST; m++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			if (random % 3)
				set_metric(&s.total, m, random >> (14 + random % 50));
			all += (double)s.total.v[m].u;
		}
		if (all <= 0)
			continue;
		text = print(&s, "C", false);
		for (int m = METRIC_STATE_FIRST; m <= METRIC_STATE_LAST; m++) {
			char name[32];

			sprintf(name, "\n  %s ", metric_state_name(m));
			p = strstr(text, name);
			assert_int_equal(!!p, s.total.v[m].u > 0);
			if (!p)
				continue;
			assert_int_equal(sscanf(p + strlen(name), "%lf%%", &share), 1);
			assert_true(share > 100 * (double)s.total.v[m].u / all - 0.1001);
			assert_true(share < 100 * (double)s.total.v[m].u / all + 0.1001);
			tenths += (int)(share * 10 + 0.5);
			n++;
		}
		assert_true(n > 0);
		assert_int_equal(tenths, 1000);
		free(text);
	}
}

static void no_time_at_all_is_said(void **state)
{
	struct summary s = {.info = &totals_info};
	char *text = print(&s, "C", false);

	(void)state;
	assert_non_null(strstr(text, "0 processes, 0 threads"));
	assert_non_null(strstr(text, "no thread of the target was seen"));
	assert_null(strchr(text, '%'));
	free(text);
}

static void split_by_ticks_is_marked(void **state)
{
	struct run_info run = totals_info;
	struct summary s = server();
	char *text = print(&s, "C", false);

	(void)state;
	assert_null(strchr(text, '~'));
	free(text);
	run.split_by_tick = true;
	s.info = &run;
	text = print(&s, "C", false);
	assert_non_null(strstr(text, "\n  user~         10.0%    1.00s  ####"));
	assert_non_null(strstr(text, "\n  sys~          20.0%    2.00s  ########"));
	assert_non_null(strstr(text, "\n  poll          70.0%"));
	assert_non_null(strstr(text, "\n~ user and sys are split by the kernel's clock ticks"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bars_in_eighths),
		cmocka_unit_test(shares_are_the_whole),
		cmocka_unit_test(no_time_at_all_is_said),
		cmocka_unit_test(split_by_ticks_is_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
