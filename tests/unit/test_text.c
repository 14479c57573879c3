/* SPDX-License-Identifier: BSD-2-Clause */
#include "scratch.h"

#include <locale.h>
#include <wchar.h>

#include "base/text.h"

#define BAD "\xef\xbf\xbd" /* U+FFFD */

static void utf8_is(const char *text, const char *expected)
{
	char to[256];

	assert_int_equal(text_utf8(to, sizeof(to), text), strlen(expected));
	assert_string_equal(to, expected);
}

static void plain_is(const char *text, const char *expected)
{
	char to[256];

	assert_int_equal(text_plain(to, sizeof(to), text), strlen(expected));
	assert_string_equal(to, expected);
}

static void well_formed(void **state)
{
	static const char *const good[] = {
		"",
		"redis-server",
		"a,b\"c'd\n\t\x7f\x01", /* fit for UTF-8, if not for a terminal */
		"\xc2\x80",
		"\xdf\xbf",
		"\xe0\xa0\x80",
		"\xed\x9f\xbf",
		"\xee\x80\x80",
		"\xef\xbf\xbf",
		"\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf",
		"x\xe2\x82\xacy",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		utf8_is(good[i], good[i]);
}

static void malformed(void **state)
{
	(void)state;
	utf8_is("\xff", BAD);
	utf8_is("a\xfe\x62", "a" BAD "b");
	utf8_is("\x80", BAD);
	utf8_is("\xc0\x80", BAD BAD);         /* overlong 0 */
	utf8_is("\xc1\xbf", BAD BAD);         /* overlong */
	utf8_is("\xe0\x9f\xbf", BAD BAD BAD); /* overlong */
	utf8_is("\xf0\x8f\xbf\xbf", BAD BAD BAD BAD);
	utf8_is("\xed\xa0\x80", BAD BAD BAD);         /* a surrogate */
	utf8_is("\xf4\x90\x80\x80", BAD BAD BAD BAD); /* above U+10FFFF */
	utf8_is("\xf5\x80\x80\x80", BAD BAD BAD BAD);
	/* Cut off by the end, and by something else. */
	utf8_is("\xc3", BAD);
	utf8_is("\xe2\x82", BAD BAD);
	utf8_is("\xf0\x9f\x98", BAD BAD BAD);
	utf8_is("\xe2\x28\xa1", BAD "(" BAD);
	utf8_is("\xe2\x82\xe2\x82\xac", BAD BAD "\xe2\x82\xac");
}

/* Every sequence of three bytes: the C library's decoder agrees on what is well formed. */
static void agrees_with_libc(void **state)
{
	char text[4] = {0}, to[16];

	(void)state;
	for (unsigned n = 0; n < 1u << 24; n += 1 + (n & 0xff ? 6 : 0)) {
		mbstate_t mb = {0};
		const char *p = text;
		size_t len;

		text[0] = (char)(n >> 16);
		text[1] = (char)(n >> 8);
		text[2] = (char)n;
		len = mbsrtowcs(NULL, &p, 0, &mb);
		text_utf8(to, sizeof(to), text);
		assert_int_equal(len != (size_t)-1, strcmp(to, text) == 0);
	}
}

static void truncation(void **state)
{
	char to[8];

	(void)state;
	memset(to, '#', sizeof(to));
	assert_int_equal(text_utf8(to, 0, "abc"), 0);
	assert_int_equal(to[0], '#');
	assert_int_equal(text_utf8(to, 1, "abc"), 0);
	assert_string_equal(to, "");
	assert_int_equal(text_utf8(to, 3, "abc"), 2);
	assert_string_equal(to, "ab");
	assert_int_equal(to[3], '#');
	assert_int_equal(text_utf8(to, 4, "abc"), 3);
	assert_string_equal(to, "abc");
	/* A character is there whole or not at all, and nothing follows one left out. */
	assert_int_equal(text_utf8(to, 4, "a\xe2\x82\xac"), 1);
	assert_string_equal(to, "a");
	assert_int_equal(text_utf8(to, 5, "a\xe2\x82\xac"), 4);
	assert_int_equal(text_utf8(to, 4, "a\xff\x62"), 1);
	assert_string_equal(to, "a");
	assert_int_equal(text_utf8(to, 5, "a\xff\x62"), 4);
	assert_string_equal(to, "a" BAD);
	assert_int_equal(text_utf8(to, sizeof(to), "\xff\xff\xff"), 6);
}

static void plain(void **state)
{
	(void)state;
	plain_is("a b", "a b");
	plain_is("a\nb\tc\x1b[31m\x7f", "a?b?c?[31m?");
	plain_is("\x01\x1f ", "?? ");
	plain_is("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "???\xc2\xa0"); /* C1, then a no-break space */
	plain_is("\x9b", BAD);                                       /* C1 as a bare byte is no UTF-8 */
	plain_is("\xc3\xa9\xff", "\xc3\xa9" BAD);
}

static void is(const char *(*format)(char to[16], uint64_t n), uint64_t n, const char *expected)
{
	char to[16];

	assert_string_equal(format(to, n), expected);
	assert_ptr_equal(format(to, n), to);
}

static void counts(void **state)
{
	(void)state;
	is(text_count, 0, "0");
	is(text_count, 999, "999");
	is(text_count, 1000, "1.00k");
	is(text_count, 1234, "1.23k");
	is(text_count, 9994, "9.99k");
	is(text_count, 9995, "10.0k");
	is(text_count, 99949, "99.9k");
	is(text_count, 99950, "100k");
	is(text_count, 999499, "999k");
	is(text_count, 999500, "1.00M");
	is(text_count, 45600000, "45.6M");
	is(text_count, 999499999, "999M");
	is(text_count, 999500000, "1.00G");
	is(text_count, UINT64_MAX, "18.4E");
}

static void times(void **state)
{
	const uint64_t s = 1000000000;

	(void)state;
	is(text_ns, 0, "0ns");
	is(text_ns, 912, "912ns");
	is(text_ns, 1000, "1.00us");
	is(text_ns, 4210, "4.21us");
	is(text_ns, 999499, "999us");
	is(text_ns, 999500, "1.00ms");
	is(text_ns, 35000000, "35.0ms");
	is(text_ns, 999499999, "999ms");
	is(text_ns, 999500000, "1.00s");
	is(text_ns, 1200000000, "1.20s");
	is(text_ns, 59949999999, "59.9s");
	is(text_ns, 59950000000, "1m00s");
	is(text_ns, 750 * s, "12m30s");
	is(text_ns, 3599 * s + s / 2 - 1, "59m59s");
	is(text_ns, 3599 * s + s / 2, "1h00m");
	is(text_ns, 3900 * s, "1h05m");
	is(text_ns, 86369 * s, "23h59m");
	is(text_ns, 86370 * s, "1d00h");
	is(text_ns, UINT64_MAX, "213504d00h"); /* 213503 days and 23.58 hours */
}

static void bytes(void **state)
{
	const uint64_t k = 1024;

	(void)state;
	is(text_bytes, 0, "0B");
	is(text_bytes, 512, "512B");
	is(text_bytes, 1023, "1023B");
	is(text_bytes, 1024, "1.0K");
	is(text_bytes, 1229, "1.2K");
	is(text_bytes, 99 * k + 972, "99.9K");
	is(text_bytes, 99 * k + 973, "100K");
	is(text_bytes, 999 * k + 511, "999K");
	is(text_bytes, 999 * k + 512, "1.0M");
	is(text_bytes, k * k, "1.0M");
	is(text_bytes, 456 * k * k / 10, "45.6M");
	is(text_bytes, 21 * k * k * k / 10, "2.1G");
	is(text_bytes, UINT64_MAX, "16.0E");
}

/* Whatever the number, the columns hold. */
static void widths(void **state)
{
	char to[16];

	(void)state;
	for (uint64_t n = 1; n < UINT64_MAX / 3; n = n * 3 / 2 + 1) {
		assert_true(strlen(text_count(to, n)) <= 5);
		assert_true(strlen(text_bytes(to, n)) <= 5);
		assert_true(strlen(text_ns(to, n)) <= (n < UINT64_C(3600000000000) ? 6 : 10));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed), cmocka_unit_test(malformed), cmocka_unit_test(agrees_with_libc),
		cmocka_unit_test(truncation),  cmocka_unit_test(plain),     cmocka_unit_test(counts),
		cmocka_unit_test(times),       cmocka_unit_test(bytes),     cmocka_unit_test(widths),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
