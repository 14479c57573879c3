/* SPDX-License-Identifier: BSD-2-Clause */
#include "collect/features.h"

#include <argp.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "cmd/cmd.h"
#include "collect/session.h"

static const char doc[] = "What this kernel and these privileges allow.";

static void print_feature(const struct feature_line *l, void *arg)
{
	(void)arg;
	printf("  %-4s %-21s %s\n", l->there ? "yes" : "NO", l->name, l->gives);
	if (!l->there)
		printf("       %-21s %s: %s\n", "", l->required ? "required" : "optional", l->needs);
}

static void print_capability(const struct capability_line *l, void *arg)
{
	(void)arg;
	printf("  %-4s %-21s %s%s\n", l->held ? "yes" : "NO", l->name,
	       l->required ? "required: " : "optional: ", l->gives);
}

static void print_programs(struct session *s)
{
	struct program_cost c;

	printf("%-20s %12s %12s\n", "program", "instructions", "verified");
	for (unsigned i = 0; session_cost(s, i, &c); i++)
		printf("%-20s %12u %12u\n", c.name, c.instructions, c.verified);
}

/* What counts in the end: the kernel takes the programs. */
static int try_session(bool verbose)
{
	struct session_options o = {.detail = DETAIL_FULL, .max_tasks = 16};
	struct session_error err;
	struct session *s;
	int ret = session_open(&s, &o, &err);

	if (!ret && verbose)
		print_programs(s);
	session_free(s);
	return ret;
}

static const struct argp_option options[] = {
	{"verbose", 'v', NULL, 0, "each program, and what it took to verify it", 0},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != 'v')
		return ARGP_ERR_UNKNOWN;
	*(bool *)state->input = true;
	return 0;
}

static int features_run(int argc, char **argv)
{
	struct argp argp = {options, parse_option, NULL, doc, NULL, NULL, NULL};
	struct utsname u;
	bool verbose = false;
	int err;

	argv[0] = "vmprof features";
	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &verbose);
	uname(&u);
	printf("kernel %s, %s\n", u.release, u.machine);
	err = features_each(print_feature, NULL);
	if (err)
		printf("  NO   /sys/kernel/btf/vmlinux: %s: vmprof needs a kernel with CONFIG_DEBUG_INFO_BTF\n",
		       strerror(-err));
	printf("capabilities of this process\n");
	features_each_capability(print_capability, NULL);
	err = try_session(verbose);
	if (err)
		printf("the kernel does not take the programs: %s\n", strerror(-err));
	else
		printf("the kernel takes all programs: vmprof works here\n");
	return err ? STATUS_FAILED : STATUS_OK;
}

const struct command cmd_features = {"features", "", "what this kernel and these privileges allow", features_run};
