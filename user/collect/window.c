/* SPDX-License-Identifier: BSD-2-Clause */
#include "collect/window.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHUNK ((size_t)64 << 10)

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

int window_open(struct window *w, int map_fd, size_t value_size, size_t entries)
{
	w->fd = map_fd;
	w->stride = round_up(value_size, 8);
	w->size = round_up(w->stride * entries, (size_t)sysconf(_SC_PAGESIZE));
	w->mapped = 0;
	w->base = mmap(NULL, w->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (w->base == MAP_FAILED) {
		w->base = NULL;
		return -errno;
	}
	return 0;
}

int window_reach(struct window *w, size_t entries)
{
	size_t want = round_up(entries * w->stride, CHUNK);
	void *at;

	if (want > w->size)
		want = w->size;
	if (want <= w->mapped)
		return 0;
	at = mmap(w->base + w->mapped, want - w->mapped, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, w->fd,
	          (off_t)w->mapped);
	if (at == MAP_FAILED)
		return -errno;
	w->mapped = want;
	return 0;
}

void window_close(struct window *w)
{
	if (w->base)
		munmap(w->base, w->size);
	w->base = NULL;
}
