#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/term/practice.h"
#include "client/term/shown.h"

#define RUNNING EXAMD__V1__ATTEMPT_STATE__RUNNING
#define READY	EXAMD__V1__ATTEMPT_STATE__READY

/* ---- Scenes ------------------------------------------------------------------------------ */

static struct scene_facts running(void)
{
	return (struct scene_facts){.has_status = true,
				    .has_rules = true,
				    .rules_agreed = true,
				    .state = RUNNING,
				    .part_open = true,
				    .remaining_ms = 60000};
}

static void no_item_is_shown_while_the_exam_is_paused(void **state)
{
	static const uint32_t stops[] = {
	    EXAMD__V1__STOP__STOP_ATTEMPT, EXAMD__V1__STOP__STOP_SITTING,
	    EXAMD__V1__STOP__STOP_BREAK, EXAMD__V1__STOP__STOP_PARKED,
	    EXAMD__V1__STOP__STOP_SITTING | EXAMD__V1__STOP__STOP_LOST};
	struct scene_facts f = running();

	(void)state;
	assert_int_equal(scene_of(&f), SCENE_ITEMS);
	for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
		f.stopped = stops[i];
		assert_int_equal(scene_of(&f), SCENE_PAUSED);
		assert_true(stop_words(stops[i])[0] != '\0');
	}
	f.stopped = 0;
	f.on_break = true;
	assert_int_equal(scene_of(&f), SCENE_PAUSED);
}

static void a_lost_connection_takes_nobody_from_the_items(void **state)
{
	struct scene_facts f = running();

	(void)state;
	f.stopped = EXAMD__V1__STOP__STOP_LOST;
	assert_int_equal(scene_of(&f), SCENE_ITEMS);
	f.stopped = EXAMD__V1__STOP__STOP_RESTART;
	f.remaining_ms = 0; /* and the clock stands */
	assert_int_equal(scene_of(&f), SCENE_ITEMS);
}

static void rules_come_before_the_lobby_and_once(void **state)
{
	struct scene_facts f = running();

	(void)state;
	f.state = EXAMD__V1__ATTEMPT_STATE__ADMITTED;
	f.rules_agreed = false;
	assert_int_equal(scene_of(&f), SCENE_RULES);
	f.state = READY; /* the server knows of it, from before this program began */
	assert_int_equal(scene_of(&f), SCENE_LOBBY);
	f.state = EXAMD__V1__ATTEMPT_STATE__ADMITTED;
	f.rules_agreed = true;
	assert_int_equal(scene_of(&f), SCENE_LOBBY);
	f.rules_agreed = f.has_rules = false;
	assert_int_equal(scene_of(&f), SCENE_LOBBY);
	/* The room has started without this one: still the rules first. */
	f = running();
	f.rules_agreed = false;
	f.stopped = EXAMD__V1__STOP__STOP_NOT_STARTED;
	assert_int_equal(scene_of(&f), SCENE_RULES);
	/* Coming back to a running exam asks nothing. */
	f.stopped = 0;
	assert_int_equal(scene_of(&f), SCENE_ITEMS);
}

static void a_closed_exam_shows_its_end_even_to_one_who_was_refused(void **state)
{
	struct scene_facts f = running();

	(void)state;
	f.taken_over = true;
	assert_int_equal(scene_of(&f), SCENE_TAKEN_OVER);
	f.taken_over = false;
	f.refused = true;
	assert_int_equal(scene_of(&f), SCENE_REFUSED);
	f.state = EXAMD__V1__ATTEMPT_STATE__EXPIRED;
	assert_int_equal(scene_of(&f), SCENE_CLOSED);
}

static void at_zero_the_items_go(void **state)
{
	struct scene_facts f = running();

	(void)state;
	f.remaining_ms = 0;
	assert_int_equal(scene_of(&f), SCENE_TIME_UP);
}

/* ---- The corner -------------------------------------------------------------------------- */

static void expect_corner(const char *text, bool good, struct truth_facts f)
{
	char out[96];

	assert_int_equal(truth_format(&f, out, sizeof out), good);
	assert_string_equal(out, text);
}

static void the_corner_says_saved_only_when_all_is(void **state)
{
	(void)state;
	expect_corner("saved 37/37", true,
		      (struct truth_facts){.put = 37, .saved = 37, .link = LINK_UP});
	expect_corner("1 not saved yet", false,
		      (struct truth_facts){.put = 37, .saved = 36, .unsaved = 1, .link = LINK_UP});
	expect_corner("saved 36/37", false, /* one was refused */
		      (struct truth_facts){.put = 37, .saved = 36, .link = LINK_UP});
}

static void the_corner_says_when_the_connection_or_the_disk_is_lost(void **state)
{
	(void)state;
	expect_corner("saved 37/37, reconnecting", false,
		      (struct truth_facts){.put = 37, .saved = 37, .link = LINK_WAITING});
	expect_corner(
	    "2 not saved yet, reconnecting", false,
	    (struct truth_facts){.put = 37, .saved = 35, .unsaved = 2, .link = LINK_CONNECTING});
	expect_corner("2 not saved yet, reconnecting, no disk here", false,
		      (struct truth_facts){.put = 37,
					   .saved = 35,
					   .unsaved = 2,
					   .link = LINK_WAITING,
					   .journal = ERR_DISK_FULL});
}

/* ---- The time ---------------------------------------------------------------------------- */

static void a_second_begun_counts_until_it_is_over(void **state)
{
	char out[24];

	(void)state;
	time_format(3661000, out, sizeof out);
	assert_string_equal(out, "1:01:01");
	time_format(1, out, sizeof out);
	assert_string_equal(out, "00:01");
	time_format(0, out, sizeof out);
	assert_string_equal(out, "00:00");
	time_format(-5, out, sizeof out);
	assert_string_equal(out, "00:00");
}

static void a_hidden_clock_comes_back_at_five_minutes(void **state)
{
	(void)state;
	assert_false(clock_is_shown(true, 300001));
	assert_true(clock_is_shown(true, 300000));
	assert_true(clock_is_shown(false, 3000000));
}

static void a_warning_comes_once_when_its_minute_is_crossed(void **state)
{
	static const uint32_t warnings[] = {30, 15, 5};

	(void)state;
	assert_int_equal(warning_due(warnings, 3, 1800001, 1800000, 3600000), 30);
	assert_int_equal(warning_due(warnings, 3, 1800000, 1799500, 3600000), 0);
	/* a laptop that slept: only the latest */
	assert_int_equal(warning_due(warnings, 3, 2000000, 200000, 3600000), 5);
	/* the first look at the clock, and minutes that were added */
	assert_int_equal(warning_due(warnings, 3, 0, 200000, 3600000), 0);
	assert_int_equal(warning_due(warnings, 3, 200000, 1000000, 3600000), 0);
	/* an exam of 30 minutes does not begin with "30 minutes left" */
	assert_int_equal(warning_due(warnings, 3, 1800001, 1800000, 1800000), 0);
}

/* ---- The pace ---------------------------------------------------------------------------- */

static void the_pace_is_told_as_far_as_it_is_known(void **state)
{
	char out[96];

	(void)state;
	pace_format(&(struct pace){.here_ms = 45000}, out, sizeof out);
	assert_string_equal("this one 00:45", out);
	pace_format(&(struct pace){45000, 65000, 144000}, out, sizeof out);
	assert_string_equal("this one 00:45, each 01:05, exam gives 02:24", out);
	assert_int_equal(0, pace_each(1000, 0));
	assert_int_equal(0, pace_each(-1, 3));
	assert_int_equal(500, pace_each(1500, 3));
}

/* ---- The navigator ----------------------------------------------------------------------- */

static void a_question_is_complete_with_as_many_answers_as_it_asks_for(void **state)
{
	Examd__V1__Answer a = EXAMD__V1__ANSWER__INIT;
	Examd__V1__FormItem item = EXAMD__V1__FORM_ITEM__INIT;
	struct item_facts f = {.item = &item};
	uint32_t chosen[] = {0, 2};
	char first[] = "J189", second[] = "", *codes[] = {first, second};

	(void)state;
	item.kind = EXAMD__V1__ITEM_KIND__MULTIPLE;
	item.choose = 2;
	assert_int_equal(item_progress(&f), PROGRESS_UNSEEN);
	f.seen = true;
	assert_int_equal(item_progress(&f), PROGRESS_INCOMPLETE);
	f.answer = &a; /* flagged only */
	assert_int_equal(item_progress(&f), PROGRESS_INCOMPLETE);
	a.chosen = chosen;
	a.n_chosen = 1;
	assert_int_equal(item_progress(&f), PROGRESS_INCOMPLETE);
	a.n_chosen = 2;
	assert_int_equal(item_progress(&f), PROGRESS_COMPLETE);
	item.kind = EXAMD__V1__ITEM_KIND__CODES;
	item.n_fields = 2;
	a.codes = codes;
	a.n_codes = 2;
	assert_int_equal(item_progress(&f), PROGRESS_INCOMPLETE);
	codes[1] = first;
	assert_int_equal(item_progress(&f), PROGRESS_COMPLETE);
	f = (struct item_facts){.elsewhere = true, .item = &item};
	assert_int_equal(item_progress(&f), PROGRESS_COMPLETE);
}

static void each_filter_shows_what_it_says(void **state)
{
	(void)state;
	assert_true(filter_shows(FILTER_ALL, PROGRESS_COMPLETE, false));
	assert_true(filter_shows(FILTER_NOT_COMPLETE, PROGRESS_UNSEEN, false));
	assert_true(filter_shows(FILTER_NOT_COMPLETE, PROGRESS_INCOMPLETE, false));
	assert_false(filter_shows(FILTER_NOT_COMPLETE, PROGRESS_COMPLETE, true));
	assert_true(filter_shows(FILTER_UNSEEN, PROGRESS_UNSEEN, false));
	assert_false(filter_shows(FILTER_UNSEEN, PROGRESS_INCOMPLETE, true));
	assert_true(filter_shows(FILTER_FLAGGED, PROGRESS_COMPLETE, true));
	assert_false(filter_shows(FILTER_FLAGGED, PROGRESS_UNSEEN, false));
}

static void a_code_is_typed_in_upper_case(void **state)
{
	(void)state;
	assert_int_equal(code_character('j'), 'J');
	assert_int_equal(code_character('.'), '.');
	assert_int_equal(code_character('7'), '7');
	assert_int_equal(code_character(0xe9), 0);
	assert_int_equal(code_character(27), 0);
}

/* ---- Practice ---------------------------------------------------------------------------- */

static void who_practises_is_asked_what_to_begin_until_an_attempt_runs(void **state)
{
	struct scene_facts f = {.chooses = true};

	(void)state;
	assert_int_equal(scene_of(&f), SCENE_PRACTICE);
	f.state = EXAMD__V1__ATTEMPT_STATE__SUBMITTED; /* done with the last one */
	assert_int_equal(scene_of(&f), SCENE_PRACTICE);
	f = running();
	assert_int_equal(scene_of(&f), SCENE_ITEMS);
	f.chooses = f.refused = true;
	assert_int_equal(scene_of(&f), SCENE_REFUSED);
}

static void a_password_is_asked_for_before_anything_else_is_shown(void **state)
{
	struct scene_facts f = {.chooses = true, .wants_password = true};

	(void)state;
	assert_int_equal(scene_of(&f), SCENE_LOG_IN);
	f.wants_password = false;
	f.must_change = true;
	assert_int_equal(scene_of(&f), SCENE_NEW_PASSWORD);
	f = running();
	f.wants_password = true; /* the session was ended in the middle of an exam */
	assert_int_equal(scene_of(&f), SCENE_LOG_IN);
	f.refused = true; /* the server is another one */
	assert_int_equal(scene_of(&f), SCENE_REFUSED);
}

static void a_percentage_stays_between_none_and_all(void **state)
{
	(void)state;
	assert_int_equal(practice_percent(6999, 10000), 69);
	assert_int_equal(practice_percent(10000, 10000), 100);
	assert_int_equal(practice_percent(-100, 10000), 0);
	assert_int_equal(practice_percent(0, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_item_is_shown_while_the_exam_is_paused),
	    cmocka_unit_test(a_lost_connection_takes_nobody_from_the_items),
	    cmocka_unit_test(rules_come_before_the_lobby_and_once),
	    cmocka_unit_test(a_closed_exam_shows_its_end_even_to_one_who_was_refused),
	    cmocka_unit_test(at_zero_the_items_go),
	    cmocka_unit_test(the_corner_says_saved_only_when_all_is),
	    cmocka_unit_test(the_corner_says_when_the_connection_or_the_disk_is_lost),
	    cmocka_unit_test(a_second_begun_counts_until_it_is_over),
	    cmocka_unit_test(a_hidden_clock_comes_back_at_five_minutes),
	    cmocka_unit_test(a_warning_comes_once_when_its_minute_is_crossed),
	    cmocka_unit_test(a_question_is_complete_with_as_many_answers_as_it_asks_for),
	    cmocka_unit_test(each_filter_shows_what_it_says),
	    cmocka_unit_test(a_code_is_typed_in_upper_case),
	    cmocka_unit_test(who_practises_is_asked_what_to_begin_until_an_attempt_runs),
	    cmocka_unit_test(the_pace_is_told_as_far_as_it_is_known),
	    cmocka_unit_test(a_password_is_asked_for_before_anything_else_is_shown),
	    cmocka_unit_test(a_percentage_stays_between_none_and_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
