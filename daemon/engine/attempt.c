#include "daemon/engine/attempt.h"

#include "daemon/engine/answers.h"
#include "daemon/engine/state.h"

#define TO(state) (1u << ATTEMPT_##state)
static const unsigned moves[ATTEMPT_NSTATES] = {
    [ATTEMPT_CHECKED_IN] = TO(ADMITTED) | TO(CLOSED) | TO(VOIDED),
    [ATTEMPT_ADMITTED] = TO(READY) | TO(CLOSED) | TO(VOIDED),
    [ATTEMPT_READY] = TO(RUNNING) | TO(CLOSED) | TO(VOIDED),
    [ATTEMPT_RUNNING] = TO(SUBMITTED) | TO(EXPIRED) | TO(CLOSED) | TO(VOIDED),
    [ATTEMPT_SUBMITTED] = TO(RUNNING) | TO(VOIDED),
    [ATTEMPT_EXPIRED] = TO(RUNNING) | TO(VOIDED),
    [ATTEMPT_CLOSED] = TO(RUNNING) | TO(VOIDED),
};

bool attempt_may_move(enum attempt_state from, enum attempt_state to)
{
	return from < ATTEMPT_NSTATES && to < ATTEMPT_NSTATES && (moves[from] & (1u << to)) != 0;
}

bool attempt_is_open(const struct attempt *a)
{
	switch (a->state) {
	case ATTEMPT_CHECKED_IN:
	case ATTEMPT_ADMITTED:
	case ATTEMPT_READY:
	case ATTEMPT_RUNNING:
		return true;
	case ATTEMPT_SUBMITTED:
	case ATTEMPT_EXPIRED:
	case ATTEMPT_CLOSED:
	case ATTEMPT_VOIDED:
	case ATTEMPT_NSTATES:
		break;
	}
	return false;
}

struct attempt_id attempt_id(const struct attempt *a)
{
	return a->id;
}

struct person_id attempt_person(const struct attempt *a)
{
	return a->person;
}

struct sitting_id attempt_sitting(const struct attempt *a)
{
	return a->sitting;
}

const struct form *attempt_form(const struct attempt *a)
{
	return &a->form;
}

const struct form_draw *attempt_draw(const struct attempt *a)
{
	return &a->draw;
}

const struct digest *attempt_plain_hash(const struct attempt *a, uint32_t part)
{
	return &a->plain_hashes[part];
}

enum attempt_state attempt_state(const struct attempt *a)
{
	return a->state;
}

unsigned attempt_stopped(const struct attempt *a)
{
	return a->timing.stopped;
}

bool attempt_clock_runs(const struct attempt *a)
{
	return timing_runs(&a->timing);
}

bool attempt_is_on_break(const struct attempt *a)
{
	return a->on_break;
}

uint32_t attempt_part(const struct attempt *a)
{
	return a->timing.part;
}

bool attempt_part_was_open(const struct attempt *a, uint32_t part)
{
	return a->started && part <= a->timing.part;
}

struct millis attempt_budget(const struct attempt *a, uint32_t part)
{
	return a->timing.parts[part].budget;
}

struct millis attempt_used(const struct attempt *a, uint32_t part, struct service_ms now)
{
	return timing_used(&a->timing, part, now);
}

struct millis attempt_remaining(const struct attempt *a, struct service_ms now)
{
	return attempt_is_open(a) ? timing_remaining(&a->timing, now) : (struct millis){0};
}

struct seat_no attempt_seat(const struct attempt *a)
{
	return a->seat;
}

const uint8_t *attempt_client_id(const struct attempt *a)
{
	return a->client_id;
}

bool attempt_seat_is_free(const struct attempt *a)
{
	return !a->held;
}

const uint8_t *attempt_waiting_client(const struct attempt *a)
{
	return a->waited ? a->waiting : NULL;
}

bool attempt_client_is_here(const struct attempt *a)
{
	return a->here;
}

uint64_t attempt_version(const struct attempt *a)
{
	return a->change.version;
}

uint64_t attempt_records(const struct attempt *a)
{
	return a->end.n;
}

const struct digest *attempt_chain(const struct attempt *a)
{
	return &a->end.chain;
}

const struct attempt_answer *attempt_answer(const struct attempt *a, struct item_no item)
{
	return item.v < a->form.nitems ? answer_at(a, item.v) : NULL;
}

uint32_t attempt_answered(const struct attempt *a)
{
	return a->answered;
}

uint32_t attempt_kept(const struct attempt *a)
{
	return a->nkept;
}

bool attempt_last_saved(const struct attempt *a, struct service_ms *at)
{
	*at = a->saved_at;
	return a->saved;
}

bool attempt_is_tutored(const struct attempt *a)
{
	return a->tutor;
}

uint32_t attempt_focus_lost(const struct attempt *a, struct wall_ms *last)
{
	*last = a->focus_lost_wall;
	return a->focus_lost;
}

bool attempt_is_off_page(const struct attempt *a)
{
	return a->off_page;
}

uint32_t attempt_extra_percent(const struct attempt *a)
{
	return a->extra_percent;
}

struct wall_ms attempt_started_wall(const struct attempt *a)
{
	return a->started_wall;
}

struct wall_ms attempt_closed_wall(const struct attempt *a)
{
	return a->closed_wall;
}

const Examd__Record__AttemptClosed *attempt_closing(const struct attempt *a)
{
	return a->closing;
}

/* A person's release is never undone by the rule; "never" is undone by nobody. */
static bool is_released(const struct release *rule, bool by_hand, struct wall_ms now)
{
	switch (rule->rule) {
	case RELEASE_AT_ONCE:
		return true;
	case RELEASE_BY_DATE:
		return by_hand || now.v >= rule->date.v;
	case RELEASE_BY_HAND:
		return by_hand;
	case RELEASE_NEVER:
		break;
	}
	return false;
}

static bool has_a_result(const struct attempt *a)
{
	return !attempt_is_open(a) && a->state != ATTEMPT_VOIDED;
}

bool attempt_result_is_released(const struct attempt *a, struct wall_ms now)
{
	const struct sitting *s = engine_sitting(a->engine, a->sitting);
	bool by_hand = a->released_result || (s != NULL && s->released_result);

	return has_a_result(a) && is_released(&a->blueprint->result, by_hand, now);
}

bool attempt_review_is_released(const struct attempt *a, struct wall_ms now)
{
	const struct sitting *s = engine_sitting(a->engine, a->sitting);
	bool by_hand = a->released_review || (s != NULL && s->released_review);

	return has_a_result(a) && is_released(&a->blueprint->review, by_hand, now);
}
