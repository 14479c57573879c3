/* SPDX-License-Identifier: BSD-2-Clause */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>

#include "base/caller.h"

static int sudo_set(void **state)
{
	setenv("SUDO_UID", "65534", 1);
	setenv("SUDO_GID", "65533", 1);
	return scratch_setup(state);
}

static int sudo_clear(void **state)
{
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	return scratch_teardown(state);
}

static void who(void **state)
{
	struct caller c;

	(void)state;
	assert_int_equal(caller_find(&c, true), 0);
	assert_false(c.other);
	assert_int_equal(caller_find(&c, false), 0);
	assert_int_equal(c.other, geteuid() == 0);
	if (c.other)
		assert_true(c.sudo && c.uid == 65534 && c.gid == 65533 && c.ngroups >= 1);
	caller_free(&c);
	setenv("SUDO_UID", "0", 1);
	assert_int_equal(caller_find(&c, false), 0);
	assert_false(c.other);
	setenv("SUDO_UID", "1x", 1);
	assert_int_equal(caller_find(&c, false), geteuid() ? 0 : -EINVAL);
}

/* There and back: rights, capabilities, groups, and whose a new file is. */
static void there_and_back(void **state)
{
	const gid_t groups[] = {1, 2};
	gid_t saved[64], now[64];
	int n = getgroups(64, saved), fd;
	struct caller c;
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(setgroups(2, groups), 0);
	scratch_text("secret", "x");
	assert_int_equal(chmod(scratch_path("secret"), 0600), 0);
	assert_int_equal(chmod(scratch, 0777), 0);
	assert_int_equal(caller_find(&c, false), 0);
	assert_int_equal(caller_enter(&c), 0);
	assert_int_equal(open(scratch_path("secret"), O_RDONLY), -1);
	assert_int_equal(errno, EACCES);
	for (int i = getgroups(64, now) - 1; i >= 0; i--)
		assert_true(now[i] != 1 && now[i] != 2);
	fd = open(scratch_path("new"), O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(caller_leave(&c), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_uid == 65534 && st.st_gid == 65533);
	close(fd);
	assert_true(geteuid() == 0 && getegid() == 0);
	assert_int_equal(getgroups(64, now), 2);
	assert_memory_equal(now, groups, sizeof(groups));
	fd = open(scratch_path("secret"), O_RDONLY);
	assert_true(fd >= 0);
	close(fd);
	caller_free(&c);
	assert_int_equal(setgroups((size_t)n, saved), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who, sudo_set, sudo_clear),
		cmocka_unit_test_setup_teardown(there_and_back, sudo_set, sudo_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
