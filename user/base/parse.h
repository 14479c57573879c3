/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers from untrusted text. */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <stdint.h>

/* A decimal number min … max and nothing else (no sign, no blanks). 0, -EINVAL (no number) or -ERANGE. */
int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* Bytes: a whole number, with K, M, G or T behind it for powers of 1024 (256M). 0, -EINVAL or -ERANGE. */
int parse_bytes(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* A decimal number with an optional fraction, min … max, no sign, no exponent. 0, -EINVAL or -ERANGE. */
int parse_seconds(const char *text, double min, double max, double *out);

#endif
