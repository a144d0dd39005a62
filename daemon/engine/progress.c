/* What a candidate does on the way, answers aside: parts, breaks, handing in. */
#include "daemon/engine/rules.h"

/* ERR_OUT_OF_TURN  not started;  ERR_TOO_LATE  closed, or its time and the grace are over */
static enum err check_under_way(const struct deciding *b, const struct attempt *a)
{
	if (!attempt_is_open(a) || timing_is_over(&a->timing, b->ev->now))
		return ERR_TOO_LATE;
	return a->state == ATTEMPT_RUNNING ? ERR_OK : ERR_OUT_OF_TURN;
}

enum err decide_submit(struct deciding *b, const struct attempt *a)
{
	enum err err = check_under_way(b, a);

	if (err == ERR_OK)
		closing_close(b, a, ATTEMPT_SUBMITTED);
	return err;
}

/* Not while the clock stands: the next part's key would be given for free. */
enum err decide_leave_part(struct deciding *b, const struct attempt *a)
{
	enum err err = check_under_way(b, a);

	if (err != ERR_OK)
		return err;
	if (b->ev->u.part < a->timing.part) {
		b->d->repeated = true;
		return ERR_OK;
	}
	if (b->ev->u.part > a->timing.part)
		return ERR_OUT_OF_TURN;
	if (a->timing.stopped != 0)
		return ERR_PAUSED;
	closing_end_part(b, a, ATTEMPT_SUBMITTED);
	return ERR_OK;
}

void clock_stop(struct deciding *b, const struct attempt *a, unsigned why)
{
	Examd__Record__ClockStopped *m = fact_new(b, RECORD_CLOCK_STOPPED);

	m->by = b->by;
	m->why = why;
	fact_attempt(b, a->id, RECORD_CLOCK_STOPPED, m);
	tell_row(b, a);
}

void clock_free(struct deciding *b, const struct attempt *a, unsigned why)
{
	Examd__Record__ClockFreed *m;

	if ((a->timing.stopped & why) == 0)
		return;
	m = fact_new(b, RECORD_CLOCK_FREED);
	m->by = b->by;
	m->why = a->timing.stopped & why;
	fact_attempt(b, a->id, RECORD_CLOCK_FREED, m);
	tell_row(b, a);
}

static void note_break(struct deciding *b, const struct attempt *a, bool back)
{
	Examd__Record__BreakTaken *m = fact_new(b, RECORD_BREAK_TAKEN);

	m->by = b->by;
	m->back = back;
	m->clock_stops = a->blueprint->breaks == BREAKS_CLOCK_STOPS;
	fact_attempt(b, a->id, RECORD_BREAK_TAKEN, m);
	tell_row(b, a);
}

enum err decide_break(struct deciding *b, const struct attempt *a)
{
	enum err err = check_under_way(b, a);

	if (err != ERR_OK)
		return err;
	if (a->blueprint->breaks == BREAKS_NONE)
		return ERR_NO_BREAKS;
	if (a->on_break)
		return ERR_OUT_OF_TURN;
	if (a->timing.stopped != 0)
		return ERR_PAUSED;
	if (timing_remaining(&a->timing, b->ev->now).v == 0)
		return ERR_TOO_LATE;
	if (a->reports >= REPORTS_MOST)
		return ERR_TOO_MANY;
	note_break(b, a, false);
	if (a->blueprint->breaks == BREAKS_CLOCK_STOPS)
		clock_stop(b, a, STOP_BREAK);
	return ERR_OK;
}

enum err decide_back_from_break(struct deciding *b, const struct attempt *a)
{
	enum err err = check_under_way(b, a);

	if (err != ERR_OK)
		return err;
	if (!a->on_break)
		return ERR_OUT_OF_TURN;
	note_break(b, a, true);
	clock_free(b, a, STOP_BREAK);
	return ERR_OK;
}

enum err decide_reported(struct deciding *b, const struct attempt *a)
{
	Examd__Record__EventReported *m;
	enum err err = check_under_way(b, a);

	if (err != ERR_OK)
		return err;
	if (b->ev->u.reported == 0)
		return ERR_INVALID;
	if (a->reports >= REPORTS_MOST)
		return ERR_TOO_MANY;
	m = fact_new(b, RECORD_EVENT_REPORTED);
	m->by = b->by;
	m->kind = b->ev->u.reported;
	fact_attempt(b, a->id, RECORD_EVENT_REPORTED, m);
	tell_row(b, a);
	return ERR_OK;
}
