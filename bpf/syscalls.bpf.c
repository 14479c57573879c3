/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* System calls: the split of user and system time, and a row per thread and call. */
#include "maps.bpf.h"
#include "calls.bpf.h"
#include "record.bpf.h"

static __always_inline int on_enter(u32 slot, long id)
{
	struct vmprof_who who;
	u64 now;

	if (!who_is(&who, slot, NULL))
		return 0;
	now = bpf_ktime_get_ns();
	begin(&who);
	settle(&who);
	charge(&who, now);
	who.run->state = VMPROF_ST_SYS;
	who.run->nr = in_compat_call(bpf_get_current_task_btf()) ? VMPROF_NR_CALLS : id;
	who.run->enter = now;
	end(&who);
	return 0;
}

SEC("?tp_btf/sys_enter")
int BPF_PROG(vmprof_sys_enter, struct pt_regs *regs, long id)
{
	return on_enter(slot_of(this_cpu(), regs), id);
}

SEC("?tp/raw_syscalls/sys_enter")
int vmprof_p_enter(struct perf_sys_enter *ctx)
{
	return on_enter(current_slot(this_cpu()), ctx->id);
}

static __always_inline int on_exit(u32 slot, struct pt_regs *regs, long ret)
{
	struct vmprof_who who;
	u64 now;
	s32 nr;

	if (!who_is(&who, slot, NULL))
		return 0;
	begin(&who);
	nr = who.run->nr;
	if (times_calls()) {
		now = bpf_ktime_get_ns();
		settle(&who);
		charge(&who, now);
		who.run->state = VMPROF_ST_USER;
		if (who.run->enter)
			count_call(&who, slot, nr, ret, now - who.run->enter);
	} else if (nr < 0) {
		nr = regs_call(regs);
		if (nr < 0)
			nr = VMPROF_NR_SIGRETURN;
		count_call(&who, slot, in_compat_call(bpf_get_current_task_btf()) ? VMPROF_NR_CALLS : nr, ret, 0);
	}
	who.run->nr = -1;
	who.run->enter = 0;
	who.run->fault = 0; /* its end was missed if it is not */
	end(&who);
	return 0;
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(vmprof_sys_exit, struct pt_regs *regs, long ret)
{
	return on_exit(slot_of(this_cpu(), regs), regs, ret);
}

SEC("?tp/raw_syscalls/sys_exit")
int vmprof_p_exit(struct perf_sys_exit *ctx)
{
	return on_exit(current_slot(this_cpu()), saved_regs(bpf_get_current_task_btf()), ctx->ret);
}
