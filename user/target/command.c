/* SPDX-License-Identifier: BSD-2-Clause */
#include "target/command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/caller.h"

enum step {
	STEP_FORK,
	STEP_GROUP,
	STEP_CPUS,
	STEP_SETUID,
	STEP_EXEC,
};

static const char *const step_names[] = {"fork", "control group", "CPUs", "setuid", "exec"};

/* How the child tells the parent what failed. */
struct failure {
	int err;
	enum step step;
};

/* Who the command is to run as, and everything else that the child needs, made before the fork. */
struct plan {
	char *const *argv;
	const struct command_options *o;
	char path[PATH_MAX]; /* where PATH has it, as far as we can tell; empty: not looked for or not found */
	char **env;          /* NULL: as it is */
	char *vars[3];
	struct caller caller;
	sigset_t changed; /* signals that are ignored or handled */
};

static void plan_free(struct plan *plan)
{
	for (size_t i = 0; i < sizeof(plan->vars) / sizeof(plan->vars[0]); i++)
		free(plan->vars[i]);
	free(plan->env);
	caller_free(&plan->caller);
}

static bool replaced(const char *var)
{
	return !strncmp(var, "HOME=", 5) || !strncmp(var, "USER=", 5) || !strncmp(var, "LOGNAME=", 8);
}

/* The environment, but for that of root. */
static int plan_env(struct plan *plan, const char *user, const char *home)
{
	size_t n = 0, kept = 0;

	if (asprintf(&plan->vars[0], "HOME=%s", home) < 0) {
		plan->vars[0] = NULL;
		return -ENOMEM;
	}
	if (asprintf(&plan->vars[1], "USER=%s", user) < 0) {
		plan->vars[1] = NULL;
		return -ENOMEM;
	}
	if (asprintf(&plan->vars[2], "LOGNAME=%s", user) < 0) {
		plan->vars[2] = NULL;
		return -ENOMEM;
	}
	while (environ && environ[n])
		n++;
	plan->env = calloc(n + 4, sizeof(*plan->env));
	if (!plan->env)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (!replaced(environ[i]))
			plan->env[kept++] = environ[i];
	memcpy(&plan->env[kept], plan->vars, sizeof(plan->vars));
	return 0;
}

/* Nonsense in what sudo says of its caller must not end in running the command as root. */
static int plan_user(struct plan *plan)
{
	int err = caller_find(&plan->caller, plan->o->as_root);
	const struct passwd *pw;
	const char *name;

	if (err || !plan->caller.sudo)
		return err;
	pw = getpwuid(plan->caller.uid);
	if (pw)
		return plan_env(plan, pw->pw_name, pw->pw_dir);
	name = getenv("SUDO_USER");
	return plan_env(plan, name ? name : getenv("SUDO_UID"), "/");
}

/* Looked up here, so that the child has no call to make for a signal that is as it should be. */
static void plan_signals(struct plan *plan)
{
	struct sigaction action;

	sigemptyset(&plan->changed);
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (!sigaction(sig, NULL, &action) && action.sa_handler != SIG_DFL)
			sigaddset(&plan->changed, sig);
}

/* So that the child need not try one directory after the other: its calls are counted. */
static void plan_path(struct plan *plan)
{
	const char *path = getenv("PATH"), *name = plan->argv[0];

	if (strchr(name, '/') || !path)
		return;
	for (size_t n; *path; path += n + (path[n] == ':')) {
		n = strcspn(path, ":");
		if (n && snprintf(plan->path, PATH_MAX, "%.*s/%s", (int)n, path, name) < PATH_MAX &&
		    !access(plan->path, X_OK))
			return;
	}
	plan->path[0] = 0;
}

/*
 * execvp(3) says EACCES also for a directory of PATH that we may not search, such as one of root's
 * after we gave up root. That is no command found: only a file that is there can be forbidden.
 */
static int exec_error(const char *name, int err)
{
	const char *path = getenv("PATH");
	char file[PATH_MAX];

	if (err != EACCES || strchr(name, '/') || !path)
		return err;
	for (size_t n; *path; path += n + (path[n] == ':')) {
		n = strcspn(path, ":");
		snprintf(file, sizeof(file), "%.*s/%s", n ? (int)n : 1, n ? path : ".", name);
		if (!access(file, F_OK))
			return err;
	}
	return ENOENT;
}

/* Where it runs and who it is, in the order in which we may. -1 with errno; `step` is what failed. */
static int settle(const struct plan *plan, enum step *step)
{
	const struct command_options *o = plan->o;

	*step = STEP_GROUP;
	if (o->group && write(o->group, "0", 1) < 0)
		return -1;
	*step = STEP_CPUS;
	if (o->cpus && sched_setaffinity(0, sizeof(*o->cpus), o->cpus))
		return -1;
	*step = STEP_SETUID;
	return plan->caller.other ? caller_become(&plan->caller) : 0;
}

static void redirect(const struct command_options *o)
{
	if (o->in)
		dup2(o->in, STDIN_FILENO);
	if (o->out)
		dup2(o->out, STDOUT_FILENO);
	if (o->err)
		dup2(o->err, STDERR_FILENO);
}

static _Noreturn void run_child(const struct plan *plan, const sigset_t *mask, int report)
{
	const struct sigaction dfl = {.sa_handler = SIG_DFL};
	struct failure failure = {0};

	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (sigismember(&plan->changed, sig) == 1)
			sigaction(sig, &dfl, NULL);
	if (!settle(plan, &failure.step)) {
		failure.step = STEP_EXEC;
		redirect(plan->o);
		sigprocmask(SIG_SETMASK, mask, NULL);
		if (plan->path[0])
			execve(plan->path, plan->argv, plan->env ? plan->env : environ);
		/* Not there for this user, or a script without #!: as execvp(3) does it. */
		execvpe(plan->argv[0], plan->argv, plan->env ? plan->env : environ);
		errno = exec_error(plan->argv[0], errno);
	}
	failure.err = errno;
	/* If even this fails, the exit status is all that is left to tell it. */
	(void)!write(report, &failure, sizeof(failure));
	_exit(command_exec_status(-failure.err));
}

/* Wait until execve has closed the pipe, or for the news that it failed. */
static int await_exec(int report, pid_t pid, enum step *step)
{
	struct failure failure;
	ssize_t n;

	do
		n = read(report, &failure, sizeof(failure));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(failure))
		return 0;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	*step = failure.step;
	return -failure.err;
}

static int fork_and_exec(const struct plan *plan, pid_t *pid, enum step *step)
{
	sigset_t all, saved;
	int report[2], err;
	pid_t child;

	*step = STEP_FORK;
	if (pipe2(report, O_CLOEXEC))
		return -errno;
	/* No handler of ours is to run in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &saved);
	child = fork();
	if (child == 0)
		run_child(plan, plan->o->mask ? plan->o->mask : &saved, report[1]);
	err = child < 0 ? -errno : 0;
	sigprocmask(SIG_SETMASK, &saved, NULL);
	close(report[1]);
	if (!err)
		err = await_exec(report[0], child, step);
	close(report[0]);
	if (!err)
		*pid = child;
	return err;
}

int command_start(char *const argv[], const struct command_options *options, pid_t *pid, const char **failed)
{
	struct plan plan = {.argv = argv, .o = options};
	enum step step = STEP_SETUID;
	int err;

	*failed = NULL;
	err = plan_user(&plan);
	if (!err) {
		plan_path(&plan);
		plan_signals(&plan);
		err = fork_and_exec(&plan, pid, &step);
	}
	if (err)
		*failed = step_names[step];
	plan_free(&plan);
	return err;
}

int command_exec_status(int err)
{
	return err == -ENOENT ? 127 : 126;
}

int command_exit_status(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return 128 + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
}
