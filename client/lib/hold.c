/* The attempt held: every answer into the journal, then to the server, until the receipt. */
#include <stdlib.h>
#include <string.h>

#include "client/lib/client.h"
#include "proto/wire/seal.h"

#define PUT_FIRST ((struct millis){200})
#define PUT_MOST  SECONDS(5)
#define CODE_MOST 16
#define NOTE_MOST 500

/* ---- Settled ----------------------------------------------------------------------------- */

static void tell_settled(struct exam_client *c, const Examd__V1__Answer *answer, enum err err)
{
	struct item_no item = {answer->item};

	c->changed = true;
	if (c->journal != NULL)
		journal_settled(c->journal, item, (struct seat_no){answer->seat}, answer->revision,
				err);
	if (c->hooks == NULL)
		return;
	if (c->hooks->on_settled != NULL)
		c->hooks->on_settled(c->hooks, answer, err);
	if (c->hooks->on_saved != NULL)
		c->hooks->on_saved(c->hooks, item, err);
}

static bool settle(struct exam_client *c, struct put_order o, enum err err)
{
	const Examd__V1__Answer *answer =
	    answers_settle(&c->answers, o.item, o.seat, o.revision, err);

	if (answer != NULL)
		tell_settled(c, answer, err);
	return answer != NULL;
}

/* ---- Sending ----------------------------------------------------------------------------- */

static void put_later(struct exam_client *c)
{
	if (c->put_wait.v < PUT_FIRST.v)
		c->put_wait = PUT_FIRST;
	timer_set(&c->put_again, link_jitter(c->put_wait));
	c->put_wait.v = c->put_wait.v * 2 > PUT_MOST.v ? PUT_MOST.v : c->put_wait.v * 2;
}

/* One word for each answer of the batch.  Returns how many are settled; the others stay open. */
static size_t take_acks(struct exam_client *c, const Examd__V1__AnswerAcks *acks)
{
	size_t settled = 0;

	for (size_t i = 0; i < acks->n_acks; i++) {
		const Examd__V1__AnswerAck *ack = acks->acks[i];
		enum err err = err_from_number(ack->error);
		struct put_order o = {{ack->item}, {ack->seat}, ack->revision};

		if (!client_error_passes(err) && err != ERR_LOGIN_NEEDED)
			settled += settle(c, o, err) ? 1 : 0;
	}
	return settled;
}

/* A refusal of all of them. */
static size_t refuse_batch(struct exam_client *c, enum err err)
{
	for (size_t i = 0; i < c->nbatch; i++)
		(void)settle(c, c->batch[i], err);
	return c->nbatch;
}

/* The log-in is at no attempt.  For good, when the attempt is closed or another's; otherwise only
 * until the check-in. */
static enum err out_of_turn(const struct exam_client *c)
{
	if (client_is_closed(c))
		return ERR_TOO_LATE;
	return c->taken_over ? ERR_SEAT_TAKEN : ERR_BUSY;
}

static void on_put_reply(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct exam_client *c = container_of(call, struct exam_client, put_call);
	size_t settled = 0;

	c->putting = false;
	if (err == ERR_OUT_OF_TURN)
		err = out_of_turn(c);
	if (err == ERR_OK && reply->body_case == EXAMD__V1__REPLY__BODY_ANSWER_ACKS)
		settled = take_acks(c, reply->answer_acks);
	else if (err == ERR_LOGIN_NEEDED)
		client_drop_session(c);
	else if (err != ERR_OK && !client_error_passes(err))
		settled = refuse_batch(c, err);
	answers_lost(&c->answers);
	if (reply == NULL || settled >= c->nbatch)
		c->put_wait = PUT_FIRST;
	else
		put_later(c);
	entry_advance(c);
	hold_flush(c);
	client_tell_change(c);
}

static void send_batch(struct exam_client *c)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__PutAnswers body = EXAMD__V1__PUT_ANSWERS__INIT;
	Examd__V1__Answer *answers[ANSWERS_BATCH];

	body.n_answers = c->nbatch = answers_take(&c->answers, answers);
	if (c->nbatch == 0)
		return;
	for (size_t i = 0; i < c->nbatch; i++)
		c->batch[i] = (struct put_order){
		    {answers[i]->item}, {answers[i]->seat}, answers[i]->revision};
	body.answers = answers;
	body.round_trip_ms = link_round_trip(&c->link);
	request.body_case = EXAMD__V1__REQUEST__BODY_PUT_ANSWERS;
	request.put_answers = &body;
	c->putting = true;
	link_call(&c->link, &c->put_call, &request, false, (struct millis){0});
}

/* All is said and signed: nothing here is needed any more. */
static void file_away(struct exam_client *c)
{
	if (c->filed || !c->receipted || !client_is_closed(c) || answers_unsettled(&c->answers) > 0)
		return;
	journal_remove(c->journal);
	c->journal = NULL;
	sealed_form_remove_files(&c->form);
	c->filed = true;
}

void hold_flush(struct exam_client *c)
{
	if (c->attempt.v == 0)
		return;
	if (link_is_up(&c->link) && client_session(c) != NULL && !c->putting &&
	    !timer_is_set(&c->put_again))
		send_batch(c);
	recall_flush(c);
	file_away(c);
}

static void on_put_again(struct timer *t)
{
	hold_flush(container_of(t, struct exam_client, put_again));
}

/* ---- The attempt ------------------------------------------------------------------------- */

static void on_journal_answer(struct journal_reader *r, struct bytes answer)
{
	struct exam_client *c = container_of(r, struct exam_client, reader);
	Examd__V1__Answer *a = examd__v1__answer__unpack(NULL, answer.len, answer.data);

	if (a == NULL)
		return; /* its checksum was right: another release wrote it */
	answers_restore(&c->answers, a);
	examd__v1__answer__free_unpacked(a, NULL);
}

static void on_journal_settled(struct journal_reader *r, struct item_no item, struct seat_no seat,
			       uint32_t revision, enum err err)
{
	struct exam_client *c = container_of(r, struct exam_client, reader);

	(void)answers_settle(&c->answers, item, seat, revision, err);
}

static void on_journal_trace(struct journal_reader *r, uint8_t kind, struct bytes content)
{
	struct exam_client *c = container_of(r, struct exam_client, reader);

	traces_restore(&c->traces, kind, content);
}

static void open_journal(struct exam_client *c)
{
	c->journal_error = ERR_OK;
	c->filed = false;
	if (c->device.dir == NULL)
		return;
	c->reader =
	    (struct journal_reader){on_journal_answer, on_journal_settled, on_journal_trace};
	c->journal_error =
	    journal_open(&c->journal, c->device.dir, &c->link.pin, c->attempt, &c->reader);
}

void hold_attempt(struct exam_client *c, struct attempt_id attempt)
{
	if (c->attempt.v == attempt.v)
		return;
	journal_close(c->journal);
	c->journal = NULL;
	answers_fini(&c->answers);
	traces_fini(&c->traces);
	sealed_form_fini(&c->form);
	c->attempt = attempt;
	c->form_told = c->form_confirmed = c->taken_over = c->agreed = false;
	c->recall_wanted = false;
	sealed_form_init(&c->form, c->device.dir, &c->link.pin, attempt);
	open_journal(c);
}

static void on_found(struct answers_finder *f, const Examd__V1__Answer *answer)
{
	struct exam_client *c = container_of(f, struct exam_client, finder);
	struct put_order o = {{answer->item}, {answer->seat}, answer->revision};

	buf_put(&c->found, &o, sizeof o);
}

/* The server lists what it has: an acknowledgement that was lost on the way shows here.  They are
 * told after the comparison, because whoever is told may put another answer. */
static void compare_answers(struct exam_client *c)
{
	const Examd__V1__Status *status = client_status(c);
	struct buf found;

	answers_compare(&c->answers, status->have, status->n_have, &c->finder);
	recall_listed(c);
	found = c->found;
	c->found = (struct buf){0};
	while (buf_length(&found) >= sizeof(struct put_order)) {
		struct put_order o;

		memcpy(&o, buf_bytes(&found).data, sizeof o);
		buf_take(&found, sizeof o);
		(void)settle(c, o, ERR_OK);
	}
	buf_fini(&found);
}

static void open_part(struct exam_client *c, uint32_t part, struct bytes key)
{
	bool was_open = part < c->form.nparts && c->form.parts[part].open != NULL;

	switch (sealed_form_open(&c->form, part, key)) {
	case ERR_OK:
		if (!was_open && c->hooks != NULL && c->hooks->on_part_open != NULL)
			c->hooks->on_part_open(c->hooks, part);
		break;
	case ERR_WRONG_FORM:
		c->form_told = c->form_confirmed = false;
		c->want_status = true;
		client_tell_entry(c, ENTRY_WRONG_FORM, ERR_WRONG_FORM, "");
		entry_wait(c);
		break;
	default: /* not complete yet: opened when it is */
		break;
	}
}

static void open_parts(struct exam_client *c)
{
	const Examd__V1__Status *status = client_status(c);
	size_t n = status == NULL ? 0 : status->n_keys;
	uint8_t keys[SEALED_PARTS_MOST][SEAL_KEY];

	if (n > SEALED_PARTS_MOST)
		n = SEALED_PARTS_MOST;
	/* A copy: whoever is told of an open part may make a call that changes the status. */
	for (size_t i = 0; i < n; i++) {
		if (status->keys[i].len != SEAL_KEY)
			n = i;
		else
			memcpy(keys[i], status->keys[i].data, SEAL_KEY);
	}
	for (size_t i = 0; i < n; i++)
		open_part(c, (uint32_t)i, bytes_of(keys[i], SEAL_KEY));
	explicit_bzero(keys, sizeof keys);
}

void hold_status(struct exam_client *c, bool with_answers)
{
	const Examd__V1__Status *status = client_status(c);

	if (status == NULL)
		return;
	if (c->filed && !c->receipted && !client_is_closed(c)) { /* reopened */
		open_journal(c);
		traces_save(&c->traces, c->journal);
	}
	if (status->n_parts > 0 &&
	    sealed_form_expect(&c->form, status->parts, status->n_parts) != ERR_OK) {
		entry_refuse(c, ERR_PROTOCOL, "the server's form has impossible sizes");
		return;
	}
	if (with_answers)
		compare_answers(c);
	open_parts(c);
}

void hold_init(struct exam_client *c, struct loop *loop)
{
	c->put_call.on_reply = on_put_reply;
	recall_init(c);
	c->finder.on_found = on_found;
	c->put_wait = PUT_FIRST;
	timer_init(&c->put_again, loop, on_put_again);
}

void hold_fini(struct exam_client *c)
{
	timer_fini(&c->put_again);
	journal_close(c->journal);
	answers_fini(&c->answers);
	traces_fini(&c->traces);
	sealed_form_fini(&c->form);
	buf_fini(&c->found);
}

/* ---- The public calls -------------------------------------------------------------------- */

const Examd__V1__FormItem *exam_client_item(const struct exam_client *c, struct item_no item)
{
	return sealed_form_item(&c->form, item, NULL);
}

const char *exam_client_stimulus(const struct exam_client *c, struct item_no item)
{
	return sealed_form_stimulus(&c->form, item);
}

const Examd__V1__Answer *exam_client_answer(const struct exam_client *c, struct item_no item)
{
	return answers_latest(&c->answers, item);
}

bool exam_client_is_answered(const struct exam_client *c, struct item_no item)
{
	return answers_has(&c->answers, item);
}

void exam_client_look(struct exam_client *c, struct item_no item)
{
	if (c->attempt.v == 0 || (c->traces.has_place && c->traces.place.v == item.v))
		return;
	traces_look(&c->traces, item);
	traces_save_place(&c->traces, c->journal);
}

bool exam_client_is_seen(const struct exam_client *c, struct item_no item)
{
	return traces_is_seen(&c->traces, item) || exam_client_is_answered(c, item);
}

bool exam_client_place(const struct exam_client *c, struct item_no *item)
{
	*item = c->traces.place;
	return c->traces.has_place;
}

enum err exam_client_mark(struct exam_client *c, struct item_no item, struct mark mark)
{
	enum err err = c->attempt.v == 0 ? ERR_OUT_OF_TURN : traces_mark(&c->traces, item, mark);

	if (err == ERR_OK)
		traces_save_marks(&c->traces, item, c->journal);
	return err;
}

size_t exam_client_marks(const struct exam_client *c, struct item_no item, const struct mark **out)
{
	return traces_marks(&c->traces, item, out);
}

static bool places_rise(const uint32_t *places, size_t n, size_t most)
{
	for (size_t i = 0; i < n; i++)
		if (places[i] >= most || (i > 0 && places[i] <= places[i - 1]))
			return false;
	return true;
}

static bool texts_fit(const Examd__V1__Answer *answer)
{
	for (size_t i = 0; i < answer->n_codes; i++)
		if (strlen(answer->codes[i]) > CODE_MOST)
			return false;
	return strlen(answer->note) <= NOTE_MOST;
}

static enum err answer_check(const struct exam_client *c, const Examd__V1__Answer *answer)
{
	const Examd__V1__FormItem *item = exam_client_item(c, (struct item_no){answer->item});
	const Examd__V1__Status *status = client_status(c);

	if (c->taken_over)
		return ERR_SEAT_TAKEN;
	if (c->attempt.v == 0 || c->seat.v == 0)
		return ERR_OUT_OF_TURN;
	if (client_is_closed(c))
		return ERR_TOO_LATE;
	if (c->state != EXAMD__V1__ATTEMPT_STATE__RUNNING)
		return ERR_OUT_OF_TURN;
	if (item == NULL)
		return status != NULL && answer->item < status->items ? ERR_OUT_OF_TURN
								      : ERR_NO_ITEM;
	if (!places_rise(answer->chosen, answer->n_chosen, item->n_options) ||
	    !places_rise(answer->struck, answer->n_struck, item->n_options))
		return ERR_NO_OPTION;
	if (answer->n_codes > item->n_fields || !texts_fit(answer))
		return ERR_INVALID;
	return ERR_OK;
}

enum err exam_client_put_answer(struct exam_client *c, const Examd__V1__Answer *answer)
{
	const Examd__V1__Answer *put;
	struct buf packed = {0};
	enum err err = answer_check(c, answer);

	if (err != ERR_OK)
		return err;
	put = answers_put(&c->answers, c->seat, answer);
	if (c->journal != NULL) {
		message_put(&packed, &put->base);
		c->journal_error = journal_put(c->journal, buf_bytes(&packed));
		buf_fini(&packed);
	}
	hold_flush(c);
	return ERR_OK;
}

void exam_client_saved(const struct exam_client *c, uint32_t *put, uint32_t *saved)
{
	answers_count(&c->answers, put, saved);
}

uint32_t exam_client_unsettled(const struct exam_client *c)
{
	return answers_unsettled(&c->answers);
}

enum err exam_client_journal(const struct exam_client *c)
{
	return c->journal_error;
}
