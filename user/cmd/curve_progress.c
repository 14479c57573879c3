/* SPDX-License-Identifier: BSD-2-Clause */
/* One line on a terminal that is written over and over. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cmd/curve_run.h"

/* As if the runs that are left took as long as those that are done. */
static const char *time_left(const struct curve_run *r, char to[32])
{
	uint64_t so_far = clock_ns() - r->begin, left;
	char text[16];

	if (!r->done)
		return "";
	left = so_far / r->done * r->todo;
	left = left > so_far ? (left - so_far) / NS_PER_S : 0;
	if (left < 60)
		snprintf(to, 32, ": %us left", (unsigned)left);
	else
		snprintf(to, 32, ": %s left", text_ns(text, left * NS_PER_S));
	return to;
}

void progress_show(struct curve_run *r, const struct curve_row *row)
{
	char limit[32] = "", size[16], left[32];

	if (!r->progress)
		return;
	if (!row) {
		fputs("\r\033[K", stderr);
		return;
	}
	if (row->memory)
		snprintf(limit, sizeof(limit), "%s, ", text_bytes(size, row->memory));
	fprintf(stderr, "\r%s%u CPU%s: %u of %u copies, run %u of %u%s\033[K", limit, row->cpus,
	        row->cpus == 1 ? "" : "s", row->n, r->o->max, row->repeat, r->o->repeat, time_left(r, left));
}
