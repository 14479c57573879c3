/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the load generator that can be had alone: the server's objects don't have them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../workloads/loadgen/heap.c"
#include "../../workloads/loadgen/histogram.c"
#include "../../workloads/loadgen/random.h"
#include "../../workloads/loadgen/reply.c"

#define N 20011

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void like_sorted(uint64_t *values, size_t n, const struct histogram *h)
{
	const double qs[] = {0, 0.0001, 0.01, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};

	qsort(values, n, sizeof(*values), ascending);
	for (size_t i = 0; i < sizeof(qs) / sizeof(*qs); i++) {
		size_t rank = (size_t)ceil(qs[i] * (double)n);
		uint64_t right = values[rank ? rank - 1 : 0], got = histogram_quantile(h, qs[i]);

		assert_in_range(got, right - right / 200, right + right / 200);
	}
	assert_int_equal(histogram_quantile(h, 0), values[0]);
	assert_int_equal(histogram_quantile(h, 1), values[n - 1]);
}

/* Values of all magnitudes from 0 to an hour, in two histograms that are merged. */
static void quantiles(void **state)
{
	static uint64_t values[N];
	static struct histogram h[3];
	uint64_t random = 1;

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		size_t n = round < 4 ? round + 1 : N - round;

		memset(h, 0, sizeof(h));
		for (size_t i = 0; i < n; i++) {
			unsigned bits = round % 2 ? 42 : 1 + random_below(&random, 42);

			values[i] = random_next(&random) >> (64 - bits);
			values[i] = values[i] < HISTOGRAM_LONGEST ? values[i] : HISTOGRAM_LONGEST;
			histogram_add(&h[i % 3 == 0], values[i]);
		}
		histogram_merge(&h[2], &h[0]);
		histogram_merge(&h[2], &h[1]);
		assert_int_equal(h[2].count, n);
		like_sorted(values, n, &h[2]);
	}
}

/* Each value is in a bucket of its own size, and buckets follow each other without a gap. */
static void buckets(void **state)
{
	unsigned last = 0;

	(void)state;
	for (uint64_t v = 0; v < HISTOGRAM_LONGEST; v += 1 + v / 1000) {
		unsigned i = index_of(v);
		uint64_t middle = middle_of(i);

		assert_true(i == last || i == last + 1);
		assert_true(i < HISTOGRAM_BUCKETS);
		assert_true((v > middle ? v - middle : middle - v) * 256 <= v);
		last = i;
	}
	assert_true(index_of(HISTOGRAM_LONGEST) < HISTOGRAM_BUCKETS);
}

static void beyond(void **state)
{
	static struct histogram h;

	(void)state;
	assert_int_equal(histogram_quantile(&h, 0.5), 0);
	assert_int_equal(histogram_quantile(&h, 1), 0);
	histogram_add(&h, UINT64_MAX);
	assert_int_equal(histogram_quantile(&h, 0.5), UINT64_MAX);
	histogram_add(&h, 5);
	assert_int_equal(histogram_quantile(&h, 0.5), 5);
	assert_int_equal(histogram_quantile(&h, 1), UINT64_MAX);
}

typedef ssize_t parser(const char *p, size_t n, void *to);

static ssize_t as_resp(const char *p, size_t n, void *to)
{
	return reply_resp(p, n, to);
}

static ssize_t as_http(const char *p, size_t n, void *to)
{
	return reply_http(p, n, to);
}

static ssize_t as_line(const char *p, size_t n, void *to)
{
	return reply_line(p, n, to);
}

/* Of `text`, the first `whole` bytes are a reply: no fewer are, and more don't matter. Each is in memory of its own
 * size. */
static void whole_at(parser *parse, const char *text, size_t whole, void *to)
{
	for (size_t n = 0; n <= strlen(text); n++) {
		char *copy = malloc(n ? n : 1);

		assert_non_null(copy);
		memcpy(copy, text, n);
		assert_int_equal(parse(copy, n, to), n < whole ? 0 : whole);
		free(copy);
	}
	assert_int_equal(parse(text, strlen(text), to), whole);
}

/* It never becomes a reply, and is known not to be when all of it is there. */
static void never(parser *parse, const char *text)
{
	char to[128];

	for (size_t n = 0; n < strlen(text); n++)
		assert_true(parse(text, n, to) == 0 || parse(text, n, to) == -EBADMSG);
	assert_int_equal(parse(text, strlen(text), to), -EBADMSG);
}

static void resp(void **state)
{
	struct reply_resp r;

	(void)state;
	whole_at(as_resp, "+OK\r\n+x", 5, &r);
	assert_int_equal(r.type, '+');
	assert_int_equal(r.size, 2);
	assert_memory_equal(r.data, "OK", 2);
	whole_at(as_resp, "$-1\r\n", 5, &r);
	assert_true(r.nil);
	whole_at(as_resp, "$0\r\n\r\n", 6, &r);
	assert_false(r.nil);
	assert_int_equal(r.size, 0);
	whole_at(as_resp, "$5\r\na\r\nbc\r\n$3\r\n", 11, &r);
	assert_int_equal(r.size, 5);
	assert_memory_equal(r.data, "a\r\nbc", 5);
	whole_at(as_resp, "-ERR no\r\n:1", 9, &r);
	assert_int_equal(r.type, '-');
	whole_at(as_resp, ":12\r\n", 5, &r);
	assert_memory_equal(r.data, "12", 2);
	never(as_resp, "*1\r\n");
	never(as_resp, "HTTP");
	never(as_resp, "+OK\n");
	never(as_resp, "\r\n");
	never(as_resp, "$-2\r\n");
	never(as_resp, "$\r\n");
	never(as_resp, "$1x\r\n");
	never(as_resp, "$99999999999999999999\r\n");
	never(as_resp, "$3\r\nabcd\r");
}

static void http(void **state)
{
	static const char plain[] = "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 19\r\n\r\n";
	struct reply_http r;

	(void)state;
	whole_at(as_http, plain, sizeof(plain) - 1, &r);
	assert_int_equal(r.status, 200);
	assert_true(r.has_length && r.length == 19 && !r.close && !r.chunked);
	whole_at(as_http, "HTTP/1.0 404 Not Found\r\nx:\r\n\r\nbody", 30, &r);
	assert_true(r.status == 404 && !r.has_length && r.close);
	whole_at(as_http, "HTTP/1.0 200\r\nconnection: Keep-Alive\r\n\r\n", 40, &r);
	assert_false(r.close);
	whole_at(as_http, "HTTP/1.1 200 \r\nCONNECTION:\t x , cLOSE \r\nTransfer-Encoding: chunked\r\n\r\n", 70, &r);
	assert_true(r.close && r.chunked);
	whole_at(as_http, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\ncontent-length:7\r\n\r\n", 56, &r);
	assert_int_equal(r.length, 7);
	never(as_http, "HTTP/2 ");
	never(as_http, "HTTP/1.2 200 OK\r\n");
	never(as_http, "HTTP/1.1 20 OK\r\n");
	never(as_http, "HTTP/1.1 2000\r\n");
	never(as_http, "HTTP/1.1 200 OK\n");
	never(as_http, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n");
	never(as_http, "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n");
	never(as_http, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n");
	never(as_http, "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n");
	never(as_http, "HTTP/1.1 200 OK\r\nno header\r\n");
	never(as_http, "+OK\r\n");
}

static void lines(void **state)
{
	static char longest[REPLY_LINE_MAX + 2];
	struct reply_line line;

	(void)state;
	whole_at(as_line, "[1:2]\r\nx", 7, &line);
	assert_true(reply_line_is(&line, "[1:2]"));
	assert_false(reply_line_is(&line, "[1:2"));
	whole_at(as_line, "a\r\r\n", 4, &line);
	assert_int_equal(line.size, 2);
	whole_at(as_line, "\n\n", 1, &line);
	assert_int_equal(line.size, 0);
	memset(longest, 'a', REPLY_LINE_MAX);
	never(as_line, longest);
	longest[REPLY_LINE_MAX - 1] = '\n';
	assert_int_equal(reply_line(longest, REPLY_LINE_MAX, &line), REPLY_LINE_MAX);
}

static void word(unsigned n, char to[4])
{
	for (unsigned i = 0; i < 4; i++, n /= 6)
		to[i] = (char)('A' + n % 6);
}

/* The rule as it is played: pegs are taken off one by one. */
static void score_by_hand(const char *secret, const char *guess, unsigned *black, unsigned *white)
{
	char s[4], g[4];

	memcpy(s, secret, 4);
	memcpy(g, guess, 4);
	*black = *white = 0;
	for (unsigned i = 0; i < 4; i++) {
		if (s[i] == g[i]) {
			++*black;
			s[i] = '.';
			g[i] = '-';
		}
	}
	for (unsigned i = 0; i < 4; i++) {
		for (unsigned j = 0; j < 4; j++) {
			if (g[i] == s[j]) {
				++*white;
				s[j] = '.';
				g[i] = '-';
			}
		}
	}
}

static void score(void **state)
{
	(void)state;
	for (unsigned s = 0; s < 1296; s++) {
		for (unsigned g = 0; g < 1296; g++) {
			char secret[4], guess[4];
			unsigned black, white, right_black, right_white;

			word(s, secret);
			word(g, guess);
			reply_score(secret, guess, &black, &white);
			score_by_hand(secret, guess, &right_black, &right_white);
			if (black != right_black || white != right_white)
				fail_msg("%.4s %.4s: [%u:%u], should be [%u:%u]", secret, guess, black, white,
				         right_black, right_white);
		}
	}
}

static void show(void **state)
{
	char to[64], long_one[200];

	(void)state;
	assert_string_equal(reply_show("a\r\n\0\xff", 5, to), "a\\r\\n\\x00\\xff");
	assert_string_equal(reply_show("", 0, to), "");
	memset(long_one, 7, sizeof(long_one));
	assert_true(strlen(reply_show(long_one, sizeof(long_one), to)) < 64);
	assert_non_null(strstr(to, "\\x07..."));
}

/* Clients set, moved and removed at random come out in the order of their times. */
static void order(void **state)
{
	enum { CLIENTS = 257 };
	static struct client clients[CLIENTS];
	struct client *at[CLIENTS], *c;
	struct heap h = {.at = at};
	uint64_t random = 7, wake[CLIENTS] = {0};

	(void)state;
	assert_int_equal(heap_next(&h), UINT64_MAX);
	for (unsigned step = 0; step < 100000; step++) {
		unsigned i = random_below(&random, CLIENTS);

		if (random_below(&random, 3)) {
			wake[i] = 1 + random_below(&random, 1000);
			heap_set(&h, &clients[i], wake[i]);
		} else {
			heap_remove(&h, &clients[i]);
			wake[i] = 0;
		}
		if (step % 1000)
			continue;
		for (uint64_t now = 1; now <= 1000; now += random_below(&random, 50)) {
			while ((c = heap_due(&h, now))) {
				assert_true(wake[c - clients] && wake[c - clients] <= now);
				wake[c - clients] = 0;
			}
			for (unsigned j = 0; j < CLIENTS; j++)
				assert_true(!wake[j] || wake[j] > now);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantiles), cmocka_unit_test(buckets), cmocka_unit_test(beyond),
		cmocka_unit_test(resp),      cmocka_unit_test(http),    cmocka_unit_test(lines),
		cmocka_unit_test(score),     cmocka_unit_test(show),    cmocka_unit_test(order),
	};

	return cmocka_run_group_tests_name("loadgen", tests, NULL, NULL);
}
