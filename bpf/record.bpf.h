/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The life of a record: opened, kept up to date, closed. */
#ifndef VMPROF_RECORD_BPF_H
#define VMPROF_RECORD_BPF_H

#include "maps.bpf.h"
#include "pids.bpf.h"

static __always_inline bool times_calls(void)
{
	return detail == VMPROF_DETAIL_FULL;
}

/* On a CPU: in a call or not. Without sys_enter that is not known, and all is `user`. */
static __always_inline u32 running_state(struct vmprof_run *run)
{
	return times_calls() && run->nr >= 0 ? VMPROF_ST_SYS : VMPROF_ST_USER;
}

/* For events of the CPU the thread runs on: what registration left open. */
static __always_inline void settle(struct vmprof_who *who)
{
	if (who->run->state == VMPROF_ST_UNSEEN)
		who->run->state = running_state(who->run);
}

/* How long the thread has been handling a page fault, on this CPU, that is not charged yet. */
static __always_inline u64 fault_ns(struct vmprof_run *run, u64 now)
{
	u64 fault = *(volatile u64 *)&run->fault, since = *(volatile u64 *)&run->since;
	u64 from = fault > since ? fault : since; /* it may have been off the CPU */

	return fault && from < now ? now - from : 0;
}

/*
 * This goes beside what charge() does, not into it: the programs at a fault, unlike all others, may be preempted
 * anywhere by a switch, and so change one word at a time. The states add up whatever is counted here.
 */
static __always_inline void charge_fault(struct vmprof_who *who, u64 ns)
{
	add(&who->rec->ns[VMPROF_ST_FAULT_CPU], ns, true);
	if (running_state(who->run) == VMPROF_ST_SYS)
		add(&who->rec->sys_fault_ns, ns, true);
}

/* For events of the CPU the thread runs on, before charge(): a fault may go on. */
static __always_inline void continue_fault(struct vmprof_who *who, u64 now)
{
	struct vmprof_run *run = who->run;

	if (!run->fault || run->state > VMPROF_ST_SYS)
		return;
	charge_fault(who, fault_ns(run, now));
	run->fault = now;
}

/* 0 without CONFIG_SCHED_INFO. */
static __always_inline u64 run_delay(struct task_struct *task)
{
	return bpf_core_field_exists(task->sched_info) ? task->sched_info.run_delay : 0;
}

static __always_inline void read_counters(struct task_struct *task, u64 *k)
{
	k[VMPROF_K_VCSW] = task->nvcsw;
	k[VMPROF_K_IVCSW] = task->nivcsw;
	k[VMPROF_K_MINFLT] = task->min_flt;
	k[VMPROF_K_MAJFLT] = task->maj_flt;
	k[VMPROF_K_MIGRATIONS] = task->se.nr_migrations;
	k[VMPROF_K_CPU_NS] = task->se.sum_exec_runtime;
	k[VMPROF_K_UTIME_NS] = task->utime;
	k[VMPROF_K_STIME_NS] = task->stime;
	/* CONFIG_TASK_IO_ACCOUNTING */
	if (bpf_core_field_exists(task->ioac.read_bytes)) {
		k[VMPROF_K_READ_BYTES] = task->ioac.read_bytes;
		k[VMPROF_K_WRITE_BYTES] = task->ioac.write_bytes;
	}
	k[VMPROF_K_RUN_DELAY] = run_delay(task);
}

/* At its exit, what a parent that waits for this process will have when it has: see is_handed_on(). */
static __always_inline void expect_hand_on(struct task_struct *task, struct vmprof_run *run)
{
	struct signal_struct *sig = task->signal, *parent = task->real_parent->signal;

	run->parent_minflt = parent->cmin_flt + sig->min_flt + sig->cmin_flt;
	run->parent_vcsw = parent->cnvcsw + sig->nvcsw + sig->cnvcsw;
}

/*
 * Has somebody taken over the counters of this task, so that the switch at hand is in nobody's
 * getrusage, and must not be in ours? A thread hands them to its group when it releases itself
 * (release_task() in kernel/exit.c). A process's parent marks it EXIT_DEAD, asks for its CPU time,
 * takes its counters, and releases it (wait_task_zombie()), all of which may happen while the process
 * leaves its CPU for the last time. What the parent has then says which came first. If it has taken
 * over another child, too, prev_cputime has to do: it holds less than the CPU time now if the
 * parent asked while the process was still on the queue.
 */
static __always_inline bool is_handed_on(struct task_struct *task, struct vmprof_run *run)
{
	struct signal_struct *sig, *parent;
	u64 minflt, told;

	/* On each switch: nothing else may come before this. */
	if (task->exit_state != EXIT_DEAD || run->handed_on)
		return run->handed_on;
	sig = task->signal;
	parent = task->real_parent->signal;
	minflt = parent->cmin_flt;
	told = sig->prev_cputime.utime + sig->prev_cputime.stime;
	if (task->pid != task->tgid)
		run->handed_on = true;
	else if (minflt == run->parent_minflt + task->min_flt)                /* it has ours, and so our switches */
		run->handed_on = task->nvcsw == run->kernel[VMPROF_K_VCSW] || /* this one is involuntary */
		                 parent->cnvcsw != run->parent_vcsw + task->nvcsw;
	else if (minflt > run->parent_minflt + task->min_flt)
		run->handed_on =
			!task->sighand || (told > run->kernel[VMPROF_K_CPU_NS] && told < task->se.sum_exec_runtime);
	return run->handed_on;
}

/* Bring the kernel's counters over. */
static __always_inline void copy_counters(struct vmprof_who *who, struct task_struct *task)
{
	u64 *kernel = who->run->kernel;
	u64 vcsw = kernel[VMPROF_K_VCSW], ivcsw = kernel[VMPROF_K_IVCSW];
	bool gone = is_handed_on(task, who->run);

	if (who->shared) {
		/* The others' raw values stay 0 and their base falls: `now - base` holds. */
		u64 k[VMPROF_NKCOUNTERS] = {};

		read_counters(task, k);
		if (gone) {
			k[VMPROF_K_VCSW] = vcsw;
			k[VMPROF_K_IVCSW] = ivcsw;
		}
		for (int i = 0; i < VMPROF_NKCOUNTERS; i++) {
			__sync_fetch_and_add(&who->rec->base[i], kernel[i] - k[i]);
			kernel[i] = k[i];
		}
		return;
	}
	read_counters(task, kernel);
	if (gone) {
		kernel[VMPROF_K_VCSW] = vcsw;
		kernel[VMPROF_K_IVCSW] = ivcsw;
	}
}

/* The thread has left its CPU for the last time: nobody will touch the record again. */
static __always_inline void close_record(struct vmprof_who *who, u32 slot, u64 now)
{
	if (who->shared)
		return;
	__sync_val_compare_and_swap(hint_of(who->rec->task), slot, 0);
	who->rec->status = VMPROF_ENDED;
}

/*
 * The thread runs, and no switch to it has been seen: some kernels keep the switches of some
 * tasks from tracepoints, and a program that is running already is skipped. When it got the CPU follows
 * from how long the kernel says it waited for it.
 */
static __always_inline void catch_up(struct vmprof_who *who, struct task_struct *task, u64 now)
{
	struct vmprof_run *run = who->run;
	u64 waited = run_delay(task) - run->kernel[VMPROF_K_RUN_DELAY];
	u64 from = run->since + waited;

	if (run->state <= VMPROF_ST_SYS || run->state == VMPROF_ST_UNSEEN)
		return;
	begin(who);
	if (run->state <= VMPROF_ST_RUNQ_PREEMPT) {
		charge(who, from < now ? from : now);
	} else {
		/* Neither was it seen to wake: what it did not wait, it was blocked. */
		charge(who, waited < now - run->since ? now - waited : now);
		run->state = VMPROF_ST_RUNQ_WAKE;
		charge(who, now);
	}
	run->state = running_state(run);
	end(who);
}

/* This CPU runs another thread than the last switch said. */
static __noinline u32 changed_slot(struct vmprof_cpu *cpu)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct vmprof_who who;

	if (!cpu)
		return 0;
	cpu->owner = (u64)saved_regs(task);
	cpu->slot = slot_of_task(task, address_of(task, &cpu->task));
	if (who_is(&who, cpu->slot, task))
		catch_up(&who, task, bpf_ktime_get_ns());
	return cpu->slot;
}

/* The slot of the thread that runs on this CPU; `regs`: its saved registers. */
static __always_inline u32 slot_of(struct vmprof_cpu *cpu, void *regs)
{
	return cpu->owner == (u64)regs ? cpu->slot : changed_slot(cpu);
}

/* The slot of the thread that runs on this CPU, for programs that are not told its registers. */
static __always_inline u32 current_slot(struct vmprof_cpu *cpu)
{
	return cpu->task == (u64)bpf_get_current_task_btf() ? cpu->slot : changed_slot(cpu);
}

static __always_inline void set_comm(struct vmprof_thread *rec, struct task_struct *task)
{
	bpf_probe_read_kernel_str(rec->comm, sizeof(rec->comm), task->comm);
}

/*
 * Track a task from now on, in `state` and, where that is known, in call `nr` (-1: none).
 * `born`: it starts with this; its counters count from zero.
 * The link's slot is set last: with it, other CPUs take over.
 */
static __always_inline int open_record(struct task_struct *task, u32 flags, u32 state, s32 nr, bool born)
{
	struct vmprof_thread *rec;
	struct vmprof_link *link;
	struct vmprof_run *run;
	u64 now, address;
	u32 slot;

	link = bpf_task_storage_get(&links, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!link) {
		__sync_fetch_and_add(&lost.links, 1);
		return -1;
	}
	if (link->slot)
		return 0;
	slot = pool_take(&thread_pool, &thread_ring);
	rec = slot ? thread_at(slot) : NULL;
	if (!rec) {
		__sync_fetch_and_add(&lost.threads, 1);
		slot = VMPROF_SLOT_OTHERS;
		rec = NULL;
	}

	link->flags |= flags;
	run = rec ? &rec->run : &link->run;
	address = address_of(task, rec ? &rec->task : &run->since);
	now = bpf_ktime_get_ns();
	run->since = now;
	run->enter = 0;
	run->state = state;
	run->nr = nr;
	run->blocked = state > VMPROF_ST_RUNQ_PREEMPT ? state : VMPROF_ST_OTHER;
	if (!born)
		read_counters(task, run->kernel);
	if (rec) {
		rec->tgid = seen_pid(task->group_leader);
		rec->tid = seen_pid(task);
		rec->ppid = seen_pid(task->real_parent->group_leader);
		rec->start = now;
		rec->born = task->group_leader->start_boottime;
		if (!born)
			__builtin_memcpy(rec->base, run->kernel, sizeof(rec->base));
		set_comm(rec, task);
		write_barrier(&rec->seq);
		rec->status = VMPROF_LIVE;
	}
	hint_set(address, slot);
	write_barrier(&link->flags);
	link->slot = slot;
	return 1;
}

#endif
