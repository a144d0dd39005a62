/* What only a whole section shows: keys that can be guessed without knowing, and too little
 * thinking.
 */
#include <stdlib.h>
#include <string.h>

#include "questions/check/rules.h"

#define JUDGED_LEAST 6 /* items of a section: fewer say nothing */
#define CHOICES	     4 /* the number of options whose places are compared */

/* One item in one section of one exam. */
struct sample {
	const struct item_section *section;
	const struct item *item;
};

static int by_section(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	int c = strcmp(x->section->exam, y->section->exam);

	if (c == 0)
		c = strcmp(x->section->section, y->section->section);
	if (c == 0)
		c = (x->item->place.line > y->item->place.line) -
		    (x->item->place.line < y->item->place.line);
	return c;
}

static bool same_section(const struct sample *a, const struct sample *b)
{
	return strcmp(a->section->exam, b->section->exam) == 0 &&
	       strcmp(a->section->section, b->section->section) == 0;
}

/* Characters, not bytes. */
static size_t length(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* Longer than every other option. */
static bool key_is_longest(const struct item *item)
{
	size_t i, key = 0, other = 0;

	for (i = 0; i < item->noptions; i++) {
		size_t n = length(item->options[i].text);

		if (item->options[i].right)
			key = n;
		else if (n > other)
			other = n;
	}
	return key > other;
}

static size_t place_of_key(const struct item *item)
{
	size_t i = 0;

	while (i + 1 < item->noptions && !item->options[i].right)
		i++;
	return i;
}

/* What is counted in a section; each with the first item that it is true of. */
struct count {
	size_t n;
	const struct item *first;
};

struct tally {
	size_t items;	/* all */
	size_t singles; /* single-choice */
	size_t fours;	/* of these, with four options */
	struct count longest, recall, places[CHOICES];
};

static void count_item(struct count *count, const struct item *item)
{
	count->n++;
	if (count->first == NULL)
		count->first = item;
}

static void take(struct tally *t, const struct item *item)
{
	t->items++;
	if (item->level == LEVEL_RECALL)
		count_item(&t->recall, item);
	if (item->kind != ITEM_SINGLE)
		return;
	t->singles++;
	if (key_is_longest(item))
		count_item(&t->longest, item);
	if (item->noptions != CHOICES)
		return;
	t->fours++;
	count_item(&t->places[place_of_key(item)], item);
}

/* More than chance puts at one place of four but once in a hundred sections: a quarter, and two and
 * a half standard deviations. */
static bool is_crowded(size_t at_place, size_t items)
{
	int64_t above = 4 * (int64_t)at_place - (int64_t)items;

	return items >= JUDGED_LEAST && above > 0 && 4 * above * above > 75 * (int64_t)items;
}

static void check_section(const struct check *c, const struct item_section *s,
			  const struct tally *t)
{
	size_t i;

	if (t->singles >= JUDGED_LEAST && 3 * t->longest.n > t->singles)
		check_found(c, RULE_LONG_KEY, t->longest.first->place,
			    "in the section %s of %s the key is the longest option of %zu of %zu "
			    "items; this is the first",
			    s->section, s->exam, t->longest.n, t->singles);
	if (t->items >= JUDGED_LEAST && 3 * t->recall.n > t->items)
		check_found(c, RULE_RECALL, t->recall.first->place,
			    "in the section %s of %s %zu of %zu items are recall; this is the "
			    "first",
			    s->section, s->exam, t->recall.n, t->items);
	for (i = 0; i < CHOICES; i++)
		if (is_crowded(t->places[i].n, t->fours))
			check_found(c, RULE_KEY_PLACE, t->places[i].first->place,
				    "in the section %s of %s the key is option %zu of %zu of %zu "
				    "items; this is the first",
				    s->section, s->exam, i + 1, t->places[i].n, t->fours);
}

void check_sections(const struct check *c)
{
	struct sample *samples;
	size_t i, k, n = 0;

	for (i = 0; i < c->bank->nitems; i++)
		n += c->bank->items[i]->nsections;
	samples = mem_new_array(n, sizeof *samples);
	for (n = 0, i = 0; i < c->bank->nitems; i++) {
		const struct item *item = c->bank->items[i];

		for (k = 0; item->review != REVIEW_RETIRED && k < item->nsections; k++)
			samples[n++] = (struct sample){&item->sections[k], item};
	}
	qsort(samples, n, sizeof *samples, by_section);
	for (i = 0; i < n; i = k) {
		struct tally tally = {0};

		for (k = i; k < n && same_section(&samples[i], &samples[k]); k++)
			take(&tally, samples[k].item);
		check_section(c, samples[i].section, &tally);
	}
	free(samples);
}
