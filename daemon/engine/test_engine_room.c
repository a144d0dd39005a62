/* The rules of sittings, commands, seats, practice, closing and release. */
#include "daemon/engine/test_steps.h"

#include <stdio.h>
#include <string.h>

#define ID(person) attempt_id(of(person))

/* ---- States ------------------------------------------------------------------------------ */

static const char *const state_names[ATTEMPT_NSTATES] = {
    [ATTEMPT_CHECKED_IN] = "CHECKED_IN", [ATTEMPT_ADMITTED] = "ADMITTED",
    [ATTEMPT_READY] = "READY",		 [ATTEMPT_RUNNING] = "RUNNING",
    [ATTEMPT_SUBMITTED] = "SUBMITTED",	 [ATTEMPT_EXPIRED] = "EXPIRED",
    [ATTEMPT_CLOSED] = "CLOSED",	 [ATTEMPT_VOIDED] = "VOIDED",
};

/* The line of the drawing " *   FROM -> TO TO". */
static bool is_drawn(FILE *header, const char *from, const char *to)
{
	char line[256], word[32];
	const char *rest;
	int used;

	rewind(header);
	while (fgets(line, sizeof line, header) != NULL) {
		if (sscanf(line, " * %31s ->%n", word, &used) != 1 || strcmp(word, from) != 0 ||
		    strstr(line, "->") == NULL)
			continue;
		for (rest = strstr(line, "->") + 2; sscanf(rest, "%31s%n", word, &used) == 1;
		     rest += used)
			if (strcmp(word, to) == 0)
				return true;
	}
	return false;
}

static void the_moves_are_those_of_the_drawing(void **state)
{
	FILE *header = fopen(ENGINE_FOLDER "/attempt.h", "r");
	int from, to, moves = 0;

	(void)state;
	assert_non_null(header);
	for (from = ATTEMPT_CHECKED_IN; from < ATTEMPT_NSTATES; from++)
		for (to = ATTEMPT_CHECKED_IN; to < ATTEMPT_NSTATES; to++) {
			bool may =
			    attempt_may_move((enum attempt_state)from, (enum attempt_state)to);

			assert_int_equal(may, is_drawn(header, state_names[from], state_names[to]));
			moves += may;
		}
	assert_int_equal(19, moves);
	fclose(header);
}

static void a_room_goes_from_created_to_closed_and_each_verb_fits_its_state(void **state)
{
	(void)state;
	assert_int_equal(ERR_OK, create_sitting(EXAM_PLAIN, 2, 0, 0, 0));
	assert_int_equal(ERR_OUT_OF_TURN, say(VERB_ADMIT));
	assert_int_equal(ERR_OUT_OF_TURN, say(VERB_START));
	assert_int_equal(ERR_OUT_OF_TURN, say(VERB_PAUSE));
	assert_int_equal(ERR_OUT_OF_TURN, say_minutes(VERB_ADD_MINUTES, 1));
	assert_int_equal(ERR_OK, say(VERB_OPEN));
	assert_int_equal(SITTING_OPEN, sitting_state(room()));
	assert_int_equal(ERR_OUT_OF_TURN, say(VERB_OPEN));
	assert_int_equal(ERR_OK, say(VERB_ADMIT));
	assert_int_equal(ERR_OUT_OF_TURN, say(VERB_ADMIT));
	assert_int_equal(ERR_OK, say(VERB_START));
	assert_int_equal(ERR_OUT_OF_TURN, say(VERB_START));
	assert_int_equal(ERR_OUT_OF_TURN, say(VERB_RESUME));
	assert_int_equal(ERR_OK, say(VERB_PAUSE));
	assert_int_equal(ERR_OUT_OF_TURN, say(VERB_PAUSE));
	assert_int_equal(ERR_INVALID, say(VERB_RELEASE_SEAT));
	assert_int_equal(ERR_INVALID, say(VERB_REOPEN));
	assert_int_equal(ERR_OK, say(VERB_CLOSE));
	assert_int_equal(SITTING_CLOSED, sitting_state(room()));
	assert_false(sitting_is_paused(room()));
	assert_int_equal(ERR_OUT_OF_TURN, say(VERB_CLOSE));
	assert_int_equal(ERR_NOT_OPEN, check_in(1, EXAM_PLAIN, 0));
}

static void a_sitting_needs_an_exam_a_bank_and_distinct_persons(void **state)
{
	struct event ev = world_event(w, EVENT_SITTING_CREATE, STAFF);
	struct person_id persons[] = {{4}, {9}, {4}};

	(void)state;
	ev.u.create.exam = "plain";
	ev.u.create.persons = persons;
	assert_int_equal(ERR_INVALID, world_do(w, &ev));
	ev.u.create.npersons = 3;
	assert_int_equal(ERR_INVALID, world_do(w, &ev));
	ev.u.create.npersons = 2;
	ev.u.create.exam = "nothing";
	assert_int_equal(ERR_NO_EXAM, world_do(w, &ev));
	ev.u.create.exam = "plain";
	assert_int_equal(ERR_OK, world_do(w, &ev));
	assert_int_equal(1, w->d.sitting.v);
	assert_true(sitting_has_person(engine_sitting(w->e, w->d.sitting), persons[1]));
	assert_false(sitting_has_person(engine_sitting(w->e, w->d.sitting), (struct person_id){5}));
}

static void checking_in_twice_is_once_and_strangers_stay_outside(void **state)
{
	struct attempt_id first;

	(void)state;
	given_sitting(EXAM_PLAIN, 2);
	assert_int_equal(ERR_NOT_IN_SITTING, check_in(3, EXAM_PLAIN, 0));
	assert_int_equal(ERR_NO_EXAM, check_in(1, EXAM_PARTS, 0));
	assert_int_equal(ERR_OK, check_in(1, EXAM_PLAIN, 0));
	first = w->d.attempt;
	assert_int_equal(ERR_OK, check_in(1, EXAM_PLAIN, 0));
	assert_int_equal(first.v, w->d.attempt.v);
	assert_true(w->d.repeated);
	assert_int_equal(0, w->d.nrecords);
}

static void a_packed_attempt_is_found_by_its_persons_second_check_in(void **state)
{
	struct engine *fresh = world_engine();
	struct event ev;

	(void)state;
	given_sitting(EXAM_PLAIN, 2);
	world_apply_subject(w, fresh, subject_sitting(sitting));
	engine_remember_attempt(fresh, sitting, (struct person_id){2}, (struct attempt_id){77});
	ev = world_event(w, EVENT_CHECK_IN, 2);
	ev.sitting = sitting;
	ev.client_id = world_client(2);
	world_draw(w, &ev, EXAM_PLAIN, 2, 0);
	assert_int_equal(ERR_OK, engine_decide(fresh, &ev, &w->d));
	assert_int_equal(77, w->d.attempt.v);
	assert_int_equal(0, w->d.nrecords);
	engine_free(fresh);
}

static void nobody_is_ready_before_being_admitted_or_with_another_form(void **state)
{
	struct digest other = {{0}};
	struct event ev;

	(void)state;
	assert_int_equal(ERR_OK, create_sitting(EXAM_PLAIN, 1, 0, 0, 0));
	assert_int_equal(ERR_OK, say(VERB_OPEN));
	assert_int_equal(ERR_OK, check_in(1, EXAM_PLAIN, 0));
	assert_int_equal(ATTEMPT_CHECKED_IN, state_of(ID(1)));
	assert_int_equal(ERR_NOT_ADMITTED, confirm(ID(1)));
	assert_int_equal(ERR_OK, say_to(VERB_ADMIT, ID(1)));
	assert_int_equal(1, told(EFFECT_NOTICE, TELL_ADMITTED));
	assert_int_equal(ERR_OUT_OF_TURN, say_to(VERB_ADMIT, ID(1)));
	ev = world_event(w, EVENT_FORM_CONFIRMED, 1);
	ev.attempt = ID(1);
	ev.u.confirmed = &other;
	assert_int_equal(ERR_WRONG_FORM, world_do(w, &ev));
	assert_int_equal(ERR_OK, confirm(ID(1)));
	assert_int_equal(ATTEMPT_READY, state_of(ID(1)));
	assert_int_equal(ERR_OK, confirm(ID(1)));
	assert_int_equal(0, w->d.nrecords);
}

static void the_start_runs_those_who_are_ready_and_here(void **state)
{
	(void)state;
	given_sitting(EXAM_PLAIN, 3);
	given_ready(1, EXAM_PLAIN, 0);
	given_ready(2, EXAM_PLAIN, 0);
	assert_int_equal(ERR_OK, left(ID(2), 2));
	assert_int_equal(ERR_OK, check_in(3, EXAM_PLAIN, 0));
	assert_int_equal(ERR_OK, say(VERB_START));
	assert_int_equal(1, told(EFFECT_NOTICE, TELL_STARTED));
	assert_int_equal(ATTEMPT_RUNNING, state_of(ID(1)));
	assert_int_equal(ATTEMPT_READY, state_of(ID(2)));
	wait_for(MINUTES(9));
	assert_int_equal(ERR_OK, came(ID(2), 2));
	assert_int_equal(ATTEMPT_RUNNING, state_of(ID(2)));
	assert_int_equal(60 * 60, left_s(ID(2)));
	assert_int_equal(ERR_OK, came(ID(3), 3));
	assert_int_equal(ERR_OK, confirm(ID(3)));
	assert_int_equal(ATTEMPT_RUNNING, state_of(ID(3)));
}

static void where_late_comers_start_by_hand_the_proctor_names_them(void **state)
{
	(void)state;
	given_sitting(EXAM_STOPS, 2);
	given_ready(1, EXAM_STOPS, 0);
	assert_int_equal(ERR_OUT_OF_TURN, say_to(VERB_START, ID(1)));
	assert_int_equal(ERR_OK, say(VERB_START));
	assert_int_equal(ERR_OK, check_in(2, EXAM_STOPS, 0));
	assert_int_equal(ERR_NOT_READY, say_to(VERB_START, ID(2)));
	assert_int_equal(ERR_OK, came(ID(2), 2));
	assert_int_equal(ERR_OK, confirm(ID(2)));
	assert_int_equal(ATTEMPT_READY, state_of(ID(2)));
	assert_int_equal(ERR_OK, say_to(VERB_START, ID(2)));
	assert_int_equal(ATTEMPT_RUNNING, state_of(ID(2)));
	assert_int_equal(ERR_OUT_OF_TURN, say_to(VERB_START, ID(2)));
}

static void who_comes_while_the_room_is_paused_starts_when_it_goes_on(void **state)
{
	(void)state;
	given_sitting(EXAM_PLAIN, 2);
	given_ready(1, EXAM_PLAIN, 0);
	assert_int_equal(ERR_OK, say(VERB_START));
	assert_int_equal(ERR_OK, say(VERB_PAUSE));
	given_ready(2, EXAM_PLAIN, 0);
	assert_int_equal(STOP_SITTING, attempt_stopped(of(2)));
	assert_int_equal(ATTEMPT_READY, state_of(ID(2)));
	assert_int_equal(ERR_PAUSED, say_to(VERB_START, ID(2)));
	assert_int_equal(ERR_OK, say(VERB_RESUME));
	assert_int_equal(ATTEMPT_RUNNING, state_of(ID(2)));
	assert_true(attempt_clock_runs(of(2)));
}

/* ---- Commands ---------------------------------------------------------------------------- */

static struct event command(enum room_verb verb)
{
	struct event ev = world_event(w, EVENT_ROOM, STAFF);

	ev.sitting = sitting;
	ev.by.reason_row = 1;
	ev.u.room.verb = verb;
	ev.u.room.minutes = MINUTES(1);
	return ev;
}

static void the_same_command_id_is_carried_out_once(void **state)
{
	struct event ev;

	(void)state;
	given_running(EXAM_PLAIN, 2);
	ev = command(VERB_ADD_MINUTES);
	assert_int_equal(ERR_OK, world_do(w, &ev));
	assert_int_equal(3, w->d.nrecords);
	assert_int_equal(ERR_OK, world_do(w, &ev));
	assert_true(w->d.repeated);
	assert_int_equal(0, w->d.nrecords);
	assert_int_equal(61 * 60, left_s(ID(2)));
	ev.by.content.b[0] ^= 1;
	assert_int_equal(ERR_COMMAND_REUSED, world_do(w, &ev));
}

static void a_command_to_some_is_known_by_each_of_them(void **state)
{
	struct attempt_id both[2];
	struct event ev;

	(void)state;
	given_running(EXAM_PLAIN, 3);
	both[0] = ID(3);
	both[1] = ID(1);
	ev = command(VERB_ADD_MINUTES);
	ev.u.room.attempts = both;
	ev.u.room.nattempts = 2;
	assert_int_equal(ERR_OK, world_do(w, &ev));
	assert_int_equal(2, w->d.nrecords);
	assert_int_equal(60 * 60, left_s(ID(2)));
	assert_int_equal(ERR_OK, world_do(w, &ev));
	assert_true(w->d.repeated);
	both[1] = both[0];
	ev = command(VERB_ADD_MINUTES);
	ev.u.room.attempts = both;
	ev.u.room.nattempts = 2;
	assert_int_equal(ERR_INVALID, world_do(w, &ev));
	both[1].v = 99;
	assert_int_equal(ERR_NOT_FOUND, world_do(w, &ev));
}

static void what_does_not_fit_one_named_attempt_is_refused_whole(void **state)
{
	struct attempt_id both[2];
	struct event ev;

	(void)state;
	given_running(EXAM_PLAIN, 2);
	both[0] = ID(1);
	both[1] = ID(2);
	assert_int_equal(ERR_OK, say_to(VERB_PAUSE, both[1]));
	ev = command(VERB_PAUSE);
	ev.u.room.attempts = both;
	ev.u.room.nattempts = 2;
	assert_int_equal(ERR_OUT_OF_TURN, world_do(w, &ev));
	assert_int_equal(0, attempt_stopped(of(1)));
}

static void making_something_twice_with_one_command_makes_it_once(void **state)
{
	struct event ev = world_event(w, EVENT_PRACTICE_START, 4);
	struct attempt_id id;

	(void)state;
	ev.client_id = world_client(4);
	world_draw(w, &ev, EXAM_PLAIN, 4, 0);
	assert_int_equal(ERR_OK, world_do(w, &ev));
	id = w->d.attempt;
	assert_int_equal(ERR_OK, world_do(w, &ev));
	assert_true(w->d.repeated);
	assert_int_equal(id.v, w->d.attempt.v);
	engine_forget_attempt(w->e, id);
	engine_forget_attempt(w->copy, id);
	assert_int_equal(ERR_OK, world_do(w, &ev));
	assert_int_equal(id.v, w->d.attempt.v);
	ev.by.content.b[3] ^= 1;
	assert_int_equal(ERR_COMMAND_REUSED, world_do(w, &ev));
}

static void what_changed_meanwhile_is_told_unless_forced(void **state)
{
	struct event ev;

	(void)state;
	given_running(EXAM_PLAIN, 1);
	ev = command(VERB_PAUSE);
	ev.by.version = sitting_version(room());
	assert_int_equal(ERR_OK, say_minutes(VERB_ADD_MINUTES, 2));
	assert_int_equal(ERR_CHANGED_MEANWHILE, world_do(w, &ev));
	assert_int_equal(sitting_version(room()), w->d.changed_by);
	assert_int_equal(RECORD_SITTING_MINUTES, w->d.changed_kind);
	assert_int_equal(STAFF, w->d.changed_person.v);
	ev.by.force = true;
	assert_int_equal(ERR_OK, world_do(w, &ev));

	ev = command(VERB_CLOSE);
	ev.u.room.attempts = &(struct attempt_id){ID(1).v};
	ev.u.room.nattempts = 1;
	ev.by.version = attempt_version(of(1)) - 1;
	assert_int_equal(ERR_CHANGED_MEANWHILE, world_do(w, &ev));
	ev.by.version = attempt_version(of(1));
	assert_int_equal(ERR_OK, world_do(w, &ev));
}

static void minutes_reopening_and_voiding_need_a_reason(void **state)
{
	static const enum room_verb verbs[] = {VERB_ADD_MINUTES, VERB_REOPEN, VERB_VOID};
	struct attempt_id id;
	struct event ev;
	size_t i;

	(void)state;
	given_running(EXAM_PLAIN, 1);
	id = ID(1);
	for (i = 0; i < COUNT(verbs); i++) {
		ev = command(verbs[i]);
		ev.by.reason_row = 0;
		ev.u.room.attempts = &id;
		ev.u.room.nattempts = 1;
		assert_int_equal(ERR_INVALID, world_do(w, &ev));
	}
	assert_int_equal(ERR_INVALID, say_minutes(VERB_ADD_MINUTES, 0));
	assert_int_equal(ERR_INVALID, say_minutes(VERB_ADD_MINUTES, MINUTES_MOST + 1));
}

static void a_message_goes_to_the_room_or_to_those_named(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 3);
	assert_int_equal(ERR_OK, say(VERB_MESSAGE));
	assert_int_equal(3, told(EFFECT_NOTICE, TELL_MESSAGE));
	assert_int_equal(1, w->d.nrecords);
	assert_int_equal(ERR_OK, say_to(VERB_MESSAGE, ID(2)));
	assert_int_equal(1, told(EFFECT_NOTICE, TELL_MESSAGE));
	assert_int_equal(13, w->d.effects[0].text_row);
}

static void unknown_things_are_not_found(void **state)
{
	struct event ev = world_event(w, EVENT_SUBMIT, 1);

	(void)state;
	ev.attempt.v = 4;
	assert_int_equal(ERR_NOT_FOUND, world_do(w, &ev));
	ev.kind = (enum event_kind)99;
	assert_int_equal(ERR_INVALID, world_do(w, &ev));
	sitting.v = 4;
	assert_int_equal(ERR_NOT_FOUND, say(VERB_OPEN));
	sitting.v = 0;
	assert_int_equal(ERR_INVALID, say(VERB_OPEN));
	given_sitting(EXAM_PLAIN, 1);
	assert_int_equal(ERR_INVALID, say((enum room_verb)0));
	assert_int_equal(ERR_INVALID, say(VERB_NVERBS));
}

/* ---- Seats ------------------------------------------------------------------------------- */

static void a_second_client_waits_until_the_proctor_agrees(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_SEAT_TAKEN, came(ID(1), 50));
	assert_int_equal(1, w->d.nrecords);
	assert_memory_equal(world_client(50), attempt_waiting_client(of(1)), 16);
	assert_int_equal(ERR_SEAT_TAKEN, came(ID(1), 50));
	assert_int_equal(0, w->d.nrecords);
	assert_int_equal(ERR_OK, put(ID(1), 0, 1, "A"));
	assert_int_equal(ERR_OK, say_to(VERB_RELEASE_SEAT, ID(1)));
	assert_int_equal(1, told(EFFECT_TELL_WAITING, TELL_SEAT_GRANTED));
	assert_int_equal(1, told(EFFECT_TELL_OLD_SEAT, TELL_TAKEN_OVER));
	assert_memory_equal(world_client(50), attempt_client_id(of(1)), 16);
	assert_null(attempt_waiting_client(of(1)));
	assert_int_equal(2, attempt_seat(of(1)).v);
	assert_int_equal(ERR_OK, came(ID(1), 50));
	assert_int_equal(ERR_SEAT_TAKEN, came(ID(1), 1));
	assert_int_equal(60 * 60, left_s(ID(1)));
	assert_string_equal("A", answer_of(ID(1), 0));
}

static void the_mark_of_a_free_seat_is_no_client(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_OK, say_to(VERB_RELEASE_SEAT, ID(1)));
	assert_memory_equal(world_client(0), attempt_client_id(of(1)), 16);
	assert_int_equal(ERR_INVALID, came(ID(1), 0));
}

static void a_refused_client_is_told_and_may_ask_again(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_OUT_OF_TURN, say_to(VERB_REFUSE_SEAT, ID(1)));
	assert_int_equal(ERR_SEAT_TAKEN, came(ID(1), 50));
	assert_int_equal(ERR_OK, say_to(VERB_REFUSE_SEAT, ID(1)));
	assert_int_equal(1, told(EFFECT_TELL_WAITING, TELL_SEAT_REFUSED));
	assert_null(attempt_waiting_client(of(1)));
	assert_int_equal(1, attempt_seat(of(1)).v);
	assert_int_equal(ERR_SEAT_TAKEN, came(ID(1), 50));
	assert_int_equal(1, w->d.nrecords);
}

static void asking_for_the_seat_is_bounded(void **state)
{
	int i;

	(void)state;
	w->without_looking = true;
	given_running(EXAM_PLAIN, 1);
	for (i = 0; i < TAKEOVERS_MOST; i++)
		assert_int_equal(ERR_SEAT_TAKEN, came(ID(1), (uint8_t)(50 + (i & 1))));
	assert_int_equal(ERR_TOO_MANY, came(ID(1), 70));
	assert_int_equal(ERR_OK, came(ID(1), 1));
}

static void a_released_seat_goes_to_the_next_client_at_once(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_OK, say_to(VERB_RELEASE_SEAT, ID(1)));
	assert_true(attempt_seat_is_free(of(1)));
	assert_int_equal(2, attempt_seat(of(1)).v);
	assert_int_equal(ERR_OK, came(ID(1), 51));
	assert_int_equal(2, attempt_seat(of(1)).v);
	assert_memory_equal(world_client(51), attempt_client_id(of(1)), 16);
}

static void the_same_client_coming_back_is_no_second_log_in(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_OK, left(ID(1), 1));
	assert_false(attempt_client_is_here(of(1)));
	assert_int_equal(ERR_OK, came(ID(1), 1));
	assert_int_equal(0, w->d.nrecords);
	assert_true(attempt_client_is_here(of(1)));
	assert_int_equal(1, attempt_seat(of(1)).v);
}

static void a_dead_client_never_locks_its_owner_out(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_OK, left(ID(1), 1));
	world_restart(w, SECONDS(2));
	assert_int_equal(ERR_SEAT_TAKEN, came(ID(1), 60));
	assert_int_equal(ERR_OK, say_to(VERB_RELEASE_SEAT, ID(1)));
	assert_int_equal(ERR_OK, came(ID(1), 60));
	assert_int_equal(0, attempt_stopped(of(1)));
}

/* ---- Practice ---------------------------------------------------------------------------- */

static void practice_starts_when_its_form_is_confirmed(void **state)
{
	struct attempt_id id = given_practice(5, EXAM_PARTS);

	(void)state;
	assert_int_equal(ATTEMPT_RUNNING, state_of(id));
	assert_int_equal(0, attempt_sitting(engine_attempt(w->e, id)).v);
	assert_int_equal(30 * 60, left_s(id));
}

static void in_practice_another_client_takes_over_at_once(void **state)
{
	struct attempt_id id = given_practice(5, EXAM_PLAIN);

	(void)state;
	assert_int_equal(ERR_OK, came(id, 70));
	assert_int_equal(2, attempt_seat(engine_attempt(w->e, id)).v);
	assert_int_equal(1, told(EFFECT_TELL_OLD_SEAT, TELL_TAKEN_OVER));
	assert_int_equal(ERR_KEPT_FOR_PROCTOR, put_from(id, 1, 0, 1, "A"));
}

static void practice_without_its_client_for_an_hour_is_parked(void **state)
{
	struct attempt_id id = given_practice(5, EXAM_PLAIN);
	struct event ev;

	(void)state;
	assert_int_equal(ERR_OK, say_minutes_to(VERB_ADD_MINUTES, 60, id));
	wait_for(MINUTES(30));
	assert_int_equal(ERR_OK, left(id, 5));
	wait_for((struct millis){3600000 - 1});
	ticks();
	assert_int_equal(0, attempt_stopped(engine_attempt(w->e, id)));
	wait_for((struct millis){1});
	ticks();
	assert_int_equal(STOP_PARKED, attempt_stopped(engine_attempt(w->e, id)));
	assert_false(engine_is_running(w->e));
	wait_for(MINUTES(600));
	assert_int_equal(ERR_OK, came(id, 5));
	assert_int_equal(STOP_PARKED, attempt_stopped(engine_attempt(w->e, id)));
	ev = world_event(w, EVENT_PRACTICE_RESUME, 5);
	ev.attempt = id;
	ev.client_id = world_client(6);
	assert_int_equal(ERR_OK, world_do(w, &ev));
	assert_int_equal(0, attempt_stopped(engine_attempt(w->e, id)));
	assert_int_equal(30 * 60, left_s(id));
}

static void practice_untouched_for_thirty_days_is_closed(void **state)
{
	struct attempt_id id = given_practice(5, EXAM_PLAIN);
	struct event ev;

	(void)state;
	world_restart(w, MINUTES(6));
	assert_int_equal(STOP_PARKED, attempt_stopped(engine_attempt(w->e, id)));
	w->wall.v += PRACTICE_MOST.v - 1;
	ev = world_event(w, EVENT_TICK, 0);
	assert_int_equal(ERR_OK, world_do(w, &ev));
	assert_int_equal(ATTEMPT_RUNNING, state_of(id));
	w->wall.v += 1;
	ev = world_event(w, EVENT_TICK, 0);
	assert_int_equal(ERR_OK, world_do(w, &ev));
	assert_int_equal(ATTEMPT_CLOSED, state_of(id));
}

/* ---- The end ----------------------------------------------------------------------------- */

static void a_submitted_attempt_has_score_and_signed_receipt(void **state)
{
	const Examd__Record__AttemptClosed *closing;
	struct digest want;

	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_OK, put(ID(1), 0, 1, "A"));
	assert_int_equal(ERR_OK, put(ID(1), 8, 1, "AB"));
	assert_int_equal(ERR_OK, put(ID(1), 1, 1, "B"));
	wait_for(MINUTES(12));
	assert_int_equal(ERR_OK, act(EVENT_SUBMIT, ID(1)));
	assert_int_equal(0, told(EFFECT_NOTICE, TELL_CLOSED));
	closing = attempt_closing(of(1));
	assert_int_equal(ATTEMPT_SUBMITTED, closing->state);
	assert_int_equal(200, closing->score->points);
	assert_int_equal(1400, closing->score->points_most);
	assert_int_equal(3, closing->score->answered);
	assert_int_equal(12 * 60000, closing->used[0]);
	assert_int_equal(1, closing->statement->person);
	assert_int_equal(3, closing->statement->answers);
	assert_int_equal(attempt_records(of(1)) - 1, closing->statement->records);
	assert_memory_equal(w->log[w->nlog - 2].chain.b, closing->statement->chain.data, 32);
	assert_int_equal(0, closing->statement->superseded.len);
	/* The candidate has the statement before the score is released. */
	assert_null(closing->statement->score);
	assert_int_equal(16, closing->score_salt.len);
	assert_int_equal(32, closing->statement->score_hash.len);
	want = digest_of(closing->statement_bytes.data, closing->statement_bytes.len);
	assert_int_equal(64, closing->signature.len);
	assert_memory_equal(want.b, closing->signature.data, 32);
	assert_int_equal(ERR_TOO_LATE, act(EVENT_SUBMIT, ID(1)));
}

static void closing_the_room_closes_all_that_are_open(void **state)
{
	(void)state;
	given_sitting(EXAM_PLAIN, 3);
	given_ready(1, EXAM_PLAIN, 0);
	given_ready(2, EXAM_PLAIN, 0);
	assert_int_equal(ERR_OK, check_in(3, EXAM_PLAIN, 0));
	assert_int_equal(ERR_OK, say(VERB_START));
	assert_int_equal(ERR_OK, act(EVENT_SUBMIT, ID(1)));
	assert_int_equal(ERR_OK, say(VERB_CLOSE));
	assert_int_equal(3, w->d.nrecords);
	assert_int_equal(ATTEMPT_SUBMITTED, state_of(ID(1)));
	assert_int_equal(ATTEMPT_CLOSED, state_of(ID(2)));
	assert_int_equal(ATTEMPT_CLOSED, state_of(ID(3)));
	assert_int_equal(2, told(EFFECT_CLOSED, 0));
}

static void a_reopened_attempt_has_exactly_the_minutes_given_and_a_new_seat(void **state)
{
	struct digest earlier;
	const Examd__Record__AttemptClosed *closing;

	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_OUT_OF_TURN, say_minutes_to(VERB_REOPEN, 5, ID(1)));
	wait_for(MINUTES(20));
	assert_int_equal(ERR_OK, act(EVENT_SUBMIT, ID(1)));
	closing = attempt_closing(of(1));
	earlier = digest_of(closing->statement_bytes.data, closing->statement_bytes.len);
	assert_int_equal(ERR_INVALID, say_minutes_to(VERB_REOPEN, -5, ID(1)));
	assert_int_equal(ERR_OK, say_minutes_to(VERB_REOPEN, 5, ID(1)));
	assert_int_equal(ATTEMPT_RUNNING, state_of(ID(1)));
	assert_null(attempt_closing(of(1)));
	assert_int_equal(STOP_NOT_STARTED, attempt_stopped(of(1)));
	wait_for(MINUTES(30));
	ticks();
	assert_int_equal(ERR_OK, came(ID(1), 80));
	assert_int_equal(2, attempt_seat(of(1)).v);
	assert_int_equal(5 * 60, left_s(ID(1)));
	assert_int_equal(ERR_KEPT_FOR_PROCTOR, put_from(ID(1), 1, 0, 1, "A"));
	assert_int_equal(ERR_OK, put(ID(1), 0, 1, "A"));
	wait_for((struct millis){302000});
	ticks();
	assert_int_equal(ATTEMPT_EXPIRED, state_of(ID(1)));
	closing = attempt_closing(of(1));
	assert_int_equal(25 * 60000, closing->used[0]);
	assert_memory_equal(earlier.b, closing->statement->superseded.data, 32);
}

static void an_attempt_reopened_in_a_paused_room_stands_until_the_room_goes_on(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 2);
	assert_int_equal(ERR_OK, act(EVENT_SUBMIT, ID(1)));
	assert_int_equal(ERR_OK, say(VERB_PAUSE));
	assert_int_equal(ERR_OK, say_minutes_to(VERB_REOPEN, 5, ID(1)));
	assert_int_equal(ERR_OK, came(ID(1), 1));
	assert_int_equal(STOP_SITTING, attempt_stopped(of(1)));
	assert_int_equal(ERR_OK, say(VERB_RESUME));
	assert_true(attempt_clock_runs(of(1)));
}

static void a_void_attempt_stays_void(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 2);
	assert_int_equal(ERR_OK, say_to(VERB_VOID, ID(1)));
	assert_int_equal(ATTEMPT_VOIDED, state_of(ID(1)));
	assert_null(attempt_closing(of(1)));
	assert_int_equal(ERR_OUT_OF_TURN, say_to(VERB_VOID, ID(1)));
	assert_int_equal(ERR_OUT_OF_TURN, say_minutes_to(VERB_REOPEN, 5, ID(1)));
	assert_int_equal(ERR_KEPT_FOR_PROCTOR, put(ID(1), 0, 1, "A"));
	assert_int_equal(ERR_OK, act(EVENT_SUBMIT, ID(2)));
	assert_int_equal(ERR_OK, say_to(VERB_VOID, ID(2)));
	assert_false(attempt_result_is_released(of(2), w->wall));
}

static enum err release(struct attempt_id id, bool result, bool review)
{
	struct event ev = world_event(w, EVENT_RELEASE, STAFF);

	ev.attempt = id;
	ev.sitting = sitting;
	ev.u.release.result = result;
	ev.u.release.review = review;
	return world_do(w, &ev);
}

static void a_result_is_released_as_the_exam_says(void **state)
{
	struct wall_ms later = {1800000000000};

	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_false(attempt_result_is_released(of(1), w->wall));
	assert_int_equal(ERR_OK, act(EVENT_SUBMIT, ID(1)));
	assert_true(attempt_result_is_released(of(1), w->wall));

	given_running(EXAM_PARTS, 2);
	assert_int_equal(ERR_OUT_OF_TURN, release(ID(1), true, false));
	assert_int_equal(ERR_OK, act(EVENT_SUBMIT, ID(1)));
	assert_int_equal(ERR_OK, act(EVENT_SUBMIT, ID(2)));
	assert_false(attempt_result_is_released(of(1), later));
	assert_int_equal(ERR_OK, release(ID(1), true, false));
	assert_true(attempt_result_is_released(of(1), w->wall));
	assert_false(attempt_review_is_released(of(1), w->wall));
	assert_false(attempt_result_is_released(of(2), w->wall));
	assert_int_equal(ERR_OK, release((struct attempt_id){0}, true, true));
	assert_int_equal(2, told(EFFECT_NOTICE, TELL_RELEASED));
	assert_true(attempt_result_is_released(of(2), w->wall));
	assert_true(attempt_review_is_released(of(1), w->wall));

	given_running(EXAM_STOPS, 1);
	assert_int_equal(ERR_OK, act(EVENT_SUBMIT, ID(1)));
	assert_int_equal(ERR_OK, release((struct attempt_id){0}, true, false));
	assert_false(attempt_result_is_released(of(1), later));
	assert_false(attempt_review_is_released(of(1), (struct wall_ms){later.v - 1}));
	assert_true(attempt_review_is_released(of(1), later));
}

static void what_leaves_memory_comes_back_the_same_and_its_number_is_not_given_again(void **state)
{
	struct digest before, after;
	struct attempt_id id;

	(void)state;
	given_running(EXAM_PLAIN, 2);
	assert_int_equal(ERR_OK, put(ID(2), 3, 1, "C"));
	assert_int_equal(ERR_OK, act(EVENT_SUBMIT, ID(2)));
	id = ID(2);
	before = engine_state_hash(w->e);
	engine_forget_attempt(w->e, id);
	assert_null(of(2));
	world_apply_subject(w, w->e, subject_attempt(id));
	after = engine_state_hash(w->e);
	assert_memory_equal(before.b, after.b, 32);
	engine_forget_attempt(w->e, id);
	engine_forget_attempt(w->copy, id);
	engine_reserve(w->e, (struct attempt_id){40}, (struct sitting_id){0});
	engine_reserve(w->copy, (struct attempt_id){40}, (struct sitting_id){0});
	assert_int_equal(41, given_practice(9, EXAM_PLAIN).v);
}

static void a_record_that_was_applied_before_or_has_no_beginning_changes_nothing(void **state)
{
	struct digest before, after;
	struct attempt_id id;

	(void)state;
	given_running(EXAM_PLAIN, 1);
	id = ID(1);
	assert_int_equal(ERR_OK, say_minutes_to(VERB_ADD_MINUTES, 3, id));
	before = engine_state_hash(w->e);
	engine_apply(w->e, &w->d.records[0]);
	after = engine_state_hash(w->e);
	assert_memory_equal(before.b, after.b, 32);
	engine_forget_attempt(w->e, id);
	engine_apply(w->e, &w->d.records[0]);
	assert_null(engine_attempt(w->e, id));
}

static void the_last_exam_added_is_the_one_that_new_sittings_get(void **state)
{
	struct bank *again = bank_new();
	const struct bank *first = engine_bank(w->e, "small");

	(void)state;
	again->name = "small";
	again->title = "Another";
	again->version = "2";
	bank_seal(again);
	engine_add_bank(w->e, again);
	assert_ptr_equal(again, engine_bank(w->e, "small"));
	assert_ptr_equal(first, engine_bank_by_hash(w->e, &first->hash));
}

static void what_can_be_looked_at_comes_in_order_of_number(void **state)
{
	const struct attempt *a = NULL;
	const struct sitting *s = NULL;
	const struct attempt_id *ids;
	int64_t n = 0;

	(void)state;
	given_sitting(EXAM_PLAIN, 3);
	given_ready(2, EXAM_PLAIN, 0);
	given_ready(1, EXAM_PLAIN, 0);
	given_practice(8, EXAM_PLAIN);
	while ((a = engine_attempt_after(w->e, a)) != NULL)
		assert_int_equal(++n, attempt_id(a).v);
	assert_int_equal(3, n);
	s = engine_sitting_after(w->e, s);
	assert_int_equal(2, sitting_attempts(s, &ids));
	assert_int_equal(ID(2).v, ids[0].v);
	assert_null(engine_sitting_after(w->e, s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(the_moves_are_those_of_the_drawing),
	    RULE(a_room_goes_from_created_to_closed_and_each_verb_fits_its_state),
	    RULE(a_sitting_needs_an_exam_a_bank_and_distinct_persons),
	    RULE(checking_in_twice_is_once_and_strangers_stay_outside),
	    RULE(a_packed_attempt_is_found_by_its_persons_second_check_in),
	    RULE(nobody_is_ready_before_being_admitted_or_with_another_form),
	    RULE(the_start_runs_those_who_are_ready_and_here),
	    RULE(where_late_comers_start_by_hand_the_proctor_names_them),
	    RULE(who_comes_while_the_room_is_paused_starts_when_it_goes_on),
	    RULE(the_same_command_id_is_carried_out_once),
	    RULE(a_command_to_some_is_known_by_each_of_them),
	    RULE(what_does_not_fit_one_named_attempt_is_refused_whole),
	    RULE(making_something_twice_with_one_command_makes_it_once),
	    RULE(what_changed_meanwhile_is_told_unless_forced),
	    RULE(minutes_reopening_and_voiding_need_a_reason),
	    RULE(a_message_goes_to_the_room_or_to_those_named),
	    RULE(unknown_things_are_not_found),
	    RULE(a_second_client_waits_until_the_proctor_agrees),
	    RULE(the_mark_of_a_free_seat_is_no_client),
	    RULE(a_refused_client_is_told_and_may_ask_again),
	    RULE(asking_for_the_seat_is_bounded),
	    RULE(a_released_seat_goes_to_the_next_client_at_once),
	    RULE(the_same_client_coming_back_is_no_second_log_in),
	    RULE(a_dead_client_never_locks_its_owner_out),
	    RULE(practice_starts_when_its_form_is_confirmed),
	    RULE(in_practice_another_client_takes_over_at_once),
	    RULE(practice_without_its_client_for_an_hour_is_parked),
	    RULE(practice_untouched_for_thirty_days_is_closed),
	    RULE(a_submitted_attempt_has_score_and_signed_receipt),
	    RULE(closing_the_room_closes_all_that_are_open),
	    RULE(a_reopened_attempt_has_exactly_the_minutes_given_and_a_new_seat),
	    RULE(an_attempt_reopened_in_a_paused_room_stands_until_the_room_goes_on),
	    RULE(a_void_attempt_stays_void),
	    RULE(a_result_is_released_as_the_exam_says),
	    RULE(what_leaves_memory_comes_back_the_same_and_its_number_is_not_given_again),
	    RULE(a_record_that_was_applied_before_or_has_no_beginning_changes_nothing),
	    RULE(the_last_exam_added_is_the_one_that_new_sittings_get),
	    RULE(what_can_be_looked_at_comes_in_order_of_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
