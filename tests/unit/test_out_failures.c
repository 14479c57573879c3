/* SPDX-License-Identifier: BSD-2-Clause */
/* Disks that are full, readers that are gone or slow: what is there ends with a complete row. */
#include "out_test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

static rlim_t limit_size(rlim_t bytes)
{
	struct rlimit limit;
	rlim_t before;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	before = limit.rlim_cur;
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	return before;
}

static void full_device(void **state)
{
	struct out *out;

	(void)state;
	assert_int_equal(out_open(&out, "/dev/full"), 0);
	assert_int_equal(out_flush(out), 0); /* nothing to write yet */
	put_row(out, "row\n");
	assert_int_equal(out_flush(out), -ENOSPC);
	assert_int_equal(out_flush(out), -ENOSPC);
	put_row(out, "row\n");
	assert_int_equal(out_close(out), -ENOSPC);
}

/* Write rows of changing length, some with a line feed inside, until it fails: the length of
 * those that fit into `limit` bytes. */
static size_t overfill(struct out *out, size_t limit, size_t start, unsigned flush_every)
{
	size_t fit = start, all = start;
	int err = 0;

	for (unsigned i = 0; i < 200; i++) {
		char row[64];
		size_t n = (size_t)sprintf(row, "%03u,\"%.*s\n%.*s\"\n", i, (int)(i % 17), "aaaaaaaaaaaaaaaaa",
		                           (int)(i % 7), "bbbbbbb");

		all += n;
		if (all <= limit)
			fit = all;
		put_row(out, row);
		if ((i + 1) % flush_every == 0 && !err)
			err = out_flush(out);
	}
	assert_true(all > limit);
	assert_int_equal(err, -EFBIG);
	assert_int_equal(out_flush(out), -EFBIG);
	return fit;
}

static void full_disk_leaves_whole_rows(void **state)
{
	static const unsigned flush_every[] = {1, 3, 200};

	(void)state;
	for (rlim_t limit = 997; limit < 1010; limit++)
		for (size_t i = 0; i < sizeof(flush_every) / sizeof(flush_every[0]); i++) {
			struct out *out;
			char path[64], *text;
			rlim_t before;
			size_t fit, n;

			temp_path(path);
			assert_int_equal(out_open(&out, path), 0);
			before = limit_size(limit);
			fit = overfill(out, limit, 0, flush_every[i]);
			assert_int_equal(out_close(out), -EFBIG);
			limit_size(before);
			text = slurp(path, &n);
			assert_int_equal(n, fit);
			assert_string_equal(text + n - 2, "\"\n");
			free(text);
			unlink(path);
		}
}

/* vmprof … >>file: what stood there before is not cut away, and who writes next leaves no hole. */
static void full_disk_on_standard_output(void **state)
{
	static const char first[] = "what stood there before";
	const size_t limit = 500;
	char path[64], *text;
	struct out *out;
	size_t fit, n;
	rlim_t before;
	int fd, kept;

	(void)state;
	for (int flags = 0; flags <= O_APPEND; flags += O_APPEND) {
		temp_path(path);
		fd = open(path, O_WRONLY | O_CLOEXEC | flags);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, first, strlen(first)), strlen(first));
		kept = divert(fd);
		before = limit_size(limit);
		assert_int_equal(out_open(&out, "-"), 0);
		fit = overfill(out, limit, strlen(first), 200);
		assert_int_equal(out_close(out), -EFBIG);
		limit_size(before);
		put_back(kept);
		assert_int_equal(write(fd, "next", 4), 4); /* also: it was left open */
		close(fd);
		text = slurp(path, &n);
		assert_int_equal(n, fit + 4);
		assert_memory_equal(text, first, strlen(first));
		assert_string_equal(text + n - 6, "\"\nnext");
		free(text);
		unlink(path);
	}
}

/* vmprof … 1<>file: what stands behind is not ours either. */
static void full_disk_in_the_middle_of_a_file(void **state)
{
	char path[64], *text, old[2000];
	struct out *out;
	rlim_t before;
	size_t n;
	int fd, kept;

	(void)state;
	temp_path(path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	memset(old, '.', sizeof(old));
	assert_int_equal(write(fd, old, sizeof(old)), sizeof(old));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	kept = divert(fd);
	before = limit_size(500);
	assert_int_equal(out_open(&out, "-"), 0);
	overfill(out, 500, 0, 200);
	assert_int_equal(out_close(out), -EFBIG);
	limit_size(before);
	put_back(kept);
	close(fd);
	text = slurp(path, &n);
	assert_int_equal(n, sizeof(old));
	assert_memory_equal(text + 500, old, sizeof(old) - 500);
	free(text);
	unlink(path);
}

static void closed_pipe(void **state)
{
	struct out *out;
	int pipes[2], kept, open_err, err, again;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	close(pipes[0]);
	kept = divert(pipes[1]);
	open_err = out_open(&out, "-");
	put_row(out, "row\n");
	err = out_flush(out);
	again = out_close(out);
	put_back(kept);
	close(pipes[1]);
	assert_int_equal(open_err, 0);
	assert_int_equal(err, -EPIPE);
	assert_int_equal(again, -EPIPE);
}

static int ticks[2]; /* a pipe: a byte for each alarm */

static void on_alarm(int number)
{
	int err = errno;

	(void)number;
	if (write(ticks[1], "", 1) != 1)
		errno = 0; /* full: there were enough */
	errno = err;
}

/* A reader that takes odd bites, into a file; and not before some alarms have met a full pipe. */
static pid_t start_reader(const int pipes[2], const char *path)
{
	pid_t pid = fork();
	char bite[1237];
	FILE *f;
	ssize_t n;

	assert_true(pid >= 0);
	if (pid)
		return pid;
	close(pipes[1]);
	close(ticks[1]);
	for (unsigned i = 0; i < 50; i++)
		if (read(ticks[0], bite, 1) != 1)
			_exit(1);
	f = fopen(path, "w");
	while (f && (n = read(pipes[0], bite, sizeof(bite))) > 0)
		if (fwrite(bite, 1, (size_t)n, f) != (size_t)n)
			_exit(1);
	_exit(f && !fclose(f) ? 0 : 1);
}

/* Through a pipe that takes a part of it at a time, with signals in between; `flags` of the pipe. */
static void slow_reader(int flags)
{
	const struct itimerval tick = {{0, 500}, {0, 500}}, none = {{0, 0}, {0, 0}};
	const struct sigaction alarm = {.sa_handler = on_alarm}; /* no SA_RESTART */
	const unsigned rows = 100000;
	char path[64], *text, *p;
	int pipes[2], kept, status, err;
	struct out *out;
	pid_t pid;

	temp_path(path);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(pipe(ticks), 0);
	assert_int_equal(fcntl(ticks[1], F_SETFL, O_NONBLOCK), 0);
	pid = start_reader(pipes, path);
	close(pipes[0]);
	assert_int_equal(fcntl(pipes[1], F_SETFL, flags), 0);
	kept = divert(pipes[1]);
	close(pipes[1]);
	sigaction(SIGALRM, &alarm, NULL);
	setitimer(ITIMER_REAL, &tick, NULL);
	err = out_open(&out, "-");
	for (unsigned i = 0; i < rows; i++) {
		out_printf(out, "%010u\n", i);
		out_row_end(out);
	}
	err = err ? err : out_close(out);
	setitimer(ITIMER_REAL, &none, NULL);
	put_back(kept);
	close(ticks[0]);
	close(ticks[1]);
	assert_int_equal(err, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	text = p = slurp(path, NULL);
	for (unsigned i = 0; i < rows; i++, p += 11) {
		char expected[16];

		sprintf(expected, "%010u\n", i);
		assert_memory_equal(p, expected, 11);
	}
	assert_int_equal(*p, 0);
	free(text);
	unlink(path);
}

static void short_writes_and_signals(void **state)
{
	(void)state;
	slow_reader(0);
}

static void non_blocking_pipe(void **state)
{
	(void)state;
	slow_reader(O_NONBLOCK);
}

static void no_memory_keeps_what_was_complete(void **state)
{
	struct out *out;
	char path[64];

	(void)state;
	temp_path(path);
	assert_int_equal(out_open(&out, path), 0);
	put_row(out, "complete\n");
	out_write(out, "never read", SIZE_MAX);
	out_row_end(out);
	put_row(out, "after\n");
	assert_int_equal(out_flush(out), -ENOMEM);
	assert_int_equal(out_close(out), -ENOMEM);
	assert_file(path, "complete\n");
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_device),
		cmocka_unit_test(full_disk_leaves_whole_rows),
		cmocka_unit_test(full_disk_on_standard_output),
		cmocka_unit_test(full_disk_in_the_middle_of_a_file),
		cmocka_unit_test(closed_pipe),
		cmocka_unit_test(short_writes_and_signals),
		cmocka_unit_test(non_blocking_pipe),
		cmocka_unit_test(no_memory_keeps_what_was_complete),
	};

	/* As main() does: a write that fails says so. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
