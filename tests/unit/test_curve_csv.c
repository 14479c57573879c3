/* SPDX-License-Identifier: BSD-2-Clause */
/* A curve as a recording and as a table. */
#include "curve_test.h"

#include <errno.h>

#include "report/curve_csv.h"
#include "report/curve_table.h"

static char *slurp(const char *path)
{
	static char text[65536];
	FILE *file = fopen(path, "r");
	size_t n;

	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = 0;
	return text;
}

static char *written(const struct curve *c, const char *name)
{
	struct out *out;

	assert_int_equal(out_open(&out, scratch_path(name)), 0);
	curve_csv_head(out);
	for (size_t i = 0; i < c->n; i++)
		curve_csv_row(out, &c->rows[i]);
	assert_int_equal(out_close(out), 0);
	return slurp(scratch_path(name));
}

static int reread(const char *text, struct curve *c, unsigned *line)
{
	FILE *file;
	int err;

	scratch_text("again", text);
	file = fopen(scratch_path("again"), "r");
	assert_non_null(file);
	err = curve_csv_read(file, c, line);
	fclose(file);
	return err;
}

static void recording(void **state)
{
	struct curve c = {0}, again = {0};
	struct curve_row r = row(3, 2, 1234567890);
	char *text, first[65536];
	unsigned line, commas = 0;

	(void)state;
	r.v[CURVE_FAULT] = 0.9375;
	r.v[CURVE_PSI_SOME] = 1.0 / 3;
	add(&c, r);
	r.memory = 0;
	add(&c, r);
	text = written(&c, "a.csv");
	assert_int_equal(strncmp(text, "memory_bytes,cpus,n,repeat,elapsed_s,steady_s,metric,completions_per_min,", 73),
	                 0);
	assert_non_null(strstr(text, "\n67108864,2,3,2,,,1234567890,,0,"));
	assert_non_null(strstr(text, "\n,2,3,2,,,1234567890,,0,"));
	for (char *p = text; *p != '\n'; p++)
		commas += *p == ',';
	assert_int_equal(commas, 3 + CURVE_COUNT);
	strcpy(first, text);
	assert_int_equal(reread(first, &again, &line), 0);
	assert_int_equal(again.n, 2);
	assert_int_equal(line, 3);
	assert_string_equal(written(&again, "b.csv"), first);
	curve_free(&c);
	curve_free(&again);
}

/* What is not ours is refused, whatever it is, and says where. */
static void recording_refused(void **state)
{
	static const char *const rows[] = {
		"67108864,2,1,1,1.5", "67108864,2,1,0.5",  "67108864,2,0,1,1.5",   "67108864,2,1001,1,1.5",
		"x,2,1,1,1.5",        "0,2,1,1,1.5",       "67108864,0,1,1,1.5",   "",
		"67108864,2,1,1,nan", "67108864,2,1,1,-1", "67108864,2,1,1,1e999", "67108864,2,1,1,1x",
		"67108864,2,1,1,1,",
	};
	struct curve c = {0}, scrap = {0};
	char good[65536], bad[65536], *head_end;
	unsigned line;

	(void)state;
	add(&c, row(1, 1, 5));
	strcpy(good, written(&c, "a.csv"));
	head_end = strchr(good, '\n') + 1;
	assert_int_equal(reread("", &scrap, &line), -EINVAL);
	assert_int_equal(line, 0);
	assert_int_equal(reread("time,interval,pid\n1,2,3\n", &scrap, &line), -EINVAL);
	assert_int_equal(line, 1);
	/* The rest of each row is empty cells. */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(bad, sizeof(bad), "%.*s%s", (int)(head_end - good), good, rows[i]);
		for (size_t f = 1; f < CURVE_COUNT; f++)
			strcat(bad, ",");
		strcat(bad, "\n");
		assert_int_equal(reread(bad, &scrap, &line), i ? -EINVAL : 0);
		assert_int_equal(line, 2);
	}
	snprintf(bad, sizeof(bad), "%s", good);
	strcpy(strrchr(bad, '\n'), ",\n");
	assert_int_equal(reread(bad, &scrap, &line), -EINVAL);
	curve_free(&c);
	curve_free(&scrap);
}

static void table(void **state)
{
	struct curve c = {0};
	struct out *out;
	char *text;

	(void)state;
	SERIES(&c, 0.01, CURVE_FAULT, 2, 0.9, 10, 20, 1);
	assert_int_equal(out_open(&out, scratch_path("table")), 0);
	assert_int_equal(curve_table_print(out, &c, "a\033[31mb", false), 0);
	assert_int_equal(out_close(out), 0);
	text = slurp(scratch_path("table"));
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "64.0M of memory, 2 CPUs\n"));
	assert_non_null(strstr(text, "\n    1     10.0   1.0"));
	assert_non_null(strstr(text, "\nK*  2     20.0   1.0"));
	assert_non_null(strstr(text, "\nKnee at 2 copies"));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 80);
	curve_free(&c);
}

int main(void)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		WITH_SCRATCH(recording),
		WITH_SCRATCH(recording_refused),
		WITH_SCRATCH(table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
