/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A format is a struct of five functions. Each returns 0 or -errno and prints no errors; after a
 * failure what was written so far is complete rows, and the sink is only closed.
 */
#ifndef SINK_SINK_H
#define SINK_SINK_H

#include "base/out.h"
#include "model/sample.h"

struct sink;

struct sink_ops {
	const char *name;
	/* Write what stands before all rows (header, description of the run). */
	int (*open)(struct sink *s, const struct run_info *info);
	/* An interval begins: `time` s since the start at its end, `length` s long. */
	int (*begin)(struct sink *s, double time, double length);
	int (*row)(struct sink *s, const struct row *row);
	/* The interval is complete: what it wrote is flushed to the file. */
	int (*end)(struct sink *s);
	/* Release what the sink holds, but for `out`. */
	void (*close)(struct sink *s);
};

struct sink {
	const struct sink_ops *ops;
	struct out *out;  /* owned by whoever made the sink */
	void *state;      /* of the format */
	const char *what; /* the file's name, for messages */
};

extern const struct sink_ops sink_csv;      /* a row per process (and thread) and interval */
extern const struct sink_ops sink_json;     /* the same, one object a line */
extern const struct sink_ops sink_syscalls; /* a row per process, call and interval */
extern const struct sink_ops sink_lines;    /* one line per interval, for people */

#endif
