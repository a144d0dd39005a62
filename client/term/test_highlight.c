#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/term/highlight.h"

static const char text[] = "  Chest film:\nconsolidation, \xc3\xa9t\xc3\xa9 . ";

static void expect(bool found, uint32_t from, uint32_t to, bool got, struct mark m)
{
	assert_int_equal(found, got);
	assert_int_equal(from, m.from);
	assert_int_equal(to, m.to);
}

static void words_end_at_blanks_and_lines_and_at_nothing_else(void **state)
{
	struct mark m = {MARK_STEM, 0, 0};

	(void)state;
	expect(true, 2, 7, word_from(text, 0, &m), m);
	expect(true, 8, 13, word_from(text, m.to, &m), m);
	expect(true, 14, 28, word_from(text, m.to, &m), m);
	expect(true, 29, 34, word_from(text, m.to, &m), m);
	expect(true, 35, 36, word_from(text, m.to, &m), m);
	expect(false, 35, 36, word_from(text, m.to, &m), m);
}

static void going_back_gives_the_same_words(void **state)
{
	struct mark m = {MARK_STEM, 35, 36};

	(void)state;
	expect(true, 29, 34, word_before(text, m.from, &m), m);
	expect(true, 14, 28, word_before(text, m.from, &m), m);
	expect(true, 8, 13, word_before(text, m.from, &m), m);
	expect(true, 2, 7, word_before(text, m.from, &m), m);
	expect(false, 2, 7, word_before(text, m.from, &m), m);
	assert_false(word_from("", 0, &m));
	assert_false(word_before(" \n ", 3, &m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_end_at_blanks_and_lines_and_at_nothing_else),
	    cmocka_unit_test(going_back_gives_the_same_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
