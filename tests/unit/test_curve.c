/* SPDX-License-Identifier: BSD-2-Clause */
/* Knees of curves whose shape is known. */
#include "curve_test.h"

static bool says(const struct curve_series *s, const char *what)
{
	char text[512];

	curve_sentence(s, text, sizeof(text));
	if (strstr(text, what))
		return true;
	print_error("'%s' is not in: %s\n", what, text);
	return false;
}

static void rises_and_falls(void **state)
{
	struct curve c = {0};
	const struct curve_series *s = SERIES(&c, 0.01, CURVE_FAULT, 5, 0.9, 10, 20, 20, 19.9, 19.5, 3, 1, 0.2);

	(void)state;
	assert_int_equal(s->knee.recommended, 2);
	assert_int_equal(s->knee.knee, 5);
	assert_int_equal(s->knee.far, 8);
	assert_true(fabs(s->knee.left - 0.01) < 1e-9);
	assert_int_equal(s->knee.cause, CAUSE_MEMORY);
	assert_true(says(s, "Knee at 5 copies: with 8, useful work is 1.0 % of the best. Cause: memory (blocked in a "
	                    "page fault: 0.0 % of the copies' time with 5 copies, 90.0 % with 8). Recommended: 2."));
	curve_free(&c);
}

static void levels_off(void **state)
{
	struct curve c = {0};
	const struct curve_series *s = SERIES(&c, 0.01, CURVE_RUNQ_PREEMPT, 2, 0.6, 10, 20, 20.3, 20.1, 20.2);

	(void)state;
	assert_int_equal(s->knee.knee, 0);
	assert_int_equal(s->knee.recommended, 2);
	assert_int_equal(s->knee.cause, CAUSE_CPU);
	assert_true(says(s, "levels off at 2 copies"));
	assert_true(says(s, "Cause: CPU"));
	curve_free(&c);
}

/* A fall that its own spread could explain is none; the same without spread is one. */
static void noise(void **state)
{
	struct curve c = {0};
	const struct curve_series *s = SERIES(&c, 0.3, CURVE_FAULT, 3, 0.1, 10, 20, 20, 18, 18.5);

	(void)state;
	assert_int_equal(s->knee.knee, 0);
	s = SERIES(&c, 0.001, CURVE_FAULT, 3, 0.1, 10, 20, 20, 18, 18.5);
	assert_int_equal(s->knee.knee, 3);
	curve_free(&c);
}

/* One run at the knee that fell already, and one that was disturbed, change nothing. */
static void outliers(void **state)
{
	struct curve c = {0};

	(void)state;
	for (unsigned repeat = 1; repeat <= 3; repeat++)
		for (unsigned n = 1; n <= 5; n++)
			add(&c, row(n, repeat, n == 1 ? 10 : n < 4 ? (n + repeat == 6 ? 0.3 : 20) : 0.2));
	assert_int_equal(curve_conclude(&c), 0);
	assert_int_equal(c.series[0].knee.knee, 3);
	assert_int_equal(c.series[0].knee.recommended, 2);
	curve_free(&c);
}

static void only_falls(void **state)
{
	struct curve c = {0};
	const struct curve_series *s = SERIES(&c, 0.01, CURVE_LOCK, 1, 0.7, 20, 15, 10, 5);

	(void)state;
	assert_int_equal(s->knee.knee, 1);
	assert_int_equal(s->knee.recommended, 1);
	assert_int_equal(s->knee.cause, CAUSE_LOCK);
	assert_true(says(s, "Knee at 1 copy: with 4"));
	assert_true(says(s, "Cause: locks"));
	curve_free(&c);
}

static void still_rises(void **state)
{
	struct curve c = {0};
	const struct curve_series *s = SERIES(&c, 0.01, CURVE_USER, 9, 0, 1, 2, 3, 4);

	(void)state;
	assert_int_equal(s->knee.knee, 0);
	assert_int_equal(s->knee.recommended, 4);
	assert_true(says(s, "still rises at 4 copies"));
	curve_free(&c);
}

static void single_point(void **state)
{
	struct curve c = {0};
	const struct curve_series *s = SERIES(&c, 0.01, CURVE_USER, 9, 0, 5);

	(void)state;
	assert_int_equal(s->knee.knee, 0);
	assert_int_equal(s->knee.recommended, 1);
	assert_true(says(s, "Only one copy was measured"));
	curve_free(&c);
	assert_int_equal(curve_conclude(&c), 0);
	assert_int_equal(c.n_series, 0);
}

/* What wanders before a cliff does not hide it, and a slope before it is not the knee. */
static void cliff(void **state)
{
	struct curve c = {0};
	const struct curve_series *s =
		SERIES(&c, 0.2, CURVE_FAULT, 6, 0.6, 270, 290, 325, 103, 256, 119, 0.9, 0.3, 0.2);

	(void)state;
	assert_int_equal(s->knee.knee, 6);
	assert_int_equal(s->knee.recommended, 3);
	assert_int_equal(s->knee.cause, CAUSE_MEMORY);
	s = SERIES(&c, 0.01, CURVE_FAULT, 5, 0.6, 696, 568, 503, 455, 437, 1, 0.6);
	assert_int_equal(s->knee.knee, 5);
	assert_int_equal(s->knee.recommended, 1);
	/* One point that was disturbed is no cliff: it comes back. */
	s = SERIES(&c, 0.01, CURVE_FAULT, 9, 0, 10, 20, 3, 20, 20);
	assert_int_equal(s->knee.knee, 0);
	curve_free(&c);
}

/* The knee is behind the last point that is as good as the best, not behind the first. */
static void two_humps(void **state)
{
	struct curve c = {0};
	const struct curve_series *s = SERIES(&c, 0.01, CURVE_DISK, 4, 0.5, 10, 100, 60, 98, 30);

	(void)state;
	assert_int_equal(s->knee.recommended, 2);
	assert_int_equal(s->knee.knee, 4);
	assert_int_equal(s->knee.cause, CAUSE_DISK);
	s = SERIES(&c, 0.01, CURVE_DISK, 4, 0.5, 10, 100, 60, 98);
	assert_int_equal(s->knee.knee, 0);
	curve_free(&c);
}

/* Copies that share CPUs wait for them, and together do no less for it: not the cause of a fall, if there is another.
 */
static void waiting_explains_no_fall(void **state)
{
	struct curve c = {0};

	(void)state;
	for (unsigned n = 1; n <= 8; n++) {
		struct curve_row r = row(n, 1, n < 3 ? 20 : 4);

		r.v[CURVE_RUNQ_PREEMPT] = n > 2 ? 1 - 2.0 / n : 0;
		r.v[CURVE_FAULT] = n > 2 ? 0.2 : 0;
		add(&c, r);
	}
	assert_int_equal(curve_conclude(&c), 0);
	assert_int_equal(c.series[0].knee.knee, 2);
	assert_int_equal(c.series[0].knee.cause, CAUSE_MEMORY);
	for (size_t i = 0; i < c.n; i++)
		c.rows[i].v[CURVE_FAULT] = 0;
	assert_int_equal(curve_conclude(&c), 0);
	assert_int_equal(c.series[0].knee.cause, CAUSE_CPU);
	/* With swap in memory nobody waits: the kernel works. */
	for (size_t i = 0; i < c.n; i++) {
		c.rows[i].v[CURVE_SYS] = c.rows[i].n > 2 ? 0.5 : 0;
		c.rows[i].v[CURVE_MAJFLT] = c.rows[i].n > 2 ? 9000 : 0;
	}
	assert_int_equal(curve_conclude(&c), 0);
	assert_int_equal(c.series[0].knee.cause, CAUSE_MEMORY);
	assert_int_equal(c.series[0].knee.state, CURVE_SYS);
	curve_free(&c);
}

/* Measured on a machine that others kept busy: where work fell to a fraction, the copies waited for CPUs above all. */
static void busy_machine(void **state)
{
	static const double work[] = {21.6e6, 27.5e6, 58331}, faults[] = {746, 10600, 11084};
	static const double fault[] = {0.03, 0.253, 0.218}, runq[] = {0.916, 0.593, 0.698};
	struct curve c = {0};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct curve_row r = row(i + 1, 1, work[i]);

		r.v[CURVE_MAJFLT] = faults[i];
		r.v[CURVE_FAULT] = fault[i];
		r.v[CURVE_RUNQ_PREEMPT] = runq[i];
		add(&c, r);
	}
	assert_int_equal(curve_conclude(&c), 0);
	assert_int_equal(c.series[0].knee.knee, 2);
	assert_int_equal(c.series[0].knee.cause, CAUSE_MEMORY);
	assert_int_equal(c.series[0].knee.state, CURVE_FAULT);
	curve_free(&c);
}

/* Killed for lack of memory in one repeat: the curve ends before that. */
static void killed(void **state)
{
	struct curve c = {0};
	struct curve_row r;

	(void)state;
	for (unsigned n = 1; n <= 4; n++)
		add(&c, row(n, 1, n));
	r = row(4, 2, NAN);
	r.v[CURVE_OOM_KILLS] = 1;
	add(&c, r);
	assert_int_equal(curve_conclude(&c), 0);
	assert_int_equal(c.series[0].n, 3);
	assert_int_equal(c.series[0].killed_at, 4);
	assert_int_equal(c.series[0].knee.knee, 3);
	assert_int_equal(c.series[0].knee.cause, CAUSE_MEMORY);
	assert_true(says(&c.series[0], "of 4 the kernel kills some"));
	curve_free(&c);

	r.n = 1;
	add(&c, r);
	assert_int_equal(curve_conclude(&c), 0);
	assert_int_equal(c.series[0].n, 0);
	assert_true(says(&c.series[0], "No run counts"));
	curve_free(&c);
}

/* By R: quantile(c(4, 1, 3, 2)) is 1, 1.75, 2.5, 3.25, 4. */
static void quartiles(void **state)
{
	double four[] = {4, NAN, 1, 3, 2}, one[] = {7}, none[] = {NAN};
	struct spread s;

	(void)state;
	spread_of(four, 5, &s);
	assert_true(s.min == 1 && s.q1 == 1.75 && s.median == 2.5 && s.q3 == 3.25 && s.max == 4);
	spread_of(one, 1, &s);
	assert_true(s.min == 7 && s.q1 == 7 && s.median == 7 && s.q3 == 7 && s.max == 7);
	spread_of(none, 1, &s);
	assert_true(isnan(s.median));
}

static void families(void **state)
{
	struct curve c = {0};
	struct curve_row r;

	(void)state;
	for (unsigned repeat = 1; repeat <= 2; repeat++) {
		for (unsigned i = 0; i < 4; i++) {
			r = row(1 + i % 2, repeat, 1);
			r.memory = i < 2 ? 0 : 1 << 20;
			add(&c, r);
		}
	}
	r.cpus = 1;
	r.v[CURVE_METRIC] = NAN;
	r.v[CURVE_COMPLETIONS] = 3;
	add(&c, r);
	assert_int_equal(curve_conclude(&c), 0);
	assert_int_equal(c.n_series, 3);
	assert_int_equal(c.series[0].memory, 0);
	assert_int_equal(c.series[0].n, 2);
	assert_int_equal(c.series[0].at[1].repeats, 2);
	assert_int_equal(c.series[1].memory, 1 << 20);
	assert_int_equal(c.series[1].work, CURVE_METRIC);
	assert_int_equal(c.series[2].cpus, 1);
	assert_int_equal(c.series[2].work, CURVE_COMPLETIONS);
	curve_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rises_and_falls), cmocka_unit_test(levels_off),
		cmocka_unit_test(noise),           cmocka_unit_test(outliers),
		cmocka_unit_test(only_falls),      cmocka_unit_test(still_rises),
		cmocka_unit_test(single_point),    cmocka_unit_test(two_humps),
		cmocka_unit_test(cliff),           cmocka_unit_test(busy_machine),
		cmocka_unit_test(killed),          cmocka_unit_test(waiting_explains_no_fall),
		cmocka_unit_test(quartiles),       cmocka_unit_test(families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
