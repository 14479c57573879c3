/* SPDX-License-Identifier: BSD-2-Clause */
/* What can go wrong with a request or a connection. */
#ifndef LOADGEN_ERRORS_H
#define LOADGEN_ERRORS_H

/* name (in the JSON, too), what it says in the text */
#define ERRORS(X)                                                 \
	X(connect, "no connection")                               \
	X(wrong, "wrong reply")                                   \
	X(extra, "bytes that answer no request")                  \
	X(truncated, "closed in the middle of a reply")           \
	X(lost, "sent, and the connection ended without a reply") \
	X(closed, "closed by the server while nothing was asked") \
	X(reset, "connection reset")                              \
	X(timeout, "no reply in time")

enum error {
#define X(name_, text_) ERROR_##name_,
	ERRORS(X)
#undef X
		N_ERRORS
};

#define ERRORS_SAID 3 /* so many of a run are told in words */

extern const char *const error_names[N_ERRORS], *const error_texts[N_ERRORS];

/* "loadgen: …" and a line feed on standard error, with one write(2). */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
