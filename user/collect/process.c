/* SPDX-License-Identifier: BSD-2-Clause */
#include "collect/process.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct process *process_of(struct process **all, const struct vmprof_thread *rec, unsigned *made)
{
	struct process_key key = {rec->born, rec->tgid};
	struct process *p;

	HASH_FIND(hh, *all, &key, sizeof(key), p);
	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->key = key;
	p->subject.pid = rec->tgid;
	p->subject.ppid = rec->ppid;
	memory_changed(&p->memory, 0);
	memcpy(p->subject.comm, rec->comm, COMM_LEN);
	HASH_ADD(hh, *all, key, sizeof(p->key), p);
	(*made)++;
	return p;
}

struct subject *process_add_thread(struct process *p)
{
	struct thread_subject *th = calloc(1, sizeof(*th));

	if (!th)
		return NULL;
	LL_APPEND(p->threads, th);
	return &th->subject;
}

void process_reap_threads(struct process *p)
{
	struct thread_subject *th, *next;

	LL_FOREACH_SAFE(p->threads, th, next)
	{
		if (!th->subject.ended)
			continue;
		LL_DELETE(p->threads, th);
		free(th);
	}
}

void process_free(struct process *p)
{
	struct thread_subject *th, *next;

	LL_FOREACH_SAFE(p->threads, th, next)
	free(th);
	call_table_free(&p->subject.calls);
	call_table_free(&p->subject.reported_calls);
	call_table_free(&p->past_calls);
	free(p);
}
