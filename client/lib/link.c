#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/link.h"
#include "proto/base/mem.h"

#define CONNECT_LIMIT SECONDS(10)
#define TICK	      SECONDS(1)

#define TO(phase)     (1u << PHASE_##phase)
static const unsigned moves[PHASE_NPHASES] = {
    [PHASE_CONNECTING] = TO(GREETING) | TO(WAITING) | TO(REFUSED),
    [PHASE_GREETING] = TO(UP) | TO(WAITING) | TO(REFUSED) | TO(GREETING),
    [PHASE_UP] = TO(GREETING) | TO(WAITING) | TO(REFUSED),
    [PHASE_WAITING] = TO(CONNECTING) | TO(WAITING),
    [PHASE_REFUSED] = 0,
};

static void move(struct link *l, enum link_phase next)
{
	assert(moves[l->phase] & (1u << next));
	l->phase = next;
}

static struct millis shorter(struct millis a, struct millis b)
{
	return a.v < b.v ? a : b;
}

struct millis link_jitter(struct millis wait)
{
	uint32_t r;
	int64_t half = wait.v / 2;

	random_bytes(&r, sizeof r);
	return (struct millis){half + (int64_t)(r % (uint32_t)(wait.v - half + 1))};
}

/* ---- Calls ------------------------------------------------------------------------------- */

static void call_finish(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	free(call->packed);
	call->packed = NULL;
	call->next = NULL;
	call->on_reply(call, err, reply);
}

/* Hands every call of a list its error; the list may grow again meanwhile. */
static void finish_all(struct call *list, enum err err)
{
	while (list != NULL) {
		struct call *call = list;

		list = call->next;
		call_finish(call, err, NULL);
	}
}

static void list_add(struct call **list, struct call *call)
{
	while (*list != NULL)
		list = &(*list)->next;
	call->next = NULL;
	*list = call;
}

static void send_message(struct link *l, const uint8_t *message, size_t len)
{
	uint8_t head[4];

	u32_write(head, (uint32_t)len);
	conn_write(l->conn, head, sizeof head);
	conn_write(l->conn, message, len);
}

static void call_send(struct link *l, struct call *call)
{
	send_message(l, call->packed, call->packed_len);
	call->sent = true;
	call->sent_at = mono_now();
}

static void arm_tick(struct link *l)
{
	struct millis quarter = {l->request_limit.v / 4 + 1};

	if (!timer_is_set(&l->tick))
		timer_set(&l->tick, shorter(TICK, quarter));
}

void link_call(struct link *l, struct call *call, Examd__V1__Request *request, bool resend,
	       struct millis limit)
{
	request->id = ++l->last_id;
	call->id = request->id;
	call->resend = resend;
	call->sent = false;
	call->packed_len = examd__v1__request__get_packed_size(request);
	call->packed = mem_new(call->packed_len);
	call->until = mono_add(mono_now(), limit.v > 0 ? limit : l->request_limit);
	examd__v1__request__pack(request, call->packed);
	if (call->packed_len > FRAME_MOST || l->phase == PHASE_REFUSED) {
		list_add(&l->stillborn, call);
		timer_set(&l->tick, (struct millis){0});
		return;
	}
	list_add(&l->calls, call);
	if (l->phase == PHASE_UP && l->dying == ERR_OK)
		call_send(l, call);
	arm_tick(l);
}

/* The link went down: what may not be sent twice ends here. */
static void calls_lost(struct link *l)
{
	struct call *keep = NULL, *end = NULL, *list = l->calls;

	while (list != NULL) {
		struct call *call = list;

		list = call->next;
		call->sent = false;
		list_add(call->resend ? &keep : &end, call);
	}
	l->calls = keep;
	finish_all(end, ERR_TIMEOUT);
}

static void calls_send(struct link *l)
{
	struct mono_ms until = mono_add(mono_now(), l->request_limit);

	for (struct call *call = l->calls; call != NULL; call = call->next) {
		if (call->sent)
			continue;
		if (call->until.v < until.v && call->resend)
			call->until = until;
		call_send(l, call);
	}
}

static struct call *call_take(struct link *l, uint64_t id)
{
	for (struct call **at = &l->calls; *at != NULL; at = &(*at)->next) {
		struct call *call = *at;

		if (call->id == id) {
			*at = call->next;
			return call;
		}
	}
	return NULL;
}

/* ---- The connection ---------------------------------------------------------------------- */

static void connect_now(struct link *l);

/* Lost, or never reached. */
static void lost(struct link *l, enum err why)
{
	l->conn = NULL;
	l->dying = ERR_OK;
	move(l, PHASE_WAITING);
	timer_set(&l->again, link_jitter(l->wait));
	l->wait = shorter((struct millis){l->wait.v * 2}, l->back_off_most);
	calls_lost(l);
	l->owner->on_state(l->owner, LINK_WAITING, why);
}

static void refused(struct link *l, enum err why)
{
	struct call *list = l->calls;

	l->conn = NULL;
	l->dying = ERR_OK;
	move(l, PHASE_REFUSED);
	l->calls = NULL;
	finish_all(list, ERR_CLOSED);
	l->owner->on_state(l->owner, LINK_REFUSED, why);
}

/* End the connection once nobody works on it any more. */
static void end_soon(struct link *l, enum err why)
{
	if (l->dying != ERR_OK)
		return;
	l->dying = why;
	timer_set(&l->again, (struct millis){0});
}

static void end_now(struct link *l)
{
	enum err why = l->dying;

	conn_free(l->conn);
	l->conn = NULL;
	if (why == ERR_VERSION || why == ERR_UNTRUSTED)
		refused(l, why);
	else
		lost(l, why);
}

static void on_again(struct timer *t)
{
	struct link *l = container_of(t, struct link, again);

	if (l->dying != ERR_OK)
		end_now(l);
	else if (l->phase == PHASE_WAITING)
		connect_now(l);
}

static void connect_now(struct link *l)
{
	enum err err;

	move(l, PHASE_CONNECTING);
	l->told = ERR_OK;
	l->owner->on_state(l->owner, LINK_CONNECTING, ERR_OK);
	err = conn_connect(&l->conn, l->loop, l->host, l->port, l->tls, CONNECT_LIMIT, &l->user);
	if (err != ERR_OK)
		lost(l, err);
}

/* ---- Hello ------------------------------------------------------------------------------- */

static void greet(struct link *l)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__Hello hello = EXAMD__V1__HELLO__INIT;
	size_t len;
	uint8_t *packed;

	hello.min_version = hello.max_version = PROTOCOL_VERSION;
	l->owner->fill_hello(l->owner, &hello);
	request.id = l->hello_id = ++l->last_id;
	request.body_case = EXAMD__V1__REQUEST__BODY_HELLO;
	request.hello = &hello;
	len = examd__v1__request__get_packed_size(&request);
	packed = mem_new(len);
	examd__v1__request__pack(&request, packed);
	send_message(l, packed, len);
	free(packed);
	l->greeted = mono_now();
	arm_tick(l);
}

void link_greet_again(struct link *l)
{
	if ((l->phase != PHASE_UP && l->phase != PHASE_GREETING) || l->dying != ERR_OK)
		return;
	move(l, PHASE_GREETING); /* first: a call that is made now waits for the answer */
	calls_lost(l);
	greet(l);
}

static void on_ready(struct conn_user *user)
{
	struct link *l = container_of(user, struct link, user);

	l->pin = conn_peer_pin(l->conn);
	l->has_pin = true;
	move(l, PHASE_GREETING);
	greet(l);
}

static void hello_answered(struct link *l, const Examd__V1__Reply *reply)
{
	enum err err = err_from_number(reply->error);

	if (err == ERR_OK && (reply->body_case != EXAMD__V1__REPLY__BODY_HELLO ||
			      reply->hello->version != PROTOCOL_VERSION))
		err = ERR_VERSION;
	if (err != ERR_OK) {
		end_soon(l, err);
		return;
	}
	move(l, PHASE_UP);
	l->wait = l->back_off;
	l->owner->on_hello(l->owner, reply);
	l->owner->on_state(l->owner, LINK_UP, ERR_OK);
	if (l->phase == PHASE_UP)
		calls_send(l);
}

/* A reply to what was sent on an earlier connection never comes: it would be sent again first. */
static void note_round_trip(struct link *l, const struct call *call)
{
	int64_t ms = mono_now().v - call->sent_at.v;

	l->round_trip_ms = ms < 1 ? 1 : ms > INT32_MAX ? INT32_MAX : (uint32_t)ms;
}

/* ---- What comes -------------------------------------------------------------------------- */

static void handle(struct link *l, const Examd__V1__Reply *reply)
{
	struct call *call;

	if (reply->id == 0) {
		if (reply->body_case == EXAMD__V1__REPLY__BODY_NOTICE &&
		    reply->notice->kind == EXAMD__V1__NOTICE_KIND__NOTICE_RESTARTED)
			link_greet_again(l);
		else if (reply->error != 0)
			l->told = err_from_number(reply->error);
		else
			l->owner->on_notice(l->owner, reply);
		return;
	}
	if (l->phase == PHASE_GREETING) {
		/* What comes before the answer to Hello is about a request from before it: a core
		 * that has just started calls it out of turn.  It is sent again after Hello. */
		if (reply->id == l->hello_id)
			hello_answered(l, reply);
		return;
	}
	if ((call = call_take(l, reply->id)) == NULL)
		return;
	note_round_trip(l, call);
	l->owner->on_reply(l->owner, reply);
	call_finish(call, err_from_number(reply->error), reply);
}

static void on_data(struct conn_user *user, struct buf *in)
{
	struct link *l = container_of(user, struct link, user);
	struct bytes message;
	enum err err;

	while (l->dying == ERR_OK &&
	       (err = frame_peek(in, FRAME_MOST, &message)) != ERR_NOT_FOUND) {
		Examd__V1__Reply *reply;

		if (err == ERR_OK)
			err = reply_decode(message, &l->arena, &reply);
		if (err != ERR_OK) {
			end_soon(l, ERR_PROTOCOL);
			break;
		}
		frame_take(in);
		handle(l, reply);
		arena_reset(&l->arena);
	}
}

static enum err end_error(enum conn_end why)
{
	switch (why) {
	case CONN_END_PEER:
	case CONN_END_OURS:
		return ERR_CLOSED;
	case CONN_END_ERROR:
		return ERR_IO;
	case CONN_END_TIME:
		return ERR_TIMEOUT;
	case CONN_END_UNTRUSTED:
		return ERR_UNTRUSTED;
	}
	return ERR_IO;
}

static void on_closed(struct conn_user *user, enum conn_end why)
{
	struct link *l = container_of(user, struct link, user);
	enum err err = l->dying != ERR_OK ? l->dying : l->told != ERR_OK ? l->told : end_error(why);

	timer_stop(&l->again);
	l->conn = NULL;
	if (err == ERR_UNTRUSTED || err == ERR_VERSION)
		refused(l, err);
	else
		lost(l, err);
}

/* ---- Time limits ------------------------------------------------------------------------- */

/* A call whose time is over: one that may be sent again means that the connection is dead. */
static void look_at_calls(struct link *l, struct mono_ms now)
{
	struct call *over = NULL, **at = &l->calls;

	while (*at != NULL) {
		struct call *call = *at;

		if (call->until.v > now.v) {
			at = &call->next;
		} else if (call->resend) {
			if (call->sent)
				end_soon(l, ERR_TIMEOUT);
			at = &call->next;
		} else {
			*at = call->next;
			list_add(&over, call);
			if (call->sent)
				end_soon(l, ERR_TIMEOUT);
		}
	}
	finish_all(over, ERR_TIMEOUT);
}

static void finish_stillborn(struct link *l)
{
	struct call *list = l->stillborn;

	l->stillborn = NULL;
	while (list != NULL) {
		struct call *call = list;

		list = call->next;
		call_finish(call, call->packed_len > FRAME_MOST ? ERR_TOO_LARGE : ERR_CLOSED, NULL);
	}
}

static void on_tick(struct timer *t)
{
	struct link *l = container_of(t, struct link, tick);
	struct mono_ms now = mono_now();

	finish_stillborn(l);
	look_at_calls(l, now);
	if (l->phase == PHASE_GREETING &&
	    mono_left(mono_add(l->greeted, l->request_limit), now).v == 0)
		end_soon(l, ERR_TIMEOUT);
	if (l->calls != NULL || l->phase == PHASE_GREETING)
		arm_tick(l);
}

/* ---- The whole --------------------------------------------------------------------------- */

void link_init(struct link *l, const struct link_config *config)
{
	*l = (struct link){
	    .loop = config->loop,
	    .owner = config->owner,
	    .tls = config->tls,
	    .port = config->port,
	    .request_limit = config->request_limit,
	    .back_off = config->back_off,
	    .back_off_most = config->back_off_most,
	    .wait = config->back_off,
	    .user = {on_ready, on_data, on_closed},
	    .arena = {.cap = FRAME_ARENA_MOST},
	    .phase = PHASE_WAITING,
	};
	assert(strlen(config->host) < sizeof l->host);
	strcpy(l->host, config->host);
	l->server_name = config->name_is_verified ? l->host : NULL;
	timer_init(&l->again, l->loop, on_again);
	timer_init(&l->tick, l->loop, on_tick);
	timer_set(&l->again, (struct millis){0});
}

void link_fini(struct link *l)
{
	struct call *calls = l->calls, *over = l->stillborn;

	conn_free(l->conn);
	l->conn = NULL;
	timer_fini(&l->again);
	timer_fini(&l->tick);
	l->calls = l->stillborn = NULL;
	l->phase = PHASE_REFUSED;
	finish_all(calls, ERR_CLOSED);
	finish_all(over, ERR_CLOSED);
	tls_free(l->tls);
	arena_fini(&l->arena);
}

uint32_t link_round_trip(const struct link *l)
{
	return l->round_trip_ms;
}

bool link_is_up(const struct link *l)
{
	return l->phase == PHASE_UP && l->dying == ERR_OK;
}
