/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Page faults taken in user mode. arm64 has no such tracepoint: optional. */
#include "record.bpf.h"

SEC("?tp_btf/page_fault_user")
int BPF_PROG(vmprof_fault)
{
	struct vmprof_cpu *cpu = this_cpu();
	u32 slot = cpu->task == (u64)bpf_get_current_task_btf() ? cpu->slot : changed_slot(cpu);
	struct vmprof_thread *rec;

	if (!slot)
		return 0;
	rec = thread_at(slot);
	if (rec)
		add(&rec->ufaults, 1, slot == VMPROF_SLOT_OTHERS);
	return 0;
}
