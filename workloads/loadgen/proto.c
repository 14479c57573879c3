/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto.h"

#include <string.h>

const struct proto *proto_find(const char *name)
{
	static const struct proto *const all[] = {&proto_mastermind, &proto_chat, &proto_kv, &proto_http};

	for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (!strcmp(name, all[i]->name))
			return all[i];
	}
	return NULL;
}
