/* Every role x request x own or another's x state, against ONE table, which was written from
 * proto/wire/PROTOCOL.md and not from the table of routes.
 *
 * Two walks use it.  The gate: every request before every kind of connection, with handlers that
 * only note that they were reached; for each bit and each phase of the table of routes that is
 * flipped, this walk must notice it.  The matrix: the real handlers, with candidates in each
 * state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/service/people.h"
#include "daemon/service/routes.h"
#include "daemon/service/sessions.h"
#include "proto/base/log.h"
#include "tests/hostile/world.h"

/* ---- The table --------------------------------------------------------------------------------
 */

/* What a letter of the table stands for. */
static const struct {
	char letter;
	enum err err;
} letters[] = {
    {'.', ERR_OK},
    {'o', ERR_OUT_OF_TURN},
    {'l', ERR_TOO_LATE},
    {'a', ERR_NOT_ADMITTED},
    {'r', ERR_NOT_READY},
    {'p', ERR_PAUSED},
    {'u', ERR_NOT_RELEASED},
    {'n', ERR_NOT_FOUND},
    {'s', ERR_SEAT_TAKEN},
    {'f', ERR_FORBIDDEN},
    {'m', ERR_NOT_IN_SITTING},
    {'i', ERR_INVALID},
    {'g', ERR_LOGIN_FAILED},
    {'w', ERR_PASSWORD_WEAK},
    {'k', ERR_LOCKED},
    {'K', ERR_KEPT_FOR_PROCTOR}, /* of the answer itself */
};

/* .who: S before log-in, C candidate, P proctor, I instructor, A admin.
 * .needs: '0' nothing, 'h' Hello, 's' a session, 'p' and its one-time password changed, 'b' and an
 *   attempt, '1' and its seat.
 * .own: a letter a state, of who may, about what is their own; staff: about an attempt in that
 *   state.  States: None, Checked in, Admitted, Ready, Running, Paused, on a Break, Submitted,
 *   eXpired, Closed, Voided, reLeased, Gone from memory.
 * .second: of another device of the same candidate that waits for the seat, while running.
 * .other: about what is another's; '-' where a request can name nothing. */
static const struct row {
	Examd__V1__Request__BodyCase body;
	const char *who;
	char needs;
	const char *own; /* NCARUPBSXDVLG */
	char second, other;
} rows[] = {
#define ROW(name) EXAMD__V1__REQUEST__BODY_##name
    /*                              who    needs  NCARUPBSXDVLG  2nd other */
    {ROW(HELLO), "SCPIA", '0', ".............", '.', '-'},
    {ROW(LOG_IN), "SCPIA", 'h', "iiiiiiiiiiiii", 'i', '-'},
    {ROW(USE_SLIP), "SCPIA", 'h', "ggggggggggggg", 'g', '-'},
    {ROW(CHANGE_PASSWORD), "CPIA", 's', "wwwwwwwwwwwww", 'w', '-'},
    {ROW(LOG_OUT), "CPIA", 's', ".............", '.', '-'},
    {ROW(LIST_EXAMS), "CPIA", 'p', ".............", '.', '-'},
    {ROW(LIST_ATTEMPTS), "CPIA", 'p', ".............", '.', 'f'},

    {ROW(CHECK_IN), "C", 'p', "............l", 's', 'm'},
    {ROW(GET_FORM_PIECE), "C", '1', "oa..........o", 's', '-'},
    {ROW(CONFIRM_FORM), "C", '1', "oa.....oooooo", 's', '-'},
    {ROW(PUT_ANSWERS), "C", 'b', "orrr...KKKKKo", 's', '-'},
    {ROW(GET_ANSWERS), "C", '1', "o...........o", 's', '-'},
    {ROW(GET_STATUS), "C", '1', "o...........o", 's', 'n'},
    {ROW(LEAVE_PART), "C", '1', "oooo.pplllllo", 's', '-'},
    {ROW(SUBMIT), "C", '1', "oooo...lllllo", 's', '-'},
    {ROW(TAKE_BREAK), "C", '1', "oooo.polllllo", 's', '-'},
    {ROW(END_BREAK), "C", '1', "oooooo.lllllo", 's', '-'},
    {ROW(REPORT_EVENT), "C", '1', "oooo...lllllo", 's', '-'},
    {ROW(GET_RESULT), "C", 'p', "noooooouuuo.u", 'o', 'n'},
    {ROW(GET_REVIEW), "C", 'p', "noooooouuuu.u", 'o', 'n'},
    {ROW(PRACTICE_START), "C", 'p', "ooooooooooooo", 'o', '-'},
    {ROW(PRACTICE_RESUME), "C", 'p', "nnnnnnnnnnnnn", 'n', 'n'},
    {ROW(REVEAL), "C", '1', "offfffffffffo", 's', '-'},

    {ROW(UPLOAD), "IA", 'p', ".............", '-', '-'},
    {ROW(DOWNLOAD), "IA", 'p', ".............", '-', '-'},
    {ROW(PEOPLE_IMPORT), "IA", 'p', "nnnnnnnnnnnnn", '-', '-'},
    {ROW(PEOPLE_LIST), "PIA", 'p', ".............", '-', '-'},
    {ROW(PERSON_CHANGE), "PIA", 'p', "iiiiiiiiiiiii", '-', '-'},
    {ROW(BANK_LOAD), "IA", 'p', "nnnnnnnnnnnnn", '-', '-'},
    {ROW(EXAM_LOAD), "IA", 'p', "nnnnnnnnnnnnn", '-', '-'},
    {ROW(SITTING_CREATE), "IA", 'p', "iiiiiiiiiiiii", '-', '-'},
    {ROW(SITTING_LIST), "PIA", 'p', ".............", '-', '-'},
    {ROW(SITTING_SLIPS), "PIA", 'p', "mmmmmmmmmmmmo", '-', '-'},
    {ROW(ROOM_COMMAND), "PIA", 'p', "fffffffffffff", '-', '-'}, /* verb 0; see verbs[] */
    {ROW(WATCH_SITTING), "PIA", 'p', ".............", '-', '-'},
    {ROW(RESULTS_LIST), "IA", 'p', ".............", '-', '-'},
    {ROW(RESULTS_RELEASE), "IA", 'p', "iiiiiiiiiiiii", '-', '-'},
    {ROW(EXPORT), "IA", 'p', "iiiiiiiiiiiii", '-', '-'},
    {ROW(TRANSCRIPT), "IA", 'p', "n............", '-', '-'},
    {ROW(BACKUP), "A", 'p', "iiiiiiiiiiiii", '-', '-'},
};

/* Commands to a room, about one attempt; of one that is not there: about the room. */
static const struct verb {
	Examd__V1__RoomVerb verb;
	const char *who;
	const char *own; /* NCARUPBSXDVLG */
} verbs[] = {
#define VERB(name) EXAMD__V1__ROOM_VERB__ROOM_##name
    {VERB(OPEN), "PIA", "oiiiiiiiiiiii"},	 {VERB(ADMIT), "PIA", "..ooooooooooo"},
    {VERB(START), "PIA", ".oooooooooooo"},	 {VERB(PAUSE), "PIA", "oooo.o.oooooo"},
    {VERB(RESUME), "PIA", "ooooo.ooooooo"},	 {VERB(ADD_MINUTES), "PIA", ".......oooooo"},
    {VERB(MESSAGE), "PIA", ".......oooooo"},	 {VERB(RELEASE_SEAT), "PIA", "i......oooooo"},
    {VERB(REFUSE_SEAT), "PIA", "ioooooooooooo"}, {VERB(CLOSE), "PIA", ".......oooooo"},
    {VERB(REOPEN), "IA", "ioooooo...o.."},	 {VERB(VOID), "IA", "i.........o.."},
};

/* Whom a verb of PersonChange may be about: a letter for each role of the other person, candidate,
 * proctor, instructor, admin, and then for oneself; '.' may, 'f' may not. */
static const struct person_row {
	Examd__V1__PersonVerb verb;
	const char *by[3]; /* proctor, instructor, admin */
} person_rows[] = {
#define PVERB(name) EXAMD__V1__PERSON_VERB__PERSON_##name
    /*                       proctor  instructor  admin */
    {PVERB(UNLOCK), {"..ff.", "...f.", "....."}},
    {PVERB(DISABLE), {"fffff", "...ff", "....f"}},
    {PVERB(ENABLE), {"fffff", "...f.", "....."}},
    {PVERB(RESET_PASSWORD), {"fffff", "...f.", "....."}},
    {PVERB(REVOKE), {"fffff", "...f.", "....."}},
};

static enum err err_of(char letter)
{
	for (size_t i = 0; i < COUNT(letters); i++)
		if (letters[i].letter == letter)
			return letters[i].err;
	fail_msg("the table has a letter that means nothing: %c", letter);
	return ERR_OK;
}

static const struct row *row_of(Examd__V1__Request__BodyCase body)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].body == body)
			return &rows[i];
	return NULL;
}

static const char role_letters[] = "SCPIA";

static bool may(const char *who, Examd__V1__Role role)
{
	return strchr(who, role_letters[role]) != NULL;
}

static const char *body_name(Examd__V1__Request__BodyCase body)
{
	return protobuf_c_message_descriptor_get_field(&examd__v1__request__descriptor,
						       (unsigned)body)
	    ->name;
}

static void test_the_table_has_every_request_once(void **state)
{
	const ProtobufCMessageDescriptor *d = &examd__v1__request__descriptor;
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < d->n_fields; i++) {
		if (d->fields[i].id < EXAMD__V1__REQUEST__BODY_HELLO)
			continue; /* the id */
		n++;
		if (row_of((Examd__V1__Request__BodyCase)d->fields[i].id) == NULL)
			fail_msg("the table has no row for %s", d->fields[i].name);
	}
	assert_int_equal(n, COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strlen(rows[i].own) != STAGE_COUNT)
			fail_msg("%s: %zu states", body_name(rows[i].body), strlen(rows[i].own));
	for (size_t i = 0; i < COUNT(verbs); i++)
		if (strlen(verbs[i].own) != STAGE_COUNT)
			fail_msg("verb %d: %zu states", verbs[i].verb, strlen(verbs[i].own));
}

/* ---- Requests ---------------------------------------------------------------------------------
 */

/* What a request is about. */
struct target {
	struct fake_client *c; /* who asks */
	int64_t attempt, sitting;
	const char *user;		     /* NULL: oneself, where this can be said */
	const struct candidate *form;	     /* hashes to confirm; may be NULL */
	const Examd__V1__RoomVerb *room;     /* of a room command; may be NULL */
	const Examd__V1__PersonVerb *person; /* of a change of a person; may be NULL */
};

/* A request with all that it may hold. */
struct asked {
	wire_request request;
	ProtobufCMessage *body; /* owned */
	uint8_t command[COMMAND_SIZE];
	int64_t attempt;
	ProtobufCBinaryData hashes[8];
	Examd__V1__Answer answer, *answers[1];
	uint32_t chosen;
	char *users[1];
};

static void put_command(struct asked *q)
{
	const ProtobufCFieldDescriptor *f =
	    protobuf_c_message_descriptor_get_field_by_name(q->body->descriptor, "command_id");
	ProtobufCBinaryData id = {COMMAND_SIZE, q->command};

	if (f == NULL)
		return;
	random_bytes(q->command, sizeof(q->command));
	memcpy((char *)q->body + f->offset, &id, sizeof(id));
}

static void fill_answers(struct asked *q)
{
	examd__v1__answer__init(&q->answer);
	q->answer.revision = 1;
	q->answer.seat = 1;
	q->answers[0] = &q->answer;
	q->request.put_answers->answers = q->answers;
	q->request.put_answers->n_answers = 1;
}

static void fill_hashes(struct asked *q, const struct candidate *form)
{
	for (size_t i = 0; form != NULL && i < form->nparts; i++)
		q->hashes[i] = (ProtobufCBinaryData){32, (uint8_t *)(uintptr_t)form->hash[i]};
	q->request.confirm_form->hash = q->hashes;
	q->request.confirm_form->n_hash = form != NULL ? form->nparts : 0;
}

static void fill_room(struct asked *q, const struct target *t)
{
	Examd__V1__RoomCommand *m = q->request.room_command;

	m->sitting = t->sitting;
	m->verb = t->room != NULL ? *t->room : EXAMD__V1__ROOM_VERB__ROOM_VERB_NONE;
	q->attempt = t->attempt;
	m->attempts = &q->attempt;
	m->n_attempts = t->attempt != 0;
	m->reason = wire_text("a reason");
	m->text = wire_text("a text");
	m->minutes = 1;
}

static void fill(struct asked *q, const struct target *t)
{
	wire_request *r = &q->request;

	switch (r->body_case) {
	case ROW(HELLO):
		r->hello->min_version = r->hello->max_version = PROTOCOL_VERSION;
		r->hello->client_id = (ProtobufCBinaryData){CLIENT_SIZE, t->c->client_id};
		if (t->c->has_token)
			r->hello->token = (ProtobufCBinaryData){TOKEN_SIZE, t->c->token};
		break;
	case ROW(USE_SLIP):
		r->use_slip->slip = wire_text("0000000000");
		break;
	case ROW(CHANGE_PASSWORD):
		r->change_password->new_password = wire_text("short");
		break;
	case ROW(LIST_ATTEMPTS):
		r->list_attempts->user = wire_text(t->user);
		break;
	case ROW(CHECK_IN):
		r->check_in->sitting = t->sitting;
		break;
	case ROW(CONFIRM_FORM):
		fill_hashes(q, t->form);
		break;
	case ROW(PUT_ANSWERS):
		fill_answers(q);
		break;
	case ROW(GET_STATUS):
		r->get_status->attempt = t->attempt;
		break;
	case ROW(REPORT_EVENT):
		r->report_event->kind = 1;
		break;
	case ROW(GET_RESULT):
		r->get_result->attempt = t->attempt;
		break;
	case ROW(GET_REVIEW):
		r->get_review->attempt = t->attempt;
		break;
	case ROW(PRACTICE_RESUME):
		r->practice_resume->attempt = t->attempt;
		break;
	case ROW(UPLOAD):
		r->upload->number = 1;
		break;
	case ROW(DOWNLOAD):
		r->download->number = 4;
		break;
	case ROW(PEOPLE_IMPORT):
		r->people_import->upload = 4;
		break;
	case ROW(PERSON_CHANGE):
		r->person_change->user = wire_text(t->user);
		if (t->person != NULL)
			r->person_change->verb = *t->person;
		break;
	case ROW(SITTING_CREATE):
		r->sitting_create->exam = wire_text("no-such-exam");
		break;
	case ROW(SITTING_SLIPS):
		r->sitting_slips->sitting = t->sitting;
		q->users[0] = wire_text("admin"); /* sits nowhere */
		r->sitting_slips->users = q->users;
		r->sitting_slips->n_users = 1;
		break;
	case ROW(ROOM_COMMAND):
		fill_room(q, t);
		break;
	case ROW(WATCH_SITTING):
		r->watch_sitting->sitting = t->sitting;
		r->watch_sitting->off = true;
		break;
	case ROW(RESULTS_LIST):
		r->results_list->sitting = t->sitting;
		break;
	case ROW(RESULTS_RELEASE):
		r->results_release->sitting = t->sitting;
		break;
	case ROW(EXPORT):
		r->export->sitting = t->sitting;
		r->export->format = wire_text("no such format");
		break;
	case ROW(TRANSCRIPT):
		r->transcript->attempt = t->attempt;
		r->transcript->download = 1;
		break;
	case ROW(BACKUP):
		r->backup->name = wire_text("../elsewhere");
		break;
	default:
		break;
	}
}

static void make(struct asked *q, Examd__V1__Request__BodyCase body, const struct target *t)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(
	    &examd__v1__request__descriptor, (unsigned)body);
	const ProtobufCMessageDescriptor *type = f->descriptor;

	*q = (struct asked){.body = mem_new(type->sizeof_message)};
	examd__v1__request__init(&q->request);
	type->message_init(q->body);
	q->request.body_case = body;
	memcpy((char *)&q->request + f->offset, &q->body, sizeof(q->body));
	put_command(q);
	fill(q, t);
}

/* Asks; the error of the reply, or that of the answer in it. */
static enum err ask(Examd__V1__Request__BodyCase body, const struct target *t)
{
	struct asked q;
	const wire_reply *reply;
	enum err err;

	make(&q, body, t);
	reply = client_ask(t->c, &q.request);
	err = (enum err)reply->error;
	if (err == ERR_OK && reply->body_case == EXAMD__V1__REPLY__BODY_ANSWER_ACKS)
		err = (enum err)reply->answer_acks->acks[0]->error;
	free(q.body);
	return err;
}

/* ---- The gate ---------------------------------------------------------------------------------
 */

/* One connection of each kind. */
struct door {
	const char *name;
	struct fake_client *c;
	Examd__V1__Role role;
	bool greeted, must_change, has_attempt, has_seat;
};

struct gate {
	struct harness *h;
	struct door doors[16];
	size_t ndoors;
};

static bool reached;

static enum err note_reached(struct request *rq)
{
	(void)rq;
	reached = true;
	return ERR_OK;
}

/* The error that keeps a request out; ERR_OK: it is let in. */
static enum err expected_at(const struct row *r, const struct door *d)
{
	if (!d->greeted && r->needs != '0')
		return ERR_OUT_OF_TURN;
	if (!may(r->who, d->role))
		return d->role == EXAMD__V1__ROLE__ROLE_NONE ? ERR_LOGIN_NEEDED : ERR_FORBIDDEN;
	if (strchr("0hs", r->needs) != NULL)
		return ERR_OK;
	if (d->must_change)
		return ERR_PASSWORD_CHANGE;
	if (r->needs == 'p')
		return ERR_OK;
	if (!d->has_attempt)
		return ERR_OUT_OF_TURN;
	return r->needs == '1' && !d->has_seat ? ERR_SEAT_TAKEN : ERR_OK;
}

/* Straight to the table of routes: no loop, no disk. */
static bool gate_is_as_expected(const struct gate *g, const struct row *r, bool tell)
{
	bool good = true;

	for (size_t i = 0; i < g->ndoors; i++) {
		const struct door *d = &g->doors[i];
		wire_request msg = EXAMD__V1__REQUEST__INIT;
		struct request rq = {.core = g->h->core, .msg = &msg};
		enum err want = expected_at(r, d), err;

		rq.client = client_find(g->h->core, d->c->conn);
		msg.body_case = r->body;
		reached = false;
		err = route_dispatch(&rq);
		if (err == want && reached == (want == ERR_OK))
			continue;
		good = false;
		if (tell)
			print_error("%s by %s: not as expected\n", body_name(r->body), d->name);
	}
	return good;
}

static void add_door(struct gate *g, struct door door)
{
	assert_true(g->ndoors < COUNT(g->doors));
	g->doors[g->ndoors++] = door;
}

static struct fake_client *log_in(struct harness *h, const char *user, Examd__V1__Role role,
				  bool must_change)
{
	struct fake_client *c = staff_connect(h, user, role);
	const struct person *p = people_find_user(h->core->people, user);

	if (must_change)
		people_put_password(h->core, p->id, p->hash, true);
	return c;
}

static void add_logged_in(struct gate *g)
{
	static const struct {
		const char *user;
		Examd__V1__Role role;
		bool must_change;
	} kinds[] = {
	    {"a candidate by password", EXAMD__V1__ROLE__ROLE_CANDIDATE, false},
	    {"a proctor", EXAMD__V1__ROLE__ROLE_PROCTOR, false},
	    {"an instructor", EXAMD__V1__ROLE__ROLE_INSTRUCTOR, false},
	    {"an admin", EXAMD__V1__ROLE__ROLE_ADMIN, false},
	    {"a candidate, one-time password", EXAMD__V1__ROLE__ROLE_CANDIDATE, true},
	    {"a proctor, one-time password", EXAMD__V1__ROLE__ROLE_PROCTOR, true},
	    {"an instructor, one-time password", EXAMD__V1__ROLE__ROLE_INSTRUCTOR, true},
	    {"an admin, one-time password", EXAMD__V1__ROLE__ROLE_ADMIN, true},
	};

	for (size_t i = 0; i < COUNT(kinds); i++)
		add_door(g, (struct door){.name = kinds[i].user,
					  .c = log_in(g->h, kinds[i].user, kinds[i].role,
						      kinds[i].must_change),
					  .role = kinds[i].role,
					  .greeted = true,
					  .must_change = kinds[i].must_change});
}

/* An instructor who came by a slip is a candidate. */
static struct fake_client *instructor_by_slip(struct harness *h)
{
	struct fake_client *c = client_connect(h, "by slip", "10.3.0.2");
	struct person_id ines = people_find_user(h->core->people, "an instructor")->id;
	struct sitting_id sitting = harness_sitting(h, "exam", &ines, 1);

	assert_int_equal(client_use_new_slip(c, sitting, ines)->error, ERR_OK);
	return c;
}

static struct fake_client *second_device(const struct candidate *p, const char *name)
{
	struct fake_client *c = client_connect(p->c->harness, name, "10.3.0.3");
	char slip[SLIP_SYMBOLS + 1];

	slip_make(c->harness->core, p->sitting, p->person, slip);
	assert_int_equal(client_hello(c)->error, ERR_OK);
	assert_int_equal(client_use_slip(c, slip)->error, ERR_OK);
	assert_int_equal(client_check_in(c, 9)->error, ERR_SEAT_TAKEN);
	return c;
}

static struct harness *new_world(void)
{
	struct harness *h = harness_new();

	world_bank(h, "bank", "exam", false);
	world_exam(h, "exam", "bank", false);
	return h;
}

static struct gate new_gate(void)
{
	struct gate g = {.h = new_world()};
	struct candidate p = world_candidate(g.h, "carl", "exam", STAGE_RUNNING);

	add_door(&g, (struct door){.name = "who has said nothing",
				   .c = client_connect(g.h, "nobody", "10.3.0.4")});
	add_door(&g, (struct door){.name = "a stranger",
				   .c = client_connect(g.h, "stranger", "10.3.0.4"),
				   .greeted = true});
	assert_int_equal(client_hello(g.doors[1].c)->error, ERR_OK);
	add_logged_in(&g);
	add_door(&g, (struct door){.name = "a candidate with the seat",
				   .c = p.c,
				   .role = EXAMD__V1__ROLE__ROLE_CANDIDATE,
				   .greeted = true,
				   .has_attempt = true,
				   .has_seat = true});
	add_door(&g, (struct door){.name = "a candidate who waits for the seat",
				   .c = second_device(&p, "second"),
				   .role = EXAMD__V1__ROLE__ROLE_CANDIDATE,
				   .greeted = true,
				   .has_attempt = true});
	add_door(&g, (struct door){.name = "an instructor by slip",
				   .c = instructor_by_slip(g.h),
				   .role = EXAMD__V1__ROLE__ROLE_CANDIDATE,
				   .greeted = true});
	harness_drain(g.h);
	return g;
}

/* The table of routes is constant, and its pages cannot be written; for the walk they can. */
static struct route *writable(Examd__V1__Request__BodyCase body)
{
	struct route *r = (struct route *)(uintptr_t)route_find(body);
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)r / page * page;

	assert_int_equal(mprotect((void *)from, (uintptr_t)(r + 1) - from, PROT_READ | PROT_WRITE),
			 0);
	return r;
}

static enum err (*real_handlers[COUNT(rows)])(struct request *rq);

static void hold_handlers(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct route *r = writable(rows[i].body);

		real_handlers[i] = r->handle;
		r->handle = note_reached;
	}
}

static void free_handlers(void)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		writable(rows[i].body)->handle = real_handlers[i];
}

static void test_each_request_is_let_in_as_the_table_says(void **state)
{
	struct gate g = new_gate();
	bool good = true;

	(void)state;
	hold_handlers();
	for (size_t i = 0; i < COUNT(rows); i++)
		good &= gate_is_as_expected(&g, &rows[i], true);
	free_handlers();
	assert_true(good);
	harness_free(g.h);
}

/* Changes a row and walks; in a process of its own, for a change may make the walk crash: that is
 * noticed too. */
static bool is_noticed(const struct gate *g, const struct row *r, unsigned who, enum phase phase)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct route *route = writable(r->body);
		struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(0);
		route->who = who;
		route->phase = phase;
		_exit(gate_is_as_expected(g, r, false) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

/* Who has a session has said Hello, and who may ask at all is the other column: to be greeted and
 * to be in a session keep out nobody whom that does not. */
static bool same_phase(enum phase a, enum phase b)
{
	return a == b || (a == WHILE_GREETED && b == WHILE_IN_SESSION) ||
	       (a == WHILE_IN_SESSION && b == WHILE_GREETED);
}

static void test_a_flip_of_any_entry_of_the_routes_is_noticed(void **state)
{
	struct gate g = new_gate();
	unsigned flips = 0, missed = 0;

	(void)state;
	hold_handlers();
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct route was = *route_find(rows[i].body);

		assert_false(is_noticed(&g, &rows[i], was.who, was.phase));
		for (unsigned role = 0; role <= EXAMD__V1__ROLE__ROLE_ADMIN; role++, flips++)
			if (!is_noticed(&g, &rows[i], was.who ^ 1u << role, was.phase)) {
				print_error("%s, %c\n", body_name(rows[i].body),
					    role_letters[role]);
				missed++;
			}
		for (unsigned p = WHILE_CONNECTED; p <= WHILE_HOLDING; p++) {
			if (same_phase((enum phase)p, was.phase))
				continue;
			flips++;
			if (!is_noticed(&g, &rows[i], was.who, (enum phase)p)) {
				print_error("%s, phase %u\n", body_name(rows[i].body), p);
				missed++;
			}
		}
	}
	free_handlers();
	print_message("%u flips, %u not noticed\n", flips, missed);
	assert_int_equal(missed, 0);
	assert_true(flips > 350);
	harness_free(g.h);
}

/* ---- Commands to rooms ------------------------------------------------------------------------
 */

bool __real_room_verb_allowed(Examd__V1__RoomVerb verb, Examd__V1__Role role);
bool __wrap_room_verb_allowed(Examd__V1__RoomVerb verb, Examd__V1__Role role);

static unsigned flipped_verb, flipped_role; /* verb 0: none */

bool __wrap_room_verb_allowed(Examd__V1__RoomVerb verb, Examd__V1__Role role)
{
	bool allowed = __real_room_verb_allowed(verb, role);

	return verb == flipped_verb && role == flipped_role ? !allowed : allowed;
}

struct staff {
	struct harness *h;
	struct fake_client *by_role[EXAMD__V1__ROLE__ROLE_ADMIN + 1];
	struct candidate carl;
};

static struct staff new_staff(struct harness *h)
{
	static const char *const users[] = {"", "candy", "petra", "ines", "adam"};
	struct staff s = {.h = h};

	for (unsigned role = EXAMD__V1__ROLE__ROLE_CANDIDATE; role <= EXAMD__V1__ROLE__ROLE_ADMIN;
	     role++)
		s.by_role[role] = staff_connect(h, users[role], (Examd__V1__Role)role);
	s.by_role[0] = client_connect(h, "stranger", "10.3.0.9");
	assert_int_equal(client_hello(s.by_role[0])->error, ERR_OK);
	return s;
}

/* Does everybody get as far with this verb as the table says?  The sitting is not there. */
static bool verb_is_as_expected(const struct staff *s, const struct verb *v)
{
	bool good = true;

	for (unsigned role = EXAMD__V1__ROLE__ROLE_CANDIDATE; role <= EXAMD__V1__ROLE__ROLE_ADMIN;
	     role++) {
		const struct target t = {.c = s->by_role[role], .sitting = 999, .room = &v->verb};
		enum err err = ask(ROW(ROOM_COMMAND), &t);

		good &= (err != ERR_FORBIDDEN) == may(v->who, (Examd__V1__Role)role);
	}
	return good;
}

static void test_a_flip_of_any_entry_of_the_verbs_is_noticed(void **state)
{
	struct harness *h = new_world();
	struct staff s = new_staff(h);

	(void)state;
	for (size_t i = 0; i < COUNT(verbs); i++) {
		flipped_verb = 0;
		assert_true(verb_is_as_expected(&s, &verbs[i]));
		/* A candidate is kept out by the row of the request, before any verb is looked at.
		 */
		for (flipped_role = EXAMD__V1__ROLE__ROLE_PROCTOR;
		     flipped_role <= EXAMD__V1__ROLE__ROLE_ADMIN; flipped_role++) {
			flipped_verb = verbs[i].verb;
			assert_false(verb_is_as_expected(&s, &verbs[i]));
		}
	}
	flipped_verb = 0;
	harness_free(h);
}

/* ---- People -----------------------------------------------------------------------------------
 */

/* The person of each change is made anew: it may be disabled, or logged out. */
static void expect_person(struct staff *s, const struct person_row *r, unsigned by, unsigned whom)
{
	static unsigned made;
	char user[32], self[32];
	struct target t = {.person = &r->verb};
	char want = r->by[by][whom];
	Examd__V1__Role role = (Examd__V1__Role)(by + EXAMD__V1__ROLE__ROLE_PROCTOR);

	t.c = s->by_role[role];
	if (whom == 4) { /* oneself, and what that ends is not needed any more */
		snprintf(self, sizeof(self), "self%u", ++made);
		t.c = staff_connect(s->h, self, role);
		t.user = self;
	} else {
		snprintf(user, sizeof(user), "whom%u", ++made);
		harness_person(s->h, user, (Examd__V1__Role)(whom + 1), NULL);
		t.user = user;
	}
	if (ask(ROW(PERSON_CHANGE), &t) != err_of(want))
		fail_msg("person verb %d by %c about %u: not %c", r->verb, "PIA"[by], whom, want);
}

static void test_nobody_changes_whom_the_table_does_not_say(void **state)
{
	struct harness *h = new_world();
	struct staff s = new_staff(h);

	(void)state;
	for (size_t i = 0; i < COUNT(person_rows); i++)
		for (unsigned by = 0; by < 3; by++)
			for (unsigned whom = 0; whom < 5; whom++)
				expect_person(&s, &person_rows[i], by, whom);
	harness_free(h);
}

/* ---- The matrix -------------------------------------------------------------------------------
 */

static const char stage_letters[] = "NCARUPBSXDVLG";

struct matrix {
	struct harness *h;
	struct staff staff;
	struct candidate other;		      /* running, another's */
	struct candidate *ready[STAGE_COUNT]; /* owned: made beforehand */
	size_t nready[STAGE_COUNT], used[STAGE_COUNT];
	unsigned cells, wrong;
};

/* Does this request change something when it is carried out?  Then it gets a candidate of its own.
 */
static bool changes(const struct row *r, enum stage stage)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(
	    &examd__v1__request__descriptor, (unsigned)r->body);

	if (r->own[stage] != '.' && r->own[stage] != 'K')
		return false;
	return r->body == ROW(LOG_OUT) || r->body == ROW(PUT_ANSWERS) ||
	       protobuf_c_message_descriptor_get_field_by_name(f->descriptor, "command_id") != NULL;
}

static size_t needed(enum stage stage)
{
	size_t n = 1; /* for all the others */

	for (size_t i = 0; i < COUNT(rows); i++)
		n += changes(&rows[i], stage);
	for (size_t i = 0; i < COUNT(verbs); i++)
		n += verbs[i].own[stage] == '.' ? strlen(verbs[i].who) : 0;
	return n;
}

static void make_candidates(struct matrix *m, enum stage stage)
{
	char prefix[2] = {stage_letters[stage], '\0'};

	m->nready[stage] = needed(stage);
	m->ready[stage] = world_candidates(m->h, prefix, "exam", stage, m->nready[stage]);
}

static const struct candidate *next_candidate(struct matrix *m, enum stage stage)
{
	assert_true(m->used[stage] < m->nready[stage]);
	return &m->ready[stage][m->used[stage]++];
}

static void cell(struct matrix *m, const char *who, const char *what, const struct target *t,
		 Examd__V1__Request__BodyCase body, enum stage stage, enum err want)
{
	enum err err = ask(body, t);
	char got[32]; /* a name lives until the next */

	m->cells++;
	if (err == want)
		return;
	m->wrong++;
	snprintf(got, sizeof(got), "%s", err_name(err));
	print_error("%s, %s, %c: %s, expected %s\n", what, who, stage_letters[stage], got,
		    err_name(want));
}

static void own_cells(struct matrix *m, const struct row *r, enum stage stage)
{
	const struct candidate *p;
	struct target t;

	if (!may(r->who, EXAMD__V1__ROLE__ROLE_CANDIDATE))
		return;
	p = changes(r, stage) ? next_candidate(m, stage) : &m->ready[stage][0];
	t = (struct target){.c = p->c,
			    .attempt = stage != STAGE_NONE ? p->attempt.v : 0,
			    .sitting = p->sitting.v,
			    .form = p};
	if (r->body == ROW(GET_STATUS))
		t.attempt = 0;
	cell(m, "own", body_name(r->body), &t, r->body, stage, err_of(r->own[stage]));
}

/* What no candidate and no stranger may, and what names another's. */
static void outsider_cells(struct matrix *m, const struct row *r, enum stage stage)
{
	const struct candidate *p = &m->ready[stage][0];
	struct target t = {.attempt = p->attempt.v != 0 ? p->attempt.v : 999,
			   .sitting = p->sitting.v,
			   .user = p->user,
			   .form = p};

	for (unsigned role = 0; role <= EXAMD__V1__ROLE__ROLE_ADMIN; role++) {
		enum err want = role == 0 ? ERR_LOGIN_NEEDED : ERR_FORBIDDEN;

		t.c = m->staff.by_role[role];
		if (!may(r->who, (Examd__V1__Role)role))
			cell(m, role == 0 ? "stranger" : "role", body_name(r->body), &t, r->body,
			     stage, want);
	}
	if (r->other != '-' && strchr(r->who, 'C') != NULL) {
		t.c = m->other.c;
		cell(m, "another's", body_name(r->body), &t, r->body, stage, err_of(r->other));
	}
}

static void staff_cells(struct matrix *m, const struct row *r, enum stage stage)
{
	const struct candidate *p = &m->ready[stage][0];
	struct target t = {.attempt = p->attempt.v != 0 ? p->attempt.v : 999,
			   .sitting = p->sitting.v,
			   .user = p->user};

	if (r->body == ROW(HELLO) || r->body == ROW(LOG_OUT) || r->body == ROW(LIST_ATTEMPTS))
		return; /* see below, and the gate */
	for (unsigned role = EXAMD__V1__ROLE__ROLE_PROCTOR; role <= EXAMD__V1__ROLE__ROLE_ADMIN;
	     role++)
		if (may(r->who, (Examd__V1__Role)role) && r->second == '-') {
			t.c = m->staff.by_role[role];
			cell(m, "staff", body_name(r->body), &t, r->body, stage,
			     err_of(r->own[stage]));
		}
}

/* The attempts of others are for instructors and admins: a proctor sees no score. */
static void list_cells(struct matrix *m, enum stage stage)
{
	static const char want[] = "?ff..";

	for (unsigned role = EXAMD__V1__ROLE__ROLE_CANDIDATE; role <= EXAMD__V1__ROLE__ROLE_ADMIN;
	     role++) {
		const struct target t = {.c = m->staff.by_role[role],
					 .user = m->ready[stage][0].user};

		cell(m, "list of another", "list_attempts", &t, ROW(LIST_ATTEMPTS), stage,
		     err_of(want[role]));
	}
}

static void verb_cells(struct matrix *m, const struct verb *v, enum stage stage)
{
	for (unsigned role = EXAMD__V1__ROLE__ROLE_PROCTOR; role <= EXAMD__V1__ROLE__ROLE_ADMIN;
	     role++) {
		bool allowed = may(v->who, (Examd__V1__Role)role);
		bool changes = allowed && v->own[stage] == '.';
		const struct candidate *p =
		    changes ? next_candidate(m, stage) : &m->ready[stage][0];
		const struct target t = {.c = m->staff.by_role[role],
					 .attempt = p->attempt.v,
					 .sitting = p->sitting.v,
					 .room = &v->verb};
		char name[32];

		snprintf(name, sizeof(name), "room verb %d", v->verb);
		cell(m, "staff", name, &t, ROW(ROOM_COMMAND), stage,
		     allowed ? err_of(v->own[stage]) : ERR_FORBIDDEN);
	}
}

static void second_cells(struct matrix *m)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		char user[32];
		struct candidate p;
		struct target t;

		if (rows[i].second == '-')
			continue;
		snprintf(user, sizeof(user), "second%zu", i);
		p = world_candidate(m->h, user, "exam", STAGE_RUNNING);
		t = (struct target){.c = second_device(&p, user + 1),
				    .attempt = p.attempt.v,
				    .sitting = p.sitting.v,
				    .form = &p};
		cell(m, "second device", body_name(rows[i].body), &t, rows[i].body, STAGE_RUNNING,
		     err_of(rows[i].second));
	}
}

static void test_every_role_request_and_state_is_as_the_table_says(void **state)
{
	/* First those for which the clock is turned. */
	static const enum stage order[] = {
	    STAGE_GONE,	  STAGE_EXPIRED, STAGE_NONE,	STAGE_CHECKED_IN, STAGE_ADMITTED,
	    STAGE_READY,  STAGE_RUNNING, STAGE_PAUSED,	STAGE_BREAK,	  STAGE_SUBMITTED,
	    STAGE_CLOSED, STAGE_VOIDED,	 STAGE_RELEASED};
	struct matrix m = {.h = new_world()};

	(void)state;
	_Static_assert(COUNT(order) == STAGE_COUNT, "every stage");
	for (size_t i = 0; i < COUNT(order); i++)
		make_candidates(&m, order[i]);
	m.staff = new_staff(m.h);
	m.other = world_candidate(m.h, "other", "exam", STAGE_RUNNING);
	for (enum stage stage = 0; stage < STAGE_COUNT; stage++) {
		m.used[stage] = 1;
		for (size_t i = 0; i < COUNT(rows); i++) {
			outsider_cells(&m, &rows[i], stage);
			staff_cells(&m, &rows[i], stage);
			own_cells(&m, &rows[i], stage);
		}
		list_cells(&m, stage);
		for (size_t i = 0; i < COUNT(verbs); i++)
			verb_cells(&m, &verbs[i], stage);
	}
	second_cells(&m);
	print_message("%u cells\n", m.cells);
	for (size_t i = 0; i < STAGE_COUNT; i++)
		free(m.ready[i]);
	harness_free(m.h);
	assert_int_equal(m.wrong, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_table_has_every_request_once),
	    cmocka_unit_test(test_each_request_is_let_in_as_the_table_says),
	    cmocka_unit_test(test_a_flip_of_any_entry_of_the_routes_is_noticed),
	    cmocka_unit_test(test_a_flip_of_any_entry_of_the_verbs_is_noticed),
	    cmocka_unit_test(test_nobody_changes_whom_the_table_does_not_say),
	    cmocka_unit_test(test_every_role_request_and_state_is_as_the_table_says),
	};

	alarm(280);
	log_setup("test", LOG_LEVEL_OFF);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
