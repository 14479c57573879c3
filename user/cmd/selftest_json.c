/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "cmd/selftest_print.h"

#define DUMP_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))

static int set(json_t *object, const char *name, json_t *v)
{
	return json_object_set_new_nocheck(object, name, v);
}

static int append(const char *bytes, size_t n, void *out)
{
	out_write(out, bytes, n);
	return 0;
}

/* A line of its own. Takes `object`. */
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

static int put_run(struct out *out, const struct run_info *info)
{
	json_t *run = json_object();
	int no = 0;

	no |= set(run, "type", json_string("selftest"));
	no |= set(run, "version", json_string(info->version));
	no |= set(run, "kernel", json_string(info->kernel));
	no |= set(run, "machine", json_string(info->machine));
	no |= set(run, "detail", json_string(info->detail));
	no |= set(run, "cpus", json_integer(info->cpus));
	no |= set(run, "start", json_real(round(info->start_unix * 1e6) / 1e6));
	return put_line(out, run, no);
}

static int put_finding(struct out *out, const struct finding *f)
{
	static const char *const units[] = {[UNIT_COUNT] = "count", [UNIT_NS] = "ns", [UNIT_BYTES] = "bytes"};
	static const char *const verdicts[] = {"ok", "off", "absent"};
	const struct check *c = f->check;
	json_t *one = json_object();
	int no = 0;

	no |= set(one, "type", json_string("check"));
	no |= set(one, "id", json_string(c->id));
	no |= set(one, "workload", json_string(c->work == WORK_ALL ? "all" : works[c->work].name));
	no |= set(one, "what", json_string(c->what));
	no |= set(one, "oracle", json_string(oracle_name(c->oracle)));
	no |= set(one, "unit", json_string(units[c->unit]));
	if (f->f.there) {
		no |= set(one, "vmprof", json_integer((json_int_t)f->f.got));
		no |= set(one, "least", json_integer((json_int_t)f->f.least));
		no |= set(one, "most", json_integer((json_int_t)f->f.most));
		no |= set(one, "error", json_integer((json_int_t)f->error));
	}
	no |= set(one, "tolerance", json_real(c->part));
	no |= set(one, "tolerance_beyond", json_integer((json_int_t)c->beyond));
	no |= set(one, "verdict", json_string(verdicts[f->verdict]));
	return put_line(out, one, no);
}

static json_t *tenths(double ns)
{
	return json_real(round(ns * 10) / 10);
}

static int put_cost(struct out *out, const char *id, const struct cost *c)
{
	json_t *one = json_object();
	int no = 0;

	no |= set(one, "type", json_string("cost"));
	no |= set(one, "id", json_string(id));
	no |= set(one, "bare_ns", tenths(c->bare));
	no |= set(one, "watched_ns", tenths(c->watched));
	no |= set(one, "bystander_ns", tenths(c->bystander));
	no |= set(one, "verdict", json_string("measured"));
	return put_line(out, one, no);
}

static int put_verdict(struct out *out, const struct findings *f)
{
	json_t *all = json_object();
	int no = 0;

	no |= set(all, "type", json_string("verdict"));
	no |= set(all, "checks", json_integer(f->n - f->absent));
	no |= set(all, "off", json_integer(f->off));
	no |= set(all, "absent", json_integer(f->absent));
	no |= set(all, "repeats", json_integer(f->repeats));
	no |= set(all, "verdict", json_string(f->off ? "off" : "ok"));
	return put_line(out, all, no);
}

int selftest_print_json(struct out *out, const struct run_info *info, const struct findings *f,
                        const struct selftest *t)
{
	static const char *const costs[METER_WHATS] = {"call", "fault", "round-trip"};
	int err = put_run(out, info);

	for (unsigned i = 0; i < f->n && !err; i++)
		err = put_finding(out, &f->at[i]);
	for (unsigned i = 0; i < METER_WHATS && !err; i++)
		err = put_cost(out, costs[i], &t->costs[i]);
	return err ?: put_verdict(out, f);
}
