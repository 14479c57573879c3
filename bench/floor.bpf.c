/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs that do nothing, on the tracepoints vmprof uses: what no profiler there can go below. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define EMPTY(tracepoint)                 \
	SEC("tp_btf/" #tracepoint)        \
	int floor_##tracepoint(void *ctx) \
	{                                 \
		return 0;                 \
	}

/* cppcheck-suppress unknownMacro */
EMPTY(sys_enter)
EMPTY(sys_exit)
EMPTY(sched_switch)
EMPTY(sched_wakeup)
EMPTY(page_fault_user)

char LICENSE[] SEC("license") = "Dual BSD/GPL";
