// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "area.h"
#include "patterns.h"

#define SIZE_MAX_BYTES (1ULL << 43) /* pages are numbered with 32 bits */
#define SECONDS_MAX    1e6

static const char usage[] =
	"usage: memwork --size SIZE --pattern random|sequential|stride|chase [OPTION…]\n"
	"\n"
	"Touches memory page by page and says how often, how long, and how many faults that took.\n"
	"\n"
	"  --size SIZE       bytes, or with K, M, G, T; whole pages of 4K are taken\n"
	"  --pattern P       random      a page drawn anew each time\n"
	"                    sequential  page after page\n"
	"                    stride      every --stride bytes, round and round\n"
	"                    chase       a random cycle through all pages, each naming the next\n"
	"  --passes N        as many touches as N times the pages (default: 1)\n"
	"  --seconds S       for so long instead\n"
	"  --think MS        a pause after each pass, 0.001 or more\n"
	"  --file PATH       of this file, mapped shared; made if it is not there, and left there\n"
	"  --cold            of the file, nothing is in the page cache at the start\n"
	"  --stride SIZE     default 68K (17 pages); a multiple of 8\n"
	"  --seed N          default 1: another order of random and chase\n"
	"  --write           a touch writes; else it reads\n"
	"  --json            one JSON object instead of the line\n"
	"\n"
	"What is measured are the touches, not the preparation: chase links its pages, and anonymous memory that is "
	"only\n"
	"read is written to once, since what was never written is one page of zeros. With --write, the first touch of\n"
	"an anonymous page is the fault that makes it (chase: they are made before). Of a file, nothing is mapped at "
	"the\n"
	"start, and only sequential is read ahead: with --cold, each page that random, stride and chase come to is a\n"
	"major fault of its own; what is in the page cache may be mapped several pages at a time.\n"
	"SIGTERM and SIGINT end it early, with its line.\n";

struct options {
	struct area area;
	struct walk walk;
	const struct pattern *pattern;
	uint64_t passes;
	double seconds;
	bool cold, json;
};

static volatile sig_atomic_t stop;

static void on_stop(int number)
{
	(void)number;
	stop = 1;
}

static void on_bus(int number)
{
	static const char said[] = "memwork: a page of the file cannot be had: it was cut short, or its disk failed\n";

	(void)number;
	if (write(STDERR_FILENO, said, sizeof(said) - 1) < 0)
		_exit(1);
	_exit(1);
}

/* One sentence, and the end: 1 it cannot be done, 2 it was asked for wrongly. */
static __attribute__((noreturn, format(printf, 2, 3))) void give_up(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("memwork: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(status);
}

/* A decimal number, min … max, with or without one of the `units`, each 1,024 times the one before. */
static uint64_t number(const char *option, const char *text, const char *units, uint64_t min, uint64_t max)
{
	unsigned long long value;
	unsigned shift = 0;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9')
		give_up(2, "%s %s: not a number", option, text);
	if (*end && strchr(units, *end))
		shift = 10 * (strchr(units, *end++) - units + 1);
	if (*end)
		give_up(2, "%s %s: not a number%s", option, text, *units ? ", or one with K, M, G or T" : "");
	if (errno || value > max >> shift || value << shift < min)
		give_up(2, "%s %s: must be %" PRIu64 " to %" PRIu64, option, text, min, max);
	return value << shift;
}

static double duration(const char *option, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !isfinite(value) || value < 0.001 || value > SECONDS_MAX)
		give_up(2, "%s %s: must be 0.001 to %.0f", option, text, SECONDS_MAX);
	return value;
}

enum { SIZE = 1, PATTERN, PASSES, SECONDS, THINK, FILE_PATH, COLD, STRIDE, SEED, WRITE, JSON, HELP };

static const struct option longs[] = {
	{"size", required_argument, NULL, SIZE},
	{"pattern", required_argument, NULL, PATTERN},
	{"passes", required_argument, NULL, PASSES},
	{"seconds", required_argument, NULL, SECONDS},
	{"think", required_argument, NULL, THINK},
	{"file", required_argument, NULL, FILE_PATH},
	{"cold", no_argument, NULL, COLD},
	{"stride", required_argument, NULL, STRIDE},
	{"seed", required_argument, NULL, SEED},
	{"write", no_argument, NULL, WRITE},
	{"json", no_argument, NULL, JSON},
	{"help", no_argument, NULL, HELP},
	{0},
};

static void take(struct options *o, int option)
{
	switch (option) {
	case SIZE:
		o->area.size = number("--size", optarg, "KMGT", 1, SIZE_MAX_BYTES);
		break;
	case PATTERN:
		o->pattern = pattern_find(optarg);
		if (!o->pattern)
			give_up(2, "--pattern %s: must be random, sequential, stride or chase", optarg);
		break;
	case PASSES:
		o->passes = number("--passes", optarg, "", 1, 1ULL << 32);
		break;
	case SECONDS:
		o->seconds = duration("--seconds", optarg);
		break;
	case THINK:
		o->walk.think_ns = duration("--think", optarg) * 1e6;
		break;
	case FILE_PATH:
		o->area.path = optarg;
		break;
	case COLD:
		o->cold = true;
		break;
	case STRIDE:
		o->walk.stride = number("--stride", optarg, "KMGT", 8, SIZE_MAX_BYTES);
		if (o->walk.stride % 8)
			give_up(2, "--stride %s: must be a multiple of 8", optarg);
		break;
	case SEED:
		o->walk.seed = number("--seed", optarg, "", 0, UINT64_MAX);
		break;
	case WRITE:
		o->walk.write = true;
		break;
	case JSON:
		o->json = true;
		break;
	case HELP:
		fputs(usage, stdout);
		exit(fflush(stdout) ? 1 : 0);
	default: /* getopt has said what is wrong */
		exit(2);
	}
}

static struct options parse(int argc, char **argv)
{
	struct options o = {.walk = {.stride = 17 * PAGE, .seed = 1}};
	int option;

	argv[0] = (char *)"memwork"; /* as getopt's sentences begin */
	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1)
		take(&o, option);
	if (optind < argc)
		give_up(2, "%s: not an option", argv[optind]);
	if (!o.area.size || !o.pattern)
		give_up(2, "--size and --pattern are needed: see --help");
	if (o.passes && o.seconds > 0)
		give_up(2, "--passes or --seconds, not both");
	if (o.cold && !o.area.path)
		give_up(2, "--cold is for a --file");
	o.area.size = (o.area.size + PAGE - 1) / PAGE * PAGE;
	o.area.store = o.walk.write || o.pattern->links || !o.area.path;
	o.walk.size = o.area.size;
	o.walk.stop = &stop;
	o.walk.most = o.seconds > 0 ? UINT64_MAX : (o.passes ? o.passes : 1) * (o.area.size / PAGE);
	return o;
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	sigaction(number, &action, NULL);
}

/* Map, and what has to be in the pages before the first touch. False: stopped meanwhile. */
static bool prepare(struct options *o)
{
	const char *why, *path = o->area.path;
	int err = area_map(&o->area, &stop, &why);

	if (err == -EINTR)
		return false;
	if (err == -ERANGE)
		give_up(1, "%s: smaller than --size: remove it, or take a smaller size", path);
	if (err)
		give_up(1, "%s: %s", why ? why : path, err == -EINVAL ? "not a regular file" : strerror(-err));
	o->walk.base = o->area.base;
	if (o->pattern->links && path && !area_is_ours(&o->area))
		give_up(1, "%s: memwork did not make it, and chase would write into it: take another name", path);
	if (!path && (o->pattern->links || !o->walk.write))
		err = pattern_make(&o->walk);
	if (!err && o->pattern->links)
		err = pattern_link(&o->walk);
	if (err == -EINTR)
		return false;
	if (!err)
		err = area_settle(&o->area, o->pattern, o->cold);
	if (err)
		give_up(1, "preparing the memory: %s", strerror(-err));
	return true;
}

/* A timer instead of looks at the clock: it ends in time however long a touch takes, and costs none anything. */
static void set_alarm(double seconds)
{
	struct itimerval timer = {.it_value = {.tv_sec = seconds, .tv_usec = (seconds - (long)seconds) * 1e6}};

	if (seconds > 0)
		setitimer(ITIMER_REAL, &timer, NULL);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void report(const struct options *o, double taken, long minflt, long majflt)
{
	const struct walk *w = &o->walk;

	if (o->json)
		printf("{\"touches\": %" PRIu64 ", \"seconds\": %.6f, \"minflt\": %ld, \"majflt\": %ld, "
		       "\"touches_per_s\": %.0f, \"bytes\": %" PRIu64 ", \"pattern\": \"%s\", \"seed\": %" PRIu64
		       ", \"checksum\": \"%016" PRIx64 "\"}\n",
		       w->touches, taken, minflt, majflt, taken > 0 ? w->touches / taken : 0, w->size, o->pattern->name,
		       w->seed, w->checksum);
	else
		printf("touches %" PRIu64 " seconds %.6f minflt %ld majflt %ld\n", w->touches, taken, minflt, majflt);
	if (fflush(stdout))
		give_up(1, "standard output: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	struct options o = parse(argc, argv);
	struct rusage before, after;
	double begin, taken;
	int err = 0;

	handle(SIGTERM, on_stop);
	handle(SIGINT, on_stop);
	handle(SIGALRM, on_stop);
	handle(SIGBUS, on_bus);
	if (!prepare(&o)) {
		report(&o, 0, 0, 0);
		return 0;
	}
	getrusage(RUSAGE_SELF, &after); /* what these need themselves is there from now on */
	begin = now();
	set_alarm(o.seconds);
	getrusage(RUSAGE_SELF, &before);
	err = o.pattern->walk(&o.walk);
	getrusage(RUSAGE_SELF, &after);
	taken = now() - begin;
	if (err)
		give_up(1, "%s: another program has written to it", o.area.path ? o.area.path : "the memory");
	report(&o, taken, after.ru_minflt - before.ru_minflt, after.ru_majflt - before.ru_majflt);
	return 0;
}
