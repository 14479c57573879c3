/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocking in what serves as a lock. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "work.h"

#define PACE_MS 10

/* Each waits for its own word to become 1; the one that serves does so when its wait times out. */
struct court {
	uint64_t until;
	atomic_uint ball[2];
	atomic_bool over;
};

static void futex_wait(atomic_uint *word, const struct timespec *limit)
{
	if (syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, limit, NULL, 0) < 0 && errno != EAGAIN && errno != EINTR &&
	    errno != ETIMEDOUT)
		fail("futex: %s", strerror(errno));
}

static void pass(atomic_uint *word)
{
	atomic_store(word, 1);
	check(syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
}

static void serve(void *arg)
{
	const struct timespec limit = {0, PACE_MS * NS_PER_MS};
	struct court *court = arg;

	while (now_ns() < court->until) {
		futex_wait(&court->ball[0], &limit);
		if (!atomic_exchange(&court->ball[0], 0))
			pass(&court->ball[1]);
	}
	atomic_store(&court->over, true);
	pass(&court->ball[1]);
}

static void give_back(void *arg)
{
	struct court *court = arg;

	while (!atomic_load(&court->over)) {
		futex_wait(&court->ball[1], NULL);
		if (atomic_exchange(&court->ball[1], 0))
			pass(&court->ball[0]);
	}
}

/* The leader waits for the others to end, which is a futex too. */
static void two_threads(void *arg)
{
	struct crew crew[2];

	crew_start(&crew[0], "lock", serve, arg);
	crew_start(&crew[1], "lock", give_back, arg);
	crew_end(&crew[0]);
	crew_end(&crew[1]);
}

int work_futex(int argc, char **argv)
{
	struct court court = {.until = deadline_of(argc, argv, 1)};
	struct job job;

	job_start(&job, "lock", two_threads, &court);
	job_end(&job);
	return 0;
}

static void take_file(void *path)
{
	int fd = (int)check(open(path, O_RDONLY | O_CLOEXEC));

	check(flock(fd, LOCK_EX));
}

int work_flock(int argc, char **argv)
{
	uint64_t until = deadline_of(argc, argv, 1);
	struct job job;
	int fd;

	if (argc < 3)
		fail("flock: which file?");
	fd = (int)check(open(argv[2], O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	check(flock(fd, LOCK_EX));
	job_start(&job, "lock", take_file, argv[2]);
	rest(until);
	check(flock(fd, LOCK_UN)); /* the child has a copy of our descriptor: closing ours would not do */
	job_end(&job);
	close(fd);
	unlink(argv[2]);
	return 0;
}

static void take_semaphore(void *arg)
{
	struct sembuf down = {0, -1, 0};

	check(semop(*(int *)arg, &down, 1));
}

int work_semop(int argc, char **argv)
{
	uint64_t until = deadline_of(argc, argv, 1);
	int id = (int)check(semget(IPC_PRIVATE, 1, 0600));
	struct sembuf up = {0, 1, 0};
	struct job job;

	check(semctl(id, 0, SETVAL, 0));
	job_start(&job, "lock", take_semaphore, &id);
	rest(until);
	check(semop(id, &up, 1));
	job_end(&job);
	check(semctl(id, 0, IPC_RMID));
	return 0;
}
