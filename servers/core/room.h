/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One room that all sessions of all threads and processes share: a ring of messages in shared memory, and an eventfd
 * for each listener, made before the fork. A listener is one that waits for news: a connection in
 * the thread and fork models, a worker in the others.
 */
#ifndef SERVERS_ROOM_H
#define SERVERS_ROOM_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"

#define ROOM_MESSAGE_MAX 4096 /* bytes */

/* For up to `listeners` of them. 0 or -errno (EMFILE: not enough descriptors). */
int room_start(unsigned listeners);
void room_stop(void);
bool room_exists(void);

/* Take a free place among the listeners: its number, or -ENOSPC. Give it back. */
int room_join(void);
void room_leave(unsigned listener);
/* Readable when there is news for this listener. */
int room_fd(unsigned listener);
/* Before the news is read: from here on the next posting makes room_fd() readable again. */
void room_heard(unsigned listener);

/*
 * After posting, for a moment at most: while another listener was told of news, long ago in messages, and has had no
 * time yet to hear it. Who posts fast must not make others lose what they would have read. `own` is not waited for.
 */
void room_wait_for_late(unsigned own);

/* Position of the end: where a new session starts. */
uint64_t room_end(void);
/* To all, the sender too: `from` lets a session know its own. -EMSGSIZE: more than ROOM_MESSAGE_MAX. */
int room_post(uint64_t from, const void *data, size_t size);
/*
 * The message at *position goes to the end of `to`; *position moves behind it, *from is its sender. 1; 0: there is none
 * yet; -EOVERFLOW: it has been overwritten, the session was too slow; -ENOMEM: to->failed is set.
 */
int room_next(uint64_t *position, uint64_t *from, struct buf *to);

#endif
