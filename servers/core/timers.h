/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is due when: a list sorted by time. Most timers are set later than those that are set already, so the
 * place of a new one is looked for from the end.
 */
#ifndef SERVERS_TIMERS_H
#define SERVERS_TIMERS_H

#include <stddef.h>
#include <stdint.h>

struct timer {
	struct timer *prev, *next; /* NULL: not set */
	uint64_t when;             /* ns */
};

struct timers {
	struct timer head;
};

static inline void timers_init(struct timers *t)
{
	t->head.prev = t->head.next = &t->head;
}

static inline void timer_unset(struct timer *timer)
{
	if (!timer->next)
		return;
	timer->prev->next = timer->next;
	timer->next->prev = timer->prev;
	timer->prev = timer->next = NULL;
}

static inline void timer_set(struct timers *t, struct timer *timer, uint64_t when)
{
	struct timer *before;

	timer_unset(timer);
	before = t->head.prev;
	while (before != &t->head && before->when > when)
		before = before->prev;
	timer->when = when;
	timer->prev = before;
	timer->next = before->next;
	before->next->prev = timer;
	before->next = timer;
}

/* The one that is due first, or NULL. */
static inline struct timer *timers_first(const struct timers *t)
{
	return t->head.next == &t->head ? NULL : t->head.next;
}

#endif
