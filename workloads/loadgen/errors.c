/* SPDX-License-Identifier: BSD-2-Clause */
#include "errors.h"

#include <stdarg.h>
#include <stdio.h>

#define X(name_, text_) #name_,
const char *const error_names[N_ERRORS] = {ERRORS(X)};
#undef X
#define X(name_, text_) text_,
const char *const error_texts[N_ERRORS] = {ERRORS(X)};
#undef X

void say(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "loadgen: %s\n", text);
}
