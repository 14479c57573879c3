/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file that is written in whole rows: what is there after a full disk, ^C or a crash of the
 * reader ends with a complete row.
 */
#ifndef BASE_OUT_H
#define BASE_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct out;

/* Open `path` for writing; "-" is standard output, and that, /dev/stderr and /dev/fd/N are used as they are. What the
 * file holds goes when the first row is written, not before: a run that fails to start destroys nothing. 0 or -errno.
 */
int out_open(struct out **out, const char *path);

/* Write to a descriptor that stays open: standard output or error. 0 or -errno. */
int out_borrow(struct out **out, int fd);

/*
 * How long a reader who does not read, of a pipe, say, is waited for: for ever, until `fd` can be read from or
 * out_hurry() was called. From then on half a second, and as long again after each part that was read.
 */
struct out_patience {
	int fd;         /* a signalfd; -1: none */
	uint64_t until; /* CLOCK_MONOTONIC, ns; 0: for ever */
};

void out_hurry(struct out_patience *patience);
/* At first there is none, and out_flush() may take for ever; with it, -ECANCELED when that is over. */
void out_set_patience(struct out *out, struct out_patience *patience);

/* Append to the row at hand. Errors are kept and reported by out_flush(). */
void out_printf(struct out *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void out_write(struct out *out, const void *bytes, size_t n);
/* The same as "%" PRIu64 and "%.*f" in the C locale (v >= 0, at most 9 decimals), but fast: a row has dozens. */
void out_u64(struct out *out, uint64_t n);
void out_fixed(struct out *out, double v, unsigned decimals);

/* The row at hand is complete. */
void out_row_end(struct out *out);

/* Write all complete rows. If not all of them can be written, a regular file is cut back to
 * the last complete row. 0 or -errno; once failed, always failed. */
int out_flush(struct out *out);

bool out_is_terminal(const struct out *out);
/* Lines and columns of the terminal, 24 x 80 if it is none. */
void out_size(const struct out *out, unsigned *lines, unsigned *columns);

/* Flush and close; standard output stays open. 0 or -errno. NULL is fine. */
int out_close(struct out *out);

#endif
