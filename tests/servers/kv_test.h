/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of the `kv` app: it, and one client. */
#ifndef TESTS_SERVERS_KV_TEST_H
#define TESTS_SERVERS_KV_TEST_H

#include "../unit/scratch.h"
#include "drive.h"

static struct config config;
static struct client c;

static int start(const char *wal, enum fsync_policy policy, size_t memory)
{
	char why[256] = "";
	int err;

	config = (struct config){.memory = memory, .wal = wal, .fsync = policy};
	err = app_kv.start(&config, why);
	if (err)
		return err;
	assert_string_equal(why, "");
	client_open(&c, &app_kv, 1);
	return 0;
}

static void stop(void)
{
	client_close(&c);
	app_kv.stop();
}

#endif
