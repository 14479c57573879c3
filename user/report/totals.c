/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/totals.h"

#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/page.h"

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* The target is what somebody typed: any bytes, of any length. */
static int put_title(const struct page *p)
{
	const struct run_info *info = p->s->info;
	size_t room = 3 * strlen(info->target) + 1, at;
	char *target = malloc(room);

	if (!target)
		return -ENOMEM;
	at = text_plain(target, room, info->target);
	page_colour(p, PAGE_BOLD);
	out_printf(p->out, "vmprof %s: ", info->version);
	room = PAGE_WIDTH - strlen("vmprof : ") - strlen(info->version);
	if (at > room) {
		at = room - strlen("...");
		while (at && ((unsigned char)target[at] & 0xc0) == 0x80)
			at--; /* not in the middle of a character */
		strcpy(target + at, "...");
	}
	out_printf(p->out, "%s", target);
	page_plain(p);
	page_end_line(p);
	free(target);
	return 0;
}

static int put_head(const struct page *p)
{
	const struct summary *s = p->s;
	char elapsed[16];
	int err = put_title(p);

	if (err)
		return err;
	text_ns(elapsed, (uint64_t)llround(s->elapsed_s * 1e9));
	out_printf(p->out, "%s, %u process%s, %u thread%s, detail %s", elapsed, s->processes,
	           s->processes == 1 ? "" : "es", s->threads, plural(s->threads), s->info->detail);
	page_end_line(p);
	out_printf(p->out, "Linux %s %s, %u CPU%s", s->info->kernel, s->info->machine, s->info->cpus,
	           plural(s->info->cpus));
	page_end_line(p);
	return 0;
}

/* What is printed of the rest: groups of cells in columns, in this order. */
static const struct {
	const char *group;
	enum metric metric;
	const char *label;
} cells[] = {
	{"CPU time", METRIC_CPU_NS, "by kernel"},
	{"CPU time", METRIC_CPU_UTIL, "of one CPU"},
	{"CPU time", METRIC_MIGRATIONS, "migrations"},
	{"switches", METRIC_VCSW, "voluntary"},
	{"switches", METRIC_IVCSW, "involuntary"},
	{"switches", METRIC_WAKEUPS, "wake-ups"},
	{"page faults", METRIC_MINFLT, "minor"},
	{"page faults", METRIC_MAJFLT, "major"},
	{"page faults", METRIC_UFAULTS, "user mode"},
	{"memory", METRIC_RSS, "resident"},
	{"memory", METRIC_PEAK_RSS, "at its peak"},
	{"memory", METRIC_VSZ, "virtual"},
	{"memory", METRIC_TEXT, "code"},
	{"memory", METRIC_DATA, "data, stack"},
	{"block I/O", METRIC_INBLOCK, "read"},
	{"block I/O", METRIC_OUBLOCK, "written"},
	{"system calls", METRIC_SYS_TOTAL, "in all"},
	{"system calls", METRIC_SYS_ERRORS, "failed"},
};

#define CELLS         (sizeof(cells) / sizeof(cells[0]))
#define CELLS_PER_ROW 3

/* Counts in full, as getrusage(2) and perf-stat(1) give them: they can be compared. */
static const char *count_text(char to[16], uint64_t n)
{
	if (n > 999999999)
		return text_count(to, n);
	snprintf(to, 16, "%" PRIu64, n);
	return to;
}

static const char *value_text(char to[16], enum metric m, const union metric_value *v)
{
	switch (metrics[m].unit) {
	case UNIT_NS:
		return text_ns(to, v->u);
	case UNIT_BYTES:
		return text_bytes(to, v->u);
	case UNIT_BLOCKS:
		return text_bytes(to, 512 * v->u);
	case UNIT_RATIO:
		snprintf(to, 16, "%.1f%%", 100 * v->d);
		return to;
	default:
		return count_text(to, v->u);
	}
}

static void put_group(const struct page *p, const char *name)
{
	page_end_line(p);
	if (*name)
		page_colour(p, PAGE_BOLD);
	out_printf(p->out, "%-12s", name);
	if (*name)
		page_plain(p);
}

/* Of several processes the highest peak is told, as getrusage(2) does it: they need not have met. */
static const char *label_text(const struct page *p, size_t i)
{
	return cells[i].metric == METRIC_PEAK_RSS && p->s->processes > 1 ? "peak of one" : cells[i].label;
}

static void put_cells(const struct page *p)
{
	const char *group = "", *before = "";
	int in_row = 0;

	for (size_t i = 0; i < CELLS; i++) {
		const char *name = "";
		enum metric m = cells[i].metric;
		char value[16];

		if (!interval_has(&p->s->total, m))
			continue;
		if (strcmp(group, cells[i].group)) {
			name = group = cells[i].group;
			in_row = CELLS_PER_ROW;
		}
		if (in_row == CELLS_PER_ROW) {
			put_group(p, name);
			in_row = 0;
		}
		value_text(value, m, &p->s->total.v[m]);
		out_printf(p->out, "%*s %s", in_row ? 22 - (int)strlen(before) : 10, value, label_text(p, i));
		before = label_text(p, i);
		in_row++;
	}
	page_end_line(p);
}

struct loss {
	uint64_t n;
	const char *what; /* one of them; an "s" makes it more */
	const char *story;
};

/* What was lost and what to do about it; also where nothing was, or its absence would say nothing. */
static void put_losses(const struct page *p)
{
	const struct summary *s = p->s;
	const struct loss losses[] = {
		{s->lost.threads, "thread", "had no record of their own: counted under [others]; raise --max-tasks"},
		{s->lost.rows, "system call",
	         "found the table full: counted, but under no process; watch fewer processes, or choose with "
	         "--calls"},
		{s->lost.links, "thread",
	         "could not be followed for lack of kernel memory: not in these totals; watch fewer processes"},
		{s->lost.skipped, "event",
	         "came while vmprof's program could not run: not in these totals; end other tracers or use less "
	         "--detail"},
		{s->lost.faults, "page fault",
	         "came while another's was preempted in vmprof's program: their time is in user and sys, not in "
	         "fault_cpu"},
		{interval_has(&s->total, METRIC_LOST) ? s->total.v[METRIC_LOST].u : 0, "event",
	         "could not be attributed to a thread: counted under [others]; raise --max-tasks"},
	};
	bool any = false;
	char line[256];

	page_end_line(p);
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		if (!losses[i].n)
			continue;
		any = true;
		snprintf(line, sizeof(line), "lost: %" PRIu64 " %s%s %s", losses[i].n, losses[i].what,
		         plural(losses[i].n), losses[i].story);
		page_paragraph(p, PAGE_RED, line);
	}
	if (!any)
		page_paragraph(p, PAGE_DIM, "nothing lost");
}

int totals_print(struct out *out, const struct summary *s, bool colour)
{
	const struct page page = {
		.out = out,
		.s = s,
		.colour = colour,
		.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
	};
	int err = put_head(&page);

	if (err)
		return err;
	ledger_print(&page);
	put_cells(&page);
	err = call_report_print(&page);
	if (err)
		return err;
	put_losses(&page);
	return out_flush(out);
}
