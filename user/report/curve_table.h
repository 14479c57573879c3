/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORT_CURVE_TABLE_H
#define REPORT_CURVE_TABLE_H

#include "base/out.h"
#include "report/curve.h"

/* A table of medians for each curve, with what it says; `title` may hold any bytes. 0 or -errno. */
int curve_table_print(struct out *out, const struct curve *c, const char *title, bool colour);

#endif
