/* The rules that a bank should keep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "questions/check/check.h"
#include "questions/model/test_findings.h"

static const char *source[] = {"Guidelines, Section I"};
static struct item_section in_x[] = {{"cpc", "x"}};

/* A bank of up to MOST items that keeps every rule, until a test changes it.  Item I stands on
 * line 10 * (I + 1), its options on the lines behind it. */
#define MOST 50
static struct option options[MOST][4];
static char stems[MOST][40], ids[MOST][40];
static struct item items[MOST];
static struct item *list[MOST];
static struct bank bank;

static void given_bank(size_t n)
{
	static const char *const texts[] = {"first", "other", "third", "whole"};
	size_t i, k;

	for (i = 0; i < n; i++) {
		unsigned line = 10 * ((unsigned)i + 1);

		snprintf(stems[i], sizeof stems[i], "Which of %zu?", i);
		snprintf(ids[i], sizeof ids[i], "i%zu", i);
		for (k = 0; k < 4; k++)
			options[i][k] = (struct option){.text = texts[k],
							.why = "It says so.",
							.right = k == i % 4,
							.place = {line + (unsigned)k + 1, 9}};
		items[i] = (struct item){.id = ids[i],
					 .kind = ITEM_SINGLE,
					 .stem = stems[i],
					 .rationale = "Because.",
					 .level = LEVEL_APPLICATION,
					 .options = options[i],
					 .noptions = 4,
					 .sections = in_x,
					 .nsections = 1,
					 .references = source,
					 .nreferences = 1,
					 .review = REVIEW_REVIEWED,
					 .place = {line, 5}};
		list[i] = &items[i];
	}
	bank = (struct bank){.name = "b",
			     .title = "B",
			     .version = "1",
			     .code_year = "FY2031",
			     .hcpcs = "2030-10",
			     .items = list,
			     .nitems = n};
}

static const char *findings(void)
{
	struct diag diag = {0};

	check_bank(&bank, "b.yaml", &diag);
	return test_findings(&diag);
}

static void a_bank_that_keeps_every_rule_has_no_finding(void **state)
{
	(void)state;
	given_bank(MOST);
	assert_string_equal("", findings());
	given_bank(0);
	assert_string_equal("", findings());
}

static void rationale_reference_and_review_are_missed(void **state)
{
	(void)state;
	given_bank(3);
	items[0].rationale = NULL;
	items[1].nreferences = 0;
	items[2].review = REVIEW_DRAFT;
	assert_string_equal("10 missing-rationale|20 missing-reference|30 draft|", findings());
	items[0].review = items[1].review = items[2].review = REVIEW_RETIRED;
	assert_string_equal("", findings());
}

static void options_that_read_the_same_are_found(void **state)
{
	(void)state;
	given_bank(2);
	options[0][2].text = "  First ";
	options[0][3].text = "FIRST";
	options[1][3].text = "firs t";
	assert_string_equal("13 duplicate-option|14 duplicate-option|", findings());
}

static void stems_that_ask_the_same_of_the_same_stimulus_are_found(void **state)
{
	struct item_set one = {.id = "one", .stimulus = "R1"},
			two = {.id = "two", .stimulus = "R2"};

	(void)state;
	given_bank(4);
	items[2].stem = "which  of 0?\n";
	assert_string_equal("30 duplicate-stem|", findings());
	items[2].review = REVIEW_RETIRED;
	assert_string_equal("", findings());
	given_bank(4);
	items[0].stem = items[1].stem = items[2].stem = "The principal diagnosis?";
	items[0].set = &one;
	items[1].set = &two;
	assert_string_equal("", findings());
	items[1].set = &one;
	assert_string_equal("20 duplicate-stem|", findings());
}

static void what_looks_like_a_licensed_code_is_found_and_plain_numbers_are_not(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} cases[] = {
	    {"Report 99213.", true},
	    {"(99213-25)", true},
	    {"99213", true},
	    {"0042T", true},
	    {"0001U", true},
	    {"3044F", true},
	    {"D0120", true},
	    {"A code: D2740, a crown", true},
	    {"10,000 to 69,999", false},
	    {"123456", false},
	    {"1234", false},
	    {"12345.6 units", false},
	    {"2.12345", false},
	    {"$12500", false},
	    {"1,12345", false},
	    {"Ends in 12345.", true},
	    {"Ends in 12345, and", true},
	    {"65 Fed. Reg. 82462", false},
	    {"82 FR 52976", false},
	    {"E11.9, D50.0, J0696", false},
	    {"0DTJ4ZZ and 02703ZZ", false},
	    {"FY2026", false},
	    {"5000U", false},
	    {"A99213", false},
	    {"99213A", false},
	    {"D012", false},
	    {"D01200", false},
	};
	static const char *cited[1];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		given_bank(1);
		cited[0] = cases[i].text;
		items[0].references = cited;
		assert_string_equal(cases[i].is ? "10 forbidden-content|" : "", findings());
		bank.requires = source;
		bank.nrequires = 1;
		assert_string_equal("", findings());
	}
}

static void licensed_codes_are_found_in_every_text_and_in_retired_items_too(void **state)
{
	static const char *codes[] = {"99213"}, *cited[] = {"99213 and more"};
	struct code_field field = {
	    .label = "99213", .accept = codes, .naccept = 1, .place = {15, 1}};
	struct item_set set = {.stimulus = "99213", .place = {2, 1}}, *sets[] = {&set};

	(void)state;
	given_bank(2);
	bank.title = bank.notice = "99213";
	bank.sets = sets;
	bank.nsets = 1;
	items[0].review = REVIEW_RETIRED;
	items[0].stem = items[0].rationale = "99213";
	items[0].references = cited;
	items[0].fields = &field;
	items[0].nfields = 1;
	options[0][1].text = options[0][3].why = "99213 99214";
	assert_string_equal("0 forbidden-content|0 forbidden-content|2 forbidden-content|"
			    "10 forbidden-content|10 forbidden-content|10 forbidden-content|"
			    "12 forbidden-content|12 forbidden-content|14 forbidden-content|"
			    "14 forbidden-content|15 forbidden-content|15 forbidden-content|",
			    findings());
}

static void a_cited_code_has_the_shape_of_its_system(void **state)
{
	static const struct {
		enum code_system system;
		const char *code, *findings;
	} cases[] = {
	    {CODE_ICD10CM, "E119", ""},
	    {CODE_ICD10CM, "I10", ""},
	    {CODE_ICD10CM, "C7A010", ""},
	    {CODE_ICD10CM, "S72001A", ""},
	    {CODE_ICD10CM, "D5700", ""},
	    {CODE_ICD10CM, "E1", "12 code-shape|"},
	    {CODE_ICD10CM, "QA00102", ""},
	    {CODE_ICD10CM, "EB19", "12 code-shape|"},
	    {CODE_ICD10CM, "119E", "12 code-shape|"},
	    {CODE_ICD10CM, "S72001AA", "12 code-shape|"},
	    {CODE_ICD10CM, "E11-9", "12 code-shape|"},
	    {CODE_ICD10PCS, "0DTJ4ZZ", ""},
	    {CODE_ICD10PCS, "0DTJ4Z", "12 code-shape|"},
	    {CODE_ICD10PCS, "0DTO4ZZ", "12 code-shape|"},
	    {CODE_ICD10PCS, "0DTI4ZZ", "12 code-shape|"},
	    {CODE_HCPCS2, "J0696", ""},
	    {CODE_HCPCS2, "LT", ""},
	    {CODE_HCPCS2, "X1", ""},
	    {CODE_HCPCS2, "25", "12 code-shape|"},
	    {CODE_HCPCS2, "W0696", "12 code-shape|"},
	    {CODE_HCPCS2, "J069", "12 code-shape|"},
	    {CODE_HCPCS2, "99213", "12 code-shape|12 forbidden-content|"},
	    {CODE_HCPCS2, "D0120", "12 forbidden-content|"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct cited_code code = {cases[i].system, cases[i].code, {12, 3}};

		given_bank(1);
		items[0].codes = &code;
		items[0].ncodes = 1;
		assert_string_equal(cases[i].findings, findings());
	}
}

static void a_diagnosis_without_its_dot_is_no_dental_code_where_it_is_cited(void **state)
{
	struct cited_code code = {CODE_ICD10CM, "D5700", {12, 3}};

	(void)state;
	given_bank(1);
	items[0].stem = "Is it D5700?";
	assert_string_equal("10 unlisted-code|10 forbidden-content|", findings());
	items[0].codes = &code;
	items[0].ncodes = 1;
	assert_string_equal("", findings());
}

/* N items, LONGEST of them with the longest option as their key. */
static const char *findings_of_keys(size_t n, size_t longest)
{
	size_t i;

	given_bank(n);
	for (i = 0; i < longest; i++)
		options[i][i % 4].text = "the longest";
	return findings();
}

static void keys_that_are_the_longest_option_in_more_than_a_third_are_found(void **state)
{
	size_t i;

	(void)state;
	assert_string_equal("", findings_of_keys(5, 5));
	assert_string_equal("", findings_of_keys(6, 2));
	assert_string_equal("10 longest-key|", findings_of_keys(6, 3));
	assert_string_equal("", findings_of_keys(45, 15));
	assert_string_equal("10 longest-key|", findings_of_keys(45, 16));
	for (i = 0; i < 16; i++)
		options[i][(i + 1) % 4].text =
		    "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"; /* 6 long */
	assert_string_equal("10 longest-key|", findings());
	for (i = 0; i < 16; i++)
		options[i][(i + 1) % 4].text = "as long too";
	assert_string_equal("", findings());
}

static void keys_that_stand_at_one_place_too_often_are_found(void **state)
{
	size_t i, k;

	(void)state;
	given_bank(40);
	for (i = 0; i < 40; i++)
		for (k = 0; k < 4; k++)
			options[i][k].right = k == (i < 16 ? 2 : i % 4);
	/* 16 + 6 of 40 */
	assert_string_equal("10 key-position|", findings());
	given_bank(40);
	for (i = 0; i < 8; i++)
		for (k = 0; k < 4; k++)
			options[i][k].right = k == 2;
	assert_string_equal("", findings());
}

static void a_section_is_at_most_a_third_recall(void **state)
{
	size_t i;

	(void)state;
	given_bank(12);
	for (i = 4; i < 8; i++)
		items[i].level = LEVEL_RECALL;
	assert_string_equal("", findings());
	items[9].level = LEVEL_RECALL;
	assert_string_equal("50 recall-share|", findings());
}

static void each_section_of_each_exam_is_judged_alone(void **state)
{
	static struct item_section both[] = {{"cpc", "x"}, {"cca", "y"}};
	size_t i;

	(void)state;
	given_bank(40);
	for (i = 0; i < 6; i++) {
		options[i + 30][(i + 30) % 4].text = "the longest";
		items[i + 30].sections = both;
		items[i + 30].nsections = 2;
	}
	assert_string_equal("310 longest-key|", findings());
}

static void options_that_speak_of_the_others_are_found(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} cases[] = {
	    {"All of the above", true},	 {"none of these.", true},
	    {"Both A and B", true},	 {"A & B only", false},
	    {"A, and B", true},		 {"All the above", true},
	    {"All of the codes", false}, {"Vitamin A and biotin", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		given_bank(1);
		options[0][3].text = cases[i].text;
		assert_string_equal(cases[i].is ? "14 all-of-the-above|" : "", findings());
	}
}

static void an_option_without_its_reason_is_found(void **state)
{
	(void)state;
	given_bank(2);
	options[1][2].why = NULL;
	assert_string_equal("23 missing-why|", findings());
}

static void a_negative_question_has_its_negative_in_capitals(void **state)
{
	static const struct {
		const char *stem;
		bool found;
	} cases[] = {
	    {"A boy has a cold. Which code is not reported?", true},
	    {"A boy has a cold. Which code is NOT reported?", false},
	    {"Which of these may never be coded?", true},
	    {"Which code cannot be the first?", true},
	    {"Each of these is bundled except:", true},
	    {"Each of these is bundled EXCEPT:", false},
	    {"The wound was not closed. Which code is reported?", false},
	    {"Which code reports a fracture that is not displaced?", false},
	    {"What is reported when the margin is not stated?", false},
	    {"Why was the claim not paid?", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		given_bank(1);
		items[0].stem = cases[i].stem;
		assert_string_equal(cases[i].found ? "10 lower-case-negative|" : "", findings());
	}
}

static void code_systems_are_called_by_their_names(void **state)
{
	static const struct {
		const char *text;
		bool found;
	} cases[] = {
	    {"by ICD-10-CM and ICD-10-PCS", false},
	    {"since ICD-10 and ICD-9-CM", false},
	    {"HCPCS Level II codes of HCPCS", false},
	    {"an ICD and its leads, two ICDs", false},
	    {"HCPCS Level I", false},
	    {"by ICD-10 CM", true},
	    {"by ICD10", true},
	    {"by ICD-10-cm", true},
	    {"by icd-10-CM", true},
	    {"an ICD 10 code", true},
	    {"by HCPCS II", true},
	    {"by HCPCS level II", true},
	    {"by HCPCS Level 2", true},
	    {"a Hcpcs code", true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		given_bank(1);
		items[0].rationale = cases[i].text;
		assert_string_equal(cases[i].found ? "10 code-system-name|" : "", findings());
	}
}

/* N words. */
static const char *words(size_t n)
{
	static char text[4096];
	size_t i;

	for (i = 0; i < n; i++)
		snprintf(text + 4 * i, sizeof text - 4 * i, "wor ");
	return text;
}

static void a_case_and_a_question_have_the_right_length(void **state)
{
	static struct item_section case_section[] = {{"cpc", "cases"}};

	(void)state;
	given_bank(1);
	items[0].stem = words(150);
	assert_string_equal("", findings());
	items[0].stem = words(151);
	assert_string_equal("10 reading-length|", findings());
	items[0].sections = case_section;
	assert_string_equal("", findings());
	items[0].stem = words(119);
	assert_string_equal("10 reading-length|", findings());
	items[0].stem = words(301);
	assert_string_equal("10 reading-length|", findings());
}

static void stems_that_share_most_of_their_runs_of_words_are_near(void **state)
{
	static const char *drill[] = {"drill"};

	(void)state;
	given_bank(3);
	items[0].stem =
	    "A boy of ten fell from a tree and broke the left wrist; the cast is put on in the "
	    "office and he goes home. Which code comes first?";
	items[1].stem =
	    "A boy of ten fell from a tree and broke the left wrist; the cast is put on in the "
	    "office and he goes home. Which code comes last?";
	items[2].stem =
	    "A girl of ten fell off a wall and broke the right wrist; a cast is put on in the "
	    "office and she goes home. Which code comes first?";
	assert_string_equal("20 near-duplicate-stem|", findings());
	items[1].topics = drill;
	items[1].ntopics = 1;
	assert_string_equal("", findings());
	items[1].ntopics = 0;
	items[1].review = REVIEW_RETIRED;
	assert_string_equal("", findings());
	given_bank(2);
	items[0].stem = "Which code reports a cold of the left eye today?";
	items[1].stem = "Which code reports a cold of the right eye today?";
	assert_string_equal("", findings());
}

static void options_that_cover_one_another_are_found(void **state)
{
	static const struct {
		const char *a, *b;
		bool found;
	} cases[] = {
	    {"The left knee", "Left knee", true},
	    {"A report to the OIG", "Report, OIG", true},
	    {"10 to 20 days", "15 to 30 days", true},
	    {"10-20 days", "20-30 days", false},
	    {"10 to 20 days", "15 to 30 hours", false},
	    {"J13, B96.5", "B96.5, J13", false},
	    {"Excision", "Excision and repair", false},
	    {"Within 60 days", "Within 30 days", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct cited_code codes[] = {{CODE_ICD10CM, "B965", {12, 3}}};

		given_bank(1);
		items[0].codes = codes;
		items[0].ncodes = 1;
		options[0][2].text = cases[i].a;
		options[0][3].text = cases[i].b;
		assert_string_equal(cases[i].found ? "14 option-overlap|" : "", findings());
	}
}

static void what_is_named_as_a_licensed_code_is_found(void **state)
{
	static const struct {
		const char *text;
		const char *found;
	} cases[] = {
	    {"Append modifier 25.", "10 forbidden-content|"},
	    {"modifiers 58, 78 and 79",
	     "10 forbidden-content|10 forbidden-content|10 forbidden-content|"},
	    {"the -59 modifier", "10 forbidden-content|"},
	    {"modifier P3", "10 forbidden-content|"},
	    {"modifier LT", ""},
	    {"the modifier of 2025", ""},
	    {"the 25 percent modifier", ""},
	    {"revenue code 0450", "10 forbidden-content|"},
	    {"Revenue codes 045X and 051X", "10 forbidden-content|10 forbidden-content|"},
	    {"type of bill 131", "10 forbidden-content|"},
	    {"bill type 011X", "10 forbidden-content|"},
	    {"condition code 44", "10 forbidden-content|"},
	    {"occurrence span code M1", "10 forbidden-content|"},
	    {"the condition code is reported", ""},
	    {"a discharge status code 30", "10 forbidden-content|"},
	    {"12500 cells", ""},
	    {"a platelet count of 12500/mm3", ""},
	    {"Peoria, IL 61602", ""},
	    {"ZIP code 61602", ""},
	    {"MRN 61602", ""},
	    {"form CMS-10123", ""},
	    {"code 61602", "10 forbidden-content|"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		given_bank(1);
		items[0].rationale = cases[i].text;
		assert_string_equal(cases[i].found, findings());
	}
}

static void a_code_that_is_printed_is_among_the_codes_of_the_item(void **state)
{
	static const struct {
		const char *text;
		bool found;
	} cases[] = {
	    {"E11.9 is meant.", false},
	    {"E11.8 is meant.", true},
	    {"0DTJ4ZZ", true},
	    {"J0696", true},
	    {"category E11.2-", false},
	    {"from E10.1-E10.8", false},
	    {"the malformed \"E11.X\"", false},
	    {"vitamin B12, disc L4, LT", false},
	    {"2.5 and A1.5", false},
	};
	struct cited_code code = {CODE_ICD10CM, "E119", {12, 3}};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		given_bank(1);
		items[0].codes = &code;
		items[0].ncodes = 1;
		items[0].rationale = cases[i].text;
		assert_string_equal(cases[i].found ? "10 unlisted-code|" : "", findings());
	}
}

static void the_years_of_codes_and_guidelines_fit(void **state)
{
	static const char *old[] = {"ICD-10-CM Official Guidelines FY2030, Section I.A"};
	struct cited_code codes[] = {{CODE_ICD10CM, "E119", {12, 3}},
				     {CODE_HCPCS2, "J0696", {13, 3}}};

	(void)state;
	given_bank(1);
	items[0].references = old;
	assert_string_equal("10 stale-reference|", findings());
	bank.code_year = "FY2030";
	assert_string_equal("", findings());
	items[0].codes = codes;
	items[0].ncodes = 2;
	bank.hcpcs = NULL;
	assert_string_equal("13 missing-year|", findings());
}

static void every_rule_can_be_explained(void **state)
{
	const struct check_rule *rule;
	size_t i;

	(void)state;
	for (i = 0; (rule = check_rule_nth(i)) != NULL; i++) {
		assert_ptr_equal(rule, check_rule_find(rule->id));
		assert_true(strlen(rule->explanation) > 20);
	}
	assert_true(i > 20);
	assert_null(check_rule_find("no-such-rule"));
}

static void the_manual_page_names_every_rule(void **state)
{
	static char page[65536];
	const struct check_rule *rule;
	FILE *f = fopen(MANUAL, "r");
	size_t i, n;

	(void)state;
	assert_non_null(f);
	n = fread(page, 1, sizeof page - 1, f);
	page[n] = '\0';
	assert_int_equal(0, fclose(f));
	for (i = 0; (rule = check_rule_nth(i)) != NULL; i++)
		assert_non_null(strstr(page, rule->id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_bank_that_keeps_every_rule_has_no_finding),
	    cmocka_unit_test(rationale_reference_and_review_are_missed),
	    cmocka_unit_test(options_that_read_the_same_are_found),
	    cmocka_unit_test(stems_that_ask_the_same_of_the_same_stimulus_are_found),
	    cmocka_unit_test(what_looks_like_a_licensed_code_is_found_and_plain_numbers_are_not),
	    cmocka_unit_test(licensed_codes_are_found_in_every_text_and_in_retired_items_too),
	    cmocka_unit_test(a_cited_code_has_the_shape_of_its_system),
	    cmocka_unit_test(a_diagnosis_without_its_dot_is_no_dental_code_where_it_is_cited),
	    cmocka_unit_test(keys_that_are_the_longest_option_in_more_than_a_third_are_found),
	    cmocka_unit_test(keys_that_stand_at_one_place_too_often_are_found),
	    cmocka_unit_test(a_section_is_at_most_a_third_recall),
	    cmocka_unit_test(an_option_without_its_reason_is_found),
	    cmocka_unit_test(a_negative_question_has_its_negative_in_capitals),
	    cmocka_unit_test(code_systems_are_called_by_their_names),
	    cmocka_unit_test(a_case_and_a_question_have_the_right_length),
	    cmocka_unit_test(stems_that_share_most_of_their_runs_of_words_are_near),
	    cmocka_unit_test(options_that_cover_one_another_are_found),
	    cmocka_unit_test(what_is_named_as_a_licensed_code_is_found),
	    cmocka_unit_test(a_code_that_is_printed_is_among_the_codes_of_the_item),
	    cmocka_unit_test(the_years_of_codes_and_guidelines_fit),
	    cmocka_unit_test(each_section_of_each_exam_is_judged_alone),
	    cmocka_unit_test(options_that_speak_of_the_others_are_found),
	    cmocka_unit_test(every_rule_can_be_explained),
	    cmocka_unit_test(the_manual_page_names_every_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
