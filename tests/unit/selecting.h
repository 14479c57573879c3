/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of select_pids(): processes to select, made up and real, and the outcome as a string. */
#ifndef TESTS_UNIT_SELECTING_H
#define TESTS_UNIT_SELECTING_H

#include "scratch.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "target/procfs.h"
#include "target/select.h"

#define ROOT FIXTURES "/proc"

/* A process of the scratch root. */
__attribute__((unused)) static void make_process(pid_t pid, pid_t tgid, const char *comm, uid_t uid, unsigned flags)
{
	char path[32], text[256];

	snprintf(path, sizeof(path), "%d/stat", pid);
	snprintf(text, sizeof(text), "%d (%s) S 1 1 1 0 -1 %u 0 0 0 0 0 0 0 0 20 0 1 0 555 0 0\n", pid, comm, flags);
	scratch_text(path, text);
	snprintf(path, sizeof(path), "%d/status", pid);
	snprintf(text, sizeof(text), "Name:\tx\nTgid:\t%d\nUid:\t%u\t%u\t%u\t%u\n", tgid, uid, uid, uid, uid);
	scratch_text(path, text);
}

__attribute__((unused)) static void link_fd(const char *path, const char *to)
{
	assert_int_equal(symlink(to, scratch_path(path)), 0);
}

/* What `sel` selects, as "1 2 3"; or "!why what", with the result checked against `why`. */
__attribute__((unused)) static const char *selected(const char *root, struct selection sel)
{
	static char text[1024];
	struct pid_set set = {0};
	struct select_error err;
	size_t n = 0;
	int r;

	memset(&err, 0x55, sizeof(err));
	r = select_pids(root, &sel, &set, &err);
	text[0] = 0;
	if (r) {
		assert_int_equal(r, err.why == SELECT_BAD_PID ? -EINVAL : -ESRCH);
		snprintf(text, sizeof(text), "!%d %s", err.why, err.what);
	} else {
		assert_int_equal(err.why, 0);
		for (size_t i = 0; i < set.n; i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%d", i ? " " : "", set.at[i]);
	}
	pid_set_free(&set);
	return text;
}

#define assert_selects(root, expected, ...) \
	assert_string_equal(selected(root, (struct selection){__VA_ARGS__}), expected)

__attribute__((unused)) static const char *failure(int why, const char *what)
{
	static char text[160];

	snprintf(text, sizeof(text), "!%d %.127s", why, what); /* as much as there is room for */
	return text;
}

/* Here and now. A child that has set its name and waits for us to end it. */
__attribute__((unused)) static pid_t live_child(const char *name)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		close(ready[1]);
		close(ready[0]);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0); /* until the child has closed its end */
	close(ready[0]);
	return pid;
}

__attribute__((unused)) static void end_child(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

#endif
