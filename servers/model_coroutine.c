/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A coroutine with a stack of its own for each connection; the loop of each worker switches between them, in user
 * space. The switch is Boost.Context's (libboost_context), which has a C ABI below its C++ one.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "core/config.h"
#include "core/loop.h"
#include "core/model.h"
#include "core/sanitize.h"
#include "core/serve.h"

#if ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* From boost/context/detail/fcontext.hpp: where a stack rests, and what a switch to it brings. */
typedef void *fcontext_t;
struct transfer {
	fcontext_t from; /* who has switched to here, resting */
	void *data;
};
fcontext_t make_fcontext(void *stack_top, size_t size, void (*run)(struct transfer));
struct transfer jump_fcontext(fcontext_t to, void *data);

#define STACK     (256 << 10) /* with its guard page; what is not touched takes no memory */
#define SPARE_MAX 1024        /* stacks that a worker keeps */
#define TURNS_MAX 16          /* without waiting, while others could go on */

/* Lies at the top of its stack. */
struct fiber {
	struct client client; /* first: what the loop knows it by */
	fcontext_t own, scheduler;
	char *stack;
	unsigned turns;
	bool done;
#if ASAN
	void *fake;
	const void *scheduler_stack;
	size_t scheduler_size;
#endif
#if TSAN
	void *tsan, *tsan_scheduler;
#endif
};

static __thread struct client *spares; /* of this worker, by `next` */
static __thread unsigned spare_count;

/* What the sanitizers must know of a switch: to a fiber, back from it, and for the last time. */
static void leaving_scheduler(struct fiber *f, void **fake)
{
#if ASAN
	__sanitizer_start_switch_fiber(fake, f->stack, STACK);
#endif
#if TSAN
	f->tsan_scheduler = __tsan_get_current_fiber();
	__tsan_switch_to_fiber(f->tsan, 0);
#endif
	(void)f, (void)fake;
}

static void back_in_scheduler(void *fake)
{
#if ASAN
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
#endif
	(void)fake;
}

static void in_fiber(struct fiber *f)
{
#if ASAN
	__sanitizer_finish_switch_fiber(f->fake, &f->scheduler_stack, &f->scheduler_size);
#endif
	(void)f;
}

static void leaving_fiber(struct fiber *f)
{
#if ASAN
	__sanitizer_start_switch_fiber(f->done ? NULL : &f->fake, f->scheduler_stack, f->scheduler_size);
#endif
#if TSAN
	__tsan_switch_to_fiber(f->tsan_scheduler, 0);
#endif
	(void)f;
}

static void resume(struct fiber *f)
{
	void *fake = NULL;

	f->turns = 0;
	leaving_scheduler(f, &fake);
	f->own = jump_fcontext(f->own, f).from;
	back_in_scheduler(fake);
}

static void yield(struct fiber *f)
{
	leaving_fiber(f);
	f->scheduler = jump_fcontext(f->scheduler, NULL).from;
	in_fiber(f);
}

/* Until there is something to do for it. */
static void rest(struct conn *c)
{
	struct fiber *f = (struct fiber *)c;

	loop_rest(&f->client);
	yield(f);
}

/* It could go on, but so can others. */
static void let_others(struct conn *c)
{
	struct fiber *f = (struct fiber *)c;

	loop_wake(&f->client);
	yield(f);
}

static void fiber_recv(struct conn *c)
{
	struct fiber *f = (struct fiber *)c;

	if (!f->client.readable) {
		rest(c);
		return;
	}
	loop_recv(&f->client);
	if (++f->turns >= TURNS_MAX)
		let_others(c);
}

static void fiber_send(struct conn *c)
{
	struct fiber *f = (struct fiber *)c;

	if (f->client.writable)
		loop_send(&f->client);
	else
		rest(c);
}

static void entry(struct transfer t)
{
	static const struct serve_io io = {.recv = fiber_recv, .send = fiber_send, .pause = rest, .turn = let_others};
	struct fiber *f = t.data;

	f->scheduler = t.from;
	in_fiber(f);
	serve(&f->client.conn, &io);
	f->done = true;
	leaving_fiber(f);
	jump_fcontext(f->scheduler, NULL);
}

static struct fiber *map_fiber(void)
{
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct fiber *f;

	if (stack == MAP_FAILED)
		return NULL;
	if (mprotect(stack, sysconf(_SC_PAGESIZE), PROT_NONE)) {
		munmap(stack, STACK);
		return NULL;
	}
	f = (struct fiber *)(stack + (STACK - sizeof(*f)) / 64 * 64);
	f->stack = stack;
	return f;
}

static void unmap_fiber(struct fiber *f)
{
	munmap(f->stack, STACK);
}

static struct client *make(struct loop *l)
{
	struct fiber *f = (struct fiber *)spares;

	(void)l;
	if (f) {
		spares = f->client.next;
		spare_count--;
	} else {
		f = map_fiber();
	}
	if (!f)
		return NULL;
	*f = (struct fiber){.stack = f->stack};
	f->own = make_fcontext(f, (char *)f - f->stack, entry);
#if TSAN
	f->tsan = __tsan_create_fiber(0);
#endif
	return &f->client;
}

static void unmake(struct loop *l, struct client *client)
{
	struct fiber *f = (struct fiber *)client;

	(void)l;
#if TSAN
	__tsan_destroy_fiber(f->tsan);
#endif
#if ASAN
	/* The last function on it has not returned. */
	__asan_unpoison_memory_region(f->stack, STACK);
#endif
	if (spare_count >= SPARE_MAX) {
		unmap_fiber(f);
		return;
	}
	client->next = spares;
	spares = client;
	spare_count++;
}

static void serve_all(struct loop *l, struct client *list)
{
	struct client *client;

	(void)l;
	while ((client = loop_next(&list))) {
		struct fiber *f = (struct fiber *)client;

		resume(f);
		if (f->done)
			loop_close(client);
	}
}

static void end(struct loop *l)
{
	(void)l;
	while (spares) {
		struct fiber *f = (struct fiber *)spares;

		spares = spares->next;
		unmap_fiber(f);
	}
}

static int run(const struct config *config, const int *listening, unsigned n)
{
	static const struct loop_ops ops = {.make = make, .unmake = unmake, .serve = serve_all, .end = end};

	return loop_run(config, listening, n, &ops);
}

const struct model model_coroutine = {
	.name = "coroutine", .default_workers = 1, .listener_per_worker = true, .run = run};
