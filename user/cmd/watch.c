/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/cmd.h"
#include "cmd/run.h"

static const char doc[] =
	"Where the time of processes goes: running, waiting for a CPU, blocked in which call, paging.\v"
	"Other commands:\n"
	"  vmprof stat TARGET [OPTIONS]   silent until the end, then totals\n"
	"  vmprof curve [OPTIONS] -- CMD  1 to N copies of a command: how many do the most work\n"
	"  vmprof features                what this kernel and these privileges allow\n"
	"  vmprof selftest                can the numbers be believed on this machine\n\n"
	"Examples:\n"
	"  sudo vmprof --pid 1234\n"
	"  sudo vmprof --port 6379 --csv run.csv\n"
	"  sudo vmprof stat -- ./server -x\n";

static int watch(int argc, char **argv)
{
	struct options o = {0};
	int status = options_parse(&o, doc, argc, argv);

	return status ? status : run(&o, true);
}

const struct command cmd_watch = {"", "TARGET [OPTIONS]", "one line per interval", watch};
