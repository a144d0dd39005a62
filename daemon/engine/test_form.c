/* Forms: exact quotas, whole sets, one form for one seed on any machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/dice.h"
#include "daemon/engine/form.h"
#include "proto/base/bytes.h"

#define SECTIONS 4

/* An exam "e" of SECTIONS sections "s0".. in one or two parts, and its bank. */
struct given {
	struct bank *bank;
	struct blueprint blueprint;
	struct part parts[2];
	struct section sections[SECTIONS];
	struct arena arena; /* of the form */
	struct form form;
};

static const char *const names[SECTIONS] = {"s0", "s1", "s2", "s3"};
static struct item_section serves[SECTIONS] = {{"e", "s0"}, {"e", "s1"}, {"e", "s2"}, {"e", "s3"}};
static struct option options[] = {
    {.text = "a", .right = true}, {.text = "b"}, {.text = "c"}, {.text = "d"}};

#define MOST 2000

static void given_exam(struct given *g, uint32_t nparts)
{
	uint32_t i;

	*g = (struct given){0};
	g->bank = bank_new();
	g->bank->name = "b";
	g->bank->version = "1";
	g->bank->items = arena_new(&g->bank->arena, MOST * sizeof(struct item *));
	for (i = 0; i < SECTIONS; i++)
		g->sections[i] = (struct section){.name = names[i], .title = names[i]};
	for (i = 0; i < nparts; i++)
		g->parts[i] = (struct part){.name = i == 0 ? "one" : "two",
					    .title = "P",
					    .minutes = 60,
					    .sections = g->sections + i * SECTIONS / nparts,
					    .nsections = SECTIONS / nparts};
	g->blueprint = (struct blueprint){.exam = "e",
					  .title = "E",
					  .version = "1",
					  .bank = "b",
					  .parts = g->parts,
					  .nparts = nparts,
					  .pass = PASS_PERCENT,
					  .cut = 70};
}

static struct item *add_item(struct given *g, uint32_t section)
{
	struct bank *bank = g->bank;
	char *id = mem_printf("i%zu", bank->nitems);
	struct item item = {.id = arena_copy_text(&bank->arena, id),
			    .kind = ITEM_SINGLE,
			    .stem = "S",
			    .options = options,
			    .noptions = COUNT(options),
			    .shuffle = true,
			    .sections = &serves[section],
			    .nsections = 1};

	free(id);
	assert_true(bank->nitems < MOST);
	return bank->items[bank->nitems++] = arena_copy(&bank->arena, &item, sizeof item);
}

static struct item_set *add_set(struct given *g, uint32_t section, size_t n)
{
	struct item_set *set = arena_new(&g->bank->arena, sizeof *set);
	size_t i;

	set->id = "set";
	set->stimulus = "R";
	set->items = arena_new(&g->bank->arena, n * sizeof(struct item *));
	for (i = 0; i < n; i++) {
		struct item *item = add_item(g, section);

		item->set = set;
		set->items[set->nitems++] = item;
	}
	return set;
}

static void add_items(struct given *g, uint32_t section, size_t n)
{
	for (; n > 0; n--)
		add_item(g, section);
}

static void sealed(struct given *g)
{
	g->blueprint.total = blueprint_scored(&g->blueprint) + g->blueprint.pretest;
	bank_seal(g->bank);
	blueprint_seal(&g->blueprint);
}

static enum err make(struct given *g, uint64_t seed, const struct form_draw *draw)
{
	uint8_t bytes[FORM_SEED] = {0};

	u64_write(bytes, seed);
	arena_reset(&g->arena);
	return form_make(&g->form, &g->blueprint, g->bank, bytes, draw, &g->arena);
}

static void finished(struct given *g)
{
	arena_fini(&g->arena);
	bank_free(g->bank);
}

static const struct form_item *at(const struct given *g, uint32_t no)
{
	return form_item(&g->form, (struct item_no){no}, NULL);
}

static struct digest form_digest(const struct form *form)
{
	struct buf b = {0};
	struct digest d;
	size_t p, i;

	for (p = 0; p < form->nparts; p++)
		for (i = 0; i < form->parts[p].nitems; i++) {
			const struct form_item *fi = &form->parts[p].items[i];

			buf_put_u32(&b, (uint32_t)p);
			buf_put(&b, fi->item->hash.b, sizeof fi->item->hash.b);
			buf_put(&b, fi->order, sizeof fi->order);
			canonical_flag(&b, fi->pretest);
			buf_put_u32(&b, fi->section);
		}
	d = digest_of(buf_bytes(&b).data, buf_length(&b));
	buf_fini(&b);
	return d;
}

/* xoshiro256** from state 1, 2, 3, 4: the numbers of its reference implementation. */
static void the_dice_are_xoshiro256_starstar(void **state)
{
	struct dice d = {{1, 2, 3, 4}};

	(void)state;
	assert_true(dice_next(&d) == 11520);
	assert_true(dice_next(&d) == 0);
	assert_true(dice_next(&d) == 1509978240);
	assert_true(dice_next(&d) == 1215971899390074240);
}

static void a_bounded_number_is_uniform_and_in_its_bound(void **state)
{
	unsigned seen[7] = {0}, i;
	struct dice d;

	(void)state;
	dice_init(&d, "test", "x", 1);
	for (i = 0; i < 70000; i++)
		seen[dice_below(&d, 7)]++;
	for (i = 0; i < 7; i++)
		assert_in_range(seen[i], 9700, 10300);
	for (i = 0; i < 100; i++)
		assert_int_equal(0, dice_below(&d, 1));
	/* Three quarters of the range: four numbers for three, so that without rejection every
	 * third one would be met twice as often as the others. */
	for (seen[0] = 0, i = 0; i < 30000; i++)
		seen[0] += dice_below(&d, 0xc0000000u) % 3 == 0;
	assert_in_range(seen[0], 9700, 10300);
}

/* Everything at once: two parts, sets, pretest items, retired ones, items that stay in order. */
static void given_everything(struct given *g)
{
	uint32_t s, i;

	given_exam(g, 2);
	for (s = 0; s < SECTIONS; s++) {
		g->sections[s].items = 7 + s;
		for (i = 0; i < 12; i++) {
			add_item(g, s);
			if (i % 4 == 0)
				add_set(g, s, 2 + i % 3);
			if (i % 5 == 0)
				add_item(g, s)->shuffle = false;
			if (i % 3 == 0)
				add_item(g, s)->pretest = true;
			if (i % 6 == 0)
				add_item(g, s)->review = REVIEW_RETIRED;
		}
	}
	g->blueprint.pretest = 9;
	sealed(g);
}

/* This digest may never change: records name the generator's version, 1. */
static void a_seed_gives_the_form_that_it_has_always_given(void **state)
{
	static const char *const always[] = {
	    "22f90f47107c2670524c1d35559d7e36afe579ab9fcc6b5fa171e6b80e23972f",
	    "680b40489303aebcb06528a758ffb53c0af059e15ed37e4cd38ff2bec62267ae",
	};
	char hex[65];
	struct given g;
	size_t i;

	(void)state;
	assert_int_equal(1, FORM_GENERATOR);
	given_everything(&g);
	for (i = 0; i < COUNT(always); i++) {
		struct digest d;

		g.blueprint.order = i == 0 ? ORDER_SECTIONS : ORDER_SHUFFLED;
		assert_int_equal(ERR_OK, make(&g, 4711, NULL));
		d = form_digest(&g.form);
		hex_format(d.b, sizeof d.b, hex);
		assert_string_equal(always[i], hex);
	}
	finished(&g);
}

static void another_place_in_memory_gives_the_same_form_and_another_seed_does_not(void **state)
{
	struct given a, b;
	struct digest x, y;
	void *shift = mem_new(12345);

	(void)state;
	given_everything(&a);
	assert_int_equal(ERR_OK, make(&a, 1, NULL));
	given_everything(&b);
	assert_int_equal(ERR_OK, make(&b, 1, NULL));
	x = form_digest(&a.form);
	y = form_digest(&b.form);
	assert_true(digest_equal(&x, &y));
	assert_int_equal(ERR_OK, make(&b, 2, NULL));
	y = form_digest(&b.form);
	assert_false(digest_equal(&x, &y));
	free(shift);
	finished(&b);
	finished(&a);
}

/* Where the items of a set stand, they stand together, in order and all of them. */
static void assert_set_whole(const struct form_part *p, size_t i)
{
	const struct item_set *set = p->items[i].item->set;
	size_t k = 0;

	while (k < set->nitems && set->items[k] != p->items[i].item)
		k++;
	assert_true(k < set->nitems && i >= k && i - k + set->nitems <= p->nitems);
	for (k = i - k; set->items[0] != p->items[k].item; k++)
		fail();
	for (i = 0; i < set->nitems; i++)
		assert_ptr_equal(set->items[i], p->items[k + i].item);
}

static void assert_options_shuffled(const struct form_item *fi)
{
	unsigned seen = 0;
	size_t i;

	for (i = 0; i < fi->item->noptions; i++) {
		seen |= 1u << fi->order[i];
		if (!fi->item->shuffle)
			assert_int_equal(i, fi->order[i]);
	}
	assert_int_equal((1u << fi->item->noptions) - 1, seen);
}

/* Every promise of form.h about a whole exam. */
static void assert_good_form(const struct given *g)
{
	const struct form *f = &g->form;
	uint32_t pretest = 0, last;
	size_t p, i, k, all = 0;

	assert_int_equal(g->blueprint.nparts, f->nparts);
	assert_int_equal(g->blueprint.total, f->nitems);
	for (p = 0; p < f->nparts; p++) {
		uint32_t drawn[SECTIONS] = {0};

		for (last = 0, i = 0; i < f->parts[p].nitems; i++) {
			const struct form_item *fi = &f->parts[p].items[i];
			const char *section = item_section(fi->item, "e");

			for (k = 0; k < i; k++)
				assert_ptr_not_equal(fi->item, f->parts[p].items[k].item);
			assert_options_shuffled(fi);
			assert_int_not_equal(REVIEW_RETIRED, fi->item->review);
			assert_int_equal(fi->pretest, fi->item->pretest);
			if (fi->item->set != NULL)
				assert_set_whole(&f->parts[p], i);
			pretest += fi->pretest;
			if (fi->pretest)
				continue;
			drawn[fi->section]++;
			assert_string_equal(section, g->parts[p].sections[fi->section].name);
			if (g->blueprint.order == ORDER_SECTIONS)
				assert_true(fi->section >= last);
			last = fi->section;
		}
		for (i = 0; i < g->parts[p].nsections; i++)
			assert_int_equal(g->parts[p].sections[i].items, drawn[i]);
		all += f->parts[p].nitems;
	}
	assert_int_equal(g->blueprint.pretest, pretest);
	assert_int_equal(f->nitems, all);
}

static void every_form_has_exact_quotas_whole_sets_and_its_pretest_items(void **state)
{
	struct given g;
	uint64_t seed;

	(void)state;
	given_everything(&g);
	for (seed = 0; seed < 300; seed++) {
		g.blueprint.order = seed % 2 == 0 ? ORDER_SECTIONS : ORDER_SHUFFLED;
		assert_int_equal(ERR_OK, make(&g, seed, NULL));
		assert_good_form(&g);
	}
	finished(&g);
}

static void a_form_is_made_exactly_when_the_bank_can_fill_it(void **state)
{
	uint32_t singles, twos, threes, quota, i;
	unsigned made = 0, refused = 0;

	(void)state;
	for (singles = 0; singles < 4; singles++)
		for (twos = 0; twos < 3; twos++)
			for (threes = 0; threes < 3; threes++)
				for (quota = 1; quota < 13; quota++) {
					struct supply s = {singles, {0, 0, twos, threes}};
					struct given g;
					enum err err;

					given_exam(&g, 1);
					g.parts[0].nsections = 1;
					g.sections[0].items = quota;
					add_items(&g, 0, singles);
					for (i = 0; i < twos; i++)
						add_set(&g, 0, 2);
					for (i = 0; i < threes; i++)
						add_set(&g, 0, 3);
					sealed(&g);
					err = make(&g, quota, NULL);
					assert_int_equal(
					    supply_fills(&s, quota) ? ERR_OK : ERR_BANK_TOO_SMALL,
					    err);
					if (err == ERR_OK)
						assert_good_form(&g);
					made += err == ERR_OK;
					refused += err != ERR_OK;
					finished(&g);
				}
	assert_true(made > 100 && refused > 100);
}

static void sets_are_drawn_before_single_items(void **state)
{
	struct given g;
	uint64_t seed;
	uint32_t i, in_sets;

	(void)state;
	given_exam(&g, 1);
	g.parts[0].nsections = 1;
	g.sections[0].items = 8;
	add_items(&g, 0, 50);
	add_set(&g, 0, 3);
	add_set(&g, 0, 3);
	sealed(&g);
	for (seed = 0; seed < 20; seed++) {
		assert_int_equal(ERR_OK, make(&g, seed, NULL));
		for (in_sets = 0, i = 0; i < 8; i++)
			in_sets += at(&g, i)->item->set != NULL;
		assert_int_equal(6, in_sets);
	}
	finished(&g);
}

static void every_single_item_and_every_option_order_is_equally_likely(void **state)
{
	unsigned met[20] = {0}, key_at[4] = {0}, first[20] = {0}, i, k;
	struct given g;
	uint64_t seed;

	(void)state;
	given_exam(&g, 1);
	g.parts[0].nsections = 1;
	g.sections[0].items = 5;
	add_items(&g, 0, 20);
	sealed(&g);
	for (seed = 0; seed < 8000; seed++) {
		assert_int_equal(ERR_OK, make(&g, seed, NULL));
		for (i = 0; i < 5; i++)
			for (k = 0; k < 20; k++)
				met[k] += at(&g, i)->item == g.bank->items[k];
		for (k = 0; k < 20; k++)
			first[k] += at(&g, 0)->item == g.bank->items[k];
		for (k = 0; k < 4; k++)
			key_at[k] += at(&g, 3)->order[k] == 0;
	}
	for (k = 0; k < 20; k++) {
		assert_in_range(met[k], 1850, 2150);
		assert_in_range(first[k], 320, 480);
	}
	for (k = 0; k < 4; k++)
		assert_in_range(key_at[k], 1850, 2150);
	finished(&g);
}

static void pretest_items_are_equally_likely_at_every_place_of_both_parts(void **state)
{
	unsigned seen[33] = {0}, i, in_second = 0;
	struct given g;
	uint64_t seed;

	(void)state;
	given_exam(&g, 2);
	g.sections[0].items = g.sections[1].items = 5;
	g.sections[2].items = g.sections[3].items = 10;
	for (i = 0; i < SECTIONS; i++)
		add_items(&g, i, 10);
	for (i = 0; i < 4; i++)
		add_item(&g, 0)->pretest = true;
	g.blueprint.pretest = 3;
	sealed(&g);
	for (seed = 0; seed < 11000; seed++) {
		assert_int_equal(ERR_OK, make(&g, seed, NULL));
		for (i = 0; i < 33; i++)
			seen[i] += at(&g, i)->pretest;
		for (i = 0; i < g.form.parts[1].nitems; i++)
			in_second += g.form.parts[1].items[i].pretest;
	}
	for (i = 0; i < 33; i++)
		assert_in_range(seen[i], 850, 1150);
	/* Two of three scored items are in the second part, and nearly so many pretest items. */
	assert_in_range(in_second, 21000, 23000);
	finished(&g);
}

static void preferred_items_come_first_and_avoided_ones_only_when_nothing_else_fits(void **state)
{
	struct digest prefer[4], avoid[12];
	struct form_draw draw = {.prefer = prefer, .avoid = avoid};
	unsigned i, k, preferred, avoided;
	struct given g;
	uint64_t seed;

	(void)state;
	given_exam(&g, 1);
	g.parts[0].nsections = 1;
	g.sections[0].items = 8;
	add_items(&g, 0, 18);
	add_set(&g, 0, 2); /* 18, 19: would be drawn first */
	sealed(&g);
	for (i = 0; i < 4; i++)
		prefer[i] = g.bank->items[i]->hash;
	for (i = 0; i < 12; i++)
		avoid[i] = g.bank->items[i + 8]->hash;
	draw.nprefer = 4;
	for (draw.navoid = 11; draw.navoid <= 12; draw.navoid++)
		for (seed = 0; seed < 30; seed++) {
			assert_int_equal(ERR_OK, make(&g, seed, &draw));
			for (preferred = avoided = 0, i = 0; i < 8; i++)
				for (k = 0; k < 20; k++) {
					bool is = at(&g, i)->item == g.bank->items[k];

					preferred += is && k < 4;
					avoided += is && k >= 8;
				}
			assert_int_equal(4, preferred);
			assert_int_equal(0, avoided);
		}
	draw.navoid = 12;
	g.sections[0].items = 10;
	sealed(&g);
	assert_int_equal(ERR_OK, make(&g, 1, &draw));
	for (preferred = 0, i = 0; i < 10; i++)
		for (k = 0; k < 8; k++)
			preferred += at(&g, i)->item == g.bank->items[k];
	assert_int_equal(8, preferred);
	finished(&g);
}

static void an_avoided_item_is_not_drawn_where_other_sets_fill_the_quota(void **state)
{
	struct digest seen;
	struct form_draw draw = {.avoid = &seen, .navoid = 1};
	struct given g;
	uint64_t seed;

	(void)state;
	given_exam(&g, 1);
	g.parts[0].nsections = 1;
	g.sections[0].items = 3;
	add_item(&g, 0);
	add_set(&g, 0, 2);
	add_set(&g, 0, 3);
	sealed(&g);
	seen = g.bank->items[0]->hash;
	for (seed = 0; seed < 20; seed++) {
		assert_int_equal(ERR_OK, make(&g, seed, &draw));
		assert_ptr_equal(g.bank->items[3], at(&g, 0)->item);
	}
	finished(&g);
}

static void a_preferred_item_is_drawn_even_where_sets_would_fill_the_quota(void **state)
{
	struct digest missed;
	struct form_draw draw = {.prefer = &missed, .nprefer = 1};
	struct given g;
	uint64_t seed;
	unsigned i, met = 0;

	(void)state;
	given_exam(&g, 1);
	g.parts[0].nsections = 1;
	g.sections[0].items = 4;
	add_items(&g, 0, 10);
	for (i = 0; i < 5; i++)
		add_set(&g, 0, 2);
	sealed(&g);
	missed = g.bank->items[3]->hash;
	for (seed = 0; seed < 20; seed++) {
		assert_int_equal(ERR_OK, make(&g, seed, &draw));
		for (i = 0; i < 4; i++)
			met += at(&g, i)->item == g.bank->items[3];
	}
	assert_int_equal(20, met);
	finished(&g);
}

static void a_drill_is_one_part_with_as_many_items_as_fit(void **state)
{
	static const char *const two[] = {"s1", "s3"};
	struct form_draw draw = {.sections = two, .nsections = 2};
	uint32_t i, seen[SECTIONS] = {0}, part = 9;
	struct given g;

	(void)state;
	given_everything(&g);
	assert_true(form_draw_is_drill(&draw));
	assert_int_equal(ERR_OK, make(&g, 1, &draw));
	assert_int_equal(1, g.form.nparts);
	assert_int_equal(8 + 10, g.form.nitems);
	for (i = 0; i < g.form.nitems; i++) {
		const struct form_item *fi = at(&g, i);

		assert_false(fi->pretest);
		assert_string_equal(item_section(fi->item, "e"), names[fi->section]);
		seen[fi->section]++;
	}
	assert_int_equal(8, seen[1]);
	assert_int_equal(10, seen[3]);
	draw.items = 5;
	assert_int_equal(ERR_OK, make(&g, 1, &draw));
	assert_int_equal(5, g.form.nitems);
	draw.items = 500;
	assert_int_equal(ERR_OK, make(&g, 1, &draw));
	assert_true(g.form.nitems > 20 && g.form.nitems < 100);
	assert_non_null(form_item(&g.form, (struct item_no){(uint32_t)g.form.nitems - 1}, &part));
	assert_int_equal(0, part);
	assert_null(form_item(&g.form, (struct item_no){(uint32_t)g.form.nitems}, &part));
	finished(&g);
}

static void a_drill_by_level_has_no_other_level_and_may_be_empty(void **state)
{
	struct form_draw draw = {.level = LEVEL_ANALYSIS};
	struct given g;
	uint32_t i;

	(void)state;
	given_exam(&g, 1);
	for (i = 0; i < SECTIONS; i++) {
		g.sections[i].items = 2;
		add_items(&g, i, 3);
	}
	sealed(&g);
	assert_int_equal(ERR_BANK_TOO_SMALL, make(&g, 1, &draw));
	g.bank->items[4]->level = g.bank->items[7]->level = LEVEL_ANALYSIS;
	sealed(&g);
	assert_int_equal(ERR_OK, make(&g, 1, &draw));
	assert_int_equal(2, g.form.nitems);
	assert_ptr_equal(g.bank->items[4], at(&g, 0)->item);
	assert_ptr_equal(g.bank->items[7], at(&g, 1)->item);
	add_set(&g, 0, 2);
	g.bank->items[12]->level = LEVEL_ANALYSIS;
	sealed(&g);
	assert_int_equal(ERR_OK, make(&g, 1, &draw));
	assert_int_equal(2, g.form.nitems);
	finished(&g);
}

static void minutes_are_those_of_the_part_or_of_the_drill(void **state)
{
	struct form_draw draw = {.items = 10};
	struct given g;

	(void)state;
	given_everything(&g);
	assert_int_equal(ERR_OK, make(&g, 1, NULL));
	assert_int_equal(60, form_minutes(&g.form, 1, NULL));
	assert_int_equal(ERR_OK, make(&g, 1, &draw));
	/* 120 minutes for 43 items: 27.9 for 10. */
	assert_int_equal(43, g.blueprint.total);
	assert_int_equal(28, form_minutes(&g.form, 0, &draw));
	draw.minutes = 5;
	assert_int_equal(5, form_minutes(&g.form, 0, &draw));
	finished(&g);
}

static void a_form_that_the_arena_cannot_hold_is_refused(void **state)
{
	struct given g;

	(void)state;
	given_everything(&g);
	g.arena.cap = 300;
	assert_int_equal(ERR_NO_MEMORY, make(&g, 1, NULL));
	finished(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_dice_are_xoshiro256_starstar),
	    cmocka_unit_test(a_bounded_number_is_uniform_and_in_its_bound),
	    cmocka_unit_test(a_seed_gives_the_form_that_it_has_always_given),
	    cmocka_unit_test(another_place_in_memory_gives_the_same_form_and_another_seed_does_not),
	    cmocka_unit_test(every_form_has_exact_quotas_whole_sets_and_its_pretest_items),
	    cmocka_unit_test(a_form_is_made_exactly_when_the_bank_can_fill_it),
	    cmocka_unit_test(sets_are_drawn_before_single_items),
	    cmocka_unit_test(every_single_item_and_every_option_order_is_equally_likely),
	    cmocka_unit_test(pretest_items_are_equally_likely_at_every_place_of_both_parts),
	    cmocka_unit_test(
		preferred_items_come_first_and_avoided_ones_only_when_nothing_else_fits),
	    cmocka_unit_test(an_avoided_item_is_not_drawn_where_other_sets_fill_the_quota),
	    cmocka_unit_test(a_preferred_item_is_drawn_even_where_sets_would_fill_the_quota),
	    cmocka_unit_test(a_drill_is_one_part_with_as_many_items_as_fit),
	    cmocka_unit_test(a_drill_by_level_has_no_other_level_and_may_be_empty),
	    cmocka_unit_test(minutes_are_those_of_the_part_or_of_the_drill),
	    cmocka_unit_test(a_form_that_the_arena_cannot_hold_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
