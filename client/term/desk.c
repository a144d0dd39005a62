#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/term/desk.h"

#define TICK	   ((struct millis){500})
#define PUT_LATER  ((struct millis){700})
#define ASK_AGAIN  SECONDS(1)
#define LAST_PUT   ((int64_t)2000) /* a draft is put when so little is left */
#define TOLD_BYTES 640

static void pump(struct desk *d);

static void changed(struct desk *d)
{
	d->owner->on_change(d->owner);
}

static const Examd__V1__Status *status_of(const struct desk *d)
{
	return exam_client_status(d->client);
}

static bool is_closed(const struct desk *d)
{
	return exam_client_state(d->client) >= EXAMD__V1__ATTEMPT_STATE__SUBMITTED;
}

static bool error_passes(enum err err)
{
	return err == ERR_BUSY || err == ERR_TOO_MANY || err == ERR_THROTTLED ||
	       err == ERR_UNDECIDED;
}

/* ---- What is told ------------------------------------------------------------------------ */

void desk_dismiss(struct desk *d)
{
	if (d->ntold == 0)
		return;
	free(d->told[0].text);
	d->ntold--;
	memmove(d->told, d->told + 1, d->ntold * sizeof d->told[0]);
	changed(d);
}

static void hint(struct desk *d, const char *text)
{
	d->owner->on_told(d->owner, TOLD_HINT, text);
	changed(d);
}

/* The same text is not said twice; when there are too many the oldest that is no message goes. */
void desk_tell(struct desk *d, enum told what, const char *text)
{
	size_t drop = 0;

	for (size_t i = 0; i < d->ntold; i++)
		if (strcmp(d->told[i].text, text) == 0)
			return;
	if (d->ntold == DESK_TOLD_MOST) {
		while (drop + 1 < d->ntold && d->told[drop].what == TOLD_MESSAGE)
			drop++;
		free(d->told[drop].text);
		d->ntold--;
		memmove(d->told + drop, d->told + drop + 1, (d->ntold - drop) * sizeof d->told[0]);
	}
	d->told[d->ntold++] = (struct told_text){what, mem_copy_text(text)};
	d->owner->on_told(d->owner, what, text);
	changed(d);
}

static void tell_error(struct desk *d, const char *what, enum err err, const char *detail)
{
	char text[TOLD_BYTES];

	snprintf(text, sizeof text, "%s %s%s%s", what, err_sentence(err),
		 detail[0] != '\0' ? " " : "", detail);
	desk_tell(d, TOLD_TROUBLE, text);
}

/* ---- Facts ------------------------------------------------------------------------------- */

const Examd__V1__PartInfo *desk_part(const struct desk *d)
{
	const Examd__V1__Status *status = status_of(d);

	return status != NULL && status->part < status->n_parts ? status->parts[status->part]
								: NULL;
}

bool desk_is_last_part(const struct desk *d)
{
	const Examd__V1__Status *status = status_of(d);

	return status == NULL || status->part + 1 >= status->n_parts;
}

bool desk_has_tool(const struct desk *d, const char *tool)
{
	const Examd__V1__Status *status = status_of(d);

	for (size_t i = 0; status != NULL && i < status->n_tools; i++)
		if (strcmp(status->tools[i], tool) == 0)
			return true;
	return false;
}

uint32_t desk_number(const struct desk *d, uint32_t item)
{
	const Examd__V1__Status *status = status_of(d);

	for (size_t i = 0; status != NULL && i < status->n_parts; i++) {
		const Examd__V1__PartInfo *part = status->parts[i];

		if (item >= part->first_item && item < part->first_item + part->items)
			return item - part->first_item + 1;
	}
	return item + 1;
}

const Examd__V1__FormItem *desk_item(const struct desk *d)
{
	return d->has_item ? exam_client_item(d->client, (struct item_no){d->item}) : NULL;
}

bool desk_is_elsewhere(const struct desk *d, uint32_t item)
{
	return exam_client_answer(d->client, (struct item_no){item}) == NULL &&
	       exam_client_is_answered(d->client, (struct item_no){item});
}

enum progress desk_progress(const struct desk *d, uint32_t item)
{
	struct item_facts f = {
	    .seen = item < d->nitems && d->seen[item],
	    .elsewhere = desk_is_elsewhere(d, item),
	    .answer = exam_client_answer(d->client, (struct item_no){item}),
	    .item = exam_client_item(d->client, (struct item_no){item}),
	};

	return item_progress(&f);
}

bool desk_is_flagged(const struct desk *d, uint32_t item)
{
	const Examd__V1__Answer *a = exam_client_answer(d->client, (struct item_no){item});

	if (d->has_item && d->item == item)
		return d->draft.flagged;
	return a != NULL && a->flagged;
}

const char *desk_note(const struct desk *d, uint32_t item)
{
	const Examd__V1__Answer *a = exam_client_answer(d->client, (struct item_no){item});

	if (d->has_item && d->item == item)
		return d->draft.note;
	return a != NULL ? a->note : "";
}

void desk_count(const struct desk *d, uint32_t of[PROGRESS_COMPLETE + 1], uint32_t *flagged)
{
	const Examd__V1__PartInfo *part = desk_part(d);

	memset(of, 0, (PROGRESS_COMPLETE + 1) * sizeof of[0]);
	*flagged = 0;
	for (uint32_t i = 0; part != NULL && i < part->items; i++) {
		of[desk_progress(d, part->first_item + i)]++;
		*flagged += desk_is_flagged(d, part->first_item + i);
	}
}

uint32_t desk_unsaved(const struct desk *d)
{
	return exam_client_unsettled(d->client) + (d->has_item && d->draft.dirty);
}

struct truth_facts desk_truth(const struct desk *d)
{
	struct truth_facts f = {
	    .unsaved = desk_unsaved(d), .link = d->link, .journal = exam_client_journal(d->client)};

	exam_client_saved(d->client, &f.put, &f.saved);
	return f;
}

static bool part_is_open(const struct desk *d)
{
	const Examd__V1__PartInfo *part = desk_part(d);

	return part != NULL &&
	       exam_client_item(d->client, (struct item_no){part->first_item}) != NULL;
}

/* At no attempt, or at the list again after one. */
static bool chooses_practice(const struct desk *d)
{
	const Examd__V1__Session *session = exam_client_session(d->client);

	return d->may_practise && session != NULL &&
	       (d->at_practice || (status_of(d) == NULL && session->attempt == 0));
}

enum scene desk_scene(const struct desk *d)
{
	const Examd__V1__Status *status = status_of(d);
	/* While the link is down the last status still says what the candidate may see. */
	struct scene_facts f = {
	    .chooses = chooses_practice(d),
	    .refused = d->was_refused,
	    .taken_over = d->was_taken_over,
	    .has_status = status != NULL,
	    .has_rules = status != NULL && status->rules[0] != '\0',
	    .rules_agreed = d->rules_agreed,
	    .state = exam_client_state(d->client),
	    .stopped = exam_client_stopped(d->client),
	    .on_break = d->on_break,
	    .part_open = part_is_open(d),
	    .remaining_ms = exam_client_remaining(d->client).v,
	};

	return scene_of(&f);
}

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
static void draft_follow(struct desk *d)
{
	const Examd__V1__Answer *a = exam_client_answer(d->client, (struct item_no){d->item});

	if (!d->has_item || d->draft.dirty || a == NULL)
		return;
	if (a->seat != d->draft.seat || a->revision != d->draft.revision)
		draft_load(d);
}

static uint32_t seen_so_far(struct desk *d)
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

static bool draft_has_choice(const struct draft *draft)
{
	for (size_t i = 0; i < DESK_OPTIONS_MOST; i++)
		if (draft->chosen[i])
			return true;
	for (size_t i = 0; i < DESK_FIELDS_MOST; i++)
		if (draft->codes[i][0] != '\0')
			return true;
	return false;
}

static bool is_linear(const struct desk *d)
{
	const Examd__V1__PartInfo *part = desk_part(d);

	return part != NULL && part->linear;
}

void desk_put(struct desk *d)
{
	Examd__V1__Answer a = EXAMD__V1__ANSWER__INIT;
	const Examd__V1__FormItem *item = desk_item(d);
	uint32_t chosen[DESK_OPTIONS_MOST], struck[DESK_OPTIONS_MOST];
	char *codes[DESK_FIELDS_MOST];
	enum err err;

	timer_stop(&d->put_later);
	if (!d->draft.dirty || item == NULL)
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
	a.seen_ms = seen_so_far(d);
	d->draft.dirty = false;
	err = exam_client_put_answer(d->client, &a);
	d->going_on = d->going_on && err == ERR_OK;
	if (err != ERR_OK)
		tell_error(d, "This answer was not taken.", err, "");
	changed(d);
}

/* What is known of the item only elsewhere would be lost by anything but a new choice. */
static bool may_mark(struct desk *d)
{
	if (!desk_is_elsewhere(d, d->item) || draft_has_choice(&d->draft))
		return true;
	hint(d, "Answered on another machine: answer it here first, then mark it.");
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
	if (!is_linear(d))
		desk_put(d);
	changed(d);
}

void desk_code_changed(struct desk *d)
{
	d->draft.dirty = true;
	if (!is_linear(d))
		timer_set(&d->put_later, PUT_LATER);
	changed(d);
}

static void on_put_later(struct timer *t)
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

/* ---- Moving ------------------------------------------------------------------------------ */

static void look_away(struct desk *d)
{
	if (!d->has_item)
		return;
	d->seen_ms[d->item] = seen_so_far(d);
	d->shown_since = mono_now();
	if (!is_linear(d))
		desk_put(d);
}

static void look_at(struct desk *d, uint32_t item)
{
	const Examd__V1__Answer *a;

	look_away(d);
	d->item = item;
	d->has_item = true;
	d->seen[item] = true;
	d->shown_since = mono_now();
	a = exam_client_answer(d->client, (struct item_no){item});
	if (a != NULL && a->seen_ms > d->seen_ms[item])
		d->seen_ms[item] = a->seen_ms;
	draft_load(d);
	changed(d);
}

static bool is_in_part(const struct desk *d, uint32_t item)
{
	const Examd__V1__PartInfo *part = desk_part(d);

	return part != NULL && item >= part->first_item && item < part->first_item + part->items &&
	       item < d->nitems;
}

void desk_go(struct desk *d, uint32_t item)
{
	if (is_in_part(d, item) && (!is_linear(d) || item == d->item))
		look_at(d, item);
}

/* Leaves an item of a linear part for good. */
static void next_in_linear(struct desk *d)
{
	if (!draft_has_choice(&d->draft) && !desk_is_elsewhere(d, d->item)) {
		hint(d, "Answer this question first: in this part there is no going back.");
		return;
	}
	d->going_on = true;
	desk_put(d);
	pump(d);
}

void desk_next(struct desk *d)
{
	if (!is_in_part(d, d->item + 1) || d->going_on)
		return;
	if (is_linear(d))
		next_in_linear(d);
	else
		look_at(d, d->item + 1);
}

void desk_previous(struct desk *d)
{
	if (is_linear(d))
		hint(d, "In this part there is no going back.");
	else if (d->item > 0 && is_in_part(d, d->item - 1))
		look_at(d, d->item - 1);
}

/* Where a part is gone on with: at the first item without an answer. */
static uint32_t first_to_do(const struct desk *d, const Examd__V1__PartInfo *part)
{
	for (uint32_t i = 0; i < part->items; i++)
		if (!exam_client_is_answered(d->client, (struct item_no){part->first_item + i}))
			return part->first_item + i;
	return is_linear(d) ? part->first_item + part->items - 1 : part->first_item;
}

static void make_room(struct desk *d, size_t nitems)
{
	if (nitems <= d->nitems)
		return;
	d->seen = mem_resize(d->seen, nitems * sizeof *d->seen);
	d->seen_ms = mem_resize(d->seen_ms, nitems * sizeof *d->seen_ms);
	for (; d->nitems < nitems; d->nitems++) {
		d->seen[d->nitems] = false;
		d->seen_ms[d->nitems] = 0;
	}
}

static void find_item(struct desk *d)
{
	const Examd__V1__PartInfo *part = desk_part(d);

	if (part == NULL || !part_is_open(d))
		return;
	make_room(d, status_of(d)->items);
	if (d->has_item && is_in_part(d, d->item))
		return;
	d->has_item = d->going_on = false;
	d->draft.dirty = false;
	if (is_in_part(d, first_to_do(d, part)))
		look_at(d, first_to_do(d, part));
}

/* ---- Handing in -------------------------------------------------------------------------- */

static void on_left(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct desk *d = container_of(call, struct desk, call);

	d->calling = false;
	if (d->closing)
		return;
	if (error_passes(err)) {
		timer_set(&d->again, ASK_AGAIN);
		return;
	}
	d->leaving = LEAVING_NOT;
	if (err != ERR_OK && err != ERR_TOO_LATE && err != ERR_LOCKED && err != ERR_CLOSED)
		tell_error(d, "It was not handed in.", err, reply != NULL ? reply->detail : "");
	pump(d);
	changed(d);
}

static void ask_leave(struct desk *d)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__Submit submit = EXAMD__V1__SUBMIT__INIT;
	Examd__V1__LeavePart leave = EXAMD__V1__LEAVE_PART__INIT;
	ProtobufCBinaryData id = {sizeof d->command_id, d->command_id};

	if (desk_is_last_part(d)) {
		submit.command_id = id;
		request.body_case = EXAMD__V1__REQUEST__BODY_SUBMIT;
		request.submit = &submit;
	} else {
		leave.command_id = id;
		leave.part = d->leaving_part;
		request.body_case = EXAMD__V1__REQUEST__BODY_LEAVE_PART;
		request.leave_part = &leave;
	}
	d->leaving = LEAVING_ASKED;
	d->calling = true;
	d->call = (struct call){.on_reply = on_left};
	exam_client_call(d->client, &d->call, &request, true);
}

void desk_hand_in(struct desk *d)
{
	const Examd__V1__Status *status = status_of(d);

	if (d->leaving != LEAVING_NOT || status == NULL || desk_scene(d) != SCENE_ITEMS)
		return;
	desk_put(d);
	exam_client_command_id(d->command_id);
	d->leaving_part = status->part;
	d->leaving = LEAVING_WAITS_SAVED;
	pump(d);
	changed(d);
}

void desk_stay(struct desk *d)
{
	if (d->leaving == LEAVING_WAITS_SAVED)
		d->leaving = LEAVING_NOT;
	changed(d);
}

void desk_agree(struct desk *d)
{
	d->rules_agreed = true;
	exam_client_agree(d->client);
	changed(d);
}

static void on_break_reply(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct desk *d = container_of(call, struct desk, break_call);

	d->breaking = false;
	if (d->closing)
		return;
	if (err != ERR_OK) {
		d->on_break = false;
		tell_error(d, "No break.", err, reply != NULL ? reply->detail : "");
	}
	changed(d);
}

void desk_break(struct desk *d, bool begin)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__TakeBreak take = EXAMD__V1__TAKE_BREAK__INIT;
	Examd__V1__EndBreak end = EXAMD__V1__END_BREAK__INIT;
	uint8_t id[16];

	if (d->breaking || status_of(d) == NULL || !status_of(d)->can_break)
		return;
	desk_put(d);
	exam_client_command_id(id);
	take.command_id = end.command_id = (ProtobufCBinaryData){sizeof id, id};
	request.body_case =
	    begin ? EXAMD__V1__REQUEST__BODY_TAKE_BREAK : EXAMD__V1__REQUEST__BODY_END_BREAK;
	if (begin)
		request.take_break = &take;
	else
		request.end_break = &end;
	d->on_break = begin;
	d->breaking = true;
	d->break_call = (struct call){.on_reply = on_break_reply};
	exam_client_call(d->client, &d->break_call, &request, true);
	changed(d);
}

/* ---- After the end ----------------------------------------------------------------------- */

/* A message beyond its frame; NULL when it cannot be kept. */
static ProtobufCMessage *keep(struct arena *arena, const ProtobufCMessage *message)
{
	struct buf packed = {0};
	ProtobufCMessage *copy;

	message_put(&packed, message);
	if (message_decode(message->descriptor, buf_bytes(&packed), arena, &copy) != ERR_OK)
		copy = NULL;
	buf_fini(&packed);
	return copy;
}

static void on_result(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct desk *d = container_of(call, struct desk, call);

	d->calling = false;
	if (d->closing)
		return;
	if (error_passes(err)) {
		d->result_asked = false;
		timer_set(&d->again, ASK_AGAIN);
		return;
	}
	d->result_error = err;
	if (err == ERR_OK && reply->body_case == EXAMD__V1__REPLY__BODY_RESULT) {
		arena_reset(&d->result_arena);
		d->result = (const Examd__V1__Result *)keep(&d->result_arena, &reply->result->base);
	}
	changed(d);
}

static int64_t attempt_of(const struct desk *d)
{
	const Examd__V1__Session *session = exam_client_session(d->client);

	return status_of(d) != NULL ? status_of(d)->attempt
	       : session != NULL    ? session->attempt
				    : 0;
}

static void ask_result(struct desk *d)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__GetResult body = EXAMD__V1__GET_RESULT__INIT;

	body.attempt = attempt_of(d);
	request.body_case = EXAMD__V1__REQUEST__BODY_GET_RESULT;
	request.get_result = &body;
	d->result_asked = d->calling = true;
	d->call = (struct call){.on_reply = on_result};
	exam_client_call(d->client, &d->call, &request, true);
}

static void ask_review_from(struct desk *d, uint32_t first);

static void on_review(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct desk *d = container_of(call, struct desk, call);
	const Examd__V1__Review *review;

	d->calling = false;
	if (d->closing)
		return;
	d->review_error = err;
	if (err != ERR_OK || reply->body_case != EXAMD__V1__REPLY__BODY_REVIEW) {
		d->review_asked = false;
		changed(d);
		return;
	}
	review = reply->review;
	d->reviews =
	    mem_resize(d->reviews, (d->nreviews + review->n_items) * sizeof(d->reviews[0]));
	for (size_t i = 0; i < review->n_items; i++) {
		const ProtobufCMessage *copy = keep(&d->review_arena, &review->items[i]->base);

		if (copy != NULL)
			d->reviews[d->nreviews++] = (const Examd__V1__ItemReview *)copy;
	}
	d->review_whole = !review->more || review->n_items == 0;
	if (!d->review_whole)
		ask_review_from(d, review->items[review->n_items - 1]->item + 1);
	changed(d);
}

static void ask_review_from(struct desk *d, uint32_t first)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__GetReview body = EXAMD__V1__GET_REVIEW__INIT;

	body.attempt = attempt_of(d);
	body.first_item = first;
	request.body_case = EXAMD__V1__REQUEST__BODY_GET_REVIEW;
	request.get_review = &body;
	d->review_asked = d->calling = true;
	d->call = (struct call){.on_reply = on_review};
	exam_client_call(d->client, &d->call, &request, true);
}

void desk_ask_review(struct desk *d)
{
	if (!d->review_asked && !d->calling && is_closed(d))
		ask_review_from(d, (uint32_t)d->nreviews);
}

/* ---- Practice ---------------------------------------------------------------------------- */

static void on_practice(struct practice *p)
{
	struct desk *d = container_of(p, struct desk, practice);

	if (p->started)
		d->at_practice = p->started = false;
	pump(d);
	changed(d);
}

void desk_practice(struct desk *d, const Examd__V1__Exam *exam, const struct drill *drill)
{
	practice_start(&d->practice, exam, drill);
	changed(d);
}

void desk_resume(struct desk *d, int64_t attempt)
{
	practice_resume(&d->practice, attempt);
	changed(d);
}

void desk_to_practice(struct desk *d)
{
	d->at_practice = d->may_practise;
	practice_forget(&d->practice);
	pump(d);
	changed(d);
}

static void on_revealed(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct desk *d = container_of(call, struct desk, reveal_call);

	if (d->closing)
		return;
	d->revealing = false;
	if (err == ERR_OK && reply->body_case == EXAMD__V1__REPLY__BODY_ITEM_REVIEW)
		d->revealed = (const Examd__V1__ItemReview *)keep(&d->reveal_arena,
								  &reply->item_review->base);
	else
		tell_error(d, "No answer to be seen.", err, reply != NULL ? reply->detail : "");
	changed(d);
}

void desk_reveal(struct desk *d)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__Reveal body = EXAMD__V1__REVEAL__INIT;

	if (d->revealing || !d->has_item)
		return;
	desk_put(d);
	d->revealed = NULL;
	arena_reset(&d->reveal_arena);
	body.item = d->item;
	request.body_case = EXAMD__V1__REQUEST__BODY_REVEAL;
	request.reveal = &body;
	d->revealing = true;
	d->reveal_call = (struct call){.on_reply = on_revealed};
	exam_client_call(d->client, &d->reveal_call, &request, true);
}

/* What was kept of the last attempt is not of this one. */
static void follow_attempt(struct desk *d)
{
	const Examd__V1__Status *status = status_of(d);

	if (status == NULL || status->attempt == d->attempt)
		return;
	d->attempt = status->attempt;
	d->has_item = d->going_on = d->at_practice = d->on_break = d->rules_agreed = false;
	d->draft = (struct draft){0};
	for (size_t i = 0; i < d->nitems; i++) {
		d->seen[i] = false;
		d->seen_ms[i] = 0;
	}
	d->leaving = LEAVING_NOT;
	d->result = NULL;
	d->revealed = NULL;
	d->result_asked = d->review_asked = d->review_whole = false;
	d->result_error = d->review_error = ERR_OK;
	d->nreviews = 0;
	d->last_remaining = 0;
	arena_reset(&d->review_arena);
}

/* ---- Going on ---------------------------------------------------------------------------- */

static void go_on(struct desk *d)
{
	if (!d->going_on || exam_client_unsettled(d->client) > 0)
		return;
	d->going_on = false;
	if (is_in_part(d, d->item + 1))
		look_at(d, d->item + 1);
}

/* Whatever can be done by itself now. */
static void pump(struct desk *d)
{
	follow_attempt(d);
	if (desk_scene(d) == SCENE_PRACTICE && d->link == LINK_UP)
		practice_ask(&d->practice);
	if (d->calling || timer_is_set(&d->again))
		return;
	if (is_closed(d)) {
		d->leaving = LEAVING_NOT;
		if (!d->result_asked && exam_client_unsettled(d->client) == 0)
			ask_result(d);
	} else if (d->leaving == LEAVING_ASKED ||
		   (d->leaving == LEAVING_WAITS_SAVED && exam_client_unsettled(d->client) == 0)) {
		ask_leave(d);
	} else if (desk_scene(d) == SCENE_ITEMS) {
		find_item(d);
		go_on(d);
	}
}

static void on_again(struct timer *t)
{
	pump(container_of(t, struct desk, again));
}

static void warn_of_time(struct desk *d, int64_t remaining)
{
	const Examd__V1__Status *status = status_of(d);
	const Examd__V1__PartInfo *part = desk_part(d);
	char text[80];
	uint32_t due;

	if (status == NULL || part == NULL)
		return;
	due = warning_due(status->warnings, status->n_warnings, d->last_remaining, remaining,
			  part->budget_ms);
	if (due == 0)
		return;
	snprintf(text, sizeof text, "%u minute%s left.", due, due == 1 ? "" : "s");
	desk_tell(d, TOLD_TIME, text);
}

static void on_tick(struct timer *t)
{
	struct desk *d = container_of(t, struct desk, tick);
	int64_t remaining = exam_client_remaining(d->client).v;
	bool items = desk_scene(d) == SCENE_ITEMS;

	timer_set(t, TICK);
	if (items)
		warn_of_time(d, remaining);
	if (items && exam_client_stopped(d->client) == 0 && remaining < LAST_PUT)
		desk_put(d);
	d->last_remaining = remaining;
	changed(d);
}

/* ---- The client's hooks ------------------------------------------------------------------ */

static void set_text(char **to, const char *text)
{
	free(*to);
	*to = mem_copy_text(text);
}

static void refuse(struct desk *d, enum err err, const char *detail)
{
	d->was_refused = true;
	d->refused = err;
	set_text(&d->refusal, detail);
}

static void on_link(struct exam_client_user *u, enum link_state state, enum err why)
{
	struct desk *d = container_of(u, struct desk, hooks);

	d->link = state;
	d->link_why = why;
	if (state == LINK_REFUSED)
		refuse(d, why, "");
	changed(d);
}

static void on_change(struct exam_client_user *u)
{
	struct desk *d = container_of(u, struct desk, hooks);

	draft_follow(d);
	pump(d);
	changed(d);
}

static void on_notice(struct exam_client_user *u, const Examd__V1__Notice *n)
{
	struct desk *d = container_of(u, struct desk, hooks);
	char text[TOLD_BYTES];

	switch (n->kind) {
	case EXAMD__V1__NOTICE_KIND__NOTICE_MESSAGE:
		desk_tell(d, TOLD_MESSAGE, n->text);
		break;
	case EXAMD__V1__NOTICE_KIND__NOTICE_PAUSED:
		set_text(&d->pause_text, n->text);
		break;
	case EXAMD__V1__NOTICE_KIND__NOTICE_MINUTES_ADDED:
		snprintf(text, sizeof text, "%s%" PRId64 " minutes. %s", n->added_ms < 0 ? "" : "+",
			 n->added_ms / 60000, n->text);
		desk_tell(d, TOLD_TIME, text);
		break;
	case EXAMD__V1__NOTICE_KIND__NOTICE_REOPENED:
		d->result_asked = false;
		d->result = NULL;
		desk_tell(d, TOLD_MESSAGE, n->text[0] != '\0' ? n->text : "It was reopened.");
		break;
	case EXAMD__V1__NOTICE_KIND__NOTICE_RELEASED:
		d->result_asked = false;
		break;
	default:
		break;
	}
	pump(d);
	changed(d);
}

static void on_settled(struct exam_client_user *u, const Examd__V1__Answer *a, enum err err)
{
	struct desk *d = container_of(u, struct desk, hooks);
	char what[80];

	if (err != ERR_OK) {
		d->going_on = false;
		snprintf(what, sizeof what, "Question %u:", desk_number(d, a->item));
		tell_error(d, what, err, "");
	}
	changed(d);
}

static void on_entry(struct exam_client_user *u, enum entry_step step, enum err err,
		     const char *detail)
{
	struct desk *d = container_of(u, struct desk, hooks);

	d->step = step;
	if (step == ENTRY_REFUSED)
		refuse(d, err, detail);
	d->was_taken_over = step == ENTRY_TAKEN_OVER;
	changed(d);
}

static void on_part_open(struct exam_client_user *u, uint32_t part)
{
	struct desk *d = container_of(u, struct desk, hooks);

	(void)part;
	find_item(d);
	changed(d);
}

/* ---- The whole --------------------------------------------------------------------------- */

enum err desk_open(struct desk *d, const struct desk_config *config, char detail[256])
{
	enum err err;

	*d = (struct desk){.owner = config->owner, .config = config->client};
	d->hooks = (struct exam_client_user){
	    .on_link = on_link,
	    .on_change = on_change,
	    .on_notice = on_notice,
	    .on_settled = on_settled,
	    .on_entry = on_entry,
	    .on_part_open = on_part_open,
	};
	d->config.loop = config->loop;
	d->config.user = &d->hooks;
	d->config.rules_first = true;
	timer_init(&d->put_later, config->loop, on_put_later);
	timer_init(&d->tick, config->loop, on_tick);
	timer_init(&d->again, config->loop, on_again);
	err = exam_client_new(&d->client, &d->config, detail);
	if (err != ERR_OK)
		return err;
	timer_set(&d->tick, TICK);
	d->may_practise = config->user != NULL && config->sitting == 0;
	practice_init(&d->practice, d->client, on_practice);
	if (config->user != NULL)
		exam_client_log_in(d->client, config->user, config->password);
	exam_client_take(d->client, config->sitting);
	return ERR_OK;
}

void desk_close(struct desk *d)
{
	if (d->client != NULL)
		desk_put(d);
	d->closing = true;
	practice_close(&d->practice);
	exam_client_free(d->client);
	timer_fini(&d->put_later);
	timer_fini(&d->tick);
	timer_fini(&d->again);
	while (d->ntold > 0)
		free(d->told[--d->ntold].text);
	free(d->refusal);
	free(d->pause_text);
	free(d->seen);
	free(d->seen_ms);
	free(d->reviews);
	arena_fini(&d->result_arena);
	arena_fini(&d->review_arena);
	arena_fini(&d->reveal_arena);
	practice_fini(&d->practice);
}
