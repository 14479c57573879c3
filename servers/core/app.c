/* SPDX-License-Identifier: BSD-2-Clause */
#include "app.h"

#include <string.h>

static const struct app *const apps[] = {&app_mastermind, &app_chat, &app_kv, &app_http};

const struct app *app_find(const char *name)
{
	for (unsigned i = 0; i < sizeof(apps) / sizeof(*apps); i++)
		if (!strcmp(apps[i]->name, name))
			return apps[i];
	return NULL;
}
