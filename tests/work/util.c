/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "work.h"

void (*at_fail)(void);

void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fprintf(stderr, "work: ");
	vfprintf(stderr, fmt, args);
	fprintf(stderr, "\n");
	va_end(args);
	if (at_fail)
		at_fail();
	_exit(1);
}

long check_(const char *what, long ret)
{
	if (ret < 0)
		fail("%s: %s", what, strerror(errno));
	return ret;
}

void say(const char *fmt, ...)
{
	char line[512];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, args);
	va_end(args);
	if (n < 0 || n > (int)sizeof(line) - 2)
		fail("a line too long");
	line[n++] = '\n';
	if (write(STDOUT_FILENO, line, (size_t)n) != n)
		fail("standard output: %s", strerror(errno));
}

uint64_t number(int argc, char **argv, int i, uint64_t otherwise)
{
	uint64_t n;
	char *end;

	if (i >= argc)
		return otherwise;
	n = strtoull(argv[i], &end, 10);
	if (end == argv[i] || *end)
		fail("%s: not a number: %s", argv[0], argv[i]);
	return n;
}

uint64_t clock_of(clockid_t clock)
{
	struct timespec ts;

	check(clock_gettime(clock, &ts));
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t now_ns(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

uint64_t deadline_of(int argc, char **argv, int i)
{
	return now_ns() + number(argc, argv, i, 500) * NS_PER_MS;
}

void rest(uint64_t until)
{
	struct timespec ts = {(time_t)(until / NS_PER_S), (long)(until % NS_PER_S)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		continue;
}

/* Rounds of arithmetic between two looks at the clock, which is a system call: 0.2 ms to 1 ms. */
#define ROUNDS 1000000

void burn(uint64_t ns)
{
	uint64_t until = clock_of(CLOCK_THREAD_CPUTIME_ID) + ns;
	unsigned sum = 0;

	do {
		for (unsigned i = 0; i < ROUNDS; i++)
			__asm__ volatile("" : "+r"(sum) : "r"(i)); /* not to be optimised away */
	} while (clock_of(CLOCK_THREAD_CPUTIME_ID) < until);
}

static void interrupted(int sig)
{
	(void)sig;
}

void pace(unsigned ms)
{
	struct sigaction act = {.sa_handler = interrupted}; /* no SA_RESTART */
	struct itimerval every = {{0, (suseconds_t)ms * 1000}, {0, (suseconds_t)ms * 1000}};

	check(sigaction(SIGALRM, &act, NULL));
	check(setitimer(ITIMER_REAL, &every, NULL));
}
