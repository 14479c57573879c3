/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVERS_LOG_H
#define SERVERS_LOG_H

struct session;

/* No lines from log_step() from now on. */
void log_quiet(void);
/* One line on standard error with time, peer and number of the connection, written with one write(2). */
void log_step(const struct session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "server: ..." on standard error. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
