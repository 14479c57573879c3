/* SPDX-License-Identifier: BSD-2-Clause */
#include "collect/tracker_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MANY_ENDED 2048 /* about 2 MB of them */

int tracker_new(struct tracker **out, struct session *s, const struct tracker_options *options)
{
	struct tracker *t = calloc(1, sizeof(*t));

	*out = t;
	if (!t)
		return -ENOMEM;
	t->session = s;
	t->maps = session_maps(s);
	t->options = *options;
	t->detail = session_detail(s);
	t->measured = session_measures(s);
	strcpy(t->others.subject.comm, "[others]");
	return 0;
}

void tracker_free(struct tracker *t)
{
	struct process *p, *next;

	if (!t)
		return;
	HASH_ITER(hh, t->processes, p, next) {
		HASH_DEL(t->processes, p);
		process_free(p);
	}
	call_table_free(&t->gone_calls);
	call_table_free(&t->all_calls);
	call_table_free(&t->others.subject.calls);
	call_table_free(&t->others.subject.reported_calls);
	free(t->threads);
	free(t->order);
	free(t);
}

uint64_t tracker_begin(const struct tracker *t)
{
	return t->begin ? t->begin : t->total.at;
}

size_t tracker_size(const struct tracker *t)
{
	return t->n_order;
}

struct subject *tracker_at(struct tracker *t, size_t i)
{
	return t->order[i];
}

void tracker_reap(struct tracker *t)
{
	struct process *p, *next;

	t->n_order = 0;
	HASH_ITER(hh, t->processes, p, next) {
		process_reap_threads(p);
		if (!p->subject.ended)
			continue;
		sample_total(&t->gone, &p->subject.now);
		HASH_DEL(t->processes, p);
		process_free(p);
	}
	t->gone.v[METRIC_THREADS] = 0;
}

const struct sample *tracker_total(struct tracker *t)
{
	return &t->total;
}

const struct call_table *tracker_calls(struct tracker *t)
{
	int err;

	if (t->detail == DETAIL_LEDGER)
		return NULL;
	call_table_clear(&t->all_calls);
	err = call_table_add(&t->all_calls, &t->gone_calls);
	err = err ?: call_table_add(&t->all_calls, &t->others.subject.calls);
	for (uint32_t slot = VMPROF_SLOT_FIRST; slot < t->n_threads && !err; slot++) {
		if (t->threads[slot].process)
			err = record_calls(t->maps, slot, &t->all_calls);
	}
	return err ? NULL : &t->all_calls;
}

bool tracker_has_many_ended(const struct tracker *t)
{
	return t->ended >= MANY_ENDED;
}

void tracker_counts(struct tracker *t, struct tracker_counts *c)
{
	*c = t->counts;
}

bool tracker_has_ended(struct tracker *t, pid_t pid)
{
	struct process *p, *next;

	HASH_ITER(hh, t->processes, p, next) {
		if (p->subject.pid == (uint32_t)pid && !p->subject.ended)
			return false;
	}
	return true;
}
