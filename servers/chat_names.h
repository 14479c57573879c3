/* SPDX-License-Identifier: BSD-2-Clause */
/* The names in the room: each has one bearer at a time, among all threads and processes. */
#ifndef SERVERS_CHAT_NAMES_H
#define SERVERS_CHAT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "core/buf.h"

#define NAME_SIZE    28 /* bytes, with the NUL: "guest" and 20 digits fit */
#define NAMES_PLACES 65536

/* Before any fork. 0 or -errno. */
int names_start(void);
void names_stop(void);

/* Take a place under this name: its number, from 0; -EEXIST: another has the name; -ENOSPC: all places are taken. */
int names_take(const char *name);
/* 0 or -EEXIST: the place keeps the name it has. */
int names_change(int place, const char *name);
void names_leave(int place);

/* Append all of them to `to`, each after a space. */
void names_list(struct buf *to);

/* Take one name from those that process `pid` has left behind. False: there is none. */
bool names_orphan(pid_t pid, char name[NAME_SIZE]);

#endif
