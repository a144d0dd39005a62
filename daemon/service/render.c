#include "daemon/service/render.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/service/people.h"
#include "daemon/service/sealed.h"
#include "proto/wire/seal.h"

/* ---- Small pieces ------------------------------------------------------------------------------
 */

static char *text(struct arena *arena, const char *t)
{
	return arena_copy_text(arena, t != NULL ? t : "");
}

static ProtobufCBinaryData data(struct arena *arena, const void *bytes, size_t len)
{
	return (ProtobufCBinaryData){len, arena_copy(arena, bytes, len)};
}

/* An array of COUNT pointers, and the same number of structs of SIZE that they point to. */
static void *new_list(struct arena *arena, size_t count, size_t size)
{
	void **list = arena_new(arena, count * sizeof(void *));
	char *things = arena_new(arena, count * size);

	for (size_t i = 0; i < count; i++)
		list[i] = things + i * size;
	return list;
}

/* ---- The form ----------------------------------------------------------------------------------
 */

static const Examd__V1__ItemKind wire_kind[] = {
    [ITEM_SINGLE] = EXAMD__V1__ITEM_KIND__SINGLE,
    [ITEM_MULTIPLE] = EXAMD__V1__ITEM_KIND__MULTIPLE,
    [ITEM_CODES] = EXAMD__V1__ITEM_KIND__CODES,
};

void render_item(const struct form_item *fi, Examd__V1__FormItem *out, struct arena *arena)
{
	const struct item *item = fi->item;

	examd__v1__form_item__init(out);
	out->kind = wire_kind[item->kind];
	out->stem = text(arena, item->stem);
	out->n_options = item->noptions;
	out->options = arena_new(arena, item->noptions * sizeof(char *));
	for (size_t i = 0; i < item->noptions; i++)
		out->options[i] = text(arena, item->options[fi->order[i]].text);
	if (item->kind == ITEM_MULTIPLE)
		out->choose = (uint32_t)item_right_count(item);
	out->n_fields = item->nfields;
	out->fields = arena_new(arena, item->nfields * sizeof(char *));
	for (size_t i = 0; i < item->nfields; i++)
		out->fields[i] = text(arena, item->fields[i].label);
}

/* 1 + the place of the set's stimulus, added when it is not there yet. */
static uint32_t place_of_set(const struct item_set **sets, size_t *nsets,
			     const struct item_set *set)
{
	size_t i = 0;

	if (set == NULL)
		return 0;
	while (i < *nsets && sets[i] != set)
		i++;
	if (i == *nsets)
		sets[(*nsets)++] = set;
	return (uint32_t)i + 1;
}

void render_part(const struct form *form, uint32_t part, struct buf *out)
{
	const struct form_part *fp = &form->parts[part];
	Examd__V1__FormPart message = EXAMD__V1__FORM_PART__INIT;
	struct arena arena = {0};
	const struct item_set **sets = arena_new(&arena, fp->nitems * sizeof(const void *));
	size_t nsets = 0;

	message.n_items = fp->nitems;
	message.items = new_list(&arena, fp->nitems, sizeof(Examd__V1__FormItem));
	for (size_t i = 0; i < fp->nitems; i++) {
		render_item(&fp->items[i], message.items[i], &arena);
		message.items[i]->stimulus = place_of_set(sets, &nsets, fp->items[i].item->set);
	}
	message.n_stimuli = nsets;
	message.stimuli = new_list(&arena, nsets, sizeof(Examd__V1__Stimulus));
	for (size_t i = 0; i < nsets; i++) {
		examd__v1__stimulus__init(message.stimuli[i]);
		message.stimuli[i]->text = text(&arena, sets[i]->stimulus);
	}
	message_put(out, &message.base);
	arena_fini(&arena);
}

/* ---- Clock and status ------------------------------------------------------------------------ */

void render_clock(const struct core *core, const struct attempt *a, Examd__V1__Clock *out)
{
	examd__v1__clock__init(out);
	out->remaining_ms = attempt_remaining(a, service_now(core)).v;
	out->stopped = attempt_stopped(a);
	out->part = attempt_part(a);
	out->state = (Examd__V1__AttemptState)attempt_state(a);
	out->seat = attempt_seat(a).v;
	out->version = attempt_version(a);
	out->budget_ms = attempt_budget(a, attempt_part(a)).v;
}

static const struct {
	enum tool tool;
	const char *name;
} tools[] = {
    {TOOL_FLAG, "flag"},	   {TOOL_STRIKE_OUT, "strike-out"}, {TOOL_NOTE, "note"},
    {TOOL_HIGHLIGHT, "highlight"}, {TOOL_CALCULATOR, "calculator"},
};

static void fill_tools(Examd__V1__Status *out, unsigned bits, struct arena *arena)
{
	out->tools = arena_new(arena, COUNT(tools) * sizeof(char *));
	for (size_t i = 0; i < COUNT(tools); i++)
		if ((bits & tools[i].tool) != 0)
			out->tools[out->n_tools++] = text(arena, tools[i].name);
}

/* The blueprint's part that a form's part is; a drill has one part of its own. */
static const struct part *part_of(const struct attempt *a, uint32_t part)
{
	const struct form *form = attempt_form(a);

	if (form_draw_is_drill(attempt_draw(a)))
		return NULL;
	return part < form->blueprint->nparts ? &form->blueprint->parts[part] : NULL;
}

static void fill_part(const struct core *core, const struct attempt *a, uint32_t no,
		      uint32_t first_item, Examd__V1__PartInfo *out, struct arena *arena)
{
	const struct form *form = attempt_form(a);
	const struct part *part = part_of(a, no);
	const struct digest *hash = attempt_plain_hash(a, no);

	examd__v1__part_info__init(out);
	out->title = text(arena, part == NULL	       ? form->blueprint->title
				 : part->title != NULL ? part->title
						       : part->name);
	out->minutes = form_minutes(form, no, attempt_draw(a));
	out->budget_ms = attempt_budget(a, no).v;
	out->linear = part != NULL && part->navigation == NAVIGATION_LINEAR;
	out->first_item = first_item;
	out->items = (uint32_t)form->parts[no].nitems;
	out->left = no < attempt_part(a);
	out->sealed_size = sealed_size(core, a, no);
	out->hash = data(arena, hash->b, sizeof(hash->b));
}

static void fill_parts(const struct core *core, const struct attempt *a, Examd__V1__Status *out,
		       struct arena *arena)
{
	const struct form *form = attempt_form(a);
	uint32_t first = 0;

	out->n_parts = form->nparts;
	out->parts = new_list(arena, form->nparts, sizeof(Examd__V1__PartInfo));
	for (uint32_t i = 0; i < form->nparts; i++) {
		fill_part(core, a, i, first, out->parts[i], arena);
		first += (uint32_t)form->parts[i].nitems;
	}
}

static void fill_keys(const struct core *core, const struct attempt *a, Examd__V1__Status *out,
		      struct arena *arena)
{
	size_t nparts = attempt_form(a)->nparts;
	uint8_t key[SEAL_KEY];

	out->keys = arena_new(arena, nparts * sizeof(out->keys[0]));
	for (uint32_t i = 0; i < nparts && attempt_part_was_open(a, i); i++) {
		seal_key(core->secrets.seal_key, attempt_id(a), i, attempt_plain_hash(a, i), key);
		out->keys[out->n_keys++] = data(arena, key, sizeof(key));
	}
}

static void fill_have(const struct attempt *a, Examd__V1__Status *out, struct arena *arena)
{
	uint32_t nitems = (uint32_t)attempt_form(a)->nitems;

	out->have = new_list(arena, nitems, sizeof(Examd__V1__ItemOrder));
	for (uint32_t i = 0; i < nitems; i++) {
		const struct attempt_answer *answer = attempt_answer(a, (struct item_no){i});
		Examd__V1__ItemOrder *order = out->have[out->n_have];

		if (answer == NULL || answer->seat.v == 0)
			continue;
		examd__v1__item_order__init(order);
		order->item = i;
		order->seat = answer->seat.v;
		order->revision = answer->revision;
		out->n_have++;
	}
}

static char *both_notices(const struct form *form, struct arena *arena)
{
	const char *exam = form->blueprint->notice, *bank = form->bank->notice;
	char *joined, *copy;

	if (exam == NULL || bank == NULL)
		return text(arena, exam != NULL ? exam : bank);
	joined = mem_printf("%s\n\n%s", exam, bank);
	copy = text(arena, joined);
	free(joined);
	return copy;
}

Examd__V1__Status *render_status(const struct core *core, const struct attempt *a,
				 struct arena *arena)
{
	const struct form *form = attempt_form(a);
	const struct blueprint *b = form->blueprint;
	Examd__V1__Status *out = arena_new(arena, sizeof(*out));

	examd__v1__status__init(out);
	out->attempt = attempt_id(a).v;
	out->state = (Examd__V1__AttemptState)attempt_state(a);
	out->exam_title = text(arena, b->title);
	fill_parts(core, a, out, arena);
	out->part = attempt_part(a);
	out->items = (uint32_t)form->nitems;
	out->rules = text(arena, b->rules);
	out->n_warnings = b->nwarnings;
	out->warnings = arena_copy(arena, b->warnings, b->nwarnings * sizeof(b->warnings[0]));
	fill_tools(out, b->tools, arena);
	fill_have(a, out, arena);
	fill_keys(core, a, out, arena);
	out->can_break = b->breaks != BREAKS_NONE;
	out->on_break = attempt_is_open(a) && attempt_is_on_break(a);
	out->current_item = attempt_linear_item(a);
	out->started_wall_ms = attempt_started_wall(a).v;
	out->practice = attempt_sitting(a).v == 0;
	out->tutor = attempt_is_tutored(a);
	if (attempt_closing(a) != NULL)
		out->receipt = render_receipt(core, attempt_closing(a), arena);
	out->notice = both_notices(form, arena);
	out->result_released = attempt_result_is_released(a, service_wall(core));
	out->review_released = attempt_review_is_released(a, service_wall(core));
	return out;
}

/* ---- Results ------------------------------------------------------------------------------------
 */

Examd__V1__Receipt *render_receipt(const struct core *core,
				   const Examd__Record__AttemptClosed *closing, struct arena *arena)
{
	Examd__V1__Receipt *out = arena_new(arena, sizeof(*out));

	examd__v1__receipt__init(out);
	out->statement = data(arena, closing->statement_bytes.data, closing->statement_bytes.len);
	out->signature = data(arena, closing->signature.data, closing->signature.len);
	out->public_key = data(arena, core->secrets.sign_public, sizeof(core->secrets.sign_public));
	return out;
}

Examd__V1__Score *render_score(const Examd__Record__Score *score, struct arena *arena)
{
	Examd__V1__Score *out = arena_new(arena, sizeof(*out));

	examd__v1__score__init(out);
	out->points = score->points;
	out->points_most = score->points_most;
	out->scaled = score->scaled;
	out->passed = score->passed;
	return out;
}

static const char *section_title(const struct blueprint *b, uint32_t part, const char *name)
{
	for (size_t p = 0; b != NULL && p < b->nparts; p++)
		for (size_t i = 0; (p == part || part >= b->nparts) && i < b->parts[p].nsections;
		     i++)
			if (strcmp(b->parts[p].sections[i].name, name) == 0)
				return b->parts[p].sections[i].title;
	return NULL;
}

size_t render_sections(const struct blueprint *b, const Examd__Record__Score *score,
		       Examd__V1__SectionScore ***out, struct arena *arena)
{
	*out = new_list(arena, score->n_sections, sizeof(Examd__V1__SectionScore));
	for (size_t i = 0; i < score->n_sections; i++) {
		const Examd__Record__SectionScore *in = score->sections[i];
		const char *title = section_title(b, in->part, in->section);
		Examd__V1__SectionScore *section = (*out)[i];

		examd__v1__section_score__init(section);
		section->section = text(arena, in->section);
		section->title = text(arena, title != NULL ? title : in->section);
		section->points = in->points;
		section->points_most = in->points_most;
	}
	return score->n_sections;
}

struct result_head result_head_of(const struct attempt *a)
{
	struct result_head head = {
	    .attempt = attempt_id(a),
	    .person = attempt_person(a),
	    .exam = attempt_form(a)->blueprint->exam,
	    .state = (uint32_t)attempt_state(a),
	    .closed = attempt_closed_wall(a),
	    .items = (uint32_t)attempt_form(a)->nitems,
	    .answered = attempt_answered(a),
	};
	const Examd__Record__AttemptClosed *closing = attempt_closing(a);

	for (size_t i = 0; closing != NULL && i < closing->n_used; i++)
		head.used_ms += closing->used[i];
	return head;
}

struct result_head result_head_of_row(const struct store_result *row)
{
	return (struct result_head){
	    .attempt = row->attempt,
	    .person = row->person,
	    .exam = row->exam,
	    .state = row->state,
	    .used_ms = row->used_ms,
	    .closed = row->closed,
	    .items = row->items,
	    .answered = row->answered,
	};
}

Examd__V1__Result *render_result(const struct core *core, const struct result_head *head,
				 const Examd__Record__AttemptClosed *closing, struct arena *arena)
{
	const struct blueprint *b = engine_blueprint(core->engine, head->exam);
	const struct person *p = people_find(core->people, head->person);
	Examd__V1__Result *out = arena_new(arena, sizeof(*out));

	examd__v1__result__init(out);
	out->attempt = head->attempt.v;
	out->state = (Examd__V1__AttemptState)head->state;
	if (closing != NULL) {
		out->receipt = render_receipt(core, closing, arena);
		if (closing->score != NULL) {
			out->score = render_score(closing->score, arena);
			out->n_sections = render_sections(b, closing->score, &out->sections, arena);
		}
	}
	out->used_ms = head->used_ms;
	out->closed_wall_ms = head->closed.v;
	out->exam_title = text(arena, b != NULL ? b->title : head->exam);
	out->user = text(arena, p != NULL ? p->user : "");
	out->name = text(arena, p != NULL ? p->name : "");
	out->answered = head->answered;
	out->items = head->items;
	return out;
}

/* ---- Review ---------------------------------------------------------------------------------- */

static void fill_right(const struct form_item *fi, Examd__V1__ItemReview *out, struct arena *arena)
{
	const struct item *item = fi->item;

	out->right = arena_new(arena, item->noptions * sizeof(out->right[0]));
	out->n_why = item->noptions;
	out->why = arena_new(arena, item->noptions * sizeof(char *));
	for (uint32_t i = 0; i < item->noptions; i++) {
		const struct option *option = &item->options[fi->order[i]];

		if (option->right)
			out->right[out->n_right++] = i;
		out->why[i] = text(arena, option->why);
	}
}

static void fill_accepted(const struct item *item, Examd__V1__ItemReview *out, struct arena *arena)
{
	out->n_accepted = item->nfields;
	out->accepted = new_list(arena, item->nfields, sizeof(Examd__V1__AcceptedCodes));
	for (size_t i = 0; i < item->nfields; i++) {
		const struct code_field *field = &item->fields[i];
		Examd__V1__AcceptedCodes *codes = out->accepted[i];

		examd__v1__accepted_codes__init(codes);
		codes->optional = field->optional;
		codes->n_codes = field->naccept;
		codes->codes = arena_new(arena, field->naccept * sizeof(char *));
		for (size_t k = 0; k < field->naccept; k++)
			codes->codes[k] = text(arena, field->accept[k]);
	}
}

static void fill_struck(uint16_t bits, Examd__V1__Answer *out, struct arena *arena)
{
	out->struck = arena_new(arena, ITEM_OPTIONS_MOST * sizeof(out->struck[0]));
	for (uint32_t i = 0; i < ITEM_OPTIONS_MOST; i++)
		if ((bits & (1u << i)) != 0)
			out->struck[out->n_struck++] = i;
}

Examd__V1__Answer *render_answer(uint32_t item, const struct attempt_answer *in,
				 struct arena *arena)
{
	Examd__V1__Answer *out = arena_new(arena, sizeof(*out));

	examd__v1__answer__init(out);
	out->item = item;
	out->seat = in->seat.v;
	out->revision = in->revision;
	out->n_chosen = in->nchosen;
	out->chosen = arena_new(arena, in->nchosen * sizeof(out->chosen[0]));
	for (size_t i = 0; i < in->nchosen; i++)
		out->chosen[i] = in->chosen[i];
	out->n_codes = in->ncodes;
	out->codes = arena_new(arena, in->ncodes * sizeof(char *));
	for (size_t i = 0; i < in->ncodes; i++)
		out->codes[i] = text(arena, in->codes[i]);
	out->flagged = in->flagged;
	fill_struck(in->struck, out, arena);
	out->seen_ms = in->seen_ms;
	return out;
}

static void fill_points(const struct attempt *a, uint32_t item, const struct form_item *fi,
			const struct attempt_answer *answer, Examd__V1__ItemReview *out)
{
	const Examd__Record__AttemptClosed *closing = attempt_closing(a);
	struct answer_view view = {0};

	out->points_most = item_points_most(fi->item);
	if (closing != NULL && closing->score != NULL && item < closing->score->n_item_points) {
		out->points = closing->score->item_points[item];
		return;
	}
	if (answer == NULL)
		return;
	view = (struct answer_view){answer->chosen, answer->nchosen,
				    (const char *const *)answer->codes, answer->ncodes};
	out->points = score_item(fi, &view, attempt_form(a)->blueprint->multiple);
}

Examd__V1__ItemReview *render_review(const struct attempt *a, uint32_t item, struct arena *arena)
{
	uint32_t part = 0;
	const struct form *form = attempt_form(a);
	const struct form_item *fi = form_item(form, (struct item_no){item}, &part);
	const struct attempt_answer *answer = attempt_answer(a, (struct item_no){item});
	const char *section = item_section(fi->item, form->blueprint->exam);
	const char *title = section != NULL ? section_title(form->blueprint, part, section) : NULL;
	Examd__V1__ItemReview *out = arena_new(arena, sizeof(*out));

	examd__v1__item_review__init(out);
	out->item = item;
	out->content = arena_new(arena, sizeof(*out->content));
	render_item(fi, out->content, arena);
	out->stimulus = text(arena, fi->item->set != NULL ? fi->item->set->stimulus : NULL);
	fill_right(fi, out, arena);
	fill_accepted(fi->item, out, arena);
	out->rationale = text(arena, fi->item->rationale);
	out->n_references = fi->item->nreferences;
	out->references = arena_new(arena, fi->item->nreferences * sizeof(char *));
	for (size_t i = 0; i < fi->item->nreferences; i++)
		out->references[i] = text(arena, fi->item->references[i]);
	if (answer != NULL && answer->seat.v != 0)
		out->answer = render_answer(item, answer, arena);
	fill_points(a, item, fi, answer, out);
	out->section = text(arena, title != NULL ? title : section);
	return out;
}
