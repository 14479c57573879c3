/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client sets the secret of each game, so it knows the answer to each guess. It wins the game at a turn drawn
 * before, or never. A request is a guess; `secret ABCD` goes with the first one and is a control line.
 */
#include "load.h"
#include "random.h"
#include "reply.h"

#include <stdio.h>
#include <string.h>

#define GUESSES 10
#define DRAWN   14 /* turns to draw from: those above 10 are lost games */

struct game {
	char secret[5], guess[5];
	unsigned turn;       /* of the guess on its way, or the last one; from 1 */
	unsigned win;        /* the turn at which it guesses right */
	bool on;             /* has more guesses to come */
	bool greeting, okay; /* a line of greeting, the reply to `secret`: yet to come */
};

static void opened(struct client *c)
{
	struct game *g = c->app;

	*g = (struct game){.greeting = true};
	client_up(c);
}

static void draw(struct client *c, char word[5])
{
	for (unsigned i = 0; i < 4; i++)
		word[i] = (char)('A' + random_below(&c->random, 6));
	word[4] = 0;
}

static void request(struct client *c, struct request *r)
{
	struct game *g = c->app;
	char text[32];
	int n;

	(void)r;
	if (!g->on) {
		draw(c, g->secret);
		g->turn = 0;
		g->win = 1 + random_below(&c->random, DRAWN);
		g->on = g->okay = true;
		n = snprintf(text, sizeof(text), "secret %s\n", g->secret);
		client_add(c, text, (size_t)n);
	}
	g->turn++;
	do
		draw(c, g->guess);
	while (!strcmp(g->guess, g->secret));
	if (g->turn == g->win)
		memcpy(g->guess, g->secret, 4);
	n = snprintf(text, sizeof(text), "%s\n", g->guess);
	client_add(c, text, (size_t)n);
}

static enum outcome expected(struct client *c, const struct reply_line *line, const char *text, const char *to)
{
	char shown[64];

	return client_wrong(c, "'%s' instead of '%s', the reply to '%s'", reply_show(line->text, line->size, shown),
	                    text, to);
}

/* The score, and after the last guess what became of the game. */
static enum outcome score(struct client *c, const char *p, size_t n, const struct reply_line *first, size_t *used)
{
	struct game *g = c->app;
	struct reply_line second;
	unsigned black, white;
	char want[32];
	ssize_t size;

	reply_score(g->secret, g->guess, &black, &white);
	snprintf(want, sizeof(want), "[%u:%u]", black, white);
	if (!reply_line_is(first, want))
		return expected(c, first, want, g->guess);
	if (black < 4 && g->turn < GUESSES)
		return OUTCOME_ANSWER;

	size = reply_line(p + *used, n - *used, &second);
	if (!size)
		return OUTCOME_MORE;
	if (black == 4)
		snprintf(want, sizeof(want), "won in %u", g->turn);
	else
		snprintf(want, sizeof(want), "lost, it was %s", g->secret);
	if (size < 0)
		return client_wrong(c, "a line without end instead of '%s'", want);
	if (!reply_line_is(&second, want))
		return expected(c, &second, want, g->guess);
	*used += (size_t)size;
	g->on = false;
	return OUTCOME_ANSWER;
}

static enum outcome reply(struct client *c, const char *p, size_t n, size_t *used)
{
	struct game *g = c->app;
	struct reply_line line;
	ssize_t size = reply_line(p, n, &line);
	char to[16];

	if (!c->outstanding && !g->greeting)
		return OUTCOME_EXTRA;
	if (!size)
		return OUTCOME_MORE;
	if (size < 0)
		return client_wrong(c, "a line without end");
	*used = (size_t)size;
	if (g->greeting) {
		g->greeting = false;
		return line.size ? OUTCOME_NOTE : client_wrong(c, "an empty line instead of a greeting");
	}
	if (!g->okay)
		return score(c, p, n, &line, used);
	g->okay = false;
	c->loop->totals.checked++;
	c->loop->totals.control++;
	snprintf(to, sizeof(to), "secret %s", g->secret);
	return reply_line_is(&line, "ok") ? OUTCOME_NOTE : expected(c, &line, "ok", to);
}

static void describe(const struct client *c, const struct request *r, char *to, size_t size)
{
	const struct game *g = c->app;

	(void)r;
	snprintf(to, size, "the guess %s, number %u at %s", g->guess, g->turn, g->secret);
}

const struct proto proto_mastermind = {
	.name = "mastermind",
	.client_size = sizeof(struct game),
	.open = opened,
	.request = request,
	.reply = reply,
	.describe = describe,
};
