/* What the server tells so that people see how things stand: that a candidate is on a break, how
 * long a client's round trip is, who left the page of the exam, and lists that are longer than a
 * reply. */
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/service/harness_staff.h"
#include "daemon/service/people.h"

#define BANK	  "questions/banks/cpc-style.yaml"
#define EXAM	  "questions/banks/cpc-short.yaml"
#define CANDIDATE EXAMD__V1__ROLE__ROLE_CANDIDATE

struct world {
	struct harness *h;
	struct fake_client *ines, *ann, *ben;
	struct sitting_id sitting;
};

/* The short exam; breaks do not stop its clock. */
static void load_content(struct harness *h, struct fake_client *c)
{
	static const char without[] = "breaks: none";
	struct buf text = {0}, changed = {0};
	const char *at;

	harness_load(h, BANK, EXAM);
	staff_read_file(EXAM, &text);
	at = strstr(buf_text(&text), without);
	assert_non_null(at);
	buf_put(&changed, buf_text(&text), (size_t)(at - buf_text(&text)));
	buf_put_text(&changed, "breaks: clock-runs");
	buf_put_text(&changed, at + strlen(without));
	assert_int_equal(staff_load_exam(c, 90, buf_bytes(&changed), false)->error, ERR_OK);
	buf_fini(&text);
	buf_fini(&changed);
}

static struct world given_a_running_room(void)
{
	struct world w = {.h = harness_new()};
	struct person_id who[2];

	w.ines = staff_connect(w.h, "ines", EXAMD__V1__ROLE__ROLE_INSTRUCTOR);
	load_content(w.h, w.ines);
	who[0] = harness_person(w.h, "ann", CANDIDATE, NULL);
	who[1] = harness_person(w.h, "ben", CANDIDATE, NULL);
	w.sitting = harness_sitting(w.h, "cpc-short", who, 2);
	harness_room(w.h, w.sitting, (struct attempt_id){0}, VERB_OPEN, (struct millis){0});
	harness_room(w.h, w.sitting, (struct attempt_id){0}, VERB_ADMIT, (struct millis){0});
	w.ann = client_connect(w.h, "ann's laptop", "10.0.0.1");
	client_ready(w.ann, w.sitting, who[0]);
	w.ben = client_connect(w.h, "ben's laptop", "10.0.0.2");
	client_ready(w.ben, w.sitting, who[1]);
	harness_room(w.h, w.sitting, (struct attempt_id){0}, VERB_START, (struct millis){0});
	harness_drain(w.h);
	return w;
}

static const wire_reply *ask_status(struct fake_client *c, uint32_t round_trip_ms)
{
	REQUEST_OF(get_status, GET_STATUS, Examd__V1__GetStatus, EXAMD__V1__GET_STATUS__INIT);

	in.round_trip_ms = round_trip_ms;
	return client_ask(c, &request);
}

/* ---- Breaks ------------------------------------------------------------------------------ */

static const wire_reply *end_break(struct fake_client *c)
{
	REQUEST_OF(end_break, END_BREAK, Examd__V1__EndBreak, EXAMD__V1__END_BREAK__INIT);

	in.command_id = command_of(c, 71);
	return client_ask(c, &request);
}

static void a_client_that_starts_again_is_told_that_it_is_on_a_break(void **state)
{
	struct world w = given_a_running_room();
	struct fake_client *again;
	REQUEST_OF(take_break, TAKE_BREAK, Examd__V1__TakeBreak, EXAMD__V1__TAKE_BREAK__INIT);

	(void)state;
	assert_false(ask_status(w.ann, 0)->status->on_break);
	in.command_id = command_of(w.ann, 70);
	assert_true(client_ask(w.ann, &request)->status->on_break);
	client_lose(w.ann);
	again = staff_again(w.ann);
	assert_int_equal(ask_status(again, 0)->clock->stopped, 0);
	assert_true(ask_status(again, 0)->status->on_break);
	assert_false(end_break(again)->status->on_break);
	harness_free(w.h);
}

/* ---- The round trip ---------------------------------------------------------------------- */

static const Examd__V1__Room *await_room(struct world *w)
{
	return client_await(w->ines, EXAMD__V1__NOTICE_KIND__NOTICE_ROOM)->notice->room;
}

/* Ann's. */
static const Examd__V1__RoomRow *row_now(struct world *w)
{
	const Examd__V1__Room *room;

	assert_int_equal(staff_watch(w->ines, w->sitting, false)->error, ERR_OK);
	room = await_room(w);
	assert_int_equal(room->n_rows, 2);
	return room->rows[strcmp(room->rows[0]->user, "ann") == 0 ? 0 : 1];
}

static void a_proctor_sees_the_round_trip_that_a_client_has_told(void **state)
{
	struct world w = given_a_running_room();
	const Examd__V1__RoomRow *row;

	(void)state;
	assert_int_equal(row_now(&w)->round_trip_ms, 0);
	assert_int_equal(ask_status(w.ann, 2100)->error, ERR_OK);
	row = await_room(&w)->rows[0];
	assert_int_equal(row->round_trip_ms, 2100);
	/* What can be no round trip, and none, change nothing. */
	assert_int_equal(ask_status(w.ann, 600001)->error, ERR_OK);
	assert_int_equal(ask_status(w.ann, 0)->error, ERR_OK);
	assert_int_equal(row_now(&w)->round_trip_ms, 2100);
	harness_free(w.h);
}

static void a_round_trip_is_written_nowhere_and_goes_with_its_connection(void **state)
{
	struct world w = given_a_running_room();
	uint64_t before;

	(void)state;
	harness_drain(w.h);
	before = store_last(w.h->core->store).v;
	assert_int_equal(ask_status(w.ann, 34)->error, ERR_OK);
	assert_int_equal(store_last(w.h->core->store).v, before);
	assert_int_equal(row_now(&w)->round_trip_ms, 34);
	client_lose(w.ann);
	(void)staff_again(w.ann);
	assert_int_equal(row_now(&w)->round_trip_ms, 0);
	harness_free(w.h);
}

/* A stream of small differences would be a stream of rows to every console. */
static void a_round_trip_that_is_nearly_the_same_is_no_news(void **state)
{
	struct world w = given_a_running_room();
	const Examd__V1__Room *room;

	(void)state;
	(void)row_now(&w);
	ask_status(w.ann, 100);
	assert_int_equal(await_room(&w)->n_rows, 1);
	ask_status(w.ann, 110);
	ask_status(w.ben, 110);
	room = await_room(&w);
	assert_int_equal(room->n_rows, 1);
	assert_string_equal(room->rows[0]->user, "ben");
	harness_free(w.h);
}

/* ---- The focus --------------------------------------------------------------------------- */

static enum err report(struct fake_client *c, uint8_t command, uint32_t kind)
{
	REQUEST_OF(report_event, REPORT_EVENT, Examd__V1__ReportEvent,
		   EXAMD__V1__REPORT_EVENT__INIT);

	in.command_id = command_of(c, command);
	in.kind = kind;
	return (enum err)client_ask(c, &request)->error;
}

static void a_proctor_is_told_who_left_the_page_how_often_and_when(void **state)
{
	struct world w = given_a_running_room();
	const Examd__V1__RoomRow *row;
	int64_t at;

	(void)state;
	row = row_now(&w);
	assert_int_equal(row->focus_lost, 0);
	assert_int_equal(row->focus_lost_wall_ms, 0);
	assert_int_equal(report(w.ann, 80, 1), ERR_OK);
	assert_int_equal(report(w.ann, 80, 1), ERR_OK); /* sent again */
	row = await_room(&w)->rows[0];
	assert_string_equal(row->user, "ann");
	assert_int_equal(row->focus_lost, 1);
	assert_true(row->off_page);
	at = row->focus_lost_wall_ms;
	assert_int_equal(at, w.h->clock.wall.v);
	assert_int_equal(report(w.ann, 81, 2), ERR_OK);
	row = await_room(&w)->rows[0];
	assert_int_equal(row->focus_lost, 1);
	assert_false(row->off_page);
	assert_int_equal(row->focus_lost_wall_ms, at);
	harness_free(w.h);
}

static void what_a_proctor_knows_of_the_focus_survives_a_restart(void **state)
{
	struct world w = given_a_running_room();
	const Examd__V1__RoomRow *row;
	int64_t at;

	(void)state;
	assert_int_equal(report(w.ann, 80, 1), ERR_OK);
	assert_int_equal(report(w.ann, 81, 2), ERR_OK);
	assert_int_equal(report(w.ann, 82, 1), ERR_OK);
	at = row_now(&w)->focus_lost_wall_ms;
	assert_true(at > 0);
	harness_restart(w.h, SECONDS(30));
	assert_int_equal(client_hello(w.ines)->error, ERR_OK);
	row = row_now(&w);
	assert_int_equal(row->focus_lost, 2);
	assert_int_equal(row->focus_lost_wall_ms, at);
	assert_true(row->off_page);
	harness_free(w.h);
}

/* ---- Lists ------------------------------------------------------------------------------- */

#define MANY 103

static void new_command(uint8_t id[16], ProtobufCBinaryData *out)
{
	randombytes_buf(id, 16);
	*out = (ProtobufCBinaryData){16, id};
}

static void submit(struct fake_client *c)
{
	uint8_t id[16];
	REQUEST_OF(submit, SUBMIT, Examd__V1__Submit, EXAMD__V1__SUBMIT__INIT);

	new_command(id, &in.command_id);
	assert_int_equal(client_ask(c, &request)->error, ERR_OK);
}

static int64_t practise(struct fake_client *c, bool hand_in)
{
	const wire_reply *reply;
	int64_t attempt;
	REQUEST_OF(practice_start, PRACTICE_START, Examd__V1__PracticeStart,
		   EXAMD__V1__PRACTICE_START__INIT);
	uint8_t id[16];

	new_command(id, &in.command_id);
	in.exam = wire_text("cpc-short");
	in.items = 1;
	reply = client_ask(c, &request);
	assert_int_equal(reply->error, ERR_OK);
	attempt = reply->status->attempt;
	assert_int_equal(client_confirm(c, reply->status, (uint8_t)(attempt % 200))->error, ERR_OK);
	if (hand_in)
		submit(c);
	return attempt;
}

static void attempts_come_in_pages_and_each_of_them_once(void **state)
{
	struct harness *h = harness_new();
	struct fake_client *ines = staff_connect(h, "ines", EXAMD__V1__ROLE__ROLE_INSTRUCTOR), *ann;
	int64_t told[MANY + 2], last = 0;
	size_t n = 0;
	bool more = true;
	REQUEST_OF(list_attempts, LIST_ATTEMPTS, Examd__V1__ListAttempts,
		   EXAMD__V1__LIST_ATTEMPTS__INIT);

	(void)state;
	harness_load(h, BANK, EXAM);
	ann = staff_connect(h, "ann", CANDIDATE);
	for (int i = 0; i < MANY; i++)
		practise(ann, true);
	told[n++] = practise(ann, false); /* what is open comes first, and not again */
	in.user = wire_text("ann");
	while (more) {
		const wire_reply *reply;

		in.before_attempt = last;
		reply = client_ask(ines, &request);
		assert_int_equal(reply->error, ERR_OK);
		for (size_t i = 0; i < reply->attempts->n_attempts; i++) {
			int64_t a = reply->attempts->attempts[i]->attempt;

			if (last == 0)
				assert_int_equal(a, told[0]);
			else
				assert_true(n < MANY + 1 && (n == 1 || a < told[n - 1]));
			if (last != 0)
				told[n++] = a;
			last = a;
		}
		assert_true(reply->attempts->n_attempts > 0);
		more = reply->attempts->more;
	}
	assert_int_equal(n, MANY + 1);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_client_that_starts_again_is_told_that_it_is_on_a_break),
	    cmocka_unit_test(a_proctor_sees_the_round_trip_that_a_client_has_told),
	    cmocka_unit_test(a_round_trip_is_written_nowhere_and_goes_with_its_connection),
	    cmocka_unit_test(a_round_trip_that_is_nearly_the_same_is_no_news),
	    cmocka_unit_test(a_proctor_is_told_who_left_the_page_how_often_and_when),
	    cmocka_unit_test(what_a_proctor_knows_of_the_focus_survives_a_restart),
	    cmocka_unit_test(attempts_come_in_pages_and_each_of_them_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
