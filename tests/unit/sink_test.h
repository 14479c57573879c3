/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the formats share: a file to write to, and a reader of CSV that forgives nothing. */
#ifndef SINK_TEST_H
#define SINK_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sink/sink.h"

/* A file of its own for each use; to be unlinked. */
static inline void temp_path(char path[64])
{
	int fd;

	strcpy(path, "/tmp/vmprof-test-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
}

/* All of a file, a 0 behind it; to be freed. */
static inline char *slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "r");
	char *text;
	long size;

	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	assert_true(size >= 0);
	rewind(f);
	text = malloc((size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)size, f), size);
	text[size] = 0;
	fclose(f);
	if (n)
		*n = (size_t)size;
	return text;
}

/* A sink that writes to a file of its own. */
struct sink_test {
	char path[64];
	struct sink sink;
};

static inline void sink_test_open(struct sink_test *t, const struct sink_ops *ops, const struct run_info *info)
{
	temp_path(t->path);
	t->sink = (struct sink){.ops = ops, .what = t->path};
	assert_int_equal(out_open(&t->sink.out, t->path), 0);
	assert_int_equal(ops->open(&t->sink, info), 0);
}

/* An interval of these rows. */
static inline void sink_test_put(struct sink_test *t, const struct row *rows, size_t n, double time, double length)
{
	assert_int_equal(t->sink.ops->begin(&t->sink, time, length), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(t->sink.ops->row(&t->sink, &rows[i]), 0);
	assert_int_equal(t->sink.ops->end(&t->sink), 0);
}

/* What it wrote; the file stays for other readers until sink_test_done(). */
static inline char *sink_test_close(struct sink_test *t)
{
	t->sink.ops->close(&t->sink);
	assert_int_equal(out_close(t->sink.out), 0);
	return slurp(t->path, NULL);
}

static inline void sink_test_done(struct sink_test *t, char *text)
{
	unlink(t->path);
	free(text);
}

static inline void set_metric(struct interval *iv, enum metric m, uint64_t v)
{
	iv->v[m].u = v;
	iv->have |= METRIC_BIT(m);
}

static inline void set_ratio(struct interval *iv, enum metric m, double v)
{
	iv->v[m].d = v;
	iv->have |= METRIC_BIT(m);
}

/* Names that break formats, and what each must be once it is UTF-8. */
static const struct {
	const char *bytes, *utf8;
} nasty_names[] = {
	{"redis-server", "redis-server"},
	{"", ""},
	{"a,b", "a,b"},
	{"say \"hi\"", "say \"hi\""},
	{"\"", "\""},
	{"\",\"", "\",\""},
	{"two\nlines", "two\nlines"},
	{"cr\rlf\r\n", "cr\rlf\r\n"},
	{" blanks ", " blanks "},
	{"trailing\t", "trailing\t"},
	{"lone\rcr", "lone\rcr"},
	{"\ttab", "\ttab"},
	{"\033[31mred\a", "\033[31mred\a"},
	{"caf\xc3\xa9", "caf\xc3\xa9"},
	{"caf\xe9", "caf\xef\xbf\xbd"},
	{"\xff\xfe\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{"cut \xf0\x9f\x92", "cut \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{"{\"a\":null}\\", "{\"a\":null}\\"},
	{"=1+1", "=1+1"},
};

#define NASTY_NAMES (sizeof(nasty_names) / sizeof(nasty_names[0]))

/* Run `script` in python3 with the file as sys.argv[1]: a reader that nobody here wrote. */
static inline void python_agrees(const char *script, const char *path)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		execlp("python3", "python3", "-c", script, path, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 127)
		print_message("[          ] python3 was not found: one reader less\n");
	else
		assert_int_equal(WEXITSTATUS(status), 0);
}

/* A table read by the grammar of RFC 4180 (but with LF for CRLF). */
struct table {
	size_t rows, columns;
	char **cells; /* rows x columns */
	char *text;
};

/* One cell at *p, unquoted in place; *p is left on what ends it. */
static inline char *csv_cell(char **p)
{
	char *from = *p, *to = *p, *start = *p;

	if (*from != '"') {
		from += strcspn(from, ",\n");
		for (const char *c = start; c < from; c++)
			assert_true(*c != '"' && *c != '\r');
		*p = from;
		return start;
	}
	for (from++;; *to++ = *from++) {
		assert_true(*from); /* the quote is closed */
		if (*from == '"' && *++from != '"')
			break;
	}
	assert_true(*from == ',' || *from == '\n');
	*p = from;
	/* `to` is at least one behind `from`: its 0 doesn't hide what ends the cell. */
	*to = 0;
	return start;
}

static inline void csv_read(struct table *t, const char *text)
{
	size_t n = 0, room = 0, in_row = 0;
	char *p;

	*t = (struct table){.text = strdup(text)};
	assert_non_null(t->text);
	for (p = t->text; *p;) {
		char end;

		if (n == room) {
			room = room ? 2 * room : 256;
			t->cells = realloc(t->cells, room * sizeof(*t->cells));
			assert_non_null(t->cells);
		}
		t->cells[n++] = csv_cell(&p);
		end = *p;
		assert_true(end == ',' || end == '\n'); /* the last row is complete too */
		*p++ = 0;
		in_row++;
		if (end == ',')
			continue;
		if (!t->rows++)
			t->columns = in_row;
		assert_int_equal(in_row, t->columns);
		in_row = 0;
	}
	assert_int_equal(in_row, 0);
}

static inline const char *csv_at(const struct table *t, size_t row, const char *column)
{
	assert_true(row < t->rows);
	for (size_t i = 0; i < t->columns; i++)
		if (!strcmp(t->cells[i], column))
			return t->cells[row * t->columns + i];
	fail_msg("no column %s", column);
	return NULL;
}

static inline void csv_free(struct table *t)
{
	free(t->cells);
	free(t->text);
}

#endif
