/* SPDX-License-Identifier: BSD-2-Clause */
#include "target/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Call `line` for each line of the file. 0 or -errno. */
static int each_line(const char *root, const char *name, void (*line)(const char *text, void *arg), void *arg)
{
	char path[PATH_MAX], *text = NULL;
	size_t room = 0;
	int err = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s%s%s", root, *root ? "/" : "", name);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (getline(&text, &room, file) > 0)
		line(text, arg);
	if (ferror(file))
		err = -EIO;
	free(text);
	fclose(file);
	return err;
}

struct cpu_sum {
	const cpu_set_t *cpus;
	struct cpu_ticks *t;
};

static void add_cpu(const char *text, void *arg)
{
	struct cpu_sum *sum = arg;
	uint64_t user, nice, sys, idle, iowait = 0, irq = 0, softirq = 0, steal = 0, busy;
	unsigned cpu;

	if (sscanf(text,
	           "cpu%u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
	           &cpu, &user, &nice, &sys, &idle, &iowait, &irq, &softirq, &steal) < 5 ||
	    cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, sum->cpus))
		return;
	busy = user + nice + sys + irq + softirq;
	sum->t->busy += busy;
	sum->t->all += busy + idle + iowait + steal;
}

int machine_cpu(const char *root, const cpu_set_t *cpus, struct cpu_ticks *t)
{
	struct cpu_sum sum = {.cpus = cpus};

	*t = (struct cpu_ticks){0};
	sum.t = t;
	return each_line(root, "stat", add_cpu, &sum);
}

static void add_stall(const char *text, void *arg)
{
	const char *total = strstr(text, "total=");
	struct stall *s = arg;

	if (!total)
		return;
	s->known = true;
	if (!strncmp(text, "some ", 5))
		s->some_us = strtoull(total + 6, NULL, 10);
	else if (!strncmp(text, "full ", 5))
		s->full_us = strtoull(total + 6, NULL, 10);
}

void machine_stall(const char *path, struct stall *s)
{
	memset(s, 0, sizeof(*s));
	/* The file is there, and can't be read, where accounting is off. */
	each_line("", path, add_stall, s);
}

static void add_memory(const char *text, void *arg)
{
	struct machine_memory *m = arg;
	uint64_t kb;

	if (sscanf(text, "MemTotal: %" SCNu64, &kb) == 1)
		m->total = kb * 1024;
	else if (sscanf(text, "MemAvailable: %" SCNu64, &kb) == 1)
		m->available = kb * 1024;
	else if (sscanf(text, "SwapTotal: %" SCNu64, &kb) == 1)
		m->swap = kb * 1024;
	else if (sscanf(text, "SwapFree: %" SCNu64, &kb) == 1)
		m->swap_free = kb * 1024;
}

int machine_memory(const char *root, struct machine_memory *m)
{
	memset(m, 0, sizeof(*m));
	return each_line(root, "meminfo", add_memory, m);
}

static void add_reclaim(const char *text, void *arg)
{
	uint64_t *n = arg;

	if (!strncmp(text, "allocstall", 10) || !strncmp(text, "pgscan_direct ", 14))
		*n += strtoull(strchr(text, ' ') ?: "0", NULL, 10);
}

uint64_t machine_reclaim(const char *root)
{
	uint64_t n = 0;

	each_line(root, "vmstat", add_reclaim, &n);
	return n;
}
