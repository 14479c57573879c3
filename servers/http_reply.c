/* SPDX-License-Identifier: BSD-2-Clause */
#include "http_reply.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "core/files.h"

#define DATE_SIZE 40 /* "Sun, 06 Nov 1994 08:49:37 GMT" and a NUL, with room for years of more digits */

static const struct status {
	int code;
	const char *line, *text;
} statuses[] = {
	{200, "HTTP/1.1 200 OK\r\n", NULL},
	{400, "HTTP/1.1 400 Bad Request\r\n", "this is no request that can be understood\n"},
	{404, "HTTP/1.1 404 Not Found\r\n", "there is nothing of that name\n"},
	{405, "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n", "there are GET and HEAD\n"},
	{413, "HTTP/1.1 413 Content Too Large\r\n", "a body has at most 1 MiB\n"},
	{414, "HTTP/1.1 414 URI Too Long\r\n", "a target has at most 4 KiB\n"},
	{417, "HTTP/1.1 417 Expectation Failed\r\n", "nothing but 100-continue can be expected\n"},
	{431, "HTTP/1.1 431 Request Header Fields Too Large\r\n", "headers have at most 16 KiB\n"},
	{501, "HTTP/1.1 501 Not Implemented\r\n", "of transfer codings there is chunked alone\n"},
	{503, "HTTP/1.1 503 Service Unavailable\r\n", "not now: memory or descriptors are short\n"},
	{505, "HTTP/1.1 505 HTTP Version Not Supported\r\n", "there are HTTP/1.1 and 1.0\n"},
};

static const struct status *status_of(int code)
{
	const struct status *s = statuses;

	while (s->code != code)
		s++;
	return s;
}

/* IMF-fixdate. Not strftime(3), whose names of days follow the locale. */
static void put_date(char text[DATE_SIZE], time_t t)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm;

	gmtime_r(&t, &tm);
	snprintf(text, DATE_SIZE, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * tm.tm_wday, tm.tm_mday,
	         months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Of this second; made once in each by each thread. */
static const char *date_now(void)
{
	static __thread char text[DATE_SIZE];
	static __thread time_t of;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (now.tv_sec != of) {
		of = now.tv_sec;
		put_date(text, of);
	}
	return text;
}

static void put_number(struct buf *out, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = '0' + n % 10;
	while (n /= 10);
	buf_add(out, digits + at, sizeof(digits) - at);
}

static void put_head(struct buf *out, const struct http_manner *m, int status, const char *type, size_t len)
{
	buf_add_str(out, status_of(status)->line);
	buf_add_str(out, "Date: ");
	buf_add_str(out, date_now());
	buf_add_str(out, "\r\nContent-Type: ");
	buf_add_str(out, type);
	buf_add_str(out, "\r\nContent-Length: ");
	put_number(out, len);
	if (m->closing)
		buf_add_str(out, "\r\nConnection: close\r\n");
	else
		buf_add_str(out, m->http_1_0 ? "\r\nConnection: keep-alive\r\n" : "\r\n");
}

void http_reply(struct buf *out, const struct http_manner *m, int status, const char *type, const void *body,
                size_t len)
{
	put_head(out, m, status, type, len);
	buf_add(out, "\r\n", 2);
	if (!m->head)
		buf_add(out, body, len);
}

void http_reply_error(struct buf *out, const struct http_manner *m, int status)
{
	const char *text = status_of(status)->text;

	http_reply(out, m, status, "text/plain", text, strlen(text));
}

static int root = -1;

int http_static_start(const char *path)
{
	int fd = path ? files_root(path) : -1;

	if (path && fd < 0)
		return fd;
	root = fd;
	return 0;
}

void http_static_stop(void)
{
	if (root >= 0)
		close(root);
	root = -1;
}

static const char *type_of(const char *name)
{
	static const char *const types[][2] = {
		{"html", "text/html"},        {"htm", "text/html"},       {"css", "text/css"},
		{"js", "text/javascript"},    {"mjs", "text/javascript"}, {"json", "application/json"},
		{"txt", "text/plain"},        {"md", "text/markdown"},    {"csv", "text/csv"},
		{"xml", "application/xml"},   {"svg", "image/svg+xml"},   {"png", "image/png"},
		{"jpg", "image/jpeg"},        {"jpeg", "image/jpeg"},     {"gif", "image/gif"},
		{"webp", "image/webp"},       {"ico", "image/x-icon"},    {"pdf", "application/pdf"},
		{"wasm", "application/wasm"}, {"gz", "application/gzip"},
	};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof(types) / sizeof(*types); i++)
		if (!strcasecmp(dot + 1, types[i][0]))
			return types[i][1];
	return "application/octet-stream";
}

static int put_file(struct buf *out, const struct http_manner *m, const struct file *f)
{
	size_t before = buf_len(out);
	char changed[DATE_SIZE];
	int err = 0;

	put_date(changed, f->changed);
	put_head(out, m, 200, type_of(f->name), f->size);
	buf_add_str(out, "Last-Modified: ");
	buf_add_str(out, changed);
	buf_add_str(out, "\r\n\r\n");
	if (!m->head)
		err = file_read(f, out);
	/* The head has promised what can't be kept: it was not sent yet. */
	if (err)
		out->end = out->start + before;
	return err;
}

void http_reply_file(struct buf *out, const struct http_manner *m, const char *name)
{
	int err = root < 0 ? -ENOENT : 0;
	struct file f;

	if (!err)
		err = file_open(root, name, &f);
	if (!err) {
		err = put_file(out, m, &f);
		file_close(&f);
	}
	if (err)
		http_reply_error(out, m, err == -ENOENT ? 404 : 503);
}
