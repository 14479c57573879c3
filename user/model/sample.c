/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/sample.h"

#include <stddef.h>

void sample_add(struct sample *to, const struct sample *from)
{
	for (int i = 0; i < METRIC_COUNT; i++) {
		if (metrics[i].kind == METRIC_DELTA)
			to->v[i] += from->v[i];
	}
	to->have |= from->have;
}

void sample_total(struct sample *total, const struct sample *s)
{
	static const enum metric sums[] = {METRIC_THREADS, METRIC_RSS, METRIC_VSZ, METRIC_TEXT, METRIC_DATA};

	sample_add(total, s);
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		total->v[sums[i]] += s->v[sums[i]];
	if (s->v[METRIC_PEAK_RSS] > total->v[METRIC_PEAK_RSS])
		total->v[METRIC_PEAK_RSS] = s->v[METRIC_PEAK_RSS];
}
