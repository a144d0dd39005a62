/* A week of service: every day a sitting and some practice, everything ends, and the night passes.
 * Then the memory, the tables and the counters are what they were after the second day: what
 * remains of a day is its sitting, its people and a row for each attempt, nothing that grows with
 * use.  Time is turned by hand; four hours after its end an attempt leaves memory, as it does in
 * service. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "daemon/service/archive.h"
#include "daemon/service/metrics.h"
#include "daemon/service/people.h"
#include "daemon/service/sessions.h"
#include "proto/base/log.h"
#include "tests/hostile/world.h"

#define DAYS	   7
#define CANDIDATES 12
#define NIGHT	   ((struct millis){20LL * 3600 * 1000})

struct group {
	struct person_id person[CANDIDATES];
	char name[CANDIDATES][16];
};

struct evening {
	size_t attempts, connections; /* that the core has in memory */
	int64_t records;	      /* rows that a start would read */
	size_t heap;		      /* bytes */
	size_t metrics;		      /* bytes of its text, a line a counter */
};

static size_t attempts_in_memory(const struct harness *h)
{
	const struct attempt *a = NULL;
	size_t n = 0;

	while ((a = engine_attempt_after(h->core->engine, a)) != NULL)
		n++;
	return n;
}

/* Read beside the core, which only the writer of a test's own directory would mind. */
static int64_t records_on_file(const struct harness *h)
{
	char path[128];
	sqlite3 *db;
	sqlite3_stmt *st;
	int64_t n;

	snprintf(path, sizeof(path), "%s/examd.db", h->dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM record", -1, &st, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

static void answer_all(struct fake_client *c)
{
	for (uint32_t item = 0; item < 4; item++)
		for (uint32_t revision = 1; revision <= 5; revision++)
			assert_int_equal(client_answer(c, item, 1, revision, revision % 4)->error,
					 ERR_OK);
}

/* The connection goes, and with it what the harness keeps of it. */
static void leave(struct harness *h, struct fake_client *c)
{
	struct fake_client **at = &h->clients;

	client_lose(c);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	client_forget(c);
	free(c->received);
	buf_fini(&c->raw);
	free(c);
}

/* Somebody practises, and goes away in the middle. */
static void practise(struct harness *h, unsigned day)
{
	struct fake_client *c = client_connect(h, "at home", "10.7.0.2");
	const wire_reply *reply;
	REQUEST_OF(practice_start, PRACTICE_START, Examd__V1__PracticeStart,
		   EXAMD__V1__PRACTICE_START__INIT);

	client_hello(c);
	assert_int_equal(client_log_in_as(c, "pat", STAFF_PASSWORD)->error, ERR_OK);
	in.command_id = command_of(c, (uint8_t)(day + 1));
	in.exam = wire_text("exam");
	reply = client_ask(c, &request);
	assert_int_equal(reply->error, ERR_OK);
	assert_int_equal(client_confirm(c, reply->status, (uint8_t)(day + 101))->error, ERR_OK);
	answer_all(c);
	leave(h, c);
}

/* Everybody comes by a new slip, on another device each day. */
static void sit(struct harness *h, const struct group *g, unsigned day)
{
	char device[32];
	struct sitting_id sitting = harness_sitting(h, "exam", g->person, CANDIDATES);
	struct attempt_id room = {0};
	struct fake_client *c[CANDIDATES];

	assert_int_equal(harness_room(h, sitting, room, VERB_OPEN, (struct millis){0}), ERR_OK);
	assert_int_equal(harness_room(h, sitting, room, VERB_ADMIT, (struct millis){0}), ERR_OK);
	for (size_t i = 0; i < CANDIDATES; i++) {
		snprintf(device, sizeof(device), "%s on day %u", g->name[i], day);
		c[i] = client_connect(h, device, "10.7.0.1");
		client_ready(c[i], sitting, g->person[i]);
	}
	assert_int_equal(harness_room(h, sitting, room, VERB_START, (struct millis){0}), ERR_OK);
	for (size_t i = 0; i < CANDIDATES; i++)
		answer_all(c[i]);
	practise(h, day);
	harness_turn(h, SECONDS(125)); /* both parts end by themselves, also of who practised */
	assert_int_equal(harness_room(h, sitting, room, VERB_CLOSE, (struct millis){0}), ERR_OK);
	for (size_t i = 0; i < CANDIDATES; i++)
		leave(h, c[i]);
}

static struct evening night(struct harness *h)
{
	struct evening e;
	struct store_stats stats;
	struct buf text = {0};

	harness_forward(h, NIGHT);
	for (int i = 0; i < 20; i++) {
		archive_look(h->core);
		harness_turn(h, SECONDS(1));
	}
	do {
		harness_run(h, 4);
		store_stats(h->core->store, &stats);
	} while (stats.background > 0); /* what was packed is cut off */
	harness_drain(h);
	metrics_text(h->core->metrics, &text);
	e = (struct evening){.attempts = attempts_in_memory(h),
			     .connections = HASH_COUNT(h->core->clients),
			     .records = records_on_file(h),
			     .metrics = buf_length(&text)};
	buf_fini(&text);
	/* 0 where a sanitizer counts for itself; SQLite's cache has a bound of its own. */
	e.heap = mallinfo2().uordblks;
	if (e.heap > 0)
		e.heap -= (size_t)sqlite3_memory_used();
	print_message("attempts %zu, connections %zu, records %lld, metrics %zu bytes, heap %zu\n",
		      e.attempts, e.connections, (long long)e.records, e.metrics, e.heap);
	return e;
}

static struct group new_group(struct harness *h)
{
	struct group g;

	for (size_t i = 0; i < CANDIDATES; i++) {
		snprintf(g.name[i], sizeof(g.name[i]), "c%zu", i);
		g.person[i] = harness_person(h, g.name[i], EXAMD__V1__ROLE__ROLE_CANDIDATE, NULL);
	}
	harness_person(h, "pat", EXAMD__V1__ROLE__ROLE_CANDIDATE, STAFF_PASSWORD);
	return g;
}

static void test_a_week_of_service_leaves_nothing_that_grows(void **state)
{
	struct harness *h = harness_new();
	struct group g = new_group(h);
	struct evening second = {0}, last = {0};

	(void)state;
	world_bank(h, "bank", "exam", false);
	world_exam(h, "exam", "bank", false);
	for (unsigned day = 1; day <= DAYS; day++) {
		sit(h, &g, day);
		last = night(h);
		if (day == 2)
			second = last;
	}
	assert_int_equal(last.attempts, 0);
	assert_int_equal(last.connections, 0);
	/* A heartbeat, a cut under way: not what 13 attempts a day would leave, which is 400. */
	assert_true(last.records <= second.records + 40);
	assert_true(last.metrics <= second.metrics + 200);
	/* What stays of a day: a sitting with its persons, sessions, seen commands. */
	assert_true(last.heap <= second.heap + (DAYS - 2) * 20000u);
	harness_free(h);
}

/* Rooms that nobody closes keep their own attempts in memory, and not those of others. */
static void test_rooms_left_open_keep_nobody_else_in_memory(void **state)
{
	struct harness *h = harness_new();
	struct candidate *left, closed;

	(void)state;
	world_bank(h, "bank", "exam", false);
	world_exam(h, "exam", "bank", false);
	left = world_candidates(h, "left", "exam", STAGE_CLOSED, 70); /* more than one look sees */
	closed = world_candidate(h, "closed", "exam", STAGE_CLOSED);
	harness_room(h, closed.sitting, (struct attempt_id){0}, VERB_CLOSE, (struct millis){0});
	client_lose(closed.c);
	harness_forward(h, NIGHT);
	for (int i = 0; i < 10; i++) {
		archive_look(h->core);
		harness_turn(h, SECONDS(1));
	}
	assert_null(engine_attempt(h->core->engine, closed.attempt));
	assert_non_null(engine_attempt(h->core->engine, left[0].attempt));
	free(left);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_week_of_service_leaves_nothing_that_grows),
	    cmocka_unit_test(test_rooms_left_open_keep_nobody_else_in_memory),
	};

	alarm(280);
	log_setup("test", LOG_LEVEL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
