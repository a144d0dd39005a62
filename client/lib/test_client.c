/* What a client promises, against a server that goes wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/lib/client.h"
#include "client/lib/test_server.h"

#define PATIENCE SECONDS(20) /* only a failing test waits so long */

/* ---- The clocks are ours (linked with --wrap) -------------------------------------------- */

static int64_t boot_shift;
static unsigned wall_reads;

struct boot_ms __real_boot_now(void);
struct boot_ms __wrap_boot_now(void);
struct wall_ms __real_wall_now(void);
struct wall_ms __wrap_wall_now(void);

struct boot_ms __wrap_boot_now(void)
{
	return (struct boot_ms){__real_boot_now().v + boot_shift};
}

struct wall_ms __wrap_wall_now(void)
{
	wall_reads++;
	return __real_wall_now();
}

/* ---- A client and its surroundings ------------------------------------------------------- */

struct world {
	struct loop *loop;
	struct fake server;
	struct wire wire;
	struct exam_client_user user;
	struct exam_client *client;
	struct loop_pass pass;
	struct timer patience;
	bool (*until)(const struct world *w);
	char dir[32]; /* "" : nothing is kept */

	unsigned entries[ENTRY_REFUSED + 1];
	unsigned settled, saved, kept, link_ups;
	enum err refused;
	bool link_refused;
	unsigned replies;
	enum err reply;
	struct call call;
};

static void on_link(struct exam_client_user *u, enum link_state state, enum err why)
{
	struct world *w = container_of(u, struct world, user);

	w->link_ups += state == LINK_UP;
	if (state == LINK_REFUSED) {
		w->link_refused = true;
		w->refused = why;
	}
}

static void on_entry(struct exam_client_user *u, enum entry_step step, enum err err,
		     const char *detail)
{
	struct world *w = container_of(u, struct world, user);

	(void)detail;
	w->entries[step]++;
	if (step == ENTRY_REFUSED)
		w->refused = err;
}

/* The rule of all rules: what is called saved, the server has. */
static void on_settled(struct exam_client_user *u, const Examd__V1__Answer *answer, enum err err)
{
	struct world *w = container_of(u, struct world, user);
	const struct fake_answer *have = &w->server.have[answer->item];

	w->settled++;
	w->kept += err == ERR_KEPT_FOR_PROCTOR;
	if (err != ERR_OK)
		return;
	w->saved++;
	assert_true(have->seat == answer->seat && have->revision >= answer->revision);
}

static void on_pass(struct loop_pass *pass)
{
	struct world *w = container_of(pass, struct world, pass);

	if (w->until != NULL && w->until(w))
		loop_stop(w->loop);
}

static void out_of_patience(struct timer *t)
{
	loop_stop(container_of(t, struct world, patience)->loop);
}

/* Runs until something is true; it must become true. */
static void until(struct world *w, bool (*what)(const struct world *w))
{
	w->until = what;
	timer_set(&w->patience, PATIENCE);
	if (!what(w))
		loop_run(w->loop);
	timer_stop(&w->patience);
	w->until = NULL;
	assert_true(what(w));
}

static void world_begin(struct world *w)
{
	*w = (struct world){
	    .user = {.on_link = on_link, .on_entry = on_entry, .on_settled = on_settled},
	    .pass = {.on_pass = on_pass}};
	boot_shift = 0;
	w->loop = loop_new();
	loop_add_pass(w->loop, &w->pass);
	timer_init(&w->patience, w->loop, out_of_patience);
	fake_start(&w->server, w->loop);
	wire_start(&w->wire, w->loop, w->server.port);
}

static void world_end(struct world *w)
{
	exam_client_free(w->client);
	wire_stop(&w->wire);
	fake_stop(&w->server);
	timer_fini(&w->patience);
	loop_remove_pass(w->loop, &w->pass);
	loop_free(w->loop);
}

static void client_begin(struct world *w, const char *slip)
{
	struct exam_client_config config = {
	    .loop = w->loop,
	    .server = {.port = w->wire.port, .has_pin = true},
	    .state_dir = w->dir[0] != '\0' ? w->dir : NULL,
	    .program = "test 1",
	    .user = &w->user,
	    .login_user = slip[0] == '\0' ? "ann" : NULL,
	    .asks_password = slip[0] == '\0',
	    .back_off = {1},
	    .back_off_most = {4},
	};
	char detail[256];

	strcpy(config.server.host, "127.0.0.1");
	strcpy(config.server.slip, slip);
	config.server.pin = w->server.pin;
	assert_int_equal(ERR_OK, exam_client_new(&w->client, &config, detail));
}

static void client_end(struct world *w)
{
	exam_client_free(w->client);
	w->client = NULL;
}

static bool is_up(const struct world *w)
{
	return w->link_ups > 0;
}

static bool is_ready(const struct world *w)
{
	return exam_client_state(w->client) == EXAMD__V1__ATTEMPT_STATE__READY;
}

static bool is_open(const struct world *w)
{
	return exam_client_item(w->client, (struct item_no){0}) != NULL;
}

static bool all_settled(const struct world *w)
{
	return w->settled > 0 && exam_client_unsettled(w->client) == 0;
}

static bool some_pieces_were_asked(const struct world *w)
{
	return w->server.pieces >= 3;
}

static bool has_replied(const struct world *w)
{
	return w->replies > 0;
}

static bool is_taken_over(const struct world *w)
{
	return w->entries[ENTRY_TAKEN_OVER] > 0;
}

static bool seat_is_asked(const struct world *w)
{
	return w->entries[ENTRY_SEAT_ASKED] > 0;
}

static bool is_refused(const struct world *w)
{
	return w->link_refused || w->entries[ENTRY_REFUSED] > 0;
}

static bool server_has_effect(const struct world *w)
{
	return w->server.effects > 0;
}

/* Up to the open form. */
static void get_in(struct world *w)
{
	client_begin(w, "0123456789");
	exam_client_take(w->client, 0);
	until(w, is_ready);
	fake_begin(&w->server);
	until(w, is_open);
}

static void answer(struct world *w, uint32_t item, uint32_t option)
{
	Examd__V1__Answer a = EXAMD__V1__ANSWER__INIT;

	a.item = item;
	a.chosen = &option;
	a.n_chosen = 1;
	assert_int_equal(ERR_OK, exam_client_put_answer(w->client, &a));
}

static void assert_saved(const struct world *w, uint32_t want_put, uint32_t want_saved)
{
	uint32_t n, saved;

	exam_client_saved(w->client, &n, &saved);
	assert_int_equal(want_put, n);
	assert_int_equal(want_saved, saved);
}

static void on_reply(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct world *w = container_of(call, struct world, call);

	(void)reply;
	w->replies++;
	w->reply = err;
}

static void staff_command(struct world *w)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__PersonChange body = EXAMD__V1__PERSON_CHANGE__INIT;
	uint8_t id[16];

	exam_client_command_id(id);
	body.command_id = (ProtobufCBinaryData){sizeof id, id};
	request.body_case = EXAMD__V1__REQUEST__BODY_PERSON_CHANGE;
	request.person_change = &body;
	w->call.on_reply = on_reply;
	exam_client_call(w->client, &w->call, &request, true);
}

static void submit(struct world *w)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__Submit body = EXAMD__V1__SUBMIT__INIT;
	uint8_t id[16];

	exam_client_command_id(id);
	body.command_id = (ProtobufCBinaryData){sizeof id, id};
	request.body_case = EXAMD__V1__REQUEST__BODY_SUBMIT;
	request.submit = &body;
	w->call.on_reply = on_reply;
	exam_client_call(w->client, &w->call, &request, true);
}

/* ---- The way in -------------------------------------------------------------------------- */

static void a_candidate_gets_in_and_every_answer_is_saved(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	get_in(&w);
	assert_int_equal(1, w.entries[ENTRY_FORM_HELD]);
	for (uint32_t i = 0; i < FAKE_ITEMS; i++)
		answer(&w, i, 1);
	assert_saved(&w, 3, 0);
	until(&w, all_settled);
	assert_saved(&w, 3, 3);
	assert_int_equal(3, w.server.effects);
	world_end(&w);
}

static void a_key_that_is_not_the_expected_one_is_refused_for_ever(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	w.server.pin.b[0] ^= 1;
	client_begin(&w, "0123456789");
	staff_command(&w);
	until(&w, is_refused);
	assert_int_equal(ERR_UNTRUSTED, w.refused);
	assert_int_equal(1, w.replies);
	assert_int_equal(0, w.server.greetings);
	world_end(&w);
}

static void pieces_go_on_where_a_broken_connection_left_them(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	w.server.piece_most = 5;
	client_begin(&w, "0123456789");
	exam_client_take(w.client, 0);
	until(&w, some_pieces_were_asked);
	w.wire.cut_down = w.wire.down + 1;
	until(&w, is_ready);
	assert_int_equal(2, w.wire.connections);
	assert_int_equal(1, w.server.pieces_from_0);
	world_end(&w);
}

static void a_form_that_does_not_fit_its_hash_is_fetched_again(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	w.server.wrong_pieces = 1;
	get_in(&w);
	assert_int_equal(1, w.entries[ENTRY_WRONG_FORM]);
	assert_int_equal(2, w.server.pieces_from_0);
	world_end(&w);
}

static void a_forgotten_session_is_made_again_by_the_slip(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	get_in(&w);
	w.server.forget_tokens = 1;
	w.server.restart_instead = 1;
	answer(&w, 0, 1);
	until(&w, all_settled);
	assert_int_equal(2, w.server.slips);
	assert_saved(&w, 1, 1);
	world_end(&w);
}

/* ---- Breaks ------------------------------------------------------------------------------ */

/* One run with an answer and a break; returns how many bytes the first connection carried before
 * and in all. */
struct span {
	size_t up_before, up, down_before, down;
};

static struct span run_cut(size_t cut_up, size_t cut_down)
{
	struct world w;
	struct span span;

	world_begin(&w);
	w.wire.cut_up = cut_up;
	w.wire.cut_down = cut_down;
	get_in(&w);
	span.up_before = w.wire.up;
	span.down_before = w.wire.down;
	answer(&w, 1, 1);
	until(&w, all_settled);
	span.up = w.wire.up;
	span.down = w.wire.down;
	assert_saved(&w, 1, 1);
	assert_int_equal(1, w.saved);
	assert_int_equal(1, w.server.effects);
	world_end(&w);
	return span;
}

static void a_cut_at_every_byte_of_an_answer_loses_nothing_and_counts_once(void **state)
{
	struct span span = run_cut(0, 0);

	(void)state;
	assert_true(span.up > span.up_before && span.down > span.down_before);
	for (size_t at = span.up_before + 1; at <= span.up; at++)
		run_cut(at, 0);
	for (size_t at = span.down_before + 1; at <= span.down; at++)
		run_cut(0, at);
}

static void a_cut_anywhere_on_the_way_in_is_no_special_case(void **state)
{
	struct span span = run_cut(0, 0);

	(void)state;
	for (size_t at = 1; at < span.up_before; at += 41)
		run_cut(at, 0);
	for (size_t at = 1; at < span.down_before; at += 41)
		run_cut(0, at);
}

static struct span run_command(size_t cut_up, size_t cut_down)
{
	struct world w;
	struct span span;

	world_begin(&w);
	w.wire.cut_up = cut_up;
	w.wire.cut_down = cut_down;
	client_begin(&w, "");
	until(&w, is_up);
	span.up_before = w.wire.up;
	span.down_before = w.wire.down;
	staff_command(&w);
	until(&w, has_replied);
	span.up = w.wire.up;
	span.down = w.wire.down;
	assert_int_equal(ERR_OK, w.reply);
	assert_int_equal(1, w.server.effects);
	client_end(&w);
	assert_int_equal(1, w.replies);
	world_end(&w);
	return span;
}

static void a_cut_at_every_byte_of_a_command_has_one_effect_and_one_reply(void **state)
{
	struct span span = run_command(0, 0);

	(void)state;
	assert_true(span.up > span.up_before && span.down > span.down_before);
	for (size_t at = span.up_before + 1; at <= span.up; at++)
		run_command(at, 0);
	for (size_t at = span.down_before + 1; at <= span.down; at++)
		run_command(0, at);
}

static void a_restart_in_the_middle_of_a_call_is_survived_on_the_same_connection(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	get_in(&w);
	w.server.restart_instead = 1;
	answer(&w, 0, 1);
	until(&w, all_settled);
	assert_saved(&w, 1, 1);
	w.server.restart_instead = 1;
	staff_command(&w);
	until(&w, has_replied);
	assert_int_equal(ERR_OK, w.reply);
	assert_int_equal(2, w.server.effects);
	assert_int_equal(1, w.server.connections);
	assert_int_equal(3, w.server.greetings);
	world_end(&w);
}

static void a_busy_server_is_asked_again(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	get_in(&w);
	w.server.busy = 2;
	answer(&w, 0, 1);
	until(&w, all_settled);
	assert_saved(&w, 1, 1);
	assert_int_equal(1, w.settled);
	world_end(&w);
}

static void a_call_without_resend_ends_with_the_link(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	client_begin(&w, "");
	until(&w, is_up);
	w.server.restart_instead = 1;
	staff_command(&w);
	w.call.resend = false;
	until(&w, has_replied);
	assert_int_equal(ERR_TIMEOUT, w.reply);
	assert_int_equal(0, w.server.effects);
	world_end(&w);
}

static void a_client_that_is_freed_answers_its_calls(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	client_begin(&w, "");
	staff_command(&w);
	assert_int_equal(0, w.replies);
	client_end(&w);
	assert_int_equal(1, w.replies);
	assert_int_equal(ERR_CLOSED, w.reply);
	world_end(&w);
}

/* ---- Seats ------------------------------------------------------------------------------- */

static void a_seat_of_another_is_waited_for(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	w.server.seat_is_anothers = true;
	w.server.state = EXAMD__V1__ATTEMPT_STATE__RUNNING;
	client_begin(&w, "0123456789");
	exam_client_take(w.client, 0);
	until(&w, seat_is_asked);
	assert_null(exam_client_status(w.client));
	w.server.seat_is_anothers = false;
	w.server.seat = 2;
	fake_notify(&w.server, EXAMD__V1__NOTICE_KIND__NOTICE_SEAT_GRANTED, false);
	until(&w, is_open);
	answer(&w, 0, 1);
	until(&w, all_settled);
	assert_int_equal(2, w.server.have[0].seat);
	world_end(&w);
}

static void a_refused_seat_is_the_end_of_it(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	w.server.seat_is_anothers = true;
	client_begin(&w, "0123456789");
	exam_client_take(w.client, 0);
	until(&w, seat_is_asked);
	fake_notify(&w.server, EXAMD__V1__NOTICE_KIND__NOTICE_SEAT_REFUSED, false);
	until(&w, is_refused);
	assert_int_equal(ERR_SEAT_TAKEN, w.refused);
	world_end(&w);
}

static void answers_left_at_a_take_over_are_kept_and_never_saved(void **state)
{
	struct world w;
	Examd__V1__Answer late = EXAMD__V1__ANSWER__INIT;

	(void)state;
	world_begin(&w);
	get_in(&w);
	w.server.busy = 1;
	answer(&w, 0, 1); /* not taken: the server is busy */
	answer(&w, 1, 1);
	w.server.seat_is_anothers = true;
	w.server.seat = 2;
	fake_notify(&w.server, EXAMD__V1__NOTICE_KIND__NOTICE_TAKEN_OVER, false);
	until(&w, is_taken_over);
	until(&w, all_settled);
	assert_int_equal(0, w.saved);
	assert_int_equal(2, w.kept);
	assert_saved(&w, 2, 0);
	assert_int_equal(ERR_SEAT_TAKEN, exam_client_put_answer(w.client, &late));
	world_end(&w);
}

static bool is_going_on(const struct world *w)
{
	const Examd__V1__Status *status = exam_client_status(w->client);

	return status != NULL && status->state == EXAMD__V1__ATTEMPT_STATE__RUNNING &&
	       w->entries[ENTRY_CONFIRMED] == 2;
}

/* Nobody holds the new seat, and the clock stands until the form is confirmed for it. */
static void a_client_goes_on_when_its_attempt_is_reopened(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	get_in(&w);
	answer(&w, 0, 1);
	until(&w, all_settled);
	submit(&w);
	until(&w, has_replied);
	fake_reopen(&w.server);
	until(&w, is_going_on);
	answer(&w, 1, 1);
	until(&w, all_settled);
	assert_saved(&w, 2, 2);
	assert_int_equal(2, w.server.have[1].seat);
	world_end(&w);
}

/* ---- The state directory ----------------------------------------------------------------- */

static void make_dir(struct world *w)
{
	strcpy(w->dir, "/tmp/examd-client-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
}

static size_t count_files(const struct world *w, const char *begin, bool remove)
{
	DIR *d = opendir(w->dir);
	size_t n = 0;

	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
		char *path = mem_printf("%s/%s", w->dir, e->d_name);

		n += strncmp(e->d_name, begin, strlen(begin)) == 0;
		if (remove && e->d_name[0] != '.')
			unlink(path);
		free(path);
	}
	closedir(d);
	return n;
}

static void remove_dir(const struct world *w)
{
	count_files(w, "", true);
	rmdir(w->dir);
}

static bool put_is_under_way(const struct world *w)
{
	return w->client->putting;
}

static void a_client_that_starts_again_goes_on_where_it_was(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	make_dir(&w);
	get_in(&w);
	w.server.restart_instead = 1; /* the answer does not arrive */
	answer(&w, 0, 1);
	until(&w, put_is_under_way);
	client_end(&w); /* killed: the journal has it */
	assert_int_equal(0, w.server.effects);
	w.server.restart_instead = 0;
	w.server.pieces = 0;
	client_begin(&w, "0123456789");
	exam_client_take(w.client, 0);
	until(&w, all_settled);
	assert_int_equal(1, w.server.effects);
	assert_saved(&w, 1, 1);
	until(&w, is_open);
	assert_int_equal(0, w.server.pieces); /* the form was kept */
	assert_int_equal(1, w.server.slips);  /* and the session */
	client_end(&w);
	remove_dir(&w);
	world_end(&w);
}

/* Killed after the server has the answer and before its word came. */
static void an_acknowledgement_that_was_lost_is_made_up_for(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	make_dir(&w);
	get_in(&w);
	w.server.hold_puts = true;
	answer(&w, 0, 1);
	until(&w, server_has_effect);
	assert_saved(&w, 1, 0);
	client_end(&w);
	w.server.hold_puts = false;
	client_begin(&w, "0123456789");
	exam_client_take(w.client, 0);
	until(&w, all_settled);
	assert_saved(&w, 1, 1);
	assert_int_equal(1, w.server.effects);
	client_end(&w);
	remove_dir(&w);
	world_end(&w);
}

/* ---- What was seen, and where ------------------------------------------------------------ */

static void a_client_that_starts_again_knows_what_was_seen_and_where_the_candidate_was(void **state)
{
	const struct item_no first = {0}, second = {1}, third = {2};
	struct item_no place;
	const struct mark *marks;
	struct world w;

	(void)state;
	world_begin(&w);
	make_dir(&w);
	get_in(&w);
	assert_false(exam_client_place(w.client, &place));
	exam_client_look(w.client, third);
	exam_client_look(w.client, second);
	assert_int_equal(ERR_OK,
			 exam_client_mark(w.client, second, (struct mark){MARK_STEM, 3, 9}));
	client_end(&w); /* killed */
	client_begin(&w, "0123456789");
	exam_client_take(w.client, 0);
	until(&w, is_open);
	assert_true(exam_client_place(w.client, &place));
	assert_int_equal(1, place.v);
	assert_false(exam_client_is_seen(w.client, first));
	assert_true(exam_client_is_seen(w.client, third));
	assert_int_equal(1, exam_client_marks(w.client, second, &marks));
	assert_int_equal(9, marks[0].to);
	client_end(&w);
	remove_dir(&w);
	world_end(&w);
}

/* The journal went with the receipt; what it held besides answers is in the new one. */
static void a_reopened_attempt_is_gone_on_with_where_it_was_left_even_after_a_restart(void **state)
{
	struct item_no place;
	struct world w;

	(void)state;
	world_begin(&w);
	make_dir(&w);
	get_in(&w);
	exam_client_look(w.client, (struct item_no){2});
	exam_client_look(w.client, (struct item_no){1});
	submit(&w);
	until(&w, has_replied);
	assert_int_equal(0, count_files(&w, "journal-", false));
	fake_reopen(&w.server);
	until(&w, is_going_on);
	client_end(&w);
	client_begin(&w, "0123456789");
	exam_client_take(w.client, 0);
	until(&w, is_open);
	assert_true(exam_client_place(w.client, &place));
	assert_int_equal(1, place.v);
	assert_true(exam_client_is_seen(w.client, (struct item_no){2}));
	client_end(&w);
	remove_dir(&w);
	world_end(&w);
}

/* At another machine only the server's word counts: what has an answer was seen. */
static void what_another_machine_answered_was_seen(void **state)
{
	struct item_no place;
	struct world w;

	(void)state;
	world_begin(&w);
	fake_has(&w.server, 1, 1, 1, 0);
	get_in(&w);
	assert_true(exam_client_is_seen(w.client, (struct item_no){1}));
	assert_false(exam_client_is_seen(w.client, (struct item_no){0}));
	assert_false(exam_client_place(w.client, &place));
	world_end(&w);
}

/* ---- Passwords --------------------------------------------------------------------------- */

static bool password_is_wanted(const struct world *w)
{
	return w->entries[ENTRY_PASSWORD_WANTED] > 0;
}

static bool password_is_wanted_again(const struct world *w)
{
	return w->entries[ENTRY_PASSWORD_WANTED] > 1;
}

static bool password_is_old(const struct world *w)
{
	return w->entries[ENTRY_PASSWORD_OLD] > 0;
}

static bool password_is_old_again(const struct world *w)
{
	return w->entries[ENTRY_PASSWORD_OLD] > 1;
}

static bool is_logged_in(const struct world *w)
{
	return w->entries[ENTRY_LOGGED_IN] > 0;
}

static bool is_logged_in_again(const struct world *w)
{
	return w->entries[ENTRY_LOGGED_IN] > 1;
}

static bool has_session(const struct world *w)
{
	return exam_client_session(w->client) != NULL;
}

static void a_password_is_wanted_only_when_the_server_knows_nobody(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	make_dir(&w);
	strcpy(w.server.password, "right");
	client_begin(&w, "");
	exam_client_take(w.client, 0);
	until(&w, password_is_wanted);
	exam_client_log_in(w.client, "ann", "wrong");
	until(&w, password_is_wanted_again);
	assert_int_equal(0, w.entries[ENTRY_REFUSED]);
	exam_client_log_in(w.client, "ann", "right");
	until(&w, is_logged_in);
	client_end(&w);
	/* The kept session is good: nobody is asked. */
	w.link_ups = 0;
	client_begin(&w, "");
	exam_client_take(w.client, 0);
	until(&w, has_session);
	assert_int_equal(2, w.entries[ENTRY_PASSWORD_WANTED]);
	assert_int_equal(2, w.server.log_ins);
	client_end(&w);
	remove_dir(&w);
	world_end(&w);
}

static void a_one_time_password_is_changed_before_anything_else(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	strcpy(w.server.password, "one time");
	w.server.must_change = true;
	client_begin(&w, "");
	exam_client_take(w.client, 7);
	exam_client_log_in(w.client, "ann", "one time");
	until(&w, password_is_old);
	assert_int_equal(0, w.server.state); /* not checked in */
	exam_client_change_password(w.client, "one time", "short");
	until(&w, password_is_old_again);
	exam_client_change_password(w.client, "one time", "long enough");
	until(&w, is_ready);
	assert_int_equal(2, w.server.changes);
	assert_string_equal("long enough", w.server.password);
	assert_int_equal(0, w.entries[ENTRY_REFUSED]);
	world_end(&w);
}

static bool server_has_changed_it(const struct world *w)
{
	return w->server.changes > 0;
}

/* It was carried out, and its reply is lost: the session tells, and nothing is sent twice. */
static void a_change_of_password_whose_reply_is_lost_is_not_made_again(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	strcpy(w.server.password, "one time");
	w.server.must_change = w.server.hold_change = true;
	client_begin(&w, "");
	exam_client_take(w.client, 0);
	exam_client_log_in(w.client, "ann", "one time");
	until(&w, password_is_old);
	exam_client_change_password(w.client, "one time", "long enough");
	until(&w, server_has_changed_it);
	fake_notify(&w.server, EXAMD__V1__NOTICE_KIND__NOTICE_RESTARTED, false);
	until(&w, is_logged_in_again);
	assert_int_equal(1, w.server.changes);
	assert_int_equal(1, w.entries[ENTRY_PASSWORD_OLD]);
	world_end(&w);
}

/* ---- The round trip ---------------------------------------------------------------------- */

static void answers_tell_how_long_the_last_reply_took(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	get_in(&w);
	answer(&w, 0, 1);
	until(&w, all_settled);
	assert_in_range(w.server.round_trip_ms, 1, PATIENCE.v);
	world_end(&w);
}

/* ---- The state directory, again ---------------------------------------------------------- */

static void the_journal_stays_until_the_receipt(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	make_dir(&w);
	get_in(&w);
	answer(&w, 0, 1);
	until(&w, all_settled);
	assert_int_equal(1, count_files(&w, "journal-", false));
	assert_int_equal(1, count_files(&w, "form-", false));
	submit(&w);
	until(&w, has_replied);
	assert_int_equal(0, count_files(&w, "journal-", false));
	assert_int_equal(0, count_files(&w, "form-", false));
	client_end(&w);
	remove_dir(&w);
	world_end(&w);
}

static void the_next_person_at_a_machine_does_not_get_the_session(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	make_dir(&w);
	get_in(&w);
	client_end(&w);
	client_begin(&w, "ABCDEFGHJK");
	exam_client_take(w.client, 0);
	until(&w, is_open);
	assert_int_equal(2, w.server.slips);
	client_end(&w);
	remove_dir(&w);
	world_end(&w);
}

/* ---- Answers from elsewhere -------------------------------------------------------------- */

/* The attempt runs; another device has answered all items, in seat 1.  This one has seat 2. */
static void begin_elsewhere(struct world *w)
{
	world_begin(w);
	w->server.state = EXAMD__V1__ATTEMPT_STATE__RUNNING;
	w->server.seat = 2;
	for (uint32_t i = 0; i < FAKE_ITEMS; i++)
		fake_has(&w->server, i, 1, 5 + i, i % 2);
}

static void take_seat(struct world *w)
{
	client_begin(w, "0123456789");
	exam_client_take(w->client, 0);
}

static bool all_are_here(const struct world *w)
{
	for (uint32_t i = 0; i < FAKE_ITEMS; i++)
		if (exam_client_answer(w->client, (struct item_no){i}) == NULL)
			return false;
	return is_open(w);
}

static bool is_recalling(const struct world *w)
{
	return w->client->recalling;
}

static bool recall_is_over(const struct world *w)
{
	return is_open(w) && w->server.recalls > 0 && !w->client->recalling &&
	       !w->client->recall_wanted;
}

static void ask_for_the_list(struct world *w)
{
	w->client->want_status = true;
	exam_client_take(w->client, 0);
	assert_non_null(w->client->step);
}

static bool list_has_come(const struct world *w)
{
	return w->client->step == NULL && !w->client->want_status;
}

static void assert_answer(const struct world *w, uint32_t item, uint32_t seat, uint32_t revision,
			  uint32_t option)
{
	const Examd__V1__Answer *a = exam_client_answer(w->client, (struct item_no){item});

	assert_non_null(a);
	assert_int_equal(seat, a->seat);
	assert_int_equal(revision, a->revision);
	assert_int_equal(1, a->n_chosen);
	assert_int_equal(option, a->chosen[0]);
}

static void an_empty_device_shows_what_was_answered_and_sends_none_of_it(void **state)
{
	struct world w;

	(void)state;
	begin_elsewhere(&w);
	make_dir(&w);
	take_seat(&w);
	until(&w, all_are_here);
	for (uint32_t i = 0; i < FAKE_ITEMS; i++)
		assert_answer(&w, i, 1, 5 + i, i % 2);
	assert_saved(&w, 3, 3);
	assert_int_equal(0, exam_client_unsettled(w.client));
	assert_int_equal(0, w.settled); /* nobody put them here */
	ask_for_the_list(&w);
	until(&w, list_has_come); /* again: nothing is unknown any more */
	assert_int_equal(1, w.server.recalls);
	assert_int_equal(0, w.server.puts);
	client_end(&w);
	/* None of them is in the journal: without the server's list they are not known. */
	for (uint32_t i = 0; i < FAKE_ITEMS; i++)
		w.server.have[i].revision = 0;
	take_seat(&w);
	until(&w, is_open);
	assert_false(exam_client_is_answered(w.client, (struct item_no){0}));
	assert_saved(&w, 0, 0);
	client_end(&w);
	remove_dir(&w);
	world_end(&w);
}

static void a_change_goes_on_from_the_answer_that_came(void **state)
{
	struct world w;

	(void)state;
	begin_elsewhere(&w);
	take_seat(&w);
	until(&w, all_are_here);
	answer(&w, 2, 1);
	assert_saved(&w, 3, 2);
	until(&w, all_settled);
	assert_answer(&w, 2, 2, 8, 1);
	assert_int_equal(8, w.server.have[2].revision);
	assert_int_equal(2, w.server.have[2].seat);
	assert_int_equal(1, w.server.puts);
	assert_saved(&w, 3, 3);
	world_end(&w);
}

static void an_answer_put_while_they_come_is_not_replaced(void **state)
{
	struct world w;

	(void)state;
	begin_elsewhere(&w);
	w.server.recall_is = ERR_FORBIDDEN;
	take_seat(&w);
	until(&w, recall_is_over);
	w.server.recall_is = ERR_OK;
	ask_for_the_list(&w);
	until(&w, is_recalling);
	assert_null(exam_client_answer(w.client, (struct item_no){0}));
	answer(&w, 0, 1);
	until(&w, all_are_here);
	until(&w, all_settled);
	assert_answer(&w, 0, 2, 6, 1);
	assert_answer(&w, 1, 1, 6, 1);
	assert_int_equal(1, w.server.effects);
	assert_int_equal(1, w.saved);
	world_end(&w);
}

/* An answer of seat 1 was left here; meanwhile another device has answered in seat 2. */
static void a_later_answer_from_elsewhere_is_shown_and_the_one_left_here_is_kept(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	make_dir(&w);
	get_in(&w);
	w.server.restart_instead = 1;
	answer(&w, 0, 1);
	until(&w, put_is_under_way);
	client_end(&w);
	w.server.restart_instead = 0;
	fake_has(&w.server, 0, 2, 1, 0);
	w.server.seat = 3;
	take_seat(&w);
	until(&w, all_settled);
	until(&w, recall_is_over);
	assert_answer(&w, 0, 2, 1, 0);
	assert_int_equal(1, w.kept);
	assert_int_equal(0, w.saved);
	assert_int_equal(0, w.server.effects);
	assert_saved(&w, 1, 1);
	client_end(&w);
	remove_dir(&w);
	world_end(&w);
}

/* What the journal has is not asked for, and what it has of later date is sent. */
static void a_later_answer_of_the_journal_wins(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	make_dir(&w);
	get_in(&w);
	answer(&w, 0, 0);
	until(&w, all_settled);
	w.server.restart_instead = 1;
	answer(&w, 0, 1);
	until(&w, put_is_under_way);
	client_end(&w);
	w.server.restart_instead = 0;
	w.settled = 0;
	take_seat(&w);
	until(&w, all_settled);
	until(&w, is_open);
	assert_answer(&w, 0, 1, 2, 1);
	assert_int_equal(2, w.server.have[0].revision);
	assert_int_equal(0, w.server.recalls);
	client_end(&w);
	remove_dir(&w);
	world_end(&w);
}

static void pages_come_one_after_the_other_through_breaks_and_a_busy_server(void **state)
{
	struct world w;

	(void)state;
	begin_elsewhere(&w);
	w.server.recall_most = 1;
	w.server.busy = 1;
	take_seat(&w);
	until(&w, is_recalling);
	until(&w, all_are_here);
	assert_int_equal(4, w.server.recalls);
	client_end(&w);
	w.server.recalls = 0;
	w.server.restart_instead = 2;
	take_seat(&w);
	until(&w, all_are_here);
	assert_int_equal(4, w.server.recalls); /* the first page is not asked for again */
	assert_saved(&w, 3, 3);
	world_end(&w);
}

static void run_recall(size_t cut_up, size_t cut_down, struct span *span)
{
	struct world w;

	begin_elsewhere(&w);
	w.server.recall_most = 1;
	w.wire.cut_up = cut_up;
	w.wire.cut_down = cut_down;
	take_seat(&w);
	until(&w, all_are_here);
	*span = (struct span){.up = w.wire.up, .down = w.wire.down};
	for (uint32_t i = 0; i < FAKE_ITEMS; i++)
		assert_answer(&w, i, 1, 5 + i, i % 2);
	assert_int_equal(0, w.server.puts);
	world_end(&w);
}

static void a_cut_anywhere_while_they_come_is_no_special_case(void **state)
{
	struct span whole, cut;

	(void)state;
	run_recall(0, 0, &whole);
	for (size_t at = 23; at < whole.up; at += 97)
		run_recall(at, 0, &cut);
	for (size_t at = 23; at < whole.down; at += 97)
		run_recall(0, at, &cut);
}

/* A server of an earlier release, or one that says nonsense: the exam goes on, and each list is
 * followed by no more than it takes to find out. */
static void answers_that_cannot_be_had_hinder_nothing(void **state)
{
	static const struct {
		enum err is;
		bool more, older;
		uint32_t most;
		unsigned recalls;
	} rows[] = {{ERR_FORBIDDEN, false, false, 0, 1},
		    {ERR_OK, true, false, 0, 1},
		    {ERR_OK, false, true, 0, 1},
		    {ERR_OK, true, true, 1, FAKE_ITEMS}};
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin_elsewhere(&w);
		w.server.recall_is = rows[i].is;
		w.server.recall_more = rows[i].more;
		w.server.recall_older = rows[i].older;
		w.server.recall_most = rows[i].most;
		take_seat(&w);
		until(&w, recall_is_over);
		assert_int_equal(rows[i].recalls, w.server.recalls);
		answer(&w, 0, 1);
		until(&w, all_settled);
		assert_int_equal(6, w.server.have[0].revision);
		assert_saved(&w, 3, 3);
		world_end(&w);
	}
}

/* ---- Time -------------------------------------------------------------------------------- */

static void the_countdown_runs_through_sleep_and_needs_no_wall_clock(void **state)
{
	struct world w;
	int64_t before;

	(void)state;
	world_begin(&w);
	wall_reads = 0;
	get_in(&w);
	before = exam_client_remaining(w.client).v;
	assert_true(before > 0 && before <= 60000);
	boot_shift += 10000; /* the lid was closed for ten seconds */
	assert_in_range(exam_client_remaining(w.client).v, before - 11000, before - 10000);
	boot_shift += 100000;
	assert_int_equal(0, exam_client_remaining(w.client).v);
	assert_int_equal(0, wall_reads);
	world_end(&w);
}

static bool has_new_clock(const struct world *w)
{
	return exam_client_remaining(w->client).v > 30000;
}

static void a_device_that_wakes_asks_for_the_time(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	get_in(&w);
	boot_shift += 50000;
	assert_false(has_new_clock(&w));
	until(&w, has_new_clock);
	world_end(&w);
}

static void a_stopped_clock_stands(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	get_in(&w);
	w.server.stopped = EXAMD__V1__STOP__STOP_SITTING;
	answer(&w, 0, 1); /* its reply tells */
	until(&w, all_settled);
	boot_shift += 30000;
	assert_int_equal(60000, exam_client_remaining(w.client).v);
	world_end(&w);
}

#define RULE(name) cmocka_unit_test(name)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    RULE(a_candidate_gets_in_and_every_answer_is_saved),
	    RULE(a_key_that_is_not_the_expected_one_is_refused_for_ever),
	    RULE(pieces_go_on_where_a_broken_connection_left_them),
	    RULE(a_form_that_does_not_fit_its_hash_is_fetched_again),
	    RULE(a_forgotten_session_is_made_again_by_the_slip),
	    RULE(a_cut_at_every_byte_of_an_answer_loses_nothing_and_counts_once),
	    RULE(a_cut_anywhere_on_the_way_in_is_no_special_case),
	    RULE(a_cut_at_every_byte_of_a_command_has_one_effect_and_one_reply),
	    RULE(a_restart_in_the_middle_of_a_call_is_survived_on_the_same_connection),
	    RULE(a_busy_server_is_asked_again),
	    RULE(a_call_without_resend_ends_with_the_link),
	    RULE(a_client_that_is_freed_answers_its_calls),
	    RULE(a_seat_of_another_is_waited_for),
	    RULE(a_refused_seat_is_the_end_of_it),
	    RULE(answers_left_at_a_take_over_are_kept_and_never_saved),
	    RULE(a_client_goes_on_when_its_attempt_is_reopened),
	    RULE(a_client_that_starts_again_goes_on_where_it_was),
	    RULE(an_acknowledgement_that_was_lost_is_made_up_for),
	    RULE(a_client_that_starts_again_knows_what_was_seen_and_where_the_candidate_was),
	    RULE(a_reopened_attempt_is_gone_on_with_where_it_was_left_even_after_a_restart),
	    RULE(what_another_machine_answered_was_seen),
	    RULE(a_password_is_wanted_only_when_the_server_knows_nobody),
	    RULE(a_one_time_password_is_changed_before_anything_else),
	    RULE(a_change_of_password_whose_reply_is_lost_is_not_made_again),
	    RULE(answers_tell_how_long_the_last_reply_took),
	    RULE(the_journal_stays_until_the_receipt),
	    RULE(the_next_person_at_a_machine_does_not_get_the_session),
	    RULE(an_empty_device_shows_what_was_answered_and_sends_none_of_it),
	    RULE(a_change_goes_on_from_the_answer_that_came),
	    RULE(an_answer_put_while_they_come_is_not_replaced),
	    RULE(a_later_answer_from_elsewhere_is_shown_and_the_one_left_here_is_kept),
	    RULE(a_later_answer_of_the_journal_wins),
	    RULE(pages_come_one_after_the_other_through_breaks_and_a_busy_server),
	    RULE(a_cut_anywhere_while_they_come_is_no_special_case),
	    RULE(answers_that_cannot_be_had_hinder_nothing),
	    RULE(the_countdown_runs_through_sleep_and_needs_no_wall_clock),
	    RULE(a_device_that_wakes_asks_for_the_time),
	    RULE(a_stopped_clock_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
