/* SPDX-License-Identifier: BSD-2-Clause */
#include "histogram.h"

#include <math.h>

#define EACH (1u << HISTOGRAM_SUB)

/* Values below EACH have a bucket each; from there on, the highest bit and the 7 bits below it are the index. */
static unsigned index_of(uint64_t ns)
{
	unsigned shift;

	if (ns < EACH)
		return (unsigned)ns;
	shift = 63 - (unsigned)__builtin_clzll(ns) - HISTOGRAM_SUB;
	return (shift << HISTOGRAM_SUB) + (unsigned)(ns >> shift);
}

static uint64_t middle_of(unsigned index)
{
	unsigned shift;

	if (index < 2 * EACH)
		return index;
	shift = (index >> HISTOGRAM_SUB) - 1;
	return ((uint64_t)(index - (shift << HISTOGRAM_SUB)) << shift) + ((UINT64_C(1) << shift) >> 1);
}

void histogram_add(struct histogram *h, uint64_t ns)
{
	h->bucket[index_of(ns < HISTOGRAM_LONGEST ? ns : HISTOGRAM_LONGEST)]++;
	if (!h->count++ || ns < h->min)
		h->min = ns;
	if (ns > h->max)
		h->max = ns;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	if (!from->count)
		return;
	if (!into->count || from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	into->count += from->count;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->bucket[i] += from->bucket[i];
}

uint64_t histogram_quantile(const struct histogram *h, double q)
{
	uint64_t rank = (uint64_t)ceil(q * (double)h->count), below = 0;

	if (rank >= h->count)
		return h->max;
	if (rank <= 1)
		return h->min;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		below += h->bucket[i];
		if (below >= rank) {
			uint64_t ns = middle_of(i);

			return ns < h->min ? h->min : ns > h->max ? h->max : ns;
		}
	}
	return h->max;
}
