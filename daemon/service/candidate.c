/* What a candidate does with an attempt. */
#include <string.h>

#include "daemon/service/people.h"
#include "daemon/service/push.h"
#include "daemon/service/render.h"
#include "daemon/service/routes.h"
#include "daemon/service/sealed.h"
#include "daemon/service/sessions.h"
#include "daemon/service/start.h"
#include "daemon/service/texts.h"

#define ANSWERS_MOST	64     /* of one request */
#define ROUND_TRIP_MOST 600000 /* ms; more is no round trip */

static const struct attempt *held(const struct request *rq)
{
	return engine_attempt(rq->core->engine, rq->client->attempt);
}

/* What the client measured, for the proctor's eyes: in memory only, gone with the connection. True:
 * it is different enough to be shown. */
static bool note_round_trip(struct request *rq, uint32_t ms)
{
	uint32_t before = rq->client->round_trip_ms, most = before > ms ? before : ms;

	if (ms == 0 || ms > ROUND_TRIP_MOST)
		return false;
	rq->client->round_trip_ms = ms;
	return most - (before < ms ? before : ms) > most / 4;
}

static enum err reply_status(struct request *rq)
{
	rq->reply.body_case = EXAMD__V1__REPLY__BODY_STATUS;
	rq->reply.status = render_status(rq->core, held(rq), &rq->core->scratch);
	return ERR_OK;
}

/* An event of the held attempt by a command; then its status. */
static enum err do_event(struct request *rq, struct event *ev)
{
	enum err err;

	ev->attempt = rq->client->attempt;
	err = service_decide_and_apply(rq->core, ev);
	return err != ERR_OK ? err : reply_status(rq);
}

static enum err plain_event(struct request *rq, enum event_kind kind,
			    const ProtobufCBinaryData *command_id)
{
	struct event ev;
	enum err err = request_event(rq, kind, command_id, &ev);

	return err != ERR_OK ? err : do_event(rq, &ev);
}

/* ---- Check-in ----------------------------------------------------------------------------------
 */

/* The client arrives at an attempt that is there already: its own seat, or a take-over. */
static enum err arrive(struct request *rq, struct attempt_id attempt)
{
	return client_arrive(rq->core, rq->client, attempt) ? ERR_SEAT_TAKEN : reply_status(rq);
}

static enum err open_attempt(struct request *rq, struct sitting_id sitting,
			     const struct person *person)
{
	const struct sitting *s = engine_sitting(rq->core->engine, sitting);
	struct attempt_id attempt;
	struct event ev;
	enum err err;

	if (s == NULL)
		return ERR_NOT_FOUND;
	err = request_event(rq, EVENT_CHECK_IN, &rq->msg->check_in->command_id, &ev);
	if (err != ERR_OK)
		return err;
	ev.sitting = sitting;
	err = start_attempt(rq->core, &ev,
			    &(struct start){.person = person,
					    .blueprint = sitting_blueprint(s),
					    .bank = sitting_bank(s)});
	if (err != ERR_OK)
		return err;
	attempt = rq->core->decision.attempt;
	if (engine_attempt(rq->core->engine, attempt) == NULL)
		return ERR_TOO_LATE; /* it was there, is closed and has left memory */
	return arrive(rq, attempt);
}

enum err on_check_in(struct request *rq)
{
	const struct person *person = request_person(rq);
	struct sitting_id slip = rq->client->session->sitting;
	struct sitting_id sitting = {rq->msg->check_in->sitting};
	const struct attempt *a;

	if (sitting.v == 0)
		sitting = slip;
	if (sitting.v <= 0 || rq->msg->check_in->command_id.len != COMMAND_SIZE)
		return ERR_INVALID;
	if (slip.v != 0 && slip.v != sitting.v)
		return ERR_NOT_IN_SITTING;
	a = engine_attempt_of(rq->core->engine, sitting, person->id);
	return a != NULL ? arrive(rq, attempt_id(a)) : open_attempt(rq, sitting, person);
}

/* ---- The form ----------------------------------------------------------------------------------
 */

enum err on_get_form_piece(struct request *rq)
{
	const Examd__V1__GetFormPiece *in = rq->msg->get_form_piece;
	const struct attempt *a = held(rq);
	Examd__V1__FormPiece *out;
	struct bytes sealed;
	size_t left;
	enum err err;

	if (attempt_state(a) == ATTEMPT_CHECKED_IN)
		return ERR_NOT_ADMITTED;
	if (in->part >= attempt_form(a)->nparts)
		return ERR_NOT_FOUND;
	if ((err = sealed_part(rq->core, a, in->part, &sealed)) != ERR_OK)
		return err;
	out = request_new(rq, sizeof(*out));
	examd__v1__form_piece__init(out);
	out->part = in->part;
	out->offset = in->offset;
	out->size = (uint32_t)sealed.len;
	left = in->offset < sealed.len ? sealed.len - in->offset : 0;
	out->data.len = left < PIECE_MOST ? left : PIECE_MOST;
	if (out->data.len > 0)
		out->data.data =
		    arena_copy(&rq->core->scratch, sealed.data + in->offset, out->data.len);
	rq->reply.body_case = EXAMD__V1__REPLY__BODY_FORM_PIECE;
	rq->reply.form_piece = out;
	return ERR_OK;
}

enum err on_confirm_form(struct request *rq)
{
	const Examd__V1__ConfirmForm *in = rq->msg->confirm_form;
	const struct form *form = attempt_form(held(rq));
	struct digest *hashes = request_new(rq, form->nparts * sizeof(*hashes));
	struct event ev;
	enum err err;

	if (in->n_hash != form->nparts)
		return ERR_WRONG_FORM;
	for (size_t i = 0; i < in->n_hash; i++) {
		if (in->hash[i].len != sizeof(hashes[i].b))
			return ERR_WRONG_FORM;
		memcpy(hashes[i].b, in->hash[i].data, sizeof(hashes[i].b));
	}
	if ((err = request_event(rq, EVENT_FORM_CONFIRMED, &in->command_id, &ev)) != ERR_OK)
		return err;
	ev.u.confirmed = hashes;
	if ((err = do_event(rq, &ev)) != ERR_OK)
		return err;
	sealed_forget(rq->core, held(rq));
	rq->core->moves++; /* of the room that a form took, the last goes now */
	return ERR_OK;
}

/* ---- Answers ------------------------------------------------------------------------------------
 */

static enum err answer_bounds(const Examd__V1__Answer *in)
{
	if (in->n_chosen > ITEM_OPTIONS_MOST || in->n_struck > ITEM_OPTIONS_MOST)
		return ERR_NO_OPTION;
	if (in->n_codes > ITEM_FIELDS_MOST || in->revision == 0 || in->seat == 0 ||
	    strlen(in->note) > ANSWER_NOTE_MOST)
		return ERR_INVALID;
	for (size_t i = 0; i < in->n_codes; i++)
		if (strlen(in->codes[i]) > ITEM_CODE_MOST)
			return ERR_INVALID;
	return ERR_OK;
}

static void read_answer(const Examd__V1__Answer *in, struct answer_in *out)
{
	*out = (struct answer_in){
	    .seat = {in->seat},
	    .item = {in->item},
	    .revision = in->revision,
	    .chosen = in->chosen,
	    .nchosen = in->n_chosen,
	    .codes = (const char *const *)in->codes,
	    .ncodes = in->n_codes,
	    .flagged = in->flagged,
	    .struck = in->struck,
	    .nstruck = in->n_struck,
	    .seen_ms = in->seen_ms,
	};
}

/* The row that the note of this very answer has when it was put before. */
static int64_t known_note(const struct attempt *a, const struct answer_in *answer)
{
	const struct attempt_answer *had = attempt_answer(a, answer->item);

	if (had == NULL || had->seat.v != answer->seat.v || had->revision != answer->revision)
		return 0;
	return had->note_row;
}

/* Another client of the same person cannot write under the seat that it does not hold. */
static bool may_write(const struct request *rq, const struct attempt *a, const struct answer_in *in)
{
	return client_holds(rq->client, a) || in->seat.v < attempt_seat(a).v;
}

static enum err put_answer(struct request *rq, struct event *ev, const Examd__V1__Answer *in)
{
	const struct attempt *a = held(rq);
	uint32_t part;
	enum err err = answer_bounds(in);

	if (err != ERR_OK)
		return err;
	if (form_item(attempt_form(a), (struct item_no){in->item}, &part) == NULL)
		return ERR_NO_ITEM;
	read_answer(in, &ev->u.answer);
	if (!may_write(rq, a, &ev->u.answer))
		return ERR_SEAT_TAKEN;
	ev->u.answer.note_row = known_note(a, &ev->u.answer);
	if (in->note[0] == '\0') {
		ev->u.answer.note_row = 0;
	} else if (ev->u.answer.note_row == 0) {
		struct text_ref note = text_put_note(rq->core, in->note);

		ev->u.answer.note = note.hash;
		ev->u.answer.note_row = note.row;
	}
	return service_decide_and_apply(rq->core, ev);
}

enum err on_put_answers(struct request *rq)
{
	const Examd__V1__PutAnswers *in = rq->msg->put_answers;
	Examd__V1__AnswerAcks *out = request_new(rq, sizeof(*out));
	Examd__V1__AnswerAck *acks;
	struct event ev;
	enum err err;

	if (in->n_answers == 0 || in->n_answers > ANSWERS_MOST)
		return ERR_INVALID;
	if ((err = request_event(rq, EVENT_ANSWER, NULL, &ev)) != ERR_OK)
		return err;
	ev.attempt = rq->client->attempt;
	examd__v1__answer_acks__init(out);
	out->acks = request_new(rq, in->n_answers * sizeof(out->acks[0]));
	acks = request_new(rq, in->n_answers * sizeof(acks[0]));
	(void)note_round_trip(rq, in->round_trip_ms); /* the row is told in any case */
	for (size_t i = 0; i < in->n_answers; i++) {
		const Examd__V1__Answer *answer = in->answers[i];

		examd__v1__answer_ack__init(&acks[i]);
		acks[i].item = answer->item;
		acks[i].seat = answer->seat;
		acks[i].revision = answer->revision;
		acks[i].error = (uint32_t)put_answer(rq, &ev, answer);
		rq->core->answers_acknowledged += acks[i].error == ERR_OK;
		out->acks[out->n_acks++] = &acks[i];
	}
	push_room_changed(rq->core, attempt_sitting(held(rq)), rq->client->attempt);
	rq->reply.body_case = EXAMD__V1__REPLY__BODY_ANSWER_ACKS;
	rq->reply.answer_acks = out;
	return ERR_OK;
}

/* ---- The rest -------------------------------------------------------------------------------- */

enum err on_get_status(struct request *rq)
{
	int64_t wanted = rq->msg->get_status->attempt;

	if (wanted != 0 && wanted != rq->client->attempt.v)
		return ERR_NOT_FOUND;
	if (note_round_trip(rq, rq->msg->get_status->round_trip_ms))
		push_room_changed(rq->core, attempt_sitting(held(rq)), rq->client->attempt);
	return reply_status(rq);
}

enum err on_leave_part(struct request *rq)
{
	struct event ev;
	enum err err = request_event(rq, EVENT_LEAVE_PART, &rq->msg->leave_part->command_id, &ev);

	if (err != ERR_OK)
		return err;
	ev.u.part = rq->msg->leave_part->part;
	return do_event(rq, &ev);
}

enum err on_submit(struct request *rq)
{
	return plain_event(rq, EVENT_SUBMIT, &rq->msg->submit->command_id);
}

enum err on_take_break(struct request *rq)
{
	return plain_event(rq, EVENT_BREAK, &rq->msg->take_break->command_id);
}

enum err on_end_break(struct request *rq)
{
	return plain_event(rq, EVENT_BACK_FROM_BREAK, &rq->msg->end_break->command_id);
}

enum err on_report_event(struct request *rq)
{
	const Examd__V1__ReportEvent *in = rq->msg->report_event;
	struct event ev;
	enum err err;

	if (in->kind == 0 || in->kind > REPORTED_LAST)
		return ERR_INVALID;
	if ((err = request_event(rq, EVENT_REPORTED, &in->command_id, &ev)) != ERR_OK)
		return err;
	ev.attempt = rq->client->attempt;
	ev.u.reported = in->kind;
	return service_decide_and_apply(rq->core, &ev);
}
