/* SPDX-License-Identifier: BSD-2-Clause */
/* Two samples make an interval. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "derive/derive.h"

#define MS 1000000u

static void deltas_are_shares_and_gauges_are_as_they_are(void **state)
{
	struct sample before = {0}, now = {0};
	struct interval iv;

	(void)state;
	sample_set(&before, METRIC_VCSW, 100);
	sample_set(&before, METRIC_RSS, 5000);
	sample_set(&now, METRIC_VCSW, 142);
	sample_set(&now, METRIC_RSS, 4000);
	derive_interval(&before, &now, 50 * MS, &iv);
	assert_int_equal(iv.ns, 50 * MS);
	assert_int_equal(iv.v[METRIC_VCSW].u, 42);
	assert_int_equal(iv.v[METRIC_RSS].u, 4000);
}

static void what_the_sample_lacks_is_absent_not_zero(void **state)
{
	struct sample before = {0}, now = {0};
	struct interval iv;

	(void)state;
	sample_set(&before, METRIC_SYS_READ, 7); /* gone since */
	sample_set(&now, METRIC_MINFLT, 0);
	derive_interval(&before, &now, 50 * MS, &iv);
	assert_true(interval_has(&iv, METRIC_MINFLT));
	assert_int_equal(iv.have, METRIC_BIT(METRIC_MINFLT));
}

static void what_began_within_counts_from_zero(void **state)
{
	static const struct sample nothing;
	struct sample now = {0};
	struct interval iv;

	(void)state;
	sample_set(&now, METRIC_MAJFLT, 3);
	derive_interval(&nothing, &now, 50 * MS, &iv);
	assert_int_equal(iv.v[METRIC_MAJFLT].u, 3);
}

static void a_delta_is_never_negative(void **state)
{
	struct sample before = {0}, now = {0};
	struct interval iv;

	(void)state;
	sample_set(&before, METRIC_OTHER, 900);
	sample_set(&now, METRIC_OTHER, 100);
	derive_interval(&before, &now, 50 * MS, &iv);
	assert_int_equal(iv.v[METRIC_OTHER].u, 0);
}

/* Reported as waiting for a CPU, and then it turns out that the thread had one: nothing is counted twice. */
static void states_add_up_when_a_guess_was_wrong(void **state)
{
	struct sample reported = {0}, now = {0};
	struct interval iv;

	(void)state;
	sample_set(&now, METRIC_USER, 100);
	sample_set(&now, METRIC_RUNQ_PREEMPT, 50);
	derive_interval(&reported, &now, 150, &iv);
	derive_reported(&reported, &iv);

	sample_set(&now, METRIC_USER, 240);
	sample_set(&now, METRIC_RUNQ_PREEMPT, 10); /* 40 of the 50 were `user` */
	derive_interval(&reported, &now, 100, &iv);
	assert_int_equal(iv.v[METRIC_USER].u, 100);
	assert_int_equal(iv.v[METRIC_RUNQ_PREEMPT].u, 0);
	derive_reported(&reported, &iv);

	sample_set(&now, METRIC_RUNQ_PREEMPT, 110); /* and is made up for */
	derive_interval(&reported, &now, 100, &iv);
	assert_int_equal(iv.v[METRIC_USER].u, 40);
	assert_int_equal(iv.v[METRIC_RUNQ_PREEMPT].u, 60);
	derive_reported(&reported, &iv);
	assert_int_equal(reported.v[METRIC_USER], 240);
	assert_int_equal(reported.v[METRIC_RUNQ_PREEMPT], 110);
}

static void utilisation_is_on_cpu_time_over_the_interval(void **state)
{
	struct sample before = {0}, now = {0};
	struct interval iv;

	(void)state;
	sample_set(&before, METRIC_USER, 10 * MS);
	sample_set(&before, METRIC_SYS, 5 * MS);
	sample_set(&now, METRIC_USER, 40 * MS);
	sample_set(&now, METRIC_SYS, 50 * MS);
	derive_interval(&before, &now, 50 * MS, &iv);
	assert_true(interval_has(&iv, METRIC_CPU_UTIL));
	assert_float_equal(iv.v[METRIC_CPU_UTIL].d, 1.5, 1e-12);
}

static void no_utilisation_of_no_time_or_unknown_states(void **state)
{
	struct sample before = {0}, now = {0};
	struct interval iv;

	(void)state;
	sample_set(&now, METRIC_USER, MS);
	derive_interval(&before, &now, 50 * MS, &iv);
	assert_false(interval_has(&iv, METRIC_CPU_UTIL));
	sample_set(&now, METRIC_SYS, MS);
	derive_interval(&before, &now, 0, &iv);
	assert_false(interval_has(&iv, METRIC_CPU_UTIL));
}

/* Σ of a run's deltas is its total, however it is cut into intervals. */
static void deltas_of_a_run_add_up_to_the_total(void **state)
{
	static const uint64_t steps[] = {0, 3, 3, 1000, 4242, 4243};
	struct sample before = {0}, now = {0};
	struct interval iv;
	uint64_t sum = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		sample_set(&now, METRIC_WAKEUPS, steps[i]);
		derive_interval(&before, &now, MS, &iv);
		sum += iv.v[METRIC_WAKEUPS].u;
		before = now;
	}
	assert_int_equal(sum, 4243);
}

static void calls_that_were_not_made_have_no_row(void **state)
{
	struct call_table before = {0}, now = {0}, out = {0};
	const struct call_stats *c;

	(void)state;
	call_table_get(&before, 1)->calls = 10;
	call_table_get(&before, 2)->calls = 5;
	call_table_get(&now, 1)->calls = 10;
	call_table_get(&now, 2)->calls = 8;
	call_table_get(&now, 3)->calls = 1;
	assert_int_equal(derive_calls(&before, &now, &out), 0);
	assert_int_equal(out.n, 2);
	assert_null(call_table_find(&out, 1));
	c = call_table_find(&out, 2);
	assert_non_null(c);
	assert_int_equal(c->calls, 3);
	assert_int_equal(call_table_find(&out, 3)->calls, 1);
	call_table_free(&before);
	call_table_free(&now);
	call_table_free(&out);
}

static void a_total_adds_gauges_but_takes_the_highest_peak(void **state)
{
	struct sample total = {0}, a = {0}, b = {0};

	(void)state;
	sample_set(&a, METRIC_RSS, 100);
	sample_set(&a, METRIC_PEAK_RSS, 300);
	sample_set(&a, METRIC_IVCSW, 1);
	sample_set(&b, METRIC_RSS, 50);
	sample_set(&b, METRIC_PEAK_RSS, 200);
	sample_set(&b, METRIC_IVCSW, 2);
	sample_total(&total, &a);
	sample_total(&total, &b);
	assert_int_equal(total.v[METRIC_RSS], 150);
	assert_int_equal(total.v[METRIC_PEAK_RSS], 300);
	assert_int_equal(total.v[METRIC_IVCSW], 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deltas_are_shares_and_gauges_are_as_they_are),
		cmocka_unit_test(what_the_sample_lacks_is_absent_not_zero),
		cmocka_unit_test(what_began_within_counts_from_zero),
		cmocka_unit_test(a_delta_is_never_negative),
		cmocka_unit_test(states_add_up_when_a_guess_was_wrong),
		cmocka_unit_test(utilisation_is_on_cpu_time_over_the_interval),
		cmocka_unit_test(no_utilisation_of_no_time_or_unknown_states),
		cmocka_unit_test(deltas_of_a_run_add_up_to_the_total),
		cmocka_unit_test(calls_that_were_not_made_have_no_row),
		cmocka_unit_test(a_total_adds_gauges_but_takes_the_highest_peak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
