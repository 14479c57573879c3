/* SPDX-License-Identifier: BSD-2-Clause */
#include "selecting.h"

/* Two hierarchies, one of them mounted at a path with a blank, and processes 1 to 9. */
static void make_cgroups(void)
{
	char text[512];

	for (int pid = 1; pid <= 9; pid++)
		make_process(pid, pid, "x", 0, pid == 2 ? PROC_PF_KTHREAD : 0);
	snprintf(text, sizeof(text),
	         "31 23 0:28 / /sys rw,relatime - tmpfs tmpfs rw,mode=755\n"
	         "32 31 0:29 / %s/cg\\040one rw,relatime shared:9 master:1 - cgroup cgroup rw,memory\n"
	         "garbage\n"
	         "33 - cgroup\n"
	         "34 31 0:30 / %s/two rw,relatime - cgroup2 none rw\n",
	         scratch, scratch);
	scratch_text("self/mountinfo", text);
	scratch_text("cg one/cgroup.procs", "1\n2\n");
	scratch_text("cg one/app/cgroup.procs", "3\n0\n3\nx\n-4\n99\n");
	scratch_text("cg one/app/a/b/c/cgroup.procs", "5\n");
	scratch_text("cg one/app/a/b/cgroup.procs", "");
	scratch_text("cg one/app/a/cgroup.procs", "4");
	scratch_text("cg one/empty/cgroup.procs", "");
	scratch_text("two/cgroup.procs", "");
	scratch_text("two/app/cgroup.procs", "6\n");
	scratch_text("two/app/tasks", "7\n");
	scratch_text("two/none/tasks", "7\n");
	scratch_text("two/none/below/cgroup.procs", "7\n");
}

static void cgroup(void **state)
{
	char path[PATH_MAX];

	(void)state;
	make_cgroups();
	assert_selects(scratch, "3 4 5", .cgroup = scratch_path("cg one/app"));
	assert_selects(scratch, "4 5", .cgroup = scratch_path("cg one/app/a/"));
	assert_selects(scratch, "1 3 4 5", .cgroup = scratch_path("cg one")); /* less the kernel thread */
	/* By name, with and without the slash of /proc/PID/cgroup: in each hierarchy that has it. */
	assert_selects(scratch, "3 4 5 6", .cgroup = "app");
	assert_selects(scratch, "3 4 5 6", .cgroup = "/app");
	assert_selects(scratch, "4 5", .cgroup = "app/a");
	/* A link names a group, but links within are not walked: they may lead in circles. */
	snprintf(path, sizeof(path), "%s/cg one/app", scratch);
	assert_int_equal(symlink(path, scratch_path("link")), 0);
	assert_int_equal(symlink("..", scratch_path("cg one/app/a/up")), 0);
	assert_selects(scratch, "3 4 5", .cgroup = scratch_path("link"));
}

static void cgroup_none(void **state)
{
	char path[PATH_MAX];

	(void)state;
	make_cgroups();
	assert_selects(scratch, failure(SELECT_NO_CGROUP, "nope"), .cgroup = "nope");
	assert_selects(scratch, failure(SELECT_NO_CGROUP, "/nope/nope"), .cgroup = "/nope/nope");
	assert_selects(scratch, failure(SELECT_NO_CGROUP, ""), .cgroup = "");
	snprintf(path, sizeof(path), "%s/two/none", scratch); /* a directory, but no cgroup */
	assert_selects(scratch, failure(SELECT_NO_CGROUP, path), .cgroup = path);
	snprintf(path, sizeof(path), "%s/two/app/tasks", scratch); /* no directory */
	assert_selects(scratch, failure(SELECT_NO_CGROUP, path), .cgroup = path);
	assert_selects(scratch, failure(SELECT_NONE, "empty"), .cgroup = "empty");
}

int main(void)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		WITH_SCRATCH(cgroup),
		WITH_SCRATCH(cgroup_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
