/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Threads come and go: registration of what is there, fork, exec, rename, exit. */
#include "maps.bpf.h"
#include "blocked.bpf.h"
#include "calls.bpf.h"
#include "record.bpf.h"

/* Threads that the last pass of vmprof_register() found. */
u32 registered;

/* A child gets its record before it first runs; where its clone call returns, too, that was not entered. */
static __always_inline int on_fork(struct task_struct *parent, struct task_struct *child)
{
	struct vmprof_link *link = link_of(parent);
	struct pt_regs *regs;
	u32 flags;

	if (!link)
		return 0;
	flags = link->flags & VMPROF_F_FOLLOW;
	if (link->flags & VMPROF_F_ADOPT)
		flags = follow_children ? VMPROF_F_FOLLOW : 0;
	else if (!link->slot || (child->tgid != parent->tgid && !flags))
		return 0;
	regs = saved_regs(parent);
	open_record(child, flags, VMPROF_ST_RUNQ_WAKE, regs ? birth_call(regs) : -1, true);
	return 0;
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(vmprof_fork, struct task_struct *parent, struct task_struct *child)
{
	return on_fork(parent, child);
}

/* Its parent wakes it, under the run queue's lock: see compat.bpf.h. */
SEC("?tp_btf/sched_wakeup_new")
int BPF_PROG(vmprof_born, struct task_struct *child)
{
	return on_fork(bpf_get_current_task_btf(), child);
}

/* Does this task belong to a target, or is it the child of a thread that is followed? */
static __always_inline bool is_wanted(struct task_struct *task)
{
	struct task_struct *leader = task->group_leader, *parent;
	struct vmprof_link *link;

	if (!leader)
		return false;
	link = link_of(leader);
	if (link && link->flags & VMPROF_F_TARGET)
		return true;
	if (!follow_children)
		return false;
	parent = leader->real_parent;
	if (!parent)
		return false;
	link = link_of(parent);
	return link && link->slot && link->flags & VMPROF_F_FOLLOW;
}

/*
 * Find the threads and children of the targets, which the loader has marked. Those that run on
 * another CPU are opened unseen. The loader repeats this until a pass finds none: one pass finds the
 * children of those found before, and a child forked by a thread found in one pass was there
 * before the next, or is followed by vmprof_fork.
 */
SEC("iter/task")
int vmprof_register(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	u32 flags = follow_children ? VMPROF_F_FOLLOW : 0;
	struct vmprof_link *link;
	struct pt_regs *regs;
	u32 state;
	s32 nr;

	if (!task || task->exit_state || task->flags & PF_KTHREAD)
		return 0;
	link = link_of(task);
	if ((link && (link->slot || link->flags & VMPROF_F_SELF)) || !is_wanted(task))
		return 0;
	regs = saved_regs(task);
	nr = regs ? regs_call(regs) : -1;
	state = task->__state;
	if (task->on_cpu) {
		state = VMPROF_ST_UNSEEN;
		nr = -1; /* what its stack holds may be of an earlier entry */
	} else if (state == TASK_RUNNING) {
		state = VMPROF_ST_RUNQ_PREEMPT;
	} else {
		state = blocked_state(task, state, VMPROF_ST_OTHER);
	}
	if (open_record(task, flags, state, nr, false) > 0)
		registered++;
	return 0;
}

/* Run once by the loader, as itself, before anything is tracked. */
SEC("raw_tp/sched_switch")
int vmprof_self(void *ctx)
{
	struct pid *pid = bpf_get_current_task_btf()->thread_pid;

	own_level = pid ? pid->level : 0;
	return 0;
}

static __always_inline struct vmprof_thread *own_record(struct task_struct *task)
{
	struct vmprof_link *link = link_of(task);

	if (!link || link->slot < VMPROF_SLOT_FIRST)
		return NULL;
	return thread_at(link->slot);
}

/* The thread is its process's leader now, whichever it was (de_thread() in fs/exec.c). */
static __always_inline int on_exec(struct task_struct *task)
{
	struct vmprof_thread *rec = own_record(task);
	struct vmprof_who who = {.rec = rec};

	if (!rec)
		return 0;
	begin(&who);
	rec->tid = seen_pid(task);
	rec->execs++;
	set_comm(rec, task);
	end(&who);
	return 0;
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(vmprof_exec, struct task_struct *task)
{
	return on_exec(task);
}

SEC("?tp/sched/sched_process_exec")
int vmprof_p_exec(void *ctx)
{
	return on_exec(bpf_get_current_task_btf());
}

/* prctl(PR_SET_NAME), or a write to another thread's /proc/PID/task/TID/comm: not always its own CPU. */
SEC("tp_btf/task_rename")
int BPF_PROG(vmprof_rename, struct task_struct *task, const char *comm)
{
	struct vmprof_thread *rec = own_record(task);

	if (rec)
		bpf_probe_read_kernel_str(rec->comm, sizeof(rec->comm), comm);
	return 0;
}

/*
 * exit and exit_group do not return: counted here. The record stays open, for the thread still
 * runs; the switch that takes it off its CPU for good closes it.
 */
static __always_inline int on_end(struct task_struct *task)
{
	struct vmprof_link *link = link_of(task);
	struct vmprof_who who;
	struct pt_regs *regs;
	s32 nr;

	if (!link || !who_is(&who, link->slot, task))
		return 0;
	begin(&who);
	if (!who.shared)
		who.rec->peak_rss = (u64)task->signal->maxrss * page_size;
	regs = saved_regs(task);
	nr = regs ? regs_call(regs) : -1;
	if (detail != VMPROF_DETAIL_LEDGER && nr >= 0 && nr < VMPROF_NR_CALLS &&
	    call_info[nr & (VMPROF_NR_CALLS - 1)] & VMPROF_CALL_FINAL)
		count_call(&who, link->slot, nr, 0, 0);
	copy_counters(&who, task);
	expect_hand_on(task, who.run);
	end(&who);
	return 0;
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(vmprof_exit, struct task_struct *task)
{
	return on_end(task);
}

SEC("?tp/sched/sched_process_exit")
int vmprof_p_end(void *ctx)
{
	return on_end(bpf_get_current_task_btf());
}
