/* The rules of the core, through the messages of clients. */
#include <setjmp.h>
#include <stdarg.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/service/archive.h"
#include "daemon/service/dormant.h"
#include "daemon/service/harness.h"
#include "daemon/service/people.h"
#include "daemon/service/push.h"
#include "daemon/service/routes.h"
#include "daemon/service/sessions.h"
#include "daemon/service/texts.h"
#include "proto/base/log.h"
#include "proto/wire/seal.h"

#define BANK "questions/banks/cpc-style.yaml"
#define EXAM "questions/banks/cpc-short.yaml"

#define REQUEST(field, BODY, Type, Init)                                                           \
	wire_request request = EXAMD__V1__REQUEST__INIT;                                           \
	Type in = Init;                                                                            \
	request.body_case = EXAMD__V1__REQUEST__BODY_##BODY;                                       \
	request.field = &in

static int begin(void **state)
{
	*state = harness_new();
	return 0;
}

static int end(void **state)
{
	harness_free(*state);
	return 0;
}

/* ---- A room -----------------------------------------------------------------------------------
 */

struct room {
	struct person_id anna, ben;
	struct sitting_id sitting;
	struct fake_client *a, *b;
};

/* An open sitting of two, everybody admitted. */
static struct room room_new(struct harness *h)
{
	struct room r;
	struct person_id who[2];

	harness_load(h, BANK, EXAM);
	who[0] = r.anna = harness_person(h, "anna", EXAMD__V1__ROLE__ROLE_CANDIDATE, NULL);
	who[1] = r.ben = harness_person(h, "ben", EXAMD__V1__ROLE__ROLE_CANDIDATE, NULL);
	r.sitting = harness_sitting(h, "cpc-short", who, 2);
	assert_int_equal(
	    harness_room(h, r.sitting, (struct attempt_id){0}, VERB_OPEN, (struct millis){0}),
	    ERR_OK);
	assert_int_equal(
	    harness_room(h, r.sitting, (struct attempt_id){0}, VERB_ADMIT, (struct millis){0}),
	    ERR_OK);
	r.a = client_connect(h, "anna's laptop", "10.0.0.1");
	r.b = client_connect(h, "ben's laptop", "10.0.0.2");
	return r;
}

static void room_start(struct harness *h, struct room *r)
{
	client_ready(r->a, r->sitting, r->anna);
	client_ready(r->b, r->sitting, r->ben);
	assert_int_equal(
	    harness_room(h, r->sitting, (struct attempt_id){0}, VERB_START, (struct millis){0}),
	    ERR_OK);
}

static const wire_reply *get_status(struct fake_client *c)
{
	REQUEST(get_status, GET_STATUS, Examd__V1__GetStatus, EXAMD__V1__GET_STATUS__INIT);

	return client_ask(c, &request);
}

static const wire_reply *submit(struct fake_client *c, uint8_t command)
{
	REQUEST(submit, SUBMIT, Examd__V1__Submit, EXAMD__V1__SUBMIT__INIT);

	in.command_id = command_of(c, command);
	return client_ask(c, &request);
}

static void assert_ack(const wire_reply *reply, enum err expected)
{
	assert_int_equal(reply->error, ERR_OK);
	assert_int_equal(reply->body_case, EXAMD__V1__REPLY__BODY_ANSWER_ACKS);
	assert_int_equal(reply->answer_acks->n_acks, 1);
	assert_int_equal(reply->answer_acks->acks[0]->error, expected);
}

/* ---- Durable first ------------------------------------------------------------------------------
 */

static void test_no_reply_before_its_record_is_on_disk(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	Examd__V1__Answer answer = EXAMD__V1__ANSWER__INIT, *answers[] = {&answer};
	uint32_t chosen = 0;
	uint64_t id;
	const struct attempt *a;
	REQUEST(put_answers, PUT_ANSWERS, Examd__V1__PutAnswers, EXAMD__V1__PUT_ANSWERS__INIT);

	room_start(h, &r);
	a = engine_attempt_of(h->core->engine, r.sitting, r.anna);
	answer.seat = answer.revision = 1;
	answer.chosen = &chosen;
	answer.n_chosen = 1;
	in.answers = answers;
	in.n_answers = 1;
	harness_hold_commits(true);
	id = client_tell(r.a, &request);
	harness_run(h, 30);
	assert_int_equal(attempt_answered(a), 1); /* it was carried out ... */
	assert_null(client_reply(r.a, id));	  /* ... and nobody is told */
	harness_hold_commits(false);
	harness_drain(h);
	assert_non_null(client_reply(r.a, id));
	assert_ack(client_reply(r.a, id), ERR_OK);
}

static uint64_t tell_list_exams(struct fake_client *c)
{
	REQUEST(list_exams, LIST_EXAMS, Examd__V1__ListExams, EXAMD__V1__LIST_EXAMS__INIT);

	return client_tell(c, &request);
}

static void test_no_reader_sees_what_is_not_on_disk(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	uint64_t written, read;
	REQUEST(submit, SUBMIT, Examd__V1__Submit, EXAMD__V1__SUBMIT__INIT);

	room_start(h, &r);
	in.command_id = command_of(r.a, 9);
	harness_hold_commits(true);
	written = client_tell(r.a, &request);
	harness_run(h, 10);
	read = tell_list_exams(r.b);
	harness_run(h, 20);
	assert_null(client_reply(r.a, written));
	assert_null(client_reply(r.b, read));
	harness_hold_commits(false);
	harness_drain(h);
	assert_non_null(client_reply(r.a, written));
	assert_non_null(client_reply(r.b, read));
}

static void test_an_idle_store_holds_nobody_up(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = client_connect(h, "a device", "10.0.0.1");

	harness_drain(h);
	harness_hold_commits(true); /* there is nothing to commit */
	assert_int_equal(client_hello(c)->error, ERR_OK);
}

static void test_after_an_undecided_commit_nothing_leaves(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	size_t before;
	REQUEST(submit, SUBMIT, Examd__V1__Submit, EXAMD__V1__SUBMIT__INIT);

	room_start(h, &r);
	before = r.a->nreceived + r.b->nreceived;
	in.command_id = command_of(r.a, 9);
	client_tell(r.a, &request);
	tell_list_exams(r.b);
	harness_fail_commits();
	while (core_status(h->core) < 0)
		loop_run(core_loop(h->core)); /* it ends by itself */
	assert_int_equal(core_status(h->core), CORE_RESTART);
	harness_run(h, 20);
	assert_int_equal(r.a->nreceived + r.b->nreceived, before);
}

static void test_replies_come_in_the_order_of_the_requests(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	uint64_t ids[20];
	size_t at = 0;

	room_start(h, &r);
	for (size_t i = 0; i < 20; i++) {
		REQUEST(get_status, GET_STATUS, Examd__V1__GetStatus, EXAMD__V1__GET_STATUS__INIT);

		ids[i] = client_tell(r.a, &request);
	}
	harness_drain(h);
	for (size_t i = 0; i < r.a->nreceived; i++)
		if (at < 20 && r.a->received[i].msg->id == ids[at])
			at++;
	assert_int_equal(at, 20);
}

/* ---- Permission ------------------------------------------------------------------------------ */

#define S (1u << 0)
#define C (1u << 1)
#define P (1u << 2)
#define I (1u << 3)
#define A (1u << 4)

/* Who may send what, said again from the protocol's manual: bits by number of the role. */
static const struct {
	Examd__V1__Request__BodyCase body;
	unsigned who;
} expected[] = {
    {EXAMD__V1__REQUEST__BODY_HELLO, S | C | P | I | A},
    {EXAMD__V1__REQUEST__BODY_LOG_IN, S | C | P | I | A},
    {EXAMD__V1__REQUEST__BODY_USE_SLIP, S | C | P | I | A},
    {EXAMD__V1__REQUEST__BODY_CHANGE_PASSWORD, C | P | I | A},
    {EXAMD__V1__REQUEST__BODY_LOG_OUT, C | P | I | A},
    {EXAMD__V1__REQUEST__BODY_LIST_EXAMS, C | P | I | A},
    {EXAMD__V1__REQUEST__BODY_LIST_ATTEMPTS, C | P | I | A},
    {EXAMD__V1__REQUEST__BODY_CHECK_IN, C},
    {EXAMD__V1__REQUEST__BODY_GET_FORM_PIECE, C},
    {EXAMD__V1__REQUEST__BODY_CONFIRM_FORM, C},
    {EXAMD__V1__REQUEST__BODY_PUT_ANSWERS, C},
    {EXAMD__V1__REQUEST__BODY_GET_ANSWERS, C},
    {EXAMD__V1__REQUEST__BODY_GET_STATUS, C},
    {EXAMD__V1__REQUEST__BODY_LEAVE_PART, C},
    {EXAMD__V1__REQUEST__BODY_SUBMIT, C},
    {EXAMD__V1__REQUEST__BODY_TAKE_BREAK, C},
    {EXAMD__V1__REQUEST__BODY_END_BREAK, C},
    {EXAMD__V1__REQUEST__BODY_GET_RESULT, C},
    {EXAMD__V1__REQUEST__BODY_GET_REVIEW, C},
    {EXAMD__V1__REQUEST__BODY_REPORT_EVENT, C},
    {EXAMD__V1__REQUEST__BODY_PRACTICE_START, C},
    {EXAMD__V1__REQUEST__BODY_PRACTICE_RESUME, C},
    {EXAMD__V1__REQUEST__BODY_REVEAL, C},
};

static unsigned expected_who(Examd__V1__Request__BodyCase body)
{
	for (size_t i = 0; i < COUNT(expected); i++)
		if (expected[i].body == body)
			return expected[i].who;
	return 0;
}

/* An empty message for a member of Request's oneof. */
static bool empty_request(unsigned body, wire_request *request)
{
	const ProtobufCFieldDescriptor *f =
	    protobuf_c_message_descriptor_get_field(&examd__v1__request__descriptor, body);
	const ProtobufCMessageDescriptor *type;
	ProtobufCMessage *msg;

	examd__v1__request__init(request);
	if (f == NULL || f->type != PROTOBUF_C_TYPE_MESSAGE)
		return false;
	type = f->descriptor;
	msg = mem_new(type->sizeof_message);
	type->message_init(msg);
	request->body_case = (Examd__V1__Request__BodyCase)body;
	memcpy((char *)request + f->offset, &msg, sizeof(msg));
	return true;
}

static void free_empty(unsigned body, wire_request *request)
{
	const ProtobufCFieldDescriptor *f =
	    protobuf_c_message_descriptor_get_field(&examd__v1__request__descriptor, body);
	void *msg;

	memcpy(&msg, (char *)request + f->offset, sizeof(msg));
	free(msg);
}

/* A connection of a role that has said Hello. */
static struct fake_client *connect_as(struct harness *h, Examd__V1__Role role)
{
	static const char *const users[] = {"", "candy", "petra", "ines", "adam"};
	static unsigned device;
	char name[32];
	struct fake_client *c;

	snprintf(name, sizeof(name), "device %u", ++device);
	c = client_connect(h, name, "10.0.0.9");
	assert_int_equal(client_hello(c)->error, ERR_OK);
	if (role != EXAMD__V1__ROLE__ROLE_NONE)
		assert_int_equal(client_log_in_as(c, users[role], "correct horse")->error, ERR_OK);
	return c;
}

static void make_roles(struct harness *h)
{
	harness_person(h, "candy", EXAMD__V1__ROLE__ROLE_CANDIDATE, "correct horse");
	harness_person(h, "petra", EXAMD__V1__ROLE__ROLE_PROCTOR, "correct horse");
	harness_person(h, "ines", EXAMD__V1__ROLE__ROLE_INSTRUCTOR, "correct horse");
	harness_person(h, "adam", EXAMD__V1__ROLE__ROLE_ADMIN, "correct horse");
}

static bool is_refusal(enum err err)
{
	return err == ERR_FORBIDDEN || err == ERR_LOGIN_NEEDED;
}

/* Staff's requests from EXAMD__V1__REQUEST__BODY_UPLOAD on: nobody below a proctor. */
static void check_row(struct fake_client *c, Examd__V1__Role role, unsigned body)
{
	wire_request request;
	enum err err;
	bool may = (expected_who((Examd__V1__Request__BodyCase)body) & (1u << role)) != 0;

	if (!empty_request(body, &request))
		return;
	if (body >= EXAMD__V1__REQUEST__BODY_UPLOAD && role >= EXAMD__V1__ROLE__ROLE_PROCTOR) {
		free_empty(body, &request);
		return; /* test_staff.c */
	}
	err = (enum err)client_ask(c, &request)->error;
	free_empty(body, &request);
	if (may && is_refusal(err))
		fail_msg("role %d may send %u and was refused", role, body);
	if (!may && err != (role == 0 ? ERR_LOGIN_NEEDED : ERR_FORBIDDEN))
		fail_msg("role %d may not send %u and got %s", role, body, err_name(err));
}

static void test_every_request_is_only_for_its_roles(void **state)
{
	struct harness *h = *state;

	make_roles(h);
	for (Examd__V1__Role role = 0; role <= EXAMD__V1__ROLE__ROLE_ADMIN; role++) {
		struct fake_client *c = connect_as(h, role);

		for (unsigned body = 1; body < 100; body++) {
			if (body == EXAMD__V1__REQUEST__BODY_LOG_OUT ||
			    body == EXAMD__V1__REQUEST__BODY_HELLO)
				continue; /* below: they end the session */
			check_row(c, role, body);
		}
		check_row(c, role, EXAMD__V1__REQUEST__BODY_LOG_OUT);
	}
}

static void test_unknown_and_forbidden_look_alike(void **state)
{
	struct harness *h = *state;
	struct fake_client *c;
	wire_request unknown = EXAMD__V1__REQUEST__INIT;
	const wire_reply *forbidden, *reply;
	REQUEST(people_list, PEOPLE_LIST, Examd__V1__PeopleList, EXAMD__V1__PEOPLE_LIST__INIT);

	make_roles(h);
	c = connect_as(h, EXAMD__V1__ROLE__ROLE_CANDIDATE);
	forbidden = client_ask(c, &request);
	reply = client_ask(c, &unknown);
	assert_int_equal(forbidden->error, ERR_FORBIDDEN);
	assert_int_equal(reply->error, forbidden->error);
	assert_string_equal(reply->detail, forbidden->detail);
	assert_int_equal(reply->body_case, forbidden->body_case);
}

static void test_nothing_is_served_before_hello(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = client_connect(h, "rude", "10.0.0.1");
	REQUEST(log_in, LOG_IN, Examd__V1__LogIn, EXAMD__V1__LOG_IN__INIT);

	assert_int_equal(client_ask(c, &request)->error, ERR_OUT_OF_TURN);
}

static void test_reopening_and_voiding_are_for_instructors(void **state)
{
	(void)state;
	for (Examd__V1__RoomVerb verb = 0; verb < 20; verb++) {
		bool known = verb >= EXAMD__V1__ROOM_VERB__ROOM_OPEN &&
			     verb <= EXAMD__V1__ROOM_VERB__ROOM_VOID;
		bool grave = verb == EXAMD__V1__ROOM_VERB__ROOM_REOPEN ||
			     verb == EXAMD__V1__ROOM_VERB__ROOM_VOID;

		assert_false(room_verb_allowed(verb, EXAMD__V1__ROLE__ROLE_NONE));
		assert_false(room_verb_allowed(verb, EXAMD__V1__ROLE__ROLE_CANDIDATE));
		assert_int_equal(room_verb_allowed(verb, EXAMD__V1__ROLE__ROLE_PROCTOR),
				 known && !grave);
		assert_int_equal(room_verb_allowed(verb, EXAMD__V1__ROLE__ROLE_INSTRUCTOR), known);
		assert_int_equal(room_verb_allowed(verb, EXAMD__V1__ROLE__ROLE_ADMIN), known);
	}
}

static void test_a_slip_makes_nobody_more_than_a_candidate(void **state)
{
	struct harness *h = *state;
	struct person_id adam = harness_person(h, "adam", EXAMD__V1__ROLE__ROLE_ADMIN, NULL);
	struct sitting_id sitting;
	struct fake_client *c = client_connect(h, "a device", "10.0.0.1");
	char slip[SLIP_SYMBOLS + 1];
	REQUEST(people_list, PEOPLE_LIST, Examd__V1__PeopleList, EXAMD__V1__PEOPLE_LIST__INIT);

	harness_load(h, BANK, EXAM);
	sitting = harness_sitting(h, "cpc-short", &adam, 1);
	slip_make(h->core, sitting, adam, slip);
	client_hello(c);
	assert_int_equal(client_use_slip(c, slip)->session->role, EXAMD__V1__ROLE__ROLE_CANDIDATE);
	assert_int_equal(client_ask(c, &request)->error, ERR_FORBIDDEN);
}

/* ---- Log-in ---------------------------------------------------------------------------------- */

static void test_an_unknown_user_and_a_wrong_password_look_alike(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = client_connect(h, "a device", "10.0.0.1");
	const wire_reply *unknown, *wrong;

	harness_person(h, "anna", EXAMD__V1__ROLE__ROLE_CANDIDATE, "correct horse");
	client_hello(c);
	wrong = client_log_in_as(c, "anna", "wrong horse");
	unknown = client_log_in_as(c, "nobody", "wrong horse");
	assert_int_equal(wrong->error, ERR_LOGIN_FAILED);
	assert_int_equal(unknown->error, wrong->error);
	assert_string_equal(unknown->detail, wrong->detail);
	assert_false(c->trusted);
	assert_int_equal(client_log_in_as(c, "anna", "correct horse")->error, ERR_OK);
	assert_true(c->trusted);
}

static void test_failed_log_ins_are_delayed_and_never_locked_out(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = client_connect(h, "a device", "10.0.0.1");
	struct fake_client *other = client_connect(h, "another", "10.0.0.2");

	harness_person(h, "anna", EXAMD__V1__ROLE__ROLE_CANDIDATE, "correct horse");
	client_hello(c);
	client_hello(other);
	for (int i = 0; i < 5; i++)
		assert_int_equal(client_log_in_as(c, "anna", "wrong horse")->error,
				 ERR_LOGIN_FAILED);
	assert_int_equal(client_log_in_as(c, "anna", "correct horse")->error, ERR_THROTTLED);
	/* The classroom's other accounts, and the account from elsewhere, go on. */
	assert_int_equal(client_log_in_as(c, "ben", "whatever it is")->error, ERR_LOGIN_FAILED);
	assert_int_equal(client_log_in_as(other, "anna", "correct horse")->error, ERR_OK);
	harness_turn(h, SECONDS(61));
	assert_int_equal(client_log_in_as(c, "anna", "correct horse")->error, ERR_OK);
}

static void test_wrong_slips_are_delayed_by_address(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	char slip[SLIP_SYMBOLS + 1];
	enum err err = ERR_OK;
	int tries = 0;

	slip_make(h->core, r.sitting, r.anna, slip);
	client_hello(r.a);
	client_hello(r.b);
	while ((err = (enum err)client_use_slip(r.a, "0000000000")->error) == ERR_LOGIN_FAILED)
		tries++;
	assert_int_equal(err, ERR_THROTTLED);
	assert_int_equal(tries, 5 * 16);
	assert_int_equal(client_use_slip(r.a, slip)->error, ERR_THROTTLED);
	assert_int_equal(client_use_slip(r.b, slip)->error, ERR_OK);
	harness_turn(h, SECONDS(2));
	assert_int_equal(client_use_slip(r.a, slip)->error, ERR_OK);
}

static void test_a_full_hashing_queue_says_busy(void **state)
{
	struct harness *h = *state;
	struct fake_client *c[3];
	uint64_t ids[3];
	unsigned busy = 0;

	h->settings.hash_queue = 1;
	harness_restart(h, (struct millis){0});
	for (size_t i = 0; i < 3; i++) {
		c[i] = client_connect(h, i == 0 ? "one" : i == 1 ? "two" : "three", "10.0.0.1");
		client_hello(c[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		REQUEST(log_in, LOG_IN, Examd__V1__LogIn, EXAMD__V1__LOG_IN__INIT);

		in.user = (char *)(uintptr_t) "anna";
		in.password = (char *)(uintptr_t) "some password";
		ids[i] = client_tell(c[i], &request);
	}
	for (size_t i = 0; i < 3; i++) {
		while (client_reply(c[i], ids[i]) == NULL)
			harness_run(h, 1);
		busy += client_reply(c[i], ids[i])->error == ERR_BUSY;
	}
	assert_int_equal(busy, 2);
}

static void test_a_one_time_password_is_changed_before_anything_else(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = client_connect(h, "a device", "10.0.0.1");
	const wire_reply *reply;

	client_hello(c);
	reply = client_log_in_as(c, "admin", h->admin_password);
	assert_int_equal(reply->error, ERR_OK);
	assert_true(reply->session->password_must_change);
	{
		REQUEST(list_exams, LIST_EXAMS, Examd__V1__ListExams, EXAMD__V1__LIST_EXAMS__INIT);

		assert_int_equal(client_ask(c, &request)->error, ERR_PASSWORD_CHANGE);
	}
	{
		REQUEST(change_password, CHANGE_PASSWORD, Examd__V1__ChangePassword,
			EXAMD__V1__CHANGE_PASSWORD__INIT);

		in.old_password = h->admin_password;
		in.new_password = (char *)(uintptr_t) "short";
		assert_int_equal(client_ask(c, &request)->error, ERR_PASSWORD_WEAK);
		in.new_password = h->admin_password;
		assert_int_equal(client_ask(c, &request)->error, ERR_PASSWORD_WEAK);
		in.new_password = (char *)(uintptr_t) "a better password";
		assert_int_equal(client_ask(c, &request)->error, ERR_OK);
	}
	{
		REQUEST(list_exams, LIST_EXAMS, Examd__V1__ListExams, EXAMD__V1__LIST_EXAMS__INIT);

		assert_int_equal(client_ask(c, &request)->error, ERR_OK);
	}
}

static void test_a_token_is_good_for_one_client_id(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = client_connect(h, "a device", "10.0.0.1");
	struct fake_client *thief = client_connect(h, "another device", "10.0.0.1");

	harness_person(h, "anna", EXAMD__V1__ROLE__ROLE_CANDIDATE, "correct horse");
	client_hello(c);
	client_log_in_as(c, "anna", "correct horse");
	memcpy(thief->token, c->token, sizeof(thief->token));
	thief->has_token = true;
	assert_null(client_hello(thief)->hello->session);
	assert_non_null(client_hello(c)->hello->session);
}

static void test_logging_out_ends_the_token(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = client_connect(h, "a device", "10.0.0.1");
	REQUEST(log_out, LOG_OUT, Examd__V1__LogOut, EXAMD__V1__LOG_OUT__INIT);

	harness_person(h, "anna", EXAMD__V1__ROLE__ROLE_CANDIDATE, "correct horse");
	client_hello(c);
	client_log_in_as(c, "anna", "correct horse");
	assert_int_equal(client_ask(c, &request)->error, ERR_OK);
	assert_null(client_hello(c)->hello->session);
	harness_restart(h, SECONDS(1));
	assert_null(client_hello(c)->hello->session);
}

static void test_a_new_slip_ends_the_earlier_one(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	char first[SLIP_SYMBOLS + 1], second[SLIP_SYMBOLS + 1];

	slip_make(h->core, r.sitting, r.anna, first);
	slip_make(h->core, r.sitting, r.anna, second);
	client_hello(r.a);
	assert_int_equal(client_use_slip(r.a, first)->error, ERR_LOGIN_FAILED);
	assert_int_equal(client_use_slip(r.a, second)->error, ERR_OK);
	harness_restart(h, SECONDS(1));
	client_hello(r.b);
	assert_int_equal(client_use_slip(r.b, first)->error, ERR_LOGIN_FAILED);
}

/* ---- The exam -------------------------------------------------------------------------------- */

static void fetch_part(struct fake_client *c, uint32_t part, struct buf *out)
{
	const wire_reply *reply;

	do {
		REQUEST(get_form_piece, GET_FORM_PIECE, Examd__V1__GetFormPiece,
			EXAMD__V1__GET_FORM_PIECE__INIT);

		in.part = part;
		in.offset = (uint32_t)buf_length(out);
		reply = client_ask(c, &request);
		assert_int_equal(reply->error, ERR_OK);
		assert_true(reply->form_piece->data.len <= PIECE_MOST);
		buf_put(out, reply->form_piece->data.data, reply->form_piece->data.len);
	} while (buf_length(out) < reply->form_piece->size);
}

static void test_the_form_is_sealed_until_the_start(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	const wire_reply *ready = client_ready(r.a, r.sitting, r.anna), *started;
	struct buf sealed = {0}, plain = {0};
	struct digest hash;
	const struct attempt *a;
	uint8_t key[SEAL_KEY];

	fetch_part(r.a, 0, &sealed);
	assert_int_equal(buf_length(&sealed), ready->status->parts[0]->sealed_size);
	assert_int_equal(ready->status->n_keys, 0);
	/* Neither the key nor a stem is in any message before the start. */
	a = engine_attempt_of(h->core->engine, r.sitting, r.anna);
	seal_key(h->core->secrets.seal_key, attempt_id(a), 0, attempt_plain_hash(a, 0), key);
	assert_null(memmem(buf_bytes(&r.a->raw).data, buf_length(&r.a->raw), key, sizeof(key)));
	for (size_t i = 0; i < attempt_form(a)->parts[0].nitems; i++) {
		const char *stem = attempt_form(a)->parts[0].items[i].item->stem;

		assert_null(
		    memmem(buf_bytes(&r.a->raw).data, buf_length(&r.a->raw), stem, strlen(stem)));
	}
	harness_room(h, r.sitting, (struct attempt_id){0}, VERB_START, (struct millis){0});
	started = client_notice(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_STARTED);
	assert_non_null(started);
	assert_int_equal(started->notice->status->n_keys, 1);
	assert_int_equal(
	    seal_open(started->notice->status->keys[0].data, buf_bytes(&sealed), &plain), ERR_OK);
	hash = digest_of(buf_bytes(&plain).data, buf_length(&plain));
	assert_memory_equal(hash.b, ready->status->parts[0]->hash.data, sizeof(hash.b));
	buf_fini(&sealed);
	buf_fini(&plain);
}

static void test_no_rationale_section_or_key_reaches_a_candidate(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	const struct attempt *a;
	struct buf sealed = {0}, plain = {0};
	const wire_reply *started;

	client_ready(r.a, r.sitting, r.anna);
	fetch_part(r.a, 0, &sealed);
	harness_room(h, r.sitting, (struct attempt_id){0}, VERB_START, (struct millis){0});
	started = client_notice(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_STARTED);
	assert_int_equal(
	    seal_open(started->notice->status->keys[0].data, buf_bytes(&sealed), &plain), ERR_OK);
	buf_put_bytes(&plain, buf_bytes(&r.a->raw));
	a = engine_attempt_of(h->core->engine, r.sitting, r.anna);
	for (size_t i = 0; i < attempt_form(a)->parts[0].nitems; i++) {
		const struct item *item = attempt_form(a)->parts[0].items[i].item;

		assert_null(
		    memmem(buf_bytes(&plain).data, buf_length(&plain), item->id, strlen(item->id)));
		assert_non_null(item->rationale);
		assert_null(memmem(buf_bytes(&plain).data, buf_length(&plain), item->rationale,
				   strlen(item->rationale)));
	}
	buf_fini(&sealed);
	buf_fini(&plain);
}

static void test_checking_in_twice_is_checking_in_once(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	const wire_reply *first = client_ready(r.a, r.sitting, r.anna), *again;

	again = client_check_in(r.a, 77);
	assert_int_equal(again->error, ERR_OK);
	assert_int_equal(again->status->attempt, first->status->attempt);
	assert_memory_equal(again->status->parts[0]->hash.data, first->status->parts[0]->hash.data,
			    32);
}

static void test_the_same_command_has_one_effect_and_another_content_is_refused(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	const struct attempt *a;
	const wire_reply *first, *again;
	uint64_t version;
	REQUEST(report_event, REPORT_EVENT, Examd__V1__ReportEvent, EXAMD__V1__REPORT_EVENT__INIT);

	room_start(h, &r);
	a = engine_attempt_of(h->core->engine, r.sitting, r.anna);
	in.command_id = command_of(r.a, 40);
	in.kind = 1;
	assert_int_equal(client_ask(r.a, &request)->error, ERR_OK);
	version = attempt_version(a);
	assert_int_equal(client_ask(r.a, &request)->error, ERR_OK);
	assert_int_equal(attempt_version(a), version);
	in.kind = 2;
	assert_int_equal(client_ask(r.a, &request)->error, ERR_COMMAND_REUSED);
	assert_int_equal(attempt_version(a), version);
	first = submit(r.a, 41);
	version = attempt_version(a);
	again = submit(r.a, 41);
	assert_int_equal(first->error, ERR_OK);
	assert_int_equal(again->error, ERR_OK);
	assert_int_equal(attempt_version(a), version);
	assert_int_equal(again->status->receipt->signature.len, 64);
	assert_memory_equal(again->status->receipt->signature.data,
			    first->status->receipt->signature.data, 64);
}

static void test_nobody_gets_the_reply_to_anothers_command(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	char slip[SLIP_SYMBOLS + 1];
	const wire_reply *reply;
	REQUEST(check_in, CHECK_IN, Examd__V1__CheckIn, EXAMD__V1__CHECK_IN__INIT);

	client_ready(r.a, r.sitting, r.anna);
	slip_make(h->core, r.sitting, r.ben, slip);
	client_hello(r.b);
	client_use_slip(r.b, slip);
	in.command_id = command_of(r.a, 1); /* anna's check-in, word for word */
	reply = client_ask(r.b, &request);
	assert_int_equal(reply->error, ERR_COMMAND_REUSED);
	assert_null(reply->clock);
}

static void test_every_reply_to_a_holder_carries_its_clock(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);

	room_start(h, &r);
	assert_non_null(get_status(r.a)->clock);
	assert_non_null(client_answer(r.a, 0, 1, 1, 0)->clock);
	assert_int_equal(client_answer(r.a, 0, 1, 2, 0)->clock->state,
			 EXAMD__V1__ATTEMPT_STATE__RUNNING);
	{
		REQUEST(people_list, PEOPLE_LIST, Examd__V1__PeopleList,
			EXAMD__V1__PEOPLE_LIST__INIT);

		assert_non_null(client_ask(r.a, &request)->clock); /* refusals too */
	}
}

static void test_an_answer_sent_again_is_saved_again_and_another_is_a_conflict(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);

	room_start(h, &r);
	assert_ack(client_answer(r.a, 3, 1, 1, 1), ERR_OK);
	assert_ack(client_answer(r.a, 3, 1, 1, 1), ERR_OK);
	assert_ack(client_answer(r.a, 3, 1, 1, 2), ERR_CONFLICT);
	assert_ack(client_answer(r.a, 3, 1, 2, 2), ERR_OK);
	assert_ack(client_answer(r.a, 9999, 1, 1, 0), ERR_NO_ITEM);
}

static const wire_reply *put_note(struct fake_client *c, const char *note)
{
	Examd__V1__Answer answer = EXAMD__V1__ANSWER__INIT, *answers[] = {&answer};
	REQUEST(put_answers, PUT_ANSWERS, Examd__V1__PutAnswers, EXAMD__V1__PUT_ANSWERS__INIT);

	answer.seat = answer.revision = 1;
	answer.note = (char *)(uintptr_t)note;
	in.answers = answers;
	in.n_answers = 1;
	return client_ask(c, &request);
}

static void test_an_answer_with_a_note_can_be_sent_again(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	int64_t row;
	const struct attempt *a;

	room_start(h, &r);
	a = engine_attempt_of(h->core->engine, r.sitting, r.anna);
	assert_ack(put_note(r.a, "look at the modifier"), ERR_OK);
	row = attempt_answer(a, (struct item_no){0})->note_row;
	assert_true(row > 0);
	assert_ack(put_note(r.a, "look at the modifier"), ERR_OK);
	assert_int_equal(attempt_answer(a, (struct item_no){0})->note_row, row);
	assert_int_equal(text_put(h->core, "the next text").row, row + 1); /* it is kept once */
	assert_ack(put_note(r.a, ""), ERR_CONFLICT);
}

static void test_an_attempt_closes_at_its_deadline_without_anybody_asking(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	const wire_reply *status, *notice;
	const struct attempt *a;

	room_start(h, &r);
	client_answer(r.a, 0, 1, 1, 0);
	status = get_status(r.a);
	a = engine_attempt_of(h->core->engine, r.sitting, r.anna);
	harness_turn(h, (struct millis){status->clock->remaining_ms - 1000});
	assert_true(attempt_is_open(a));
	harness_turn(h, SECONDS(5));
	assert_false(attempt_is_open(a));
	assert_int_equal(attempt_state(a), ATTEMPT_EXPIRED);
	notice = client_notice(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_CLOSED);
	assert_non_null(notice);
	assert_non_null(notice->notice->status->receipt);
	assert_ack(client_answer(r.a, 1, 1, 1, 0), ERR_KEPT_FOR_PROCTOR);
}

/* ---- The clock ------------------------------------------------------------------------------- */

static int64_t remaining(struct fake_client *c)
{
	return get_status(c)->clock->remaining_ms;
}

static void test_a_frozen_machine_costs_less_than_a_second(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	int64_t before, after;

	room_start(h, &r);
	harness_turn(h, SECONDS(10));
	before = remaining(r.a);
	h->clock.mono.v += 30000; /* stopped for 30 s, then goes on */
	after = remaining(r.a);
	assert_in_range(before - after, 1, 999);
}

static void test_steps_of_the_wall_clock_change_nothing(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	int64_t before;

	room_start(h, &r);
	before = remaining(r.a);
	h->clock.wall.v += 3600000;
	harness_turn(h, SECONDS(1));
	h->clock.wall.v -= 7200000;
	harness_turn(h, SECONDS(1));
	assert_int_equal(before - remaining(r.a), 2000);
}

static void test_a_stalled_disk_stops_the_clock(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	const struct attempt *a;
	int64_t before;

	room_start(h, &r);
	harness_turn(h, SECONDS(3));
	a = engine_attempt_of(h->core->engine, r.sitting, r.anna);
	before = attempt_remaining(a, service_now(h->core)).v;
	harness_hold_commits(true);
	for (int i = 0; i < 60; i++) {
		harness_forward(h, SECONDS(1));
		harness_run(h, 4);
	}
	assert_true(before - attempt_remaining(a, service_now(h->core)).v <= CLOCK_RUN_ON.v);
	harness_hold_commits(false);
	harness_drain(h);
}

/* ---- Restart --------------------------------------------------------------------------------- */

static void test_a_restart_gives_the_same_status_and_session(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	const wire_reply *before, *hello;
	int64_t left;

	room_start(h, &r);
	for (uint32_t i = 0; i < 10; i++)
		assert_ack(client_answer(r.a, i, 1, 1, i % 3), ERR_OK);
	harness_turn(h, SECONDS(20));
	before = get_status(r.a);
	left = before->clock->remaining_ms;
	harness_restart(h, SECONDS(30));
	hello = client_hello(r.a);
	assert_int_equal(hello->error, ERR_OK);
	assert_non_null(hello->hello->session);
	assert_string_equal(hello->hello->session->user, "anna");
	assert_string_equal(hello->hello->session->sitting_title, "Mock exam");
	assert_non_null(hello->hello->status);
	assert_int_equal(hello->hello->status->attempt, before->status->attempt);
	assert_int_equal(hello->hello->status->n_have, 10);
	assert_int_equal(hello->hello->status->n_keys, 1);
	assert_memory_equal(hello->hello->status->keys[0].data, before->status->keys[0].data, 32);
	assert_int_equal(hello->clock->stopped, 0); /* the client is back */
	assert_true(left - hello->clock->remaining_ms <= 1000);
	assert_true(left >= hello->clock->remaining_ms);
}

/* Runs the archive's look for what may leave until the attempt has left memory. */
static void wait_for_archive(struct harness *h, struct attempt_id attempt)
{
	while (engine_attempt(h->core->engine, attempt) != NULL) {
		archive_look(h->core);
		harness_turn(h, SECONDS(1));
	}
}

static const wire_reply *get_result(struct fake_client *c, int64_t attempt)
{
	REQUEST(get_result, GET_RESULT, Examd__V1__GetResult, EXAMD__V1__GET_RESULT__INIT);

	in.attempt = attempt;
	return client_ask(c, &request);
}

static void test_a_packed_attempt_still_tells_its_result_and_is_not_sat_again(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	const wire_reply *before, *after;
	struct attempt_id attempt;

	room_start(h, &r);
	client_answer(r.a, 0, 1, 1, 0);
	attempt.v = submit(r.a, 9)->status->attempt;
	before = get_result(r.a, attempt.v);
	harness_room(h, r.sitting, (struct attempt_id){0}, VERB_CLOSE, (struct millis){0});
	client_lose(r.a);
	for (int i = 0; i < 5; i++) {
		archive_look(h->core);
		harness_drain(h);
	}
	assert_non_null(engine_attempt(h->core->engine, attempt)); /* not at once */
	harness_forward(h, ARCHIVE_AFTER);
	wait_for_archive(h, attempt);
	harness_restart(h, SECONDS(1));
	assert_null(engine_attempt(h->core->engine, attempt));
	r.a = client_connect(h, "anna's laptop", "10.0.0.1");
	client_use_new_slip(r.a, r.sitting, r.anna);
	after = get_result(r.a, attempt.v);
	assert_int_equal(after->error, ERR_OK);
	assert_int_equal(after->result->score->points, before->result->score->points);
	assert_int_equal(after->result->answered, 1);
	assert_memory_equal(after->result->receipt->signature.data,
			    before->result->receipt->signature.data, 64);
	assert_int_equal(client_check_in(r.a, 99)->error, ERR_TOO_LATE);
}

static void test_after_a_restart_the_clock_waits_for_the_client(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	const struct attempt *a;
	int64_t left;

	room_start(h, &r);
	harness_turn(h, SECONDS(5));
	harness_restart(h, SECONDS(10));
	a = engine_attempt_of(h->core->engine, r.sitting, r.anna);
	assert_int_equal(attempt_stopped(a), STOP_RESTART);
	left = attempt_remaining(a, service_now(h->core)).v;
	harness_turn(h, SECONDS(30));
	assert_int_equal(attempt_remaining(a, service_now(h->core)).v, left);
	harness_turn(h, SECONDS(40)); /* but not longer than a minute */
	assert_true(attempt_remaining(a, service_now(h->core)).v < left);
}

static void test_after_a_long_outage_a_person_resumes_the_room(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);

	room_start(h, &r);
	harness_turn(h, SECONDS(5));
	harness_restart(h, SECONDS(301));
	assert_true(sitting_is_paused(engine_sitting(h->core->engine, r.sitting)));
}

static void test_an_outage_is_counted_from_the_last_start_at_the_latest(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);

	room_start(h, &r);
	harness_turn(h, SECONDS(2));
	harness_restart(h, SECONDS(250)); /* comes back, and dies again at once */
	harness_restart(h, SECONDS(250));
	assert_false(sitting_is_paused(engine_sitting(h->core->engine, r.sitting)));
}

static void test_a_second_core_is_kept_out(void **state)
{
	struct harness *h = *state;
	struct core *second = NULL;
	char *path = mem_printf("%s/lock", h->dir);
	int fd = open(path, O_RDWR | O_CLOEXEC);

	free(path);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
	close(fd);
	assert_int_equal(core_open(&second, h->dir, &h->settings, &h->clock.source), ERR_IN_USE);
	assert_null(second);
}

/* ---- Seats
 * --------------------------------------------------------------------------------------------------
 */

static void test_a_dead_client_never_locks_its_owner_out(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	struct fake_client *again;
	const wire_reply *hello;

	room_start(h, &r);
	/* The same device on a new connection; nobody has noticed that the old one is dead. */
	again = client_connect(h, "anna's laptop", "10.0.0.1");
	memcpy(again->token, r.a->token, sizeof(again->token));
	again->has_token = true;
	hello = client_hello(again);
	assert_non_null(hello->hello->status);
	assert_false(hello->hello->session->takeover_asked);
	assert_ack(client_answer(again, 0, 1, 1, 0), ERR_OK);
	assert_true(r.a->closed);
	assert_int_equal(get_status(r.a)->error, ERR_LOGIN_NEEDED); /* were it alive after all */
	assert_null(client_notice(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_TAKEN_OVER));
}

static void test_another_device_waits_for_the_proctor(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	struct fake_client *other;
	const wire_reply *reply;
	char slip[SLIP_SYMBOLS + 1];
	struct attempt_id attempt;

	room_start(h, &r);
	attempt = attempt_id(engine_attempt_of(h->core->engine, r.sitting, r.anna));
	assert_ack(client_answer(r.a, 0, 1, 1, 0), ERR_OK);
	other = client_connect(h, "another laptop", "10.0.0.7");
	slip_make(h->core, r.sitting, r.anna, slip);
	client_hello(other);
	reply = client_use_slip(other, slip);
	assert_int_equal(reply->error, ERR_OK);
	assert_true(reply->session->takeover_asked);
	assert_int_equal(reply->session->attempt, 0);
	/* It sees nothing and writes nothing. */
	assert_null(reply->clock);
	assert_int_equal(get_status(other)->error, ERR_SEAT_TAKEN);
	assert_ack(client_answer(other, 0, 1, 2, 1), ERR_SEAT_TAKEN);
	assert_int_equal(client_check_in(other, 50)->error, ERR_SEAT_TAKEN);
	/* The proctor agrees. */
	assert_int_equal(harness_room(h, r.sitting, attempt, VERB_RELEASE_SEAT, (struct millis){0}),
			 ERR_OK);
	assert_non_null(client_notice(other, EXAMD__V1__NOTICE_KIND__NOTICE_SEAT_GRANTED));
	assert_non_null(client_notice(r.a, EXAMD__V1__NOTICE_KIND__NOTICE_TAKEN_OVER));
	reply = client_hello(other);
	assert_non_null(reply->hello->status);
	assert_int_equal(reply->clock->seat, 2);
	assert_int_equal(reply->hello->status->n_have, 1);
	/* What the first one still had is kept, and is not called saved. */
	assert_ack(client_answer(r.a, 1, 1, 1, 0), ERR_KEPT_FOR_PROCTOR);
	assert_int_equal(get_status(r.a)->error, ERR_SEAT_TAKEN);
	assert_ack(client_answer(other, 1, 2, 1, 0), ERR_OK);
}

static void test_nobody_sees_anothers_attempt(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	int64_t annas;

	room_start(h, &r);
	annas = get_status(r.a)->status->attempt;
	submit(r.a, 9);
	{
		REQUEST(get_status, GET_STATUS, Examd__V1__GetStatus, EXAMD__V1__GET_STATUS__INIT);

		in.attempt = annas;
		assert_int_equal(client_ask(r.b, &request)->error, ERR_NOT_FOUND);
	}
	{
		REQUEST(get_result, GET_RESULT, Examd__V1__GetResult, EXAMD__V1__GET_RESULT__INIT);

		in.attempt = annas;
		assert_int_equal(client_ask(r.b, &request)->error, ERR_NOT_FOUND);
		in.attempt = annas + 1000;
		assert_int_equal(client_ask(r.b, &request)->error, ERR_NOT_FOUND);
	}
	{
		REQUEST(list_attempts, LIST_ATTEMPTS, Examd__V1__ListAttempts,
			EXAMD__V1__LIST_ATTEMPTS__INIT);

		in.user = (char *)(uintptr_t) "anna";
		assert_int_equal(client_ask(r.b, &request)->error, ERR_FORBIDDEN);
	}
}

/* ---- Practice
 * ------------------------------------------------------------------------------------------------
 */

static const wire_reply *practice_start(struct fake_client *c, uint8_t command, bool tutor,
					bool missed)
{
	REQUEST(practice_start, PRACTICE_START, Examd__V1__PracticeStart,
		EXAMD__V1__PRACTICE_START__INIT);

	in.command_id = command_of(c, command);
	in.exam = (char *)(uintptr_t) "cpc-short";
	in.tutor = tutor;
	in.missed_only = missed;
	return client_ask(c, &request);
}

static struct fake_client *practising(struct harness *h)
{
	struct fake_client *c = client_connect(h, "home", "10.0.0.1");

	harness_load(h, BANK, EXAM);
	harness_person(h, "anna", EXAMD__V1__ROLE__ROLE_CANDIDATE, "correct horse");
	client_hello(c);
	assert_int_equal(client_log_in_as(c, "anna", "correct horse")->error, ERR_OK);
	return c;
}

static void test_practice_is_started_once_and_taken_over_at_once(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = practising(h), *phone;
	const wire_reply *first = practice_start(c, 5, false, false), *again;
	REQUEST(practice_resume, PRACTICE_RESUME, Examd__V1__PracticeResume,
		EXAMD__V1__PRACTICE_RESUME__INIT);

	assert_int_equal(first->error, ERR_OK);
	assert_true(first->status->practice);
	again = practice_start(c, 5, false, false);
	assert_int_equal(again->error, ERR_OK);
	assert_int_equal(again->status->attempt, first->status->attempt);
	phone = client_connect(h, "phone", "10.0.0.2");
	client_hello(phone);
	client_log_in_as(phone, "anna", "correct horse");
	in.command_id = command_of(phone, 6);
	in.attempt = first->status->attempt;
	assert_int_equal(client_ask(phone, &request)->error, ERR_OK);
	harness_drain(h);
	assert_non_null(client_notice(c, EXAMD__V1__NOTICE_KIND__NOTICE_TAKEN_OVER));
	assert_int_equal(get_status(c)->error, ERR_SEAT_TAKEN);
}

static const wire_reply *reveal(struct fake_client *c, uint32_t item)
{
	REQUEST(reveal, REVEAL, Examd__V1__Reveal, EXAMD__V1__REVEAL__INIT);

	in.item = item;
	return client_ask(c, &request);
}

static void test_practice_untouched_for_thirty_days_is_closed(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = practising(h);
	const wire_reply *status = practice_start(c, 5, false, false);
	struct attempt_id attempt = {status->status->attempt};

	client_confirm(c, status->status, 6);
	client_lose(c);
	harness_restart(h, SECONDS(301)); /* after an outage it is parked ... */
	archive_look(h->core);		  /* ... and noticed ... */
	harness_forward(h, ARCHIVE_AFTER);
	wait_for_archive(h, attempt); /* ... and leaves memory */
	harness_forward(h, (struct millis){PRACTICE_MOST.v / 2});
	dormant_look(h->core);
	while (h->core->dormant != NULL)
		harness_drain(h);
	assert_null(engine_attempt(h->core->engine, attempt)); /* not yet */
	harness_forward(h, (struct millis){PRACTICE_MOST.v / 2});
	dormant_look(h->core);
	while (h->core->dormant != NULL)
		harness_drain(h);
	assert_non_null(engine_attempt(h->core->engine, attempt));
	assert_false(attempt_is_open(engine_attempt(h->core->engine, attempt)));
}

static void test_a_parked_practice_is_woken_with_its_answers(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = practising(h);
	const wire_reply *status = practice_start(c, 5, false, false), *reply;
	struct attempt_id attempt = {status->status->attempt};
	REQUEST(practice_resume, PRACTICE_RESUME, Examd__V1__PracticeResume,
		EXAMD__V1__PRACTICE_RESUME__INIT);

	client_confirm(c, status->status, 6);
	assert_ack(client_answer(c, 2, 1, 1, 1), ERR_OK);
	client_lose(c);
	harness_restart(h, SECONDS(301));
	archive_look(h->core);
	harness_forward(h, ARCHIVE_AFTER);
	wait_for_archive(h, attempt);
	c = client_connect(h, "home", "10.0.0.1");
	client_hello(c);
	client_log_in_as(c, "anna", "correct horse");
	in.command_id = command_of(c, 7);
	in.attempt = attempt.v;
	reply = client_ask(c, &request);
	assert_int_equal(reply->error, ERR_OK);
	assert_int_equal(reply->status->n_have, 1);
	assert_int_equal(reply->clock->stopped, 0);
	assert_ack(client_answer(c, 3, reply->clock->seat, 1, 1), ERR_OK);
}

static void test_a_key_is_revealed_only_in_tutor_mode_and_after_the_answer(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = practising(h);
	const wire_reply *status = practice_start(c, 5, false, false), *reply;

	client_confirm(c, status->status, 10);
	assert_ack(client_answer(c, 0, status->clock->seat, 1, 0), ERR_OK);
	assert_int_equal(reveal(c, 0)->error, ERR_FORBIDDEN);
	status = practice_start(c, 6, true, false);
	assert_int_equal(client_confirm(c, status->status, 11)->error, ERR_OK);
	assert_true(status->status->tutor);
	assert_int_equal(reveal(c, 0)->error, ERR_OUT_OF_TURN);
	assert_ack(client_answer(c, 0, status->clock->seat, 1, 0), ERR_OK);
	reply = reveal(c, 0);
	assert_int_equal(reply->error, ERR_OK);
	assert_true(reply->item_review->n_right >= 1);
}

static void test_result_and_review_follow_the_release_policy(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	const wire_reply *reply;

	room_start(h, &r);
	client_answer(r.a, 0, 1, 1, 0);
	{
		REQUEST(get_result, GET_RESULT, Examd__V1__GetResult, EXAMD__V1__GET_RESULT__INIT);

		assert_int_equal(client_ask(r.a, &request)->error, ERR_OUT_OF_TURN);
		submit(r.a, 9);
		reply = client_ask(r.a, &request); /* the exam says: at once */
		assert_int_equal(reply->error, ERR_OK);
		assert_non_null(reply->result->score);
		assert_true(reply->result->n_sections > 0);
		assert_int_equal(reply->result->receipt->signature.len, 64);
	}
	{
		REQUEST(get_review, GET_REVIEW, Examd__V1__GetReview, EXAMD__V1__GET_REVIEW__INIT);
		struct event ev = service_event(h->core, EVENT_RELEASE);

		assert_int_equal(client_ask(r.a, &request)->error, ERR_NOT_RELEASED);
		ev.sitting = r.sitting;
		ev.u.release.result = ev.u.release.review = true;
		assert_int_equal(service_decide_and_apply(h->core, &ev), ERR_OK);
		harness_drain(h);
		reply = client_ask(r.a, &request);
		assert_int_equal(reply->error, ERR_OK);
		assert_true(reply->review->n_items > 0);
	}
}

static void test_missed_items_come_again(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = practising(h);
	const wire_reply *status;

	assert_int_equal(practice_start(c, 5, false, true)->error, ERR_NOT_FOUND);
	status = practice_start(c, 6, false, false);
	assert_int_equal(client_confirm(c, status->status, 9)->error, ERR_OK);
	assert_int_equal(submit(c, 7)->error, ERR_OK); /* all blank: all missed */
	status = practice_start(c, 8, false, true);
	assert_int_equal(status->error, ERR_OK);
	assert_true(status->status->items > 0);
}

/* ---- Bounds
 * ------------------------------------------------------------------------------------------------------
 */

static void test_what_cannot_be_read_ends_the_connection(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = client_connect(h, "a device", "10.0.0.1");
	static const uint8_t nonsense[] = {0xff, 0xff, 0xff, 0xff};

	client_send_raw(c, nonsense, sizeof(nonsense));
	harness_drain(h);
	assert_true(c->closed);
	assert_int_equal(c->received[0].msg->error, ERR_PROTOCOL);
}

static void test_a_long_frame_before_log_in_ends_the_connection(void **state)
{
	struct harness *h = *state;
	struct fake_client *c = client_connect(h, "a device", "10.0.0.1");
	static uint8_t zeros[FRAME_MOST_BEFORE_LOGIN + 1];

	client_send_raw(c, zeros, sizeof(zeros));
	harness_drain(h);
	assert_true(c->closed);
	assert_int_equal(c->received[0].msg->error, ERR_TOO_LARGE);
}

static void test_more_than_64_answers_at_once_are_refused(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	Examd__V1__Answer answer = EXAMD__V1__ANSWER__INIT, *answers[65];
	REQUEST(put_answers, PUT_ANSWERS, Examd__V1__PutAnswers, EXAMD__V1__PUT_ANSWERS__INIT);

	room_start(h, &r);
	answer.seat = answer.revision = 1;
	for (size_t i = 0; i < 65; i++)
		answers[i] = &answer;
	in.answers = answers;
	in.n_answers = 65;
	assert_int_equal(client_ask(r.a, &request)->error, ERR_INVALID);
	in.n_answers = 64;
	assert_int_equal(client_ask(r.a, &request)->error, ERR_OK);
}

/* ---- Watching
 * ------------------------------------------------------------------------------------------------------
 */

static void test_a_watcher_gets_all_rows_then_those_that_change(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	struct fake_client *w;
	const wire_reply *room;

	make_roles(h);
	w = connect_as(h, EXAMD__V1__ROLE__ROLE_PROCTOR);
	assert_int_equal(watch_begin(h->core, client_find(h->core, w->conn), r.sitting), ERR_OK);
	while ((room = client_notice(w, EXAMD__V1__NOTICE_KIND__NOTICE_ROOM)) == NULL)
		harness_run(h, 1);
	assert_int_equal(room->notice->room->n_rows, 2);
	assert_string_equal(room->notice->room->sitting->title, "Mock exam");
	client_ready(r.a, r.sitting, r.anna);
	while ((room = client_notice(w, EXAMD__V1__NOTICE_KIND__NOTICE_ROOM)) == NULL)
		harness_run(h, 1);
	assert_int_equal(room->notice->room->n_rows, 1); /* gathered: one notice, one row */
	assert_string_equal(room->notice->room->rows[0]->user, "anna");
	assert_int_equal(room->notice->room->rows[0]->state, EXAMD__V1__ATTEMPT_STATE__READY);
	assert_true(room->notice->room->rows[0]->connected);
}

/* ---- Secrets
 * --------------------------------------------------------------------------------------------------------
 */

static void test_a_secret_that_others_may_read_is_refused(void **state)
{
	struct harness *h = *state;
	struct secrets secrets;
	char command[160];

	snprintf(command, sizeof(command), "chmod 0640 '%s/secrets/slip.key'", h->dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(secrets_read(&secrets, h->dir), ERR_INVALID);
	snprintf(command, sizeof(command), "chmod 0600 '%s/secrets/slip.key'", h->dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(secrets_read(&secrets, h->dir), ERR_OK);
	snprintf(command, sizeof(command), "rm '%s/secrets/slip.key'", h->dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(secrets_read(&secrets, h->dir), ERR_NOT_FOUND);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

/* With an argument: only the tests whose names fit the pattern. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_no_reply_before_its_record_is_on_disk),
	    TEST(test_no_reader_sees_what_is_not_on_disk),
	    TEST(test_an_idle_store_holds_nobody_up),
	    TEST(test_after_an_undecided_commit_nothing_leaves),
	    TEST(test_replies_come_in_the_order_of_the_requests),
	    TEST(test_every_request_is_only_for_its_roles),
	    TEST(test_unknown_and_forbidden_look_alike),
	    TEST(test_nothing_is_served_before_hello),
	    TEST(test_reopening_and_voiding_are_for_instructors),
	    TEST(test_a_slip_makes_nobody_more_than_a_candidate),
	    TEST(test_an_unknown_user_and_a_wrong_password_look_alike),
	    TEST(test_failed_log_ins_are_delayed_and_never_locked_out),
	    TEST(test_wrong_slips_are_delayed_by_address),
	    TEST(test_a_full_hashing_queue_says_busy),
	    TEST(test_a_one_time_password_is_changed_before_anything_else),
	    TEST(test_a_token_is_good_for_one_client_id),
	    TEST(test_logging_out_ends_the_token),
	    TEST(test_a_new_slip_ends_the_earlier_one),
	    TEST(test_the_form_is_sealed_until_the_start),
	    TEST(test_no_rationale_section_or_key_reaches_a_candidate),
	    TEST(test_checking_in_twice_is_checking_in_once),
	    TEST(test_the_same_command_has_one_effect_and_another_content_is_refused),
	    TEST(test_nobody_gets_the_reply_to_anothers_command),
	    TEST(test_every_reply_to_a_holder_carries_its_clock),
	    TEST(test_an_answer_sent_again_is_saved_again_and_another_is_a_conflict),
	    TEST(test_an_answer_with_a_note_can_be_sent_again),
	    TEST(test_an_attempt_closes_at_its_deadline_without_anybody_asking),
	    TEST(test_a_frozen_machine_costs_less_than_a_second),
	    TEST(test_steps_of_the_wall_clock_change_nothing),
	    TEST(test_a_stalled_disk_stops_the_clock),
	    TEST(test_a_restart_gives_the_same_status_and_session),
	    TEST(test_a_packed_attempt_still_tells_its_result_and_is_not_sat_again),
	    TEST(test_after_a_restart_the_clock_waits_for_the_client),
	    TEST(test_after_a_long_outage_a_person_resumes_the_room),
	    TEST(test_an_outage_is_counted_from_the_last_start_at_the_latest),
	    TEST(test_a_second_core_is_kept_out),
	    TEST(test_a_dead_client_never_locks_its_owner_out),
	    TEST(test_another_device_waits_for_the_proctor),
	    TEST(test_nobody_sees_anothers_attempt),
	    TEST(test_practice_is_started_once_and_taken_over_at_once),
	    TEST(test_practice_untouched_for_thirty_days_is_closed),
	    TEST(test_a_parked_practice_is_woken_with_its_answers),
	    TEST(test_a_key_is_revealed_only_in_tutor_mode_and_after_the_answer),
	    TEST(test_result_and_review_follow_the_release_policy),
	    TEST(test_missed_items_come_again),
	    TEST(test_what_cannot_be_read_ends_the_connection),
	    TEST(test_a_long_frame_before_log_in_ends_the_connection),
	    TEST(test_more_than_64_answers_at_once_are_refused),
	    TEST(test_a_watcher_gets_all_rows_then_those_that_change),
	    TEST(test_a_secret_that_others_may_read_is_refused),
	};

	alarm(560);
	log_setup("test", LOG_LEVEL_OFF);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
