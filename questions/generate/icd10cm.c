/* Drills on ICD-10-CM. */
#include <ctype.h>
#include <string.h>

#include "questions/generate/drilling.h"

#define CATEGORY 3 /* characters */
#define FULL	 7

/* A row of icd10cm.tsv. */
struct entry {
	struct bytes code, title;
	bool billable;
};

static struct entry entry_of(const struct drilling *d, size_t row)
{
	const struct tsv *t = &d->tables->of[TABLE_CM];

	return (struct entry){tsv_cell(t, row, 0), tsv_cell(t, row, 2),
			      bytes_equal(tsv_cell(t, row, 1), bytes_of_text("1"))};
}

static const char *print_code(struct drilling *d, struct drill_item *item, struct entry e)
{
	return drill_code(d, item, CODE_ICD10CM, e.code);
}

static const char *reference_of(struct drilling *d, struct bytes code)
{
	return drill_text(d, "ICD-10-CM Tabular List %s, category %.3s", d->tables->year,
			  (const char *)code.data);
}

static struct drill_item new_item(struct drilling *d, struct entry key)
{
	return (struct drill_item){
	    .level = "application", .topic = "icd10cm", .reference = reference_of(d, key.code)};
}

/* ---- Siblings ---------------------------------------------------------------------------- */

/* Rows that begin as CODE does up to LEN, and are billable or not as wanted, but for the row. */
static void find_rivals(const struct drilling *d, size_t row, struct bytes code, size_t len,
			bool billable, struct rivals *out)
{
	struct tsv_span span = tsv_find_prefix(&d->tables->of[TABLE_CM], bytes_of(code.data, len));
	size_t i;

	out->n = 0;
	for (i = span.first; i < span.first + span.count && out->n < RIVALS_MOST; i++)
		if (i != row && entry_of(d, i).billable == billable)
			out->rows[out->n++] = i;
}

/* The nearest family with enough codes: those that share the most leading characters. */
static bool find_siblings(const struct drilling *d, size_t row, struct rivals *out)
{
	struct bytes code = entry_of(d, row).code;
	size_t len;

	for (len = code.len - 1; len >= CATEGORY; len--) {
		find_rivals(d, row, code, len, true, out);
		if (out->n >= DRILL_OPTIONS - 1)
			return true;
	}
	return false;
}

/* Could a reader take the row for one of its siblings?  Then it is none for an item. */
static bool is_like_a_sibling(const struct drilling *d, size_t row, const struct rivals *siblings)
{
	size_t i;

	for (i = 0; i < siblings->n; i++)
		if (d->core_of[siblings->rows[i]] == d->core_of[row])
			return true;
	return false;
}

/* The row with siblings, or refused. */
static bool begin(struct drilling *d, size_t row, struct entry *key, struct rivals *siblings)
{
	*key = entry_of(d, row);
	if (!key->billable || !title_is_fit(key->title)) {
		drill_refuse(d, REFUSED_UNFIT);
		return false;
	}
	if (!drill_is_single(d, row)) {
		drill_refuse(d, REFUSED_AMBIGUOUS);
		return false;
	}
	if (!find_siblings(d, row, siblings)) {
		drill_refuse(d, REFUSED_FEW);
		return false;
	}
	return true;
}

/* ---- Options that are codes -------------------------------------------------------------- */

static void put_key_code(struct drilling *d, struct drill_item *item, struct entry key)
{
	const char *code = print_code(d, item, key);

	drill_option(item, code,
		     drill_text(d, "%s \"%.*s\" is what is asked for.", code, BYTES(key.title)));
	item->rationale =
	    drill_text(d, "The tabular list has %s \"%.*s\".", code, BYTES(key.title));
}

static void put_wrong_code(struct drilling *d, struct drill_item *item, struct entry e)
{
	const char *code = print_code(d, item, e);

	drill_option(item, code,
		     drill_text(d, "%s is \"%.*s\".%s", code, BYTES(e.title),
				e.billable ? "" : " It is a header, with codes below."));
}

static bool is_shown(const struct drill_item *item, const char *text)
{
	size_t i;

	for (i = 0; i < item->noptions; i++)
		if (strcmp(item->options[i].text, text) == 0)
			return true;
	return false;
}

/* Fills up with siblings; false: they do not suffice, and the row is refused. */
static bool fill_codes(struct drilling *d, struct drill_item *item, struct rivals *siblings)
{
	size_t row;

	while (item->noptions < DRILL_OPTIONS && rivals_draw(d, siblings, &row)) {
		struct entry e = entry_of(d, row);

		if (title_is_fit(e.title) && !is_shown(item, print_code(d, item, e)))
			put_wrong_code(d, item, e);
	}
	if (item->noptions == DRILL_OPTIONS)
		return true;
	drill_refuse(d, REFUSED_FEW);
	return false;
}

void make_title_to_code(struct drilling *d, size_t row)
{
	struct rivals siblings;
	struct drill_item item;
	struct entry key;

	if (!begin(d, row, &key, &siblings))
		return;
	item = new_item(d, key);
	item.stem =
	    drill_text(d, "Documented: %.*s. Which ICD-10-CM code is right?", BYTES(key.title));
	put_key_code(d, &item, key);
	if (fill_codes(d, &item, &siblings))
		drill_put(d, &item);
}

/* ---- The title of a code ----------------------------------------------------------------- */

void make_code_to_title(struct drilling *d, size_t row)
{
	struct rivals siblings;
	struct drill_item item;
	struct entry key;
	const char *code;
	size_t other;

	if (!begin(d, row, &key, &siblings))
		return;
	item = new_item(d, key);
	code = print_code(d, &item, key);
	item.stem = drill_text(d, "What does the ICD-10-CM code %s report?", code);
	item.rationale = drill_text(d, "The tabular list has %s \"%.*s\".", code, BYTES(key.title));
	drill_option(&item, drill_text(d, "%.*s", BYTES(key.title)),
		     drill_text(d, "This is the title of %s.", code));
	while (item.noptions < DRILL_OPTIONS && rivals_draw(d, &siblings, &other)) {
		struct entry e = entry_of(d, other);
		const char *title = drill_text(d, "%.*s", BYTES(e.title));

		if (title_is_fit(e.title) && !is_shown(&item, title) && drill_is_single(d, other))
			drill_option(
			    &item, title,
			    drill_text(d, "This is the title of %s.", print_code(d, &item, e)));
	}
	if (item.noptions == DRILL_OPTIONS)
		drill_put(d, &item);
	else
		drill_refuse(d, REFUSED_FEW);
}

/* ---- Which one may be reported ----------------------------------------------------------- */

static size_t longest_of(const struct drilling *d, const struct rivals *rows)
{
	size_t i, most = 0;

	for (i = 0; i < rows->n; i++) {
		size_t len = entry_of(d, rows->rows[i]).code.len;

		most = len > most ? len : most;
	}
	return most;
}

/* A complete code is mostly the longest one, which would give it away: in one item of four it may
 * be, in the others a header is as long. */
static bool may_be_key(struct drilling *d, size_t row, size_t longest_header)
{
	if (entry_of(d, row).code.len <= longest_header)
		return true;
	if (4 * (d->longest + 1) > d->report->made + 1)
		return false;
	d->longest++;
	return true;
}

static void put_header(struct drilling *d, struct drill_item *item, size_t row)
{
	const char *code = print_code(d, item, entry_of(d, row));

	drill_option(
	    item, code,
	    drill_text(d, "%s is a header: the codes below it have more characters.", code));
}

/* The headers as options, one of the longest first. */
static void put_headers(struct drilling *d, struct drill_item *item, struct rivals *headers,
			size_t longest)
{
	size_t i = 0, row;

	while (entry_of(d, headers->rows[i]).code.len != longest)
		i++;
	put_header(d, item, headers->rows[i]);
	headers->rows[i] = headers->rows[--headers->n];
	while (item->noptions < DRILL_OPTIONS && rivals_draw(d, headers, &row))
		put_header(d, item, row);
}

void make_billable(struct drilling *d, size_t row)
{
	struct entry head = entry_of(d, row);
	struct rivals codes, headers;
	struct drill_item item;
	size_t key, longest;

	if (head.billable || !title_is_fit(head.title)) {
		drill_refuse(d, REFUSED_UNFIT);
		return;
	}
	find_rivals(d, row, head.code, head.code.len, true, &codes);
	find_rivals(d, row, head.code, CATEGORY, false, &headers);
	longest = longest_of(d, &headers);
	if (!rivals_draw(d, &codes, &key) || headers.n < DRILL_OPTIONS - 1) {
		drill_refuse(d, REFUSED_FEW);
		return;
	}
	while (entry_of(d, key).code.len > longest && rivals_draw(d, &codes, &key))
		continue;
	if (!may_be_key(d, key, longest)) {
		drill_refuse(d, REFUSED_OBVIOUS);
		return;
	}
	item = new_item(d, head);
	item.stem = drill_text(
	    d,
	    "The condition is found under %s \"%.*s\". Which of these ICD-10-CM codes may "
	    "be reported as it stands?",
	    print_code(d, &item, head), BYTES(head.title));
	put_key_code(d, &item, entry_of(d, key));
	item.options[0].why = drill_text(
	    d, "%s is complete: the tabular list has no code below it.", item.options[0].text);
	put_headers(d, &item, &headers, longest);
	drill_put(d, &item);
}

/* ---- The seventh character --------------------------------------------------------------- */

/* The header whose title begins that of the code, the nearest; false: none does. */
static bool find_header(const struct drilling *d, struct entry e, struct entry *out)
{
	const struct tsv *t = &d->tables->of[TABLE_CM];
	size_t len;

	for (len = e.code.len - 1; len >= CATEGORY; len--) {
		struct tsv_span span = tsv_find(t, bytes_of(e.code.data, len));

		if (span.count == 0)
			continue;
		*out = entry_of(d, span.first);
		return out->title.len + 2 < e.title.len &&
		       memcmp(out->title.data, e.title.data, out->title.len) == 0 &&
		       memcmp(e.title.data + out->title.len, ", ", 2) == 0;
	}
	return false;
}

/* What the seventh character adds to the title of the header. */
static struct bytes encounter_of(struct entry e, struct entry head)
{
	return bytes_of(e.title.data + head.title.len + 2, e.title.len - head.title.len - 2);
}

static void put_seventh(struct drilling *d, struct drill_item *item, struct entry e,
			struct entry head)
{
	drill_option(item, drill_text(d, "%c", e.code.data[FULL - 1]),
		     drill_text(d, "%c means %.*s, as in %s.", e.code.data[FULL - 1],
				BYTES(encounter_of(e, head)), print_code(d, item, e)));
}

void make_seventh(struct drilling *d, size_t row)
{
	struct entry key = entry_of(d, row), head, its;
	struct rivals siblings;
	struct drill_item item;
	size_t other;

	if (!key.billable || key.code.len != FULL || !title_is_fit(key.title) ||
	    !find_header(d, key, &head)) {
		drill_refuse(d, REFUSED_UNFIT);
		return;
	}
	find_rivals(d, row, key.code, FULL - 1, true, &siblings);
	if (is_like_a_sibling(d, row, &siblings)) {
		drill_refuse(d, REFUSED_AMBIGUOUS);
		return;
	}
	item = new_item(d, key);
	item.stem = drill_text(
	    d,
	    "Code %s \"%.*s\" takes a seventh character. Which one is right for this: "
	    "%.*s?",
	    print_code(d, &item, head), BYTES(head.title), BYTES(encounter_of(key, head)));
	put_seventh(d, &item, key, head);
	while (item.noptions < DRILL_OPTIONS && rivals_draw(d, &siblings, &other))
		if (find_header(d, entry_of(d, other), &its) && bytes_equal(its.code, head.code))
			put_seventh(d, &item, entry_of(d, other), head);
	if (item.noptions < 3) {
		drill_refuse(d, REFUSED_FEW);
		return;
	}
	item.rationale = drill_text(
	    d, "The complete code is %s \"%.*s\".%s", print_code(d, &item, key), BYTES(key.title),
	    memchr(key.code.data + CATEGORY, 'X', key.code.len - CATEGORY) == NULL
		? ""
		: " Places without a value are filled with X.");
	drill_put(d, &item);
}

/* ---- Laterality -------------------------------------------------------------------------- */

static bool has_side(struct bytes title)
{
	return title_has(title, "right") || title_has(title, "left") ||
	       title_has(title, "bilateral");
}

/* The same condition of another side. */
static void take_other_sides(struct drilling *d, struct drill_item *item, size_t row,
			     const struct rivals *siblings)
{
	size_t i;

	for (i = 0; i < siblings->n && item->noptions < DRILL_OPTIONS; i++) {
		size_t other = siblings->rows[i];

		if (d->sideless_of[other] == d->sideless_of[row] &&
		    title_is_fit(entry_of(d, other).title))
			put_wrong_code(d, item, entry_of(d, other));
	}
}

/* In a family of one side each the shared characters are not the nearest; the category is. */
void make_laterality(struct drilling *d, size_t row)
{
	struct entry key = entry_of(d, row);
	struct rivals nearest, category;
	struct drill_item item;

	if (!key.billable || !has_side(key.title)) {
		drill_refuse(d, REFUSED_UNFIT);
		return;
	}
	if (!begin(d, row, &key, &nearest))
		return;
	find_rivals(d, row, key.code, key.code.len > CATEGORY + 1 ? CATEGORY + 1 : CATEGORY, true,
		    &category);
	item = new_item(d, key);
	item.stem =
	    drill_text(d, "Documented: %.*s. Which ICD-10-CM code has the condition and the side?",
		       BYTES(key.title));
	put_key_code(d, &item, key);
	take_other_sides(d, &item, row, &category);
	if (item.noptions == 1)
		drill_refuse(d, REFUSED_FEW);
	else if (fill_codes(d, &item, &nearest))
		drill_put(d, &item);
}

/* ---- Specificity ------------------------------------------------------------------------- */

static bool is_vague(struct bytes title)
{
	return title_has(title, "unspecified") || title_has(title, "other") ||
	       title_has(title, "NOS");
}

/* One that is vaguer than what is documented. */
static bool take_vague(struct drilling *d, struct drill_item *item, struct rivals *category)
{
	size_t row;

	while (rivals_draw(d, category, &row)) {
		struct entry e = entry_of(d, row);

		if (title_has(e.title, "unspecified") && title_is_fit(e.title)) {
			put_wrong_code(d, item, e);
			return true;
		}
	}
	return false;
}

static bool take_header(struct drilling *d, struct drill_item *item, struct entry key)
{
	size_t len;

	for (len = key.code.len - 1; len >= CATEGORY; len--) {
		struct tsv_span span =
		    tsv_find(&d->tables->of[TABLE_CM], bytes_of(key.code.data, len));
		struct entry head;

		if (span.count == 0)
			continue;
		head = entry_of(d, span.first);
		if (!title_is_fit(head.title))
			return false;
		put_wrong_code(d, item, head);
		return true;
	}
	return false;
}

void make_specificity(struct drilling *d, size_t row)
{
	struct entry key = entry_of(d, row);
	struct rivals nearest, category;
	struct drill_item item;

	if (!key.billable || is_vague(key.title) || key.code.len <= CATEGORY) {
		drill_refuse(d, REFUSED_UNFIT);
		return;
	}
	if (!begin(d, row, &key, &nearest))
		return;
	find_rivals(d, row, key.code, CATEGORY, true, &category);
	item = new_item(d, key);
	item.stem = drill_text(
	    d, "Documented: %.*s. Which ICD-10-CM code says as much as the documentation does?",
	    BYTES(key.title));
	put_key_code(d, &item, key);
	if (!take_vague(d, &item, &category) || !take_header(d, &item, key))
		drill_refuse(d, REFUSED_FEW);
	else if (fill_codes(d, &item, &nearest))
		drill_put(d, &item);
}
