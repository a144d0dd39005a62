/* The whole state in one value, for tests. */
#include "daemon/engine/answers.h"
#include "daemon/engine/state.h"

static void put_chain(struct buf *b, const struct chain_end *end, const struct change *change,
		      const struct seen *seen)
{
	size_t i;

	buf_put_u64(b, end->n);
	buf_put(b, end->chain.b, sizeof end->chain.b);
	buf_put_u64(b, change->version);
	buf_put_u32(b, change->kind);
	buf_put_u64(b, (uint64_t)change->person.v);
	buf_put_u64(b, seen->length);
	for (i = 0; i < seen->length; i++)
		buf_put(b, &seen->list[i], sizeof seen->list[i]);
}

static void put_answer(struct buf *b, const struct attempt_answer *answer)
{
	size_t i;

	buf_put_u32(b, answer->seat.v);
	if (answer->seat.v == 0)
		return;
	buf_put_u32(b, answer->revision);
	buf_put(b, answer->chosen, answer->nchosen);
	buf_put_u8(b, answer->nchosen);
	buf_put_u64(b, answer->ncodes);
	for (i = 0; i < answer->ncodes; i++)
		buf_put_text(b, answer->codes[i]);
	buf_put_u8(b, answer->flagged);
	buf_put_u32(b, answer->struck);
	buf_put_u32(b, answer->seen_ms);
	buf_put_u64(b, (uint64_t)answer->note_row);
	buf_put(b, answer->bytes.b, sizeof answer->bytes.b);
}

static void put_form(struct buf *b, const struct attempt *a)
{
	size_t p, i;

	buf_put(b, a->blueprint->hash.b, sizeof a->blueprint->hash.b);
	buf_put(b, a->bank->hash.b, sizeof a->bank->hash.b);
	buf_put_u64(b, a->form.nparts);
	for (p = 0; p < a->form.nparts; p++) {
		buf_put(b, a->plain_hashes[p].b, sizeof a->plain_hashes[p].b);
		buf_put_u64(b, a->form.parts[p].nitems);
		for (i = 0; i < a->form.parts[p].nitems; i++) {
			const struct form_item *fi = &a->form.parts[p].items[i];

			buf_put(b, fi->item->hash.b, sizeof fi->item->hash.b);
			buf_put(b, fi->order, fi->item->noptions);
			buf_put_u8(b, fi->pretest);
			buf_put_u32(b, fi->section);
		}
	}
	buf_put_u64(b, a->draw.nsections);
	buf_put_u32(b, a->draw.level);
	buf_put_u32(b, a->draw.items);
	buf_put_u32(b, a->draw.minutes);
	buf_put_u8(b, a->tutor);
}

static void put_timing(struct buf *b, const struct attempt *a)
{
	const struct timing *t = &a->timing;
	uint32_t i;

	buf_put_u32(b, t->nparts);
	for (i = 0; i < t->nparts; i++) {
		buf_put_u64(b, (uint64_t)t->parts[i].budget.v);
		buf_put_u64(b, (uint64_t)t->parts[i].used.v);
		buf_put_u64(b, (uint64_t)a->bases[i].v);
		buf_put_u64(b, (uint64_t)a->added[i].v);
	}
	buf_put_u32(b, t->part);
	buf_put_u8(b, t->on);
	buf_put_u32(b, t->stopped);
	buf_put_u64(b, (uint64_t)t->since.v);
	buf_put_u32(b, a->extra_percent);
	buf_put_u8(b, a->started);
	buf_put_u64(b, (uint64_t)a->restarted.v);
	buf_put_u8(b, a->on_break);
}

static void put_closing(struct buf *b, const struct attempt *a)
{
	size_t len;

	buf_put_u64(b, (uint64_t)a->started_wall.v);
	buf_put_u64(b, (uint64_t)a->closed_wall.v);
	buf_put_u8(b, a->closing != NULL);
	if (a->closing != NULL) {
		len = examd__record__attempt_closed__get_packed_size(a->closing);
		examd__record__attempt_closed__pack(a->closing, buf_reserve(b, len));
		buf_added(b, len);
	}
	buf_put_u8(b, a->superseding);
	buf_put(b, a->superseded.b, sizeof a->superseded.b);
	buf_put_u8(b, a->released_result);
	buf_put_u8(b, a->released_review);
}

static void put_attempt(struct buf *b, const struct attempt *a)
{
	size_t i;

	buf_put_u64(b, (uint64_t)a->id.v);
	put_chain(b, &a->end, &a->change, &a->seen);
	buf_put_u64(b, (uint64_t)a->last_at.v);
	buf_put_u64(b, (uint64_t)a->last_wall.v);
	buf_put_u64(b, (uint64_t)a->person.v);
	buf_put_u64(b, (uint64_t)a->sitting.v);
	buf_put_u32(b, a->state);
	put_form(b, a);
	put_timing(b, a);
	buf_put_u32(b, a->seat.v);
	buf_put(b, a->client_id, a->held ? sizeof a->client_id : 0);
	buf_put_u8(b, a->held);
	buf_put(b, a->waiting, a->waited ? sizeof a->waiting : 0);
	buf_put_u8(b, a->waited);
	for (i = 0; i < a->form.nitems; i++)
		put_answer(b, answer_at(a, i));
	buf_put_u32(b, a->answered);
	buf_put_u64(b, a->applied);
	buf_put_u8(b, a->saved);
	buf_put_u64(b, (uint64_t)a->saved_at.v);
	buf_put_u32(b, a->nkept);
	for (i = 0; i < a->nkept; i++)
		buf_put(b, &a->kept[i], sizeof a->kept[i]);
	buf_put_u32(b, a->reports);
	buf_put_u32(b, a->focus_lost);
	buf_put_u64(b, (uint64_t)a->focus_lost_wall.v);
	buf_put_u8(b, a->off_page);
	buf_put_u32(b, a->takeovers);
	put_closing(b, a);
}

static void put_sitting(struct buf *b, const struct sitting *s)
{
	size_t i;

	buf_put_u64(b, (uint64_t)s->id.v);
	put_chain(b, &s->end, &s->change, &s->seen);
	buf_put(b, s->blueprint->hash.b, sizeof s->blueprint->hash.b);
	buf_put(b, s->bank->hash.b, sizeof s->bank->hash.b);
	buf_put_u32(b, s->state);
	buf_put_u8(b, s->paused);
	buf_put_u8(b, s->admitting);
	buf_put_u64(b, (uint64_t)s->added.v);
	buf_put_u64(b, (uint64_t)s->opens.v);
	buf_put_u64(b, (uint64_t)s->closes.v);
	buf_put_u64(b, (uint64_t)s->room_ends.v);
	buf_put_u64(b, (uint64_t)s->title_row);
	buf_put_u64(b, s->npersons);
	for (i = 0; i < s->npersons; i++) {
		buf_put_u64(b, (uint64_t)s->persons[i].v);
		buf_put_u64(b, (uint64_t)s->members[i].attempt.v);
	}
	buf_put_u64(b, s->nattempts);
	for (i = 0; i < s->nattempts; i++)
		buf_put_u64(b, (uint64_t)s->attempts[i].v);
	buf_put_u8(b, s->released_result);
	buf_put_u8(b, s->released_review);
}

struct digest engine_state_hash(const struct engine *e)
{
	struct digest hash;
	struct buf b = {0};
	size_t i;

	buf_put_u64(&b, (uint64_t)e->highest_attempt.v);
	buf_put_u64(&b, (uint64_t)e->highest_sitting.v);
	for (i = 0; i < e->nattempts; i++)
		put_attempt(&b, e->attempts[i]);
	for (i = 0; i < e->nsittings; i++)
		put_sitting(&b, e->sittings[i]);
	hash = digest_of(buf_bytes(&b).data, buf_length(&b));
	buf_fini(&b);
	return hash;
}
