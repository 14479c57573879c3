/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/parse.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Not isdigit(3): the answer must not depend on the locale, nor on the sign of char. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	bool too_large = false;
	uint64_t n = 0;

	if (!*text)
		return -EINVAL;
	for (const char *p = text; *p; p++) {
		if (!is_digit(*p))
			return -EINVAL;
		/* Read on: what ends in garbage is no number, however large it begins. */
		too_large |= __builtin_mul_overflow(n, 10, &n);
		too_large |= __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n);
	}
	if (too_large || n < min || n > max)
		return -ERANGE;
	*out = n;
	return 0;
}

int parse_bytes(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	static const char units[] = "KMGT";
	size_t len = strlen(text);
	const char *unit = len ? strchr(units, text[len - 1]) : NULL;
	unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
	char digits[32];
	uint64_t n;
	int err;

	if (unit)
		len--;
	if (len >= sizeof(digits))
		return -ERANGE;
	memcpy(digits, text, len);
	digits[len] = 0;
	err = parse_u64(digits, 0, UINT64_MAX >> shift, &n);
	if (err)
		return err;
	n <<= shift;
	if (n < min || n > max)
		return -ERANGE;
	*out = n;
	return 0;
}

/*
 * Not strtod(3), which takes signs, exponents, hexadecimal and "nan", and whose decimal point
 * depends on the locale. One division of two exactly known numbers rounds once, so that
 * "0.05" is the 0.05 of the compiler.
 */
int parse_seconds(const char *text, double min, double max, double *out)
{
	const double scale_max = 1e15; /* digits beyond it are below a double's precision */
	double n = 0, scale = 1;
	const char *p = text;

	for (; is_digit(*p); p++)
		n = n * 10 + (*p - '0');
	if (*p == '.') {
		p++;
		if (!is_digit(*p))
			return -EINVAL;
		for (; is_digit(*p); p++) {
			if (scale >= scale_max)
				continue;
			n = n * 10 + (*p - '0');
			scale *= 10;
		}
	}
	if (p == text || *p)
		return -EINVAL;
	n /= scale;
	if (!(n >= min && n <= max))
		return -ERANGE;
	*out = n;
	return 0;
}
