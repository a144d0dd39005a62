/* The parts of the core that stand alone: clock, outbox, throttle, passwords, the process itself
 * and its control socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/front/leash.h"
#include "daemon/service/clock.h"
#include "daemon/service/control.h"
#include "daemon/service/harness.h"
#include "daemon/service/install.h"
#include "daemon/service/outbox.h"
#include "daemon/service/passwords.h"
#include "daemon/service/throttle.h"
#include "proto/base/log.h"

/* ---- Outbox ---------------------------------------------------------------------------------- */

static void say(struct outbox *o, const char *text, uint64_t after)
{
	buf_put_text(&o->bytes, text);
	outbox_mark(o, (struct store_seq){after});
}

static void assert_left(struct buf *out, const char *expected)
{
	assert_string_equal(buf_text(out), expected);
	buf_clear(out);
}

static void test_bytes_leave_when_what_was_before_them_is_committed(void **state)
{
	struct outbox o = {0};
	struct buf out = {0};

	(void)state;
	say(&o, "a", 1);
	say(&o, "b", 1);
	say(&o, "c", 3);
	say(&o, "d", 4);
	outbox_release(&o, (struct store_seq){0}, &out);
	assert_left(&out, "");
	outbox_release(&o, (struct store_seq){2}, &out);
	assert_left(&out, "ab");
	outbox_release(&o, (struct store_seq){3}, &out);
	assert_left(&out, "c");
	say(&o, "e", 4);
	outbox_release(&o, (struct store_seq){9}, &out);
	assert_left(&out, "de");
	assert_int_equal(outbox_waiting(&o), 0);
	outbox_fini(&o);
	buf_fini(&out);
}

static void test_the_room_of_a_burst_is_given_back_by_the_outbox(void **state)
{
	struct outbox o = {0};
	struct buf out = {0};
	size_t burst = 8 << 20;

	(void)state;
	memset(buf_reserve(&o.bytes, burst), 'b', burst);
	buf_added(&o.bytes, burst);
	outbox_mark(&o, (struct store_seq){1});
	buf_put_text(&out, "before");
	outbox_release(&o, (struct store_seq){1}, &out);
	assert_int_equal(buf_length(&out), burst + 6);
	assert_true(o.bytes.cap < burst / 4);
	buf_clear(&out);
	say(&o, "after", 2);
	outbox_release(&o, (struct store_seq){2}, &out);
	assert_left(&out, "after");
	outbox_fini(&o);
	buf_fini(&out);
}

static void test_an_outbox_keeps_its_order_over_many_marks(void **state)
{
	struct outbox o = {0};
	struct buf out = {0};
	uint64_t said = 0, heard = 0;

	(void)state;
	for (uint64_t round = 1; round <= 2000; round++) {
		for (int i = 0; i < 3; i++, said++) {
			buf_put_u64(&o.bytes, said);
			outbox_mark(&o, (struct store_seq){said});
		}
		outbox_release(&o, (struct store_seq){said - said % 5}, &out);
		for (; buf_length(&out) > 0; heard++) {
			assert_int_equal(u64_read(buf_bytes(&out).data), heard);
			assert_true(heard <= said - said % 5);
			buf_take(&out, 8);
		}
	}
	assert_true(heard + 5 >= said);
	outbox_fini(&o);
	buf_fini(&out);
}

/* ---- Clock ----------------------------------------------------------------------------------- */

static struct mono_ms test_mono;
static struct wall_ms test_wall;

static struct mono_ms get_mono(const struct time_source *source)
{
	(void)source;
	return test_mono;
}

static struct wall_ms get_wall(const struct time_source *source)
{
	(void)source;
	return test_wall;
}

static const struct time_source test_time = {get_mono, get_wall};

static struct service_clock new_clock(void)
{
	struct service_clock c;

	test_mono.v = 1000;
	test_wall.v = 500000;
	clock_init(&c, &test_time, (struct service_ms){70000}, (struct wall_ms){400000});
	return c;
}

static void test_service_time_runs_less_than_a_second_past_a_heartbeat(void **state)
{
	struct service_clock c = new_clock();

	(void)state;
	assert_int_equal(clock_now(&c).v, 70000);
	test_mono.v += 700;
	assert_int_equal(clock_now(&c).v, 70700);
	test_mono.v += 100000;
	assert_int_equal(clock_now(&c).v, 70000 + CLOCK_RUN_ON.v);
	assert_true(CLOCK_RUN_ON.v < 1000);
	test_mono.v -= 200000; /* a clock that goes back is no reason either */
	assert_int_equal(clock_now(&c).v, 70000);
}

static void test_service_time_goes_on_from_a_committed_heartbeat_only(void **state)
{
	struct service_clock c = new_clock();

	(void)state;
	test_mono.v += 500;
	assert_true(clock_beat_is_due(&c, true));
	assert_false(clock_beat_is_due(&c, false));
	c.queued = (struct heartbeat){clock_now(&c), test_mono};
	c.queued_seq.v = 8;
	assert_false(clock_beat_is_due(&c, true)); /* one at a time */
	test_mono.v += 5000;
	clock_committed(&c, (struct store_seq){7});
	assert_int_equal(clock_now(&c).v, 70000 + CLOCK_RUN_ON.v);
	clock_committed(&c, (struct store_seq){8});
	assert_int_equal(clock_now(&c).v, 70500 + CLOCK_RUN_ON.v); /* 70,500 when it was taken */
}

static void test_an_outage_is_never_negative(void **state)
{
	struct service_clock c = new_clock();

	(void)state;
	assert_int_equal(clock_outage(&c).v, 100000);
	test_wall.v = 300000;
	assert_int_equal(clock_outage(&c).v, 0);
	c.last_wall.v = 0; /* nothing is known */
	test_wall.v = 500000;
	assert_int_equal(clock_outage(&c).v, 0);
}

/* ---- Throttle -------------------------------------------------------------------------------- */

static void test_the_delay_grows_to_a_minute_and_no_further(void **state)
{
	static const int64_t delays[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000};
	struct throttle t;
	struct mono_ms now = {1};

	(void)state;
	throttle_init(&t, 3);
	for (int i = 0; i < 3; i++) {
		assert_true(throttle_allows(&t, "10.0.0.1", "anna", now));
		throttle_failed(&t, "10.0.0.1", "anna", now);
	}
	for (size_t i = 0; i < COUNT(delays); i++) {
		now.v += delays[i] - 1;
		assert_false(throttle_allows(&t, "10.0.0.1", "anna", now));
		now.v += 1;
		assert_true(throttle_allows(&t, "10.0.0.1", "anna", now));
		throttle_failed(&t, "10.0.0.1", "anna", now);
	}
	assert_true(throttle_allows(&t, "10.0.0.1", "ben", now));
	assert_true(throttle_allows(&t, "10.0.0.2", "anna", now));
	throttle_fini(&t);
}

static void test_an_account_is_slowed_down_from_everywhere_later(void **state)
{
	struct throttle t;
	struct mono_ms now = {1};
	char address[32];

	(void)state;
	throttle_init(&t, 3);
	for (int i = 0; i < 24; i++) {
		snprintf(address, sizeof(address), "10.0.1.%d", i);
		assert_true(throttle_allows(&t, address, "anna", now));
		throttle_failed(&t, address, "anna", now);
	}
	assert_false(throttle_allows(&t, "10.0.2.1", "anna", now));
	throttle_forget(&t, "anna");
	assert_true(throttle_allows(&t, "10.0.2.1", "anna", now));
	throttle_fini(&t);
}

static void test_the_throttle_knows_a_bounded_number_of_keys(void **state)
{
	struct throttle t;
	struct mono_ms now = {1};
	char user[32];

	(void)state;
	throttle_init(&t, 1);
	for (int i = 0; i < 3 * THROTTLE_KEYS; i++) {
		snprintf(user, sizeof(user), "user%d", i);
		throttle_failed(&t, "10.0.0.1", user, now);
	}
	assert_false(throttle_allows(&t, "10.0.0.1", user, now)); /* the latest is known */
	assert_true(throttle_allows(&t, "10.0.0.1", "user0", now));
	throttle_fini(&t);
}

static void test_quiet_minutes_and_a_success_forget(void **state)
{
	struct throttle t;
	struct mono_ms now = {1};

	(void)state;
	throttle_init(&t, 1);
	throttle_failed(&t, "10.0.0.1", "anna", now);
	assert_false(throttle_allows(&t, "10.0.0.1", "anna", now));
	throttle_succeeded(&t, "10.0.0.1", "anna");
	assert_true(throttle_allows(&t, "10.0.0.1", "anna", now));
	for (int i = 0; i < 10; i++)
		throttle_failed(&t, "10.0.0.1", "anna", now);
	now.v += 10 * 60000;
	throttle_failed(&t, "10.0.0.1", "anna", now);
	now.v += 1000;
	assert_true(throttle_allows(&t, "10.0.0.1", "anna", now)); /* it counts from one again */
	throttle_fini(&t);
}

/* ---- Making a data directory ----------------------------------------------------------------- */

static void make_dir(char dir[64])
{
	strcpy(dir, "/tmp/examd-core-XXXXXX");
	assert_non_null(mkdtemp(dir));
}

static void remove_dir(const char *dir)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	assert_int_equal(system(command), 0);
}

static void test_a_data_directory_is_made_once(void **state)
{
	char dir[64], password[32], path[128];
	struct stat st;
	struct secrets first, second;

	(void)state;
	make_dir(dir);
	assert_int_equal(install_make(dir, "", password), ERR_INVALID);
	assert_int_equal(install_make(dir, "admin", password), ERR_OK);
	assert_int_equal(strlen(password), 19);
	assert_int_equal(secrets_read(&first, dir), ERR_OK);
	assert_int_equal(install_make(dir, "admin", password), ERR_EXISTS);
	assert_int_equal(secrets_read(&second, dir), ERR_OK);
	assert_memory_equal(&first, &second, sizeof(first));
	snprintf(path, sizeof(path), "%s/secrets/sign.key", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	remove_dir(dir);
}

/* ---- The process ----------------------------------------------------------------------------- */

/* A core process on the leash; returns when it has said that it is ready. */
static pid_t start_core(const char *dir, int *leash)
{
	static struct leash_message m;
	struct pollfd ready = {.events = POLLIN};
	int pair[2];
	pid_t pid;

	assert_int_equal(leash_pair(pair), ERR_OK);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct core_settings settings = {.lock_wait = {300}};
		struct core_start start = {dir, pair[1], &settings};

		close(pair[0]);
		_exit(core_main(&start));
	}
	close(pair[1]);
	*leash = ready.fd = pair[0];
	assert_int_equal(poll(&ready, 1, -1), 1);
	if (leash_receive(pair[0], &m) != ERR_OK)
		*leash = -1; /* it has ended */
	else
		assert_int_equal(m.letter, LEASH_READY);
	return pid;
}

static int exit_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_a_core_stops_when_it_is_told_and_when_its_supervisor_is_gone(void **state)
{
	char dir[64], password[32];
	int leash, other;
	pid_t pid, second;

	(void)state;
	make_dir(dir);
	assert_int_equal(install_make(dir, "admin", password), ERR_OK);
	pid = start_core(dir, &leash);
	assert_true(leash >= 0);
	second = start_core(dir, &other); /* waits for the lock, then gives up */
	assert_int_equal(other, -1);
	assert_int_equal(exit_of(second), CORE_RESTART);
	assert_int_equal(leash_send(leash, LEASH_STOP, (struct bytes){NULL, 0}, -1), ERR_OK);
	assert_int_equal(exit_of(pid), 0);
	close(leash);
	pid = start_core(dir, &leash);
	assert_true(leash >= 0);
	close(leash);
	assert_int_equal(exit_of(pid), CORE_RESTART);
	remove_dir(dir);
}

static void test_a_directory_without_secrets_is_a_matter_for_a_person(void **state)
{
	char dir[64];
	int leash;
	pid_t pid;

	(void)state;
	make_dir(dir);
	pid = start_core(dir, &leash);
	assert_int_equal(leash, -1);
	assert_int_equal(exit_of(pid), CORE_CONFIGURATION);
	remove_dir(dir);
}

/* ---- The control socket ---------------------------------------------------------------------- */

struct operator_end {
	struct conn *conn;
	struct conn_user user;
	struct buf heard;
	struct harness *harness;
	bool closed;
};

static void on_data(struct conn_user *user, struct buf *in)
{
	struct operator_end *o = container_of(user, struct operator_end, user);
	size_t n;

	buf_put_bytes(&o->heard, buf_bytes(in));
	buf_take(in, buf_length(in));
	n = buf_length(&o->heard);
	if (n > 0 && buf_bytes(&o->heard).data[n - 1] == '\n')
		loop_stop(core_loop(o->harness->core));
}

static void on_closed(struct conn_user *user, enum conn_end why)
{
	struct operator_end *o = container_of(user, struct operator_end, user);

	(void)why;
	o->closed = true;
	loop_stop(core_loop(o->harness->core));
}

static void operate(struct harness *h, struct operator_end *o)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", h->dir);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	*o = (struct operator_end){.user = {.on_data = on_data, .on_closed = on_closed},
				   .harness = h};
	o->conn = conn_accept(core_loop(h->core), fd, NULL, SECONDS(5), &o->user);
}

/* Says a line and runs until what was heard ends in END. */
static const char *converse(struct operator_end *o, const char *line, const char *end)
{
	const char *heard;

	buf_clear(&o->heard);
	conn_write(o->conn, line, strlen(line));
	do {
		loop_run(core_loop(o->harness->core));
		heard = buf_text(&o->heard);
	} while (!o->closed && strstr(heard, end) == NULL);
	return heard;
}

static void test_the_operator_gets_status_and_backups_and_errors_by_name(void **state)
{
	struct harness *h = harness_new();
	struct operator_end o;
	char path[128];
	struct stat st;
	const char *heard;

	(void)state;
	snprintf(path, sizeof(path), "%s/control", h->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	operate(h, &o);
	heard = converse(&o, "status\n", "ok\n");
	assert_int_equal(heard[0], '{');
	assert_non_null(strstr(heard, "\"fronts\":[{\"number\":1"));
	assert_non_null(strstr(converse(&o, "dance\n", "\n"), "error invalid "));
	assert_non_null(strstr(converse(&o, "backup ../x\n", "\n"), "error invalid "));
	converse(&o, "backup first\n", "ok\n");
	snprintf(path, sizeof(path), "%s/backups/first", h->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 0);
	conn_free(o.conn);
	buf_fini(&o.heard);
	harness_free(h);
}

static void test_an_endless_line_ends_the_operators_connection(void **state)
{
	struct harness *h = harness_new();
	struct operator_end o;
	char line[CONTROL_LINE_MOST + 2];

	(void)state;
	operate(h, &o);
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	assert_non_null(strstr(converse(&o, line, "\n"), "error too_large "));
	while (!o.closed)
		loop_run(core_loop(h->core));
	buf_fini(&o.heard);
	harness_free(h);
}

/* ---- Replies --------------------------------------------------------------------------------- */

static void send_reply(struct harness *h, const struct fake_client *c, uint64_t id, char *detail)
{
	wire_reply reply = EXAMD__V1__REPLY__INIT;

	reply.id = id;
	if (detail != NULL)
		reply.detail = detail;
	client_send(h->core, client_find(h->core, c->conn), &reply);
}

static void test_a_reply_larger_than_a_frame_is_an_error_and_its_neighbours_are_whole(void **state)
{
	struct harness *h = harness_new();
	struct fake_client *c = client_connect(h, "a device", "10.0.0.1");
	char *large = mem_new(FRAME_MOST + 1);

	(void)state;
	client_hello(c);
	memset(large, 'x', FRAME_MOST);
	send_reply(h, c, 1001, NULL);
	send_reply(h, c, 1002, large);
	send_reply(h, c, 1003, NULL);
	harness_drain(h);
	assert_int_equal(client_reply(c, 1001)->error, ERR_OK);
	assert_int_equal(client_reply(c, 1002)->error, ERR_TOO_LARGE);
	assert_int_equal(client_reply(c, 1003)->error, ERR_OK);
	free(large);
	harness_free(h);
}

/* ---- Passwords ------------------------------------------------------------------------------- */

static void test_passwords_have_bounds(void **state)
{
	char longest[PASSWORD_MOST + 2];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[PASSWORD_MOST + 1] = '\0';
	assert_int_equal(password_acceptable("123456789"), ERR_PASSWORD_WEAK);
	assert_int_equal(password_acceptable("1234567890"), ERR_OK);
	assert_int_equal(password_acceptable(longest), ERR_INVALID);
	assert_int_equal(password_acceptable(longest + 1), ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bytes_leave_when_what_was_before_them_is_committed),
	    cmocka_unit_test(test_the_room_of_a_burst_is_given_back_by_the_outbox),
	    cmocka_unit_test(test_an_outbox_keeps_its_order_over_many_marks),
	    cmocka_unit_test(test_service_time_runs_less_than_a_second_past_a_heartbeat),
	    cmocka_unit_test(test_service_time_goes_on_from_a_committed_heartbeat_only),
	    cmocka_unit_test(test_an_outage_is_never_negative),
	    cmocka_unit_test(test_the_delay_grows_to_a_minute_and_no_further),
	    cmocka_unit_test(test_an_account_is_slowed_down_from_everywhere_later),
	    cmocka_unit_test(test_the_throttle_knows_a_bounded_number_of_keys),
	    cmocka_unit_test(test_quiet_minutes_and_a_success_forget),
	    cmocka_unit_test(test_a_data_directory_is_made_once),
	    cmocka_unit_test(test_a_core_stops_when_it_is_told_and_when_its_supervisor_is_gone),
	    cmocka_unit_test(test_a_directory_without_secrets_is_a_matter_for_a_person),
	    cmocka_unit_test(test_the_operator_gets_status_and_backups_and_errors_by_name),
	    cmocka_unit_test(test_an_endless_line_ends_the_operators_connection),
	    cmocka_unit_test(
		test_a_reply_larger_than_a_frame_is_an_error_and_its_neighbours_are_whole),
	    cmocka_unit_test(test_passwords_have_bounds),
	};

	alarm(120);
	log_setup("test", LOG_LEVEL_OFF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
