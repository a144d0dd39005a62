#include "daemon/service/sessions.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/service/passwords.h"
#include "daemon/service/people.h"
#include "daemon/service/push.h"
#include "daemon/service/render.h"
#include "daemon/service/routes.h"
#include "daemon/service/texts.h"
#include "proto/base/log.h"

#define SERVER_NAME	 "examd 0.1.0"
#define CLIENT_NAME_MOST 64

struct slip {
	struct digest hmac;
	struct sitting_id sitting;
	struct person_id person;
	UT_hash_handle hh;
};

/* The sessions of a person, the oldest first. */
struct holder {
	struct person_id person;
	struct session *first;
	UT_hash_handle hh;
};

struct sessions {
	struct session *tokens;
	struct holder *holders; /* by person; nobody without a session */
	struct slip *slips;
};

struct sessions *sessions_new(void)
{
	return mem_new(sizeof(struct sessions));
}

static struct holder *find_holder(const struct sessions *s, struct person_id person)
{
	struct holder *h;

	HASH_FIND(hh, s->holders, &person, sizeof(person), h);
	return h;
}

static void insert(struct sessions *s, struct session *session)
{
	struct holder *h = find_holder(s, session->person);
	struct session **at;

	if (h == NULL) {
		h = mem_new(sizeof(*h));
		h->person = session->person;
		HASH_ADD(hh, s->holders, person, sizeof(h->person), h);
	}
	for (at = &h->first; *at != NULL; at = &(*at)->same_person)
		;
	*at = session;
	HASH_ADD(hh, s->tokens, token, sizeof(session->token), session);
}

static void extract(struct sessions *s, struct session *session)
{
	struct holder *h = find_holder(s, session->person);
	struct session **at = &h->first;

	while (*at != session)
		at = &(*at)->same_person;
	*at = session->same_person;
	HASH_DEL(s->tokens, session);
	if (h->first != NULL)
		return;
	HASH_DEL(s->holders, h);
	free(h);
}

static struct session *first_of(const struct sessions *s, struct person_id person)
{
	struct holder *h = find_holder(s, person);

	return h == NULL ? NULL : h->first;
}

void sessions_free(struct sessions *s)
{
	struct session *session, *next_session;
	struct slip *slip, *next_slip;

	if (s == NULL)
		return;
	HASH_ITER (hh, s->tokens, session, next_session) {
		extract(s, session);
		free(session);
	}
	HASH_ITER (hh, s->slips, slip, next_slip) {
		HASH_DEL(s->slips, slip);
		free(slip);
	}
	free(s);
}

void sessions_load(struct sessions *s, const struct store_session *row)
{
	struct session *session;

	HASH_FIND(hh, s->tokens, &row->token, sizeof(row->token), session);
	if (session != NULL)
		return;
	session = mem_new(sizeof(*session));
	session->token = row->token;
	session->person = row->person;
	session->sitting = row->sitting;
	memcpy(session->client_id, row->client_id, CLIENT_SIZE);
	session->made = row->made;
	insert(s, session);
}

/* ---- Slips ----------------------------------------------------------------------------------- */

static void drop_slips_of(struct sessions *s, struct sitting_id sitting, struct person_id person)
{
	struct slip *slip, *next;

	HASH_ITER (hh, s->slips, slip, next) {
		if (slip->sitting.v != sitting.v || slip->person.v != person.v)
			continue;
		HASH_DEL(s->slips, slip);
		free(slip);
	}
}

void sessions_load_slip(struct sessions *s, const struct store_slip *row)
{
	struct slip *slip = mem_new(sizeof(*slip));

	slip->hmac = row->hmac;
	slip->sitting = row->sitting;
	slip->person = row->person;
	HASH_ADD(hh, s->slips, hmac, sizeof(slip->hmac), slip);
}

void slip_make(struct core *core, struct sitting_id sitting, struct person_id person,
	       char out[SLIP_SYMBOLS + 1])
{
	struct store_change change = {.kind = CHANGE_SLIP};
	uint8_t random[(SLIP_SYMBOLS * 5 + 7) / 8];

	random_bytes(random, sizeof(random));
	base32_format(random, SLIP_SYMBOLS, out);
	change.u.slip.hmac = secrets_slip_hmac(&core->secrets, bytes_of_text(out));
	change.u.slip.sitting = sitting;
	change.u.slip.person = person;
	change.u.slip.made = service_wall(core);
	drop_slips_of(core->sessions, sitting, person);
	sessions_load_slip(core->sessions, &change.u.slip);
	service_put(core, &change);
}

static const struct slip *find_slip(const struct core *core, const char *typed)
{
	char canonical[SLIP_SYMBOLS + 1];
	struct digest hmac;
	struct slip *slip;

	if (base32_canonical(typed, SLIP_SYMBOLS, canonical) != ERR_OK)
		return NULL;
	hmac = secrets_slip_hmac(&core->secrets, bytes_of_text(canonical));
	HASH_FIND(hh, core->sessions->slips, &hmac, sizeof(hmac), slip);
	return slip;
}

/* ---- Sessions ----------------------------------------------------------------------------------
 */

/* No connection uses the session any more; each that did is told when TELL. */
static void detach(struct core *core, const struct session *session, bool tell)
{
	Examd__V1__Notice notice = EXAMD__V1__NOTICE__INIT;
	struct client *client, *next;

	notice.kind = EXAMD__V1__NOTICE_KIND__NOTICE_LOGGED_OUT;
	HASH_ITER (hh, core->clients, client, next) {
		if (client->session != session)
			continue;
		client_log_out(core, client);
		if (tell)
			client_notify(core, client, &notice);
	}
}

/* A session ends; KEEP_ROW: the store's row goes with those of the whole person. */
static void end_session(struct core *core, struct session *session, bool tell, bool keep_row)
{
	struct store_change change = {.kind = CHANGE_SESSION_END};

	detach(core, session, tell);
	change.u.session_end = session->token;
	if (!keep_row)
		service_put(core, &change);
	extract(core->sessions, session);
	free(session);
}

void sessions_end_of(struct core *core, struct person_id person, const struct session *keep)
{
	struct store_change change = {.kind = CHANGE_PERSON_SESSIONS_END};
	struct session *session, *next;

	change.u.person_sessions_end = person;
	if (keep == NULL)
		service_put(core, &change);
	for (session = first_of(core->sessions, person); session != NULL; session = next) {
		next = session->same_person;
		if (session != keep)
			end_session(core, session, true, keep == NULL);
	}
}

/* The same device with the same slip has one session, and a person has a bounded number: what the
 * new one replaces ends. */
static void make_room(struct core *core, const struct session *fresh)
{
	struct session *session, *next, *oldest = NULL;
	uint32_t count = 0;

	for (session = first_of(core->sessions, fresh->person); session != NULL; session = next) {
		next = session->same_person;
		if (session->sitting.v == fresh->sitting.v && fresh->sitting.v != 0 &&
		    memcmp(session->client_id, fresh->client_id, CLIENT_SIZE) == 0) {
			end_session(core, session, false, false);
			continue;
		}
		if (oldest == NULL)
			oldest = session;
		count++;
	}
	if (count >= core->settings.sessions_a_person && oldest != NULL)
		end_session(core, oldest, true, false);
}

static struct session *start_session(struct core *core, struct client *client,
				     struct person_id person, struct sitting_id sitting,
				     uint8_t token[TOKEN_SIZE])
{
	struct store_change change = {.kind = CHANGE_SESSION};
	struct session *session = mem_new(sizeof(*session));

	random_bytes(token, TOKEN_SIZE);
	session->token = digest_of(token, TOKEN_SIZE);
	session->person = person;
	session->sitting = sitting;
	memcpy(session->client_id, client->client_id, CLIENT_SIZE);
	session->made = service_wall(core);
	make_room(core, session);
	insert(core->sessions, session);
	change.u.session.token = session->token;
	change.u.session.person = person;
	change.u.session.sitting = sitting;
	memcpy(change.u.session.client_id, session->client_id, CLIENT_SIZE);
	change.u.session.made = session->made;
	service_put(core, &change);
	return session;
}

static struct session *find_token(const struct core *core, const ProtobufCBinaryData *token)
{
	struct session *session;
	struct digest d = digest_of(token->data, token->len);

	HASH_FIND(hh, core->sessions->tokens, &d, sizeof(d), session);
	return session;
}

/* ---- Clients come and go -----------------------------------------------------------------------
 */

/* The engine hears that nobody with this client id is at the attempt any more. */
static void leave_attempt(struct core *core, struct client *client)
{
	struct attempt_id attempt = client->attempt;
	struct event ev = service_event(core, EVENT_CLIENT_LEFT);
	bool held;

	if (attempt.v == 0)
		return;
	held = client_holds(client, engine_attempt(core->engine, attempt));
	client_bind(core, client, (struct attempt_id){0});
	for (const struct client *c = attempt_clients(core, attempt); c != NULL;
	     c = c->same_attempt)
		if (memcmp(c->client_id, client->client_id, CLIENT_SIZE) == 0)
			return;
	if (engine_attempt(core->engine, attempt) == NULL)
		return;
	ev.attempt = attempt;
	ev.client_id = client->client_id;
	if (service_decide_and_apply(core, &ev) != ERR_OK)
		return; /* it had no seat and waited for none */
	if (held)
		engine_client_here(core->engine, attempt, false, ev.now);
}

void client_log_out(struct core *core, struct client *client)
{
	leave_attempt(core, client);
	watch_end(client);
	client->session = NULL;
}

/* The same device is back on another connection: the old one is dead, whatever TCP thinks. */
static void replace_old_connection(struct core *core, struct client *client)
{
	struct client *old = attempt_clients(core, client->attempt), *next;

	for (; old != NULL; old = next) {
		next = old->same_attempt;
		if (old == client || memcmp(old->client_id, client->client_id, CLIENT_SIZE) != 0)
			continue;
		client_bind(core, old, (struct attempt_id){0});
		old->session = NULL;
		channel_put(&old->front->outbox.bytes, CHANNEL_CLOSE, old->id,
			    (struct bytes){NULL, 0});
		outbox_mark(&old->front->outbox, store_last(core->store));
	}
}

bool client_arrive(struct core *core, struct client *client, struct attempt_id attempt)
{
	struct event ev;
	enum err err;

	if (client->attempt.v != attempt.v)
		leave_attempt(core, client);
	client_bind(core, client, attempt);
	replace_old_connection(core, client);
	ev = service_event(core, EVENT_CLIENT_CAME);
	ev.attempt = attempt;
	ev.client_id = client->client_id;
	ev.by.person = client->session->person;
	if (engine_attempt(core->engine, attempt) == NULL)
		return false;
	err = service_decide_and_apply(core, &ev);
	if (err == ERR_OK)
		engine_client_here(core->engine, attempt, true, ev.now);
	return err == ERR_SEAT_TAKEN;
}

static bool is_holder(const struct attempt *a, const uint8_t *client_id)
{
	const uint8_t *holder = attempt_client_id(a);

	return holder != NULL && memcmp(holder, client_id, CLIENT_SIZE) == 0;
}

/* The attempt that a session stands for: that of the slip's sitting; else the last open one that
 * this device holds. */
static const struct attempt *attempt_of_session(const struct core *core,
						const struct session *session)
{
	const struct attempt *best = NULL, *a = NULL;

	if (session->sitting.v != 0)
		return engine_attempt_of(core->engine, session->sitting, session->person);
	while ((a = engine_attempt_after(core->engine, a)) != NULL)
		if (attempt_person(a).v == session->person.v && attempt_is_open(a) &&
		    is_holder(a, session->client_id))
			best = a;
	return best;
}

static void trust(struct core *core, struct client *client)
{
	struct outbox *o = &client->front->outbox;

	channel_put(&o->bytes, CHANNEL_TRUSTED, client->id, (struct bytes){NULL, 0});
	outbox_mark(o, store_last(core->store));
}

/* The client goes on with a session, and with the attempt that this stands for. */
static void adopt(struct core *core, struct client *client, struct session *session)
{
	const struct attempt *a = attempt_of_session(core, session);

	if (client->session != NULL && client->session != session)
		client_log_out(core, client);
	client->session = session;
	if (a != NULL)
		client_arrive(core, client, attempt_id(a));
	trust(core, client);
}

static void fill_session(const struct core *core, const struct client *client,
			 Examd__V1__Session *out, struct arena *arena)
{
	const struct person *p = client_person(core, client);
	const struct sitting *s = engine_sitting(core->engine, client->session->sitting);
	const struct attempt *a = engine_attempt(core->engine, client->attempt);
	const uint8_t *waiting = a != NULL ? attempt_waiting_client(a) : NULL;

	examd__v1__session__init(out);
	out->role = client_role(core, client);
	out->user = arena_copy_text(arena, p->user);
	out->name = arena_copy_text(arena, p->name);
	out->password_must_change = client->session->sitting.v == 0 && p->must_change;
	out->sitting = client->session->sitting.v;
	if (s != NULL)
		out->sitting_title = arena_copy_text(arena, text_get(core, sitting_title_row(s)));
	if (client_holds(client, a))
		out->attempt = attempt_id(a).v;
	out->takeover_asked =
	    waiting != NULL && memcmp(waiting, client->client_id, CLIENT_SIZE) == 0;
}

static Examd__V1__Session *new_session_message(struct core *core, const struct client *client,
					       const uint8_t *token)
{
	Examd__V1__Session *out = arena_new(&core->scratch, sizeof(*out));

	fill_session(core, client, out, &core->scratch);
	if (token != NULL)
		out->token = (ProtobufCBinaryData){TOKEN_SIZE,
						   arena_copy(&core->scratch, token, TOKEN_SIZE)};
	return out;
}

/* ---- Handlers ----------------------------------------------------------------------------------
 */

static bool token_is_good(const struct core *core, const struct client *client,
			  const struct session *session)
{
	const struct person *p;

	if (session == NULL || memcmp(session->client_id, client->client_id, CLIENT_SIZE) != 0)
		return false;
	p = people_find(core->people, session->person);
	return p != NULL && !p->disabled;
}

enum err on_hello(struct request *rq)
{
	struct core *core = rq->core;
	struct client *client = rq->client;
	const Examd__V1__Hello *hello = rq->msg->hello;
	Examd__V1__HelloReply *out = request_new(rq, sizeof(*out));
	struct session *session = NULL;

	if (hello->min_version > PROTOCOL_VERSION || hello->max_version < PROTOCOL_VERSION)
		return ERR_VERSION;
	if (hello->client_id.len != CLIENT_SIZE || strlen(hello->client) > CLIENT_NAME_MOST ||
	    (hello->token.len != 0 && hello->token.len != TOKEN_SIZE))
		return ERR_INVALID;
	if (client->greeted && memcmp(client->client_id, hello->client_id.data, CLIENT_SIZE) != 0)
		client_log_out(core, client);
	client->greeted = true;
	memcpy(client->client_id, hello->client_id.data, CLIENT_SIZE);
	if (hello->token.len == TOKEN_SIZE)
		session = find_token(core, &hello->token);
	if (token_is_good(core, client, session))
		adopt(core, client, session);
	else if (client->session != NULL)
		client_log_out(core, client);
	examd__v1__hello_reply__init(out);
	out->version = PROTOCOL_VERSION;
	out->server = request_text(rq, SERVER_NAME);
	if (client->session != NULL) {
		const struct attempt *a = engine_attempt(core->engine, client->attempt);

		out->session = new_session_message(core, client, NULL);
		if (client_holds(client, a))
			out->status = render_status(core, a, &core->scratch);
	}
	rq->reply.body_case = EXAMD__V1__REPLY__BODY_HELLO;
	rq->reply.hello = out;
	return ERR_OK;
}

enum err on_use_slip(struct request *rq)
{
	struct core *core = rq->core;
	struct client *client = rq->client;
	struct mono_ms now = clock_mono(&core->clock);
	uint8_t token[TOKEN_SIZE];
	const struct person *p;
	const struct slip *slip;

	if (!throttle_allows(&core->throttle, client->address, "", now))
		return ERR_THROTTLED;
	slip = find_slip(core, rq->msg->use_slip->slip);
	p = slip != NULL ? people_find(core->people, slip->person) : NULL;
	if (p == NULL) {
		throttle_failed(&core->throttle, client->address, "", now);
		log_event(LOG_LOGIN_REFUSED, F_TEXT("by", "slip"),
			  F_TEXT("address", client->address));
		return ERR_LOGIN_FAILED;
	}
	if (p->disabled)
		return ERR_DISABLED;
	throttle_succeeded(&core->throttle, client->address, "");
	adopt(core, client, start_session(core, client, slip->person, slip->sitting, token));
	rq->reply.body_case = EXAMD__V1__REPLY__BODY_SESSION;
	rq->reply.session = new_session_message(core, client, token);
	sodium_memzero(token, sizeof(token));
	log_event(LOG_LOGIN, F_TEXT("by", "slip"), F_INT("sitting", client->session->sitting.v));
	return ERR_OK;
}

/* A password that is being hashed, and what its outcome decides. */
struct login {
	struct password_job hashing;
	struct password_task tasks[3];
	struct core *core;
	struct ticket ticket;
	struct person_id person; /* 0: unknown */
	char *user;		 /* owned */
	char address[64];
	/* What it comes to, once the hashes are there: the reply is filled in, or why not. */
	enum err (*outcome)(struct login *l, struct client *client, wire_reply *reply);
};

static void login_free(struct login *l)
{
	free(l->user);
	free(l);
}

static struct login *login_new(struct request *rq, const char *user, const struct person *p,
			       const char *password)
{
	struct login *l = mem_new(sizeof(*l));

	l->core = rq->core;
	l->user = mem_copy_text(user);
	memcpy(l->address, rq->client->address, sizeof(l->address));
	if (p != NULL) {
		l->person = p->id;
		memcpy(l->tasks[0].hash, p->hash,
		       strlen(p->hash) < PASSWORD_HASH_SIZE ? strlen(p->hash) : 0);
	}
	l->tasks[0].what = PASSWORD_CHECK;
	l->tasks[0].password = mem_copy_text(password);
	l->hashing.tasks = l->tasks;
	l->hashing.ntasks = 1;
	return l;
}

/* Counted as a failure until the outcome is known, so that many tries at once are no way around the
 * delay. */
static enum err login_submit(struct request *rq, struct login *l)
{
	struct core *core = rq->core;
	enum err err = passwords_submit(core, &l->hashing);

	if (err != ERR_OK) {
		for (size_t i = 0; i < l->hashing.ntasks; i++)
			password_wipe(l->tasks[i].password);
		login_free(l);
		return err;
	}
	throttle_failed(&core->throttle, l->address, l->user, clock_mono(&core->clock));
	l->ticket = request_defer(rq);
	rq->client->hashing = true;
	return ERR_OK;
}

static void on_hashed(struct password_job *job)
{
	struct login *l = container_of(job, struct login, hashing);
	struct client *client = ticket_client(l->core, &l->ticket);
	wire_reply reply = EXAMD__V1__REPLY__INIT;
	enum err err = ERR_BUSY;

	if (client != NULL) {
		client->hashing = false;
		if (job->was_run)
			err = l->outcome(l, client, &reply);
		ticket_reply(l->core, &l->ticket, err, NULL, &reply);
	}
	login_free(l);
}

static enum err login_outcome(struct login *l, struct client *client, wire_reply *reply)
{
	struct core *core = l->core;
	const struct person *p = people_find(core->people, l->person);
	uint8_t token[TOKEN_SIZE];

	if (!l->tasks[0].good || p == NULL) {
		log_event(LOG_LOGIN_REFUSED, F_TEXT("by", "password"),
			  F_TEXT("address", l->address));
		return ERR_LOGIN_FAILED;
	}
	throttle_succeeded(&core->throttle, l->address, l->user);
	if (p->disabled)
		return ERR_DISABLED;
	adopt(core, client, start_session(core, client, p->id, (struct sitting_id){0}, token));
	reply->body_case = EXAMD__V1__REPLY__BODY_SESSION;
	reply->session = new_session_message(core, client, token);
	sodium_memzero(token, sizeof(token));
	log_event(LOG_LOGIN, F_TEXT("by", "password"), F_TEXT("address", l->address));
	return ERR_OK;
}

enum err on_log_in(struct request *rq)
{
	struct core *core = rq->core;
	const Examd__V1__LogIn *in = rq->msg->log_in;
	struct login *l;

	if (in->user[0] == '\0' || strlen(in->user) > USER_MOST ||
	    strlen(in->password) > PASSWORD_MOST)
		return ERR_INVALID;
	if (rq->client->hashing)
		return ERR_TOO_MANY;
	if (!throttle_allows(&core->throttle, rq->client->address, in->user,
			     clock_mono(&core->clock)))
		return ERR_THROTTLED;
	l = login_new(rq, in->user, people_find_user(core->people, in->user), in->password);
	l->hashing.done = on_hashed;
	l->outcome = login_outcome;
	return login_submit(rq, l);
}

static enum err change_outcome(struct login *l, struct client *client, wire_reply *reply)
{
	struct core *core = l->core;
	const struct person *p = people_find(core->people, l->person);

	if (p == NULL || client->session == NULL || client->session->person.v != l->person.v)
		return ERR_LOGIN_FAILED;
	if (l->tasks[0].good) {
		people_put_password(core, p->id, l->tasks[1].hash, false);
		sessions_end_of(core, p->id, client->session);
	} else if (!l->tasks[2].good || p->must_change) {
		return ERR_LOGIN_FAILED;
	} /* else it was changed before, and the reply to that was lost: done */
	throttle_succeeded(&core->throttle, l->address, l->user);
	reply->body_case = EXAMD__V1__REPLY__BODY_SESSION;
	reply->session = new_session_message(core, client, NULL);
	return ERR_OK;
}

enum err on_change_password(struct request *rq)
{
	struct core *core = rq->core;
	const Examd__V1__ChangePassword *in = rq->msg->change_password;
	const struct person *p = request_person(rq);
	struct login *l;
	enum err err;

	if (strlen(in->old_password) > PASSWORD_MOST)
		return ERR_INVALID;
	if ((err = password_acceptable(in->new_password)) != ERR_OK)
		return err;
	if (strcmp(in->old_password, in->new_password) == 0) {
		rq->detail = "The new password must be another one.";
		return ERR_PASSWORD_WEAK;
	}
	if (rq->client->hashing)
		return ERR_TOO_MANY;
	if (!throttle_allows(&core->throttle, rq->client->address, p->user,
			     clock_mono(&core->clock)))
		return ERR_THROTTLED;
	l = login_new(rq, p->user, p, in->old_password);
	l->tasks[1].what = PASSWORD_MAKE;
	l->tasks[1].password = mem_copy_text(in->new_password);
	l->tasks[2].what = PASSWORD_CHECK;
	l->tasks[2].password = mem_copy_text(in->new_password);
	memcpy(l->tasks[2].hash, l->tasks[0].hash, PASSWORD_HASH_SIZE);
	l->hashing.ntasks = 3;
	l->hashing.done = on_hashed;
	l->outcome = change_outcome;
	return login_submit(rq, l);
}

enum err on_log_out(struct request *rq)
{
	end_session(rq->core, rq->client->session, false, false);
	return ERR_OK;
}
