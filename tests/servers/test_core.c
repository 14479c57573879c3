/* SPDX-License-Identifier: BSD-2-Clause */
/* What the models and apps stand on: buffers, shared memory, the room, timers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/buf.h"
#include "core/room.h"
#include "core/shared.h"
#include "core/timers.h"

/* The same numbers in every run. */
static uint64_t draw(uint64_t *state, uint64_t below)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (*state >> 33) % below;
}

/* The n-th byte of a stream that does not repeat soon. */
static char byte_at(uint64_t n)
{
	return (char)(n * 31 + (n >> 8) * 7 + (n >> 16));
}

static void buf_is_a_queue(void **state)
{
	uint64_t random = 1, added = 0, taken = 0;
	struct buf b = {};

	(void)state;
	for (int i = 0; i < 200000; i++) {
		size_t n = draw(&random, i % 100 ? 300 : 20000);

		if (draw(&random, 2)) {
			char *to = buf_room(&b, n);

			assert_non_null(to);
			for (size_t k = 0; k < n; k++)
				to[k] = byte_at(added++);
			buf_added(&b, n);
		} else {
			size_t held = buf_len(&b);

			n = n < held ? n : held;
			for (size_t k = 0; k < n; k++)
				assert_int_equal(buf_at(&b)[k], byte_at(taken + k));
			buf_take(&b, n);
			taken += n;
		}
		assert_int_equal(buf_len(&b), added - taken);
	}
	buf_free(&b);
	assert_int_equal(buf_len(&b), 0);
}

static void buf_prints_short_and_long(void **state)
{
	char text[5000];
	struct buf b = {};

	(void)state;
	for (size_t n = 0; n < sizeof(text); n += n < 300 ? 1 : 999) {
		memset(text, 'a' + n % 26, n);
		text[n] = 0;
		buf_printf(&b, "<%s>%d", text, 7);
		assert_int_equal(buf_len(&b), n + 3);
		assert_memory_equal(buf_at(&b) + 1, text, n);
		assert_memory_equal(buf_at(&b) + n + 1, ">7", 2);
		buf_take(&b, n + 3);
	}
	buf_free(&b);
}

static void buf_says_that_memory_was_short(void **state)
{
	struct buf b = {};

	(void)state;
	buf_add_str(&b, "abc");
	assert_null(buf_room(&b, SIZE_MAX / 2));
	assert_true(b.failed);
	/* Nothing is appended behind the gap, and what was there before is still there. */
	buf_add_str(&b, "def");
	assert_int_equal(buf_len(&b), 3);
	buf_free(&b);
	assert_false(b.failed);
	buf_add_str(&b, "ghi");
	assert_memory_equal(buf_at(&b), "ghi", 3);
	buf_free(&b);
}

static void buf_gives_back_only_what_is_large_and_empty(void **state)
{
	struct buf b = {};

	(void)state;
	assert_non_null(buf_room(&b, 1 << 20));
	buf_added(&b, 1);
	buf_trim(&b);
	assert_int_equal(buf_len(&b), 1);
	buf_take(&b, 5);
	buf_trim(&b);
	assert_null(b.data);
	buf_add_str(&b, "small");
	buf_take(&b, 5);
	buf_trim(&b);
	assert_non_null(b.data);
	buf_free(&b);
}

#define ARENA  (8 << 20)
#define PIECES 4000

struct piece {
	unsigned char *at;
	size_t size;
	unsigned char mark;
};

static void put_back(struct arena *a, struct piece *p)
{
	for (size_t k = 0; k < p->size; k++)
		assert_int_equal(p->at[k], p->mark);
	arena_free(a, p->at, p->size);
	p->at = NULL;
}

static size_t size_drawn(uint64_t *random)
{
	switch (draw(random, 20)) {
	case 0:
		return draw(random, 200000);
	case 1:
		return draw(random, 10000);
	default:
		return draw(random, 200);
	}
}

/* Each piece is filled with a mark of its own: one that overlaps another, or the arena's own words, would change it. */
static void arena_gives_and_merges(void **state)
{
	struct arena *a = arena_new(ARENA);
	struct piece *pieces = test_calloc(PIECES, sizeof(*pieces));
	uint64_t random = 7;
	unsigned full = 0;
	void *whole;

	(void)state;
	assert_non_null(a);
	for (int i = 0; i < 300000; i++) {
		struct piece *p = &pieces[draw(&random, PIECES)];

		if (p->at) {
			put_back(a, p);
			continue;
		}
		p->size = size_drawn(&random);
		p->at = arena_alloc(a, p->size);
		if (!p->at) {
			full++;
			continue;
		}
		assert_int_equal((uintptr_t)p->at % 16, 0);
		p->mark = draw(&random, 256);
		memset(p->at, p->mark, p->size);
	}
	assert_true(full > 0);
	for (int i = 0; i < PIECES; i++)
		if (pieces[i].at)
			put_back(a, &pieces[i]);
	assert_int_equal(arena_used(a), 0);
	/* In one piece again: but for the arena's own words and the rounding to a bin, a 16th. */
	whole = arena_alloc(a, ARENA / 16 * 14);
	assert_non_null(whole);
	assert_null(arena_alloc(a, ARENA / 4));
	arena_free(a, whole, ARENA / 16 * 14);
	assert_int_equal(arena_used(a), 0);
	test_free(pieces);
	shared_unmap(a, ARENA);
}

static void arena_refuses_what_can_not_be(void **state)
{
	struct arena *a = arena_new(1 << 20);

	(void)state;
	assert_null(arena_new(100));
	assert_null(arena_alloc(a, 1 << 20));
	assert_null(arena_alloc(a, SIZE_MAX));
	assert_null(arena_alloc(a, SIZE_MAX - 64));
	arena_free(a, NULL, 0);
	assert_int_equal(arena_used(a), 0);
	shared_unmap(a, 1 << 20);
}

static void end_child(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_lock_outlives_its_holder(void **state)
{
	pthread_mutex_t *m = shared_map(sizeof(*m));

	(void)state;
	assert_int_equal(shared_mutex_init(m), 0);
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (!pid) {
			shared_lock(m);
			_exit(0);
		}
		end_child(pid);
		shared_lock(m);
		shared_unlock(m);
	}
	shared_unmap(m, sizeof(*m));
}

/* Posts messages `from` to `to`: lengths and bytes follow from the number. */
static size_t message(unsigned number, char data[ROOM_MESSAGE_MAX])
{
	size_t size = number * 37 % ROOM_MESSAGE_MAX + 1;

	for (size_t i = 0; i < size; i++)
		data[i] = byte_at(number + i);
	return size;
}

static void post(unsigned from, unsigned to)
{
	char data[ROOM_MESSAGE_MAX];

	for (unsigned i = from; i < to; i++)
		assert_int_equal(room_post(i, data, message(i, data)), 0);
}

static void expect(uint64_t *position, unsigned from, unsigned to)
{
	char data[ROOM_MESSAGE_MAX];
	struct buf b = {};

	for (unsigned i = from; i < to; i++) {
		uint64_t sender;

		assert_int_equal(room_next(position, &sender, &b), 1);
		assert_int_equal(sender, i);
		assert_int_equal(buf_len(&b), message(i, data));
		assert_memory_equal(buf_at(&b), data, buf_len(&b));
		buf_take(&b, buf_len(&b));
	}
	buf_free(&b);
}

static void the_room_keeps_the_order(void **state)
{
	char data[ROOM_MESSAGE_MAX + 1] = "";
	uint64_t position, late, sender;
	struct buf b = {};

	(void)state;
	assert_int_equal(room_start(1), 0);
	assert_true(room_exists());
	position = late = room_end();
	assert_int_equal(room_next(&position, &sender, &b), 0);
	/* Around the ring several times, at all kinds of offsets. */
	for (unsigned i = 0; i < 5000; i += 100) {
		post(i, i + 100);
		expect(&position, i, i + 100);
	}
	assert_int_equal(room_next(&position, &sender, &b), 0);
	assert_int_equal(room_next(&late, &sender, &b), -EOVERFLOW);
	assert_int_equal(room_post(1, data, ROOM_MESSAGE_MAX + 1), -EMSGSIZE);
	assert_int_equal(position, room_end());
	buf_free(&b);
	room_stop();
	assert_false(room_exists());
}

static bool is_told(unsigned listener)
{
	struct pollfd p = {.fd = room_fd(listener), .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void a_burst_wakes_a_listener_once(void **state)
{
	eventfd_t times;
	int a, b;

	(void)state;
	assert_int_equal(room_start(2), 0);
	a = room_join();
	b = room_join();
	assert_true(a >= 0 && b >= 0 && a != b);
	assert_int_equal(room_join(), -ENOSPC);
	post(0, 1);
	room_leave(b);
	post(1, 100);
	for (int round = 0; round < 3; round++) {
		assert_true(is_told(a));
		assert_int_equal(eventfd_read(room_fd(a), &times), 0);
		assert_int_equal(times, 1);
		room_heard(a);
		assert_false(is_told(a));
		post(0, 10);
	}
	assert_int_equal(room_join(), b);
	room_stop();
}

static void the_room_is_one_for_all_processes(void **state)
{
	uint64_t position;
	eventfd_t times;
	int listener;
	pid_t pid;

	(void)state;
	assert_int_equal(room_start(4), 0);
	listener = room_join();
	position = room_end();
	pid = fork();
	if (!pid) {
		post(0, 50);
		_exit(0);
	}
	assert_int_equal(eventfd_read(room_fd(listener), &times), 0);
	end_child(pid);
	expect(&position, 0, 50);
	assert_int_equal(position, room_end());
	room_stop();
}

static void timers_are_in_order(void **state)
{
	struct timer all[500] = {};
	struct timers timers;
	uint64_t random = 3, last = 0;
	unsigned n = 0;

	(void)state;
	timers_init(&timers);
	assert_null(timers_first(&timers));
	/* Each is set twice, and every fifth is taken out. */
	for (int i = 0; i < 1000; i++)
		timer_set(&timers, &all[i % 500], draw(&random, 100));
	for (int i = 0; i < 500; i += 5) {
		timer_unset(&all[i]);
		timer_unset(&all[i]);
	}
	while (timers_first(&timers)) {
		struct timer *first = timers_first(&timers);

		assert_true(first->when >= last);
		assert_int_not_equal((first - all) % 5, 0);
		last = first->when;
		timer_unset(first);
		n++;
	}
	assert_int_equal(n, 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_is_a_queue),
		cmocka_unit_test(buf_prints_short_and_long),
		cmocka_unit_test(buf_says_that_memory_was_short),
		cmocka_unit_test(buf_gives_back_only_what_is_large_and_empty),
		cmocka_unit_test(arena_gives_and_merges),
		cmocka_unit_test(arena_refuses_what_can_not_be),
		cmocka_unit_test(a_lock_outlives_its_holder),
		cmocka_unit_test(the_room_keeps_the_order),
		cmocka_unit_test(a_burst_wakes_a_listener_once),
		cmocka_unit_test(the_room_is_one_for_all_processes),
		cmocka_unit_test(timers_are_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
