/* The rules of answers: what stands, what is kept, what is refused. */
#include "daemon/engine/test_steps.h"

#include <string.h>

#define ID(person) attempt_id(of(person))

static struct event answer(struct attempt_id id, uint32_t item, uint32_t revision)
{
	struct event ev = {.kind = EVENT_ANSWER, .now = w->now, .wall = w->wall, .attempt = id};

	ev.u.answer.seat = attempt_seat(engine_attempt(w->e, id));
	ev.u.answer.item.v = item;
	ev.u.answer.revision = revision;
	return ev;
}

static enum err put_codes(struct attempt_id id, uint32_t item, uint32_t revision, const char *one,
			  const char *two)
{
	const char *const codes[] = {one, two};
	struct event ev = answer(id, item, revision);

	ev.u.answer.codes = codes;
	ev.u.answer.ncodes = two == NULL ? 1 : 2;
	return world_do(w, &ev);
}

static void the_higher_revision_stands_whatever_the_order_of_arrival(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_OK, put(ID(1), 0, 3, "C"));
	assert_int_equal(ERR_OK, put(ID(1), 0, 1, "A"));
	assert_int_equal(0, w->d.nrecords);
	assert_string_equal("C", answer_of(ID(1), 0));
	assert_int_equal(ERR_OK, put(ID(1), 0, 4, "D"));
	assert_string_equal("D", answer_of(ID(1), 0));
	assert_int_equal(1, attempt_answered(of(1)));
	assert_int_equal(ERR_OK, put(ID(1), 0, 5, ""));
	assert_int_equal(0, attempt_answered(of(1)));
}

static void sending_again_is_acknowledged_and_changes_nothing(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_OK, put(ID(1), 0, 1, "A"));
	assert_int_equal(1, w->d.nrecords);
	assert_int_equal(ERR_OK, put(ID(1), 0, 1, "A"));
	assert_int_equal(0, w->d.nrecords);
	assert_true(w->d.repeated);
	assert_int_equal(ERR_CONFLICT, put(ID(1), 0, 1, "B"));
	assert_string_equal("A", answer_of(ID(1), 0));
}

static void
an_answer_sent_again_is_the_same_however_the_clock_stood_and_the_note_was_salted(void **state)
{
	struct event ev;

	(void)state;
	given_running(EXAM_PLAIN, 1);
	ev = answer(ID(1), 0, 1);
	ev.u.answer.note_row = 5;
	ev.u.answer.note = digest_of("one salt", 8);
	assert_int_equal(ERR_OK, world_do(w, &ev));
	assert_int_equal(ERR_OK, say(VERB_PAUSE));
	ev.u.answer.note_row = 6;
	ev.u.answer.note = digest_of("another", 7);
	assert_int_equal(ERR_OK, world_do(w, &ev));
	assert_true(w->d.repeated);
	ev.u.answer.note_row = 0;
	assert_int_equal(ERR_CONFLICT, world_do(w, &ev));
}

static void an_answer_during_a_pause_is_applied_and_marked(void **state)
{
	struct record r;
	struct arena arena = {0};

	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_OK, say(VERB_PAUSE));
	assert_int_equal(ERR_OK, put(ID(1), 2, 1, "B"));
	assert_string_equal("B", answer_of(ID(1), 2));
	r = *world_last(w);
	assert_int_equal(ERR_OK, record_decode(&r, &arena));
	assert_int_equal(STOP_SITTING,
			 ((const Examd__Record__AnswerPut *)(const void *)r.msg)->stopped);
	arena_fini(&arena);
}

static void an_answer_from_an_earlier_seat_is_kept_but_does_not_count(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_OK, put(ID(1), 0, 1, "A"));
	assert_int_equal(ERR_SEAT_TAKEN, came(ID(1), 50));
	assert_int_equal(ERR_OK, say_to(VERB_RELEASE_SEAT, ID(1)));
	assert_int_equal(2, attempt_seat(of(1)).v);
	assert_int_equal(ERR_KEPT_FOR_PROCTOR, put_from(ID(1), 1, 0, 2, "B"));
	assert_int_equal(1, w->d.nrecords);
	assert_int_equal(ERR_KEPT_FOR_PROCTOR, put_from(ID(1), 1, 0, 2, "B"));
	assert_int_equal(0, w->d.nrecords);
	assert_int_equal(ERR_CONFLICT, put_from(ID(1), 1, 0, 2, "C"));
	assert_int_equal(ERR_OK, put_from(ID(1), 1, 0, 1, "A")); /* this one did count */
	assert_string_equal("A", answer_of(ID(1), 0));
	assert_int_equal(ERR_OK, put_from(ID(1), 2, 0, 1, "D"));
	assert_string_equal("D", answer_of(ID(1), 0));
	assert_int_equal(ERR_INVALID, put_from(ID(1), 3, 0, 1, "A"));
}

static void after_the_close_answers_are_kept_up_to_a_bound(void **state)
{
	uint32_t i;

	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_OK, put(ID(1), 0, 7, "A"));
	assert_int_equal(ERR_OK, act(EVENT_SUBMIT, ID(1)));
	assert_int_equal(ERR_OK, put(ID(1), 0, 7, "A"));
	assert_int_equal(ERR_CONFLICT, put(ID(1), 0, 7, "B"));
	for (i = 0; i < 12 * KEPT_AN_ITEM; i++)
		assert_int_equal(ERR_KEPT_FOR_PROCTOR, put(ID(1), i % 8, 10 + i, "B"));
	assert_int_equal(ERR_TOO_LATE, put(ID(1), 0, 999, "B"));
	assert_int_equal(12 * KEPT_AN_ITEM, attempt_kept(of(1)));
	assert_string_equal("A", answer_of(ID(1), 0));
}

static void an_answer_before_the_start_is_refused(void **state)
{
	(void)state;
	given_sitting(EXAM_PLAIN, 1);
	given_ready(1, EXAM_PLAIN, 0);
	assert_int_equal(ERR_NOT_READY, put(ID(1), 0, 1, "A"));
}

static void what_is_no_answer_to_the_item_is_refused(void **state)
{
	uint32_t struck[] = {1, 4};
	struct event ev;

	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_NO_ITEM, put(ID(1), 12, 1, "A"));
	assert_int_equal(ERR_NO_OPTION, put(ID(1), 0, 1, "E"));
	assert_int_equal(ERR_INVALID, put(ID(1), 0, 1, "AB"));
	assert_int_equal(ERR_OK, put(ID(1), 8, 1, "AB"));
	assert_int_equal(ERR_INVALID, put(ID(1), 8, 2, "BA"));
	assert_int_equal(ERR_INVALID, put(ID(1), 8, 2, "AA"));
	assert_int_equal(ERR_INVALID, put(ID(1), 0, 0, "A"));
	assert_int_equal(ERR_NO_OPTION, put(ID(1), 10, 1, "A"));
	ev = answer(ID(1), 0, 1);
	ev.u.answer.struck = struck;
	ev.u.answer.nstruck = 2;
	assert_int_equal(ERR_NO_OPTION, world_do(w, &ev));
	struck[1] = 3;
	assert_int_equal(ERR_OK, world_do(w, &ev));
	assert_int_equal(2 | 8, attempt_answer(of(1), (struct item_no){0})->struck);
}

static void typed_codes_are_kept_in_canonical_form(void **state)
{
	const struct attempt_answer *stands;

	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_OK, put_codes(ID(1), 10, 1, " e11.9", ""));
	stands = attempt_answer(of(1), (struct item_no){10});
	assert_int_equal(2, stands->ncodes);
	assert_string_equal("E119", stands->codes[0]);
	assert_string_equal("", stands->codes[1]);
	assert_int_equal(1, attempt_answered(of(1)));
	assert_int_equal(ERR_OK, put_codes(ID(1), 10, 1, "E119", " "));
	assert_true(w->d.repeated);
	assert_int_equal(ERR_INVALID, put_codes(ID(1), 10, 2, "E119", NULL));
	assert_int_equal(ERR_INVALID, put_codes(ID(1), 10, 2, "E11;9", ""));
	assert_int_equal(ERR_INVALID, put_codes(ID(1), 10, 2, "12345678901234567", ""));
	assert_int_equal(ERR_OK, put_codes(ID(1), 10, 2, "", ""));
	assert_int_equal(0, attempt_answered(of(1)));
	assert_int_equal(ERR_INVALID, put_codes(ID(1), 0, 1, "E119", NULL));
}

static void a_linear_part_opens_one_item_after_the_other(void **state)
{
	struct event ev;

	(void)state;
	given_running(EXAM_PARTS, 1);
	assert_false(attempt_part_is_linear(of(1), 0));
	assert_int_equal(ERR_OK, act(EVENT_LEAVE_PART, ID(1)));
	assert_true(attempt_part_is_linear(of(1), 1));
	assert_int_equal(6, attempt_linear_item(of(1)));
	assert_int_equal(ERR_LOCKED, put(ID(1), 7, 1, "A"));
	ev = answer(ID(1), 6, 1);
	ev.u.answer.flagged = true;
	assert_int_equal(ERR_OK, world_do(w, &ev));
	assert_int_equal(6, attempt_linear_item(of(1)));
	assert_int_equal(ERR_OK, put(ID(1), 6, 2, "B"));
	assert_int_equal(7, attempt_linear_item(of(1)));
	assert_int_equal(ERR_LOCKED, put(ID(1), 6, 3, "C"));
	assert_int_equal(ERR_OK, put(ID(1), 6, 2, "B"));
	assert_int_equal(ERR_OK, put(ID(1), 7, 1, "B"));
	assert_int_equal(ERR_OK, put(ID(1), 8, 1, "B"));
	assert_int_equal(ERR_OK, put(ID(1), 9, 1, "B"));
	assert_int_equal(ERR_OK, put_codes(ID(1), 10, 1, "", "I10"));
	assert_int_equal(ERR_OK, put_codes(ID(1), 11, 1, "I10", ""));
	assert_int_equal(12, attempt_linear_item(of(1)));
	assert_int_equal(ERR_LOCKED, put_codes(ID(1), 11, 2, "I10", "E119"));
}

static void an_answer_does_not_make_a_staff_command_changed_meanwhile(void **state)
{
	struct event ev;
	uint64_t version;

	(void)state;
	given_running(EXAM_PLAIN, 1);
	version = attempt_version(of(1));
	assert_int_equal(ERR_OK, put(ID(1), 0, 1, "A"));
	assert_int_equal(ERR_OK, act(EVENT_REPORTED, ID(1)));
	assert_int_equal(version, attempt_version(of(1)));
	assert_int_equal(version + 2, attempt_records(of(1)));
	ev = world_event(w, EVENT_ROOM, STAFF);
	ev.sitting = sitting;
	ev.by.version = version;
	ev.u.room.verb = VERB_PAUSE;
	ev.u.room.attempts = &(struct attempt_id){ID(1).v};
	ev.u.room.nattempts = 1;
	assert_int_equal(ERR_OK, world_do(w, &ev));
}

static void reports_and_breaks_are_bounded(void **state)
{
	int i;

	(void)state;
	w->without_looking = true;
	given_running(EXAM_PLAIN, 1);
	for (i = 0; i < REPORTS_MOST; i++)
		assert_int_equal(ERR_OK, act(EVENT_REPORTED, ID(1)));
	assert_int_equal(ERR_TOO_MANY, act(EVENT_REPORTED, ID(1)));
	assert_int_equal(ERR_TOO_MANY, act(EVENT_BREAK, ID(1)));
}

/* ---- The focus --------------------------------------------------------------------------- */

static void report(enum reported what)
{
	struct event ev = world_event(w, EVENT_REPORTED, attempt_person(of(1)).v);

	ev.attempt = ID(1);
	ev.client_id = attempt_client_id(of(1));
	ev.u.reported = what;
	assert_int_equal(ERR_OK, world_do(w, &ev));
}

static void each_loss_of_the_focus_is_counted_and_the_last_one_has_its_time(void **state)
{
	struct wall_ms last;

	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(0, attempt_focus_lost(of(1), &last));
	assert_int_equal(0, last.v);
	report(REPORTED_FOCUS_LOST);
	report(REPORTED_FOCUS_BACK);
	report(REPORTED_CLOCK_STEPPED);
	wait_for(SECONDS(90));
	report(REPORTED_FOCUS_LOST);
	assert_int_equal(2, attempt_focus_lost(of(1), &last));
	assert_int_equal(w->wall.v, last.v);
	wait_for(SECONDS(5));
	report(REPORTED_FOCUS_BACK);
	assert_int_equal(2, attempt_focus_lost(of(1), &last));
	assert_int_equal(w->wall.v - 5000, last.v);
}

/* Who came back may not be able to say so. */
static void who_is_back_answers_or_was_let_go_by_staff_is_off_the_page_no_more(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_false(attempt_is_off_page(of(1)));
	report(REPORTED_FOCUS_LOST);
	assert_true(attempt_is_off_page(of(1)));
	report(REPORTED_CLOCK_STEPPED);
	assert_true(attempt_is_off_page(of(1)));
	report(REPORTED_FOCUS_BACK);
	assert_false(attempt_is_off_page(of(1)));
	report(REPORTED_FOCUS_LOST);
	assert_int_equal(ERR_OK, put(ID(1), 0, 1, "A"));
	assert_false(attempt_is_off_page(of(1)));
	report(REPORTED_FOCUS_LOST);
	assert_int_equal(ERR_OK, say(VERB_PAUSE));
	assert_false(attempt_is_off_page(of(1)));
	assert_int_equal(ERR_OK, say(VERB_RESUME));
	report(REPORTED_FOCUS_LOST);
	assert_int_equal(ERR_OK, act(EVENT_SUBMIT, ID(1)));
	assert_false(attempt_is_off_page(of(1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(the_higher_revision_stands_whatever_the_order_of_arrival),
	    RULE(sending_again_is_acknowledged_and_changes_nothing),
	    RULE(an_answer_sent_again_is_the_same_however_the_clock_stood_and_the_note_was_salted),
	    RULE(an_answer_during_a_pause_is_applied_and_marked),
	    RULE(an_answer_from_an_earlier_seat_is_kept_but_does_not_count),
	    RULE(after_the_close_answers_are_kept_up_to_a_bound),
	    RULE(an_answer_before_the_start_is_refused),
	    RULE(what_is_no_answer_to_the_item_is_refused),
	    RULE(typed_codes_are_kept_in_canonical_form),
	    RULE(a_linear_part_opens_one_item_after_the_other),
	    RULE(an_answer_does_not_make_a_staff_command_changed_meanwhile),
	    RULE(reports_and_breaks_are_bounded),
	    RULE(each_loss_of_the_focus_is_counted_and_the_last_one_has_its_time),
	    RULE(who_is_back_answers_or_was_let_go_by_staff_is_off_the_page_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
