/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/curve_copies.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define KEPT 65536      /* bytes of what it said */
#define ROOM (2 * KEPT) /* before the older half of it goes */

static void free_argv(char **argv)
{
	for (char **a = argv; argv && *a; a++)
		free(*a);
	free(argv);
}

/* `arg` with the number in place of each {}; NULL: no memory. */
static char *numbered(const char *arg, unsigned number)
{
	char *to = malloc(5 * strlen(arg) + 1), *end = to; /* the number has at most 10 digits */

	while (to && *arg) {
		if (!strncmp(arg, "{}", 2)) {
			end += sprintf(end, "%u", number);
			arg += 2;
		} else {
			*end++ = *arg++;
		}
	}
	if (to)
		*end = 0;
	return to;
}

static char **argv_of(char *const argv[], unsigned number)
{
	size_t n = 0;
	char **to;

	while (argv[n])
		n++;
	to = calloc(n + 1, sizeof(*to));
	for (size_t i = 0; to && i < n; i++) {
		to[i] = numbered(argv[i], number);
		if (!to[i]) {
			free_argv(to);
			return NULL;
		}
	}
	return to;
}

static int open_speech(struct speech *s, bool last, int *theirs)
{
	int fds[2];

	*s = (struct speech){.fd = -1, .text = malloc(ROOM + 1), .last = last};
	if (!s->text)
		return -ENOMEM;
	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	s->fd = fds[0];
	*theirs = fds[1];
	return fcntl(s->fd, F_SETFL, O_NONBLOCK) ? -errno : 0;
}

static void close_speech(struct speech *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static void close_copy(struct copy *c)
{
	close_speech(&c->out);
	close_speech(&c->err);
	free(c->out.text);
	free(c->err.text);
	if (c->pidfd >= 0)
		close(c->pidfd);
}

static int start(struct copy *c, unsigned number, char *const argv[], const struct command_options *options,
                 const char **failed)
{
	struct command_options o = *options;
	char **own = argv_of(argv, number);
	int err = own ? 0 : -ENOMEM;

	*failed = "pipe";
	err = err ?: open_speech(&c->out, true, &o.out);
	err = err ?: open_speech(&c->err, false, &o.err);
	err = err ?: command_start(own, &o, &c->pid, failed);
	if (o.out)
		close(o.out);
	if (o.err)
		close(o.err);
	free_argv(own);
	if (err)
		return err;
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->pidfd >= 0)
		return 0;
	err = -errno;
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	*failed = "pidfd";
	return err;
}

int copies_start(struct copies *c, char *const argv[], const struct command_options *o, const char **failed)
{
	struct copy *at = reallocarray(c->at, c->n + 1, sizeof(*at)), *copy;
	int err;

	*failed = "memory";
	if (!at)
		return -ENOMEM;
	c->at = at;
	if (!c->n)
		c->begin = clock_ns();
	copy = &c->at[c->n];
	*copy = (struct copy){.pidfd = -1, .out.fd = -1, .err.fd = -1};
	err = start(copy, c->n + 1, argv, o, failed);
	if (err) {
		close_copy(copy);
		return err;
	}
	c->n++;
	c->alive++;
	c->started = clock_ns();
	return 0;
}

bool copies_read(struct speech *s)
{
	char beyond[4096];
	ssize_t n;

	if (s->fd < 0)
		return false;
	for (;;) {
		if (s->n == ROOM && s->last) {
			memmove(s->text, s->text + ROOM - KEPT, KEPT);
			s->n = KEPT;
		}
		n = s->n < ROOM ? read(s->fd, s->text + s->n, ROOM - s->n) : read(s->fd, beyond, sizeof(beyond));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0)
			break;
		if (s->n < ROOM)
			s->n += (size_t)n;
	}
	close_speech(s);
	return false;
}

void copies_ended(struct copies *c, unsigned i)
{
	struct copy *copy = &c->at[i];

	if (copy->pidfd < 0 || waitpid(copy->pid, &copy->status, WNOHANG) != copy->pid)
		return;
	close(copy->pidfd);
	copy->pidfd = -1;
	c->alive--;
	c->last_end = clock_ns();
	c->first_end = c->first_end ?: c->last_end;
}

void copies_finish(struct copies *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		struct speech *both[] = {&c->at[i].out, &c->at[i].err};

		for (unsigned k = 0; k < 2; k++) {
			copies_read(both[k]);
			close_speech(both[k]);
			for (char *p = both[k]->text, *end = p + both[k]->n; p < end; p++)
				*p = *p ?: ' ';
			both[k]->text[both[k]->n] = 0;
		}
	}
}

void copies_free(struct copies *c)
{
	for (unsigned i = 0; i < c->n; i++)
		close_copy(&c->at[i]);
	free(c->at);
	*c = (struct copies){0};
}

void copies_complaint(struct copy *c, char *to, size_t room)
{
	char line[512];
	size_t n = 0;

	copies_read(&c->err);
	for (size_t i = 0; i < c->err.n && n < sizeof(line) - 1; i++) {
		char at = c->err.text[i];

		if (at == '\n' && n)
			break;
		if (at && (n || at != '\n'))
			line[n++] = at;
	}
	line[n] = 0;
	text_plain(to, room, line);
}

/* The whole group is one number, finite and not negative. */
static bool to_number(const char *text, size_t n, double *number)
{
	char digits[64], *end;

	if (!n || n >= sizeof(digits))
		return false;
	memcpy(digits, text, n);
	digits[n] = 0;
	*number = strtod(digits, &end);
	return !*end && isfinite(*number) && *number >= 0;
}

bool copies_number(const struct copy *c, const regex_t *regex, double *number)
{
	const char *text = c->out.text;
	regmatch_t m[2] = {{.rm_so = 0, .rm_eo = (regoff_t)c->out.n}};
	bool found = false;
	double v;

	/* REG_STARTEND: what ^ and word boundaries see before the start is what is there. */
	while (!regexec(regex, text, 2, m, REG_STARTEND)) {
		regoff_t next = m[0].rm_eo > m[0].rm_so ? m[0].rm_eo : m[0].rm_eo + 1;

		if (m[1].rm_so >= 0 && to_number(text + m[1].rm_so, (size_t)(m[1].rm_eo - m[1].rm_so), &v)) {
			*number = v;
			found = true;
		}
		if ((size_t)next > c->out.n)
			break;
		m[0] = (regmatch_t){next, (regoff_t)c->out.n};
	}
	return found;
}
