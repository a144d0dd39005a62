/* The console without a terminal: who needs a human, the order, the texts, the columns, the keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <string.h>
#include <time.h>

#include "client/ctl/console_command.h"
#include "client/ctl/console_grid.h"
#include "proto/base/mem.h"

#define T0	    ((struct mono_ms){1000000})
#define RUNNING	    EXAMD__V1__ATTEMPT_STATE__RUNNING
#define STATE(name) EXAMD__V1__ATTEMPT_STATE__##name
#define STOP(name)  EXAMD__V1__STOP__STOP_##name
#define TEACHER	    EXAMD__V1__ROLE__ROLE_INSTRUCTOR

static struct console_room room;
static struct mono_ms now;

static struct mono_ms after(struct millis d)
{
	return mono_add(T0, d);
}

/* One hour left, 10 of 40 answered, the last one a second ago. */
static Examd__V1__RoomRow somebody(const char *user, int64_t attempt)
{
	Examd__V1__RoomRow row = EXAMD__V1__ROOM_ROW__INIT;

	row.user = (char *)(uintptr_t)user;
	row.name = (char *)"Somebody";
	row.attempt = attempt;
	row.state = RUNNING;
	row.answered = 10;
	row.items = 40;
	row.remaining_ms = MINUTES(60).v;
	row.connected = true;
	row.version = 7;
	row.last_saved_age_ms = 1000;
	return row;
}

static void told(Examd__V1__RoomRow row)
{
	Examd__V1__RoomRow *rows[] = {&row};
	Examd__V1__Room r = EXAMD__V1__ROOM__INIT;
	Examd__V1__Sitting s = EXAMD__V1__SITTING__INIT;

	s.state = EXAMD__V1__SITTING_STATE__SITTING_STARTED;
	s.version = 40;
	r.sitting = &s;
	r.rows = rows;
	r.n_rows = 1;
	console_room_take(&room, &r, now);
}

static enum need need_of(size_t i)
{
	return row_need(&room.rows.rows[i], &room.notes[i], now);
}

static int fresh(void **state)
{
	(void)state;
	setlocale(LC_CTYPE, "C.UTF-8");
	console_room_fini(&room);
	now = T0;
	return 0;
}

static void assert_shown(const char *users)
{
	char got[256] = "";

	console_room_arrange(&room, now);
	for (size_t i = 0; i < room.nshown; i++) {
		strcat(got, i > 0 ? " " : "");
		strcat(got, room.rows.rows[room.shown[i]].user);
	}
	assert_string_equal(users, got);
}

/* ---- Who needs a human ------------------------------------------------------------------- */

static void somebody_who_works_needs_nobody(void **state)
{
	(void)state;
	told(somebody("a", 1));
	assert_int_equal(NEED_NOTHING, need_of(0));
}

static void the_most_urgent_need_is_the_one_that_is_told(void **state)
{
	Examd__V1__RoomRow row = somebody("a", 1);

	(void)state;
	row.kept = 2;
	told(row);
	assert_int_equal(NEED_KEPT, need_of(0));
	row.remaining_ms = MINUTES(5).v;
	told(row);
	assert_int_equal(NEED_TIME, need_of(0));
	row.last_saved_age_ms = MINUTES(11).v;
	now = after(MINUTES(11));
	told(row);
	assert_int_equal(NEED_SILENT, need_of(0));
	row.connected = false;
	told(row);
	assert_int_equal(NEED_LOST, need_of(0));
	row.takeover_asked = true;
	told(row);
	assert_int_equal(NEED_SEAT, need_of(0));
}

static void who_left_the_page_needs_a_human_until_they_are_back_and_keeps_a_mark(void **state)
{
	struct tm at = {.tm_year = 126, .tm_mon = 10, .tm_mday = 24, .tm_hour = 9, .tm_min = 31};
	Examd__V1__RoomRow row = somebody("a", 1);
	struct grid_layout layout;
	char line[GRID_LINE], words[64];

	(void)state;
	grid_layout(80, &layout);
	told(row);
	focus_format(&room.rows.rows[0].row, words, sizeof words);
	assert_string_equal("", words);
	row.focus_lost = 2;
	row.focus_lost_wall_ms = (int64_t)mktime(&at) * 1000;
	row.off_page = true;
	told(row);
	assert_int_equal(NEED_OFF_PAGE, need_of(0));
	grid_row(&layout, &room, 0, now, line);
	assert_non_null(strstr(line, "running ^2"));
	assert_non_null(strstr(line, "left the page"));
	focus_format(&room.rows.rows[0].row, words, sizeof words);
	assert_string_equal("Left the page 2 times, last at 09:31.", words);
	row.stopped = STOP(SITTING);
	told(row);
	assert_int_equal(NEED_NOTHING, need_of(0));
	row.stopped = 0;
	row.off_page = false;
	told(row);
	assert_int_equal(NEED_NOTHING, need_of(0));
	grid_row(&layout, &room, 0, now, line);
	assert_non_null(strstr(line, "running ^2"));
}

static void a_candidate_whose_clock_was_stopped_by_people_is_not_called_lost(void **state)
{
	Examd__V1__RoomRow row = somebody("a", 1);

	(void)state;
	row.connected = false;
	row.stopped = STOP(SITTING);
	told(row);
	assert_int_equal(NEED_NOTHING, need_of(0));
	row.stopped = STOP(LOST);
	told(row);
	assert_int_equal(NEED_LOST, need_of(0));
}

static void silence_counts_from_the_resume_not_through_the_pause(void **state)
{
	Examd__V1__RoomRow row = somebody("a", 1);

	(void)state;
	row.stopped = STOP(SITTING);
	told(row);
	now = after(MINUTES(30));
	row.stopped = 0;
	row.last_saved_age_ms = MINUTES(30).v;
	told(row);
	assert_int_equal(NEED_NOTHING, need_of(0));
	now = after(MINUTES(40));
	assert_int_equal(NEED_SILENT, need_of(0));
}

static void a_console_that_is_opened_late_sees_who_is_silent_at_once(void **state)
{
	Examd__V1__RoomRow row = somebody("a", 1);

	(void)state;
	row.last_saved_age_ms = MINUTES(12).v;
	told(row);
	assert_int_equal(NEED_SILENT, need_of(0));
}

static void while_our_own_connection_is_lost_nobody_becomes_silent(void **state)
{
	(void)state;
	told(somebody("a", 1));
	console_room_lost(&room);
	now = after(MINUTES(20));
	assert_int_equal(NEED_NOTHING, need_of(0));
	assert_string_equal("stale", row_line_word(&room.rows.rows[0], &room.notes[0]));
	told(somebody("a", 1));
	assert_string_equal("here", row_line_word(&room.rows.rows[0], &room.notes[0]));
}

static void the_time_left_is_counted_down_only_while_it_runs(void **state)
{
	Examd__V1__RoomRow row = somebody("a", 1);

	(void)state;
	told(row);
	now = after(SECONDS(90));
	assert_int_equal(MINUTES(60).v - 90000,
			 row_left(&room.rows.rows[0], &room.notes[0], now).v);
	row.stopped = STOP(ATTEMPT);
	told(row);
	now = after(MINUTES(30));
	assert_int_equal(MINUTES(60).v, row_left(&room.rows.rows[0], &room.notes[0], now).v);
	row.stopped = 0;
	told(row);
	now = after(MINUTES(300));
	assert_int_equal(0, row_left(&room.rows.rows[0], &room.notes[0], now).v);
}

/* ---- The order --------------------------------------------------------------------------- */

static void who_needs_a_human_stands_at_the_top_the_most_urgent_first(void **state)
{
	Examd__V1__RoomRow row;

	(void)state;
	row = somebody("calm", 1);
	told(row);
	row = somebody("closed", 2);
	row.state = STATE(SUBMITTED);
	told(row);
	row = somebody("absent", 0);
	row.state = STATE(ATTEMPT_STATE_NONE);
	told(row);
	row = somebody("kept", 3);
	row.kept = 1;
	told(row);
	row = somebody("late", 4);
	row.state = STATE(CHECKED_IN);
	told(row);
	row = somebody("ending", 5);
	row.remaining_ms = 1000;
	told(row);
	row = somebody("silent", 6);
	row.last_saved_age_ms = MINUTES(30).v;
	told(row);
	row = somebody("lost", 7);
	row.connected = false;
	told(row);
	row = somebody("seat", 8);
	row.takeover_asked = true;
	told(row);
	row = somebody("ready", 9);
	row.state = STATE(READY);
	told(row);
	assert_shown("seat lost silent ending late kept calm ready absent closed");
	assert_int_equal(6, console_room_needing(&room, now));
}

static void finding_looks_at_names_states_and_needs_whatever_the_case(void **state)
{
	Examd__V1__RoomRow row = somebody("c1", 1);

	(void)state;
	row.name = (char *)"Chloé Ångström";
	told(row);
	row = somebody("c2", 2);
	row.stopped = STOP(ATTEMPT);
	told(row);
	row = somebody("c3", 3);
	row.takeover_asked = true;
	told(row);
	strcpy(room.filter, "åNGs");
	assert_shown("c1");
	strcpy(room.filter, "PAUSED");
	assert_shown("c2");
	strcpy(room.filter, "seat");
	assert_shown("c3");
	strcpy(room.filter, "nobody");
	assert_shown("");
}

/* ---- Texts and columns ------------------------------------------------------------------- */

static void ages_and_times_left_are_short(void **state)
{
	static const struct {
		int64_t s;
		const char *age, *left;
	} rows[] = {
	    {0, "0s", "0:00"},	      {99, "99s", "1:39"},	 {100, "1m", "1:40"},
	    {5999, "99m", "1:39:59"}, {6000, "1h40", "1:40:00"}, {14400, "4h00", "4:00:00"},
	    {3599, "59m", "59:59"},
	};
	char text[16];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		age_format(SECONDS(rows[i].s), text);
		assert_string_equal(rows[i].age, text);
		left_format(SECONDS(rows[i].s), text);
		assert_string_equal(rows[i].left, text);
	}
	age_format((struct millis){-1}, text);
	assert_string_equal("", text);
}

static void a_text_fills_its_columns_exactly_and_carries_no_controls(void **state)
{
	char out[64];

	(void)state;
	text_fit("Ana", 5, false, out, sizeof out);
	assert_string_equal("Ana  ", out);
	text_fit("Ana", 5, true, out, sizeof out);
	assert_string_equal("  Ana", out);
	text_fit("Chloé Martin", 6, false, out, sizeof out);
	assert_string_equal("Chloé~", out);
	text_fit("東京大学", 6, false, out, sizeof out); /* two columns each */
	assert_string_equal("東京 ~", out);
	text_fit("a\033[2Jb", 6, false, out, sizeof out);
	assert_string_equal("a?[2Jb", out);
	text_fit("\xff\xfe", 3, false, out, sizeof out);
	assert_string_equal("?? ", out);
	assert_string_equal("é!", text_tail("Chloé!", 2));
}

static void a_line_is_never_wider_than_the_terminal(void **state)
{
	struct grid_layout l;
	char line[GRID_LINE];

	(void)state;
	told(somebody("somebody-with-a-very-long-id", 123456));
	for (unsigned width = 10; width <= 300; width++) {
		grid_layout(width, &l);
		grid_titles(&l, line);
		assert_true(text_columns(line) <= width);
		grid_row(&l, &room, 0, now, line);
		assert_true(text_columns(line) <= width);
	}
}

static void eighty_columns_show_what_a_proctor_needs_and_more_show_the_address(void **state)
{
	struct grid_layout l;

	(void)state;
	grid_layout(80, &l);
	for (size_t i = COL_MARK; i <= COL_NEEDS; i++)
		assert_true(l.width[i] > 0);
	assert_int_equal(0, l.width[COL_ADDRESS]);
	grid_layout(120, &l);
	assert_true(l.width[COL_ADDRESS] > 0 && l.width[COL_KEPT] > 0);
	grid_layout(40, &l);
	assert_true(l.width[COL_USER] > 0 && l.width[COL_STATE] > 0 && l.width[COL_LEFT] > 0);
}

static void the_line_of_a_candidate_is_the_round_trip_that_its_client_told(void **state)
{
	Examd__V1__RoomRow row = somebody("c1", 1);
	struct grid_layout l;
	char line[GRID_LINE], text[16];

	(void)state;
	grid_layout(80, &l);
	row.round_trip_ms = 2149;
	told(row);
	grid_row(&l, &room, 0, now, line);
	assert_non_null(strstr(line, "  2.1 s "));
	row.round_trip_ms = 34;
	told(row);
	grid_row(&l, &room, 0, now, line);
	assert_non_null(strstr(line, "  34 ms "));
	console_room_lost(&room); /* what was told then says nothing now */
	grid_row(&l, &room, 0, now, line);
	assert_non_null(strstr(line, " stale "));
	row.connected = false;
	told(row);
	grid_row(&l, &room, 0, now, line);
	assert_non_null(strstr(line, " LOST "));
	round_trip_format(99999, text);
	assert_string_equal("99.9 s", text);
	round_trip_format(100000, text);
	assert_string_equal(">99 s", text);
	round_trip_format(999, text);
	assert_string_equal("999 ms", text);
}

static void a_row_says_it_all_in_one_line(void **state)
{
	struct grid_layout l;
	char line[GRID_LINE];

	(void)state;
	told(somebody("c1", 1));
	now = after(SECONDS(4));
	room.notes[0].marked = true;
	grid_layout(80, &l);
	grid_row(&l, &room, 0, now, line);
	assert_string_equal(
	    " * c1       Somebody    running       10/40    5s    59:56   here               ",
	    line);
}

/* ---- Commands ---------------------------------------------------------------------------- */

static struct draft draft;
static char why[240];

static const char *press(int key, size_t row)
{
	bool for_room;
	const struct console_command *c = console_command_of(key, &for_room);

	draft_fini(&draft);
	assert_non_null(c);
	return draft_begin(&draft, c, for_room, &room, row, why);
}

static void every_key_is_one_command_and_every_verb_has_a_key(void **state)
{
	bool seen[128] = {false}, verbs[32] = {false};

	(void)state;
	for (size_t i = 0; i < nconsole_commands; i++) {
		const struct console_command *c = &console_commands[i];
		const int keys[] = {c->key, c->room_key};

		verbs[c->verb] = true;
		for (size_t k = 0; k < COUNT(keys); k++) {
			assert_false(keys[k] != 0 && seen[keys[k]]);
			seen[keys[k]] = true;
			assert_null(keys[k] != 0 ? strchr(" */?uqjk", keys[k]) : NULL);
		}
	}
	for (int v = EXAMD__V1__ROOM_VERB__ROOM_OPEN; v <= EXAMD__V1__ROOM_VERB__ROOM_VOID; v++)
		assert_true(verbs[v]);
}

static void minutes_reopening_and_voiding_ask_for_a_reason_and_ends_for_certainty(void **state)
{
	bool r;

	(void)state;
	assert_true(console_command_of('m', &r)->asks & ASK_REASON);
	assert_true(console_command_of('M', &r)->asks_many & ASK_REASON);
	assert_true(console_command_of('o', &r)->asks & ASK_REASON);
	assert_true(console_command_of('v', &r)->asks & ASK_REASON);
	assert_true(console_command_of('v', &r)->asks & ASK_SURE);
	assert_true(console_command_of('e', &r)->asks & ASK_SURE);
	assert_true(console_command_of('E', &r)->asks_many & ASK_WORD);
	assert_false(
	    console_command_allowed(console_command_of('v', &r), EXAMD__V1__ROLE__ROLE_PROCTOR));
	assert_false(
	    console_command_allowed(console_command_of('o', &r), EXAMD__V1__ROLE__ROLE_PROCTOR));
	assert_true(console_command_allowed(console_command_of('v', &r), TEACHER));
	assert_true(
	    console_command_allowed(console_command_of('p', &r), EXAMD__V1__ROLE__ROLE_PROCTOR));
	assert_false(
	    console_command_allowed(console_command_of('p', &r), EXAMD__V1__ROLE__ROLE_CANDIDATE));
}

static void a_command_for_one_carries_the_version_that_was_looked_at(void **state)
{
	Examd__V1__RoomCommand c = EXAMD__V1__ROOM_COMMAND__INIT;

	(void)state;
	told(somebody("c1", 11));
	assert_null(press('p', 0));
	draft_fill(&draft, 3, &c);
	assert_int_equal(1, c.n_attempts);
	assert_int_equal(11, c.attempts[0]);
	assert_int_equal(7, c.version);
	assert_int_equal(3, c.sitting);
	assert_int_equal(ASK_NOTHING, draft_next(&draft));
}

static void marks_go_before_the_cursor_and_pass_over_whom_it_does_not_fit(void **state)
{
	Examd__V1__RoomCommand c = EXAMD__V1__ROOM_COMMAND__INIT;
	Examd__V1__RoomRow row = somebody("c3", 13);
	char text[240];

	(void)state;
	told(somebody("c1", 11));
	told(somebody("c2", 12));
	row.state = STATE(SUBMITTED);
	told(row);
	told(somebody("c4", 14));
	room.notes[0].marked = room.notes[1].marked = room.notes[2].marked = true;
	assert_null(press('p', 3));
	draft_fill(&draft, 3, &c);
	assert_int_equal(2, c.n_attempts);
	assert_int_equal(40, c.version); /* of the sitting */
	draft_done(&draft, text);
	assert_string_equal("Paused: 2 candidates; not for 1 whom it does not fit.", text);
	assert_string_equal("give seat is for one candidate; 2 are marked (u unmarks).",
			    press('g', 3));
}

static void nothing_is_sent_for_whom_it_does_not_fit(void **state)
{
	Examd__V1__RoomRow row = somebody("c1", 1);

	(void)state;
	row.state = STATE(SUBMITTED);
	told(row);
	assert_string_equal("pause does not fit c1: submitted.", press('p', 0));
	assert_string_equal("There is nobody to pause.", press('p', room.rows.nrows));
	row = somebody("c2", 0);
	row.state = STATE(ATTEMPT_STATE_NONE);
	told(row);
	assert_string_equal("void does not fit c2: not here.", press('v', 1));
}

static void a_capital_is_for_the_room(void **state)
{
	Examd__V1__RoomCommand c = EXAMD__V1__ROOM_COMMAND__INIT;

	(void)state;
	told(somebody("c1", 11));
	room.notes[0].marked = true;
	assert_null(press('P', 0));
	draft_fill(&draft, 3, &c);
	assert_int_equal(0, c.n_attempts);
	assert_int_equal(40, c.version);
}

static void minutes_are_asked_before_the_reason_and_both_must_be_good(void **state)
{
	Examd__V1__RoomCommand c = EXAMD__V1__ROOM_COMMAND__INIT;

	(void)state;
	told(somebody("c1", 11));
	assert_null(press('m', 0));
	assert_int_equal(ASK_MINUTES, draft_next(&draft));
	assert_false(draft_answer(&draft, ASK_MINUTES, "0", why));
	assert_false(draft_answer(&draft, ASK_MINUTES, "1441", why));
	assert_false(draft_answer(&draft, ASK_MINUTES, "5x", why));
	assert_false(draft_answer(&draft, ASK_MINUTES, "", why));
	assert_true(draft_answer(&draft, ASK_MINUTES, "-5", why));
	assert_int_equal(ASK_REASON, draft_next(&draft));
	assert_false(draft_answer(&draft, ASK_REASON, "  ", why));
	assert_true(draft_answer(&draft, ASK_REASON, "alarm", why));
	assert_int_equal(ASK_NOTHING, draft_next(&draft));
	draft_fill(&draft, 3, &c);
	assert_int_equal(-5, c.minutes);
	assert_string_equal("alarm", c.reason);
	assert_string_equal("", c.text);
}

static void the_room_ends_only_by_the_word(void **state)
{
	(void)state;
	told(somebody("c1", 11));
	assert_null(press('E', 0));
	assert_int_equal(ASK_WHY, draft_next(&draft));
	assert_true(draft_answer(&draft, ASK_WHY, "", why));
	assert_int_equal(ASK_WORD, draft_next(&draft));
	assert_false(draft_answer(&draft, ASK_WORD, "y", why));
	assert_true(draft_answer(&draft, ASK_WORD, "end", why));
}

static void an_end_may_have_a_reason_and_is_asked_for_certainty_after_it(void **state)
{
	Examd__V1__RoomCommand c = EXAMD__V1__ROOM_COMMAND__INIT;

	(void)state;
	told(somebody("c1", 11));
	assert_null(press('e', 0));
	assert_int_equal(ASK_WHY, draft_next(&draft));
	assert_true(draft_answer(&draft, ASK_WHY, "left the room", why));
	assert_int_equal(ASK_SURE, draft_next(&draft));
	assert_true(draft_answer(&draft, ASK_SURE, "y", why));
	draft_fill(&draft, 3, &c);
	assert_string_equal("left the room", c.reason);
}

static void what_changed_meanwhile_is_told_in_words_and_forcing_is_a_new_command(void **state)
{
	Examd__V1__RoomRow row = somebody("c1", 11);
	Examd__V1__RoomCommand c = EXAMD__V1__ROOM_COMMAND__INIT;
	uint8_t id[16];
	char text[240];

	(void)state;
	told(row);
	assert_null(press('m', 0));
	memcpy(id, draft.id, sizeof id);
	row.remaining_ms += MINUTES(5).v;
	told(row);
	draft_changes(&draft, &room, text);
	assert_string_equal("c1 was given time meanwhile", text);
	row.stopped = STOP(ATTEMPT);
	told(row);
	draft_changes(&draft, &room, text);
	assert_string_equal("c1 was running and is paused now", text);
	draft_force(&draft);
	draft_fill(&draft, 3, &c);
	assert_true(c.force);
	assert_memory_not_equal(id, draft.id, sizeof id);
}

static int clean(void **state)
{
	(void)state;
	draft_fini(&draft);
	console_room_fini(&room);
	return 0;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fresh, clean)
	const struct CMUnitTest tests[] = {
	    T(somebody_who_works_needs_nobody),
	    T(the_most_urgent_need_is_the_one_that_is_told),
	    T(who_left_the_page_needs_a_human_until_they_are_back_and_keeps_a_mark),
	    T(a_candidate_whose_clock_was_stopped_by_people_is_not_called_lost),
	    T(silence_counts_from_the_resume_not_through_the_pause),
	    T(a_console_that_is_opened_late_sees_who_is_silent_at_once),
	    T(while_our_own_connection_is_lost_nobody_becomes_silent),
	    T(the_time_left_is_counted_down_only_while_it_runs),
	    T(who_needs_a_human_stands_at_the_top_the_most_urgent_first),
	    T(finding_looks_at_names_states_and_needs_whatever_the_case),
	    T(ages_and_times_left_are_short),
	    T(a_text_fills_its_columns_exactly_and_carries_no_controls),
	    T(a_line_is_never_wider_than_the_terminal),
	    T(eighty_columns_show_what_a_proctor_needs_and_more_show_the_address),
	    T(the_line_of_a_candidate_is_the_round_trip_that_its_client_told),
	    T(an_end_may_have_a_reason_and_is_asked_for_certainty_after_it),
	    T(a_row_says_it_all_in_one_line),
	    T(every_key_is_one_command_and_every_verb_has_a_key),
	    T(minutes_reopening_and_voiding_ask_for_a_reason_and_ends_for_certainty),
	    T(a_command_for_one_carries_the_version_that_was_looked_at),
	    T(marks_go_before_the_cursor_and_pass_over_whom_it_does_not_fit),
	    T(nothing_is_sent_for_whom_it_does_not_fit),
	    T(a_capital_is_for_the_room),
	    T(minutes_are_asked_before_the_reason_and_both_must_be_good),
	    T(the_room_ends_only_by_the_word),
	    T(what_changed_meanwhile_is_told_in_words_and_forcing_is_a_new_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
