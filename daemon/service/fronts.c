#include "daemon/service/fronts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/service/push.h"
#include "daemon/service/routes.h"
#include "daemon/service/sessions.h"
#include "proto/base/log.h"

/* ---- Clients --------------------------------------------------------------------------------- */

/* The address as text, from what the front says; it goes into logs and keys. */
static void read_address(struct bytes payload, char out[64])
{
	size_t len = payload.len - 1 < 63 ? payload.len - 1 : 63;

	for (size_t i = 0; i < len; i++) {
		uint8_t c = payload.data[i + 1];

		out[i] = c > ' ' && c < 127 ? (char)c : '?';
	}
	out[len] = '\0';
}

static void on_opened(struct core *core, struct front *front, const struct channel_message *m)
{
	struct client *client;

	if (m->payload.len < 1 || client_find(core, m->conn) != NULL)
		return;
	client = mem_new(sizeof(*client));
	client->id = m->conn;
	client->front = front;
	read_address(m->payload, client->address);
	HASH_ADD(hh, core->clients, id, sizeof(client->id), client);
	core->moves++;
}

static void client_free(struct core *core, struct client *client)
{
	watch_end(client);
	if (client->files != NULL)
		client->files->gone(client->files);
	client_bind(core, client, (struct attempt_id){0});
	HASH_DEL(core->clients, client);
	core->moves++;
	free(client);
}

static void client_gone(struct core *core, struct client *client)
{
	client_log_out(core, client);
	client_free(core, client);
}

/* ---- Requests -------------------------------------------------------------------------------- */

/* What cannot be read has no id to reply to: the reason goes as id 0, then the connection ends. */
static void refuse_connection(struct core *core, struct client *client, enum err err)
{
	struct outbox *o = &client->front->outbox;
	wire_reply reply = EXAMD__V1__REPLY__INIT;

	log_event(LOG_CONN_DROPPED, F_TEXT("address", client->address), F_ERR(err));
	reply.error = (uint32_t)err;
	client_send(core, client, &reply);
	channel_put(&o->bytes, CHANNEL_CLOSE, client->id, (struct bytes){NULL, 0});
	outbox_mark(o, store_last(core->store));
}

static void reply_now(struct request *rq, enum err err)
{
	wire_reply refusal = EXAMD__V1__REPLY__INIT;
	wire_reply *reply = err == ERR_OK ? &rq->reply : &refusal;

	reply->id = rq->msg->id;
	reply->error = (uint32_t)err;
	if (err != ERR_OK && rq->detail != NULL)
		reply->detail = (char *)(uintptr_t)rq->detail; /* protobuf-c knows no const */
	client_send(rq->core, rq->client, reply);
}

void fronts_serve(struct core *core, struct client *client, struct bytes message)
{
	struct request rq = {.core = core, .client = client, .raw = message};
	wire_request *msg;
	size_t most = client->session != NULL ? FRAME_MOST : FRAME_MOST_BEFORE_LOGIN;
	enum err err = ERR_TOO_LARGE;

	if (message.len <= most)
		err = request_decode(message, &core->arena, &msg);
	if (err == ERR_OK && msg->id == 0)
		err = ERR_PROTOCOL;
	if (err != ERR_OK) {
		refuse_connection(core, client, err);
	} else {
		rq.msg = msg;
		examd__v1__reply__init(&rq.reply);
		err = route_dispatch(&rq);
		if (!rq.deferred)
			reply_now(&rq, err);
	}
	arena_reset(&core->arena);
	arena_reset(&core->scratch);
}

static void on_message(struct core *core, struct front *front, const struct channel_message *m)
{
	struct client *client = client_find(core, m->conn);

	if (m->kind == CHANNEL_OPENED) {
		on_opened(core, front, m);
		return;
	}
	if (client == NULL || client->front != front)
		return; /* of a connection that is gone */
	if (m->kind == CHANNEL_FRAME)
		fronts_serve(core, client, m->payload);
	else if (m->kind == CHANNEL_CLOSED)
		client_gone(core, client);
}

/* ---- Fronts ---------------------------------------------------------------------------------- */

static void front_free(struct front *front)
{
	struct core *core = front->core;
	struct front **at = &core->fronts;

	while (*at != front)
		at = &(*at)->next;
	*at = front->next;
	outbox_fini(&front->outbox);
	free(front);
}

/* All its connections are gone with it. */
static void lose_front(struct front *front)
{
	struct core *core = front->core;
	struct client *client, *next;

	log_event(LOG_CHANNEL_LOST, F_TEXT("to", "front"), F_INT("number", front->number));
	HASH_ITER (hh, core->clients, client, next)
		if (client->front == front)
			client_gone(core, client);
	front_free(front);
}

static void on_data(struct conn_user *user, struct buf *in)
{
	struct front *front = container_of(user, struct front, user);
	struct channel_message m;
	enum err err;

	while ((err = channel_peek(in, &m)) == ERR_OK) {
		on_message(front->core, front, &m);
		channel_take(in);
	}
	if (err == ERR_NOT_FOUND)
		return;
	conn_free(front->conn);
	lose_front(front);
}

static void on_closed(struct conn_user *user, enum conn_end why)
{
	(void)why;
	lose_front(container_of(user, struct front, user));
}

void core_add_front(struct core *core, int fd, uint32_t number, uint32_t pid)
{
	struct front *front;
	size_t n = 0;

	for (front = core->fronts; front != NULL; front = front->next)
		n++;
	if (n >= FRONTS_MOST) {
		log_event(LOG_CONN_REFUSED, F_TEXT("what", "front"), F_INT("number", number));
		close(fd);
		return;
	}
	front = mem_new(sizeof(*front));
	front->core = core;
	front->number = number;
	front->pid = pid;
	front->user = (struct conn_user){.on_data = on_data, .on_closed = on_closed};
	front->next = core->fronts;
	core->fronts = front;
	front->conn = conn_accept(core->loop, fd, NULL, SECONDS(5), &front->user);
}

void fronts_release(struct core *core)
{
	struct front *front, *next;

	for (front = core->fronts; front != NULL; front = next) {
		size_t before = conn_queued(front->conn);

		next = front->next;
		if (outbox_waiting(&front->outbox) == 0)
			continue;
		outbox_release(&front->outbox, core->committed, conn_out(front->conn));
		conn_written(front->conn);
		if (before <= CHANNEL_QUEUED_MOST)
			continue;
		conn_free(front->conn);
		lose_front(front);
	}
}

bool fronts_are_drained(const struct core *core)
{
	for (const struct front *f = core->fronts; f != NULL; f = f->next)
		if (outbox_waiting(&f->outbox) > 0 || conn_queued(f->conn) > 0)
			return false;
	return true;
}

void fronts_pause(struct core *core, bool pause)
{
	for (struct front *f = core->fronts; f != NULL; f = f->next)
		conn_pause_reading(f->conn, pause);
}

void fronts_free(struct core *core)
{
	struct client *client, *next;

	HASH_ITER (hh, core->clients, client, next)
		client_free(core, client);
	while (core->fronts != NULL) {
		conn_free(core->fronts->conn);
		front_free(core->fronts);
	}
}
