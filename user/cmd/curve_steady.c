/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/curve_steady.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "derive/derive.h"

#define MAX_INSTANTS 4096     /* even; 3 MB */
#define SETTLING     0.2      /* of the time from the last start to the first end */
#define MIN_STEADY   50000000 /* ns */
#define FIRST_STEP   75000000 /* of two polls at 50 ms, one */

int steady_open(struct steady *s, const cpu_set_t *cpus, const struct limit *limit)
{
	*s = (struct steady){.cpus = cpus, .limit = limit, .at = calloc(MAX_INSTANTS, sizeof(*s->at))};
	return s->at ? 0 : -ENOMEM;
}

void steady_free(struct steady *s)
{
	free(s->at);
	s->at = NULL;
}

static void thin_out(struct steady *s)
{
	for (unsigned i = 0; i < MAX_INSTANTS / 2; i++)
		s->at[i] = s->at[2 * i];
	s->n = MAX_INSTANTS / 2;
	s->step = s->step ? 2 * s->step : FIRST_STEP;
}

void steady_note(struct steady *s, struct tracker *t, uint64_t at, bool now)
{
	char path[PATH_MAX];
	struct instant *to;

	if (!now && s->n && at < s->at[s->n - 1].at + s->step)
		return;
	if (s->n == MAX_INSTANTS)
		thin_out(s);
	to = &s->at[s->n++];
	to->at = at;
	to->total = *tracker_total(t);
	machine_cpu("/proc", s->cpus, &to->cpu);
	machine_stall("/proc/pressure/memory", &to->stall);
	snprintf(path, sizeof(path), "%s/memory.pressure", s->limit->dir);
	machine_stall(path, &to->group_stall);
	to->used = limit_usage(s->limit);
}

static double ratio(uint64_t part, uint64_t all)
{
	return all ? (double)part / (double)all : NAN;
}

static void put_stall(const struct stall *a, const struct stall *b, double us, double *some, double *full)
{
	if (!a->known || !b->known)
		return;
	*some = fmin((double)(b->some_us - a->some_us) / us, 1);
	*full = fmin((double)(b->full_us - a->full_us) / us, 1);
}

/* Metrics that are reported per second. */
static const struct {
	enum metric metric;
	enum curve_figure figure;
	double unit;
} rates[] = {
	{METRIC_MINFLT, CURVE_MINFLT, 1}, {METRIC_MAJFLT, CURVE_MAJFLT, 1},  {METRIC_VCSW, CURVE_VCSW, 1},
	{METRIC_IVCSW, CURVE_IVCSW, 1},   {METRIC_INBLOCK, CURVE_READ, 512}, {METRIC_OUBLOCK, CURVE_WRITTEN, 512},
};

static void put_ledger(const struct interval *iv, double seconds, unsigned cpus, struct curve_row *row)
{
	uint64_t all = 0;

	for (int m = METRIC_STATE_FIRST; m <= METRIC_STATE_LAST; m++)
		all += iv->v[m].u;
	for (int m = METRIC_STATE_FIRST; m <= METRIC_STATE_LAST; m++)
		if (interval_has(iv, m))
			row->v[CURVE_STATE(m)] = ratio(iv->v[m].u, all);
	row->v[CURVE_COPIES_UTIL] = (double)interval_on_cpu(iv) / 1e9 / seconds / cpus;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		if (interval_has(iv, rates[i].metric))
			row->v[rates[i].figure] = (double)iv->v[rates[i].metric].u * rates[i].unit / seconds;
}

/* The first instant that is settled and the last before the first end; of a very short run all of it. */
static void choose(const struct steady *s, uint64_t started, uint64_t first_end, const struct instant **a,
                   const struct instant **b)
{
	uint64_t settled = started + (uint64_t)(SETTLING * (double)(first_end - started));
	unsigned i = 0, k = s->n - 1;

	while (i < k && s->at[i].at < settled)
		i++;
	while (k > i && s->at[k].at > first_end)
		k--;
	if (s->at[k].at - s->at[i].at < MIN_STEADY) {
		i = 0;
		k = s->n - 1;
	}
	*a = &s->at[i];
	*b = &s->at[k];
}

void steady_conclude(const struct steady *s, uint64_t started, uint64_t first_end, struct curve_row *row)
{
	const struct instant *a, *b;
	struct interval iv;
	double seconds;

	if (s->n < 2 || first_end < started)
		return;
	choose(s, started, first_end, &a, &b);
	if (b->at <= a->at)
		return;
	seconds = (double)(b->at - a->at) / 1e9;
	derive_interval(&a->total, &b->total, b->at - a->at, &iv);
	row->v[CURVE_STEADY] = seconds;
	row->v[CURVE_CPU_UTIL] = ratio(b->cpu.busy - a->cpu.busy, b->cpu.all - a->cpu.all);
	row->v[CURVE_USED] = (double)b->used;
	put_stall(&a->stall, &b->stall, seconds * 1e6, &row->v[CURVE_PSI_SOME], &row->v[CURVE_PSI_FULL]);
	put_stall(&a->group_stall, &b->group_stall, seconds * 1e6, &row->v[CURVE_GROUP_PSI_SOME],
	          &row->v[CURVE_GROUP_PSI_FULL]);
	put_ledger(&iv, seconds, row->cpus, row);
}
