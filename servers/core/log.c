/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "app.h"

#define LINE_MAX_BYTES 1024

static bool quiet;

/* Ends the line (cut where it is too long) and writes it. What a client sent must not look like lines of ours. */
static void put_line(char *line, int length)
{
	if (length > LINE_MAX_BYTES - 1)
		length = LINE_MAX_BYTES - 1;
	for (int i = 0; i < length; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 127)
			line[i] = '?';
	line[length++] = '\n';
	/* Nobody is left to hear that the log can't be written. */
	if (write(STDERR_FILENO, line, length) < 0)
		return;
}

void log_quiet(void)
{
	quiet = true;
}

void log_step(const struct session *s, const char *format, ...)
{
	char line[LINE_MAX_BYTES + 1];
	struct timespec now;
	struct tm tm;
	va_list args;
	int n;

	if (quiet)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &tm);
	n += snprintf(line + n, sizeof(line) - n, ".%03ldZ %s #%llu ", now.tv_nsec / 1000000, s->peer,
	              (unsigned long long)s->number);
	va_start(args, format);
	n += vsnprintf(line + n, sizeof(line) - n, format, args);
	va_end(args);
	put_line(line, n);
}

void complain(const char *format, ...)
{
	char line[LINE_MAX_BYTES + 1] = "server: ";
	va_list args;
	int n = 8;

	va_start(args, format);
	n += vsnprintf(line + n, sizeof(line) - n, format, args);
	va_end(args);
	put_line(line, n);
}
