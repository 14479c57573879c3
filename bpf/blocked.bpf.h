/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a thread waits for, found out when it blocks: a rare path. */
#ifndef VMPROF_BLOCKED_BPF_H
#define VMPROF_BLOCKED_BPF_H

#include "maps.bpf.h"

/* Documentation/admin-guide/devices.txt: consoles, serial lines, virtual terminals, pty slaves. */
static __always_inline bool is_tty(u32 rdev)
{
	u32 major = rdev >> 20;

	return major == 4 || major == 5 || (major >= 136 && major <= 143) || major == 166 || major == 188 ||
	       major == 204 || major == 229;
}

/* An anonymous inode says what it is through its name alone: "[eventfd]". */
static __always_inline u32 anon_state(struct file *file)
{
	char name[8] = {};

	bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (name[0] != '[')
		return VMPROF_ST_OTHER;
	if (name[1] == 'e' && name[2] == 'v' && name[3] == 'e' && name[4] == 'n' && name[5] == 't' && name[6] == 'f')
		return VMPROF_ST_PIPE;
	if (name[1] == 't' && name[2] == 'i' && name[3] == 'm' && name[4] == 'e' && name[5] == 'r')
		return VMPROF_ST_SLEEP; /* [timerfd] */
	return VMPROF_ST_OTHER;
}

static __always_inline u32 fd_state(struct task_struct *task, u64 fd)
{
	struct files_struct *files = task->files;
	struct file *file = NULL;
	struct fdtable *fdt;
	struct inode *inode;
	u32 type;

	/* Plain loads where the types are known: a probe read costs ten times as much, and each switch may come here.
	 */
	if (!files)
		return VMPROF_ST_OTHER;
	fdt = files->fdt;
	if (!fdt || fd >= fdt->max_fds)
		return VMPROF_ST_OTHER;
	bpf_probe_read_kernel(&file, sizeof(file), fdt->fd + fd);
	if (!file)
		return VMPROF_ST_OTHER;
	inode = BPF_CORE_READ(file, f_inode);
	type = BPF_CORE_READ(inode, i_mode) & S_IFMT;
	if (type == S_IFSOCK)
		return VMPROF_ST_NET;
	if (type == S_IFIFO)
		return VMPROF_ST_PIPE;
	if (type == S_IFCHR)
		return is_tty(BPF_CORE_READ(inode, i_rdev)) ? VMPROF_ST_PIPE : VMPROF_ST_OTHER;
	return anon_state(file);
}

/*
 * The state of a task that is off the CPU and not runnable. The saved registers say which call
 * it is in, -1 that it is in none: a page fault. `before`: what it last blocked in, for
 * restart_syscall(2), which goes on with that. Waiting for io_uring is waiting for
 * events, although it may set in_iowait.
 */
static __always_inline u32 blocked_state(struct task_struct *task, u32 task_state, u32 before)
{
	struct pt_regs *regs;
	u32 class;
	s32 nr;

	if (task_state & (__TASK_STOPPED | __TASK_TRACED | TASK_FROZEN))
		return VMPROF_ST_STOPPED;
	/*
	 * A frozen cgroup v2 holds its tasks in an interruptible sleep (do_freezer_trap() in kernel/signal.c). Who
	 * waits for a vforked child counts as frozen, too (wait_for_vfork_done()), but is not interruptible.
	 */
	if (bpf_core_field_exists(task->frozen) && BPF_CORE_READ_BITFIELD(task, frozen) &&
	    task_state & TASK_INTERRUPTIBLE)
		return VMPROF_ST_STOPPED;
	if (task->flags & PF_EXITING)
		return VMPROF_ST_OTHER;
	regs = saved_regs(task);
	if (!regs)
		return VMPROF_ST_OTHER;
	nr = regs_call(regs);
	if (nr < 0)
		return VMPROF_ST_FAULT;
	class = VMPROF_CALL_OTHER;
	if (nr < VMPROF_NR_CALLS && !in_compat_call(task))
		class = call_info[nr & (VMPROF_NR_CALLS - 1)] & VMPROF_CALL_CLASS;
	if (class == VMPROF_CALL_POLL)
		return VMPROF_ST_POLL;
	if (BPF_CORE_READ_BITFIELD(task, in_iowait))
		return VMPROF_ST_DISK;

	switch (class) {
	case VMPROF_CALL_FD:
		return fd_state(task, regs_arg0(regs));
	case VMPROF_CALL_NET:
		return VMPROF_ST_NET;
	case VMPROF_CALL_PIPE:
		return VMPROF_ST_PIPE;
	case VMPROF_CALL_LOCK:
		return VMPROF_ST_LOCK;
	case VMPROF_CALL_SLEEP:
		return VMPROF_ST_SLEEP;
	case VMPROF_CALL_CHILD:
		return VMPROF_ST_CHILD;
	case VMPROF_CALL_DISK:
		return VMPROF_ST_DISK;
	case VMPROF_CALL_RESTART:
		return before;
	default:
		return VMPROF_ST_OTHER;
	}
}

#endif
