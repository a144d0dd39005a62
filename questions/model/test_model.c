/* The rules of items, codes, banks and blueprints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/bytes.h"
#include "questions/model/bank.h"
#include "questions/model/blueprint.h"
#include "questions/model/codes.h"

static void codes_are_compared_upper_case_without_dots_and_spaces(void **state)
{
	static const struct {
		const char *typed, *canonical;
		enum err err;
	} cases[] = {
	    {"e11.9", "E119", ERR_OK},
	    {" J 18.9 ", "J189", ERR_OK},
	    {"", "", ERR_OK},
	    {"  .. ", "", ERR_OK},
	    {"0dtj4zz", "0DTJ4ZZ", ERR_OK},
	    {"J0696-JW", "J0696-JW", ERR_OK},
	    {"E11,9", "", ERR_INVALID},
	    {"caf\xc3\xa9", "", ERR_INVALID},
	    {"E11\t", "", ERR_INVALID},
	};
	char out[ITEM_CODE_MOST + 1];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		assert_int_equal(cases[i].err, code_canonical(cases[i].typed, out, sizeof out));
		assert_string_equal(cases[i].canonical, out);
	}
}

static void a_code_that_does_not_fit_is_refused_and_one_that_just_fits_is_not(void **state)
{
	char out[5];

	(void)state;
	assert_int_equal(ERR_OK, code_canonical("E.1 1.9", out, sizeof out));
	assert_int_equal(ERR_INVALID, code_canonical("E11.90", out, sizeof out));
	assert_string_equal("", out);
	assert_int_equal(ERR_INVALID, code_canonical("E", out, 0));
}

static struct option options[] = {{.text = "a", .right = true}, {.text = "b"}, {.text = "c"}};
static struct item_section in_x[] = {{"cpc", "x"}};

static struct item plain_item(const char *id)
{
	return (struct item){.id = id,
			     .kind = ITEM_SINGLE,
			     .stem = "Which?",
			     .options = options,
			     .noptions = COUNT(options),
			     .shuffle = true,
			     .sections = in_x,
			     .nsections = 1};
}

static void assert_new_version(const struct item *a, const struct item *b)
{
	struct digest x = item_hash(a), y = item_hash(b);

	assert_false(digest_equal(&x, &y));
}

static void assert_same_version(const struct item *a, const struct item *b)
{
	struct digest x = item_hash(a), y = item_hash(b);

	assert_true(digest_equal(&x, &y));
}

static void whatever_decides_a_score_makes_a_new_version_of_an_item(void **state)
{
	static const char *accept[] = {"E119"}, *both[] = {"E119", "E1165"};
	struct option changed[] = {{.text = "a"}, {.text = "b", .right = true}, {.text = "c"}};
	struct option longer[] = {{.text = "a", .right = true}, {.text = "bc"}, {.text = ""}};
	struct code_field one[] = {{.label = "L", .accept = accept, .naccept = 1}};
	struct code_field bound[] = {
	    {.label = "L", .accept = accept, .naccept = 1, .principal = true}};
	struct code_field spare[] = {
	    {.label = "L", .accept = accept, .naccept = 1, .optional = true}};
	struct code_field wider[] = {{.label = "L", .accept = both, .naccept = 2}};
	struct code_field *fields[] = {one, bound, spare, wider};
	struct item_set set = {.id = "s", .stimulus = "A record."};
	struct item was = plain_item("i"), is = was;
	size_t i, k;

	(void)state;
	assert_same_version(&was, &is);
	is.id = "j", assert_new_version(&was, &is), is = was;
	is.stem = "What?", assert_new_version(&was, &is), is = was;
	is.kind = ITEM_MULTIPLE, assert_new_version(&was, &is), is = was;
	is.options = changed, assert_new_version(&was, &is), is = was;
	is.options = longer, assert_new_version(&was, &is), is = was;
	is.noptions = 2, assert_new_version(&was, &is), is = was;
	is.shuffle = false, assert_new_version(&was, &is), is = was;
	is.scoring = CODES_BLANK, assert_new_version(&was, &is), is = was;
	is.set = &set, assert_new_version(&was, &is), is = was;
	for (i = 0; i < COUNT(fields); i++)
		for (k = 0; k < i; k++) {
			was.fields = fields[i];
			is.fields = fields[k];
			was.nfields = is.nfields = 1;
			assert_new_version(&was, &is);
		}
}

static void rationale_review_and_place_may_be_mended_without_a_new_version(void **state)
{
	struct item was = plain_item("i"), is = was;

	(void)state;
	is.rationale = "Because.";
	is.review = REVIEW_REVIEWED;
	is.nsections = 0;
	is.place.line = 7;
	assert_same_version(&was, &is);
}

/* The canonical bytes are a promise: hashes stand in records for ever. */
static void the_hash_of_an_item_is_what_the_header_says_byte_for_byte(void **state)
{
	struct option two[] = {{.text = "yes", .right = true}, {.text = "no"}};
	const struct item item = {.id = "a-1",
				  .kind = ITEM_SINGLE,
				  .stem = "Is it?",
				  .options = two,
				  .noptions = 2,
				  .shuffle = true};
	static const char bytes[] = "\0\0\0\x0c"
				    "examd item 1"
				    "\0\0\0\x03"
				    "a-1"
				    "\x01"
				    "\0\0\0\x06"
				    "Is it?"
				    "\0"
				    "\0\0\0\0"
				    "\x01"
				    "\0"
				    "\0\0\0\x02"
				    "\0\0\0\x03"
				    "yes"
				    "\x01"
				    "\0\0\0\x02"
				    "no"
				    "\0"
				    "\0\0\0\0";
	struct digest want = digest_of(bytes, sizeof bytes - 1), is = item_hash(&item);

	(void)state;
	assert_memory_equal(want.b, is.b, sizeof want.b);
}

static void a_full_answer_earns_a_point_or_a_point_for_each_expected_blank(void **state)
{
	struct code_field fields[] = {
	    {.label = "p", .principal = true}, {.label = "s"}, {.label = "o", .optional = true}};
	struct item item = plain_item("i");

	(void)state;
	assert_int_equal(100, item_points_most(&item));
	assert_int_equal(1, item_right_count(&item));
	item.kind = ITEM_CODES;
	item.fields = fields;
	item.nfields = 3;
	assert_int_equal(200, item_points_most(&item));
}

/* A bank of N single items for section x of cpc; ids i0, i1, ... */
static struct bank *given_bank(size_t n)
{
	struct bank *bank = bank_new();
	size_t i;

	bank->name = "mini";
	bank->version = "1";
	bank->items = arena_new(&bank->arena, n * sizeof *bank->items);
	bank->nitems = n;
	for (i = 0; i < n; i++) {
		char *id = mem_printf("i%zu", i);
		struct item item = plain_item(arena_copy_text(&bank->arena, id));

		bank->items[i] = arena_copy(&bank->arena, &item, sizeof item);
		free(id);
	}
	return bank;
}

static void a_sealed_bank_finds_every_item_by_hash_and_by_id_and_nothing_else(void **state)
{
	struct bank *bank = given_bank(300);
	struct bank *none = given_bank(0);
	struct digest other = {{1}};
	size_t i;

	(void)state;
	bank_seal(bank);
	bank_seal(none);
	for (i = 0; i < bank->nitems; i++) {
		const struct item *item = bank->items[i];

		assert_ptr_equal(item, bank_by_hash(bank, &item->hash));
		assert_ptr_equal(item, bank_by_id(bank, item->id));
		assert_null(bank_by_id(none, item->id));
	}
	assert_null(bank_by_hash(bank, &other));
	assert_null(bank_by_hash(none, &other));
	assert_null(bank_by_id(bank, "i300"));
	bank_free(none);
	bank_free(bank);
}

static struct digest sealed_hash(struct bank *bank)
{
	bank_seal(bank);
	return bank->hash;
}

static void whatever_decides_a_draw_changes_the_hash_of_the_bank(void **state)
{
	static struct item_section in_y[] = {{"cpc", "y"}};
	struct bank *bank = given_bank(2);
	struct item *item = bank->items[1];
	struct digest was = sealed_hash(bank), is;

	(void)state;
	item->rationale = "Because.";
	item->review = REVIEW_REVIEWED;
	is = sealed_hash(bank);
	assert_true(digest_equal(&was, &is));
	item->pretest = true;
	is = sealed_hash(bank);
	assert_false(digest_equal(&was, &is));
	item->pretest = false;
	item->review = REVIEW_RETIRED;
	is = sealed_hash(bank);
	assert_false(digest_equal(&was, &is));
	item->review = REVIEW_DRAFT;
	item->sections = in_y;
	is = sealed_hash(bank);
	assert_false(digest_equal(&was, &is));
	item->sections = in_x;
	item->level = LEVEL_RECALL;
	is = sealed_hash(bank);
	assert_false(digest_equal(&was, &is));
	bank_free(bank);
}

/* Exact quotas, by trying every choice of sets. */
static bool fills_slowly(const struct supply *s, uint32_t count)
{
	uint32_t twos, threes;

	for (twos = 0; twos <= s->sets[2]; twos++)
		for (threes = 0; threes <= s->sets[3]; threes++) {
			uint32_t in_sets = 2 * twos + 3 * threes;

			if (in_sets <= count && count - in_sets <= s->singles)
				return true;
		}
	return false;
}

static void a_quota_is_fillable_exactly_when_some_choice_of_sets_and_singles_fits(void **state)
{
	struct supply s = {0};
	uint32_t count, most;

	(void)state;
	for (s.singles = 0; s.singles < 5; s.singles++)
		for (s.sets[2] = 0; s.sets[2] < 4; s.sets[2]++)
			for (s.sets[3] = 0; s.sets[3] < 4; s.sets[3]++)
				for (most = 0, count = 0; count < 25; count++) {
					bool fills = fills_slowly(&s, count);

					most = fills ? count : most;
					assert_int_equal(fills, supply_fills(&s, count));
					assert_int_equal(most, supply_most(&s, count));
				}
}

/* A blueprint of one part; its sections are the caller's. */
static struct part one_part = {.name = "main", .title = "Main", .minutes = 240};

static struct blueprint given_exam(struct section *sections, size_t n, uint32_t pretest,
				   uint32_t total)
{
	one_part.sections = sections;
	one_part.nsections = n;
	return (struct blueprint){.exam = "cpc",
				  .title = "T",
				  .version = "1",
				  .bank = "mini",
				  .parts = &one_part,
				  .nparts = 1,
				  .pretest = pretest,
				  .total = total,
				  .pass = PASS_PERCENT,
				  .cut = 70,
				  .at = {.total = {90, 8}, .pass = {91, 7}, .pretest = {92, 1}}};
}

/* The ids of the findings of the blueprint by itself, in order, each with a space behind it. */
static const char *findings(struct diag *diag)
{
	static char text[512];
	size_t i;

	text[0] = '\0';
	for (i = 0; i < diag->length; i++) {
		strcat(text, diag->entries[i].id);
		strcat(text, " ");
	}
	diag_fini(diag);
	return text;
}

static const char *problems(const struct blueprint *b)
{
	struct diag diag = {0};

	blueprint_check(b, "b.yaml", &diag);
	return findings(&diag);
}

static void the_outlines_of_the_real_exams_pass(void **state)
{
	struct section ccs[] = {
	    {.name = "a", .items = 39, .share_low = 39, .share_high = 41},
	    {.name = "b", .items = 19, .share_low = 18, .share_high = 22},
	    {.name = "c", .items = 10, .share_low = 9, .share_high = 11},
	    {.name = "d", .items = 19, .share_low = 18, .share_high = 22},
	    {.name = "e", .items = 10, .share_low = 9, .share_high = 11},
	};
	struct section cca[] = {
	    {.name = "a", .items = 29, .share_low = 30, .share_high = 34},
	    {.name = "b", .items = 21, .share_low = 21, .share_high = 25},
	    {.name = "c", .items = 13, .share_low = 13, .share_high = 17},
	    {.name = "d", .items = 13, .share_low = 12, .share_high = 16},
	    {.name = "e", .items = 7, .share_low = 6, .share_high = 10},
	    {.name = "f", .items = 7, .share_low = 6, .share_high = 10},
	};
	struct blueprint b = given_exam(ccs, COUNT(ccs), 10, 107);

	(void)state;
	assert_string_equal("", problems(&b));
	b = given_exam(cca, COUNT(cca), 15, 105);
	b.pass = PASS_SCALED;
	b.cut = 63;
	assert_string_equal("", problems(&b));
	cca[0].items = 26, cca[1].items = 24;
	assert_string_equal("bad-share bad-share ", problems(&b));
}

static void scored_items_and_pretest_items_make_the_total(void **state)
{
	struct section s[] = {{.name = "a", .items = 60}, {.name = "b", .items = 40}};
	struct blueprint b = given_exam(s, 2, 0, 100);

	(void)state;
	assert_string_equal("", problems(&b));
	b.total = 101;
	assert_string_equal("bad-total ", problems(&b));
	b.pretest = 1;
	assert_string_equal("", problems(&b));
	s[0].items = 0, b.total = 41;
	assert_string_equal("bad-count ", problems(&b));
	s[0].items = 460, b.total = 501;
	assert_string_equal("bad-count ", problems(&b));
	s[0].items = 459, b.total = 500;
	assert_string_equal("", problems(&b));
}

static void shares_that_cannot_add_up_to_a_hundred_are_refused(void **state)
{
	struct section s[] = {
	    {.name = "a", .items = 60, .share_low = 60, .share_high = 60, .place = {5, 1}},
	    {.name = "b", .items = 40, .share_low = 40, .share_high = 40, .place = {6, 1}}};
	struct blueprint b = given_exam(s, 2, 0, 100);

	(void)state;
	assert_string_equal("", problems(&b));
	s[1].share_low = 41, s[1].share_high = 45;
	assert_string_equal("bad-share bad-share ", problems(&b));
	s[1].share_low = 30, s[1].share_high = 39;
	assert_string_equal("bad-share bad-share ", problems(&b));
	s[1].share_low = 45, s[1].share_high = 35;
	assert_string_equal("bad-share bad-share bad-share ", problems(&b));
	s[1].share_low = s[1].share_high = 0;
	assert_string_equal("", problems(&b));
}

static void a_cut_lies_inside_its_scale(void **state)
{
	struct section s[] = {{.name = "a", .items = 90}};
	struct blueprint b = given_exam(s, 1, 0, 90);
	static const struct {
		enum pass_rule rule;
		uint32_t cut;
		const char *problems;
	} cases[] = {
	    {PASS_PERCENT, 0, "bad-cut "},   {PASS_PERCENT, 1, ""},	    {PASS_PERCENT, 100, ""},
	    {PASS_PERCENT, 101, "bad-cut "}, {PASS_SCALED, 0, "bad-cut "},  {PASS_SCALED, 1, ""},
	    {PASS_SCALED, 89, ""},	     {PASS_SCALED, 90, "bad-cut "},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		b.pass = cases[i].rule;
		b.cut = cases[i].cut;
		assert_string_equal(cases[i].problems, problems(&b));
	}
}

static void names_minutes_and_warnings_make_sense(void **state)
{
	struct section s[] = {{.name = "a", .items = 1}, {.name = "a", .items = 1}};
	struct part parts[] = {
	    {.name = "p", .minutes = 60, .sections = s, .nsections = 1},
	    {.name = "p", .minutes = 1440, .sections = s + 1, .nsections = 1},
	};
	struct blueprint b = given_exam(s, 1, 0, 2);

	(void)state;
	b.parts = parts;
	b.nparts = 2;
	assert_string_equal("duplicate-name duplicate-name ", problems(&b));
	parts[1].name = "q", s[1].name = "b";
	assert_string_equal("", problems(&b));
	b.warnings[0] = 30, b.warnings[1] = 5, b.nwarnings = 2;
	assert_string_equal("", problems(&b));
	b.warnings[1] = 30;
	assert_string_equal("bad-warning ", problems(&b));
	b.warnings[0] = 1439, b.nwarnings = 1;
	assert_string_equal("", problems(&b));
	b.warnings[0] = 1440;
	assert_string_equal("bad-warning ", problems(&b));
	b.nwarnings = 0;
	parts[1].minutes = 1441;
	assert_string_equal("bad-minutes ", problems(&b));
	parts[1].minutes = 0;
	assert_string_equal("bad-minutes ", problems(&b));
	parts[1].minutes = 60, parts[1].nsections = 0, b.total = 1;
	assert_string_equal("no-sections ", problems(&b));
}

static const char *shortage(const struct blueprint *b, struct bank *bank, char **text_out)
{
	struct diag diag = {0};

	bank_seal(bank);
	blueprint_check_bank(b, bank, "b.yaml", &diag);
	if (text_out != NULL)
		*text_out = diag.length == 0 ? NULL : mem_copy_text(diag.entries[0].text);
	return findings(&diag);
}

static void a_bank_may_be_asked_to_fill_an_exam_several_times(void **state)
{
	struct section s[] = {{.name = "x", .items = 2}};
	struct blueprint b = given_exam(s, 1, 0, 2);
	struct bank *bank = given_bank(5);
	static const struct {
		uint32_t percent;
		const char *problems;
	} cases[] = {
	    {100, ""}, {150, ""}, {250, ""}, {251, "bank-too-small "}, {300, "bank-too-small "}};
	size_t i;

	(void)state;
	bank_seal(bank);
	for (i = 0; i < COUNT(cases); i++) {
		struct diag diag = {0};

		blueprint_check_supply(&b, bank, cases[i].percent, "b.yaml", &diag);
		assert_string_equal(cases[i].problems, findings(&diag));
	}
	b.pretest = 1;
	b.total = 3;
	bank->items[0]->pretest = true;
	for (i = 0; i < 2; i++) {
		struct diag diag = {0};

		blueprint_check_supply(&b, bank, 100 + 100 * (uint32_t)i, "b.yaml", &diag);
		assert_string_equal(i == 0 ? "" : "bank-too-small ", findings(&diag));
	}
	bank_free(bank);
}

static void a_bank_that_cannot_fill_a_section_is_told_with_the_number_missing(void **state)
{
	struct section s[] = {{.name = "x", .items = 5}, {.name = "y", .items = 1}};
	struct blueprint b = given_exam(s, 1, 0, 5);
	struct bank *bank = given_bank(5);
	char *text;

	(void)state;
	assert_string_equal("", shortage(&b, bank, NULL));
	bank->items[0]->review = REVIEW_RETIRED;
	bank->items[1]->pretest = true;
	assert_string_equal("bank-too-small ", shortage(&b, bank, &text));
	assert_non_null(strstr(text, "section x"));
	assert_non_null(strstr(text, "2 missing"));
	free(text);
	b = given_exam(s, 2, 2, 8);
	s[0].items = 3;
	assert_string_equal("bank-too-small bank-too-small ", shortage(&b, bank, NULL));
	bank_free(bank);
}

static void a_set_fills_whole_or_not_at_all(void **state)
{
	struct section s[] = {{.name = "x", .items = 4}};
	struct blueprint b = given_exam(s, 1, 0, 4);
	struct bank *bank = given_bank(6);
	const struct item *members[6];
	struct item_set sets[] = {{"s", "A", &members[0], 3, {0}}, {"t", "B", &members[3], 3, {0}}};
	size_t i;

	(void)state;
	for (i = 0; i < 6; i++) {
		members[i] = bank->items[i];
		bank->items[i]->set = &sets[i / 3];
	}
	assert_string_equal("bank-too-small ", shortage(&b, bank, NULL));
	s[0].items = 6;
	assert_string_equal("", shortage(&b, bank, NULL));
	s[0].items = 3;
	bank->items[0]->review = REVIEW_RETIRED;
	assert_string_equal("", shortage(&b, bank, NULL));
	bank->items[3]->review = REVIEW_RETIRED;
	assert_string_equal("bank-too-small ", shortage(&b, bank, NULL));
	bank->items[3]->review = REVIEW_DRAFT;
	bank->items[4]->pretest = true;
	assert_string_equal("bank-too-small ", shortage(&b, bank, NULL));
	bank_free(bank);
}

static void another_bank_another_year_and_a_stray_section_are_told(void **state)
{
	static struct item_section in_z[] = {{"cpc", "z"}};
	struct section s[] = {{.name = "x", .items = 2}};
	struct blueprint b = given_exam(s, 1, 0, 2);
	struct bank *bank = given_bank(3);
	struct code_field fields[2] = {{.label = "a"}, {.label = "b"}};

	(void)state;
	bank->code_year = "FY2025";
	b.code_year = "FY2026";
	b.bank = "maxi";
	bank->items[2]->sections = in_z;
	assert_string_equal("wrong-bank wrong-year no-such-section ", shortage(&b, bank, NULL));
	bank->items[2]->sections = in_x;
	b.code_year = "FY2025";
	b.bank = "mini";
	assert_string_equal("", shortage(&b, bank, NULL));
	bank->items[2]->kind = ITEM_CODES;
	bank->items[2]->fields = fields;
	bank->items[2]->nfields = 2;
	assert_string_equal("", shortage(&b, bank, NULL));
	b.pass = PASS_SCALED, b.cut = 1;
	assert_string_equal("scaled-codes ", shortage(&b, bank, NULL));
	bank_free(bank);
}

static struct digest exam_hash(struct blueprint *b)
{
	blueprint_seal(b);
	return b->hash;
}

static void everything_a_blueprint_says_is_in_its_hash(void **state)
{
	struct section s[] = {{.name = "x", .items = 2}};
	struct blueprint b = given_exam(s, 1, 0, 2);
	struct digest was = exam_hash(&b), is;
	uint32_t *const numbers[] = {&b.pretest,       &b.total,	 &b.tools,
				     &b.cut,	       &s[0].items,	 &s[0].share_low,
				     &s[0].share_high, &one_part.minutes};
	const char **const texts[] = {&b.exam,	       &b.title,   &b.version,	 &b.notice,
				      &b.rules,	       &b.bank,	   &b.code_year, &one_part.name,
				      &one_part.title, &s[0].name, &s[0].title};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(numbers); i++) {
		*numbers[i] += 1;
		is = exam_hash(&b);
		*numbers[i] -= 1;
		assert_false(digest_equal(&was, &is));
	}
	for (i = 0; i < COUNT(texts); i++) {
		const char *old = *texts[i];

		*texts[i] = "other";
		is = exam_hash(&b);
		*texts[i] = old;
		assert_false(digest_equal(&was, &is));
	}
	b.at.total.line = 1;
	is = exam_hash(&b);
	assert_true(digest_equal(&was, &is));
	b.review.date.v = 1;
	is = exam_hash(&b);
	assert_false(digest_equal(&was, &is));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(codes_are_compared_upper_case_without_dots_and_spaces),
	    cmocka_unit_test(a_code_that_does_not_fit_is_refused_and_one_that_just_fits_is_not),
	    cmocka_unit_test(whatever_decides_a_score_makes_a_new_version_of_an_item),
	    cmocka_unit_test(rationale_review_and_place_may_be_mended_without_a_new_version),
	    cmocka_unit_test(the_hash_of_an_item_is_what_the_header_says_byte_for_byte),
	    cmocka_unit_test(a_full_answer_earns_a_point_or_a_point_for_each_expected_blank),
	    cmocka_unit_test(a_sealed_bank_finds_every_item_by_hash_and_by_id_and_nothing_else),
	    cmocka_unit_test(whatever_decides_a_draw_changes_the_hash_of_the_bank),
	    cmocka_unit_test(a_quota_is_fillable_exactly_when_some_choice_of_sets_and_singles_fits),
	    cmocka_unit_test(the_outlines_of_the_real_exams_pass),
	    cmocka_unit_test(scored_items_and_pretest_items_make_the_total),
	    cmocka_unit_test(shares_that_cannot_add_up_to_a_hundred_are_refused),
	    cmocka_unit_test(a_cut_lies_inside_its_scale),
	    cmocka_unit_test(names_minutes_and_warnings_make_sense),
	    cmocka_unit_test(a_bank_may_be_asked_to_fill_an_exam_several_times),
	    cmocka_unit_test(a_bank_that_cannot_fill_a_section_is_told_with_the_number_missing),
	    cmocka_unit_test(a_set_fills_whole_or_not_at_all),
	    cmocka_unit_test(another_bank_another_year_and_a_stray_section_are_told),
	    cmocka_unit_test(everything_a_blueprint_says_is_in_its_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
