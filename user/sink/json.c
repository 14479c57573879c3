/* SPDX-License-Identifier: BSD-2-Clause */
/* One JSON object a line: first the run, then the rows of the CSV under the same names. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "sink/sink.h"

static const char *const unit_names[] = {
	[UNIT_COUNT] = "count",   [UNIT_NS] = "ns",       [UNIT_BYTES] = "bytes",
	[UNIT_BLOCKS] = "blocks", [UNIT_RATIO] = "ratio",
};

static const char *const kind_names[] = {
	[METRIC_DELTA] = "delta",
	[METRIC_GAUGE] = "gauge",
	[METRIC_RATIO] = "ratio",
};

/* 15 digits print every decimal number of that length as it was: 0.05, not 0.050000000000000003. */
#define DUMP_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))

/* To the microsecond, as the CSV has it. */
static json_t *seconds(double s)
{
	return json_real(round(s * 1e6) / 1e6);
}

/* Bytes from outside: jansson refuses what is not UTF-8. */
static json_t *text(const char *bytes)
{
	size_t room = 3 * strlen(bytes) + 1;
	char *utf8 = malloc(room);
	json_t *v;

	if (!utf8)
		return NULL;
	v = json_stringn(utf8, text_utf8(utf8, room, bytes));
	free(utf8);
	return v;
}

static int set(json_t *object, const char *name, json_t *value)
{
	return json_object_set_new_nocheck(object, name, value);
}

static int append(const char *bytes, size_t n, void *out)
{
	out_write(out, bytes, n);
	return 0;
}

/* A line of its own, or nothing: a row that is not ended is never written. Takes `object`. */
static int put_line(struct out *out, json_t *object, int failed)
{
	if (!failed)
		failed = json_dump_callback(object, append, out, DUMP_FLAGS);
	json_decref(object);
	if (failed)
		return -ENOMEM;
	out_write(out, "\n", 1);
	out_row_end(out);
	return 0;
}

/* What the columns mean; only those that this run can have. */
static json_t *describe_metrics(metric_set measured)
{
	json_t *all = json_object();
	int failed = 0;

	for (int m = 0; m < METRIC_COUNT; m++) {
		json_t *one;

		if (!(measured & METRIC_BIT(m)))
			continue;
		one = json_object();
		failed |= set(one, "unit", json_string(unit_names[metrics[m].unit]));
		failed |= set(one, "kind", json_string(kind_names[metrics[m].kind]));
		failed |= set(one, "help", json_string(metrics[m].help));
		failed |= set(all, metrics[m].name, one);
	}
	if (!failed)
		return all;
	json_decref(all);
	return NULL;
}

static int json_open(struct sink *s, const struct run_info *info)
{
	json_t *run = json_object();
	int err, failed = 0;

	failed |= set(run, "type", json_string("run"));
	failed |= set(run, "version", text(info->version));
	failed |= set(run, "kernel", text(info->kernel));
	failed |= set(run, "machine", text(info->machine));
	failed |= set(run, "detail", text(info->detail));
	failed |= set(run, "user_sys_split", json_string(info->split_by_tick ? "ticks" : "exact"));
	failed |= set(run, "cpus", json_integer(info->cpus));
	failed |= set(run, "interval", seconds(info->interval_s));
	failed |= set(run, "start", seconds(info->start_unix));
	failed |= set(run, "target", text(info->target));
	failed |= set(run, "metrics", describe_metrics(info->measured));
	err = put_line(s->out, run, failed);
	return err ? err : out_flush(s->out);
}

static int json_begin(struct sink *s, double time, double length)
{
	(void)s, (void)time, (void)length;
	return 0;
}

static void put(struct out *out, const char *text)
{
	out_write(out, text, strlen(text));
}

/* `,"name":`. Names are ours: nothing in them is to be escaped. */
static void put_name(struct out *out, const char *name)
{
	put(out, ",\"");
	put(out, name);
	put(out, "\":");
}

static void put_u64(struct out *out, const char *name, uint64_t n)
{
	put_name(out, name);
	out_u64(out, n);
	if (n > INT64_MAX)
		put(out, ".0"); /* readers with signed numbers refuse a larger integer, but not a real */
}

static void put_fixed(struct out *out, const char *name, double v, unsigned decimals)
{
	put_name(out, name);
	out_fixed(out, v, decimals);
}

static int put_text(struct out *out, const char *name, const char *bytes)
{
	json_t *v = text(bytes);
	int failed;

	put_name(out, name);
	failed = json_dump_callback(v, append, out, JSON_ENCODE_ANY);
	json_decref(v);
	return failed ? -ENOMEM : 0;
}

/* Not by way of an object: that takes eight times as long, and there may be thousands of rows. What is
 * not a number or a name of ours still goes through jansson. */
static int json_row(struct sink *s, const struct row *row)
{
	struct out *out = s->out;
	int err;

	put(out, "{\"type\":\"row\"");
	put_fixed(out, "time", row->time, 6);
	put_fixed(out, "interval", (double)row->iv.ns / NS_PER_S, 6);
	put_u64(out, "pid", row->pid);
	put_u64(out, "tid", row->tid);
	err = put_text(out, "comm", row->comm);
	if (err)
		return err; /* the row is not ended, and so never written */
	put_name(out, "event");
	put(out, "\"");
	put(out, row_event_name(row->event));
	put(out, "\"");
	for (int m = 0; m < METRIC_COUNT; m++) {
		if (!interval_has(&row->iv, m))
			continue; /* left out, not null: absent is not zero */
		if (metrics[m].kind == METRIC_RATIO)
			put_fixed(out, metrics[m].name, row->iv.v[m].d, 4);
		else
			put_u64(out, metrics[m].name, row->iv.v[m].u);
	}
	put(out, "}\n");
	out_row_end(out);
	return 0;
}

static int json_end(struct sink *s)
{
	return out_flush(s->out);
}

static void json_close(struct sink *s)
{
	(void)s;
}

const struct sink_ops sink_json = {
	.name = "json",
	.open = json_open,
	.begin = json_begin,
	.row = json_row,
	.end = json_end,
	.close = json_close,
};
