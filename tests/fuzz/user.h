/* SPDX-License-Identifier: BSD-2-Clause */
/* For fuzzing what vmprof reads: a directory of files, in memory, which is where we are then. */
#ifndef TESTS_FUZZ_USER_H
#define TESTS_FUZZ_USER_H

#include "must.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/select.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char room[] = "/dev/shm/vmprof-fuzz-XXXXXX";

__attribute__((unused)) static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

__attribute__((unused)) static void remove_room(void)
{
	nftw(room, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* libFuzzer's corpus is opened before and after by relative names: the way back is ours. */
static int home;

__attribute__((unused)) static void make_room(void)
{
	home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(home >= 0 && mkdtemp(room));
	atexit(remove_room);
}

__attribute__((unused)) static void enter_room(void)
{
	must(!chdir(room));
}

__attribute__((unused)) static void leave_room(void)
{
	must(!fchdir(home));
}

__attribute__((unused)) static void put(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size && !close(fd));
}

__attribute__((unused)) static void put_text(const char *path, const char *text)
{
	put(path, text, strlen(text));
}

__attribute__((unused)) static void must_be_pids(const struct pid_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		must(set->at[i] > 0 && (!i || set->at[i] > set->at[i - 1]));
}

#endif
