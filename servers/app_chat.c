/* SPDX-License-Identifier: BSD-2-Clause */
/* A chat: one room, everyone's lines to everyone else. See docs/servers.md. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "chat_names.h"
#include "core/app.h"
#include "core/lines.h"
#include "core/room.h"

#define LINE_SIZE 1000
#define NICK_SIZE 20

struct guest {
	int place; /* among the names; -1: it got none */
	char name[NAME_SIZE];
	uint64_t position; /* in the room: what comes from there on it has not seen */
};

static int start(const struct config *config, char *why)
{
	int err = names_start();

	(void)config;
	if (err)
		snprintf(why, 256, "no shared memory for the names: %s", strerror(-err));
	return err;
}

static void post(struct session *s, const char *text, size_t size)
{
	/* Nothing here is near the longest message there can be. */
	if (!room_post(s->number, text, size))
		STATS_ADD(s->stats, posts, 1);
}

static void __attribute__((format(printf, 2, 3))) announce(struct session *s, const char *format, ...)
{
	char text[128];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	post(s, text, n);
}

static void opened(struct session *s)
{
	struct guest *g = s->app;

	snprintf(g->name, sizeof(g->name), "guest%llu", (unsigned long long)s->number);
	g->position = room_end();
	g->place = names_take(g->name);
	if (g->place < 0) {
		buf_add_str(&s->out, "* error: the room is full\n");
		s->ending = true;
		return;
	}
	buf_printf(&s->out, "* welcome, %s: /nick NAME, /who, /quit\n", g->name);
	announce(s, "* %s joined\n", g->name);
}

static void closed(struct session *s)
{
	struct guest *g = s->app;

	if (g->place < 0)
		return;
	/* In this order, so that nobody of the same name joins before this one has left. */
	announce(s, "* %s left\n", g->name);
	names_leave(g->place);
}

static void refuse(struct session *s, const char *why)
{
	buf_printf(&s->out, "* error: %s\n", why);
	STATS_ADD(s->stats, bad, 1);
}

static bool is_nick(const char *text, size_t len)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	if (!len || len > NICK_SIZE)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!text[i] || !strchr(letters, text[i]))
			return false;
	return true;
}

/* guest and a number is kept for the connection of that number, so that everybody who comes gets a name. */
static bool is_kept(const char *name, uint64_t number)
{
	char own[NAME_SIZE];

	snprintf(own, sizeof(own), "guest%llu", (unsigned long long)number);
	return !strncmp(name, "guest", 5) && name[5] && !name[5 + strspn(name + 5, "0123456789")] && strcmp(name, own);
}

static void set_nick(struct session *s, const char *text, size_t len)
{
	struct guest *g = s->app;
	char name[NAME_SIZE] = "";

	if (!is_nick(text, len)) {
		refuse(s, "a name is 1 to 20 letters, digits, _ and -");
		return;
	}
	memcpy(name, text, len);
	if (strcmp(name, g->name)) {
		if (is_kept(name, s->number) || names_change(g->place, name)) {
			buf_printf(&s->out, "* error: %s is taken\n", name);
			return;
		}
		announce(s, "* %s is now %s\n", g->name, name);
		memcpy(g->name, name, sizeof(name));
	}
	buf_printf(&s->out, "* you are now %s\n", name);
}

static void command(struct session *s, const struct line *line)
{
	static const char nick[] = "/nick ";
	const size_t prefix = sizeof(nick) - 1;

	if (line->len >= prefix && !memcmp(line->text, nick, prefix)) {
		set_nick(s, line->text + prefix, line->len - prefix);
	} else if (line_is(line, "/who")) {
		buf_add_str(&s->out, "* here:");
		names_list(&s->out);
		buf_add(&s->out, "\n", 1);
	} else if (line_is(line, "/quit")) {
		buf_add_str(&s->out, "* bye\n");
		s->ending = true;
	} else {
		refuse(s, "there are /nick NAME, /who and /quit");
	}
}

/* Bytes of the UTF-8 character at the start of `text`; 0: there is none, or it is one that controls a terminal. */
static size_t printable(const unsigned char *text, size_t len)
{
	unsigned char c = text[0];
	size_t size = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

	if (size == 1)
		return c == '\t' || (c >= ' ' && c != 0x7f);
	if (size > len)
		return 0;
	for (size_t i = 1; i < size; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if (c == 0xc2 && text[1] < 0xa0) /* the control characters from U+0080 on */
		return 0;
	/* Longer than need be, surrogates, above U+10FFFF. */
	if ((c == 0xe0 && text[1] < 0xa0) || (c == 0xed && text[1] > 0x9f) || (c == 0xf0 && text[1] < 0x90) ||
	    (c == 0xf4 && text[1] > 0x8f))
		return 0;
	return size;
}

static void say(struct session *s, const struct line *line)
{
	const struct guest *g = s->app;
	char text[NAME_SIZE + LINE_SIZE + 4];
	size_t at = snprintf(text, sizeof(text), "%s: ", g->name);

	memcpy(text + at, line->text, line->len);
	for (size_t i = 0, n; i < line->len; i += n ? n : 1) {
		n = printable((const unsigned char *)line->text + i, line->len - i);
		if (!n)
			text[at + i] = '?';
	}
	at += line->len;
	text[at++] = '\n';
	post(s, text, at);
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
		refuse(s, "line too long");
		s->ending = true;
		return 1;
	}
	if (line.len && line.text[0] == '/')
		command(s, &line);
	else if (line.len)
		say(s, &line);
	buf_take(&s->in, line.size);
	return 1;
}

static void drop(struct session *s)
{
	const char *end = buf_len(&s->out) ? memchr(buf_at(&s->out), '\n', buf_len(&s->out)) : NULL;

	/* The first line stays: a part of it may have been sent. */
	if (end)
		s->out.end = end + 1 - s->out.data;
	buf_add_str(&s->out, "* error: you were too slow\n");
	STATS_ADD(s->stats, overrun, 1);
	s->ending = true;
}

static void news(struct session *s)
{
	struct guest *g = s->app;
	int found = 1;

	while (!s->ending && found > 0) {
		size_t before = buf_len(&s->out);
		uint64_t position = g->position, from;
		bool full = before >= OUT_HIGH;

		found = room_next(&position, &from, &s->out);
		if (found == -EOVERFLOW) {
			drop(s);
			return;
		}
		/* Taken back: its own, and what there is no room for, which was only read to see whether it is lost. */
		if (found > 0 && (full || from == s->number))
			s->out.end = s->out.start + before;
		if (full)
			return;
		g->position = position;
	}
}

/* The process of a connection was killed: nobody else tells the others. */
static void lost(pid_t pid)
{
	char name[NAME_SIZE], text[64];

	while (names_orphan(pid, name)) {
		int n = snprintf(text, sizeof(text), "* %s left\n", name);

		room_post(0, text, n);
	}
}

const struct app app_chat = {
	.name = "chat",
	.session_size = sizeof(struct guest),
	.start = start,
	.open = opened,
	.close = closed,
	.input = input,
	.news = news,
	.lost = lost,
	.stop = names_stop,
};
