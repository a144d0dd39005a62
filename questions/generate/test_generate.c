/* Drill items made from small invented tables. */
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
#include "questions/generate/generate.h"
#include "questions/generate/titles.h"
#include "questions/tables/test_folder.h"
#include "questions/text/bank_text.h"

static struct test_folder folder;
static struct tables tables;

static const struct test_file files[] = {
    {"icd10cm.tsv",
     "Q10\t0\tSore wing\n"
     "Q100\t1\tSore wing, unspecified\nQ101\t1\tSore right wing\nQ102\t1\tSore left wing\n"
     "Q103\t1\tSore wing, bilateral\nQ104\t1\tSore wing tip\n"
     "Q11\t0\tBroken beak\n"
     "Q110\t1\tBroken beak of a crow\nQ111\t1\tOther broken beak of a crow\n"
     "Q112\t1\tBroken beak of a hen\nQ113\t1\tBroken beak of a duck\nQ114\t1\tBroken beak of a "
     "swan\n"
     "S90\t0\tTorn claw\nS901\t0\tTorn claw of eagle\nS9010\t0\tTorn claw of eagle, long\n"
     "S9011\t0\tTorn claw of eagle, short\n"
     "S901X\t0\tTorn claw of eagle, deep\nS901X2\t0\tTorn claw of eagle, deep and wide\n"
     "S901X2A\t1\tTorn claw of eagle, deep and wide, initial encounter\n"
     "S901X2D\t1\tTorn claw of eagle, deep and wide, subsequent encounter\n"
     "S901X2G\t1\tTorn claw of eagle, deep and wide, subsequent encounter with delayed healing\n"
     "S901X2S\t1\tTorn claw of eagle, deep and wide, sequela\n"
     "S902\t1\tTorn claw of owl\n"},
    {"icd10cm_changes_fy2031.tsv", "Q999\tdeleted\t1\tMoulting\n"},
    {"icd10pcs.tsv",
     "0QT10ZZ\tResection of Wing, Open Approach\n0QT1XZZ\tResection of Wing, External Approach\n"
     "0QT20ZZ\tResection of Beak, Open Approach\n0QT2XZZ\tResection of Beak, External Approach\n"
     "0QT30ZZ\tResection of Claw, Open Approach\n0QT40ZZ\tResection of Tail, Open Approach\n"},
    {"icd10pcs_tables_fy2030.tsv",
     "0QT\t00\t1\tSection\t0\tMedical\t1\n0QT\t00\t2\tBody System\tQ\tFeathers\t1\n"
     "0QT\t00\t3\tOperation\tT\tResection\t1\n0QT\t01\t4\tBody Part\t1\tWing\t1\n"
     "0QT\t01\t4\tBody Part\t2\tBeak\t1\n0QT\t01\t4\tBody Part\t3\tClaw\t1\n"
     "0QT\t01\t4\tBody Part\t4\tTail\t1\n0QT\t01\t4\tBody Part\t9\tCrest\t1\n"
     "0QT\t01\t5\tApproach\t0\tOpen\t1\n0QT\t01\t5\tApproach\tX\tExternal\t1\n"},
    {"icd10pcs_definitions_fy2030.tsv",
     "0\tMedical\t3\tOperation\tResection\tCutting out all of a part\t\tTotal plucking\n"
     "0\tMedical\t3\tOperation\tExcision\tCutting out a portion of a part\t\tPartial plucking\n"
     "0\tMedical\t3\tOperation\tFusion\tJoining parts together\t\tFusion of two toes\n"
     "0\tMedical\t3\tOperation\tDrainage\tLetting out fluids\t\tDraining a pond\n"},
    {"hcpcs2.tsv",
     "A0001\tSeed, per cup\nA0002\tPerch, each\nA0003\tBell, each\nA0004\tMirror, each\n"
     "A0005\tSwing, ended\nJ0001\tInjection, cawmycin, per 250 mg\n"
     "J0002\tInjection, hootazole, 10 mg\nJ0003\tInjection, quackine, 1 mg\n"
     "J0004\tInjection, chirpol, 5 mcg\nJ0005\tInjection, peepine, 5 mg\n"
     "J0006\tInjection, peepine, long acting, 10 mg\n"},
    {"hcpcs2_status.tsv",
     "A0001\t20000101\t20291001\t\nA0002\t20000101\t20301001\t\nA0003\t20000101\t20000101\t\n"
     "A0004\t20000101\t20000101\t\nA0005\t20000101\t20000101\t20100101\n"
     "J0001\t20000101\t20000101\t\nJ0002\t20000101\t20000101\t\nJ0003\t20000101\t20000101\t\n"
     "J0004\t20000101\t20000101\t\nJ0005\t20000101\t20000101\t\n"
     "J0006\t20000101\t20000101\t\n"},
};

static int open_all(void **state)
{
	struct diag diag = {0};

	(void)state;
	test_folder_make(&folder, files, COUNT(files));
	assert_int_equal(ERR_OK, tables_open(&tables, folder.path, &diag));
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	tables_close(&tables);
	return test_folder_remove(&folder, files, COUNT(files));
}

/* As many items of a kind as there are, as text. */
static struct drill_report make(const char *kind, uint64_t seed, struct buf *out)
{
	struct drill_order order = {seed, 1000};
	struct drill_report report = {0};

	drill_make(out, drill_find(kind), &tables, &order, &report);
	return report;
}

static struct bank *parse(struct buf *text)
{
	struct diag diag = {0};
	struct bank *bank = NULL;

	if (bank_parse(&bank, buf_bytes(text), "drill.yaml", &diag) != ERR_OK) {
		struct buf out = {0};

		diag_print(&diag, &out);
		fail_msg("%s", buf_text(&out));
	}
	diag_fini(&diag);
	return bank;
}

static struct bank *bank_of(const char *kind)
{
	struct buf text = {0};
	struct bank *bank;

	assert_true(make(kind, 1, &text).made > 0);
	bank = parse(&text);
	buf_fini(&text);
	return bank;
}

/* The right option of an item whose stem holds TEXT; NULL: there is none. */
static const struct option *key_of(const struct bank *bank, const char *text)
{
	size_t i, k;

	for (i = 0; i < bank->nitems; i++)
		for (k = 0;
		     strstr(bank->items[i]->stem, text) != NULL && k < bank->items[i]->noptions;
		     k++)
			if (bank->items[i]->options[k].right)
				return &bank->items[i]->options[k];
	return NULL;
}

static void every_kind_makes_a_bank_without_an_error(void **state)
{
	const struct drill *drill;
	size_t i;

	(void)state;
	for (i = 0; (drill = drill_nth(i)) != NULL; i++) {
		struct bank *bank = bank_of(drill->name);
		struct facts facts = {0};
		struct diag diag = {0};

		facts_take(&facts, bank, &tables);
		check_bank(bank, drill->name, &diag);
		check_codes(bank, drill->name, &facts, &diag);
		check_tables_year(bank, drill->name, &tables, &diag);
		assert_int_equal(0, diag.errors);
		facts_fini(&facts);
		diag_fini(&diag);
		bank_free(bank);
	}
	assert_int_equal(10, i);
}

static void a_seed_decides_every_byte_and_another_one_changes_them(void **state)
{
	struct buf one = {0}, again = {0}, other = {0};

	(void)state;
	make("title-to-code", 7, &one);
	make("title-to-code", 7, &again);
	make("title-to-code", 8, &other);
	assert_true(bytes_equal(buf_bytes(&one), buf_bytes(&again)));
	assert_false(bytes_equal(buf_bytes(&one), buf_bytes(&other)));
	buf_fini(&one);
	buf_fini(&again);
	buf_fini(&other);
}

static void no_more_items_are_made_than_asked_for(void **state)
{
	struct drill_order order = {3, 2};
	struct drill_report report = {0};
	struct buf text = {0};
	struct bank *bank;

	(void)state;
	drill_make(&text, drill_find("title-to-code"), &tables, &order, &report);
	assert_int_equal(2, report.made);
	bank = parse(&text);
	assert_int_equal(2, bank->nitems);
	assert_string_equal("FY2031", bank->code_year);
	assert_string_equal("2030-10", bank->hcpcs);
	bank_free(bank);
	buf_clear(&text);
	report = (struct drill_report){0};
	drill_make(&text, drill_find("pcs-root-operation"), &tables, &order, &report);
	assert_int_equal(2, report.made); /* a row of these gives up to two */
	order.count = 1;
	buf_clear(&text);
	report = (struct drill_report){0};
	drill_make(&text, drill_find("pcs-root-operation"), &tables, &order, &report);
	assert_int_equal(1, report.made);
	buf_fini(&text);
}

static void titles_that_a_reader_could_not_tell_apart_are_refused_and_counted(void **state)
{
	struct buf text = {0};
	struct drill_report report = make("title-to-code", 1, &text);
	struct bank *bank = parse(&text);

	(void)state;
	/* "Broken beak of a crow" and "Other broken beak of a crow" */
	assert_int_equal(2, report.refused[REFUSED_AMBIGUOUS]);
	assert_null(key_of(bank, "beak of a crow"));
	assert_string_equal("Q11.2", key_of(bank, "Broken beak of a hen")->text);
	bank_free(bank);
	buf_fini(&text);
}

static void the_core_of_a_title_is_what_tells_it_apart(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
	    {"Cold of wing", "Other cold of the wing", true},
	    {"Cold, unspecified", "cold NOS", true},
	    {"Cold of right wing", "Cold of left wing", false},
	    {"Cold with cough", "Cold without cough", false},
	    {"Dose 0.5 mg", "Dose 5 mg", false},
	    {"Wing of bird", "Bird of wing", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_int_equal(cases[i].same, title_core(bytes_of_text(cases[i].a)) ==
						    title_core(bytes_of_text(cases[i].b)));
	assert_true(title_sideless(bytes_of_text("Cold of right wing")) ==
		    title_sideless(bytes_of_text("Cold of left wing")));
	assert_false(title_is_fit(bytes_of_text("A \"cold\"")));
	assert_false(title_is_fit(bytes_of_text("With 12345")));
	assert_true(title_is_fit(bytes_of_text("With 1234")));
}

static void the_key_is_what_the_tables_say(void **state)
{
	static const struct {
		const char *kind, *stem, *key;
	} cases[] = {
	    {"title-to-code", "Sore left wing", "Q10.2"},
	    {"code-to-title", "Q10.4", "Sore wing tip"},
	    {"laterality", "Sore right wing", "Q10.1"},
	    {"seventh-character", ": sequela", "S"},
	    {"pcs-axis", "says Beak", "2"},
	    {"pcs-code", "Resection of Tail", "0QT40ZZ"},
	    {"pcs-root-operation", "Letting out fluids", "Drainage"},
	    {"pcs-root-operation", "Partial plucking", "Excision"},
	    {"hcpcs", "Bell, each", "A0003"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct bank *bank = bank_of(cases[i].kind);
		const struct option *key = key_of(bank, cases[i].stem);

		assert_non_null(key);
		assert_string_equal(cases[i].key, key->text);
		bank_free(bank);
	}
}

static void what_would_give_itself_away_or_has_ended_is_not_asked(void **state)
{
	struct bank *operations = bank_of("pcs-root-operation"), *supplies = bank_of("hcpcs"),
		    *values = bank_of("pcs-axis");

	(void)state;
	assert_null(key_of(operations, "Fusion of two toes"));
	assert_null(key_of(supplies, "Swing"));
	assert_null(key_of(supplies, "peepine; in all")); /* two codes for one drug */
	assert_non_null(key_of(supplies, "peepine, long acting; in all"));
	assert_null(key_of(values, "says Crest")); /* no code of the year has it */
	assert_null(key_of(values, "says Open"));  /* two values only */
	bank_free(operations);
	bank_free(supplies);
	bank_free(values);
}

static void units_of_a_drug_are_the_dose_by_the_amount_of_one(void **state)
{
	struct bank *bank = bank_of("hcpcs");
	const struct option *key = key_of(bank, "cawmycin");
	unsigned units = 0, dose = 0;
	size_t i;

	(void)state;
	assert_non_null(key);
	assert_int_equal(1, sscanf(key->text, "J0001, %u units", &units));
	for (i = 0; i < bank->nitems; i++)
		if (strstr(bank->items[i]->stem, "cawmycin") != NULL)
			sscanf(strstr(bank->items[i]->stem, "in all "), "in all %u mg", &dose);
	assert_true(units >= 2);
	assert_int_equal(250 * units, dose);
	bank_free(bank);
}

static void a_complete_code_is_the_longest_option_in_one_item_of_four_at_most(void **state)
{
	struct bank *bank = bank_of("billable");
	size_t i, k, longest = 0;

	(void)state;
	for (i = 0; i < bank->nitems; i++) {
		size_t key = 0, other = 0;

		for (k = 0; k < bank->items[i]->noptions; k++) {
			size_t n = strlen(bank->items[i]->options[k].text);

			if (bank->items[i]->options[k].right)
				key = n;
			else
				other = n > other ? n : other;
		}
		longest += key > other;
	}
	assert_true(4 * longest <= bank->nitems);
	bank_free(bank);
}

static void a_kind_is_found_by_its_name(void **state)
{
	(void)state;
	assert_ptr_equal(drill_nth(0), drill_find(drill_nth(0)->name));
	assert_null(drill_find("no-such-kind"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_kind_makes_a_bank_without_an_error),
	    cmocka_unit_test(a_seed_decides_every_byte_and_another_one_changes_them),
	    cmocka_unit_test(no_more_items_are_made_than_asked_for),
	    cmocka_unit_test(titles_that_a_reader_could_not_tell_apart_are_refused_and_counted),
	    cmocka_unit_test(the_core_of_a_title_is_what_tells_it_apart),
	    cmocka_unit_test(the_key_is_what_the_tables_say),
	    cmocka_unit_test(what_would_give_itself_away_or_has_ended_is_not_asked),
	    cmocka_unit_test(units_of_a_drug_are_the_dose_by_the_amount_of_one),
	    cmocka_unit_test(a_complete_code_is_the_longest_option_in_one_item_of_four_at_most),
	    cmocka_unit_test(a_kind_is_found_by_its_name),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
