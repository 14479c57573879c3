/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls by name and number, what each waits for, and the tables that count them. */
#ifndef MODEL_CALLS_H
#define MODEL_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/metric.h"

#define CALL_NR_OTHER (-2) /* 32-bit calls, and calls for which there was no row of their own */
#define CALL_HIST     32   /* buckets: [0] < 128 ns, [i] < 2^(7+i) ns, the last without bound */

/* The name of call `nr`, "[other]" for CALL_NR_OTHER, "syscall_N" for one that is not known
 * (in a static buffer, overwritten by the next). */
const char *call_name(int nr);

/* The number of the call of this name, -ENOENT if there is none. */
int call_number(const char *name);

/* The metric that counts the family of call `nr` (METRIC_SYS_READ …), METRIC_COUNT if none does. */
enum metric call_family(int nr);

/* What the kernel side wants to know of each call: fill info[0 … n-1] with
 * enum vmprof_call_class and VMPROF_CALL_* flags by number. */
void call_fill_info(uint8_t *info, size_t n);

/* One call, cumulative or over an interval. */
struct call_stats {
	int nr;
	uint64_t calls;
	uint64_t errors; /* returned -4095 … -1 */
	uint64_t ns;     /* 0 below detail full */
	uint64_t max_ns;
	uint64_t bytes;
	uint64_t hist[CALL_HIST];
};

/* A growing list of them, in no order. All zero is an empty one. */
struct call_table {
	size_t n, room;
	struct call_stats *at;
};

/* The entry of call `nr`, a new one if there is none; NULL: out of memory. */
struct call_stats *call_table_get(struct call_table *t, int nr);
const struct call_stats *call_table_find(const struct call_table *t, int nr);
/* Add all of `from`: counters add up, the longest is the longer. 0 or -ENOMEM. */
int call_table_add(struct call_table *t, const struct call_table *from);
void call_table_clear(struct call_table *t); /* empty, memory kept */
void call_table_free(struct call_table *t);

/* `now` less `before`; `before` may be NULL (all of it). The longest of an interval is
 * exact where it is the longest so far, else the upper end of its bucket. */
void call_stats_between(const struct call_stats *before, const struct call_stats *now, struct call_stats *out);

#endif
