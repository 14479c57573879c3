/* SPDX-License-Identifier: BSD-2-Clause */
/* One measuring run, from the first target to the totals. */
#ifndef CMD_RUN_H
#define CMD_RUN_H

#include <stdbool.h>

#include "cmd/options.h"

/* Measure as the options say; `lines`: one per interval on standard output, unless --quiet. The exit status. */
int run(const struct options *o, bool lines);

#endif
