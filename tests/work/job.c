/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes and threads with their oracle; what the kernel says of those that have ended. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work.h"

static void set_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	check(sched_setaffinity(0, sizeof(set), &set));
}

static void read_file(const char *path, char *text, size_t room)
{
	ssize_t n;
	int fd;

	fd = (int)check(open(path, O_RDONLY | O_CLOEXEC));
	n = check(read(fd, text, room - 1));
	text[n] = 0;
	close(fd);
}

/* A file of /proc/PID, of a zombie as well. */
static void read_proc(pid_t pid, const char *name, char *text, size_t room)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	read_file(path, text, room);
}

struct schedstat {
	unsigned long long cpu_ns, delay_ns;
};

static struct schedstat parse_schedstat(const char *text)
{
	struct schedstat st;

	if (sscanf(text, "%llu %llu", &st.cpu_ns, &st.delay_ns) != 2)
		fail("schedstat can't be read: %s", text);
	return st;
}

static void take_name(const char *state)
{
	char name[16];

	snprintf(name, sizeof(name), state ? "w.%s" : "helper", state);
	check(prctl(PR_SET_NAME, name));
}

static void live(const char *state, job_fn *fn, void *arg)
{
	uint64_t begin = now_ns(), ns;
	char text[128];

	take_name(state);
	fn(arg);
	if (!state)
		return;
	read_file("/proc/thread-self/schedstat", text, sizeof(text));
	ns = now_ns() - begin;
	say("life pid=%d tid=%d state=%s ns=%ju run_delay_ns=%llu", getpid(), gettid(), state, (uintmax_t)ns,
	    parse_schedstat(text).delay_ns);
}

static void tell_start(pid_t pid, pid_t tid, uint64_t at)
{
	say("start pid=%d tid=%d at_ns=%ju", pid, tid, (uintmax_t)at);
}

void job_start(struct job *job, const char *state, job_fn *fn, void *arg)
{
	job->start = now_ns();
	job->pid = (pid_t)check(fork());
	if (job->pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	live(state, fn, arg);
	_exit(0);
}

void job_end(struct job *job)
{
	uint64_t ended;
	int status = reap(job->pid, &ended);

	tell_start(job->pid, job->pid, job->start);
	say("end pid=%d at_ns=%ju", job->pid, (uintmax_t)ended);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail("a child ended with wait status %#x", (unsigned)status);
}

static void *crew_main(void *arg)
{
	struct crew *crew = arg;

	crew->tid = gettid();
	live(crew->state, crew->fn, crew->arg);
	return NULL;
}

void crew_start(struct crew *crew, const char *state, job_fn *fn, void *arg)
{
	crew->state = state;
	crew->fn = fn;
	crew->arg = arg;
	crew->start = now_ns();
	if (pthread_create(&crew->thread, NULL, crew_main, crew))
		fail("pthread_create");
}

void crew_end(struct crew *crew)
{
	if (pthread_join(crew->thread, NULL))
		fail("pthread_join");
	tell_start(getpid(), crew->tid, crew->start);
}

/* The CPU a task ran on last: field 39 of stat. */
static int cpu_of(pid_t pid)
{
	char text[1024], *at;

	read_proc(pid, "stat", text, sizeof(text));
	at = strrchr(text, ')');
	for (int field = 2; at && field < 39; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		fail("/proc/%d/stat can't be read", pid);
	return atoi(at + 1);
}

static void tell(const char *kind, pid_t pid, const char *more, const struct rusage *ru)
{
	uintmax_t user = (uintmax_t)ru->ru_utime.tv_sec * 1000000 + (uintmax_t)ru->ru_utime.tv_usec;
	uintmax_t sys = (uintmax_t)ru->ru_stime.tv_sec * 1000000 + (uintmax_t)ru->ru_stime.tv_usec;

	say("%s pid=%d %snvcsw=%ld nivcsw=%ld minflt=%ld majflt=%ld cpu_us=%ju sys_us=%ju inblock=%ld oublock=%ld",
	    kind, pid, more, ru->ru_nvcsw, ru->ru_nivcsw, ru->ru_minflt, ru->ru_majflt, user + sys, sys, ru->ru_inblock,
	    ru->ru_oublock);
}

void tell_child(pid_t pid, const struct rusage *ru)
{
	char parent[32];

	snprintf(parent, sizeof(parent), "ppid=%d ", getpid());
	tell("child", pid, parent, ru);
}

void tell_rusage(void)
{
	struct rusage ru;

	check(getrusage(RUSAGE_CHILDREN, &ru));
	tell("rusage", getpid(), "", &ru);
}

void stay_here(void)
{
	set_cpu((int)check(sched_getcpu()));
}

int reap(pid_t pid, uint64_t *ended)
{
	struct schedstat sched;
	cpu_set_t before;
	char text[128];
	siginfo_t info;
	struct rusage ru;
	int status;

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
		if (errno != EINTR)
			fail("waitid: %s", strerror(errno));

	check(sched_getaffinity(0, sizeof(before), &before));
	set_cpu(cpu_of(pid)); /* We run there: so it does not. */
	if (ended)
		*ended = now_ns();
	read_proc(pid, "schedstat", text, sizeof(text));
	check(wait4(pid, &status, 0, &ru));
	check(sched_setaffinity(0, sizeof(before), &before));

	sched = parse_schedstat(text);
	say("sched pid=%d cpu_ns=%llu run_delay_ns=%llu", pid, sched.cpu_ns, sched.delay_ns);
	tell_child(pid, &ru);
	return status;
}
