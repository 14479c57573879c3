/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers, names, and what a command prints. */
#include "user.h"

#include <math.h>

#include "base/parse.h"
#include "base/text.h"
#include "cmd/curve_copies.h"

static regex_t figure;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	must(!regcomp(&figure, "n=([0-9.e+-]+)", REG_EXTENDED | REG_NEWLINE));
	return 0;
}

static void numbers(const char *text)
{
	const char *first = text + strspn(text, "0");
	char again[32];
	double seconds;
	uint64_t n;

	if (!parse_u64(text, 3, UINT64_MAX - 1, &n)) {
		snprintf(again, sizeof(again), "%llu", (unsigned long long)n);
		must(n >= 3 && n < UINT64_MAX && !strcmp(again, first));
	}
	if (!parse_bytes(text, 1 << 20, UINT64_MAX / 2, &n))
		must(n >= 1 << 20 && n <= UINT64_MAX / 2);
	if (!parse_seconds(text, 0.001, 1e9, &seconds))
		must(seconds >= 0.001 && seconds <= 1e9);
}

/* Nothing that a terminal obeys, and whole characters. */
static void names(const char *text, size_t size)
{
	size_t room_for = 3 * size + 1, n;
	char *to = malloc(room_for), *again = malloc(room_for), less[16];

	n = text_plain(to, room_for, text);
	must(n == strlen(to) && n < room_for);
	for (size_t i = 0; i < n; i++)
		must((unsigned char)to[i] >= ' ' && to[i] != 0x7f);
	must(text_utf8(again, room_for, to) == n && !strcmp(to, again));
	must(text_utf8(less, sizeof(less), text) < sizeof(less));
	must(text_plain(less, sizeof(less), text) < sizeof(less));
	free(to);
	free(again);
}

static void prints(char *text, size_t size)
{
	struct copy c = {.out = {.fd = -1, .text = text, .n = size}, .err = {.fd = -1, .text = text, .n = size}};
	char why[64];
	double n;

	if (copies_number(&c, &figure, &n))
		must(isfinite(n) && n >= 0);
	copies_complaint(&c, why, sizeof(why));
	must(strlen(why) < sizeof(why));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = 0;
	numbers(text);
	names(text, size);
	prints(text, size);
	free(text);
	return 0;
}
