/* SPDX-License-Identifier: BSD-2-Clause */
/* The generated skeleton, with the types it names. */
#ifndef COLLECT_SKELETON_H
#define COLLECT_SKELETON_H

#include <stdbool.h>
#include <linux/types.h>

#include "vmprof_abi.h"

typedef __u8 u8;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;

#include "vmprof.skel.h"

#endif
