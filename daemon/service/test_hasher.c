/* The process that hashes passwords: it answers as the core itself would, and nothing waits for it
 * for ever.  How little it disturbs is measured by tests/bench/siege.py. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/service/hasher.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"

#define RIGHT "correct horse battery staple"

static char hash[PASSWORD_HASH_SIZE]; /* of RIGHT, made in place */

static struct password_task asked(const char *password)
{
	struct password_task t = {.what = PASSWORD_CHECK, .password = mem_copy_text(password)};

	memcpy(t.hash, hash, sizeof t.hash);
	return t;
}

/* On a machine that is never idle it may take some time until it answers. */
static void do_by_the_process(struct hasher *h, struct password_task *t)
{
	while (!hasher_do(h, t))
		assert_int_equal(kill(hasher_pid(h), 0), 0);
}

static bool is_right(struct hasher *h, const char *password)
{
	struct password_task t = asked(password);

	do_by_the_process(h, &t);
	password_wipe(t.password);
	return t.good;
}

static void ends(struct hasher *h)
{
	pid_t pid = hasher_pid(h);
	int status;

	hasher_free(h);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void it_answers_as_the_core_would_and_ends_with_it(void **state)
{
	struct hasher *h = hasher_start();
	struct password_task made = {.what = PASSWORD_MAKE, .password = mem_copy_text(RIGHT)};
	char *longest = mem_new(PASSWORD_MOST + 100);

	(void)state;
	assert_non_null(h);
	assert_true(is_right(h, RIGHT));
	assert_false(is_right(h, "correct horse battery stapler"));
	assert_false(is_right(h, ""));
	do_by_the_process(h, &made);
	assert_true(made.good);
	assert_string_not_equal(made.hash, hash); /* another salt */
	memcpy(hash, made.hash, sizeof hash);
	assert_true(is_right(h, RIGHT));
	memset(longest, 'x', PASSWORD_MOST + 99);
	assert_false(is_right(h, longest));
	password_wipe(made.password);
	free(longest);
	ends(h);
}

static void the_longest_password_is_right_and_a_longer_one_is_not(void **state)
{
	struct hasher *h = hasher_start();
	char *text = mem_new(PASSWORD_MOST + 2);
	struct password_task made = {.what = PASSWORD_MAKE, .password = text};

	(void)state;
	memset(text, 'x', PASSWORD_MOST);
	do_by_the_process(h, &made);
	memcpy(hash, made.hash, sizeof hash);
	assert_true(is_right(h, text));
	text[PASSWORD_MOST] = 'x';
	assert_false(is_right(h, text));
	free(text);
	password_hash_now(RIGHT, hash);
	ends(h);
}

/* Its user is unknown: there is no hash, and the same work is done. */
static void without_a_hash_nothing_is_right(void **state)
{
	struct hasher *h = hasher_start();
	struct password_task t = {.what = PASSWORD_CHECK, .password = mem_copy_text(RIGHT)};

	(void)state;
	t.good = true;
	do_by_the_process(h, &t);
	assert_false(t.good);
	password_wipe(t.password);
	ends(h);
}

static void who_waits_too_long_is_told_and_a_late_answer_is_nobodys(void **state)
{
	struct hasher *h = hasher_start();
	struct password_task right = asked(RIGHT), wrong = asked("something else");

	(void)state;
	assert_true(is_right(h, RIGHT));
	assert_int_equal(kill(hasher_pid(h), SIGSTOP), 0);
	assert_false(hasher_do(h, &right));
	assert_false(right.good);
	assert_false(hasher_do(h, &wrong)); /* it is still at the first */
	assert_int_equal(kill(hasher_pid(h), SIGCONT), 0);
	do_by_the_process(h, &wrong);
	assert_false(wrong.good);
	assert_true(is_right(h, RIGHT));
	password_wipe(right.password);
	password_wipe(wrong.password);
	ends(h);
}

static void without_it_passwords_are_checked_all_the_same(void **state)
{
	struct hasher *h = hasher_start();
	struct password_task t = asked(RIGHT);
	int status;

	(void)state;
	assert_int_equal(kill(hasher_pid(h), SIGKILL), 0);
	assert_int_equal(waitpid(hasher_pid(h), &status, 0), hasher_pid(h));
	assert_false(hasher_do(h, &t));
	assert_false(hasher_do(h, &t));
	assert_false(hasher_do(NULL, &t));
	password_do(&t);
	assert_true(t.good);
	password_wipe(t.password);
	hasher_free(h);
}

/* It holds no descriptor of its core's: a leash or a lock would outlive it. */
static void it_inherits_nothing(void **state)
{
	int pair[2];
	struct hasher *h;
	char byte;

	(void)state;
	assert_int_equal(pipe(pair), 0);
	h = hasher_start();
	close(pair[1]);
	assert_true(is_right(h, RIGHT)); /* it has begun */
	assert_int_equal(read(pair[0], &byte, 1), 0);
	close(pair[0]);
	ends(h);
}

/* A core that has begun its hasher and tells its number, then waits to be killed. */
static _Noreturn void be_a_core(int out)
{
	struct hasher *h = hasher_start();
	pid_t pid = h == NULL || !is_right(h, RIGHT) ? -1 : hasher_pid(h);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* should the test fail */
	if (write(out, &pid, sizeof pid) == (ssize_t)sizeof pid)
		for (;;)
			pause();
	_exit(1);
}

/* It stands still when its core dies, so that it cannot have seen the end of the connection. */
static void it_is_killed_with_its_core(void **state)
{
	int pair[2], status;
	pid_t core, hasher;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(pair), 0);
	core = fork();
	if (core == 0)
		be_a_core(pair[1]);
	assert_int_equal(read(pair[0], &hasher, sizeof hasher), sizeof hasher);
	assert_true(hasher > 0);
	assert_int_equal(kill(hasher, SIGSTOP), 0);
	assert_int_equal(kill(core, SIGKILL), 0);
	assert_int_equal(waitpid(core, &status, 0), core);
	assert_int_equal(kill(hasher, SIGCONT), 0);
	assert_int_equal(waitpid(hasher, &status, 0), hasher);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_answers_as_the_core_would_and_ends_with_it),
	    cmocka_unit_test(the_longest_password_is_right_and_a_longer_one_is_not),
	    cmocka_unit_test(without_a_hash_nothing_is_right),
	    cmocka_unit_test(who_waits_too_long_is_told_and_a_late_answer_is_nobodys),
	    cmocka_unit_test(without_it_passwords_are_checked_all_the_same),
	    cmocka_unit_test(it_inherits_nothing),
	    cmocka_unit_test(it_is_killed_with_its_core),
	};

	alarm(240);
	log_setup("test", LOG_LEVEL_OFF);
	password_hash_now(RIGHT, hash);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
