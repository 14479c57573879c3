/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the threads' wall time went. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/page.h"

#define BAR    40 /* columns for 100 % */
#define BAR_AT 32 /* where they begin */

/* One line of the ledger. */
struct entry {
	enum metric state;
	double share;
	int tenths; /* of a per cent */
};

/* Round the shares so that what is printed adds up to 100.0 %: those cut most get what is left. */
static void round_shares(struct entry *e, size_t n)
{
	int left = 1000;

	for (size_t i = 0; i < n; i++) {
		e[i].tenths = (int)floor(e[i].share * 1000);
		left -= e[i].tenths;
	}
	for (; n && left > 0; left--) {
		size_t most = 0;

		for (size_t i = 1; i < n; i++)
			if (e[i].share * 1000 - e[i].tenths > e[most].share * 1000 - e[most].tenths)
				most = i;
		e[most].tenths++;
	}
}

static size_t bar_eighths(const struct entry *e)
{
	return (size_t)lround(e->share * BAR * 8);
}

static size_t bar_columns(const struct page *p, const struct entry *e)
{
	return p->utf8 ? (bar_eighths(e) + 7) / 8 : (bar_eighths(e) + 4) / 8;
}

static void put_bar(const struct page *p, const struct entry *e)
{
	static const char *const part[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	bool waits = e->state == METRIC_RUNQ_WAKE || e->state == METRIC_RUNQ_PREEMPT;
	bool runs = e->state == METRIC_USER || e->state == METRIC_SYS || e->state == METRIC_FAULT_CPU;
	size_t eighths = bar_eighths(e);

	page_colour(p, runs ? PAGE_GREEN : waits ? PAGE_YELLOW : PAGE_BLUE);
	for (size_t i = 0; i < (p->utf8 ? eighths / 8 : bar_columns(p, e)); i++)
		out_printf(p->out, "%s", p->utf8 ? "█" : "#");
	if (p->utf8)
		out_printf(p->out, "%s", part[eighths % 8]);
	page_plain(p);
}

static bool help_fits(const struct page *p, const struct entry *e, size_t at)
{
	return BAR_AT + bar_columns(p, e) + 2 <= at && at + strlen(metrics[e->state].help) <= PAGE_WIDTH;
}

/* The column where most of the states have room for what they mean, right of their bar. */
static size_t help_column(const struct page *p, const struct entry *e, size_t n)
{
	size_t best = 0, most = 0;

	for (size_t at = BAR_AT; at < PAGE_WIDTH; at++) {
		size_t fit = 0;

		for (size_t i = 0; i < n; i++)
			fit += help_fits(p, &e[i], at);
		if (fit > most) {
			most = fit;
			best = at;
		}
	}
	return best;
}

static void put_entry(const struct page *p, const struct entry *e, size_t help)
{
	bool guessed = p->s->info->split_by_tick && (e->state == METRIC_USER || e->state == METRIC_SYS);
	char name[32], time[16];

	snprintf(name, sizeof(name), "%s%s", metric_state_name(e->state), guessed ? "~" : "");
	text_ns(time, p->s->total.v[e->state].u);
	out_printf(p->out, "  %-13s%3d.%d%% %8s  ", name, e->tenths / 10, e->tenths % 10, time);
	put_bar(p, e);
	if (help_fits(p, e, help)) {
		out_printf(p->out, "%*s", (int)(help - BAR_AT - bar_columns(p, e)), "");
		page_colour(p, PAGE_DIM);
		out_printf(p->out, "%s", metrics[e->state].help);
		page_plain(p);
	}
	page_end_line(p);
}

void ledger_print(const struct page *p)
{
	const struct interval *t = &p->s->total;
	struct entry e[METRIC_STATES];
	char title[64], time[16];
	double all = 0;
	size_t n = 0, help;

	for (int m = METRIC_STATE_FIRST; m <= METRIC_STATE_LAST; m++)
		if (interval_has(t, m))
			all += (double)t->v[m].u;
	for (int m = METRIC_STATE_FIRST; m <= METRIC_STATE_LAST; m++)
		if (interval_has(t, m) && t->v[m].u)
			e[n++] = (struct entry){.state = m, .share = (double)t->v[m].u / all};
	if (!n) {
		page_heading(p, "No time was spent: no thread of the target was seen");
		return;
	}
	snprintf(title, sizeof(title), "Where %s of threads' wall time went", text_ns(time, (uint64_t)all));
	page_heading(p, title);
	round_shares(e, n);
	help = help_column(p, e, n);
	for (size_t i = 0; i < n; i++)
		put_entry(p, &e[i], help);
	if (p->s->info->split_by_tick)
		page_paragraph(p, PAGE_DIM,
		               "~ user and sys are split by the kernel's clock ticks; --detail full measures them");
}
