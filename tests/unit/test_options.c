/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: what it means, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "model/calls.h"

#define MAX_ARGS 16

/* Parse the words of `line`; what is printed on standard error is left in `said`. */
static int parse(const char *line, struct options *o, char *said, size_t room)
{
	static char copy[256];
	char *argv[MAX_ARGS + 1] = {"vmprof"}, *rest = NULL;
	FILE *file = tmpfile();
	int argc = 1, status, saved = dup(STDERR_FILENO);
	size_t n;

	assert_non_null(file);
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok_r(copy, " ", &rest); w && argc < MAX_ARGS; w = strtok_r(NULL, " ", &rest))
		argv[argc++] = w;
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	status = options_parse(o, "", argc, argv);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	n = fread(said, 1, room - 1, file);
	said[n] = 0;
	fclose(file);
	return status;
}

static void accepted(const char *line, struct options *o)
{
	char said[1024];

	assert_int_equal(parse(line, o, said, sizeof(said)), STATUS_OK);
	assert_string_equal(said, "");
}

/* One sentence that begins with our name and has `word` in it. */
static void refused(const char *line, const char *word)
{
	char said[1024];
	struct options o;

	assert_int_equal(parse(line, &o, said, sizeof(said)), STATUS_USAGE);
	assert_int_equal(strncmp(said, "vmprof: ", 8), 0);
	assert_non_null(strstr(said, word));
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

static void defaults(void **state)
{
	struct options o;

	(void)state;
	accepted("--pid 12", &o);
	assert_int_equal(o.interval_ms, 50);
	assert_int_equal(o.detail, DETAIL_FULL);
	assert_int_equal(o.max_tasks, MAX_TASKS_DEFAULT);
	assert_false(o.no_children || o.threads || o.quiet || o.as_root || o.verbose);
	assert_null(o.command);
	assert_string_equal(o.target, "--pid 12");
}

static void short_and_long_are_the_same(void **state)
{
	struct options a, b;

	(void)state;
	accepted("-p 12 -u root -i 60000 -d 1.5 -D ledger -t -q -v", &a);
	accepted("--pid=12 --user=root --interval=60000 --duration=1.5 --detail=ledger --threads --quiet --verbose",
	         &b);
	assert_int_equal(a.interval_ms, 60000);
	assert_int_equal(a.interval_ms, b.interval_ms);
	assert_float_equal(a.duration_s, 1.5, 1e-9);
	assert_float_equal(b.duration_s, 1.5, 1e-9);
	assert_int_equal(b.detail, DETAIL_LEDGER);
	assert_true(a.threads && b.threads && a.quiet && b.quiet && a.verbose && b.verbose);
	assert_string_equal(a.target, "--pid 12 --user root");
}

static void what_stands_behind_the_dashes_is_the_commands(void **state)
{
	struct options o;

	(void)state;
	accepted("-q -- server --pid 1 -- -i 0", &o);
	assert_string_equal(o.command[0], "server");
	assert_string_equal(o.command[1], "--pid");
	assert_string_equal(o.command[3], "--");
	assert_null(o.select.pids);
	assert_int_equal(o.interval_ms, 50);
	assert_string_equal(o.target, "server --pid 1 -- -i 0");
}

static void a_list_of_calls(void **state)
{
	struct options o;

	(void)state;
	accepted("-p 1 --calls read,close", &o);
	assert_int_equal(o.n_only_calls, 2);
	assert_int_equal(o.only_calls[0], call_number("read"));
	assert_int_equal(o.only_calls[1], call_number("close"));
}

static void wrong_values_are_refused_in_one_sentence(void **state)
{
	(void)state;
	refused("-p 1 --interval 0", "--interval: '0'");
	refused("-p 1 --interval 60001", "60000");
	refused("-p 1 --interval -5", "'-5'");
	refused("-p 1 --interval 5x", "'5x'");
	refused("-p 1 --interval 99999999999999999999999", "--interval");
	refused("-p 1 --duration 0", "--duration");
	refused("-p 1 --duration x", "'x'");
	refused("-p 1 --detail most", "ledger, calls, full");
	refused("-p 1 --max-tasks 0", "--max-tasks");
	refused("--port 0", "--port: '0'");
	refused("--port 65536", "65535");
	refused("-p 1 --calls ,", "empty");
	refused("-p 1 --calls read,nosuch", "'nosuch'");
	refused("-p 1 extra", "'extra'");
	refused("--", "command");
}

static void contradictions_are_refused(void **state)
{
	(void)state;
	refused("-p 1 --csv - --json -", "standard output");
	refused("-p 1 --detail ledger --syscalls x", "--detail calls");
	refused("-p 1 --detail ledger --calls read", "--detail calls");
}

static void no_target_shows_three_examples(void **state)
{
	char said[1024];
	struct options o;
	int examples = 0;

	(void)state;
	assert_int_equal(parse("--quiet", &o, said, sizeof(said)), STATUS_USAGE);
	assert_int_equal(strncmp(said, "vmprof: no target", 17), 0);
	for (const char *p = said; (p = strstr(p, "\n  vmprof ")); p++)
		examples++;
	assert_int_equal(examples, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(short_and_long_are_the_same),
		cmocka_unit_test(what_stands_behind_the_dashes_is_the_commands),
		cmocka_unit_test(a_list_of_calls),
		cmocka_unit_test(wrong_values_are_refused_in_one_sentence),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(no_target_shows_three_examples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
