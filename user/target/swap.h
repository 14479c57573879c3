/* SPDX-License-Identifier: BSD-2-Clause */
/* A swap file for the time of a run. */
#ifndef TARGET_SWAP_H
#define TARGET_SWAP_H

#include <stdint.h>

#define SWAP_MIN (UINT64_C(1) << 20)
#define SWAP_DIR "/var/tmp" /* on a disk, unlike /tmp on many machines */

/*
 * Make the swap file `path`, which must not exist, of `bytes`, readable by nobody else, and swap to it. 0, -ENOSPC:
 * the disk is full, -EINVAL: this file system can't hold one, -EPERM, or another -errno; `path` may then be there,
 * and swap_remove() takes it away.
 */
int swap_make(const char *path, uint64_t bytes);

/* Take it out of use, which brings back what is in it, and remove it. 0 (also if it is not there) or -errno. */
int swap_remove(const char *path);

#endif
