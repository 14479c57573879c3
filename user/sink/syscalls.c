/* SPDX-License-Identifier: BSD-2-Clause */
/* The long form of the system calls: a row per process, call and interval. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/call_order.h"
#include "sink/sink.h"

/* The calls of one process, to be sorted; kept from row to row. */
struct scratch {
	size_t room;
	const struct call_stats **at;
};

static int syscalls_open(struct sink *s, const struct run_info *info)
{
	(void)info;
	s->state = calloc(1, sizeof(struct scratch));
	if (!s->state)
		return -ENOMEM;
	out_printf(s->out, "time,pid,syscall,calls,errors,total_ns,max_ns,bytes,p50_ns,p99_ns\n");
	out_row_end(s->out);
	return out_flush(s->out);
}

static int syscalls_begin(struct sink *s, double time, double length)
{
	(void)s, (void)time, (void)length;
	return 0;
}

static void put_u64(struct out *out, uint64_t n, bool have)
{
	out_write(out, ",", 1);
	if (have)
		out_u64(out, n);
}

static void put_call(struct out *out, const struct row *row, const struct call_stats *c)
{
	const char *name = call_name(c->nr);
	bool timed = call_has_latency(c);

	out_fixed(out, row->time, 6);
	put_u64(out, row->pid, true);
	out_write(out, ",", 1);
	out_write(out, name, strlen(name));
	put_u64(out, c->calls, true);
	put_u64(out, c->errors, true);
	put_u64(out, c->ns, timed);
	put_u64(out, c->max_ns, timed);
	put_u64(out, c->bytes, true);
	put_u64(out, call_quantile(c, 0.50), timed);
	put_u64(out, call_quantile(c, 0.99), timed);
	out_write(out, "\n", 1);
	out_row_end(out);
}

static int syscalls_row(struct sink *s, const struct row *row)
{
	struct scratch *made = s->state;
	size_t n = 0, i;

	if (row->tid || !row->calls)
		return 0;
	if (made->room < row->calls->n) {
		const struct call_stats **at = reallocarray(made->at, row->calls->n, sizeof(*at));

		if (!at)
			return -ENOMEM;
		made->at = at;
		made->room = row->calls->n;
	}
	for (i = 0; i < row->calls->n; i++)
		if (row->calls->at[i].calls)
			made->at[n++] = &row->calls->at[i];
	if (n)
		qsort(made->at, n, sizeof(*made->at), call_by_time);
	for (i = 0; i < n; i++)
		put_call(s->out, row, made->at[i]);
	return 0;
}

static int syscalls_end(struct sink *s)
{
	return out_flush(s->out);
}

static void syscalls_close(struct sink *s)
{
	struct scratch *made = s->state;

	if (made)
		free(made->at);
	free(made);
	s->state = NULL;
}

const struct sink_ops sink_syscalls = {
	.name = "syscalls",
	.open = syscalls_open,
	.begin = syscalls_begin,
	.row = syscalls_row,
	.end = syscalls_end,
	.close = syscalls_close,
};
