/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines among bytes that arrive in pieces. */
#ifndef SERVERS_LINES_H
#define SERVERS_LINES_H

#include <stddef.h>

/* One line: `text` lies where it was found, is not terminated, and has `len` bytes without its end, LF or CRLF. */
struct line {
	const char *text;
	size_t len, size; /* size: with its end, what is to be consumed */
};

/*
 * The line at the start of `len` bytes, of at most `max` without its end. 1; 0: its end has not come yet; -EMSGSIZE: it
 * is longer. What it says depends on the bytes alone, not on how many of them are there at a time.
 */
int line_find(const char *data, size_t len, size_t max, struct line *line);

/* Whether its text is `word`, in upper or lower case. */
int line_is(const struct line *line, const char *word);

#endif
