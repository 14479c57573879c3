/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line, and who it selects: each line is an option, its first byte says which. Options that there are: of
 * others the C library says so and ends the process. Not --user, which asks the system's user database, nor --metric,
 * which is the C library's own parser.
 */
#include "user.h"

#include "cmd/cmd.h"
#include "cmd/curve_options.h"
#include "cmd/options.h"
#include "model/calls.h"

#define MAX_ARGS 16

/* Instead of that in cmd/say.c. */
void say(const char *fmt, ...)
{
	(void)fmt;
}

static const char *const watch[] = {
	"--pid=",       "--comm=", "--cgroup=", "--port=", "--interval=", "--duration=", "--calls=", "--detail=",
	"--max-tasks=", "--csv=",  "--json=",   "",        "--threads",   "--quiet",     "--"};
static const char *const curve[] = {"--max=",  "--memory=", "--cpus=", "--repeat=", "--swap=", "--csv=",
                                    "--plot=", "--detail=", "--from=", "",          "--quiet", "--"};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	make_room();
	enter_room();
	must(!mkdir("1", 0700) && !mkdir("net", 0700) && !mkdir("self", 0700));
	put_text("1/stat", "1 (init) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 99 1000 10 1\n");
	put_text("1/status", "Name:\tinit\nTgid:\t1\nUid:\t5\t6\t7\t8\n");
	put_text("net/tcp", "");
	put_text("self/mountinfo", "");
	leave_room();
	return 0;
}

/* Arguments of the bytes; each in memory of its own. */
static int arguments(const uint8_t *data, size_t size, const char *const names[], size_t n, char **argv)
{
	int argc = 1;

	argv[0] = strdup("vmprof");
	while (size && argc < MAX_ARGS) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;
		const char *name = len ? names[data[0] % n] : "";
		bool takes = !*name || strchr(name, '=');

		/* A lone dash, and what begins with one, are options. */
		if (len > 1 && !*name && data[1] == '-')
			takes = false;
		must(asprintf(&argv[argc], "%s%.*s", name, takes && len ? (int)len - 1 : 0, data + 1) >= 0);
		argc++;
		data += end ? len + 1 : len;
		size -= end ? len + 1 : len;
	}
	argv[argc] = NULL;
	return argc;
}

static void select_them(const struct selection *sel)
{
	struct pid_set set = {0};
	struct select_error err;
	int got = select_pids(".", sel, &set, &err);

	must_be_pids(&set);
	must(got <= 0 && (!err.why || strlen(err.what) < sizeof(err.what)));
	pid_set_free(&set);
}

static void parse_watch(int argc, char **argv)
{
	static struct options o;

	if (options_parse(&o, "", argc, argv))
		return;
	must(o.interval_ms >= 1 && o.interval_ms <= 60000);
	must(o.duration_s >= 0 && o.duration_s <= 1e9);
	must(o.max_tasks >= 1 && o.n_only_calls <= MAX_ONLY_CALLS);
	must(o.select.port >= 0 && o.select.port <= 65535);
	must(strnlen(o.target, sizeof(o.target)) < sizeof(o.target));
	for (unsigned i = 0; i < o.n_only_calls; i++)
		must(o.only_calls[i] >= 0);
	select_them(&o.select);
}

static void parse_curve(int argc, char **argv)
{
	static struct curve_options o;

	if (!curve_options_parse(&o, argc, argv)) {
		must(o.max >= 1 && o.repeat >= 1);
		must(o.n_memory >= 1 && o.n_memory <= MAX_FAMILY && o.n_cpus >= 1 && o.n_cpus <= MAX_FAMILY);
		must(strnlen(o.target, sizeof(o.target)) < sizeof(o.target));
	}
	curve_options_free(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[MAX_ARGS + 1], *copy[MAX_ARGS + 1];
	int argc;

	if (!size)
		return 0;
	if (data[0] % 2)
		argc = arguments(data + 1, size - 1, watch, sizeof(watch) / sizeof(watch[0]), argv);
	else
		argc = arguments(data + 1, size - 1, curve, sizeof(curve) / sizeof(curve[0]), argv);
	memcpy(copy, argv, sizeof(copy)); /* argp changes their order */
	enter_room();
	(data[0] % 2 ? parse_watch : parse_curve)(argc, argv);
	leave_room();
	for (int i = 0; i < argc; i++)
		free(copy[i]);
	return 0;
}
