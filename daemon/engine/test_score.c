/* Scoring: the rules by example, and against a slow model on random answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/dice.h"
#include "daemon/engine/score.h"

static struct option four[] = {
    {.text = "a", .right = true}, {.text = "b"}, {.text = "c", .right = true}, {.text = "d"}};
static struct option one_right[] = {{.text = "a"}, {.text = "b"}, {.text = "c", .right = true}};

static const struct item multiple = {
    .id = "m", .kind = ITEM_MULTIPLE, .options = four, .noptions = 4};
static const struct item single = {
    .id = "s", .kind = ITEM_SINGLE, .options = one_right, .noptions = 3};

/* Places 0, 1, 2, 3 of the form show the bank's options 2, 0, 3, 1. */
static const struct form_item mixed = {.item = &multiple, .order = {2, 0, 3, 1}};
/* Places 0, 1, 2 show 2, 1, 0: the key is in front. */
static const struct form_item turned = {.item = &single, .order = {2, 1, 0}};

static int32_t points_of(const struct form_item *fi, enum multiple_rule rule, const char *places)
{
	uint8_t chosen[ITEM_OPTIONS_MOST];
	size_t n = strlen(places), i;

	for (i = 0; i < n; i++)
		chosen[i] = (uint8_t)(places[i] - '0');
	return score_item(fi, &(struct answer_view){.chosen = chosen, .nchosen = n}, rule);
}

static void a_single_choice_is_all_or_nothing_at_its_place_in_the_form(void **state)
{
	(void)state;
	assert_int_equal(100, points_of(&turned, MULTIPLE_ALL_OR_NOTHING, "0"));
	assert_int_equal(0, points_of(&turned, MULTIPLE_ALL_OR_NOTHING, "1"));
	assert_int_equal(0, points_of(&turned, MULTIPLE_ALL_OR_NOTHING, "2"));
	assert_int_equal(0, points_of(&turned, MULTIPLE_ALL_OR_NOTHING, ""));
	assert_int_equal(0, points_of(&turned, MULTIPLE_PARTIAL, "01"));
	assert_int_equal(0, points_of(&turned, MULTIPLE_PARTIAL, "7"));
}

static void a_multiple_response_needs_every_right_option_and_no_other(void **state)
{
	(void)state;
	assert_int_equal(100, points_of(&mixed, MULTIPLE_ALL_OR_NOTHING, "01"));
	assert_int_equal(0, points_of(&mixed, MULTIPLE_ALL_OR_NOTHING, "0"));
	assert_int_equal(0, points_of(&mixed, MULTIPLE_ALL_OR_NOTHING, "012"));
	assert_int_equal(0, points_of(&mixed, MULTIPLE_ALL_OR_NOTHING, "0123"));
	assert_int_equal(0, points_of(&mixed, MULTIPLE_ALL_OR_NOTHING, ""));
}

static void partial_credit_counts_wrong_options_against_right_ones(void **state)
{
	(void)state;
	assert_int_equal(100, points_of(&mixed, MULTIPLE_PARTIAL, "01"));
	assert_int_equal(50, points_of(&mixed, MULTIPLE_PARTIAL, "1"));
	assert_int_equal(50, points_of(&mixed, MULTIPLE_PARTIAL, "013"));
	assert_int_equal(0, points_of(&mixed, MULTIPLE_PARTIAL, "0123"));
	assert_int_equal(0, points_of(&mixed, MULTIPLE_PARTIAL, "13"));
	assert_int_equal(0, points_of(&mixed, MULTIPLE_PARTIAL, "23"));
	assert_int_equal(0, points_of(&mixed, MULTIPLE_PARTIAL, ""));
}

static void a_third_of_a_point_is_rounded_once_and_half_up(void **state)
{
	struct option three[] = {{.text = "a", .right = true},
				 {.text = "b", .right = true},
				 {.text = "c", .right = true},
				 {.text = "d"}};
	const struct item item = {
	    .id = "t", .kind = ITEM_MULTIPLE, .options = three, .noptions = 4};
	const struct form_item fi = {.item = &item, .order = {0, 1, 2, 3}};

	(void)state;
	assert_int_equal(33, points_of(&fi, MULTIPLE_PARTIAL, "0"));
	assert_int_equal(67, points_of(&fi, MULTIPLE_PARTIAL, "02"));
	assert_int_equal(33, points_of(&fi, MULTIPLE_PARTIAL, "013"));
}

/* Typed codes. */

static const char *pneumonia[] = {"J189", "J159"};
static const char *diabetes[] = {"E119", "E1165"};
static const char *e119[] = {"E119"};
static const char *insulin[] = {"Z794"};
static struct code_field visit[] = {
    {.label = "P", .accept = pneumonia, .naccept = 2, .principal = true},
    {.label = "S", .accept = diabetes, .naccept = 2},
    {.label = "S", .accept = e119, .naccept = 1},
    {.label = "S", .accept = insulin, .naccept = 1, .optional = true},
};

static int32_t codes_score(enum code_scoring scoring, const char *const *codes, size_t n)
{
	struct item item = {.id = "c",
			    .kind = ITEM_CODES,
			    .fields = visit,
			    .nfields = COUNT(visit),
			    .scoring = scoring};
	const struct form_item fi = {.item = &item};

	return score_item(&fi, &(struct answer_view){.codes = codes, .ncodes = n},
			  MULTIPLE_ALL_OR_NOTHING);
}

/* Two procedures that share a code are reported twice (ICD-10-PCS B3.2); two codes of which either
 * may be principal are not one code twice. */
static void a_code_counts_as_often_as_the_record_needs_it(void **state)
{
	static const char *either[] = {"J189", "L02415"}, *stent[] = {"02703DZ"};
	static struct code_field fields[] = {
	    {.label = "P", .accept = either, .naccept = 2, .principal = true},
	    {.label = "S", .accept = either, .naccept = 2},
	    {.label = "Procedure", .accept = stent, .naccept = 1},
	    {.label = "Procedure", .accept = stent, .naccept = 1},
	};
	static const struct {
		const char *codes[4];
		int32_t points;
	} cases[] = {
	    {{"J189", "L02415", "02703DZ", "02703DZ"}, 400},
	    {{"L02415", "J189", "02703DZ", "02703DZ"}, 400},
	    {{"J189", "J189", "02703DZ", "02703DZ"}, 300},
	    {{"J189", "L02415", "02703DZ", ""}, 300},
	};
	struct item item = {.id = "t", .kind = ITEM_CODES, .fields = fields, .nfields = 4};
	const struct form_item fi = {.item = &item};

	(void)state;
	item.scoring = CODES_BLANK;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    cases[i].points,
		    score_item(&fi, &(struct answer_view){.codes = cases[i].codes, .ncodes = 4},
			       MULTIPLE_ALL_OR_NOTHING));
}

static void typed_codes_follow_the_rules_of_code_entry(void **state)
{
	static const struct {
		const char *codes[4];
		int32_t share, blank;
	} cases[] = {
	    {{"J189", "E1165", "E119", "Z794"}, 300, 300}, /* all of them */
	    {{"J159", "E119", "E1165", ""}, 300, 300},	   /* any order; without the optional one */
	    {{"J189", "Z794", "E119", "E1165"}, 300, 300}, /* the optional one elsewhere */
	    {{"E119", "J189", "E1165", ""}, 100, 100},	   /* the principal is bound to its place */
	    {{"J189", "", "", ""}, 100, 100},
	    {{"J189", "E119", "E119", ""}, 200, 200},	   /* the same twice is one diagnosis */
	    {{"J189", "E119", "E119", "E119"}, 150, 200},  /* and counts as entered each time */
	    {{"J189", "E1165", "E1165", ""}, 200, 200},	   /* one field only accepts that */
	    {{"J189", "E119", "E1165", "R05"}, 225, 300},  /* one code too many: 3 of 4 */
	    {{"R05", "E119", "E1165", "I10"}, 150, 200},   /* 2 of 4 entered */
	    {{"", "", "", "Z794"}, 0, 0},		   /* optional codes earn nothing */
	    {{"Z794", "E119", "E1165", "Z794"}, 200, 200}, /* in the principal's place: wrong */
	    {{"J189", "E119", "Z794", "Z794"}, 200, 200},  /* 3 counted: 2 of 3 */
	    {{"", "", "", ""}, 0, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		assert_int_equal(cases[i].share, codes_score(CODES_SHARE, cases[i].codes, 4));
		assert_int_equal(cases[i].blank, codes_score(CODES_BLANK, cases[i].codes, 4));
	}
	assert_int_equal(0, codes_score(CODES_SHARE, NULL, 0));
	assert_int_equal(100, codes_score(CODES_SHARE, cases[0].codes, 1));
}

/* The slow model of typed codes: every way to give each entry to a field or to none. */
struct model {
	const struct item *item;
	const char *codes[8];
	size_t n;
	uint64_t used;
	bool taken[8];	       /* entries that stand for a field */
	size_t correct, spare; /* of the way under way */
	double best_share;
	size_t best; /* of all ways */
};

static bool model_accepts(const struct model *m, size_t field, size_t entry)
{
	const struct code_field *f = &m->item->fields[field];
	bool bound = f->principal || m->item->fields[entry].principal;
	size_t i;

	for (i = 0; i < f->naccept; i++)
		if (strcmp(f->accept[i], m->codes[entry]) == 0)
			return !bound || field == entry;
	return false;
}

/* A code typed again stands for a second field only where fields want it alone as often. */
static bool model_may_count(const struct model *m, size_t entry)
{
	size_t i, counted = 0, alone = 0;

	for (i = 0; i < m->n; i++)
		counted += m->taken[i] && strcmp(m->codes[i], m->codes[entry]) == 0;
	for (i = 0; i < m->item->nfields; i++)
		alone += m->item->fields[i].naccept == 1 &&
			 strcmp(m->item->fields[i].accept[0], m->codes[entry]) == 0;
	return counted < (alone > 0 ? alone : 1);
}

static void model_try(struct model *m, size_t entry, size_t filled)
{
	size_t field, expected = item_expected_codes(m->item), counted;
	double share;

	if (entry == m->n) {
		counted = filled - m->spare > expected ? filled - m->spare : expected;
		share = counted == 0 ? 0 : (double)m->correct / (double)counted;
		m->best_share = share > m->best_share ? share : m->best_share;
		m->best = m->correct > m->best ? m->correct : m->best;
		return;
	}
	if (m->codes[entry][0] == '\0') {
		model_try(m, entry + 1, filled);
		return;
	}
	model_try(m, entry + 1, filled + 1);
	for (field = 0; field < m->item->nfields; field++) {
		bool optional = m->item->fields[field].optional;

		if ((m->used >> field & 1) != 0 || !model_accepts(m, field, entry) ||
		    !model_may_count(m, entry))
			continue;
		m->used |= 1ull << field;
		m->taken[entry] = true;
		m->correct += !optional;
		m->spare += optional;
		model_try(m, entry + 1, filled + 1);
		m->spare -= optional;
		m->correct -= !optional;
		m->used &= ~(1ull << field);
		m->taken[entry] = false;
	}
}

static const char *const alphabet[] = {"A00", "B00", "C00", "D00", "E00", ""};

static void typed_codes_earn_what_the_best_of_all_assignments_earns(void **state)
{
	const char *accept[6][3];
	struct code_field fields[6];
	struct dice d;
	size_t round, i, k, differing = 0;

	(void)state;
	dice_init(&d, "test_score", "codes", 5);
	for (round = 0; round < 4000; round++) {
		struct item item = {.id = "r", .kind = ITEM_CODES, .fields = fields};
		struct form_item fi = {.item = &item};
		struct model m = {.item = &item};
		struct answer_view answer = {.codes = m.codes};
		int32_t share, blank, want;

		item.nfields = 1 + dice_below(&d, 6);
		for (i = 0; i < item.nfields; i++) {
			fields[i] = (struct code_field){.label = "L", .accept = accept[i]};
			fields[i].naccept = 1 + dice_below(&d, 3);
			fields[i].principal = dice_below(&d, 5) == 0;
			fields[i].optional = !fields[i].principal && dice_below(&d, 4) == 0;
			for (k = 0; k < fields[i].naccept; k++)
				accept[i][k] = alphabet[dice_below(&d, 5)];
			m.codes[i] = alphabet[dice_below(&d, 6)];
		}
		answer.ncodes = m.n = item.nfields;
		model_try(&m, 0, 0);
		want = (int32_t)(m.best_share * item_points_most(&item) + 0.5 + 1e-9);
		item.scoring = CODES_SHARE;
		share = score_item(&fi, &answer, MULTIPLE_PARTIAL);
		item.scoring = CODES_BLANK;
		blank = score_item(&fi, &answer, MULTIPLE_PARTIAL);
		assert_int_equal(want, share);
		assert_int_equal(100 * m.best, blank);
		assert_in_range(share, 0, item_points_most(&item));
		differing += share != blank;
	}
	assert_true(differing > 100);
}

static void partial_credit_is_the_fraction_of_the_rule_for_every_choice(void **state)
{
	unsigned key, chosen, i;

	(void)state;
	for (key = 1; key < 31; key++)
		for (chosen = 0; chosen < 32; chosen++) {
			struct option options[5];
			struct item item = {
			    .kind = ITEM_MULTIPLE, .options = options, .noptions = 5};
			struct form_item fi = {.item = &item, .order = {4, 2, 0, 3, 1}};
			char places[6] = "";
			int good = 0, bad = 0, n = 0, want;

			for (i = 0; i < 5; i++)
				options[i] = (struct option){.text = "o", .right = key >> i & 1};
			for (i = 0; i < 5; i++)
				if ((chosen >> i & 1) != 0) {
					places[n++] = (char)('0' + i);
					good += options[fi.order[i]].right;
					bad += !options[fi.order[i]].right;
				}
			want = good <= bad
				   ? 0
				   : (int)(100.0 * (good - bad) / (double)item_right_count(&item) +
					   0.5);
			assert_int_equal(want, points_of(&fi, MULTIPLE_PARTIAL, places));
			assert_int_equal(want == 100 ? 100 : 0,
					 points_of(&fi, MULTIPLE_ALL_OR_NOTHING, places));
		}
}

/* Whole forms. */

static struct section sections[] = {{.name = "x", .items = 50}, {.name = "y", .items = 50}};
static struct part parts[] = {{.name = "p", .sections = sections, .nsections = 2}};

struct sat {
	struct blueprint blueprint;
	struct form_part part;
	struct form form;
	struct form_item items[120];
	struct answer_view answers[120];
	struct arena arena;
	struct score score;
};

static const uint8_t key[] = {0}, miss[] = {1};

/* A form of N single items in two sections, and PRETEST pretest items behind them; nothing is
 * answered. */
static void given_form(struct sat *s, uint32_t n, uint32_t pretest)
{
	uint32_t i;

	*s = (struct sat){0};
	sections[0].items = sections[1].items = n / 2;
	s->blueprint = (struct blueprint){
	    .parts = parts, .nparts = 1, .pretest = pretest, .total = n + pretest, .cut = 70};
	for (i = 0; i < n + pretest; i++) {
		s->items[i] = turned;
		s->items[i].section = i < n / 2 ? 0 : 1;
		s->items[i].pretest = i >= n;
		if (s->items[i].pretest)
			s->items[i].section = 0;
	}
	s->part = (struct form_part){s->items, n + pretest};
	s->form = (struct form){&s->blueprint, NULL, &s->part, 1, n + pretest};
}

static void answer(struct sat *s, uint32_t from, uint32_t n, const uint8_t *what)
{
	for (; n > 0; n--)
		s->answers[from++] = (struct answer_view){.chosen = what, .nchosen = 1};
}

static const struct score *scored(struct sat *s)
{
	arena_reset(&s->arena);
	score_form(&s->score, &s->form, s->answers, &s->arena);
	return &s->score;
}

static void seventy_of_a_hundred_pass_and_sixty_nine_do_not(void **state)
{
	struct sat s;

	(void)state;
	given_form(&s, 100, 0);
	answer(&s, 0, 70, key);
	answer(&s, 70, 30, miss);
	assert_int_equal(7000, scored(&s)->points);
	assert_int_equal(10000, s.score.most);
	assert_true(s.score.passed);
	assert_int_equal(0, s.score.scaled);
	assert_int_equal(100, s.score.answered);
	answer(&s, 69, 1, miss);
	assert_false(scored(&s)->passed);
	arena_fini(&s.arena);
}

static void points_are_told_by_section(void **state)
{
	struct sat s;

	(void)state;
	given_form(&s, 100, 0);
	answer(&s, 10, 60, key);
	scored(&s);
	assert_int_equal(2, s.score.nsections);
	assert_string_equal("x", s.score.sections[0].section);
	assert_int_equal(4000, s.score.sections[0].points);
	assert_int_equal(5000, s.score.sections[0].most);
	assert_int_equal(2000, s.score.sections[1].points);
	assert_int_equal(60, s.score.answered);
	assert_int_equal(0, s.score.item_points[9]);
	assert_int_equal(100, s.score.item_points[10]);
	arena_fini(&s.arena);
}

static void pretest_items_score_but_count_nowhere(void **state)
{
	struct sat s;

	(void)state;
	given_form(&s, 100, 10);
	answer(&s, 0, 69, key);
	answer(&s, 100, 10, key);
	scored(&s);
	assert_int_equal(6900, s.score.points);
	assert_int_equal(10000, s.score.most);
	assert_false(s.score.passed);
	assert_int_equal(5000, s.score.sections[0].most);
	assert_int_equal(110, s.score.nitems);
	assert_int_equal(100, s.score.item_points[105]);
	assert_int_equal(79, s.score.answered);
	arena_fini(&s.arena);
}

static void the_practice_scale_bends_at_the_cut(void **state)
{
	static const struct {
		int32_t points;
		uint32_t scaled;
	} cases[] = {{0, 100},	  {3150, 200}, {6200, 296}, {6299, 299}, {6300, 300},
		     {7649, 349}, {7650, 350}, {8999, 399}, {9000, 400}};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_int_equal(cases[i].scaled, score_scaled(cases[i].points, 9000, 6300));
}

static void the_scale_never_falls_and_passes_exactly_at_the_cut(void **state)
{
	int32_t cut, p;
	uint32_t last, is;

	(void)state;
	for (cut = 1; cut < 300; cut += 7)
		for (last = 100, p = 0; p <= 300; p++, last = is) {
			is = score_scaled(p, 300, cut);
			assert_true(is >= last && is <= 400);
			assert_int_equal(p >= cut, is >= 300);
		}
}

static void a_scaled_exam_passes_at_its_raw_cut(void **state)
{
	struct sat s;

	(void)state;
	given_form(&s, 90, 15);
	s.blueprint.pass = PASS_SCALED;
	s.blueprint.cut = 63;
	answer(&s, 0, 63, key);
	assert_true(scored(&s)->passed);
	assert_int_equal(300, s.score.scaled);
	answer(&s, 0, 1, miss);
	assert_false(scored(&s)->passed);
	assert_int_equal(296, s.score.scaled);
	arena_fini(&s.arena);
}

static void a_drill_of_a_scaled_exam_has_no_scale_and_passes_in_proportion(void **state)
{
	struct sat s;

	(void)state;
	given_form(&s, 10, 0);
	sections[0].items = sections[1].items = 45;
	s.blueprint.total = 90;
	s.blueprint.pass = PASS_SCALED;
	s.blueprint.cut = 63;
	answer(&s, 0, 7, key);
	assert_true(scored(&s)->passed);
	assert_int_equal(0, s.score.scaled);
	answer(&s, 0, 1, miss);
	assert_false(scored(&s)->passed);
	arena_fini(&s.arena);
}

static void a_drill_reports_the_sections_that_it_has_items_of(void **state)
{
	struct part two[] = {{.name = "p", .sections = sections, .nsections = 1},
			     {.name = "q", .sections = sections + 1, .nsections = 1}};
	struct sat s;
	uint32_t i;

	(void)state;
	given_form(&s, 10, 0);
	s.blueprint.parts = two;
	s.blueprint.nparts = 2;
	s.blueprint.total = 100;
	for (i = 0; i < 10; i++)
		s.items[i].section = 1;
	answer(&s, 0, 4, key);
	scored(&s);
	assert_int_equal(1, s.score.nsections);
	assert_string_equal("y", s.score.sections[0].section);
	assert_int_equal(0, s.score.sections[0].part);
	assert_int_equal(400, s.score.sections[0].points);
	assert_int_equal(1000, s.score.sections[0].most);
	arena_fini(&s.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_single_choice_is_all_or_nothing_at_its_place_in_the_form),
	    cmocka_unit_test(a_multiple_response_needs_every_right_option_and_no_other),
	    cmocka_unit_test(partial_credit_counts_wrong_options_against_right_ones),
	    cmocka_unit_test(a_third_of_a_point_is_rounded_once_and_half_up),
	    cmocka_unit_test(a_code_counts_as_often_as_the_record_needs_it),
	    cmocka_unit_test(typed_codes_follow_the_rules_of_code_entry),
	    cmocka_unit_test(typed_codes_earn_what_the_best_of_all_assignments_earns),
	    cmocka_unit_test(partial_credit_is_the_fraction_of_the_rule_for_every_choice),
	    cmocka_unit_test(seventy_of_a_hundred_pass_and_sixty_nine_do_not),
	    cmocka_unit_test(points_are_told_by_section),
	    cmocka_unit_test(pretest_items_score_but_count_nowhere),
	    cmocka_unit_test(the_practice_scale_bends_at_the_cut),
	    cmocka_unit_test(the_scale_never_falls_and_passes_exactly_at_the_cut),
	    cmocka_unit_test(a_scaled_exam_passes_at_its_raw_cut),
	    cmocka_unit_test(a_drill_of_a_scaled_exam_has_no_scale_and_passes_in_proportion),
	    cmocka_unit_test(a_drill_reports_the_sections_that_it_has_items_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
