/* What a script says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/lib/device.h"
#include "client/term/script.h"

static enum err read_text(struct script *s, const char *text, struct diag *diag)
{
	char path[] = "/tmp/exam-script-XXXXXX";
	int fd = mkstemp(path);
	enum err err;

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(ERR_OK, file_replace(path, bytes_of_text(text)));
	*diag = (struct diag){0};
	err = script_read(s, path, diag);
	unlink(path);
	return err;
}

static char *options[] = {(char *)(uintptr_t) "a", (char *)(uintptr_t) "b", (char *)(uintptr_t) "c",
			  (char *)(uintptr_t) "d"};

static Examd__V1__FormItem choice_item(void)
{
	Examd__V1__FormItem item = EXAMD__V1__FORM_ITEM__INIT;

	item.kind = EXAMD__V1__ITEM_KIND__MULTIPLE;
	item.options = options;
	item.n_options = 4;
	item.choose = 2;
	return item;
}

static void items_options_and_codes_are_read(void **state)
{
	Examd__V1__FormItem choice = choice_item(), codes = EXAMD__V1__FORM_ITEM__INIT;
	Examd__V1__Answer answer;
	struct arena arena = {0};
	struct script s;
	struct diag diag;
	const char *detail;
	bool has;

	(void)state;
	assert_int_equal(ERR_OK, read_text(&s,
					   "1 B\n2=C,a # the first and the third\n\n"
					   "3 J18.9 - E11.9\nthink 5\nno-submit\nexpect saved 2\n",
					   &diag));
	assert_int_equal(5, s.think_ms);
	assert_false(s.submit);
	assert_int_equal(2, s.expects[0].least);
	assert_int_equal(ERR_OK, script_answer(&s, 1, &choice, &arena, &answer, &has, &detail));
	assert_true(has);
	assert_int_equal(2, answer.n_chosen);
	assert_int_equal(0, answer.chosen[0]);
	assert_int_equal(2, answer.chosen[1]);
	codes.kind = EXAMD__V1__ITEM_KIND__CODES;
	codes.n_fields = 3;
	assert_int_equal(ERR_OK, script_answer(&s, 2, &codes, &arena, &answer, &has, &detail));
	assert_int_equal(3, answer.n_codes);
	assert_string_equal("", answer.codes[1]);
	assert_string_equal("E11.9", answer.codes[2]);
	codes.n_fields = 2;
	assert_int_equal(ERR_INVALID, script_answer(&s, 2, &codes, &arena, &answer, &has, &detail));
	assert_int_equal(ERR_OK, script_answer(&s, 3, &choice, &arena, &answer, &has, &detail));
	assert_false(has);
	arena_fini(&arena);
	script_fini(&s);
	diag_fini(&diag);
}

static void an_option_that_is_not_there_is_no_answer(void **state)
{
	Examd__V1__FormItem choice = choice_item();
	Examd__V1__Answer answer;
	struct arena arena = {0};
	struct script s;
	struct diag diag;
	const char *detail;
	bool has;

	(void)state;
	assert_int_equal(ERR_OK, read_text(&s, "1 E\n", &diag));
	assert_int_equal(ERR_INVALID,
			 script_answer(&s, 0, &choice, &arena, &answer, &has, &detail));
	arena_fini(&arena);
	script_fini(&s);
	diag_fini(&diag);
}

/* The golden value: a later release answers alike, or a rehearsal cannot be repeated. */
static void chance_is_the_same_on_every_machine(void **state)
{
	Examd__V1__FormItem choice = choice_item();
	Examd__V1__Answer answer, again;
	struct arena arena = {0};
	struct script s, other;
	struct diag diag;
	const char *detail;
	unsigned differ = 0;
	bool has;

	(void)state;
	assert_int_equal(ERR_OK, read_text(&s, "answers random:42\n", &diag));
	assert_int_equal(ERR_OK, read_text(&other, "answers random:43\n", &diag));
	for (uint32_t i = 0; i < 50; i++) {
		assert_int_equal(ERR_OK,
				 script_answer(&s, i, &choice, &arena, &answer, &has, &detail));
		assert_int_equal(2, answer.n_chosen);
		assert_true(answer.chosen[0] < answer.chosen[1] && answer.chosen[1] < 4);
		assert_int_equal(ERR_OK,
				 script_answer(&other, i, &choice, &arena, &again, &has, &detail));
		differ += memcmp(answer.chosen, again.chosen, 2 * sizeof answer.chosen[0]) != 0;
	}
	assert_true(differ > 10);
	choice.choose = 0;
	choice.kind = EXAMD__V1__ITEM_KIND__SINGLE;
	assert_int_equal(ERR_OK, script_answer(&s, 0, &choice, &arena, &answer, &has, &detail));
	assert_int_equal(1, answer.n_chosen);
	assert_int_equal(digest_of("42:0", 4).b[0] % 4, answer.chosen[0]);
	arena_fini(&arena);
	script_fini(&s);
	script_fini(&other);
	diag_fini(&diag);
}

static void every_error_has_its_line(void **state)
{
	struct script s;
	struct diag diag;

	(void)state;
	assert_int_equal(ERR_BAD_INPUT,
			 read_text(&s,
				   "0 A\n1\nnonsense\nthink x\nrate 0\nstop-after 0\n"
				   "expect nothing\nsubmit now\nanswers\n1 A\n1 B\n",
				   &diag));
	assert_int_equal(10, diag.errors);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(i + 1, diag.entries[i].line);
	assert_int_equal(11, diag.entries[9].line);
	script_fini(&s);
	diag_fini(&diag);
}

#define RULE(name) cmocka_unit_test(name)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    RULE(items_options_and_codes_are_read),
	    RULE(an_option_that_is_not_there_is_no_answer),
	    RULE(chance_is_the_same_on_every_machine),
	    RULE(every_error_has_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
