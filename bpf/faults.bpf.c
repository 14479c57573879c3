/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Page faults taken in user mode. arm64 has no such tracepoint: optional. */
#include "record.bpf.h"

SEC("?tp_btf/page_fault_user")
int BPF_PROG(vmprof_fault, unsigned long address, struct pt_regs *regs)
{
	struct vmprof_thread *rec;
	u32 slot = slot_of(this_cpu(), regs);

	if (!slot)
		return 0;
	rec = thread_at(slot);
	if (rec)
		add(&rec->ufaults, 1, slot == VMPROF_SLOT_OTHERS);
	return 0;
}
