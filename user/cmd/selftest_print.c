/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/selftest_print.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/page.h"

static const char *const headings[ORACLES] = {
	[ORACLE_WORK] = "Counts, as the workload knows them",
	[ORACLE_RUSAGE] = "Counts, by getrusage(2)",
	[ORACLE_SCHED] = "CPUs, by the process's own clocks and /proc/PID/schedstat (ms)",
	[ORACLE_BLOCKED] = "Where blocked time goes, by the clock less schedstat (ms)",
	[ORACLE_CLOCK] = "All states of a thread add up to its life, by the clock (ms)",
	[ORACLE_NONE] = "Nothing lost, nothing left behind",
};

/* A count in full, for one more or less shows; time in ms. */
static void value(char to[24], enum metric_unit unit, double v)
{
	if (unit == UNIT_NS)
		snprintf(to, 24, "%.2f", v / 1e6);
	else
		snprintf(to, 24, "%.0f", v);
}

static void oracle(char to[56], enum metric_unit unit, const struct figures *f)
{
	char least[24], most[24];

	value(least, unit, f->least);
	value(most, unit, f->most);
	snprintf(to, 56, strcmp(least, most) ? "%s-%s" : "%s", least, most);
}

static void error(char to[24], const struct finding *f)
{
	double nearest = f->f.got - f->error;

	if (f->error == 0)
		strcpy(to, "0");
	else if (f->check->part > 0 && nearest != 0)
		snprintf(to, 24, "%+.2f%%", 100 * f->error / fabs(nearest));
	else
		snprintf(to, 24, "%+.0f", f->error);
}

static void print_finding(const struct page *p, const struct finding *f)
{
	char got[24] = "-", want[56] = "-", off[24] = "-";

	if (f->f.there) {
		value(got, f->check->unit, f->f.got);
		oracle(want, f->check->unit, &f->f);
		error(off, f);
	}
	out_printf(p->out, "  %-37s%9s %17s %8s  ", f->check->what, got, want, off);
	page_colour(p, f->verdict == VERDICT_OK ? PAGE_GREEN : f->verdict == VERDICT_OFF ? PAGE_RED : PAGE_DIM);
	out_printf(p->out, "%s", verdict_name(f->verdict));
	page_plain(p);
	page_end_line(p);
}

static void print_verdict(const struct page *p, const struct findings *f)
{
	unsigned made = f->n - f->absent;

	page_end_line(p);
	page_colour(p, f->off ? PAGE_RED : PAGE_GREEN);
	if (!f->off)
		out_printf(p->out, "%u of %u checks: you can believe the numbers", made, made);
	else
		out_printf(p->out, "%u of %u checks %s off, do not believe the numbers:", f->off, made,
		           f->off == 1 ? "is" : "are");
	for (unsigned i = 0, n = 0; i < f->n; i++) {
		if (f->at[i].verdict == VERDICT_OFF)
			out_printf(p->out, "%s %s", n++ ? "," : "", f->at[i].check->id);
	}
	page_plain(p);
	page_end_line(p);
}

static void print_repeats(const struct page *p, unsigned n)
{
	if (!n)
		return;
	out_printf(p->out, "%u time%s a workload's times were off, and it was run again: is this machine very busy?", n,
	           n == 1 ? "" : "s");
	page_end_line(p);
}

static void print_heading(const struct page *p, enum oracle section, bool first)
{
	page_heading(p, headings[section]);
	if (!first)
		return;
	out_printf(p->out, "  %-37s%9s %17s %8s", "", "vmprof", "should be", "error");
	page_end_line(p);
}

void selftest_print(struct out *out, bool colour, const struct run_info *info, const struct findings *f)
{
	const struct page p = {.out = out, .colour = colour};

	out_printf(out, "vmprof %s: selftest, detail %s\nLinux %s %s, %u CPU%s\n", info->version, info->detail,
	           info->kernel, info->machine, info->cpus, info->cpus == 1 ? "" : "s");
	out_row_end(out);
	for (unsigned i = 0; i < f->n; i++) {
		enum oracle section = f->at[i].check->oracle;

		if (!i || section != f->at[i - 1].check->oracle)
			print_heading(&p, section, !i);
		print_finding(&p, &f->at[i]);
	}
	print_verdict(&p, f);
	print_repeats(&p, f->repeats);
}

void selftest_print_costs(struct out *out, const struct selftest *t)
{
	static const char *const names[METER_WHATS] = {
		[METER_CALL] = "a system call",
		[METER_FAULT] = "the first touch of a page",
		[METER_TRIP] = "a round trip, 4 calls and 2 switches",
	};

	out_printf(out, "\nWhat it costs here, the least of many short rounds\n");
	for (unsigned i = 0; i < METER_WHATS; i++) {
		const struct cost *c = &t->costs[i];

		out_printf(out, "  %s: %.0f ns bare, %.0f ns watched, %.0f ns of a process that is not watched\n",
		           names[i], c->bare, c->watched, c->bystander);
	}
	out_row_end(out);
}
