/* SPDX-License-Identifier: BSD-2-Clause */
/* A web server with a few routes that cost a known amount of CPU time or of waiting. See docs/servers.md. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "core/app.h"
#include "core/burn.h"
#include "core/config.h"
#include "http_parse.h"
#include "http_reply.h"

#define HELLO        "Hello from vmprof!\n"
#define WORK_MAX_US  10000000
#define SLEEP_MAX_MS 60000

/* One request at a time. */
struct http {
	struct http_head head;
	struct http_body body;
	struct http_manner manner;
	char *target; /* while a body is read: the head is gone from `in` then */
	bool asleep;  /* the reply of /sleep is due at the next call */
	uint64_t ms;  /* how long it sleeps */
};

static int start(const struct config *config, char *why)
{
	int err = http_static_start(config->root);

	if (err)
		snprintf(why, 256, "--root %.180s: %s", config->root, strerror(-err));
	else
		burn_start();
	return err;
}

static void closed(struct session *s)
{
	struct http *h = s->app;

	free(h->target);
	h->target = NULL;
}

/* "worked 10 us" */
static void reply_done(struct session *s, const char *verb, uint64_t n, const char *unit)
{
	struct http *h = s->app;
	char text[64];

	http_reply(&s->out, &h->manner, 200, "text/plain", text,
	           snprintf(text, sizeof(text), "%s %" PRIu64 " %s\n", verb, n, unit));
}

/* What can't be understood, or is too large to be read over, leaves no place where the next request would begin. */
static void refuse(struct session *s, int status)
{
	struct http *h = s->app;

	h->manner.closing = true;
	http_reply_error(&s->out, &h->manner, status);
	STATS_ADD(s->stats, bad, 1);
}

/* The decimal number `key` of the query, at most `max`. False: there is none. */
static bool number_of(const char *query, const char *end, const char *key, uint64_t max, uint64_t *number)
{
	const size_t key_len = strlen(key);
	char part[64];

	while (query < end) {
		const char *amp = memchr(query, '&', end - query), *next = amp ? amp : end, *digit = part + key_len + 1;

		if (next - query < (long)sizeof(part) && http_decode(query, next - query, part) >= 0 &&
		    !strncmp(part, key, key_len) && part[key_len] == '=') {
			for (*number = 0; *digit >= '0' && *digit <= '9' && *number <= max; digit++)
				*number = *number * 10 + (*digit - '0');
			return digit[-1] != '=' && !*digit && *number <= max;
		}
		query = next + 1;
	}
	return false;
}

static void work(struct session *s, const char *query, const char *end)
{
	uint64_t us;

	if (!number_of(query, end, "us", WORK_MAX_US, &us)) {
		refuse(s, 400);
		return;
	}
	burn_us(us);
	reply_done(s, "worked", us, "us");
}

static void go_to_sleep(struct session *s, const char *query, const char *end)
{
	struct http *h = s->app;

	if (!number_of(query, end, "ms", SLEEP_MAX_MS, &h->ms)) {
		refuse(s, 400);
		return;
	}
	h->asleep = true;
	s->pause_ns = h->ms * 1000000;
}

/* After the pause. */
static void wake_up(struct session *s)
{
	struct http *h = s->app;

	h->asleep = false;
	h->manner.closing |= s->draining && !buf_len(&s->in);
	reply_done(s, "slept", h->ms, "ms");
	s->ending = h->manner.closing;
}

/* Where the path begins in a target that may name a scheme and a host, as for a proxy. NULL: nowhere. */
static const char *path_of(const char *target, size_t len)
{
	static const char scheme[] = "http://";
	const size_t n = sizeof(scheme) - 1;

	if (*target == '/')
		return target;
	if (len <= n || strncasecmp(target, scheme, n))
		return NULL;
	for (target += n, len -= n; len && *target != '/' && *target != '?'; len--)
		target++;
	return target;
}

static void route(struct session *s, const char *target, size_t len)
{
	struct http *h = s->app;
	const char *end = target + len, *at = path_of(target, len), *query;
	char path[HTTP_TARGET_MAX + 1];

	if (h->head.method == HTTP_OTHER) {
		http_reply_error(&s->out, &h->manner, 405);
		return;
	}
	query = at ? memchr(at, '?', end - at) : NULL;
	if (!query)
		query = end;
	if (!at || http_decode(at, query - at, path) < 0) {
		refuse(s, 400);
		return;
	}
	query += query < end;
	if (!*path || !strcmp(path, "/"))
		http_reply(&s->out, &h->manner, 200, "text/plain", HELLO, sizeof(HELLO) - 1);
	else if (!strcmp(path, "/work"))
		work(s, query, end);
	else if (!strcmp(path, "/sleep"))
		go_to_sleep(s, query, end);
	else if (!strncmp(path, "/static/", 8))
		http_reply_file(&s->out, &h->manner, path + 8);
	else
		http_reply_error(&s->out, &h->manner, 404);
}

/* The request is whole; `rest` bytes have come after it. */
static void answer(struct session *s, const char *target, size_t rest)
{
	struct http *h = s->app;

	h->manner.closing |= s->draining && !rest;
	route(s, target, h->head.target_len);
	if (h->asleep && !h->ms)
		wake_up(s);
	s->ending = h->manner.closing && !h->asleep;
	h->head = (struct http_head){};
}

/* A body follows, and the target must be known when it is over. False: no memory. */
static bool begin_body(struct session *s)
{
	struct http *h = s->app;

	h->target = strndup(buf_at(&s->in) + h->head.target, h->head.target_len);
	if (!h->target)
		return false;
	buf_take(&s->in, h->head.read);
	http_body_start(&h->body, &h->head);
	if (h->head.proceed && !h->head.http_1_0)
		buf_add_str(&s->out, "HTTP/1.1 100 Continue\r\n\r\n");
	return true;
}

static int read_head(struct session *s)
{
	struct http *h = s->app;
	const struct http_head *head = &h->head;
	int got = http_skip_empty(&s->in) ? http_head_read(&h->head, buf_at(&s->in), buf_len(&s->in)) : 0;

	if (got)
		h->manner = (struct http_manner){.head = head->method == HTTP_HEAD,
		                                 .http_1_0 = head->http_1_0,
		                                 .closing = head->close || (head->http_1_0 && !head->keep_alive)};
	if (got == 1 && http_has_body(head))
		return begin_body(s) ? 0 : 503;
	if (got == 1) {
		size_t size = head->read;

		answer(s, buf_at(&s->in) + head->target, buf_len(&s->in) - size);
		buf_take(&s->in, size);
	}
	return got;
}

static int read_body(struct session *s)
{
	struct http *h = s->app;
	int got = http_body_skip(&h->body, &s->in);

	if (got == 1)
		answer(s, h->target, buf_len(&s->in));
	if (got) {
		free(h->target);
		h->target = NULL;
	}
	return got;
}

static int input(struct session *s)
{
	struct http *h = s->app;
	int got = 0;

	if (h->asleep)
		wake_up(s);
	if (s->ending || !buf_len(&s->in))
		return 0;
	if (!h->target)
		got = read_head(s);
	if (h->target)
		got = read_body(s);
	if (got > 1) {
		refuse(s, got);
		s->ending = true;
	}
	return got != 0;
}

const struct app app_http = {
	.name = "http",
	.session_size = sizeof(struct http),
	.start = start,
	.close = closed,
	.input = input,
	.stop = http_static_stop,
};
