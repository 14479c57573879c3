/* SPDX-License-Identifier: BSD-2-Clause */
#include "burn.h"

#include <stdatomic.h>
#include <time.h>

#define CALIBRATE_NS 1000000
#define UNMEASURED   20 /* µs: below, reading the clock would be a good part of the time */
#define READS        5

/* Rounds of spin() in 1,024 ns, as last measured by anyone. 0: not started. */
static _Atomic uint64_t rate;

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Each round needs the last one's result, so its time is a latency that compilers and wide CPUs can't shorten. */
static void spin(uint64_t rounds)
{
	uint64_t x = rounds | 1;

	for (; rounds; rounds--) {
		x *= 0x9e3779b97f4a7c15u;
		__asm__ volatile("" : "+r"(x));
	}
}

void burn_start(void)
{
	for (uint64_t rounds = 1024;; rounds *= 2) {
		uint64_t start = cpu_ns(), ns;

		spin(rounds);
		ns = cpu_ns() - start;
		if (ns >= CALIBRATE_NS) {
			atomic_store_explicit(&rate, rounds * 1024 / ns, memory_order_relaxed);
			return;
		}
	}
}

/*
 * The speed changes with the CPU's frequency and with what else runs on the core. So: half of the time at the speed
 * last known, most of the rest at the speed of that half, and then a little too much rather than too little.
 */
void burn_us(uint64_t us)
{
	uint64_t per = atomic_load_explicit(&rate, memory_order_relaxed), want = us * 1000, done = 0, start;

	if (!per || us < UNMEASURED) {
		spin(want * per / 1024);
		return;
	}
	start = cpu_ns();
	for (int reads = 1; done < want && reads < READS; reads++) {
		uint64_t rest = want - done, now, rounds;

		rest = reads == 1 ? rest / 2 : reads == 2 ? rest - rest / 8 : rest + rest / 32;
		rounds = rest * per / 1024;
		spin(rounds);
		now = cpu_ns() - start;
		if (rounds > per * 10 && now > done)
			per = rounds * 1024 / (now - done);
		done = now;
	}
	atomic_store_explicit(&rate, per, memory_order_relaxed);
}
