/* SPDX-License-Identifier: BSD-2-Clause */
#include "target/listener.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/procfs.h"

#define STATE_LISTEN 0x0a /* TCP_LISTEN of include/net/tcp_states.h */

struct search {
	const char *root;
	unsigned port;
	struct pid_set *pids;
	uint64_t *inodes; /* of the sockets: few, one for each address and worker */
	size_t n;
	bool hidden;
};

static int add_inode(struct search *s, uint64_t inode)
{
	uint64_t *inodes = reallocarray(s->inodes, s->n + 1, sizeof(*inodes));

	if (!inodes)
		return -ENOMEM;
	s->inodes = inodes;
	s->inodes[s->n++] = inode;
	return 0;
}

/* The sockets of `root`/net/tcp or tcp6; without the protocol there is no such file, and no socket. */
static int read_sockets(struct search *s, const char *name)
{
	unsigned port, state;
	uint64_t inode;
	char path[PATH_MAX], *line = NULL;
	size_t room = 0;
	int err = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/net/%s", s->root, name);
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? 0 : -errno;
	while (!err && getline(&line, &room, file) > 0) {
		/* sl: local remote st tx:rx tr:when retransmits uid timeout inode */
		if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%4x %*[0-9A-Fa-f]:%*x %2x %*s %*s %*s %*u %*d %" SCNu64, &port,
		           &state, &inode) != 3)
			continue;
		if (state == STATE_LISTEN && port == s->port && inode)
			err = add_inode(s, inode);
	}
	free(line);
	fclose(file);
	return err;
}

static bool is_listener(const struct search *s, const char *link)
{
	uint64_t inode;

	if (sscanf(link, "socket:[%" SCNu64 "]", &inode) != 1)
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (s->inodes[i] == inode)
			return true;
	return false;
}

/* Has the process whose descriptors are in `dir` one of the sockets? */
static bool holds_listener(struct search *s, DIR *dir)
{
	struct dirent *entry;
	char link[64];

	while ((entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);

		if (n < 0) {
			s->hidden |= errno == EACCES || errno == EPERM;
			continue;
		}
		link[n] = 0;
		if (is_listener(s, link))
			return true;
	}
	return false;
}

static int visit(pid_t pid, void *arg)
{
	struct search *s = arg;
	char path[PATH_MAX];
	bool holds;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%d/fd", s->root, pid);
	dir = opendir(path);
	if (!dir) {
		s->hidden |= errno == EACCES || errno == EPERM;
		return errno == ENOMEM || errno == EMFILE || errno == ENFILE ? -errno : 0;
	}
	holds = holds_listener(s, dir);
	closedir(dir);
	return holds ? pid_set_add(s->pids, pid) : 0;
}

int listener_pids(const char *root, int port, struct pid_set *pids, struct listener *found)
{
	struct search s = {.root = root, .port = (unsigned)port, .pids = pids};
	int err;

	err = read_sockets(&s, "tcp");
	if (!err)
		err = read_sockets(&s, "tcp6");
	if (!err && s.n)
		err = procfs_each(root, visit, &s);
	found->listening = s.n > 0;
	found->hidden = s.hidden;
	free(s.inodes);
	return err;
}
