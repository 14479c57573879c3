/* SPDX-License-Identifier: BSD-2-Clause */
/* The targets of a run: chosen, registered, watched until they end. */
#ifndef CMD_TARGETS_H
#define CMD_TARGETS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cmd/options.h"
#include "collect/tracker.h"

struct target {
	pid_t pid;
	int pidfd; /* readable when the process has ended; -1 from then on */
};

struct targets {
	const struct options *o;
	struct pid_set chosen;
	struct target *at;
	unsigned n, alive;
	pid_t command;      /* the process of -- CMD, 0: none */
	bool command_asked; /* we ended it, at the end of --duration */
	uint64_t scanned;
};

/* Who is it? 0, or an exit status after an error has been printed. Nothing is started yet. */
int targets_select(struct targets *t, const struct options *o);
/* Have the session track them; start the command, if there is one, with signal mask `mask`. As above. */
int targets_start(struct targets *t, struct session *s, const sigset_t *mask);
/* Once a second: who matches --comm, --user, --cgroup, --port now and did not before? As above. */
int targets_rescan(struct targets *t, struct session *s, uint64_t now);
/* Target i has ended. */
void targets_ended(struct targets *t, unsigned i);
/* The records of all targets are closed. */
bool targets_all_closed(const struct targets *t, struct tracker *tracker);
bool targets_command_lives(const struct targets *t);
/* Ask the command to end, and do not make its status ours. */
void targets_end_command(struct targets *t);
/* The command's exit status (waits for it, if it has ended), 0 without one. */
int targets_command_status(struct targets *t);
void targets_free(struct targets *t);

/* Say why command_start() failed. The exit status. */
int command_say(const char *name, const char *failed, int err);

/* Say why a session could not be opened. */
void session_say(const struct session_error *err, int code);

#endif
