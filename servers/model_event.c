/* SPDX-License-Identifier: BSD-2-Clause */
/* One epoll loop for each worker. */
#include <stdlib.h>
#include "core/config.h"
#include "core/loop.h"
#include "core/model.h"

static struct client *make(struct loop *l)
{
	(void)l;
	return calloc(1, sizeof(struct client));
}

static void unmake(struct loop *l, struct client *client)
{
	(void)l;
	free(client);
}

/*
 * News in every turn must not keep it from being heard: CONN_RUN may mean no more than that. Or that it ends: then
 * there is nothing more to hear.
 */
static bool may_receive(const struct client *client)
{
	enum conn_next next = conn_next(&client->conn);

	return client->readable &&
	       (next == CONN_READ || (next == CONN_RUN && client->conn.hungry && !client->conn.s.ending));
}

static void take(struct client *client)
{
	if (may_receive(client))
		loop_recv(client);
	conn_run(&client->conn);
}

/* One commit for all, so that their writes share one wait for the disk. */
static void commit(struct client *list)
{
	uint64_t position = 0;

	for (struct client *client = list; client; client = client->next_active)
		if (client->conn.s.commit > position)
			position = client->conn.s.commit;
	if (!position || list->conn.app->commit(position))
		position = 0;
	/* If that has failed, some of them may be durable nevertheless. */
	for (struct client *client = list; client; client = client->next_active) {
		if (position && client->conn.s.commit)
			conn_committed(&client->conn, 0);
		else
			conn_commit(&client->conn);
	}
}

static void give(struct client *client)
{
	while (conn_next(&client->conn) == CONN_WRITE && client->writable)
		loop_send(client);
	if (conn_next(&client->conn) == CONN_END)
		loop_close(client);
	else
		loop_rest(client);
}

static void serve(struct loop *l, struct client *list)
{
	struct client *client;

	for (client = list; client; client = client->next_active)
		take(client);
	if (l->config->app->commit)
		commit(list);
	while ((client = loop_next(&list)))
		give(client);
}

static int run(const struct config *config, const int *listening, unsigned n)
{
	static const struct loop_ops ops = {.make = make, .unmake = unmake, .serve = serve};

	return loop_run(config, listening, n, &ops);
}

const struct model model_event = {.name = "event", .default_workers = 1, .listener_per_worker = true, .run = run};
