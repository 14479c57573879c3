/* SPDX-License-Identifier: BSD-2-Clause */
/* What is a request, and where it ends. */
#include "http_talk.h"

static void test_line_ends(void **state)
{
	(void)state;
	check("GET / HTTP/1.1\nHost: t\n\n" GET, "200 " HELLO "|200 " HELLO "|");
	check("\r\n\n\r\n" GET "\r\n\r\n" GET "\n", "200 " HELLO "|200 " HELLO "|");
	check("\r" GET, "400|close");
	check("GET / HTTP/1.1\r\r\n" HOST "\r\n", "400|close");
	check("GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", "400|close");
	check("GET / HTTP/1.1\r\n" HOST "\r", "");
	check("GET / HTTP/1.1\r\n" HOST "X: \r\nY:\r\n\r\n", "200 " HELLO "|");
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *reply;
	} refused[] = {
		{"nonsense\r\n", "400|close"},
		{"GET /\r\n", "400|close"},
		{" GET / HTTP/1.1\r\n", "400|close"},
		{"GET  / HTTP/1.1\r\n", "400|close"},
		{"GET / HTTP/1.1 \r\n", "400|close"},
		{"GET / HTTP/1\r\n", "400|close"},
		{"GET / http/1.1\r\n", "400|close"},
		{"GET / HTTP/a.b\r\n", "400|close"},
		{"G\x01T / HTTP/1.1\r\n", "400|close"},
		{"\x16\x03\x01\x02", "400|close"},
		{"GET / HTTP/2.0\r\n", "505|close"},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505|close"},
		{"GET / HTTP/1.2\r\n", "505|close"},
		{"GET / HTTP/0.9\r\n", "505|close"},
		{"GET / HTTP/1.1\r\n\r\n", "400|close"},
		{"GET / HTTP/1.1\r\n" HOST HOST "\r\n", "400|close"},
		{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400|close"},
		{"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400|close"},
		{"GET / HTTP/1.1\r\nHost\r\n", "400|close"},
		{"GET / HTTP/1.1\r\nHost : t\r\n", "400|close"},
		{"GET / HTTP/1.1\r\n: t\r\n", "400|close"},
		{"GET / HTTP/1.1\r\n" HOST " folded\r\n", "400|close"},
		{"GET / HTTP/1.1\r\n Host: t\r\n", "400|close"},
		{"GET / HTTP/1.1\r\nX: \x01\r\n", "400|close"},
		{"GET / HTTP/1.1\r\n" HOST "Content-Length: x\r\n", "400|close"},
		{"GET / HTTP/1.1\r\n" HOST "Content-Length:\r\n", "400|close"},
		{"GET / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n", "400|close"},
		{"GET / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n", "400|close"},
		{"GET / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n", "400|close"},
		{"GET / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n", "400|close"},
		{"GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n", "400|close"},
		{"GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400|close"},
		{"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", "400|close"},
		{"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n", "400|close"},
		{"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400|close"},
		{"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", "501|close"},
		{"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n", "501|close"},
		{"GET / HTTP/1.1\r\n" HOST "Expect: more\r\n\r\n", "417|close"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		check(refused[i].text, refused[i].reply);
}

/* Text with n bytes of 'a' in the middle. */
static const char *filled(const char *before, size_t n, const char *after)
{
	static char text[1 << 16];

	strcpy(text, before);
	memset(text + strlen(before), 'a', n);
	strcpy(text + strlen(before) + n, after);
	return text;
}

static void test_limits(void **state)
{
	const size_t headers = (16 << 10) - strlen("X: \r\n" HOST "\r\n");

	(void)state;
	check(filled("GET /", 4095, " HTTP/1.1\r\n" HOST "\r\n"), "404|");
	check(filled("GET /", 4096, " HTTP/1.1\r\n" HOST "\r\n"), "414|close");
	check(filled("GET /", 4200, ""), "414|close");
	check(filled("GET /", 60000, ""), "414|close");
	check(filled("", 32, " / HTTP/1.1\r\n" HOST "\r\n"), "405|");
	check(filled("", 33, " / HTTP/1.1\r\n" HOST "\r\n"), "400|close");
	check(filled("", 5000, ""), "400|close");
	check(filled("GET / HTTP/1.1\r\nX: ", headers, "\r\n" HOST "\r\n"), "200 " HELLO "|");
	check(filled("GET / HTTP/1.1\r\nX: ", headers + 1, "\r\n" HOST "\r\n"), "431|close");
	check(filled("GET / HTTP/1.1\r\nX: ", 20000, ""), "431|close");
}

static void test_bodies(void **state)
{
	(void)state;
	check("POST / HTTP/1.1\r\n" HOST "Content-Length: 7\r\n\r\nGET / H" GET, "405|200 " HELLO "|");
	check("GET /sleep?ms=3 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc" GET,
	      "200 slept 3 ms\n|200 " HELLO "|");
	check("GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n" GET, "200 " HELLO "|200 " HELLO "|");
	check("OPTIONS * HTTP/1.1\r\n" HOST "\r\n" GET, "405|200 " HELLO "|");
	check("CONNECT t:80 HTTP/1.1\r\n" HOST "\r\n" GET, "405|200 " HELLO "|");
	check("POST / HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n", "413|close");
	check("POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999999\r\n\r\n", "413|close");
	/* 2^64 + 1 */
	check("POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551617\r\n\r\na", "413|close");
	/* Only asked to go on where something is to come. */
	check("POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\nExpect: 100-Continue\r\n\r\nab" GET,
	      "100|405|200 " HELLO "|");
	check("GET / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n\r\n" GET, "200 " HELLO "|200 " HELLO "|");
	check("POST / HTTP/1.0\r\n"
	      "Content-Length: 2\r\nExpect: 100-continue\r\n\r\nab",
	      "405|close");
	check("POST / HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\nExpect: 100-continue\r\n\r\n", "413|close");
}

static void test_chunks(void **state)
{
	(void)state;
	check(CHUNKED "0\r\n\r\n" GET, "405|200 " HELLO "|");
	check(CHUNKED "3\r\nabc\r\n0a ;x=\"y\"\r\n0123456789\r\n000\r\nX: y\r\n\r\n" GET, "405|200 " HELLO "|");
	check(CHUNKED "3\nabc\n0\n\n" GET, "405|200 " HELLO "|");
	check(CHUNKED "\r\n", "400|close");
	check(CHUNKED "x\r\n", "400|close");
	check(CHUNKED "-1\r\n", "400|close");
	check(CHUNKED "0x1\r\n", "400|close");
	check(CHUNKED "1 1\r\n", "400|close");
	check(CHUNKED "1\r\nab\r\n", "400|close");
	check(CHUNKED "1\r\na0\r\n", "400|close");
	check(CHUNKED "1\r\na\r0\r\n", "400|close");
	check(CHUNKED "0\r\n folded\r\n", "400|close");
	check(CHUNKED "100001\r\n", "413|close");
	check(CHUNKED "fffffffffffffffffffffff1\r\n", "413|close");
	check(CHUNKED "10000000000000001\r\na\r\n0\r\n\r\n", "413|close");
	check(CHUNKED "1\r\na\r\n100000\r\n", "413|close");
	check(filled(CHUNKED "1;", 254, "\r\na\r\n0\r\n\r\n"), "405|");
	check(filled(CHUNKED "1;", 255, "\r\na\r\n0\r\n\r\n"), "400|close");
	check(filled(CHUNKED "0\r\nX: ", 20000, "\r\n\r\n"), "431|close");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_ends), cmocka_unit_test(test_refused), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_bodies),    cmocka_unit_test(test_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
