/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that options name: opened with the rights of the user who called sudo, or a set-uid binary. */
#ifndef CMD_FILES_H
#define CMD_FILES_H

#include <stdbool.h>
#include <stdio.h>

#include "base/out.h"

/* To write to. 0, or STATUS_FAILED after an error has been printed. */
int file_create(struct out **out, const char *path, bool as_root);

/* To read from. As above. */
int file_open(FILE **file, const char *path, bool as_root);

#endif
