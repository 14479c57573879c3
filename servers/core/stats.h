/* SPDX-License-Identifier: BSD-2-Clause */
/* The server's own account: counters in shared memory, and what the kernel says of the process. */
#ifndef SERVERS_STATS_H
#define SERVERS_STATS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct config;

/* name, what it says in the text */
#define STATS(X)                                                        \
	X(connections, "connections accepted")                          \
	X(refused, "connections refused: no memory, thread or process") \
	X(requests, "requests handled")                                 \
	X(bad, "requests that were none")                               \
	X(wins, "games won")                                            \
	X(posts, "lines posted to the room")                            \
	X(overrun, "clients dropped that did not read")                 \
	X(bytes_in, "bytes received")                                   \
	X(bytes_out, "bytes sent")

/* One of several, each in cache lines of its own, so that workers don't share them. Relaxed: they only ever grow. */
struct stats {
#define X(name_, text_) _Atomic uint64_t name_;
	STATS(X)
#undef X
} __attribute__((aligned(128)));

#define STATS_ADD(stats_, name_, n_) atomic_fetch_add_explicit(&(stats_)->name_, (n_), memory_order_relaxed)

/* In shared memory, before any fork. 0 or -ENOMEM. */
int stats_start(void);

/* The counters for connection `number`. */
struct stats *stats_of(uint64_t number);

/* The account so far: sums of all, getrusage(2) of this process and its ended children, /proc/self/statm. */
void stats_print(FILE *to, const struct config *config);
/* The same as one JSON object; written beside and renamed, so that a reader never sees half. 0 or -errno. */
int stats_write_json(const char *path, const struct config *config);
/* Both, as the command line says; whether that went well. */
bool stats_tell(const struct config *config);

#endif
