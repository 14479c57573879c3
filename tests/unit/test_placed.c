/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a command is put before it begins: CPUs, control group, descriptors. */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "target/command.h"

static void finish(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static const char *content(const char *name)
{
	static char text[4096];
	int fd = open(scratch_path(name), O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = 0;
	close(fd);
	return text;
}

static int file(const char *name)
{
	int fd = open(scratch_path(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static void descriptors(void **state)
{
	char *const argv[] = {"sh", "-c", "cat; echo complaint >&2", NULL};
	struct command_options o = {.in = file("in"), .out = file("out"), .err = file("err")};
	const char *failed;
	pid_t pid;

	(void)state;
	scratch_text("in", "words\n");
	assert_int_equal(command_start(argv, &o, &pid, &failed), 0);
	finish(pid);
	assert_string_equal(content("out"), "words\n");
	assert_string_equal(content("err"), "complaint\n");
	close(o.in);
	close(o.out);
	close(o.err);
}

static void cpus(void **state)
{
	char *const argv[] = {"sed", "-n", "s/^Cpus_allowed_list:[[:space:]]*//p", "/proc/self/status", NULL};
	char expected[16];
	cpu_set_t allowed, last;
	int cpu = CPU_SETSIZE - 1;
	struct command_options o = {.cpus = &last, .out = file("out")};
	const char *failed;
	pid_t pid;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	while (!CPU_ISSET(cpu, &allowed))
		cpu--;
	CPU_ZERO(&last);
	CPU_SET(cpu, &last);
	assert_int_equal(command_start(argv, &o, &pid, &failed), 0);
	finish(pid);
	snprintf(expected, sizeof(expected), "%d\n", cpu);
	assert_string_equal(content("out"), expected);
	close(o.out);
	/* None of them can be had. */
	CPU_ZERO(&last);
	assert_int_equal(command_start(argv, &o, &pid, &failed), -EINVAL);
	assert_string_equal(failed, "CPUs");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* Any file will do: "0" is what a control group takes for "me". */
static void group(void **state)
{
	char *const argv[] = {"true", NULL};
	struct command_options o = {.group = file("cgroup.procs")};
	const char *failed;
	pid_t pid;

	(void)state;
	assert_int_equal(command_start(argv, &o, &pid, &failed), 0);
	finish(pid);
	assert_string_equal(content("cgroup.procs"), "0");
	close(o.group);
	o.group = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_int_equal(command_start(argv, &o, &pid, &failed), -ENOSPC);
	assert_string_equal(failed, "control group");
	close(o.group);
}

int main(void)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {WITH_SCRATCH(descriptors), WITH_SCRATCH(cpus), WITH_SCRATCH(group)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
