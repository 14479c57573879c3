/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a group with a memory limit can be made, what the machine says of itself, and a guardian that cleans up. */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "target/guardian.h"
#include "target/limit.h"
#include "target/machine.h"
#include "target/swap.h"

static char fs[128]; /* what stands for /sys/fs/cgroup */

/* Control group file systems and who we are in them: /proc/self/mounts and /proc/self/cgroup. */
static void proc(const char *mounts, const char *groups)
{
	char text[1024];

	snprintf(fs, sizeof(fs), "%s/fs", scratch);
	snprintf(text, sizeof(text), mounts, fs, fs);
	scratch_text("self/mounts", text);
	scratch_text("self/cgroup", groups);
}

/* A group of version 2; `type`: it is not the root. */
static void group(const char *path, const char *controllers, const char *subtree, const char *procs, bool type)
{
	char name[256];

	snprintf(name, sizeof(name), "fs/%s/cgroup.controllers", path);
	scratch_text(name, controllers);
	snprintf(name, sizeof(name), "fs/%s/cgroup.subtree_control", path);
	scratch_text(name, subtree);
	snprintf(name, sizeof(name), "fs/%s/cgroup.procs", path);
	scratch_text(name, procs);
	snprintf(name, sizeof(name), "fs/%s/cgroup.type", path);
	if (type)
		scratch_text(name, "domain\n");
}

static const char *below_fs(const struct limit *l)
{
	assert_int_equal(strncmp(l->parent, fs, strlen(fs)), 0);
	assert_int_equal(strncmp(l->dir, l->parent, strlen(l->parent)), 0);
	assert_int_equal(strncmp(l->dir + strlen(l->parent), "/vmprof-curve-", 14), 0);
	return l->parent + strlen(fs);
}

#define V2 "tmpfs %s tmpfs rw 0 0\ncgroup2 %s cgroup2 rw,nosuid 0 0\n"
#define V1 "cgroup %s/cpu cgroup rw,cpu,cpuacct 0 0\ncgroup %s/memory cgroup rw,memory 0 0\n"

static void version_1(void **state)
{
	struct limit l;

	(void)state;
	proc(V1, "9:cpu,cpuacct:/other\n4:memory:/user/me\n0::/elsewhere\n");
	scratch_text("fs/memory/user/me/memory.limit_in_bytes", "");
	assert_int_equal(limit_find(scratch, &l), 0);
	assert_false(l.v2);
	assert_string_equal(below_fs(&l), "/memory/user/me");
	/* In a container: the mount does not show the name that the kernel has for us. */
	scratch_text("self/cgroup", "4:memory:/docker/123\n");
	assert_int_equal(limit_find(scratch, &l), 0);
	assert_string_equal(below_fs(&l), "/memory");
	proc("tmpfs %s tmpfs rw 0 0\ncgroup %s/cpu cgroup rw,cpu 0 0\n", "9:cpu:/\n");
	assert_int_equal(limit_find(scratch, &l), -ENOENT);
}

/* Version 2 is mounted without the memory controller: version 1 has it. */
static void hybrid(void **state)
{
	struct limit l;

	(void)state;
	proc("cgroup2 %s/unified cgroup2 rw 0 0\ncgroup %s/memory cgroup rw,memory 0 0\n", "4:memory:/\n0::/\n");
	group("unified", "hugetlb\n", "", "", false);
	scratch_text("fs/memory/memory.limit_in_bytes", "");
	assert_int_equal(limit_find(scratch, &l), 0);
	assert_false(l.v2);
	assert_string_equal(below_fs(&l), "/memory");
}

static void version_2(void **state)
{
	struct limit l;

	(void)state;
	proc(V2, "0::/user/session\n");
	group("", "cpu memory io\n", "cpu memory\n", "1\n", false);
	group("user", "cpu memory\n", "memory\n", "", true);
	group("user/session", "memory\n", "", "42\n", true);
	/* We are in our own group, and so it can't have one below it: the one above can. */
	assert_int_equal(limit_find(scratch, &l), 0);
	assert_true(l.v2);
	assert_false(l.enable);
	assert_string_equal(below_fs(&l), "/user");
	/* It has the controller for itself and no processes: it can pass it on. */
	group("user", "cpu memory\n", "cpu\n", "", true);
	assert_int_equal(limit_find(scratch, &l), 0);
	assert_true(l.enable);
	assert_string_equal(below_fs(&l), "/user");
	/* Processes are in the way there: further up. */
	group("user", "cpu memory\n", "cpu\n", "7\n", true);
	assert_int_equal(limit_find(scratch, &l), 0);
	assert_false(l.enable);
	assert_string_equal(below_fs(&l), "");
}

static void version_2_root(void **state)
{
	struct limit l;

	(void)state;
	proc(V2, "0::/\n");
	group("", "cpu memory\n", "cpu\n", "1\n2\n", false);
	/* The root may have processes, too. */
	assert_int_equal(limit_find(scratch, &l), 0);
	assert_true(l.enable);
	/* What a container sees as its root is none. */
	group("", "cpu memory\n", "cpu\n", "1\n2\n", true);
	assert_int_equal(limit_find(scratch, &l), -EBUSY);
	assert_string_equal(l.parent, fs);
}

static void machine(void **state)
{
	struct machine_memory m;
	struct cpu_ticks t;
	struct stall s;
	cpu_set_t cpus;

	(void)state;
	scratch_text("stat", "cpu  99 99 99 99 99 99 99 99 99 99\ncpu0 1 2 4 8 16 32 64 128 1 1\n"
	                     "cpu1 100 0 0 900 0 0 0 0 0 0\ncpu11 1000 0 0 0 0 0 0 0 0 0\nintr 5\n");
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	assert_int_equal(machine_cpu(scratch, &cpus, &t), 0);
	assert_int_equal(t.busy, 1 + 2 + 4 + 32 + 64);
	assert_int_equal(t.all, 255);
	CPU_SET(1, &cpus);
	assert_int_equal(machine_cpu(scratch, &cpus, &t), 0);
	assert_int_equal(t.all, 1255);
	assert_int_equal(machine_memory(scratch, &m), -ENOENT);
	scratch_text("meminfo",
	             "MemTotal:  16 kB\nMemFree: 1 kB\nMemAvailable:       8 kB\nSwapTotal: 4 kB\nSwapFree: 3 kB\n");
	assert_int_equal(machine_memory(scratch, &m), 0);
	assert_true(m.total == 16384 && m.available == 8192 && m.swap == 4096 && m.swap_free == 3072);
	scratch_text("vmstat", "allocstall_dma 1\nallocstall_normal 20\npgscan_direct 300\npgscan_direct_throttle 7\n"
	                       "pgscan_file 99\n");
	assert_int_equal(machine_reclaim(scratch), 321);
	scratch_text("pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=42\nfull avg10=0.00 total=17\n");
	machine_stall(scratch_path("pressure"), &s);
	assert_true(s.known && s.some_us == 42 && s.full_us == 17);
	machine_stall(scratch_path("nothing"), &s);
	assert_false(s.known);
}

static bool there(const char *path)
{
	return !access(path, F_OK);
}

/* A swap file needs no right to be made, only to be used: what is there of one goes. */
static void guardian(void **state)
{
	struct guardian g = {0};
	char path[256];

	(void)state;
	assert_int_equal(guardian_end(&g), 0);
	assert_int_equal(guardian_start(&g), 0);
	snprintf(path, sizeof(path), "%s", scratch_path("swap"));
	assert_int_equal(guardian_charge(&g, GUARD_SWAP, path), 0);
	assert_int_equal(guardian_charge(&g, GUARD_GROUP, scratch_path("no-such-group")), 0);
	scratch_text("swap", "x");
	assert_int_equal(guardian_end(&g), geteuid() ? -EIO : 0);
	assert_int_equal(there(path), geteuid() != 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* SIGKILL of the one it guards: nobody told it anything. */
static void guardian_of_the_dead(void **state)
{
	char path[256], byte;
	int ready[2];
	pid_t pid;

	(void)state;
	if (geteuid())
		skip();
	snprintf(path, sizeof(path), "%s", scratch_path("swap"));
	scratch_text("swap", "x");
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		struct guardian g = {0};

		if (guardian_start(&g) || guardian_charge(&g, GUARD_SWAP, path) || write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_true(there(path));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* The test's own time limit is the deadline. */
	while (there(path))
		usleep(1000);
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		WITH_SCRATCH(version_1),
		WITH_SCRATCH(hybrid),
		WITH_SCRATCH(version_2),
		WITH_SCRATCH(version_2_root),
		WITH_SCRATCH(machine),
		WITH_SCRATCH(guardian),
		WITH_SCRATCH(guardian_of_the_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
