/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Latencies in buckets that widen with the value: 128 to each power of two, so that a quantile is within 1/256 of the
 * value that a sorted list would give. From 1 ns to an hour; what is longer counts as an hour, but `max` is exact.
 */
#ifndef LOADGEN_HISTOGRAM_H
#define LOADGEN_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB     7 /* log2 of the buckets to a power of two */
#define HISTOGRAM_LONGEST UINT64_C(3600000000000)
#define HISTOGRAM_BUCKETS ((42 - HISTOGRAM_SUB + 1) << HISTOGRAM_SUB) /* an hour is below 2^42 ns */

/* All zero: empty. */
struct histogram {
	uint64_t count, min, max, bucket[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t ns);
void histogram_merge(struct histogram *into, const struct histogram *from);

/* The least value that a share q (0 to 1) of all is not above, in ns. 0: it is empty. */
uint64_t histogram_quantile(const struct histogram *h, double q);

#endif
