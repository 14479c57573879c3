/* SPDX-License-Identifier: BSD-2-Clause */
/* Curves whose shape is known. */
#ifndef TESTS_UNIT_CURVE_TEST_H
#define TESTS_UNIT_CURVE_TEST_H

#include "scratch.h"

#include <math.h>

#include "report/curve.h"

static inline struct curve_row row(unsigned n, unsigned repeat, double work)
{
	struct curve_row r = {.memory = 64 << 20, .cpus = 2, .n = n, .repeat = repeat};

	for (int f = 0; f < CURVE_COUNT; f++)
		r.v[f] = NAN;
	for (int m = METRIC_STATE_FIRST; m <= METRIC_STATE_LAST; m++)
		r.v[CURVE_STATE(m)] = 0;
	r.v[CURVE_METRIC] = work;
	r.v[CURVE_OOM_KILLS] = 0;
	return r;
}

static inline void add(struct curve *c, struct curve_row r)
{
	assert_int_equal(curve_add(c, &r), 0);
}

/* Three repeats of each point, `noise` (of 1) apart; `state` goes from 0 to `to` behind point `from`. */
static inline const struct curve_series *series(struct curve *c, const double *work, unsigned n, double noise,
                                                enum curve_figure state, unsigned from, double to)
{
	curve_free(c);
	for (unsigned repeat = 1; repeat <= 3; repeat++) {
		for (unsigned i = 0; i < n; i++) {
			struct curve_row r = row(i + 1, repeat, work[i] * (1 + noise * ((double)repeat - 2)));

			r.v[state] = i < from ? 0 : to;
			r.v[CURVE_USER] = 1 - r.v[state];
			add(c, r);
		}
	}
	assert_int_equal(curve_conclude(c), 0);
	assert_int_equal(c->n_series, 1);
	return &c->series[0];
}

#define SERIES(c, noise, state, from, to, ...)                                                                         \
	series(c, (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double), noise, state, \
	       from, to)

#endif
