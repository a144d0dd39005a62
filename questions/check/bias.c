/* Keys that can be guessed: the right option is the longest one too often. */
#include <stdlib.h>
#include <string.h>

#include "questions/check/rules.h"

/* One single-choice item in one section of one exam. */
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

static bool is_sampled(const struct item *item)
{
	return item->kind == ITEM_SINGLE && item->review != REVIEW_RETIRED;
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

/* More than a third of the items, one, and half their square root: with four options chance gives a
 * quarter, and passes this in one section of sixty at most. */
static bool is_biased(int64_t longest, int64_t items)
{
	int64_t above = 3 * longest - items - 3;

	return above > 0 && 4 * above * above > 9 * items;
}

static void check_section(const struct check *c, const struct sample *samples, size_t n)
{
	const struct item *first = NULL;
	size_t i, longest = 0;

	for (i = 0; i < n; i++) {
		if (!key_is_longest(samples[i].item))
			continue;
		longest++;
		first = first == NULL ? samples[i].item : first;
	}
	if (is_biased((int64_t)longest, (int64_t)n))
		check_found(c, RULE_LONG_KEY, first->place,
			    "in the section %s of %s the key is the longest option of %zu of %zu "
			    "items; this is the first",
			    samples->section->section, samples->section->exam, longest, n);
}

void check_bias(const struct check *c)
{
	struct sample *samples;
	size_t i, k, n = 0;

	for (i = 0; i < c->bank->nitems; i++)
		n += c->bank->items[i]->nsections;
	samples = mem_new_array(n, sizeof *samples);
	for (n = 0, i = 0; i < c->bank->nitems; i++) {
		const struct item *item = c->bank->items[i];

		for (k = 0; is_sampled(item) && k < item->nsections; k++)
			samples[n++] = (struct sample){&item->sections[k], item};
	}
	qsort(samples, n, sizeof *samples, by_section);
	for (i = 0; i < n; i = k) {
		for (k = i + 1; k < n && same_section(&samples[i], &samples[k]);)
			k++;
		check_section(c, samples + i, k - i);
	}
	free(samples);
}
