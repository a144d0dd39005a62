/* Drills on ICD-10-PCS. */
#include <stdlib.h>
#include <string.h>

#include "questions/generate/drilling.h"

#define CODE_LENGTH 7
#define TABLE_CODE  3 /* characters that name a table */

/* ---- The value of an axis ---------------------------------------------------------------- */

/* A row of the tables: what a value says at a place of a table. */
struct value {
	struct bytes table, row, position, axis, value, label;
	bool unchanged;
};

static struct value value_of(const struct drilling *d, size_t row)
{
	const struct tsv *t = &d->tables->of[TABLE_PCS_ROWS];

	return (struct value){tsv_cell(t, row, 0),
			      tsv_cell(t, row, 1),
			      tsv_cell(t, row, 2),
			      tsv_cell(t, row, 3),
			      tsv_cell(t, row, 4),
			      tsv_cell(t, row, 5),
			      bytes_equal(tsv_cell(t, row, 6), bytes_of_text("1"))};
}

/* Does a code of this year have the value at the place, in this table? */
static bool is_in_use(const struct drilling *d, const struct value *v)
{
	const struct tsv *codes = &d->tables->of[TABLE_PCS];
	struct tsv_span span = tsv_find_prefix(codes, v->table);
	size_t i, at = (size_t)(v->position.data[0] - '1');

	for (i = span.first; i < span.first + span.count; i++) {
		struct bytes code = tsv_cell(codes, i, 0);

		if (code.len == CODE_LENGTH && code.data[at] == v->value.data[0])
			return true;
	}
	return false;
}

/* The other values at the same place of the table; false: one of two labels, or two values of one
 * label, are among them. */
static bool find_values(const struct drilling *d, size_t row, struct rivals *out)
{
	struct value key = value_of(d, row);
	struct tsv_span span = tsv_find(&d->tables->of[TABLE_PCS_ROWS], key.table);
	bool single = true;
	size_t i;

	out->n = 0;
	for (i = span.first; i < span.first + span.count; i++) {
		struct value v = value_of(d, i);
		bool value, label;

		if (!bytes_equal(v.position, key.position) || v.value.len != 1)
			continue;
		value = bytes_equal(v.value, key.value);
		label = title_core(v.label) == title_core(key.label);
		single = single && value == label;
		if (!value && !label && v.unchanged && out->n < RIVALS_MOST)
			out->rows[out->n++] = i;
	}
	return single;
}

/* The label of character 2 or 3 of a table. */
static struct bytes name_of(const struct drilling *d, struct bytes table, char position)
{
	struct tsv_span span = tsv_find(&d->tables->of[TABLE_PCS_ROWS], table);
	size_t i;

	for (i = span.first; i < span.first + span.count; i++) {
		struct value v = value_of(d, i);

		if (bytes_equal(v.row, bytes_of_text("00")) && v.position.len == 1 &&
		    v.position.data[0] == (uint8_t)position)
			return v.label;
	}
	return (struct bytes){0};
}

static bool is_shown(const struct drill_item *item, const char *text)
{
	size_t i;

	for (i = 0; i < item->noptions; i++)
		if (strcmp(item->options[i].text, text) == 0)
			return true;
	return false;
}

static void put_value(struct drilling *d, struct drill_item *item, const struct value *v)
{
	const char *text = drill_text(d, "%.*s", BYTES(v->value));

	if (!is_shown(item, text))
		drill_option(item, text,
			     drill_text(d, "In table %.*s the value %.*s is %.*s.", BYTES(v->table),
					BYTES(v->value), BYTES(v->label)));
}

void make_pcs_axis(struct drilling *d, size_t row)
{
	struct value key = value_of(d, row);
	struct bytes system, operation;
	struct drill_item item = {.level = "application", .topic = "icd10pcs"};
	struct rivals values;
	size_t other;

	if (bytes_equal(key.row, bytes_of_text("00")) || !key.unchanged || key.value.len != 1 ||
	    key.table.len != TABLE_CODE || !title_is_fit(key.label) || key.position.len != 1 ||
	    key.position.data[0] < '4' || key.position.data[0] > '7' || !is_in_use(d, &key)) {
		drill_refuse(d, REFUSED_UNFIT);
		return;
	}
	if (!find_values(d, row, &values)) {
		drill_refuse(d, REFUSED_AMBIGUOUS);
		return;
	}
	system = name_of(d, key.table, '2');
	operation = name_of(d, key.table, '3');
	item.stem =
	    drill_text(d,
		       "ICD-10-PCS table %.*s (%.*s, %.*s): which value of character %.*s, %.*s, "
		       "says %.*s?",
		       BYTES(key.table), BYTES(system), BYTES(operation), BYTES(key.position),
		       BYTES(key.axis), BYTES(key.label));
	put_value(d, &item, &key);
	while (item.noptions < DRILL_OPTIONS && rivals_draw(d, &values, &other)) {
		struct value v = value_of(d, other);

		put_value(d, &item, &v);
	}
	if (item.noptions < DRILL_OPTIONS) {
		drill_refuse(d, REFUSED_FEW);
		return;
	}
	item.rationale =
	    drill_text(d, "At character %.*s of table %.*s, %.*s is %.*s.", BYTES(key.position),
		       BYTES(key.table), BYTES(key.value), BYTES(key.label));
	item.reference =
	    drill_text(d, "ICD-10-PCS table %.*s, row %.*s", BYTES(key.table), BYTES(key.row));
	drill_put(d, &item);
}

/* ---- The code of a procedure ------------------------------------------------------------- */

static struct bytes code_at(const struct drilling *d, size_t row)
{
	return tsv_cell(&d->tables->of[TABLE_PCS], row, 0);
}

static struct bytes title_at(const struct drilling *d, size_t row)
{
	return tsv_cell(&d->tables->of[TABLE_PCS], row, 1);
}

static size_t places_apart(struct bytes a, struct bytes b)
{
	size_t i, n = 0;

	for (i = 0; i < CODE_LENGTH; i++)
		n += a.data[i] != b.data[i];
	return n;
}

/* Codes of the table that differ in one or two places; false: one of them reads the same. */
static bool find_codes(const struct drilling *d, size_t row, struct rivals *out)
{
	struct bytes key = code_at(d, row);
	struct tsv_span span =
	    tsv_find_prefix(&d->tables->of[TABLE_PCS], bytes_of(key.data, TABLE_CODE));
	size_t i;

	out->n = 0;
	for (i = span.first; i < span.first + span.count && out->n < RIVALS_MOST; i++) {
		if (i == row || places_apart(code_at(d, i), key) > 2)
			continue;
		if (d->core_of[i] == d->core_of[row])
			return false;
		out->rows[out->n++] = i;
	}
	return true;
}

static void put_code(struct drilling *d, struct drill_item *item, size_t row)
{
	const char *code = drill_code(d, item, CODE_ICD10PCS, code_at(d, row));

	drill_option(item, code, drill_text(d, "%s is \"%.*s\".", code, BYTES(title_at(d, row))));
}

void make_pcs_code(struct drilling *d, size_t row)
{
	struct drill_item item = {.level = "application", .topic = "icd10pcs"};
	struct bytes code = code_at(d, row), title = title_at(d, row);
	struct rivals rivals;
	size_t other;

	if (code.len != CODE_LENGTH || !title_is_fit(title)) {
		drill_refuse(d, REFUSED_UNFIT);
		return;
	}
	if (!drill_is_single(d, row) || !find_codes(d, row, &rivals)) {
		drill_refuse(d, REFUSED_AMBIGUOUS);
		return;
	}
	item.stem =
	    drill_text(d, "Performed: %.*s. Which ICD-10-PCS code is built for it?", BYTES(title));
	put_code(d, &item, row);
	while (item.noptions < DRILL_OPTIONS && rivals_draw(d, &rivals, &other))
		if (title_is_fit(title_at(d, other)))
			put_code(d, &item, other);
	if (item.noptions < DRILL_OPTIONS) {
		drill_refuse(d, REFUSED_FEW);
		return;
	}
	item.rationale = drill_text(d, "Table %.3s builds %.*s \"%.*s\".", (const char *)code.data,
				    BYTES(code), BYTES(title));
	item.reference =
	    drill_text(d, "ICD-10-PCS %s, table %.3s", d->tables->year, (const char *)code.data);
	drill_put(d, &item);
}

/* ---- The root operation ------------------------------------------------------------------ */

/* A row of the definitions. */
struct term {
	struct bytes section, title, axis, term, definition, examples;
};

static struct term term_of(const struct drilling *d, size_t row)
{
	const struct tsv *t = &d->tables->of[TABLE_PCS_TERMS];

	return (struct term){tsv_cell(t, row, 0), tsv_cell(t, row, 1), tsv_cell(t, row, 3),
			     tsv_cell(t, row, 4), tsv_cell(t, row, 5), tsv_cell(t, row, 7)};
}

static bool is_operation(const struct term *t)
{
	return bytes_equal(t->axis, bytes_of_text("Operation")) && t->definition.len > 0 &&
	       title_is_fit(t->definition);
}

/* The other operations of the section; false: one has the same definition. */
static bool find_operations(const struct drilling *d, size_t row, struct rivals *out)
{
	struct term key = term_of(d, row);
	struct tsv_span span = tsv_find(&d->tables->of[TABLE_PCS_TERMS], key.section);
	size_t i;

	out->n = 0;
	for (i = span.first; i < span.first + span.count && out->n < RIVALS_MOST; i++) {
		struct term t = term_of(d, i);

		if (i == row || !is_operation(&t))
			continue;
		if (title_core(t.definition) == title_core(key.definition))
			return false;
		out->rows[out->n++] = i;
	}
	return true;
}

static void put_operation(struct drilling *d, struct drill_item *item, const struct term *t)
{
	drill_option(item, drill_text(d, "%.*s", BYTES(t->term)),
		     drill_text(d, "%.*s: %.*s.", BYTES(t->term), BYTES(t->definition)));
}

/* One item: WHAT is asked about, in a stem that begins with INTRO. */
static void put_term(struct drilling *d, const struct term *key, struct rivals operations,
		     const char *level, const char *intro, struct bytes what)
{
	struct drill_item item = {.level = level, .topic = "icd10pcs"};
	size_t other;

	item.stem = drill_text(d, "%s%.*s. Which root operation of the section %.*s is it?", intro,
			       BYTES(what), BYTES(key->title));
	put_operation(d, &item, key);
	while (item.noptions < DRILL_OPTIONS && rivals_draw(d, &operations, &other)) {
		struct term t = term_of(d, other);

		put_operation(d, &item, &t);
	}
	if (item.noptions < DRILL_OPTIONS) {
		drill_refuse(d, REFUSED_FEW);
		return;
	}
	item.rationale =
	    drill_text(d, "%.*s is defined as: %.*s.", BYTES(key->term), BYTES(key->definition));
	item.reference = drill_text(d, "ICD-10-PCS definitions, section %.*s, character 3, %.*s",
				    BYTES(key->section), BYTES(key->term));
	drill_put(d, &item);
}

/* An example that names its own operation, or begins with another one's name, gives itself away or
 * misleads. */
static bool is_good_example(const struct drilling *d, const struct rivals *operations,
			    const struct term *key, struct bytes example)
{
	char name[64];
	size_t i;

	for (i = 0; i <= operations->n; i++) {
		struct term t = i == operations->n ? *key : term_of(d, operations->rows[i]);
		size_t len = t.term.len < sizeof name - 1 ? t.term.len : sizeof name - 1;

		memcpy(name, t.term.data, len);
		name[len] = '\0';
		if (title_has(example, name))
			return false;
	}
	return example.len > 5 && title_is_fit(example) &&
	       memchr(example.data, '(', example.len) == NULL;
}

static void put_examples(struct drilling *d, const struct term *key,
			 const struct rivals *operations)
{
	const uint8_t *s = key->examples.data, *end = s + key->examples.len;

	while (s < end) {
		const uint8_t *comma = memchr(s, ',', (size_t)(end - s));
		struct bytes example = bytes_of(s, (size_t)((comma == NULL ? end : comma) - s));

		if (is_good_example(d, operations, key, example))
			put_term(d, key, *operations, "application", "Performed: ", example);
		else
			drill_refuse(d, REFUSED_UNFIT);
		s = comma == NULL ? end : comma + 1;
		while (s < end && *s == ' ')
			s++;
	}
}

void make_root_operation(struct drilling *d, size_t row)
{
	struct term key = term_of(d, row);
	struct rivals operations;

	if (!is_operation(&key)) {
		drill_refuse(d, REFUSED_UNFIT);
		return;
	}
	if (!find_operations(d, row, &operations)) {
		drill_refuse(d, REFUSED_AMBIGUOUS);
		return;
	}
	put_term(d, &key, operations, "recall", "", key.definition);
	put_examples(d, &key, &operations);
}
