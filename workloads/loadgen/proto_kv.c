/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GET and SET of RESP2. Each client has keys of its own, so that it knows what each GET must give: the value that it
 * set last. A key that it has not set yet may have one from before, or none; that must stay the same then.
 */
#include "load.h"
#include "random.h"
#include "reply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_DIGITS 8
#define UNKNOWN    0 /* in store->known: not set nor seen */
#define ABSENT     1

struct store {
	uint32_t n, next; /* its keys, and which of them is the next to be set */
	uint64_t version; /* of the value set last */
	char head[96];    /* of a SET, up to the value */
	size_t head_size;
	char *value;
	uint64_t known[]; /* digest of what the key must have */
};

static const char get[] = "*2\r\n$3\r\nGET\r\n$16\r\nloadgen:00000000\r\n";
static const char set[] = "*3\r\n$3\r\nSET\r\n$16\r\nloadgen:00000000\r\n";

#define KEY_AT (sizeof(get) - 1 - 2 - KEY_DIGITS)

/* Never UNKNOWN nor ABSENT. */
static uint64_t digest(const char *p, size_t n)
{
	uint64_t h = n, word;

	for (; n >= sizeof(word); p += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	word = 0;
	memcpy(&word, p, n);
	return random_mix(h ^ word) | 2;
}

/* Letters, 8 at a time: those of key and version. */
static void make_value(char *to, size_t size, uint64_t key, uint64_t version)
{
	uint64_t state = random_mix(key << 32 ^ version), word;

	for (size_t i = 0; i < size; i += sizeof(word)) {
		word = (random_next(&state) & UINT64_C(0x0f0f0f0f0f0f0f0f)) + UINT64_C(0x6161616161616161);
		memcpy(to + i, &word, size - i < sizeof(word) ? size - i : sizeof(word));
	}
}

static int init(struct client *c)
{
	const struct options *o = c->loop->load->options;
	uint64_t n = (o->keys + o->clients - 1 - c->number) / o->clients;
	struct store *s;

	n = n ? n : 1;
	s = calloc(1, sizeof(*s) + n * sizeof(*s->known) + o->value_size);
	if (!s)
		return -ENOMEM;
	s->n = (uint32_t)n;
	s->value = (char *)&s->known[n];
	s->version = o->seed << 32;
	s->head_size = (size_t)snprintf(s->head, sizeof(s->head), "%s$%u\r\n", set, o->value_size);
	c->app = s;
	return 0;
}

static uint64_t number_of(const struct client *c, uint64_t key)
{
	return c->number + key * c->loop->load->options->clients;
}

static void put_key(char *digits, uint64_t number)
{
	for (unsigned i = KEY_DIGITS; i-- > 0; number /= 10)
		digits[i] = (char)('0' + number % 10);
}

static void request(struct client *c, struct request *r)
{
	const struct options *o = c->loop->load->options;
	struct store *s = c->app;
	char text[sizeof(get)];

	r->write = random_below(&c->random, 100) < o->write_percent;
	if (!r->write) {
		r->key = random_below(&c->random, s->n);
		r->expect = s->known[r->key];
		memcpy(text, get, sizeof(get));
		put_key(text + KEY_AT, number_of(c, r->key));
		client_add(c, text, sizeof(get) - 1);
		return;
	}
	/* In turn, so that all of them have a value soon. */
	r->key = s->next;
	s->next = s->next + 1 < s->n ? s->next + 1 : 0;
	make_value(s->value, o->value_size, number_of(c, r->key), ++s->version);
	s->known[r->key] = digest(s->value, o->value_size);
	put_key(s->head + KEY_AT, number_of(c, r->key));
	client_add(c, s->head, s->head_size);
	client_add(c, s->value, o->value_size);
	client_add(c, "\r\n", 2);
}

static enum outcome wrong(struct client *c, const char *what, const char *p, size_t n, const char *want)
{
	const struct request *r = client_oldest(c);
	char shown[64];

	return client_wrong(c, "%s '%s' to %s loadgen:%08llu instead of %s", what, reply_show(p, n, shown),
	                    r->write ? "SET" : "GET", (unsigned long long)number_of(c, r->key), want);
}

static enum outcome reply(struct client *c, const char *p, size_t n, size_t *used)
{
	const struct request *r = client_oldest(c);
	struct store *s = c->app;
	struct reply_resp got;
	uint64_t found;
	ssize_t size;

	if (!c->outstanding)
		return OUTCOME_EXTRA;
	size = reply_resp(p, n, &got);
	if (!size)
		return OUTCOME_MORE;
	if (size < 0)
		return wrong(c, "what is no RESP,", p, n, "a reply");
	*used = (size_t)size;
	if (r->write) {
		if (got.type == '+' && got.size == 2 && !memcmp(got.data, "OK", 2))
			return OUTCOME_ANSWER;
		return wrong(c, "the reply", p, (size_t)size - 2, "+OK");
	}
	if (got.type != '$')
		return wrong(c, "the reply", p, (size_t)size - 2, "its value");
	found = got.nil ? ABSENT : digest(got.data, got.size);
	if (r->expect != UNKNOWN && r->expect != found)
		return wrong(c, "the value", got.nil ? "(nil)" : got.data, got.nil ? 5 : got.size,
		             r->expect == ABSENT ? "none" : "the one it has");
	if (s->known[r->key] == UNKNOWN)
		s->known[r->key] = found;
	return OUTCOME_ANSWER;
}

/* A SET without a reply may have happened, or not, or may yet. */
static void closed(struct client *c)
{
	struct store *s = c->app;

	for (unsigned i = 0; i < c->outstanding; i++) {
		const struct request *r = &c->requests[(c->head + i) % c->loop->load->options->pipeline];

		if (r->write)
			s->known[r->key] = UNKNOWN;
	}
}

static void describe(const struct client *c, const struct request *r, char *to, size_t size)
{
	snprintf(to, size, "%s loadgen:%08llu", r->write ? "SET" : "GET", (unsigned long long)number_of(c, r->key));
}

const struct proto proto_kv = {
	.name = "kv",
	.pipelines = true,
	.init = init,
	.close = closed,
	.request = request,
	.reply = reply,
	.describe = describe,
};
