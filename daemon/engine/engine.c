#include "daemon/engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "daemon/engine/rules.h"

/* A command that made something.  It stays when that leaves memory, so that the command's late copy
 * makes no second one. */
struct made {
	UT_hash_handle hh;
	struct command_id id;
	struct digest content;
	struct subject subject;
};

struct engine *engine_new(const struct engine_config *config)
{
	struct engine *e = mem_new(sizeof *e);
	int kind;

	e->config = *config;
	for (kind = 0; kind < DUE_NKINDS; kind++)
		e->due[kind].kind = (enum due_kind)kind;
	return e;
}

void engine_free(struct engine *e)
{
	struct made *m, *next;
	size_t i;

	if (e == NULL)
		return;
	for (i = 0; i < e->nattempts; i++)
		attempt_free(e->attempts[i]);
	for (i = 0; i < e->nsittings; i++)
		sitting_free(e->sittings[i]);
	for (i = 0; i < e->nbanks; i++)
		bank_free(e->banks[i]);
	for (i = 0; i < e->nblueprints; i++)
		blueprint_free(e->blueprints[i]);
	HASH_ITER (hh, e->made, m, next) {
		HASH_DEL(e->made, m);
		free(m);
	}
	for (i = 0; i < DUE_NKINDS; i++)
		due_fini(&e->due[i]);
	free(e->attempts);
	free(e->sittings);
	free(e->banks);
	free(e->blueprints);
	free(e);
}

/* ---- Banks and blueprints ---------------------------------------------------------------- */

/* The one that is known already stays, because attempts borrow it; it becomes the last. */
void engine_add_bank(struct engine *e, struct bank *bank)
{
	size_t i;

	for (i = 0; i < e->nbanks; i++)
		if (digest_equal(&e->banks[i]->hash, &bank->hash))
			break;
	if (i < e->nbanks) {
		if (bank != e->banks[i])
			bank_free(bank);
		bank = e->banks[i];
		memmove(&e->banks[i], &e->banks[i + 1], (--e->nbanks - i) * sizeof(void *));
	}
	e->banks = mem_resize(e->banks, (e->nbanks + 1) * sizeof(void *));
	e->banks[e->nbanks++] = bank;
}

void engine_add_blueprint(struct engine *e, struct blueprint *blueprint)
{
	size_t i;

	for (i = 0; i < e->nblueprints; i++)
		if (digest_equal(&e->blueprints[i]->hash, &blueprint->hash))
			break;
	if (i < e->nblueprints) {
		if (blueprint != e->blueprints[i])
			blueprint_free(blueprint);
		blueprint = e->blueprints[i];
		memmove(&e->blueprints[i], &e->blueprints[i + 1],
			(--e->nblueprints - i) * sizeof(void *));
	}
	e->blueprints = mem_resize(e->blueprints, (e->nblueprints + 1) * sizeof(void *));
	e->blueprints[e->nblueprints++] = blueprint;
}

const struct blueprint *engine_blueprint(const struct engine *e, const char *exam)
{
	size_t i;

	for (i = e->nblueprints; exam != NULL && i > 0; i--)
		if (strcmp(e->blueprints[i - 1]->exam, exam) == 0)
			return e->blueprints[i - 1];
	return NULL;
}

const struct blueprint *engine_blueprint_by_hash(const struct engine *e, const struct digest *hash)
{
	size_t i;

	for (i = 0; i < e->nblueprints; i++)
		if (digest_equal(&e->blueprints[i]->hash, hash))
			return e->blueprints[i];
	return NULL;
}

const struct bank *engine_bank(const struct engine *e, const char *name)
{
	size_t i;

	for (i = e->nbanks; name != NULL && i > 0; i--)
		if (strcmp(e->banks[i - 1]->name, name) == 0)
			return e->banks[i - 1];
	return NULL;
}

const struct bank *engine_bank_by_hash(const struct engine *e, const struct digest *hash)
{
	size_t i;

	for (i = 0; i < e->nbanks; i++)
		if (digest_equal(&e->banks[i]->hash, hash))
			return e->banks[i];
	return NULL;
}

const void *must_be_known(const void *p)
{
	if (p == NULL) {
		fputs("a record names an exam, bank or item that is not loaded\n", stderr);
		abort();
	}
	return p;
}

struct digest record_digest(const ProtobufCBinaryData *data)
{
	struct digest d = {{0}};

	if (data->len == sizeof d.b)
		memcpy(d.b, data->data, sizeof d.b);
	return d;
}

/* ---- Attempts and sittings --------------------------------------------------------------- */

/* Where an id is or would be: ids rise, so that a new one comes last. */
static size_t attempt_place(const struct engine *e, struct attempt_id id)
{
	size_t low = 0, high = e->nattempts, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (e->attempts[middle]->id.v < id.v)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t sitting_place(const struct engine *e, struct sitting_id id)
{
	size_t low = 0, high = e->nsittings, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (e->sittings[middle]->id.v < id.v)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Where an id is when none between it and the first has left memory: a request looks its attempt up
 * a dozen times, and a search among thousands misses the cache at each step. */
static struct attempt *attempt_guess(const struct engine *e, struct attempt_id id)
{
	struct attempt *a = NULL;
	uint64_t i; /* a client may have made the id up: unsigned, it may wrap */

	if (e->nattempts == 0)
		return NULL;
	i = (uint64_t)id.v - (uint64_t)e->attempts[0]->id.v;
	if (i < e->nattempts)
		a = e->attempts[i];
	return a != NULL && a->id.v == id.v ? a : NULL;
}

struct attempt *engine_find_attempt(const struct engine *e, struct attempt_id id)
{
	struct attempt *guess = attempt_guess(e, id);
	size_t i;

	if (guess != NULL)
		return guess;
	i = attempt_place(e, id);
	return i < e->nattempts && e->attempts[i]->id.v == id.v ? e->attempts[i] : NULL;
}

struct sitting *engine_find_sitting(const struct engine *e, struct sitting_id id)
{
	size_t i = sitting_place(e, id);

	return i < e->nsittings && e->sittings[i]->id.v == id.v ? e->sittings[i] : NULL;
}

void engine_keep_attempt(struct engine *e, struct attempt *a)
{
	size_t i = attempt_place(e, a->id);

	if (e->nattempts == e->attempts_cap) {
		e->attempts_cap = e->attempts_cap == 0 ? 64 : e->attempts_cap * 2;
		e->attempts = mem_resize(e->attempts, e->attempts_cap * sizeof(void *));
	}
	memmove(&e->attempts[i + 1], &e->attempts[i], (e->nattempts++ - i) * sizeof(void *));
	e->attempts[i] = a;
	if (a->id.v > e->highest_attempt.v)
		e->highest_attempt = a->id;
}

void engine_keep_sitting(struct engine *e, struct sitting *s)
{
	size_t i = sitting_place(e, s->id);

	if (e->nsittings == e->sittings_cap) {
		e->sittings_cap = e->sittings_cap == 0 ? 16 : e->sittings_cap * 2;
		e->sittings = mem_resize(e->sittings, e->sittings_cap * sizeof(void *));
	}
	memmove(&e->sittings[i + 1], &e->sittings[i], (e->nsittings++ - i) * sizeof(void *));
	e->sittings[i] = s;
	if (s->id.v > e->highest_sitting.v)
		e->highest_sitting = s->id;
}

void engine_forget_attempt(struct engine *e, struct attempt_id id)
{
	size_t i = attempt_place(e, id);

	if (engine_find_attempt(e, id) == NULL)
		return;
	attempt_free(e->attempts[i]);
	memmove(&e->attempts[i], &e->attempts[i + 1], (--e->nattempts - i) * sizeof(void *));
}

void engine_forget_sitting(struct engine *e, struct sitting_id id)
{
	size_t i = sitting_place(e, id);

	if (engine_find_sitting(e, id) == NULL)
		return;
	sitting_free(e->sittings[i]);
	memmove(&e->sittings[i], &e->sittings[i + 1], (--e->nsittings - i) * sizeof(void *));
}

void engine_remember_attempt(struct engine *e, struct sitting_id sitting, struct person_id person,
			     struct attempt_id attempt)
{
	struct sitting *s = engine_find_sitting(e, sitting);

	if (s != NULL)
		sitting_note_attempt(s, person, attempt);
}

void engine_reserve(struct engine *e, struct attempt_id highest_attempt,
		    struct sitting_id highest_sitting)
{
	if (highest_attempt.v > e->highest_attempt.v)
		e->highest_attempt = highest_attempt;
	if (highest_sitting.v > e->highest_sitting.v)
		e->highest_sitting = highest_sitting;
}

const struct attempt *engine_attempt(const struct engine *e, struct attempt_id id)
{
	return engine_find_attempt(e, id);
}

const struct sitting *engine_sitting(const struct engine *e, struct sitting_id id)
{
	return engine_find_sitting(e, id);
}

const struct attempt *engine_attempt_of(const struct engine *e, struct sitting_id sitting,
					struct person_id person)
{
	const struct sitting *s = engine_find_sitting(e, sitting);
	const struct member *m = s == NULL ? NULL : sitting_member(s, person);

	return m == NULL ? NULL : engine_find_attempt(e, m->attempt);
}

const struct attempt *engine_attempt_after(const struct engine *e, const struct attempt *a)
{
	size_t i = a == NULL ? 0 : attempt_place(e, (struct attempt_id){a->id.v + 1});

	return i < e->nattempts ? e->attempts[i] : NULL;
}

const struct sitting *engine_sitting_after(const struct engine *e, const struct sitting *s)
{
	size_t i = s == NULL ? 0 : sitting_place(e, (struct sitting_id){s->id.v + 1});

	return i < e->nsittings ? e->sittings[i] : NULL;
}

/* ---- Commands that made something -------------------------------------------------------- */

void engine_note_made(struct engine *e, const Examd__Record__By *by, struct subject subject)
{
	struct made *m, *old;

	if (by == NULL || by->command_id.len != sizeof m->id.b)
		return;
	m = mem_new(sizeof *m);
	memcpy(m->id.b, by->command_id.data, sizeof m->id.b);
	m->content = record_digest(&by->command_hash);
	m->subject = subject;
	HASH_FIND(hh, e->made, m->id.b, sizeof m->id.b, old);
	if (old != NULL)
		free(m);
	else
		HASH_ADD(hh, e->made, id.b, sizeof m->id.b, m);
}

enum err engine_find_made(const struct engine *e, const struct by *by, struct subject *out)
{
	struct made *m;

	if (command_id_is_zero(&by->command))
		return ERR_NOT_FOUND;
	HASH_FIND(hh, e->made, by->command.b, sizeof by->command.b, m);
	if (m == NULL)
		return ERR_NOT_FOUND;
	*out = m->subject;
	return digest_equal(&m->content, &by->content) ? ERR_OK : ERR_COMMAND_REUSED;
}

/* ---- Deciding ---------------------------------------------------------------------------- */

enum about {
	ABOUT_ATTEMPT, /* it must be there, and its command is looked for in it */
	ABOUT_EITHER,  /* an attempt where one is named */
	ABOUT_ANY      /* the rule finds out by itself */
};

struct row {
	enum about about;
	decide_fn *decide;
};

static const struct row rows[] = {
    [EVENT_SITTING_CREATE] = {ABOUT_ANY, decide_create},
    [EVENT_ROOM] = {ABOUT_ANY, decide_room},
    [EVENT_RELEASE] = {ABOUT_EITHER, decide_release},
    [EVENT_CHECK_IN] = {ABOUT_ANY, decide_check_in},
    [EVENT_PRACTICE_START] = {ABOUT_ANY, decide_practice_start},
    [EVENT_FORM_CONFIRMED] = {ABOUT_ATTEMPT, decide_form_confirmed},
    [EVENT_ANSWER] = {ABOUT_ATTEMPT, decide_answer},
    [EVENT_LEAVE_PART] = {ABOUT_ATTEMPT, decide_leave_part},
    [EVENT_SUBMIT] = {ABOUT_ATTEMPT, decide_submit},
    [EVENT_BREAK] = {ABOUT_ATTEMPT, decide_break},
    [EVENT_BACK_FROM_BREAK] = {ABOUT_ATTEMPT, decide_back_from_break},
    [EVENT_REPORTED] = {ABOUT_ATTEMPT, decide_reported},
    [EVENT_CLIENT_CAME] = {ABOUT_ATTEMPT, decide_client_came},
    [EVENT_CLIENT_LEFT] = {ABOUT_ATTEMPT, decide_client_left},
    [EVENT_PRACTICE_RESUME] = {ABOUT_ATTEMPT, decide_practice_resume},
    [EVENT_RESTARTED] = {ABOUT_ANY, decide_restarted},
    [EVENT_TICK] = {ABOUT_ANY, decide_tick},
    [EVENT_ACCOMMODATE] = {ABOUT_ATTEMPT, decide_accommodate},
};

/* The same By in all records of a decision; NULL: the server itself. */
static Examd__Record__By *by_of(struct deciding *b)
{
	const struct by *by = &b->ev->by;
	Examd__Record__By *m;

	if (by->person.v == 0 && command_id_is_zero(&by->command))
		return NULL;
	m = fact_piece(b, &examd__record__by__descriptor);
	m->person = by->person.v;
	m->forced = by->force;
	if (!command_id_is_zero(&by->command)) {
		m->command_id = fact_bytes(b, by->command.b, sizeof by->command.b);
		m->command_hash = fact_bytes(b, by->content.b, sizeof by->content.b);
	}
	if (by->reason_row != 0) {
		m->reason = fact_bytes(b, by->reason.b, sizeof by->reason.b);
		m->reason_text = by->reason_row;
	}
	return m;
}

static enum err decide_by_row(struct deciding *b, const struct row *row)
{
	const struct attempt *a = NULL;
	enum err err;

	if (row->about == ABOUT_ATTEMPT || (row->about == ABOUT_EITHER && b->ev->attempt.v != 0)) {
		if ((a = engine_find_attempt(b->e, b->ev->attempt)) == NULL)
			return ERR_NOT_FOUND;
		err = seen_find(&a->seen, &b->ev->by.command, &b->ev->by.content);
		if (err != ERR_NOT_FOUND) {
			b->d->repeated = err == ERR_OK;
			return err;
		}
	}
	return row->decide(b, a);
}

enum err engine_decide(const struct engine *e, const struct event *ev, struct decision *d)
{
	struct deciding b = {.e = e, .ev = ev, .d = d};
	enum err err;

	decision_reset(d);
	if ((size_t)ev->kind >= COUNT(rows))
		return ERR_INVALID;
	b.by = by_of(&b);
	err = decide_by_row(&b, &rows[ev->kind]);
	if (err != ERR_OK && err != ERR_KEPT_FOR_PROCTOR && err != ERR_SEAT_TAKEN)
		d->nrecords = d->neffects = 0;
	return err;
}

/* ---- Applying ---------------------------------------------------------------------------- */

void engine_apply(struct engine *e, const struct record *r)
{
	switch (subject_kind(r->subject)) {
	case SUBJECT_ATTEMPT:
		attempt_apply(e, r);
		break;
	case SUBJECT_SITTING:
		sitting_apply(e, r);
		break;
	case SUBJECT_INSTALLATION:
		break;
	}
}

void engine_client_here(struct engine *e, struct attempt_id id, bool here, struct service_ms now)
{
	struct attempt *a = engine_find_attempt(e, id);

	if (a == NULL)
		return;
	if (a->here && !here)
		a->away = now;
	a->here = here;
	attempt_refresh(a);
}

bool engine_next_due(const struct engine *e, struct service_ms *due_out)
{
	return due_first(&e->due[DUE_SERVICE], &due_out->v);
}

bool engine_is_running(const struct engine *e)
{
	struct service_ms due;

	return engine_next_due(e, &due);
}
