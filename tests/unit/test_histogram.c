/* SPDX-License-Identifier: BSD-2-Clause */
#include "scratch.h"

#include "base/histogram.h"

#define FIRST 7
#define N     32

static void bounds(void **state)
{
	(void)state;
	assert_int_equal(histogram_lower(0, FIRST), 0);
	assert_int_equal(histogram_upper(0, N, FIRST), 128);
	assert_int_equal(histogram_lower(1, FIRST), 128);
	assert_int_equal(histogram_upper(1, N, FIRST), 256);
	assert_int_equal(histogram_lower(N - 1, FIRST), UINT64_C(1) << 37);
	assert_int_equal(histogram_upper(N - 1, N, FIRST), UINT64_MAX);
	for (size_t i = 0; i + 1 < N; i++)
		assert_int_equal(histogram_upper(i, N, FIRST), histogram_lower(i + 1, FIRST));
	/* Wider than 64 bits. */
	assert_int_equal(histogram_lower(63, FIRST), UINT64_MAX);
	assert_int_equal(histogram_upper(57, 64, FIRST), UINT64_MAX);
}

static void empty(void **state)
{
	const uint64_t h[N] = {0};

	(void)state;
	assert_int_equal(histogram_quantile(h, N, FIRST, 0.5, 0), 0);
	assert_int_equal(histogram_quantile(h, N, FIRST, 1, 1000), 0);
}

static void one_bucket(void **state)
{
	const uint64_t h[N] = {[3] = 100}; /* 512 … 1024 */

	(void)state;
	assert_int_equal(histogram_quantile(h, N, FIRST, 0.5, 100000), 768);
	assert_int_equal(histogram_quantile(h, N, FIRST, 0.25, 100000), 640);
	assert_int_equal(histogram_quantile(h, N, FIRST, 1, 100000), 1024);
	/* The longest known bounds the bucket that it is in. */
	assert_int_equal(histogram_quantile(h, N, FIRST, 0.5, 612), 562);
	assert_int_equal(histogram_quantile(h, N, FIRST, 1, 612), 612);
	/* And everything, if the two do not fit together. */
	assert_int_equal(histogram_quantile(h, N, FIRST, 0.5, 3), 3);
}

static void across_buckets(void **state)
{
	const uint64_t h[N] = {[0] = 50, [4] = 40, [10] = 10}; /* < 128; 1024 … 2048; 65536 … 131072 */

	(void)state;
	assert_int_equal(histogram_quantile(h, N, FIRST, 0.25, 131072), 64);
	/* Exactly the first bucket, then the least that is more: never between two of them. */
	assert_int_equal(histogram_quantile(h, N, FIRST, 0.5, 131072), 128);
	assert_in_range(histogram_quantile(h, N, FIRST, 0.51, 131072), 1024, 1060);
	assert_int_equal(histogram_quantile(h, N, FIRST, 0.9, 131072), 2048);
	assert_in_range(histogram_quantile(h, N, FIRST, 0.99, 131072), 65536 + 58982 - 1, 65536 + 58982 + 1);
	assert_int_equal(histogram_quantile(h, N, FIRST, 1, 131072), 131072);
}

static void last_bucket(void **state)
{
	const uint64_t lower = UINT64_C(1) << 37;
	const uint64_t h[N] = {[N - 1] = 2};

	(void)state;
	assert_int_equal(histogram_quantile(h, N, FIRST, 0.5, lower + 1000), lower + 500);
	assert_int_equal(histogram_quantile(h, N, FIRST, 1, lower + 1000), lower + 1000);
	assert_int_equal(histogram_quantile(h, N, FIRST, 1, UINT64_MAX), UINT64_MAX);
}

static void huge_counts(void **state)
{
	const uint64_t h[N] = {[0] = UINT64_MAX, [1] = UINT64_MAX};

	(void)state;
	assert_int_equal(histogram_quantile(h, N, FIRST, 0.5, 256), 128);
	assert_int_equal(histogram_quantile(h, N, FIRST, 0.75, 256), 192);
}

/* More is never less, whatever the histogram. */
static void monotonic(void **state)
{
	uint64_t h[N], seed = 1, max = UINT64_C(1) << 38;

	(void)state;
	for (int round = 0; round < 200; round++) {
		uint64_t last = 0;

		for (size_t i = 0; i < N; i++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
			h[i] = seed >> 33 & 1 ? 0 : seed >> 50;
		}
		for (int q = 1; q <= 1000; q++) {
			uint64_t v = histogram_quantile(h, N, FIRST, q / 1000.0, max);

			assert_true(v >= last && v <= max);
			last = v;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds),         cmocka_unit_test(empty),       cmocka_unit_test(one_bucket),
		cmocka_unit_test(across_buckets), cmocka_unit_test(last_bucket), cmocka_unit_test(huge_counts),
		cmocka_unit_test(monotonic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
