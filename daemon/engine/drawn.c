#include "daemon/engine/drawn.h"

#include <string.h>

/* Stored: append only. */
static const char *const levels[] = {
    [LEVEL_NONE] = "",
    [LEVEL_RECALL] = "recall",
    [LEVEL_APPLICATION] = "application",
    [LEVEL_ANALYSIS] = "analysis",
};

static enum item_level level_read(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(levels); i++)
		if (strcmp(levels[i], name) == 0)
			return (enum item_level)i;
	return LEVEL_NONE;
}

/* ---- Writing ----------------------------------------------------------------------------- */

static ProtobufCBinaryData *hashes_write(struct deciding *b, const struct digest *from, size_t n)
{
	ProtobufCBinaryData *to = arena_new(&b->d->arena, n * sizeof *to);
	size_t i;

	for (i = 0; i < n; i++)
		to[i] = fact_bytes(b, from[i].b, sizeof from[i].b);
	return to;
}

static Examd__Record__Draw *draw_write(struct deciding *b, const struct form_draw *draw)
{
	Examd__Record__Draw *m = fact_piece(b, &examd__record__draw__descriptor);
	size_t i;

	m->n_sections = draw->nsections;
	m->sections = arena_new(&b->d->arena, draw->nsections * sizeof *m->sections);
	for (i = 0; i < draw->nsections; i++)
		m->sections[i] = arena_copy_text(&b->d->arena, draw->sections[i]);
	if (draw->level < COUNT(levels))
		m->level = arena_copy_text(&b->d->arena, levels[draw->level]);
	m->items = draw->items;
	m->minutes = draw->minutes;
	m->n_prefer = draw->nprefer;
	m->prefer = hashes_write(b, draw->prefer, draw->nprefer);
	m->n_avoid = draw->navoid;
	m->avoid = hashes_write(b, draw->avoid, draw->navoid);
	return m;
}

static Examd__Record__FormItem *item_write(struct deciding *b, const struct form_item *fi)
{
	Examd__Record__FormItem *m = fact_piece(b, &examd__record__form_item__descriptor);

	m->hash = fact_bytes(b, fi->item->hash.b, sizeof fi->item->hash.b);
	m->order = fact_bytes(b, fi->order, fi->item->noptions);
	m->pretest = fi->pretest;
	m->section = fi->section;
	return m;
}

static Examd__Record__FormPart *part_write(struct deciding *b, const struct form_part *part,
					   const struct digest *plain_hash)
{
	Examd__Record__FormPart *m = fact_piece(b, &examd__record__form_part__descriptor);
	size_t i;

	m->n_items = part->nitems;
	m->items = arena_new(&b->d->arena, part->nitems * sizeof(void *));
	for (i = 0; i < part->nitems; i++)
		m->items[i] = item_write(b, &part->items[i]);
	m->plain_hash = fact_bytes(b, plain_hash->b, sizeof plain_hash->b);
	return m;
}

Examd__Record__Form *drawn_write(struct deciding *b)
{
	const struct form *form = b->ev->u.open.form;
	Examd__Record__Form *m = fact_piece(b, &examd__record__form__descriptor);
	size_t i;

	m->generator = FORM_GENERATOR;
	if (b->ev->u.open.seed != NULL)
		m->seed = fact_bytes(b, b->ev->u.open.seed, FORM_SEED);
	if (b->ev->u.open.draw != NULL)
		m->draw = draw_write(b, b->ev->u.open.draw);
	m->n_parts = form->nparts;
	m->parts = arena_new(&b->d->arena, form->nparts * sizeof(void *));
	for (i = 0; i < form->nparts; i++)
		m->parts[i] = part_write(b, &form->parts[i], &b->ev->u.open.plain_hashes[i]);
	return m;
}

/* ---- Reading ----------------------------------------------------------------------------- */

static void part_read(struct attempt *a, struct form_part *part, const Examd__Record__FormPart *m)
{
	size_t i, len;

	part->nitems = m->n_items;
	part->items = arena_new(&a->arena, m->n_items * sizeof *part->items);
	for (i = 0; i < m->n_items; i++) {
		const Examd__Record__FormItem *from = m->items[i];
		struct digest hash = record_digest(&from->hash);
		struct form_item *to = &part->items[i];

		to->item = must_be_known(bank_by_hash(a->bank, &hash));
		len = from->order.len < sizeof to->order ? from->order.len : sizeof to->order;
		if (len > 0)
			memcpy(to->order, from->order.data, len);
		to->pretest = from->pretest;
		to->section = from->section;
	}
	a->form.nitems += m->n_items;
}

static const struct digest *hashes_read(struct attempt *a, const ProtobufCBinaryData *from,
					size_t n)
{
	struct digest *to = arena_new(&a->arena, n * sizeof *to);
	size_t i;

	for (i = 0; i < n; i++)
		to[i] = record_digest(&from[i]);
	return to;
}

static void draw_read(struct attempt *a, const Examd__Record__Draw *m)
{
	const char **sections = arena_new(&a->arena, m->n_sections * sizeof *sections);
	size_t i;

	for (i = 0; i < m->n_sections; i++)
		sections[i] = arena_copy_text(&a->arena, m->sections[i]);
	a->draw = (struct form_draw){
	    .sections = sections,
	    .nsections = m->n_sections,
	    .level = level_read(m->level),
	    .items = m->items,
	    .minutes = m->minutes,
	    .prefer = hashes_read(a, m->prefer, m->n_prefer),
	    .nprefer = m->n_prefer,
	    .avoid = hashes_read(a, m->avoid, m->n_avoid),
	    .navoid = m->n_avoid,
	};
}

void drawn_read(struct attempt *a, const Examd__Record__Form *m)
{
	size_t i;

	if (m->draw != NULL)
		draw_read(a, m->draw);
	a->form.blueprint = a->blueprint;
	a->form.bank = a->bank;
	a->form.nparts = m->n_parts < BLUEPRINT_PARTS_MOST ? m->n_parts : BLUEPRINT_PARTS_MOST;
	a->form.parts = arena_new(&a->arena, a->form.nparts * sizeof *a->form.parts);
	a->plain_hashes = arena_new(&a->arena, a->form.nparts * sizeof *a->plain_hashes);
	for (i = 0; i < a->form.nparts; i++) {
		part_read(a, &a->form.parts[i], m->parts[i]);
		a->plain_hashes[i] = record_digest(&m->parts[i]->plain_hash);
	}
}
