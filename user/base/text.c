/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_continuation(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/*
 * The length of the well-formed UTF-8 sequence at `s`, 0 if there is none (Unicode 15, table 3-7):
 * no overlong forms, no surrogates, nothing above U+10FFFF. Reads no further than the final 0.
 */
static size_t sequence_length(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (!is_continuation(s[i]))
			return 0;
	return n;
}

/* C0, DEL, and C1, which some terminals obey too: U+0080 … U+009F are c2 80 … c2 9f. */
static bool is_control(const unsigned char *s, size_t n)
{
	return n == 1 ? s[0] < 0x20 || s[0] == 0x7f : n == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}

static size_t copy_clean(char *to, size_t room, const char *text, bool plain)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t at = 0;

	if (!room)
		return 0;
	while (*s) {
		const char *from = (const char *)s;
		size_t n = sequence_length(s), size = n;

		if (!n) {
			from = "\xef\xbf\xbd"; /* U+FFFD */
			size = 3;
			n = 1;
		} else if (plain && is_control(s, n)) {
			from = "?";
			size = 1;
		}
		/* A sequence is copied whole or not at all. */
		if (size >= room - at)
			break;
		memcpy(to + at, from, size);
		at += size;
		s += n;
	}
	to[at] = 0;
	return at;
}

size_t text_utf8(char *to, size_t room, const char *text)
{
	return copy_clean(to, room, text, false);
}

size_t text_plain(char *to, size_t room, const char *text)
{
	return copy_clean(to, room, text, true);
}

/* Three digits of `x` < 999.5. The limits are where printf rounds up to the next digit. */
static const char *three_digits(char to[16], double x, const char *unit)
{
	int decimals = x < 9.995 ? 2 : x < 99.95 ? 1 : 0;

	snprintf(to, 16, "%.*f%s", decimals, x, unit);
	return to;
}

const char *text_count(char to[16], uint64_t n)
{
	static const char *const units[] = {"k", "M", "G", "T", "P", "E"};
	double x = (double)n / 1000;
	size_t unit = 0;

	if (n < 1000) {
		snprintf(to, 16, "%u", (unsigned)n);
		return to;
	}
	for (; x >= 999.5; x /= 1000)
		unit++;
	return three_digits(to, x, units[unit]);
}

/* `ns` in the two largest units that fit, rounded to the smaller one. */
static const char *long_time(char to[16], uint64_t ns)
{
	const uint64_t s = (ns + 500000000) / 1000000000;
	const uint64_t min = (s + 30) / 60;
	const uint64_t h = (min + 30) / 60;

	if (s < 3600)
		snprintf(to, 16, "%um%02us", (unsigned)(s / 60), (unsigned)(s % 60));
	else if (min < UINT64_C(24) * 60)
		snprintf(to, 16, "%uh%02um", (unsigned)(min / 60), (unsigned)(min % 60));
	else
		snprintf(to, 16, "%ud%02uh", (unsigned)(h / 24), (unsigned)(h % 24));
	return to;
}

const char *text_ns(char to[16], uint64_t ns)
{
	const uint64_t long_from = UINT64_C(59950000000); /* would be "60.0s" */

	if (ns >= long_from)
		return long_time(to, ns > UINT64_MAX - 500000000 ? UINT64_MAX - 500000000 : ns);
	if (ns < 1000) {
		snprintf(to, 16, "%uns", (unsigned)ns);
		return to;
	}
	if (ns < 999500)
		return three_digits(to, (double)ns / 1e3, "us");
	if (ns < 999500000)
		return three_digits(to, (double)ns / 1e6, "ms");
	return three_digits(to, (double)ns / 1e9, "s");
}

const char *text_bytes(char to[16], uint64_t bytes)
{
	static const char units[] = "KMGTPE";
	double x = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(to, 16, "%uB", (unsigned)bytes);
		return to;
	}
	for (; x >= 999.5; x /= 1024)
		unit++;
	snprintf(to, 16, "%.*f%c", x < 99.95 ? 1 : 0, x, units[unit]);
	return to;
}
