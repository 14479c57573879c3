/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line per interval, for people: the sum of all processes. A zero is a dot, so that the eye
 * finds what is not; what is absent is a dash.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sink/sink.h"

#define WIDEST     120 /* where there is no terminal to ask: room for every column */
#define SCREENFUL  40  /* lines between headers there */
#define HEADER     2   /* lines */
#define ALL_STATES ((METRIC_BIT(METRIC_STATES) - 1) << METRIC_STATE_FIRST)

enum cell {
	CELL_TIME,
	CELL_PROCS,
	CELL_COUNT, /* the sum of `of`, in full */
	CELL_CPU,
	CELL_SHARE, /* of `of` in the time of all states */
	CELL_REST,  /* of all states that no column shows */
	CELL_RATE,  /* `of` per second */
	CELL_BYTES,
	CELL_LOST,
};

enum group { NO_GROUP, SHARES, RATES };

/* The line above the names; the short form where only few of the columns are there. */
static const struct {
	const char *title, *brief;
} groups[] = {
	[SHARES] = {" % of the threads' wall time ", "%"},
	[RATES] = {" per second ", "/s"},
};

#define SET(m)     METRIC_BIT(METRIC_##m)
#define SET2(a, b) (SET(a) | SET(b))

static const struct column {
	const char *title;
	unsigned char width; /* with the blank before it */
	unsigned char rank;  /* the highest goes first where the terminal is narrow */
	enum cell cell;
	enum group group;
	metric_set of;
	const char *unit; /* above the title of one that has no group */
} columns[] = {
	{"time", 8, 0, CELL_TIME, NO_GROUP, 0, "s"},
	{"procs", 6, 14, CELL_PROCS, NO_GROUP, 0, ""},
	{"thr", 5, 8, CELL_COUNT, NO_GROUP, SET(THREADS), ""},
	{"cpu", 7, 0, CELL_CPU, NO_GROUP, SET(CPU_UTIL), "%"},
	{"user", 5, 1, CELL_SHARE, SHARES, SET(USER), NULL},
	{"sys", 5, 1, CELL_SHARE, SHARES, SET(SYS), NULL},
	{"runq", 5, 2, CELL_SHARE, SHARES, SET2(RUNQ_WAKE, RUNQ_PREEMPT), NULL},
	{"disk", 5, 3, CELL_SHARE, SHARES, SET(DISK), NULL},
	{"fault", 6, 4, CELL_SHARE, SHARES, SET2(FAULT, FAULT_CPU), NULL},
	{"net", 5, 5, CELL_SHARE, SHARES, SET(NET), NULL},
	{"poll", 5, 6, CELL_SHARE, SHARES, SET(POLL), NULL},
	{"pipe", 5, 11, CELL_SHARE, SHARES, SET(PIPE), NULL},
	{"lock", 5, 7, CELL_SHARE, SHARES, SET(LOCK), NULL},
	{"sleep", 6, 12, CELL_SHARE, SHARES, SET(SLEEP), NULL},
	{"child", 6, 15, CELL_SHARE, SHARES, SET(CHILD), NULL},
	{"stop", 5, 16, CELL_SHARE, SHARES, SET(STOPPED), NULL},
	{"rest", 5, 0, CELL_REST, SHARES, 0, NULL},
	{"csw", 6, 10, CELL_RATE, RATES, SET2(VCSW, IVCSW), NULL},
	{"flt", 6, 13, CELL_RATE, RATES, SET2(MINFLT, MAJFLT), NULL},
	{"calls", 6, 11, CELL_RATE, RATES, SET(SYS_TOTAL), NULL},
	{"rss", 7, 9, CELL_BYTES, NO_GROUP, SET(RSS), "bytes"},
	{"lost", 7, 1, CELL_LOST, NO_GROUP, SET(LOST), "events"},
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct lines {
	/* The layout. */
	bool shown[COLUMNS];
	metric_set rest;      /* states without a column of their own */
	unsigned width;       /* of the terminal */
	unsigned until_title; /* lines to go before the header comes again */
	int decimals;         /* of the time */
	bool lossy;           /* something was lost: from then on, a column says how much */

	/* The interval at hand. */
	double time, length;
	unsigned procs, exits;
	metric_set have;
	union metric_value sum[METRIC_COUNT];
};

static int lines_open(struct sink *s, const struct run_info *info)
{
	struct lines *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	/* As many as tell one interval from the next. */
	l->decimals = info->interval_s < 0.01 ? 3 : info->interval_s < 1 ? 2 : 1;
	s->state = l;
	return 0;
}

static int lines_begin(struct sink *s, double time, double length)
{
	struct lines *l = s->state;

	l->time = time;
	l->length = length;
	l->procs = l->exits = 0;
	l->have = 0;
	memset(l->sum, 0, sizeof(l->sum));
	return 0;
}

static int lines_row(struct sink *s, const struct row *row)
{
	struct lines *l = s->state;

	if (row->tid)
		return 0; /* its process counts it already */
	if (row->pid && row->event == EVENT_EXIT)
		l->exits++;
	else if (row->pid)
		l->procs++;
	for (int m = 0; m < METRIC_COUNT; m++) {
		if (!interval_has(&row->iv, m))
			continue;
		if (metrics[m].kind == METRIC_RATIO)
			l->sum[m].d += row->iv.v[m].d;
		else
			l->sum[m].u += row->iv.v[m].u;
	}
	l->have |= row->iv.have;
	return 0;
}

static double sum_of(const struct lines *l, metric_set of)
{
	double sum = 0;

	for (int m = 0; m < METRIC_COUNT; m++)
		if (of & METRIC_BIT(m))
			sum += (double)l->sum[m].u;
	return sum;
}

/* Choose the columns for a terminal of l->width: drop the least important until the rest fits. */
static void lay_out(struct lines *l)
{
	unsigned total = 0;

	l->rest = ALL_STATES;
	for (size_t i = 0; i < COLUMNS; i++) {
		l->shown[i] = columns[i].cell != CELL_LOST || l->lossy;
		total += l->shown[i] ? columns[i].width : 0;
	}
	while (total > l->width) {
		size_t drop = 0;

		for (size_t i = 0; i < COLUMNS; i++)
			if (l->shown[i] && columns[i].rank > columns[drop].rank)
				drop = i;
		if (!columns[drop].rank)
			break;
		l->shown[drop] = false;
		total -= columns[drop].width;
	}
	for (size_t i = 0; i < COLUMNS; i++)
		if (l->shown[i])
			l->rest &= ~columns[i].of;
}

/* The title of a group, in the middle of a rule as wide as its columns. */
static void put_group(struct out *out, enum group g, unsigned width)
{
	unsigned n = (unsigned)strlen(groups[g].title), dashes;

	if (n + 3 > width) {
		out_printf(out, "%*s", width, groups[g].brief);
		return;
	}
	dashes = width - 1 - n;
	out_printf(out, " ");
	for (unsigned i = 0; i < dashes / 2; i++)
		out_printf(out, "-");
	out_printf(out, "%s", groups[g].title);
	for (unsigned i = dashes / 2; i < dashes; i++)
		out_printf(out, "-");
}

static void put_header(const struct lines *l, struct out *out)
{
	unsigned width = 0;

	for (size_t i = 0; i < COLUMNS; i++) {
		if (l->shown[i] && columns[i].group == NO_GROUP)
			out_printf(out, "%*s", columns[i].width, columns[i].unit);
		else if (l->shown[i])
			width += columns[i].width;
		if (width && (i + 1 == COLUMNS || columns[i + 1].group != columns[i].group)) {
			put_group(out, columns[i].group, width);
			width = 0;
		}
	}
	out_printf(out, "\n");
	for (size_t i = 0; i < COLUMNS; i++)
		if (l->shown[i])
			out_printf(out, "%*s", columns[i].width, columns[i].title);
	out_printf(out, "\n");
	out_row_end(out);
}

/* At the top, once a screenful, and when the columns change. */
static void head(struct lines *l, struct out *out)
{
	unsigned lines, width;
	bool lossy = l->lossy || l->sum[METRIC_LOST].u;

	out_size(out, &lines, &width);
	if (!out_is_terminal(out)) {
		lines = SCREENFUL + HEADER + 1;
		width = WIDEST;
	}
	if (width != l->width || lossy != l->lossy) {
		l->width = width;
		l->lossy = lossy;
		l->until_title = 0;
		lay_out(l);
	}
	if (!l->until_title) {
		put_header(l, out);
		/* The last line of a screen is the cursor's. */
		l->until_title = lines > HEADER + 6 ? lines - HEADER - 1 : 5;
	}
	l->until_title--;
}

/* Whole per cent; what rounds to 0 is a dot. */
static void put_share(const struct lines *l, metric_set of, char to[16])
{
	double all = sum_of(l, ALL_STATES);
	long percent = all > 0 ? lround(100 * sum_of(l, of) / all) : 0;

	if (!(l->have & of))
		strcpy(to, "-");
	else if (!percent)
		strcpy(to, ".");
	else
		snprintf(to, 16, "%ld", percent);
}

static void put_rate(const struct lines *l, metric_set of, char to[16])
{
	double n = sum_of(l, of);

	if (!(l->have & of) || l->length <= 0)
		strcpy(to, "-");
	else if (n <= 0)
		strcpy(to, ".");
	else
		text_count(to, (uint64_t)llround(n / l->length));
}

static void put_cell(const struct lines *l, const struct column *c, char to[16])
{
	double cpu = 100 * l->sum[METRIC_CPU_UTIL].d;

	switch (c->cell) {
	case CELL_TIME:
		snprintf(to, 16, "%.*f", l->time < 1e4 ? l->decimals : l->time < 1e5 ? 1 : 0, l->time);
		return;
	case CELL_PROCS:
		snprintf(to, 16, "%u", l->procs);
		return;
	case CELL_SHARE:
		put_share(l, c->of, to);
		return;
	case CELL_REST:
		put_share(l, l->rest, to);
		return;
	case CELL_RATE:
		put_rate(l, c->of, to);
		return;
	default:
		break;
	}
	if (!(l->have & c->of))
		strcpy(to, "-");
	else if (c->cell == CELL_CPU)
		snprintf(to, 16, "%.*f", cpu < 999.95 ? 1 : 0, cpu);
	else if (c->cell == CELL_BYTES)
		text_bytes(to, (uint64_t)sum_of(l, c->of));
	else if (c->cell == CELL_LOST && sum_of(l, c->of) <= 0)
		strcpy(to, ".");
	else if (sum_of(l, c->of) < 1e4)
		snprintf(to, 16, "%.0f", sum_of(l, c->of));
	else
		text_count(to, (uint64_t)sum_of(l, c->of));
}

static int lines_end(struct sink *s)
{
	struct lines *l = s->state;
	struct out *out = s->out;
	unsigned used = 0;
	char note[32];
	int n;

	head(l, out);
	for (size_t i = 0; i < COLUMNS; i++) {
		char text[16];

		if (!l->shown[i])
			continue;
		put_cell(l, &columns[i], text);
		out_printf(out, "%*s", columns[i].width, text);
		used += columns[i].width;
	}
	n = snprintf(note, sizeof(note), "  %u exited", l->exits);
	if (l->exits && (!out_is_terminal(out) || used + (unsigned)n <= l->width))
		out_printf(out, "%s", note);
	out_printf(out, "\n");
	out_row_end(out);
	return out_flush(out);
}

static void lines_close(struct sink *s)
{
	free(s->state);
	s->state = NULL;
}

const struct sink_ops sink_lines = {
	.name = "lines",
	.open = lines_open,
	.begin = lines_begin,
	.row = lines_row,
	.end = lines_end,
	.close = lines_close,
};
