/* SPDX-License-Identifier: BSD-2-Clause */
#include "stats.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "app.h"
#include "config.h"
#include "log.h"
#include "model.h"
#include "shared.h"

#define SLOTS 64

static struct stats *slots;

/* What the account says, in its order. */
struct account {
	struct line {
		const char *name, *text;
		uint64_t value;
	} lines[32];
	unsigned n;
	struct statm {
		const char *name, *text;
		uint64_t pages;
	} statm[5];
	bool has_statm;
};

int stats_start(void)
{
	slots = shared_map(SLOTS * sizeof(*slots));
	return slots ? 0 : -ENOMEM;
}

struct stats *stats_of(uint64_t number)
{
	return &slots[number % SLOTS];
}

static void add_line(struct account *a, const char *name, const char *text, uint64_t value)
{
	a->lines[a->n++] = (struct line){name, text, value};
}

static uint64_t us_of(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000 + t.tv_usec;
}

static void add_counters(struct account *a)
{
	struct stats sum = {};

	for (unsigned i = 0; i < SLOTS; i++) {
#define X(name_, text_) sum.name_ += atomic_load_explicit(&slots[i].name_, memory_order_relaxed);
		STATS(X)
#undef X
	}
#define X(name_, text_) add_line(a, #name_, text_, sum.name_);
	STATS(X)
#undef X
}

static void add_usage(struct account *a)
{
	struct rusage self, children;

	if (getrusage(RUSAGE_SELF, &self) || getrusage(RUSAGE_CHILDREN, &children))
		return;
#define BOTH(field) ((uint64_t)self.field + (uint64_t)children.field)
	add_line(a, "user_us", "µs of user time", us_of(self.ru_utime) + us_of(children.ru_utime));
	add_line(a, "sys_us", "µs of system time", us_of(self.ru_stime) + us_of(children.ru_stime));
	add_line(a, "max_rss_kb", "kB, the most memory of one process",
	         self.ru_maxrss > children.ru_maxrss ? self.ru_maxrss : children.ru_maxrss);
	add_line(a, "minflt", "soft page faults", BOTH(ru_minflt));
	add_line(a, "majflt", "hard page faults", BOTH(ru_majflt));
	add_line(a, "inblock", "blocks read, 512 bytes each", BOTH(ru_inblock));
	add_line(a, "oublock", "blocks written, 512 bytes each", BOTH(ru_oublock));
	add_line(a, "nvcsw", "voluntary switches", BOTH(ru_nvcsw));
	add_line(a, "nivcsw", "involuntary switches", BOTH(ru_nivcsw));
#undef BOTH
}

static void add_statm(struct account *a)
{
	FILE *f = fopen("/proc/self/statm", "re");
	uint64_t v[6];

	if (!f)
		return;
	if (fscanf(f, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &v[0], &v[1], &v[2],
	           &v[3], &v[4], &v[5]) == 6) {
		a->statm[0] = (struct statm){"size", "address space", v[0]};
		a->statm[1] = (struct statm){"resident", "in memory", v[1]};
		a->statm[2] = (struct statm){"shared", "of files and shared mappings", v[2]};
		a->statm[3] = (struct statm){"text", "code", v[3]};
		a->statm[4] = (struct statm){"data", "data and stacks", v[5]}; /* v[4], libraries, is always 0 */
		a->has_statm = true;
	}
	fclose(f);
}

static struct account account(void)
{
	struct account a = {};

	add_counters(&a);
	add_usage(&a);
	add_statm(&a);
	return a;
}

void stats_print(FILE *to, const struct config *config)
{
	uint64_t page_kb = sysconf(_SC_PAGESIZE) / 1024;
	struct account a = account();

	fprintf(to, "account of %s, %s\n", config->model->name, config->app->name);
	for (unsigned i = 0; i < a.n; i++)
		fprintf(to, "%-12s %14" PRIu64 "  %s\n", a.lines[i].name, a.lines[i].value, a.lines[i].text);
	for (unsigned i = 0; a.has_statm && i < sizeof(a.statm) / sizeof(*a.statm); i++)
		fprintf(to, "statm %-8s %12" PRIu64 " pages %12" PRIu64 " kB  %s\n", a.statm[i].name, a.statm[i].pages,
		        a.statm[i].pages * page_kb, a.statm[i].text);
	fflush(to);
}

static void put_json(FILE *to, const struct config *config)
{
	uint64_t page_kb = sysconf(_SC_PAGESIZE) / 1024;
	struct account a = account();

	fprintf(to, "{\"model\": \"%s\", \"app\": \"%s\"", config->model->name, config->app->name);
	for (unsigned i = 0; i < a.n; i++)
		fprintf(to, ",\n \"%s\": %" PRIu64, a.lines[i].name, a.lines[i].value);
	if (a.has_statm) {
		fputs(",\n \"statm\": {", to);
		for (unsigned i = 0; i < sizeof(a.statm) / sizeof(*a.statm); i++)
			fprintf(to, "%s\"%s_pages\": %" PRIu64 ", \"%s_kb\": %" PRIu64, i ? ", " : "", a.statm[i].name,
			        a.statm[i].pages, a.statm[i].name, a.statm[i].pages * page_kb);
		fputc('}', to);
	}
	fputs("}\n", to);
}

int stats_write_json(const char *path, const struct config *config)
{
	char beside[PATH_MAX];
	int err = 0;
	FILE *f;

	if (snprintf(beside, sizeof(beside), "%s.%d", path, getpid()) >= (int)sizeof(beside))
		return -ENAMETOOLONG;
	f = fopen(beside, "we");
	if (!f)
		return -errno;
	put_json(f, config);
	if (ferror(f))
		err = -EIO;
	if (fclose(f) && !err)
		err = -errno;
	if (!err && rename(beside, path))
		err = -errno;
	if (err)
		unlink(beside);
	return err;
}

bool stats_tell(const struct config *config)
{
	int err = 0;

	stats_print(stdout, config);
	if (config->stats_json)
		err = stats_write_json(config->stats_json, config);
	if (err)
		complain("cannot write %s: %s", config->stats_json, strerror(-err));
	return !err;
}
