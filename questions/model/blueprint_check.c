/* The rules of a blueprint by itself, and against a bank. */
#include "questions/model/blueprint.h"

#include <stdlib.h>
#include <string.h>

struct check {
	const struct blueprint *b;
	const char *file;
	struct diag *diag;
};

static struct diag_place at(const struct check *c, struct place place)
{
	return (struct diag_place){c->file, place.line, place.column};
}

/* One section of the whole exam, and its part. */
struct outline {
	const struct section *section;
	const struct part *part;
};

/* All sections in order; owned by the caller. */
static struct outline *outline_new(const struct blueprint *b, size_t *count_out)
{
	struct outline *out;
	size_t i, k, n = 0;

	for (i = 0; i < b->nparts; i++)
		n += b->parts[i].nsections;
	out = mem_new_array(n, sizeof *out);
	*count_out = n;
	for (n = 0, i = 0; i < b->nparts; i++)
		for (k = 0; k < b->parts[i].nsections; k++)
			out[n++] = (struct outline){&b->parts[i].sections[k], &b->parts[i]};
	return out;
}

static void check_names(const struct check *c, const struct outline *o, size_t n)
{
	size_t i, k;

	for (i = 0; i < c->b->nparts; i++)
		for (k = 0; k < i; k++)
			if (strcmp(c->b->parts[i].name, c->b->parts[k].name) == 0)
				diag_add(c->diag, DIAG_ERROR, at(c, c->b->parts[i].place),
					 "duplicate-name",
					 "another part is called %s too, on line %u",
					 c->b->parts[i].name, c->b->parts[k].place.line);
	for (i = 0; i < n; i++)
		for (k = 0; k < i; k++)
			if (strcmp(o[i].section->name, o[k].section->name) == 0)
				diag_add(c->diag, DIAG_ERROR, at(c, o[i].section->place),
					 "duplicate-name",
					 "another section is called %s too, on line %u",
					 o[i].section->name, o[k].section->place.line);
}

static uint32_t check_parts(const struct check *c)
{
	uint32_t longest = 0;
	size_t i;

	if (c->b->nparts == 0)
		diag_add(c->diag, DIAG_ERROR, at(c, (struct place){0}), "no-sections",
			 "the exam has no part");
	for (i = 0; i < c->b->nparts; i++) {
		const struct part *p = &c->b->parts[i];

		if (p->nsections == 0)
			diag_add(c->diag, DIAG_ERROR, at(c, p->place), "no-sections",
				 "the part %s has no section", p->name);
		if (p->minutes == 0 || p->minutes > BLUEPRINT_MINUTES_MOST)
			diag_add(c->diag, DIAG_ERROR, at(c, p->place), "bad-minutes",
				 "the part %s has %u minutes; 1 to %u are allowed", p->name,
				 p->minutes, BLUEPRINT_MINUTES_MOST);
		longest = p->minutes > longest ? p->minutes : longest;
	}
	return longest;
}

static void check_counts(const struct check *c, const struct outline *o, size_t n)
{
	uint64_t scored = 0, all;
	size_t i;

	for (i = 0; i < n; i++) {
		scored += o[i].section->items;
		if (o[i].section->items == 0)
			diag_add(c->diag, DIAG_ERROR, at(c, o[i].section->place), "bad-count",
				 "the section %s has no items", o[i].section->name);
	}
	all = scored + c->b->pretest;
	if (all > BLUEPRINT_ITEMS_MOST)
		diag_add(c->diag, DIAG_ERROR, at(c, c->b->at.total), "bad-count",
			 "%llu items are more than %u", (unsigned long long)all,
			 BLUEPRINT_ITEMS_MOST);
	if (all != c->b->total)
		diag_add(c->diag, DIAG_ERROR, at(c, c->b->at.total), "bad-total",
			 "the sections have %llu items, and %u pretest items make %llu, but the "
			 "total says %u",
			 (unsigned long long)scored, c->b->pretest, (unsigned long long)all,
			 c->b->total);
}

static void check_share(const struct check *c, const struct section *s, uint32_t scored)
{
	uint64_t hundredfold = 100 * (uint64_t)s->items;

	if (s->share_low > s->share_high || s->share_high > 100) {
		diag_add(c->diag, DIAG_ERROR, at(c, s->place), "bad-share",
			 "the range %u to %u %% of the section %s is none", s->share_low,
			 s->share_high, s->name);
		return;
	}
	if (hundredfold < (uint64_t)s->share_low * scored ||
	    hundredfold > (uint64_t)s->share_high * scored)
		diag_add(c->diag, DIAG_ERROR, at(c, s->place), "bad-share",
			 "%u of %u items are %.1f %%, outside the %u to %u %% of the section %s",
			 s->items, scored, 100.0 * s->items / scored, s->share_low, s->share_high,
			 s->name);
}

static void check_shares(const struct check *c, const struct outline *o, size_t n)
{
	uint32_t scored = blueprint_scored(c->b);
	uint64_t lows = 0, highs = 0;
	struct place first = {0};
	bool everywhere = n > 0, anywhere = false;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct section *s = o[i].section;

		if (s->share_low == 0 && s->share_high == 0) {
			everywhere = false;
			continue;
		}
		first = anywhere ? first : s->place;
		anywhere = true;
		lows += s->share_low;
		highs += s->share_high;
		check_share(c, s, scored);
	}
	if (lows > 100)
		diag_add(c->diag, DIAG_ERROR, at(c, first), "bad-share",
			 "the least shares of the sections add up to %llu %%",
			 (unsigned long long)lows);
	if (everywhere && highs < 100)
		diag_add(c->diag, DIAG_ERROR, at(c, first), "bad-share",
			 "the greatest shares of the sections add up to %llu %% only",
			 (unsigned long long)highs);
}

static void check_cut(const struct check *c)
{
	uint32_t scored = blueprint_scored(c->b);

	if (c->b->pass == PASS_PERCENT && (c->b->cut < 1 || c->b->cut > 100))
		diag_add(c->diag, DIAG_ERROR, at(c, c->b->at.pass), "bad-cut",
			 "the cut of %u %% is not in 1 to 100", c->b->cut);
	if (c->b->pass == PASS_SCALED && (c->b->cut < 1 || c->b->cut >= scored))
		diag_add(c->diag, DIAG_ERROR, at(c, c->b->at.pass), "bad-cut",
			 "the raw cut of %u is not in 1 to %u, less than the %u scored items",
			 c->b->cut, scored == 0 ? 0 : scored - 1, scored);
}

static void check_warnings(const struct check *c, uint32_t longest)
{
	size_t i, k;

	for (i = 0; i < c->b->nwarnings; i++) {
		uint32_t w = c->b->warnings[i];

		if (w == 0 || w >= longest)
			diag_add(c->diag, DIAG_ERROR, at(c, c->b->at.warnings), "bad-warning",
				 "a warning at %u minutes left is never given: the longest part "
				 "has %u",
				 w, longest);
		for (k = 0; k < i; k++)
			if (c->b->warnings[k] == w)
				diag_add(c->diag, DIAG_ERROR, at(c, c->b->at.warnings),
					 "bad-warning", "the warning at %u minutes is there twice",
					 w);
	}
}

void blueprint_check(const struct blueprint *b, const char *file, struct diag *diag)
{
	const struct check c = {b, file, diag};
	uint32_t longest;
	size_t n;
	struct outline *o = outline_new(b, &n);

	check_names(&c, o, n);
	longest = check_parts(&c);
	check_counts(&c, o, n);
	check_shares(&c, o, n);
	check_cut(&c);
	check_warnings(&c, longest);
	free(o);
}

/* What the bank holds for the exam. */
struct stock {
	struct supply *sections; /* owned; in the order of the outline */
	uint32_t pretest;
	const struct item *heavy; /* a scored item of more than a point; NULL: none */
	const struct item *stray; /* the first of .nstrays whose section the exam does not have */
	size_t nstrays;
};

static size_t find_section(const struct outline *o, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(o[i].section->name, name) == 0)
			break;
	return i;
}

static void take_stock(struct stock *stock, const struct check *c, const struct bank *bank,
		       const struct outline *o, size_t n)
{
	size_t i, k;

	for (i = 0; i < bank->nitems; i++) {
		const struct item *item = bank->items[i];
		const char *section;
		enum item_use use = item_use(item, c->b->exam, &section);

		if (section == NULL)
			continue;
		if ((k = find_section(o, n, section)) == n) {
			stock->stray = stock->stray == NULL ? item : stock->stray;
			stock->nstrays++;
			continue;
		}
		stock->pretest += use == USE_PRETEST;
		if (use != USE_SCORED)
			continue;
		if (item_points_most(item) > 100)
			stock->heavy = item;
		if (item->set == NULL)
			stock->sections[k].singles++;
		else if (item == item->set->items[0] && item->set->nitems <= 3)
			stock->sections[k].sets[item->set->nitems]++;
	}
}

/* What is there beyond one form: the words of a form, and of that many. */
static void check_spare(const struct check *c, const struct section *s, const struct supply *have,
			uint32_t percent)
{
	uint64_t wanted = ((uint64_t)s->items * percent + 99) / 100;
	uint32_t most = wanted > UINT32_MAX ? 0 : supply_most(have, (uint32_t)wanted);

	if (most < wanted)
		diag_add(c->diag, DIAG_ERROR, at(c, s->place), "bank-too-small",
			 "the section %s of the exam %s draws %u items; %llu are wanted for it (%u "
			 "%%), %llu missing",
			 s->name, c->b->exam, s->items, (unsigned long long)wanted, percent,
			 (unsigned long long)wanted - most);
}

static void check_pretest_spare(const struct check *c, const struct stock *stock, uint32_t percent)
{
	uint64_t wanted = ((uint64_t)c->b->pretest * percent + 99) / 100;

	if (stock->pretest < wanted)
		diag_add(c->diag, DIAG_ERROR, at(c, c->b->at.pretest), "bank-too-small",
			 "the exam %s draws %u pretest items; %llu are wanted for it (%u %%), the "
			 "bank has %u",
			 c->b->exam, c->b->pretest, (unsigned long long)wanted, percent,
			 stock->pretest);
}

static void check_stock(const struct check *c, const struct stock *stock, const struct outline *o,
			size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct section *s = o[i].section;
		const struct supply *have = &stock->sections[i];
		uint32_t most = supply_most(have, s->items);

		if (most < s->items)
			diag_add(c->diag, DIAG_ERROR, at(c, s->place), "bank-too-small",
				 "the section %s of the exam %s needs %u items, %u missing: the "
				 "bank has %u single items, %u sets of two and %u of three for it",
				 s->name, c->b->exam, s->items, s->items - most, have->singles,
				 have->sets[2], have->sets[3]);
	}
	if (stock->pretest < c->b->pretest)
		diag_add(c->diag, DIAG_ERROR, at(c, c->b->at.pretest), "bank-too-small",
			 "the exam %s needs %u pretest items, %u missing", c->b->exam,
			 c->b->pretest, c->b->pretest - stock->pretest);
	if (c->b->pass == PASS_SCALED && stock->heavy != NULL)
		diag_add(c->diag, DIAG_ERROR, at(c, c->b->at.pass), "scaled-codes",
			 "a practice scale is made of items of one point; %s has more",
			 stock->heavy->id);
	if (stock->nstrays > 0)
		diag_add(c->diag, DIAG_WARNING, at(c, (struct place){0}), "no-such-section",
			 "%zu items of the bank are for sections that the exam %s does not have; "
			 "the first is %s, for %s",
			 stock->nstrays, c->b->exam, stock->stray->id,
			 item_section(stock->stray, c->b->exam));
}

void blueprint_check_supply(const struct blueprint *b, const struct bank *bank, uint32_t percent,
			    const char *file, struct diag *diag)
{
	const struct check c = {b, file, diag};
	struct stock stock = {0};
	size_t n, i, errors;
	struct outline *o = outline_new(b, &n);

	stock.sections = mem_new_array(n, sizeof *stock.sections);
	if (strcmp(b->bank, bank->name) != 0)
		diag_add(diag, DIAG_ERROR, at(&c, b->at.bank), "wrong-bank",
			 "the exam is drawn from the bank %s, not from %s", b->bank, bank->name);
	if (b->code_year != NULL &&
	    (bank->code_year == NULL || strcmp(b->code_year, bank->code_year) != 0))
		diag_add(diag, DIAG_ERROR, at(&c, b->at.code_year), "wrong-year",
			 "the exam is for the code year %s, the bank for %s", b->code_year,
			 bank->code_year == NULL ? "none" : bank->code_year);
	take_stock(&stock, &c, bank, o, n);
	errors = diag->errors;
	check_stock(&c, &stock, o, n);
	if (diag->errors == errors && percent > 100) {
		for (i = 0; i < n; i++)
			check_spare(&c, o[i].section, &stock.sections[i], percent);
		check_pretest_spare(&c, &stock, percent);
	}
	free(stock.sections);
	free(o);
}

void blueprint_check_bank(const struct blueprint *b, const struct bank *bank, const char *file,
			  struct diag *diag)
{
	blueprint_check_supply(b, bank, 100, file, diag);
}
