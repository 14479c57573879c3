/* SPDX-License-Identifier: BSD-2-Clause */
/* The bundled server: see docs/servers.md. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "app.h"
#include "config.h"
#include "log.h"
#include "model.h"
#include "net.h"
#include "room.h"
#include "signals.h"
#include "stats.h"

/* Each connection is a descriptor, and in a room of the thread and fork models two. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static bool started(const char *what, int err)
{
	if (err)
		complain("cannot %s: %s", what, strerror(-err));
	return !err;
}

static bool start_room(const struct config *config)
{
	int err = config->app->news ? room_start(config->workers) : 0;

	if (err == -EMFILE || err == -ENFILE) {
		complain("%u listeners need as many descriptors, which is more than there may be: "
		         "raise ulimit -n or use a smaller --workers",
		         config->workers);
		return false;
	}
	return started("make the room", err);
}

static bool start_app(const struct config *config)
{
	char why[256] = "";
	int err = config->app->start ? config->app->start(config, why) : 0;

	if (err)
		complain("cannot start %s: %s", config->app->name, *why ? why : strerror(-err));
	return !err;
}

static bool start_listening(const struct config *config, int *listening, unsigned n)
{
	int err = net_listen(config, listening, n);

	if (err == -EINVAL)
		complain("--bind is an IPv4 or IPv6 address, not '%s'", config->bind);
	else if (err)
		complain("cannot listen on %s, port %u: %s", config->bind, config->port, strerror(-err));
	return !err;
}

/* From the first connection to the last. */
static bool serve(const struct config *config, bool *accepted)
{
	unsigned n = config->model->listener_per_worker ? config->workers : 1;
	int *listening = calloc(n, sizeof(*listening));
	bool good = false;
	int err;

	if (!listening || !started("take signals", signals_start(config))) {
		free(listening);
		return false;
	}
	*accepted = start_listening(config, listening, n);
	if (*accepted) {
		err = config->model->run(config, listening, n);
		good = started("serve", err);
	}
	signals_stop();
	free(listening);
	return good;
}

int main(int argc, char **argv)
{
	struct config config;
	bool accepted = false, good;

	config_parse(&config, argc, argv);
	if (config.quiet)
		log_quiet();
	raise_descriptors();
	if (!started("make the account", stats_start()) || !start_room(&config) || !start_app(&config))
		return 1;
	good = serve(&config, &accepted);
	if (config.app->stop)
		config.app->stop();
	room_stop();
	if (accepted)
		good &= stats_tell(&config);
	return good ? 0 : 1;
}
