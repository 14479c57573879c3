/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loops that are measured: getppid(2), the first touch of a page, a round trip through
 * two pipes between two processes. Each prints ns per operation, the least of many short
 * repeats, so that what a neighbour or the timer took is left out.
 *
 * With --serve it says "ready", then measures once for each line of its standard input: whoever
 * writes the lines changes what is attached in between. `threads` does not measure: it is a
 * process with many threads, until its standard input ends.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define NSEC        1000000000L
#define MIN_REPEATS 5
#define CALLS       5000 /* operations of a repeat: about a millisecond or two */
#define PAGES       1024
#define TRIPS       500
#define STACK       (64 * 1024)

struct options {
	const char *loop;
	double seconds;
	int cpu; /* -1: any */
	bool serve;
	int threads;
	double wakes; /* of each thread and second */
};

static int to_child[2], to_parent[2];
static sem_t started;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	int err = errno;
	va_list args;

	va_start(args, format);
	fputs("loops: ", stderr);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(err));
	exit(EXIT_FAILURE);
}

static long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC + t.tv_nsec;
}

static double getppid_repeat(void)
{
	long start = now_ns();

	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	return (double)(now_ns() - start) / CALLS;
}

static double fault_repeat(void)
{
	long page = sysconf(_SC_PAGESIZE), start, ns;
	volatile char *area = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED)
		die("mmap");
	madvise((void *)area, PAGES * page, MADV_NOHUGEPAGE); /* fails where there are none: fine */
	start = now_ns();
	for (long i = 0; i < PAGES; i++)
		area[i * page] = 1;
	ns = now_ns() - start;
	munmap((void *)area, PAGES * page);
	return (double)ns / PAGES;
}

/* The other end sends each byte back, and leaves when the pipe is closed. */
static void pipe_setup(void)
{
	pid_t child;
	char c;

	if (pipe(to_child) || pipe(to_parent))
		die("pipe");
	child = fork();
	if (child < 0)
		die("fork");
	if (child) {
		close(to_child[0]);
		close(to_parent[1]);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(to_child[1]);
	close(to_parent[0]);
	while (read(to_child[0], &c, 1) == 1)
		if (write(to_parent[1], &c, 1) != 1)
			break;
	_exit(EXIT_SUCCESS);
}

static double pipe_repeat(void)
{
	long start = now_ns();
	char c = 0;

	for (int i = 0; i < TRIPS; i++)
		if (write(to_child[1], &c, 1) != 1 || read(to_parent[0], &c, 1) != 1)
			die("pipe round trip");
	return (double)(now_ns() - start) / TRIPS;
}

static const struct loop {
	const char *name;
	void (*setup)(void);
	double (*repeat)(void);
} loops[] = {
	{"getppid", NULL, getppid_repeat},
	{"fault", NULL, fault_repeat},
	{"pipe", pipe_setup, pipe_repeat},
};

static void measure(const struct loop *loop, double seconds)
{
	long end = now_ns() + (long)(seconds * NSEC);
	double least = loop->repeat(); /* the first warms up, and seldom wins */

	for (int n = 1; n < MIN_REPEATS || now_ns() < end; n++) {
		double ns = loop->repeat();

		if (ns < least)
			least = ns;
	}
	printf("%.2f\n", least);
	fflush(stdout);
}

static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

static void *thread_main(void *arg)
{
	const double *period = arg; /* seconds, 0: only sleep */
	static long count;
	long step = (long)(*period * NSEC), due;

	/* Spread the first wake-up of each over a period. */
	due = now_ns() + (step ? __atomic_fetch_add(&count, 7919, __ATOMIC_RELAXED) * 104729 % step : 0);
	sem_post(&started);
	while (step) {
		struct timespec t = {due / NSEC, due % NSEC};

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		due += step;
	}
	for (;;)
		pause();
	return NULL;
}

static void be_threads(const struct options *opt)
{
	static double period;
	pthread_attr_t attr;
	char c;

	period = opt->wakes > 0 ? 1 / opt->wakes : 0;
	sem_init(&started, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	for (int i = 1; i < opt->threads; i++) {
		pthread_t thread;

		errno = pthread_create(&thread, &attr, thread_main, &period);
		if (errno)
			die("thread %d of %d", i, opt->threads);
	}
	for (int i = 1; i < opt->threads; i++)
		sem_wait(&started);
	ready();
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	exit(EXIT_SUCCESS);
}

static void __attribute__((noreturn)) usage(void)
{
	fputs("usage: loops getppid|fault|pipe [--seconds S] [--cpu N] [--serve]\n"
	      "       loops threads --threads N [--wakes PER_SECOND]\n",
	      stderr);
	exit(2);
}

static double number(const char *text, double least, double most)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= least && value <= most)) {
		fprintf(stderr, "loops: %s: not a number from %g to %g\n", text, least, most);
		exit(2);
	}
	return value;
}

static struct options options(int argc, char **argv)
{
	static const struct option table[] = {
		{"seconds", required_argument, NULL, 's'}, {"cpu", required_argument, NULL, 'c'},
		{"serve", no_argument, NULL, 'S'},         {"threads", required_argument, NULL, 't'},
		{"wakes", required_argument, NULL, 'w'},   {},
	};
	struct options opt = {.seconds = 0.2, .cpu = -1, .threads = 1};
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (c) {
		case 's':
			opt.seconds = number(optarg, 0, 3600);
			break;
		case 'c':
			opt.cpu = (int)number(optarg, 0, CPU_SETSIZE - 1);
			break;
		case 'S':
			opt.serve = true;
			break;
		case 't':
			opt.threads = (int)number(optarg, 1, 100000);
			break;
		case 'w':
			opt.wakes = number(optarg, 0, 10000);
			break;
		default:
			usage();
		}
	}
	if (optind != argc - 1)
		usage();
	opt.loop = argv[optind];
	return opt;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("pin to CPU %d", cpu);
}

int main(int argc, char **argv)
{
	struct options opt = options(argc, argv);
	const struct loop *loop = NULL;
	char line[64];

	if (opt.cpu >= 0)
		pin(opt.cpu);
	if (!strcmp(opt.loop, "threads"))
		be_threads(&opt);
	for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++)
		if (!strcmp(opt.loop, loops[i].name))
			loop = &loops[i];
	if (!loop)
		usage();
	if (loop->setup)
		loop->setup();
	if (!opt.serve) {
		measure(loop, opt.seconds);
		return EXIT_SUCCESS;
	}
	ready();
	while (fgets(line, sizeof(line), stdin))
		measure(loop, opt.seconds);
	return EXIT_SUCCESS;
}
