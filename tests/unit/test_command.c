/* SPDX-License-Identifier: BSD-2-Clause */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "target/command.h"

#define NOBODY "65534" /* a user without rights everywhere, and with a name almost everywhere */

static sigset_t none; /* no signals */
static const struct command_options as_user = {.mask = &none};

static void sudo(const char *uid, const char *gid)
{
	uid ? setenv("SUDO_UID", uid, 1) : unsetenv("SUDO_UID");
	gid ? setenv("SUDO_GID", gid, 1) : unsetenv("SUDO_GID");
}

/* Run to the end; its status as waitpid(2) has it. */
static int run_masked(char *const argv[], bool as_root, const sigset_t *mask)
{
	const struct command_options options = {.as_root = as_root, .mask = mask};
	const char *failed = "unset";
	pid_t pid = -1;
	int status;

	assert_int_equal(command_start(argv, &options, &pid, &failed), 0);
	assert_null(failed);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* What a shell command says, its first line in a static buffer. It writes to file "out". */
static const char *said(const char *command, bool as_root)
{
	static char text[4096];
	char shell[8192];
	char *const argv[] = {"sh", "-c", shell, NULL};
	FILE *file;

	/* Made by us and writable for all: the command may be somebody else. */
	scratch_text("out", "");
	assert_int_equal(chmod(scratch_path("out"), 0666), 0);
	snprintf(shell, sizeof(shell), "{ %s; } > %s", command, scratch_path("out"));
	assert_int_equal(run_masked(argv, as_root, &none), 0);
	file = fopen(scratch_path("out"), "r");
	assert_non_null(file);
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	text[strcspn(text, "\n")] = 0;
	return text;
}

static void starts(void **state)
{
	char *const good[] = {"true", NULL}, *const bad[] = {"/bin/sh", "-c", "exit 41", NULL};
	char *const killed[] = {"sh", "-c", "kill -9 $$", NULL};

	(void)state;
	assert_int_equal(command_exit_status(run_masked(good, false, &none)), 0);
	assert_int_equal(command_exit_status(run_masked(bad, false, &none)), 41);
	assert_int_equal(command_exit_status(run_masked(killed, false, &none)), 128 + SIGKILL);
}

static void arguments(void **state)
{
	(void)state;
	assert_string_equal(said("printf '[%s]' 'a b' '' 'c\"d'", false), "[a b][][c\"d]");
}

static void fails(char *name, int expected)
{
	char *const argv[] = {name, "x", NULL};
	const char *failed = NULL;
	pid_t pid = 42;

	assert_int_equal(command_start(argv, &as_user, &pid, &failed), expected);
	assert_string_equal(failed, "exec");
	assert_int_equal(pid, 42);
	/* It has been reaped. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void not_started(void **state)
{
	char path[PATH_MAX];

	(void)state;
	fails("no-such-command-anywhere", -ENOENT);
	fails("/no/such/file", -ENOENT);
	fails("", -ENOENT);
	fails("/tmp", -EACCES);
	fails("/dev/null/x", -ENOTDIR);
	scratch_text("plain", "#!/bin/sh\n");
	strcpy(path, scratch_path("plain"));
	fails(path, -EACCES); /* root too may not execute what nobody may */
	scratch_text("lost", "#!/no/such/interpreter\n");
	strcpy(path, scratch_path("lost"));
	assert_int_equal(chmod(path, 0755), 0);
	fails(path, -ENOENT);
}

/* Without "#!" it is the shell's, as for execvp(3). */
static void shell_script(void **state)
{
	char path[PATH_MAX];
	char *const argv[] = {path, "7", NULL};

	(void)state;
	scratch_text("script", "exit $(($1 * 3))\n");
	strcpy(path, scratch_path("script"));
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(command_exit_status(run_masked(argv, true, &none)), 21);
}

static void found_in_path(void **state)
{
	char *const argv[] = {"vmprof-test-command", NULL};
	char saved[4096], with[4200];

	(void)state;
	snprintf(saved, sizeof(saved), "%s", getenv("PATH"));
	scratch_text("bin/vmprof-test-command", "#!/bin/sh\nexit 0\n");
	assert_int_equal(chmod(scratch_path("bin/vmprof-test-command"), 0755), 0);
	fails("vmprof-test-command", -ENOENT);
	snprintf(with, sizeof(with), "%s/bin:%s", scratch, saved);
	setenv("PATH", with, 1);
	assert_int_equal(run_masked(argv, true, &none), 0);
	setenv("PATH", saved, 1);
}

/* A directory of PATH that may not be searched holds no command; a file without the x bit is one, forbidden. */
static void path_not_searchable(void **state)
{
	char saved[4096], path[4200];

	(void)state;
	snprintf(saved, sizeof(saved), "%s", getenv("PATH"));
	scratch_text("closed/x", "");
	scratch_text("open/vmprof-test-plain", "");
	assert_int_equal(chmod(scratch_path("closed"), 0), 0);
	sudo(NOBODY, NOBODY);
	snprintf(path, sizeof(path), "%s/closed:/nowhere::%s/open:/bin", scratch, scratch);
	setenv("PATH", path, 1);
	fails("vmprof-no-such-command", -ENOENT);
	fails("vmprof-test-plain", -EACCES);
	setenv("PATH", saved, 1);
	assert_int_equal(chmod(scratch_path("closed"), 0755), 0);
}

static void handler(int sig)
{
	(void)sig;
}

/*
 * A signal set of the command, as its own /proc/PID/status has it: the bit of signal 1 is 1. Not by way of a
 * shell: some change their mask.
 */
static uint64_t signal_set(const char *field, const sigset_t *mask)
{
	char script[PATH_MAX + 64], text[64] = "";
	char *const argv[] = {"sed", "-n", script, "/proc/self/status", NULL};
	FILE *file;

	snprintf(script, sizeof(script), "s/^%s:[[:space:]]*//w %s", field, scratch_path("set"));
	assert_int_equal(run_masked(argv, true, mask), 0);
	file = fopen(scratch_path("set"), "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	/* 32 and 33 are the C library's own: sigaction(2) does not touch them, and make(1) leaves them ignored. */
	return strtoull(text, NULL, 16) & ~(UINT64_C(3) << 31);
}

static void signals(void **state)
{
	sigset_t block, saved, usr2;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGRTMAX, SIG_IGN);
	signal(SIGUSR1, handler);
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGINT);
	sigprocmask(SIG_BLOCK, &block, &saved);

	assert_int_equal(signal_set("SigIgn", &none), 0);
	assert_int_equal(signal_set("SigCgt", &none), 0);
	assert_int_equal(signal_set("SigBlk", &none), 0);
	/* The mask asked for is the command's, and ours is as it was. */
	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	assert_int_equal(signal_set("SigBlk", &usr2), UINT64_C(1) << (SIGUSR2 - 1));
	sigprocmask(SIG_SETMASK, NULL, &block);
	assert_true(sigismember(&block, SIGTERM) && sigismember(&block, SIGINT) && !sigismember(&block, SIGUSR2));

	sigprocmask(SIG_SETMASK, &saved, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGRTMAX, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
}

/* Nothing of ours is open in it, and nothing of it stays open in us. */
static void descriptors(void **state)
{
	char inherited[64] = "";
	int fd, after;

	(void)state;
	/* Whoever runs the tests may have left some open. */
	for (fd = 3; fd <= 9; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags >= 0 && !(flags & FD_CLOEXEC))
			snprintf(inherited + strlen(inherited), sizeof(inherited) - strlen(inherited), "%d ", fd);
	}
	assert_string_equal(
		said("for i in 3 4 5 6 7 8 9; do [ ! -h /proc/self/fd/$i ] || printf '%s ' $i; done", false),
		inherited);

	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(fd);
	fails("no-such-command-anywhere", -ENOENT);
	assert_string_equal(said("echo x", false), "x");
	after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(after);
	assert_int_equal(after, fd);
}

/* How often `name` ("HOME=") is in the command's environment. Not by way of a shell: it would drop the second. */
static int in_environment(const char *name)
{
	char script[PATH_MAX + 8], text[65536];
	char *const argv[] = {"sed", "-n", script, "/proc/self/environ", NULL};
	FILE *file;
	size_t n;
	int count = 0;

	scratch_text("environ", "");
	assert_int_equal(chmod(scratch_path("environ"), 0666), 0);
	snprintf(script, sizeof(script), "w %s", scratch_path("environ"));
	assert_int_equal(run_masked(argv, false, &none), 0);
	file = fopen(scratch_path("environ"), "r");
	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = 0;
	for (const char *p = text; p < text + n; p += strlen(p) + 1)
		count += !strncmp(p, name, strlen(name));
	return count;
}

static int sudo_clear(void **state)
{
	sudo(NULL, NULL);
	return scratch_teardown(state);
}

/* Only root can become somebody else; for others SUDO_UID must change nothing. */
static void drops(void **state)
{
	const struct passwd *pw = getpwuid(65534);
	char self[32], expected[256];
	static gid_t saved[NGROUPS_MAX];
	int ngroups;

	(void)state;
	snprintf(self, sizeof(self), "%u %u", geteuid(), getegid());
	sudo(NULL, NULL);
	assert_string_equal(said("echo $(id -u) $(id -g)", false), self);
	sudo(NOBODY, NOBODY);
	assert_string_equal(said("echo $(id -u) $(id -g)", true), self);
	if (geteuid() != 0) {
		assert_string_equal(said("echo $(id -u) $(id -g)", false), self);
		return;
	}
	assert_string_equal(said("echo $(id -ru) $(id -u) $(id -rg) $(id -g)", false),
	                    NOBODY " " NOBODY " " NOBODY " " NOBODY);
	/* Neither our groups nor any capability. */
	ngroups = getgroups(NGROUPS_MAX, saved);
	assert_true(ngroups >= 0);
	assert_int_equal(setgroups(2, (const gid_t[]){1, 2}), 0);
	assert_string_equal(said("id -G", false), NOBODY);
	assert_int_equal(setgroups((size_t)ngroups, saved), 0);
	assert_string_equal(said("grep -cE '^Cap(Prm|Eff|Amb):[[:space:]]*0+$' /proc/self/status", false), "3");
	if (pw) {
		snprintf(expected, sizeof(expected), "%s %s %s", pw->pw_name, pw->pw_name, pw->pw_dir);
		assert_string_equal(said("echo $USER $LOGNAME $HOME", false), expected);
	}
	/* Each once, and the rest of the environment is kept. */
	setenv("VMPROF_TEST", "kept", 1);
	assert_int_equal(in_environment("HOME="), 1);
	assert_int_equal(in_environment("USER="), 1);
	assert_int_equal(in_environment("LOGNAME="), 1);
	assert_string_equal(said("echo $VMPROF_TEST $PATH", false) + 5, getenv("PATH"));
	unsetenv("VMPROF_TEST");
}

static void drops_to_unnamed(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	sudo("3000000002", "3000000003");
	setenv("SUDO_USER", "someone", 1);
	assert_string_equal(said("echo $(id -u) $(id -G) $USER $LOGNAME $HOME", false),
	                    "3000000002 3000000003 someone someone /");
	unsetenv("SUDO_USER");
	assert_string_equal(said("echo $USER $HOME", false), "3000000002 /");
	/* Root who calls sudo stays root. */
	sudo("0", "0");
	assert_string_equal(said("id -u", false), "0");
}

/* Nonsense must not end in running the command as root. */
static void drop_refused(void **state)
{
	static const struct {
		const char *uid, *gid;
	} bad[] = {{"", "1"},   {"x", "1"},          {"-1", "1"},         {"4294967295", "1"},
	           {"1", NULL}, {"1", "4294967295"}, {"4294967296", "1"}, {"1", "1 "}};
	char *const argv[] = {"true", NULL};

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *failed = NULL;
		pid_t pid = 42;

		sudo(bad[i].uid, bad[i].gid);
		assert_int_equal(command_start(argv, &as_user, &pid, &failed), -EINVAL);
		assert_string_equal(failed, "setuid");
		assert_int_equal(pid, 42);
	}
}

/* Root without the right to become another user: a failure in the child, and it is told. */
static void drop_fails(void **state)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct data[2] = {0};
	char *const argv[] = {"true", NULL};
	const char *failed = "";
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	sudo(NOBODY, NOBODY);
	pid = fork();
	if (!pid) {
		pid_t child = 42;

		if (syscall(SYS_capset, &header, data))
			_exit(99);
		if (command_start(argv, &as_user, &child, &failed) != -EPERM)
			_exit(98);
		_exit(strcmp(failed, "setuid") || child != 42 || waitpid(-1, NULL, WNOHANG) != -1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void statuses(void **state)
{
	(void)state;
	assert_int_equal(command_exec_status(-ENOENT), 127);
	assert_int_equal(command_exec_status(-EACCES), 126);
	assert_int_equal(command_exec_status(-ENOEXEC), 126);
	assert_int_equal(command_exit_status(0), 0);
	assert_int_equal(command_exit_status(255 << 8), 255);
	assert_int_equal(command_exit_status(SIGTERM), 128 + SIGTERM);
	assert_int_equal(command_exit_status(SIGSEGV | 0x80), 128 + SIGSEGV); /* with a core dump */
}

int main(void)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, sudo_clear)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts),       WITH_SCRATCH(arguments),     WITH_SCRATCH(not_started),
		WITH_SCRATCH(shell_script),     WITH_SCRATCH(found_in_path), WITH_SCRATCH(path_not_searchable),
		WITH_SCRATCH(signals),          WITH_SCRATCH(descriptors),   WITH_SCRATCH(drops),
		WITH_SCRATCH(drops_to_unnamed), WITH_SCRATCH(drop_refused),  WITH_SCRATCH(drop_fails),
		cmocka_unit_test(statuses),
	};

	sigemptyset(&none);
	/* The tests may themselves be run through sudo. */
	sudo(NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
