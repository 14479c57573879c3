/* SPDX-License-Identifier: BSD-2-Clause */
#include "scratch.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "target/procfs.h"

#define ROOT FIXTURES "/proc"
#define MB   (UINT64_C(1) << 20)

static void memory(void **state)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct proc_memory mem;

	(void)state;
	assert_int_equal(procfs_memory(ROOT, 100, &mem), 0);
	assert_int_equal(mem.vsz, 21536 * page);
	assert_int_equal(mem.rss, 1510 * page);
	assert_int_equal(mem.text, 310 * page);
	assert_int_equal(mem.data, 8244 * page);
	assert_true(mem.has_peak);
	assert_int_equal(mem.peak_rss, 6200 * 1024);
}

static void memory_without_peak(void **state)
{
	struct proc_memory mem = {.has_peak = true, .rss = 1, .vsz = 1};

	(void)state;
	assert_int_equal(procfs_memory(ROOT, 2, &mem), 0);
	assert_false(mem.has_peak);
	assert_int_equal(mem.rss, 0);
	assert_int_equal(mem.vsz, 0);
}

static void gone(void **state)
{
	struct proc_memory mem;
	struct proc_stat st;
	pid_t tgid;
	uid_t uid;

	(void)state;
	assert_int_equal(procfs_memory(ROOT, 99, &mem), -ESRCH);
	assert_int_equal(procfs_stat(ROOT, 99, &st), -ESRCH);
	assert_int_equal(procfs_tgid(ROOT, 99, &tgid), -ESRCH);
	assert_int_equal(procfs_uid(ROOT, 99, &uid), -ESRCH);
}

/* A process that ended and was reaped; its number is not given out again that soon. */
static void gone_live(void **state)
{
	struct proc_stat st;
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(procfs_stat("/proc", pid, &st), -ESRCH);
}

static void stat_fields(void **state)
{
	struct proc_stat st;

	(void)state;
	assert_int_equal(procfs_stat(ROOT, 100, &st), 0);
	assert_int_equal(st.pid, 100);
	assert_int_equal(st.ppid, 1);
	assert_string_equal(st.comm, "my server");
	assert_int_equal(st.state, 'S');
	assert_int_equal(st.flags, 4194304);
	assert_int_equal(st.threads, 4);
	assert_int_equal(st.starttime, 123456789);
	assert_int_equal(procfs_stat(ROOT, 2, &st), 0);
	assert_true(st.flags & PROC_PF_KTHREAD);
	assert_int_equal(procfs_stat(ROOT, 1, &st), 0);
	assert_false(st.flags & PROC_PF_KTHREAD);
}

#define AFTER " R 7 1 1 0 -1 64 0 0 0 0 0 0 0 0 20 0 3 0 555 0 0\n"

static void stat_names(void **state)
{
	static const struct {
		const char *stat, *comm;
	} names[] = {
		{"5 (a b)" AFTER, "a b"},
		{"5 ()" AFTER, ""},
		{"5 (())" AFTER, "()"},
		{"5 (x) R 1 1 1)" AFTER, "x) R 1 1 1"},
		{"5 (a\nb)" AFTER, "a\nb"},
		{"5 (\n)" AFTER, "\n"},
		{"5 (\xff\xfe,\")" AFTER, "\xff\xfe,\""},
		{"5 (%s%n%d)" AFTER, "%s%n%d"},
		/* A kernel thread's may be long: kept as far as there is room. */
		{"5 (kworker/u8:3-events_unbound_and_a_very_long_name_of_a_workqueue_that)" AFTER,
	         "kworker/u8:3-events_unbound_and_a_very_long_name_of_a_workqueue"},
	};
	struct proc_stat st;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		scratch_text("5/stat", names[i].stat);
		assert_int_equal(procfs_stat(scratch, 5, &st), 0);
		assert_string_equal(st.comm, names[i].comm);
		assert_int_equal(st.state, 'R');
		assert_int_equal(st.ppid, 7);
		assert_int_equal(st.threads, 3);
		assert_int_equal(st.starttime, 555);
	}
}

static void stat_garbage(void **state)
{
	static const char good[] = "5 (a b)" AFTER;
	static const char *const bad[] = {"", "\n", "5", ")(", "5 )a( R", "(", "5 (a)", ("x (a)" AFTER), "5 (a) R x"};
	const size_t enough = (size_t)(strstr(good, " 555") - good) + 2; /* the first digit of the last field */
	struct proc_stat st;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		scratch_text("5/stat", bad[i]);
		assert_int_equal(procfs_stat(scratch, 5, &st), -EPROTO);
	}
	for (size_t n = 0; n < enough; n++) {
		scratch_write("5/stat", good, n);
		assert_int_equal(procfs_stat(scratch, 5, &st), -EPROTO);
	}
	scratch_write("5/stat", good, enough);
	assert_int_equal(procfs_stat(scratch, 5, &st), 0);
	scratch_write("5/stat", "5 (a\0b)" AFTER, 8 + sizeof(AFTER) - 1);
	assert_int_equal(procfs_stat(scratch, 5, &st), -EPROTO);
}

static void status_fields(void **state)
{
	pid_t tgid = 0;
	uid_t uid = 0;

	(void)state;
	assert_int_equal(procfs_uid(ROOT, 100, &uid), 0);
	assert_int_equal(uid, 3000000002u); /* the effective one */
	assert_int_equal(procfs_tgid(ROOT, 100, &tgid), 0);
	assert_int_equal(tgid, 100);
}

/* Nothing bounds the supplementary groups, and what is wanted may come after them. */
static void status_long(void **state)
{
	struct proc_memory mem;
	FILE *file;

	(void)state;
	scratch_text("5/statm", "9 8 7 6 5 4 3\n");
	file = fopen(scratch_path("5/status"), "w");
	assert_non_null(file);
	fputs("Name:\tx\nGroups:\t", file);
	for (int i = 0; i < 65536; i++)
		fprintf(file, "%d ", 100000 + i);
	fputs("\nVmHWM:\t      77 kB\n", file);
	fclose(file);
	assert_int_equal(procfs_memory(scratch, 5, &mem), 0);
	assert_int_equal(mem.peak_rss, 77 * 1024);
}

static void status_garbage(void **state)
{
	static const char *const bad[] = {
		"",
		"Uid:",
		"Uid:\n",
		"Uid:\t0\n",
		"Uid:\t0\tx\t0\t0\n",
		"Uid:\t0\t-1\t0\n",
		"Uid:\t0\t4294967296\n",
		"Uid:\t0\t99999999999999999999\n",
		"Name:\tUid:\t0\t0\n",
		" Uid:\t0\t0\n",
		"\xff\xff\n",
	};
	struct proc_memory mem;
	pid_t tgid;
	uid_t uid = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		scratch_text("5/status", bad[i]);
		assert_int_equal(procfs_uid(scratch, 5, &uid), -EPROTO);
		assert_int_equal(procfs_tgid(scratch, 5, &tgid), -EPROTO);
	}
	assert_int_equal(uid, 42);
	scratch_text("5/status", "Uid:\t0\t4294967295"); /* no newline at the end */
	assert_int_equal(procfs_uid(scratch, 5, &uid), 0);
	assert_int_equal(uid, UINT32_MAX);
	scratch_text("5/status", "Tgid:\t2147483648\n");
	assert_int_equal(procfs_tgid(scratch, 5, &tgid), -EPROTO);

	scratch_text("5/statm", "1 2 3 4 5\n");
	assert_int_equal(procfs_memory(scratch, 5, &mem), -EPROTO);
	scratch_text("5/statm", "");
	assert_int_equal(procfs_memory(scratch, 5, &mem), -EPROTO);
	scratch_text("5/statm", "1 2 3 4 5 6 7\n");
	scratch_text("5/status", "VmHWM:\t?\n");
	assert_int_equal(procfs_memory(scratch, 5, &mem), -EPROTO);
}

static int collect(pid_t pid, void *arg)
{
	pid_t *seen = arg;

	seen[++seen[0]] = pid;
	return 0;
}

static int stop_at_100(pid_t pid, void *arg)
{
	(void)arg;
	return pid == 100 ? 7 : 0;
}

static void each(void **state)
{
	pid_t seen[16] = {0}, sum = 0;

	(void)state;
	assert_int_equal(procfs_each(ROOT, collect, seen), 0);
	assert_int_equal(seen[0], 5); /* neither net nor 12x */
	for (int i = 1; i <= 5; i++)
		sum += seen[i];
	assert_int_equal(sum, 1 + 2 + 100 + 200 + 300);
	assert_int_equal(procfs_each(ROOT, stop_at_100, NULL), 7);
	assert_int_equal(procfs_each(ROOT "/no-such", collect, seen), -ENOENT);
}

/* Here and now, against what the kernel says by other ways. */

static void live_identity(void **state)
{
	struct proc_stat st;
	pid_t tgid = 0;
	uid_t uid = ~geteuid();

	(void)state;
	assert_int_equal(prctl(PR_SET_NAME, "a) R (\n\xff ,\""), 0);
	assert_int_equal(procfs_stat("/proc", getpid(), &st), 0);
	assert_int_equal(st.pid, getpid());
	assert_int_equal(st.ppid, getppid());
	assert_string_equal(st.comm, "a) R (\n\xff ,\"");
	assert_int_equal(st.state, 'R');
	assert_int_equal(procfs_uid("/proc", getpid(), &uid), 0);
	assert_int_equal(uid, geteuid());
	assert_int_equal(procfs_tgid("/proc", getpid(), &tgid), 0);
	assert_int_equal(tgid, getpid());
}

/* A name can't pose as a line of PID/status. */
static void live_forged_name(void **state)
{
	uid_t uid = ~geteuid();

	(void)state;
	assert_int_equal(prctl(PR_SET_NAME, "x\nUid:\t77\t77\n"), 0);
	assert_int_equal(procfs_uid("/proc", getpid(), &uid), 0);
	assert_int_equal(uid, geteuid());
}

static void *thread_tgid(void *arg)
{
	struct proc_stat st;
	pid_t tgid;

	if (!procfs_tgid("/proc", gettid(), &tgid) && !procfs_stat("/proc", getpid(), &st) && st.threads >= 2)
		*(pid_t *)arg = tgid;
	return NULL;
}

static void live_thread(void **state)
{
	pthread_t thread;
	pid_t tgid = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, thread_tgid, &tgid), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(tgid, getpid());
}

static uint64_t boot_ticks(void)
{
	const uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * hz + (uint64_t)ts.tv_nsec * hz / 1000000000;
}

static void live_start(void **state)
{
	uint64_t before = boot_ticks(), after;
	struct proc_stat st;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid)
		_exit(0);
	after = boot_ticks();
	assert_int_equal(procfs_stat("/proc", pid, &st), 0); /* a zombie at the latest */
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_in_range(st.starttime, before, after);
}

/* The size of the mapping that a function of ours lies in. */
static uint64_t own_text(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long from, to, here = (unsigned long)&own_text;
	char line[PATH_MAX + 128];
	uint64_t size = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &from, &to) == 2 && here >= from && here < to)
			size = to - from;
	fclose(maps);
	return size;
}

static void live_memory(void **state)
{
	const uint64_t size = 64 * MB;
	struct proc_memory before, full, after;
	struct rusage usage;
	char *p;

	(void)state;
	assert_int_equal(procfs_memory("/proc", getpid(), &before), 0);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	memset(p, 1, size);
	assert_int_equal(procfs_memory("/proc", getpid(), &full), 0);
	assert_int_equal(munmap(p, size), 0);
	assert_int_equal(procfs_memory("/proc", getpid(), &after), 0);
	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);

	/* The kernel counts resident pages per CPU and sums them up roughly. */
	assert_in_range(full.rss - before.rss, size - 2 * MB, size + 2 * MB);
	assert_in_range(full.vsz - before.vsz, size, size + 2 * MB);
	assert_in_range(full.data - before.data, size, size + 2 * MB);
	assert_true(after.vsz < full.vsz && after.rss < full.rss - size / 2);
	assert_true(after.has_peak);
	assert_in_range(after.peak_rss, size, (uint64_t)usage.ru_maxrss * 1024);
	assert_true(after.peak_rss + 2 * MB >= full.rss);
	assert_int_equal(after.text, own_text());
}

int main(void)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory),
		cmocka_unit_test(memory_without_peak),
		cmocka_unit_test(gone),
		cmocka_unit_test(gone_live),
		cmocka_unit_test(stat_fields),
		WITH_SCRATCH(stat_names),
		WITH_SCRATCH(stat_garbage),
		cmocka_unit_test(status_fields),
		WITH_SCRATCH(status_long),
		WITH_SCRATCH(status_garbage),
		cmocka_unit_test(each),
		cmocka_unit_test(live_identity),
		cmocka_unit_test(live_forged_name),
		cmocka_unit_test(live_thread),
		cmocka_unit_test(live_start),
		cmocka_unit_test(live_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
