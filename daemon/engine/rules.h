/* What each event means: one function an event.  The row of engine.c has checked that the attempt
 * or sitting is there and that the command is new; the others are NULL where they do not matter. */
#ifndef DAEMON_ENGINE_RULES_H
#define DAEMON_ENGINE_RULES_H

#include "daemon/engine/decision.h"

typedef enum err decide_fn(struct deciding *b, const struct attempt *a);

/* answers.c */
decide_fn decide_answer;
/* opening.c */
decide_fn decide_create, decide_check_in, decide_practice_start, decide_form_confirmed;
/* progress.c */
decide_fn decide_leave_part, decide_submit, decide_break, decide_back_from_break, decide_reported;
/* seats.c */
decide_fn decide_client_came, decide_client_left, decide_practice_resume;
/* ticks.c */
decide_fn decide_restarted, decide_tick;
/* room.c, release.c, accommodation.c */
decide_fn decide_room, decide_release, decide_accommodate;

/* ---- Steps that several rules share ------------------------------------------------------- */

/* starting.c: may the first part of this attempt begin now?  S: its sitting.
 *
 * ERR_NOT_READY  the form is not confirmed, or its client is not here
 * ERR_OUT_OF_TURN  it has begun;  ERR_PAUSED  something stops it
 * ERR_NOT_OPEN  outside the window, or the room has ended */
MUST_USE enum err starting_may(const struct deciding *b, const struct sitting *s,
			       const struct attempt *a);
/* The window alone. */
MUST_USE enum err starting_window(const struct deciding *b, const struct sitting *s);
void starting_go(struct deciding *b, const struct sitting *s, const struct attempt *a);
/* An attempt that is ready, whose client is here, and whose clock STOPPED will stop (as both will
 * be after this decision): it starts by itself if it is practice, or if its sitting has started and
 * the exam lets late comers start on ready. */
void starting_late(struct deciding *b, const struct attempt *a, unsigned stopped);

/* Stops or frees the clock for these reasons. */
void clock_stop(struct deciding *b, const struct attempt *a, unsigned why);
void clock_free(struct deciding *b, const struct attempt *a, unsigned why);

/* closing.c: the attempt ends in that state, with score and receipt. */
void closing_close(struct deciding *b, const struct attempt *a, enum attempt_state state);
/* The part under way ends; the next one starts, or the attempt ends in that state. */
void closing_end_part(struct deciding *b, const struct attempt *a, enum attempt_state state);

/* seats.c: is it an id that a client can have, not NULL and not zeros? */
bool is_a_client(const uint8_t *client);
/* The proctor decides. */
void seats_release(struct deciding *b, const struct attempt *a);
void seats_refuse(struct deciding *b, const struct attempt *a);

#endif
