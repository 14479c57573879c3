/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/cmd.h"
#include "cmd/run.h"

static const char doc[] = "Measure until the target ends or ^C, then print totals.\v"
			  "Examples:\n"
			  "  sudo vmprof stat -- ./anything its args\n"
			  "  sudo vmprof stat --pid 1234 --duration 10\n";

static int stat_run(int argc, char **argv)
{
	struct options o = {0};
	int status;

	argv[0] = "vmprof stat";
	status = options_parse(&o, doc, argc, argv);
	return status ? status : run(&o, false);
}

const struct command cmd_stat = {"stat", "TARGET [OPTIONS]", "silent until the target ends, then totals", stat_run};
