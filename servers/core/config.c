/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "app.h"
#include "log.h"
#include "model.h"

#define WORKERS_MAX  65536
#define GRACE_MAX_MS 600000
/* Of the server itself. */
#define OTHER_DESCRIPTORS 32

enum {
	KEY_MODEL = 0x100,
	KEY_APP,
	KEY_PORT,
	KEY_BIND,
	KEY_WORKERS,
	KEY_GRACE,
	KEY_STATS,
	KEY_QUIET,
	KEY_SEED,
	KEY_ROOT,
	KEY_WAL,
	KEY_FSYNC,
	KEY_MEMORY
};

static const struct argp_option options[] = {
	{"model", KEY_MODEL, "MODEL", 0, "who serves a connection: thread, fork, event, coroutine", 1},
	{"app", KEY_APP, "APP", 0, "what is spoken on it: mastermind, chat, kv, http", 1},
	{"port", KEY_PORT, "N", 0, "TCP port; 0 (the default) takes a free one", 1},
	{"bind", KEY_BIND, "ADDRESS", 0, "IPv4 or IPv6 address, 127.0.0.1", 1},
	{"workers", KEY_WORKERS, "N", 0,
         "event, coroutine: loops (1); thread, fork: the most connections at a time (4096)", 1},
	{"grace", KEY_GRACE, "MS", 0, "at the end, how long a request that is half there may take (2000)", 1},
	{"stats-json", KEY_STATS, "FILE", 0, "write the account there too, at SIGUSR1 and at the end", 1},
	{"quiet", KEY_QUIET, NULL, 0, "no log lines", 1},
	{NULL, 0, NULL, 0, "mastermind:", 2},
	{"seed", KEY_SEED, "N", 0, "secrets that can be repeated; 0 (the default): random ones", 2},
	{NULL, 0, NULL, 0, "http:", 3},
	{"root", KEY_ROOT, "DIR", 0, "what /static/ serves", 3},
	{NULL, 0, NULL, 0, "kv:", 4},
	{"wal", KEY_WAL, "FILE", 0, "write-ahead log; without one, nothing is kept", 4},
	{"fsync", KEY_FSYNC, "WHEN", 0, "when the log is on disk: always (the default), everysec, no", 4},
	{"memory", KEY_MEMORY, "SIZE", 0, "of the table, in bytes or with K, M, G (256M)", 4},
	{},
};

static const char about[] =
	"One server, two choices that do not know of each other: a concurrency model and a protocol.\v"
	"It prints where it listens once it accepts. SIGTERM: what has arrived is answered, then it prints its "
	"account and ends. SIGUSR1: the account, now.";

/* What is wrong with the command line, in one sentence. */
#define fail(...)                      \
	do {                           \
		complain(__VA_ARGS__); \
		exit(2);               \
	} while (0)

static const struct model *model_find(const char *name)
{
	static const struct model *const models[] = {&model_thread, &model_fork, &model_event, &model_coroutine};

	for (unsigned i = 0; i < sizeof(models) / sizeof(*models); i++)
		if (!strcmp(models[i]->name, name))
			return models[i];
	return NULL;
}

/* Digits only, from min to max; `unit` is where it ends. */
static uint64_t number(const char *option, const char *text, uint64_t min, uint64_t max, const char **unit)
{
	char *end = (char *)text;
	unsigned long long value = 0;

	errno = 0;
	if (*text >= '0' && *text <= '9')
		value = strtoull(text, &end, 10);
	if (end == text || errno || (!unit && *end) || value < min || value > max)
		fail("--%s is a number from %llu to %llu, not '%s'", option, (unsigned long long)min,
		     (unsigned long long)max, text);
	if (unit)
		*unit = end;
	return value;
}

static size_t memory_size(const char *text)
{
	const uint64_t max = UINT64_C(1) << 46;
	unsigned shift = 0;
	const char *unit;
	uint64_t value = number("memory", text, 1, max, &unit);

	if (*unit) {
		const char *units = "KMG", *found = strchr(units, *unit);

		if (!found || unit[1])
			fail("--memory is a size such as 64M, not '%s'", text);
		shift = 10 * (found - units + 1);
	}
	if (value << shift >> shift != value || value << shift > max || value << shift < 1 << 20)
		fail("--memory is from 1M to 65536G, not '%s'", text);
	return value << shift;
}

static enum fsync_policy fsync_of(const char *text)
{
	static const char *const names[] = {
		[FSYNC_ALWAYS] = "always", [FSYNC_EVERYSEC] = "everysec", [FSYNC_NO] = "no"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i], text))
			return i;
	fail("--fsync is always, everysec or no, not '%s'", text);
	return FSYNC_ALWAYS;
}

/* A connection takes a descriptor, and one more where it hears of a room by itself: no more than there may be. */
static unsigned default_workers(const struct config *c)
{
	unsigned workers = c->model->default_workers;
	struct rlimit limit;

	if (!c->model->listener_per_session || !c->app->news || getrlimit(RLIMIT_NOFILE, &limit))
		return workers;
	if (limit.rlim_max / 2 > OTHER_DESCRIPTORS + workers)
		return workers;
	return limit.rlim_max > 4 * OTHER_DESCRIPTORS ? limit.rlim_max / 2 - OTHER_DESCRIPTORS : OTHER_DESCRIPTORS;
}

static void check(struct config *c)
{
	if (!c->model)
		fail("say who serves: --model thread, fork, event or coroutine");
	if (!c->app)
		fail("say what is spoken: --app mastermind, chat, kv or http");
	if (!c->workers)
		c->workers = default_workers(c);
	if (c->model->listener_per_worker && c->workers > 1024)
		fail("--workers is at most 1024 for --model %s: each is a thread", c->model->name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct config *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->err_stream = NULL; /* after getopt's sentence, argp would add one of its own */
		break;
	case KEY_MODEL:
		c->model = model_find(arg);
		if (!c->model)
			fail("--model is thread, fork, event or coroutine, not '%s'", arg);
		break;
	case KEY_APP:
		c->app = app_find(arg);
		if (!c->app)
			fail("--app is mastermind, chat, kv or http, not '%s'", arg);
		break;
	case KEY_PORT:
		c->port = number("port", arg, 0, 65535, NULL);
		break;
	case KEY_BIND:
		c->bind = arg;
		break;
	case KEY_WORKERS:
		c->workers = number("workers", arg, 1, WORKERS_MAX, NULL);
		break;
	case KEY_GRACE:
		c->grace_ms = number("grace", arg, 0, GRACE_MAX_MS, NULL);
		break;
	case KEY_STATS:
		c->stats_json = arg;
		break;
	case KEY_QUIET:
		c->quiet = true;
		break;
	case KEY_SEED:
		c->seed = number("seed", arg, 0, UINT64_MAX, NULL);
		break;
	case KEY_ROOT:
		c->root = arg;
		break;
	case KEY_WAL:
		c->wal = arg;
		break;
	case KEY_FSYNC:
		c->fsync = fsync_of(arg);
		break;
	case KEY_MEMORY:
		c->memory = memory_size(arg);
		break;
	case ARGP_KEY_ARG:
		fail("'%s' is no option: see --help", arg);
		break;
	case ARGP_KEY_END:
		check(c);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void config_parse(struct config *config, int argc, char **argv)
{
	static const struct argp argp = {.options = options, .parser = parse, .doc = about};

	*config = (struct config){
		.bind = "127.0.0.1", .grace_ms = 2000, .fsync = FSYNC_ALWAYS, .memory = (size_t)256 << 20};
	argv[0] = program_invocation_short_name;
	if (argp_parse(&argp, argc, argv, 0, NULL, config))
		exit(2);
}
