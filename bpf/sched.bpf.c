/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ledger: switches and wake-ups. */
#include "maps.bpf.h"
#include "blocked.bpf.h"
#include "record.bpf.h"

/*
 * A thread leaves the CPU. `task_state` is what the scheduler saw; by now a pending signal
 * may have made the task runnable again without taking it off the queue
 * (try_to_block_task() in kernel/sched/core.c).
 */
static __always_inline void leave(struct vmprof_who *who, u32 slot, struct task_struct *task, bool preempt,
                                  u32 task_state, u64 now)
{
	struct vmprof_run *run = who->run;

	begin(who);
	settle(who);
	continue_fault(who, now);
	charge(who, now);
	copy_counters(who, task);
	if (task_state & TASK_DEAD) {
		close_record(who, slot, now);
	} else if (preempt || !task_state || task->__state == TASK_RUNNING) {
		run->state = VMPROF_ST_RUNQ_PREEMPT;
	} else {
		run->state = blocked_state(task, task_state, run->blocked);
		run->blocked = run->state;
	}
	end(who);
}

/* A thread gets the CPU. Unsettled, it has blocked since registration looked at it. */
static __always_inline void arrive(struct vmprof_who *who, struct task_struct *task, u64 now)
{
	struct vmprof_run *run = who->run;

	begin(who);
	if (run->state == VMPROF_ST_UNSEEN)
		run->state = blocked_state(task, 1, VMPROF_ST_OTHER);
	charge(who, now);
	run->state = running_state(run);
	end(who);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(vmprof_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct vmprof_cpu *cpu = this_cpu();
	u32 slot = cpu->task == (u64)prev ? cpu->slot : changed_slot(cpu);
	struct vmprof_who who;
	u64 now = 0;

	/* A thread registered while it ran here: nobody has told this CPU yet. */
	if (!slot && registering)
		slot = slot_of_task(prev, address_of(prev, &cpu->scratch));
	if (who_is(&who, slot, prev)) {
		now = bpf_ktime_get_ns();
		leave(&who, slot, prev, preempt, switch_prev_state(ctx, prev), now);
	}

	slot = slot_of_task(next, address_of(next, &cpu->task));
	cpu->slot = slot;
	if (detail != VMPROF_DETAIL_LEDGER)
		cpu->owner = (u64)saved_regs(next);
	if (who_is(&who, slot, next))
		arrive(&who, next, now ?: bpf_ktime_get_ns());
	return 0;
}

/*
 * Under the run-queue lock, so after the switch that took the thread off its CPU. A task
 * that was still running, or never left the queue, is woken too: nothing has changed then.
 */
SEC("tp_btf/sched_wakeup")
int BPF_PROG(vmprof_wakeup, struct task_struct *task)
{
	struct vmprof_who who;
	u64 now;

	if (!who_is(&who, slot_of_task(task, address_of(task, &this_cpu()->scratch)), task))
		return 0;
	if (who.run->state <= VMPROF_ST_RUNQ_PREEMPT || task->on_cpu)
		return 0;
	now = bpf_ktime_get_ns();
	begin(&who);
	if (who.run->state == VMPROF_ST_UNSEEN)
		who.run->state = blocked_state(task, 1, VMPROF_ST_OTHER);
	charge(&who, now);
	who.run->state = VMPROF_ST_RUNQ_WAKE;
	add(&who.rec->wakeups, 1, who.shared);
	end(&who);
	return 0;
}

/*
 * Run by the loader on each CPU that runs a tracked thread (BPF_F_TEST_RUN_ON_CPU, an
 * interrupt there): brings the record of the running thread up to date, and the cached slot.
 * It may have interrupted another program of ours in the middle of an update.
 */
SEC("raw_tp/sched_switch")
int vmprof_flush(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct vmprof_link *link = link_of(task);
	struct vmprof_who who;
	u64 now;

	if (!link)
		return 0;
	this_cpu()->slot = link->slot;
	this_cpu()->task = (u64)task;
	this_cpu()->owner = (u64)saved_regs(task);
	if (!who_is(&who, link->slot, task) || who.shared || who.rec->seq & 1)
		return 0;
	now = bpf_ktime_get_ns();
	catch_up(&who, task, now);
	begin(&who);
	settle(&who);
	continue_fault(&who, now);
	charge(&who, now);
	copy_counters(&who, task);
	end(&who);
	return 0;
}
