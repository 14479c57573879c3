/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU time, used up on purpose. */
#ifndef SERVERS_BURN_H
#define SERVERS_BURN_H

#include <stdint.h>

/* Measures how fast this CPU counts, in about 5 ms. Before any thread or fork. */
void burn_start(void);

/*
 * Uses up `us` of the calling thread's CPU time, to within some percent, and makes at most five calls of the kernel;
 * none below 20 µs. Without burn_start() it returns at once.
 */
void burn_us(uint64_t us);

#endif
