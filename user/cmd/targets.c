/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/targets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "target/command.h"
#include "target/procfs.h"

static int select_say(const struct select_error *e, int err)
{
	const char *what = e->what;

	switch (e->why) {
	case SELECT_BAD_PID:
		say("--pid: '%s' is not a process number: give one or several, as in 12,34", what);
		return STATUS_USAGE;
	case SELECT_NO_PID:
		say("--pid %s: no such process: has it ended? 'pidof NAME' or 'pgrep NAME' tells its number", what);
		break;
	case SELECT_IS_THREAD:
		say("--pid %s: is a thread: give the number of its process and use --threads", what);
		break;
	case SELECT_KERNEL_THREAD:
		say("--pid %s: is a kernel thread, and vmprof watches programs: choose a process of yours", what);
		break;
	case SELECT_NO_USER:
		say("--user %s: no such user: 'getent passwd' lists them", what);
		break;
	case SELECT_NO_CGROUP:
		say("--cgroup %s: is no cgroup: give a directory below /sys/fs/cgroup", what);
		break;
	case SELECT_NONE:
		say("%s: no process matches: is it running?", what);
		break;
	case SELECT_NO_LISTENER:
		say("--port %s: nobody listens there: 'ss -ltn' shows who listens where", what);
		break;
	case SELECT_HIDDEN:
		say("--port %s: another user's process listens there: run vmprof as root, or with CAP_SYS_PTRACE and "
		    "CAP_DAC_READ_SEARCH",
		    what);
		break;
	default:
		say("looking for the targets: %s", strerror(-err));
	}
	return STATUS_FAILED;
}

static bool selects(const struct selection *s)
{
	return s->pids || s->comm || s->user || s->cgroup || s->port;
}

int targets_select(struct targets *t, const struct options *o)
{
	struct select_error e = {0};
	int err;

	t->o = o;
	if (!procfs_is_ours("/proc")) {
		say("/proc is not that of our PID namespace, its numbers mean other processes: mount our own, as "
		    "'unshare --mount-proc' and containers do");
		return STATUS_FAILED;
	}
	if (!selects(&o->select))
		return STATUS_OK;
	err = select_pids("/proc", &o->select, &t->chosen, &e);
	return err ? select_say(&e, err) : STATUS_OK;
}

static int add(struct targets *t, pid_t pid)
{
	struct target *at = reallocarray(t->at, t->n + 1, sizeof(*at));
	int fd;

	if (!at)
		return -ENOMEM;
	t->at = at;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return -errno;
	t->at[t->n++] = (struct target){pid, fd};
	t->alive++;
	return 0;
}

/* A descriptor for each target: as many as we may have. */
static void raise_files(void)
{
	struct rlimit lim;

	if (!getrlimit(RLIMIT_NOFILE, &lim) && lim.rlim_cur < lim.rlim_max) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
}

static bool is_known(const struct targets *t, pid_t pid)
{
	for (unsigned i = 0; i < t->n; i++) {
		if (t->at[i].pid == pid && t->at[i].pidfd >= 0)
			return true;
	}
	return false;
}

/* One that has ended since it was chosen is no error as long as there is another. */
static int mark_all(struct targets *t, struct session *s, const struct pid_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		pid_t pid = set->at[i];
		int err;

		if (is_known(t, pid))
			continue;
		err = session_mark(s, pid);
		if (!err)
			err = add(t, pid);
		if (err && err != -ESRCH) {
			say("process %d: cannot be watched: %s", pid, strerror(-err));
			return STATUS_FAILED;
		}
	}
	return STATUS_OK;
}

static int register_all(struct session *s)
{
	int err = session_register(s);

	if (!err)
		return STATUS_OK;
	say("finding the threads: %s", strerror(-err));
	return STATUS_FAILED;
}

static int register_chosen(struct targets *t, struct session *s)
{
	int status = mark_all(t, s, &t->chosen);

	if (status)
		return status;
	if (!t->n) {
		say("process %d: has ended before it could be watched", t->chosen.at[0]);
		return STATUS_FAILED;
	}
	return register_all(s);
}

int targets_rescan(struct targets *t, struct session *s, uint64_t now)
{
	struct selection by = t->o->select;
	struct pid_set found = {0};
	struct select_error e = {0};
	unsigned before = t->n;
	int status = STATUS_OK;

	by.pids = NULL;
	if (!selects(&by) || now < t->scanned + NS_PER_S)
		return STATUS_OK;
	t->scanned = now;
	if (!select_pids("/proc", &by, &found, &e))
		status = mark_all(t, s, &found);
	if (!status && t->n > before)
		status = register_all(s);
	pid_set_free(&found);
	return status;
}

int command_say(const char *name, const char *failed, int err)
{
	if (!failed || strcmp(failed, "exec") != 0) {
		say("%s: cannot be started: %s: %s", name, failed ?: "pidfd", strerror(-err));
		return STATUS_FAILED;
	}
	say("%s: cannot be started: %s: %s", name, strerror(-err),
	    err == -ENOENT ? "is it in PATH, or else give its path" : "is it a program, and may you execute it?");
	return command_exec_status(err);
}

static int start_command(struct targets *t, struct session *s, const sigset_t *mask)
{
	const struct command_options options = {.as_root = t->o->as_root, .mask = mask};
	const char *failed = "";
	int err = session_adopt(s, true);

	if (err) {
		say("%s: cannot be watched: %s", t->o->command[0], strerror(-err));
		return STATUS_FAILED;
	}
	err = command_start(t->o->command, &options, &t->command, &failed);
	session_adopt(s, false);
	if (!err)
		err = add(t, t->command);
	return err ? command_say(t->o->command[0], failed, err) : STATUS_OK;
}

int targets_start(struct targets *t, struct session *s, const sigset_t *mask)
{
	int status = STATUS_OK;

	raise_files();
	if (t->chosen.n)
		status = register_chosen(t, s);
	if (!status && t->o->command)
		status = start_command(t, s, mask);
	return status;
}

void targets_ended(struct targets *t, unsigned i)
{
	if (t->at[i].pidfd < 0)
		return;
	close(t->at[i].pidfd); /* leaves the epoll set with it */
	t->at[i].pidfd = -1;
	t->alive--;
}

bool targets_all_closed(const struct targets *t, struct tracker *tracker)
{
	for (unsigned i = 0; i < t->n; i++) {
		if (!tracker_has_ended(tracker, t->at[i].pid))
			return false;
	}
	return true;
}

bool targets_command_lives(const struct targets *t)
{
	siginfo_t info = {0};

	if (!t->command)
		return false;
	return !waitid(P_PID, (id_t)t->command, &info, WEXITED | WNOHANG | WNOWAIT) && !info.si_pid;
}

void targets_end_command(struct targets *t)
{
	if (!targets_command_lives(t))
		return;
	kill(t->command, SIGTERM);
	t->command_asked = true;
}

int targets_command_status(struct targets *t)
{
	int status;

	if (!t->command || t->command_asked || targets_command_lives(t))
		return STATUS_OK;
	if (waitpid(t->command, &status, 0) < 0)
		return STATUS_FAILED;
	return command_exit_status(status);
}

void targets_free(struct targets *t)
{
	for (unsigned i = 0; i < t->n; i++) {
		if (t->at[i].pidfd >= 0)
			close(t->at[i].pidfd);
	}
	free(t->at);
	pid_set_free(&t->chosen);
}

void session_say(const struct session_error *err, int code)
{
	switch (err->why) {
	case SESSION_NO_BTF:
		say("this kernel has no type information (/sys/kernel/btf/vmlinux): it needs CONFIG_DEBUG_INFO_BTF, as "
		    "Debian's and Ubuntu's kernels have it");
		break;
	case SESSION_NO_PRIVILEGE:
		say("not permitted to load BPF programs: run it with sudo, or with CAP_BPF and CAP_PERFMON "
		    "('vmprof features' shows what is missing)");
		break;
	case SESSION_TOO_OLD:
		say("this kernel is too old: it lacks %s; vmprof needs Linux 5.15 or newer", err->what);
		break;
	case SESSION_MAP:
		say("no memory for the records: %s: try a smaller --max-tasks", strerror(-code));
		break;
	case SESSION_ATTACH:
		say("attaching to %s: %s: 'vmprof features' shows what this kernel allows", err->what, strerror(-code));
		break;
	default:
		say("loading the BPF programs (%s): %s: 'vmprof features' shows what this kernel allows",
		    err->what ? err->what : "setup", strerror(-code));
	}
}
