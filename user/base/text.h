/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes from outside made fit to print. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Copy `text` as valid UTF-8: each byte that is not part of it becomes U+FFFD. At most `room` bytes,
 * the final 0 included (3 × the length + 1 always suffice). The length written. */
size_t text_utf8(char *to, size_t room, const char *text);

/* The same for a terminal: control characters (C0, DEL, C1) become '?' too. */
size_t text_plain(char *to, size_t room, const char *text);

/* A number people can read, 5 columns or less: 999, 1.23k, 45.6M. */
const char *text_count(char to[16], uint64_t n);
/* Time: 912ns, 4.21us, 35.0ms, 1.20s, 12m30s. */
const char *text_ns(char to[16], uint64_t ns);
/* Bytes: 512B, 1.2K, 45.6M, 2.1G (powers of 1024). */
const char *text_bytes(char to[16], uint64_t bytes);

#endif
