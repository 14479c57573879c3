/* SPDX-License-Identifier: BSD-2-Clause */
/* The system calls of a run: by time, or by number where latency was not measured. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/call_order.h"
#include "report/page.h"

#define TOP_CALLS 20
#define NAME      16 /* columns */
#define CALLS     9

struct call_report {
	const struct page *page;
	const struct call_stats **at; /* those that were called, sorted */
	size_t n;
	bool timed; /* latency was measured */
	uint64_t calls, ns;
};

/* Right-aligned in 7 columns; a zero is a dot, so that the eye finds what is not. */
static void put_count(struct out *out, uint64_t n)
{
	char text[16];

	out_printf(out, "%7s", n ? text_count(text, n) : ".");
}

static void put_time(struct out *out, uint64_t ns, bool have)
{
	char text[16];

	out_printf(out, "%7s", have ? text_ns(text, ns) : "-");
}

static void put_head(const struct call_report *r)
{
	struct out *out = r->page->out;

	page_heading(r->page, r->timed ? "System calls by time" : "System calls by number");
	page_colour(r->page, PAGE_DIM);
	out_printf(out, "%-*s%*s%7s%7s%7s", NAME, "call", CALLS, "calls", "/s", "errors", "bytes");
	if (r->timed)
		out_printf(out, "%7s%6s%7s%7s%7s", "time", "share", "p50", "p99", "max");
	else
		out_printf(out, "%7s", "share");
	page_plain(r->page);
	page_end_line(r->page);
}

static void put_share(struct out *out, int width, uint64_t part, uint64_t all)
{
	double percent = all ? 100 * (double)part / (double)all : 0;

	if (percent < 0.05)
		out_printf(out, "%*s", width, ".");
	else
		out_printf(out, "%*.1f%%", width - 1, percent);
}

static void put_call(const struct call_report *r, const struct call_stats *c)
{
	double elapsed = r->page->s->elapsed_s;
	const char *name = call_name(c->nr);
	struct out *out = r->page->out;
	bool timed = call_has_latency(c);
	char calls[24], bytes[16];
	int left;

	/* Counts in full as long as they have room; a long name takes it from them. */
	snprintf(calls, sizeof(calls), "%" PRIu64, c->calls);
	if (strlen(calls) >= CALLS)
		text_count(calls, c->calls);
	left = NAME + CALLS - (int)strlen(name);
	out_printf(out, "%s%*s", name, left > (int)strlen(calls) ? left : (int)strlen(calls) + 1, calls);
	put_count(out, elapsed > 0 ? (uint64_t)llround((double)c->calls / elapsed) : 0);
	put_count(out, c->errors);
	out_printf(out, "%7s", c->bytes ? text_bytes(bytes, c->bytes) : ".");
	if (r->timed) {
		put_time(out, c->ns, timed);
		put_share(out, 6, c->ns, r->ns);
		put_time(out, call_quantile(c, 0.50), timed);
		put_time(out, call_quantile(c, 0.99), timed);
		put_time(out, c->max_ns, timed);
	} else {
		put_share(out, 7, c->calls, r->calls);
	}
	page_end_line(r->page);
}

static void put_rest(const struct call_report *r)
{
	uint64_t calls = 0;

	for (size_t i = TOP_CALLS; i < r->n; i++)
		calls += r->at[i]->calls;
	out_printf(r->page->out, "%s and %zu more (%" PRIu64 " call%s)", r->page->utf8 ? "…" : "...", r->n - TOP_CALLS,
	           calls, calls == 1 ? "" : "s");
	page_end_line(r->page);
}

int call_report_print(const struct page *page)
{
	const struct call_table *table = page->s->calls;
	struct call_report r = {.page = page};
	size_t i;

	if (!table || !table->n)
		return 0;
	r.at = calloc(table->n, sizeof(struct call_stats *));
	if (!r.at)
		return -ENOMEM;
	for (i = 0; i < table->n; i++) {
		const struct call_stats *c = &table->at[i];

		if (!c->calls)
			continue;
		r.at[r.n++] = c;
		r.timed |= call_has_latency(c);
		r.calls += c->calls;
		r.ns += c->ns;
	}
	if (r.n) {
		qsort(r.at, r.n, sizeof(*r.at), call_by_time);
		put_head(&r);
		for (i = 0; i < r.n && i < TOP_CALLS; i++)
			put_call(&r, r.at[i]);
		if (r.n > TOP_CALLS)
			put_rest(&r);
	}
	free(r.at);
	return 0;
}
