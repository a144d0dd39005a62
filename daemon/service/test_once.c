/* A connection that is cut at any point, and the same request on a new one: exactly one effect.
 *
 * For each request that changes something, from one kept state each: it is sent and its effect is
 * looked at; then again and again from the same state with a cut at another point, after which it
 * is sent again, and the effect must be the same.  Where the first one had been carried out, the
 * second leaves the engine's whole state as it is. */
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/service/harness_staff.h"
#include "daemon/service/passwords.h"
#include "daemon/service/people.h"
#include "daemon/service/sessions.h"
#include "proto/base/log.h"

#define BANK	     "questions/banks/cpc-style.yaml"
#define EXAM	     "questions/banks/cpc-short.yaml"

#define NEW_PASSWORD "another long one"

/* ---- Given -------------------------------------------------------------------------------------
 */

/* How far things have come. */
enum given {
	PEOPLE,	  /* staff, candidates, bank and exam are there */
	ONE_TIME, /* and ines has a one-time password */
	CREATED,  /* a sitting */
	OPEN,	  /* ann has used her slip */
	CHECKED_IN,
	ADMITTED,
	READY,
	RUNNING,
	ON_BREAK,
	PAUSED,
	CLOSED,
	WAITING, /* ready, and another client wants ann's seat */
	PRACTISING,
	PARKED,
};

struct world {
	struct harness *h;
	enum given given;
	struct fake_client *ines, *ann, *other; /* ann: by slip, or by password for practice */
	struct sitting_id sitting;
	struct attempt_id attempt;
};

static void room(struct world *w, enum room_verb verb)
{
	assert_int_equal(
	    harness_room(w->h, w->sitting, (struct attempt_id){0}, verb, (struct millis){0}),
	    ERR_OK);
}

static void ask_for_break(struct fake_client *c)
{
	REQUEST_OF(take_break, TAKE_BREAK, Examd__V1__TakeBreak, EXAMD__V1__TAKE_BREAK__INIT);

	in.command_id = command_of(c, 40);
	assert_int_equal(client_ask(c, &request)->error, ERR_OK);
}

/* The short exam, with breaks. */
static void load_content(struct harness *h, struct fake_client *c)
{
	static const char without[] = "breaks: none", with[] = "breaks: clock-stops";
	struct buf text = {0}, changed = {0};
	const char *at;

	harness_load(h, BANK, EXAM);
	staff_read_file(EXAM, &text);
	at = strstr(buf_text(&text), without);
	assert_non_null(at);
	buf_put(&changed, buf_text(&text), (size_t)(at - buf_text(&text)));
	buf_put_text(&changed, with);
	buf_put_text(&changed, at + strlen(without));
	assert_int_equal(staff_load_exam(c, 90, buf_bytes(&changed), false)->error, ERR_OK);
	buf_fini(&text);
	buf_fini(&changed);
}

static void start_practice(struct world *w)
{
	const wire_reply *reply;
	REQUEST_OF(practice_start, PRACTICE_START, Examd__V1__PracticeStart,
		   EXAMD__V1__PRACTICE_START__INIT);

	in.command_id = command_of(w->ann, 41);
	in.exam = wire_text("cpc-short");
	reply = client_ask(w->ann, &request);
	assert_int_equal(reply->error, ERR_OK);
	w->attempt.v = reply->status->attempt;
	assert_int_equal(client_confirm(w->ann, reply->status, 42)->error, ERR_OK);
}

static void sit_down(struct world *w, struct person_id ann)
{
	const wire_reply *reply;

	client_use_new_slip(w->ann, w->sitting, ann);
	if (w->given == OPEN)
		return;
	reply = client_check_in(w->ann, 43);
	assert_int_equal(reply->error, ERR_OK);
	w->attempt.v = reply->status->attempt;
	if (w->given == CHECKED_IN)
		return;
	room(w, VERB_ADMIT);
	if (w->given == ADMITTED)
		return;
	assert_int_equal(client_confirm(w->ann, reply->status, 44)->error, ERR_OK);
	if (w->given == READY)
		return;
	if (w->given == WAITING) {
		w->other = client_connect(w->h, "ann's other", "10.0.0.2");
		client_use_new_slip(w->other, w->sitting, ann);
		return;
	}
	room(w, VERB_START);
	if (w->given == ON_BREAK)
		ask_for_break(w->ann);
	if (w->given == PAUSED)
		room(w, VERB_PAUSE);
	if (w->given == CLOSED)
		room(w, VERB_CLOSE);
}

static void hold_sitting(struct world *w, struct person_id ann)
{
	w->sitting = harness_sitting(w->h, "cpc-short", &ann, 1);
	if (w->given == CREATED)
		return;
	room(w, VERB_OPEN);
	sit_down(w, ann);
}

static struct world given(enum given given)
{
	struct world w = {.h = harness_new(), .given = given};
	struct person_id ann;

	w.ines = staff_connect(w.h, "ines", EXAMD__V1__ROLE__ROLE_INSTRUCTOR);
	harness_person(w.h, "petra", EXAMD__V1__ROLE__ROLE_PROCTOR, NULL);
	load_content(w.h, w.ines);
	if (given == PEOPLE || given == PRACTISING || given == PARKED) {
		w.ann = staff_connect(w.h, "ann", EXAMD__V1__ROLE__ROLE_CANDIDATE);
	} else {
		ann = harness_person(w.h, "ann", EXAMD__V1__ROLE__ROLE_CANDIDATE, NULL);
		w.ann = client_connect(w.h, "ann's laptop", "10.0.0.1");
	}
	if (given == ONE_TIME) {
		const struct person *ines = people_find_user(w.h->core->people, "ines");
		char *hash = mem_copy_text(ines->hash);

		people_put_password(w.h->core, ines->id, hash, true);
		free(hash);
	} else if (given == PRACTISING || given == PARKED) {
		start_practice(&w);
	} else if (given != PEOPLE) {
		hold_sitting(&w, ann);
	}
	if (given == PARKED) {
		client_lose(w.ann);
		harness_restart(w.h, MINUTES(6)); /* an outage */
	}
	harness_drain(w.h);
	return w;
}

/* ---- Requests ----------------------------------------------------------------------------------
 */

/* Each sends without waiting. */
typedef uint64_t (*tell)(struct world *w, struct fake_client *c);

/* For those that are a command id and nothing else. */
#define TELL_PLAIN(name, field, BODY, Type)                                                        \
	static uint64_t name(struct world *w, struct fake_client *c)                               \
	{                                                                                          \
		wire_request request = EXAMD__V1__REQUEST__INIT;                                   \
		Type in = EXAMD__V1__##BODY##__INIT;                                               \
                                                                                                   \
		(void)w;                                                                           \
		in.command_id = command_of(c, 1);                                                  \
		request.body_case = EXAMD__V1__REQUEST__BODY_##BODY;                               \
		request.field = &in;                                                               \
		return client_tell(c, &request);                                                   \
	}

static void upload_text(struct fake_client *c, const char *text)
{
	staff_upload(c, 1, bytes_of_text(text));
}

static void upload_file(struct fake_client *c, const char *name)
{
	struct buf text = {0};

	staff_read_file(name, &text);
	staff_upload(c, 1, buf_bytes(&text));
	buf_fini(&text);
}

static uint64_t tell_import(struct world *w, struct fake_client *c)
{
	REQUEST_OF(people_import, PEOPLE_IMPORT, Examd__V1__PeopleImport,
		   EXAMD__V1__PEOPLE_IMPORT__INIT);

	(void)w;
	in.command_id = command_of(c, 1);
	in.upload = 1;
	upload_text(c, "id,name,role,group\npia,Pia,proctor,\npaul,Paul,proctor,\ncat,Cat,,B\n"
		       "ann,Ann A,,B\n");
	return client_tell(c, &request);
}

static uint64_t tell_bank(struct world *w, struct fake_client *c)
{
	REQUEST_OF(bank_load, BANK_LOAD, Examd__V1__BankLoad, EXAMD__V1__BANK_LOAD__INIT);

	(void)w;
	in.command_id = command_of(c, 1);
	in.upload = 1;
	upload_file(c, "questions/banks/kinds-starter.yaml");
	return client_tell(c, &request);
}

static uint64_t tell_exam(struct world *w, struct fake_client *c)
{
	REQUEST_OF(exam_load, EXAM_LOAD, Examd__V1__ExamLoad, EXAMD__V1__EXAM_LOAD__INIT);

	(void)w;
	in.command_id = command_of(c, 1);
	in.upload = 1;
	upload_file(c, "questions/banks/cpc-demo.yaml");
	return client_tell(c, &request);
}

static uint64_t tell_create(struct world *w, struct fake_client *c)
{
	REQUEST_OF(sitting_create, SITTING_CREATE, Examd__V1__SittingCreate,
		   EXAMD__V1__SITTING_CREATE__INIT);
	char *ann = wire_text("ann");

	(void)w;
	in.command_id = command_of(c, 1);
	in.exam = wire_text("cpc-short");
	in.title = wire_text("Mock exam");
	in.users = &ann;
	in.n_users = 1;
	return client_tell(c, &request);
}

static uint64_t tell_release(struct world *w, struct fake_client *c)
{
	REQUEST_OF(results_release, RESULTS_RELEASE, Examd__V1__ResultsRelease,
		   EXAMD__V1__RESULTS_RELEASE__INIT);

	in.command_id = command_of(c, 1);
	in.sitting = w->sitting.v;
	in.review = true;
	return client_tell(c, &request);
}

static uint64_t tell_event(struct world *w, struct fake_client *c)
{
	REQUEST_OF(report_event, REPORT_EVENT, Examd__V1__ReportEvent,
		   EXAMD__V1__REPORT_EVENT__INIT);

	(void)w;
	in.command_id = command_of(c, 1);
	in.kind = 1;
	return client_tell(c, &request);
}

static uint64_t tell_practice(struct world *w, struct fake_client *c)
{
	REQUEST_OF(practice_start, PRACTICE_START, Examd__V1__PracticeStart,
		   EXAMD__V1__PRACTICE_START__INIT);

	(void)w;
	in.command_id = command_of(c, 1);
	in.exam = wire_text("cpc-short");
	return client_tell(c, &request);
}

static uint64_t tell_resume(struct world *w, struct fake_client *c)
{
	REQUEST_OF(practice_resume, PRACTICE_RESUME, Examd__V1__PracticeResume,
		   EXAMD__V1__PRACTICE_RESUME__INIT);

	in.command_id = command_of(c, 1);
	in.attempt = w->attempt.v;
	return client_tell(c, &request);
}

TELL_PLAIN(tell_check_in, check_in, CHECK_IN, Examd__V1__CheckIn)
TELL_PLAIN(tell_leave_part, leave_part, LEAVE_PART, Examd__V1__LeavePart)
TELL_PLAIN(tell_submit, submit, SUBMIT, Examd__V1__Submit)
TELL_PLAIN(tell_break, take_break, TAKE_BREAK, Examd__V1__TakeBreak)
TELL_PLAIN(tell_end_break, end_break, END_BREAK, Examd__V1__EndBreak)

static uint64_t tell_confirm(struct world *w, struct fake_client *c)
{
	const struct attempt *a = engine_attempt(w->h->core->engine, w->attempt);
	const struct digest *hash = attempt_plain_hash(a, 0);
	ProtobufCBinaryData plain = {32, (uint8_t *)(uintptr_t)hash->b};
	REQUEST_OF(confirm_form, CONFIRM_FORM, Examd__V1__ConfirmForm,
		   EXAMD__V1__CONFIRM_FORM__INIT);

	in.command_id = command_of(c, 1);
	in.hash = &plain;
	in.n_hash = 1;
	return client_tell(c, &request);
}

static uint64_t tell_answer(struct world *w, struct fake_client *c)
{
	Examd__V1__Answer answer = EXAMD__V1__ANSWER__INIT, *answers[] = {&answer};
	uint32_t chosen = 1;
	REQUEST_OF(put_answers, PUT_ANSWERS, Examd__V1__PutAnswers, EXAMD__V1__PUT_ANSWERS__INIT);

	(void)w;
	answer.item = 3;
	answer.seat = answer.revision = 1;
	answer.chosen = &chosen;
	answer.n_chosen = 1;
	in.answers = answers;
	in.n_answers = 1;
	return client_tell(c, &request);
}

static uint64_t tell_password(struct world *w, struct fake_client *c)
{
	REQUEST_OF(change_password, CHANGE_PASSWORD, Examd__V1__ChangePassword,
		   EXAMD__V1__CHANGE_PASSWORD__INIT);

	(void)w;
	in.old_password = wire_text(STAFF_PASSWORD);
	in.new_password = wire_text(NEW_PASSWORD);
	return client_tell(c, &request);
}

static uint64_t tell_log_out(struct world *w, struct fake_client *c)
{
	REQUEST_OF(log_out, LOG_OUT, Examd__V1__LogOut, EXAMD__V1__LOG_OUT__INIT);

	(void)w;
	return client_tell(c, &request);
}

static uint64_t tell_person(struct fake_client *c, Examd__V1__PersonVerb verb)
{
	REQUEST_OF(person_change, PERSON_CHANGE, Examd__V1__PersonChange,
		   EXAMD__V1__PERSON_CHANGE__INIT);

	in.command_id = command_of(c, 1);
	in.user = wire_text("ann");
	in.verb = verb;
	return client_tell(c, &request);
}

#define TELL_PERSON(name, VERB)                                                                    \
	static uint64_t name(struct world *w, struct fake_client *c)                               \
	{                                                                                          \
		(void)w;                                                                           \
		return tell_person(c, EXAMD__V1__PERSON_VERB__PERSON_##VERB);                      \
	}

TELL_PERSON(tell_disable, DISABLE)
TELL_PERSON(tell_enable, ENABLE)
TELL_PERSON(tell_reset, RESET_PASSWORD)
TELL_PERSON(tell_revoke, REVOKE)

static uint64_t tell_order(struct world *w, struct fake_client *c, Examd__V1__RoomVerb verb,
			   bool named)
{
	int64_t attempt = w->attempt.v;
	REQUEST_OF(room_command, ROOM_COMMAND, Examd__V1__RoomCommand,
		   EXAMD__V1__ROOM_COMMAND__INIT);

	in.command_id = command_of(c, 1);
	in.sitting = w->sitting.v;
	in.attempts = &attempt;
	in.n_attempts = named;
	in.verb = verb;
	in.minutes = 7;
	in.reason = wire_text("a reason");
	in.text = wire_text("a text");
	return client_tell(c, &request);
}

#define TELL_ROOM(name, VERB, named)                                                               \
	static uint64_t name(struct world *w, struct fake_client *c)                               \
	{                                                                                          \
		return tell_order(w, c, EXAMD__V1__ROOM_VERB__ROOM_##VERB, named);                 \
	}

TELL_ROOM(tell_room_open, OPEN, false)
TELL_ROOM(tell_admit, ADMIT, false)
TELL_ROOM(tell_admit_one, ADMIT, true)
TELL_ROOM(tell_start, START, false)
TELL_ROOM(tell_pause, PAUSE, false)
TELL_ROOM(tell_pause_one, PAUSE, true)
TELL_ROOM(tell_room_resume, RESUME, false)
TELL_ROOM(tell_resume_one, RESUME, true)
TELL_ROOM(tell_minutes, ADD_MINUTES, false)
TELL_ROOM(tell_minutes_one, ADD_MINUTES, true)
TELL_ROOM(tell_message, MESSAGE, false)
TELL_ROOM(tell_release_seat, RELEASE_SEAT, true)
TELL_ROOM(tell_refuse_seat, REFUSE_SEAT, true)
TELL_ROOM(tell_close, CLOSE, false)
TELL_ROOM(tell_close_one, CLOSE, true)
TELL_ROOM(tell_reopen, REOPEN, true)
TELL_ROOM(tell_void, VOID, true)

enum sender { INES, ANN };

#define BODY(name) EXAMD__V1__REQUEST__BODY_##name

static const struct row {
	const char *name;
	Examd__V1__Request__BodyCase body;
	enum given given;
	enum sender by;
	tell tell;
	enum err again; /* what it may be told instead of ERR_OK when it was carried out before */
	enum { SEEN, UNSEEN } effect; /* UNSEEN: put_effect() does not tell it */
} rows[] = {
    {"ChangePassword", BODY(CHANGE_PASSWORD), PEOPLE, INES, tell_password, ERR_OK, SEEN},
    {"ChangePassword, one-time", BODY(CHANGE_PASSWORD), ONE_TIME, INES, tell_password, ERR_OK,
     SEEN},
    {"LogOut", BODY(LOG_OUT), PEOPLE, INES, tell_log_out, ERR_LOGIN_NEEDED, UNSEEN},
    {"CheckIn", BODY(CHECK_IN), OPEN, ANN, tell_check_in, ERR_OK, SEEN},
    {"ConfirmForm", BODY(CONFIRM_FORM), ADMITTED, ANN, tell_confirm, ERR_OK, SEEN},
    {"PutAnswers", BODY(PUT_ANSWERS), RUNNING, ANN, tell_answer, ERR_OK, SEEN},
    {"LeavePart", BODY(LEAVE_PART), RUNNING, ANN, tell_leave_part, ERR_OK, SEEN},
    {"Submit", BODY(SUBMIT), RUNNING, ANN, tell_submit, ERR_OK, SEEN},
    {"TakeBreak", BODY(TAKE_BREAK), RUNNING, ANN, tell_break, ERR_OK, SEEN},
    {"EndBreak", BODY(END_BREAK), ON_BREAK, ANN, tell_end_break, ERR_OK, SEEN},
    {"ReportEvent", BODY(REPORT_EVENT), RUNNING, ANN, tell_event, ERR_OK, UNSEEN},
    {"PracticeStart", BODY(PRACTICE_START), PEOPLE, ANN, tell_practice, ERR_OK, SEEN},
    {"PracticeResume", BODY(PRACTICE_RESUME), PARKED, ANN, tell_resume, ERR_OK, SEEN},
    {"PeopleImport", BODY(PEOPLE_IMPORT), PEOPLE, INES, tell_import, ERR_OK, SEEN},
    {"Disable", BODY(PERSON_CHANGE), PEOPLE, INES, tell_disable, ERR_OK, SEEN},
    {"Enable", BODY(PERSON_CHANGE), PEOPLE, INES, tell_enable, ERR_OK, UNSEEN},
    {"ResetPassword", BODY(PERSON_CHANGE), PEOPLE, INES, tell_reset, ERR_OK, SEEN},
    {"Revoke", BODY(PERSON_CHANGE), PEOPLE, INES, tell_revoke, ERR_OK, UNSEEN},
    {"BankLoad", BODY(BANK_LOAD), PEOPLE, INES, tell_bank, ERR_OK, SEEN},
    {"ExamLoad", BODY(EXAM_LOAD), PEOPLE, INES, tell_exam, ERR_OK, SEEN},
    {"SittingCreate", BODY(SITTING_CREATE), PEOPLE, INES, tell_create, ERR_OK, SEEN},
    {"ResultsRelease", BODY(RESULTS_RELEASE), CLOSED, INES, tell_release, ERR_OK, SEEN},
    {"open", BODY(ROOM_COMMAND), CREATED, INES, tell_room_open, ERR_OK, SEEN},
    {"admit", BODY(ROOM_COMMAND), CHECKED_IN, INES, tell_admit, ERR_OK, SEEN},
    {"admit one", BODY(ROOM_COMMAND), CHECKED_IN, INES, tell_admit_one, ERR_OK, SEEN},
    {"start", BODY(ROOM_COMMAND), READY, INES, tell_start, ERR_OK, SEEN},
    {"pause", BODY(ROOM_COMMAND), RUNNING, INES, tell_pause, ERR_OK, SEEN},
    {"pause one", BODY(ROOM_COMMAND), RUNNING, INES, tell_pause_one, ERR_OK, SEEN},
    {"resume", BODY(ROOM_COMMAND), PAUSED, INES, tell_room_resume, ERR_OK, SEEN},
    {"resume one", BODY(ROOM_COMMAND), PAUSED, INES, tell_resume_one, ERR_OK, SEEN},
    {"add minutes", BODY(ROOM_COMMAND), RUNNING, INES, tell_minutes, ERR_OK, SEEN},
    {"add minutes to one", BODY(ROOM_COMMAND), RUNNING, INES, tell_minutes_one, ERR_OK, SEEN},
    {"message", BODY(ROOM_COMMAND), RUNNING, INES, tell_message, ERR_OK, UNSEEN},
    {"release seat", BODY(ROOM_COMMAND), WAITING, INES, tell_release_seat, ERR_OK, SEEN},
    {"refuse seat", BODY(ROOM_COMMAND), WAITING, INES, tell_refuse_seat, ERR_OK, SEEN},
    {"close", BODY(ROOM_COMMAND), RUNNING, INES, tell_close, ERR_OK, SEEN},
    {"close one", BODY(ROOM_COMMAND), RUNNING, INES, tell_close_one, ERR_OK, SEEN},
    {"reopen", BODY(ROOM_COMMAND), CLOSED, INES, tell_reopen, ERR_OK, SEEN},
    {"void", BODY(ROOM_COMMAND), CLOSED, INES, tell_void, ERR_OK, SEEN},
};

/* The requests that are not above, and why they need no such rule. */
static const struct {
	Examd__V1__Request__BodyCase body;
	const char *why;
} others[] = {
    {BODY(HELLO), "begins a connection"},
    {BODY(LOG_IN), "makes a session; the one whose reply was lost is never used"},
    {BODY(USE_SLIP), "likewise; one of the same device replaces it"},
    {BODY(UPLOAD), "kept for its connection only"},
    {BODY(WATCH_SITTING), "of its connection only"},
    {BODY(SITTING_SLIPS), "has its own rule below"},
    {BODY(LIST_EXAMS), "reads"},
    {BODY(LIST_ATTEMPTS), "reads"},
    {BODY(GET_FORM_PIECE), "reads"},
    {BODY(GET_STATUS), "reads"},
    {BODY(GET_ANSWERS), "reads"},
    {BODY(GET_RESULT), "reads"},
    {BODY(GET_REVIEW), "reads"},
    {BODY(REVEAL), "reads"},
    {BODY(DOWNLOAD), "reads"},
    {BODY(PEOPLE_LIST), "reads"},
    {BODY(SITTING_LIST), "reads"},
    {BODY(RESULTS_LIST), "reads"},
    {BODY(EXPORT), "reads"},
    {BODY(TRANSCRIPT), "reads"},
    {BODY(BACKUP), "its id is known in memory only: has its own rule in test_staff"},
};

static void test_every_request_of_the_protocol_is_in_one_of_the_two_tables(void **state)
{
	(void)state;
	for (unsigned i = 0; i < examd__v1__request__descriptor.n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &examd__v1__request__descriptor.fields[i];
		size_t found = 0, k;

		if (f->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		for (k = 0; k < COUNT(rows); k++)
			if ((unsigned)rows[k].body == f->id) {
				found = 1;
				break;
			}
		for (k = 0; k < COUNT(others); k++)
			found += (unsigned)others[k].body == f->id;
		if (found != 1)
			fail_msg("%s is in %zu tables", f->name, found);
	}
}

/* ---- The effect --------------------------------------------------------------------------------
 */

static void put(struct buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct buf *out, const char *format, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof line, format, ap);
	va_end(ap);
	buf_put_text(out, line);
}

static void put_sitting(const struct sitting *s, struct buf *out)
{
	const struct person_id *persons;
	bool result, review;

	sitting_released(s, &result, &review);
	put(out,
	    "sitting %lld: state %d, %zu persons, paused %d, admitting %d, added %lld, "
	    "released %d %d\n",
	    (long long)sitting_id(s).v, (int)sitting_state(s), sitting_persons(s, &persons),
	    sitting_is_paused(s), sitting_is_admitting(s), (long long)sitting_added(s).v, result,
	    review);
}

static void put_attempt(const struct attempt *a, struct buf *out)
{
	put(out,
	    "attempt %lld of sitting %lld: state %d, seat %u, stopped %u, part %u, "
	    "answered %u, kept %u, budget %lld, break %d, closing %d, waiting %d\n",
	    (long long)attempt_id(a).v, (long long)attempt_sitting(a).v, (int)attempt_state(a),
	    attempt_seat(a).v, attempt_stopped(a) & ~(unsigned)STOP_RESTART, attempt_part(a),
	    attempt_answered(a), attempt_kept(a), (long long)attempt_budget(a, 0).v,
	    attempt_is_on_break(a), attempt_closing(a) != NULL, attempt_waiting_client(a) != NULL);
}

static void put_person(const struct person *p, struct buf *out)
{
	put(out, "person %s %s %s: role %d, extra %u, disabled %d, password %d, to change %d\n",
	    p->user, p->name, p->group, (int)p->role, p->extra_percent, p->disabled,
	    p->hash[0] != '\0', p->must_change);
}

static bool has_new_password(const struct harness *h)
{
	const char *hash = people_find_user(h->core->people, "ines")->hash;

	return crypto_pwhash_str_verify(hash, NEW_PASSWORD, strlen(NEW_PASSWORD)) == 0;
}

/* Everything but numbers drawn at random, and how often the server itself noted something. */
static void put_effect(const struct harness *h, const struct row *row, struct buf *out)
{
	static const char *const banks[] = {"cpc-style", "kinds-starter"};
	static const char *const exams[] = {"cpc-short", "cpc-demo"};
	const struct engine *e = h->core->engine;
	const struct sitting *s = NULL;
	const struct attempt *a = NULL;
	const struct person **people;
	size_t i, n = people_sorted(h->core->people, NULL, "", &people);

	while ((s = engine_sitting_after(e, s)) != NULL)
		put_sitting(s, out);
	while ((a = engine_attempt_after(e, a)) != NULL)
		put_attempt(a, out);
	for (i = 0; i < n; i++)
		put_person(people[i], out);
	for (i = 0; i < COUNT(banks); i++)
		put(out, "bank %s %d\n", banks[i], engine_bank(e, banks[i]) != NULL);
	for (i = 0; i < COUNT(exams); i++)
		put(out, "exam %s %d\n", exams[i], engine_blueprint(e, exams[i]) != NULL);
	if (row->body == EXAMD__V1__REQUEST__BODY_CHANGE_PASSWORD)
		put(out, "the password of ines is the new one: %d\n", has_new_password(h));
	free(people);
}

/* ---- Cuts --------------------------------------------------------------------------------------
 */

enum cut {
	UNDISTURBED,
	NEVER_ARRIVED,
	LOST_UNDER_WAY, /* it has arrived, and may not be carried out yet */
	REPLY_LOST,
	CRASHED_IDLE, /* what the next two are held against */
	DIED_BEFORE_THE_COMMIT,
	DIED_AFTER_THE_COMMIT,
	NCUTS
};

static const char *const cut_names[] = {
    "undisturbed",	  "never arrived",	    "lost under way",	     "reply lost",
    "crashed while idle", "died before the commit", "died after the commit",
};

/* After a loss: those whom a request needs are back.  Not ann where her coming back would itself
 * ask for a seat or take a free one. */
static void connect_again(struct world *w)
{
	w->ines = staff_again(w->ines);
	if (w->given != WAITING && w->given != CLOSED && w->ann->has_token)
		w->ann = staff_again(w->ann);
}

static struct fake_client *sender(const struct world *w, const struct row *row)
{
	return row->by == INES ? w->ines : w->ann;
}

static void lose(struct world *w, const struct row *row)
{
	struct fake_client **c = row->by == INES ? &w->ines : &w->ann;

	client_lose(*c);
	*c = staff_again(*c);
}

/* Sends it and runs the loop until it has been carried out; whether that is on disk is another
 * question. */
static void carry_out(struct world *w, const struct row *row)
{
	uint64_t before;
	const struct store *store = w->h->core->store;

	harness_drain(w->h);
	before = store_last(store).v;
	row->tell(w, sender(w, row));
	while (store_last(store).v == before)
		harness_run(w->h, 2);
}

/* True: it was carried out before it is sent again. */
static bool disturb(struct world *w, const struct row *row, enum cut cut)
{
	switch (cut) {
	case UNDISTURBED:
	case NCUTS:
		return false;
	case NEVER_ARRIVED:
		lose(w, row);
		return false;
	case LOST_UNDER_WAY:
		row->tell(w, sender(w, row));
		harness_run(w->h, 2);
		lose(w, row);
		return false;
	case REPLY_LOST:
		carry_out(w, row);
		lose(w, row);
		return true;
	case CRASHED_IDLE:
		harness_crash(w->h);
		connect_again(w);
		return false;
	case DIED_BEFORE_THE_COMMIT:
		harness_drain(w->h);
		harness_hold_commits(true);
		carry_out(w, row);
		harness_crash(w->h);
		connect_again(w);
		return false;
	case DIED_AFTER_THE_COMMIT:
		carry_out(w, row);
		harness_drain(w->h);
		harness_crash(w->h);
		connect_again(w);
		return true;
	}
	return false;
}

/* Sends it until it is not just under way. */
static enum err ask_again(struct world *w, const struct row *row)
{
	enum err err;

	do {
		struct fake_client *c = sender(w, row);
		uint64_t id = row->tell(w, c);

		while (client_reply(c, id) == NULL)
			harness_run(w->h, 4);
		err = (enum err)client_reply(c, id)->error;
	} while (err == ERR_BUSY);
	harness_drain(w->h);
	return err;
}

/* Rows that begin alike stand on one kept state. */
static struct world kept;
static char saved[64];

/* Its reason or title is put under a new row before the engine says that it knows the command. */
static bool brings_text(const struct row *row)
{
	return row->body == BODY(ROOM_COMMAND) || row->body == BODY(SITTING_CREATE);
}

static void run(const struct row *row, enum cut cut, struct buf *effect)
{
	struct world w = kept;
	struct digest before, after;
	uint64_t written;
	bool carried_out;
	enum err err;

	harness_back(w.h, saved);
	connect_again(&w);
	carried_out = disturb(&w, row, cut);
	harness_drain(w.h);
	before = engine_state_hash(w.h->core->engine);
	written = store_last(w.h->core->store).v;
	err = ask_again(&w, row);
	after = engine_state_hash(w.h->core->engine);
	if (err != ERR_OK && (err != row->again || cut == UNDISTURBED || cut == CRASHED_IDLE))
		fail_msg("%s, %s: %s", row->name, cut_names[cut], err_name(err));
	if (carried_out && !digest_equal(&before, &after))
		fail_msg("%s, %s: carried out twice", row->name, cut_names[cut]);
	if (carried_out && !brings_text(row) && store_last(w.h->core->store).v != written)
		fail_msg("%s, %s: written twice", row->name, cut_names[cut]);
	put_effect(w.h, row, effect);
}

static void compare(const struct row *row, enum cut cut, struct buf *effect,
		    struct buf *undisturbed)
{
	if (strcmp(buf_text(effect), buf_text(undisturbed)) != 0)
		fail_msg("%s, %s:\n%s-- instead of\n%s", row->name, cut_names[cut],
			 buf_text(effect), buf_text(undisturbed));
}

static void forget_kept(void)
{
	if (kept.h == NULL)
		return;
	harness_forget(saved);
	harness_free(kept.h);
	kept = (struct world){0};
}

static void keep(enum given g)
{
	if (kept.h != NULL && kept.given == g)
		return;
	forget_kept();
	kept = given(g);
	harness_save(kept.h, saved);
}

static void test_row(void **state)
{
	const struct row *row = *state;
	struct buf before = {0}, effect[NCUTS] = {{0}};

	keep(row->given);
	harness_back(kept.h, saved);
	put_effect(kept.h, row, &before);
	for (enum cut cut = 0; cut < NCUTS; cut++)
		run(row, cut, &effect[cut]);
	if (row->effect == SEEN && strcmp(buf_text(&before), buf_text(&effect[UNDISTURBED])) == 0)
		fail_msg("%s has no effect", row->name);
	for (enum cut cut = NEVER_ARRIVED; cut < CRASHED_IDLE; cut++)
		compare(row, cut, &effect[cut], &effect[UNDISTURBED]);
	for (enum cut cut = CRASHED_IDLE + 1; cut < NCUTS; cut++)
		compare(row, cut, &effect[cut], &effect[CRASHED_IDLE]);
	for (enum cut cut = 0; cut < NCUTS; cut++)
		buf_fini(&effect[cut]);
	buf_fini(&before);
}

/* ---- Slips -------------------------------------------------------------------------------------
 */

static enum err use_slip(struct harness *h, const char *slip)
{
	struct fake_client *c = client_connect(h, "some device", "10.0.0.9");

	client_hello(c);
	return (enum err)client_use_slip(c, slip)->error;
}

/* Slips are told once, so a request that is sent again makes new ones: those told last are good. */
static void test_of_slips_asked_for_again_the_last_ones_are_good(void **state)
{
	struct world w;
	const wire_reply *first, *again;

	(void)state;
	keep(CREATED);
	w = kept;
	harness_back(w.h, saved);
	connect_again(&w);
	first = staff_slips(w.ines, w.sitting, NULL, "");
	assert_int_equal(first->error, ERR_OK);
	client_lose(w.ines);
	w.ines = staff_again(w.ines);
	again = staff_slips(w.ines, w.sitting, NULL, "");
	assert_int_equal(again->error, ERR_OK);
	assert_int_equal(use_slip(w.h, first->slips->slips[0]->slip), ERR_LOGIN_FAILED);
	assert_int_equal(use_slip(w.h, again->slips->slips[0]->slip), ERR_OK);
	harness_crash(w.h);
	assert_int_equal(use_slip(w.h, first->slips->slips[0]->slip), ERR_LOGIN_FAILED);
	assert_int_equal(use_slip(w.h, again->slips->slips[0]->slip), ERR_OK);
}

/* ---- Passwords ---------------------------------------------------------------------------------
 */

static const wire_reply *change_password(struct fake_client *c, const char *from, const char *to)
{
	REQUEST_OF(change_password, CHANGE_PASSWORD, Examd__V1__ChangePassword,
		   EXAMD__V1__CHANGE_PASSWORD__INIT);

	in.old_password = wire_text(from);
	in.new_password = wire_text(to);
	return client_ask(c, &request);
}

/* Sent again it is done already; that is no way to keep a one-time password, nor one to guess. */
static void test_a_changed_password_is_asked_for_again_with_the_new_one_only(void **state)
{
	struct world w;

	(void)state;
	keep(ONE_TIME);
	w = kept;
	harness_back(w.h, saved);
	connect_again(&w);
	assert_int_equal(change_password(w.ines, "wrong, and long", STAFF_PASSWORD)->error,
			 ERR_LOGIN_FAILED);
	assert_int_equal(change_password(w.ines, STAFF_PASSWORD, NEW_PASSWORD)->error, ERR_OK);
	assert_int_equal(change_password(w.ines, STAFF_PASSWORD, NEW_PASSWORD)->error, ERR_OK);
	assert_int_equal(change_password(w.ines, STAFF_PASSWORD, "a third long one")->error,
			 ERR_LOGIN_FAILED);
	for (int i = 0; i < 10; i++)
		(void)change_password(w.ines, "wrong, and long", "guessed long one");
	assert_int_equal(change_password(w.ines, "wrong, and long", NEW_PASSWORD)->error,
			 ERR_THROTTLED);
}

#define RULES 3

int main(int argc, char **argv)
{
	static const struct CMUnitTest rules[RULES] = {
	    cmocka_unit_test(test_every_request_of_the_protocol_is_in_one_of_the_two_tables),
	    cmocka_unit_test(test_of_slips_asked_for_again_the_last_ones_are_good),
	    cmocka_unit_test(test_a_changed_password_is_asked_for_again_with_the_new_one_only),
	};
	struct CMUnitTest tests[COUNT(rows) + RULES];
	int failed;

	alarm(560);
	log_setup("test", LOG_LEVEL_OFF);
	for (size_t i = 0; i < COUNT(rows); i++)
		tests[i] = (struct CMUnitTest){rows[i].name, test_row, NULL, NULL,
					       (void *)(uintptr_t)&rows[i]};
	memcpy(tests + COUNT(rows), rules, sizeof rules);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	failed = _cmocka_run_group_tests("once", tests, COUNT(tests), NULL, NULL);
	forget_kept();
	return failed;
}
