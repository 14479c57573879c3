/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Defines what maps.bpf.h and compat.bpf.h declare: maps, configuration, pools, losses; the licence. */
#define VMPROF_CORE
#include "maps.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
