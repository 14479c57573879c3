/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of the `kv` app. */
#include "kv.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include "core/wal.h"

#define REPLY_MAX (64 << 20) /* bytes of values in one reply */

static void lock_to_change(void)
{
	kv_lock();
	table_stage_mark(kv.table, wal_appended());
}

/* What the reply tells may be a change that is not safe yet. */
static void unlock_after_read(struct call *c)
{
	uint64_t position = kv.logging && !kv.replaying ? wal_pending() : 0;

	kv_unlock();
	if (position)
		c->s->commit = position;
}

static void reply_unlogged(struct call *c, int err)
{
	reply_error(c->out, "MISCONF Errors writing to the log: %s. Writes are refused.", strerror(err));
}

/* With the lock, which it gives back: what is staged is logged and made. False: it is not, and the reply says why. */
static bool change(struct call *c)
{
	int64_t position = 0;

	if (kv.logging && !kv.replaying)
		position = wal_append(c->bytes.at, c->bytes.size);
	if (position >= 0)
		table_apply(kv.table);
	else
		table_drop(kv.table);
	kv_unlock();
	if (position < 0)
		reply_unlogged(c, -position);
	else if (position)
		c->s->commit = position;
	return position >= 0;
}

/* With the lock: stages it. False: the lock is given back, nothing is staged, and the reply says why. */
static bool stage_set(struct call *c, struct slice key, struct slice value)
{
	int err = key.size > KV_KEY_MAX ? -EMSGSIZE : table_stage_set(kv.table, key, value);

	if (!err)
		return true;
	table_drop(kv.table);
	kv_unlock();
	if (err == -EMSGSIZE)
		reply_error(c->out, "ERR key is longer than %d bytes", KV_KEY_MAX);
	else
		reply_error(c->out, "OOM command not allowed when used memory > 'maxmemory'.");
	return false;
}

static void run_get(struct call *c)
{
	struct slice value;

	kv_lock();
	if (table_get(kv.table, c->args[1], &value))
		reply_bulk(c->out, value.at, value.size);
	else
		reply_nil(c->out);
	unlock_after_read(c);
}

static void run_mget(struct call *c)
{
	size_t before = buf_len(c->out);
	bool fits = true;

	reply_array(c->out, c->n - 1);
	kv_lock();
	for (unsigned i = 1; i < c->n && fits; i++) {
		struct slice value;

		if (table_get(kv.table, c->args[i], &value))
			reply_bulk(c->out, value.at, value.size);
		else
			reply_nil(c->out);
		fits = buf_len(c->out) - before < REPLY_MAX;
	}
	unlock_after_read(c);
	if (fits)
		return;
	c->out->end = c->out->start + before;
	reply_error(c->out, "ERR the values are larger than %d bytes together", REPLY_MAX);
}

static void run_set(struct call *c)
{
	/* Options are in the table of arguments of Redis, and not in ours. */
	if (c->n > 3) {
		reply_error(c->out, "ERR syntax error");
		return;
	}
	lock_to_change();
	if (stage_set(c, c->args[1], c->args[2]) && change(c))
		reply_simple(c->out, "OK");
}

static void run_mset(struct call *c)
{
	if (c->n % 2 == 0) {
		kv_wrong_arguments(c, NULL);
		return;
	}
	lock_to_change();
	for (unsigned i = 1; i < c->n; i += 2)
		if (!stage_set(c, c->args[i], c->args[i + 1]))
			return;
	if (change(c))
		reply_simple(c->out, "OK");
}

static void run_incr(struct call *c)
{
	struct slice old;
	int64_t value = 0;
	char digits[RESP_INTEGER_MAX];
	struct slice new = {.at = digits};

	lock_to_change();
	if (table_get(kv.table, c->args[1], &old) && !resp_integer(old, &value)) {
		unlock_after_read(c);
		reply_error(c->out, "ERR value is not an integer or out of range");
		return;
	}
	if (value == INT64_MAX) {
		unlock_after_read(c);
		reply_error(c->out, "ERR increment or decrement would overflow");
		return;
	}
	value++;
	new.size = resp_put_integer(digits, value);
	if (stage_set(c, c->args[1], new) && change(c))
		reply_integer(c->out, value);
}

static void run_del(struct call *c)
{
	int64_t removed = 0;

	lock_to_change();
	for (unsigned i = 1; i < c->n; i++)
		removed += table_stage_remove(kv.table, c->args[i]) > 0;
	if (!removed)
		unlock_after_read(c);
	else if (!change(c))
		return;
	reply_integer(c->out, removed);
}

static void run_exists(struct call *c)
{
	struct slice value;
	int64_t found = 0;

	kv_lock();
	for (unsigned i = 1; i < c->n; i++)
		found += table_get(kv.table, c->args[i], &value);
	unlock_after_read(c);
	reply_integer(c->out, found);
}

static void run_dbsize(struct call *c)
{
	kv_lock();
	reply_integer(c->out, table_count(kv.table));
	unlock_after_read(c);
}

static void run_flushall(struct call *c)
{
	if (c->n > 2 || (c->n == 2 && !kv_is(c->args[1], "sync") && !kv_is(c->args[1], "async"))) {
		reply_error(c->out, "ERR syntax error");
		return;
	}
	lock_to_change();
	table_stage_clear(kv.table);
	if (change(c))
		reply_simple(c->out, "OK");
}

static void run_ping(struct call *c)
{
	if (c->n > 2)
		kv_wrong_arguments(c, NULL);
	else if (c->n == 2)
		reply_bulk(c->out, c->args[1].at, c->args[1].size);
	else
		reply_simple(c->out, "PONG");
}

static void run_echo(struct call *c)
{
	reply_bulk(c->out, c->args[1].at, c->args[1].size);
}

static void run_select(struct call *c)
{
	int64_t database;

	if (!resp_integer(c->args[1], &database))
		reply_error(c->out, "ERR value is not an integer or out of range");
	else if (database != (int32_t)database)
		reply_error(c->out, "ERR value is out of range, value must between %d and %d", INT32_MIN, INT32_MAX);
	else if (database)
		reply_error(c->out, "ERR DB index is out of range");
	else
		reply_simple(c->out, "OK");
}

static void run_quit(struct call *c)
{
	reply_simple(c->out, "OK");
	c->s->ending = true;
}

/* What a web page makes a browser send here: hang up before a line of its body is taken for a request, as Redis does.
 */
static void run_hang_up(struct call *c)
{
	STATS_ADD(c->s->stats, bad, 1);
	c->s->ending = true;
}

/* The most used ones first. */
const struct command kv_commands[] = {
	{"get", 2, false, 1, 1, 1, run_get, "The value of a key."},
	{"set", -3, true, 1, 1, 1, run_set, "Sets the value of a key."},
	{"incr", 2, true, 1, 1, 1, run_incr, "Adds one to the integer value of a key, 0 if there is none."},
	{"mget", -2, false, 1, -1, 1, run_mget, "The values of several keys."},
	{"mset", -3, true, 1, -1, 2, run_mset, "Sets the values of several keys at once."},
	{"del", -2, true, 1, -1, 1, run_del, "Removes keys."},
	{"exists", -2, false, 1, -1, 1, run_exists, "How many of these keys there are."},
	{"ping", -1, false, 0, 0, 0, run_ping, "A reply."},
	{"echo", 2, false, 0, 0, 0, run_echo, "What was sent."},
	{"dbsize", 1, false, 0, 0, 0, run_dbsize, "The number of keys."},
	{"flushall", -1, true, 0, 0, 0, run_flushall, "Removes all keys."},
	{"info", -1, false, 0, 0, 0, kv_info, "What the server knows of itself."},
	{"command", -1, false, 0, 0, 0, kv_command, "The commands there are."},
	{"config", -2, false, 0, 0, 0, kv_config, "The configuration."},
	{"client", -2, false, 0, 0, 0, kv_client, "Names a connection."},
	{"select", 2, false, 0, 0, 0, run_select, "Chooses the database: there is 0."},
	{"quit", -1, false, 0, 0, 0, run_quit, "Ends the connection."},
	{"post", -1, false, 0, 0, 0, run_hang_up, NULL},
	{"host:", -1, false, 0, 0, 0, run_hang_up, NULL},
};

const unsigned kv_commands_n = sizeof(kv_commands) / sizeof(*kv_commands);

bool kv_is(struct slice arg, const char *word)
{
	return arg.size == strlen(word) && !strncasecmp(arg.at, word, arg.size);
}

const struct command *kv_find(struct slice name)
{
	uint64_t word = 0, other;

	if (name.size > sizeof(word))
		return NULL;
	for (size_t i = 0; i < name.size; i++) {
		unsigned char ch = name.at[i];

		word |= (uint64_t)(ch >= 'A' && ch <= 'Z' ? ch + 32 : ch) << (i * 8);
	}
	for (unsigned i = 0; i < kv_commands_n; i++) {
		memcpy(&other, kv_commands[i].name, sizeof(other));
		if (le64toh(other) == word && name.size == strlen(kv_commands[i].name))
			return &kv_commands[i];
	}
	return NULL;
}

void kv_wrong_arguments(struct call *c, const char *subcommand)
{
	reply_error(c->out, "ERR wrong number of arguments for '%s%s%s' command", c->command->name,
	            subcommand ? "|" : "", subcommand ? subcommand : "");
}
