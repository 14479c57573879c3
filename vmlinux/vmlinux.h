/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel surface vmprof depends on, on one page: only the types and fields
 * that the programs read. Offsets are relocated at load time (CO-RE), so neither
 * the order of the fields nor what lies between them matters here.
 *
 * Field meanings: include/linux/sched.h, sched/signal.h, fs.h, fdtable.h of the kernel.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#include <linux/types.h>
#include <linux/bpf.h>

typedef _Bool bool;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef int pid_t;
typedef unsigned short umode_t;
typedef u32 dev_t;

#define true 1
#define false 0
#define NULL ((void *)0)

/* include/linux/sched.h; these have not changed since 4.14 */
#define TASK_RUNNING       0x00000000
#define TASK_INTERRUPTIBLE 0x00000001
#define __TASK_STOPPED     0x00000004
#define __TASK_TRACED      0x00000008
#define TASK_DEAD          0x00000080
#define TASK_FROZEN        0x00008000 /* since 6.1, f5d39b020809 */
#define EXIT_DEAD          0x00000010 /* in exit_state: its counters have been handed on */
#define PF_EXITING         0x00000004
#define PF_KTHREAD         0x00200000
#define TS_COMPAT          0x0002 /* x86 thread_info.status: in a 32-bit system call */

/* include/uapi/linux/stat.h */
#define S_IFMT   0170000
#define S_IFSOCK 0140000
#define S_IFREG  0100000
#define S_IFCHR  0020000
#define S_IFIFO  0010000

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long di;
	unsigned long dx;
	unsigned long orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	u64 regs[31];
};
struct pt_regs {
	u64 regs[31];
	u64 orig_x0;
	s32 syscallno;
};
#else
#error "vmprof knows the saved registers of x86-64 and arm64 only"
#endif

struct thread_info {
	u32 status; /* x86 only */
};

struct sched_entity {
	u64 sum_exec_runtime; /* ns on a CPU, exact at a switch */
	u64 nr_migrations;
};

struct task_io_accounting {
	u64 read_bytes;  /* fetched from storage */
	u64 write_bytes; /* sent, or to be sent, to storage */
};

struct sched_info {
	unsigned long long run_delay; /* ns on run queues; CONFIG_SCHED_INFO */
};

struct prev_cputime {
	u64 utime; /* what was last told of the group's CPU time, ns */
	u64 stime;
};

struct sighand_struct;

struct signal_struct {
	struct prev_cputime prev_cputime;
	unsigned long nvcsw;  /* of the group's threads that are gone */
	unsigned long cnvcsw; /* of the children that have been waited for */
	unsigned long min_flt;
	unsigned long cmin_flt;
	unsigned long maxrss; /* pages; set by do_exit() of the last thread */
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct inode {
	umode_t i_mode;
	dev_t i_rdev;
};

struct file {
	struct inode *f_inode;
	struct path f_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct upid {
	int nr; /* the number in this namespace */
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;    /* of the namespace it was made in, 0: the initial one */
	struct upid numbers[]; /* one in each namespace from the initial one to that; [1] before 6.5 */
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state; /* `state` before 5.14 */
	unsigned int flags;
	unsigned int on_cpu; /* int before 7.2, u8 since; where it is unsigned here libbpf loads what is there */
	int exit_state;
	unsigned in_iowait : 1;
	unsigned frozen : 1; /* in a cgroup v2 that is frozen; CONFIG_CGROUPS */
	pid_t pid;
	pid_t tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct sched_entity se;
	struct sched_info sched_info;
	u64 utime; /* by tick where CONFIG_TICK_CPU_ACCOUNTING */
	u64 stime;
	unsigned long nvcsw;
	unsigned long nivcsw;
	u64 start_boottime;
	unsigned long min_flt;
	unsigned long maj_flt;
	char comm[16];
	struct files_struct *files;
	struct signal_struct *signal;
	struct sighand_struct *sighand; /* NULL once it has been released */
	struct task_io_accounting ioac;
};

struct bpf_iter_meta {
	struct seq_file *seq;
	u64 session_id;
	u64 seq_num;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct linux_binprm;

#pragma clang attribute pop

#endif
