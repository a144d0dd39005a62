/* The rules of time: what stops a clock, what adds to it, and when an attempt ends. */
#include "daemon/engine/test_steps.h"

#include <string.h>

#define ID(person) attempt_id(of(person))

static void an_attempt_closes_at_its_own_deadline_and_grace_to_the_second(void **state)
{
	struct service_ms due;

	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_true(engine_next_due(w->e, &due));
	assert_int_equal(w->now.v + 3600000 + 2000, due.v);
	wait_for((struct millis){3600000 + 1999});
	ticks();
	assert_int_equal(ATTEMPT_RUNNING, state_of(ID(1)));
	assert_int_equal(0, left_s(ID(1)));
	wait_for((struct millis){1});
	ticks();
	assert_int_equal(ATTEMPT_EXPIRED, state_of(ID(1)));
	assert_int_equal(3600000, attempt_used(of(1), 0, w->now).v);
	assert_int_equal(1, told(EFFECT_CLOSED, 0));
	assert_int_equal(1, told(EFFECT_NOTICE, TELL_CLOSED));
	assert_false(engine_is_running(w->e));
}

static void what_is_due_first_is_told_first_whoever_started_first(void **state)
{
	struct service_ms due;

	(void)state;
	given_running(EXAM_PLAIN, 1);
	given_practice(8, EXAM_PARTS);
	assert_true(engine_next_due(w->e, &due));
	assert_int_equal(w->now.v + 30 * 60000 + 2000, due.v);
	assert_int_equal(ERR_OK, say_minutes_to(VERB_ADD_MINUTES, -45, ID(1)));
	assert_true(engine_next_due(w->e, &due));
	assert_int_equal(w->now.v + 15 * 60000 + 2000, due.v);
}

static void what_arrives_within_the_grace_counts_and_later_is_kept(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	wait_for((struct millis){3600000 + 1999});
	assert_int_equal(ERR_OK, put(ID(1), 0, 1, "A"));
	wait_for((struct millis){1});
	assert_int_equal(ERR_KEPT_FOR_PROCTOR, put(ID(1), 1, 1, "A"));
	assert_string_equal("A", answer_of(ID(1), 0));
	assert_string_equal("", answer_of(ID(1), 1));
	assert_int_equal(1, attempt_kept(of(1)));
	assert_int_equal(ERR_TOO_LATE, act(EVENT_SUBMIT, ID(1)));
}

static void a_pause_of_the_room_costs_nobody_a_second(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 2);
	wait_for(MINUTES(10));
	assert_int_equal(ERR_OK, say(VERB_PAUSE));
	assert_int_equal(2, told(EFFECT_NOTICE, TELL_PAUSED));
	wait_for(MINUTES(45));
	ticks();
	assert_int_equal(50 * 60, left_s(ID(1)));
	assert_int_equal(STOP_SITTING, attempt_stopped(of(1)));
	assert_int_equal(ERR_OK, say(VERB_RESUME));
	wait_for(MINUTES(49));
	assert_int_equal(60, left_s(ID(2)));
	assert_int_equal(2, logged(RECORD_CLOCK_STOPPED));
	assert_int_equal(2, logged(RECORD_CLOCK_FREED));
}

static void two_reasons_to_stop_must_both_go(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 2);
	assert_int_equal(ERR_OK, say_to(VERB_PAUSE, ID(1)));
	assert_int_equal(ERR_OK, say(VERB_PAUSE));
	assert_int_equal(STOP_ATTEMPT | STOP_SITTING, attempt_stopped(of(1)));
	assert_int_equal(ERR_OK, say(VERB_RESUME));
	assert_int_equal(STOP_ATTEMPT, attempt_stopped(of(1)));
	wait_for(MINUTES(5));
	assert_int_equal(60 * 60, left_s(ID(1)));
	assert_int_equal(55 * 60, left_s(ID(2)));
	assert_int_equal(ERR_OK, say_to(VERB_RESUME, ID(1)));
	wait_for(MINUTES(5));
	assert_int_equal(55 * 60, left_s(ID(1)));
}

static void resuming_one_of_a_paused_room_frees_this_one(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 2);
	assert_int_equal(ERR_OK, say(VERB_PAUSE));
	assert_int_equal(ERR_OK, say_to(VERB_RESUME, ID(1)));
	assert_true(attempt_clock_runs(of(1)));
	assert_false(attempt_clock_runs(of(2)));
	assert_int_equal(ERR_OK, say(VERB_RESUME));
	assert_true(attempt_clock_runs(of(2)));
}

static void in_its_grace_an_attempt_cannot_be_paused_and_the_room_passes_it_over(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	wait_for((struct millis){3600000 + 500});
	assert_int_equal(ERR_TOO_LATE, say_to(VERB_PAUSE, ID(1)));
	assert_int_equal(ERR_OK, say(VERB_PAUSE));
	wait_for(SECONDS(2));
	ticks();
	assert_int_equal(ATTEMPT_EXPIRED, state_of(ID(1)));
}

static void after_a_restart_an_attempt_stands_until_its_client_is_back(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 2);
	wait_for(MINUTES(1));
	world_restart(w, SECONDS(20));
	assert_int_equal(STOP_RESTART, attempt_stopped(of(1)));
	wait_for(SECONDS(30));
	assert_int_equal(ERR_OK, came(ID(1), 1));
	assert_int_equal(59 * 60, left_s(ID(1)));
	wait_for(SECONDS(29));
	ticks();
	assert_int_equal(STOP_RESTART, attempt_stopped(of(2)));
	wait_for(SECONDS(1));
	ticks();
	assert_int_equal(0, attempt_stopped(of(2)));
	wait_for(SECONDS(10));
	assert_int_equal(59 * 60 - 40, left_s(ID(1)));
	assert_int_equal(59 * 60 - 10, left_s(ID(2)));
}

static void a_paused_attempt_resumed_after_a_restart_still_waits_for_its_client(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_OK, say(VERB_PAUSE));
	world_restart(w, SECONDS(5));
	assert_int_equal(ERR_OK, say(VERB_RESUME));
	assert_int_equal(STOP_RESTART, attempt_stopped(of(1)));
	assert_int_equal(ERR_OK, came(ID(1), 1));
	assert_true(attempt_clock_runs(of(1)));
}

static void after_a_long_outage_the_room_comes_back_paused_and_practice_parked(void **state)
{
	struct attempt_id practice;

	(void)state;
	given_running(EXAM_PLAIN, 2);
	practice = given_practice(9, EXAM_PLAIN);
	wait_for(MINUTES(1));
	world_restart(w, (struct millis){300001});
	assert_true(sitting_is_paused(room()));
	assert_int_equal(STOP_SITTING, attempt_stopped(of(2)));
	assert_int_equal(STOP_PARKED, attempt_stopped(engine_attempt(w->e, practice)));
	assert_int_equal(ERR_OK, came(ID(1), 1));
	wait_for(MINUTES(30));
	ticks();
	assert_int_equal(59 * 60, left_s(ID(1)));
	assert_int_equal(ERR_OK, say(VERB_RESUME));
	wait_for(MINUTES(1));
	assert_int_equal(58 * 60, left_s(ID(1)));
	assert_int_equal(59 * 60, left_s(practice));
}

static void an_outage_of_five_minutes_is_not_a_long_one(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	world_restart(w, MINUTES(5));
	assert_false(sitting_is_paused(room()));
	assert_int_equal(STOP_RESTART, attempt_stopped(of(1)));
}

static void an_attempt_reopened_after_its_room_closed_stands_after_an_outage(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_OK, say(VERB_CLOSE));
	assert_int_equal(ERR_OK, say_minutes_to(VERB_REOPEN, 5, ID(1)));
	assert_int_equal(ERR_OK, came(ID(1), 1));
	world_restart(w, MINUTES(10));
	assert_int_equal(STOP_ATTEMPT, attempt_stopped(of(1)));
	assert_int_equal(ERR_OK, say_to(VERB_RESUME, ID(1)));
	assert_true(attempt_clock_runs(of(1)));
}

static void a_lost_connection_stops_the_clock_only_where_the_exam_says_so(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_OK, left(ID(1), 1));
	wait_for(MINUTES(1));
	assert_int_equal(59 * 60, left_s(ID(1)));

	given_running(EXAM_STOPS, 1);
	assert_int_equal(ERR_OK, left(ID(1), 1));
	assert_int_equal(STOP_LOST, attempt_stopped(of(1)));
	wait_for(MINUTES(1));
	assert_int_equal(60 * 60, left_s(ID(1)));
	assert_int_equal(ERR_OK, came(ID(1), 1));
	wait_for(MINUTES(1));
	assert_int_equal(59 * 60, left_s(ID(1)));
}

static void losing_the_connection_in_the_grace_does_not_put_off_the_end(void **state)
{
	(void)state;
	given_running(EXAM_STOPS, 1);
	wait_for((struct millis){3600000 + 500});
	assert_int_equal(ERR_OK, left(ID(1), 1));
	wait_for(SECONDS(2));
	ticks();
	assert_int_equal(ATTEMPT_EXPIRED, state_of(ID(1)));
}

static void
a_client_that_stays_away_after_a_restart_is_lost_where_that_stops_the_clock(void **state)
{
	(void)state;
	given_running(EXAM_STOPS, 1);
	world_restart(w, SECONDS(1));
	wait_for(SECONDS(60));
	ticks();
	assert_int_equal(STOP_LOST, attempt_stopped(of(1)));
	wait_for(MINUTES(10));
	ticks();
	assert_int_equal(ERR_OK, came(ID(1), 1));
	assert_int_equal(60 * 60, left_s(ID(1)));
}

static void a_break_stops_the_clock_only_where_the_exam_says_so(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	assert_int_equal(ERR_OK, act(EVENT_BREAK, ID(1)));
	assert_true(attempt_is_on_break(of(1)));
	assert_int_equal(ERR_OUT_OF_TURN, act(EVENT_BREAK, ID(1)));
	wait_for(MINUTES(1));
	assert_int_equal(ERR_OK, act(EVENT_BACK_FROM_BREAK, ID(1)));
	assert_int_equal(59 * 60, left_s(ID(1)));

	given_running(EXAM_STOPS, 1);
	assert_int_equal(ERR_OK, act(EVENT_BREAK, ID(1)));
	wait_for(MINUTES(1));
	assert_int_equal(ERR_OK, act(EVENT_BACK_FROM_BREAK, ID(1)));
	assert_int_equal(60 * 60, left_s(ID(1)));
	assert_int_equal(ERR_OUT_OF_TURN, act(EVENT_BACK_FROM_BREAK, ID(1)));

	given_running(EXAM_PARTS, 1);
	assert_int_equal(ERR_NO_BREAKS, act(EVENT_BREAK, ID(1)));
}

/* ---- Budgets ----------------------------------------------------------------------------- */

static void extra_time_is_a_share_rounded_up_to_a_second(void **state)
{
	(void)state;
	given_sitting(EXAM_PARTS, 2);
	given_ready(1, EXAM_PARTS, 25);
	given_ready(2, EXAM_PARTS, 33);
	assert_int_equal(2250000, attempt_budget(of(1), 0).v);
	assert_int_equal(1500000, attempt_budget(of(1), 1).v);
	assert_int_equal(2394000, attempt_budget(of(2), 0).v);
	assert_int_equal(1596000, attempt_budget(of(2), 1).v);
}

static void an_accommodation_can_change_later_and_used_time_stays(void **state)
{
	struct event ev;

	(void)state;
	given_running(EXAM_PARTS, 1);
	wait_for(MINUTES(10));
	ev = world_event(w, EVENT_ACCOMMODATE, STAFF);
	ev.attempt = ID(1);
	ev.u.extra_percent = 50;
	assert_int_equal(ERR_OK, world_do(w, &ev));
	assert_int_equal(35 * 60, left_s(ID(1)));
	assert_int_equal(30 * 60 * 1000, attempt_budget(of(1), 1).v);
	ev = world_event(w, EVENT_ACCOMMODATE, STAFF);
	ev.attempt = ID(1);
	ev.u.extra_percent = EXTRA_PERCENT_MOST + 1;
	assert_int_equal(ERR_INVALID, world_do(w, &ev));
}

static void minutes_go_to_the_running_part_else_to_the_first(void **state)
{
	(void)state;
	given_sitting(EXAM_PARTS, 1);
	given_ready(1, EXAM_PARTS, 0);
	assert_int_equal(ERR_OK, say_minutes(VERB_ADD_MINUTES, 5));
	assert_int_equal(35 * 60000, attempt_budget(of(1), 0).v);
	assert_int_equal(ERR_OK, say(VERB_START));
	assert_int_equal(ERR_OK, act(EVENT_LEAVE_PART, ID(1)));
	assert_int_equal(ERR_OK, say_minutes_to(VERB_ADD_MINUTES, 3, ID(1)));
	assert_int_equal(35 * 60000, attempt_budget(of(1), 0).v);
	assert_int_equal(23 * 60000, attempt_budget(of(1), 1).v);
	assert_int_equal(1, told(EFFECT_NOTICE, TELL_MINUTES_ADDED));
}

static void minutes_taken_never_take_what_is_used(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	wait_for(MINUTES(10));
	assert_int_equal(ERR_OK, say_minutes_to(VERB_ADD_MINUTES, -20, ID(1)));
	assert_int_equal(30 * 60, left_s(ID(1)));
	assert_int_equal(ERR_OK, say_minutes_to(VERB_ADD_MINUTES, -90, ID(1)));
	assert_int_equal(0, left_s(ID(1)));
	assert_int_equal(10 * 60000, attempt_budget(of(1), 0).v);
	wait_for(SECONDS(2));
	ticks();
	assert_int_equal(ATTEMPT_EXPIRED, state_of(ID(1)));
}

static void minutes_added_in_the_grace_are_whole_minutes(void **state)
{
	(void)state;
	given_running(EXAM_PLAIN, 1);
	wait_for((struct millis){3600000 + 1500});
	assert_int_equal(ERR_OK, say_minutes_to(VERB_ADD_MINUTES, 1, ID(1)));
	assert_int_equal(60, left_s(ID(1)));
}

static void who_checks_in_late_has_the_minutes_that_the_room_got(void **state)
{
	(void)state;
	given_sitting(EXAM_PLAIN, 2);
	given_ready(1, EXAM_PLAIN, 0);
	assert_int_equal(ERR_OK, say(VERB_START));
	assert_int_equal(ERR_OK, say_minutes(VERB_ADD_MINUTES, 7));
	given_ready(2, EXAM_PLAIN, 100);
	assert_int_equal(127 * 60, left_s(ID(2)));
}

static void the_rooms_end_cuts_the_budget_but_not_the_accommodation(void **state)
{
	int64_t ends = w->wall.v + 40 * 60000;

	(void)state;
	assert_int_equal(ERR_OK, create_sitting(EXAM_PARTS, 2, 0, 0, ends));
	assert_int_equal(ERR_OK, say(VERB_OPEN));
	assert_int_equal(ERR_OK, say(VERB_ADMIT));
	given_ready(1, EXAM_PARTS, 0);
	given_ready(2, EXAM_PARTS, 50);
	assert_int_equal(ERR_OK, say_minutes_to(VERB_ADD_MINUTES, 1, ID(1)));
	assert_int_equal(ERR_OK, say(VERB_START));
	assert_int_equal(31 * 60000, attempt_budget(of(1), 0).v);
	assert_int_equal(10 * 60000, attempt_budget(of(1), 1).v);
	assert_int_equal(45 * 60000, attempt_budget(of(2), 0).v);
	assert_int_equal(15 * 60000, attempt_budget(of(2), 1).v);
	/* A wall clock that steps, or a pause, takes nothing away any more. */
	w->wall.v += 3600000;
	assert_int_equal(ERR_OK, act(EVENT_LEAVE_PART, ID(1)));
	assert_int_equal(10 * 60, left_s(ID(1)));
}

static void a_window_says_when_an_attempt_may_start_and_never_ends_one(void **state)
{
	int64_t opens = w->wall.v + 60000, closes = w->wall.v + 600000;

	(void)state;
	assert_int_equal(ERR_INVALID, create_sitting(EXAM_PLAIN, 3, closes, opens, 0));
	assert_int_equal(ERR_OK, create_sitting(EXAM_PLAIN, 3, opens, closes, 0));
	assert_int_equal(ERR_NOT_OPEN, check_in(1, EXAM_PLAIN, 0));
	assert_int_equal(ERR_OK, say(VERB_OPEN));
	assert_int_equal(ERR_OK, say(VERB_ADMIT));
	given_ready(1, EXAM_PLAIN, 0);
	assert_int_equal(ERR_NOT_OPEN, say(VERB_START));
	wait_for(MINUTES(1));
	assert_int_equal(ERR_OK, say(VERB_START));
	assert_int_equal(ERR_OK, check_in(2, EXAM_PLAIN, 0));
	wait_for(MINUTES(10));
	assert_int_equal(ERR_NOT_OPEN, check_in(3, EXAM_PLAIN, 0));
	assert_int_equal(ERR_OK, came(ID(2), 2));
	assert_int_equal(ERR_OK, confirm(ID(2)));
	assert_int_equal(ATTEMPT_READY, state_of(ID(2)));
	assert_int_equal(ATTEMPT_RUNNING, state_of(ID(1)));
	assert_int_equal(50 * 60, left_s(ID(1)));
}

/* ---- Parts ------------------------------------------------------------------------------- */

static void a_part_that_expires_lets_the_next_one_start(void **state)
{
	(void)state;
	given_running(EXAM_PARTS, 1);
	assert_int_equal(ERR_OK, put(ID(1), 0, 1, "A"));
	wait_for(MINUTES(30));
	wait_for(SECONDS(2));
	ticks();
	assert_int_equal(1, attempt_part(of(1)));
	assert_int_equal(20 * 60, left_s(ID(1)));
	assert_int_equal(1800000, attempt_used(of(1), 0, w->now).v);
	assert_int_equal(1, told(EFFECT_NOTICE, TELL_PART));
	assert_int_equal(ERR_LOCKED, put(ID(1), 0, 2, "B"));
	assert_int_equal(ERR_OK, put(ID(1), 0, 1, "A")); /* what stands is acknowledged again */
	wait_for(MINUTES(21));
	ticks();
	assert_int_equal(ATTEMPT_EXPIRED, state_of(ID(1)));
}

static void leaving_a_part_gives_its_unused_time_away(void **state)
{
	(void)state;
	given_running(EXAM_PARTS, 1);
	assert_true(attempt_part_was_open(of(1), 0));
	assert_false(attempt_part_was_open(of(1), 1));
	wait_for(MINUTES(10));
	assert_int_equal(ERR_LOCKED, put(ID(1), 6, 1, "A"));
	assert_int_equal(ERR_OK, act(EVENT_LEAVE_PART, ID(1)));
	assert_int_equal(20 * 60, left_s(ID(1)));
	assert_int_equal(600000, attempt_used(of(1), 0, w->now).v);
	assert_true(attempt_part_was_open(of(1), 1));
	assert_int_equal(ERR_OK, put(ID(1), 6, 1, "A"));
	assert_int_equal(ERR_OK, act(EVENT_LEAVE_PART, ID(1)));
	assert_int_equal(ATTEMPT_SUBMITTED, state_of(ID(1)));
}

static void nobody_goes_to_the_next_part_while_the_clock_stands(void **state)
{
	(void)state;
	given_running(EXAM_PARTS, 1);
	assert_int_equal(ERR_OK, say(VERB_PAUSE));
	assert_int_equal(ERR_PAUSED, act(EVENT_LEAVE_PART, ID(1)));
	assert_int_equal(0, attempt_part(of(1)));
}

/* ---- An attempt alone -------------------------------------------------------------------- */

static void an_attempts_own_records_decide_its_time(void **state)
{
	struct engine *alone = world_engine();
	const struct attempt *a;

	(void)state;
	given_running(EXAM_PLAIN, 2);
	wait_for(MINUTES(3));
	assert_int_equal(ERR_OK, say(VERB_PAUSE));
	wait_for(MINUTES(4));
	assert_int_equal(ERR_OK, say_minutes(VERB_ADD_MINUTES, 6));
	assert_int_equal(ERR_OK, say(VERB_RESUME));
	wait_for(MINUTES(1));
	world_apply_subject(w, alone, subject_attempt(ID(2)));
	a = engine_attempt(alone, ID(2));
	assert_int_equal(62 * 60000, attempt_remaining(a, w->now).v);
	assert_int_equal(left_s(ID(2)) * 1000, attempt_remaining(a, w->now).v);
	engine_free(alone);
}

static void one_tick_sees_to_a_bounded_number_of_attempts(void **state)
{
	struct event ev;
	int64_t p;

	(void)state;
	w->without_looking = true;
	given_sitting(EXAM_PLAIN, 600);
	for (p = 1; p <= 600; p++)
		given_ready(p, EXAM_PLAIN, p == 600 ? 10 : 0);
	assert_int_equal(ERR_OK, say(VERB_START));
	assert_int_equal(601, w->d.nrecords);
	wait_for(MINUTES(61));
	ev = world_event(w, EVENT_TICK, 0);
	assert_int_equal(ERR_OK, world_do(w, &ev));
	assert_int_equal(TICK_MOST, w->d.nrecords);
	ticks();
	assert_int_equal(599, logged(RECORD_ATTEMPT_CLOSED));
	assert_int_equal(ATTEMPT_RUNNING, state_of(ID(600)));
	world_check_copy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(an_attempt_closes_at_its_own_deadline_and_grace_to_the_second),
	    RULE(what_is_due_first_is_told_first_whoever_started_first),
	    RULE(what_arrives_within_the_grace_counts_and_later_is_kept),
	    RULE(a_pause_of_the_room_costs_nobody_a_second),
	    RULE(two_reasons_to_stop_must_both_go),
	    RULE(resuming_one_of_a_paused_room_frees_this_one),
	    RULE(in_its_grace_an_attempt_cannot_be_paused_and_the_room_passes_it_over),
	    RULE(after_a_restart_an_attempt_stands_until_its_client_is_back),
	    RULE(a_paused_attempt_resumed_after_a_restart_still_waits_for_its_client),
	    RULE(after_a_long_outage_the_room_comes_back_paused_and_practice_parked),
	    RULE(an_outage_of_five_minutes_is_not_a_long_one),
	    RULE(an_attempt_reopened_after_its_room_closed_stands_after_an_outage),
	    RULE(a_lost_connection_stops_the_clock_only_where_the_exam_says_so),
	    RULE(losing_the_connection_in_the_grace_does_not_put_off_the_end),
	    RULE(a_client_that_stays_away_after_a_restart_is_lost_where_that_stops_the_clock),
	    RULE(a_break_stops_the_clock_only_where_the_exam_says_so),
	    RULE(extra_time_is_a_share_rounded_up_to_a_second),
	    RULE(an_accommodation_can_change_later_and_used_time_stays),
	    RULE(minutes_go_to_the_running_part_else_to_the_first),
	    RULE(minutes_taken_never_take_what_is_used),
	    RULE(minutes_added_in_the_grace_are_whole_minutes),
	    RULE(who_checks_in_late_has_the_minutes_that_the_room_got),
	    RULE(the_rooms_end_cuts_the_budget_but_not_the_accommodation),
	    RULE(a_window_says_when_an_attempt_may_start_and_never_ends_one),
	    RULE(a_part_that_expires_lets_the_next_one_start),
	    RULE(leaving_a_part_gives_its_unused_time_away),
	    RULE(nobody_goes_to_the_next_part_while_the_clock_stands),
	    RULE(an_attempts_own_records_decide_its_time),
	    RULE(one_tick_sees_to_a_bounded_number_of_attempts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
