/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What differs between kernels and machines. Nobody else mentions either. */
#ifndef VMPROF_COMPAT_BPF_H
#define VMPROF_COMPAT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/*
 * sched_switch has prev_state as its 4th argument since 5.18 (fa2c3254d7cf, 9c2136be0878);
 * before, prev->__state is all there is. Set by the loader from the kernel's BTF.
 */
#ifndef VMPROF_CORE
extern
#endif
	const volatile bool switch_has_prev_state;

static __always_inline u32 switch_prev_state(u64 *ctx, struct task_struct *prev)
{
	return switch_has_prev_state ? (u32)ctx[3] : prev->__state;
}

/* The user's registers as saved on entry; bpf_task_pt_regs() is there since 5.15 (dd6e10fbd9fb). */
static __always_inline struct pt_regs *saved_regs(struct task_struct *task)
{
	return (struct pt_regs *)bpf_task_pt_regs(task);
}

/*
 * An index below `size`, a power of two, that the verifier believes. Before 6.9 (e67ddd9b1cff) it forgets what a
 * comparison says of a value without bounds once the compiler has put that on the stack; a mask in place it sees.
 */
static __always_inline u32 bounded(u32 index, const u32 size)
{
	asm volatile("%0 &= %1" : "+r"(index) : "i"(size - 1));
	return index;
}

/*
 * Since 7.1 the kernel may take the CPU from a thread in the middle of a raw tracepoint's program (a46023d5616e,
 * f7d327654b88), since 7.2 also in those of system calls, and skips that program on this CPU for all others until the
 * thread goes on: whole time slices of calls were missed. What perf attaches still runs without preemption, and so
 * does what is called under the run queue's lock. These programs take the place of the others there; perf's need
 * tracefs.
 */
struct perf_sys_enter {
	u64 common;
	long id;
};

struct perf_sys_exit {
	u64 common;
	long id;
	long ret;
};

#if defined(__TARGET_ARCH_x86)

/* The call a thread is in, -1: none, a fault or an interrupt. */
static __always_inline s32 regs_call(struct pt_regs *regs)
{
	return (s32)regs->orig_ax;
}

/* The call that a new child returns from before all others: its clone, whose return is told in the child, too. */
static __always_inline s32 birth_call(struct pt_regs *parents)
{
	return regs_call(parents);
}

static __always_inline u64 regs_arg0(struct pt_regs *regs)
{
	return regs->di;
}

/* rt_sigreturn restores the interrupted registers, and with them orig_ax -1. */
#define VMPROF_NR_SIGRETURN 15

/* A 32-bit system call: its number means another call than ours. */
static __always_inline bool in_compat_call(struct task_struct *task)
{
	return task->thread_info.status & TS_COMPAT;
}

/* Stores are not reordered with stores on x86: only the compiler must be kept from it. */
static __always_inline void write_barrier(u32 *any)
{
	asm volatile("" ::: "memory");
}

#elif defined(__TARGET_ARCH_arm64)

static __always_inline s32 regs_call(struct pt_regs *regs)
{
	return regs->syscallno;
}

/* None: ret_from_fork in arch/arm64/kernel/entry.S goes to user mode without sys_exit. */
static __always_inline s32 birth_call(struct pt_regs *parents)
{
	return -1;
}

static __always_inline u64 regs_arg0(struct pt_regs *regs)
{
	return regs->orig_x0;
}

#define VMPROF_NR_SIGRETURN 139

static __always_inline bool in_compat_call(struct task_struct *task)
{
	return false;
}

/* BPF atomics that fetch are fully ordered (Documentation/bpf/standardization/instruction-set.rst). */
static __always_inline void write_barrier(u32 *any)
{
	__sync_fetch_and_add(any, 0);
}

#endif
#endif
