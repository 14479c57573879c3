/* SPDX-License-Identifier: BSD-2-Clause */
/* In which order the pages of an area are touched. */
#ifndef MEM_PATTERNS_H
#define MEM_PATTERNS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE 4096 /* bytes: the unit of a touch, whatever the machine's own page is */

/* The word of page 0 that says that memwork made this file, beside the one that `chase` uses. */
#define MARK       0x0a6b726f776d656dULL /* "memwork\n" */
#define MARK_PLACE 1

struct walk {
	char *base;
	uint64_t size;   /* bytes, a multiple of PAGE */
	uint64_t stride; /* bytes, a multiple of 8 */
	uint64_t seed;
	uint64_t most;     /* touches */
	uint64_t think_ns; /* a pause after each pass: as many touches as there are pages */
	bool write;        /* a touch reads and stores what it has read: one write fault, and the page as it was */
	const volatile sig_atomic_t *stop;

	uint64_t touches;  /* done */
	uint64_t checksum; /* over their places, in their order: FNV-1a, of whole 64-bit words */
};

struct pattern {
	const char *name;
	bool links;      /* a page says which one is next: prepare first */
	bool read_ahead; /* the next pages are those that the kernel would guess */
	/* Touches until `most` or `stop`. 0; -EBADMSG: a page's link leads nowhere, somebody has written to the file.
	 */
	int (*walk)(struct walk *w);
};

/* NULL if there is none of that name. */
const struct pattern *pattern_find(const char *name);

/* Write one random cycle through all pages into them; only what is not there yet. 0, -ENOMEM or -EINTR (stopped). */
int pattern_link(const struct walk *w);

/* Write to each page, so that it exists and is not the one page of zeros. 0 or -EINTR. */
int pattern_make(const struct walk *w);

#endif
