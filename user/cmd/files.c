/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/files.h"

#include <errno.h>
#include <string.h>

#include "base/caller.h"
#include "cmd/cmd.h"

/* One of the two. */
struct wanted {
	const char *path;
	struct out **out;
	FILE **file;
};

static int open_as(struct caller *c, const struct wanted *w)
{
	int err = caller_enter(c), back;

	if (err)
		return err;
	if (w->out) {
		err = out_open(w->out, w->path);
	} else {
		*w->file = fopen(w->path, "re");
		err = *w->file ? 0 : -errno;
	}
	back = caller_leave(c);
	return err ?: back;
}

static int open_wanted(const struct wanted *w, const char *done, bool as_root)
{
	struct caller c;
	int found = caller_find(&c, as_root), err = found ?: open_as(&c, w);

	if (found == -EPERM)
		say("--as-root: vmprof is set-uid here: only root may say that");
	else if (found == -EINVAL)
		say("%s: cannot be %s: SUDO_UID and SUDO_GID do not tell who called: unset them, or use --as-root",
		    w->path, done);
	else if ((err == -EACCES || err == -EPERM) && c.other)
		say("%s: cannot be %s by user %u, who called: %s: choose another place%s", w->path, done, c.uid,
		    strerror(-err), c.sudo ? ", or use --as-root" : "");
	else if (err)
		say("%s: cannot be %s: %s", w->path, done, strerror(-err));
	caller_free(&c);
	return err ? STATUS_FAILED : STATUS_OK;
}

int file_create(struct out **out, const char *path, bool as_root)
{
	return open_wanted(&(struct wanted){.path = path, .out = out}, "written", as_root);
}

int file_open(FILE **file, const char *path, bool as_root)
{
	return open_wanted(&(struct wanted){.path = path, .file = file}, "read", as_root);
}
