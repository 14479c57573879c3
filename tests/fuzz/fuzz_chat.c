/* SPDX-License-Identifier: BSD-2-Clause */
#include "split.h"

#include "core/room.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct config config = {0};
	char why[256];

	(void)argc, (void)argv;
	log_quiet();
	must(!room_start(1));
	must(!app_chat.start(&config, why));
	return 0;
}

static void hear_all(struct life *l)
{
	size_t before;

	do {
		before = buf_len(&l->s.out);
		app_chat.news(&l->s);
	} while (buf_len(&l->s.out) > before);
}

/* What others hear is as much a reply as what the client itself gets: nothing in it may harm a terminal. */
static void must_be_lines(const struct buf *b)
{
	const unsigned char *at = (const unsigned char *)buf_at(b);
	size_t n = buf_len(b);

	must(!n || at[n - 1] == '\n');
	for (size_t i = 0; i < n; i++)
		must(at[i] == '\n' || at[i] == '\t' || (at[i] >= ' ' && at[i] != 0x7f));
}

/* The second of the room's two guests says it all. */
static void speak(struct life *listener, struct life *speaker, const uint8_t *data, size_t size, bool cut)
{
	life_begin(listener, &app_chat, 1);
	life_begin(speaker, &app_chat, 2);
	(cut ? life_cut : life_input)(speaker, &app_chat, data, size, 1001, 128);
	app_chat.close(&speaker->s);
	hear_all(listener);
	must(!listener->s.ending);
	must_be_lines(&listener->s.out);
	app_chat.close(&listener->s);
}

static void forget(struct life *l)
{
	buf_free(&l->s.in);
	buf_free(&l->s.out);
	free(l->s.app);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct life listener[2], speaker[2];

	for (int i = 0; i < 2; i++)
		speak(&listener[i], &speaker[i], data, size, i);
	must_be_same(&speaker[0], &speaker[1]);
	must_be_same_bytes(&listener[0].s.out, &listener[1].s.out);
	for (int i = 0; i < 2; i++) {
		forget(&listener[i]);
		forget(&speaker[i]);
	}
	return 0;
}
