/* SPDX-License-Identifier: BSD-2-Clause */
/* A process for each connection. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/acceptor.h"
#include "core/blocking.h"
#include "core/log.h"
#include "core/model.h"
#include "core/net.h"
#include "core/room.h"
#include "core/sanitize.h"
#include "core/signals.h"

struct child {
	pid_t pid;
	int listener;
	uint64_t number;
};

static const struct config *config;
static struct child *children;
static unsigned count;
static int accepting;  /* what a child has no use for */
static int connection; /* of a child */

#if TSAN
/* For news, a child has a second thread: that it was forked while the signal thread ran is no reason to end it. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "die_after_fork=0";
}
#endif

/* In a child. Whether it rests in recv(2) or is about to: the call does not block, or ends. */
static void asked_to_stop(int number)
{
	int err = errno;

	(void)number;
	stop_ask();
	net_nonblocking(connection);
	errno = err;
}

static _Noreturn void serve_one(int fd, const struct sockaddr_storage *peer, uint64_t number, int listener)
{
	struct sigaction action = {.sa_handler = asked_to_stop};
	struct stats *stats = stats_of(number);
	struct conn conn;
	sigset_t term;

	close(accepting);
	connection = fd;
	sigaction(SIGTERM, &action, NULL);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_UNBLOCK, &term, NULL);
	if (conn_open(&conn, config, fd, peer, number, stats, listener)) {
		STATS_ADD(stats, refused, 1);
		_exit(0);
	}
	if (blocking_serve(&conn))
		STATS_ADD(stats, refused, 1);
	conn_close(&conn);
	_exit(0);
}

static int start(int fd, const struct sockaddr_storage *peer, uint64_t number)
{
	int listener = config->app->news ? room_join() : 0, err = 0;
	pid_t parent = getpid(), pid;

	if (listener < 0)
		return listener;
	acceptor_lock(); /* it is in the table before it can be found to have ended */
	pid = fork();
	if (pid == 0) {
		/* If the server is killed, it is killed as a whole: the next one needs what this one has. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		serve_one(fd, peer, number, listener);
	}
	if (pid > 0)
		children[count++] = (struct child){.pid = pid, .listener = listener, .number = number};
	else
		err = -errno;
	acceptor_unlock();
	if (!err)
		close(fd);
	else if (config->app->news)
		room_leave(listener);
	return err;
}

static void failed(const struct child *child, int status)
{
	const char *how = WIFSIGNALED(status) ? "was killed by signal" : "failed with status";

	complain("the process of connection #%llu %s %d", (unsigned long long)child->number, how,
	         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (config->app->lost)
		config->app->lost(child->pid);
}

static void forget(pid_t pid, int status)
{
	for (unsigned i = 0; i < count; i++) {
		if (children[i].pid != pid)
			continue;
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			failed(&children[i], status);
		if (config->app->news)
			room_leave(children[i].listener);
		children[i] = children[--count];
		acceptor_ended();
		return;
	}
}

/* By the signal thread. */
static void reap(void)
{
	int status;
	pid_t pid;

	acceptor_lock();
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		forget(pid, status);
	acceptor_unlock();
}

static void drain(void)
{
	for (unsigned i = 0; i < count; i++)
		kill(children[i].pid, SIGTERM);
}

static int run(const struct config *c, const int *listening, unsigned n)
{
	static const struct acceptor_ops ops = {.start = start, .drain = drain};
	int err;

	(void)n;
	config = c;
	accepting = listening[0];
	children = calloc(config->workers, sizeof(*children));
	if (!children)
		return -ENOMEM;
	signals_on_child(reap);
	err = acceptor_run(config, listening[0], &ops);
	signals_on_child(NULL);
	free(children);
	return err;
}

const struct model model_fork = {.name = "fork", .default_workers = 4096, .listener_per_session = true, .run = run};
