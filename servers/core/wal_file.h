/* SPDX-License-Identifier: BSD-2-Clause */
/* The log as it lies on disk, in this machine's byte order: a header, then records, each a struct wal_head and bytes.
 */
#ifndef SERVERS_WAL_FILE_H
#define SERVERS_WAL_FILE_H

#include "wal.h"

#define WAL_MAGIC "vmplog\n\1" /* the last byte is the version */

struct wal_header {
	char magic[8];
	uint32_t salt; /* drawn anew for each file */
	uint32_t crc;  /* of what is above */
};

/*
 * The CRC-32 is one of salt, place in the file, size and data: bytes that a client sent, or left from an earlier write
 * at another place, are no record.
 */
struct wal_head {
	uint32_t size; /* bytes that follow, from 1 to WAL_RECORD_MAX */
	uint32_t crc;
};

struct wal_head wal_head_of(uint32_t salt, uint64_t at, const void *data, size_t size);

/*
 * As wal_open(); all that is found is on disk then. The descriptor, or -errno. *end: where the next record belongs.
 */
int wal_file_open(const char *path, wal_replay replay, void *context, uint32_t *salt, uint64_t *end, uint64_t *dropped);

#endif
