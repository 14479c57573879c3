/* SPDX-License-Identifier: BSD-2-Clause */
#include "out_test.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

static void writes_only_whole_rows(void **state)
{
	struct out *out;
	char path[64];

	(void)state;
	temp_path(path);
	assert_int_equal(out_open(&out, path), 0);
	out_printf(out, "one %d", 1);
	assert_int_equal(out_flush(out), 0);
	assert_file(path, "");
	out_write(out, " end\n", 5);
	out_row_end(out);
	out_printf(out, "two");
	assert_int_equal(out_flush(out), 0);
	assert_file(path, "one 1 end\n");
	out_printf(out, " end\n");
	out_row_end(out);
	out_printf(out, "a row that nobody ends");
	assert_int_equal(out_close(out), 0);
	assert_file(path, "one 1 end\ntwo end\n");
	unlink(path);
}

static void opens_as_it_should(void **state)
{
	int fd, found = -1;
	struct out *out;
	struct stat st;
	mode_t mask = umask(022);
	char path[64], link[64], name[64];
	ssize_t n;

	(void)state;
	temp_path(path);
	assert_int_equal(out_open(&out, path), 0);
	put_row(out, "old contents\n");
	assert_int_equal(out_close(out), 0);
	assert_int_equal(out_open(&out, path), 0);
	assert_file(path, "old contents\n"); /* nothing has been measured yet */
	put_row(out, "new\n");
	assert_int_equal(out_flush(out), 0);
	assert_file(path, "new\n");
	for (fd = 3; fd < 64 && found < 0; fd++) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, name, sizeof(name) - 1);
		if (n > 0 && !strncmp(name, path, (size_t)n) && (size_t)n == strlen(path))
			found = fd;
	}
	assert_true(found >= 0);
	assert_true(fcntl(found, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fcntl(found, F_GETFL) & O_ACCMODE, O_WRONLY);
	assert_int_equal(out_close(out), 0);
	assert_int_equal(fcntl(found, F_GETFD), -1);
	unlink(path);

	assert_int_equal(out_open(&out, path), 0); /* made anew */
	assert_int_equal(out_close(out), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	unlink(path);
	umask(mask);
}

static void says_why_it_cannot_open(void **state)
{
	struct out *out = NULL;
	int kept;

	(void)state;
	assert_int_equal(out_open(&out, "/nonexistent/file"), -ENOENT);
	assert_int_equal(out_open(&out, "/"), -EISDIR);
	fflush(stdout);
	kept = dup(STDOUT_FILENO);
	close(STDOUT_FILENO);
	assert_int_equal(out_open(&out, "-"), -EBADF);
	put_back(kept);
	assert_null(out);
	assert_int_equal(out_close(NULL), 0);
}

static void numbers_are_those_of_printf(void **state)
{
	static const uint64_t whole[] = {0, 1, 9, 10, 99, 100, 12345, 999999999, UINT64_C(10000000000), UINT64_MAX};
	static const double parts[] = {0, 0.05, 0.0000004, 0.0000006, 0.9999996, 1, 1.5, 12.345678, 99999.999999, 1e8};
	char path[64], expected[4096];
	size_t n = 0;
	struct out *out;

	(void)state;
	temp_path(path);
	assert_int_equal(out_open(&out, path), 0);
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		out_u64(out, whole[i]);
		out_write(out, "\n", 1);
		n += (size_t)sprintf(expected + n, "%" PRIu64 "\n", whole[i]);
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (unsigned decimals = 0; decimals <= 6; decimals += 2) {
			/* Halves: printf rounds to even, we up. */
			if (parts[i] == 1.5 && !decimals)
				continue;
			out_fixed(out, parts[i], decimals);
			out_write(out, "\n", 1);
			n += (size_t)sprintf(expected + n, "%.*f\n", (int)decimals, parts[i]);
		}
	out_row_end(out);
	assert_int_equal(out_close(out), 0);
	assert_file(path, expected);
	unlink(path);
}

static void memory_stays_bounded(void **state)
{
	char path[64], row[101];
	struct out *out;
	struct stat st;

	(void)state;
	temp_path(path);
	memset(row, 'x', 99);
	strcpy(row + 99, "\n");
	assert_int_equal(out_open(&out, path), 0);
	for (int i = 0; i < 10000; i++)
		put_row(out, row);
	/* Nobody flushed, and yet most is out; in whole rows. */
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 900000 && st.st_size < 1000000);
	assert_int_equal(st.st_size % 100, 0);
	assert_int_equal(out_close(out), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 1000000);
	unlink(path);
}

static void knows_its_size(void **state)
{
	const struct winsize size = {.ws_row = 50, .ws_col = 132}, none = {0};
	unsigned lines, columns;
	char path[64];
	struct out *out;
	int master, slave;

	(void)state;
	temp_path(path);
	assert_int_equal(out_open(&out, path), 0);
	assert_false(out_is_terminal(out));
	out_size(out, &lines, &columns);
	assert_int_equal(lines, 24);
	assert_int_equal(columns, 80);
	assert_int_equal(out_close(out), 0);
	unlink(path);

	assert_int_equal(openpty(&master, &slave, path, NULL, &size), 0);
	assert_int_equal(out_open(&out, path), 0);
	assert_true(out_is_terminal(out));
	out_size(out, &lines, &columns);
	assert_int_equal(lines, 50);
	assert_int_equal(columns, 132);
	assert_int_equal(ioctl(slave, TIOCSWINSZ, &none), 0);
	out_size(out, &lines, &columns);
	assert_int_equal(lines, 24);
	assert_int_equal(columns, 80);
	assert_int_equal(out_close(out), 0);
	close(slave);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_only_whole_rows),  cmocka_unit_test(opens_as_it_should),
		cmocka_unit_test(says_why_it_cannot_open), cmocka_unit_test(numbers_are_those_of_printf),
		cmocka_unit_test(memory_stays_bounded),    cmocka_unit_test(knows_its_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
