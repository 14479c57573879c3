/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "proto.h"

enum {
	OPT_APP = 256,
	OPT_HOST,
	OPT_PORT,
	OPT_CLIENTS,
	OPT_THREADS,
	OPT_SECONDS,
	OPT_REQUESTS,
	OPT_RATE,
	OPT_RAMP,
	OPT_TIMEOUT,
	OPT_THINK,
	OPT_PER_CONNECTION,
	OPT_PIPELINE,
	OPT_WRITE,
	OPT_KEYS,
	OPT_VALUE_SIZE,
	OPT_PATH,
	OPT_SEED,
	OPT_UNTIL_CLOSE,
	OPT_JSON
};

static const struct argp_option table[] = {
	{NULL, 0, NULL, 0, "Whom to ask what:", 1},
	{"app", OPT_APP, "NAME", 0, "mastermind, chat, kv or http", 1},
	{"port", OPT_PORT, "N", 0, "of the server", 1},
	{"host", OPT_HOST, "ADDRESS", 0, "of the server (127.0.0.1)", 1},
	{NULL, 0, NULL, 0, "How much:", 2},
	{"clients", OPT_CLIENTS, "N", 0, "connections at a time (1)", 2},
	{"seconds", OPT_SECONDS, "S", 0, "for how long (10, if --requests is not given)", 2},
	{"requests", OPT_REQUESTS, "N", 0, "exactly so many in all", 2},
	{"rate", OPT_RATE, "R", 0, "requests a second over all clients, at intended times (closed loop)", 2},
	{"pipeline", OPT_PIPELINE, "N", 0, "requests on their way at a time, per client; kv and http (1)", 2},
	{"think", OPT_THINK, "MS", 0, "pause after each reply (0)", 2},
	{"ramp", OPT_RAMP, "S", 0, "start the clients evenly over this time (all at once)", 2},
	{"per-connection", OPT_PER_CONNECTION, "R", 0, "a new connection after so many requests", 2},
	{"threads", OPT_THREADS, "N", 0, "that share the clients, up to the number of CPUs; not for chat (1)", 2},
	{NULL, 0, NULL, 0, "What exactly:", 3},
	{"write", OPT_WRITE, "PERCENT", 0, "kv: share of SET, the rest is GET (10)", 3},
	{"keys", OPT_KEYS, "N", 0, "kv: over all clients, at least one each (10000)", 3},
	{"value-size", OPT_VALUE_SIZE, "N", 0, "kv: bytes (64)", 3},
	{"path", OPT_PATH, "PATH", 0, "http: what to GET (/)", 3},
	{"seed", OPT_SEED, "N", 0, "the same seed, the same requests (1)", 3},
	{NULL, 0, NULL, 0, "And:", 4},
	{"timeout", OPT_TIMEOUT, "S", 0, "a connection or a reply that takes longer is an error (5)", 4},
	{"until-close", OPT_UNTIL_CLOSE, NULL, 0, "that the server closes a connection ends a client, without error",
         4},
	{"json", OPT_JSON, NULL, 0, "the result as one JSON object", 4},
	{NULL, 0, NULL, 0, NULL, 0},
};

static void wrong(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void wrong(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("loadgen: ", stderr);
	vfprintf(stderr, format, args);
	fputs("; see loadgen --help\n", stderr);
	va_end(args);
	exit(2);
}

static uint64_t whole(const char *name, const char *arg, uint64_t min, uint64_t max)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(arg, &end, 10);
	if (!isdigit((unsigned char)*arg) || *end || errno || n < min || n > max)
		wrong("--%s: '%s' is not a whole number from %llu to %llu", name, arg, (unsigned long long)min,
		      (unsigned long long)max);
	return n;
}

static double decimal(const char *name, const char *arg, double min, double max)
{
	double d;
	char *end;

	errno = 0;
	d = strtod(arg, &end);
	if (!isdigit((unsigned char)*arg) || *end || errno || !(d >= min && d <= max))
		wrong("--%s: '%s' is not a number from %g to %g", name, arg, min, max);
	return d;
}

static error_t parse_amount(int key, const char *arg, struct options *o)
{
	switch (key) {
	case OPT_CLIENTS:
		o->clients = (unsigned)whole("clients", arg, 1, 100000);
		return 0;
	case OPT_THREADS:
		o->threads = (unsigned)whole("threads", arg, 1, 1024);
		return 0;
	case OPT_SECONDS:
		o->seconds = decimal("seconds", arg, 0.001, 1e7);
		return 0;
	case OPT_REQUESTS:
		o->requests = whole("requests", arg, 1, UINT64_C(1) << 60);
		return 0;
	case OPT_RATE:
		o->rate = decimal("rate", arg, 0.001, 1e9);
		return 0;
	case OPT_RAMP:
		o->ramp_s = decimal("ramp", arg, 0, 1e6);
		return 0;
	case OPT_THINK:
		o->think_ms = whole("think", arg, 0, 3600000);
		return 0;
	case OPT_PER_CONNECTION:
		o->per_connection = whole("per-connection", arg, 1, UINT64_C(1) << 60);
		return 0;
	case OPT_PIPELINE:
		o->pipeline = (unsigned)whole("pipeline", arg, 1, 10000);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case OPT_APP:
		o->proto = proto_find(arg);
		if (!o->proto)
			wrong("--app: '%s' is none of mastermind, chat, kv, http", arg);
		return 0;
	case OPT_HOST:
		o->host = arg;
		return 0;
	case OPT_PORT:
		o->port = (unsigned)whole("port", arg, 1, 65535);
		return 0;
	case OPT_WRITE:
		o->write_percent = (unsigned)whole("write", arg, 0, 100);
		return 0;
	case OPT_KEYS:
		o->keys = whole("keys", arg, 1, 99999999);
		return 0;
	case OPT_VALUE_SIZE:
		o->value_size = (unsigned)whole("value-size", arg, 1, 1 << 20);
		return 0;
	case OPT_PATH:
		if (*arg != '/' || strlen(arg) > 8192 || arg[strcspn(arg, " \t\r\n")])
			wrong("--path: '%s' does not begin with / or has blanks", arg);
		o->path = arg;
		return 0;
	case OPT_SEED:
		o->seed = whole("seed", arg, 0, UINT64_MAX);
		return 0;
	case OPT_TIMEOUT:
		o->timeout_s = decimal("timeout", arg, 0.001, 1e6);
		return 0;
	case OPT_UNTIL_CLOSE:
		o->until_close = true;
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case ARGP_KEY_ARG:
		wrong("'%s' is no option", arg);
	default:
		return parse_amount(key, arg, o);
	}
}

/* What no option is wrong with by itself. */
static void check(const struct options *o)
{
	if (!o->proto)
		wrong("--app is missing: mastermind, chat, kv or http");
	if (!o->port)
		wrong("--port is missing: the server prints it when it starts");
	if (o->pipeline > 1 && !o->proto->pipelines)
		wrong("--pipeline: a client of %s waits for each reply", o->proto->name);
	if (o->threads > 1 && o->proto->one_thread)
		wrong("--threads: one thread has to see all that is said in a room of %s", o->proto->name);
	if (o->rate > 0 && o->think_ms)
		wrong("--rate and --think both say when the next request is sent: choose one");
}

void options_parse(struct options *o, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.doc = "Loads a server with clients, checks every reply, and prints throughput and latency.\v"
		       "Exit status: 0; 1 there were errors, or no connection; 2 used wrongly. ^C ends early, with the "
		       "report.",
	};

	*o = (struct options){.host = "127.0.0.1",
	                      .clients = 1,
	                      .threads = 1,
	                      .timeout_s = 5,
	                      .pipeline = 1,
	                      .write_percent = 10,
	                      .keys = 10000,
	                      .value_size = 64,
	                      .path = "/",
	                      .seed = 1};
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, o);
	check(o);
	if (!o->requests && o->seconds == 0)
		o->seconds = 10;
}
