#include "daemon/engine/score.h"

#include <string.h>

#define POINT 100 /* hundredths */

/* WHOLE * PART / ALL, rounded half up. */
static int32_t share_of(int32_t whole, size_t part, size_t all)
{
	return (int32_t)((2 * (uint64_t)whole * part + all) / (2 * all));
}

/* Is the option at a place of the form right?  A place that the item does not have is wrong. */
static bool place_is_right(const struct form_item *fi, uint8_t place)
{
	return place < fi->item->noptions && fi->item->options[fi->order[place]].right;
}

static size_t right_chosen(const struct form_item *fi, const struct answer_view *answer)
{
	size_t i, n = 0;

	for (i = 0; i < answer->nchosen; i++)
		n += place_is_right(fi, answer->chosen[i]);
	return n;
}

static int32_t score_single(const struct form_item *fi, const struct answer_view *answer)
{
	return answer->nchosen == 1 && right_chosen(fi, answer) == 1 ? POINT : 0;
}

static int32_t score_multiple(const struct form_item *fi, const struct answer_view *answer,
			      enum multiple_rule rule)
{
	size_t right = item_right_count(fi->item), good = right_chosen(fi, answer);
	size_t bad = answer->nchosen - good;

	if (rule == MULTIPLE_ALL_OR_NOTHING)
		return good == right && bad == 0 ? POINT : 0;
	return good > bad ? share_of(POINT, good - bad, right) : 0;
}

/* Typed codes.  Entries and the fields that accept them are the two sides of a bipartite graph;
 * credit goes to a maximum matching (augmenting paths).  A principal field is joined to the entry
 * at its own place only, and that entry to no other field.
 *
 * A code counts as often as fields accept it alone, at least once (worth()): two codes that may
 * change places do not let one of them, typed twice, stand for both. */
struct matching {
	const struct item *item;
	const struct answer_view *answer;
	size_t field_of[ITEM_FIELDS_MOST]; /* 1 + field that an entry is matched to; 0: none */
	bool tried[ITEM_FIELDS_MOST];	   /* entries on the present search */
};

static size_t entries(const struct matching *m)
{
	return m->answer->ncodes < m->item->nfields ? m->answer->ncodes : m->item->nfields;
}

static const char *code_of(const struct matching *m, size_t entry)
{
	const char *code = m->answer->codes[entry];

	return code == NULL ? "" : code;
}

static bool is_same(const struct matching *m, size_t entry, const char *code)
{
	return strcmp(code_of(m, entry), code) == 0;
}

/* How often a code may count: as often as fields accept it alone, at least once. */
static size_t worth(const struct item *item, const char *code)
{
	size_t i, n = 0;

	for (i = 0; i < item->nfields; i++)
		n += item->fields[i].naccept == 1 && strcmp(item->fields[i].accept[0], code) == 0;
	return n > 0 ? n : 1;
}

/* Entries of the same code that stand for fields. */
static size_t counted(const struct matching *m, const char *code)
{
	size_t i, n = 0;

	for (i = 0; i < entries(m); i++)
		n += m->field_of[i] != 0 && is_same(m, i, code);
	return n;
}

static bool accepts(const struct matching *m, size_t field, size_t entry)
{
	const struct code_field *f = &m->item->fields[field];
	const char *code = code_of(m, entry);
	size_t i;

	if ((f->principal || m->item->fields[entry].principal) && field != entry)
		return false;
	if (code[0] == '\0')
		return false;
	for (i = 0; i < f->naccept; i++)
		if (strcmp(f->accept[i], code) == 0)
			return true;
	return false;
}

static bool augment(struct matching *m, size_t field);

/* May an entry take a field?  When it has one, that field must find another entry; when its code
 * counts often enough already, another entry of the code must lose its field to a third. */
static bool make_room(struct matching *m, size_t entry)
{
	const char *code = code_of(m, entry);
	size_t i;

	if (m->field_of[entry] != 0)
		return augment(m, m->field_of[entry] - 1);
	if (counted(m, code) < worth(m->item, code))
		return true;
	for (i = 0; i < entries(m); i++) {
		if (m->tried[i] || m->field_of[i] == 0 || !is_same(m, i, code))
			continue;
		m->tried[i] = true;
		if (augment(m, m->field_of[i] - 1)) {
			m->field_of[i] = 0;
			return true;
		}
	}
	return false;
}

/* Finds an entry for a field, moving earlier fields to other entries where needed; none of them
 * loses its match.  The depth is at most twice the number of fields, ITEM_FIELDS_MOST. */
static bool augment(struct matching *m, size_t field)
{
	size_t i;

	for (i = 0; i < entries(m); i++) {
		if (m->tried[i] || !accepts(m, field, i))
			continue;
		m->tried[i] = true;
		if (make_room(m, i)) {
			m->field_of[i] = field + 1;
			return true;
		}
	}
	return false;
}

/* Matches the fields that are optional, or those that are not; says how many. */
static size_t match_fields(struct matching *m, bool optional)
{
	size_t i, n = 0;

	for (i = 0; i < m->item->nfields; i++) {
		if (m->item->fields[i].optional != optional)
			continue;
		memset(m->tried, 0, sizeof m->tried);
		n += augment(m, i);
	}
	return n;
}

static size_t entered(const struct answer_view *answer)
{
	size_t i, n = 0;

	for (i = 0; i < answer->ncodes; i++)
		n += answer->codes[i] != NULL && answer->codes[i][0] != '\0';
	return n;
}

static int32_t score_codes(const struct form_item *fi, const struct answer_view *answer)
{
	struct matching m = {.item = fi->item, .answer = answer};
	size_t expected = item_expected_codes(fi->item), counted;
	size_t correct = match_fields(&m, false);

	if (fi->item->scoring == CODES_BLANK)
		return (int32_t)correct * POINT;
	/* Expected codes were matched first and keep their matches, so what optional fields take
	 * now is the most that they can take beside the most correct ones. */
	counted = entered(answer) - match_fields(&m, true);
	if (counted < expected)
		counted = expected;
	return counted == 0 ? 0 : share_of(item_points_most(fi->item), correct, counted);
}

int32_t score_item(const struct form_item *fi, const struct answer_view *answer,
		   enum multiple_rule rule)
{
	switch (fi->item->kind) {
	case ITEM_SINGLE:
		return score_single(fi, answer);
	case ITEM_MULTIPLE:
		return score_multiple(fi, answer, rule);
	case ITEM_CODES:
		return score_codes(fi, answer);
	}
	return 0;
}

/* The sections of a form: of each part in order; of a drill, whose one part counts sections over
 * all parts of the blueprint, those that it has items of. */
struct tally {
	struct section_score *rows; /* one a section of the blueprint, in order */
	bool *drawn;
	size_t nrows;
	size_t part_start[BLUEPRINT_PARTS_MOST];
};

static void tally_init(struct tally *t, const struct blueprint *b, struct arena *arena)
{
	size_t part, i;

	*t = (struct tally){0};
	for (part = 0; part < b->nparts; part++) {
		t->part_start[part] = t->nrows;
		t->nrows += b->parts[part].nsections;
	}
	t->rows = arena_new(arena, t->nrows * sizeof *t->rows);
	t->drawn = arena_new(arena, t->nrows * sizeof *t->drawn);
	for (part = 0; part < b->nparts; part++)
		for (i = 0; i < b->parts[part].nsections; i++)
			t->rows[t->part_start[part] + i] = (struct section_score){
			    b->parts[part].sections[i].name, (uint32_t)part, 0, 0};
}

static void tally_add(struct tally *t, size_t row, uint32_t part, int32_t points, int32_t most)
{
	if (row >= t->nrows)
		return;
	t->drawn[row] = true;
	t->rows[row].part = part;
	t->rows[row].points += points;
	t->rows[row].most += most;
}

/* Keeps the sections that have items. */
static size_t tally_close(struct tally *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->nrows; i++)
		if (t->drawn[i])
			t->rows[n++] = t->rows[i];
	return n;
}

uint32_t score_scaled(int32_t points, int32_t most, int32_t cut)
{
	if (points < cut)
		return 100 + (uint32_t)(200 * (int64_t)points / cut);
	if (points >= most)
		return 400;
	return 300 + (uint32_t)(100 * ((int64_t)points - cut) / (most - cut));
}

/* A drill has fewer items than the exam: it is given no scale, and its cut is in proportion. */
static void decide_pass(struct score *out, const struct form *form)
{
	const struct blueprint *b = form->blueprint;
	int64_t points = out->points, cut = b->cut;

	if (b->pass == PASS_PERCENT) {
		out->passed = out->most > 0 && points * 100 >= cut * out->most;
	} else if (form->nitems < b->total) {
		out->passed =
		    out->most > 0 && points * blueprint_scored(b) >= cut * (int64_t)out->most;
	} else {
		out->scaled = score_scaled(out->points, out->most, (int32_t)cut * POINT);
		out->passed = out->scaled >= 300;
	}
}

static bool is_answered(const struct answer_view *answer)
{
	return answer->nchosen > 0 || entered(answer) > 0;
}

void score_form(struct score *out, const struct form *form, const struct answer_view *answers,
		struct arena *arena)
{
	struct tally tally;
	size_t part, i, no = 0;

	*out = (struct score){.nitems = form->nitems};
	out->item_points = arena_new(arena, form->nitems * sizeof *out->item_points);
	tally_init(&tally, form->blueprint, arena);
	for (part = 0; part < form->nparts; part++)
		for (i = 0; i < form->parts[part].nitems; i++, no++) {
			const struct form_item *fi = &form->parts[part].items[i];
			int32_t most = item_points_most(fi->item);
			int32_t points = score_item(fi, &answers[no], form->blueprint->multiple);

			out->item_points[no] = points;
			out->answered += is_answered(&answers[no]);
			if (fi->pretest)
				continue;
			out->points += points;
			out->most += most;
			tally_add(&tally, tally.part_start[part] + fi->section, (uint32_t)part,
				  points, most);
		}
	out->sections = tally.rows;
	out->nsections = tally_close(&tally);
	decide_pass(out, form);
}
