/* SPDX-License-Identifier: BSD-2-Clause */
#include "kv_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include "kv.h"

static pid_t redis; /* the oracle, while it runs */

static int setup(void **state)
{
	return scratch_setup(state) || start(NULL, FSYNC_NO, 64 << 20);
}

static int teardown(void **state)
{
	stop();
	if (redis > 0) {
		kill(redis, SIGKILL);
		waitpid(redis, NULL, 0);
		redis = 0;
	}
	return scratch_teardown(state);
}

/* Everything that has an answer of its own, and what is next to it. */
static const char *const script[] = {
	"PING\r\n",
	"*1\r\n$4\r\nPING\r\n",
	"*2\r\n$4\r\nping\r\n$2\r\n\r\n\r\n",
	"PING a b\r\n",
	"ECHO 'it\\'s'\r\n",
	"ECHO \"\\x41\\n\\\"\"\r\n",
	"\r\n\r\n*0\r\n*-1\r\nSET a 1\r\n",
	"*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$0\r\n\r\n",
	"MGET a b none\r\n",
	"INCR a\r\nINCR b\r\nINCR none\r\n",
	"SET a 9223372036854775807\r\nINCR a\r\nSET a -9223372036854775808\r\nINCR a\r\nGET a\r\n",
	"SET a 9223372036854775808\r\nINCR a\r\nSET a 01\r\nINCR a\r\nSET a -0\r\nINCR a\r\nSET a \" 1\"\r\nINCR a\r\n",
	"SET a\r\nset a 1 bogus\r\nGET\r\nGET a b\r\nMSET\r\nMSET a\r\nMSET a 1 b\r\nDEL\r\nEXISTS\r\nDBSIZE 1\r\n",
	"MSET a 1 b 2 a 3\r\nMGET a b\r\nEXISTS a a b c\r\nDEL a a c\r\nDBSIZE\r\nGET a\r\n",
	"nosuch\r\nNoSuch a b\r\n*2\r\n$8\r\nno\r\nsuch\r\n$3\r\na\nb\r\n*1\r\n$0\r\n\r\n",
	"SELECT 0\r\nSELECT x\r\nSELECT -1\r\nSELECT 16\r\nSELECT 99999999999\r\n",
	"CONFIG GET save\r\nCONFIG GET nothing\r\nCLIENT SETNAME\r\nCLIENT nosuch\r\nCONFIG nosuch\r\n",
	"COMMAND nosuch\r\nCOMMAND DOCS nosuch\r\nCOMMAND INFO nosuch\r\nINFO nosuch\r\nCOMMAND COUNT 1\r\n",
	"FLUSHALL bogus\r\nFLUSHALL SYNC\r\nDBSIZE\r\nQUIT\r\nGET a\r\n",
	"*x\r\n",
	"*1\r\nx\r\n",
	"*1\r\n$-1\r\n",
	"*1\r\n$99999999999999\r\n",
	"PING\r\n*99999999999999\r\n",
	"SET a \"x\r\n",
	"SET a 'x'y\r\n",
};

#define SCRIPTS (sizeof(script) / sizeof(*script))

static struct sockaddr_un oracle_start(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/redis", scratch);
	redis = fork();
	assert_true(redis >= 0);
	if (!redis) {
		int null = open("/dev/null", O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, 1);
		dup2(null, 2);
		execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", address.sun_path, "--save", "",
		       "--dir", scratch, NULL);
		_exit(127);
	}
	return address;
}

static int oracle_connect(const struct sockaddr_un *address)
{
	for (int patience = 3000; patience; patience--) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		if (!connect(fd, (const void *)address, sizeof(*address)))
			return fd;
		close(fd);
		if (waitpid(redis, NULL, WNOHANG)) {
			redis = 0;
			break;
		}
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	fail_msg("redis-server does not answer: make deps");
	return -1;
}

/* What redis-server replies until it closes: it is told that there is no more, or ends by itself. */
static struct buf oracle_says(const struct sockaddr_un *address, const char *text)
{
	int fd = oracle_connect(address);
	struct buf reply = {};
	ssize_t n;

	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	shutdown(fd, SHUT_WR);
	while ((n = read(fd, buf_room(&reply, 4096), 4096)) > 0)
		buf_added(&reply, n);
	close(fd);
	buf_add(&reply, "", 1);
	return reply;
}

static void says_what_redis_says(void **state)
{
	struct sockaddr_un address = oracle_start();

	(void)state;
	for (unsigned i = 0; i < SCRIPTS; i++) {
		struct buf oracle = oracle_says(&address, script[i]);
		struct client one;

		client_open(&one, &app_kv, 2);
		client_sends(&one, script[i]);
		assert_string_equal(client_hears(&one), buf_at(&oracle));
		client_close(&one);
		buf_free(&oracle);
	}
}

/* Split in two at every byte, and byte by byte. */
static void split_anywhere(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SCRIPTS; i++) {
		size_t size = strlen(script[i]);
		struct client whole;

		assert_talk(&c, "FLUSHALL\r\n", "+OK\r\n");
		client_open(&whole, &app_kv, 2);
		client_sends(&whole, script[i]);
		client_hears(&whole);
		for (size_t at = 0; at <= size; at++) {
			struct client split;

			assert_talk(&c, "FLUSHALL\r\n", "+OK\r\n");
			client_open(&split, &app_kv, 3);
			for (size_t byte = 0; byte < size; byte += at ? size : 1)
				client_sends_bytes(&split, script[i] + byte, at ? at : 1);
			client_sends_bytes(&split, script[i] + (at ? at : size), at ? size - at : 0);
			assert_string_equal(client_hears(&split), whole.said);
			assert_int_equal(split.s.ending, whole.s.ending);
			assert_int_equal(split.requests, whole.requests);
			assert_int_equal(split.stats.bad, whole.stats.bad);
			client_close(&split);
		}
		client_close(&whole);
	}
}

static void limits(void **state)
{
	size_t size = 1 << 20;
	char *big = malloc(size + 100), *p;

	(void)state;
	memset(big, 'x', size + 100);
	/* An argument of 1 MiB, byte by byte up to its last ones. */
	p = big + sprintf(big, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%zu\r\n", size);
	*p = 'x';
	client_sends_bytes(&c, big, p - big);
	for (size_t at = 0; at < size; at += 4096)
		client_sends_bytes(&c, p, 4096);
	assert_string_equal(client_hears(&c), "");
	assert_talk(&c, "\r\n", "+OK\r\n");
	client_sends(&c, "GET k\r\n");
	assert_int_equal(buf_len(&c.s.out), size + strlen("$1048576\r\n\r\n"));
	client_hears(&c);
	/* 65 of them are more than one reply holds. */
	client_sends(&c, "MGET k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k k "
	                 "k k k k k k k k k k k k k k k k k k k k k k k k\r\n");
	assert_string_equal(client_hears(&c), "-ERR the values are larger than 67108864 bytes together\r\n");
	/* A key of 64 KiB, and of one byte more. */
	for (unsigned more = 0; more < 2; more++) {
		char head[64];

		sprintf(head, "*3\r\n$3\r\nSET\r\n$%u\r\n", KV_KEY_MAX + more);
		client_sends(&c, head);
		client_sends_bytes(&c, p, KV_KEY_MAX + more);
		assert_talk(&c, "\r\n$1\r\nv\r\n", more ? "-ERR key is longer than 65536 bytes\r\n" : "+OK\r\n");
	}
	assert_talk(&c, "DBSIZE\r\n", ":2\r\n");
	assert_talk(&c, "*2\r\n$4\r\nECHO\r\n$1048577\r\n", "-ERR Protocol error: invalid bulk length\r\n");
	assert_true(c.s.ending);
	assert_int_equal(c.stats.bad, 1);
	free(big);
}

#define KEYS 20000

/* Against an array: random changes, while the table grows to some thousand keys, and back. */
static void holds_what_it_was_given(void **state)
{
	static int held[KEYS]; /* 0: there is none */
	unsigned random = 1, count = 0;
	char request[64], reply[64];

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		unsigned key, what;

		random = random * 1664525 + 1013904223;
		key = (random >> 8) % KEYS;
		what = random >> 28;
		if (what < (i < 120000 ? 8 : 2)) {
			sprintf(request, "SET key:%u %u\r\n", key, i + 1);
			strcpy(reply, "+OK\r\n");
			count += !held[key];
			held[key] = i + 1;
		} else if (what < 8) {
			sprintf(request, "DEL key:%u\r\n", key);
			sprintf(reply, ":%d\r\n", !!held[key]);
			count -= !!held[key];
			held[key] = 0;
		} else if (what < 9) {
			strcpy(request, "DBSIZE\r\n");
			sprintf(reply, ":%u\r\n", count);
		} else {
			char digits[16];

			sprintf(request, "GET key:%u\r\n", key);
			sprintf(digits, "%d", held[key]);
			sprintf(reply, held[key] ? "$%zu\r\n%s\r\n" : "$-1\r\n", strlen(digits), digits);
		}
		assert_talk(&c, request, reply);
	}
}

static void a_full_table_refuses_and_goes_on(void **state)
{
	unsigned n[3];
	char request[1200];

	(void)state;
	stop();
	assert_int_equal(start(NULL, FSYNC_NO, 256 << 10), 0);
	for (unsigned round = 0; round < 3; round++) {
		for (n[round] = 0;; n[round]++) {
			sprintf(request, "SET key%u %0*d\r\n", n[round], 1 + n[round] * 37 % 1000, 1);
			client_sends(&c, request);
			if (strcmp(client_hears(&c), "+OK\r\n"))
				break;
		}
		assert_string_equal(c.said, "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
		assert_int_equal(n[round], n[0]);
		assert_talk(&c, "GET key0\r\n", "$1\r\n1\r\n");
		/* Of several keys, none is set. */
		sprintf(request, "MSET new 1 other 2 key0 %01000d\r\n", 5);
		assert_talk(&c, request, "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
		assert_talk(&c, "EXISTS new other\r\nGET key0\r\n", ":0\r\n$1\r\n1\r\n");
		for (unsigned i = 0; i < n[round]; i++) {
			sprintf(request, "DEL key%u\r\n", i);
			assert_talk(&c, request, ":1\r\n");
		}
		assert_talk(&c, "DBSIZE\r\n", ":0\r\n");
	}
	client_close(&c);
	app_kv.stop();
	assert_int_equal(start(NULL, FSYNC_NO, 64 << 20), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(says_what_redis_says, setup, teardown),
		cmocka_unit_test_setup_teardown(split_anywhere, setup, teardown),
		cmocka_unit_test_setup_teardown(limits, setup, teardown),
		cmocka_unit_test_setup_teardown(holds_what_it_was_given, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_table_refuses_and_goes_on, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
