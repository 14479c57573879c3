/* SPDX-License-Identifier: BSD-2-Clause */
/* One program after another in the same process; and names chosen to break formats. */
#include <errno.h>
#include <string.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "work.h"

static void exec_after(uint64_t until, char **argv)
{
	rest(until);
	execvp(argv[0], argv);
	fail("%s: %s", argv[0], strerror(errno));
}

int work_exec(int argc, char **argv)
{
	if (argc < 3)
		fail("exec: what?");
	exec_after(deadline_of(argc, argv, 1), argv + 2);
	return 1;
}

struct exec_plan {
	uint64_t until;
	char **argv;
};

static void exec_plan(void *arg)
{
	struct exec_plan *plan = arg;

	exec_after(plan->until, plan->argv);
}

int work_thread_exec(int argc, char **argv)
{
	struct exec_plan plan = {deadline_of(argc, argv, 1), argv + 2};
	struct crew crew;

	if (argc < 3)
		fail("thread-exec: what?");
	crew_start(&crew, HELPER, exec_plan, &plan);
	crew_end(&crew); /* the exec ends this thread */
	return 1;
}

static const char *const names[] = {
	"a,b,,c",       "\"quoted\"",       "new\nline\r\n", "tab\tand \\ back", "caf\xc3\xa9 \xe2\x82\xac",
	"\xff\xfe raw", "\x1b[31m\x07\x7f", "=1+1",          " ) R 1 (",         "{\"a\":[1]}",
};

#define NAMES (sizeof(names) / sizeof(names[0]))

struct named {
	uint64_t until;
	const char *name;
};

static void take(void *arg)
{
	struct named *n = arg;
	char hex[40];
	int len = 0;

	check(prctl(PR_SET_NAME, n->name));
	rest(n->until);
	for (const char *at = n->name; *at; at++)
		len += snprintf(hex + len, sizeof(hex) - (size_t)len, "%02x", (unsigned char)*at);
	say("name pid=%d hex=%s", getpid(), hex);
}

int work_names(int argc, char **argv)
{
	uint64_t until = deadline_of(argc, argv, 1);
	struct named named[NAMES];
	struct job jobs[NAMES];

	for (size_t i = 0; i < NAMES; i++) {
		named[i] = (struct named){until, names[i]};
		job_start(&jobs[i], HELPER, take, &named[i]);
	}
	for (size_t i = 0; i < NAMES; i++)
		job_end(&jobs[i]);
	return 0;
}
