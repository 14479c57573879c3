/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/sample.h"

const char *row_event_name(enum row_event e)
{
	static const char *const names[] = {
		[EVENT_SAMPLE] = "sample",
		[EVENT_EXIT] = "exit",
		[EVENT_EXEC] = "exec",
	};

	return names[e];
}
