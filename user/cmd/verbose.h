/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CMD_VERBOSE_H
#define CMD_VERBOSE_H

#include "collect/session.h"

/* What vmprof itself has cost in `elapsed_s`, on standard error. */
void verbose_print(struct session *s, double elapsed_s);

#endif
