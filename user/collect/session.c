/* SPDX-License-Identifier: BSD-2-Clause */
#include "collect/session.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collect/features.h"
#include "collect/session_state.h"
#include "model/calls.h"
#include "model/metric.h"

#define ROWS_PER_TASK 4
#define MAX_PASSES    64 /* of registration, before we say that the target forks too fast */

static const char *const detail_names[] = {"ledger", "calls", "full"};

const char *detail_name(enum detail d)
{
	return detail_names[d];
}

int detail_parse(const char *name, enum detail *d)
{
	for (unsigned i = 0; i < sizeof(detail_names) / sizeof(detail_names[0]); i++) {
		if (!strcmp(name, detail_names[i])) {
			*d = (enum detail)i;
			return 0;
		}
	}
	return -EINVAL;
}

struct session_maps *session_maps(struct session *s)
{
	return &s->maps;
}

enum detail session_detail(const struct session *s)
{
	return s->detail;
}

static int size_maps(struct vmprof *skel, const struct session_options *o)
{
	uint32_t threads = o->max_tasks + VMPROF_SLOT_FIRST;
	uint32_t rows = o->max_tasks * ROWS_PER_TASK + VMPROF_ROW_FIRST;
	bool calls = o->detail != DETAIL_LEDGER;
	int err = 0;

	if (!calls)
		rows = VMPROF_ROW_FIRST;
	pool_set(&skel->bss->thread_pool, VMPROF_SLOT_FIRST, threads);
	pool_set(&skel->bss->row_pool, VMPROF_ROW_FIRST, rows);
	err = err ?: bpf_map__set_max_entries(skel->maps.threads, threads);
	err = err ?: bpf_map__set_max_entries(skel->maps.thread_ring, skel->bss->thread_pool.mask + 1);
	err = err ?: bpf_map__set_max_entries(skel->maps.calls, calls ? threads : 1);
	err = err ?: bpf_map__set_max_entries(skel->maps.rows, rows);
	err = err ?: bpf_map__set_max_entries(skel->maps.row_ring, skel->bss->row_pool.mask + 1);
	return err;
}

/* Of each event one program: the raw tracepoint's, or where the kernel would preempt that, the other. */
static void choose_programs(struct vmprof *skel, enum detail detail, const struct features *f)
{
	const struct {
		struct bpf_program *raw, *other;
		bool wanted;
	} all[] = {
		{skel->progs.vmprof_fork, skel->progs.vmprof_born, true},
		{skel->progs.vmprof_exec, skel->progs.vmprof_p_exec, true},
		{skel->progs.vmprof_exit, skel->progs.vmprof_p_end, true},
		{skel->progs.vmprof_fault, skel->progs.vmprof_p_fault, f->fault_tracepoint},
		{skel->progs.vmprof_sys_exit, skel->progs.vmprof_p_exit, detail >= DETAIL_CALLS},
		{skel->progs.vmprof_sys_enter, skel->progs.vmprof_p_enter, detail >= DETAIL_FULL},
	};

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		bpf_program__set_autoload(all[i].raw, all[i].wanted && !f->by_perf);
		bpf_program__set_autoload(all[i].other, all[i].wanted && f->by_perf);
	}
	bpf_program__set_autoload(skel->progs.vmprof_fault_begin, f->fault_time);
	bpf_program__set_autoload(skel->progs.vmprof_fault_end, f->fault_time);
}

static void configure(struct session *s, const struct session_options *o, const struct features *f)
{
	struct vmprof *skel = s->skel;
	uint8_t info[VMPROF_NR_CALLS] = {0};

	call_fill_info(info, VMPROF_NR_CALLS);
	if (o->only_calls) {
		for (unsigned nr = 0; nr < VMPROF_NR_CALLS; nr++)
			info[nr] |= VMPROF_CALL_IGNORE;
		for (unsigned i = 0; i < o->n_only_calls; i++)
			info[o->only_calls[i]] &= (uint8_t)~VMPROF_CALL_IGNORE;
	}
	memcpy((void *)skel->rodata->call_info, info, sizeof(info));
	skel->rodata->detail = o->detail;
	skel->rodata->follow_children = o->follow_children;
	skel->rodata->page_size = (uint32_t)sysconf(_SC_PAGESIZE);
	skel->rodata->switch_has_prev_state = f->switch_prev_state;
	for (unsigned i = 0; i < VMPROF_NR_DENSE; i++)
		skel->bss->dense_nr[i] = CALL_NR_OTHER; /* until the kernel gives it a number */
	skel->bss->dense_used = VMPROF_DENSE_OTHER + 1;

	s->has_fault_tracepoint = f->fault_tracepoint;
	s->has_io_accounting = f->io_accounting;
	s->has_fault_time = f->fault_time;
	choose_programs(skel, o->detail, f);
}

static int open_windows(struct session *s)
{
	struct session_maps *m = &s->maps;
	struct vmprof *skel = s->skel;
	int err = 0;
	const struct {
		struct window *w;
		struct bpf_map *map;
	} all[] = {
		{&m->threads, skel->maps.threads},   {&m->thread_ring, skel->maps.thread_ring},
		{&m->calls, skel->maps.calls},       {&m->rows, skel->maps.rows},
		{&m->row_ring, skel->maps.row_ring},
	};

	for (unsigned i = 0; !err && i < sizeof(all) / sizeof(all[0]); i++)
		err = window_open(all[i].w, bpf_map__fd(all[i].map), bpf_map__value_size(all[i].map),
		                  bpf_map__max_entries(all[i].map));
	m->thread_pool = &skel->bss->thread_pool;
	m->row_pool = &skel->bss->row_pool;
	m->lost = &skel->bss->lost;
	m->dense_nr = skel->bss->dense_nr;
	m->dense_used = &skel->bss->dense_used;
	return err;
}

/* Programs that no event of the kernel's runs: we do. */
static bool is_run_by_hand(const struct session *s, const struct bpf_program *prog)
{
	return prog == s->skel->progs.vmprof_self || prog == s->skel->progs.vmprof_flush ||
	       prog == s->skel->progs.vmprof_register;
}

/* What is attached once, for the whole session. */
static int attach(struct session *s, struct session_error *err)
{
	const struct bpf_object_skeleton *all = s->skel->skeleton;

	for (int i = 0; i < all->prog_cnt; i++) {
		struct bpf_program *prog = *all->progs[i].prog;

		if (!bpf_program__autoload(prog) || is_run_by_hand(s, prog))
			continue;
		*all->progs[i].link = bpf_program__attach(prog);
		if (!*all->progs[i].link) {
			int ret = -errno;

			err->why = ret == -EPERM || ret == -EACCES ? SESSION_NO_PRIVILEGE : SESSION_ATTACH;
			err->what = bpf_program__section_name(prog);
			return ret;
		}
	}
	return 0;
}

static int refuse(struct session_error *err, int why, const char *what, int code)
{
	err->why = why;
	err->what = what;
	return code;
}

/* Tell the programs which PID namespace is ours. 0 or -errno. */
static int tell_self(struct session *s)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	return bpf_prog_test_run_opts(bpf_program__fd(s->skel->progs.vmprof_self), &opts);
}

static int load(struct session *s, const struct session_options *o, struct session_error *err)
{
	struct features f;
	int ret = features_detect(&f); /* this also silences libbpf: what fails is in `err`, in our words */

	if (ret)
		return refuse(err, SESSION_NO_BTF, NULL, ret);
	if (f.missing)
		return refuse(err, SESSION_TOO_OLD, f.missing, -EOPNOTSUPP);
	s->skel = vmprof__open();
	if (!s->skel)
		return refuse(err, SESSION_LOAD, "open", -errno);
	configure(s, o, &f);
	ret = size_maps(s->skel, o);
	if (ret)
		return refuse(err, SESSION_LOAD, "maps", ret);
	ret = vmprof__load(s->skel);
	if (ret == -EPERM || ret == -EACCES)
		return refuse(err, SESSION_NO_PRIVILEGE, NULL, ret);
	if (ret == -ENOMEM || ret == -E2BIG)
		return refuse(err, SESSION_MAP, NULL, ret);
	if (ret)
		return refuse(err, SESSION_LOAD, "load", ret);
	ret = tell_self(s);
	if (ret)
		return refuse(err, SESSION_LOAD, "vmprof_self", ret);
	ret = open_windows(s);
	if (ret)
		return refuse(err, SESSION_MAP, NULL, ret);
	return attach(s, err);
}

int session_open(struct session **out, const struct session_options *options, struct session_error *err)
{
	struct session *s = calloc(1, sizeof(*s));
	int ret;

	*out = NULL;
	memset(err, 0, sizeof(*err));
	if (!s)
		return -ENOMEM;
	s->detail = options->detail;
	s->cpus = libbpf_num_possible_cpus();
	s->stats_fd = -1;
	ret = load(s, options, err);
	if (ret) {
		session_free(s);
		return ret;
	}
	if (options->run_stats)
		s->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME); /* without it the account stays empty */
	*out = s;
	return 0;
}

void session_free(struct session *s)
{
	struct session_maps *m;

	if (!s)
		return;
	m = &s->maps;
	window_close(&m->threads);
	window_close(&m->thread_ring);
	window_close(&m->calls);
	window_close(&m->rows);
	window_close(&m->row_ring);
	vmprof__destroy(s->skel);
	if (s->stats_fd >= 0)
		close(s->stats_fd);
	free(s);
}

static int set_flags(struct session *s, pid_t pid, uint32_t flags, uint64_t how)
{
	/* struct vmprof_link of maps.bpf.h: slot, flags, and the rest zero. */
	uint32_t value[sizeof(struct vmprof_run) / sizeof(uint32_t) + 2] = {VMPROF_SLOT_NONE, flags};
	int fd = (int)syscall(SYS_pidfd_open, pid, 0), ret;

	if (fd < 0)
		return -errno;
	ret = bpf_map_update_elem(bpf_map__fd(s->skel->maps.links), &fd, value, how);
	close(fd);
	return ret;
}

int session_mark(struct session *s, pid_t pid)
{
	/* A process that is tracked already keeps its slot. */
	int ret = set_flags(s, pid, VMPROF_F_TARGET, BPF_NOEXIST);

	return ret == -EEXIST ? 0 : ret;
}

int session_adopt(struct session *s, bool on)
{
	return set_flags(s, getpid(), VMPROF_F_SELF | (on ? VMPROF_F_ADOPT : 0), BPF_ANY);
}

static void flush_cpu(struct session *s, int cpu)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .cpu = (__u32)cpu, .flags = BPF_F_TEST_RUN_ON_CPU);

	/* Fails for a CPU that is offline: it runs nobody. */
	bpf_prog_test_run_opts(bpf_program__fd(s->skel->progs.vmprof_flush), &opts);
}

void session_flush(struct session *s, bool all)
{
	for (int cpu = 0; cpu < s->cpus && cpu < VMPROF_MAX_CPUS; cpu++) {
		if (all || *(volatile uint32_t *)&s->skel->bss->cpus[cpu].slot >= VMPROF_SLOT_FIRST)
			flush_cpu(s, cpu);
	}
}

/* Run the iterator over all tasks once. */
static int pass(struct bpf_link *link)
{
	int fd = bpf_iter_create(bpf_link__fd(link));
	char none[64];
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = read(fd, none, sizeof(none));
	while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
	close(fd);
	return n < 0 ? -errno : 0;
}

/*
 * While `registering` is set, each switch looks up the thread that leaves, too, for its CPU may
 * not have been told of it. The flush before makes sure that no switch is under way
 * that has not seen it set; the one after tells each CPU whom it runs.
 */
int session_register(struct session *s)
{
	struct bpf_link *link = bpf_program__attach_iter(s->skel->progs.vmprof_register, NULL);
	volatile uint32_t *found = &s->skel->bss->registered;
	int ret = 0;

	if (!link)
		return -errno;
	ret = session_adopt(s, false); /* a target's child we may be, but we do not watch ourselves */
	if (ret)
		goto out;
	*(volatile uint32_t *)&s->skel->bss->registering = 1;
	session_flush(s, true);
	for (int i = 0; i < MAX_PASSES; i++) {
		*found = 0;
		ret = pass(link);
		if (ret || !*found)
			break;
	}
	session_flush(s, true);
	*(volatile uint32_t *)&s->skel->bss->registering = 0;
out:
	bpf_link__destroy(link);
	return ret;
}

uint64_t session_measures(const struct session *s)
{
	metric_set all = METRIC_BIT(METRIC_COUNT) - 1;

	if (s->detail == DETAIL_LEDGER)
		all &= ~(METRIC_BIT(METRIC_SYS_FUTEX + 1) - METRIC_BIT(METRIC_SYS_TOTAL));
	if (!s->has_fault_tracepoint)
		all &= ~METRIC_BIT(METRIC_UFAULTS);
	if (!s->has_io_accounting)
		all &= ~(METRIC_BIT(METRIC_INBLOCK) | METRIC_BIT(METRIC_OUBLOCK));
	if (!s->has_fault_time)
		all &= ~METRIC_BIT(METRIC_FAULT_CPU);
	return all;
}
