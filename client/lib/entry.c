/* The way in, from the link to a confirmed form.  Each row of the table says when a step is needed;
 * the first one that is needed is begun, one at a time.  Nothing else remembers how far it has
 * come, so a lost connection at any point is no special case. */
#include <stdlib.h>
#include <string.h>

#include "client/lib/client.h"

#define RETRY_FIRST ((struct millis){200})
#define RETRY_MOST  SECONDS(5)
#define PROBE_LIMIT SECONDS(5)

/* What the request of a step points to while it is packed. */
union step_body {
	Examd__V1__UseSlip use_slip;
	Examd__V1__LogIn log_in;
	Examd__V1__ChangePassword change_password;
	Examd__V1__CheckIn check_in;
	Examd__V1__GetStatus get_status;
	Examd__V1__GetResult get_result;
	Examd__V1__GetFormPiece get_form_piece;
	struct {
		Examd__V1__ConfirmForm confirm_form;
		ProtobufCBinaryData hashes[SEALED_PARTS_MOST];
	};
};

struct step {
	bool (*is_needed)(const struct exam_client *c);
	void (*ask)(struct exam_client *c, Examd__V1__Request *request, union step_body *body);
	/* The reply, error or not; errors that pass and a lost session were seen to before. */
	void (*on_reply)(struct exam_client *c, enum err err, const Examd__V1__Reply *reply);
	bool resend;
};

void entry_refuse(struct exam_client *c, enum err err, const char *detail)
{
	c->failed = true;
	c->take = false;
	client_tell_entry(c, ENTRY_REFUSED, err, detail);
}

void entry_wait(struct exam_client *c)
{
	if (c->retry_wait.v < RETRY_FIRST.v)
		c->retry_wait = RETRY_FIRST;
	timer_set(&c->retry, link_jitter(c->retry_wait));
	c->retry_wait.v *= 2;
	if (c->retry_wait.v > RETRY_MOST.v)
		c->retry_wait = RETRY_MOST;
}

static void went_on(struct exam_client *c)
{
	c->retry_wait = RETRY_FIRST;
}

/* ---- Log-in ------------------------------------------------------------------------------ */

static bool needs_slip(const struct exam_client *c)
{
	return c->take && client_session(c) == NULL && c->server.slip[0] != '\0';
}

static void ask_slip(struct exam_client *c, Examd__V1__Request *request, union step_body *b)
{
	Examd__V1__UseSlip *body = &b->use_slip;

	*body = (Examd__V1__UseSlip)EXAMD__V1__USE_SLIP__INIT;
	body->slip = c->server.slip;
	request->body_case = EXAMD__V1__REQUEST__BODY_USE_SLIP;
	request->use_slip = body;
}

static void forget(char **secret)
{
	if (*secret != NULL)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

static void forget_passwords(struct exam_client *c)
{
	free(c->user);
	c->user = NULL;
	forget(&c->password);
	forget(&c->new_password);
}

/* Where a person is there the password is asked for (again); elsewhere this is the end. */
static void want_password(struct exam_client *c, enum entry_step step, enum err err,
			  const char *detail)
{
	if (!c->asks_password || c->server.slip[0] != '\0') {
		entry_refuse(c, err, detail);
		return;
	}
	c->told_password = true;
	client_tell_entry(c, step, err, detail);
}

static void on_logged_in(struct exam_client *c, enum err err, const Examd__V1__Reply *reply)
{
	const Examd__V1__Session *session = client_session(c);

	if (err == ERR_NOT_OPEN) {
		client_tell_entry(c, ENTRY_NOT_OPEN_YET, err, reply->detail);
		entry_wait(c);
		return;
	}
	forget_passwords(c);
	if (err == ERR_LOGIN_FAILED) {
		want_password(c, ENTRY_PASSWORD_WANTED, err, reply->detail);
		return;
	}
	if (err != ERR_OK || session == NULL) {
		entry_refuse(c, err != ERR_OK ? err : ERR_PROTOCOL, reply->detail);
		return;
	}
	went_on(c);
	c->told_password = false;
	c->want_status = session->attempt > 0;
	client_tell_entry(c, ENTRY_LOGGED_IN, ERR_OK, reply->detail);
	if (session->takeover_asked)
		client_tell_entry(c, ENTRY_SEAT_ASKED, ERR_SEAT_TAKEN, reply->detail);
}

static bool needs_password(const struct exam_client *c)
{
	return c->user != NULL && client_session(c) == NULL;
}

static void ask_password(struct exam_client *c, Examd__V1__Request *request, union step_body *b)
{
	Examd__V1__LogIn *body = &b->log_in;

	*body = (Examd__V1__LogIn)EXAMD__V1__LOG_IN__INIT;
	body->user = c->user;
	body->password = c->password;
	request->body_case = EXAMD__V1__REQUEST__BODY_LOG_IN;
	request->log_in = body;
}

/* ---- A one-time password ----------------------------------------------------------------- */

static bool must_change(const struct exam_client *c)
{
	const Examd__V1__Session *session = client_session(c);

	return c->asks_password && session != NULL && session->password_must_change &&
	       session->sitting == 0;
}

static bool needs_change(const struct exam_client *c)
{
	return c->new_password != NULL && must_change(c);
}

static void ask_change(struct exam_client *c, Examd__V1__Request *request, union step_body *b)
{
	Examd__V1__ChangePassword *body = &b->change_password;

	*body = (Examd__V1__ChangePassword)EXAMD__V1__CHANGE_PASSWORD__INIT;
	body->old_password = c->password;
	body->new_password = c->new_password;
	request->body_case = EXAMD__V1__REQUEST__BODY_CHANGE_PASSWORD;
	request->change_password = body;
}

static void on_password_changed(struct exam_client *c, enum err err, const Examd__V1__Reply *reply)
{
	if (err == ERR_OK)
		return; /* the session says so: was_changed() */
	forget_passwords(c);
	want_password(c, ENTRY_PASSWORD_OLD, err, reply->detail);
}

/* The session is asked for nothing more; also when only the reply to the change was lost. */
static bool was_changed(const struct exam_client *c)
{
	return c->new_password != NULL && client_session(c) != NULL && !must_change(c);
}

static void go_on_changed(struct exam_client *c)
{
	forget_passwords(c);
	went_on(c);
	c->told_password = false;
	c->want_status = client_session(c)->attempt > 0;
	client_tell_entry(c, ENTRY_LOGGED_IN, ERR_OK, "");
}

/* ---- Check-in ---------------------------------------------------------------------------- */

static int64_t sitting_wanted(const struct exam_client *c)
{
	return c->take_sitting != 0 ? c->take_sitting : client_session(c)->sitting;
}

static bool needs_check_in(const struct exam_client *c)
{
	const Examd__V1__Session *session = client_session(c);

	return c->take && session != NULL && session->attempt == 0 && !c->seat_asked &&
	       !c->in_doubt && client_status(c) == NULL && sitting_wanted(c) != 0;
}

static void ask_check_in(struct exam_client *c, Examd__V1__Request *request, union step_body *b)
{
	Examd__V1__CheckIn *body = &b->check_in;

	*body = (Examd__V1__CheckIn)EXAMD__V1__CHECK_IN__INIT;
	exam_client_command_id(c->check_in_id);
	body->command_id = (ProtobufCBinaryData){sizeof c->check_in_id, c->check_in_id};
	body->sitting = c->take_sitting;
	request->body_case = EXAMD__V1__REQUEST__BODY_CHECK_IN;
	request->check_in = body;
}

static void on_checked_in(struct exam_client *c, enum err err, const Examd__V1__Reply *reply)
{
	switch (err) {
	case ERR_OK:
		went_on(c);
		if (client_status(c) == NULL)
			c->want_status = true;
		client_tell_entry(c, ENTRY_CHECKED_IN, ERR_OK, reply->detail);
		return;
	case ERR_SEAT_TAKEN:
		c->seat_asked = true;
		c->status_read = mono_now();
		client_tell_entry(c, ENTRY_SEAT_ASKED, err, reply->detail);
		return;
	case ERR_NOT_OPEN:
		client_tell_entry(c, ENTRY_NOT_OPEN_YET, err, reply->detail);
		entry_wait(c);
		return;
	default:
		entry_refuse(c, err, reply->detail);
	}
}

/* ---- Taken over, or closed? -------------------------------------------------------------- */

static bool is_in_doubt(const struct exam_client *c)
{
	return c->in_doubt && client_session(c) != NULL;
}

static void ask_outcome(struct exam_client *c, Examd__V1__Request *request, union step_body *b)
{
	Examd__V1__GetResult *body = &b->get_result;

	*body = (Examd__V1__GetResult)EXAMD__V1__GET_RESULT__INIT;
	body->attempt = c->attempt.v;
	request->body_case = EXAMD__V1__REQUEST__BODY_GET_RESULT;
	request->get_result = body;
}

/* An attempt that has a result is closed, whether it may be seen or not. */
static void on_outcome(struct exam_client *c, enum err err, const Examd__V1__Reply *reply)
{
	c->in_doubt = false;
	c->changed = true;
	if (err == ERR_OK && reply->body_case == EXAMD__V1__REPLY__BODY_RESULT) {
		c->state = reply->result->state;
		c->receipted = reply->result->receipt != NULL;
	} else if (err == ERR_NOT_RELEASED) {
		c->state = EXAMD__V1__ATTEMPT_STATE__CLOSED;
	} else {
		client_taken_over(c, reply->detail);
	}
}

/* ---- Status ------------------------------------------------------------------------------ */

static bool needs_status(const struct exam_client *c)
{
	return (c->want_status || c->probing) && client_session(c) != NULL && !c->taken_over;
}

static void ask_status(struct exam_client *c, Examd__V1__Request *request, union step_body *b)
{
	Examd__V1__GetStatus *body = &b->get_status;

	*body = (Examd__V1__GetStatus)EXAMD__V1__GET_STATUS__INIT;
	body->round_trip_ms = link_round_trip(&c->link);
	c->want_status = false;
	request->body_case = EXAMD__V1__REQUEST__BODY_GET_STATUS;
	request->get_status = body;
}

/* A refusal means that the log-in holds no attempt: the next Hello or notice tells more. */
static void on_status(struct exam_client *c, enum err err, const Examd__V1__Reply *reply)
{
	(void)reply;
	c->probing = false;
	c->want_status = false;
	if (err == ERR_OK)
		went_on(c);
}

/* ---- The form ---------------------------------------------------------------------------- */

static bool may_fetch(const struct exam_client *c)
{
	return client_session(c) != NULL && client_status(c) != NULL && !c->taken_over &&
	       (c->state == EXAMD__V1__ATTEMPT_STATE__ADMITTED ||
		c->state == EXAMD__V1__ATTEMPT_STATE__READY ||
		c->state == EXAMD__V1__ATTEMPT_STATE__RUNNING);
}

static bool needs_piece(const struct exam_client *c)
{
	uint32_t part, offset;

	return may_fetch(c) && sealed_form_missing(&c->form, &part, &offset);
}

static void ask_piece(struct exam_client *c, Examd__V1__Request *request, union step_body *b)
{
	Examd__V1__GetFormPiece *body = &b->get_form_piece;

	*body = (Examd__V1__GetFormPiece)EXAMD__V1__GET_FORM_PIECE__INIT;
	(void)sealed_form_missing(&c->form, &body->part, &body->offset);
	request->body_case = EXAMD__V1__REQUEST__BODY_GET_FORM_PIECE;
	request->get_form_piece = body;
}

static void on_piece(struct exam_client *c, enum err err, const Examd__V1__Reply *reply)
{
	if (err == ERR_OK && reply->body_case != EXAMD__V1__REPLY__BODY_FORM_PIECE)
		err = ERR_PROTOCOL;
	if (err == ERR_OK)
		err = sealed_form_add(&c->form, reply->form_piece);
	if (err != ERR_OK) {
		c->want_status = true; /* another form, or not admitted after all */
		entry_wait(c);
		return;
	}
	went_on(c);
	if (sealed_form_is_complete(&c->form))
		hold_status(c, false); /* its keys may be here already */
}

static bool rules_wait(const struct exam_client *c)
{
	return c->rules_first && !c->agreed && client_status(c)->rules[0] != '\0';
}

static bool needs_confirm(const struct exam_client *c)
{
	bool waited_for = c->state == EXAMD__V1__ATTEMPT_STATE__ADMITTED ||
			  (c->stopped & EXAMD__V1__STOP__STOP_NOT_STARTED) != 0;

	return may_fetch(c) && waited_for && !c->form_confirmed && !rules_wait(c) &&
	       sealed_form_is_complete(&c->form);
}

static void ask_confirm(struct exam_client *c, Examd__V1__Request *request, union step_body *b)
{
	Examd__V1__ConfirmForm *body = &b->confirm_form;

	*body = (Examd__V1__ConfirmForm)EXAMD__V1__CONFIRM_FORM__INIT;
	exam_client_command_id(c->confirm_id);
	body->command_id = (ProtobufCBinaryData){sizeof c->confirm_id, c->confirm_id};
	for (size_t i = 0; i < c->form.nparts; i++)
		b->hashes[i] = (ProtobufCBinaryData){32, c->form.parts[i].hash.b};
	body->hash = b->hashes;
	body->n_hash = c->form.nparts;
	request->body_case = EXAMD__V1__REQUEST__BODY_CONFIRM_FORM;
	request->confirm_form = body;
}

static void on_confirmed(struct exam_client *c, enum err err, const Examd__V1__Reply *reply)
{
	switch (err) {
	case ERR_OK:
		went_on(c);
		c->form_confirmed = true;
		if (c->state == EXAMD__V1__ATTEMPT_STATE__ADMITTED)
			c->want_status = true;
		client_tell_entry(c, ENTRY_CONFIRMED, ERR_OK, reply->detail);
		return;
	case ERR_WRONG_FORM:
		sealed_form_drop(&c->form);
		c->form_told = false;
		client_tell_entry(c, ENTRY_WRONG_FORM, err, reply->detail);
		/* fall through */
	default:
		c->want_status = true;
		entry_wait(c);
	}
}

/* ---- The table --------------------------------------------------------------------------- */

static const struct step steps[] = {
    {needs_slip, ask_slip, on_logged_in, false},
    {needs_password, ask_password, on_logged_in, false},
    {needs_change, ask_change, on_password_changed, false},
    {is_in_doubt, ask_outcome, on_outcome, false},
    {needs_check_in, ask_check_in, on_checked_in, true},
    {needs_status, ask_status, on_status, false},
    {needs_piece, ask_piece, on_piece, false},
    {needs_confirm, ask_confirm, on_confirmed, true},
};

static void on_step_reply(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct exam_client *c = container_of(call, struct exam_client, step_call);
	const struct step *step = c->step;

	c->step = NULL;
	if (reply == NULL)
		return; /* the link is down: the next Hello goes on */
	if (err == ERR_LOGIN_NEEDED) {
		client_drop_session(c);
		entry_wait(c);
	} else if (client_error_passes(err)) {
		c->want_status |= step->ask == ask_status;
		entry_wait(c);
	} else {
		step->on_reply(c, err, reply);
	}
	entry_advance(c);
	hold_flush(c);
	client_tell_change(c);
}

static void begin(struct exam_client *c, const struct step *step)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	union step_body body;
	struct millis limit = {c->probing ? PROBE_LIMIT.v : 0};

	c->step = step;
	step->ask(c, &request, &body);
	link_call(&c->link, &c->step_call, &request, step->resend, limit);
}

/* The session is gone and there is nothing to log in with. */
static bool is_locked_out(const struct exam_client *c)
{
	return c->take && client_session(c) == NULL && c->server.slip[0] == '\0' && c->user == NULL;
}

static void tell_form_held(struct exam_client *c)
{
	if (c->form_told || !sealed_form_is_complete(&c->form))
		return;
	c->form_told = true;
	client_tell_entry(c, ENTRY_FORM_HELD, ERR_OK, "");
}

/* Nothing else is allowed before the change. */
static bool waits_for_change(struct exam_client *c)
{
	if (was_changed(c))
		go_on_changed(c);
	if (!must_change(c) || c->new_password != NULL)
		return false;
	if (!c->told_password)
		want_password(c, ENTRY_PASSWORD_OLD, ERR_PASSWORD_CHANGE, "");
	return true;
}

void entry_advance(struct exam_client *c)
{
	tell_form_held(c);
	if (c->step != NULL || c->failed || timer_is_set(&c->retry) || !link_is_up(&c->link) ||
	    waits_for_change(c))
		return;
	for (size_t i = 0; i < COUNT(steps); i++) {
		if (steps[i].is_needed(c)) {
			begin(c, &steps[i]);
			return;
		}
	}
	if (is_locked_out(c) && !c->told_password)
		want_password(c, ENTRY_PASSWORD_WANTED, ERR_LOGIN_NEEDED, "");
}

void entry_greeted(struct exam_client *c)
{
	c->form_confirmed = false;
	c->probing = false;
	timer_stop(&c->retry);
}

static void on_retry(struct timer *t)
{
	struct exam_client *c = container_of(t, struct exam_client, retry);

	entry_advance(c);
	hold_flush(c);
}

void entry_init(struct exam_client *c, struct loop *loop)
{
	c->step_call.on_reply = on_step_reply;
	timer_init(&c->retry, loop, on_retry);
	went_on(c);
}

void entry_fini(struct exam_client *c)
{
	forget_passwords(c);
	timer_fini(&c->retry);
}
