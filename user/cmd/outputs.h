/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything a run writes: the sinks, and where the totals go. */
#ifndef CMD_OUTPUTS_H
#define CMD_OUTPUTS_H

#include <stdbool.h>

#include "base/out.h"
#include "cmd/options.h"
#include "collect/tracker.h"
#include "sink/sink.h"

#define MAX_SINKS 4

struct outputs {
	struct sink sinks[MAX_SINKS];
	unsigned n;
	struct out *people;      /* lines and totals: standard output, or standard error where a file is there */
	struct call_table calls; /* of an interval, reused */
	bool failed;             /* a write did; it has been said */
};

/* Open all files. 0, or STATUS_FAILED after an error has been printed. */
int outputs_open(struct outputs *out, const struct options *o, bool lines);
/* From now on: what is not read is waited for so long. */
void outputs_set_patience(struct outputs *out, struct out_patience *patience);
/* Write what stands before all rows. False: a write failed, and it has been said. */
bool outputs_start(struct outputs *out, const struct run_info *info);
/* Write the interval that ends with the last poll, `time` s after the start, `ns` long. False: as above. */
bool outputs_interval(struct outputs *out, struct tracker *t, double time, uint64_t ns);
/* Print the totals. */
bool outputs_totals(struct outputs *out, const struct summary *s);
/* Close all; false if that failed, or anything before it. */
bool outputs_close(struct outputs *out);

#endif
