/* SPDX-License-Identifier: BSD-2-Clause */
#include "derive/derive.h"

#include <errno.h>
#include <string.h>

void derive_interval(const struct sample *before, const struct sample *now, uint64_t ns, struct interval *iv)
{
	memset(iv, 0, sizeof(*iv));
	iv->ns = ns;
	for (int m = 0; m < METRIC_COUNT; m++) {
		uint64_t v = now->v[m];

		if (metrics[m].kind == METRIC_RATIO || !sample_has(now, m))
			continue;
		if (metrics[m].kind == METRIC_DELTA)
			v = v > before->v[m] ? v - before->v[m] : 0;
		iv->v[m].u = v;
		iv->have |= METRIC_BIT(m);
	}
	if (ns && interval_has(iv, METRIC_USER) && interval_has(iv, METRIC_SYS)) {
		iv->v[METRIC_CPU_UTIL].d = (double)(iv->v[METRIC_USER].u + iv->v[METRIC_SYS].u) / (double)ns;
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
