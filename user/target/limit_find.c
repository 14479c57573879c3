/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a group with a memory limit can be made. */
#include "target/limit.h"

#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

/* Is `word` among those of the file, which are separated by blanks? */
static bool has_word(const char *dir, const char *name, const char *word)
{
	char path[PATH_MAX], line[1024] = "", *rest;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = 0;
	fclose(file);
	for (char *w = strtok_r(line, " \n", &rest); w && !found; w = strtok_r(NULL, " \n", &rest))
		found = !strcmp(w, word);
	return found;
}

/* Where the hierarchy is mounted: that of version 2, or the one of version 1 with the memory controller. */
static bool find_mount(const char *root, bool v2, char mount[LIMIT_PATH])
{
	char path[PATH_MAX], buf[8192];
	bool found = false;
	struct mntent m;
	FILE *file;

	snprintf(path, sizeof(path), "%s/self/mounts", root);
	file = setmntent(path, "re");
	if (!file)
		return false;
	while (!found && getmntent_r(file, &m, buf, sizeof(buf))) {
		found = v2 ? !strcmp(m.mnt_type, "cgroup2") : !strcmp(m.mnt_type, "cgroup") && hasmntopt(&m, "memory");
		found = found && strlen(m.mnt_dir) < LIMIT_PATH / 2;
		if (found)
			strcpy(mount, m.mnt_dir);
	}
	endmntent(file);
	return found;
}

/* Our own group's name in a line of /proc/self/cgroup: "0::/name", "4:memory:/name". */
static const char *group_name(char *line, bool v2)
{
	char *controllers = strchr(line, ':'), *name = controllers ? strchr(controllers + 1, ':') : NULL, *rest;

	if (!name)
		return NULL;
	*name++ = 0;
	name[strcspn(name, "\n")] = 0;
	controllers++;
	if (v2)
		return *controllers ? NULL : name;
	for (char *c = strtok_r(controllers, ",", &rest); c; c = strtok_r(NULL, ",", &rest))
		if (!strcmp(c, "memory"))
			return name;
	return NULL;
}

/* The directory of our own group. Where the mount does not show it (in a container), the mount is our group. */
static void find_own(const char *root, bool v2, const char *mount, char dir[LIMIT_PATH])
{
	char path[PATH_MAX], line[PATH_MAX];
	const char *name = NULL;
	FILE *file;

	strcpy(dir, mount);
	snprintf(path, sizeof(path), "%s/self/cgroup", root);
	file = fopen(path, "re");
	if (!file)
		return;
	while (!name && fgets(line, sizeof(line), file))
		name = group_name(line, v2);
	fclose(file);
	if (!name || !strcmp(name, "/") || strstr(name, "/.."))
		return;
	if (snprintf(dir, LIMIT_PATH, "%s%s", mount, name) >= LIMIT_PATH / 2 + 256 || access(dir, X_OK))
		strcpy(dir, mount);
}

static bool has_line(const char *dir, const char *name)
{
	char path[PATH_MAX], line[16];
	bool has;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "re");
	if (!file)
		return false;
	has = fgets(line, sizeof(line), file);
	fclose(file);
	return has;
}

/* The one group that may have both processes and groups with controllers has no type. */
static bool is_root(const char *dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/cgroup.type", dir);
	return access(path, F_OK);
}

/* A group of version 2 that has processes can't have groups with controllers below it. Ours has: us. */
static int find_parent(struct limit *l, const char *mount)
{
	size_t top = strlen(mount);

	for (;;) {
		if (has_word(l->parent, "cgroup.subtree_control", "memory"))
			return 0;
		if (has_word(l->parent, "cgroup.controllers", "memory") &&
		    (is_root(l->parent) || !has_line(l->parent, "cgroup.procs"))) {
			l->enable = true;
			return 0;
		}
		if (strlen(l->parent) <= top)
			return -EBUSY;
		*strrchr(l->parent, '/') = 0;
	}
}

int limit_find(const char *root, struct limit *l)
{
	char mount[LIMIT_PATH];
	int err = 0;

	memset(l, 0, sizeof(*l));
	l->v2 = find_mount(root, true, mount) && has_word(mount, "cgroup.controllers", "memory");
	if (!l->v2 && !find_mount(root, false, mount))
		return -ENOENT;
	find_own(root, l->v2, mount, l->parent);
	if (l->v2)
		err = find_parent(l, mount);
	if (!err)
		snprintf(l->dir, sizeof(l->dir), "%.1900s/vmprof-curve-%d-%llx", l->parent, getpid(),
		         (unsigned long long)clock_ns());
	return err;
}
