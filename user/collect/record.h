/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside collect/ only: one record of the kernel's, read. */
#ifndef COLLECT_RECORD_H
#define COLLECT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/session_maps.h"
#include "model/sample.h"

#define N_CALL_METRICS (METRIC_SYS_FUTEX - METRIC_SYS_TOTAL + 1)

/* A thread as last read. */
struct reading {
	uint32_t seq;
	uint32_t status; /* enum vmprof_status */
	uint32_t state;
	uint64_t since;
	struct sample sample; /* up to `since` */
};

/* A consistent copy of a record that the kernel may be changing. False: it was being changed all the
 * time (its CPU may have been taken from us, in a virtual machine); try again at the next poll. */
bool record_copy(const struct vmprof_thread *shared, struct vmprof_thread *copy);

/* Bring `r` up to date with `copy`. The metrics in `measured` are set, others absent. */
void record_read(struct reading *r, const struct vmprof_thread *copy, enum detail detail, metric_set measured);

/* The rows of the thread in `slot` will be read soon: they are scattered, and mostly not in the cache. */
void record_prefetch(struct session_maps *m, uint32_t slot);
/* The calls of the thread in `slot` as metrics: set METRIC_SYS_TOTAL … in `s`. */
void record_call_metrics(struct session_maps *m, uint32_t slot, struct sample *s);
/* Add the calls of the thread in `slot` to a table. 0 or -ENOMEM. */
int record_calls(struct session_maps *m, uint32_t slot, struct call_table *table);

/* Add one row to a table, under number `nr`. 0 or -ENOMEM. */
int record_add_row(const struct vmprof_row *row, int nr, struct call_table *table);

/* Give the slot and its rows back to the kernel, cleared. */
void record_release(struct session_maps *m, uint32_t slot);

#endif
