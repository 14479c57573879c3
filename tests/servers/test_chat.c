/* SPDX-License-Identifier: BSD-2-Clause */
#include "drive.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "chat_names.h"
#include "core/room.h"

static int start(void **state)
{
	struct config config = {0};
	char why[256];

	(void)state;
	return room_start(4) || app_chat.start(&config, why) ? -1 : 0;
}

static int stop(void **state)
{
	(void)state;
	app_chat.stop();
	room_stop();
	return 0;
}

static const char *hears(struct client *c)
{
	app_chat.news(&c->s);
	return client_hears(c);
}

#define assert_hears(client_, text_) assert_string_equal(hears(client_), text_)

/* A client that has been welcomed and has read it. */
static void joined(struct client *c, uint64_t number)
{
	char welcome[128];

	client_open(c, &app_chat, number);
	snprintf(welcome, sizeof(welcome), "* welcome, guest%llu: /nick NAME, /who, /quit\n",
	         (unsigned long long)number);
	assert_hears(c, welcome);
}

static void test_room(void **state)
{
	struct client a, b, c;

	(void)state;
	joined(&a, 1);
	joined(&b, 2);
	assert_hears(&a, "* guest2 joined\n");
	client_sends(&a, "hello\r\n\n\r\nfoo /nick x\n");
	assert_hears(&a, "");
	assert_hears(&b, "guest1: hello\nguest1: foo /nick x\n");
	/* Who comes later has not missed anything. */
	joined(&c, 3);
	assert_hears(&a, "* guest3 joined\n");
	assert_hears(&b, "* guest3 joined\n");
	client_sends(&b, "/nick bea\nit is me\n");
	assert_hears(&b, "* you are now bea\n");
	assert_hears(&a, "* guest2 is now bea\nbea: it is me\n");
	assert_hears(&c, "* guest2 is now bea\nbea: it is me\n");
	client_sends(&c, "/who\n/QUIT\nnot said\n");
	assert_hears(&c, "* here: guest1 bea guest3\n* bye\n");
	assert_true(c.s.ending);
	client_close(&c);
	assert_hears(&a, "* guest3 left\n");
	/* Without a word. */
	client_close(&a);
	assert_hears(&b, "* guest3 left\n* guest1 left\n");
	assert_int_equal(b.stats.posts, 3);
	client_close(&b);
}

static void test_names(void **state)
{
	static const char *const wrong[] = {"/nick",     "/nick ",    "/nick a b",      "/nick a ",
	                                    "/nick  a",  "/nick a:b", "/nick \xc3\xa4", "/nick 123456789012345678901",
	                                    "/nickname", "/",         "/whois",         "/quit now"};
	struct client a, b;

	(void)state;
	joined(&a, 1);
	joined(&b, 2);
	hears(&a);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		client_sends(&a, wrong[i]);
		client_sends(&a, "\n");
		assert_memory_equal(hears(&a), "* error: ", 9);
		assert_ptr_equal(strchr(a.said, '\n'), a.said + strlen(a.said) - 1);
	}
	client_sends_bytes(&a, "/nick a\0b\n", 10);
	assert_memory_equal(hears(&a), "* error: ", 9);
	assert_talk(&a, "/nick guest2\n", "* error: guest2 is taken\n");
	/* Kept for one who may come. */
	assert_talk(&a, "/nick guest77\n", "* error: guest77 is taken\n");
	assert_talk(&a, "/nick guest01\n", "* error: guest01 is taken\n");
	assert_hears(&b, "");
	assert_talk(&a, "/nick guest\n", "* you are now guest\n");
	assert_talk(&a, "/nick guest\n", "* you are now guest\n");
	assert_talk(&b, "/nick guest\n", "* error: guest is taken\n");
	assert_hears(&b, "* guest1 is now guest\n");
	assert_talk(&a, "/nick A-_3456789012345678z\n", "* you are now A-_3456789012345678z\n");
	assert_talk(&b, "/nick guest\n", "* you are now guest\n");
	assert_talk(&a, "/nick guest1\n", "* you are now guest1\n");
	client_close(&b);
	assert_talk(&a, "/nick guest\n", "* you are now guest\n");
	client_close(&a);
}

/* What would do something to a terminal does not get through, and what is no UTF-8. */
static void test_text(void **state)
{
	static const char *const texts[][2] = {
		{"tab\tand blank", "tab\tand blank"},
		{"\x1b[31mred\x07\x7f\r!", "?[31mred?\?\?!"},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd",
	         "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd"},
		{"\xc2\x9b"
	         "31m\xc2\xa0",
	         "??31m\xc2\xa0"},
		{"\xff\xfe\x80\xc0\xaf", "?????"},
		{"\xe0\x9f\xbf \xed\xa0\x80 \xf0\x8f\xbf\xbf \xf4\x90\x80\x80", "??? ??? ???? ????"},
		{"\xe2\x82 \xc3", "?? ?"},
	};
	struct client a, b;
	char heard[256];

	(void)state;
	joined(&a, 1);
	joined(&b, 2);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		client_sends(&a, texts[i][0]);
		client_sends(&a, "\n");
		snprintf(heard, sizeof(heard), "guest1: %s\n", texts[i][1]);
		assert_hears(&b, heard);
	}
	client_sends_bytes(&a, "a\0b\n", 4);
	assert_hears(&b, "guest1: a?b\n");
	client_close(&a);
	client_close(&b);
}

static void test_long_lines(void **state)
{
	char text[1100], heard[1100];
	struct client a, b;

	(void)state;
	memset(text, 'x', sizeof(text));
	joined(&a, 1);
	joined(&b, 2);
	hears(&a);
	snprintf(heard, sizeof(heard), "guest1: %.1000s\n", text);
	for (int i = 0; i < 2; i++) {
		client_sends_bytes(&a, text, 1000);
		client_sends(&a, i ? "\r\n" : "\n");
		assert_hears(&b, heard);
	}
	client_sends_bytes(&a, text, 1001);
	assert_hears(&a, "");
	client_sends(&a, "\nmore\n");
	assert_hears(&a, "* error: line too long\n");
	assert_true(a.s.ending);
	assert_hears(&b, "");
	client_close(&a);
	client_close(&b);
}

static void test_split(void **state)
{
	static const char text[] = "/nick ann\r\nhi\n\n\xc3\xa4\n/who\n/nick guest2\n/no\n/quit\nhi\n";
	char whole[2][512];
	struct client a, b;

	(void)state;
	for (size_t piece = 0; piece < 4; piece++) {
		char *said = whole[!!piece], *news = said + 256;

		stop(NULL);
		assert_int_equal(start(NULL), 0);
		joined(&a, 1);
		joined(&b, 2);
		for (size_t i = 0, n = piece ? piece : sizeof(text); i < strlen(text); i += n)
			client_sends_bytes(&a, text + i, strlen(text) - i < n ? strlen(text) - i : n);
		/* The news of b have come, too, but not been asked for. */
		strcpy(said, client_hears(&a));
		client_close(&a);
		strcpy(news, hears(&b));
		client_close(&b);
		if (piece)
			assert_memory_equal(whole[0], whole[1], strlen(said) + 1);
		assert_string_equal(news, "* guest1 is now ann\nann: hi\nann: \xc3\xa4\n* ann left\n");
	}
}

/* A reader that takes nothing: bounded memory, then it is dropped; one that comes back in time has missed nothing. */
static void test_slow(void **state)
{
	char text[1001];
	struct client a, slow, late;
	size_t heard = 0;
	unsigned said = 0;

	(void)state;
	memset(text, 'x', 999);
	strcpy(text + 999, "\n");
	joined(&a, 1);
	joined(&slow, 2);
	joined(&late, 3);
	hears(&slow);
	for (; said < 900; said++)
		client_sends(&a, text);
	for (const char *news; *(news = hears(&late)); heard += strlen(news))
		assert_in_range(strlen(news), 1, OUT_HIGH + ROOM_MESSAGE_MAX);
	assert_int_equal(heard, said * (strlen("guest1: ") + 1000));
	while (!slow.s.ending) {
		client_sends(&a, text);
		app_chat.news(&slow.s);
		assert_in_range(slow.s.out.size, 0, 4 * OUT_HIGH);
		assert_in_range(++said, 0, 3000);
	}
	/* 1 MiB in the ring behind what was in its buffer. */
	assert_in_range(said, 1200, 1400);
	assert_non_null(strstr(client_hears(&slow), "x\n* error: you were too slow\n"));
	assert_in_range(strlen(slow.said), 1000, 1100);
	assert_int_equal(slow.stats.overrun, 1);
	app_chat.news(&slow.s);
	assert_hears(&slow, "");
	client_close(&a);
	client_close(&slow);
	client_close(&late);
}

static void name_of(unsigned i, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "n%u", i);
}

static void test_full(void **state)
{
	char name[NAME_SIZE];
	struct client a, b;
	struct buf all = {0};

	(void)state;
	joined(&a, 1);
	for (unsigned i = 1; i < NAMES_PLACES; i++) {
		name_of(i, name);
		assert_int_equal(names_take(name), i);
	}
	client_open(&b, &app_chat, 2);
	assert_hears(&b, "* error: the room is full\n");
	assert_true(b.s.ending);
	client_close(&b);
	assert_hears(&a, "");
	assert_int_equal(names_take("n77"), -EEXIST);
	assert_int_equal(names_change(5, "n77"), -EEXIST);
	assert_int_equal(names_change(5, "m5"), 0);
	names_leave(5);
	assert_int_equal(names_take("n5"), 5);
	for (unsigned i = NAMES_PLACES - 1; i; i--)
		names_leave(i);
	names_list(&all);
	buf_add(&all, "", 1);
	assert_string_equal(buf_at(&all), " guest1");
	buf_free(&all);
	client_close(&a);
}

/* Names and news are those of all processes, and of one that is killed nothing stays behind. */
static void test_processes(void **state)
{
	struct client a, b;
	int ready[2], status;
	char byte;
	pid_t pid;

	(void)state;
	joined(&a, 1);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		joined(&b, 2);
		client_sends(&b, "/nick ann\n/nick guest1\nhello\n");
		if (strcmp(hears(&b), "* you are now ann\n* error: guest1 is taken\n"))
			_exit(1);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_hears(&a, "* guest2 joined\n* guest2 is now ann\nann: hello\n");
	assert_talk(&a, "/nick ann\n", "* error: ann is taken\n");
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	app_chat.lost(pid);
	assert_hears(&a, "* ann left\n");
	assert_talk(&a, "/nick ann\n/who\n", "* you are now ann\n* here: ann\n");
	app_chat.lost(pid);
	assert_hears(&a, "");
	client_close(&a);
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_room),  TEST(test_names), TEST(test_text), TEST(test_long_lines),
		TEST(test_split), TEST(test_slow),  TEST(test_full), TEST(test_processes),
	};

	/* A child that hangs must not outlive the test. */
	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
