/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the totals share. */
#ifndef TOTALS_TEST_H
#define TOTALS_TEST_H

#include "sink_test.h"

#include <locale.h>

#include "report/totals.h"

#define MS UINT64_C(1000000)

static const struct run_info totals_info = {
	.version = "0.1.0",
	.kernel = "6.18.0",
	.machine = "x86_64",
	.detail = "full",
	.cpus = 2,
	.target = "--pid 42",
};

static inline char *print(const struct summary *s, const char *locale, bool colour)
{
	struct out *out;
	char path[64], *text;

	assert_non_null(setlocale(LC_CTYPE, locale));
	temp_path(path);
	assert_int_equal(out_open(&out, path), 0);
	assert_int_equal(totals_print(out, s, colour), 0);
	assert_int_equal(out_close(out), 0);
	text = slurp(path, NULL);
	unlink(path);
	return text;
}

/* A server: 10 s of threads' time. */
static inline struct summary server(void)
{
	struct summary s = {.info = &totals_info, .elapsed_s = 5, .processes = 1, .threads = 2};
	struct interval *t = &s.total;

	for (int m = METRIC_STATE_FIRST; m <= METRIC_STATE_LAST; m++)
		set_metric(t, m, 0);
	set_metric(t, METRIC_USER, 1000 * MS);
	set_metric(t, METRIC_SYS, 2000 * MS);
	set_metric(t, METRIC_RUNQ_WAKE, 1);
	set_metric(t, METRIC_POLL, 7000 * MS);
	set_metric(t, METRIC_CPU_NS, 3000 * MS);
	set_ratio(t, METRIC_CPU_UTIL, 0.6);
	set_metric(t, METRIC_VCSW, 12345);
	set_metric(t, METRIC_IVCSW, 67);
	set_metric(t, METRIC_MINFLT, 890);
	set_metric(t, METRIC_MAJFLT, 0);
	set_metric(t, METRIC_RSS, 5 << 20);
	set_metric(t, METRIC_PEAK_RSS, 6 << 20);
	set_metric(t, METRIC_VSZ, 70 << 20);
	set_metric(t, METRIC_TEXT, 1 << 20);
	set_metric(t, METRIC_DATA, 2 << 20);
	set_metric(t, METRIC_INBLOCK, 0);
	set_metric(t, METRIC_OUBLOCK, 4096);
	set_metric(t, METRIC_SYS_TOTAL, 30010);
	set_metric(t, METRIC_SYS_ERRORS, 3);
	set_metric(t, METRIC_LOST, 0);
	return s;
}

#endif
