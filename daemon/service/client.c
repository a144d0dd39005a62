#include <stdlib.h>
#include <string.h>

#include "daemon/service/people.h"
#include "daemon/service/render.h"
#include "daemon/service/service.h"
#include "daemon/service/sessions.h"

struct bound_attempt {
	struct attempt_id attempt;
	struct client *first;
	UT_hash_handle hh;
};

struct client *client_find(struct core *core, struct conn_id id)
{
	struct client *client;

	HASH_FIND(hh, core->clients, &id, sizeof(id), client);
	return client;
}

const struct person *client_person(const struct core *core, const struct client *client)
{
	return client->session == NULL ? NULL : people_find(core->people, client->session->person);
}

Examd__V1__Role client_role(const struct core *core, const struct client *client)
{
	const struct person *p = client_person(core, client);

	if (p == NULL || p->disabled)
		return EXAMD__V1__ROLE__ROLE_NONE;
	return client->session->sitting.v != 0 ? EXAMD__V1__ROLE__ROLE_CANDIDATE : p->role;
}

/* ---- Which clients are at an attempt --------------------------------------------------------- */

static struct bound_attempt *find_bound(const struct core *core, struct attempt_id attempt)
{
	struct bound_attempt *b;

	HASH_FIND(hh, core->bound, &attempt, sizeof(attempt), b);
	return b;
}

static void unbind(struct core *core, struct client *client)
{
	struct bound_attempt *b = find_bound(core, client->attempt);
	struct client **at = &b->first;

	while (*at != client)
		at = &(*at)->same_attempt;
	*at = client->same_attempt;
	client->same_attempt = NULL;
	client->attempt.v = 0;
	if (b->first == NULL) {
		HASH_DEL(core->bound, b);
		free(b);
	}
}

void client_bind(struct core *core, struct client *client, struct attempt_id attempt)
{
	struct bound_attempt *b;

	if (client->attempt.v == attempt.v)
		return;
	if (client->attempt.v != 0)
		unbind(core, client);
	if (attempt.v == 0)
		return;
	b = find_bound(core, attempt);
	if (b == NULL) {
		b = mem_new(sizeof(*b));
		b->attempt = attempt;
		HASH_ADD(hh, core->bound, attempt, sizeof(b->attempt), b);
	}
	client->attempt = attempt;
	client->same_attempt = b->first;
	b->first = client;
}

struct client *attempt_clients(const struct core *core, struct attempt_id attempt)
{
	struct bound_attempt *b = find_bound(core, attempt);

	return b != NULL ? b->first : NULL;
}

bool client_holds(const struct client *client, const struct attempt *a)
{
	const uint8_t *holder;

	if (a == NULL || client->session == NULL || client->attempt.v != attempt_id(a).v)
		return false;
	if (!attempt_is_open(a))
		return true; /* nothing to write: whoever may come may look */
	holder = attempt_client_id(a);
	return holder != NULL && memcmp(holder, client->client_id, CLIENT_SIZE) == 0;
}

struct client *attempt_holder(const struct core *core, const struct attempt *a)
{
	struct client *c = attempt_clients(core, attempt_id(a));

	while (c != NULL && !client_holds(c, a))
		c = c->same_attempt;
	return c;
}

/* ---- Sending -----------------------------------------------------------------------------------
 */

/* False, and nothing is queued: it is larger than a frame. */
static bool put(struct core *core, struct client *client, const wire_reply *reply)
{
	struct outbox *o = &client->front->outbox;
	size_t mark = channel_begin(&o->bytes, CHANNEL_FRAME, client->id);

	message_put(&o->bytes, &reply->base);
	if (buf_length(&o->bytes) - mark > CHANNEL_HEAD + FRAME_MOST) {
		channel_undo(&o->bytes, mark);
		return false;
	}
	channel_end(&o->bytes, mark);
	outbox_mark(o, store_last(core->store));
	return true;
}

void client_send(struct core *core, struct client *client, wire_reply *reply)
{
	Examd__V1__Clock clock = EXAMD__V1__CLOCK__INIT;
	wire_reply refusal = EXAMD__V1__REPLY__INIT;
	const struct attempt *a = NULL;

	if (core->failed)
		return;
	if (client->attempt.v != 0)
		a = engine_attempt(core->engine, client->attempt);
	if (client_holds(client, a)) {
		render_clock(core, a, &clock);
		reply->clock = &clock;
	}
	if (!put(core, client, reply)) {
		refusal.id = reply->id;
		refusal.error = ERR_TOO_LARGE;
		refusal.clock = reply->clock;
		(void)put(core, client, &refusal);
	}
	reply->clock = NULL;
}

void client_notify(struct core *core, struct client *client, Examd__V1__Notice *notice)
{
	wire_reply reply = EXAMD__V1__REPLY__INIT;

	reply.body_case = EXAMD__V1__REPLY__BODY_NOTICE;
	reply.notice = notice;
	client_send(core, client, &reply);
}
