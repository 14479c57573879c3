/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/curve.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CURVE_ROW(id, name, help) [CURVE_##id] = name,
const char *const curve_names[CURVE_COUNT] = {CURVE_FIGURES(CURVE_ROW)};

int curve_add(struct curve *c, const struct curve_row *row)
{
	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 64;
		struct curve_row *rows = reallocarray(c->rows, room, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		c->rows = rows;
		c->room = room;
	}
	c->rows[c->n++] = *row;
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The q-quantile of sorted values (type 7 of Hyndman and Fan: R's and NumPy's default). */
static double quantile(const double *v, size_t n, double q)
{
	double at = q * (double)(n - 1);
	size_t i = (size_t)at;

	return i + 1 < n ? v[i] + (at - (double)i) * (v[i + 1] - v[i]) : v[n - 1];
}

void spread_of(double *v, size_t n, struct spread *s)
{
	size_t have = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(v[i]))
			v[have++] = v[i];
	if (!have) {
		*s = (struct spread){NAN, NAN, NAN, NAN, NAN};
		return;
	}
	qsort(v, have, sizeof(*v), by_value);
	*s = (struct spread){v[0], quantile(v, have, 0.25), quantile(v, have, 0.5), quantile(v, have, 0.75),
	                     v[have - 1]};
}

static bool is_of(const struct curve_row *r, const struct curve_series *s)
{
	return r->memory == s->memory && r->cpus == s->cpus;
}

static bool was_killed(const struct curve_row *r)
{
	return r->v[CURVE_OOM_KILLS] > 0;
}

/* All runs of N copies that count; false: there are none. */
static bool fill_point(const struct curve *c, const struct curve_series *s, struct curve_point *p, double *scratch)
{
	for (int f = 0; f < CURVE_COUNT; f++) {
		p->repeats = 0;
		for (size_t i = 0; i < c->n; i++) {
			const struct curve_row *r = &c->rows[i];

			if (is_of(r, s) && r->n == p->n && !was_killed(r))
				scratch[p->repeats++] = r->v[f];
		}
		spread_of(scratch, p->repeats, &p->v[f]);
	}
	return p->repeats;
}

static unsigned max_n(const struct curve *c)
{
	unsigned max = 0;

	for (size_t i = 0; i < c->n; i++)
		max = c->rows[i].n > max ? c->rows[i].n : max;
	return max;
}

static int fill_series(const struct curve *c, struct curve_series *s)
{
	unsigned max = max_n(c);
	double *scratch = calloc(c->n, sizeof(*scratch));

	s->at = calloc(max, sizeof(*s->at));
	s->work = CURVE_COMPLETIONS;
	if (!scratch || !s->at) {
		free(scratch);
		return -ENOMEM;
	}
	for (size_t i = 0; i < c->n; i++) {
		const struct curve_row *r = &c->rows[i];

		if (!is_of(r, s))
			continue;
		if (!isnan(r->v[CURVE_METRIC]))
			s->work = CURVE_METRIC;
		if (was_killed(r) && (!s->killed_at || r->n < s->killed_at))
			s->killed_at = r->n;
	}
	/* Where some were killed in one repeat, the others were lucky. */
	for (unsigned n = 1; n <= max && (!s->killed_at || n < s->killed_at); n++) {
		s->at[s->n].n = n;
		s->n += fill_point(c, s, &s->at[s->n], scratch);
	}
	free(scratch);
	curve_find_knee(s, &s->knee);
	return 0;
}

static void free_series(struct curve *c)
{
	for (size_t i = 0; i < c->n_series; i++)
		free(c->series[i].at);
	free(c->series);
	c->series = NULL;
	c->n_series = 0;
}

int curve_conclude(struct curve *c)
{
	int err = 0;

	free_series(c);
	if (!c->n)
		return 0;
	c->series = calloc(c->n, sizeof(*c->series));
	if (!c->series)
		return -ENOMEM;
	for (size_t i = 0; i < c->n && !err; i++) {
		size_t k = 0;

		while (k < c->n_series && !is_of(&c->rows[i], &c->series[k]))
			k++;
		if (k < c->n_series)
			continue;
		c->series[k].memory = c->rows[i].memory;
		c->series[k].cpus = c->rows[i].cpus;
		c->n_series++;
		err = fill_series(c, &c->series[k]);
	}
	return err;
}

void curve_free(struct curve *c)
{
	free_series(c);
	free(c->rows);
	memset(c, 0, sizeof(*c));
}
