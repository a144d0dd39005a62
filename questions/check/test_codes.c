/* The rules about codes: by invented tables, and by what was kept of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "questions/check/check.h"
#include "questions/check/facts.h"
#include "questions/check/scan.h"
#include "questions/model/test_findings.h"
#include "questions/tables/test_folder.h"

static struct test_folder folder;

static const struct test_file files[] = {
    {"icd10cm.tsv", "Q10\t0\tSore wing\nQ100\t1\tSore wing, left\nQ101\t1\tSore wing, right\n"
		    "Q11\t1\tBroken beak\n"},
    {"icd10cm_notes.tsv", "Q10\texcludes1\tbroken beak (Q11.-)\nQ10\tinclusion_term\tWing ache\n"},
    {"icd10cm_changes_fy2031.tsv", "Q999\tdeleted\t1\tMoulting\n"},
    {"icd10pcs.tsv", "0QT1XZZ\tResection of Wing\n"},
    {"hcpcs2.tsv", "A0001\tSeed, per cup\nA0002\tPerch, 1 i.u.\n"},
    {"hcpcs2_status.tsv", "A0001\t20000101\t20000101\t\nA0002\t20000101\t20000101\t\n"},
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

/* A bank of one item with two options and a few codes, until a test changes it. */
static struct option options[2];
static struct cited_code codes[4];
static struct item item, *list[] = {&item};
static struct bank bank;

static void given_codes(enum code_system system, const char *first, const char *second)
{
	options[0] = (struct option){.text = "yes", .right = true, .place = {11, 1}};
	options[1] = (struct option){.text = "no", .place = {12, 1}};
	codes[0] = (struct cited_code){system, first, {21, 1}};
	codes[1] = (struct cited_code){system, second, {22, 1}};
	item = (struct item){.id = "i",
			     .kind = ITEM_SINGLE,
			     .stem = "Which code?",
			     .options = options,
			     .noptions = 2,
			     .codes = codes,
			     .ncodes = second == NULL ? 1 : 2,
			     .place = {10, 1}};
	bank = (struct bank){.name = "b",
			     .title = "B",
			     .version = "1",
			     .code_year = "FY2031",
			     .hcpcs = "2030-10",
			     .items = list,
			     .nitems = 1};
}

static void take_facts(struct facts *facts)
{
	struct diag diag = {0};
	struct tables tables;

	assert_int_equal(ERR_OK, tables_open(&tables, folder.path, &diag));
	facts_take(facts, &bank, &tables);
	tables_close(&tables);
}

/* By the tables; and when nothing is unknown, by what is kept of them the same. */
static const char *findings(void)
{
	static char first[1024];
	struct facts facts = {0}, kept = {0};
	struct diag diag = {0}, again = {0};
	struct buf text = {0};

	take_facts(&facts);
	check_codes(&bank, "b.yaml", &facts, &diag);
	snprintf(first, sizeof first, "%s", test_findings(&diag));
	facts_print(&facts, &text);
	assert_int_equal(ERR_OK, facts_parse(&kept, buf_bytes(&text), "codes.lock", &again));
	check_codes(&bank, "b.yaml", &kept, &again);
	if (strstr(first, "unknown-code") == NULL)
		assert_string_equal(first, test_findings(&again));
	else
		assert_non_null(strstr(test_findings(&again), "not-looked-up"));
	facts_fini(&facts);
	facts_fini(&kept);
	buf_fini(&text);
	return first;
}

static void a_cited_code_is_in_its_table(void **state)
{
	static const struct {
		enum code_system system;
		const char *code, *found;
	} cases[] = {
	    {CODE_ICD10CM, "Q100", ""},
	    {CODE_ICD10CM, "Q10", ""},
	    {CODE_ICD10CM, "Q999", ""}, /* deleted, as a distractor */
	    {CODE_ICD10CM, "Q102", "21 unknown-code|"},
	    {CODE_ICD10PCS, "0QT1XZZ", ""},
	    {CODE_ICD10PCS, "0QT10ZZ", "21 unknown-code|"},
	    {CODE_HCPCS2, "A0001", ""},
	    {CODE_HCPCS2, "A0003", "21 unknown-code|"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		given_codes(cases[i].system, cases[i].code, NULL);
		assert_string_equal(cases[i].found, findings());
	}
}

static void the_first_character_that_no_table_allows_is_told(void **state)
{
	struct facts facts = {0};
	struct diag diag = {0};

	(void)state;
	given_codes(CODE_ICD10PCS, "0QT10ZZ", NULL);
	take_facts(&facts);
	check_codes(&bank, "b.yaml", &facts, &diag);
	assert_int_equal(1, diag.length);
	assert_non_null(strstr(diag.entries[0].text, "table 0QT gives character 5 the value 0"));
	facts_fini(&facts);
	diag_fini(&diag);
}

static void a_key_can_be_reported_but_a_distractor_need_not(void **state)
{
	static const struct {
		const char *stem, *key, *found;
	} cases[] = {
	    {"Which code?", "Q10.0", ""},
	    {"Which code?", "Q10", "11 not-billable|"},
	    {"Which code?", "Q10, Q10.0", "11 not-billable|"},
	    {"Which code?", "The category Q10", ""},
	    {"Which code is NOT complete?", "Q10", ""},
	    {"Which of these is a header?", "Q10", ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		given_codes(CODE_ICD10CM, "Q10", "Q100");
		item.stem = cases[i].stem;
		options[0].text = cases[i].key;
		options[1].text = "Q10";
		assert_string_equal(cases[i].found, findings());
	}
	given_codes(CODE_ICD10CM, "Q999", NULL);
	options[0].text = "Q99.9";
	assert_string_equal("11 code-ended|", findings());
}

static void a_code_that_a_field_accepts_can_be_reported(void **state)
{
	static const char *accept[] = {"Q10"};
	struct code_field field = {
	    .label = "First", .accept = accept, .naccept = 1, .place = {15, 1}};

	(void)state;
	given_codes(CODE_ICD10CM, "Q10", NULL);
	item.kind = ITEM_CODES;
	item.noptions = 0;
	item.fields = &field;
	item.nfields = 1;
	assert_string_equal("15 not-billable|", findings());
}

static void a_title_quoted_behind_its_code_is_the_official_one(void **state)
{
	static const struct {
		const char *text;
		bool found;
	} cases[] = {
	    {"Q10.0 \"Sore wing, left\" it is.", false},
	    {"Q10.0 (\"Sore wing, left.\")", false},
	    {"Q10.0, \"SORE Wing,  left\"", false},
	    {"Q10.0 \"Sore wing, right\"", true},
	    {"Q10.0: \xe2\x80\x9cSore wing\xe2\x80\x9d", true},
	    {"Q10.0 \"Wing ache\"", false}, /* an inclusion term above it */
	    {"Q10.0 \"Beak ache\"", true},
	    {"Q10.0 \"Use additional code for the beak\"", false},
	    {"Q10.0 \"sore\" is what the bird says", false},
	    {"Q10.0 \"Sore ... left\"", false},
	    {"Q10.0 is not \"Sore wing, right\"", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		given_codes(CODE_ICD10CM, "Q100", NULL);
		item.rationale = cases[i].text;
		assert_string_equal(cases[i].found ? "10 wrong-title|" : "", findings());
	}
	given_codes(CODE_HCPCS2, "A0002", NULL);
	options[0].why = "A0002 \"Perch, 1 i.u.\".";
	assert_string_equal("", findings());
}

static void codes_that_exclude_each_other_are_in_no_key_together(void **state)
{
	(void)state;
	given_codes(CODE_ICD10CM, "Q100", "Q11");
	options[0].text = "Q10.0";
	options[1].text = "Q11";
	assert_string_equal("", findings());
	options[0].text = "Q10.0, Q11";
	assert_string_equal("10 excludes1|", findings());
	options[0].text = "Q11 alone, since the note at its side keeps Q10.0 away";
	assert_string_equal("", findings());
	given_codes(CODE_ICD10CM, "Q100", "Q11");
	item.kind = ITEM_MULTIPLE;
	options[0].text = "Q10.0";
	options[1].text = "Q11";
	options[1].right = true;
	assert_string_equal("10 excludes1|", findings());
}

static void codes_that_a_field_accepts_in_each_others_place_may_exclude_each_other(void **state)
{
	static const char *both[] = {"Q100", "Q11"};
	struct code_field fields[2] = {
	    {.label = "First", .accept = both, .naccept = 2, .place = {15, 1}},
	    {.label = "Other", .accept = both + 1, .naccept = 1, .place = {16, 1}}};

	(void)state;
	given_codes(CODE_ICD10CM, "Q100", "Q11");
	item.kind = ITEM_CODES;
	item.noptions = 0;
	item.fields = fields;
	item.nfields = 1;
	assert_string_equal("", findings());
	fields[0].naccept = 1;
	item.nfields = 2;
	assert_string_equal("10 excludes1|", findings());
}

static void retired_items_are_passed_over_and_the_year_of_the_tables_counts(void **state)
{
	struct tables tables;
	struct diag diag = {0};

	(void)state;
	given_codes(CODE_ICD10CM, "Q102", NULL);
	item.review = REVIEW_RETIRED;
	assert_string_equal("", findings());
	assert_int_equal(ERR_OK, tables_open(&tables, folder.path, &diag));
	check_tables_year(&bank, "b.yaml", &tables, &diag);
	assert_int_equal(0, diag.length);
	bank.code_year = "FY2030";
	check_tables_year(&bank, "b.yaml", &tables, &diag);
	assert_string_equal("0 wrong-year|", test_findings(&diag));
	tables_close(&tables);
}

static void what_was_kept_for_another_year_was_not_looked_up(void **state)
{
	struct facts facts = {0};
	struct diag diag = {0};

	(void)state;
	given_codes(CODE_ICD10CM, "Q100", NULL);
	take_facts(&facts);
	bank.code_year = "FY2032";
	check_codes(&bank, "b.yaml", &facts, &diag);
	assert_string_equal("21 not-looked-up|", test_findings(&diag));
	facts_fini(&facts);
}

static void every_bad_line_of_a_lock_is_told(void **state)
{
	static const char text[] =
	    "# a comment\n\nicd10cm\tQ100\tFY2031\tbillable\tabc\n"
	    "icd10\tQ100\tFY2031\texcludes1\tQ11\nicd10cm\tQ100\tFY2031\texcludes1\tQ11\n"
	    "icd10cm\tQ100\tFY2031\texcludes1\tQ11\tmore\nicd10cm\tQ100\n";
	struct facts facts = {0};
	struct diag diag = {0};

	(void)state;
	assert_int_equal(ERR_BAD_INPUT,
			 facts_parse(&facts, bytes_of_text(text), "codes.lock", &diag));
	assert_true(facts_has(&facts, CODE_ICD10CM, "Q100", "FY2031", VERDICT_EXCLUDES1, "Q11"));
	assert_string_equal("3 bad-lock|4 bad-lock|6 bad-lock|7 bad-lock|", test_findings(&diag));
	facts_fini(&facts);
}

static void a_lock_is_sorted_and_has_no_line_twice(void **state)
{
	struct facts facts = {0};
	struct buf text = {0};
	const char *q100, *q11;

	(void)state;
	given_codes(CODE_ICD10CM, "Q11", "Q100");
	take_facts(&facts);
	take_facts(&facts);
	assert_int_equal(3, facts.length); /* two codes, and that they exclude each other */
	facts_print(&facts, &text);
	q100 = strstr(buf_text(&text), "icd10cm\tQ100\tFY2031\tbillable\t");
	q11 = strstr(buf_text(&text), "icd10cm\tQ11\tFY2031\tbillable\t");
	assert_non_null(q100);
	assert_non_null(q11);
	assert_true(q100 < q11);
	assert_non_null(strstr(buf_text(&text), "icd10cm\tQ100\tFY2031\texcludes1\tQ11\n"));
	buf_fini(&text);
	facts_fini(&facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_cited_code_is_in_its_table),
	    cmocka_unit_test(the_first_character_that_no_table_allows_is_told),
	    cmocka_unit_test(a_key_can_be_reported_but_a_distractor_need_not),
	    cmocka_unit_test(a_code_that_a_field_accepts_can_be_reported),
	    cmocka_unit_test(a_title_quoted_behind_its_code_is_the_official_one),
	    cmocka_unit_test(codes_that_exclude_each_other_are_in_no_key_together),
	    cmocka_unit_test(
		codes_that_a_field_accepts_in_each_others_place_may_exclude_each_other),
	    cmocka_unit_test(retired_items_are_passed_over_and_the_year_of_the_tables_counts),
	    cmocka_unit_test(what_was_kept_for_another_year_was_not_looked_up),
	    cmocka_unit_test(every_bad_line_of_a_lock_is_told),
	    cmocka_unit_test(a_lock_is_sorted_and_has_no_line_twice),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
