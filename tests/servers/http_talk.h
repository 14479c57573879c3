/* SPDX-License-Identifier: BSD-2-Clause */
/* Talks HTTP with the app, and checks what every reply must have. */
#ifndef TESTS_SERVERS_HTTP_TALK_H
#define TESTS_SERVERS_HTTP_TALK_H

#include "drive.h"

#define HELLO   "Hello from vmprof!\n"
#define END     "\r\n\r\n"
#define HOST    "Host: t\r\n"
#define GET     "GET / HTTP/1.1\r\n" HOST "\r\n"
#define CHUNKED "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n"

/* The reply at `at`; checks what every reply has. Returns where the next one begins. */
static inline const char *read_reply(const char *at, int *status, char *body, size_t size, bool *closes)
{
	const char *end = strstr(at, END), *length;
	size_t n;

	assert_non_null(end);
	assert_int_equal(sscanf(at, "HTTP/1.1 %3d ", status), 1);
	if (*status == 100) {
		*body = 0;
		return end + 4;
	}
	length = strstr(at, "\r\nContent-Length: ");
	assert_true(length && length < end);
	assert_true(strstr(at, "\r\nDate: ") && strstr(at, "\r\nDate: ") < end);
	assert_true(strstr(at, "\r\nContent-Type: ") && strstr(at, "\r\nContent-Type: ") < end);
	*closes = strstr(at, "\r\nConnection: close\r\n") && strstr(at, "\r\nConnection: close\r\n") < end;
	n = strtoul(length + 18, NULL, 10);
	assert_true(n <= strlen(end + 4));
	snprintf(body, size, "%.*s", (int)n, end + 4);
	return end + 4 + n;
}

/* Sends `text` to a client of its own, in pieces of `piece` bytes. Statuses and bodies, "200 small|404|close". */
static inline const char *talk(const char *text, size_t size, size_t piece)
{
	static char said[1 << 16];
	bool closes = false;
	struct client c;
	const char *at;
	size_t n = 0;

	client_open(&c, &app_http, 1);
	for (size_t i = 0; i < size; i += piece)
		client_sends_bytes(&c, text + i, size - i < piece ? size - i : piece);
	*said = 0;
	for (at = client_hears(&c); *at;) {
		char body[1024];
		int status;

		assert_false(closes);
		at = read_reply(at, &status, body, sizeof(body), &closes);
		n += snprintf(said + n, sizeof(said) - n, status == 200 ? "%d %s|" : "%d|", status, body);
		assert_in_range(n, 0, sizeof(said) - 1);
	}
	assert_int_equal(closes, c.s.ending);
	if (closes)
		strcat(said, "close");
	client_close(&c);
	return said;
}

/* That reply, however the request is cut into pieces. */
static inline void check(const char *text, const char *reply)
{
	const size_t pieces[] = {strlen(text) + 1, 1, 2, 7};

	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++)
		assert_string_equal(talk(text, strlen(text), pieces[i]), reply);
}

#endif
