/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/curve_options.h"

#include <argp.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "cmd/cmd.h"
#include "report/curve_csv.h"
#include "target/swap.h"

#define MEMORY_MIN (UINT64_C(1) << 20)
#define BYTES_MAX  (UINT64_C(1) << 50)

static const char doc[] =
	"Run 1, 2, ... N copies of a command together, and say how many do the most useful work, and why more do not.\v"
	"In ARG, {} is the number of the copy: 1 to N.\n\n"
	"Examples:\n"
	"  sudo vmprof curve --max 12 --memory 256M --swap 1G --repeat 5 -- ./job in.{}\n"
	"  sudo vmprof curve --cpus 1,2 --csv jobs.csv --plot jobs.svg -- ./job\n"
	"  sudo vmprof curve --metric 'touches ([0-9]+)' -- memwork --size 48M\n"
	"  vmprof curve --from jobs.csv --plot jobs.png\n";

enum {
	OPT_MAX = 256,
	OPT_MEMORY,
	OPT_CPUS,
	OPT_REPEAT,
	OPT_METRIC,
	OPT_SWAP,
	OPT_CSV,
	OPT_PLOT,
	OPT_FROM,
	OPT_AS_ROOT
};

static const struct argp_option table[] = {
	{NULL, 0, NULL, 0, "What to run:", 1},
	{"max", OPT_MAX, "N", 0, "the most copies (twice the CPUs and 4)", 1},
	{"memory", OPT_MEMORY, "LIST", 0, "memory limits of all copies together, a curve for each: 256M or 128M,256M",
         1},
	{"cpus", OPT_CPUS, "LIST", 0, "numbers of CPUs that the copies may use, a curve for each: 1,2", 1},
	{"repeat", OPT_REPEAT, "N", 0, "runs of each number of copies (3)", 1},
	{"swap", OPT_SWAP, "SIZE", 0, "make a swap file for the time of the run", 1},
	{"as-root", OPT_AS_ROOT, NULL, 0, "under sudo, run CMD and open files as root, not as the user who called it",
         1},
	{NULL, 0, NULL, 0, "What to measure:", 2},
	{"metric", OPT_METRIC, "REGEX", 0,
         "useful work is the number in (...) in what a copy prints, the last one there; without it, copies that end "
         "count",
         2},
	{"detail", 'D', "LEVEL", 0, "ledger (cheapest: the default), calls, or full", 2},
	{NULL, 0, NULL, 0, "What to make of it:", 3},
	{"csv", OPT_CSV, "FILE", 0, "a row per run; - is standard output", 3},
	{"plot", OPT_PLOT, "FILE", 0, "the curves, by gnuplot, as .svg or .png", 3},
	{"from", OPT_FROM, "FILE", 0, "run nothing: take the rows from such a CSV", 3},
	{"quiet", 'q', NULL, 0, "no progress and no table", 3},
	{NULL, 0, NULL, 0, NULL, 0},
};

static error_t bad(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static error_t bad(const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	say("%s", text);
	return EINVAL;
}

static error_t number(const char *name, const char *arg, unsigned max, unsigned *to)
{
	uint64_t n;

	if (parse_u64(arg, 1, max, &n))
		return bad("--%s: '%s' is not a whole number from 1 to %u", name, arg, max);
	*to = (unsigned)n;
	return 0;
}

static error_t memory_list(struct curve_options *o, char *list)
{
	o->n_memory = 0;
	for (char *part = strsep(&list, ","); part; part = strsep(&list, ",")) {
		if (o->n_memory == MAX_FAMILY)
			return bad("--memory: no more than %d limits", MAX_FAMILY);
		if (parse_bytes(part, MEMORY_MIN, BYTES_MAX, &o->memory[o->n_memory]))
			return bad("--memory: '%s' is not a size of at least 1M: give one or several, as in 256M,1G",
			           part);
		o->n_memory++;
	}
	return 0;
}

static error_t cpus_list(struct curve_options *o, char *list)
{
	cpu_set_t allowed;
	unsigned all;

	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	all = (unsigned)CPU_COUNT(&allowed);
	o->n_cpus = 0;
	o->pinned = true;
	for (char *part = strsep(&list, ","); part; part = strsep(&list, ",")) {
		uint64_t n;

		if (o->n_cpus == MAX_FAMILY)
			return bad("--cpus: no more than %d numbers", MAX_FAMILY);
		if (parse_u64(part, 1, all, &n))
			return bad("--cpus: '%s' is not a number of CPUs from 1 to %u, which we may use here", part,
			           all);
		o->cpus[o->n_cpus++] = (unsigned)n;
	}
	return 0;
}

static error_t metric(struct curve_options *o, const char *regex)
{
	int err;

	if (o->metric)
		regfree(&o->number);
	o->metric = NULL;
	err = regcomp(&o->number, regex, REG_EXTENDED | REG_NEWLINE);
	if (err) {
		char why[128];

		regerror(err, &o->number, why, sizeof(why));
		return bad("--metric: '%s': %s", regex, why);
	}
	o->metric = regex;
	if (o->number.re_nsub != 1)
		return bad("--metric: '%s' needs one group that is the number, as in 'touches ([0-9]+)'", regex);
	return 0;
}

static error_t plot(struct curve_options *o, const char *path)
{
	const char *dot = strrchr(path, '.');

	o->plot = path;
	if (dot && (!strcmp(dot, ".svg") || !strcmp(dot, ".png")))
		return 0;
	return bad("--plot: '%s' is neither .svg nor .png: give it one of these endings", path);
}

static error_t parse(int key, char *arg, struct argp_state *argp)
{
	struct curve_options *o = argp->input;

	switch (key) {
	case OPT_MAX:
		return number("max", arg, CURVE_MAX_N, &o->max);
	case OPT_REPEAT:
		return number("repeat", arg, CURVE_MAX_REPEAT, &o->repeat);
	case OPT_MEMORY:
		return memory_list(o, arg);
	case OPT_CPUS:
		return cpus_list(o, arg);
	case OPT_METRIC:
		return metric(o, arg);
	case OPT_SWAP:
		if (parse_bytes(arg, SWAP_MIN, BYTES_MAX, &o->swap))
			return bad("--swap: '%s' is not a size of at least 1M, as in 1G", arg);
		return 0;
	case OPT_CSV:
		o->csv = arg;
		return 0;
	case OPT_PLOT:
		return plot(o, arg);
	case OPT_FROM:
		o->from = arg;
		return 0;
	case OPT_AS_ROOT:
		o->as_root = true;
		return 0;
	case 'D':
		return detail_parse(arg, &o->detail) ? bad("--detail: '%s' is none of ledger, calls, full", arg) : 0;
	case 'q':
		o->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		return bad("what is '%s'? The command stands behind --, as in: vmprof curve -- %s", arg, arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int check(const struct curve_options *o)
{
	if (o->command && o->command[0] && o->from) {
		say("--from runs nothing: give it, or a command behind --");
		return STATUS_USAGE;
	}
	if (o->from || (o->command && o->command[0]))
		return STATUS_OK;
	say("no command: say what to run copies of, for example\n"
	    "  vmprof curve --max 12 --memory 256M --swap 1G --repeat 5 -- ./job in.{}\n"
	    "  vmprof curve --cpus 1,2 --csv jobs.csv --plot jobs.svg -- ./job\n"
	    "  vmprof curve --from jobs.csv --plot jobs.png");
	return STATUS_USAGE;
}

static void describe(struct curve_options *o)
{
	size_t n = 0;

	for (char **c = o->command; c && *c && n < sizeof(o->target); c++)
		n += (size_t)snprintf(o->target + n, sizeof(o->target) - n, "%s%s", n ? " " : "", *c);
}

int curve_options_parse(struct curve_options *o, int argc, char **argv)
{
	struct argp argp = {table, parse, "-- CMD ARG...", doc, NULL, NULL, NULL};
	cpu_set_t allowed;
	int end = argc;

	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	*o = (struct curve_options){.repeat = 3, .detail = DETAIL_LEDGER, .n_memory = 1, .n_cpus = 1};
	o->cpus[0] = (unsigned)CPU_COUNT(&allowed);
	o->max = 2 * o->cpus[0] + 4;
	/* What stands behind the first -- is the command's, options and all. */
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--")) {
			o->command = argv + i + 1;
			end = i;
			break;
		}
	}
	argp_err_exit_status = STATUS_USAGE;
	if (argp_parse(&argp, end, argv, 0, NULL, o) || check(o))
		return STATUS_USAGE;
	describe(o);
	return STATUS_OK;
}

void curve_options_free(struct curve_options *o)
{
	if (o->metric)
		regfree(&o->number);
}
