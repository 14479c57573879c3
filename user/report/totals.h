/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of every run: the ledger as shares with bars, the calls by time, and the rest. */
#ifndef REPORT_TOTALS_H
#define REPORT_TOTALS_H

#include "base/out.h"
#include "model/sample.h"

/* Print the totals; bars in UTF-8 where the locale is, in ASCII elsewhere; colour where `colour`. 0 or -errno. */
int totals_print(struct out *out, const struct summary *s, bool colour);

#endif
