/* A disk that fails: nothing is acknowledged that is not there afterwards. */
#include "daemon/store/test_given.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store/test_disk.h"
#include "proto/base/log.h"

#define ROOM 3 /* attempts that get a record each with every command */

static struct seen seen;

static void given_faulty_store(struct given *g)
{
	disk_reset();
	given_dir(g);
	assert_int_equal(ERR_OK, store_create(g->dir));
	g->options.vfs = DISK_VFS;
}

/* One record for each attempt: a transaction of ROOM records. */
static void when_room_is_told(struct given *g, uint32_t payload)
{
	int64_t a;

	for (a = 1; a <= ROOM; a++)
		when_appended(g, attempt(a), payload);
	store_kick(g->store);
}

/* The file alone, opened on a good disk: what was acknowledged is there, chains verify, the file is
 * whole, and no command is there by half. */
static void then_acknowledged_is_there(struct given *g, uint64_t acknowledged)
{
	char *path = mem_printf("%s/examd.db", g->dir);
	uint64_t n;
	int64_t a;

	assert_true(file_is_whole(path));
	g->options.vfs = NULL;
	assert_int_equal(ERR_OK, store_open_with(&g->store, g->dir, &g->options));
	assert_int_equal(ERR_OK, recovered(g, &seen));
	for (a = 1; a <= ROOM; a++) {
		assert_int_equal(ERR_OK, read_records(g, attempt(a), &seen));
		n = seen.length;
		assert_true(n >= acknowledged);
		assert_int_equal(ERR_OK, read_records(g, attempt(1), &seen));
		assert_int_equal(n, seen.length);
	}
	store_close(g->store);
	g->store = NULL;
	free(path);
}

/* Commands until the disk fails; how many of them were acknowledged. */
static uint64_t when_room_is_told_until_failure(struct given *g, uint32_t commands)
{
	struct store_seq upto = {0}, after;
	uint64_t acknowledged = 0;
	enum err err = ERR_OK;
	uint32_t i;

	for (i = 0; i < commands && err == ERR_OK; i++) {
		when_room_is_told(g, i);
		if (i == commands / 2) {
			when_packed(g, attempt(1));
			when_cut(g);
		}
		err = committed(g);
		if (err == ERR_OK)
			acknowledged++;
	}
	if (err == ERR_OK)
		return acknowledged;
	assert_int_equal(ERR_UNDECIDED, err);
	/* The failure is final: nothing later is acknowledged, whatever the disk does. */
	assert_int_equal(ERR_UNDECIDED, store_settle(g->store, &upto));
	when_room_is_told(g, i);
	assert_int_equal(ERR_UNDECIDED, committed(g));
	assert_int_equal(ERR_UNDECIDED, store_settle(g->store, &after));
	assert_int_equal(upto.v, after.v);
	assert_true(upto.v >= acknowledged * ROOM);
	return acknowledged;
}

/* True when the disk did not fail: N is past the last operation. */
static bool run_with_fault(uint64_t n, enum disk_fault fault, bool stays, enum disk_files files,
			   uint32_t commands)
{
	uint64_t acknowledged = 0;
	struct given g;
	bool failed;
	enum err err;

	given_faulty_store(&g);
	disk_fails_at(n, fault, stays, files);
	err = store_open_with(&g.store, g.dir, &g.options);
	if (err == ERR_OK)
		acknowledged = when_room_is_told_until_failure(&g, commands);
	else
		assert_true(disk_has_failed());
	store_close(g.store);
	g.store = NULL;
	failed = disk_has_failed();
	disk_reset();
	if (!failed)
		assert_int_equal(commands, acknowledged);
	then_acknowledged_is_there(&g, acknowledged);
	given_gone(&g);
	return !failed;
}

static void each_single_fault_is_survived(enum disk_fault fault, bool stays)
{
	uint64_t n = 1;

	while (!run_with_fault(n, fault, stays, DISK_ALL, 6))
		n++;
	assert_true(n > 20); /* the faults did hit the work */
}

static void no_false_acknowledgement_when_the_nth_operation_fails_with_EIO(void **state)
{
	(void)state;
	each_single_fault_is_survived(DISK_EIO, false);
	each_single_fault_is_survived(DISK_EIO, true);
}

static void no_false_acknowledgement_when_the_nth_operation_finds_the_disk_full(void **state)
{
	(void)state;
	each_single_fault_is_survived(DISK_ENOSPC, false);
	each_single_fault_is_survived(DISK_ENOSPC, true);
}

static void no_false_acknowledgement_when_the_nth_write_is_short(void **state)
{
	(void)state;
	each_single_fault_is_survived(DISK_SHORT, false);
	each_single_fault_is_survived(DISK_SHORT, true);
}

static void a_database_is_made_whole_or_not_at_all(void **state)
{
	enum err err = ERR_IO;
	struct given g;
	uint64_t n;

	(void)state;
	for (n = 1; err != ERR_OK; n++) {
		disk_reset();
		given_dir(&g);
		g.options.vfs = DISK_VFS;
		disk_fails_at(n, DISK_EIO, false, DISK_ALL);
		err = store_create_with(g.dir, &g.options);
		if (err != ERR_OK) {
			assert_true(disk_has_failed());
			assert_int_equal(ERR_NOT_FOUND, store_open(&g.store, g.dir));
			assert_int_equal(ERR_OK, store_create(g.dir));
		}
		assert_int_equal(ERR_OK, store_open(&g.store, g.dir));
		given_gone(&g);
	}
	assert_true(n > 5);
}

/* Enough for the writer's own checkpoint; then its writes and syncs of the database fail. */
static void a_failed_checkpoint_ends_the_store_and_loses_nothing(void **state)
{
	bool hit = false;
	uint64_t n;

	(void)state;
	for (n = 1; n < 4000; n = n * 3) {
		uint64_t acknowledged = 0;
		enum err err = ERR_OK;
		struct given g;
		uint32_t i;

		given_faulty_store(&g);
		disk_fails_at(n, DISK_EIO, false, DISK_DATABASE);
		assert_int_equal(ERR_OK, store_open_with(&g.store, g.dir, &g.options));
		for (i = 0; i < 6 && err == ERR_OK; i++) {
			when_appended_large(&g, attempt(1), i, 1 << 20);
			when_appended(&g, attempt(2), i);
			when_appended(&g, attempt(3), i);
			err = committed(&g);
			acknowledged += err == ERR_OK;
		}
		hit = hit || err == ERR_UNDECIDED;
		store_close(g.store);
		g.store = NULL;
		disk_reset();
		then_acknowledged_is_there(&g, acknowledged);
		given_gone(&g);
	}
	assert_true(hit);
}

static void a_full_disk_ends_the_store_and_loses_nothing(void **state)
{
	uint64_t acknowledged = 0;
	enum err err = ERR_OK;
	struct given g;
	uint32_t i;

	(void)state;
	given_faulty_store(&g);
	disk_holds(1 << 20);
	assert_int_equal(ERR_OK, store_open_with(&g.store, g.dir, &g.options));
	for (i = 0; err == ERR_OK; i++) {
		when_room_is_told(&g, i);
		err = committed(&g);
		acknowledged += err == ERR_OK;
		assert_true(i < 100000);
	}
	assert_int_equal(ERR_UNDECIDED, err);
	assert_true(acknowledged > 10);
	store_close(g.store);
	g.store = NULL;
	disk_reset();
	then_acknowledged_is_there(&g, acknowledged);
	given_gone(&g);
}

/* Nothing but the copy writes to a database file here: the log is far from a checkpoint. */
static void a_backup_that_fails_is_said_and_costs_the_store_nothing(void **state)
{
	struct store_seq upto;
	struct given g;
	uint32_t percent;

	(void)state;
	given_faulty_store(&g);
	assert_int_equal(ERR_OK, store_open_with(&g.store, g.dir, &g.options));
	when_room_is_told(&g, 1);
	assert_int_equal(ERR_OK, committed(&g));
	disk_fails_at(1, DISK_ENOSPC, true, DISK_DATABASE);
	assert_int_equal(ERR_OK, store_backup(g.store, "full.db"));
	while (store_backup_state(g.store, &percent) == BACKUP_RUNNING) {
		when_signalled(&g);
		assert_int_equal(ERR_OK, store_settle(g.store, &upto));
	}
	assert_int_equal(BACKUP_FAILED, store_backup_state(g.store, &percent));
	assert_true(disk_has_failed());
	when_room_is_told(&g, 2);
	assert_int_equal(ERR_OK, committed(&g));
	disk_reset();
	assert_int_equal(ERR_OK, store_backup(g.store, "full.db"));
	while (store_backup_state(g.store, &percent) == BACKUP_RUNNING) {
		when_signalled(&g);
		assert_int_equal(ERR_OK, store_settle(g.store, &upto));
	}
	assert_int_equal(BACKUP_DONE, store_backup_state(g.store, &percent));
	assert_int_equal(100, percent);
	given_gone(&g);
}

/* ---- The commit gate --------------------------------------------------------------------- */

static void nothing_is_announced_before_its_sync_is_done(void **state)
{
	struct store_seq upto;
	struct pollfd p;
	struct given g;

	(void)state;
	given_faulty_store(&g);
	assert_int_equal(ERR_OK, store_open_with(&g.store, g.dir, &g.options));
	disk_holds_syncs();
	when_appended(&g, attempt(1), 1);
	store_kick(g.store);
	disk_until_sync_is_held();
	p = (struct pollfd){store_fd(g.store), POLLIN, 0};
	assert_int_equal(0, poll(&p, 1, 0));
	assert_int_equal(ERR_OK, store_settle(g.store, &upto));
	assert_int_equal(0, upto.v);
	disk_goes_on();
	assert_int_equal(ERR_OK, committed(&g));
	assert_true(disk_syncs() >= 1);
	given_gone(&g);
}

static void all_that_came_while_a_commit_ran_is_one_transaction(void **state)
{
	struct store_stats before, after;
	struct given g;
	uint32_t i;

	(void)state;
	given_faulty_store(&g);
	assert_int_equal(ERR_OK, store_open_with(&g.store, g.dir, &g.options));
	disk_holds_syncs();
	when_appended(&g, attempt(1), 0);
	store_kick(g.store);
	disk_until_sync_is_held();
	store_stats(g.store, &before);
	for (i = 1; i <= 500; i++) {
		when_appended(&g, attempt(1), i);
		store_kick(g.store);
	}
	disk_goes_on();
	assert_int_equal(ERR_OK, committed(&g));
	store_stats(g.store, &after);
	assert_int_equal(2, after.commits - before.commits);
	assert_int_equal(501, after.records);
	assert_int_equal(0, after.queued);
	given_gone(&g);
}

/* Kicks arrive while the writer works, so its transactions hold any number of commands; the file as
 * it is while a commit hangs has each command whole. */
static void a_stalled_disk_keeps_the_owner_free_to_queue(void **state)
{
	struct store_stats stats;
	struct given g;
	uint32_t i;

	(void)state;
	given_faulty_store(&g);
	assert_int_equal(ERR_OK, store_open_with(&g.store, g.dir, &g.options));
	disk_holds_syncs();
	when_room_is_told(&g, 0);
	disk_until_sync_is_held();
	for (i = 1; i <= 1000; i++)
		when_room_is_told(&g, i);
	store_stats(g.store, &stats);
	assert_int_equal(1001 * ROOM, stats.queued);
	disk_goes_on();
	assert_int_equal(ERR_OK, committed(&g));
	given_gone(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_false_acknowledgement_when_the_nth_operation_fails_with_EIO),
	    cmocka_unit_test(no_false_acknowledgement_when_the_nth_operation_finds_the_disk_full),
	    cmocka_unit_test(no_false_acknowledgement_when_the_nth_write_is_short),
	    cmocka_unit_test(a_database_is_made_whole_or_not_at_all),
	    cmocka_unit_test(a_failed_checkpoint_ends_the_store_and_loses_nothing),
	    cmocka_unit_test(a_full_disk_ends_the_store_and_loses_nothing),
	    cmocka_unit_test(a_backup_that_fails_is_said_and_costs_the_store_nothing),
	    cmocka_unit_test(nothing_is_announced_before_its_sync_is_done),
	    cmocka_unit_test(all_that_came_while_a_commit_ran_is_one_transaction),
	    cmocka_unit_test(a_stalled_disk_keeps_the_owner_free_to_queue),
	};

	log_setup("test_store_faults", LOG_LEVEL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
