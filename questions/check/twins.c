/* What is there twice: options of an item, stems of a bank. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "questions/check/rules.h"

/* The text in lower case, with one space for any run of blanks and none at the ends. */
static void put_plain(struct buf *out, const char *text)
{
	bool gap = false, begun = false;

	for (; *text != '\0'; text++) {
		if (isspace((unsigned char)*text)) {
			gap = begun;
			continue;
		}
		if (gap)
			buf_put_u8(out, ' ');
		buf_put_u8(out, (uint8_t)tolower((unsigned char)*text));
		gap = false;
		begun = true;
	}
}

/* A text by its digest, and what it belongs to. */
struct twin {
	struct digest text;
	size_t no; /* of the option, or of the item */
};

static int by_text_and_number(const void *a, const void *b)
{
	const struct twin *x = a, *y = b;
	int c = memcmp(x->text.b, y->text.b, sizeof x->text.b);

	return c != 0 ? c : (x->no > y->no) - (x->no < y->no);
}

static struct digest digest_of_text(const char *first, const char *second)
{
	struct buf b = {0};
	struct digest d;

	put_plain(&b, first);
	buf_put_u8(&b, 0);
	put_plain(&b, second);
	d = digest_of(buf_bytes(&b).data, buf_length(&b));
	buf_fini(&b);
	return d;
}

static void check_options(const struct check *c, const struct item *item)
{
	struct twin twins[ITEM_OPTIONS_MOST];
	size_t i, n = item->noptions, first = 0;

	for (i = 0; i < n; i++)
		twins[i] = (struct twin){digest_of_text(item->options[i].text, ""), i};
	if (n > 0)
		qsort(twins, n, sizeof *twins, by_text_and_number);
	for (i = 1; i < n; i++) {
		if (!digest_equal(&twins[i].text, &twins[first].text))
			first = i;
		else
			check_found(c, RULE_TWIN_OPTION, item->options[twins[i].no].place,
				    "the option on line %u reads the same",
				    item->options[twins[first].no].place.line);
	}
}

static void check_stems(const struct check *c)
{
	struct twin *twins = mem_new_array(c->bank->nitems, sizeof *twins);
	size_t i, n = 0, first = 0;

	for (i = 0; i < c->bank->nitems; i++) {
		const struct item *item = c->bank->items[i];

		if (item->review != REVIEW_RETIRED)
			twins[n++] = (struct twin){
			    digest_of_text(item->set == NULL ? "" : item->set->stimulus,
					   item->stem),
			    i};
	}
	qsort(twins, n, sizeof *twins, by_text_and_number);
	for (i = 1; i < n; i++) {
		const struct item *item = c->bank->items[twins[i].no];
		const struct item *twin = c->bank->items[twins[first].no];

		if (!digest_equal(&twins[i].text, &twins[first].text))
			first = i;
		else
			check_found(c, RULE_TWIN_STEM, item->place,
				    "%s asks what %s on line %u asks", item->id, twin->id,
				    twin->place.line);
	}
	free(twins);
}

void check_twins(const struct check *c)
{
	size_t i;

	for (i = 0; i < c->bank->nitems; i++)
		if (c->bank->items[i]->review != REVIEW_RETIRED)
			check_options(c, c->bank->items[i]);
	check_stems(c);
}
