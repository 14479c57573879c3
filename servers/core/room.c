/* SPDX-License-Identifier: BSD-2-Clause */
#include "room.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "shared.h"

#define RING    (1 << 20)
#define LATE_MS 20

/* Before each message in the ring, which may wrap around its end. */
struct head {
	uint64_t from;
	uint32_t size;
};

struct place {
	atomic_bool taken;
	atomic_bool told; /* of news, and has not heard it yet: another write to its eventfd would say nothing new */
	_Atomic uint64_t told_at; /* the end of the room then */
	int fd;
};

struct room {
	pthread_mutex_t lock;
	_Atomic uint64_t end; /* of all messages there ever were, in bytes: moved when a message is whole */
	unsigned places;
	_Atomic unsigned used; /* all places from here on have never been taken */
	char ring[RING];
	struct place place[];
};

static struct room *room;
static size_t room_size;

int room_start(unsigned listeners)
{
	int err;

	room_size = sizeof(*room) + listeners * sizeof(struct place);
	room = shared_map(room_size);
	if (!room)
		return -ENOMEM;
	err = shared_mutex_init(&room->lock);
	while (!err && room->places < listeners) {
		int fd = eventfd(0, EFD_CLOEXEC);

		if (fd < 0)
			err = -errno;
		else
			room->place[room->places++].fd = fd;
	}
	if (err)
		room_stop();
	return err;
}

void room_stop(void)
{
	if (!room)
		return;
	for (unsigned i = 0; i < room->places; i++)
		close(room->place[i].fd);
	shared_unmap(room, room_size);
	room = NULL;
}

bool room_exists(void)
{
	return room != NULL;
}

int room_join(void)
{
	unsigned used;

	for (unsigned i = 0; i < room->places; i++) {
		bool free = false;

		if (!atomic_compare_exchange_strong(&room->place[i].taken, &free, true))
			continue;
		/* What the last one here was told is not for this one, but one wake-up too many does no harm. */
		atomic_store(&room->place[i].told, false);
		used = atomic_load(&room->used);
		while (used <= i && !atomic_compare_exchange_weak(&room->used, &used, i + 1))
			;
		return i;
	}
	return -ENOSPC;
}

void room_leave(unsigned listener)
{
	atomic_store(&room->place[listener].taken, false);
}

int room_fd(unsigned listener)
{
	return room->place[listener].fd;
}

void room_heard(unsigned listener)
{
	/* Not just a store: who finds it false from now on has posted after, who found it true has posted before. */
	atomic_exchange(&room->place[listener].told, false);
}

uint64_t room_end(void)
{
	return atomic_load(&room->end);
}

static void ring_write(uint64_t position, const void *data, size_t size)
{
	size_t at = position % RING, first = size < RING - at ? size : RING - at;

	memcpy(room->ring + at, data, first);
	memcpy(room->ring, (const char *)data + first, size - first);
}

static void ring_read(uint64_t position, void *data, size_t size)
{
	size_t at = position % RING, first = size < RING - at ? size : RING - at;

	memcpy(data, room->ring + at, first);
	memcpy((char *)data + first, room->ring, size - first);
}

static void tell(struct place *place, uint64_t end)
{
	if (!atomic_load(&place->taken) || atomic_load(&place->told))
		return;
	atomic_store(&place->told_at, end);
	if (!atomic_exchange(&place->told, true))
		eventfd_write(place->fd, 1);
}

static void tell_all(uint64_t end)
{
	unsigned used = atomic_load(&room->used);

	for (unsigned i = 0; i < used; i++)
		tell(&room->place[i], end);
}

/* Of one that has lost messages already, it is not the time that is short. */
static bool is_late(const struct place *place, uint64_t end)
{
	uint64_t behind;

	if (!atomic_load(&place->taken) || !atomic_load(&place->told))
		return false;
	behind = end - atomic_load(&place->told_at);
	return behind > RING / 4 && behind < RING;
}

static bool any_late(unsigned own)
{
	unsigned used = atomic_load(&room->used);
	uint64_t end = atomic_load(&room->end);

	for (unsigned i = 0; i < used; i++)
		if (i != own && is_late(&room->place[i], end))
			return true;
	return false;
}

void room_wait_for_late(unsigned own)
{
	const struct timespec moment = {.tv_nsec = 1000000};

	for (int i = 0; i < LATE_MS && any_late(own); i++)
		nanosleep(&moment, NULL);
}

int room_post(uint64_t from, const void *data, size_t size)
{
	struct head head = {.from = from, .size = size};
	uint64_t end;

	if (size > ROOM_MESSAGE_MAX)
		return -EMSGSIZE;
	shared_lock(&room->lock);
	end = atomic_load(&room->end);
	ring_write(end, &head, sizeof(head));
	ring_write(end + sizeof(head), data, size);
	atomic_store(&room->end, end + sizeof(head) + size);
	shared_unlock(&room->lock);
	tell_all(end);
	return 0;
}

int room_next(uint64_t *position, uint64_t *from, struct buf *to)
{
	uint64_t end = atomic_load(&room->end);
	struct head head;
	char *at;

	if (*position == end)
		return 0;
	/* Before the lock: nobody waits for this one's memory. */
	at = buf_room(to, ROOM_MESSAGE_MAX);
	if (!at)
		return -ENOMEM;
	shared_lock(&room->lock);
	if (atomic_load(&room->end) - *position > RING) {
		shared_unlock(&room->lock);
		return -EOVERFLOW;
	}
	ring_read(*position, &head, sizeof(head));
	ring_read(*position + sizeof(head), at, head.size);
	shared_unlock(&room->lock);
	buf_added(to, head.size);
	*position += sizeof(head) + head.size;
	*from = head.from;
	return 1;
}
