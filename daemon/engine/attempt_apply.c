/* How each record changes an attempt.  Nothing here decides. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/answers.h"
#include "daemon/engine/drawn.h"
#include "daemon/engine/state.h"

typedef void apply_fn(struct attempt *a, const struct record *r, const void *msg);

/* The only place that changes a state. */
static void attempt_move(struct attempt *a, enum attempt_state next)
{
	assert(attempt_may_move(a->state, next));
	a->state = next;
	a->timing.on = next == ATTEMPT_RUNNING;
	if (!attempt_is_open(a)) {
		a->timing.stopped = 0;
		a->on_break = false;
		a->waited = false;
		a->off_page = false;
	}
}

/* ---- The first record -------------------------------------------------------------------- */

static void take_times(struct attempt *a, const Examd__Record__AttemptOpened *m)
{
	uint32_t i;

	a->extra_percent = m->extra_percent;
	a->timing.nparts = (uint32_t)a->form.nparts;
	if (m->sitting_state != NULL)
		a->added[0].v = m->sitting_state->added;
	for (i = 0; i < a->timing.nparts; i++) {
		a->bases[i] = MINUTES(form_minutes(&a->form, i, &a->draw));
		if (i < m->n_budgets)
			a->timing.parts[i].budget.v = m->budgets[i];
	}
}

static void take_seat(struct attempt *a, uint32_t seat, const ProtobufCBinaryData *client)
{
	a->seat.v = seat;
	a->held = client->len == sizeof a->client_id;
	memset(a->client_id, 0, sizeof a->client_id);
	if (a->held)
		memcpy(a->client_id, client->data, sizeof a->client_id);
}

static void apply_opened(struct attempt *a, const struct record *r, const void *msg)
{
	const Examd__Record__AttemptOpened *m = msg;
	struct digest exam = record_digest(&m->exam_hash), bank = record_digest(&m->bank_hash);

	a->person.v = m->person;
	a->sitting.v = m->sitting;
	a->blueprint = must_be_known(engine_blueprint_by_hash(a->engine, &exam));
	a->bank = must_be_known(engine_bank_by_hash(a->engine, &bank));
	a->tutor = m->tutor;
	a->state = ATTEMPT_CHECKED_IN;
	drawn_read(a, must_be_known(m->form));
	take_times(a, m);
	take_seat(a, m->seat, &m->client_id);
	if (m->sitting_state != NULL && m->sitting_state->paused)
		a->timing.stopped = STOP_SITTING;
	a->away = r->at;
}

/* ---- On its way -------------------------------------------------------------------------- */

static void apply_admitted(struct attempt *a, const struct record *r, const void *msg)
{
	(void)r;
	(void)msg;
	attempt_move(a, ATTEMPT_ADMITTED);
}

static void apply_ready(struct attempt *a, const struct record *r, const void *msg)
{
	(void)r;
	(void)msg;
	attempt_move(a, ATTEMPT_READY);
}

static void apply_started(struct attempt *a, const struct record *r, const void *msg)
{
	const Examd__Record__AttemptStarted *m = msg;
	uint32_t i;

	if (a->state != ATTEMPT_RUNNING) {
		attempt_move(a, ATTEMPT_RUNNING);
		a->started = true;
		a->started_wall = r->noted;
	}
	for (i = 0; i < a->timing.nparts && i < m->n_budgets && i < m->n_bases; i++) {
		a->timing.parts[i].budget.v = m->budgets[i];
		a->bases[i].v = m->bases[i];
	}
	if (m->part >= a->timing.nparts)
		return;
	a->timing.part = m->part;
	a->timing.parts[m->part].budget.v = m->budget;
	a->timing.since = r->at;
}

static void apply_part_ended(struct attempt *a, const struct record *r, const void *msg)
{
	const Examd__Record__PartEnded *m = msg;

	timing_bank(&a->timing, r->at);
	if (m->part < a->timing.nparts)
		a->timing.parts[m->part].used.v = m->used;
}

/* ---- Time -------------------------------------------------------------------------------- */

static void stop_bits(struct attempt *a, struct service_ms at, unsigned stopped)
{
	timing_bank(&a->timing, at);
	a->timing.stopped = stopped;
	a->timing.since = at;
}

/* Who is stopped by a person, or takes a break, may leave. */
static void apply_stopped(struct attempt *a, const struct record *r, const void *msg)
{
	const unsigned by_itself = STOP_RESTART | STOP_LOST | STOP_NOT_STARTED;
	const Examd__Record__ClockStopped *m = msg;

	stop_bits(a, r->at, a->timing.stopped | m->why);
	if ((m->why & STOP_RESTART) != 0)
		a->restarted = r->at;
	if ((m->why & ~by_itself) != 0)
		a->off_page = false;
}

static void apply_freed(struct attempt *a, const struct record *r, const void *msg)
{
	const Examd__Record__ClockFreed *m = msg;

	stop_bits(a, r->at, a->timing.stopped & ~m->why);
}

static void apply_minutes(struct attempt *a, const struct record *r, const void *msg)
{
	const Examd__Record__MinutesAdded *m = msg;

	timing_bank(&a->timing, r->at);
	if (m->part >= a->timing.nparts)
		return;
	a->timing.parts[m->part].budget.v += m->added;
	a->added[m->part].v += m->added;
	timing_rebase(&a->timing, r->at);
}

static void apply_accommodation(struct attempt *a, const struct record *r, const void *msg)
{
	const Examd__Record__AccommodationChanged *m = msg;
	uint32_t i;

	timing_bank(&a->timing, r->at);
	a->extra_percent = m->extra_percent;
	for (i = 0; i < a->timing.nparts && i < m->n_budgets; i++)
		a->timing.parts[i].budget.v = m->budgets[i];
	timing_rebase(&a->timing, r->at);
}

/* ---- Answers, seats, events -------------------------------------------------------------- */

static void apply_put(struct attempt *a, const struct record *r, const void *msg)
{
	answers_apply_put(a, r, msg);
	a->off_page = false;
}

static void apply_kept(struct attempt *a, const struct record *r, const void *msg)
{
	(void)r;
	answers_apply_kept(a, msg);
}

static void apply_takeover(struct attempt *a, const struct record *r, const void *msg)
{
	const Examd__Record__TakeoverAsked *m = msg;

	(void)r;
	a->waited = !m->refused && m->client_id.len == sizeof a->waiting;
	a->takeovers += !m->refused;
	if (a->waited)
		memcpy(a->waiting, m->client_id.data, sizeof a->waiting);
}

static void apply_seat(struct attempt *a, const struct record *r, const void *msg)
{
	const Examd__Record__SeatTaken *m = msg;

	take_seat(a, m->seat, &m->client_id);
	a->waited = false;
	a->off_page = false;
	a->here = false;
	a->away = r->at;
}

static void apply_break(struct attempt *a, const struct record *r, const void *msg)
{
	const Examd__Record__BreakTaken *m = msg;

	(void)r;
	a->on_break = !m->back;
	a->off_page = false;
	a->reports += !m->back;
}

static void apply_event(struct attempt *a, const struct record *r, const void *msg)
{
	const Examd__Record__EventReported *m = msg;

	a->reports++;
	switch (m->kind) {
	case REPORTED_FOCUS_LOST:
		a->focus_lost++;
		a->focus_lost_wall = r->noted;
		a->off_page = true;
		break;
	case REPORTED_FOCUS_BACK:
		a->off_page = false;
		break;
	default:
		break;
	}
}

/* ---- The end ----------------------------------------------------------------------------- */

static Examd__Record__AttemptClosed *closing_copy(const Examd__Record__AttemptClosed *m)
{
	size_t len = examd__record__attempt_closed__get_packed_size(m);
	uint8_t *packed = mem_new(len);
	Examd__Record__AttemptClosed *copy;

	examd__record__attempt_closed__pack(m, packed);
	copy = examd__record__attempt_closed__unpack(NULL, len, packed);
	free(packed);
	if (copy == NULL)
		abort(); /* out of memory */
	return copy;
}

static void closing_replace(struct attempt *a, Examd__Record__AttemptClosed *closing)
{
	if (a->closing != NULL)
		examd__record__attempt_closed__free_unpacked(a->closing, NULL);
	a->closing = closing;
}

static enum attempt_state closed_state(uint32_t state)
{
	return state == ATTEMPT_SUBMITTED || state == ATTEMPT_EXPIRED ? (enum attempt_state)state
								      : ATTEMPT_CLOSED;
}

static void apply_closed(struct attempt *a, const struct record *r, const void *msg)
{
	const Examd__Record__AttemptClosed *m = msg;
	uint32_t i;

	timing_bank(&a->timing, r->at);
	for (i = 0; i < a->timing.nparts && i < m->n_used; i++)
		a->timing.parts[i].used.v = m->used[i];
	attempt_move(a, closed_state(m->state));
	a->closed_wall = r->noted;
	closing_replace(a, closing_copy(m));
}

static void apply_reopened(struct attempt *a, const struct record *r, const void *msg)
{
	static const ProtobufCBinaryData nobody;
	const Examd__Record__AttemptReopened *m = msg;

	if (a->closing != NULL) {
		a->superseding = true;
		a->superseded =
		    digest_of(a->closing->statement_bytes.data, a->closing->statement_bytes.len);
	}
	closing_replace(a, NULL);
	attempt_move(a, ATTEMPT_RUNNING);
	if (!a->started) {
		a->started = true;
		a->started_wall = r->noted;
	}
	a->closed_wall.v = 0;
	a->released_result = a->released_review = false;
	a->timing.since = r->at;
	if (m->part < a->timing.nparts) {
		a->timing.part = m->part;
		a->timing.parts[m->part].budget.v += m->added;
		a->added[m->part].v += m->added;
	}
	take_seat(a, m->seat, &nobody);
	a->here = false;
	a->away = r->at;
}

static void apply_voided(struct attempt *a, const struct record *r, const void *msg)
{
	(void)msg;
	timing_bank(&a->timing, r->at);
	attempt_move(a, ATTEMPT_VOIDED);
	if (a->closed_wall.v == 0)
		a->closed_wall = r->noted;
}

static void apply_rescored(struct attempt *a, const struct record *r, const void *msg)
{
	const Examd__Record__AttemptRescored *m = msg;
	Examd__Record__AttemptClosed next;

	(void)r;
	if (a->closing == NULL)
		return;
	next = *a->closing;
	next.score = m->score;
	next.statement_bytes = m->statement_bytes;
	next.signature = m->signature;
	closing_replace(a, closing_copy(&next));
}

static void apply_released(struct attempt *a, const struct record *r, const void *msg)
{
	const Examd__Record__AttemptReleased *m = msg;

	(void)r;
	a->released_result = m->result;
	a->released_review = m->review;
}

/* ---- Dispatch ---------------------------------------------------------------------------- */

struct row {
	apply_fn *apply;
	bool quiet; /* no change for staff: attempt_version() stays */
};

static const struct row rows[] = {
    [RECORD_ATTEMPT_OPENED] = {apply_opened, false},
    [RECORD_ATTEMPT_ADMITTED] = {apply_admitted, false},
    [RECORD_ATTEMPT_READY] = {apply_ready, false},
    [RECORD_ATTEMPT_STARTED] = {apply_started, false},
    [RECORD_PART_ENDED] = {apply_part_ended, false},
    [RECORD_ANSWER_PUT] = {apply_put, true},
    [RECORD_ANSWER_KEPT] = {apply_kept, true},
    [RECORD_CLOCK_STOPPED] = {apply_stopped, false},
    [RECORD_CLOCK_FREED] = {apply_freed, false},
    [RECORD_MINUTES_ADDED] = {apply_minutes, false},
    [RECORD_ACCOMMODATION_CHANGED] = {apply_accommodation, false},
    [RECORD_TAKEOVER_ASKED] = {apply_takeover, false},
    [RECORD_SEAT_TAKEN] = {apply_seat, false},
    [RECORD_BREAK_TAKEN] = {apply_break, false},
    [RECORD_EVENT_REPORTED] = {apply_event, true},
    [RECORD_ATTEMPT_CLOSED] = {apply_closed, false},
    [RECORD_ATTEMPT_REOPENED] = {apply_reopened, false},
    [RECORD_ATTEMPT_VOIDED] = {apply_voided, false},
    [RECORD_ATTEMPT_RESCORED] = {apply_rescored, false},
    [RECORD_ATTEMPT_RELEASED] = {apply_released, false},
};

const Examd__Record__By *record_by(const struct record *r)
{
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field_by_name(r->msg->descriptor, "by");

	if (field == NULL)
		return NULL;
	return *(Examd__Record__By *const *)(const void *)((const char *)r->msg + field->offset);
}

void chain_advance(struct chain_end *end, const struct record *r)
{
	end->n = r->n;
	end->chain = r->chain;
}

static void note_record(struct attempt *a, const struct record *r, bool quiet)
{
	const Examd__Record__By *by = record_by(r);

	chain_advance(&a->end, r);
	a->last_at = r->at;
	a->last_wall = r->noted;
	seen_add(&a->seen, by);
	if (!quiet)
		a->change = (struct change){r->n, r->kind, {by == NULL ? 0 : by->person}};
}

static struct attempt *attempt_new(struct engine *e, const struct record *r)
{
	struct attempt *a = mem_new(sizeof *a);

	a->engine = e;
	a->id.v = subject_number(r->subject);
	engine_keep_attempt(e, a);
	engine_note_made(e, record_by(r), r->subject);
	return a;
}

/* The sitting may be unknown: an attempt stands by itself. */
static void join_sitting(struct engine *e, const struct attempt *a)
{
	struct sitting *s = engine_find_sitting(e, a->sitting);

	if (s != NULL)
		sitting_note_attempt(s, a->person, a->id);
}

void attempt_apply(struct engine *e, const struct record *r)
{
	struct attempt_id id = {subject_number(r->subject)};
	struct attempt *a = engine_find_attempt(e, id);
	const struct row *row = (size_t)r->kind < COUNT(rows) ? &rows[r->kind] : NULL;

	if (row == NULL || row->apply == NULL)
		return;
	if (a == NULL && r->kind == RECORD_ATTEMPT_OPENED && r->n == 1)
		a = attempt_new(e, r);
	if (a == NULL || r->n != a->end.n + 1)
		return;
	row->apply(a, r, r->msg);
	note_record(a, r, row->quiet);
	if (r->kind == RECORD_ATTEMPT_OPENED)
		join_sitting(e, a);
	attempt_refresh(a);
}

/* ---- What is due ------------------------------------------------------------------------- */

static void sooner(int64_t *at, bool *any, int64_t candidate)
{
	if (!*any || candidate < *at)
		*at = candidate;
	*any = true;
}

static bool due_at(const struct attempt *a, int64_t *at)
{
	bool any = false, parked = (a->timing.stopped & STOP_PARKED) != 0;
	int64_t away = a->away.v > a->last_at.v ? a->away.v : a->last_at.v;

	if (timing_runs(&a->timing))
		sooner(at, &any, timing_deadline(&a->timing).v + GRACE.v);
	if ((a->timing.stopped & STOP_RESTART) != 0)
		sooner(at, &any, a->restarted.v + STAND_MOST.v);
	if (a->sitting.v == 0 && attempt_is_open(a) && !parked && !a->here)
		sooner(at, &any, away + PARK_AFTER.v);
	return any;
}

void attempt_refresh(struct attempt *a)
{
	struct engine *e = a->engine;
	int64_t at = 0;

	if (due_at(a, &at))
		due_set(&e->due[DUE_SERVICE], a, at);
	else
		due_clear(&e->due[DUE_SERVICE], a);
	if ((a->timing.stopped & STOP_PARKED) != 0)
		due_set(&e->due[DUE_WALL], a, a->last_wall.v + PRACTICE_MOST.v);
	else
		due_clear(&e->due[DUE_WALL], a);
}

void attempt_free(struct attempt *a)
{
	size_t i;

	if (a == NULL)
		return;
	for (i = 0; i < DUE_NKINDS; i++)
		due_clear(&a->engine->due[i], a);
	closing_replace(a, NULL);
	answers_free(a);
	seen_fini(&a->seen);
	arena_fini(&a->arena);
	free(a);
}
