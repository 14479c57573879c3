/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/curve_plot.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "curve_gp.h" /* scripts/plot/curve.gp */
#include "report/curve_csv.h"
#include "target/command.h"

bool curve_plot_possible(void)
{
	const char *path = getenv("PATH");
	char file[PATH_MAX];

	for (size_t n; path && *path; path += n + (path[n] == ':')) {
		n = strcspn(path, ":");
		if (snprintf(file, sizeof(file), "%.*s/gnuplot", (int)n, path) < PATH_MAX && !access(file, X_OK))
			return true;
	}
	return false;
}

/* A string of gnuplot between single quotes: one of them is written twice, and nothing else is special. */
static void put_string(struct out *out, const char *name, const char *text)
{
	out_printf(out, "%s = '", name);
	for (; *text; text++)
		out_printf(out, *text == '\'' ? "''" : "%c", *text);
	out_printf(out, "'\n");
}

/* The state that explains most of the curves' knees; without any, page faults. */
static const char *state_to_show(const struct curve *c)
{
	static const char *const names[] = {
		[CAUSE_NONE] = "fault", [CAUSE_MEMORY] = "fault", [CAUSE_CPU] = "runq",
		[CAUSE_LOCK] = "lock",  [CAUSE_DISK] = "disk",    [CAUSE_OTHER] = "",
	};
	const struct curve_knee *best = &c->series[0].knee;

	for (size_t i = 1; i < c->n_series; i++) {
		const struct curve_knee *k = &c->series[i].knee;

		if ((k->knee && !best->knee) || (!k->knee == !best->knee && k->to - k->from > best->to - best->from))
			best = k;
	}
	if (best->cause == CAUSE_OTHER)
		return metric_state_name(curve_state(best->state));
	return names[best->cause];
}

static void put_all(struct out *out, const struct curve *c, const char *path, const char *head)
{
	put_string(out, "out", path);
	put_string(out, "head", head);
	put_string(out, "state", state_to_show(c));
	out_printf(out, "knees = '");
	for (size_t i = 0; i < c->n_series; i++)
		out_printf(out, "%s%u", i ? " " : "", c->series[i].knee.knee);
	out_printf(out, "'\n$rows << end_of_rows\n");
	curve_csv_head(out);
	for (size_t i = 0; i < c->n; i++)
		curve_csv_row(out, &c->rows[i]);
	out_printf(out, "end_of_rows\n%s", curve_gp);
	out_row_end(out);
}

/* Run gnuplot on the script in `in`, what it says in `said`. 0, -EIO: it failed, or another -errno. */
static int run(int in, int said, bool as_root)
{
	char *argv[] = {"gnuplot", NULL};
	sigset_t none;
	const struct command_options o = {.as_root = as_root, .mask = &none, .in = in, .out = said, .err = said};
	const char *failed;
	int err, status;
	pid_t pid;

	sigemptyset(&none);
	err = command_start(argv, &o, &pid, &failed);
	if (err)
		return err;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return status ? -EIO : 0;
}

/* The first line of what gnuplot said that says something. */
static void read_why(int fd, char *why, size_t room)
{
	char text[1024], *line, *rest;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = 0;
	line = strtok_r(text, "\n", &rest);
	while (line && strspn(line, " ^\t") == strlen(line))
		line = strtok_r(NULL, "\n", &rest);
	text_plain(why, room, line ?: "it did not say why");
}

int curve_plot(const struct curve *c, const char *path, const char *head, bool as_root, char *why, size_t room)
{
	int in = memfd_create("vmprof-plot", MFD_CLOEXEC), said = memfd_create("vmprof-plot-err", MFD_CLOEXEC);
	struct out *out;
	int err;

	err = in < 0 || said < 0 ? -errno : out_borrow(&out, in);
	if (!err) {
		put_all(out, c, path, head);
		err = out_close(out);
	}
	if (!err && lseek(in, 0, SEEK_SET) < 0)
		err = -errno;
	err = err ?: run(in, said, as_root);
	if (err == -EIO)
		read_why(said, why, room);
	if (in >= 0)
		close(in);
	if (said >= 0)
		close(said);
	return err;
}
