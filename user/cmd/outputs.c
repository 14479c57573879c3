/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/files.h"
#include "derive/derive.h"
#include "report/totals.h"

static bool failed(struct outputs *out, const char *what, int err)
{
	if (!err)
		return false;
	if (!out->failed)
		say("%s: %s: what was written so far is complete rows", what,
		    err == -ECANCELED ? "was not read from any more" : strerror(-err));
	out->failed = true;
	return true;
}

static int add_sink(struct outputs *out, const struct sink_ops *ops, const char *path, bool as_root)
{
	struct sink *s = &out->sinks[out->n];
	int status = path ? file_create(&s->out, path, as_root) : STATUS_OK;

	if (status || !path)
		return status;
	s->ops = ops;
	s->what = strcmp(path, "-") ? path : "standard output";
	out->n++;
	return STATUS_OK;
}

static bool takes_stdout(const struct options *o)
{
	return (o->csv && !strcmp(o->csv, "-")) || (o->json && !strcmp(o->json, "-")) ||
	       (o->syscalls && !strcmp(o->syscalls, "-"));
}

int outputs_open(struct outputs *out, const struct options *o, bool lines)
{
	bool taken = takes_stdout(o);
	int err;

	memset(out, 0, sizeof(*out));
	err = out_borrow(&out->people, taken ? STDERR_FILENO : STDOUT_FILENO);
	if (err) {
		say("output: %s", strerror(-err));
		return STATUS_FAILED;
	}
	if (add_sink(out, &sink_csv, o->csv, o->as_root) || add_sink(out, &sink_json, o->json, o->as_root) ||
	    add_sink(out, &sink_syscalls, o->syscalls, o->as_root))
		return STATUS_FAILED;
	if (lines && !o->quiet && !taken) {
		out->sinks[out->n].ops = &sink_lines;
		out->sinks[out->n].out = out->people;
		out->sinks[out->n].what = "standard output";
		out->n++;
	}
	return STATUS_OK;
}

void outputs_set_patience(struct outputs *out, struct out_patience *patience)
{
	for (unsigned i = 0; i < out->n; i++)
		out_set_patience(out->sinks[i].out, patience);
	out_set_patience(out->people, patience);
}

bool outputs_start(struct outputs *out, const struct run_info *info)
{
	for (unsigned i = 0; i < out->n; i++) {
		struct sink *s = &out->sinks[i];

		if (failed(out, s->what, s->ops->open(s, info)))
			return false;
	}
	return true;
}

static void fill_row(struct row *row, const struct subject *s, double time, uint64_t ns)
{
	row->time = time;
	row->pid = s->pid;
	row->tid = s->tid;
	memcpy(row->comm, s->comm, COMM_LEN);
	row->event = s->ended ? EVENT_EXIT : s->execs != s->reported_execs ? EVENT_EXEC : EVENT_SAMPLE;
	row->calls = NULL;
	derive_interval(&s->reported, &s->now, ns, &row->iv);
}

static int report_calls(struct outputs *out, struct subject *s, struct row *row)
{
	int err;

	if (!s->calls.n || s->tid)
		return 0;
	err = derive_calls(&s->reported_calls, &s->calls, &out->calls);
	if (err)
		return err;
	row->calls = &out->calls;
	call_table_clear(&s->reported_calls);
	return call_table_add(&s->reported_calls, &s->calls);
}

static int write_rows(struct outputs *out, struct tracker *t, double time, uint64_t ns, const char **what)
{
	for (size_t i = 0; i < tracker_size(t); i++) {
		struct subject *subject = tracker_at(t, i);
		struct row row;
		int err;

		fill_row(&row, subject, time, ns);
		err = report_calls(out, subject, &row);
		derive_reported(&subject->reported, &row.iv);
		subject->reported_execs = subject->execs;
		for (unsigned k = 0; k < out->n && !err; k++) {
			*what = out->sinks[k].what;
			err = out->sinks[k].ops->row(&out->sinks[k], &row);
		}
		if (err)
			return err;
	}
	return 0;
}

bool outputs_interval(struct outputs *out, struct tracker *t, double time, uint64_t ns)
{
	const char *what = "output";

	for (unsigned i = 0; i < out->n; i++) {
		struct sink *s = &out->sinks[i];

		if (failed(out, s->what, s->ops->begin(s, time, (double)ns / 1e9)))
			return false;
	}
	if (failed(out, what, write_rows(out, t, time, ns, &what)))
		return false;
	for (unsigned i = 0; i < out->n; i++) {
		struct sink *s = &out->sinks[i];

		if (failed(out, s->what, s->ops->end(s)))
			return false;
	}
	return true;
}

bool outputs_totals(struct outputs *out, const struct summary *s)
{
	/* Apart from the lines, or from what the command has printed. */
	out_printf(out->people, "\n");
	out_row_end(out->people);
	return !failed(out, "totals",
	               totals_print(out->people, s, out_is_terminal(out->people) && !getenv("NO_COLOR")));
}

bool outputs_close(struct outputs *out)
{
	for (unsigned i = 0; i < out->n; i++) {
		struct sink *s = &out->sinks[i];

		if (s->state)
			s->ops->close(s);
		if (s->out != out->people)
			failed(out, s->what, out_close(s->out));
	}
	failed(out, "standard output", out_close(out->people));
	call_table_free(&out->calls);
	return !out->failed;
}
