/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one table of what vmprof measures. Every format loops over it: a new metric is one
 * row here and one assignment where it is collected.
 */
#ifndef MODEL_METRIC_H
#define MODEL_METRIC_H

#include <stdint.h>

#include "vmprof_states.h"

enum metric_kind {
	METRIC_DELTA, /* grows; an interval has its share of it, and the shares add up to the total */
	METRIC_GAUGE, /* a momentary value */
	METRIC_RATIO, /* computed from others over an interval */
};

enum metric_unit {
	UNIT_COUNT,
	UNIT_NS,
	UNIT_BYTES,
	UNIT_BLOCKS, /* of 512 bytes, as getrusage(2) counts them */
	UNIT_RATIO,  /* 1 is one whole CPU */
};

/* X(ENUMERATOR, name, unit, kind, help), in the order of the columns. */
#define METRICS(X)                                                                                \
	X(THREADS, "threads", COUNT, GAUGE, "threads alive at the end of the interval")           \
	X(CPU_UTIL, "cpu_util", RATIO, RATIO, "on-CPU share of one CPU over the interval")        \
	METRICS_OF_STATES(X)                                                                      \
	X(CPU_NS, "cpu_ns", NS, DELTA, "CPU time by the kernel's own account (sum_exec_runtime)") \
	X(VCSW, "vcsw", COUNT, DELTA, "voluntary context switches")                               \
	X(IVCSW, "ivcsw", COUNT, DELTA, "involuntary context switches")                           \
	X(MINFLT, "minflt", COUNT, DELTA, "minor page faults")                                    \
	X(MAJFLT, "majflt", COUNT, DELTA, "major page faults")                                    \
	X(UFAULTS, "ufaults", COUNT, DELTA, "page faults taken in user mode")                     \
	X(MIGRATIONS, "migrations", COUNT, DELTA, "moves to another CPU")                         \
	X(WAKEUPS, "wakeups", COUNT, DELTA, "wake-ups from a blocked state")                      \
	X(RSS, "rss_bytes", BYTES, GAUGE, "resident memory")                                      \
	X(PEAK_RSS, "peak_rss_bytes", BYTES, GAUGE, "highest resident memory so far")             \
	X(VSZ, "vsz_bytes", BYTES, GAUGE, "address space")                                        \
	X(TEXT, "text_bytes", BYTES, GAUGE, "code of the program")                                \
	X(DATA, "data_bytes", BYTES, GAUGE, "data and stack")                                     \
	X(INBLOCK, "inblock", BLOCKS, DELTA, "blocks read from storage")                          \
	X(OUBLOCK, "oublock", BLOCKS, DELTA, "blocks written to storage")                         \
	X(SYS_TOTAL, "sys_total", COUNT, DELTA, "system calls")                                   \
	X(SYS_ERRORS, "sys_errors", COUNT, DELTA, "system calls that failed")                     \
	X(SYS_READ, "sys_read", COUNT, DELTA, "read, readv, pread64, preadv, preadv2")            \
	X(SYS_WRITE, "sys_write", COUNT, DELTA, "write, writev, pwrite64, pwritev, pwritev2")     \
	X(SYS_ACCEPT, "sys_accept", COUNT, DELTA, "accept, accept4")                              \
	X(SYS_CLOSE, "sys_close", COUNT, DELTA, "close, close_range")                             \
	X(SYS_CONNECT, "sys_connect", COUNT, DELTA, "connect")                                    \
	X(SYS_SEND, "sys_send", COUNT, DELTA, "sendto (and so send), sendmsg, sendmmsg")          \
	X(SYS_RECV, "sys_recv", COUNT, DELTA, "recvfrom (and so recv), recvmsg, recvmmsg")        \
	X(SYS_FSYNC, "sys_fsync", COUNT, DELTA, "fsync, fdatasync")                               \
	X(SYS_POLL, "sys_poll", COUNT, DELTA, "poll, select, epoll_wait and their variants")      \
	X(SYS_FUTEX, "sys_futex", COUNT, DELTA, "futex and its variants")                         \
	X(LOST, "lost", COUNT, DELTA, "events that could not be attributed to their thread")

#define METRICS_OF_STATES(X) VMPROF_STATES(METRIC_OF_STATE_##X)
/* VMPROF_STATES passes (ID, name, help): a state is a metric of its own. */
#define METRIC_OF_STATE_METRIC_ENUM(id, name, help) METRIC_ENUM(id, #name "_ns", NS, DELTA, help)
#define METRIC_OF_STATE_METRIC_ROW(id, name, help)  METRIC_ROW(id, #name "_ns", NS, DELTA, help)

#define METRIC_ENUM(id, name, unit, kind, help) METRIC_##id,
enum metric { METRICS(METRIC_ENUM) METRIC_COUNT };
#undef METRIC_ENUM

#define METRIC_STATE_FIRST METRIC_USER
#define METRIC_STATE_LAST  METRIC_FAULT_CPU
#define METRIC_STATES      (METRIC_STATE_LAST - METRIC_STATE_FIRST + 1)

_Static_assert(METRIC_COUNT < 64, "a sample's valid bits are one word");

struct metric_info {
	const char *name;
	enum metric_unit unit;
	enum metric_kind kind;
	const char *help;
};

extern const struct metric_info metrics[METRIC_COUNT];

/* The bare name of state `m` (METRIC_USER … METRIC_FAULT_CPU): "user", "runq_wake". */
const char *metric_state_name(enum metric m);

/* A set of metrics. */
typedef uint64_t metric_set;
#define METRIC_BIT(m) (UINT64_C(1) << (m))

#endif
