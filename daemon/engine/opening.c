/* Sittings are made, attempts are opened, forms confirmed. */
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/drawn.h"
#include "daemon/engine/rules.h"

/* Was this done by this very command already?  ERR_NOT_FOUND: no. */
static enum err made_before(struct deciding *b)
{
	struct subject subject;
	enum err err = engine_find_made(b->e, &b->ev->by, &subject);

	if (err != ERR_OK)
		return err;
	b->d->repeated = true;
	if (subject_kind(subject) == SUBJECT_ATTEMPT)
		b->d->attempt.v = subject_number(subject);
	else
		b->d->sitting.v = subject_number(subject);
	return ERR_OK;
}

/* ---- Sittings ---------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static enum err check_persons(struct deciding *b)
{
	size_t n = b->ev->u.create.npersons, i;
	int64_t *sorted;

	if (n == 0 || n > SITTING_PERSONS_MOST)
		return ERR_INVALID;
	sorted = arena_new(&b->d->arena, n * sizeof *sorted);
	for (i = 0; i < n; i++)
		sorted[i] = b->ev->u.create.persons[i].v;
	qsort(sorted, n, sizeof *sorted, by_number);
	for (i = 0; i < n; i++)
		if (sorted[i] <= 0 || (i > 0 && sorted[i] == sorted[i - 1]))
			return ERR_INVALID;
	return ERR_OK;
}

static enum err check_create(struct deciding *b)
{
	struct wall_ms opens = b->ev->u.create.opens, closes = b->ev->u.create.closes,
		       ends = b->ev->u.create.room_ends;

	if (opens.v < 0 || closes.v < 0 || ends.v < 0)
		return ERR_INVALID;
	if ((closes.v != 0 && opens.v >= closes.v) || (ends.v != 0 && opens.v >= ends.v))
		return ERR_INVALID;
	return check_persons(b);
}

enum err decide_create(struct deciding *b, const struct attempt *none)
{
	const struct blueprint *blueprint = engine_blueprint(b->e, b->ev->u.create.exam);
	const struct bank *bank;
	Examd__Record__SittingCreated *m;
	enum err err;
	size_t i;

	(void)none;
	if ((err = made_before(b)) != ERR_NOT_FOUND || (err = check_create(b)) != ERR_OK)
		return err;
	if (blueprint == NULL)
		return ERR_NO_EXAM;
	if ((bank = engine_bank(b->e, blueprint->bank)) == NULL)
		return ERR_NO_BANK;
	m = fact_new(b, RECORD_SITTING_CREATED);
	m->by = b->by;
	m->exam = arena_copy_text(&b->d->arena, blueprint->exam);
	m->exam_hash = fact_bytes(b, blueprint->hash.b, sizeof blueprint->hash.b);
	m->bank_hash = fact_bytes(b, bank->hash.b, sizeof bank->hash.b);
	m->n_persons = b->ev->u.create.npersons;
	m->persons = arena_new(&b->d->arena, m->n_persons * sizeof *m->persons);
	for (i = 0; i < m->n_persons; i++)
		m->persons[i] = b->ev->u.create.persons[i].v;
	m->opens_wall = b->ev->u.create.opens.v;
	m->closes_wall = b->ev->u.create.closes.v;
	m->room_ends_wall = b->ev->u.create.room_ends.v;
	m->title = fact_bytes(b, b->ev->u.create.title.b, sizeof b->ev->u.create.title.b);
	m->title_text = b->ev->u.create.title_row;
	b->d->sitting.v = b->e->highest_sitting.v + 1;
	fact_sitting(b, b->d->sitting, RECORD_SITTING_CREATED, m);
	return ERR_OK;
}

/* ---- Attempts ---------------------------------------------------------------------------- */

static const struct form_draw whole_exam;

/* What was made for the event must be what a restart can make again from the record.
 *
 * ERR_NO_EXAM, ERR_NO_BANK  the engine does not know them;  ERR_INVALID */
static enum err check_open(const struct deciding *b)
{
	const struct form *form = b->ev->u.open.form;
	size_t p, i;

	if (b->ev->u.open.blueprint == NULL ||
	    engine_blueprint_by_hash(b->e, &b->ev->u.open.blueprint->hash) == NULL)
		return ERR_NO_EXAM;
	if (b->ev->u.open.bank == NULL ||
	    engine_bank_by_hash(b->e, &b->ev->u.open.bank->hash) == NULL)
		return ERR_NO_BANK;
	if (form == NULL || form->nparts == 0 || form->nparts > BLUEPRINT_PARTS_MOST ||
	    b->ev->u.open.plain_hashes == NULL || b->ev->u.open.person.v <= 0 ||
	    !is_a_client(b->ev->client_id) || b->ev->u.open.extra_percent > EXTRA_PERCENT_MOST)
		return ERR_INVALID;
	for (p = 0; p < form->nparts; p++)
		for (i = 0; i < form->parts[p].nitems; i++)
			if (bank_by_hash(b->ev->u.open.bank, &form->parts[p].items[i].item->hash) ==
			    NULL)
				return ERR_INVALID;
	return ERR_OK;
}

static Examd__Record__SittingState *state_of(struct deciding *b, const struct sitting *s)
{
	Examd__Record__SittingState *m = fact_piece(b, &examd__record__sitting_state__descriptor);

	m->version = s->end.n;
	m->state = s->state;
	m->paused = s->paused;
	m->added = s->added.v;
	m->admitted = s->admitting;
	return m;
}

static void budgets_write(struct deciding *b, Examd__Record__AttemptOpened *m)
{
	const struct form_draw *draw =
	    b->ev->u.open.draw == NULL ? &whole_exam : b->ev->u.open.draw;
	uint32_t i;

	m->n_budgets = b->ev->u.open.form->nparts;
	m->budgets = arena_new(&b->d->arena, m->n_budgets * sizeof *m->budgets);
	for (i = 0; i < m->n_budgets; i++)
		m->budgets[i] = timing_budget(MINUTES(form_minutes(b->ev->u.open.form, i, draw)),
					      b->ev->u.open.extra_percent)
				    .v;
	if (m->sitting_state != NULL)
		m->budgets[0] += m->sitting_state->added;
	if (m->budgets[0] < 0)
		m->budgets[0] = 0;
}

static void open_attempt(struct deciding *b, const struct sitting *s, bool admitted)
{
	Examd__Record__AttemptOpened *m = fact_new(b, RECORD_ATTEMPT_OPENED);

	m->by = b->by;
	m->person = b->ev->u.open.person.v;
	m->sitting = s == NULL ? 0 : s->id.v;
	m->exam = arena_copy_text(&b->d->arena, b->ev->u.open.blueprint->exam);
	m->exam_hash = fact_bytes(b, b->ev->u.open.blueprint->hash.b, 32);
	m->bank_hash = fact_bytes(b, b->ev->u.open.bank->hash.b, 32);
	m->form = drawn_write(b);
	m->extra_percent = b->ev->u.open.extra_percent;
	m->sitting_state = s == NULL ? NULL : state_of(b, s);
	budgets_write(b, m);
	m->seat = 1;
	m->client_id = fact_bytes(b, b->ev->client_id, 16);
	m->tutor = b->ev->u.open.tutor;
	m->rules_version = ENGINE_RULES;
	b->d->attempt.v = b->e->highest_attempt.v + 1;
	fact_attempt(b, b->d->attempt, RECORD_ATTEMPT_OPENED, m);
	if (admitted)
		fact_attempt(b, b->d->attempt, RECORD_ATTEMPT_ADMITTED,
			     fact_new(b, RECORD_ATTEMPT_ADMITTED));
}

/* A person's attempt is there already: again is once. */
static enum err check_member(struct deciding *b, const struct sitting *s)
{
	const struct member *member;

	if (s == NULL)
		return ERR_NOT_FOUND;
	if ((member = sitting_member(s, b->ev->u.open.person)) == NULL)
		return ERR_NOT_IN_SITTING;
	b->d->attempt = member->attempt;
	b->d->repeated = member->attempt.v != 0;
	return ERR_OK;
}

static enum err check_sitting(const struct deciding *b, const struct sitting *s)
{
	if (s->state != SITTING_OPEN && s->state != SITTING_STARTED)
		return ERR_NOT_OPEN;
	if (s->closes.v != 0 && b->ev->wall.v >= s->closes.v)
		return ERR_NOT_OPEN;
	if (!digest_equal(&s->blueprint->hash, &b->ev->u.open.blueprint->hash))
		return ERR_NO_EXAM;
	return digest_equal(&s->bank->hash, &b->ev->u.open.bank->hash) ? ERR_OK : ERR_NO_BANK;
}

enum err decide_check_in(struct deciding *b, const struct attempt *none)
{
	const struct sitting *s = engine_find_sitting(b->e, b->ev->sitting);
	struct effect *fx;
	enum err err;

	(void)none;
	if ((err = made_before(b)) != ERR_NOT_FOUND)
		return err;
	if ((err = check_member(b, s)) != ERR_OK || b->d->repeated)
		return err;
	if ((err = check_open(b)) != ERR_OK || (err = check_sitting(b, s)) != ERR_OK)
		return err;
	open_attempt(b, s, s->admitting);
	fx = tell(b, EFFECT_ROOM_CHANGED);
	fx->attempt = b->d->attempt;
	fx->sitting = s->id;
	return ERR_OK;
}

enum err decide_practice_start(struct deciding *b, const struct attempt *none)
{
	enum err err;

	(void)none;
	if ((err = made_before(b)) != ERR_NOT_FOUND || (err = check_open(b)) != ERR_OK)
		return err;
	open_attempt(b, NULL, true);
	return ERR_OK;
}

static bool holds_form(const struct attempt *a, const struct digest *confirmed)
{
	size_t i;

	for (i = 0; i < a->form.nparts; i++)
		if (!digest_equal(&confirmed[i], &a->plain_hashes[i]))
			return false;
	return true;
}

enum err decide_form_confirmed(struct deciding *b, const struct attempt *a)
{
	Examd__Record__AttemptReady *m;

	if (!attempt_is_open(a))
		return ERR_OUT_OF_TURN;
	if (a->state == ATTEMPT_CHECKED_IN)
		return ERR_NOT_ADMITTED;
	if (b->ev->u.confirmed == NULL || !holds_form(a, b->ev->u.confirmed))
		return ERR_WRONG_FORM;
	if (a->state != ATTEMPT_ADMITTED) {
		b->d->repeated = true;
		return ERR_OK;
	}
	m = fact_new(b, RECORD_ATTEMPT_READY);
	m->by = b->by;
	fact_attempt(b, a->id, RECORD_ATTEMPT_READY, m);
	tell_row(b, a);
	starting_late(b, a, a->timing.stopped);
	return ERR_OK;
}
