/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/caller.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/parse.h"

/* Those of the user in the group database; who has no name has none but the given one. */
static int find_groups(struct caller *c)
{
	const struct passwd *pw = getpwuid(c->uid);
	/* Its answer is overwritten by the next look-up. */
	char *name = pw ? strdup(pw->pw_name) : NULL;
	int room = 64, err = pw && !name ? -ENOMEM : 0;

	while (!err && !c->ngroups) {
		gid_t *groups = reallocarray(c->groups, (size_t)room, sizeof(*groups));
		int n = room;

		if (!groups) {
			err = -ENOMEM;
			break;
		}
		c->groups = groups;
		if (!name) {
			groups[0] = c->gid;
			c->ngroups = 1;
		} else if (getgrouplist(name, c->gid, groups, &n) >= 0) {
			c->ngroups = n;
		} else {
			room = n > room ? n : 2 * room;
		}
	}
	free(name);
	return err;
}

/* What sudo says of its caller. */
static int find_sudo(struct caller *c, const char *sudo_uid, const char *sudo_gid)
{
	uint64_t uid, gid;

	/* The highest number means "leave it as it is" to setresuid(2). */
	if (!sudo_gid || parse_u64(sudo_uid, 0, UINT32_MAX - 1, &uid) || parse_u64(sudo_gid, 0, UINT32_MAX - 1, &gid))
		return -EINVAL;
	if (uid == 0)
		return 0;
	c->other = c->sudo = true;
	c->uid = (uid_t)uid;
	c->gid = (gid_t)gid;
	return find_groups(c);
}

int caller_find(struct caller *c, bool as_root)
{
	const char *sudo_uid = getenv("SUDO_UID");

	*c = (struct caller){0};
	/* Set-uid: the environment is the caller's, and no authority. */
	if (getuid() != geteuid() || getgid() != getegid()) {
		c->other = true;
		c->uid = getuid();
		c->gid = getgid();
		return as_root ? -EPERM : 0;
	}
	if (as_root || geteuid() != 0 || !sudo_uid)
		return 0;
	return find_sudo(c, sudo_uid, getenv("SUDO_GID"));
}

void caller_free(struct caller *c)
{
	free(c->groups);
	free(c->our_groups);
	*c = (struct caller){0};
}

/* Supplementary groups first: after setresuid we may not. */
int caller_become(const struct caller *c)
{
	/* A kernel that has no ambient capabilities has none to clear. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) && errno != EINVAL)
		return -1;
	if (c->groups && setgroups((size_t)c->ngroups, c->groups))
		return -1;
	if (setresgid(c->gid, c->gid, c->gid))
		return -1;
	return setresuid(c->uid, c->uid, c->uid);
}

static int save_groups(struct caller *c)
{
	int n = getgroups(0, NULL);

	if (n < 0)
		return -errno;
	c->our_groups = calloc((size_t)n + 1, sizeof(*c->our_groups));
	if (!c->our_groups)
		return -ENOMEM;
	c->n_our_groups = getgroups(n, c->our_groups);
	return c->n_our_groups < 0 ? -errno : 0;
}

/* seteuid(2), not setfsuid(2): files of /proc/sys ask for the effective user. It takes the capabilities along. */
int caller_enter(struct caller *c)
{
	int err = c->other && c->groups ? save_groups(c) : 0;

	if (err || !c->other)
		return err;
	c->our_uid = geteuid();
	c->our_gid = getegid();
	if ((c->groups && setgroups((size_t)c->ngroups, c->groups)) || setegid(c->gid) || seteuid(c->uid)) {
		err = -errno;
		caller_leave(c);
	}
	return err;
}

int caller_leave(struct caller *c)
{
	if (!c->other)
		return 0;
	if (seteuid(c->our_uid) || setegid(c->our_gid) ||
	    (c->groups && setgroups((size_t)c->n_our_groups, c->our_groups)))
		return -errno;
	return 0;
}
