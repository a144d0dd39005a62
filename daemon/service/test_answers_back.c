/* A candidate gets back what was answered, on any device that holds the seat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/service/harness.h"
#include "daemon/service/shelf.h"
#include "proto/base/log.h"
#include "questions/text/bank_text.h"
#include "questions/text/blueprint_text.h"

#define CHOICES 4
#define CASES	130 /* with notes more than one reply can hold */
#define ITEMS	(CHOICES + CASES)

#define REQUEST(field, BODY, Type, Init)                                                           \
	wire_request request = EXAMD__V1__REQUEST__INIT;                                           \
	Type in = Init;                                                                            \
	request.body_case = EXAMD__V1__REQUEST__BODY_##BODY;                                       \
	request.field = &in

/* ---- An exam: choices first, then codes ---------------------------------------------------- */

static void write_bank(struct buf *out)
{
	buf_printf(out, "bank: b\ntitle: B\nversion: \"1\"\ncode_year: FY2026\nhcpcs: \"2025-10\"\n"
			"licence: CC-BY-4.0\ncopyright: nobody\nnotice: n\nrequires: []\nitems:\n");
	for (unsigned i = 0; i < CHOICES; i++)
		buf_printf(out,
			   "  - id: choice-%u\n    sections: {e: choice}\n    level: recall\n"
			   "    topic: [t]\n    kind: single\n    stem: Which?\n    options:\n"
			   "      - {text: A, right: true, why: w}\n      - {text: B, why: w}\n"
			   "      - {text: C, why: w}\n      - {text: D, why: w}\n"
			   "    rationale: r\n    references: [x]\n",
			   i);
	for (unsigned i = 0; i < CASES; i++)
		buf_printf(out,
			   "  - id: case-%u\n    sections: {e: cases}\n    level: recall\n"
			   "    topic: [t]\n    kind: codes\n    stem: Code it.\n"
			   "    scoring: share\n    fields:\n"
			   "      - {label: Principal, principal: true, accept: ['I21.4']}\n"
			   "      - {label: Second, accept: ['I10']}\n"
			   "    rationale: r\n    references: [x]\n",
			   i);
}

static void write_exam(struct buf *out)
{
	buf_printf(out,
		   "exam: e\ntitle: E\nversion: \"1\"\nnotice: n\nbank: b\nrules: r\nparts:\n"
		   "  - name: main\n    title: Main\n    minutes: 60\n    navigation: free\n"
		   "    sections:\n      - {name: choice, title: Choice, items: %d}\n"
		   "      - {name: cases, title: Cases, items: %d}\n"
		   "pretest: 0\ntotal: %d\norder: sections\nwarnings: [5]\nbreaks: none\n"
		   "tools: [flag, strike-out, note]\nmultiple_response: all-or-nothing\n"
		   "pass: {rule: percent, cut: 60}\nrelease: {result: at-once, review: at-once}\n"
		   "lost_connection: clock-runs\nlate_start: on-ready\ncode_year: FY2026\n",
		   CHOICES, CASES, ITEMS);
}

static void load(struct harness *h)
{
	struct buf text = {0};
	struct diag diag = {0};
	struct bank *bank;
	struct blueprint *blueprint;

	write_bank(&text);
	assert_int_equal(ERR_OK, bank_parse(&bank, buf_bytes(&text), "b", &diag));
	shelf_put_bank(h->core, bank, buf_bytes(&text));
	buf_clear(&text);
	write_exam(&text);
	assert_int_equal(ERR_OK, blueprint_parse(&blueprint, buf_bytes(&text), "e", &diag));
	shelf_put_exam(h->core, blueprint, buf_bytes(&text));
	buf_fini(&text);
	diag_fini(&diag);
	harness_drain(h);
}

struct room {
	struct person_id anna;
	struct sitting_id sitting;
	struct fake_client *c; /* Anna's, answering */
};

static void order(struct harness *h, struct sitting_id sitting, enum room_verb verb)
{
	assert_int_equal(
	    ERR_OK, harness_room(h, sitting, (struct attempt_id){0}, verb, (struct millis){0}));
}

static struct room room_new(struct harness *h)
{
	struct room r;

	load(h);
	r.anna = harness_person(h, "anna", EXAMD__V1__ROLE__ROLE_CANDIDATE, NULL);
	r.sitting = harness_sitting(h, "e", &r.anna, 1);
	order(h, r.sitting, VERB_OPEN);
	order(h, r.sitting, VERB_ADMIT);
	r.c = client_connect(h, "anna's laptop", "10.0.0.1");
	client_ready(r.c, r.sitting, r.anna);
	order(h, r.sitting, VERB_START);
	return r;
}

static const struct attempt *attempt_in(const struct harness *h, const struct room *r)
{
	return engine_attempt_of(h->core->engine, r->sitting, r->anna);
}

/* ---- What it puts and gets ----------------------------------------------------------------- */

static void put(struct fake_client *c, Examd__V1__Answer *answer)
{
	const wire_reply *reply;
	REQUEST(put_answers, PUT_ANSWERS, Examd__V1__PutAnswers, EXAMD__V1__PUT_ANSWERS__INIT);

	in.answers = &answer;
	in.n_answers = 1;
	reply = client_ask(c, &request);
	assert_int_equal(ERR_OK, reply->error);
	assert_int_equal(ERR_OK, reply->answer_acks->acks[0]->error);
}

static char *text(const char *t)
{
	return (char *)(uintptr_t)t; /* a message's field knows no const */
}

static void put_choice(struct fake_client *c)
{
	Examd__V1__Answer a = EXAMD__V1__ANSWER__INIT;
	uint32_t chosen[] = {2}, struck[] = {0, 3};

	a.item = 1;
	a.seat = 1;
	a.revision = 7;
	a.chosen = chosen;
	a.n_chosen = COUNT(chosen);
	a.struck = struck;
	a.n_struck = COUNT(struck);
	a.flagged = true;
	a.seen_ms = 4321;
	put(c, &a);
}

static void put_case(struct fake_client *c, uint32_t item, uint32_t revision, const char *note)
{
	Examd__V1__Answer a = EXAMD__V1__ANSWER__INIT;
	char *codes[] = {text("i21.4"), text("")};

	a.item = item;
	a.seat = 1;
	a.revision = revision;
	a.codes = codes;
	a.n_codes = COUNT(codes);
	a.note = text(note);
	put(c, &a);
}

static const wire_reply *get(struct fake_client *c, uint32_t first)
{
	REQUEST(get_answers, GET_ANSWERS, Examd__V1__GetAnswers, EXAMD__V1__GET_ANSWERS__INIT);

	in.first_item = first;
	return client_ask(c, &request);
}

static const Examd__V1__Answers *got(const wire_reply *reply)
{
	assert_int_equal(ERR_OK, reply->error);
	assert_int_equal(EXAMD__V1__REPLY__BODY_ANSWERS, reply->body_case);
	return reply->answers;
}

static void expect_choice(const Examd__V1__Answer *a)
{
	assert_int_equal(1, a->item);
	assert_int_equal(1, a->seat);
	assert_int_equal(7, a->revision);
	assert_int_equal(1, a->n_chosen);
	assert_int_equal(2, a->chosen[0]);
	assert_int_equal(2, a->n_struck);
	assert_int_equal(0, a->struck[0]);
	assert_int_equal(3, a->struck[1]);
	assert_true(a->flagged);
	assert_int_equal(4321, a->seen_ms);
	assert_string_equal("", a->note);
}

static void expect_case(const Examd__V1__Answer *a, uint32_t item, uint32_t revision,
			const char *note)
{
	assert_int_equal(item, a->item);
	assert_int_equal(revision, a->revision);
	assert_int_equal(0, a->n_chosen);
	assert_int_equal(2, a->n_codes);
	assert_string_equal("I214", a->codes[0]);
	assert_string_equal("", a->codes[1]);
	assert_false(a->flagged);
	assert_string_equal(note, a->note);
}

/* ---- The rules ------------------------------------------------------------------------------ */

static void nothing_is_there_before_the_first_answer(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	const Examd__V1__Answers *none = got(get(r.c, 0));

	assert_int_equal(0, none->n_answers);
	assert_false(none->more);
}

static void answers_come_back_whole_after_a_restart(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	const Examd__V1__Answers *back;

	put_choice(r.c);
	put_case(r.c, CHOICES, 1, "check the fifth character");
	put_case(r.c, CHOICES, 2, "done: \"I21.4\", \xc3\xa9");
	put_case(r.c, CHOICES + 2, 1, "");
	harness_restart(h, SECONDS(5));
	assert_int_equal(ERR_OK, client_hello(r.c)->error);
	back = got(get(r.c, 0));
	assert_int_equal(3, back->n_answers);
	assert_false(back->more);
	expect_choice(back->answers[0]);
	expect_case(back->answers[1], CHOICES, 2, "done: \"I21.4\", \xc3\xa9");
	expect_case(back->answers[2], CHOICES + 2, 1, "");
}

static void they_begin_at_the_item_that_is_named(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	const Examd__V1__Answers *back;

	put_choice(r.c);
	put_case(r.c, CHOICES, 1, "n");
	back = got(get(r.c, 2));
	assert_int_equal(1, back->n_answers);
	expect_case(back->answers[0], CHOICES, 1, "n");
	assert_int_equal(0, got(get(r.c, ITEMS))->n_answers);
	assert_int_equal(0, got(get(r.c, UINT32_MAX))->n_answers);
}

static void many_long_answers_come_in_pages_and_each_of_them_once(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	const Examd__V1__Answers *page;
	char note[ANSWER_NOTE_MOST + 1];
	uint32_t next = CHOICES;
	unsigned pages = 0;

	memset(note, 'x', ANSWER_NOTE_MOST);
	note[ANSWER_NOTE_MOST] = '\0';
	for (uint32_t i = CHOICES; i < ITEMS; i++)
		put_case(r.c, i, 1, note);
	do {
		const wire_reply *reply = get(r.c, next);

		page = got(reply);
		assert_true(protobuf_c_message_get_packed_size(&page->base) <= REPLY_MOST);
		assert_true(page->n_answers > 0);
		for (size_t i = 0; i < page->n_answers; i++)
			expect_case(page->answers[i], next++, 1, note);
		pages++;
	} while (page->more);
	assert_int_equal(ITEMS, next);
	assert_int_equal(2, pages);
}

/* The record names a text that the table lacks. */
static void a_note_that_is_not_there_is_empty(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	struct event ev = service_event(h->core, EVENT_ANSWER);
	const Examd__V1__Answers *back;

	ev.attempt = attempt_id(attempt_in(h, &r));
	ev.client_id = r.c->client_id;
	ev.by.person = r.anna;
	ev.u.answer = (struct answer_in){
	    .seat = {1}, .item = {2}, .revision = 1, .flagged = true, .note_row = 12345};
	assert_int_equal(ERR_OK, service_decide_and_apply(h->core, &ev));
	put_case(r.c, CHOICES, 1, "n");
	back = got(get(r.c, 0));
	assert_int_equal(2, back->n_answers);
	assert_true(back->answers[0]->flagged);
	assert_string_equal("", back->answers[0]->note);
	expect_case(back->answers[1], CHOICES, 1, "n");
}

static void another_device_gets_them_with_the_seat_and_not_before(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	struct fake_client *other = client_connect(h, "another laptop", "10.0.0.7");
	const Examd__V1__Answers *back;

	put_choice(r.c);
	put_case(r.c, CHOICES, 1, "n");
	assert_true(client_use_new_slip(other, r.sitting, r.anna)->session->takeover_asked);
	assert_int_equal(ERR_SEAT_TAKEN, get(other, 0)->error);
	assert_int_equal(ERR_OK, harness_room(h, r.sitting, attempt_id(attempt_in(h, &r)),
					      VERB_RELEASE_SEAT, (struct millis){0}));
	assert_int_equal(2, client_hello(other)->clock->seat);
	back = got(get(other, 0));
	assert_int_equal(2, back->n_answers);
	expect_choice(back->answers[0]);
	expect_case(back->answers[1], CHOICES, 1, "n");
	assert_int_equal(1, back->answers[1]->seat);
	assert_int_equal(ERR_SEAT_TAKEN, get(r.c, 0)->error); /* the one that lost it */
}

static void a_review_shows_what_was_struck_out(void **state)
{
	struct harness *h = *state;
	struct room r = room_new(h);
	const wire_reply *reply;

	put_choice(r.c);
	{
		REQUEST(submit, SUBMIT, Examd__V1__Submit, EXAMD__V1__SUBMIT__INIT);

		in.command_id = command_of(r.c, 9);
		assert_int_equal(ERR_OK, client_ask(r.c, &request)->error);
	}
	{
		REQUEST(get_review, GET_REVIEW, Examd__V1__GetReview, EXAMD__V1__GET_REVIEW__INIT);

		in.first_item = 1;
		reply = client_ask(r.c, &request);
	}
	assert_int_equal(ERR_OK, reply->error);
	expect_choice(reply->review->items[0]->answer);
}

/* ---- The whole ------------------------------------------------------------------------------ */

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

#define RULE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(nothing_is_there_before_the_first_answer),
	    RULE(answers_come_back_whole_after_a_restart),
	    RULE(they_begin_at_the_item_that_is_named),
	    RULE(many_long_answers_come_in_pages_and_each_of_them_once),
	    RULE(a_note_that_is_not_there_is_empty),
	    RULE(another_device_gets_them_with_the_seat_and_not_before),
	    RULE(a_review_shows_what_was_struck_out),
	};

	alarm(120);
	log_setup("test", LOG_LEVEL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
