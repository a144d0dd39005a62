/* The item that is looked at: its draft, and moving from one to the next. */
#include <stdio.h>
#include <string.h>

#include "client/term/desk_inside.h"

#define PUT_LATER ((struct millis){700})

/* ---- The draft --------------------------------------------------------------------------- */

static void draft_load(struct desk *d)
{
	const Examd__V1__Answer *a = exam_client_answer(d->client, (struct item_no){d->item});
	struct draft *draft = &d->draft;

	*draft = (struct draft){0};
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->n_chosen; i++)
		if (a->chosen[i] < DESK_OPTIONS_MOST)
			draft->chosen[a->chosen[i]] = true;
	for (size_t i = 0; i < a->n_struck; i++)
		if (a->struck[i] < DESK_OPTIONS_MOST)
			draft->struck[a->struck[i]] = true;
	for (size_t i = 0; i < a->n_codes && i < DESK_FIELDS_MOST; i++)
		snprintf(draft->codes[i], sizeof draft->codes[i], "%s", a->codes[i]);
	snprintf(draft->note, sizeof draft->note, "%s", a->note);
	draft->flagged = a->flagged;
	draft->seat = a->seat;
	draft->revision = a->revision;
}

/* The answer may come from the server when its item is looked at already. */
void desk_draft_follow(struct desk *d)
{
	const Examd__V1__Answer *a = exam_client_answer(d->client, (struct item_no){d->item});

	if (!d->has_item || d->draft.dirty || a == NULL)
		return;
	if (a->seat != d->draft.seat || a->revision != d->draft.revision)
		draft_load(d);
}

uint32_t desk_seen_so_far(const struct desk *d)
{
	int64_t ms = mono_now().v - d->shown_since.v;

	return d->seen_ms[d->item] + (uint32_t)(ms > 0 ? ms : 0);
}

/* The places that are set, rising. */
static size_t places(const bool *set, uint32_t out[DESK_OPTIONS_MOST])
{
	size_t n = 0;

	for (uint32_t i = 0; i < DESK_OPTIONS_MOST; i++)
		if (set[i])
			out[n++] = i;
	return n;
}

/* As the server counts it: dots, hyphens and spaces alone are no code. */
static bool draft_has_choice(const struct draft *draft)
{
	for (size_t i = 0; i < DESK_OPTIONS_MOST; i++)
		if (draft->chosen[i])
			return true;
	for (size_t i = 0; i < DESK_FIELDS_MOST; i++)
		if (draft->codes[i][strspn(draft->codes[i], " .-")] != '\0')
			return true;
	return false;
}

/* In a linear part what is put is final, so a flag or a note without a choice stays a draft: with
 * it put, the question would seem to be answered, and the server wait for its answer. */
static bool draft_waits(const struct desk *d)
{
	return !d->draft.dirty || (desk_is_linear(d) && !draft_has_choice(&d->draft));
}

void desk_put(struct desk *d)
{
	Examd__V1__Answer a = EXAMD__V1__ANSWER__INIT;
	const Examd__V1__FormItem *item = desk_item(d);
	uint32_t chosen[DESK_OPTIONS_MOST], struck[DESK_OPTIONS_MOST];
	char *codes[DESK_FIELDS_MOST];
	enum err err;

	timer_stop(&d->put_later);
	if (item == NULL || draft_waits(d))
		return;
	a.item = d->item;
	a.chosen = chosen;
	a.n_chosen = places(d->draft.chosen, chosen);
	a.struck = struck;
	a.n_struck = places(d->draft.struck, struck);
	if (item->kind == EXAMD__V1__ITEM_KIND__CODES && item->n_fields <= DESK_FIELDS_MOST &&
	    draft_has_choice(&d->draft)) {
		for (size_t i = 0; i < item->n_fields; i++)
			codes[i] = d->draft.codes[i];
		a.codes = codes;
		a.n_codes = item->n_fields;
	}
	a.flagged = d->draft.flagged;
	a.note = d->draft.note;
	a.seen_ms = desk_seen_so_far(d);
	d->draft.dirty = false;
	err = exam_client_put_answer(d->client, &a);
	d->going_on = d->going_on && err == ERR_OK;
	if (err != ERR_OK)
		desk_tell_error(d, "This answer was not taken.", err, "");
	desk_changed(d);
}

void desk_put_early(struct desk *d)
{
	if (!desk_is_linear(d))
		desk_put(d);
}

/* What is known of the item only elsewhere would be lost by anything but a new choice. */
static bool may_mark(struct desk *d)
{
	if (!desk_is_elsewhere(d, d->item) || draft_has_choice(&d->draft))
		return true;
	desk_hint(d, "Answered on another machine: answer it here first, then mark it.");
	return false;
}

static bool may_answer(struct desk *d)
{
	return desk_item(d) != NULL && desk_scene(d) == SCENE_ITEMS && d->leaving == LEAVING_NOT;
}

/* In a linear part an answer is final when the candidate goes on, not before. */
static void draft_changed(struct desk *d)
{
	d->draft.dirty = true;
	desk_put_early(d);
	desk_changed(d);
}

void desk_code_changed(struct desk *d)
{
	d->draft.dirty = true;
	if (!desk_is_linear(d))
		timer_set(&d->put_later, PUT_LATER);
	desk_changed(d);
}

void desk_on_put_later(struct timer *t)
{
	desk_put(container_of(t, struct desk, put_later));
}

void desk_choose(struct desk *d, uint32_t option)
{
	const Examd__V1__FormItem *item = desk_item(d);
	bool was;

	if (!may_answer(d) || option >= item->n_options || option >= DESK_OPTIONS_MOST)
		return;
	was = d->draft.chosen[option];
	if (item->kind == EXAMD__V1__ITEM_KIND__SINGLE)
		memset(d->draft.chosen, 0, sizeof d->draft.chosen);
	d->draft.chosen[option] = !was;
	draft_changed(d);
}

void desk_strike(struct desk *d, uint32_t option)
{
	const Examd__V1__FormItem *item = desk_item(d);

	if (!may_answer(d) || option >= item->n_options || option >= DESK_OPTIONS_MOST ||
	    !may_mark(d))
		return;
	d->draft.struck[option] = !d->draft.struck[option];
	draft_changed(d);
}

void desk_flag(struct desk *d)
{
	if (!may_answer(d) || !may_mark(d))
		return;
	d->draft.flagged = !d->draft.flagged;
	draft_changed(d);
}

void desk_set_note(struct desk *d, const char *note)
{
	if (!may_answer(d) || strcmp(d->draft.note, note) == 0 || !may_mark(d))
		return;
	snprintf(d->draft.note, sizeof d->draft.note, "%s", note);
	draft_changed(d);
}

void desk_mark(struct desk *d, struct mark mark)
{
	enum err err;

	if (desk_item(d) == NULL || desk_scene(d) != SCENE_ITEMS)
		return;
	err = exam_client_mark(d->client, (struct item_no){d->item}, mark);
	if (err == ERR_TOO_MANY)
		desk_hint(d, "This question has as many highlights as it can have.");
	desk_changed(d);
}

/* ---- Moving ------------------------------------------------------------------------------ */

static void look_away(struct desk *d)
{
	if (!d->has_item)
		return;
	d->seen_ms[d->item] = desk_seen_so_far(d);
	d->shown_since = mono_now();
	desk_put_early(d);
}

static void look_at(struct desk *d, uint32_t item)
{
	const Examd__V1__Answer *a;

	look_away(d);
	d->item = item;
	d->has_item = true;
	exam_client_look(d->client, (struct item_no){item});
	d->shown_since = mono_now();
	a = exam_client_answer(d->client, (struct item_no){item});
	if (a != NULL && a->seen_ms > d->seen_ms[item])
		d->seen_ms[item] = a->seen_ms;
	draft_load(d);
	desk_changed(d);
}

static bool is_in_part(const struct desk *d, uint32_t item)
{
	const Examd__V1__PartInfo *part = desk_part(d);

	return part != NULL && item >= part->first_item && item < part->first_item + part->items &&
	       item < d->nitems;
}

void desk_go(struct desk *d, uint32_t item)
{
	if (is_in_part(d, item) && (!desk_is_linear(d) || item == d->item))
		look_at(d, item);
}

/* Leaves an item of a linear part for good. */
static void next_in_linear(struct desk *d)
{
	if (!draft_has_choice(&d->draft) && !desk_is_elsewhere(d, d->item)) {
		desk_hint(d, "Answer this question first: in this part there is no going back.");
		return;
	}
	d->going_on = true;
	desk_put(d);
	desk_pump(d);
}

void desk_next(struct desk *d)
{
	if (!is_in_part(d, d->item + 1) || d->going_on)
		return;
	if (desk_is_linear(d))
		next_in_linear(d);
	else
		look_at(d, d->item + 1);
}

void desk_previous(struct desk *d)
{
	if (desk_is_linear(d))
		desk_hint(d, "In this part there is no going back.");
	else if (d->item > 0 && is_in_part(d, d->item - 1))
		look_at(d, d->item - 1);
}

/* Where a part is gone on with: where this device knows that the candidate was, else at the first
 * item without an answer. */
static uint32_t first_to_do(const struct desk *d, const Examd__V1__PartInfo *part)
{
	struct item_no place;

	if (!desk_is_linear(d) && exam_client_place(d->client, &place) && is_in_part(d, place.v))
		return place.v;
	for (uint32_t i = 0; i < part->items; i++)
		if (!exam_client_is_answered(d->client, (struct item_no){part->first_item + i}))
			return part->first_item + i;
	return desk_is_linear(d) ? part->first_item + part->items - 1 : part->first_item;
}

static void make_room(struct desk *d, size_t nitems)
{
	if (nitems <= d->nitems)
		return;
	d->seen_ms = mem_resize(d->seen_ms, nitems * sizeof *d->seen_ms);
	for (; d->nitems < nitems; d->nitems++)
		d->seen_ms[d->nitems] = 0;
}

void desk_find_item(struct desk *d)
{
	const Examd__V1__PartInfo *part = desk_part(d);

	if (part == NULL || !desk_part_is_open(d))
		return;
	make_room(d, desk_status(d)->items);
	if (d->has_item && is_in_part(d, d->item))
		return;
	d->has_item = d->going_on = false;
	d->draft.dirty = false;
	if (is_in_part(d, first_to_do(d, part)))
		look_at(d, first_to_do(d, part));
}

void desk_go_on(struct desk *d)
{
	if (!d->going_on || exam_client_unsettled(d->client) > 0)
		return;
	d->going_on = false;
	if (is_in_part(d, d->item + 1))
		look_at(d, d->item + 1);
}
