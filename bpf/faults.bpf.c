/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Page faults. All of it is optional: arm64 has no such tracepoint, and some kernels no programs at functions. */
#include "record.bpf.h"

/* Taken in user mode. */
static __always_inline int on_fault(void)
{
	u32 slot = current_slot(this_cpu());
	struct vmprof_thread *rec;

	if (!slot)
		return 0;
	rec = thread_at(slot);
	if (rec)
		add(&rec->ufaults, 1, slot == VMPROF_SLOT_OTHERS);
	return 0;
}

SEC("?tp_btf/page_fault_user")
int BPF_PROG(vmprof_fault)
{
	return on_fault();
}

SEC("?tp/exceptions/page_fault_user")
int vmprof_p_fault(void *ctx)
{
	return on_fault();
}

/*
 * The current thread, if it is tracked. Of one that no switch was seen to bring the time stays in `user` or `sys`:
 * changed_slot() is for programs that cannot be preempted, as these can (__bpf_prog_enter_recur() in
 * kernel/bpf/trampoline.c).
 */
static __always_inline bool is_tracked(struct vmprof_who *who)
{
	struct vmprof_cpu *cpu = this_cpu();

	return cpu->slot && cpu->task == (u64)bpf_get_current_task_btf() && who_is(who, cpu->slot, NULL);
}

/* handle_mm_fault() in mm/memory.c handles each fault that min_flt or maj_flt counts, and some that neither does. */
SEC("?fentry/handle_mm_fault")
int BPF_PROG(vmprof_fault_begin)
{
	struct vmprof_who who;

	if (is_tracked(&who))
		*(volatile u64 *)&who.run->fault = bpf_ktime_get_ns();
	return 0;
}

/* A switch or a flush meanwhile has charged the time up to then, and set `fault` to that: look again. */
SEC("?fexit/handle_mm_fault")
int BPF_PROG(vmprof_fault_end)
{
	struct vmprof_who who;

	if (!is_tracked(&who))
		return 0;
	for (int i = 0; i < 4; i++) {
		u64 fault = *(volatile u64 *)&who.run->fault, ns = fault_ns(who.run, bpf_ktime_get_ns());

		if (!fault || __sync_val_compare_and_swap(&who.run->fault, fault, 0) == fault) {
			charge_fault(&who, ns);
			break;
		}
	}
	return 0;
}
