/* Reports: what a spreadsheet, a terminal and a program get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/report/report.h"
#include "proto/base/mem.h"

static const struct report_section ann_sections[] = {{"surgery", 500, 1000},
						     {"coding, E/M", 250, 400}};
static const struct report_section bob_sections[] = {{"coding, E/M", 400, 400}, {"law", 0, 100}};
static const int32_t ann_items[] = {100, 0, 50};

static const struct report_row room[] = {
    {.attempt = {1},
     .user = "ann",
     .name = "M\xc3\xbcller, Ann",
     .exam = "cpc",
     .state = "submitted",
     .scored = true,
     .points = 750,
     .most = 1400,
     .sections = ann_sections,
     .nsections = 2,
     .used = {3725999},
     .started = {1795417200000},
     .closed = {1795420925999},
     .answered = 2,
     .items = 3,
     .item_points = ann_items,
     .nitem_points = 3},
    {.attempt = {2},
     .user = "bob",
     .name = "=cmd|' /C calc'!A0",
     .exam = "cpc",
     .state = "expired",
     .scored = true,
     .points = 400,
     .most = 500,
     .scaled = 320,
     .passed = true,
     .sections = bob_sections,
     .nsections = 2,
     .used = {60000}},
    {.attempt = {3}, .user = "eve", .name = NULL, .exam = "cpc", .state = "running", .items = 3},
};

static void then_csv_is(const struct report_row *rows, size_t n, const char *want)
{
	struct buf out = {0};

	report_csv(&out, rows, n);
	assert_string_equal(want, buf_text(&out));
	buf_fini(&out);
}

#define HEAD                                                                                       \
	"attempt,user,name,exam,state,points,points_most,percent,scaled,passed,answered,items,"    \
	"used_seconds,started,closed"

static void csv_has_one_line_a_candidate_and_a_column_a_section(void **state)
{
	(void)state;
	then_csv_is(room, COUNT(room),
		    HEAD ",section surgery,section surgery most,"
			 "\"section coding, E/M\",\"section coding, E/M most\","
			 "section law,section law most,item_1,item_2,item_3\r\n"
			 "1,ann,\"M\xc3\xbcller, Ann\",cpc,submitted,7.50,14.00,53.5,,no,2,3,3725,"
			 "2026-11-23T07:00:00.000Z,2026-11-23T08:02:05.999Z,"
			 "5.00,10.00,2.50,4.00,,,1.00,0.00,0.50\r\n"
			 "2,bob,'=cmd|' /C calc'!A0,cpc,expired,4.00,5.00,80.0,320,yes,0,0,60,,,"
			 ",,4.00,4.00,0.00,1.00,,,\r\n"
			 "3,eve,,cpc,running,,,,,,0,3,0,,,,,,,,,,,\r\n");
}

static void csv_of_nobody_is_a_header(void **state)
{
	(void)state;
	then_csv_is(NULL, 0, HEAD "\r\n");
}

static void a_text_cannot_be_a_formula_and_is_quoted_where_it_must_be(void **state)
{
	static const struct {
		const char *text, *cell;
	} cases[] = {
	    {"plain", "plain"},	   {"=1+1", "'=1+1"}, {"+1", "'+1"},
	    {"-1", "'-1"},	   {"@a", "'@a"},     {"\tx", "'\tx"},
	    {"\rx", "\"'\rx\""},   {"a=b", "a=b"},    {"a\"b", "\"a\"\"b\""},
	    {"a\nb", "\"a\nb\""},  {" a", "\" a\""},  {"a ", "\"a \""},
	    {"=a,b", "\"'=a,b\""}, {"", ""},	      {"'q'", "'q'"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct report_row r = {.attempt = {9}, .user = cases[i].text};
		char *want = mem_printf(HEAD "\r\n9,%s,,,,,,,,,0,0,0,,\r\n", cases[i].cell);

		then_csv_is(&r, 1, want);
		free(want);
	}
}

static void percent_is_rounded_down_and_points_are_exact(void **state)
{
	struct buf out = {0};

	(void)state;
	assert_int_equal(666, report_permille(2, 3));
	assert_int_equal(1000, report_permille(14000, 14000));
	assert_int_equal(699, report_permille(69999, 100000));
	report_points(&out, 5);
	report_points(&out, -1250);
	assert_string_equal("0.05-12.50", buf_text(&out));
	buf_fini(&out);
}

static void then_table_is(const struct report_row *rows, size_t n, unsigned width, const char *want)
{
	struct buf out = {0};

	report_table(&out, rows, n, width);
	assert_string_equal(want, buf_text(&out));
	buf_fini(&out);
}

static void the_table_has_a_column_a_section_and_a_summary(void **state)
{
	(void)state;
	then_table_is(
	    room, COUNT(room), 0,
	    "user  name                state          points  score  result     used     surgery  "
	    "coding, E/M        law\n"
	    "ann   M\xc3\xbcller, Ann         submitted  7.50/14.00  53.5%  fail    1:02:05  "
	    "5.00/10.00    2.50/4.00\n"
	    "bob   =cmd|' /C calc'!A0  expired     4.00/5.00    320  pass    0:01:00              "
	    "  4.00/4.00  0.00/1.00\n"
	    "eve                       running                               0:00:00\n"
	    "3 candidates, 2 scored, 1 passed, mean 66.7%\n");
}

static void sections_of_a_narrow_table_are_numbered_and_explained(void **state)
{
	(void)state;
	then_table_is(room, 1, 60,
		      "user  name         state          points  score  result     used         "
		      "[1]        [2]\n"
		      "ann   M\xc3\xbcller, Ann  submitted  7.50/14.00  53.5%  fail    1:02:05  "
		      "5.00/10.00  2.50/4.00\n"
		      "[1] surgery\n"
		      "[2] coding, E/M\n"
		      "1 candidates, 1 scored, 0 passed, mean 53.5%\n");
}

static void width_is_what_a_screen_shows(void **state)
{
	(void)state;
	assert_int_equal(3, report_width("abc"));
	assert_int_equal(6, report_width("M\xc3\xbcller"));
	assert_int_equal(4, report_width("\xe7\x8e\x8b\xe8\x8a\xb3")); /* two wide ones */
	assert_int_equal(1, report_width("e\xcc\x81"));		       /* combining */
	assert_int_equal(3, report_width("a\xff"
					 "b")); /* stray */
	assert_int_equal(2, report_width("\xc3"
					 "b")); /* cut off */
}

static void a_name_cannot_command_a_terminal_and_is_cut_when_long(void **state)
{
	struct report_row r = {
	    .user = "a\x1b[2J", .name = "abcdefghijklmnopqrstuvwxyz", .state = "x"};

	(void)state;
	then_table_is(&r, 1, 0,
		      "user   name                      state  points  score  result     used\n"
		      "a?[2J  abcdefghijklmnopqrstuvw\xe2\x80\xa6  x                             "
		      "0:00:00\n"
		      "1 candidates, 0 scored, 0 passed\n");
}

static void json_has_whole_numbers_and_null_for_what_is_not_there(void **state)
{
	struct buf out = {0};
	json_t *all, *ann, *eve, *sections;

	(void)state;
	report_json(&out, room, COUNT(room));
	all = json_loads(buf_text(&out), 0, NULL);
	assert_int_equal(3, json_array_size(all));
	ann = json_array_get(all, 0);
	eve = json_array_get(all, 2);
	assert_string_equal("M\xc3\xbcller, Ann", json_string_value(json_object_get(ann, "name")));
	assert_int_equal(750, json_integer_value(json_object_get(ann, "points_hundredths")));
	assert_int_equal(535, json_integer_value(json_object_get(ann, "permille")));
	assert_true(json_is_null(json_object_get(ann, "scaled")));
	assert_true(json_is_false(json_object_get(ann, "passed")));
	sections = json_object_get(ann, "sections");
	assert_int_equal(2, json_array_size(sections));
	assert_string_equal(
	    "coding, E/M", json_string_value(json_object_get(json_array_get(sections, 1), "name")));
	assert_int_equal(3, json_array_size(json_object_get(ann, "item_points_hundredths")));
	assert_true(json_is_null(json_object_get(eve, "points_hundredths")));
	assert_true(json_is_null(json_object_get(eve, "passed")));
	assert_true(json_is_null(json_object_get(eve, "closed")));
	json_decref(all);
	buf_fini(&out);
}

static void a_text_that_is_not_utf8_is_null_in_json(void **state)
{
	struct report_row r = {.user = "\xff"};
	struct buf out = {0};
	json_t *all;

	(void)state;
	report_json(&out, &r, 1);
	all = json_loads(buf_text(&out), 0, NULL);
	assert_true(json_is_null(json_object_get(json_array_get(all, 0), "user")));
	json_decref(all);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(csv_has_one_line_a_candidate_and_a_column_a_section),
	    cmocka_unit_test(csv_of_nobody_is_a_header),
	    cmocka_unit_test(a_text_cannot_be_a_formula_and_is_quoted_where_it_must_be),
	    cmocka_unit_test(percent_is_rounded_down_and_points_are_exact),
	    cmocka_unit_test(the_table_has_a_column_a_section_and_a_summary),
	    cmocka_unit_test(sections_of_a_narrow_table_are_numbered_and_explained),
	    cmocka_unit_test(width_is_what_a_screen_shows),
	    cmocka_unit_test(a_name_cannot_command_a_terminal_and_is_cut_when_long),
	    cmocka_unit_test(json_has_whole_numbers_and_null_for_what_is_not_there),
	    cmocka_unit_test(a_text_that_is_not_utf8_is_null_in_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
