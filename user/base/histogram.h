/* SPDX-License-Identifier: BSD-2-Clause */
/* Percentiles of a log2 histogram. */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

/* Bucket 0 is [0, 2^first); bucket i is [2^(first+i-1), 2^(first+i)); the last has no upper bound. */

/* The lower and the upper end of bucket i of n (upper: UINT64_MAX for the last). */
uint64_t histogram_lower(size_t i, unsigned first);
uint64_t histogram_upper(size_t i, size_t n, unsigned first);

/* The q-quantile (0 < q <= 1), interpolated within its bucket, never above `max` (the longest
 * value known). 0 if the histogram is empty. */
uint64_t histogram_quantile(const uint64_t *buckets, size_t n, unsigned first, double q, uint64_t max);

#endif
