/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/curve_options.h"
#include "cmd/curve_run.h"
#include "cmd/files.h"
#include "report/curve_csv.h"
#include "report/curve_plot.h"
#include "report/curve_table.h"

static int read_rows(struct curve *c, const char *path, bool as_root)
{
	unsigned line = 0;
	FILE *file;
	int err;

	if (file_open(&file, path, as_root))
		return STATUS_FAILED;
	err = curve_csv_read(file, c, &line);
	fclose(file);
	if (err == -EINVAL && line)
		say("%s: line %u is none that vmprof curve --csv writes", path, line);
	else if (err)
		say("%s: cannot be read: %s", path, err == -EINVAL ? "it is empty" : strerror(-err));
	return err ? STATUS_FAILED : STATUS_OK;
}

static int print_table(const struct curve_options *o, const struct curve *c)
{
	int fd = o->csv && !strcmp(o->csv, "-") ? STDERR_FILENO : STDOUT_FILENO;
	struct out *out;
	int err = out_borrow(&out, fd);

	err = err ?: curve_table_print(out, c, o->from ?: o->target, out_is_terminal(out) && !getenv("NO_COLOR"));
	err = err ?: out_close(out);
	if (err)
		say("standard output: %s", strerror(-err));
	return err ? STATUS_FAILED : STATUS_OK;
}

static int draw(const struct curve_options *o, const struct curve *c, const char *csv)
{
	char why[512], head[512];
	int err;

	if (!curve_plot_possible()) {
		say("--plot %s: gnuplot is not there: the rows are in %s: install gnuplot (Debian, Ubuntu: "
		    "gnuplot-nox), "
		    "then: vmprof curve --from %s --plot %s",
		    o->plot, csv, csv, o->plot);
		return STATUS_FAILED;
	}
	text_plain(head, 80, o->target);
	err = curve_plot(c, o->plot, head, o->as_root, why, sizeof(why));
	if (err == -EIO)
		say("--plot %s: gnuplot failed: %s", o->plot, why);
	else if (err)
		say("--plot %s: %s", o->plot, strerror(-err));
	return err ? STATUS_FAILED : STATUS_OK;
}

/* What was measured, or read, is shown even if not all went well. */
static int conclude(const struct curve_options *o, struct curve *c, const char *csv)
{
	int status = STATUS_OK, drawn = STATUS_OK;

	if (curve_conclude(c)) {
		say("no memory");
		return STATUS_FAILED;
	}
	if (!c->n_series)
		return STATUS_OK;
	if (!o->quiet)
		status = print_table(o, c);
	if (o->plot)
		drawn = draw(o, c, csv);
	return status ?: drawn;
}

/* FILE.svg: FILE.csv; to be freed. */
static char *csv_beside(const char *plot)
{
	char *path = strdup(plot);

	if (path)
		strcpy(strrchr(path, '.'), ".csv");
	return path;
}

static int measure(const struct curve_options *o)
{
	struct curve_run r = {.o = o, .progress = !o->quiet && isatty(STDERR_FILENO)};
	/* Without gnuplot the rows are all that is left of a plot. */
	char *beside = o->plot && !o->csv && !curve_plot_possible() ? csv_beside(o->plot) : NULL;
	const char *csv = beside ?: o->csv;
	int status = csv ? file_create(&r.csv, csv, o->as_root) : STATUS_OK, end;

	if (!status) {
		status = curve_measure(&r);
		end = conclude(o, &r.curve, csv);
		if (r.signal)
			say("ended by signal %d: %u of %u runs were measured", r.signal, (unsigned)r.curve.n, r.todo);
		status = status ?: end;
	}
	if (out_close(r.csv) && !status) {
		say("%s: cannot be written", csv);
		status = STATUS_FAILED;
	}
	curve_free(&r.curve);
	free(beside);
	return status;
}

static int from_recording(const struct curve_options *o)
{
	struct curve c = {0};
	int status = read_rows(&c, o->from, o->as_root);

	if (!status)
		status = conclude(o, &c, o->from);
	if (!status && !c.n) {
		say("%s: has no rows", o->from);
		status = STATUS_FAILED;
	}
	curve_free(&c);
	return status;
}

static int curve_run(int argc, char **argv)
{
	struct curve_options o;
	int status;

	argv[0] = "vmprof curve";
	status = curve_options_parse(&o, argc, argv);
	if (!status)
		status = o.from ? from_recording(&o) : measure(&o);
	curve_options_free(&o);
	return status;
}

const struct command cmd_curve = {"curve", "[OPTIONS] -- CMD", "how many copies of a command do the most work",
                                  curve_run};
