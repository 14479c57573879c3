/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process that is killed while it changes the table, after instructions that have changed the shared memory: it is
 * single-stepped by ptrace(2).
 */
#include "../unit/scratch.h"
#include "drive.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <zlib.h>
#include "core/wal.h"

#define MAPS_MAX  8
#define STEPS_MAX 200000
#define HEAD      (128 << 10) /* bytes of each mapping that are compared */
#define KILLS     12          /* for each request; with KILL_ALL=1 in the environment, all of them: minutes */

/* The shared memory of the app, and what was in it. */
static struct map {
	char *at, *copy;
	size_t size;
} maps[MAPS_MAX];
static unsigned maps_n;

static void find_maps(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	char line[512];

	assert_non_null(file);
	maps_n = 0;
	while (fgets(line, sizeof(line), file)) {
		unsigned long from, to;
		char mode[8];

		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || strcmp(mode, "rw-s"))
			continue;
		assert_true(maps_n < MAPS_MAX);
		maps[maps_n++] = (struct map){(char *)from, malloc(to - from), to - from};
	}
	fclose(file);
	assert_true(maps_n > 0);
}

static void keep(void)
{
	for (unsigned i = 0; i < maps_n; i++)
		memcpy(maps[i].copy, maps[i].at, maps[i].size);
}

static void restore(void)
{
	for (unsigned i = 0; i < maps_n; i++)
		memcpy(maps[i].at, maps[i].copy, maps[i].size < HEAD ? maps[i].size : HEAD);
}

static void forget_maps(void)
{
	for (unsigned i = 0; i < maps_n; i++)
		free(maps[i].copy);
}

static uint32_t sum(void)
{
	uint32_t crc = 0;

	for (unsigned i = 0; i < maps_n; i++)
		crc = crc32(crc, (void *)maps[i].at, maps[i].size < HEAD ? maps[i].size : HEAD);
	return crc;
}

static pid_t start(struct client *c, const char *request)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		buf_add_str(&c->s.in, request);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		c->app->input(&c->s);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

/* False: it has ended by itself. */
static bool step(pid_t pid)
{
	int status;

	assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSTOPPED(status);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* After how many steps the shared memory has just changed. */
static unsigned find_changes(struct client *c, const char *request, unsigned *at)
{
	pid_t pid = start(c, request);
	uint32_t before = sum(), now;
	unsigned n = 0;

	for (unsigned i = 1; step(pid); i++) {
		assert_true(i < STEPS_MAX);
		now = sum();
		if (now != before)
			at[n++] = i;
		before = now;
	}
	restore();
	return n;
}

/* What a client can see of the keys that the requests below touch. */
static const char *look(struct client *c)
{
	client_sends(c, "MGET a b c d e f\r\nDBSIZE\r\n");
	return client_hears(c);
}

static unsigned count(const char *reply)
{
	return atoi(strrchr(reply, ':') + 1);
}

/* The table can be filled to the end, and emptied again, as often as one likes. */
static void assert_works(struct client *c)
{
	char request[400], value[301] = "";
	unsigned n[3];

	memset(value, 'v', 300);
	for (unsigned round = 0; round < 3; round++) {
		assert_talk(c, "FLUSHALL\r\n", "+OK\r\n");
		for (n[round] = 0;; n[round]++) {
			snprintf(request, sizeof(request), "SET key%u %.*s\r\n", n[round], 1 + n[round] * 37 % 300,
			         value);
			client_sends(c, request);
			if (*client_hears(c) == '-')
				break;
		}
		client_sends(c, "DBSIZE\r\n");
		assert_int_equal(count(client_hears(c)), n[round]);
		assert_true(n[round] > 100);
		assert_true(n[round] + 2 > n[0]);
	}
}

/* Killed anywhere in it, a request is made or not made, and the next ones are served. */
static void kill_in(struct client *c, const char *request)
{
	static unsigned at[STEPS_MAX];
	char *before, *after, *seen;
	unsigned n, made = 0;

	before = strdup(look(c));
	keep();
	client_sends(c, request);
	assert_int_not_equal(*client_hears(c), '-');
	after = strdup(look(c));
	restore();
	n = find_changes(c, request, at);
	assert_true(n > 3);
	for (unsigned i = 0; i < n; i += getenv("KILL_ALL") || n <= KILLS ? 1 : n / KILLS) {
		pid_t pid = start(c, request);

		for (unsigned steps = 0; steps < at[i]; steps++)
			assert_true(step(pid));
		end(pid);
		seen = strdup(look(c));
		if (strcmp(seen, before) && strcmp(seen, after))
			fail_msg("%s killed after %u steps: %s", request, at[i], seen);
		made += !strcmp(seen, after);
		/* Once it is made, it stays made. */
		if (made && strcmp(seen, after))
			fail_msg("%s killed after %u steps is undone", request, at[i]);
		free(seen);
		assert_works(c);
		restore();
	}
	assert_true(!strcmp(before, after) || made);
	/* Now for good. */
	client_sends(c, request);
	assert_int_not_equal(*client_hears(c), '-');
	assert_string_equal(look(c), after);
	free(before);
	free(after);
}

static void kill_in_all(const char *wal)
{
	/* Small: each bucket comes to be split while it is filled. */
	const struct config config = {.memory = 64 << 10, .wal = wal, .fsync = FSYNC_NO};
	struct client c;
	char why[256], request[64];

	assert_int_equal(app_kv.start(&config, why), 0);
	client_open(&c, &app_kv, 1);
	for (unsigned i = 0; i < 65; i++) {
		snprintf(request, sizeof(request), "SET some%u %u\r\n", i, i);
		assert_talk(&c, request, "+OK\r\n");
	}
	find_maps();
	kill_in(&c, "SET a 1\r\n"); /* with a split */
	kill_in(&c, "SET a 2\r\n");
	kill_in(&c, "SET a a_much_longer_one_that_does_not_fit_where_the_first_was\r\n");
	kill_in(&c, "INCR b\r\n");
	kill_in(&c, "INCR b\r\n");
	kill_in(&c, "MSET a 7 c 8 d 9 e 10 c 11 f 12\r\n");
	kill_in(&c, "DEL a c nothing e a\r\n");
	kill_in(&c, "GET d\r\n");
	kill_in(&c, "FLUSHALL\r\n");
	forget_maps();
	client_close(&c);
	app_kv.stop();
}

static void without_a_log(void **state)
{
	(void)state;
	kill_in_all(NULL);
}

static void with_a_log(void **state)
{
	(void)state;
	kill_in_all(scratch_path("log"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_log),
		cmocka_unit_test_setup_teardown(with_a_log, scratch_setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
