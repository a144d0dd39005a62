/* Reading code tables: small invented ones, in a directory of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/mem.h"
#include "questions/tables/tables.h"
#include "questions/tables/test_folder.h"

static struct test_folder folder;

static const struct test_file files[] = {
    {"icd10cm.tsv", "Q10\t0\tSore wing\nQ100\t1\tSore wing, left\nQ101\t1\tSore wing, right\n"
		    "Q11\t1\tBroken beak\nQ20\t1\tLost feather\nQ30\t1\tCold\n"},
    /* Not in the order of bytes: the table must not mind. */
    {"icd10cm_notes.tsv", "Q11\texcludes1\tbent beak (Q20.-)\n"
			  "Q10\tinclusion_term\tWing ache\n"
			  "Q10\texcludes1\tvitamin Q30 rash, any wing (Q11, Q40.1-Q40.3)\n"
			  "Q20-Q29\texcludes1\tcold (Q30)\n"},
    {"icd10cm_chapters_sections.tsv",
     "CH01\tchapter\tBirds (Q00-Q99)\nQ20-Q29\tsection\tFeathers (Q20-Q29)\n"},
    {"icd10cm_changes_fy2031.tsv", "Q99\tdeleted\t1\tMoulting\nQ30\tadded\t1\tCold\n"},
    {"icd10pcs.tsv", "0QT1XZZ\tResection of Wing\n0QT2XZZ\tResection of Beak\n"},
    {"hcpcs2.tsv", "A0001\tSeed, per cup\nA0002\tPerch, each\n"},
    {"hcpcs2_modifiers.tsv", "LW\tLeft wing\n"},
    {"hcpcs2_status.tsv", "A0001\t20000101\t20000101\t\nA0002\t20000101\t20000101\t20100101\n"},
};

static int make_folder(void **state)
{
	(void)state;
	test_folder_make(&folder, files, COUNT(files));
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return test_folder_remove(&folder, files, COUNT(files));
}

static void open_tables(struct tables *t)
{
	struct diag diag = {0};

	assert_int_equal(ERR_OK, tables_open(t, folder.path, &diag));
	assert_int_equal(0, diag.length);
	diag_fini(&diag);
}

static void assert_bytes(const char *wanted, struct bytes got)
{
	assert_true(bytes_equal(bytes_of_text(wanted), got));
}

static struct tsv open_text(const char *text)
{
	char *path = test_folder_file(&folder, "t.tsv");
	struct tsv t;

	test_folder_put(&folder, "t.tsv", text);
	assert_int_equal(ERR_OK, tsv_open(&t, path));
	unlink(path);
	free(path);
	return t;
}

static void rows_are_found_by_their_first_cell_in_any_order_of_the_file(void **state)
{
	struct tsv t = open_text("b\t1\nA\t2\na\t3\nab\t4\na\t5\n\nb2\t6");
	struct tsv_span span = tsv_find(&t, bytes_of_text("a"));

	(void)state;
	assert_int_equal(6, t.nrows);
	assert_int_equal(2, span.count);
	assert_bytes("3", tsv_cell(&t, span.first, 1));
	assert_bytes("5", tsv_cell(&t, span.first + 1, 1));
	assert_int_equal(3, tsv_find_prefix(&t, bytes_of_text("a")).count);
	assert_int_equal(2, tsv_find_prefix(&t, bytes_of_text("b")).count);
	assert_int_equal(6, tsv_find_prefix(&t, bytes_of_text("")).count);
	assert_int_equal(0, tsv_find(&t, bytes_of_text("aba")).count);
	assert_int_equal(0, tsv_find(&t, bytes_of_text("c")).count);
	assert_int_equal(0, tsv_find(&t, bytes_of_text("0")).count);
	tsv_close(&t);
}

static void cells_end_at_tabs_and_lines_and_past_the_last_they_are_empty(void **state)
{
	struct tsv t = open_text("k\t\tthird\r\nl\tx");

	(void)state;
	assert_bytes("", tsv_cell(&t, 0, 1));
	assert_bytes("third", tsv_cell(&t, 0, 2));
	assert_bytes("", tsv_cell(&t, 0, 3));
	assert_bytes("x", tsv_cell(&t, 1, 1));
	assert_bytes("", tsv_cell(&t, 1, 2));
	tsv_close(&t);
}

static void an_empty_file_has_no_rows_and_a_missing_one_is_told(void **state)
{
	struct tsv t = open_text("");
	char *path = test_folder_file(&folder, "none.tsv");

	(void)state;
	assert_int_equal(0, t.nrows);
	assert_int_equal(0, tsv_find(&t, bytes_of_text("a")).count);
	tsv_close(&t);
	assert_int_equal(ERR_NOT_FOUND, tsv_open(&t, path));
	assert_int_equal(ERR_IO, tsv_open(&t, folder.path));
	free(path);
}

static void a_code_is_billable_a_header_ended_or_unknown(void **state)
{
	static const struct {
		enum code_system system;
		const char *code;
		enum standing standing;
		const char *title;
	} cases[] = {
	    {CODE_ICD10CM, "Q100", STANDING_BILLABLE, "Sore wing, left"},
	    {CODE_ICD10CM, "Q10", STANDING_HEADER, "Sore wing"},
	    {CODE_ICD10CM, "Q30", STANDING_BILLABLE, "Cold"},
	    {CODE_ICD10CM, "Q99", STANDING_ENDED, "Moulting"},
	    {CODE_ICD10CM, "Q1", STANDING_UNKNOWN, ""},
	    {CODE_ICD10CM, "Q1000", STANDING_UNKNOWN, ""},
	    {CODE_ICD10PCS, "0QT1XZZ", STANDING_BILLABLE, "Resection of Wing"},
	    {CODE_ICD10PCS, "0QT3XZZ", STANDING_UNKNOWN, ""},
	    {CODE_HCPCS2, "A0001", STANDING_BILLABLE, "Seed, per cup"},
	    {CODE_HCPCS2, "A0002", STANDING_ENDED, "Perch, each"},
	    {CODE_HCPCS2, "A0003", STANDING_UNKNOWN, ""},
	    {CODE_HCPCS2, "LW", STANDING_BILLABLE, "Left wing"},
	    {CODE_HCPCS2, "RW", STANDING_UNKNOWN, ""},
	};
	struct tables t;
	size_t i;

	(void)state;
	open_tables(&t);
	for (i = 0; i < COUNT(cases); i++) {
		struct official o = tables_look_up(&t, cases[i].system, cases[i].code);

		assert_int_equal(cases[i].standing, o.standing);
		assert_bytes(cases[i].title, o.title);
	}
	assert_string_equal("FY2031", t.year);
	tables_close(&t);
}

static void how_far_a_procedure_code_can_be_built_is_told(void **state)
{
	struct tables t;

	(void)state;
	open_tables(&t);
	assert_int_equal(7, tables_pcs_reach(&t, "0QT1XZZ"));
	assert_int_equal(4, tables_pcs_reach(&t, "0QT14ZZ"));
	assert_int_equal(3, tables_pcs_reach(&t, "0QT9XZZ"));
	assert_int_equal(0, tables_pcs_reach(&t, "1"));
	tables_close(&t);
}

static void an_excludes1_note_holds_for_all_below_it_and_in_both_directions(void **state)
{
	static const struct {
		const char *a, *b;
		bool exclude;
	} cases[] = {
	    {"Q100", "Q11", true},   {"Q11", "Q101", true}, {"Q100", "Q4022", true},
	    {"Q100", "Q404", false}, {"Q11", "Q205", true}, {"Q100", "Q205", false},
	    {"Q20", "Q30", true},   /* a note of the section */
	    {"Q100", "Q30", false}, /* a word that looks like a code */
	    {"Q100", "Q101", false},
	};
	struct tables t;
	size_t i;

	(void)state;
	open_tables(&t);
	for (i = 0; i < COUNT(cases); i++) {
		assert_int_equal(cases[i].exclude, tables_exclude(&t, cases[i].a, cases[i].b));
		assert_int_equal(cases[i].exclude, tables_exclude(&t, cases[i].b, cases[i].a));
	}
	assert_true(tables_has_note(&t, "Q101", bytes_of_text("wing ACHE")));
	assert_false(tables_has_note(&t, "Q11", bytes_of_text("Wing ache")));
	tables_close(&t);
}

static void lists_of_codes_are_read_as_notes_print_them(void **state)
{
	struct bytes list = bytes_of_text("B41.-, J70.2-J70.4, C7A, Z00.11-");

	(void)state;
	assert_true(notes_list_holds(list, "B410"));
	assert_true(notes_list_holds(list, "J703"));
	assert_true(notes_list_holds(list, "J7041"));
	assert_true(notes_list_holds(list, "C7A010"));
	assert_true(notes_list_holds(list, "Z00111"));
	assert_false(notes_list_holds(list, "J705"));
	assert_false(notes_list_holds(list, "J70"));
	assert_false(notes_list_holds(list, "Z0012"));
	assert_false(notes_list_holds(bytes_of_text("see AB41 and 41"), "B41"));
}

static void a_table_that_is_needed_is_missed_by_its_name_and_others_are_not(void **state)
{
	struct diag diag = {0};
	struct tables t;

	(void)state;
	test_folder_drop(&folder, "icd10pcs.tsv");
	test_folder_drop(&folder, "hcpcs2_modifiers.tsv");
	assert_int_equal(ERR_NOT_FOUND, tables_open(&t, folder.path, &diag));
	assert_int_equal(1, diag.errors);
	assert_non_null(strstr(diag.entries[0].text, "icd10pcs.tsv"));
	assert_int_equal(0, t.of[TABLE_CM].nrows);
	diag_fini(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_are_found_by_their_first_cell_in_any_order_of_the_file),
	    cmocka_unit_test(cells_end_at_tabs_and_lines_and_past_the_last_they_are_empty),
	    cmocka_unit_test(an_empty_file_has_no_rows_and_a_missing_one_is_told),
	    cmocka_unit_test(a_code_is_billable_a_header_ended_or_unknown),
	    cmocka_unit_test(how_far_a_procedure_code_can_be_built_is_told),
	    cmocka_unit_test(an_excludes1_note_holds_for_all_below_it_and_in_both_directions),
	    cmocka_unit_test(lists_of_codes_are_read_as_notes_print_them),
	    cmocka_unit_test(a_table_that_is_needed_is_missed_by_its_name_and_others_are_not),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
