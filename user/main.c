/* SPDX-License-Identifier: BSD-2-Clause */
#include <argp.h>
#include <locale.h>
#include <signal.h>
#include <string.h>

#include "cmd/cmd.h"

const char *argp_program_version = "vmprof " VMPROF_VERSION;

static const struct command *const commands[] = {&cmd_stat, &cmd_curve, &cmd_features, &cmd_selftest};

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");  /* for the bars; numbers stay as they are */
	signal(SIGPIPE, SIG_IGN); /* a reader that goes away, a file that may not grow: errors of the write */
	signal(SIGXFSZ, SIG_IGN);
	argv[0] = "vmprof";
	for (unsigned i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(argv[1], commands[i]->name))
			return commands[i]->run(argc - 1, argv + 1);
	}
	return cmd_watch.run(argc, argv);
}
