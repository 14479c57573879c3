/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside collect/ only: a process, while any of it is tracked. */
#ifndef COLLECT_PROCESS_H
#define COLLECT_PROCESS_H

#include <stdint.h>
#include <uthash.h>

#include "collect/memory.h"
#include "collect/tracker.h"
#include "vmprof_abi.h"

/* A PID may be used again, a PID with the time its process began may not. */
struct process_key {
	uint64_t born;
	uint64_t pid;
};

struct thread_subject {
	struct subject subject;
	struct thread_subject *next;
};

struct process {
	struct subject subject;
	struct thread_subject *threads; /* with options.threads; the ended ones until they are reaped */
	struct process_key key;
	struct sample past; /* of its threads that have ended */
	struct call_table past_calls;
	unsigned live; /* threads */
	struct memory memory;
	UT_hash_handle hh; /* iterates in the order of insertion */
};

/* The process of a record, made and counted in `made` when it is the first of it. NULL: out of memory. */
struct process *process_of(struct process **all, const struct vmprof_thread *rec, unsigned *made);
/* A subject for a thread of it, NULL: out of memory. */
struct subject *process_add_thread(struct process *p);
/* Forget the threads that have ended. */
void process_reap_threads(struct process *p);
void process_free(struct process *p);

#endif
