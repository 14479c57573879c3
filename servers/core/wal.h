/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A write-ahead log that all workers and processes append to: records of bytes, each with length and CRC-32. It
 * survives being cut anywhere: opening it keeps all whole records from the start and cuts the rest off.
 */
#ifndef SERVERS_WAL_H
#define SERVERS_WAL_H

#include <stddef.h>
#include <stdint.h>
#include "config.h"

/* For each record of the log, in order. Not 0: stop, and wal_open() returns that. */
typedef int (*wal_replay)(void *context, const void *data, size_t size);

#define WAL_RECORD_MAX (32u << 20) /* bytes */

/*
 * Opens or makes the log, replays it, and locks it against a second server. Before any fork. 0 or -errno: EBUSY another
 * server has it, EBADMSG it is not such a log (its first bytes say so). `dropped`: bytes that were cut off, damaged.
 * Nothing is cut where the replay fails.
 */
int wal_open(const char *path, enum fsync_policy policy, wal_replay replay, void *context, uint64_t *dropped);

/*
 * The caller holds the lock under which the change itself is made, so that the order of the log is that of the changes.
 * Position to commit (> 0), or -errno: EMSGSIZE size is 0 or above WAL_RECORD_MAX; after an error of writing all
 * further appends fail with that.
 */
int64_t wal_append(const void *data, size_t size);

/* Returns when all up to `position` is written and, with FSYNC_ALWAYS, on disk: one fsync serves all who wait. */
int wal_commit(uint64_t position);

/* Position of the last append; 0: no log is open. */
uint64_t wal_appended(void);
/* What a reply must wait for that shows the changes so far: that position, or 0: they are safe, or never will be. */
uint64_t wal_pending(void);
/* 0, or the errno of the error of writing after which the log takes no more. */
int wal_failed(void);

/* To be called once a second: what nobody waits for is written, and with FSYNC_EVERYSEC the disk is waited for. */
void wal_tick(void);

/* Writes what is left, syncs and closes. 0 or -errno. */
int wal_close(void);

#endif
