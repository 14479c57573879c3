/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/curve_csv.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

#define IDS "memory_bytes,cpus,n,repeat"

void curve_csv_head(struct out *out)
{
	out_printf(out, IDS);
	for (int f = 0; f < CURVE_COUNT; f++)
		out_printf(out, ",%s", curve_names[f]);
	out_write(out, "\n", 1);
	out_row_end(out);
}

void curve_csv_row(struct out *out, const struct curve_row *r)
{
	if (r->memory)
		out_printf(out, "%" PRIu64, r->memory);
	out_printf(out, ",%u,%u,%u", r->cpus, r->n, r->repeat);
	for (int f = 0; f < CURVE_COUNT; f++)
		isnan(r->v[f]) ? out_printf(out, ",") : out_printf(out, ",%.10g", r->v[f]);
	out_write(out, "\n", 1);
	out_row_end(out);
}

/* The next cell of the line, its end made one; NULL: there is none. */
static char *next_cell(char **rest)
{
	char *cell = *rest, *comma;

	if (!cell)
		return NULL;
	comma = strchr(cell, ',');
	if (comma)
		*comma++ = 0;
	*rest = comma;
	return cell;
}

static int read_id(char **rest, uint64_t min, uint64_t max, unsigned *to)
{
	char *cell = next_cell(rest);
	uint64_t n;

	if (!cell || parse_u64(cell, min, max, &n))
		return -EINVAL;
	*to = (unsigned)n;
	return 0;
}

static int read_figure(char **rest, double *to)
{
	char *cell = next_cell(rest), *end;

	if (!cell)
		return -EINVAL;
	*to = NAN;
	if (!*cell)
		return 0;
	*to = strtod(cell, &end);
	return *end || !isfinite(*to) || *to < 0 ? -EINVAL : 0;
}

static int read_row(char *line, struct curve_row *r)
{
	char *rest = line, *memory = next_cell(&rest);
	int err = 0;

	memset(r, 0, sizeof(*r));
	if (!memory || (*memory && parse_u64(memory, 1, UINT64_MAX, &r->memory)))
		return -EINVAL;
	err = read_id(&rest, 1, CURVE_MAX_CPUS, &r->cpus);
	err = err ?: read_id(&rest, 1, CURVE_MAX_N, &r->n);
	err = err ?: read_id(&rest, 1, CURVE_MAX_REPEAT, &r->repeat);
	for (int f = 0; f < CURVE_COUNT && !err; f++)
		err = read_figure(&rest, &r->v[f]);
	return err ?: rest ? -EINVAL : 0;
}

static bool is_head(const char *line)
{
	size_t len = strlen(IDS);

	if (strncmp(line, IDS, len) != 0)
		return false;
	line += len;
	for (int f = 0; f < CURVE_COUNT; f++) {
		len = strlen(curve_names[f]);
		if (*line++ != ',' || strncmp(line, curve_names[f], len) != 0)
			return false;
		line += len;
	}
	return !*line;
}

int curve_csv_read(FILE *file, struct curve *c, unsigned *line_no)
{
	char *line = NULL;
	size_t room = 0;
	int err = 0;

	*line_no = 0;
	while (!err && getline(&line, &room, file) > 0) {
		struct curve_row row;

		line[strcspn(line, "\r\n")] = 0;
		if (++*line_no == 1) {
			err = is_head(line) ? 0 : -EINVAL;
			continue;
		}
		err = read_row(line, &row);
		err = err ?: curve_add(c, &row);
	}
	if (!err && ferror(file))
		err = -EIO;
	else if (!err && !*line_no)
		err = -EINVAL;
	free(line);
	return err;
}
