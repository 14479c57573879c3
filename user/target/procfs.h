/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc says of a process (proc(5)). `root` is where it is mounted, so that tests can bring their own. */
#ifndef TARGET_PROCFS_H
#define TARGET_PROCFS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What is mounted there has the process numbers of our PID namespace. */
bool procfs_is_ours(const char *root);

struct proc_memory { /* bytes */
	uint64_t rss, peak_rss, vsz, text, data;
	bool has_peak; /* VmHWM is there: not for a process without memory of its own */
};

/* From PID/statm and PID/status. -ESRCH if the process is gone. */
int procfs_memory(const char *root, pid_t pid, struct proc_memory *mem);

struct proc_stat {
	pid_t pid, ppid;
	char comm[64];      /* kernel threads may have more than TASK_COMM_LEN here */
	char state;         /* R, S, D, Z, … */
	unsigned flags;     /* PF_* */
	uint64_t threads;   /* a process whose first thread ended before the others is Z too, and has more than 1 */
	uint64_t starttime; /* ticks after boot */
};

#define PROC_PF_KTHREAD 0x00200000u /* include/linux/sched.h */

/* From PID/stat; a name with blanks and parentheses is read right. -ESRCH if it is gone, -EPROTO if it can't be read.
 */
int procfs_stat(const char *root, pid_t pid, struct proc_stat *st);

/* The thread group of `pid` (Tgid of PID/status): differs from it for a thread. */
int procfs_tgid(const char *root, pid_t pid, pid_t *tgid);

/* The owner (effective user) of the process. */
int procfs_uid(const char *root, pid_t pid, uid_t *uid);

/* Call `visit` for each process; a value other than 0 from it ends the walk and is returned. */
int procfs_each(const char *root, int (*visit)(pid_t pid, void *arg), void *arg);

#endif
