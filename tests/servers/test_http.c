/* SPDX-License-Identifier: BSD-2-Clause */
#include "http_talk.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64]; /* the root is in it, with something beside it */

static void put_file(const char *name, const char *data, size_t size)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, strlen(data), f), strlen(data));
	assert_int_equal(fclose(f), 0);
	if (size)
		assert_int_equal(truncate(path, size), 0);
}

static void put_link(const char *to, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(symlink(to, path), 0);
}

static void put_dir(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static int make_root(void **state)
{
	char root[128], why[256];
	struct config config = {.root = root};

	(void)state;
	strcpy(dir, "/tmp/vmprof-http-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	put_dir("root");
	put_dir("root/sub");
	put_dir("root/bare");
	put_dir("root/loop.d");
	put_dir("root/loop.d/index.html");
	put_file("secret", "SECRET", 0);
	put_file("root/small.txt", "small", 0);
	put_file("root/a b%.html", "blank", 0);
	put_file("root/empty", "", 0);
	put_file("root/most", "", 16 << 20);
	put_file("root/more", "", (16 << 20) + 1);
	put_file("root/sub/index.html", "index", 0);
	put_link("small.txt", "root/inside");
	put_link("../secret", "root/outside");
	put_link(dir, "root/absolute");
	put_link("itself", "root/itself");
	snprintf(root, sizeof(root), "%s/root/fifo", dir);
	assert_int_equal(mkfifo(root, 0644), 0);
	snprintf(root, sizeof(root), "%s/root", dir);
	return app_http.start(&config, why);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static int remove_root(void **state)
{
	(void)state;
	app_http.stop();
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void check_target(const char *target, const char *reply)
{
	char text[8192];

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" HOST "\r\n", target);
	check(text, reply);
}

static void test_routes(void **state)
{
	(void)state;
	check(GET, "200 " HELLO "|");
	check(GET GET GET, "200 " HELLO "|200 " HELLO "|200 " HELLO "|");
	check_target("/?x=y", "200 " HELLO "|");
	check_target("http://t/", "200 " HELLO "|");
	check_target("HTTP://t:80", "200 " HELLO "|");
	check_target("http://t?x", "200 " HELLO "|");
	check_target("http://t/nope", "404|");
	check_target("/nope", "404|");
	check_target("//", "404|");
	check_target("/%77ork?us=0", "200 worked 0 us\n|");
	check_target("/work?us=7", "200 worked 7 us\n|");
	check_target("/work?x&us=0007&us=8", "200 worked 7 us\n|");
	check_target("/work?%75s=%37", "200 worked 7 us\n|");
	check_target("/sleep?ms=0", "200 slept 0 ms\n|");
	check_target("/sleep?ms=60000", "200 slept 60000 ms\n|");
}

static void test_wrong_targets(void **state)
{
	static const char *const wrong[] = {
		"/work",
		"/work?",
		"/work?us",
		"/work?us=",
		"/work?us=x",
		"/work?us=1x",
		"/work?us=-1",
		"/work?us=+1",
		"/work?us=10000001",
		"/work?us=18446744073709551617",
		"/work?ms=1",
		"/work?uss=1",
		"/work?us=%00",
		"/work?us=00000000000000000000000000000000000000000000000000000000000000000001",
		"/sleep?ms=60001",
		"/sleep?us=1",
		"nope",
		"*",
		"/%",
		"/%4",
		"/%zz",
		"/%00",
		"/#",
		"/\x01",
		"/\x7f",
		"/ x",
		"ftp://t/",
		"http://",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		check_target(wrong[i], "400|close");
}

static void test_files(void **state)
{
	(void)state;
	check_target("/static/small.txt", "200 small|");
	check_target("/static/sm%61ll.txt", "200 small|");
	check_target("/static/./sub/../small.txt", "200 small|");
	check_target("/static/a%20b%25.html", "200 blank|");
	check_target("/static/empty", "200 |");
	check_target("/static/inside", "200 small|");
	check_target("/static/sub/", "200 index|");
	check_target("/static/sub", "200 index|");
	check("GET /static/small.txt HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc" GET, "200 small|200 " HELLO "|");
}

static void test_no_way_out(void **state)
{
	static const char *const none[] = {
		"/static",
		"/static/",
		"/static/nope",
		"/static/bare",
		"/static/loop.d",
		"/static/more",
		"/static/fifo",
		"/static/itself",
		"/static/small.txt/",
		"/static/../secret",
		"/static/%2e%2e/secret",
		"/static/..%2fsecret",
		"/static/sub/../../secret",
		"/static/sub/%2E./.%2e/secret",
		"/static/outside",
		"/static/absolute/secret",
		"/static//etc/passwd",
		"/static/%2fetc/passwd",
		"/static/..",
		"/static/../root/small.txt",
		"/static/..%5csecret",
		"/static/%252e%252e/secret",
		"/../secret",
	};
	char target[4200] = "/static/";

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		check_target(none[i], "404|");
	snprintf(target, sizeof(target), "/static/%s/secret", dir);
	check_target(target, "404|");
	memset(target + 8, 'x', 4096 - 8);
	target[4096] = 0;
	check_target(target, "404|");
}

static void test_large_file(void **state)
{
	struct client c;

	(void)state;
	client_open(&c, &app_http, 1);
	client_sends(&c, "HEAD /static/most HTTP/1.1\r\n" HOST "\r\n");
	client_hears(&c);
	assert_non_null(strstr(c.said, "\r\nContent-Length: 16777216\r\n"));
	assert_string_equal(strstr(c.said, END), END);
	client_sends(&c, "GET /static/most HTTP/1.1\r\n" HOST "\r\n");
	assert_in_range(buf_len(&c.s.out), 16777216 + 100, 16777216 + 300);
	buf_take(&c.s.out, buf_len(&c.s.out));
	client_sends(&c, "GET /static/small.txt HTTP/1.1\r\n" HOST "\r\n");
	assert_non_null(strstr(client_hears(&c), "\r\nContent-Type: text/plain\r\n"));
	assert_non_null(strstr(c.said, "\r\nLast-Modified: "));
	client_close(&c);
}

static void test_no_root(void **state)
{
	struct config config = {.root = NULL};
	char why[256] = "";

	(void)state;
	app_http.stop();
	assert_int_equal(app_http.start(&config, why), 0);
	check_target("/static/small.txt", "404|");
	config.root = "/nonexistent";
	assert_int_equal(app_http.start(&config, why), -ENOENT);
	assert_non_null(strstr(why, "/nonexistent"));
}

static void test_head(void **state)
{
	static const char *const targets[] = {"/", "/nope", "/static/small.txt", "/work?us=3", "/sleep?ms=3", "/work"};
	struct client c;

	(void)state;
	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		char get[1024];

		client_open(&c, &app_http, 1);
		buf_printf(&c.s.in, "GET %s HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", targets[i]);
		client_run(&c);
		strcpy(get, client_hears(&c));
		client_close(&c);
		client_open(&c, &app_http, 2);
		buf_printf(&c.s.in, "HEAD %s HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", targets[i]);
		client_run(&c);
		client_hears(&c);
		assert_string_equal(strstr(c.said, END), END);
		assert_string_equal(strstr(c.said, "\r\nContent-Type"),
		                    (strstr(get, END)[4] = 0, strstr(get, "\r\nContent-Type")));
		client_close(&c);
	}
}

static void test_connection(void **state)
{
	(void)state;
	check("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n" GET, "200 " HELLO "|close");
	check("GET / HTTP/1.1\r\n" HOST "connection:\tfoo ,CLOSE \r\n\r\n" GET, "200 " HELLO "|close");
	check("GET / HTTP/1.1\r\n" HOST "Connection: x\r\nConnection: close\r\n\r\n" GET, "200 " HELLO "|close");
	check("GET / HTTP/1.1\r\n" HOST "Connection: closer, keep-alive,,\r\n\r\n" GET, "200 " HELLO "|200 " HELLO "|");
	check("GET / HTTP/1.0\r\n\r\n" GET, "200 " HELLO "|close");
	check("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n" GET, "200 " HELLO "|200 " HELLO "|");
	check("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n" GET, "200 " HELLO "|close");
	/* What clients of 1.0 look for. */
	{
		struct client c;

		client_open(&c, &app_http, 1);
		client_sends(&c, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
		assert_non_null(strstr(client_hears(&c), "\r\nConnection: keep-alive\r\n"));
		client_sends(&c, GET);
		assert_null(strstr(client_hears(&c), "\r\nConnection:"));
		client_close(&c);
	}
}

/* A body of 1 MiB passes through, and is not kept. */
static void test_large_body(void **state)
{
	char piece[4096] = "";
	struct client c;

	(void)state;
	client_open(&c, &app_http, 1);
	client_sends(&c, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1048576\r\n\r\n");
	for (int i = 0; i < 256; i++) {
		assert_string_equal(client_hears(&c), "");
		client_sends_bytes(&c, piece, sizeof(piece));
		assert_in_range(c.s.in.size, 0, 64 << 10);
	}
	assert_non_null(strstr(client_hears(&c), "405"));
	assert_int_equal(c.requests, 1);
	client_close(&c);
}

static void test_sleep(void **state)
{
	struct client c;

	(void)state;
	client_open(&c, &app_http, 1);
	buf_add_str(&c.s.in, "GET /sleep?ms=250 HTTP/1.1\r\n" HOST "\r\n" GET);
	assert_int_equal(app_http.input(&c.s), 1);
	assert_int_equal(c.s.pause_ns, 250000000);
	assert_int_equal(buf_len(&c.s.out), 0);
	c.s.pause_ns = 0;
	/* Awake: its reply, and the next request's. */
	assert_int_equal(app_http.input(&c.s), 1);
	assert_non_null(strstr(client_hears(&c), "slept 250 ms\nHTTP/1.1 200 OK"));
	assert_int_equal(app_http.input(&c.s), 0);
	buf_add_str(&c.s.in, "GET /sleep?ms=1 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n" GET);
	assert_int_equal(app_http.input(&c.s), 1);
	assert_false(c.s.ending);
	c.s.pause_ns = 0;
	assert_int_equal(app_http.input(&c.s), 0);
	assert_true(c.s.ending);
	assert_string_equal(strstr(client_hears(&c), END), END "slept 1 ms\n");
	client_close(&c);
	/* The stop comes while it sleeps. */
	client_open(&c, &app_http, 2);
	buf_add_str(&c.s.in, "GET /sleep?ms=1 HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(app_http.input(&c.s), 1);
	c.s.pause_ns = 0;
	c.s.draining = true;
	assert_int_equal(app_http.input(&c.s), 0);
	assert_true(c.s.ending);
	assert_non_null(strstr(client_hears(&c), "Connection: close"));
	client_close(&c);
}

/* The last reply says that it is the last, no other. */
static void test_draining(void **state)
{
	static const char *const lasts[] = {GET, "GET /nope HTTP/1.1\r\n" HOST "\r\n",
	                                    "GET /sleep?ms=5 HTTP/1.1\r\n" HOST "\r\n", CHUNKED "0\r\n\r\n"};
	struct client c;

	(void)state;
	for (size_t i = 0; i < sizeof(lasts) / sizeof(*lasts); i++) {
		client_open(&c, &app_http, 1);
		c.s.draining = true;
		buf_add_str(&c.s.in, GET);
		buf_add_str(&c.s.in, lasts[i]);
		client_run(&c);
		client_hears(&c);
		assert_true(c.s.ending);
		assert_int_equal(c.requests, 2);
		assert_non_null(strstr(c.said, "Connection: close"));
		assert_true(strstr(c.said, "Connection: close") > strstr(c.said + 1, "HTTP/1.1 "));
		client_close(&c);
	}
}

static void test_counts(void **state)
{
	struct client c;

	(void)state;
	client_open(&c, &app_http, 1);
	client_sends(&c, GET "GET /nope HTTP/1.1\r\n" HOST "\r\nPUT / HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(c.stats.bad, 0);
	client_sends(&c, "nonsense\r\n" GET);
	assert_int_equal(c.stats.bad, 1);
	assert_int_equal(c.requests, 4);
	client_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),     cmocka_unit_test(test_wrong_targets), cmocka_unit_test(test_files),
		cmocka_unit_test(test_no_way_out), cmocka_unit_test(test_large_file),    cmocka_unit_test(test_head),
		cmocka_unit_test(test_connection), cmocka_unit_test(test_large_body),    cmocka_unit_test(test_sleep),
		cmocka_unit_test(test_draining),   cmocka_unit_test(test_counts),        cmocka_unit_test(test_no_root),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
