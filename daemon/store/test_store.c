/* What the store promises its owner, without faults: order, reading back, packing, cutting, copies.
 */
#include "daemon/store/test_given.h"

#include <poll.h>
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
	when_appended(&g, attempt(1), 2);
	when_packed(&g, attempt(1));
	when_cut(&g);
	when_idle(&g);
	store_close(g.store);
	assert_int_equal(0, rows_in(database(&g), "record"));
	assert_int_equal(ERR_OK, store_open(&g.store, g.dir));
	when_appended(&g, attempt(1), 3);
	assert_int_equal(ERR_OK, committed(&g));
	when_reopened(&g);
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
	when_packed(&g, sitting(1));
	when_cut(&g);
	when_idle(&g);
	when_reopened(&g);
	assert_int_equal(ERR_OK, recovered(&g, &seen));
	assert_int_equal(0, seen.length);
	assert_int_equal(1, seen.attempt.v);
	assert_int_equal(1, seen.sitting.v);
	assert_int_equal(ERR_OK, read_records(&g, attempt(1), &seen));
	assert_int_equal(3, seen.length);
	given_gone(&g);
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
	};

	log_setup("test_store", LOG_LEVEL_WARN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
