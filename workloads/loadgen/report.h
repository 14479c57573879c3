/* SPDX-License-Identifier: BSD-2-Clause */
/* What came out of it: to people, and as JSON. */
#ifndef LOADGEN_REPORT_H
#define LOADGEN_REPORT_H

#include <stdio.h>

#include "load.h"

struct report {
	struct totals totals; /* of all loops */
	uint64_t errors;
	double seconds; /* from the start line to the last reply, or to the end that --seconds or a signal made */
};

void report_make(struct report *r, const struct load *load);
/* 0 or -errno. */
int report_text(const struct report *r, const struct load *load, FILE *to);
int report_json(const struct report *r, const struct load *load, FILE *to);

#endif
