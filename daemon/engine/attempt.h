/* What can be asked of an attempt.  Only engine_apply() changes one. */
#ifndef DAEMON_ENGINE_ATTEMPT_H
#define DAEMON_ENGINE_ATTEMPT_H

#include "daemon/engine/engine.h"

/* The moves; a test holds this drawing against the table.
 *
 *   CHECKED_IN -> ADMITTED CLOSED VOIDED
 *   ADMITTED   -> READY CLOSED VOIDED
 *   READY      -> RUNNING CLOSED VOIDED
 *   RUNNING    -> SUBMITTED EXPIRED CLOSED VOIDED
 *   SUBMITTED  -> RUNNING VOIDED
 *   EXPIRED    -> RUNNING VOIDED
 *   CLOSED     -> RUNNING VOIDED
 *   VOIDED     ->
 *
 * Closed attempts run again when they are reopened.
 *
 * Values are stored and sent (the wire's AttemptState): append only. */
enum attempt_state {
	ATTEMPT_CHECKED_IN = 1,
	ATTEMPT_ADMITTED,
	ATTEMPT_READY,
	ATTEMPT_RUNNING,
	ATTEMPT_SUBMITTED,
	ATTEMPT_EXPIRED,
	ATTEMPT_CLOSED,
	ATTEMPT_VOIDED,
	ATTEMPT_NSTATES
};

/* Why the clock of a running attempt stands: bits, stored and sent (the wire's Stop). */
enum stop {
	STOP_ATTEMPT = 1,
	STOP_SITTING = 2,
	STOP_RESTART = 4,
	STOP_BREAK = 8,
	STOP_LOST = 16,
	STOP_PARKED = 32,
	STOP_NOT_STARTED = 64
};

/* What a client reports: stored and sent (the wire's ReportEvent). */
enum reported {
	REPORTED_FOCUS_LOST = 1,
	REPORTED_FOCUS_BACK,
	REPORTED_CLOCK_STEPPED,
	REPORTED_LAST = REPORTED_CLOCK_STEPPED
};

/* Pure: is there an arrow in the drawing? */
bool attempt_may_move(enum attempt_state from, enum attempt_state to);

struct attempt_answer {
	struct seat_no seat; /* 0: no answer yet */
	uint32_t revision;
	uint8_t chosen[ITEM_OPTIONS_MOST];
	uint8_t nchosen;
	char **codes; /* owned; one a field, canonical */
	size_t ncodes;
	bool flagged;
	uint16_t struck; /* bits by place */
	uint32_t seen_ms;
	int64_t note_row;
	struct digest bytes; /* of what was sent: same order, other bytes is a conflict */
};

struct attempt_id attempt_id(const struct attempt *a);
struct person_id attempt_person(const struct attempt *a);
struct sitting_id attempt_sitting(const struct attempt *a); /* 0: practice */
const struct form *attempt_form(const struct attempt *a);
const struct form_draw *attempt_draw(const struct attempt *a);
const struct digest *attempt_plain_hash(const struct attempt *a, uint32_t part);
enum attempt_state attempt_state(const struct attempt *a);
bool attempt_is_open(const struct attempt *a);	   /* not submitted, expired, closed or voided */
unsigned attempt_stopped(const struct attempt *a); /* 0 once it is not open */
bool attempt_clock_runs(const struct attempt *a);
bool attempt_is_on_break(const struct attempt *a); /* the clock may run during one */
uint32_t attempt_part(const struct attempt *a);
bool attempt_part_was_open(const struct attempt *a, uint32_t part); /* its key may be given */
struct millis attempt_budget(const struct attempt *a, uint32_t part);
struct millis attempt_used(const struct attempt *a, uint32_t part, struct service_ms now);
/* Of the part under way, never negative; before the start: the whole budget; not open: 0. */
struct millis attempt_remaining(const struct attempt *a, struct service_ms now);
struct seat_no attempt_seat(const struct attempt *a);
/* 16 bytes; who holds the seat; zeros, which no client has: it is free, and the first client to
 * come gets it. */
const uint8_t *attempt_client_id(const struct attempt *a);
bool attempt_seat_is_free(const struct attempt *a);
const uint8_t *attempt_waiting_client(const struct attempt *a); /* who wants it; NULL: nobody */
bool attempt_client_is_here(const struct attempt *a);
/* What staff decide on: the number of its last record that is not an answer, put or kept, or a
 * reported event.  So a candidate who goes on answering never makes a command "changed meanwhile".
 */
uint64_t attempt_version(const struct attempt *a);
uint64_t attempt_records(const struct attempt *a); /* how many it has */
const struct digest *attempt_chain(const struct attempt *a);
const struct attempt_answer *attempt_answer(const struct attempt *a, struct item_no item);
uint32_t attempt_answered(const struct attempt *a); /* items with an option or a code */
uint32_t attempt_kept(const struct attempt *a);	    /* answers kept for the proctor */
bool attempt_last_saved(const struct attempt *a, struct service_ms *at);
bool attempt_is_tutored(const struct attempt *a);
/* How often its client lost the focus, as it reported, and when it last did; .v 0: never. */
uint32_t attempt_focus_lost(const struct attempt *a, struct wall_ms *last);
/* Lost, and since then nobody has reported it back, put an answer, taken the seat or been stopped
 * by a person: what a client says of itself may not come, and these show that somebody is there. */
bool attempt_is_off_page(const struct attempt *a);
/* The only item open in a linear part: the first without an answer; past the last of the part when
 * all have one.  An answer with an option or a code moves on; a flag or a strike-out does not. */
uint32_t attempt_linear_item(const struct attempt *a);
bool attempt_part_is_linear(const struct attempt *a, uint32_t part); /* a drill is not */
uint32_t attempt_first_item(const struct attempt *a, uint32_t part);
uint32_t attempt_extra_percent(const struct attempt *a);
struct wall_ms attempt_started_wall(const struct attempt *a); /* 0: not yet */
struct wall_ms attempt_closed_wall(const struct attempt *a);
/* NULL until closed, and again after a reopening.  Points into the attempt. */
const Examd__Record__AttemptClosed *attempt_closing(const struct attempt *a);
bool attempt_result_is_released(const struct attempt *a, struct wall_ms now);
bool attempt_review_is_released(const struct attempt *a, struct wall_ms now);

#endif
