/* Drills on HCPCS Level II: supplies by their code, drugs by code and units. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "questions/generate/drilling.h"

#define UNITS_MOST 8

static struct bytes code_at(const struct drilling *d, size_t row)
{
	return tsv_cell(&d->tables->of[TABLE_HCPCS], row, 0);
}

static struct bytes title_at(const struct drilling *d, size_t row)
{
	return tsv_cell(&d->tables->of[TABLE_HCPCS], row, 1);
}

static bool is_active(const struct drilling *d, size_t row)
{
	char code[8] = {0};
	struct bytes c = code_at(d, row);

	if (c.len != 5)
		return false;
	memcpy(code, c.data, c.len);
	return tables_look_up(d->tables, CODE_HCPCS2, code).standing == STANDING_BILLABLE;
}

/* Supplies, equipment, drugs, prostheses; the others are services, and describe measures. */
static bool is_fit(const struct drilling *d, size_t row)
{
	struct bytes title = title_at(d, row);

	return strchr("ABEJKLPQV", code_at(d, row).data[0]) != NULL && is_active(d, row) &&
	       title_is_fit(title) && !title_has(title, "cpt") && !title_has(title, "code") &&
	       !title_has(title, "modifier") && !title_has(title, "codes");
}

/* Active codes near it that share LEN characters; false: one of them reads the same. */
static bool find_codes(const struct drilling *d, size_t row, size_t len, struct rivals *out)
{
	struct tsv_span span =
	    tsv_find_prefix(&d->tables->of[TABLE_HCPCS], bytes_of(code_at(d, row).data, len));
	size_t i;

	out->n = 0;
	for (i = span.first; i < span.first + span.count && out->n < RIVALS_MOST; i++) {
		if (i == row)
			continue;
		if (d->core_of[i] == d->core_of[row])
			return false;
		if (is_fit(d, i))
			out->rows[out->n++] = i;
	}
	return true;
}

/* ---- Doses ------------------------------------------------------------------------------- */

/* What one unit of a drug is, read from the end of its description: ", per 250 mg", ", 10 mg". */
struct dose {
	long thousandths; /* of the measure */
	struct bytes measure, drug;
};

static bool is_measure(struct bytes b)
{
	static const char *const measures[] = {"mg",	"mcg",	"ml", "microgram", "gm", "g",
					       "units", "i.u.", "iu", "cc",	   "mci"};
	size_t i;

	for (i = 0; i < COUNT(measures); i++)
		if (bytes_equal(b, bytes_of_text(measures[i])))
			return true;
	return false;
}

/* "0.25" as 250; 0: it is no such number. */
static long read_thousandths(struct bytes b)
{
	char text[16];
	double v;
	char *end;

	if (b.len == 0 || b.len >= sizeof text || !isdigit(b.data[0]))
		return 0;
	memcpy(text, b.data, b.len);
	text[b.len] = '\0';
	v = strtod(text, &end);
	return *end == '\0' && v < 100000 ? (long)(v * 1000 + 0.5) : 0;
}

/* The last word of a text, which is cut off; .len 0: there is none. */
static struct bytes cut_word(struct bytes *text)
{
	size_t n = text->len;
	struct bytes word;

	while (n > 0 && text->data[n - 1] != ' ')
		n--;
	word = bytes_of(text->data + n, text->len - n);
	text->len = n > 0 ? n - 1 : 0;
	return word;
}

static bool read_dose(struct bytes title, struct dose *out)
{
	struct bytes rest = title, number;

	out->measure = cut_word(&rest);
	number = cut_word(&rest);
	out->thousandths = read_thousandths(number);
	if (rest.len > 4 && memcmp(rest.data + rest.len - 4, " per", 4) == 0)
		rest.len -= 4;
	if (rest.len < 3 || rest.data[rest.len - 1] != ',')
		return false;
	rest.len--;
	out->drug = rest;
	return is_measure(out->measure) && out->thousandths > 0;
}

/* "1500 mg", "2.5 mg", "20,000 units". */
static const char *print_amount(struct drilling *d, long thousandths, struct bytes measure)
{
	long whole = thousandths / 1000;
	char text[48];
	size_t n;

	if (whole >= 10000)
		snprintf(text, sizeof text, "%ld,%03ld.%03ld", whole / 1000, whole % 1000,
			 thousandths % 1000);
	else
		snprintf(text, sizeof text, "%ld.%03ld", whole, thousandths % 1000);
	n = strlen(text);
	while (text[n - 1] == '0')
		n--;
	n -= text[n - 1] == '.';
	return drill_text(d, "%.*s %.*s", (int)n, text, BYTES(measure));
}

static const char *print_units(struct drilling *d, const char *code, size_t units)
{
	return drill_text(d, "%s, %zu unit%s", code, units, units == 1 ? "" : "s");
}

/* Is there another code for the same drug, of other units or another form?  Then the name alone
 * does not tell which is meant. */
static bool has_other_code(const struct drilling *d, size_t row, struct bytes drug)
{
	const struct tsv *t = &d->tables->of[TABLE_HCPCS];
	size_t i;

	for (i = 0; i < t->nrows; i++) {
		struct bytes title = title_at(d, i);

		if (i != row && title.len > drug.len &&
		    strchr(" ,", title.data[drug.len]) != NULL &&
		    strncasecmp((const char *)title.data, (const char *)drug.data, drug.len) == 0 &&
		    is_active(d, i))
			return true;
	}
	return false;
}

/* Another drug of the same units is right in its count only. */
static void put_drug(struct drilling *d, size_t row, struct drill_item *item, size_t other)
{
	struct dose dose;
	const char *code, *wrong;
	/* Never 1: a single unit tells nothing. */
	size_t units = 2 + draw_below(&d->draw, UNITS_MOST - 1), more;

	(void)!read_dose(title_at(d, row), &dose);
	code = drill_code(d, item, CODE_HCPCS2, code_at(d, row));
	wrong = drill_code(d, item, CODE_HCPCS2, code_at(d, other));
	more = units + 1 + draw_below(&d->draw, 2);
	item->stem = drill_text(
	    d,
	    "Given and documented: %.*s; in all %s, none discarded. Which HCPCS Level II "
	    "code and units are billed?",
	    BYTES(dose.drug), print_amount(d, dose.thousandths * (long)units, dose.measure));
	drill_option(item, print_units(d, code, units),
		     drill_text(d, "%s \"%.*s\" counts one unit for %s.", code,
				BYTES(title_at(d, row)),
				print_amount(d, dose.thousandths, dose.measure)));
	drill_option(item, print_units(d, code, 1),
		     "A unit is the amount in the description, not an administration.");
	drill_option(item, print_units(d, code, more),
		     drill_text(d, "That would be %s.",
				print_amount(d, dose.thousandths * (long)more, dose.measure)));
	drill_option(item, print_units(d, wrong, units),
		     drill_text(d, "%s is \"%.*s\".", wrong, BYTES(title_at(d, other))));
	item->rationale =
	    drill_text(d, "One unit is %s, so %s are %zu units.",
		       print_amount(d, dose.thousandths, dose.measure),
		       print_amount(d, dose.thousandths * (long)units, dose.measure), units);
}

static void put_code(struct drilling *d, struct drill_item *item, size_t row)
{
	const char *code = drill_code(d, item, CODE_HCPCS2, code_at(d, row));

	drill_option(item, code, drill_text(d, "%s is \"%.*s\".", code, BYTES(title_at(d, row))));
}

static bool put_supply(struct drilling *d, struct drill_item *item, size_t row,
		       struct rivals *rivals)
{
	size_t other;

	item->stem = drill_text(d, "Documented: %.*s. Which HCPCS Level II code is right?",
				BYTES(title_at(d, row)));
	item->rationale = drill_text(d, "The code set has %.*s \"%.*s\".", BYTES(code_at(d, row)),
				     BYTES(title_at(d, row)));
	put_code(d, item, row);
	while (item->noptions < DRILL_OPTIONS && rivals_draw(d, rivals, &other))
		put_code(d, item, other);
	return item->noptions == DRILL_OPTIONS;
}

void make_hcpcs(struct drilling *d, size_t row)
{
	struct drill_item item = {.level = "application", .topic = "hcpcs2"};
	struct bytes title = title_at(d, row);
	struct rivals rivals;
	struct dose dose;
	size_t len, other;

	if (!is_fit(d, row)) {
		drill_refuse(d, REFUSED_UNFIT);
		return;
	}
	if (!drill_is_single(d, row)) {
		drill_refuse(d, REFUSED_AMBIGUOUS);
		return;
	}
	rivals.n = 0;
	for (len = 4; len >= 2 && rivals.n < DRILL_OPTIONS - 1; len--)
		if (!find_codes(d, row, len, &rivals)) {
			drill_refuse(d, REFUSED_AMBIGUOUS);
			return;
		}
	item.reference =
	    drill_text(d, "HCPCS Level II, release %s, %.*s", d->hcpcs, BYTES(code_at(d, row)));
	if (rivals.n < DRILL_OPTIONS - 1) {
		drill_refuse(d, REFUSED_FEW);
		return;
	}
	if (read_dose(title, &dose) && has_other_code(d, row, dose.drug)) {
		drill_refuse(d, REFUSED_AMBIGUOUS);
		return;
	}
	if (!read_dose(title, &dose)) {
		if (!put_supply(d, &item, row, &rivals)) {
			drill_refuse(d, REFUSED_FEW);
			return;
		}
	} else if (rivals_draw(d, &rivals, &other)) {
		put_drug(d, row, &item, other);
	}
	drill_put(d, &item);
}
