#include "daemon/engine/decision.h"

#include <stdlib.h>
#include <string.h>

/* The last chain value of a subject, in the state or in this decision: an open-addressing table by
 * subject, so that a command to a thousand attempts costs each the same. */
struct tail {
	bool used;
	struct subject subject;
	struct chain_end end;
};

#define TAILS_FIRST 16

void decision_reset(struct decision *d)
{
	arena_reset(&d->arena);
	if (d->tails_cap > TAILS_FIRST) {
		free(d->tails);
		d->tails = NULL;
		d->tails_cap = 0;
	} else if (d->ntails > 0) {
		memset(d->tails, 0, d->tails_cap * sizeof *d->tails);
	}
	d->ntails = 0;
	d->nrecords = d->neffects = 0;
	d->attempt.v = 0;
	d->sitting.v = 0;
	d->repeated = false;
	d->changed_by = 0;
	d->changed_kind = (enum record_kind)0;
	d->changed_person.v = 0;
}

void decision_fini(struct decision *d)
{
	arena_fini(&d->arena);
	free(d->records);
	free(d->effects);
	free(d->tails);
	*d = (struct decision){0};
}

static struct tail *slot(struct tail *tails, size_t cap, struct subject subject)
{
	size_t i = (size_t)((uint64_t)subject.v * 0x9e3779b97f4a7c15u >> 20) & (cap - 1);

	while (tails[i].used && tails[i].subject.v != subject.v)
		i = (i + 1) & (cap - 1);
	return &tails[i];
}

static void tails_grow(struct decision *d)
{
	size_t cap = d->tails_cap == 0 ? TAILS_FIRST : d->tails_cap * 2, i;
	struct tail *tails = mem_new_array(cap, sizeof *tails);

	for (i = 0; i < d->tails_cap; i++)
		if (d->tails[i].used)
			*slot(tails, cap, d->tails[i].subject) = d->tails[i];
	free(d->tails);
	d->tails = tails;
	d->tails_cap = cap;
}

/* From the state; zeros for a subject that this decision makes. */
static struct chain_end end_in_state(const struct engine *e, struct subject subject)
{
	const struct attempt *a;
	const struct sitting *s;

	if (subject_kind(subject) == SUBJECT_ATTEMPT) {
		a = engine_find_attempt(e, (struct attempt_id){subject_number(subject)});
		return a == NULL ? (struct chain_end){0} : a->end;
	}
	s = engine_find_sitting(e, (struct sitting_id){subject_number(subject)});
	return s == NULL ? (struct chain_end){0} : s->end;
}

static struct tail *tail_of(struct deciding *b, struct subject subject)
{
	struct decision *d = b->d;
	struct tail *t;

	if (2 * (d->ntails + 1) > d->tails_cap)
		tails_grow(d);
	t = slot(d->tails, d->tails_cap, subject);
	if (!t->used) {
		*t = (struct tail){true, subject, end_in_state(b->e, subject)};
		d->ntails++;
	}
	return t;
}

void *fact_piece(struct deciding *b, const ProtobufCMessageDescriptor *type)
{
	ProtobufCMessage *msg = arena_new(&b->d->arena, type->sizeof_message);

	protobuf_c_message_init(type, msg);
	return msg;
}

void *fact_new(struct deciding *b, enum record_kind kind)
{
	return fact_piece(b, record_kind_type(kind));
}

static void fact(struct deciding *b, struct subject subject, enum record_kind kind, void *msg)
{
	struct decision *d = b->d;
	struct tail *t = tail_of(b, subject);
	struct record *r;

	if (d->nrecords == d->records_cap) {
		d->records_cap = d->records_cap == 0 ? 8 : d->records_cap * 2;
		d->records = mem_resize(d->records, d->records_cap * sizeof *d->records);
	}
	r = &d->records[d->nrecords++];
	*r = (struct record){.subject = subject,
			     .n = ++t->end.n,
			     .at = b->ev->now,
			     .noted = b->ev->wall,
			     .kind = kind,
			     .msg = msg};
	record_seal(r, &t->end.chain, &d->arena);
	t->end.chain = r->chain;
}

void fact_attempt(struct deciding *b, struct attempt_id id, enum record_kind kind, void *msg)
{
	fact(b, subject_attempt(id), kind, msg);
}

void fact_sitting(struct deciding *b, struct sitting_id id, enum record_kind kind, void *msg)
{
	fact(b, subject_sitting(id), kind, msg);
}

struct chain_end fact_end(struct deciding *b, struct attempt_id id)
{
	return tail_of(b, subject_attempt(id))->end;
}

ProtobufCBinaryData fact_bytes(struct deciding *b, const void *data, size_t len)
{
	return (ProtobufCBinaryData){len, arena_copy(&b->d->arena, data, len)};
}

enum err check_version(struct deciding *b, const struct change *change)
{
	const struct by *by = &b->ev->by;

	if (by->version == 0 || by->version == change->version || by->force)
		return ERR_OK;
	b->d->changed_by = change->version;
	b->d->changed_kind = change->kind;
	b->d->changed_person = change->person;
	return ERR_CHANGED_MEANWHILE;
}

struct effect *tell(struct deciding *b, enum effect_kind kind)
{
	struct decision *d = b->d;

	if (d->neffects == d->effects_cap) {
		d->effects_cap = d->effects_cap == 0 ? 8 : d->effects_cap * 2;
		d->effects = mem_resize(d->effects, d->effects_cap * sizeof *d->effects);
	}
	d->effects[d->neffects] = (struct effect){.kind = kind};
	return &d->effects[d->neffects++];
}

static struct effect *tell_of(struct deciding *b, enum effect_kind kind, const struct attempt *a)
{
	struct effect *fx = tell(b, kind);

	fx->attempt = a->id;
	fx->sitting = a->sitting;
	return fx;
}

struct effect *tell_holder(struct deciding *b, const struct attempt *a, enum tell notice)
{
	struct effect *fx = tell_of(b, EFFECT_NOTICE, a);

	fx->notice = notice;
	if (a->held)
		memcpy(fx->client_id, a->client_id, sizeof fx->client_id);
	return fx;
}

void tell_waiting(struct deciding *b, const struct attempt *a, enum tell notice)
{
	struct effect *fx;

	if (!a->waited)
		return;
	fx = tell_of(b, EFFECT_TELL_WAITING, a);
	fx->notice = notice;
	memcpy(fx->client_id, a->waiting, sizeof fx->client_id);
}

void tell_old_seat(struct deciding *b, const struct attempt *a)
{
	struct effect *fx;

	if (!a->held)
		return;
	fx = tell_of(b, EFFECT_TELL_OLD_SEAT, a);
	fx->notice = TELL_TAKEN_OVER;
	memcpy(fx->client_id, a->client_id, sizeof fx->client_id);
}

void tell_row(struct deciding *b, const struct attempt *a)
{
	if (a->sitting.v != 0)
		tell_of(b, EFFECT_ROOM_CHANGED, a);
}

void tell_room(struct deciding *b, const struct sitting *s)
{
	tell(b, EFFECT_ROOM_CHANGED)->sitting = s->id;
}

void tell_closed(struct deciding *b, const struct attempt *a)
{
	tell_of(b, EFFECT_CLOSED, a);
}
