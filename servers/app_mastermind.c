/* SPDX-License-Identifier: BSD-2-Clause */
/* Mastermind: the server has a secret of 4 letters from A to F, the client has 10 guesses. See docs/servers.md. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include "core/app.h"
#include "core/config.h"
#include "core/lines.h"
#include "core/log.h"

#define PLACES    4
#define LETTERS   6
#define GUESSES   10
#define LINE_SIZE 256

struct game {
	uint64_t random; /* where this connection's generator stands */
	char secret[PLACES];
	unsigned guesses;
};

/* Drawn once: a call of the kernel for each game would show in what is measured of the server. */
static uint64_t key;

/* The step of SplitMix64: each number from the state before. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static int start(const struct config *config, char *why)
{
	key = config->seed;
	if (!key && getrandom(&key, sizeof(key), 0) != sizeof(key)) {
		int err = -errno;

		snprintf(why, 256, "no random numbers from the system: %s; --seed does without", strerror(-err));
		return err;
	}
	return 0;
}

static void new_game(struct game *g, const char *secret)
{
	memcpy(g->secret, secret, PLACES);
	g->guesses = 0;
}

static void random_game(struct game *g)
{
	char secret[PLACES];
	uint64_t r;

	g->random += 0x9e3779b97f4a7c15u;
	r = mix(g->random);
	for (int i = 0; i < PLACES; i++, r /= LETTERS)
		secret[i] = 'A' + r % LETTERS;
	new_game(g, secret);
}

static void opened(struct session *s)
{
	struct game *g = s->app;

	/* Mixed twice: neighbours must not have sequences that are the same but for a shift. */
	g->random = mix(key ^ mix(s->number));
	random_game(g);
	log_step(s, "open");
	buf_add_str(&s->out, "guess 4 of A to F: you have 10 tries; or: secret ABCD, new, quit\n");
}

static void closed(struct session *s)
{
	log_step(s, "close");
}

/* The letters of a guess or a secret, in upper case. False: it is none. */
static bool letters_of(const char *text, size_t len, char letters[PLACES])
{
	if (len != PLACES)
		return false;
	for (int i = 0; i < PLACES; i++) {
		letters[i] = toupper((unsigned char)text[i]);
		if (letters[i] < 'A' || letters[i] >= 'A' + LETTERS)
			return false;
	}
	return true;
}

/* White is what both have of each letter, wherever, less what is in the right place. */
static void compare(const char *secret, const char *guess, int *black, int *white)
{
	int in_secret[LETTERS] = {0}, in_guess[LETTERS] = {0};

	*black = *white = 0;
	for (int i = 0; i < PLACES; i++) {
		*black += secret[i] == guess[i];
		in_secret[secret[i] - 'A']++;
		in_guess[guess[i] - 'A']++;
	}
	for (int i = 0; i < LETTERS; i++)
		*white += in_secret[i] < in_guess[i] ? in_secret[i] : in_guess[i];
	*white -= *black;
}

static void guess(struct session *s, const char *letters)
{
	struct game *g = s->app;
	int black, white;

	compare(g->secret, letters, &black, &white);
	g->guesses++;
	buf_printf(&s->out, "[%d:%d]\n", black, white);
	log_step(s, "guess %.4s [%d:%d]", letters, black, white);
	if (black == PLACES) {
		buf_printf(&s->out, "won in %u\n", g->guesses);
		log_step(s, "won in %u", g->guesses);
		STATS_ADD(s->stats, wins, 1);
		random_game(g);
	} else if (g->guesses == GUESSES) {
		buf_printf(&s->out, "lost, it was %.4s\n", g->secret);
		log_step(s, "lost, it was %.4s", g->secret);
		random_game(g);
	}
}

static void refuse(struct session *s, const char *why)
{
	buf_printf(&s->out, "error: %s\n", why);
	STATS_ADD(s->stats, bad, 1);
}

static void handle(struct session *s, const struct line *line)
{
	static const char set[] = "secret ";
	const size_t prefix = sizeof(set) - 1;
	char letters[PLACES];

	if (letters_of(line->text, line->len, letters)) {
		guess(s, letters);
	} else if (line->len > prefix && !strncasecmp(line->text, set, prefix)) {
		if (!letters_of(line->text + prefix, line->len - prefix, letters)) {
			refuse(s, "a secret is 4 of A to F");
			return;
		}
		new_game(s->app, letters);
		log_step(s, "secret %.4s", letters);
		buf_add_str(&s->out, "ok\n");
	} else if (line_is(line, "new")) {
		random_game(s->app);
		log_step(s, "new");
		buf_add_str(&s->out, "ok\n");
	} else if (line_is(line, "quit")) {
		buf_add_str(&s->out, "bye\n");
		s->ending = true;
	} else {
		refuse(s, "not 4 of A to F, and not secret ABCD, new or quit");
	}
}

static int input(struct session *s)
{
	struct line line;
	int found;

	if (s->ending || !buf_len(&s->in))
		return 0;
	found = line_find(buf_at(&s->in), buf_len(&s->in), LINE_SIZE, &line);
	if (!found)
		return 0;
	if (found < 0) {
		refuse(s, "the line is too long");
		s->ending = true;
		return 1;
	}
	handle(s, &line);
	buf_take(&s->in, line.size);
	return 1;
}

const struct app app_mastermind = {
	.name = "mastermind",
	.session_size = sizeof(struct game),
	.start = start,
	.open = opened,
	.close = closed,
	.input = input,
};
