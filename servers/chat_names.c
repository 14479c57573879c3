/* SPDX-License-Identifier: BSD-2-Clause */
#include "chat_names.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include "core/shared.h"

/* Places are numbered from 1 in here, so that zeroed memory is an empty table. */
struct place {
	uint32_t next; /* in its chain, or among the free ones */
	pid_t pid;     /* 0: free */
	char name[NAME_SIZE];
};

struct names {
	pthread_mutex_t lock;
	bool changing; /* set while chains are changed: still set under the lock, its last holder died with it */
	uint32_t free; /* the first of those given back */
	uint32_t top;  /* places ever used */
	uint32_t chains[NAMES_PLACES];
	struct place places[NAMES_PLACES + 1];
};

static struct names *names;

int names_start(void)
{
	int err;

	names = shared_map(sizeof(*names));
	if (!names)
		return -ENOMEM;
	err = shared_mutex_init(&names->lock);
	if (err)
		names_stop();
	return err;
}

void names_stop(void)
{
	shared_unmap(names, sizeof(*names));
	names = NULL;
}

/* FNV-1a */
static uint32_t *chain_of(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return &names->chains[(hash ^ hash >> 16) % NAMES_PLACES];
}

static void link_place(uint32_t i)
{
	uint32_t *chain = chain_of(names->places[i].name);

	names->places[i].next = *chain;
	*chain = i;
}

static void unlink_place(uint32_t i)
{
	uint32_t *at = chain_of(names->places[i].name);

	while (*at != i)
		at = &names->places[*at].next;
	*at = names->places[i].next;
}

static void free_place(uint32_t i)
{
	names->places[i].pid = 0;
	names->places[i].next = names->free;
	names->free = i;
}

/* Only what the places themselves say can be trusted after a process died in the middle of a change. */
static void rebuild(void)
{
	memset(names->chains, 0, sizeof(names->chains));
	names->free = 0;
	for (uint32_t i = 1; i <= names->top; i++) {
		if (names->places[i].pid)
			link_place(i);
		else
			free_place(i);
	}
	names->changing = false;
}

static void lock(void)
{
	shared_lock(&names->lock);
	if (names->changing)
		rebuild();
}

static void unlock(void)
{
	shared_unlock(&names->lock);
}

/* The compiler must not move the changes out from between the two, whatever it knows of one thread. */
static void begin_change(void)
{
	names->changing = true;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static void end_change(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	names->changing = false;
}

static uint32_t find(const char *name)
{
	uint32_t i = *chain_of(name);

	while (i && strcmp(names->places[i].name, name))
		i = names->places[i].next;
	return i;
}

/* 0: there is none. */
static uint32_t new_place(void)
{
	uint32_t i = names->free;

	if (i)
		names->free = names->places[i].next;
	else if (names->top < NAMES_PLACES)
		i = ++names->top;
	return i;
}

static void set_name(uint32_t i, const char *name)
{
	strncpy(names->places[i].name, name, NAME_SIZE - 1);
}

int names_take(const char *name)
{
	int place = -EEXIST;
	uint32_t i;

	lock();
	if (!find(name)) {
		begin_change();
		i = new_place();
		if (i) {
			set_name(i, name);
			names->places[i].pid = getpid();
			link_place(i);
		}
		end_change();
		place = i ? (int)i - 1 : -ENOSPC;
	}
	unlock();
	return place;
}

int names_change(int place, const char *name)
{
	int err = -EEXIST;

	lock();
	if (!find(name)) {
		begin_change();
		unlink_place(place + 1);
		set_name(place + 1, name);
		link_place(place + 1);
		end_change();
		err = 0;
	}
	unlock();
	return err;
}

static void leave(uint32_t i)
{
	begin_change();
	unlink_place(i);
	free_place(i);
	end_change();
}

void names_leave(int place)
{
	lock();
	leave(place + 1);
	unlock();
}

void names_list(struct buf *to)
{
	lock();
	for (uint32_t i = 1; i <= names->top; i++) {
		if (!names->places[i].pid)
			continue;
		buf_add(to, " ", 1);
		buf_add_str(to, names->places[i].name);
	}
	unlock();
}

bool names_orphan(pid_t pid, char name[NAME_SIZE])
{
	bool found = false;

	lock();
	for (uint32_t i = 1; i <= names->top && !found; i++) {
		if (names->places[i].pid != pid)
			continue;
		memcpy(name, names->places[i].name, NAME_SIZE);
		leave(i);
		found = true;
	}
	unlock();
	return found;
}
