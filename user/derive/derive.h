/* SPDX-License-Identifier: BSD-2-Clause */
/* Two samples make an interval. */
#ifndef DERIVE_DERIVE_H
#define DERIVE_DERIVE_H

#include "model/sample.h"

/*
 * What happened in the `ns` between `before` (all zero: it began within) and `now`. A metric is
 * there if `now` has it. A delta is never negative: a state that was guessed and
 * turned out otherwise shows as none.
 */
void derive_interval(const struct sample *before, const struct sample *now, uint64_t ns, struct interval *iv);

/* The same for a table of calls: those that were made in between. `out` is emptied first. 0 or -ENOMEM. */
int derive_calls(const struct call_table *before, const struct call_table *now, struct call_table *out);

#endif
