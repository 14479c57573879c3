/* SPDX-License-Identifier: BSD-2-Clause */
/* Where useful work falls, and why. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/curve.h"

#define GOOD       0.95 /* of the best: as good as it */
#define CLIFF      3    /* a third is left at one step: paging costs more than that, sharing CPUs less */
#define MANY_TIMES 10
#define MIN_GROWTH 0.02 /* of the copies' wall time: less is no cause */

/* What a growing state says, of those in which a thread does not work. */
static const struct {
	enum metric state;
	enum curve_cause cause;
} blame[] = {
	{METRIC_FAULT, CAUSE_MEMORY}, {METRIC_RUNQ_WAKE, CAUSE_CPU}, {METRIC_RUNQ_PREEMPT, CAUSE_CPU},
	{METRIC_LOCK, CAUSE_LOCK},    {METRIC_DISK, CAUSE_DISK},     {METRIC_NET, CAUSE_OTHER},
	{METRIC_POLL, CAUSE_OTHER},   {METRIC_PIPE, CAUSE_OTHER},    {METRIC_SLEEP, CAUSE_OTHER},
	{METRIC_CHILD, CAUSE_OTHER},  {METRIC_STOPPED, CAUSE_OTHER}, {METRIC_OTHER, CAUSE_OTHER},
};

#define BLAMES (sizeof(blame) / sizeof(blame[0]))

const char *curve_cause_name(enum curve_cause c)
{
	static const char *const names[] = {
		[CAUSE_NONE] = "not in the ledger",
		[CAUSE_MEMORY] = "memory",
		[CAUSE_CPU] = "CPU",
		[CAUSE_LOCK] = "locks",
		[CAUSE_DISK] = "disk",
		[CAUSE_OTHER] = "waiting",
	};

	return names[c];
}

static double share(const struct curve_point *p, enum curve_figure f)
{
	return isnan(p->v[f].median) ? 0 : p->v[f].median;
}

/* The share of all states that have this cause; of those that have none of their own, of this one alone. */
static double share_of_cause(const struct curve_point *p, enum curve_cause cause, enum metric state)
{
	double sum = 0;

	if (cause == CAUSE_OTHER)
		return share(p, CURVE_STATE(state));
	for (size_t i = 0; i < BLAMES; i++)
		if (blame[i].cause == cause)
			sum += share(p, CURVE_STATE(blame[i].state));
	return sum;
}

static double work(const struct curve_series *s, const struct curve_point *p)
{
	return isnan(p->v[s->work].median) ? 0 : p->v[s->work].median;
}

/* Of N copies that always want a CPU, this share of their time is spent waiting for one. */
static double waiting(const struct curve_series *s, unsigned n)
{
	return n > s->cpus ? 1 - (double)s->cpus / n : 0;
}

/* For the same work `far` has to fetch many times the pages, and that takes time, be it of the disk or of the CPU. */
static bool pages_more(const struct curve_series *s, const struct curve_point *ref, const struct curve_point *far)
{
	double before = (share(ref, CURVE_MAJFLT) + 1) * work(s, far), now = share(far, CURVE_MAJFLT) * work(s, ref);

	return now > MANY_TIMES * before && share(far, CURVE_FAULT) + share(far, CURVE_SYS) > MIN_GROWTH;
}

static void put_memory(const struct curve_point *ref, const struct curve_point *far, struct curve_knee *k)
{
	k->cause = CAUSE_MEMORY;
	k->state = share(far, CURVE_FAULT) > MIN_GROWTH ? CURVE_FAULT : CURVE_SYS;
	k->from = share(ref, k->state);
	k->to = share(far, k->state);
}

/*
 * Which state grew most from `ref` to `far`? That more copies share the CPUs makes each of them wait, but not all of
 * them together do less: where useful work fell, only what they wait beyond that counts.
 */
static void find_cause(const struct curve_series *s, const struct curve_point *ref, const struct curve_point *far,
                       bool fell, struct curve_knee *k)
{
	double most = MIN_GROWTH, most_alone = 0;

	for (size_t i = 0; i < BLAMES; i++) {
		enum curve_figure state = CURVE_STATE(blame[i].state);
		double from = share_of_cause(ref, blame[i].cause, blame[i].state);
		double to = share_of_cause(far, blame[i].cause, blame[i].state);
		double alone = share(far, state) - share(ref, state), grew = to - from;

		if (fell && blame[i].cause == CAUSE_CPU)
			grew -= waiting(s, far->n) - waiting(s, ref->n);
		if (grew < most || (k->cause == blame[i].cause && alone <= most_alone))
			continue;
		most = grew;
		most_alone = alone;
		k->cause = blame[i].cause;
		k->state = state;
		k->from = from;
		k->to = to;
	}
	/* However long they then wait for a CPU, which others may want, too. */
	if (fell && pages_more(s, ref, far))
		put_memory(ref, far, k);
	/* Nothing else grew: many on few CPUs get in each other's way. */
	if (fell && k->cause == CAUSE_NONE)
		find_cause(s, ref, far, false, k);
}

/* A fall that could be chance is none. Not least and most: close to the knee, one run may fall already. */
static bool falls(const struct curve_series *s, const struct curve_point *from, const struct curve_point *to)
{
	return to->v[s->work].q3 < from->v[s->work].q1;
}

/* The last point before useful work falls to a fraction at one step, and stays down. NULL: there is none. */
static const struct curve_point *find_cliff(const struct curve_series *s)
{
	for (size_t i = 0; i + 1 < s->n; i++) {
		double here = work(s, &s->at[i]), later = 0;

		for (size_t k = i + 2; k < s->n; k++)
			later = fmax(later, work(s, &s->at[k]));
		if (CLIFF * work(s, &s->at[i + 1]) <= here && 2 * later <= here && falls(s, &s->at[i], &s->at[i + 1]))
			return &s->at[i];
	}
	return NULL;
}

/* The first and the last point that is as good as the best. */
static void find_good(const struct curve_series *s, double best, const struct curve_point **first,
                      const struct curve_point **last)
{
	*first = *last = NULL;
	for (size_t i = 0; i < s->n; i++) {
		if (work(s, &s->at[i]) < GOOD * best)
			continue;
		*first = *first ?: &s->at[i];
		*last = &s->at[i];
	}
}

void curve_find_knee(const struct curve_series *s, struct curve_knee *k)
{
	const struct curve_point *first, *last, *far, *knee;
	double best = 0;

	memset(k, 0, sizeof(*k));
	if (!s->n)
		return;
	far = &s->at[s->n - 1];
	for (size_t i = 0; i < s->n; i++)
		best = fmax(best, work(s, &s->at[i]));
	find_good(s, best, &first, &last);
	k->recommended = first->n;
	k->far = far->n;
	k->left = best > 0 ? work(s, far) / best : 1;
	/* A cliff stands out of any noise; a slope begins where it can be told from the best. */
	knee = find_cliff(s);
	if (!knee && falls(s, last, far))
		knee = last;
	k->killed = !knee && s->killed_at;
	if (k->killed)
		knee = far;
	k->knee = knee ? knee->n : 0;
	find_cause(s, knee ?: first, far, knee, k);
	if (k->killed) {
		k->cause = CAUSE_MEMORY;
		k->state = CURVE_FAULT;
	}
}

static const char *copies(char to[32], unsigned n)
{
	snprintf(to, 32, "%u cop%s", n, n == 1 ? "y" : "ies");
	return to;
}

/* "memory (blocked in a page fault: 1.2 % of the copies' time with 5 copies, 93.0 % with 12)" */
static void put_cause(const struct curve_series *s, unsigned ref, char *to, size_t room)
{
	const struct curve_knee *k = &s->knee;
	const char *what;
	char n[32];

	if (k->cause == CAUSE_NONE) {
		snprintf(to, room, "Cause: not in the ledger, no state of waiting grew.");
		return;
	}
	what = k->cause == CAUSE_CPU ? "waiting for a CPU" : metrics[curve_state(k->state)].help;
	snprintf(to, room, "Cause: %s (%s: %.1f %% of the copies' time with %s, %.1f %% with %u).",
	         curve_cause_name(k->cause), what, 100 * k->from, copies(n, ref), 100 * k->to, k->far);
}

void curve_sentence(const struct curve_series *s, char *to, size_t room)
{
	const struct curve_knee *k = &s->knee;
	char a[32], cause[256];

	put_cause(s, k->knee ?: k->recommended, cause, sizeof(cause));
	if (!k->recommended) {
		snprintf(to, room, "No run counts: there is no curve.");
	} else if (k->killed) {
		snprintf(to, room,
		         "Knee at %s: of %u the kernel kills some for lack of memory. Cause: memory. Recommended: %u.",
		         copies(a, k->knee), s->killed_at, k->recommended);
	} else if (k->knee) {
		snprintf(to, room, "Knee at %s: with %u, useful work is %.1f %% of the best. %s Recommended: %u.",
		         copies(a, k->knee), k->far, 100 * k->left, cause, k->recommended);
	} else if (s->n == 1) {
		snprintf(to, room, "Only %s measured: one point is no curve.", k->far == 1 ? "one copy was" : a);
	} else if (k->recommended == k->far) {
		snprintf(to, room, "No knee: useful work still rises at %s, the most that were measured.",
		         copies(a, k->far));
	} else {
		snprintf(to, room,
		         "No knee: useful work levels off at %s and up to %u does not fall by more than its spread. %s "
		         "Recommended: %u.",
		         copies(a, k->recommended), k->far, cause, k->recommended);
	}
}
