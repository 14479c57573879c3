/* SPDX-License-Identifier: BSD-2-Clause */
#include "scratch.h"

#include <errno.h>
#include <locale.h>

#include "base/parse.h"

static void u64(const char *text, uint64_t expected)
{
	uint64_t n = ~expected;

	assert_int_equal(parse_u64(text, 0, UINT64_MAX, &n), 0);
	assert_int_equal(n, expected);
}

static void numbers(void **state)
{
	(void)state;
	u64("0", 0);
	u64("7", 7);
	u64("007", 7); /* not octal */
	u64("18446744073709551615", UINT64_MAX);
	u64("00000000000000000000000000000000000018446744073709551615", UINT64_MAX);
}

static void not_numbers(void **state)
{
	static const char *const bad[] = {
		"",    " ",   "-1",  "+1",  " 1",  "1 ",       "1\n",  "0x10", "1.0",
		"1e3", "abc", "12a", "a12", "1,2", "\xd9\xa1", "\xff", "--1",  "99999999999999999999999x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t n = 42;

		assert_int_equal(parse_u64(bad[i], 0, UINT64_MAX, &n), -EINVAL);
		assert_int_equal(n, 42);
	}
}

static void number_range(void **state)
{
	uint64_t n = 42;

	(void)state;
	assert_int_equal(parse_u64("4", 5, 10, &n), -ERANGE);
	assert_int_equal(parse_u64("11", 5, 10, &n), -ERANGE);
	assert_int_equal(parse_u64("18446744073709551616", 0, UINT64_MAX, &n), -ERANGE);
	/* Overflows to a small number in the addition, and in the multiplication. */
	assert_int_equal(parse_u64("18446744073709551623", 0, 10, &n), -ERANGE);
	assert_int_equal(parse_u64("184467440737095516160", 0, 10, &n), -ERANGE);
	assert_int_equal(n, 42);
	assert_int_equal(parse_u64("5", 5, 10, &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(parse_u64("10", 5, 10, &n), 0);
	assert_int_equal(n, 10);
}

static void seconds_are(const char *text, double expected)
{
	double d = -1;

	assert_int_equal(parse_seconds(text, 0, 1e18, &d), 0);
	assert_true(d == expected);
}

static void seconds(void **state)
{
	(void)state;
	seconds_are("0", 0);
	seconds_are("1", 1);
	seconds_are("0.05", 0.05);
	seconds_are(".5", 0.5);
	seconds_are("1.1", 1.1);
	seconds_are("86400.000001", 86400.000001);
	seconds_are("0.3333333333333333333333333333333333333333", 0.333333333333333);
}

static void not_seconds(void **state)
{
	static const char *const bad[] = {
		"",    ".",   "5.",  "-1",  "+1",   " 1",    "1 ",   "1e3",  "1.5s",
		"nan", "inf", "0x1", "1,5", "1..2", "1.2.3", "1.-2", "\xff",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		double d = 42;

		assert_int_equal(parse_seconds(bad[i], 0, 1e18, &d), -EINVAL);
		assert_true(d == 42);
	}
}

static void seconds_range(void **state)
{
	char digits[402];
	double d = 42;

	(void)state;
	assert_int_equal(parse_seconds("0.0009", 0.001, 60, &d), -ERANGE);
	assert_int_equal(parse_seconds("60.001", 0.001, 60, &d), -ERANGE);
	memset(digits, '9', sizeof(digits) - 1); /* more than a double holds */
	digits[sizeof(digits) - 1] = 0;
	assert_int_equal(parse_seconds(digits, 0, 60, &d), -ERANGE);
	assert_true(d == 42);
	assert_int_equal(parse_seconds("0.001", 0.001, 60, &d), 0);
	assert_true(d == 0.001);
	assert_int_equal(parse_seconds("60", 0.001, 60, &d), 0);
	assert_true(d == 60);
	digits[0] = '.';
	assert_int_equal(parse_seconds(digits, 0, 1, &d), 0);
	assert_true(d > 0.999999999999 && d <= 1);
}

static void bytes(void **state)
{
	static const char *const bad[] = {"", "M", "1KB", "1.5M", "-1", "1 M", "M1", "1MM", "k", "0x1"};
	uint64_t n;

	(void)state;
	assert_int_equal(parse_bytes("0", 0, UINT64_MAX, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(parse_bytes("1023", 0, UINT64_MAX, &n), 0);
	assert_int_equal(n, 1023);
	assert_int_equal(parse_bytes("3K", 0, UINT64_MAX, &n), 0);
	assert_int_equal(n, 3072);
	assert_int_equal(parse_bytes("256M", 0, UINT64_MAX, &n), 0);
	assert_int_equal(n, 268435456);
	assert_int_equal(parse_bytes("2G", 0, UINT64_MAX, &n), 0);
	assert_int_equal(n, 2147483648);
	assert_int_equal(parse_bytes("16777215T", 0, UINT64_MAX, &n), 0);
	assert_int_equal(n, UINT64_C(16777215) << 40);
	assert_int_equal(parse_bytes("16777216T", 0, UINT64_MAX, &n), -ERANGE);
	assert_int_equal(parse_bytes("1K", 1025, UINT64_MAX, &n), -ERANGE);
	assert_int_equal(parse_bytes("1K", 0, 1023, &n), -ERANGE);
	assert_int_equal(parse_bytes("000000000000000000000000000000000000001", 0, 9, &n), -ERANGE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse_bytes(bad[i], 0, UINT64_MAX, &n), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes),         cmocka_unit_test(numbers), cmocka_unit_test(not_numbers),
		cmocka_unit_test(number_range),  cmocka_unit_test(seconds), cmocka_unit_test(not_seconds),
		cmocka_unit_test(seconds_range),
	};

	/* Where there is a locale with a decimal comma, it must not matter. */
	setlocale(LC_ALL, "de_DE.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
