/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/verbose.h"

#include <stdio.h>
#include <sys/resource.h>

void verbose_print(struct session *s, double elapsed_s)
{
	struct program_cost c;
	struct rusage self;
	double own;

	fprintf(stderr, "\n%-20s %12s %8s %10s\n", "program", "runs", "ns/run", "total ms");
	for (unsigned i = 0; session_cost(s, i, &c); i++) {
		if (c.runs)
			fprintf(stderr, "%-20s %12llu %8.0f %10.3f\n", c.name, (unsigned long long)c.runs,
			        (double)c.ns / (double)c.runs, (double)c.ns / 1e6);
	}
	getrusage(RUSAGE_SELF, &self);
	own = (double)(self.ru_utime.tv_sec + self.ru_stime.tv_sec) +
	      (double)(self.ru_utime.tv_usec + self.ru_stime.tv_usec) / 1e6;
	fprintf(stderr,
	        "vmprof itself: %.3f s of CPU, %.2f %% of one CPU since it was loaded, %ld kB resident at most\n", own,
	        elapsed_s > 0 ? 100 * own / elapsed_s : 0, self.ru_maxrss);
}
