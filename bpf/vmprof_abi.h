/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the BPF programs and the loader share: records, states, limits.
 *
 * Only fixed-width types; both compilers assert the sizes. All times are nanoseconds
 * of CLOCK_MONOTONIC (bpf_ktime_get_ns() in the kernel, clock_gettime() in the loader).
 * All counters only grow.
 */
#ifndef VMPROF_ABI_H
#define VMPROF_ABI_H

#include <linux/types.h>
#include "vmprof_states.h"

enum vmprof_state {
#define X(id, name, help) VMPROF_ST_##id,
	VMPROF_STATES(X)
#undef X
		VMPROF_NSTATES,
	/*
	 * Found on a CPU at registration, by another CPU: what it does is settled, and the
	 * time since then charged, by the first event that its own CPU reports.
	 */
	VMPROF_ST_UNSEEN = VMPROF_NSTATES,
};

/*
 * The kernel's own per-task counters, copied at each switch. A record holds the raw
 * value and its base at registration: what is ours is `now - base`.
 */
#define VMPROF_KCOUNTERS(X)                              \
	X(VCSW, "task_struct.nvcsw")                     \
	X(IVCSW, "task_struct.nivcsw")                   \
	X(MINFLT, "task_struct.min_flt")                 \
	X(MAJFLT, "task_struct.maj_flt")                 \
	X(MIGRATIONS, "task_struct.se.nr_migrations")    \
	X(CPU_NS, "task_struct.se.sum_exec_runtime, ns") \
	X(UTIME_NS, "task_struct.utime, ns, by tick")    \
	X(STIME_NS, "task_struct.stime, ns, by tick")    \
	X(READ_BYTES, "task_struct.ioac.read_bytes")     \
	X(WRITE_BYTES, "task_struct.ioac.write_bytes")   \
	X(RUN_DELAY, "task_struct.sched_info.run_delay, ns")

enum vmprof_kcounter {
#define X(id, source) VMPROF_K_##id,
	VMPROF_KCOUNTERS(X)
#undef X
		VMPROF_NKCOUNTERS,
};

/* What blocks in a call is waiting for: the call table the loader fills in, see call_info[]. */
enum vmprof_call_class {
	VMPROF_CALL_OTHER,
	VMPROF_CALL_NET,
	VMPROF_CALL_POLL,
	VMPROF_CALL_PIPE,
	VMPROF_CALL_LOCK,
	VMPROF_CALL_SLEEP,
	VMPROF_CALL_CHILD,
	VMPROF_CALL_DISK,
	VMPROF_CALL_FD,      /* look at what argument 0, a descriptor, is */
	VMPROF_CALL_RESTART, /* restart_syscall: what it was blocked in before */
	VMPROF_CALL_CLASS = 0x0f,
	VMPROF_CALL_BYTES = 0x10,  /* returns a number of bytes */
	VMPROF_CALL_FINAL = 0x20,  /* exit, exit_group: does not return */
	VMPROF_CALL_IGNORE = 0x40, /* not in --calls */
};

#define VMPROF_NR_CALLS    512 /* call numbers below this are known by number */
#define VMPROF_NR_DENSE    128 /* different calls in use at the same time, by all targets */
#define VMPROF_DENSE_OTHER 0   /* dense index of what has no other: 32-bit calls, a full index */
#define VMPROF_HIST        32  /* buckets: [0] < 128 ns, [i] < 2^(7+i) ns, the last without bound */
#define VMPROF_HIST_SHIFT  6
#define VMPROF_HINTS       32768 /* a power of two: see slot_of_task() */
#define VMPROF_MAX_CPUS    1024  /* a power of two */
#define VMPROF_COMM        16

enum vmprof_detail {
	VMPROF_DETAIL_LEDGER, /* switches and faults */
	VMPROF_DETAIL_CALLS,  /* and sys_exit: calls, errors, bytes */
	VMPROF_DETAIL_FULL,   /* and sys_enter: exact user and system time, latency */
};

/* Slots of the thread array with a fixed meaning, and the same for rows of calls. */
#define VMPROF_SLOT_NONE   0 /* not tracked */
#define VMPROF_SLOT_OTHERS 1 /* shared by all threads for which there was no slot */
#define VMPROF_SLOT_FIRST  2
#define VMPROF_SLOT_MANY   0xffffffff /* in hints[] only: ask the task storage */
#define VMPROF_ROW_NONE    0
#define VMPROF_ROW_OTHERS  1 /* shared by all calls for which there was no row */
#define VMPROF_ROW_FIRST   2

enum vmprof_status {
	VMPROF_FREE, /* all zero */
	VMPROF_LIVE,
	VMPROF_ENDED, /* complete; the loader folds it and gives the slot back */
};

/* Flags of a thread's link (task storage). The loader sets all but the last through a pidfd. */
#define VMPROF_F_TARGET 0x1 /* on a group leader: its threads are to be tracked */
#define VMPROF_F_SELF   0x2 /* the loader: not to be found as somebody's child */
#define VMPROF_F_ADOPT  0x4 /* its next children are targets (the loader itself, for -- CMD) */
#define VMPROF_F_FOLLOW 0x8 /* its children are to be tracked */

/* What a thread is doing now. Written by the CPU it runs on, or by its waker under the
 * run-queue lock (ttwu_do_wakeup() in kernel/sched/core.c): one writer at a time. */
struct vmprof_run {
	__u64 since;                     /* when `state` began */
	__u64 enter;                     /* when call `nr` was entered; 0: that was not seen */
	__u64 fault;                     /* when the page fault at hand began, or was charged last; 0: there is none */
	__u32 state;                     /* enum vmprof_state */
	__s32 nr;                        /* the call it is in, -1: none */
	__u32 blocked;                   /* the state in which it last blocked, for restart_syscall */
	__u32 handed_on;                 /* after its exit: others have taken over its counters */
	__u64 parent_minflt;             /* at its exit: what the parent will have of faults and of switches, less */
	__u64 parent_vcsw;               /* the thread's own, when it has taken them over: see is_handed_on() */
	__u64 kernel[VMPROF_NKCOUNTERS]; /* as the kernel had them at the last switch */
};

/* One thread. `seq` is odd while the record is being changed. */
struct vmprof_thread {
	__u32 seq;
	__u32 status; /* enum vmprof_status */
	__u32 tgid;   /* as the PID namespace of the loader has them */
	__u32 tid;
	__u32 ppid;
	__u32 execs; /* successful execve calls */
	__u64 start; /* tracked from here */
	__u64 born;  /* task_struct.start_boottime of the group leader: with tgid, the process */
	struct vmprof_run run;
	__u64 ns[VMPROF_NSTATES];
	__u64 sys_fault_ns;            /* of ns[VMPROF_ST_FAULT_CPU], the part that is also in ns[VMPROF_ST_SYS] */
	__u64 base[VMPROF_NKCOUNTERS]; /* run.kernel at registration */
	__u64 ufaults;                 /* user-mode page faults seen by page_fault_user */
	__u64 wakeups;
	__u64 peak_rss; /* bytes; of the process, when its last thread exits */
	char comm[VMPROF_COMM];
	__u64 task; /* the address of its task_struct: only to be compared */
};

/* Row numbers of one thread's calls, by dense index. */
struct vmprof_calls {
	__u32 row[VMPROF_NR_DENSE];
};

/* One system call of one thread. */
struct vmprof_row {
	__u64 calls;
	__u64 errors;
	__u64 ns;
	__u64 max;
	__u64 bytes;
	__u64 pad;
	__u64 hist[VMPROF_HIST]; /* latency, at detail full */
};

/*
 * Numbers given out by the kernel and given back by the loader. Fresh ones come from
 * `used` upwards; used ones from a ring in which the loader alone advances `tail`.
 */
struct vmprof_pool {
	__u64 head;
	__u64 tail;
	__u32 used; /* may run past size when several CPUs find it exhausted at once */
	__u32 size;
	__u32 mask; /* of the ring */
	__u32 pad;
};

/* What could not be recorded where it belongs. Each shows in the output. */
struct vmprof_lost {
	__u64 threads; /* no free slot: counted in the record of the others */
	__u64 rows;    /* calls without a row of their own: counted in the row of the others */
	__u64 links;   /* no memory for task storage: not counted anywhere */
};

/*
 * Per CPU: whom it runs, as the last switch said. A cache line each. Whether a switch has gone unseen since
 * shows in `task`, and for the programs on system calls more cheaply in `owner`.
 */
struct vmprof_cpu {
	__u64 owner; /* the address of its saved registers; not at detail ledger */
	__u64 task;  /* the address of its task_struct */
	__u64 scratch;
	__u32 slot;
	__u32 pad[9];
};

#ifdef __cplusplus
#define VMPROF_ASSERT(e) static_assert(e, #e)
#else
#define VMPROF_ASSERT(e) _Static_assert(e, #e)
#endif
VMPROF_ASSERT(sizeof(struct vmprof_run) == 144);
VMPROF_ASSERT(sizeof(struct vmprof_thread) == 448);
VMPROF_ASSERT(sizeof(struct vmprof_calls) == 512);
VMPROF_ASSERT(sizeof(struct vmprof_row) == 304);
VMPROF_ASSERT(sizeof(struct vmprof_pool) == 32);
VMPROF_ASSERT(sizeof(struct vmprof_cpu) == 64);

#endif
