/* SPDX-License-Identifier: BSD-2-Clause */
/* Regular files below one directory, and no way out of it. */
#ifndef SERVERS_FILES_H
#define SERVERS_FILES_H

#include <stddef.h>
#include <time.h>
#include "buf.h"

#define FILE_NAME_SIZE 4096
#define FILE_MAX       ((size_t)16 << 20) /* bytes */

struct file {
	int fd;
	size_t size;
	time_t changed;
	char name[FILE_NAME_SIZE]; /* below the root; that of the index.html, if it is one */
};

/* A directory that file_open() can be asked for the files of: a descriptor, or -errno. */
int files_root(const char *path);

/*
 * The file `name` below `root`; of a directory, its index.html. 0; -ENOENT: there is none that may be read (not
 * regular, outside of the root, no permission, larger than FILE_MAX); another -errno: not now (descriptors or memory
 * are short).
 */
int file_open(int root, const char *name, struct file *f);
void file_close(struct file *f);

/*
 * Append all of it. 0; -ENOMEM; -EIO: it can't be read, or has become shorter. After an error `to` is as it was before,
 * and can be used.
 */
int file_read(const struct file *f, struct buf *to);

#endif
