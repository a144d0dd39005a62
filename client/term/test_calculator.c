#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/term/calculator.h"

static void expect(const char *text, const char *value)
{
	char out[CALCULATED_SIZE];

	assert_true(calculate(text, out));
	assert_string_equal(value, out);
}

static void expect_none(const char *text, const char *why)
{
	char out[CALCULATED_SIZE];

	assert_false(calculate(text, out));
	assert_string_equal(why, out);
}

static void decimals_come_out_as_one_writes_them(void **state)
{
	(void)state;
	expect("0.1+0.2", "0.3");
	expect("1.1*3", "3.3");
	expect("12,5*2", "25");
	expect("10/4", "2.5");
	expect("2/3", "0.666666666667");
	expect("7", "7");
	expect(".5+.5", "1");
	expect("0-0", "0");
	expect("-0", "0");
}

static void points_go_before_strokes_and_parentheses_before_both(void **state)
{
	(void)state;
	expect("2+3*4", "14");
	expect("(2+3)*4", "20");
	expect("20-6-4", "10");
	expect("24/4/2", "3");
	expect("-(2+3)*-2", "10");
	expect(" 1 + 1 ", "2");
}

static void what_has_no_value_says_why(void **state)
{
	(void)state;
	expect_none("", "");
	expect_none("  ", "");
	expect_none("1+", "a number is missing");
	expect_none("1/0", "nothing can be divided by 0");
	expect_none("1/(2-2)", "nothing can be divided by 0");
	expect_none("(1+2", "a ) is missing");
	expect_none("1+2)", "a ( is missing");
	expect_none("2 3", "+ - * or / is missing");
	expect_none("1.2.3", "a number is missing");
	expect_none(".", "a number is missing");
}

/* Nothing that a library would read as a number, and nothing deep enough to hurt. */
static void only_digits_are_numbers_and_depth_is_bounded_by_what_can_be_typed(void **state)
{
	char deep[CALCULATION_MOST + 1], out[CALCULATED_SIZE];

	(void)state;
	expect_none("inf", "a number is missing");
	expect_none("0x10", "+ - * or / is missing");
	expect_none("1e5", "+ - * or / is missing");
	memset(deep, '(', CALCULATION_MOST);
	deep[CALCULATION_MOST] = '\0';
	assert_false(calculate(deep, out));
	memset(deep, '9', CALCULATION_MOST);
	assert_true(calculate(deep, out));
	assert_true(is_calculation_character('*'));
	assert_false(is_calculation_character('e'));
	assert_false(is_calculation_character(0x110000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(decimals_come_out_as_one_writes_them),
	    cmocka_unit_test(points_go_before_strokes_and_parentheses_before_both),
	    cmocka_unit_test(what_has_no_value_says_why),
	    cmocka_unit_test(only_digits_are_numbers_and_depth_is_bounded_by_what_can_be_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
