/* SPDX-License-Identifier: BSD-2-Clause */
/* What must hold whatever the input. */
#ifndef TESTS_FUZZ_MUST_H
#define TESTS_FUZZ_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define must(condition_)                                                                         \
	do {                                                                                     \
		if (!(condition_)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition_); \
			abort();                                                                 \
		}                                                                                \
	} while (0)

#endif
