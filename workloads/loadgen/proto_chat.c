/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each client says a line at a time; the line is answered when all the others have it that were there before it was
 * said, but for those that the server has closed since. A line names its client and its moment (a count of all lines
 * said by anyone), so that each receiver knows whether it must have it, and carries a check sum. A client that goes to
 * connect anew stays until it has all that it must have. One that is alone in the room asks `/who` instead.
 */
#include "load.h"
#include "random.h"
#include "reply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_SIZE 20

struct room {
	uint64_t moment;   /* of the line said last */
	unsigned present;  /* clients */
	size_t words;      /* of a set of clients */
	uint64_t *members; /* set: those who are present */
};

struct guest {
	char name[NAME_MAX_SIZE + 1];
	bool present;
	uint64_t came, went; /* moments between which it was present: lines said outside of them may come or not */
	unsigned owed;       /* lines that are on their way to it */
	/* What it says: */
	uint64_t moment;
	unsigned missing, got; /* receivers that must have it and don't, and that have it */
	uint64_t *must, *have; /* sets of clients */
};

static bool has(const uint64_t *set, unsigned i)
{
	return set[i / 64] >> (i % 64) & 1;
}

static void add(uint64_t *set, unsigned i)
{
	set[i / 64] |= UINT64_C(1) << (i % 64);
}

static void del(uint64_t *set, unsigned i)
{
	set[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

static int start(struct load *load)
{
	size_t words = (load->options->clients + 63) / 64;
	struct room *room = calloc(1, sizeof(*room) + words * sizeof(uint64_t));

	if (!room)
		return -ENOMEM;
	room->words = words;
	room->members = (uint64_t *)(room + 1);
	load->app = room;
	return 0;
}

static void stop(struct load *load)
{
	free(load->app);
}

static int init(struct client *c)
{
	size_t words = ((struct room *)c->loop->load->app)->words;
	struct guest *g = calloc(1, sizeof(*g) + 2 * words * sizeof(uint64_t));

	if (!g)
		return -ENOMEM;
	g->must = (uint64_t *)(g + 1);
	g->have = g->must + words;
	c->app = g;
	return 0;
}

/* Not before its welcome. */
static void opened(struct client *c)
{
	struct guest *g = c->app;

	g->name[0] = 0;
	g->moment = 0;
}

static void go_away(struct client *c)
{
	struct room *room = c->loop->load->app;
	struct guest *g = c->app;

	if (!g->present)
		return;
	g->present = false;
	g->went = room->moment;
	room->present--;
	del(room->members, c->number);
}

static bool may_leave(struct client *c)
{
	go_away(c);
	return !((struct guest *)c->app)->owed;
}

/* It has received one more of those lines that it must have, or need not have it any more. */
static void settled(struct client *c)
{
	struct guest *g = c->app;

	if (!--g->owed && !g->present)
		loop_ready(c);
}

/* Calls `settled` for all who have not got what it said. */
static void take_back(struct client *c)
{
	struct load *load = c->loop->load;
	struct guest *g = c->app;

	for (unsigned i = 0; g->missing && i < load->options->clients; i++) {
		if (!has(g->must, i))
			continue;
		del(g->must, i);
		g->missing--;
		settled(&load->clients[i]);
	}
}

/* Nobody waits any more for it to receive anything, nor for its line. */
static void closed(struct client *c)
{
	struct load *load = c->loop->load;
	struct guest *g = c->app;

	go_away(c);
	take_back(c);
	for (unsigned i = 0; g->owed && i < load->options->clients; i++) {
		struct client *speaker = &load->clients[i];
		struct guest *s = speaker->app;

		if (!has(s->must, c->number))
			continue;
		del(s->must, c->number);
		g->owed--;
		if (--s->missing || !speaker->outstanding || speaker->state != CLIENT_OPEN)
			continue;
		if (s->got)
			client_answered(speaker);
		else
			client_unanswered(speaker);
	}
}

static uint64_t checksum(uint64_t seed, unsigned number, uint64_t moment)
{
	return random_mix(random_mix(seed + number) + moment);
}

static void request(struct client *c, struct request *r)
{
	struct load *load = c->loop->load;
	struct room *room = load->app;
	struct guest *g = c->app;
	char text[128];
	int n;

	g->moment = 0;
	r->expect = room->present < 2;
	if (r->expect) {
		client_add(c, "/who\n", 5);
		return;
	}
	g->moment = ++room->moment;
	memcpy(g->must, room->members, room->words * sizeof(uint64_t));
	memset(g->have, 0, room->words * sizeof(uint64_t));
	del(g->must, c->number);
	g->missing = room->present - 1;
	g->got = 0;
	for (unsigned i = 0; i < room->words; i++) {
		for (uint64_t left = g->must[i]; left; left &= left - 1)
			((struct guest *)load->clients[i * 64 + (unsigned)__builtin_ctzll(left)].app)->owed++;
	}
	n = snprintf(text, sizeof(text), "@%u %llu %016llx\n", c->number, (unsigned long long)g->moment,
	             (unsigned long long)checksum(load->options->seed, c->number, g->moment));
	client_add(c, text, (size_t)n);
}

static enum outcome wrong(struct client *c, const struct reply_line *line, const char *why)
{
	char shown[64];

	return client_wrong(c, "%s: '%s'", why, reply_show(line->text, line->size, shown));
}

/* A line that `speaker` has said has come to c. */
static enum outcome heard(struct client *c, struct client *speaker, const char *name, uint64_t moment,
                          const struct reply_line *line)
{
	struct guest *g = c->app, *s = speaker->app;

	if (speaker == c)
		return wrong(c, line, "its own line came back");
	if (moment <= g->came || (!g->present && moment > g->went))
		return OUTCOME_NOTE;
	if (moment != s->moment)
		return wrong(c, line, "a line for the second time, or too late");
	if (strcmp(name, s->name))
		return wrong(c, line, "a line under the name of another");
	if (has(s->have, c->number))
		return wrong(c, line, "a line for the second time");
	add(s->have, c->number);
	s->got++;
	if (!has(s->must, c->number))
		return OUTCOME_NOTE;
	del(s->must, c->number);
	settled(c);
	if (!--s->missing && speaker->outstanding)
		client_answered(speaker);
	return OUTCOME_NOTE;
}

/* A number and the character behind it. */
static bool number(const char **at, unsigned base, char behind, uint64_t *to)
{
	const char *p = *at;

	for (*to = 0; *p && *p != behind; p++) {
		unsigned digit = *p >= '0' && *p <= '9'   ? (unsigned)(*p - '0')
		                 : *p >= 'a' && *p <= 'f' ? (unsigned)(*p - 'a' + 10)
		                                          : base;

		if (digit >= base || p - *at >= 18)
			return false;
		*to = *to * base + digit;
	}
	if (p == *at || *p != behind)
		return false;
	*at = p + 1;
	return true;
}

/* "guest3: @2 17 90ab90ab90ab90ab" */
static enum outcome said(struct client *c, const char *text, const struct reply_line *line)
{
	struct load *load = c->loop->load;
	const char *at = strstr(text, ": @");
	size_t size = at ? (size_t)(at - text) : SIZE_MAX;
	uint64_t who, moment, sum;
	char name[NAME_MAX_SIZE + 1];

	if (size > NAME_MAX_SIZE)
		return wrong(c, line, "what no client has said");
	memcpy(name, text, size);
	name[size] = 0;
	at += 3;
	if (!number(&at, 10, ' ', &who) || !number(&at, 10, ' ', &moment) || !number(&at, 16, 0, &sum))
		return wrong(c, line, "what no client has said");
	if (who >= load->options->clients || sum != checksum(load->options->seed, (unsigned)who, moment))
		return wrong(c, line, "a damaged line, or that of another loadgen");
	c->loop->totals.checked++;
	return heard(c, &load->clients[who], name, moment, line);
}

static enum outcome welcome(struct client *c, const char *text, const struct reply_line *line)
{
	struct room *room = c->loop->load->app;
	struct guest *g = c->app;
	int end = 0;

	if (sscanf(text, "* welcome, %20[A-Za-z0-9_-]: %n", g->name, &end) != 1 || !end)
		return wrong(c, line, "what is no welcome");
	g->present = true;
	g->came = room->moment;
	room->present++;
	add(room->members, c->number);
	client_up(c);
	return OUTCOME_NOTE;
}

/* Is it among those that the server says are here? */
static bool lists(const char *names, const char *name)
{
	size_t size = strlen(name);

	for (const char *at = names; (at = strstr(at, name)); at += size) {
		if (at[-1] == ' ' && (!at[size] || at[size] == ' '))
			return true;
	}
	return false;
}

static bool ends(const char *text, size_t size, const char *with)
{
	size_t n = strlen(with);

	return size > n + 2 && !strcmp(text + size - n, with);
}

static enum outcome reply(struct client *c, const char *p, size_t n, size_t *used)
{
	struct guest *g = c->app;
	struct reply_line line;
	ssize_t size = reply_line(p, n, &line);
	char text[REPLY_LINE_MAX];

	if (!size)
		return OUTCOME_MORE;
	if (size < 0)
		return client_wrong(c, "a line without end");
	*used = (size_t)size;
	memcpy(text, line.text, line.size);
	text[line.size] = 0;
	if (!g->name[0])
		return welcome(c, text, &line);
	if (strncmp(text, "* ", 2))
		return said(c, text, &line);
	if (!strncmp(text, "* here: ", 8) && c->outstanding && client_oldest(c)->expect)
		return lists(text + 7, g->name) ? OUTCOME_ANSWER
		                                : wrong(c, &line, "it is not among those who are here");
	if (ends(text, line.size, " joined") || ends(text, line.size, " left") || strstr(text, " is now "))
		return OUTCOME_NOTE;
	return wrong(c, &line, "what nobody asked for");
}

static void describe(const struct client *c, const struct request *r, char *to, size_t size)
{
	const struct guest *g = c->app;
	unsigned first = 0, clients = c->loop->load->options->clients;

	if (r->expect) {
		snprintf(to, size, "/who");
		return;
	}
	while (first < clients && !has(g->must, first))
		first++;
	snprintf(to, size, "line %llu, which has not come to client %u (%u of %u have it)",
	         (unsigned long long)g->moment, first, g->got, g->got + g->missing);
}

const struct proto proto_chat = {
	.name = "chat",
	.one_thread = true,
	.start = start,
	.stop = stop,
	.init = init,
	.open = opened,
	.close = closed,
	.request = request,
	.reply = reply,
	.describe = describe,
	.may_leave = may_leave,
};
