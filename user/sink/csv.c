/* SPDX-License-Identifier: BSD-2-Clause */
/* CSV as RFC 4180 has it, but with bare line feeds: one row per process (and thread) and interval. */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "sink/sink.h"

static int csv_open(struct sink *s, const struct run_info *info)
{
	(void)info;
	out_printf(s->out, "time,interval,pid,tid,comm,event");
	for (int m = 0; m < METRIC_COUNT; m++)
		out_printf(s->out, ",%s", metrics[m].name);
	out_write(s->out, "\n", 1);
	out_row_end(s->out);
	return out_flush(s->out);
}

static int csv_begin(struct sink *s, double time, double length)
{
	(void)s, (void)time, (void)length;
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A process chooses its name: any bytes. Blanks at its ends are quoted because some readers strip them. */
static void put_text(struct out *out, const char *bytes)
{
	char text[3 * COMM_LEN + 1];
	size_t n = text_utf8(text, sizeof(text), bytes);
	const char *quote;

	if (!n || (!strpbrk(text, ",\"\r\n") && !is_blank(text[0]) && !is_blank(text[n - 1]))) {
		out_write(out, text, n);
		return;
	}
	out_write(out, "\"", 1);
	for (const char *p = text; *p; p = quote) {
		quote = p + strcspn(p, "\"");
		out_write(out, p, (size_t)(quote - p));
		if (*quote) {
			out_write(out, "\"\"", 2);
			quote++;
		}
	}
	out_write(out, "\"", 1);
}

static void put_metric(struct out *out, const struct interval *iv, enum metric m)
{
	if (!interval_has(iv, m))
		return; /* an empty cell: absent is not zero */
	if (metrics[m].kind == METRIC_RATIO)
		out_fixed(out, iv->v[m].d, 4);
	else
		out_u64(out, iv->v[m].u);
}

static int csv_row(struct sink *s, const struct row *row)
{
	const char *event = row_event_name(row->event);
	struct out *out = s->out;

	out_fixed(out, row->time, 6);
	out_write(out, ",", 1);
	out_fixed(out, (double)row->iv.ns / NS_PER_S, 6);
	out_write(out, ",", 1);
	out_u64(out, row->pid);
	out_write(out, ",", 1);
	out_u64(out, row->tid);
	out_write(out, ",", 1);
	put_text(out, row->comm);
	out_write(out, ",", 1);
	out_write(out, event, strlen(event));
	for (int m = 0; m < METRIC_COUNT; m++) {
		out_write(out, ",", 1);
		put_metric(out, &row->iv, m);
	}
	out_write(out, "\n", 1);
	out_row_end(out);
	return 0;
}

static int csv_end(struct sink *s)
{
	return out_flush(s->out);
}

static void csv_close(struct sink *s)
{
	(void)s;
}

const struct sink_ops sink_csv = {
	.name = "csv",
	.open = csv_open,
	.begin = csv_begin,
	.row = csv_row,
	.end = csv_end,
	.close = csv_close,
};
