/* SPDX-License-Identifier: BSD-2-Clause */
/* A curve as a recording: a row per run of N copies. */
#ifndef REPORT_CURVE_CSV_H
#define REPORT_CURVE_CSV_H

#include <stdio.h>

#include "base/out.h"
#include "report/curve.h"

#define CURVE_MAX_N      1000
#define CURVE_MAX_REPEAT 1000
#define CURVE_MAX_CPUS   8192

void curve_csv_head(struct out *out);
void curve_csv_row(struct out *out, const struct curve_row *r);

/* Add the rows of a recording, which is untrusted. 0, -EINVAL: line `line_no` is not one of ours (0: there is none),
 * or another -errno. */
int curve_csv_read(FILE *file, struct curve *c, unsigned *line_no);

#endif
