/* SPDX-License-Identifier: BSD-2-Clause */
/* How connections end, and what is counted then: between client.c and ending.c. */
#ifndef LOADGEN_ENDING_H
#define LOADGEN_ENDING_H

#include "load.h"

/* What becomes of requests without a reply when their connection ends. */
enum fate { FATE_LOST, FATE_UNANSWERED, FATE_RETURNED };

/* One of those without a reply, 0 is the oldest. */
struct request *client_request(const struct client *c, unsigned i);
/* Is anything left to be sent by anyone? */
bool client_more(const struct client *c);

/* The connection ends; `accounted` of its requests, from the oldest on, are counted already. */
void client_leave(struct client *c, enum fate fate, unsigned accounted);
/* And the client with it. */
void client_end(struct client *c);
/* After an error and client_leave(): connect again, but not at once, and not for ever. */
void client_retry(struct client *c);
/* A client that can't connect ends: the server is not there, or does not take it. */
void client_not_connected(struct client *c, int err);

/* Counts an error, and says it if it is one of the first. */
void client_error(struct client *c, enum error kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* It ends the connection, too: the oldest request, if there is one, is the one that failed. */
void client_fail(struct client *c, enum error kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
