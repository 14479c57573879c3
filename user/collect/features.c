/* SPDX-License-Identifier: BSD-2-Clause */
#include "collect/features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Where in the kernel's BTF a feature shows. */
enum btf_sign {
	SIGN_TRACEPOINT, /* the typedef btf_trace_NAME that tp_btf programs attach by */
	SIGN_TYPE,       /* a struct */
	SIGN_HELPER,     /* an enumerator of enum bpf_func_id */
	SIGN_MAP,        /* an enumerator of enum bpf_map_type */
	SIGN_PREV_STATE, /* btf_trace_sched_switch has four arguments of its own */
	SIGN_FIELD,      /* a member of task_struct */
	SIGN_FUNCTION,   /* tried: a program at the end of a function */
	SIGN_TRACEFS,    /* not in BTF: a file there, where the kernel is new enough to need it */
};

static const struct feature {
	const char *name;
	bool required;
	enum btf_sign sign;
	const char *of; /* what to look for */
	size_t flag;    /* offset in struct features, of the optional ones */
	const char *gives;
	const char *needs;
} table[] = {
	{"switches", true, SIGN_TRACEPOINT, "sched_switch", 0, "the ledger", "CONFIG_BPF_EVENTS"},
	{"wake-ups", true, SIGN_TRACEPOINT, "sched_wakeup", 0, "waiting for a CPU since a wake-up",
         "CONFIG_BPF_EVENTS"},
	{"threads and children", true, SIGN_TRACEPOINT, "sched_process_fork", 0, "following them", "CONFIG_BPF_EVENTS"},
	{"system calls", true, SIGN_TRACEPOINT, "sys_exit", 0, "--detail calls and full", "CONFIG_FTRACE_SYSCALLS"},
	{"task storage", true, SIGN_MAP, "BPF_MAP_TYPE_TASK_STORAGE", 0, "telling threads apart",
         "Linux 5.11 (4cf1bc1f1045)"},
	{"saved registers", true, SIGN_HELPER, "BPF_FUNC_task_pt_regs", 0, "which call a thread blocks in",
         "Linux 5.15 (dd6e10fbd9fb)"},
	{"task iterator", true, SIGN_TYPE, "bpf_iter__task", 0, "finding the threads of a running process",
         "Linux 5.8 (eaaacd23910f)"},
	{"state at the switch", false, SIGN_PREV_STATE, "sched_switch", offsetof(struct features, switch_prev_state),
         "the state the scheduler saw; without it, the task's, which a wake-up may have changed",
         "Linux 5.18 (9c2136be0878)"},
	{"user-mode faults", false, SIGN_TRACEPOINT, "page_fault_user", offsetof(struct features, fault_tracepoint),
         "ufaults; without it the column is empty", "x86"},
	{"block I/O of tasks", false, SIGN_FIELD, "ioac", offsetof(struct features, io_accounting),
         "inblock and oublock; without it the columns are empty", "CONFIG_TASK_IO_ACCOUNTING"},
	{"page-fault time", false, SIGN_FUNCTION, "handle_mm_fault", offsetof(struct features, fault_time),
         "fault_cpu: on a CPU, handling a fault; without it the column is empty, the time in user and sys",
         "CAP_BPF, CAP_PERFMON and a kernel that neither refuses programs at its functions (fentry, fexit) nor, as "
         "Linux 7.1 "
         "and newer, preempts them"},
	{"unpreempted programs", false, SIGN_TRACEFS, "events/raw_syscalls/sys_enter/id",
         offsetof(struct features, unpreempted), "exact counts; without it some calls are missed, and counted as lost",
         "tracefs, mounted on /sys/kernel/tracing and readable: Linux 7.1 and newer preempt others (f7d327654b88)"},
};

#define N_FEATURES (sizeof(table) / sizeof(table[0]))

static bool has_enumerator(const struct btf *btf, const char *type, const char *name)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_ENUM);
	const struct btf_type *t;

	if (id < 0)
		return false;
	t = btf__type_by_id(btf, (__u32)id);
	for (int i = 0; i < btf_vlen(t); i++) {
		if (!strcmp(btf__name_by_offset(btf, btf_enum(t)[i].name_off), name))
			return true;
	}
	return false;
}

/* The prototype a tp_btf program is checked against: void (*)(void *data, arguments …). */
static int tracepoint_args(const struct btf *btf, const char *name)
{
	char type[64] = "btf_trace_";
	const struct btf_type *t;
	int id;

	strncat(type, name, sizeof(type) - strlen(type) - 1);
	id = btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF);
	if (id < 0)
		return -1;
	t = btf__type_by_id(btf, btf__type_by_id(btf, (__u32)id)->type);
	if (!t || !btf_is_ptr(t))
		return -1;
	t = btf__type_by_id(btf, t->type);
	return t && btf_is_func_proto(t) ? btf_vlen(t) - 1 : -1;
}

static bool task_has(const struct btf *btf, const char *field)
{
	int id = btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);

	for (int i = 0; t && i < btf_vlen(t); i++) {
		if (!strcmp(btf__name_by_offset(btf, btf_members(t)[i].name_off), field))
			return true;
	}
	return false;
}

/* See compat.bpf.h. Nothing in BTF tells. */
static bool preempts_programs(void)
{
	struct utsname u;
	int major, minor;

	return !uname(&u) && sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 7 || (major == 7 && minor >= 1));
}

static bool in_tracefs(const char *name)
{
	/* In this order, as libbpf has it. */
	static const char *const roots[] = {"/sys/kernel/debug/tracing", "/sys/kernel/tracing"};
	char path[128];

	for (unsigned i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		if (access(roots[i], F_OK))
			continue;
		snprintf(path, sizeof(path), "%s/%s", roots[i], name);
		return !access(path, R_OK);
	}
	return false;
}

/* Some kernels have all it takes and refuse it when the program is loaded, or attached. */
static bool can_attach(const struct btf *btf, const char *function)
{
	static const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC), prog = -1, link = -1;
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FEXIT);

	if (id > 0) {
		opts.attach_btf_id = (__u32)id;
		prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, NULL, "Dual BSD/GPL", nothing, 2, &opts);
	}
	if (prog >= 0) {
		link = bpf_raw_tracepoint_open(NULL, prog);
		close(prog);
	}
	if (link >= 0)
		close(link);
	return link >= 0;
}

static bool is_there(const struct btf *btf, const struct feature *f)
{
	switch (f->sign) {
	case SIGN_TRACEPOINT:
		return tracepoint_args(btf, f->of) >= 0;
	case SIGN_TYPE:
		return btf__find_by_name_kind(btf, f->of, BTF_KIND_STRUCT) >= 0;
	case SIGN_HELPER:
		return has_enumerator(btf, "bpf_func_id", f->of);
	case SIGN_MAP:
		return has_enumerator(btf, "bpf_map_type", f->of);
	case SIGN_PREV_STATE:
		return tracepoint_args(btf, f->of) == 4;
	case SIGN_FIELD:
		return task_has(btf, f->of);
	case SIGN_FUNCTION:
		/* Preempted there, too, and then skipped for others: up to a tenth of the faults would be missing. */
		return !preempts_programs() && can_attach(btf, f->of);
	case SIGN_TRACEFS:
		return !preempts_programs() || in_tracefs(f->of);
	}
	return false;
}

static int load_btf(struct btf **btf)
{
	libbpf_set_print(NULL); /* modules are silent */
	*btf = btf__load_vmlinux_btf();
	return *btf ? 0 : -errno;
}

int features_detect(struct features *f)
{
	struct btf *btf;
	int err = load_btf(&btf);

	memset(f, 0, sizeof(*f));
	if (err)
		return err;
	for (size_t i = 0; i < N_FEATURES; i++) {
		bool there = is_there(btf, &table[i]);

		if (!table[i].required)
			*(bool *)((char *)f + table[i].flag) = there;
		else if (!there && !f->missing)
			f->missing = table[i].needs;
	}
	btf__free(btf);
	f->by_perf = f->unpreempted && preempts_programs();
	return 0;
}

int features_each(void (*visit)(const struct feature_line *line, void *arg), void *arg)
{
	struct btf *btf;
	int err = load_btf(&btf);

	if (err)
		return err;
	for (size_t i = 0; i < N_FEATURES; i++) {
		struct feature_line line = {table[i].name, table[i].required, is_there(btf, &table[i]), table[i].gives,
		                            table[i].needs};

		visit(&line, arg);
	}
	btf__free(btf);
	return 0;
}

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif

static const struct {
	const char *name;
	int cap;
	bool required;
	const char *gives;
} capabilities[] = {
	{"CAP_BPF", CAP_BPF, true, "loading programs and maps"},
	{"CAP_PERFMON", CAP_PERFMON, true, "attaching to the kernel's tracepoints"},
	{"CAP_SYS_PTRACE", CAP_SYS_PTRACE, false, "--port, for other users' processes (with CAP_DAC_READ_SEARCH)"},
	{"CAP_DAC_READ_SEARCH", CAP_DAC_READ_SEARCH, false, "--port, for other users' processes (with CAP_SYS_PTRACE)"},
	{"CAP_SETUID", CAP_SETUID, false, "-- CMD as the user who called sudo (with CAP_SETGID)"},
	{"CAP_SETGID", CAP_SETGID, false, "-- CMD as the user who called sudo (with CAP_SETUID)"},
	{"CAP_SYS_ADMIN", CAP_SYS_ADMIN, false, "--verbose: run time of the programs, as the kernel measures it"},
};

void features_each_capability(void (*visit)(const struct capability_line *line, void *arg), void *arg)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};
	bool known = !syscall(SYS_capget, &header, data);

	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		int cap = capabilities[i].cap;
		struct capability_line line = {capabilities[i].name, capabilities[i].required,
		                               known && data[cap / 32].effective >> (cap % 32) & 1,
		                               capabilities[i].gives};

		visit(&line, arg);
	}
}
