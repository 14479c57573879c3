/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/curve_table.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/page.h"

/* Right-aligned; what is absent is a dash, what rounds to nothing a dot. */
static void put_share(struct out *out, int width, double v)
{
	if (isnan(v))
		out_printf(out, "%*s", width, "-");
	else if (v < 0.0005)
		out_printf(out, "%*s", width, ".");
	else
		out_printf(out, "%*.1f", width, 100 * v);
}

static void put_count(struct out *out, int width, double v)
{
	char text[16];

	if (isnan(v))
		out_printf(out, "%*s", width, "-");
	else if (v > 0 && v < 99.5)
		out_printf(out, "%*.*f", width, v < 9.95 ? 2 : 1, v);
	else
		out_printf(out, "%*s", width, v < 0.5 ? "." : text_count(text, (uint64_t)llround(fmin(v, 1e18))));
}

/* Half the range, in per cent of the median. */
static void put_spread(struct out *out, int width, const struct spread *s)
{
	double percent = 50 * (s->max - s->min) / s->median;

	if (isnan(percent) || s->median <= 0)
		out_printf(out, "%*s", width, "-");
	else if (percent >= 999.5)
		out_printf(out, "%*s", width, ">999");
	else
		out_printf(out, "%*.*f", width, percent < 99.95 ? 1 : 0, percent);
}

static double runq(const struct curve_point *p)
{
	return p->v[CURVE_RUNQ_WAKE].median + p->v[CURVE_RUNQ_PREEMPT].median;
}

static void put_point(const struct page *page, const struct curve_series *s, const struct curve_point *p)
{
	struct out *out = page->out;
	bool knee = p->n == s->knee.knee, best = p->n == s->knee.recommended;

	if (knee || best)
		page_colour(page, PAGE_BOLD);
	out_printf(out, "%c%c%3u", knee ? 'K' : ' ', best ? '*' : ' ', p->n);
	put_count(out, 9, p->v[s->work].median);
	put_spread(out, 6, &p->v[s->work]);
	put_share(out, 7, p->v[CURVE_CPU_UTIL].median);
	put_share(out, 7, p->v[CURVE_COPIES_UTIL].median);
	put_count(out, 8, p->v[CURVE_MINFLT].median);
	put_count(out, 8, p->v[CURVE_MAJFLT].median);
	put_share(out, 7, p->v[CURVE_FAULT].median);
	put_share(out, 6, p->v[CURVE_DISK].median);
	put_share(out, 6, runq(p));
	put_share(out, 6,
	          p->v[CURVE_GROUP_PSI_SOME].median >= 0 ? p->v[CURVE_GROUP_PSI_SOME].median
	                                                 : p->v[CURVE_PSI_SOME].median);
	if (knee || best)
		page_plain(page);
	page_end_line(page);
}

static void put_heading(const struct page *page, const struct curve_series *s)
{
	char text[96], limit[64] = "", size[16];

	if (s->memory)
		snprintf(limit, sizeof(limit), "%s of memory, ", text_bytes(size, s->memory));
	snprintf(text, sizeof(text), "%s%u CPU%s", limit, s->cpus, s->cpus == 1 ? "" : "s");
	page_heading(page, text);
	page_colour(page, PAGE_DIM);
	out_printf(page->out, "%14s%6s%14s%16s%19s%6s", s->work == CURVE_METRIC ? "metric" : "done", "+-", "% of CPUs",
	           "faults/s", "% of the time", "mem");
	page_end_line(page);
	out_printf(page->out, "%5s%9s%6s%7s%7s%8s%8s%7s%6s%6s%6s", "N", s->work == CURVE_METRIC ? "sum" : "/min", "%",
	           "busy", "copies", "minor", "major", "fault", "disk", "runq", "psi");
	page_plain(page);
	page_end_line(page);
}

static void put_series(const struct page *page, const struct curve_series *s)
{
	char text[512];

	put_heading(page, s);
	for (size_t i = 0; i < s->n; i++)
		put_point(page, s, &s->at[i]);
	if (s->killed_at) {
		out_printf(page->out, "  %3u   some killed for lack of memory", s->killed_at);
		page_end_line(page);
	}
	curve_sentence(s, text, sizeof(text));
	page_paragraph(page, PAGE_BOLD, text);
}

static unsigned max_repeats(const struct curve *c)
{
	unsigned max = 0;

	for (size_t i = 0; i < c->n; i++)
		max = c->rows[i].repeat > max ? c->rows[i].repeat : max;
	return max;
}

int curve_table_print(struct out *out, const struct curve *c, const char *title, bool colour)
{
	const struct page page = {.out = out, .colour = colour};
	size_t room = 3 * strlen(title) + 1;
	char *plain = malloc(room);

	if (!plain)
		return -ENOMEM;
	text_plain(plain, room, title);
	page_colour(&page, PAGE_BOLD);
	out_printf(out, "vmprof " VMPROF_VERSION " curve: %s", plain);
	page_plain(&page);
	page_end_line(&page);
	free(plain);
	if (max_repeats(c) > 1)
		out_printf(out, "medians of %u runs, +-: half their range; ", max_repeats(c));
	out_printf(out, "K: knee, *: recommended");
	page_end_line(&page);
	for (size_t i = 0; i < c->n_series; i++)
		put_series(&page, &c->series[i]);
	return out_flush(out);
}
