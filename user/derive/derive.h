/* SPDX-License-Identifier: BSD-2-Clause */
/* Two samples make an interval. */
#ifndef DERIVE_DERIVE_H
#define DERIVE_DERIVE_H

#include "model/sample.h"

/*
 * What happened in the `ns` between `before` (all zero: it began within) and `now`. A metric is there if
 * `now` has it. A delta is never negative, and the states add up to what lies between the samples: what a
 * state was reported too much before is kept back from others until it is made up for.
 */
void derive_interval(const struct sample *before, const struct sample *now, uint64_t ns, struct interval *iv);

/* After an interval has been reported: what has been, in all. The `before` of the next. */
void derive_reported(struct sample *reported, const struct interval *iv);

/* The same for a table of calls: those that were made in between. `out` is emptied first. 0 or -ENOMEM. */
int derive_calls(const struct call_table *before, const struct call_table *now, struct call_table *out);

#endif
