/* The end of a part or of an attempt, with score and receipt. */
#include <string.h>

#include "daemon/engine/answers.h"
#include "daemon/engine/rules.h"

static const struct answer_view *views_of(struct deciding *b, const struct attempt *a)
{
	struct answer_view *views = arena_new(&b->d->arena, a->form.nitems * sizeof *views);
	size_t i;

	for (i = 0; i < a->form.nitems; i++) {
		const struct attempt_answer *answer = answer_at(a, i);

		views[i] = (struct answer_view){answer->chosen, answer->nchosen,
						(const char *const *)answer->codes, answer->ncodes};
	}
	return views;
}

static Examd__Record__SectionScore *section_of(struct deciding *b, const struct section_score *from)
{
	Examd__Record__SectionScore *m = fact_piece(b, &examd__record__section_score__descriptor);

	m->section = arena_copy_text(&b->d->arena, from->section);
	m->points = from->points;
	m->points_most = from->most;
	m->part = from->part;
	return m;
}

static Examd__Record__Score *score_of(struct deciding *b, const struct attempt *a)
{
	Examd__Record__Score *m = fact_piece(b, &examd__record__score__descriptor);
	struct score score = {0};
	size_t i;

	score_form(&score, &a->form, views_of(b, a), &b->d->arena);
	m->rules_version = SCORE_RULES;
	m->points = score.points;
	m->points_most = score.most;
	m->scaled = score.scaled;
	m->passed = score.passed;
	m->answered = score.answered;
	m->n_sections = score.nsections;
	m->sections = arena_new(&b->d->arena, score.nsections * sizeof(void *));
	for (i = 0; i < score.nsections; i++)
		m->sections[i] = section_of(b, &score.sections[i]);
	m->n_item_points = score.nitems;
	m->item_points = score.item_points;
	return m;
}

#define SALT	   16
#define SALT_LABEL "examd score salt"

/* Nobody can tell it beforehand, and the same closing always has the same: it follows from the key
 * that signs and from the chain, whose last value belongs to this attempt alone. */
static ProtobufCBinaryData salt_of(struct deciding *b, const struct chain_end *end)
{
	const struct engine_config *config = &b->e->config;
	uint8_t text[sizeof SALT_LABEL + sizeof end->chain.b], signature[64];
	struct digest digest;

	memcpy(text, SALT_LABEL, sizeof SALT_LABEL);
	memcpy(text + sizeof SALT_LABEL, end->chain.b, sizeof end->chain.b);
	config->sign(config->key, bytes_of(text, sizeof text), signature);
	digest = digest_of(signature, sizeof signature);
	return fact_bytes(b, digest.b, SALT);
}

static ProtobufCBinaryData hash_of_score(struct deciding *b, ProtobufCBinaryData salt,
					 const Examd__Record__Score *score)
{
	size_t len = examd__record__score__get_packed_size(score);
	uint8_t *text = arena_new(&b->d->arena, salt.len + len);
	struct digest digest;

	memcpy(text, salt.data, salt.len);
	examd__record__score__pack(score, text + salt.len);
	digest = digest_of(text, salt.len + len);
	return fact_bytes(b, digest.b, sizeof digest.b);
}

static Examd__Record__ReceiptStatement *statement_of(struct deciding *b, const struct attempt *a,
						     Examd__Record__AttemptClosed *closing)
{
	Examd__Record__ReceiptStatement *m =
	    fact_piece(b, &examd__record__receipt_statement__descriptor);
	struct chain_end end = fact_end(b, a->id);

	m->version = 2;
	m->installation =
	    fact_bytes(b, b->e->config.installation, sizeof b->e->config.installation);
	m->attempt = a->id.v;
	m->person = a->person.v;
	m->exam = arena_copy_text(&b->d->arena, a->blueprint->exam);
	m->exam_hash = fact_bytes(b, a->blueprint->hash.b, sizeof a->blueprint->hash.b);
	m->bank_hash = fact_bytes(b, a->bank->hash.b, sizeof a->bank->hash.b);
	m->state = closing->state;
	m->records = end.n;
	m->chain = fact_bytes(b, end.chain.b, sizeof end.chain.b);
	m->closed_service = b->ev->now.v;
	m->closed_wall = b->ev->wall.v;
	closing->score_salt = salt_of(b, &end);
	m->score_hash = hash_of_score(b, closing->score_salt, closing->score);
	m->answers = a->applied;
	if (a->superseding)
		m->superseded = fact_bytes(b, a->superseded.b, sizeof a->superseded.b);
	return m;
}

static void sign(struct deciding *b, Examd__Record__AttemptClosed *closing)
{
	const struct engine_config *config = &b->e->config;
	size_t len = examd__record__receipt_statement__get_packed_size(closing->statement);
	uint8_t *packed = arena_new(&b->d->arena, len), signature[64] = {0};

	examd__record__receipt_statement__pack(closing->statement, packed);
	closing->statement_bytes = (ProtobufCBinaryData){len, packed};
	config->sign(config->key, bytes_of(packed, len), signature);
	closing->signature = fact_bytes(b, signature, sizeof signature);
}

void closing_close(struct deciding *b, const struct attempt *a, enum attempt_state state)
{
	Examd__Record__AttemptClosed *m = fact_new(b, RECORD_ATTEMPT_CLOSED);
	uint32_t i;

	m->by = b->by;
	m->state = state;
	m->n_used = a->timing.nparts;
	m->used = arena_new(&b->d->arena, m->n_used * sizeof *m->used);
	for (i = 0; i < a->timing.nparts; i++)
		m->used[i] = timing_used(&a->timing, i, b->ev->now).v;
	m->score = score_of(b, a);
	m->statement = statement_of(b, a, m);
	sign(b, m);
	fact_attempt(b, a->id, RECORD_ATTEMPT_CLOSED, m);
	if (state != ATTEMPT_SUBMITTED)
		tell_holder(b, a, TELL_CLOSED);
	tell_waiting(b, a, TELL_SEAT_GRANTED);
	tell_closed(b, a);
	tell_row(b, a);
}

static void end_and_go_on(struct deciding *b, const struct attempt *a, bool expired)
{
	Examd__Record__PartEnded *ended = fact_new(b, RECORD_PART_ENDED);
	Examd__Record__AttemptStarted *next = fact_new(b, RECORD_ATTEMPT_STARTED);
	uint32_t part = a->timing.part;

	ended->by = b->by;
	ended->part = part;
	ended->expired = expired;
	ended->used = timing_used(&a->timing, part, b->ev->now).v;
	fact_attempt(b, a->id, RECORD_PART_ENDED, ended);
	next->by = b->by;
	next->part = part + 1;
	next->budget = a->timing.parts[part + 1].budget.v;
	fact_attempt(b, a->id, RECORD_ATTEMPT_STARTED, next);
	if (expired)
		tell_holder(b, a, TELL_PART);
	tell_row(b, a);
}

void closing_end_part(struct deciding *b, const struct attempt *a, enum attempt_state state)
{
	if (a->timing.part + 1 < a->timing.nparts)
		end_and_go_on(b, a, state == ATTEMPT_EXPIRED);
	else
		closing_close(b, a, state);
}
