/* SPDX-License-Identifier: BSD-2-Clause */
#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define EVENTS    256
#define LOOK_NS   (50 * NS_PER_MS) /* how often clients are looked at for timeouts */
#define ON_SIGNAL (UINT64_MAX - 1) /* event.data.u64 of what is no client */
#define ON_BEGIN  UINT64_MAX

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

void loop_ready(struct client *c)
{
	if (c->ready)
		return;
	c->ready = true;
	c->next_ready = c->loop->ready;
	c->loop->ready = c;
}

static void pump_ready(struct loop *loop)
{
	for (struct client *c; (c = loop->ready);) {
		loop->ready = c->next_ready;
		c->ready = false;
		client_pump(c);
	}
}

/* The last one to arrive in the last loop starts the clock of all. */
void loop_arrived(struct client *c)
{
	struct load *load = c->loop->load;

	if (c->counted)
		return;
	c->counted = true;
	if (--c->loop->expected || atomic_fetch_sub(&load->loops_expected, 1) > 1)
		return;
	atomic_store(&load->begin_ns, now_ns());
	eventfd_write(load->begin_fd, 1);
}

static void begin(struct loop *loop)
{
	const struct options *o = loop->load->options;
	uint64_t begin = atomic_load(&loop->load->begin_ns);

	loop->begun = true;
	loop->now = now_ns();
	if (o->seconds > 0)
		loop->deadline_ns = begin + (uint64_t)(o->seconds * NS_PER_S);
	for (unsigned i = 0; i < loop->n; i++) {
		struct client *c = loop->clients[i];

		if (o->rate > 0)
			c->first_ns = begin + (uint64_t)(c->number * (o->ramp_s / o->clients + 1 / o->rate) * NS_PER_S);
		loop_ready(c);
	}
}

static void stop(struct loop *loop)
{
	if (loop->stopping)
		return;
	loop->stopping = true;
	loop->stopped_ns = loop->now < loop->deadline_ns ? loop->now : loop->deadline_ns;
}

static void handle(struct loop *loop, const struct epoll_event *event)
{
	struct load *load = loop->load;
	struct client *c;

	if (event->data.u64 == ON_SIGNAL) {
		epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, load->signal_fd, NULL);
		atomic_store(&load->interrupted, true);
		stop(loop);
	} else if (event->data.u64 == ON_BEGIN) {
		epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, load->begin_fd, NULL);
		begin(loop);
	} else {
		c = &load->clients[(uint32_t)event->data.u64];
		if (c->serial == event->data.u64 >> 32 && c->fd >= 0)
			client_event(c, event->events);
	}
}

/* Requests have been given back: whoever is idle may send them. */
static void revive(struct loop *loop)
{
	loop->revive = false;
	for (unsigned i = 0; i < loop->n; i++) {
		struct client *c = loop->clients[i];

		if (c->state == CLIENT_OPEN || (c->state == CLIENT_WAITING && !c->place))
			client_wake(c);
	}
}

static bool over(const struct loop *loop)
{
	bool left = atomic_load_explicit(&loop->load->left, memory_order_relaxed) > 0;

	return !loop->live || (!loop->outstanding && (loop->stopping || (loop->begun && !left)));
}

/* Until the next event or the next thing to do. */
static int rest(struct loop *loop, struct epoll_event *events, uint64_t look)
{
	uint64_t until = heap_next(&loop->heap), left;
	int n;

	if (until > look)
		until = look;
	if (until > loop->deadline_ns && !loop->stopping)
		until = loop->deadline_ns;
	left = until > loop->now ? until - loop->now : 0;
	n = epoll_pwait2(loop->epoll_fd, events, EVENTS,
	                 &(struct timespec){.tv_sec = (time_t)(left / NS_PER_S), .tv_nsec = (long)(left % NS_PER_S)},
	                 NULL);
	loop->now = now_ns();
	return n < 0 && errno != EINTR ? -errno : n;
}

static int spin(struct loop *loop)
{
	struct epoll_event events[EVENTS];
	uint64_t look = loop->now + LOOK_NS;

	while (!over(loop)) {
		int n = rest(loop, events, look);

		if (n < 0)
			return n;
		for (int i = 0; i < n; i++) {
			handle(loop, &events[i]);
			pump_ready(loop);
		}
		for (struct client *c; (c = heap_due(&loop->heap, loop->now));) {
			client_wake(c);
			pump_ready(loop);
		}
		if (loop->now >= loop->deadline_ns)
			stop(loop);
		if (loop->now >= look) {
			for (unsigned i = 0; i < loop->n; i++)
				client_check_time(loop->clients[i]);
			look = loop->now + LOOK_NS;
		}
		if (loop->revive)
			revive(loop);
		pump_ready(loop);
	}
	return 0;
}

static void *run(void *arg)
{
	struct loop *loop = arg;
	const struct options *o = loop->load->options;
	uint64_t start = now_ns();

	prctl(PR_SET_TIMERSLACK, 1UL); /* intended send times are kept to the microsecond */
	loop->now = start;
	for (unsigned i = 0; i < loop->n; i++) {
		struct client *c = loop->clients[i];

		heap_set(&loop->heap, c, start + (uint64_t)(o->ramp_s * c->number / o->clients * NS_PER_S));
	}
	loop->status = spin(loop);
	for (unsigned i = 0; i < loop->n; i++) {
		client_finish(loop->clients[i]);
		if (o->rate > 0 && loop->stopping && loop->begun)
			loop->totals.unsent += client_unsent(loop->clients[i], loop->stopped_ns);
	}
	for (unsigned i = 0; i < loop->n; i++)
		client_disconnect(loop->clients[i]);
	return NULL;
}

static int loop_open(struct loop *loop, struct load *load)
{
	struct epoll_event on_signal = {.events = EPOLLIN, .data.u64 = ON_SIGNAL};
	struct epoll_event on_begin = {.events = EPOLLIN, .data.u64 = ON_BEGIN};

	loop->deadline_ns = UINT64_MAX;
	loop->live = loop->n;
	loop->expected = load->options->ramp_s > 0 ? UINT32_MAX : loop->n;
	loop->heap.at = calloc(loop->n, sizeof(struct client *));
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!loop->heap.at)
		return -ENOMEM;
	if (loop->epoll_fd < 0 || epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, load->signal_fd, &on_signal) ||
	    epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, load->begin_fd, &on_begin))
		return -errno;
	return 0;
}

int load_run(struct load *load)
{
	int err = 0;
	unsigned started = 1;

	load->begin_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (load->begin_fd < 0)
		return -errno;
	atomic_store(&load->loops_expected, load->n_loops);
	for (unsigned i = 0; i < load->n_loops && !err; i++)
		err = loop_open(&load->loops[i], load);
	if (!err && load->options->ramp_s > 0) {
		atomic_store(&load->begin_ns, now_ns());
		eventfd_write(load->begin_fd, 1);
	}
	for (; !err && started < load->n_loops; started++)
		err = -pthread_create(&load->loops[started].thread, NULL, run, &load->loops[started]);
	if (err)
		return err; /* the process ends, and with it the threads that have started */
	run(&load->loops[0]);
	for (unsigned i = 1; i < started; i++)
		pthread_join(load->loops[i].thread, NULL);
	for (unsigned i = 0; i < load->n_loops; i++) {
		err = err ? err : load->loops[i].status;
		close(load->loops[i].epoll_fd);
		free(load->loops[i].heap.at);
	}
	close(load->begin_fd);
	return err;
}
