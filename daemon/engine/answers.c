#include "daemon/engine/answers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/rules.h"
#include "questions/model/codes.h"

#define PACKED_MOST 2048 /* far above what decide_answer() lets through */

const struct attempt_answer *answer_at(const struct attempt *a, size_t item)
{
	static const struct attempt_answer none;

	return a->answers == NULL ? &none : &a->answers[item];
}

bool answer_is_given(const struct attempt_answer *answer)
{
	size_t i;

	for (i = 0; i < answer->ncodes; i++)
		if (answer->codes[i][0] != '\0')
			return true;
	return answer->nchosen > 0;
}

/* What makes two answers of one order the same: all that the candidate sent, not how the clock
 * stood then.  A note has a new salt each time, so that only its being there counts. */
static struct digest bytes_of_answer(const Examd__Record__AnswerPut *m)
{
	Examd__Record__AnswerPut sent = *m;
	uint8_t packed[PACKED_MOST];

	sent.stopped = 0;
	sent.note = (ProtobufCBinaryData){0};
	sent.note_text = m->note_text != 0;
	assert(protobuf_c_message_get_packed_size(&sent.base) <= sizeof packed);
	return digest_of(packed, protobuf_c_message_pack(&sent.base, packed));
}

/* ---- Applying ---------------------------------------------------------------------------- */

static void codes_free(struct attempt_answer *answer)
{
	size_t i;

	for (i = 0; i < answer->ncodes; i++)
		free(answer->codes[i]);
	free(answer->codes);
	answer->codes = NULL;
	answer->ncodes = 0;
}

void answers_free(struct attempt *a)
{
	size_t i;

	for (i = 0; a->answers != NULL && i < a->form.nitems; i++)
		codes_free(&a->answers[i]);
	free(a->answers);
	free(a->kept);
}

static void take_choice(struct attempt_answer *answer, const Examd__Record__AnswerPut *m)
{
	size_t i;

	answer->nchosen = 0;
	for (i = 0; i < m->n_chosen && i < ITEM_OPTIONS_MOST; i++)
		answer->chosen[answer->nchosen++] = (uint8_t)m->chosen[i];
	codes_free(answer);
	answer->codes = m->n_codes == 0 ? NULL : mem_new_array(m->n_codes, sizeof *answer->codes);
	for (; answer->ncodes < m->n_codes; answer->ncodes++)
		answer->codes[answer->ncodes] = mem_copy_text(m->codes[answer->ncodes]);
	answer->struck = 0;
	for (i = 0; i < m->n_struck; i++)
		answer->struck |= (uint16_t)(1u << (m->struck[i] & 15));
}

void answers_apply_put(struct attempt *a, const struct record *r, const Examd__Record__AnswerPut *m)
{
	struct attempt_answer *answer;

	if (m->item >= a->form.nitems)
		return;
	if (a->answers == NULL)
		a->answers = mem_new_array(a->form.nitems, sizeof *a->answers);
	answer = &a->answers[m->item];
	a->answered -= answer_is_given(answer);
	take_choice(answer, m);
	a->answered += answer_is_given(answer);
	answer->seat.v = m->seat;
	answer->revision = m->revision;
	answer->flagged = m->flagged;
	answer->seen_ms = m->seen;
	answer->note_row = m->note_text;
	answer->bytes = bytes_of_answer(m);
	a->applied++;
	a->saved = true;
	a->saved_at = r->at;
}

void answers_apply_kept(struct attempt *a, const Examd__Record__AnswerKept *m)
{
	if (m->answer == NULL)
		return;
	if (a->nkept == a->kept_cap) {
		a->kept_cap = a->kept_cap == 0 ? 8 : a->kept_cap * 2;
		a->kept = mem_resize(a->kept, a->kept_cap * sizeof *a->kept);
	}
	a->kept[a->nkept++] = (struct kept_answer){m->answer->seat, m->answer->item,
						   m->answer->revision, bytes_of_answer(m->answer)};
}

/* ---- Is it an answer to this item? ------------------------------------------------------- */

static enum err check_places(const uint32_t *places, size_t n, size_t options)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (places[i] >= options)
			return ERR_NO_OPTION;
		if (i > 0 && places[i] <= places[i - 1])
			return ERR_INVALID;
	}
	return ERR_OK;
}

static enum err check_answer(const struct attempt *a, const struct answer_in *in)
{
	const struct item *item;
	enum err err;

	if (in->item.v >= a->form.nitems)
		return ERR_NO_ITEM;
	if (in->revision == 0 || in->seat.v == 0 || in->seat.v > a->seat.v)
		return ERR_INVALID;
	item = form_item(&a->form, in->item, NULL)->item;
	if (in->ncodes != 0 && in->ncodes != item->nfields)
		return ERR_INVALID;
	if (item->kind == ITEM_SINGLE && in->nchosen > 1)
		return ERR_INVALID;
	if ((err = check_places(in->chosen, in->nchosen, item->noptions)) != ERR_OK)
		return err;
	return check_places(in->struck, in->nstruck, item->noptions);
}

/* The codes in canonical form, in the arena. */
static enum err canonical_codes(struct deciding *b, const struct answer_in *in,
				Examd__Record__AnswerPut *m)
{
	char canonical[ITEM_CODE_MOST + 1];
	enum err err;
	size_t i;

	m->codes = arena_new(&b->d->arena, in->ncodes * sizeof *m->codes);
	for (i = 0; i < in->ncodes; i++) {
		if ((err = code_canonical(in->codes[i], canonical, sizeof canonical)) != ERR_OK)
			return err;
		m->codes[i] = arena_copy_text(&b->d->arena, canonical);
	}
	m->n_codes = in->ncodes;
	return ERR_OK;
}

static enum err message_of(struct deciding *b, const struct answer_in *in,
			   Examd__Record__AnswerPut **out)
{
	Examd__Record__AnswerPut *m = fact_new(b, RECORD_ANSWER_PUT);

	m->seat = in->seat.v;
	m->item = in->item.v;
	m->revision = in->revision;
	m->n_chosen = in->nchosen;
	m->chosen = arena_copy(&b->d->arena, in->chosen, in->nchosen * sizeof *in->chosen);
	m->flagged = in->flagged;
	m->n_struck = in->nstruck;
	m->struck = arena_copy(&b->d->arena, in->struck, in->nstruck * sizeof *in->struck);
	m->seen = in->seen_ms;
	if (in->note_row != 0) {
		m->note = fact_bytes(b, in->note.b, sizeof in->note.b);
		m->note_text = in->note_row;
	}
	*out = m;
	return canonical_codes(b, in, m);
}

/* ---- Does it count? ---------------------------------------------------------------------- */

/* ERR_NOT_FOUND  it is newer than what stands: go on;  ERR_OK, ERR_CONFLICT  nothing to record */
static enum err compare_with_what_stands(const struct attempt *a, const Examd__Record__AnswerPut *m)
{
	const struct attempt_answer *stands = answer_at(a, m->item);
	struct digest bytes;

	if (m->seat != stands->seat.v || m->revision > stands->revision)
		return ERR_NOT_FOUND;
	if (m->revision < stands->revision)
		return ERR_OK; /* superseded by the same seat's own later one */
	bytes = bytes_of_answer(m);
	return digest_equal(&bytes, &stands->bytes) ? ERR_OK : ERR_CONFLICT;
}

static enum err keep(struct deciding *b, const struct attempt *a, Examd__Record__AnswerPut *m)
{
	struct digest bytes = bytes_of_answer(m);
	Examd__Record__AnswerKept *kept;
	uint32_t i;

	for (i = 0; i < a->nkept; i++) {
		const struct kept_answer *k = &a->kept[i];

		if (k->seat == m->seat && k->item == m->item && k->revision == m->revision)
			return digest_equal(&bytes, &k->bytes) ? ERR_KEPT_FOR_PROCTOR
							       : ERR_CONFLICT;
	}
	if (a->nkept >= KEPT_AN_ITEM * a->form.nitems)
		return ERR_TOO_LATE;
	kept = fact_new(b, RECORD_ANSWER_KEPT);
	kept->answer = m;
	kept->why = m->seat < a->seat.v ? ERR_SEAT_TAKEN : ERR_TOO_LATE;
	fact_attempt(b, a->id, RECORD_ANSWER_KEPT, kept);
	tell_row(b, a);
	return ERR_KEPT_FOR_PROCTOR;
}

static bool is_locked(const struct attempt *a, struct item_no item)
{
	uint32_t part = 0;

	form_item(&a->form, item, &part);
	if (part != a->timing.part)
		return true;
	return attempt_part_is_linear(a, part) && item.v != attempt_linear_item(a);
}

static enum err put(struct deciding *b, const struct attempt *a, Examd__Record__AnswerPut *m)
{
	if (is_locked(a, (struct item_no){m->item}))
		return ERR_LOCKED;
	m->stopped = a->timing.stopped;
	fact_attempt(b, a->id, RECORD_ANSWER_PUT, m);
	tell_row(b, a);
	return ERR_OK;
}

enum err decide_answer(struct deciding *b, const struct attempt *a)
{
	const struct answer_in *in = &b->ev->u.answer;
	Examd__Record__AnswerPut *m;
	enum err err;

	if ((err = check_answer(a, in)) != ERR_OK || (err = message_of(b, in, &m)) != ERR_OK)
		return err;
	if (attempt_is_open(a) && a->state != ATTEMPT_RUNNING)
		return ERR_NOT_READY;
	if ((err = compare_with_what_stands(a, m)) != ERR_NOT_FOUND) {
		b->d->repeated = err == ERR_OK;
		return err;
	}
	if (!attempt_is_open(a) || m->seat < a->seat.v || timing_is_over(&a->timing, b->ev->now))
		return keep(b, a, m);
	return put(b, a, m);
}

bool attempt_part_is_linear(const struct attempt *a, uint32_t part)
{
	return !form_draw_is_drill(&a->draw) && part < a->blueprint->nparts &&
	       a->blueprint->parts[part].navigation == NAVIGATION_LINEAR;
}

uint32_t attempt_first_item(const struct attempt *a, uint32_t part)
{
	uint32_t first = 0, i;

	for (i = 0; i < part && i < a->form.nparts; i++)
		first += (uint32_t)a->form.parts[i].nitems;
	return first;
}

uint32_t attempt_linear_item(const struct attempt *a)
{
	uint32_t item = attempt_first_item(a, a->timing.part);
	uint32_t end = attempt_first_item(a, a->timing.part + 1);

	while (item < end && answer_is_given(answer_at(a, item)))
		item++;
	return item;
}
