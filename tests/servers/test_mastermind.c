/* SPDX-License-Identifier: BSD-2-Clause */
#include "drive.h"

#include <unistd.h>

static void start(uint64_t seed)
{
	struct config config = {.seed = seed};
	char why[256];

	assert_int_equal(app_mastermind.start(&config, why), 0);
}

/* A client that has read the greeting. */
static void greeted(struct client *c, uint64_t number)
{
	const char *greeting;

	client_open(c, &app_mastermind, number);
	greeting = client_hears(c);
	assert_ptr_equal(strchr(greeting, '\n'), greeting + strlen(greeting) - 1);
}

/* By hand: cross out what is in the right place, then each letter of the guess with one of the secret. */
static void count(const char *secret, const char *guess, int *black, int *white)
{
	char left[5];

	strcpy(left, secret);
	*black = *white = 0;
	for (int i = 0; i < 4; i++) {
		if (guess[i] == secret[i]) {
			left[i] = '.';
			++*black;
		}
	}
	for (int i = 0; i < 4; i++) {
		char *found = guess[i] == secret[i] ? NULL : strchr(left, guess[i]);

		if (found) {
			*found = '.';
			++*white;
		}
	}
}

static void letters_of(int n, char letters[5])
{
	for (int i = 0; i < 4; i++, n /= 6)
		letters[i] = 'A' + n % 6;
	letters[4] = 0;
}

static void test_known_scores(void **state)
{
	static const char *const known[][3] = {
		{"ABCD", "ABCE", "[3:0]\n"}, {"ABCD", "DCBA", "[0:4]\n"}, {"ABCD", "ABDC", "[2:2]\n"},
		{"AABB", "ABAB", "[2:2]\n"}, {"AABB", "BBAA", "[0:4]\n"}, {"AABC", "ADAA", "[1:1]\n"},
		{"ABBB", "BAAA", "[0:2]\n"}, {"AAAA", "AAAB", "[3:0]\n"}, {"EEEE", "FFFF", "[0:0]\n"},
	};
	struct client c;

	(void)state;
	start(1);
	greeted(&c, 1);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		buf_printf(&c.s.in, "secret %s\n", known[i][0]);
		assert_talk(&c, "", "ok\n");
		buf_printf(&c.s.in, "%s\n", known[i][1]);
		assert_talk(&c, "", known[i][2]);
	}
	client_close(&c);
}

static void test_all_guesses(void **state)
{
	char secret[5], guess[5], reply[64];
	int black, white, wins = 0;
	struct client c;

	(void)state;
	start(1);
	greeted(&c, 1);
	/* 37 has no factor in common with 1296: secrets of all kinds. */
	for (int i = 0; i < 1296; i += 37) {
		letters_of(i, secret);
		for (int j = 0; j < 1296; j++) {
			letters_of(j, guess);
			count(secret, guess, &black, &white);
			buf_printf(&c.s.in, "secret %s\n%s\n", secret, guess);
			client_run(&c);
			snprintf(reply, sizeof(reply), "ok\n[%d:%d]\n%s", black, white, black == 4 ? "won in 1\n" : "");
			assert_string_equal(client_hears(&c), reply);
			wins += black == 4;
		}
	}
	assert_int_equal(c.stats.wins, wins);
	assert_int_equal(wins, 36);
	client_close(&c);
}

static void test_games_end(void **state)
{
	struct client c;

	(void)state;
	start(1);
	greeted(&c, 1);
	assert_talk(&c, "secret fade\nface\nFaDe\n", "ok\n[3:0]\n[4:0]\nwon in 2\n");
	assert_talk(&c, "SECRET FADE\r\n", "ok\n");
	for (int i = 0; i < 9; i++)
		assert_talk(&c, "FACE\r\n", "[3:0]\n");
	assert_talk(&c, "FADE\n", "[4:0]\nwon in 10\n");
	assert_talk(&c, "secret FADE\n", "ok\n");
	for (int i = 0; i < 9; i++)
		assert_talk(&c, "FACE\n", "[3:0]\n");
	assert_talk(&c, "FACE\n", "[3:0]\nlost, it was FADE\n");
	assert_int_equal(c.stats.wins, 2);
	/* `new` and `secret` begin to count again. */
	assert_talk(&c, "secret FADE\nFACE\nsecret FADE\nFADE\n", "ok\n[3:0]\nok\n[4:0]\nwon in 1\n");
	assert_talk(&c, "new\nNEW\n", "ok\nok\n");
	assert_talk(&c, "quit\nABCD\n", "bye\n");
	assert_true(c.s.ending);
	assert_int_equal(c.stats.bad, 0);
	client_close(&c);
}

static void test_wrong_lines(void **state)
{
	static const char *const wrong[] = {"",      "\r",       "ABC",        "ABCDE",   "ABCG",        "1234",
	                                    " ABCD", "ABCD ",    "secret",     "secret ", "secret ABCG", "secret ABCDE",
	                                    "newer", "quit now", "\303\204BCD"};
	const unsigned n = sizeof(wrong) / sizeof(*wrong);
	struct client c;

	(void)state;
	start(1);
	greeted(&c, 1);
	client_sends(&c, "secret ABCD\nABCE\n");
	client_hears(&c);
	for (unsigned i = 0; i < n; i++) {
		client_sends(&c, wrong[i]);
		client_sends(&c, "\n");
		assert_memory_equal(client_hears(&c), "error: ", 7);
		assert_ptr_equal(strchr(c.said, '\n'), c.said + strlen(c.said) - 1);
	}
	client_sends_bytes(&c, "AB\0D\n", 5);
	assert_memory_equal(client_hears(&c), "error: ", 7);
	assert_int_equal(c.stats.bad, n + 1);
	assert_false(c.s.ending);
	/* None of them was a guess. */
	assert_talk(&c, "ABCD\n", "[4:0]\nwon in 2\n");
	client_close(&c);
}

static void test_long_lines(void **state)
{
	char text[300];
	struct client c;

	(void)state;
	start(1);
	memset(text, 'x', sizeof(text));
	greeted(&c, 1);
	for (int i = 0; i < 2; i++) {
		client_sends_bytes(&c, text, 256);
		client_sends(&c, i ? "\r\n" : "\n");
		assert_memory_equal(client_hears(&c), "error: ", 7);
		assert_false(c.s.ending);
	}
	client_sends_bytes(&c, text, 257);
	assert_string_equal(client_hears(&c), "");
	client_sends(&c, "\nABCD\n");
	assert_string_equal(client_hears(&c), "error: the line is too long\n");
	assert_true(c.s.ending);
	client_close(&c);
	/* Nor is more kept of a line that has no end. */
	greeted(&c, 2);
	client_sends_bytes(&c, text, 258);
	assert_string_equal(client_hears(&c), "error: the line is too long\n");
	assert_true(c.s.ending);
	client_close(&c);
}

static void test_split(void **state)
{
	static const char text[] = "secret AABB\r\nabab\nnonsense\n\nAABB\r\nsecret FFFF\nABCD\nquit\nABCD\n";
	char whole[512];
	struct client c;

	(void)state;
	start(1);
	greeted(&c, 1);
	client_sends(&c, text);
	strcpy(whole, client_hears(&c));
	client_close(&c);
	assert_non_null(strstr(whole, "won in 2"));
	greeted(&c, 1);
	for (size_t i = 0; i < strlen(text); i++)
		client_sends_bytes(&c, text + i, 1);
	assert_string_equal(client_hears(&c), whole);
	assert_int_equal(c.requests, 8);
	client_close(&c);
}

/* The secrets of `games` games, each lost (or won by chance) with the same guess. */
static void secrets_of(uint64_t number, char *to, int games)
{
	struct client c;

	greeted(&c, number);
	while (games) {
		const char *lost;

		client_sends(&c, "AAAA\n");
		lost = strstr(client_hears(&c), "lost, it was ");
		if (!lost && !strstr(c.said, "won"))
			continue;
		memcpy(to, lost ? lost + 13 : "AAAA", 4);
		to += 4;
		games--;
	}
	*to = 0;
	client_close(&c);
}

static void test_seeds(void **state)
{
	char first[201], again[201], neighbour[201], other[201];

	(void)state;
	start(7);
	secrets_of(1, first, 50);
	secrets_of(2, neighbour, 50);
	start(7);
	secrets_of(1, again, 50);
	assert_string_equal(first, again);
	start(8);
	secrets_of(1, other, 50);
	assert_string_not_equal(first, other);
	assert_string_not_equal(first, neighbour);
	/* Nor the same, one game later. */
	assert_memory_not_equal(first + 4, neighbour, 4 * 49);
	for (char letter = 'A'; letter <= 'F'; letter++)
		assert_non_null(strchr(first, letter));
	start(0);
	secrets_of(1, first, 50);
	start(0);
	secrets_of(1, again, 50);
	assert_string_not_equal(first, again);
}

/* Runs before the log is made quiet. */
static void test_log(void **state)
{
	static const char *const steps[] = {"open", "secret ABCD", "guess ABCE [3:0]", "guess ABCD [4:0]", "won in 2",
	                                    "new",  "close"};
	FILE *log = tmpfile();
	int saved = dup(STDERR_FILENO);
	struct client c;
	char line[256];

	(void)state;
	start(1);
	assert_non_null(log);
	dup2(fileno(log), STDERR_FILENO);
	client_open(&c, &app_mastermind, 42);
	client_sends(&c, "secret abcd\nabce\nABCD\nnew\n");
	client_close(&c);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(log);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		char end[64];

		assert_non_null(fgets(line, sizeof(line), log));
		snprintf(end, sizeof(end), " 127.0.0.1:1 #42 %s\n", steps[i]);
		assert_true(strlen(line) > strlen(end));
		assert_string_equal(line + strlen(line) - strlen(end), end);
	}
	assert_null(fgets(line, sizeof(line), log));
	fclose(log);
	log_quiet();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log),         cmocka_unit_test(test_known_scores),
		cmocka_unit_test(test_all_guesses), cmocka_unit_test(test_games_end),
		cmocka_unit_test(test_wrong_lines), cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_split),       cmocka_unit_test(test_seeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
