/* SPDX-License-Identifier: BSD-2-Clause */
#include "target/select.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "target/cgroup.h"
#include "target/listener.h"
#include "target/procfs.h"

/* Where `pid` is in the set, or would be. */
static size_t position(const struct pid_set *set, pid_t pid)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (set->at[mid] < pid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int pid_set_add(struct pid_set *set, pid_t pid)
{
	size_t i = position(set, pid);

	if (i < set->n && set->at[i] == pid)
		return 0;
	if (set->n == set->room) {
		size_t room = set->room ? 2 * set->room : 16;
		pid_t *at = reallocarray(set->at, room, sizeof(*at));

		if (!at)
			return -ENOMEM;
		set->at = at;
		set->room = room;
	}
	memmove(&set->at[i + 1], &set->at[i], (set->n - i) * sizeof(set->at[i]));
	set->at[i] = pid;
	set->n++;
	return 0;
}

bool pid_set_has(const struct pid_set *set, pid_t pid)
{
	size_t i = position(set, pid);

	return i < set->n && set->at[i] == pid;
}

void pid_set_free(struct pid_set *set)
{
	free(set->at);
	*set = (struct pid_set){0};
}

/* One criterion being searched for. */
struct search {
	const char *root;
	struct pid_set *set;
	const char *comm;
	uid_t uid;
	size_t found; /* those that were in the set already count too */
};

static int fail(struct select_error *err, int why, const char *what)
{
	err->why = why;
	snprintf(err->what, sizeof(err->what), "%s", what);
	return why == SELECT_BAD_PID ? -EINVAL : -ESRCH;
}

/*
 * Add a process that was found, unless nothing can be measured of it: kernel threads, zombies and
 * ourselves, and what has ended since. 0 or -ENOMEM.
 */
static int found(struct search *s, pid_t pid)
{
	struct proc_stat st;
	bool zombie;

	if (pid == getpid() || procfs_stat(s->root, pid, &st))
		return 0;
	zombie = (st.state == 'Z' && st.threads <= 1) || st.state == 'X';
	if (zombie || (st.flags & PROC_PF_KTHREAD))
		return 0;
	s->found++;
	return pid_set_add(s->set, pid);
}

/* --pid */

static int add_pid(struct search *s, pid_t pid, struct select_error *err)
{
	struct proc_stat st;
	char what[16];
	pid_t tgid;

	snprintf(what, sizeof(what), "%d", pid);
	if (procfs_stat(s->root, pid, &st) || procfs_tgid(s->root, pid, &tgid))
		return fail(err, SELECT_NO_PID, what);
	if (tgid != pid)
		return fail(err, SELECT_IS_THREAD, what);
	if (st.flags & PROC_PF_KTHREAD)
		return fail(err, SELECT_KERNEL_THREAD, what);
	return pid_set_add(s->set, pid);
}

/* Numbers between single commas or any blanks. `what` becomes the item that is none. */
static int parse_pids(const char *list, struct pid_set *pids, char *what, size_t room)
{
	const char *blanks = " \t\n", *p = list;
	uint64_t pid;

	for (;;) {
		size_t n;
		int err;

		p += strspn(p, blanks);
		n = strcspn(p, ", \t\n");
		snprintf(what, room, "%.*s", (int)(n < room ? n : room - 1), p);
		/* What does not fit is no number that could be meant, cut off or not. */
		if (n >= room || parse_u64(what, 1, INT_MAX, &pid))
			return -EINVAL;
		err = pid_set_add(pids, (pid_t)pid);
		if (err)
			return err;
		p += n;
		p += strspn(p, blanks);
		if (!*p)
			return 0;
		if (*p == ',')
			p++;
	}
}

static int select_by_pid(struct search *s, const char *list, struct select_error *err)
{
	struct pid_set pids = {0};
	char what[sizeof(err->what)];
	int r = parse_pids(list, &pids, what, sizeof(what));

	if (r == -EINVAL)
		fail(err, SELECT_BAD_PID, *what ? what : list);
	for (size_t i = 0; !r && i < pids.n; i++)
		r = add_pid(s, pids.at[i], err);
	pid_set_free(&pids);
	return r;
}

/* --comm, --user */

static int visit_comm(pid_t pid, void *arg)
{
	struct search *s = arg;
	struct proc_stat st;

	if (procfs_stat(s->root, pid, &st) || fnmatch(s->comm, st.comm, 0) != 0)
		return 0;
	return found(s, pid);
}

static int visit_user(pid_t pid, void *arg)
{
	struct search *s = arg;
	uid_t uid;

	if (procfs_uid(s->root, pid, &uid) || uid != s->uid)
		return 0;
	return found(s, pid);
}

static int select_by_comm(struct search *s, const char *comm, struct select_error *err)
{
	int r;

	s->comm = comm;
	r = procfs_each(s->root, visit_comm, s);
	return r || s->found ? r : fail(err, SELECT_NONE, comm);
}

static int select_by_user(struct search *s, const char *user, struct select_error *err)
{
	const struct passwd *pw = getpwnam(user);
	uint64_t uid;
	int r;

	if (pw)
		s->uid = pw->pw_uid;
	else if (!parse_u64(user, 0, UINT32_MAX - 1, &uid))
		s->uid = (uid_t)uid;
	else
		return fail(err, SELECT_NO_USER, user);
	r = procfs_each(s->root, visit_user, s);
	return r || s->found ? r : fail(err, SELECT_NONE, user);
}

/* --cgroup, --port */

static int found_all(struct search *s, const struct pid_set *pids)
{
	int r = 0;

	for (size_t i = 0; !r && i < pids->n; i++)
		r = found(s, pids->at[i]);
	return r;
}

static int select_by_cgroup(struct search *s, const char *cgroup, struct select_error *err)
{
	struct pid_set pids = {0};
	int r = cgroup_pids(s->root, cgroup, &pids);

	if (r == -ENOENT)
		r = fail(err, SELECT_NO_CGROUP, cgroup);
	if (!r)
		r = found_all(s, &pids);
	pid_set_free(&pids);
	return r || s->found ? r : fail(err, SELECT_NONE, cgroup);
}

static int select_by_port(struct search *s, int port, struct select_error *err)
{
	struct pid_set pids = {0};
	struct listener listener;
	char what[16];
	int r;

	snprintf(what, sizeof(what), "%d", port);
	r = listener_pids(s->root, port, &pids, &listener);
	if (!r)
		r = found_all(s, &pids);
	pid_set_free(&pids);
	if (r || s->found)
		return r;
	if (!listener.listening)
		return fail(err, SELECT_NO_LISTENER, what);
	/* The holder may be in another PID namespace, or be the kernel. */
	return fail(err, listener.hidden ? SELECT_HIDDEN : SELECT_NONE, what);
}

int select_pids(const char *root, const struct selection *sel, struct pid_set *set, struct select_error *err)
{
	struct search s = {.root = root, .set = set};
	int r = 0;

	*err = (struct select_error){0};
	if (sel->pids)
		r = select_by_pid(&s, sel->pids, err);
	s.found = 0;
	if (!r && sel->comm)
		r = select_by_comm(&s, sel->comm, err);
	s.found = 0;
	if (!r && sel->user)
		r = select_by_user(&s, sel->user, err);
	s.found = 0;
	if (!r && sel->cgroup)
		r = select_by_cgroup(&s, sel->cgroup, err);
	s.found = 0;
	if (!r && sel->port)
		r = select_by_port(&s, sel->port, err);
	return r;
}
