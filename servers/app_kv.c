/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The `kv` app: strings under keys, as Redis has them. A request that changes something is logged as it came, under the
 * lock under which the change is made, and its reply waits for that place in the log. Replaying is running them again.
 */
#include "kv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "core/config.h"
#include "core/log.h"
#include "core/wal.h"

#define WHY_SIZE 256

struct kv kv;

void kv_lock(void)
{
	uint64_t mark;

	if (!table_lock(kv.table, &mark))
		return;
	/* A process was killed with a change prepared: it is made if the log has it. */
	if (wal_appended() > mark)
		table_apply(kv.table);
	else
		table_drop(kv.table);
}

void kv_unlock(void)
{
	table_unlock(kv.table);
}

/* As Redis words it: the client sees what it may have misspelt. */
static void reply_unknown(struct call *c)
{
	char args[160] = "";
	size_t used = 0;

	for (unsigned i = 1; i < c->n && used < 128; i++)
		used += snprintf(args + used, sizeof(args) - used, "'%.*s' ",
		                 (int)(128 - used < c->args[i].size ? 128 - used : c->args[i].size), c->args[i].at);
	reply_error(c->out, "ERR unknown command '%.*s', with args beginning with: %s",
	            (int)(c->args[0].size < 128 ? c->args[0].size : 128), c->args[0].at, args);
}

static void run(struct session *s, const struct request *r)
{
	struct call c = {.s = s, .out = &s->out, .args = r->args, .n = r->n, .bytes = {buf_at(&s->in), r->size}};

	c.command = kv_find(r->args[0]);
	if (!c.command)
		reply_unknown(&c);
	else if (c.command->arity < 0 ? c.n < (unsigned)-c.command->arity : c.n != (unsigned)c.command->arity)
		kv_wrong_arguments(&c, NULL);
	else
		c.command->run(&c);
}

/* The next request that is not an empty line, as resp_parse(). */
static int next_request(struct session *s, struct request *r)
{
	int got;

	while ((got = resp_parse(s->app, buf_at(&s->in), buf_len(&s->in), r)) > 0 && !r->n)
		buf_take(&s->in, r->size);
	return got;
}

static int kv_input(struct session *s)
{
	static _Thread_local struct request r;
	int got = s->ending ? 0 : next_request(s, &r);

	if (got > 0) {
		run(s, &r);
		buf_take(&s->in, r.size);
	} else if (got < 0) {
		reply_error(&s->out, "ERR Protocol error: %s", r.error);
		STATS_ADD(s->stats, bad, 1);
		buf_take(&s->in, buf_len(&s->in));
		s->ending = true;
	}
	return got > 0;
}

/* While the log is replayed. */
struct replay {
	uint64_t records;
	struct session *s;
};

/* Each record is one request that had changed something: it must do so again. */
static int replay(void *context, const void *data, size_t size)
{
	static struct request r;
	struct replay *p = context;
	struct session *s = p->s;
	const struct command *command;

	p->records++;
	s->in = (struct buf){.data = (char *)data, .end = size, .size = size};
	if (next_request(s, &r) <= 0 || r.size != buf_len(&s->in))
		return -EPROTO;
	command = kv_find(r.args[0]);
	if (!command || !command->write)
		return -EPROTO;
	run(s, &r);
	if (s->out.failed || *buf_at(&s->out) == '-')
		return s->out.failed || !strncmp(buf_at(&s->out), "-OOM", 4) ? -ENOMEM : -EPROTO;
	buf_take(&s->out, buf_len(&s->out));
	return 0;
}

static void say_why(char *why, const char *path, int err, const struct replay *p)
{
	switch (-err) {
	case EBUSY:
		snprintf(why, WHY_SIZE, "%s: another server has it", path);
		break;
	case EBADMSG:
		snprintf(why, WHY_SIZE, "%s: not a log of this server: give it another name with --wal", path);
		break;
	case EPROTO:
		snprintf(why, WHY_SIZE,
		         "%s: record %" PRIu64 " is no change this server knows: written by another version?", path,
		         p->records);
		break;
	case ENOMEM:
		snprintf(why, WHY_SIZE, "%s: no memory for record %" PRIu64 ": more --memory is needed", path,
		         p->records);
		break;
	default:
		snprintf(why, WHY_SIZE, "%s: %s", path, strerror(-err));
	}
}

static int open_log(const struct config *config, char *why)
{
	struct resp state = {};
	struct stats stats = {};
	struct session s = {.stats = &stats, .app = &state};
	struct replay context = {.s = &s};
	uint64_t dropped;
	int err;

	kv.logging = kv.replaying = true;
	err = wal_open(config->wal, config->fsync, replay, &context, &dropped);
	kv.replaying = false;
	buf_free(&s.out);
	if (err)
		say_why(why, config->wal, err, &context);
	else if (dropped)
		complain("%s: its last %" PRIu64 " bytes were no whole record, and are dropped", config->wal, dropped);
	return err;
}

static int kv_start(const struct config *config, char *why)
{
	int err = 0;

	kv = (struct kv){.memory = config->memory, .table = table_new(config->memory)};
	if (!kv.table) {
		snprintf(why, WHY_SIZE, "no memory for a table of %zu bytes: see --memory", config->memory);
		return -ENOMEM;
	}
	if (config->wal)
		err = open_log(config, why);
	if (err)
		table_delete(kv.table);
	return err;
}

static void kv_stop(void)
{
	int err = wal_close();

	if (err)
		complain("the log could not be written to its end: %s", strerror(-err));
	table_delete(kv.table);
	kv = (struct kv){};
}

const struct app app_kv = {
	.name = "kv",
	.session_size = sizeof(struct resp),
	.start = kv_start,
	.input = kv_input,
	.commit = wal_commit,
	.tick = wal_tick,
	.stop = kv_stop,
};
