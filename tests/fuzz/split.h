/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For fuzzing the apps: the same bytes, once whole and once cut into pieces, must have the same replies, and what is
 * kept of a client must stay small. The places of the cuts follow from the bytes, so that a finding can be repeated.
 */
#ifndef TESTS_FUZZ_SPLIT_H
#define TESTS_FUZZ_SPLIT_H

#include "must.h"

#include <stdint.h>
#include <string.h>
#include "core/app.h"
#include "core/config.h"
#include "core/log.h"

/* One client's life. */
struct life {
	struct session s;
	struct stats stats;
	uint64_t paused_ns;
	size_t requests;
};

static inline void life_begin(struct life *l, const struct app *app, uint64_t number)
{
	*l = (struct life){.s.number = number, .s.peer = "fuzz"};
	l->s.stats = &l->stats;
	l->s.app = calloc(1, app->session_size);
	must(l->s.app);
	if (app->open)
		app->open(&l->s);
}

/* in_most, out_most: bytes that may stay in `in` while it waits for more, and that one request may be replied with. */
static inline void life_input(struct life *l, const struct app *app, const uint8_t *data, size_t size, size_t in_most,
                              size_t out_most)
{
	int got;

	buf_add(&l->s.in, data, size);
	do {
		size_t before = buf_len(&l->s.in);

		got = app->input(&l->s);
		must(got == 0 || got == 1);
		must(buf_len(&l->s.in) <= before);
		l->requests += got;
		l->paused_ns += l->s.pause_ns;
		l->s.pause_ns = 0;
	} while (got);
	must(!l->s.in.failed && !l->s.out.failed);
	must(l->s.ending || buf_len(&l->s.in) <= in_most);
	must(buf_len(&l->s.out) <= (l->requests + 2) * out_most);
}

static inline void life_cut(struct life *l, const struct app *app, const uint8_t *data, size_t size, size_t in_most,
                            size_t out_most)
{
	uint64_t random = 0xcbf29ce484222325u;
	size_t longest;

	for (size_t i = 0; i < size; i++)
		random = (random ^ data[i]) * 0x100000001b3u;
	longest = random % 3 ? random % 3 == 1 ? 8 : size : 1;
	for (size_t n; size; data += n, size -= n) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		n = 1 + (random >> 33) % longest;
		if (n > size)
			n = size;
		life_input(l, app, data, n, in_most, out_most);
	}
}

static inline void life_end(struct life *l, const struct app *app)
{
	if (app->close)
		app->close(&l->s);
	buf_free(&l->s.in);
	buf_free(&l->s.out);
	free(l->s.app);
}

static inline void must_be_same_bytes(const struct buf *a, const struct buf *b)
{
	must(buf_len(a) == buf_len(b));
	must(!buf_len(a) || !memcmp(buf_at(a), buf_at(b), buf_len(a)));
}

static inline void must_be_same(const struct life *a, const struct life *b)
{
	must(a->s.ending == b->s.ending);
	must(a->requests == b->requests);
	must(a->paused_ns == b->paused_ns);
	must(a->stats.bad == b->stats.bad && a->stats.wins == b->stats.wins && a->stats.posts == b->stats.posts);
	must_be_same_bytes(&a->s.out, &b->s.out);
}

#endif
