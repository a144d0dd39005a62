#include <stdlib.h>
#include <string.h>

#include "client/lib/client.h"

#define BEAT	     SECONDS(1)
#define STATUS_OLD   SECONDS(20)
#define SLEPT	     SECONDS(1)
#define BACK_OFF     ((struct millis){200})
#define BACK_OFF_TOP SECONDS(5)

/* ---- What is kept ------------------------------------------------------------------------ */

static void kept_set(struct kept *k, const ProtobufCMessage *message)
{
	struct buf packed = {0};

	arena_reset(&k->arena);
	k->message = NULL;
	if (message == NULL)
		return;
	message_put(&packed, message);
	/* It was decoded once, so it can be decoded again. */
	if (message_decode(message->descriptor, buf_bytes(&packed), &k->arena, &k->message) !=
	    ERR_OK)
		k->message = NULL;
	buf_fini(&packed);
}

const Examd__V1__Session *client_session(const struct exam_client *c)
{
	return (const Examd__V1__Session *)c->session.message;
}

const Examd__V1__Status *client_status(const struct exam_client *c)
{
	return (const Examd__V1__Status *)c->status.message;
}

bool client_is_closed(const struct exam_client *c)
{
	return c->state >= EXAMD__V1__ATTEMPT_STATE__SUBMITTED;
}

bool client_error_passes(enum err err)
{
	switch (err) {
	case ERR_BUSY:
	case ERR_TOO_MANY:
	case ERR_THROTTLED:
	case ERR_TIMEOUT:
	case ERR_CLOSED:
	case ERR_IO:
	case ERR_DISK_FULL:
	case ERR_UNDECIDED:
	case ERR_NO_MEMORY:
		return true;
	default:
		return false;
	}
}

void client_tell_entry(struct exam_client *c, enum entry_step step, enum err err,
		       const char *detail)
{
	if (c->hooks != NULL && c->hooks->on_entry != NULL)
		c->hooks->on_entry(c->hooks, step, err, detail);
}

void client_tell_change(struct exam_client *c)
{
	if (!c->changed)
		return;
	c->changed = false;
	if (c->hooks != NULL && c->hooks->on_change != NULL)
		c->hooks->on_change(c->hooks);
}

/* ---- Session ----------------------------------------------------------------------------- */

static void session_take(struct exam_client *c, const Examd__V1__Session *session)
{
	kept_set(&c->session, &session->base);
	if (session->token.len == TOKEN_BYTES) {
		memcpy(c->token, session->token.data, TOKEN_BYTES);
		c->has_token = true;
		if (c->keeps_session && c->link.has_pin)
			device_keep_token(&c->device, &c->whose, &c->link.pin, c->token);
	}
	c->seat_asked = session->takeover_asked;
	if (session->attempt > 0)
		hold_attempt(c, (struct attempt_id){session->attempt});
	c->changed = true;
}

void client_drop_session(struct exam_client *c)
{
	kept_set(&c->session, NULL);
	if (c->has_token && c->keeps_session)
		device_forget_token(&c->device, &c->whose);
	memset(c->token, 0, sizeof c->token);
	c->has_token = false;
	c->told_password = false;
	c->changed = true;
}

/* ---- Status and clock -------------------------------------------------------------------- */

static void clock_take(struct exam_client *c, const Examd__V1__Clock *clock)
{
	const Examd__V1__Status *status = client_status(c);

	if (clock->state == EXAMD__V1__ATTEMPT_STATE__ATTEMPT_STATE_NONE)
		return;
	c->remaining_ms = clock->remaining_ms;
	c->clock_read = boot_now();
	c->stopped = clock->stopped;
	c->part = clock->part;
	c->state = clock->state;
	if (clock->seat > 0)
		c->seat.v = clock->seat;
	/* The status says more than the clock: keys, the receipt. */
	if (status != NULL && (status->state != clock->state || status->part != clock->part))
		c->want_status = true;
	c->changed = true;
}

/* Is this status of the attempt that is held?  Another one comes after the first has closed. */
static bool status_is_ours(const struct exam_client *c, const Examd__V1__Status *status)
{
	return status->attempt > 0 &&
	       (c->attempt.v == 0 || c->attempt.v == status->attempt || client_is_closed(c));
}

static void status_take(struct exam_client *c, const Examd__V1__Status *status,
			const Examd__V1__Clock *clock, bool with_answers)
{
	if (!status_is_ours(c, status))
		return;
	kept_set(&c->status, &status->base);
	hold_attempt(c, (struct attempt_id){status->attempt});
	c->receipted = status->receipt != NULL;
	if (clock == NULL)
		c->state = status->state;
	c->want_status = false;
	c->status_read = mono_now();
	c->changed = true;
	hold_status(c, with_answers);
}

/* ---- The link's events ------------------------------------------------------------------- */

static void fill_hello(struct link_owner *o, Examd__V1__Hello *hello)
{
	struct exam_client *c = container_of(o, struct exam_client, owner);

	hello->client = c->program;
	hello->client_id = (ProtobufCBinaryData){CLIENT_ID, c->device.client_id};
	if (!c->has_token && c->keeps_session)
		c->has_token = device_read_token(&c->device, &c->whose, &c->link.pin, c->token);
	if (c->has_token)
		hello->token = (ProtobufCBinaryData){TOKEN_BYTES, c->token};
}

void client_taken_over(struct exam_client *c, const char *text)
{
	c->taken_over = true;
	c->take = false;
	client_tell_entry(c, ENTRY_TAKEN_OVER, ERR_SEAT_TAKEN, text);
}

/* The session is good and holds nothing, but it did before.  It must not ask for the seat by itself
 * when another client took over while this one was away. */
static bool lost_its_seat(const struct exam_client *c, const Examd__V1__HelloReply *hello)
{
	return hello->session != NULL && hello->session->attempt == 0 && hello->status == NULL &&
	       c->attempt.v > 0 && !c->taken_over && !client_is_closed(c);
}

static void on_hello(struct link_owner *o, const Examd__V1__Reply *reply)
{
	struct exam_client *c = container_of(o, struct exam_client, owner);
	const Examd__V1__HelloReply *hello = reply->hello;

	entry_greeted(c);
	if (hello->session != NULL)
		session_take(c, hello->session);
	else
		client_drop_session(c);
	if (reply->clock != NULL)
		clock_take(c, reply->clock);
	if (hello->status != NULL) {
		status_take(c, hello->status, reply->clock, true);
	} else {
		kept_set(&c->status, NULL);
		c->want_status = hello->session != NULL && hello->session->attempt > 0;
	}
	c->in_doubt = lost_its_seat(c, hello);
}

static void after_message(struct exam_client *c)
{
	entry_advance(c);
	hold_flush(c);
	client_tell_change(c);
}

static void on_state(struct link_owner *o, enum link_state state, enum err why)
{
	struct exam_client *c = container_of(o, struct exam_client, owner);

	if (c->hooks != NULL && c->hooks->on_link != NULL)
		c->hooks->on_link(c->hooks, state, why);
	if (state == LINK_UP)
		after_message(c);
}

static void on_reply(struct link_owner *o, const Examd__V1__Reply *reply)
{
	struct exam_client *c = container_of(o, struct exam_client, owner);

	if (reply->clock != NULL)
		clock_take(c, reply->clock);
	if (reply->error == 0 && reply->body_case == EXAMD__V1__REPLY__BODY_SESSION)
		session_take(c, reply->session);
	if (reply->error == 0 && reply->body_case == EXAMD__V1__REPLY__BODY_STATUS)
		status_take(c, reply->status, reply->clock, true);
	after_message(c);
}

/* What a notice means besides its text. */
static void notice_means(struct exam_client *c, const Examd__V1__Notice *notice)
{
	switch (notice->kind) {
	case EXAMD__V1__NOTICE_KIND__NOTICE_ADMITTED:
	case EXAMD__V1__NOTICE_KIND__NOTICE_STARTED:
	case EXAMD__V1__NOTICE_KIND__NOTICE_PART:
	case EXAMD__V1__NOTICE_KIND__NOTICE_CLOSED:
	case EXAMD__V1__NOTICE_KIND__NOTICE_VOIDED:
	case EXAMD__V1__NOTICE_KIND__NOTICE_RELEASED:
		c->want_status = notice->status == NULL;
		break;
	case EXAMD__V1__NOTICE_KIND__NOTICE_REOPENED:
		/* It has a new seat, which nobody holds, and waits for its client. */
		link_greet_again(&c->link);
		break;
	case EXAMD__V1__NOTICE_KIND__NOTICE_TAKEN_OVER:
		client_taken_over(c, notice->text);
		break;
	case EXAMD__V1__NOTICE_KIND__NOTICE_SEAT_GRANTED:
		c->seat_asked = false;
		link_greet_again(&c->link);
		break;
	case EXAMD__V1__NOTICE_KIND__NOTICE_SEAT_REFUSED:
		c->seat_asked = false;
		entry_refuse(c, ERR_SEAT_TAKEN, notice->text);
		break;
	case EXAMD__V1__NOTICE_KIND__NOTICE_LOGGED_OUT:
		client_drop_session(c);
		break;
	default:
		break;
	}
}

static void on_notice(struct link_owner *o, const Examd__V1__Reply *reply)
{
	struct exam_client *c = container_of(o, struct exam_client, owner);

	if (reply->clock != NULL)
		clock_take(c, reply->clock);
	if (reply->body_case == EXAMD__V1__REPLY__BODY_NOTICE) {
		const Examd__V1__Notice *notice = reply->notice;

		if (notice->status != NULL)
			status_take(c, notice->status, reply->clock, false);
		notice_means(c, notice);
		if (c->hooks != NULL && c->hooks->on_notice != NULL)
			c->hooks->on_notice(c->hooks, notice);
	}
	after_message(c);
}

/* ---- Once a second ----------------------------------------------------------------------- */

static int64_t asleep_so_far(void)
{
	return boot_now().v - mono_now().v;
}

static void on_beat(struct timer *t)
{
	struct exam_client *c = container_of(t, struct exam_client, beat);
	int64_t asleep = asleep_so_far();
	bool old = mono_left(mono_add(c->status_read, STATUS_OLD), mono_now()).v == 0;

	if (asleep - c->asleep_ms >= SLEPT.v) {
		c->want_status = c->attempt.v > 0;
		c->probing = true;
	}
	c->asleep_ms = asleep;
	if (link_is_up(&c->link) && old) {
		c->status_read = mono_now();
		if (c->seat_asked)
			link_greet_again(&c->link); /* the proctor's word may have been lost */
		else
			c->want_status |= client_status(c) != NULL && !client_is_closed(c);
	}
	timer_set(t, BEAT);
	after_message(c);
}

/* ---- The whole --------------------------------------------------------------------------- */

static void set_owner(struct exam_client *c, const struct exam_client_config *config)
{
	c->keeps_session = config->login_user != NULL || config->server.slip[0] != '\0';
	if (config->login_user != NULL)
		c->whose = device_owner("user", config->login_user);
	else
		c->whose = device_owner("slip", config->server.slip);
	if (config->client_id != NULL)
		memcpy(c->device.client_id, config->client_id, CLIENT_ID);
	if (config->token != NULL) {
		memcpy(c->token, config->token, TOKEN_BYTES);
		c->has_token = true;
	}
}

static enum err make_tls(const struct exam_client_config *config, struct tls **tls,
			 char detail[256])
{
	struct tls_trust trust = {
	    .pin = config->server.has_pin ? &config->server.pin : NULL,
	    .ca_file = config->ca_file,
	    .any = !config->server.has_pin && config->trust_any,
	};

	return tls_client_new(tls, &trust, detail);
}

static struct millis or_default(struct millis given, struct millis otherwise)
{
	return given.v > 0 ? given : otherwise;
}

enum err exam_client_new(struct exam_client **out, const struct exam_client_config *config,
			 char detail[256])
{
	struct exam_client *c = mem_new(sizeof *c);
	struct link_config link = {
	    .loop = config->loop,
	    .owner = &c->owner,
	    .host = config->server.host,
	    .port = config->server.port,
	    .name_is_verified = !config->server.has_pin && !config->trust_any,
	    .request_limit = or_default(config->request_limit, SECONDS(30)),
	    .back_off = or_default(config->back_off, BACK_OFF),
	    .back_off_most = or_default(config->back_off_most, BACK_OFF_TOP),
	};
	enum err err;

	detail[0] = '\0';
	if ((err = device_open(&c->device, config->state_dir)) != ERR_OK)
		goto out;
	if ((err = make_tls(config, &link.tls, detail)) != ERR_OK)
		goto out;
	c->owner = (struct link_owner){fill_hello, on_hello, on_state, on_reply, on_notice};
	c->hooks = config->user;
	c->program = mem_copy_text(config->program);
	c->server = config->server;
	c->rules_first = config->rules_first;
	c->asks_password = config->asks_password;
	set_owner(c, config);
	link_init(&c->link, &link);
	entry_init(c, config->loop);
	hold_init(c, config->loop);
	c->asleep_ms = asleep_so_far();
	c->status_read = mono_now();
	timer_init(&c->beat, config->loop, on_beat);
	timer_set(&c->beat, BEAT);
	*out = c;
	return ERR_OK;
out:
	device_fini(&c->device);
	free(c);
	return err;
}

void exam_client_free(struct exam_client *c)
{
	if (c == NULL)
		return;
	c->hooks = NULL;
	timer_fini(&c->beat);
	link_fini(&c->link);
	entry_fini(c);
	hold_fini(c);
	arena_fini(&c->session.arena);
	arena_fini(&c->status.arena);
	device_fini(&c->device);
	free(c->program);
	memset(c->token, 0, sizeof c->token);
	free(c);
}

void exam_client_call(struct exam_client *c, struct call *call, Examd__V1__Request *request,
		      bool resend)
{
	link_call(&c->link, call, request, resend, (struct millis){0});
}

void exam_client_command_id(uint8_t id[16])
{
	random_bytes(id, 16);
}

const uint8_t *exam_client_token(const struct exam_client *c)
{
	return c->has_token ? c->token : NULL;
}

void exam_client_forget_session(struct exam_client *c)
{
	client_drop_session(c);
	client_tell_change(c);
}

void exam_client_take(struct exam_client *c, int64_t sitting)
{
	c->take = true;
	c->failed = false;
	c->taken_over = false;
	c->take_sitting = sitting;
	entry_advance(c);
}

void exam_client_agree(struct exam_client *c)
{
	c->agreed = true;
	entry_advance(c);
}

void exam_client_log_in(struct exam_client *c, const char *user, const char *password)
{
	free(c->user);
	free(c->password);
	c->user = mem_copy_text(user);
	c->password = mem_copy_text(password);
	c->failed = false;
	entry_advance(c);
}

void exam_client_change_password(struct exam_client *c, const char *old_password,
				 const char *new_password)
{
	free(c->user);
	free(c->password);
	free(c->new_password);
	c->user = NULL;
	c->password = mem_copy_text(old_password);
	c->new_password = mem_copy_text(new_password);
	entry_advance(c);
}

const Examd__V1__Session *exam_client_session(const struct exam_client *c)
{
	return client_session(c);
}

const Examd__V1__Status *exam_client_status(const struct exam_client *c)
{
	return client_status(c);
}

struct millis exam_client_remaining(const struct exam_client *c)
{
	int64_t left = c->remaining_ms;

	if (c->state == EXAMD__V1__ATTEMPT_STATE__RUNNING && c->stopped == 0)
		left -= boot_now().v - c->clock_read.v;
	return (struct millis){left > 0 ? left : 0};
}

uint32_t exam_client_stopped(const struct exam_client *c)
{
	return c->stopped;
}

Examd__V1__AttemptState exam_client_state(const struct exam_client *c)
{
	return c->state;
}

struct digest exam_client_pin(const struct exam_client *c)
{
	return c->link.pin;
}
