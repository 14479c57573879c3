/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Page faults taken in user mode. arm64 has no such tracepoint: optional. */
#include "record.bpf.h"

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
