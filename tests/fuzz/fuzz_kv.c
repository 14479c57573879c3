/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests of the `kv` app; the table is small, so that it is full now and then. */
#include "split.h"

#include "kv_resp.h"

#define REPLY_MAX (65 << 20)

static void live(struct life *l, const uint8_t *data, size_t size, bool cut)
{
	static const struct config config = {.memory = 64 << 10};
	char why[256];

	must(!app_kv.start(&config, why));
	life_begin(l, &app_kv, 1);
	if (cut)
		life_cut(l, &app_kv, data, size, RESP_REQUEST_MAX, REPLY_MAX);
	else
		life_input(l, &app_kv, data, size, RESP_REQUEST_MAX, REPLY_MAX);
	app_kv.stop();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct life whole, cut;

	live(&whole, data, size, false);
	live(&cut, data, size, true);
	must_be_same(&whole, &cut);
	life_end(&whole, &app_kv);
	life_end(&cut, &app_kv);
	return 0;
}
