/* SPDX-License-Identifier: BSD-2-Clause */
#include "shared.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

void *shared_map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void shared_unmap(void *p, size_t size)
{
	if (p)
		munmap(p, size);
}

int shared_mutex_init(pthread_mutex_t *m)
{
	pthread_mutexattr_t attr;
	int err = pthread_mutexattr_init(&attr);

	if (err)
		return -err;
	err = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (!err)
		err = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	if (!err)
		err = pthread_mutex_init(m, &attr);
	pthread_mutexattr_destroy(&attr);
	return -err;
}

void shared_lock(pthread_mutex_t *m)
{
	int err = pthread_mutex_lock(m);

	if (err == EOWNERDEAD)
		err = pthread_mutex_consistent(m);
	/* Anything else is a mutex that was never made: going on without it would damage what it guards. */
	if (err)
		abort();
}

void shared_unlock(pthread_mutex_t *m)
{
	if (pthread_mutex_unlock(m))
		abort();
}
