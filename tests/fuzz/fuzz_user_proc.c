/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of /proc and of control groups: the first byte says which file the rest is the content of. */
#include "user.h"

#include <errno.h>

#include "target/cgroup.h"
#include "target/limit.h"
#include "target/listener.h"
#include "target/machine.h"
#include "target/procfs.h"

#define STAT   "1 (a b) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 99 1000 10 18446744073709551615\n"
#define STATUS "Name:\ta b\nTgid:\t1\nUid:\t5\t6\t7\t8\nVmHWM:\t  100 kB\n"
#define TCP    "   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7 1 0\n"

/* What every run begins with. */
static const struct file {
	const char *path, *good;
} files[] = {
	{"1/stat", STAT},
	{"1/statm", "100 50 20 10 0 30 0\n"},
	{"1/status", STATUS},
	{"net/tcp", TCP},
	{"self/mountinfo", "1 0 0:1 / cg rw - cgroup2 cgroup2 rw\n"},
	{"group/cgroup.procs", "1\n"},
	{"self/mounts", "cgroup2 cg cgroup2 rw 0 0\n"},
	{"self/cgroup", "0::/sub\n"},
	{"meminfo", ""},
	{"stat", ""},
	{"vmstat", ""},
	{"pressure", ""},
	{"cg/cgroup.controllers", "cpu memory\n"},
	{"cg/cgroup.subtree_control", ""},
};

#define N_FILES (sizeof(files) / sizeof(files[0]))

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const dirs[] = {"1", "1/fd", "net", "self", "group", "cg", "cg/sub"};

	(void)argc, (void)argv;
	make_room();
	enter_room();
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		must(!mkdir(dirs[i], 0700));
	must(!symlink("socket:[7]", "1/fd/3"));
	for (size_t i = 0; i < N_FILES; i++)
		put_text(files[i].path, files[i].good);
	leave_room();
	return 0;
}

static void read_process(void)
{
	struct proc_memory mem;
	struct proc_stat st;
	pid_t tgid = 1;
	uid_t uid;

	if (!procfs_stat(".", 1, &st))
		must(strlen(st.comm) < sizeof(st.comm));
	if (!procfs_memory(".", 1, &mem))
		must(mem.has_peak || !mem.peak_rss);
	procfs_tgid(".", 1, &tgid);
	must(tgid >= 0);
	procfs_uid(".", 1, &uid);
}

static void read_sets(void)
{
	struct pid_set set = {0};
	struct listener found;

	listener_pids(".", 80, &set, &found);
	must_be_pids(&set);
	must(found.listening || !set.n);
	cgroup_pids(".", "group", &set);
	must_be_pids(&set);
	cgroup_pids(".", "/dev/shm/../../proc/self/cwd/group", &set);
	must_be_pids(&set);
	pid_set_free(&set);
}

static void read_machine(void)
{
	struct machine_memory m;
	struct cpu_ticks ticks;
	struct stall stall;
	cpu_set_t cpus;

	memset(&cpus, 0xff, sizeof(cpus));
	machine_memory(".", &m);
	machine_cpu(".", &cpus, &ticks);
	machine_reclaim(".");
	machine_stall("pressure", &stall);
}

static void read_limit(void)
{
	struct limit l;
	int err = limit_find(".", &l);

	must(!err || err == -ENOENT || err == -EBUSY);
	must(strnlen(l.parent, LIMIT_PATH) < LIMIT_PATH && strnlen(l.dir, LIMIT_PATH) < LIMIT_PATH);
	must(err || strstr(l.dir, "/vmprof-curve-"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct file *file = size ? &files[data[0] % N_FILES] : NULL;

	if (!file)
		return 0;
	enter_room();
	put(file->path, data + 1, size - 1);
	read_process();
	read_sets();
	read_machine();
	read_limit();
	put_text(file->path, file->good);
	leave_room();
	return 0;
}
