/* SPDX-License-Identifier: BSD-2-Clause */
/* What a list of system calls for a reader needs: an order, and percentiles. */
#ifndef MODEL_CALL_ORDER_H
#define MODEL_CALL_ORDER_H

#include "model/calls.h"

/* For qsort(3) of `const struct call_stats *`: the longest in sum first; where time is not measured,
 * the most frequent. */
int call_by_time(const void *a, const void *b);

/* Whether its latency was measured at all: at detail full alone. */
bool call_has_latency(const struct call_stats *c);

/* The q-quantile of its latency, ns. */
uint64_t call_quantile(const struct call_stats *c, double q);

#endif
