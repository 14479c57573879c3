/* SPDX-License-Identifier: BSD-2-Clause */
/* What the `kv` app tells of itself, in the form in which clients of Redis ask for it. */
#include "kv.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/wal.h"

static void info_server(struct buf *to)
{
	/* Clients look for a version of Redis; this is the one whose replies we follow. */
	buf_printf(to,
	           "server_name:vmprof kv\r\nredis_version:7.0.0\r\nredis_mode:standalone\r\n"
	           "process_id:%d\r\narch_bits:%zu\r\n",
	           getpid(), sizeof(void *) * 8);
}

static void info_memory(struct buf *to)
{
	kv_lock();
	buf_printf(to, "used_memory:%zu\r\nmaxmemory:%zu\r\nmaxmemory_policy:noeviction\r\n", table_used(kv.table),
	           kv.memory);
	kv_unlock();
}

static void info_persistence(struct buf *to)
{
	buf_printf(to, "aof_enabled:%d\r\n", kv.logging);
	if (kv.logging)
		buf_printf(to, "aof_current_size:%" PRIu64 "\r\naof_last_write_status:%s\r\n", wal_appended(),
		           wal_failed() ? "err" : "ok");
}

static void info_keyspace(struct buf *to)
{
	uint64_t n;

	kv_lock();
	n = table_count(kv.table);
	kv_unlock();
	if (n)
		buf_printf(to, "db0:keys=%" PRIu64 ",expires=0,avg_ttl=0\r\n", n);
}

static const struct {
	const char *name, *title;
	void (*add)(struct buf *to);
} sections[] = {
	{"server", "Server", info_server},
	{"memory", "Memory", info_memory},
	{"persistence", "Persistence", info_persistence},
	{"keyspace", "Keyspace", info_keyspace},
};

#define N_SECTIONS (sizeof(sections) / sizeof(*sections))

void kv_info(struct call *c)
{
	struct buf text = {};

	for (unsigned i = 0; i < N_SECTIONS; i++) {
		bool wanted = c->n == 1;

		for (unsigned arg = 1; arg < c->n && !wanted; arg++)
			wanted = kv_is(c->args[arg], sections[i].name) || kv_is(c->args[arg], "all") ||
			         kv_is(c->args[arg], "default") || kv_is(c->args[arg], "everything");
		if (!wanted)
			continue;
		buf_printf(&text, "%s# %s\r\n", buf_len(&text) ? "\r\n" : "", sections[i].title);
		sections[i].add(&text);
	}
	if (text.failed)
		c->out->failed = true;
	else
		reply_bulk(c->out, text.data ? buf_at(&text) : "", buf_len(&text));
	buf_free(&text);
}

void kv_unknown_subcommand(struct call *c)
{
	char upper[sizeof(c->command->name)];

	for (size_t i = 0; i < sizeof(upper); i++)
		upper[i] = toupper((unsigned char)c->command->name[i]);
	reply_error(c->out, "ERR unknown subcommand '%.*s'. Try %s HELP.",
	            (int)(c->args[1].size < 128 ? c->args[1].size : 128), c->args[1].at, upper);
}

/* As COMMAND says it: name, arity, flags, first and last key, step. */
static void reply_command(struct buf *out, const struct command *command)
{
	if (!command || !command->summary) {
		reply_nil(out);
		return;
	}
	reply_array(out, 6);
	reply_string(out, command->name);
	reply_integer(out, command->arity);
	reply_array(out, 1);
	reply_simple(out, command->write ? "write" : "readonly");
	reply_integer(out, command->first);
	reply_integer(out, command->last);
	reply_integer(out, command->step);
}

static void reply_docs(struct buf *out, const struct command *command)
{
	reply_string(out, command->name);
	reply_array(out, 4);
	reply_string(out, "summary");
	reply_string(out, command->summary);
	reply_string(out, "group");
	reply_string(out, command->first ? "string" : "server");
}

static unsigned documented(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < kv_commands_n; i++)
		n += kv_commands[i].summary != NULL;
	return n;
}

static void command_all(struct call *c)
{
	reply_array(c->out, documented());
	for (unsigned i = 0; i < kv_commands_n; i++)
		if (kv_commands[i].summary)
			reply_command(c->out, &kv_commands[i]);
}

static void command_info(struct call *c)
{
	reply_array(c->out, c->n - 2);
	for (unsigned i = 2; i < c->n; i++)
		reply_command(c->out, kv_find(c->args[i]));
}

/* Of those that are asked for, or of all; a name that there is not is left out. */
static void command_docs(struct call *c)
{
	const struct command *some[RESP_ARGS_MAX];
	unsigned n = 0;

	for (unsigned i = 2; i < c->n; i++) {
		const struct command *command = kv_find(c->args[i]);

		if (command && command->summary)
			some[n++] = command;
	}
	for (unsigned i = 0; c->n == 2 && i < kv_commands_n; i++)
		if (kv_commands[i].summary)
			some[n++] = &kv_commands[i];
	reply_array(c->out, n * 2);
	for (unsigned i = 0; i < n; i++)
		reply_docs(c->out, some[i]);
}

void kv_command(struct call *c)
{
	if (c->n == 1 || (c->n == 2 && kv_is(c->args[1], "info")))
		command_all(c);
	else if (kv_is(c->args[1], "info"))
		command_info(c);
	else if (kv_is(c->args[1], "docs"))
		command_docs(c);
	else if (!kv_is(c->args[1], "count"))
		kv_unknown_subcommand(c);
	else if (c->n > 2)
		kv_wrong_arguments(c, "count");
	else
		reply_integer(c->out, documented());
}

/* Of the settings of Redis, those that its own clients ask for: nothing is set. */
void kv_config(struct call *c)
{
	static const char *const names[] = {"save", "appendonly"};
	const char *found[2];
	unsigned n = 0;

	if (!kv_is(c->args[1], "get")) {
		kv_unknown_subcommand(c);
		return;
	}
	if (c->n < 3) {
		kv_wrong_arguments(c, "get");
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		bool wanted = false;

		for (unsigned arg = 2; arg < c->n && !wanted; arg++)
			wanted = kv_is(c->args[arg], names[i]) || kv_is(c->args[arg], "*");
		if (wanted)
			found[n++] = names[i];
	}
	reply_array(c->out, n * 2);
	for (unsigned i = 0; i < n; i++) {
		reply_string(c->out, found[i]);
		reply_string(c->out, "");
	}
}

/* Names of connections are taken and not kept: nothing here would show them. */
void kv_client(struct call *c)
{
	bool name = kv_is(c->args[1], "setname");

	if (!name && !kv_is(c->args[1], "setinfo"))
		kv_unknown_subcommand(c);
	else if (c->n != (name ? 3 : 4))
		kv_wrong_arguments(c, name ? "setname" : "setinfo");
	else
		reply_simple(c->out, "OK");
}
