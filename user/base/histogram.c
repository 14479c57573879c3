/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/histogram.h"

static uint64_t power_of_two(size_t exponent)
{
	return exponent < 64 ? UINT64_C(1) << exponent : UINT64_MAX;
}

uint64_t histogram_lower(size_t i, unsigned first)
{
	return i ? power_of_two(first + i - 1) : 0;
}

uint64_t histogram_upper(size_t i, size_t n, unsigned first)
{
	return i + 1 < n ? power_of_two(first + i) : UINT64_MAX;
}

/* The point `part` (0 … 1) of the way through bucket i, or as far in it as `max` lets us. */
static uint64_t interpolate(size_t i, size_t n, unsigned first, double part, uint64_t max)
{
	uint64_t lower = histogram_lower(i, first);
	uint64_t upper = histogram_upper(i, n, first);
	double at;

	if (upper > max)
		upper = max;
	if (upper <= lower)
		return upper;
	at = (double)lower + part * (double)(upper - lower);
	/* Also keeps what rounds to 2^64 from being converted, which C leaves undefined. */
	return at >= (double)upper ? upper : (uint64_t)at;
}

uint64_t histogram_quantile(const uint64_t *buckets, size_t n, unsigned first, double q, uint64_t max)
{
	double total = 0, below = 0, rank;
	size_t i, last = 0;

	for (i = 0; i < n; i++) {
		total += (double)buckets[i];
		if (buckets[i])
			last = i;
	}
	if (total <= 0)
		return 0;

	rank = q * total;
	for (i = 0; i < last; i++) {
		if (buckets[i] && below + (double)buckets[i] >= rank)
			break;
		below += (double)buckets[i];
	}
	return interpolate(i, n, first, (rank - below) / (double)buckets[i], max);
}
