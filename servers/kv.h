/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the `kv` app among themselves. */
#ifndef SERVERS_KV_H
#define SERVERS_KV_H

#include "core/app.h"
#include "core/table.h"
#include "kv_resp.h"

#define KV_KEY_MAX (64 << 10) /* bytes */

/* Set at the start, the same in all workers and processes. */
struct kv {
	struct table *table;
	size_t memory;
	bool logging;
	bool replaying;
};

extern struct kv kv;

/* A request on its way. args[0] is the command's name as the client wrote it. */
struct call {
	struct session *s;
	struct buf *out;
	const struct command *command;
	const struct slice *args;
	unsigned n;
	struct slice bytes; /* all of it, as it came: what the log gets */
};

struct command {
	char name[16];         /* at most 8 letters */
	int arity;             /* arguments, the name too; negative: at least as many */
	bool write;            /* changes the table */
	int first, last, step; /* which arguments are keys, as COMMAND says it */
	void (*run)(struct call *c);
	const char *summary;
};

extern const struct command kv_commands[];
extern const unsigned kv_commands_n;

/* NULL: there is none of that name, in upper or lower case. */
const struct command *kv_find(struct slice name);
/* Whether an argument is this word, in upper or lower case. */
bool kv_is(struct slice arg, const char *word);
void kv_wrong_arguments(struct call *c, const char *subcommand);
void kv_unknown_subcommand(struct call *c);

/* The table's lock, and what a process that was killed with it has left; before a change, kv_lock_to_change(). */
void kv_lock(void);
void kv_unlock(void);

/* What tells of the server itself. */
void kv_info(struct call *c);
void kv_command(struct call *c);
void kv_config(struct call *c);
void kv_client(struct call *c);

#endif
