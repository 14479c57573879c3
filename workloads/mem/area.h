/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory that is touched: anonymous, or a file mapped shared. */
#ifndef MEM_AREA_H
#define MEM_AREA_H

#include <stdbool.h>
#include <stdint.h>
#include "patterns.h"

struct area {
	const char *path; /* NULL: anonymous */
	uint64_t size;    /* bytes, a multiple of PAGE */
	bool store;       /* it is written to */
	char *base;       /* where it lies, after area_map() */
	int fd;
};

/*
 * Map it, for w->base too; a file that is not there is made first, of written blocks, so that reading it is real input.
 * 0 or -errno, and `why` is what could not be done, NULL: the path. -EINTR: stopped. -ERANGE: the file is smaller.
 */
int area_map(struct area *a, const volatile sig_atomic_t *stop, const char **why);

/*
 * Each page has its own fault: no huge pages, and no reading ahead unless the pattern is one that the kernel can guess.
 * With what the preparation has done undone: of a file nothing is left to write and nothing is mapped, so that each
 * page faults again; `cold`: nor in the page cache, as far as its file system can.
 */
int area_settle(const struct area *a, const struct pattern *pattern, bool cold);

/* Is this file one that area_map() made? Others must not be written to. */
bool area_is_ours(const struct area *a);

#endif
