/* SPDX-License-Identifier: BSD-2-Clause */
/* A recording of `vmprof curve`: what is read, and written again, is read as the same; what it says fits a terminal. */
#include "user.h"

#include <math.h>
#include <sys/mman.h>

#include "report/curve_csv.h"
#include "report/curve_table.h"

static int into;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	into = memfd_create("fuzz", MFD_CLOEXEC);
	must(into >= 0);
	return 0;
}

static int read_back(struct curve *c)
{
	int fd = dup(into);
	FILE *file = fdopen(fd, "r");
	unsigned line;
	int err;

	must(file);
	rewind(file);
	err = curve_csv_read(file, c, &line);
	fclose(file);
	return err;
}

static void start_over(struct out **out)
{
	must(!ftruncate(into, 0) && !lseek(into, 0, SEEK_SET) && !out_borrow(out, into));
}

static bool same(double a, double b)
{
	return isnan(a) ? isnan(b) : fabs(a - b) <= 1e-9 * fabs(a);
}

static void must_be_same(const struct curve *a, const struct curve *b)
{
	must(a->n == b->n);
	for (size_t i = 0; i < a->n; i++) {
		const struct curve_row *r = &a->rows[i], *s = &b->rows[i];

		must(r->memory == s->memory && r->cpus == s->cpus && r->n == s->n && r->repeat == s->repeat);
		for (int f = 0; f < CURVE_COUNT; f++)
			must(same(r->v[f], s->v[f]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct curve c = {0}, again = {0};
	struct out *out;

	must(!ftruncate(into, 0) && pwrite(into, data, size, 0) == (ssize_t)size);
	if (!read_back(&c)) {
		start_over(&out);
		curve_csv_head(out);
		for (size_t i = 0; i < c.n; i++)
			curve_csv_row(out, &c.rows[i]);
		must(!out_close(out) && !read_back(&again));
		must_be_same(&c, &again);
		must(!curve_conclude(&c));
		start_over(&out);
		must(!curve_table_print(out, &c, "title", false) && !out_close(out));
	}
	curve_free(&c);
	curve_free(&again);
	return 0;
}
