/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GET of one path. The body of / is known; that of another path is what came first, and all later ones must equal it.
 */
#include "load.h"
#include "reply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELLO "Hello from vmprof!\n"

struct body {
	size_t size;
	char data[];
};

struct pages {
	char request[8448];
	size_t request_size;
	_Atomic(struct body *) body; /* NULL: none has come yet */
};

/* Of the reply that is coming in, once its head has. */
struct page {
	bool last;
	size_t seen; /* of its body */
};

static struct body *body_new(const char *data, size_t size)
{
	struct body *b = malloc(sizeof(*b) + size);

	if (b) {
		b->size = size;
		memcpy(b->data, data, size);
	}
	return b;
}

static int start(struct load *load)
{
	struct pages *pages = calloc(1, sizeof(*pages));
	const char *path = load->options->path;

	if (!pages)
		return -ENOMEM;
	load->app = pages;
	pages->request_size = (size_t)snprintf(pages->request, sizeof(pages->request),
	                                       "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, load->where);
	if (!strcmp(path, "/"))
		atomic_store(&pages->body, body_new(HELLO, strlen(HELLO)));
	return strcmp(path, "/") || atomic_load(&pages->body) ? 0 : -ENOMEM;
}

static void stop(struct load *load)
{
	struct pages *pages = load->app;

	if (pages)
		free(atomic_load(&pages->body));
	free(pages);
}

static void request(struct client *c, struct request *r)
{
	const struct pages *pages = c->loop->load->app;

	(void)r;
	client_add(c, pages->request, pages->request_size);
}

/* The first body is the one that all others are compared with: of several first ones, one. */
static struct body *first(struct pages *pages, const char *data, size_t size)
{
	struct body *mine = body_new(data, size), *none = NULL;

	if (!mine || atomic_compare_exchange_strong(&pages->body, &none, mine))
		return mine;
	free(mine);
	return none;
}

/* A body is compared as it comes; the very first one is collected. */
static enum outcome body(struct client *c, const char *p, size_t n, size_t length, size_t *used)
{
	struct pages *pages = c->loop->load->app;
	struct body *known = atomic_load_explicit(&pages->body, memory_order_acquire);
	struct page *page = c->app;
	char shown[64];
	size_t part;

	if (!known && n < length)
		return OUTCOME_MORE;
	if (!known)
		known = first(pages, p, length);
	if (!known)
		return client_wrong(c, "no memory for a body of %zu bytes", length);
	if (!c->midway && length != known->size)
		return client_wrong(c, "a body of %zu bytes instead of %zu: '%s'", length, known->size,
		                    reply_show(p, n < length ? n : length, shown));
	part = known->size - page->seen < n ? known->size - page->seen : n;
	if (memcmp(p, known->data + page->seen, part))
		return client_wrong(c, "a body that differs, in its bytes %zu to %zu: '%s'", page->seen,
		                    page->seen + part, reply_show(p, part, shown));
	*used += part;
	page->seen += part;
	c->midway = page->seen < known->size;
	if (c->midway)
		return OUTCOME_NOTE;
	page->seen = 0;
	return page->last ? OUTCOME_LAST : OUTCOME_ANSWER;
}

static enum outcome reply(struct client *c, const char *p, size_t n, size_t *used)
{
	struct page *page = c->app;
	struct reply_http head;
	char shown[64];
	ssize_t size;

	if (!c->outstanding)
		return OUTCOME_EXTRA;
	if (c->midway)
		return body(c, p, n, 0, used);
	size = reply_http(p, n, &head);
	if (!size)
		return OUTCOME_MORE;
	if (size < 0)
		return client_wrong(c, "this is no HTTP: '%s'", reply_show(p, n, shown));
	if (head.status != 200)
		return client_wrong(c, "status %u to GET %s", head.status, c->loop->load->options->path);
	if (head.chunked || !head.has_length)
		return client_wrong(c, "a reply without Content-Length");
	*page = (struct page){.last = head.close};
	*used = (size_t)size;
	return body(c, p + size, n - (size_t)size, head.length, used);
}

static void describe(const struct client *c, const struct request *r, char *to, size_t size)
{
	(void)r;
	snprintf(to, size, "GET %s", c->loop->load->options->path);
}

const struct proto proto_http = {
	.name = "http",
	.pipelines = true,
	.client_size = sizeof(struct page),
	.start = start,
	.stop = stop,
	.request = request,
	.reply = reply,
	.describe = describe,
};
