/* What the store promises its owner, without faults: order, reading back, packing, cutting, copies.
 */
#include "daemon/store/test_given.h"

#include <dirent.h>
#include <poll.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/base/log.h"

static struct seen seen;

static char *database(const struct given *g)
{
	static char path[100];

	snprintf(path, sizeof path, "%s/examd.db", g->dir);
	return path;
}

/* ---- Order and numbers ------------------------------------------------------------------- */

static void records_come_back_in_the_order_they_were_queued(void **state)
{
	struct given g;
	uint32_t i;

	(void)state;
	given_store(&g);
	for (i = 0; i < 3000; i++) {
		assert_int_equal(i + 1, when_appended(&g, attempt(i % 7 + 1), i).v);
		if (i % 100 == 0)
			store_kick(g.store);
	}
	assert_int_equal(ERR_OK, committed(&g));
	when_reopened(&g);
	assert_int_equal(ERR_OK, recovered(&g, &seen));
	assert_int_equal(3000, seen.length);
	for (i = 0; i < 3000; i++)
		assert_int_equal(i, seen.payloads[i]);
	assert_int_equal(7, seen.attempt.v);
	given_gone(&g);
}

static void nothing_queued_is_nothing_to_wait_for(void **state)
{
	struct store_seq upto = {9};
	struct given g;

	(void)state;
	given_store(&g);
	assert_int_equal(0, store_last(g.store).v);
	assert_int_equal(ERR_OK, store_settle(g.store, &upto));
	assert_int_equal(0, upto.v);
	given_gone(&g);
}

static void closing_commits_what_is_queued(void **state)
{
	struct given g;

	(void)state;
	given_store(&g);
	when_appended(&g, attempt(1), 11);
	when_appended(&g, attempt(1), 12);
	when_reopened(&g);
	assert_int_equal(ERR_OK, recovered(&g, &seen));
	assert_int_equal(2, seen.length);
	assert_true(seen_holds(&seen, attempt(1), 2, 12));
	given_gone(&g);
}

static void a_record_larger_than_a_block_of_the_queue_is_kept_whole(void **state)
{
	struct given g;

	(void)state;
	given_store(&g);
	when_appended_large(&g, attempt(1), 1, 3 << 20);
	when_appended(&g, attempt(1), 2);
	assert_int_equal(ERR_OK, committed(&g));
	assert_int_equal(ERR_OK, recovered(&g, &seen));
	assert_int_equal(2, seen.length);
	given_gone(&g);
}

static void the_owner_is_told_when_too_much_is_queued(void **state)
{
	struct given g;
	uint32_t i;

	(void)state;
	given_store(&g);
	for (i = 0; i < 31; i++)
		when_appended_large(&g, attempt(1), i, 1 << 20);
	assert_false(store_is_full(g.store));
	when_appended_large(&g, attempt(1), i, 1 << 20);
	assert_true(store_is_full(g.store));
	assert_int_equal(ERR_OK, committed(&g));
	assert_false(store_is_full(g.store));
	given_gone(&g);
}

/* ---- Packing and cutting ----------------------------------------------------------------- */

static void a_packed_attempt_is_not_recovered_but_can_be_read(void **state)
{
	struct given g;
	uint32_t i;

	(void)state;
	given_store(&g);
	for (i = 0; i < 100; i++)
		when_appended(&g, attempt(1 + i % 2), i);
	when_packed(&g, attempt(1));
	when_idle(&g);
	when_reopened(&g);
	assert_int_equal(ERR_OK, recovered(&g, &seen));
	assert_int_equal(0, seen_of(&seen, attempt(1)));
	assert_int_equal(50, seen_of(&seen, attempt(2)));
	assert_int_equal(ERR_OK, read_records(&g, attempt(1), &seen));
	assert_int_equal(50, seen.length);
	assert_true(seen_holds(&seen, attempt(1), 50, 98));
	given_gone(&g);
}

static void cutting_keeps_every_record_of_an_open_subject(void **state)
{
	struct given g;
	uint32_t i;

	(void)state;
	given_store(&g);
	for (i = 0; i < 1000; i++)
		when_appended(&g, attempt(1), i);
	when_appended(&g, attempt(2), 1); /* stays open: the cut ends here */
	for (i = 0; i < 1000; i++)
		when_appended(&g, attempt(1), i);
	when_appended(&g, attempt(2), 2);
	when_packed(&g, attempt(1));
	when_cut(&g);
	when_idle(&g);
	store_close(g.store);
	assert_int_equal(1002, rows_in(database(&g), "record"));
	assert_int_equal(ERR_OK, store_open(&g.store, g.dir));
	assert_int_equal(ERR_OK, recovered(&g, &seen));
	assert_int_equal(2, seen.length);
	assert_true(seen_holds(&seen, attempt(2), 1, 1));
	assert_int_equal(ERR_OK, read_records(&g, attempt(1), &seen));
	assert_int_equal(2000, seen.length);
	given_gone(&g);
}

static void numbers_of_rows_are_not_given_again_after_everything_was_cut(void **state)
{
	struct given g;

	(void)state;
	given_store(&g);
	when_appended(&g, attempt(1), 1);
	assert_int_equal(ERR_OK, committed(&g));
	when_appended(&g, attempt(1), 2);
	assert_int_equal(ERR_OK, committed(&g));
	when_packed(&g, attempt(1));
	when_cut(&g);
	when_idle(&g);
	store_close(g.store);
	assert_int_equal(0, rows_in(database(&g), "record"));
	assert_int_equal(ERR_OK, store_open(&g.store, g.dir));
	when_appended(&g, attempt(1), 3);
	assert_int_equal(ERR_OK, committed(&g));
	store_close(g.store);
	assert_int_equal(3, number_in(database(&g), "SELECT seq FROM record"));
	assert_int_equal(ERR_OK, store_open(&g.store, g.dir));
	assert_int_equal(ERR_OK, recovered(&g, &seen));
	assert_int_equal(3, seen.length);
	assert_true(seen_holds(&seen, attempt(1), 3, 3));
	given_gone(&g);
}

static void a_reopened_attempt_has_its_transcript_and_what_came_after(void **state)
{
	struct given g;

	(void)state;
	given_store(&g);
	when_appended(&g, sitting(1), 1);
	when_appended(&g, attempt(1), 1);
	when_appended(&g, attempt(1), 2);
	when_packed(&g, attempt(1));
	when_appended(&g, attempt(1), 3); /* queued after it: not in the transcript */
	when_packed(&g, sitting(1));
	when_idle(&g);
	when_appended(&g, sitting(1), 2);
	assert_int_equal(ERR_OK, committed(&g));
	assert_int_equal(ERR_OK, read_records(&g, attempt(1), &seen));
	assert_int_equal(3, seen.length);
	when_reopened(&g);
	assert_int_equal(ERR_OK, recovered(&g, &seen));
	assert_int_equal(5, seen.length);
	assert_int_equal(sitting(1).v, seen.subjects[0].v); /* before everything else */
	assert_int_equal(attempt(1).v, seen.subjects[1].v);
	assert_true(seen_holds(&seen, attempt(1), 3, 3));

	when_packed(&g, attempt(1));
	when_cut(&g);
	when_idle(&g);
	when_reopened(&g);
	assert_int_equal(ERR_OK, recovered(&g, &seen));
	assert_int_equal(0, seen_of(&seen, attempt(1)));
	assert_int_equal(2, seen_of(&seen, sitting(1)));
	assert_int_equal(1, seen.attempt.v);
	assert_int_equal(1, seen.sitting.v);
	assert_int_equal(ERR_OK, read_records(&g, attempt(1), &seen));
	assert_int_equal(3, seen.length);
	given_gone(&g);
}

static void a_sitting_never_holds_up_the_cut_and_is_always_recovered(void **state)
{
	struct given g;
	uint32_t i;

	(void)state;
	given_store(&g);
	when_appended(&g, sitting(1), 1);
	when_appended(&g, subject_installation(), 1);
	for (i = 1; i <= 500; i++)
		when_appended(&g, attempt(1), i);
	when_appended(&g, attempt(2), 1);
	when_packed(&g, attempt(1));
	when_cut(&g);
	when_idle(&g);
	when_appended(&g, sitting(1), 2);
	store_close(g.store);
	assert_int_equal(2, rows_in(database(&g), "record"));
	assert_int_equal(ERR_OK, store_open(&g.store, g.dir));
	assert_int_equal(ERR_OK, recovered(&g, &seen));
	assert_int_equal(4, seen.length);
	assert_true(seen_holds(&seen, sitting(1), 1, 1));
	assert_true(seen_holds(&seen, sitting(1), 2, 2));
	assert_true(seen_holds(&seen, subject_installation(), 1, 1));
	assert_true(seen_holds(&seen, attempt(2), 1, 1));
	given_gone(&g);
}

static void a_transcript_past_the_bound_stays_in_the_table(void **state)
{
	struct given g;

	(void)state;
	given_dir(&g);
	g.options.transcript_most = 10000;
	assert_int_equal(ERR_OK, store_create(g.dir));
	assert_int_equal(ERR_OK, store_open_with(&g.store, g.dir, &g.options));
	when_appended_large(&g, attempt(1), 1, 9000);
	when_packed(&g, attempt(1));
	when_idle(&g);
	when_appended_large(&g, attempt(1), 2, 2000);
	when_packed(&g, attempt(1));
	when_cut(&g);
	when_idle(&g);
	assert_int_equal(ERR_OK, read_records(&g, attempt(1), &seen));
	assert_int_equal(2, seen.length);
	store_close(g.store);
	assert_int_equal(1, rows_in(database(&g), "record"));
	assert_int_equal(ERR_OK, store_open(&g.store, g.dir));
	assert_int_equal(ERR_OK, recovered(&g, &seen));
	assert_int_equal(2, seen.length);
	given_gone(&g);
}

/* ---- People, content, results ------------------------------------------------------------ */

/* What the visitor was told, as text: one line a row. */
struct told {
	struct store_visitor visitor;
	struct buf text;
};

static struct buf *told_text(struct store_visitor *v)
{
	return &container_of(v, struct told, visitor)->text;
}

static void tell_clock(struct store_visitor *v, struct service_ms service, struct wall_ms wall)
{
	buf_printf(told_text(v), "clock %lld %lld\n", (long long)service.v, (long long)wall.v);
}

static void tell_person(struct store_visitor *v, const struct store_person *p,
			const struct store_password *pw)
{
	buf_printf(told_text(v), "person %lld %s,%s,%s,%s,%u,%u,%d password %s,%d\n",
		   (long long)p->id.v, p->user, p->name, p->email, p->group, p->role,
		   p->extra_percent, p->disabled, pw->hash, pw->must_change);
}

static void tell_session(struct store_visitor *v, const struct store_session *s)
{
	buf_printf(told_text(v), "session %02x %lld %lld %02x %lld\n", s->token.b[31],
		   (long long)s->person.v, (long long)s->sitting.v, s->client_id[15],
		   (long long)s->made.v);
}

static void tell_slip(struct store_visitor *v, const struct store_slip *s)
{
	buf_printf(told_text(v), "slip %02x %lld %lld %lld\n", s->hmac.b[31],
		   (long long)s->sitting.v, (long long)s->person.v, (long long)s->made.v);
}

static void tell_source(struct store_visitor *v, const char *what, const struct store_source *b)
{
	buf_printf(told_text(v), "%s %02x %s %s %.*s\n", what, b->hash.b[31], b->name, b->version,
		   (int)b->text.len, (const char *)b->text.data);
}

static void tell_bank(struct store_visitor *v, const struct store_source *b)
{
	tell_source(v, "bank", b);
}

static void tell_exam(struct store_visitor *v, const struct store_source *b)
{
	tell_source(v, "exam", b);
}

static void tell_command(struct store_visitor *v, const struct store_command *c)
{
	buf_printf(told_text(v), "command %02x %02x %.*s\n", c->id.b[15], c->content.b[31],
		   (int)c->reply.len, (const char *)c->reply.data);
}

static void tell_highest(struct store_visitor *v, struct attempt_id a, struct sitting_id s,
			 int64_t text_row)
{
	buf_printf(told_text(v), "highest %lld %lld %lld\n", (long long)a.v, (long long)s.v,
		   (long long)text_row);
}

static void then_a_restart_tells(struct given *g, const char *want)
{
	struct told told = {.visitor = {.clock = tell_clock,
					.person = tell_person,
					.session = tell_session,
					.slip = tell_slip,
					.bank = tell_bank,
					.exam = tell_exam,
					.command = tell_command,
					.highest = tell_highest}};

	assert_int_equal(ERR_OK, committed(g));
	when_reopened(g);
	assert_int_equal(ERR_OK, store_recover(g->store, &told.visitor));
	assert_string_equal(want, buf_text(&told.text));
	buf_fini(&told.text);
}

static void when_person_is_put(struct given *g, int64_t id, const char *user)
{
	store_put(g->store, &(struct store_change){.kind = CHANGE_PERSON,
						   .u.person = {.id = {id},
								.user = user,
								.name = "Ann O'Neil",
								.email = NULL,
								.group = "A",
								.role = 1,
								.extra_percent = 50}});
}

static void people_come_back_with_their_passwords(void **state)
{
	struct given g;

	(void)state;
	given_store(&g);
	when_person_is_put(&g, 7, "ann");
	when_person_is_put(&g, 8, "bob");
	store_put(g.store, &(struct store_change){.kind = CHANGE_PASSWORD,
						  .u.password = {{8}, "$argon2id$x", true}});
	then_a_restart_tells(&g, "clock 0 0\n"
				 "person 7 ann,Ann O'Neil,,A,1,50,0 password ,0\n"
				 "person 8 bob,Ann O'Neil,,A,1,50,0 password $argon2id$x,1\n"
				 "highest 0 0 0\n");
	given_gone(&g);
}

static void two_people_can_swap_their_user_names(void **state)
{
	struct given g;

	(void)state;
	given_store(&g);
	when_person_is_put(&g, 7, "ann");
	when_person_is_put(&g, 8, "bob");
	when_person_is_put(&g, 7, "bob");
	then_a_restart_tells(&g, "clock 0 0\n"
				 "person 7 bob,Ann O'Neil,,A,1,50,0 password ,0\n"
				 "person 8 #8,Ann O'Neil,,A,1,50,0 password ,0\n"
				 "highest 0 0 0\n");
	when_person_is_put(&g, 8, "ann");
	then_a_restart_tells(&g, "clock 0 0\n"
				 "person 7 bob,Ann O'Neil,,A,1,50,0 password ,0\n"
				 "person 8 ann,Ann O'Neil,,A,1,50,0 password ,0\n"
				 "highest 0 0 0\n");
	given_gone(&g);
}

static void when_session_is_put(struct given *g, uint8_t token, int64_t person)
{
	struct store_change c = {.kind = CHANGE_SESSION,
				 .u.session = {.person = {person}, .sitting = {3}, .made = {99}}};

	c.u.session.token.b[31] = token;
	c.u.session.client_id[15] = token;
	store_put(g->store, &c);
}

static void sessions_end_one_by_one_or_all_of_a_person(void **state)
{
	struct store_change end = {.kind = CHANGE_SESSION_END};
	struct given g;

	(void)state;
	given_store(&g);
	when_person_is_put(&g, 7, "ann");
	when_person_is_put(&g, 8, "bob");
	when_session_is_put(&g, 1, 7);
	when_session_is_put(&g, 2, 7);
	when_session_is_put(&g, 3, 8);
	when_session_is_put(&g, 4, 8);
	end.u.session_end.b[31] = 3;
	store_put(g.store, &end);
	store_put(g.store, &(struct store_change){.kind = CHANGE_PERSON_SESSIONS_END,
						  .u.person_sessions_end = {7}});
	then_a_restart_tells(&g, "clock 0 0\n"
				 "person 7 ann,Ann O'Neil,,A,1,50,0 password ,0\n"
				 "person 8 bob,Ann O'Neil,,A,1,50,0 password ,0\n"
				 "session 04 8 3 04 99\n"
				 "highest 0 0 0\n");
	given_gone(&g);
}

static void a_session_of_nobody_is_a_mistake_and_ends_the_store(void **state)
{
	struct given g;

	(void)state;
	log_setup("test_store", LOG_LEVEL_OFF);
	given_store(&g);
	when_session_is_put(&g, 1, 7);
	assert_int_equal(ERR_UNDECIDED, committed(&g));
	given_gone(&g);
	log_setup("test_store", LOG_LEVEL_WARN);
}

static void when_slip_is_put(struct given *g, uint8_t hmac, int64_t at, int64_t person)
{
	struct store_change c = {.kind = CHANGE_SLIP,
				 .u.slip = {.sitting = {at}, .person = {person}, .made = {5}}};

	c.u.slip.hmac.b[31] = hmac;
	store_put(g->store, &c);
}

static void a_new_slip_takes_the_place_of_the_old_one(void **state)
{
	struct given g;

	(void)state;
	given_store(&g);
	when_person_is_put(&g, 7, "ann");
	when_slip_is_put(&g, 1, 3, 7);
	when_slip_is_put(&g, 2, 4, 7);
	when_slip_is_put(&g, 9, 3, 7);
	then_a_restart_tells(&g, "clock 0 0\n"
				 "person 7 ann,Ann O'Neil,,A,1,50,0 password ,0\n"
				 "slip 09 3 7 5\nslip 02 4 7 5\n"
				 "highest 0 0 0\n");
	given_gone(&g);
}

static void when_source_is_put(struct given *g, enum change_kind kind, uint8_t hash,
			       const char *version)
{
	struct store_change c = {
	    .kind = kind,
	    .u.source = {.name = "cpc", .version = version, .text = bytes_of_text("items: []")}};

	c.u.source.hash.b[31] = hash;
	store_put(g->store, &c);
}

static void banks_and_exams_come_back_in_the_order_of_their_last_loading(void **state)
{
	struct given g;

	(void)state;
	given_store(&g);
	when_source_is_put(&g, CHANGE_BANK, 1, "a");
	when_source_is_put(&g, CHANGE_BANK, 2, "b");
	when_source_is_put(&g, CHANGE_BANK, 1, "a");
	when_source_is_put(&g, CHANGE_EXAM, 1, "x");
	then_a_restart_tells(&g, "clock 0 0\n"
				 "bank 02 cpc b items: []\nbank 01 cpc a items: []\n"
				 "exam 01 cpc x items: []\n"
				 "highest 0 0 0\n");
	given_gone(&g);
}

static void a_command_comes_back_with_its_reply(void **state)
{
	struct store_change c = {.kind = CHANGE_COMMAND,
				 .u.command = {.reply = bytes_of_text("done")}};
	struct given g;

	(void)state;
	given_store(&g);
	c.u.command.id.b[15] = 5;
	c.u.command.content.b[31] = 6;
	store_put(g.store, &c);
	then_a_restart_tells(&g, "clock 0 0\ncommand 05 06 done\nhighest 0 0 0\n");
	given_gone(&g);
}

static void when_clock_beats(struct given *g, int64_t service, int64_t wall)
{
	store_put(g->store,
		  &(struct store_change){.kind = CHANGE_CLOCK, .u.clock = {{service}, {wall}}});
}

static void service_time_on_disk_never_falls(void **state)
{
	struct given g;

	(void)state;
	given_store(&g);
	when_clock_beats(&g, 5000, 900);
	when_clock_beats(&g, 4000, 800);
	then_a_restart_tells(&g, "clock 5000 800\nhighest 0 0 0\n");
	given_gone(&g);
}

/* ---- Reading while it runs --------------------------------------------------------------- */

struct ask {
	struct query query;
	int64_t sitting, person, attempt, row;
	struct buf answer;
	uint8_t salt[16];
	enum err err;
	bool done;
};

static void on_result(void *arg, const struct store_result *r)
{
	struct ask *a = arg;

	buf_printf(&a->answer, "%lld:%s:%u:%.*s ", (long long)r->attempt.v, r->exam, r->answered,
		   (int)r->closing.len, (const char *)r->closing.data);
}

static void ask_results(struct query *q, struct reader *r)
{
	struct ask *a = container_of(q, struct ask, query);

	a->err = reader_results(r, (struct sitting_id){a->sitting}, (struct person_id){a->person},
				on_result, a);
}

static void ask_result(struct query *q, struct reader *r)
{
	struct ask *a = container_of(q, struct ask, query);

	a->err = reader_result(r, (struct attempt_id){a->attempt}, on_result, a);
}

static void ask_text(struct query *q, struct reader *r)
{
	struct ask *a = container_of(q, struct ask, query);

	a->err = reader_text(r, a->row, &a->answer, a->salt);
}

static void asked(struct query *q)
{
	container_of(q, struct ask, query)->done = true;
}

static void until_readers(struct given *g, const bool *done)
{
	while (!*done) {
		struct pollfd p = {store_readers_fd(g->store), POLLIN, 0};

		assert_int_equal(1, poll(&p, 1, 60000));
		store_readers_settle(g->store);
	}
}

static void then_the_answer_is(struct given *g, void (*run)(struct query *q, struct reader *r),
			       struct ask ask, enum err err, const char *want)
{
	ask.query = (struct query){.run = run, .done = asked};
	assert_int_equal(ERR_OK, store_query(g->store, &ask.query));
	until_readers(g, &ask.done);
	assert_int_equal(ERR_OK, ask.query.err);
	assert_int_equal(err, ask.err);
	assert_string_equal(want, buf_text(&ask.answer));
	buf_fini(&ask.answer);
}

static void when_result_is_put(struct given *g, int64_t number, int64_t at, int64_t person,
			       uint32_t answered)
{
	store_put(g->store, &(struct store_change){.kind = CHANGE_RESULT,
						   .u.result = {.attempt = {number},
								.sitting = {at},
								.person = {person},
								.exam = "cpc",
								.practice = at == 0,
								.closing = bytes_of_text("c"),
								.items = 40,
								.answered = answered}});
}

static void results_are_found_by_sitting_person_and_attempt(void **state)
{
	struct given g;

	(void)state;
	given_store(&g);
	when_result_is_put(&g, 3, 1, 7, 30);
	when_result_is_put(&g, 2, 1, 8, 20);
	when_result_is_put(&g, 4, 0, 7, 40);
	when_result_is_put(&g, 5, 0, 8, 50);
	when_result_is_put(&g, 3, 1, 7, 31);
	assert_int_equal(ERR_OK, committed(&g));
	then_the_answer_is(&g, ask_results, (struct ask){.sitting = 1}, ERR_OK,
			   "2:cpc:20:c 3:cpc:31:c ");
	then_the_answer_is(&g, ask_results, (struct ask){.sitting = 0}, ERR_OK,
			   "4:cpc:40:c 5:cpc:50:c ");
	then_the_answer_is(&g, ask_results, (struct ask){.sitting = 0, .person = 8}, ERR_OK,
			   "5:cpc:50:c ");
	then_the_answer_is(&g, ask_result, (struct ask){.attempt = 2}, ERR_OK, "2:cpc:20:c ");
	then_the_answer_is(&g, ask_result, (struct ask){.attempt = 9}, ERR_NOT_FOUND, "");
	given_gone(&g);
}

static void a_text_is_found_by_its_row(void **state)
{
	struct given g;

	(void)state;
	given_store(&g);
	store_put(g.store, &(struct store_change){
			       .kind = CHANGE_TEXT,
			       .u.text = {.row = 12, .salt = {1}, .text = bytes_of_text("alarm")}});
	assert_int_equal(ERR_OK, committed(&g));
	then_the_answer_is(&g, ask_text, (struct ask){.row = 12}, ERR_OK, "alarm");
	then_the_answer_is(&g, ask_text, (struct ask){.row = 13}, ERR_NOT_FOUND, "");
	then_a_restart_tells(&g, "clock 0 0\nhighest 0 0 12\n");
	given_gone(&g);
}

/* A query that stands still inside its snapshot until the test lets it go on. */
struct slow {
	struct query query;
	sem_t begun, go_on;
	struct seen seen;
	enum err err;
	bool done;
};

static void on_slow_record(void *arg, const struct record *r)
{
	seen_add(arg, r);
}

static void slow_run(struct query *q, struct reader *r)
{
	struct slow *s = container_of(q, struct slow, query);

	sem_post(&s->begun);
	sem_wait(&s->go_on);
	s->err = reader_records(r, attempt(1), on_slow_record, &s->seen);
}

static void slow_done(struct query *q)
{
	container_of(q, struct slow, query)->done = true;
}

static void a_reader_never_holds_up_the_writer_and_sees_its_snapshot(void **state)
{
	static struct slow slow;
	struct given g;
	uint32_t i;

	(void)state;
	given_store(&g);
	for (i = 1; i <= 100; i++)
		when_appended(&g, attempt(1), i);
	assert_int_equal(ERR_OK, committed(&g));
	slow.query = (struct query){.run = slow_run, .done = slow_done};
	sem_init(&slow.begun, 0, 0);
	sem_init(&slow.go_on, 0, 0);
	assert_int_equal(ERR_OK, store_query(g.store, &slow.query));
	sem_wait(&slow.begun);

	/* Everything happens meanwhile: more records, the transcript, the cut, a checkpoint. */
	when_appended(&g, attempt(1), 101);
	when_packed(&g, attempt(1));
	when_cut(&g);
	when_idle(&g);
	when_appended_large(&g, attempt(2), 1, 6 << 20);
	when_idle(&g);

	sem_post(&slow.go_on);
	until_readers(&g, &slow.done);
	assert_int_equal(ERR_OK, slow.err);
	assert_int_equal(100, slow.seen.length);
	assert_int_equal(ERR_OK, read_records(&g, attempt(1), &seen));
	assert_int_equal(101, seen.length);
	given_gone(&g);
}

static void queries_past_the_bound_are_refused(void **state)
{
	static struct slow slow;
	static struct ask asks[STORE_QUERIES_MOST];
	struct given g;
	size_t i, taken = 0;

	(void)state;
	given_store(&g);
	slow.query = (struct query){.run = slow_run, .done = slow_done};
	sem_init(&slow.begun, 0, 0);
	sem_init(&slow.go_on, 0, 0);
	assert_int_equal(ERR_OK, store_query(g.store, &slow.query));
	for (i = 0; i < COUNT(asks); i++) {
		asks[i].query = (struct query){.run = ask_result, .done = asked};
		taken += store_query(g.store, &asks[i].query) == ERR_OK;
	}
	assert_int_equal(STORE_QUERIES_MOST - 1, taken);
	sem_post(&slow.go_on);
	given_gone(&g); /* closing gives each back, run or not */
	for (i = 0; i < taken; i++)
		assert_true(asks[i].done);
}

static size_t files_in(const struct given *g, const char *folder)
{
	char *path = mem_printf("%s/%s", g->dir, folder);
	DIR *d = opendir(path);
	struct dirent *e;
	size_t n = 0;

	while (d != NULL && (e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	if (d != NULL)
		closedir(d);
	free(path);
	return n;
}

/* ---- Backup ------------------------------------------------------------------------------ */

static enum backup_state backup_of(struct given *g)
{
	uint32_t percent;

	return store_backup_state(g->store, &percent);
}

static void a_backup_made_while_writing_is_whole_and_has_all_that_was_committed(void **state)
{
	struct given g, copy;
	struct store_seq upto;
	char *from, *to;
	uint32_t i;

	(void)state;
	given_store(&g);
	for (i = 1; i <= 60; i++)
		when_appended_large(&g, attempt(i % 3 + 1), i, 100000);
	assert_int_equal(ERR_OK, committed(&g));
	assert_int_equal(ERR_OK, store_backup(g.store, "tuesday.db"));
	assert_int_equal(ERR_BUSY, store_backup(g.store, "wednesday.db"));
	while (backup_of(&g) == BACKUP_RUNNING) {
		when_appended(&g, attempt(4), i++);
		assert_int_equal(ERR_OK, committed(&g));
		assert_true(i < 100000);
	}
	assert_int_equal(BACKUP_DONE, backup_of(&g));
	assert_int_equal(ERR_EXISTS, store_backup(g.store, "tuesday.db"));
	assert_int_equal(ERR_OK, store_settle(g.store, &upto));

	given_dir(&copy);
	from = mem_printf("%s/backups/tuesday.db", g.dir);
	to = mem_printf("%s/examd.db", copy.dir);
	assert_int_equal(0, rename(from, to));
	assert_true(file_is_whole(to));
	assert_int_equal(ERR_OK, store_open(&copy.store, copy.dir));
	assert_int_equal(ERR_OK, recovered(&copy, &seen));
	assert_int_equal(60, seen_of(&seen, attempt(1)) + seen_of(&seen, attempt(2)) +
				 seen_of(&seen, attempt(3)));
	free(from);
	free(to);
	given_gone(&copy);
	given_gone(&g);
}

static void what_a_killed_backup_left_is_swept_away(void **state)
{
	struct given g;
	char *path;

	(void)state;
	given_store(&g);
	assert_int_equal(ERR_OK, store_backup(g.store, "kept.db"));
	while (backup_of(&g) == BACKUP_RUNNING) {
		struct store_seq upto;

		when_signalled(&g);
		assert_int_equal(ERR_OK, store_settle(g.store, &upto));
	}
	path = mem_printf("%s/backups/half.db.tmp", g.dir);
	fclose(fopen(path, "w"));
	when_reopened(&g);
	assert_int_equal(-1, access(path, F_OK));
	assert_int_equal(1, files_in(&g, "backups"));
	free(path);
	given_gone(&g);
}

static void a_backup_has_a_plain_name(void **state)
{
	static const char *const bad[] = {"",	 ".",	 "..",	".x",  "-x",
					  "a/b", "../x", "a b", "a\n", "a.tmp"};
	char longest[102];
	struct given g;
	size_t i;

	(void)state;
	given_store(&g);
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(ERR_INVALID, store_backup(g.store, bad[i]));
	memset(longest, 'a', sizeof longest);
	longest[101] = '\0';
	assert_int_equal(ERR_INVALID, store_backup(g.store, longest));
	assert_int_equal(BACKUP_NONE, backup_of(&g));
	longest[100] = '\0';
	assert_int_equal(ERR_OK, store_backup(g.store, longest));
	given_gone(&g);
}

/* ---- The file ---------------------------------------------------------------------------- */

static void a_database_is_made_once_and_is_its_owners_alone(void **state)
{
	struct stat st;
	struct given g;
	char *wal;

	(void)state;
	given_dir(&g);
	assert_int_equal(ERR_NOT_FOUND, store_open(&g.store, g.dir));
	assert_int_equal(ERR_OK, store_create(g.dir));
	assert_int_equal(ERR_EXISTS, store_create(g.dir));
	assert_int_equal(ERR_OK, store_open(&g.store, g.dir));
	assert_int_equal(0, stat(database(&g), &st));
	assert_int_equal(0600, st.st_mode & 0777);
	wal = mem_printf("%s-wal", database(&g));
	assert_int_equal(0, stat(wal, &st));
	assert_int_equal(0600, st.st_mode & 0777);
	free(wal);
	given_gone(&g);
}

static void a_second_process_is_kept_out_until_the_first_ends(void **state)
{
	struct store *second;
	struct given g;
	int status;
	pid_t pid;

	(void)state;
	given_dir(&g);
	g.options.lock_wait = (struct millis){0};
	assert_int_equal(ERR_OK, store_create(g.dir));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (store_open(&g.store, g.dir) != ERR_OK)
			_exit(1);
		pid = fork(); /* the child of the child tries */
		if (pid == 0)
			_exit(store_open_with(&second, g.dir, &g.options) == ERR_IN_USE ? 0 : 2);
		if (waitpid(pid, &status, 0) != pid)
			_exit(3);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 4);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
	assert_int_equal(ERR_OK, store_open_with(&g.store, g.dir, &g.options));
	assert_int_equal(ERR_IN_USE, store_open_with(&second, g.dir, &g.options));
	given_gone(&g);
}

static void when_changed_by_hand(const struct given *g, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(SQLITE_OK, sqlite3_open(database(g), &db));
	assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
	sqlite3_close(db);
}

static void a_record_changed_by_hand_is_found_at_the_start(void **state)
{
	struct given g;

	(void)state;
	given_store(&g);
	when_appended(&g, attempt(1), 1);
	when_appended(&g, attempt(1), 2);
	store_close(g.store);
	when_changed_by_hand(&g, "UPDATE record SET wall_ms = wall_ms + 1 WHERE n = 1");
	assert_int_equal(ERR_OK, store_open(&g.store, g.dir));
	assert_int_equal(ERR_CORRUPT, recovered(&g, &seen));
	given_gone(&g);
}

static void a_record_that_is_missing_is_found_at_the_start(void **state)
{
	struct given g;

	(void)state;
	given_store(&g);
	when_appended(&g, attempt(1), 1);
	when_appended(&g, attempt(1), 2);
	store_close(g.store);
	when_changed_by_hand(&g, "DELETE FROM record WHERE n = 1");
	assert_int_equal(ERR_OK, store_open(&g.store, g.dir));
	assert_int_equal(ERR_CORRUPT, recovered(&g, &seen));
	given_gone(&g);
}

static void a_transcript_changed_by_hand_is_found_when_it_is_read(void **state)
{
	struct given g;

	(void)state;
	given_store(&g);
	when_appended(&g, attempt(1), 1);
	when_packed(&g, attempt(1));
	when_idle(&g);
	store_close(g.store);
	when_changed_by_hand(&g, "UPDATE transcript SET chain = zeroblob(32)");
	assert_int_equal(ERR_OK, store_open(&g.store, g.dir));
	assert_int_equal(ERR_CORRUPT, read_records(&g, attempt(1), &seen));
	given_gone(&g);
}

static void a_file_that_is_not_ours_is_called_corrupt(void **state)
{
	struct given g;
	FILE *f;

	(void)state;
	log_setup("test_store", LOG_LEVEL_OFF);
	given_dir(&g);
	assert_int_equal(ERR_OK, store_create(g.dir));
	when_changed_by_hand(&g, "PRAGMA application_id = 7");
	assert_int_equal(ERR_CORRUPT, store_open(&g.store, g.dir));
	f = fopen(database(&g), "w");
	fputs("this is not a database, it only stands where one should be, long enough\n", f);
	fclose(f);
	assert_int_equal(ERR_CORRUPT, store_open(&g.store, g.dir));
	given_gone(&g);
	log_setup("test_store", LOG_LEVEL_WARN);
}

/* ---- Schemas ----------------------------------------------------------------------------- */

/* The schema of today and one more version, as a later release would have it. */
static struct migration later[64];
static size_t nlater;

static void given_later_schema(const char *first, const char *second)
{
	size_t n = store_defaults.nmigrations;

	memcpy(later, store_defaults.migrations, n * sizeof *later);
	later[n++] = (struct migration){STORE_SCHEMA + 1, first};
	later[n++] = (struct migration){STORE_SCHEMA + 1, second};
	later[n++] = (struct migration){STORE_SCHEMA + 1, "PRAGMA user_version = 2"};
	nlater = n;
	assert_int_equal(1, STORE_SCHEMA);
}

static void an_older_schema_is_raised_after_a_copy_and_goes_on(void **state)
{
	struct given g;

	(void)state;
	given_store(&g);
	when_appended(&g, attempt(1), 1);
	store_close(g.store);
	given_later_schema("CREATE TABLE extra (id INTEGER PRIMARY KEY) STRICT",
			   "INSERT INTO extra VALUES (41)");
	g.options.migrations = later;
	g.options.nmigrations = nlater;
	assert_int_equal(ERR_OK, store_open_with(&g.store, g.dir, &g.options));
	assert_int_equal(ERR_OK, recovered(&g, &seen));
	assert_int_equal(1, seen.length);
	when_appended(&g, attempt(1), 2);
	assert_int_equal(ERR_OK, committed(&g));
	assert_int_equal(1, files_in(&g, "backups"));
	store_close(g.store);
	assert_int_equal(1, rows_in(database(&g), "extra"));
	assert_int_equal(ERR_NEWER_SCHEMA, store_open(&g.store, g.dir));
	g.store = NULL;
	given_gone(&g);
}

static void a_migration_that_fails_leaves_the_old_database(void **state)
{
	struct given g;

	(void)state;
	log_setup("test_store", LOG_LEVEL_OFF);
	given_store(&g);
	when_appended(&g, attempt(1), 1);
	store_close(g.store);
	given_later_schema("CREATE TABLE extra (id INTEGER PRIMARY KEY) STRICT",
			   "INSERT INTO nothing VALUES (41)");
	g.options.migrations = later;
	g.options.nmigrations = nlater;
	assert_int_not_equal(ERR_OK, store_open_with(&g.store, g.dir, &g.options));
	assert_int_equal(-1, rows_in(database(&g), "extra"));
	assert_int_equal(ERR_OK, store_open(&g.store, g.dir));
	assert_int_equal(ERR_OK, recovered(&g, &seen));
	assert_int_equal(1, seen.length);
	given_gone(&g);
	log_setup("test_store", LOG_LEVEL_WARN);
}

static void the_last_row_of_the_schema_sets_its_version(void **state)
{
	size_t last = store_defaults.nmigrations - 1;

	(void)state;
	assert_int_equal(STORE_SCHEMA, store_defaults.migrations[last].version);
	assert_non_null(strstr(store_defaults.migrations[last].text, "user_version"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(records_come_back_in_the_order_they_were_queued),
	    cmocka_unit_test(nothing_queued_is_nothing_to_wait_for),
	    cmocka_unit_test(closing_commits_what_is_queued),
	    cmocka_unit_test(a_record_larger_than_a_block_of_the_queue_is_kept_whole),
	    cmocka_unit_test(the_owner_is_told_when_too_much_is_queued),
	    cmocka_unit_test(a_packed_attempt_is_not_recovered_but_can_be_read),
	    cmocka_unit_test(cutting_keeps_every_record_of_an_open_subject),
	    cmocka_unit_test(numbers_of_rows_are_not_given_again_after_everything_was_cut),
	    cmocka_unit_test(a_reopened_attempt_has_its_transcript_and_what_came_after),
	    cmocka_unit_test(a_sitting_never_holds_up_the_cut_and_is_always_recovered),
	    cmocka_unit_test(a_transcript_past_the_bound_stays_in_the_table),
	    cmocka_unit_test(people_come_back_with_their_passwords),
	    cmocka_unit_test(two_people_can_swap_their_user_names),
	    cmocka_unit_test(sessions_end_one_by_one_or_all_of_a_person),
	    cmocka_unit_test(a_session_of_nobody_is_a_mistake_and_ends_the_store),
	    cmocka_unit_test(a_new_slip_takes_the_place_of_the_old_one),
	    cmocka_unit_test(banks_and_exams_come_back_in_the_order_of_their_last_loading),
	    cmocka_unit_test(a_command_comes_back_with_its_reply),
	    cmocka_unit_test(service_time_on_disk_never_falls),
	    cmocka_unit_test(results_are_found_by_sitting_person_and_attempt),
	    cmocka_unit_test(a_text_is_found_by_its_row),
	    cmocka_unit_test(a_reader_never_holds_up_the_writer_and_sees_its_snapshot),
	    cmocka_unit_test(queries_past_the_bound_are_refused),
	    cmocka_unit_test(a_backup_made_while_writing_is_whole_and_has_all_that_was_committed),
	    cmocka_unit_test(what_a_killed_backup_left_is_swept_away),
	    cmocka_unit_test(a_backup_has_a_plain_name),
	    cmocka_unit_test(a_database_is_made_once_and_is_its_owners_alone),
	    cmocka_unit_test(a_second_process_is_kept_out_until_the_first_ends),
	    cmocka_unit_test(a_record_changed_by_hand_is_found_at_the_start),
	    cmocka_unit_test(a_record_that_is_missing_is_found_at_the_start),
	    cmocka_unit_test(a_transcript_changed_by_hand_is_found_when_it_is_read),
	    cmocka_unit_test(a_file_that_is_not_ours_is_called_corrupt),
	    cmocka_unit_test(an_older_schema_is_raised_after_a_copy_and_goes_on),
	    cmocka_unit_test(a_migration_that_fails_leaves_the_old_database),
	    cmocka_unit_test(the_last_row_of_the_schema_sets_its_version),
	};

	log_setup("test_store", LOG_LEVEL_WARN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
