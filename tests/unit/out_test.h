/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of base/out.h share. */
#ifndef OUT_TEST_H
#define OUT_TEST_H

#include "sink_test.h"

#include "base/out.h"

static inline void put_row(struct out *out, const char *text)
{
	out_printf(out, "%s", text);
	out_row_end(out);
}

static inline void assert_file(const char *path, const char *expected)
{
	char *text = slurp(path, NULL);

	assert_string_equal(text, expected);
	free(text);
}

/* Standard output goes to `fd` until it is put back. */
static inline int divert(int fd)
{
	int kept = dup(STDOUT_FILENO);

	fflush(stdout);
	assert_true(kept >= 0);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	return kept;
}

static inline void put_back(int kept)
{
	assert_true(dup2(kept, STDOUT_FILENO) >= 0);
	close(kept);
}

#endif
