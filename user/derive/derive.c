/* SPDX-License-Identifier: BSD-2-Clause */
#include "derive/derive.h"

#include <errno.h>
#include <string.h>

/*
 * A state that was guessed and turned out otherwise has less than was reported of it: it shows none, and what
 * it has too much is kept back from the others, so that together they are the time that went by.
 */
static void balance(struct interval *iv, uint64_t too_much)
{
	for (int m = METRIC_STATE_FIRST; m <= METRIC_STATE_LAST && too_much; m++) {
		uint64_t take = iv->v[m].u < too_much ? iv->v[m].u : too_much;

		iv->v[m].u -= take;
		too_much -= take;
	}
}

void derive_interval(const struct sample *before, const struct sample *now, uint64_t ns, struct interval *iv)
{
	uint64_t too_much = 0;

	memset(iv, 0, sizeof(*iv));
	iv->ns = ns;
	for (int m = 0; m < METRIC_COUNT; m++) {
		uint64_t v = now->v[m];

		if (metrics[m].kind == METRIC_RATIO || !sample_has(now, m))
			continue;
		if (metrics[m].kind == METRIC_DELTA) {
			if (v < before->v[m] && m >= METRIC_STATE_FIRST && m <= METRIC_STATE_LAST)
				too_much += before->v[m] - v;
			v = v > before->v[m] ? v - before->v[m] : 0;
		}
		iv->v[m].u = v;
		iv->have |= METRIC_BIT(m);
	}
	balance(iv, too_much);
	if (ns && interval_has(iv, METRIC_USER) && interval_has(iv, METRIC_SYS)) {
		iv->v[METRIC_CPU_UTIL].d = (double)interval_on_cpu(iv) / (double)ns;
		iv->have |= METRIC_BIT(METRIC_CPU_UTIL);
	}
}

int derive_calls(const struct call_table *before, const struct call_table *now, struct call_table *out)
{
	call_table_clear(out);
	for (size_t i = 0; i < now->n; i++) {
		const struct call_stats *c = &now->at[i], *b = call_table_find(before, c->nr);
		struct call_stats *to;

		if (b && b->calls == c->calls)
			continue;
		to = call_table_get(out, c->nr);
		if (!to)
			return -ENOMEM;
		call_stats_between(b, c, to);
	}
	return 0;
}

void derive_reported(struct sample *reported, const struct interval *iv)
{
	for (int m = 0; m < METRIC_COUNT; m++) {
		if (metrics[m].kind == METRIC_DELTA)
			reported->v[m] += iv->v[m].u;
	}
	reported->have |= iv->have;
}
