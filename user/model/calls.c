/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/calls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/histogram.h"
#include "vmprof_abi.h"

_Static_assert(CALL_HIST == VMPROF_HIST, "one histogram on both sides");

#define HIST_FIRST (VMPROF_HIST_SHIFT + 1)

/* What the C library's headers know, at build time. */
#define CALL_NAME(x) [SYS_##x] = #x,
static const char *const names[VMPROF_NR_CALLS] = {
#include "call_names.h"
};
#undef CALL_NAME

/* What they may be too old for. From 424 on, a number is the same on all architectures. */
#define NEWER_FIRST 451
static const char *const newer[] = {
	"cachestat",         /* 451, Linux 6.5 */
	"fchmodat2",         /* 6.6 */
	"map_shadow_stack",  /* 6.6 */
	"futex_wake",        /* 6.7 */
	"futex_wait",        /* 6.7 */
	"futex_requeue",     /* 6.7 */
	"statmount",         /* 6.8 */
	"listmount",         /* 6.8 */
	"lsm_get_self_attr", /* 6.8 */
	"lsm_set_self_attr", /* 6.8 */
	"lsm_list_modules",  /* 6.8 */
	"mseal",             /* 6.10 */
	"setxattrat",        /* 6.13 */
	"getxattrat",        /* 6.13 */
	"listxattrat",       /* 6.13 */
	"removexattrat",     /* 6.13 */
	"open_tree_attr",    /* 6.15 */
	"file_getattr",      /* 6.17 */
	"file_setattr",      /* 6.17 */
	"listns",            /* 470, Linux 6.19 */
};

#define NEWER_COUNT (int)(sizeof(newer) / sizeof(newer[0]))

#define BYTES VMPROF_CALL_BYTES
#define FINAL VMPROF_CALL_FINAL

/*
 * What a call waits for, and which family counts it. Those that are not here wait for nothing
 * in particular. By name: not every architecture has each of them.
 * X(name, class, flags, family)
 */
#define CALL_TRAITS(X)                                               \
	X(read, FD, BYTES, SYS_READ)                                 \
	X(readv, FD, BYTES, SYS_READ)                                \
	X(pread64, FD, BYTES, SYS_READ)                              \
	X(preadv, FD, BYTES, SYS_READ)                               \
	X(preadv2, FD, BYTES, SYS_READ)                              \
	X(write, FD, BYTES, SYS_WRITE)                               \
	X(writev, FD, BYTES, SYS_WRITE)                              \
	X(pwrite64, FD, BYTES, SYS_WRITE)                            \
	X(pwritev, FD, BYTES, SYS_WRITE)                             \
	X(pwritev2, FD, BYTES, SYS_WRITE)                            \
	X(sendfile, FD, BYTES, COUNT)                                \
	X(splice, FD, BYTES, COUNT)                                  \
	X(copy_file_range, FD, BYTES, COUNT)                         \
	X(ioctl, FD, 0, COUNT)                                       \
	X(getrandom, OTHER, BYTES, COUNT)                            \
	X(getdents64, OTHER, BYTES, COUNT)                           \
	X(accept, NET, 0, SYS_ACCEPT)                                \
	X(accept4, NET, 0, SYS_ACCEPT)                               \
	X(connect, NET, 0, SYS_CONNECT)                              \
	X(sendto, NET, BYTES, SYS_SEND)                              \
	X(sendmsg, NET, BYTES, SYS_SEND)                             \
	X(sendmmsg, NET, 0, SYS_SEND)                                \
	X(recvfrom, NET, BYTES, SYS_RECV)                            \
	X(recvmsg, NET, BYTES, SYS_RECV)                             \
	X(recvmmsg, NET, 0, SYS_RECV)                                \
	X(close, OTHER, 0, SYS_CLOSE)                                \
	X(close_range, OTHER, 0, SYS_CLOSE)                          \
	X(poll, POLL, 0, SYS_POLL)                                   \
	X(ppoll, POLL, 0, SYS_POLL)                                  \
	X(select, POLL, 0, SYS_POLL)                                 \
	X(pselect6, POLL, 0, SYS_POLL)                               \
	X(epoll_wait, POLL, 0, SYS_POLL)                             \
	X(epoll_pwait, POLL, 0, SYS_POLL)                            \
	X(epoll_pwait2, POLL, 0, SYS_POLL)                           \
	X(io_uring_enter, POLL, 0, COUNT)                            \
	X(io_getevents, POLL, 0, COUNT)                              \
	X(io_pgetevents, POLL, 0, COUNT)                             \
	X(msgsnd, PIPE, 0, COUNT)                                    \
	X(msgrcv, PIPE, BYTES, COUNT)                                \
	X(mq_timedsend, PIPE, 0, COUNT)                              \
	X(mq_timedreceive, PIPE, BYTES, COUNT)                       \
	X(tee, PIPE, BYTES, COUNT)                                   \
	X(vmsplice, PIPE, BYTES, COUNT)                              \
	X(futex, LOCK, 0, SYS_FUTEX)                                 \
	X(futex_wait, LOCK, 0, SYS_FUTEX)                            \
	X(futex_waitv, LOCK, 0, SYS_FUTEX)                           \
	X(futex_requeue, LOCK, 0, SYS_FUTEX)                         \
	X(futex_wake, OTHER, 0, SYS_FUTEX)                           \
	X(flock, LOCK, 0, COUNT)                                     \
	X(semop, LOCK, 0, COUNT)                                     \
	X(semtimedop, LOCK, 0, COUNT)                                \
	X(fcntl, LOCK, 0, COUNT) /* blocks for record locks alone */ \
	X(nanosleep, SLEEP, 0, COUNT)                                \
	X(clock_nanosleep, SLEEP, 0, COUNT)                          \
	X(pause, SLEEP, 0, COUNT)                                    \
	X(rt_sigsuspend, SLEEP, 0, COUNT)                            \
	X(rt_sigtimedwait, SLEEP, 0, COUNT)                          \
	X(wait4, CHILD, 0, COUNT)                                    \
	X(waitid, CHILD, 0, COUNT)                                   \
	X(fsync, DISK, 0, SYS_FSYNC)                                 \
	X(fdatasync, DISK, 0, SYS_FSYNC)                             \
	X(sync, DISK, 0, COUNT)                                      \
	X(syncfs, DISK, 0, COUNT)                                    \
	X(sync_file_range, DISK, 0, COUNT)                           \
	X(msync, DISK, 0, COUNT)                                     \
	X(restart_syscall, RESTART, 0, COUNT)                        \
	X(exit, OTHER, FINAL, COUNT)                                 \
	X(exit_group, OTHER, FINAL, COUNT)

static const struct traits {
	const char *name;
	uint8_t info;
	uint8_t family; /* enum metric */
} traits[] = {
#define X(name, class, flags, family) {#name, VMPROF_CALL_##class | (flags), METRIC_##family},
	CALL_TRAITS(X)
#undef X
};

#define TRAITS_COUNT (sizeof(traits) / sizeof(traits[0]))

/* The name of call `nr`, NULL if it is not known. */
static const char *known_name(int nr)
{
	if (nr < 0 || nr >= VMPROF_NR_CALLS)
		return NULL;
	if (names[nr])
		return names[nr];
	if (nr >= NEWER_FIRST && nr - NEWER_FIRST < NEWER_COUNT)
		return newer[nr - NEWER_FIRST];
	return NULL;
}

const char *call_name(int nr)
{
	static char unknown[32];
	const char *name = known_name(nr);

	if (name)
		return name;
	if (nr == CALL_NR_OTHER)
		return "[other]";
	snprintf(unknown, sizeof(unknown), "syscall_%d", nr);
	return unknown;
}

int call_number(const char *name)
{
	for (int nr = 0; nr < VMPROF_NR_CALLS; nr++) {
		const char *known = known_name(nr);

		if (known && !strcmp(known, name))
			return nr;
	}
	return -ENOENT;
}

enum metric call_family(int nr)
{
	/* Asked for each call of each process at each interval, so looked up by name only once. */
	static uint8_t families[VMPROF_NR_CALLS];
	static bool filled;

	if (!filled) {
		memset(families, METRIC_COUNT, sizeof(families));
		for (size_t i = 0; i < TRAITS_COUNT; i++) {
			int known = call_number(traits[i].name);

			if (known >= 0)
				families[known] = traits[i].family;
		}
		filled = true;
	}
	return nr >= 0 && nr < VMPROF_NR_CALLS ? (enum metric)families[nr] : METRIC_COUNT;
}

void call_fill_info(uint8_t *info, size_t n)
{
	memset(info, VMPROF_CALL_OTHER, n);
	for (size_t i = 0; i < TRAITS_COUNT; i++) {
		int nr = call_number(traits[i].name);

		if (nr >= 0 && (size_t)nr < n)
			info[nr] = traits[i].info;
	}
}

/* Where call `nr` is, or would be: the entries are kept in the order of their numbers. */
static size_t position(const struct call_table *t, int nr)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->at[mid].nr < nr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int reserve(struct call_table *t, size_t room)
{
	struct call_stats *at;

	if (room <= t->room)
		return 0;
	if (room < 2 * t->room)
		room = 2 * t->room;
	at = reallocarray(t->at, room, sizeof(*at));
	if (!at)
		return -ENOMEM;
	t->at = at;
	t->room = room;
	return 0;
}

struct call_stats *call_table_get(struct call_table *t, int nr)
{
	size_t i = position(t, nr);

	if (i < t->n && t->at[i].nr == nr)
		return &t->at[i];
	if (reserve(t, t->n + 1))
		return NULL;
	memmove(&t->at[i + 1], &t->at[i], (t->n - i) * sizeof(t->at[i]));
	t->n++;
	t->at[i] = (struct call_stats){.nr = nr};
	return &t->at[i];
}

const struct call_stats *call_table_find(const struct call_table *t, int nr)
{
	size_t i = position(t, nr);

	return i < t->n && t->at[i].nr == nr ? &t->at[i] : NULL;
}

int call_table_add(struct call_table *t, const struct call_table *from)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct call_stats *a = &from->at[i];
		struct call_stats *s = call_table_get(t, a->nr);

		if (!s)
			return -ENOMEM;
		s->calls += a->calls;
		s->errors += a->errors;
		s->ns += a->ns;
		s->bytes += a->bytes;
		if (s->max_ns < a->max_ns)
			s->max_ns = a->max_ns;
		for (size_t b = 0; b < CALL_HIST; b++)
			s->hist[b] += a->hist[b];
	}
	return 0;
}

void call_table_clear(struct call_table *t)
{
	t->n = 0;
}

void call_table_free(struct call_table *t)
{
	free(t->at);
	*t = (struct call_table){0};
}

/* The longest call of an interval in which the longest of all was not beaten. */
static uint64_t longest(const struct call_stats *interval, uint64_t max_so_far)
{
	for (size_t i = CALL_HIST; i-- > 0;) {
		uint64_t upper = histogram_upper(i, CALL_HIST, HIST_FIRST);

		if (interval->hist[i])
			return upper < max_so_far ? upper : max_so_far;
	}
	return 0;
}

void call_stats_between(const struct call_stats *before, const struct call_stats *now, struct call_stats *out)
{
	static const struct call_stats zero;
	struct call_stats d = {.nr = now->nr};

	if (!before)
		before = &zero;
	d.calls = now->calls - before->calls;
	d.errors = now->errors - before->errors;
	d.ns = now->ns - before->ns;
	d.bytes = now->bytes - before->bytes;
	for (size_t i = 0; i < CALL_HIST; i++)
		d.hist[i] = now->hist[i] - before->hist[i];
	d.max_ns = now->max_ns > before->max_ns ? now->max_ns : longest(&d, now->max_ns);
	*out = d; /* last: it may be one of the two */
}
