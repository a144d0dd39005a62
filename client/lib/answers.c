#include <assert.h>
#include <stdlib.h>

#include "client/lib/answers.h"
#include "proto/base/mem.h"

#define TO(state) (1u << PUT_##state)
static const unsigned moves[PUT_NSTATES] = {
    [PUT_OPEN] = TO(UNDER_WAY) | TO(SAVED) | TO(KEPT) | TO(REFUSED),
    [PUT_UNDER_WAY] = TO(OPEN) | TO(SAVED) | TO(KEPT) | TO(REFUSED),
    [PUT_SAVED] = TO(OPEN) | TO(SAVED) | TO(KEPT) | TO(REFUSED),
    [PUT_KEPT] = TO(SAVED) | TO(KEPT),
    [PUT_REFUSED] = TO(SAVED) | TO(REFUSED),
};

static void put_move(struct put *p, enum put_state next)
{
	if (p->state == next)
		return;
	assert(moves[p->state] & (1u << next));
	p->state = next;
}

static Examd__V1__Answer *answer_copy(const Examd__V1__Answer *answer)
{
	size_t size = examd__v1__answer__get_packed_size(answer);
	uint8_t *packed = mem_new(size);
	Examd__V1__Answer *copy;

	examd__v1__answer__pack(answer, packed);
	copy = examd__v1__answer__unpack(NULL, size, packed);
	free(packed);
	if (copy == NULL)
		abort(); /* what was packed a moment ago can be read: there is no memory */
	return copy;
}

static void put_free(struct put *p)
{
	while (p != NULL) {
		struct put *earlier = p->earlier;

		examd__v1__answer__free_unpacked(p->answer, NULL);
		free(p);
		p = earlier;
	}
}

void answers_fini(struct answers *a)
{
	for (size_t i = 0; i < a->nslots; i++)
		put_free(a->slots[i].latest);
	free(a->slots);
	*a = (struct answers){0};
}

static struct answer_slot *slot_of(struct answers *a, uint32_t item)
{
	if (item >= a->nslots) {
		size_t n = (size_t)item + 1;

		a->slots = mem_resize(a->slots, n * sizeof *a->slots);
		while (a->nslots < n)
			a->slots[a->nslots++] = (struct answer_slot){0};
	}
	return &a->slots[item];
}

static const struct answer_slot *slot_find(const struct answers *a, uint32_t item)
{
	return item < a->nslots ? &a->slots[item] : NULL;
}

/* By (seat, revision): below 0, 0, above 0. */
static int order(uint32_t seat, uint32_t revision, uint32_t seat2, uint32_t revision2)
{
	if (seat != seat2)
		return seat < seat2 ? -1 : 1;
	return revision == revision2 ? 0 : revision < revision2 ? -1 : 1;
}

/* Does P still matter when a later answer of SEAT is there?  One of the same seat is replaced by
 * it; one under way will have its reply, which must find it. */
static bool still_matters(const struct put *p, uint32_t seat)
{
	if (p->state == PUT_UNDER_WAY)
		return true;
	return p->state == PUT_OPEN && p->answer->seat != seat;
}

static void slot_add(struct answer_slot *slot, Examd__V1__Answer *answer)
{
	struct put *p = mem_new(sizeof *p), **at = &slot->latest;

	p->answer = answer;
	p->earlier = slot->latest;
	slot->latest = p;
	for (at = &p->earlier; *at != NULL;) {
		struct put *old = *at;

		if (still_matters(old, answer->seat)) {
			at = &old->earlier;
			continue;
		}
		*at = old->earlier;
		old->earlier = NULL;
		put_free(old);
	}
}

const Examd__V1__Answer *answers_put(struct answers *a, struct seat_no seat,
				     const Examd__V1__Answer *answer)
{
	struct answer_slot *slot = slot_of(a, answer->item);
	Examd__V1__Answer *copy = answer_copy(answer);
	uint32_t highest = slot->have_revision;

	if (slot->latest != NULL && slot->latest->answer->revision > highest)
		highest = slot->latest->answer->revision;
	copy->seat = seat.v;
	copy->revision = highest + 1;
	slot_add(slot, copy);
	return copy;
}

/* Is an answer with this order later than the latest of its item? */
static bool is_later(const struct answer_slot *slot, uint32_t seat, uint32_t revision)
{
	const struct put *p = slot->latest;

	return p == NULL || order(seat, revision, p->answer->seat, p->answer->revision) > 0;
}

/* The slot of an answer that is later than all that is known of its item; else NULL. */
static struct answer_slot *slot_for_later(struct answers *a, const Examd__V1__Answer *answer)
{
	struct answer_slot *slot;

	if (answer->item >= ANSWERS_ITEMS_MOST || answer->revision == 0 || answer->seat == 0)
		return NULL;
	slot = slot_of(a, answer->item);
	return is_later(slot, answer->seat, answer->revision) ? slot : NULL;
}

void answers_restore(struct answers *a, const Examd__V1__Answer *answer)
{
	struct answer_slot *slot = slot_for_later(a, answer);

	if (slot != NULL)
		slot_add(slot, answer_copy(answer));
}

bool answers_lack(const struct answers *a, struct item_no from, struct item_no *first)
{
	for (size_t i = from.v; i < a->nslots; i++) {
		const struct answer_slot *slot = &a->slots[i];

		if (slot->have_revision > 0 &&
		    is_later(slot, slot->have_seat.v, slot->have_revision)) {
			first->v = (uint32_t)i;
			return true;
		}
	}
	return false;
}

void answers_learn(struct answers *a, const Examd__V1__Answer *answer)
{
	struct answer_slot *slot = slot_for_later(a, answer);

	if (slot == NULL)
		return;
	slot_add(slot, answer_copy(answer));
	put_move(slot->latest, PUT_SAVED);
	if (order(answer->seat, answer->revision, slot->have_seat.v, slot->have_revision) > 0) {
		slot->have_seat.v = answer->seat;
		slot->have_revision = answer->revision;
	}
}

static enum put_state state_after(enum err err)
{
	if (err == ERR_OK)
		return PUT_SAVED;
	return err == ERR_KEPT_FOR_PROCTOR ? PUT_KEPT : PUT_REFUSED;
}

const Examd__V1__Answer *answers_settle(struct answers *a, struct item_no item, struct seat_no seat,
					uint32_t revision, enum err err)
{
	const struct answer_slot *slot = slot_find(a, item.v);

	if (slot == NULL)
		return NULL;
	for (struct put *p = slot->latest; p != NULL; p = p->earlier) {
		if (p->answer->seat == seat.v && p->answer->revision == revision) {
			if (moves[p->state] & (1u << state_after(err)))
				put_move(p, state_after(err));
			return p->answer;
		}
	}
	return NULL;
}

/* What the server's (seat, revision) of an item says about one answer. */
static void put_compare(struct put *p, const struct answer_slot *slot,
			struct answers_finder *finder)
{
	int c = order(slot->have_seat.v, slot->have_revision, p->answer->seat, p->answer->revision);

	if (p->state == PUT_UNDER_WAY)
		return;
	if (c == 0 && p->state == PUT_OPEN) {
		put_move(p, PUT_SAVED);
		finder->on_found(finder, p->answer);
	} else if (c < 0 && p->state == PUT_SAVED) {
		put_move(p, PUT_OPEN);
	}
}

void answers_compare(struct answers *a, Examd__V1__ItemOrder *const *have, size_t nhave,
		     struct answers_finder *finder)
{
	for (size_t i = 0; i < a->nslots; i++) {
		a->slots[i].have_seat.v = 0;
		a->slots[i].have_revision = 0;
	}
	for (size_t i = 0; i < nhave; i++) {
		struct answer_slot *slot;

		if (have[i]->item >= ANSWERS_ITEMS_MOST)
			continue;
		slot = slot_of(a, have[i]->item);
		slot->have_seat.v = have[i]->seat;
		slot->have_revision = have[i]->revision;
	}
	for (size_t i = 0; i < a->nslots; i++)
		for (struct put *p = a->slots[i].latest; p != NULL; p = p->earlier)
			put_compare(p, &a->slots[i], finder);
}

/* The oldest open answer of an item, so that those of an earlier seat go first. */
static struct put *oldest_open(struct put *p)
{
	struct put *found = NULL;

	for (; p != NULL; p = p->earlier)
		if (p->state == PUT_OPEN)
			found = p;
	return found;
}

/* One of an item a batch: two of one item in one message would depend on their order in it. */
size_t answers_take(struct answers *a, Examd__V1__Answer *out[ANSWERS_BATCH])
{
	size_t n = 0;

	for (size_t i = 0; i < a->nslots && n < ANSWERS_BATCH; i++) {
		struct put *p = oldest_open(a->slots[i].latest);

		if (p != NULL) {
			put_move(p, PUT_UNDER_WAY);
			out[n++] = p->answer;
		}
	}
	return n;
}

void answers_lost(struct answers *a)
{
	for (size_t i = 0; i < a->nslots; i++)
		for (struct put *p = a->slots[i].latest; p != NULL; p = p->earlier)
			if (p->state == PUT_UNDER_WAY)
				put_move(p, PUT_OPEN);
}

const Examd__V1__Answer *answers_latest(const struct answers *a, struct item_no item)
{
	const struct answer_slot *slot = slot_find(a, item.v);

	return slot == NULL || slot->latest == NULL ? NULL : slot->latest->answer;
}

bool answers_has(const struct answers *a, struct item_no item)
{
	const struct answer_slot *slot = slot_find(a, item.v);

	return slot != NULL && (slot->latest != NULL || slot->have_revision > 0);
}

/* Saved: the server's word on the latest answer put here; or the server has one from elsewhere
 * (another device), and nothing put here waits to replace it. */
static bool slot_is_saved(const struct answer_slot *slot)
{
	const struct put *p = slot->latest;

	if (p == NULL)
		return slot->have_revision > 0;
	if (p->state == PUT_SAVED)
		return true;
	return (p->state == PUT_KEPT || p->state == PUT_REFUSED) &&
	       order(slot->have_seat.v, slot->have_revision, p->answer->seat, p->answer->revision) >
		   0;
}

void answers_count(const struct answers *a, uint32_t *put, uint32_t *saved)
{
	*put = *saved = 0;
	for (size_t i = 0; i < a->nslots; i++) {
		if (a->slots[i].latest == NULL && a->slots[i].have_revision == 0)
			continue;
		*put += 1;
		*saved += slot_is_saved(&a->slots[i]) ? 1 : 0;
	}
}

uint32_t answers_unsettled(const struct answers *a)
{
	uint32_t n = 0;

	for (size_t i = 0; i < a->nslots; i++)
		for (struct put *p = a->slots[i].latest; p != NULL; p = p->earlier)
			n += p->state == PUT_OPEN || p->state == PUT_UNDER_WAY;
	return n;
}
