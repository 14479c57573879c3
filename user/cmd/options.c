/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/options.h"

#include <argp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "cmd/cmd.h"
#include "model/calls.h"

enum {
	OPT_COMM = 256,
	OPT_CGROUP,
	OPT_PORT,
	OPT_NO_CHILDREN,
	OPT_AS_ROOT,
	OPT_CSV,
	OPT_JSON,
	OPT_SYSCALLS,
	OPT_CALLS,
	OPT_MAX
};

static const struct argp_option table[] = {
	{NULL, 0, NULL, 0, "Who to watch (what several of these name is watched together):", 1},
	{"pid", 'p', "LIST", 0, "these processes: 12 or 12,34", 1},
	{"comm", OPT_COMM, "GLOB", 0, "processes of this name: 'nginx*'", 1},
	{"user", 'u', "NAME", 0, "processes of this user", 1},
	{"cgroup", OPT_CGROUP, "PATH", 0, "processes in this cgroup (v1 or v2) and below", 1},
	{"port", OPT_PORT, "N", 0, "the process that listens on this TCP port", 1},
	{"no-children", OPT_NO_CHILDREN, NULL, 0, "do not follow the processes they start", 1},
	{"as-root", OPT_AS_ROOT, NULL, 0, "under sudo, run CMD and open files as root, not as the user who called it",
         1},
	{NULL, 0, NULL, 0, "What to measure:", 2},
	{"interval", 'i', "MS", 0, "time between samples, 1 to 60000 (50)", 2},
	{"duration", 'd', "S", 0, "end after this many seconds", 2},
	{"detail", 'D', "LEVEL", 0, "ledger (cheapest), calls, or full (all: the default)", 2},
	{"calls", OPT_CALLS, "LIST", 0, "count only these system calls: read,write", 2},
	{"threads", 't', NULL, 0, "rows for threads, too", 2},
	{"max-tasks", OPT_MAX, "N", 0, "threads that can be told apart at one time (16384)", 2},
	{NULL, 0, NULL, 0, "Where to write it (FILE may be - for standard output):", 3},
	{"csv", OPT_CSV, "FILE", 0, "a row per process and interval", 3},
	{"json", OPT_JSON, "FILE", 0, "the same, an object a line", 3},
	{"syscalls", OPT_SYSCALLS, "FILE", 0, "a row per process, system call and interval, as CSV", 3},
	{"quiet", 'q', NULL, 0, "no line per interval", 3},
	{"verbose", 'v', NULL, 0, "at the end, what vmprof itself has cost", 3},
	{NULL, 0, NULL, 0, NULL, 0},
};

struct state {
	struct options *o;
	bool failed;
};

static error_t bad(struct state *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static error_t bad(struct state *s, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	say("%s", text);
	s->failed = true;
	return EINVAL;
}

/* A whole number for option `name`; false after an error has been printed. */
static bool number(struct state *s, const char *name, const char *arg, uint64_t min, uint64_t max, uint64_t *out)
{
	if (!parse_u64(arg, min, max, out))
		return true;
	bad(s, "--%s: '%s' is not a whole number from %llu to %llu", name, arg, (unsigned long long)min,
	    (unsigned long long)max);
	return false;
}

static error_t only_calls(struct state *s, char *list)
{
	struct options *o = s->o;
	char *rest = NULL;

	for (char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
		int nr = call_number(name);

		if (nr < 0)
			return bad(s, "--calls: there is no system call '%s': give names as in read,write,accept4",
			           name);
		if (o->n_only_calls < MAX_ONLY_CALLS)
			o->only_calls[o->n_only_calls++] = nr;
	}
	if (!o->n_only_calls)
		return bad(s, "--calls: the list is empty: give names as in read,write,accept4");
	return 0;
}

static error_t parse_measure(int key, char *arg, struct state *s)
{
	struct options *o = s->o;
	uint64_t n;

	switch (key) {
	case 'i':
		return number(s, "interval", arg, 1, 60000, &o->interval_ms) ? 0 : EINVAL;
	case 'd':
		if (parse_seconds(arg, 0.001, 1e9, &o->duration_s))
			return bad(s, "--duration: '%s' is not a number of seconds above 0", arg);
		return 0;
	case 'D':
		if (detail_parse(arg, &o->detail))
			return bad(s, "--detail: '%s' is none of ledger, calls, full", arg);
		return 0;
	case OPT_CALLS:
		return only_calls(s, arg);
	case OPT_MAX:
		if (!number(s, "max-tasks", arg, 1, MAX_TASKS_LIMIT, &n))
			return EINVAL;
		o->max_tasks = (uint32_t)n;
		return 0;
	case 't':
		o->threads = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_output(int key, char *arg, struct options *o)
{
	switch (key) {
	case OPT_CSV:
		o->csv = arg;
		return 0;
	case OPT_JSON:
		o->json = arg;
		return 0;
	case OPT_SYSCALLS:
		o->syscalls = arg;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *arg, struct argp_state *argp)
{
	struct state *s = argp->input;
	struct options *o = s->o;
	uint64_t n;
	error_t err;

	switch (key) {
	case 'p':
		o->select.pids = arg;
		return 0;
	case OPT_COMM:
		o->select.comm = arg;
		return 0;
	case 'u':
		o->select.user = arg;
		return 0;
	case OPT_CGROUP:
		o->select.cgroup = arg;
		return 0;
	case OPT_PORT:
		if (!number(s, "port", arg, 1, 65535, &n))
			return EINVAL;
		o->select.port = (int)n;
		return 0;
	case OPT_NO_CHILDREN:
		o->no_children = true;
		return 0;
	case OPT_AS_ROOT:
		o->as_root = true;
		return 0;
	case ARGP_KEY_ARG:
		return bad(s, "what is '%s'? A command to start stands behind --, as in: vmprof -- %s", arg, arg);
	default:
		err = parse_measure(key, arg, s);
		return err == ARGP_ERR_UNKNOWN ? parse_output(key, arg, o) : err;
	}
}

static bool has_target(const struct options *o)
{
	const struct selection *s = &o->select;

	return s->pids || s->comm || s->user || s->cgroup || s->port || o->command;
}

static int no_target(void)
{
	say("no target: say which processes to watch, for example\n"
	    "  vmprof --pid 1234              a running process, its threads and children\n"
	    "  vmprof --port 6379             whoever listens on this port\n"
	    "  vmprof stat -- ./server -x     a command, started under watch");
	return STATUS_USAGE;
}

static int check(const struct options *o)
{
	const char *files[] = {o->csv, o->json, o->syscalls};
	int on_stdout = 0;

	if (!has_target(o))
		return no_target();
	if (o->command && !o->command[0]) {
		say("-- needs a command behind it, as in: vmprof -- ./server -x");
		return STATUS_USAGE;
	}
	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		on_stdout += files[i] && !strcmp(files[i], "-");
	if (on_stdout > 1) {
		say("only one of --csv, --json and --syscalls can go to standard output: give the others a file");
		return STATUS_USAGE;
	}
	if (o->detail == DETAIL_LEDGER && (o->syscalls || o->n_only_calls)) {
		say("--detail ledger does not look at system calls: use --detail calls or full");
		return STATUS_USAGE;
	}
	return STATUS_OK;
}

/* The target as one line: the options that name it, or the command. */
static void describe(struct options *o)
{
	const struct selection *s = &o->select;
	size_t n = 0;
	const struct {
		const char *name, *value;
	} all[] = {{"pid", s->pids}, {"comm", s->comm}, {"user", s->user}, {"cgroup", s->cgroup}};

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].value && n < sizeof(o->target))
			n += (size_t)snprintf(o->target + n, sizeof(o->target) - n, "%s--%s %s", n ? " " : "",
			                      all[i].name, all[i].value);
	}
	if (s->port && n < sizeof(o->target))
		n += (size_t)snprintf(o->target + n, sizeof(o->target) - n, "%s--port %d", n ? " " : "", s->port);
	for (char **c = o->command; c && *c && n < sizeof(o->target); c++)
		n += (size_t)snprintf(o->target + n, sizeof(o->target) - n, "%s%s", n ? " " : "", *c);
}

int options_parse(struct options *o, const char *doc, int argc, char **argv)
{
	struct argp argp = {table, parse, "[-- CMD ARG...]", doc, NULL, NULL, NULL};
	struct state s = {.o = o};
	int end = argc, status;

	*o = (struct options){.interval_ms = 50, .detail = DETAIL_FULL, .max_tasks = MAX_TASKS_DEFAULT};
	/* What stands behind the first -- is the command's, options and all. */
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--")) {
			o->command = argv + i + 1;
			end = i;
			break;
		}
	}
	argp_err_exit_status = STATUS_USAGE;
	if (argp_parse(&argp, end, argv, 0, NULL, &s) || s.failed)
		return STATUS_USAGE;
	status = check(o);
	if (!status)
		describe(o);
	return status;
}
