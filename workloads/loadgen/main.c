/* SPDX-License-Identifier: BSD-2-Clause */
/* loadgen: clients for the bundled servers, which check what they are told. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "load.h"
#include "random.h"
#include "report.h"

/* The first address of the host. */
static int resolve(struct load *load)
{
	const struct options *o = load->options;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found;
	char port[8];
	int err;

	snprintf(port, sizeof(port), "%u", o->port);
	err = getaddrinfo(o->host, port, &hints, &found);
	if (err) {
		say("--host %s: %s: give an address, or a name that has one", o->host, gai_strerror(err));
		return -1;
	}
	memcpy(&load->address, found->ai_addr, found->ai_addrlen);
	load->address_size = found->ai_addrlen;
	freeaddrinfo(found);
	snprintf(load->where, sizeof(load->where), strchr(o->host, ':') ? "[%.255s]:%s" : "%.255s:%s", o->host, port);
	return 0;
}

/* A descriptor for each client and some more. */
static int allow_files(unsigned clients)
{
	struct rlimit limit;
	rlim_t need = clients + 64;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= need)
		return 0;
	if (limit.rlim_max < need && !geteuid())
		limit.rlim_max = need;
	limit.rlim_cur = need < limit.rlim_max ? need : limit.rlim_max;
	if (limit.rlim_cur == need && !setrlimit(RLIMIT_NOFILE, &limit))
		return 0;
	say("%u clients need %llu open files, and the limit is %llu: take fewer --clients, or raise it (ulimit -Hn)",
	    clients, (unsigned long long)need, (unsigned long long)limit.rlim_max);
	return -1;
}

static unsigned cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Deals the clients out to the loops. */
static int make_clients(struct load *load)
{
	const struct options *o = load->options;

	load->n_loops = least(o->threads, least(o->clients, cpus()));
	load->clients = calloc(o->clients, sizeof(*load->clients));
	load->loops = calloc(load->n_loops, sizeof(*load->loops));
	if (!load->clients || !load->loops)
		return -ENOMEM;
	for (unsigned i = 0; i < load->n_loops; i++) {
		load->loops[i].load = load;
		load->loops[i].clients = calloc(o->clients / load->n_loops + 1, sizeof(struct client *));
		if (!load->loops[i].clients)
			return -ENOMEM;
	}
	for (unsigned i = 0; i < o->clients; i++) {
		struct client *c = &load->clients[i];
		struct loop *loop = &load->loops[i % load->n_loops];
		int err = 0;

		c->number = i;
		c->fd = -1;
		c->loop = loop;
		c->random = random_mix(o->seed) + i;
		loop->clients[loop->n++] = c;
		c->requests = calloc(o->pipeline, sizeof(*c->requests));
		if (load->proto->init)
			err = load->proto->init(c);
		else if (load->proto->client_size)
			c->app = calloc(1, load->proto->client_size);
		if (err || !c->requests || !c->app)
			return -ENOMEM;
	}
	return 0;
}

static void free_all(struct load *load)
{
	for (unsigned i = 0; load->clients && i < load->options->clients; i++) {
		free(load->clients[i].app);
		free(load->clients[i].requests);
		free(load->clients[i].in.data);
		free(load->clients[i].out.data);
	}
	for (unsigned i = 0; load->loops && i < load->n_loops; i++)
		free(load->loops[i].clients);
	free(load->clients);
	free(load->loops);
	if (load->proto->stop)
		load->proto->stop(load);
	close(load->signal_fd);
}

static int run(struct load *load)
{
	static struct report report;
	int err = load->proto->start ? load->proto->start(load) : 0;

	err = err ? err : make_clients(load);
	if (err == -ENOMEM) {
		say("no memory for %u clients: take fewer --clients or --keys", load->options->clients);
		return 1;
	}
	err = load_run(load);
	if (err) {
		say("can't run %u threads: %s", load->n_loops, strerror(-err));
		exit(1);
	}
	if (!atomic_load(&load->connected) && !atomic_load(&load->interrupted))
		return 1;
	report_make(&report, load);
	err = (load->options->json ? report_json : report_text)(&report, load, stdout);
	if (err)
		say("standard output: %s", strerror(-err));
	if (report.errors > ERRORS_SAID)
		say("and %llu more errors", (unsigned long long)(report.errors - ERRORS_SAID));
	return err || report.errors;
}

int main(int argc, char **argv)
{
	static struct options options;
	static struct load load;
	sigset_t signals;
	int status = 1;

	options_parse(&options, argc, argv);
	load.options = &options;
	load.proto = options.proto;
	atomic_init(&load.left, options.requests ? (int64_t)options.requests : INT64_MAX / 2);
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	load.signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (load.signal_fd < 0) {
		say("signalfd: %s", strerror(errno));
		return 1;
	}
	if (!resolve(&load) && !allow_files(options.clients))
		status = run(&load);
	free_all(&load);
	return status;
}
