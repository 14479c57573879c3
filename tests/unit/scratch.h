/* SPDX-License-Identifier: BSD-2-Clause */
/* For unit tests: cmocka with what it needs, and a directory of files made at run time. */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Tests run from the top of the source tree. */
#define FIXTURES "tests/unit/fixtures"

static char scratch[64]; /* the directory, while a test has one */

__attribute__((unused)) static int scratch_setup(void **state)
{
	(void)state;
	strcpy(scratch, "/tmp/vmprof-unit-XXXXXX");
	/* Open to other users: some tests give up root. */
	return mkdtemp(scratch) && !chmod(scratch, 0755) ? 0 : -1;
}

__attribute__((unused)) static int scratch_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

__attribute__((unused)) static int scratch_teardown(void **state)
{
	(void)state;
	return nftw(scratch, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* `path` below the scratch directory; the directories on the way are made. In a static buffer. */
__attribute__((unused)) static const char *scratch_path(const char *path)
{
	static char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s/%s", scratch, path);
	for (char *p = full + strlen(scratch) + 1; (p = strchr(p, '/')); p++) {
		*p = 0;
		mkdir(full, 0755);
		*p = '/';
	}
	return full;
}

__attribute__((unused)) static void scratch_write(const char *path, const void *bytes, size_t n)
{
	FILE *file = fopen(scratch_path(path), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

__attribute__((unused)) static void scratch_text(const char *path, const char *text)
{
	scratch_write(path, text, strlen(text));
}

#endif
