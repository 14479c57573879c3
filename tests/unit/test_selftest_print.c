/* SPDX-License-Identifier: BSD-2-Clause */
/* What vmprof selftest prints. */
#include "selftest_test.h"

#include <jansson.h>

static char *table(const struct findings *f, bool colour)
{
	struct out *out;
	char path[64], *text;

	temp_path(path);
	assert_int_equal(out_open(&out, path), 0);
	selftest_print(out, colour, &selftest_info, f);
	assert_int_equal(out_close(out), 0);
	text = slurp(path, NULL);
	unlink(path);
	return text;
}

/* The table of a run that is right, but for what `spoil` does to it. */
static char *table_of(void (*spoil)(struct proof *))
{
	struct findings f;
	struct proof p;
	char *text;

	right_proof(&p);
	if (spoil)
		spoil(&p);
	check_all(&p, &f);
	text = table(&f, false);
	free_proof(&p);
	return text;
}

static void all_right(void **state)
{
	char *text = table_of(NULL);

	(void)state;
	assert_non_null(strstr(text, "vmprof 0.1.0: selftest, detail full\nLinux 6.18.0 x86_64, 2 CPUs\n"));
	assert_non_null(strstr(text, "\n  getppid, a prime number of calls         10007             10007        0  "
	                             "ok\n"));
	assert_non_null(strstr(text, "\n  first touches of memory: faults           4099         4099-5007        0  "
	                             "ok\n"));
	assert_non_null(strstr(text, "\n  nanosleep: sleep                        480.00     480.00-502.00        0  "
	                             "ok\n"));
	assert_non_null(strstr(text, "\n47 of 47 checks: you can believe the numbers\n"));
	assert_null(strstr(text, "OFF"));
	free(text);
}

static void two_wrong(struct proof *p)
{
	p->of[WORK_ALL].tree.v[METRIC_VCSW] -= 3;
	p->of[WORK_SLEEP].own.v[METRIC_SLEEP] = 240 * MS;
	p->of[WORK_TOUCH].own.have = 0;
}

static void wrong_figures_stand_out(void **state)
{
	char *text = table_of(two_wrong);

	(void)state;
	assert_non_null(strstr(text, "\n  all: voluntary switches                     17                20       -3  "
	                             "OFF\n"));
	assert_non_null(strstr(text, "\n  nanosleep: sleep                        240.00     480.00-502.00  -50.00%  "
	                             "OFF\n"));
	assert_non_null(strstr(text, "\n  first touches of memory: faults              -                 -        -  "
	                             "-\n"));
	assert_non_null(strstr(text, "\n2 of 46 checks are off, do not believe the numbers: all-vcsw, sleep-state\n"));
	free(text);
}

static void one_lost(struct proof *p)
{
	p->repeats = 1;
	p->lost = 1;
}

static void one_wrong_is_one(void **state)
{
	char *text = table_of(one_lost);

	(void)state;
	assert_non_null(strstr(text, "\n1 of 47 checks is off, do not believe the numbers: lost\n"
	                             "1 time a workload's times were off, and it was run again: "));
	free(text);
}

/* Names, whatever the figures: none makes a line too long for a terminal, but for the list at the end. */
static void lines_fit(void **state)
{
	char *text = table_of(NULL), *rest = NULL;

	(void)state;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		assert_true(strlen(line) <= 80);
	free(text);
}

static void colour_is_asked_for(void **state)
{
	struct findings f;
	struct proof p;
	char *text;

	(void)state;
	right_proof(&p);
	p.lost = 1;
	check_all(&p, &f);
	text = table(&f, true);
	assert_non_null(strstr(text, "\033[31mOFF\033[0m\n"));
	assert_non_null(strstr(text, "\033[32mok\033[0m\n"));
	free(text);
	free_proof(&p);
}

static void costs_are_a_sentence(void **state)
{
	const struct selftest t = {.costs = {{91.6, 214.7, 190.2}, {250, 300, 251}, {2068, 2714, 2100}}};
	struct out *out;
	char path[64], *text;

	(void)state;
	temp_path(path);
	assert_int_equal(out_open(&out, path), 0);
	selftest_print_costs(out, &t);
	assert_int_equal(out_close(out), 0);
	text = slurp(path, NULL);
	unlink(path);
	assert_non_null(strstr(text, "a system call: 92 ns bare, 215 ns watched, 190 ns of a process that is not "
	                             "watched\n"));
	assert_non_null(strstr(text, ": 2068 ns bare, 2714 ns watched, 2100 ns of"));
	free(text);
}

static const char *text_of(json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	assert_non_null(text);
	return text;
}

/* One line of it: an object of this type, and, of a check, this verdict. */
static void check_line(const char *line, const char *type, const char *verdict)
{
	json_error_t e;
	json_t *o;

	assert_non_null(line);
	o = json_loads(line, JSON_REJECT_DUPLICATES, &e);
	assert_non_null(o);
	assert_string_equal(text_of(o, "type"), type);
	if (verdict)
		assert_string_equal(text_of(o, "verdict"), verdict);
	if (!strcmp(type, "check")) {
		bool there = strcmp(verdict, "absent") != 0;

		text_of(o, "workload");
		text_of(o, "what");
		assert_int_equal(json_is_integer(json_object_get(o, "vmprof")), there);
		assert_int_equal(json_is_integer(json_object_get(o, "least")), there);
		assert_int_equal(json_is_integer(json_object_get(o, "most")), there);
		assert_true(json_is_real(json_object_get(o, "tolerance")));
	} else if (!strcmp(type, "cost")) {
		assert_true(json_real_value(json_object_get(o, "bare_ns")) > 0);
		assert_true(json_real_value(json_object_get(o, "watched_ns")) > 0);
		assert_true(json_real_value(json_object_get(o, "bystander_ns")) > 0);
	}
	json_decref(o);
}

static void json_is_an_object_a_line(void **state)
{
	struct selftest t = {.costs = {{91.6, 214.7, 190.2}, {250, 300, 251}, {2068, 2714, 2100}}};
	char path[64], *text, *rest = NULL;
	struct findings f;
	struct out *out;

	(void)state;
	right_proof(&t.proof);
	two_wrong(&t.proof);
	check_all(&t.proof, &f);
	temp_path(path);
	assert_int_equal(out_open(&out, path), 0);
	assert_int_equal(selftest_print_json(out, &selftest_info, &f, &t), 0);
	assert_int_equal(out_close(out), 0);
	text = slurp(path, NULL);
	unlink(path);

	check_line(strtok_r(text, "\n", &rest), "selftest", NULL);
	for (unsigned i = 0; i < f.n; i++) {
		static const char *const verdicts[] = {"ok", "off", "absent"};

		check_line(strtok_r(NULL, "\n", &rest), "check", verdicts[f.at[i].verdict]);
	}
	for (unsigned i = 0; i < METER_WHATS; i++)
		check_line(strtok_r(NULL, "\n", &rest), "cost", "measured");
	check_line(strtok_r(NULL, "\n", &rest), "verdict", "off");
	assert_null(strtok_r(NULL, "\n", &rest));
	free(text);
	free_proof(&t.proof);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_right),
		cmocka_unit_test(wrong_figures_stand_out),
		cmocka_unit_test(one_wrong_is_one),
		cmocka_unit_test(lines_fit),
		cmocka_unit_test(colour_is_asked_for),
		cmocka_unit_test(costs_are_a_sentence),
		cmocka_unit_test(json_is_an_object_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
