/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who called us, where that is not who we are: root through sudo, or a set-uid binary. What the caller names, a file or
 * a command, is opened and executed with the caller's rights, not with ours.
 */
#ifndef BASE_CALLER_H
#define BASE_CALLER_H

#include <stdbool.h>
#include <sys/types.h>

struct caller {
	bool other; /* than we are; else the rest is not set */
	bool sudo;  /* called sudo; the environment may be root's */
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary; NULL: ours are the caller's */
	int ngroups;

	/* Between caller_enter() and caller_leave(): what we were. */
	uid_t our_uid;
	gid_t our_gid;
	gid_t *our_groups;
	int n_our_groups;
};

/*
 * 0; -EINVAL: SUDO_UID and SUDO_GID are nonsense; -ENOMEM. With `as_root` we are the caller; in a set-uid run that is
 * not the caller's to say: -EPERM.
 */
int caller_find(struct caller *c, bool as_root);
void caller_free(struct caller *c);

/* Become the caller for good and without capabilities, in a child. Safe after fork. -1 with errno. */
int caller_become(const struct caller *c);

/* Act with the caller's rights from here to caller_leave(). 0 or -errno, of either: then nothing is to be done. */
int caller_enter(struct caller *c);
int caller_leave(struct caller *c);

#endif
