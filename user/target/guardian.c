/* SPDX-License-Identifier: BSD-2-Clause */
#include "target/guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/limit.h"
#include "target/swap.h"

#define MAX_CHARGES  8
#define KILL_SECONDS 60 /* who waits for a disk dies only when it answers */

struct charge {
	char what; /* enum guardian_charge */
	char path[LIMIT_PATH];
};

static bool clean(const struct charge *c)
{
	int err = 0;

	switch (c->what) {
	case GUARD_GROUP:
		err = limit_kill(c->path, KILL_SECONDS);
		if (!err)
			limit_drop(c->path);
		err = err ?: limit_remove(c->path);
		break;
	case GUARD_PARENT:
		limit_disable(c->path);
		break;
	case GUARD_SWAP:
		err = swap_remove(c->path);
		break;
	}
	return !err;
}

#define PIPE 3 /* the guardian's one descriptor, but for the standard ones */

/* Nothing that ends vmprof ends us, and nothing waits for us because of what we hold. */
static void detach(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), pipe = fcntl(fd, F_DUPFD, PIPE + 1);
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "vmprof-guardian");
	for (int i = 0; i < PIPE && null >= 0; i++)
		dup2(null, i);
	dup2(pipe, PIPE);
	close_range(PIPE + 1, ~0U, 0);
	if (chdir("/"))
		return; /* a mount stays busy, no more */
}

static _Noreturn void guard(int fd)
{
	static struct charge charges[MAX_CHARGES];
	unsigned n = 0;
	bool ok = true;
	ssize_t got;

	detach(fd);
	do
		got = read(PIPE, &charges[n], sizeof(charges[n]));
	while ((got == sizeof(charges[n]) && ++n < MAX_CHARGES) || (got < 0 && errno == EINTR));
	/* Processes first: they hold all else. */
	for (unsigned i = 0; i < n; i++)
		ok = (charges[i].what != GUARD_GROUP || clean(&charges[i])) && ok;
	for (unsigned i = 0; i < n; i++)
		ok = (charges[i].what == GUARD_GROUP || clean(&charges[i])) && ok;
	_exit(!ok);
}

int guardian_start(struct guardian *g)
{
	int fds[2], err;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	g->pid = fork();
	if (g->pid == 0) {
		close(fds[1]);
		guard(fds[0]);
	}
	err = g->pid < 0 ? -errno : 0;
	close(fds[0]);
	if (err)
		close(fds[1]);
	else
		g->fd = fds[1];
	return err;
}

int guardian_charge(const struct guardian *g, enum guardian_charge what, const char *path)
{
	struct charge c = {.what = (char)what};

	_Static_assert(sizeof(c) <= 4096, "PIPE_BUF: it is written whole, or not at all");
	if (strlen(path) >= sizeof(c.path))
		return -ENAMETOOLONG;
	strcpy(c.path, path);
	return write(g->fd, &c, sizeof(c)) == sizeof(c) ? 0 : -EPIPE;
}

int guardian_end(struct guardian *g)
{
	int status = 0;

	if (!g->fd)
		return 0;
	close(g->fd);
	g->fd = 0;
	while (waitpid(g->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status ? -EIO : 0;
}
