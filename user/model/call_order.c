/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/call_order.h"

#include "base/histogram.h"

#define HIST_FIRST 7 /* of CALL_HIST: bucket 0 is below 2^7 ns */

int call_by_time(const void *a, const void *b)
{
	const struct call_stats *x = *(const struct call_stats *const *)a;
	const struct call_stats *y = *(const struct call_stats *const *)b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	if (x->calls != y->calls)
		return x->calls < y->calls ? 1 : -1;
	return (x->nr > y->nr) - (x->nr < y->nr);
}

bool call_has_latency(const struct call_stats *c)
{
	for (int i = 0; i < CALL_HIST; i++)
		if (c->hist[i])
			return true;
	return false;
}

uint64_t call_quantile(const struct call_stats *c, double q)
{
	return histogram_quantile(c->hist, CALL_HIST, HIST_FIRST, q, c->max_ns);
}
