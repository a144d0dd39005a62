/* How each record changes a sitting.  Nothing here decides. */
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/state.h"

typedef void apply_fn(struct sitting *s, const struct record *r, const void *msg);

static int by_person(const void *a, const void *b)
{
	int64_t x = ((const struct member *)a)->person.v, y = ((const struct member *)b)->person.v;

	return (x > y) - (x < y);
}

struct member *sitting_member(const struct sitting *s, struct person_id person)
{
	struct member key = {.person = person};

	return s->npersons == 0 ? NULL
				: bsearch(&key, s->members, s->npersons, sizeof key, by_person);
}

void sitting_note_attempt(struct sitting *s, struct person_id person, struct attempt_id attempt)
{
	struct member *m = sitting_member(s, person);

	if (m == NULL || m->attempt.v != 0)
		return;
	m->attempt = attempt;
	if (s->nattempts == s->attempts_cap) {
		s->attempts_cap = s->attempts_cap == 0 ? 16 : s->attempts_cap * 2;
		s->attempts = mem_resize(s->attempts, s->attempts_cap * sizeof *s->attempts);
	}
	s->attempts[s->nattempts++] = attempt;
}

static void apply_created(struct sitting *s, const struct record *r, const void *msg)
{
	const Examd__Record__SittingCreated *m = msg;
	size_t i;

	(void)r;
	s->state = SITTING_CREATED;
	s->npersons = m->n_persons;
	s->persons = mem_new_array(m->n_persons, sizeof *s->persons);
	s->members = mem_new_array(m->n_persons, sizeof *s->members);
	for (i = 0; i < m->n_persons; i++)
		s->persons[i].v = s->members[i].person.v = m->persons[i];
	qsort(s->members, s->npersons, sizeof *s->members, by_person);
	s->opens.v = m->opens_wall;
	s->closes.v = m->closes_wall;
	s->room_ends.v = m->room_ends_wall;
	s->title_row = m->title_text;
}

static void apply_opened(struct sitting *s, const struct record *r, const void *msg)
{
	(void)r;
	(void)msg;
	s->state = SITTING_OPEN;
}

static void apply_admitted(struct sitting *s, const struct record *r, const void *msg)
{
	(void)r;
	(void)msg;
	s->admitting = true;
}

static void apply_started(struct sitting *s, const struct record *r, const void *msg)
{
	(void)r;
	(void)msg;
	s->state = SITTING_STARTED;
}

static void apply_paused(struct sitting *s, const struct record *r, const void *msg)
{
	(void)r;
	(void)msg;
	s->paused = true;
}

static void apply_resumed(struct sitting *s, const struct record *r, const void *msg)
{
	(void)r;
	(void)msg;
	s->paused = false;
}

static void apply_minutes(struct sitting *s, const struct record *r, const void *msg)
{
	(void)r;
	s->added.v += ((const Examd__Record__SittingMinutes *)msg)->added;
}

static void apply_message(struct sitting *s, const struct record *r, const void *msg)
{
	(void)s;
	(void)r;
	(void)msg;
}

static void apply_closed(struct sitting *s, const struct record *r, const void *msg)
{
	(void)r;
	(void)msg;
	s->state = SITTING_CLOSED;
	s->paused = false;
}

static void apply_released(struct sitting *s, const struct record *r, const void *msg)
{
	const Examd__Record__SittingReleased *m = msg;

	(void)r;
	s->released_result = m->result;
	s->released_review = m->review;
}

static apply_fn *const applies[] = {
    [RECORD_SITTING_CREATED] = apply_created,	[RECORD_SITTING_OPENED] = apply_opened,
    [RECORD_SITTING_ADMITTED] = apply_admitted, [RECORD_SITTING_STARTED] = apply_started,
    [RECORD_SITTING_PAUSED] = apply_paused,	[RECORD_SITTING_RESUMED] = apply_resumed,
    [RECORD_SITTING_MINUTES] = apply_minutes,	[RECORD_SITTING_MESSAGE] = apply_message,
    [RECORD_SITTING_CLOSED] = apply_closed,	[RECORD_SITTING_RELEASED] = apply_released,
};

static struct sitting *sitting_new(struct engine *e, const struct record *r)
{
	const Examd__Record__SittingCreated *m = (const void *)r->msg;
	struct digest exam = record_digest(&m->exam_hash), bank = record_digest(&m->bank_hash);
	struct sitting *s = mem_new(sizeof *s);

	s->id.v = subject_number(r->subject);
	s->blueprint = must_be_known(engine_blueprint_by_hash(e, &exam));
	s->bank = must_be_known(engine_bank_by_hash(e, &bank));
	engine_keep_sitting(e, s);
	engine_note_made(e, record_by(r), r->subject);
	return s;
}

void sitting_apply(struct engine *e, const struct record *r)
{
	struct sitting_id id = {subject_number(r->subject)};
	struct sitting *s = engine_find_sitting(e, id);
	const Examd__Record__By *by;

	if ((size_t)r->kind >= COUNT(applies) || applies[r->kind] == NULL)
		return;
	if (s == NULL && r->kind == RECORD_SITTING_CREATED && r->n == 1)
		s = sitting_new(e, r);
	if (s == NULL || r->n != s->end.n + 1)
		return;
	applies[r->kind](s, r, r->msg);
	by = record_by(r);
	chain_advance(&s->end, r);
	seen_add(&s->seen, by);
	s->change = (struct change){r->n, r->kind, {by == NULL ? 0 : by->person}};
}

void sitting_free(struct sitting *s)
{
	if (s == NULL)
		return;
	seen_fini(&s->seen);
	free(s->persons);
	free(s->members);
	free(s->attempts);
	free(s);
}
