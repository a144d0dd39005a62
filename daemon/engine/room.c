/* Commands of staff: to a room, or to attempts by name.  One table says what each needs. */
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/rules.h"

struct verb {
	bool reason;	  /* one must be given */
	bool room, named; /* what it can be said to */
	bool one;	  /* to one attempt only */
	bool minutes;	  /* other than 0 */
	enum err (*fits_room)(const struct deciding *b, const struct sitting *s);
	void (*do_room)(struct deciding *b, const struct sitting *s);
	/* ERR_OK: it concerns this attempt.  S: its sitting; NULL: practice. */
	enum err (*fits)(const struct deciding *b, const struct sitting *s,
			 const struct attempt *a);
	void (*act)(struct deciding *b, const struct sitting *s, const struct attempt *a);
};

static enum err out_of_turn_unless(bool fits)
{
	return fits ? ERR_OK : ERR_OUT_OF_TURN;
}

static struct millis minutes_of(const struct deciding *b)
{
	return b->ev->u.room.minutes;
}

/* ---- Open, admit, start ------------------------------------------------------------------ */

static enum err room_fits_open(const struct deciding *b, const struct sitting *s)
{
	(void)b;
	return out_of_turn_unless(s->state == SITTING_CREATED);
}

static void room_open(struct deciding *b, const struct sitting *s)
{
	Examd__Record__SittingOpened *m = fact_new(b, RECORD_SITTING_OPENED);

	m->by = b->by;
	fact_sitting(b, s->id, RECORD_SITTING_OPENED, m);
}

static bool is_under_way(const struct sitting *s)
{
	return s->state == SITTING_OPEN || s->state == SITTING_STARTED;
}

static enum err room_fits_admit(const struct deciding *b, const struct sitting *s)
{
	(void)b;
	return out_of_turn_unless(is_under_way(s) && !s->admitting);
}

static void room_admit(struct deciding *b, const struct sitting *s)
{
	Examd__Record__SittingAdmitted *m = fact_new(b, RECORD_SITTING_ADMITTED);

	m->by = b->by;
	fact_sitting(b, s->id, RECORD_SITTING_ADMITTED, m);
}

static enum err fits_admit(const struct deciding *b, const struct sitting *s,
			   const struct attempt *a)
{
	(void)b;
	(void)s;
	return out_of_turn_unless(a->state == ATTEMPT_CHECKED_IN);
}

static void act_admit(struct deciding *b, const struct sitting *s, const struct attempt *a)
{
	Examd__Record__AttemptAdmitted *m = fact_new(b, RECORD_ATTEMPT_ADMITTED);

	(void)s;
	m->by = b->by;
	fact_attempt(b, a->id, RECORD_ATTEMPT_ADMITTED, m);
	tell_holder(b, a, TELL_ADMITTED);
	tell_row(b, a);
}

static enum err room_fits_start(const struct deciding *b, const struct sitting *s)
{
	return s->state == SITTING_OPEN ? starting_window(b, s) : ERR_OUT_OF_TURN;
}

static void room_start(struct deciding *b, const struct sitting *s)
{
	Examd__Record__SittingStarted *m = fact_new(b, RECORD_SITTING_STARTED);

	m->by = b->by;
	fact_sitting(b, s->id, RECORD_SITTING_STARTED, m);
}

/* ---- Pause, resume ----------------------------------------------------------------------- */

static enum err room_fits_pause(const struct deciding *b, const struct sitting *s)
{
	(void)b;
	return out_of_turn_unless(s->state == SITTING_STARTED && !s->paused);
}

static void room_pause(struct deciding *b, const struct sitting *s)
{
	Examd__Record__SittingPaused *m = fact_new(b, RECORD_SITTING_PAUSED);

	m->by = b->by;
	fact_sitting(b, s->id, RECORD_SITTING_PAUSED, m);
}

/* In its last two seconds an attempt is left to end. */
static bool has_time(const struct deciding *b, const struct attempt *a)
{
	return !timing_runs(&a->timing) || timing_remaining(&a->timing, b->ev->now).v > 0;
}

static enum err fits_pause(const struct deciding *b, const struct sitting *s,
			   const struct attempt *a)
{
	(void)s;
	if (!has_time(b, a))
		return ERR_TOO_LATE;
	if (b->room)
		return out_of_turn_unless(attempt_is_open(a) &&
					  (a->timing.stopped & STOP_SITTING) == 0);
	return out_of_turn_unless(a->state == ATTEMPT_RUNNING &&
				  (a->timing.stopped & STOP_ATTEMPT) == 0);
}

static void act_pause(struct deciding *b, const struct sitting *s, const struct attempt *a)
{
	(void)s;
	clock_stop(b, a, b->room ? STOP_SITTING : STOP_ATTEMPT);
	tell_holder(b, a, TELL_PAUSED);
}

static enum err room_fits_resume(const struct deciding *b, const struct sitting *s)
{
	(void)b;
	return out_of_turn_unless(s->paused);
}

static void room_resume(struct deciding *b, const struct sitting *s)
{
	Examd__Record__SittingResumed *m = fact_new(b, RECORD_SITTING_RESUMED);

	m->by = b->by;
	fact_sitting(b, s->id, RECORD_SITTING_RESUMED, m);
}

static unsigned resumes(const struct deciding *b)
{
	return b->room ? STOP_SITTING : STOP_SITTING | STOP_ATTEMPT | STOP_PARKED;
}

static enum err fits_resume(const struct deciding *b, const struct sitting *s,
			    const struct attempt *a)
{
	(void)s;
	return out_of_turn_unless((a->timing.stopped & resumes(b)) != 0);
}

static void act_resume(struct deciding *b, const struct sitting *s, const struct attempt *a)
{
	(void)s;
	clock_free(b, a, resumes(b));
	tell_holder(b, a, TELL_RESUMED);
	if (a->state == ATTEMPT_READY && a->here)
		starting_late(b, a, a->timing.stopped & ~resumes(b));
}

/* ---- Minutes, messages ------------------------------------------------------------------- */

static enum err fits_open(const struct deciding *b, const struct sitting *s,
			  const struct attempt *a)
{
	(void)b;
	(void)s;
	return out_of_turn_unless(attempt_is_open(a));
}

static enum err room_fits_minutes(const struct deciding *b, const struct sitting *s)
{
	(void)b;
	return out_of_turn_unless(is_under_way(s));
}

static void room_minutes(struct deciding *b, const struct sitting *s)
{
	Examd__Record__SittingMinutes *m = fact_new(b, RECORD_SITTING_MINUTES);

	m->by = b->by;
	m->added = minutes_of(b).v;
	fact_sitting(b, s->id, RECORD_SITTING_MINUTES, m);
}

static void act_minutes(struct deciding *b, const struct sitting *s, const struct attempt *a)
{
	Examd__Record__MinutesAdded *m = fact_new(b, RECORD_MINUTES_ADDED);
	int64_t remaining = timing_remaining(&a->timing, b->ev->now).v;

	(void)s;
	m->by = b->by;
	m->part = a->timing.part;
	m->added = minutes_of(b).v > -remaining ? minutes_of(b).v : -remaining;
	fact_attempt(b, a->id, RECORD_MINUTES_ADDED, m);
	tell_holder(b, a, TELL_MINUTES_ADDED)->added.v = m->added;
	tell_row(b, a);
}

static enum err room_fits_message(const struct deciding *b, const struct sitting *s)
{
	(void)s;
	return b->ev->u.room.text_row != 0 ? ERR_OK : ERR_INVALID;
}

/* One record of the sitting, also for a message to a few: it moves no attempt. */
static void room_message(struct deciding *b, const struct sitting *s)
{
	Examd__Record__SittingMessage *m = fact_new(b, RECORD_SITTING_MESSAGE);
	size_t n = b->room ? 0 : b->ev->u.room.nattempts, i;

	m->by = b->by;
	m->text = fact_bytes(b, b->ev->u.room.text.b, sizeof b->ev->u.room.text.b);
	m->text_row = b->ev->u.room.text_row;
	m->n_attempts = n;
	m->attempts = arena_new(&b->d->arena, n * sizeof *m->attempts);
	for (i = 0; i < n; i++)
		m->attempts[i] = b->ev->u.room.attempts[i].v;
	fact_sitting(b, s->id, RECORD_SITTING_MESSAGE, m);
}

static enum err fits_message(const struct deciding *b, const struct sitting *s,
			     const struct attempt *a)
{
	if (s == NULL || b->ev->u.room.text_row == 0)
		return ERR_INVALID;
	return out_of_turn_unless(attempt_is_open(a));
}

static void act_message(struct deciding *b, const struct sitting *s, const struct attempt *a)
{
	(void)s;
	tell_holder(b, a, TELL_MESSAGE)->text_row = b->ev->u.room.text_row;
}

/* ---- Seats ------------------------------------------------------------------------------- */

static void act_release_seat(struct deciding *b, const struct sitting *s, const struct attempt *a)
{
	(void)s;
	seats_release(b, a);
}

static enum err fits_refuse_seat(const struct deciding *b, const struct sitting *s,
				 const struct attempt *a)
{
	(void)b;
	(void)s;
	return out_of_turn_unless(a->waited);
}

static void act_refuse_seat(struct deciding *b, const struct sitting *s, const struct attempt *a)
{
	(void)s;
	seats_refuse(b, a);
}

/* ---- The end, and after it --------------------------------------------------------------- */

static enum err room_fits_close(const struct deciding *b, const struct sitting *s)
{
	(void)b;
	return out_of_turn_unless(s->state != SITTING_CLOSED);
}

static void room_close(struct deciding *b, const struct sitting *s)
{
	Examd__Record__SittingClosed *m = fact_new(b, RECORD_SITTING_CLOSED);

	m->by = b->by;
	fact_sitting(b, s->id, RECORD_SITTING_CLOSED, m);
}

static void act_close(struct deciding *b, const struct sitting *s, const struct attempt *a)
{
	(void)s;
	closing_close(b, a, ATTEMPT_CLOSED);
}

static enum err fits_reopen(const struct deciding *b, const struct sitting *s,
			    const struct attempt *a)
{
	(void)s;
	if (minutes_of(b).v <= 0)
		return ERR_INVALID;
	return out_of_turn_unless(attempt_may_move(a->state, ATTEMPT_RUNNING) &&
				  !attempt_is_open(a));
}

/* What was left is not carried over: the attempt goes on with the minutes that are given. */
static void act_reopen(struct deciding *b, const struct sitting *s, const struct attempt *a)
{
	Examd__Record__AttemptReopened *m = fact_new(b, RECORD_ATTEMPT_REOPENED);
	Examd__Record__ClockStopped *stop = fact_new(b, RECORD_CLOCK_STOPPED);
	const struct part_time *time = &a->timing.parts[a->timing.part];

	m->by = b->by;
	m->part = a->timing.part;
	m->added = time->used.v + minutes_of(b).v - time->budget.v;
	m->seat = a->seat.v + 1;
	fact_attempt(b, a->id, RECORD_ATTEMPT_REOPENED, m);
	stop->by = b->by;
	stop->why = STOP_NOT_STARTED | (s != NULL && s->paused ? STOP_SITTING : 0);
	fact_attempt(b, a->id, RECORD_CLOCK_STOPPED, stop);
	tell_holder(b, a, TELL_REOPENED)->added = minutes_of(b);
	tell_row(b, a);
}

static enum err fits_void(const struct deciding *b, const struct sitting *s,
			  const struct attempt *a)
{
	(void)b;
	(void)s;
	return out_of_turn_unless(attempt_may_move(a->state, ATTEMPT_VOIDED));
}

static void act_void(struct deciding *b, const struct sitting *s, const struct attempt *a)
{
	Examd__Record__AttemptVoided *m = fact_new(b, RECORD_ATTEMPT_VOIDED);

	(void)s;
	m->by = b->by;
	fact_attempt(b, a->id, RECORD_ATTEMPT_VOIDED, m);
	tell_holder(b, a, TELL_VOIDED);
	tell_waiting(b, a, TELL_SEAT_GRANTED);
	tell_closed(b, a);
	tell_row(b, a);
}

/* ---- The table --------------------------------------------------------------------------- */

static const struct verb verbs[VERB_NVERBS] = {
    [VERB_OPEN] = {.room = true, .fits_room = room_fits_open, .do_room = room_open},
    [VERB_ADMIT] = {.room = true,
		    .named = true,
		    .fits_room = room_fits_admit,
		    .do_room = room_admit,
		    .fits = fits_admit,
		    .act = act_admit},
    [VERB_START] = {.room = true,
		    .named = true,
		    .fits_room = room_fits_start,
		    .do_room = room_start,
		    .fits = starting_may,
		    .act = starting_go},
    [VERB_PAUSE] = {.room = true,
		    .named = true,
		    .fits_room = room_fits_pause,
		    .do_room = room_pause,
		    .fits = fits_pause,
		    .act = act_pause},
    [VERB_RESUME] = {.room = true,
		     .named = true,
		     .fits_room = room_fits_resume,
		     .do_room = room_resume,
		     .fits = fits_resume,
		     .act = act_resume},
    [VERB_ADD_MINUTES] = {.room = true,
			  .named = true,
			  .reason = true,
			  .minutes = true,
			  .fits_room = room_fits_minutes,
			  .do_room = room_minutes,
			  .fits = fits_open,
			  .act = act_minutes},
    [VERB_MESSAGE] = {.room = true,
		      .named = true,
		      .fits_room = room_fits_message,
		      .do_room = room_message,
		      .fits = fits_message,
		      .act = act_message},
    [VERB_RELEASE_SEAT] = {.named = true, .one = true, .fits = fits_open, .act = act_release_seat},
    [VERB_REFUSE_SEAT] = {.named = true,
			  .one = true,
			  .fits = fits_refuse_seat,
			  .act = act_refuse_seat},
    [VERB_CLOSE] = {.room = true,
		    .named = true,
		    .fits_room = room_fits_close,
		    .do_room = room_close,
		    .fits = fits_open,
		    .act = act_close},
    [VERB_REOPEN] = {.named = true,
		     .one = true,
		     .reason = true,
		     .minutes = true,
		     .fits = fits_reopen,
		     .act = act_reopen},
    [VERB_VOID] = {.named = true, .one = true, .reason = true, .fits = fits_void, .act = act_void},
};

static enum err check_form(const struct deciding *b, const struct verb *v)
{
	int64_t most = MINUTES(MINUTES_MOST).v, minutes = minutes_of(b).v;
	size_t n = b->ev->u.room.nattempts;

	if (b->room ? !v->room : !v->named || n == 0 || (v->one && n != 1))
		return ERR_INVALID;
	if (v->reason && b->ev->by.reason_row == 0)
		return ERR_INVALID;
	if (v->minutes && (minutes == 0 || minutes > most || minutes < -most))
		return ERR_INVALID;
	return ERR_OK;
}

/* ---- To the room ------------------------------------------------------------------------- */

static void act_on_all(struct deciding *b, const struct verb *v, const struct sitting *s)
{
	const struct attempt *a;
	size_t i;

	for (i = 0; v->act != NULL && i < s->nattempts; i++) {
		a = engine_find_attempt(b->e, s->attempts[i]);
		if (a != NULL && v->fits(b, s, a) == ERR_OK)
			v->act(b, s, a);
	}
}

static enum err to_room(struct deciding *b, const struct verb *v, const struct sitting *s)
{
	enum err err;

	if (s == NULL)
		return ERR_INVALID;
	if ((err = check_version(b, &s->change)) != ERR_OK || (err = v->fits_room(b, s)) != ERR_OK)
		return err;
	v->do_room(b, s);
	act_on_all(b, v, s);
	tell_room(b, s);
	return ERR_OK;
}

/* ---- To attempts by name ----------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
	int64_t x = (*(const struct attempt *const *)a)->id.v;
	int64_t y = (*(const struct attempt *const *)b)->id.v;

	return (x > y) - (x < y);
}

/* ERR_NOT_FOUND  one is not there, or is not of this sitting;  ERR_INVALID  one is named twice */
static enum err find_named(struct deciding *b, const struct attempt **named)
{
	size_t n = b->ev->u.room.nattempts, i;

	for (i = 0; i < n; i++) {
		named[i] = engine_find_attempt(b->e, b->ev->u.room.attempts[i]);
		if (named[i] == NULL || named[i]->sitting.v != b->ev->sitting.v)
			return ERR_NOT_FOUND;
	}
	qsort(named, n, sizeof *named, by_id);
	for (i = 1; i < n; i++)
		if (named[i] == named[i - 1])
			return ERR_INVALID;
	return ERR_OK;
}

/* ERR_NOT_FOUND  the command is new to all of them */
static enum err seen_by_any(const struct deciding *b, const struct attempt **named)
{
	enum err err = ERR_NOT_FOUND;
	size_t i;

	for (i = 0; i < b->ev->u.room.nattempts && err == ERR_NOT_FOUND; i++)
		err = seen_find(&named[i]->seen, &b->ev->by.command, &b->ev->by.content);
	return err;
}

static enum err check_named(struct deciding *b, const struct verb *v, const struct sitting *s,
			    const struct attempt **named)
{
	size_t n = b->ev->u.room.nattempts, i;
	enum err err = ERR_OK;

	if (n == 1)
		err = check_version(b, &named[0]->change);
	else if (s != NULL)
		err = check_version(b, &s->change);
	for (i = 0; i < n && err == ERR_OK; i++)
		err = v->fits(b, s, named[i]);
	return err;
}

static enum err to_named(struct deciding *b, const struct verb *v, const struct sitting *s)
{
	size_t n = b->ev->u.room.nattempts, i;
	const struct attempt **named = arena_new(&b->d->arena, n * sizeof(void *));
	enum err err;

	if ((err = find_named(b, named)) != ERR_OK)
		return err;
	if ((err = seen_by_any(b, named)) != ERR_NOT_FOUND) {
		b->d->repeated = err == ERR_OK;
		return err;
	}
	if ((err = check_named(b, v, s, named)) != ERR_OK)
		return err;
	if (v->act == act_message)
		room_message(b, s);
	for (i = 0; i < n; i++)
		v->act(b, s, named[i]);
	return ERR_OK;
}

enum err decide_room(struct deciding *b, const struct attempt *none)
{
	const struct sitting *s = engine_find_sitting(b->e, b->ev->sitting);
	enum room_verb verb = b->ev->u.room.verb;
	enum err err;

	(void)none;
	b->room = b->ev->u.room.attempts == NULL;
	if (verb < VERB_OPEN || verb >= VERB_NVERBS)
		return ERR_INVALID;
	if (b->ev->sitting.v != 0 && s == NULL)
		return ERR_NOT_FOUND;
	if (s != NULL &&
	    (err = seen_find(&s->seen, &b->ev->by.command, &b->ev->by.content)) != ERR_NOT_FOUND) {
		b->d->repeated = err == ERR_OK;
		return err;
	}
	if ((err = check_form(b, &verbs[verb])) != ERR_OK)
		return err;
	return b->room ? to_room(b, &verbs[verb], s) : to_named(b, &verbs[verb], s);
}
