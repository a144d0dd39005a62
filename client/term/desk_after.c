/* What is asked for beside the answers: the result, the rationales, practice. */
#include <stdlib.h>
#include <string.h>

#include "client/term/desk_inside.h"

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
	if (desk_error_passes(err)) {
		d->result_asked = false;
		timer_set(&d->again, ASK_AGAIN);
		return;
	}
	d->result_error = err;
	if (err == ERR_OK && reply->body_case == EXAMD__V1__REPLY__BODY_RESULT) {
		arena_reset(&d->result_arena);
		d->result = (const Examd__V1__Result *)keep(&d->result_arena, &reply->result->base);
	}
	desk_changed(d);
}

static int64_t attempt_of(const struct desk *d)
{
	const Examd__V1__Session *session = exam_client_session(d->client);

	return desk_status(d) != NULL ? desk_status(d)->attempt
	       : session != NULL      ? session->attempt
				      : 0;
}

void desk_ask_result(struct desk *d)
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
		desk_changed(d);
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
	desk_changed(d);
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
	if (!d->review_asked && !d->calling && desk_is_closed(d))
		ask_review_from(d, (uint32_t)d->nreviews);
}

/* ---- Practice ---------------------------------------------------------------------------- */

void desk_on_practice(struct practice *p)
{
	struct desk *d = container_of(p, struct desk, practice);

	if (p->started)
		d->at_practice = p->started = false;
	desk_pump(d);
	desk_changed(d);
}

void desk_practice(struct desk *d, const Examd__V1__Exam *exam, const struct drill *drill)
{
	practice_start(&d->practice, exam, drill);
	desk_changed(d);
}

void desk_resume(struct desk *d, int64_t attempt)
{
	practice_resume(&d->practice, attempt);
	desk_changed(d);
}

void desk_to_practice(struct desk *d)
{
	d->at_practice = d->may_practise;
	practice_forget(&d->practice);
	desk_pump(d);
	desk_changed(d);
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
		desk_tell_error(d, "No answer to be seen.", err,
				reply != NULL ? reply->detail : "");
	desk_changed(d);
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
void desk_follow_attempt(struct desk *d)
{
	const Examd__V1__Status *status = desk_status(d);

	if (status == NULL || status->attempt == d->attempt)
		return;
	d->attempt = status->attempt;
	d->has_item = d->going_on = d->at_practice = d->on_break = d->rules_agreed = false;
	d->draft = (struct draft){0};
	for (size_t i = 0; i < d->nitems; i++)
		d->seen_ms[i] = 0;
	d->on_break = status->on_break;
	d->leaving = LEAVING_NOT;
	d->result = NULL;
	d->revealed = NULL;
	d->result_asked = d->review_asked = d->review_whole = false;
	d->result_error = d->review_error = ERR_OK;
	d->nreviews = 0;
	d->last_remaining = 0;
	arena_reset(&d->review_arena);
}
