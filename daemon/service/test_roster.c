/* Rosters as CSV: every error with its line and column, and nothing between the lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/service/people.h"
#include "daemon/service/people_csv.h"

struct reading {
	struct roster roster;
	struct arena arena;
	struct diag diag;
	enum err err;
};

static void read_bytes(struct reading *r, const void *data, size_t len)
{
	*r = (struct reading){0};
	r->err = roster_parse(&r->roster, bytes_of(data, len), "r.csv", &r->arena, &r->diag);
	diag_sort(&r->diag);
	assert_int_equal(r->err, r->diag.errors > 0 ? ERR_BAD_INPUT : ERR_OK);
}

static void done(struct reading *r)
{
	roster_fini(&r->roster);
	arena_fini(&r->arena);
	diag_fini(&r->diag);
}

/* What is said of a text, as "LINE:COLUMN RULE" a line each; warnings have a '?' before it. */
static char *said(const char *text, char *out, size_t size)
{
	struct reading r;
	size_t i, len = 0;

	read_bytes(&r, text, strlen(text));
	out[0] = '\0';
	for (i = 0; i < r.diag.length; i++) {
		const struct diag_entry *e = &r.diag.entries[i];

		assert_string_equal(e->file, "r.csv");
		len +=
		    (size_t)snprintf(out + len, size - len, "%s%u:%u %s\n",
				     e->level == DIAG_ERROR ? "" : "?", e->line, e->column, e->id);
	}
	done(&r);
	return out;
}

static void expect(const char *text, const char *expected)
{
	char buffer[4096];

	assert_string_equal(said(text, buffer, sizeof buffer), expected);
}

static void expect_row(const struct reading *r, size_t i, const char *user, const char *name,
		       const char *group, unsigned line)
{
	assert_true(i < r->roster.length);
	assert_string_equal(r->roster.rows[i].user, user);
	assert_string_equal(r->roster.rows[i].name, name);
	assert_string_equal(r->roster.rows[i].group, group);
	assert_int_equal(r->roster.rows[i].line, line);
}

/* ---- What is read ------------------------------------------------------------------------------
 */

static void test_columns_come_in_any_order_and_case(void **state)
{
	static const char text[] = "Extra time in percent,NAME,e-mail,Role,Group,ID\n"
				   "25%,Ann Lee,ann@x.org,Proctor,A,ann\n"
				   ",Ben,,,,ben\n";
	struct reading r;

	(void)state;
	read_bytes(&r, text, strlen(text));
	assert_int_equal(r.diag.length, 0);
	assert_int_equal(r.roster.length, 2);
	expect_row(&r, 0, "ann", "Ann Lee", "A", 2);
	assert_string_equal(r.roster.rows[0].email, "ann@x.org");
	assert_int_equal(r.roster.rows[0].role, EXAMD__V1__ROLE__ROLE_PROCTOR);
	assert_int_equal(r.roster.rows[0].extra_percent, 25);
	expect_row(&r, 1, "ben", "Ben", "", 3);
	assert_string_equal(r.roster.rows[1].email, "");
	assert_int_equal(r.roster.rows[1].role, EXAMD__V1__ROLE__ROLE_CANDIDATE);
	assert_int_equal(r.roster.rows[1].extra_percent, 0);
	done(&r);
}

static void test_every_kind_of_line_end_and_a_byte_order_mark_are_read(void **state)
{
	static const char *const texts[] = {
	    "id,name\nann,Ann\nben,Ben\n",
	    "id,name\r\nann,Ann\r\nben,Ben\r\n",
	    "id,name\rann,Ann\rben,Ben",
	    "id,name\nann,Ann\nben,Ben",
	    "\xef\xbb\xbfid,name\nann,Ann\nben,Ben\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct reading r;

		read_bytes(&r, texts[i], strlen(texts[i]));
		assert_int_equal(r.diag.length, 0);
		assert_int_equal(r.roster.length, 2);
		expect_row(&r, 0, "ann", "Ann", "", 2);
		expect_row(&r, 1, "ben", "Ben", "", 3);
		done(&r);
	}
}

static void test_empty_lines_are_passed_over_and_counted(void **state)
{
	static const char text[] = "id,name\n\nann,Ann\n   \n\r\nben,Ben\n";
	struct reading r;

	(void)state;
	read_bytes(&r, text, strlen(text));
	assert_int_equal(r.roster.length, 2);
	expect_row(&r, 0, "ann", "Ann", "", 3);
	expect_row(&r, 1, "ben", "Ben", "", 6);
	done(&r);
}

static void test_quoted_fields_may_hold_commas_quotes_and_characters_of_any_tongue(void **state)
{
	static const char text[] = "id,name\nann,\"Lee, \"\"Ann\"\"\"\nöz,Özgür\n";
	struct reading r;

	(void)state;
	read_bytes(&r, text, strlen(text));
	assert_int_equal(r.diag.length, 0);
	expect_row(&r, 0, "ann", "Lee, \"Ann\"", "", 2);
	expect_row(&r, 1, "öz", "Özgür", "", 3);
	done(&r);
}

static void test_an_unknown_column_is_a_warning_and_left_out(void **state)
{
	static const char text[] = "id,phone,name\nann,123,Ann\n";
	struct reading r;

	(void)state;
	expect(text, "?1:4 unknown-column\n");
	read_bytes(&r, text, strlen(text));
	assert_int_equal(r.err, ERR_OK);
	expect_row(&r, 0, "ann", "Ann", "", 2);
	done(&r);
}

/* ---- What is wrong with it ---------------------------------------------------------------------
 */

static void test_what_is_missing_from_the_first_line_is_said_once(void **state)
{
	(void)state;
	expect("", "1:1 empty\n");
	expect("\n\n", "1:1 empty\n");
	expect("id,name\n", "");
	expect("name\nAnn\nBen\n", "1:1 missing-column\n");
	expect("id\nann\nben\n", "1:1 missing-column\n");
	expect("\n\nphone\n1\n2\n",
	       "?3:1 unknown-column\n3:1 missing-column\n3:1 missing-column\n");
	expect("id,name,ID\nann,Ann,x\n", "1:9 duplicate-column\n");
	expect("id,user,name\nann,x,Ann\n", "1:4 duplicate-column\n");
}

static void test_each_field_is_checked_at_its_own_place(void **state)
{
	(void)state;
	expect("id,name\n,Ann\n", "2:1 no-id\n");
	expect("id,name\nann,\nben\n", "2:5 no-name\n3:1 no-name\n");
	expect("id,name\nann,Ann\nben,Ben\nann,Anna\n", "4:1 duplicate-id\n");
	expect("id,name,role\nann,Ann,chief\n", "2:9 bad-role\n");
	expect("id,name,email\nann,Ann,nowhere\n", "2:9 bad-email\n");
	expect(
	    "id,name,extra\na,A,301\nb,B,-1\nc,C,ten\nd,D,5%%\ne,E,99999999999999999999\nf,F,300\n",
	    "2:5 bad-extra-time\n3:5 bad-extra-time\n4:5 bad-extra-time\n5:5 bad-extra-time\n"
	    "6:5 bad-extra-time\n");
	expect("id,name\nann,Ann,more,and more\n", "2:9 too-many-fields\n");
}

static void test_columns_are_counted_in_characters(void **state)
{
	(void)state;
	expect("id,name,role\nöz,Özgür,chief\n", "2:10 bad-role\n");
	expect("\xef\xbb\xbfid,name,role\nann,Ann,chief\n", "2:9 bad-role\n");
}

static void test_after_a_quoted_newline_the_place_is_still_right(void **state)
{
	(void)state;
	/* The note of ann has three lines; her role stands on the third of them. */
	expect("id,note,name,role\nann,\"1\n2\n3\",Ann,chief\nben,,Ben,chief\n",
	       "?1:4 unknown-column\n4:8 bad-role\n5:10 bad-role\n");
	expect("id,note,name,role\r\nann,\"1\r\n2\",Ann,chief\r\nben,,Ben,chief\r\n",
	       "?1:4 unknown-column\n3:8 bad-role\n4:10 bad-role\n");
}

static void test_control_characters_are_refused(void **state)
{
	(void)state;
	expect("id,name\nann,\"Ann\nLee\"\n", "2:5 control-character\n");
	expect("id,name,group\na\x07nn,Ann,\x7f\n",
	       "2:1 control-character\n2:10 control-character\n");
}

static void test_what_is_not_utf8_is_refused(void **state)
{
	static const char with_nul[] = "id,name\nann,A\0nn\n";
	struct reading r;

	(void)state;
	expect("id,name\nann,M\xfcller\nben,Ben\n", "2:5 not-utf8\n2:5 no-name\n");
	read_bytes(&r, with_nul, sizeof with_nul - 1);
	assert_string_equal(r.diag.entries[0].id, "not-utf8");
	assert_int_equal(r.diag.entries[0].line, 2);
	assert_int_equal(r.diag.entries[0].column, 5);
	done(&r);
}

static void test_a_misplaced_quote_costs_its_line_and_the_others_are_read(void **state)
{
	(void)state;
	expect("id,name\nann,A\"nn,x\nben,\"Ben\"jamin\ncat,Cat\ncat,Cat\n",
	       "2:6 bad-csv\n3:10 bad-csv\n5:1 duplicate-id\n");
	expect("id,na\"me\nann,Ann\nann,Ann\n", "1:6 bad-csv\n3:1 duplicate-id\n");
}

static void test_a_quote_that_never_ends_is_told_where_it_began(void **state)
{
	(void)state;
	expect("id,name\nann,\"Ann\nben,Ben\ncat,Cat\n", "2:5 bad-csv\n");
}

/* A line with N letters in one column, from the pattern "...%s...". */
static char *with_letters(const char *pattern, size_t n)
{
	char *letters = mem_new(n + 1), *text;

	memset(letters, 'x', n);
	text = mem_printf("%.*s%s%s", (int)(strchr(pattern, '%') - pattern), pattern, letters,
			  strchr(pattern, '%') + 2);
	free(letters);
	return text;
}

static void test_each_length_has_a_bound_and_the_bound_itself_is_good(void **state)
{
	static const struct {
		const char *pattern;
		size_t most;
		const char *said;
	} bounds[] = {
	    {"id,name\n%s,A\n", USER_MOST, "2:1 too-long\n"},
	    {"id,name\na,%s\n", ROSTER_NAME_MOST, "2:3 too-long\n"},
	    {"id,name,email\na,A,a@%s\n", ROSTER_EMAIL_MOST - 2, "2:5 too-long\n"},
	    {"id,name,group\na,A,%s\n", ROSTER_GROUP_MOST, "2:5 too-long\n"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bounds / sizeof *bounds; i++) {
		char *good = with_letters(bounds[i].pattern, bounds[i].most);
		char *bad = with_letters(bounds[i].pattern, bounds[i].most + 1);

		expect(good, "");
		expect(bad, bounds[i].said);
		free(good);
		free(bad);
	}
}

static void test_a_line_has_at_most_64_fields(void **state)
{
	char text[512] = "id,name", expected[32];
	struct reading r;
	size_t i;

	(void)state;
	for (i = 2; i < 70; i++)
		strcat(text, ",c");
	strcat(text, "\na,A\n");
	read_bytes(&r, text, strlen(text));
	assert_int_equal(r.diag.errors, 1);
	assert_int_equal(r.diag.warnings, 62);
	for (i = 0; r.diag.entries[i].level != DIAG_ERROR; i++)
		;
	snprintf(expected, sizeof expected, "%u:%u", r.diag.entries[i].line,
		 r.diag.entries[i].column);
	assert_string_equal(expected, "1:133"); /* 8 + 62 times ",c", then the 65th */
	assert_string_equal(r.diag.entries[i].id, "too-many-fields");
	done(&r);
}

static void test_a_roster_has_at_most_20000_lines(void **state)
{
	struct buf text = {0};
	struct reading r;
	char line[64];
	int i;

	(void)state;
	buf_put_text(&text, "id,name\n");
	for (i = 0; i < ROSTER_MOST; i++) {
		snprintf(line, sizeof line, "u%d,U\n", i);
		buf_put_text(&text, line);
	}
	read_bytes(&r, buf_bytes(&text).data, buf_length(&text));
	assert_int_equal(r.err, ERR_OK);
	assert_int_equal(r.roster.length, ROSTER_MOST);
	done(&r);
	buf_put_text(&text, "v,V\nw,W\n");
	read_bytes(&r, buf_bytes(&text).data, buf_length(&text));
	assert_int_equal(r.diag.errors, 1);
	assert_string_equal(r.diag.entries[0].id, "too-many-rows");
	assert_int_equal(r.diag.entries[0].line, ROSTER_MOST + 2);
	done(&r);
	buf_fini(&text);
}

static void test_all_errors_of_a_file_are_told_at_once(void **state)
{
	(void)state;
	expect("id,name,role,extra\n"
	       ",Ann,,\n"
	       "ben,,boss,\n"
	       "cat,Cat,,999\n"
	       "cat,Cat,,1,2\n",
	       "2:1 no-id\n3:5 no-name\n3:6 bad-role\n4:10 bad-extra-time\n5:1 duplicate-id\n"
	       "5:12 too-many-fields\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_columns_come_in_any_order_and_case),
	    cmocka_unit_test(test_every_kind_of_line_end_and_a_byte_order_mark_are_read),
	    cmocka_unit_test(test_empty_lines_are_passed_over_and_counted),
	    cmocka_unit_test(
		test_quoted_fields_may_hold_commas_quotes_and_characters_of_any_tongue),
	    cmocka_unit_test(test_an_unknown_column_is_a_warning_and_left_out),
	    cmocka_unit_test(test_what_is_missing_from_the_first_line_is_said_once),
	    cmocka_unit_test(test_each_field_is_checked_at_its_own_place),
	    cmocka_unit_test(test_columns_are_counted_in_characters),
	    cmocka_unit_test(test_after_a_quoted_newline_the_place_is_still_right),
	    cmocka_unit_test(test_control_characters_are_refused),
	    cmocka_unit_test(test_what_is_not_utf8_is_refused),
	    cmocka_unit_test(test_a_misplaced_quote_costs_its_line_and_the_others_are_read),
	    cmocka_unit_test(test_a_quote_that_never_ends_is_told_where_it_began),
	    cmocka_unit_test(test_each_length_has_a_bound_and_the_bound_itself_is_good),
	    cmocka_unit_test(test_a_line_has_at_most_64_fields),
	    cmocka_unit_test(test_a_roster_has_at_most_20000_lines),
	    cmocka_unit_test(test_all_errors_of_a_file_are_told_at_once),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
