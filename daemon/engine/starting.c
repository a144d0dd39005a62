/* The first part of an attempt begins. */
#include "daemon/engine/rules.h"

enum err starting_window(const struct deciding *b, const struct sitting *s)
{
	int64_t wall = b->ev->wall.v;

	if ((s->opens.v != 0 && wall < s->opens.v) || (s->closes.v != 0 && wall >= s->closes.v) ||
	    (s->room_ends.v != 0 && wall >= s->room_ends.v))
		return ERR_NOT_OPEN;
	return ERR_OK;
}

enum err starting_may(const struct deciding *b, const struct sitting *s, const struct attempt *a)
{
	if (s == NULL || (!b->room && s->state != SITTING_STARTED) || a->started ||
	    !attempt_is_open(a))
		return ERR_OUT_OF_TURN;
	if (a->state != ATTEMPT_READY || !a->here)
		return ERR_NOT_READY;
	if (a->timing.stopped != 0)
		return ERR_PAUSED;
	return starting_window(b, s);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* An exam that must end with its room has smaller budgets from the start on, and the wall clock is
 * not looked at again: so pauses, outages and minutes move its end like any other.  The room's end
 * cuts what the parts have before accommodation, in their order; the accommodation then comes on
 * top of what is left, and minutes given stay whole. */
static void cut_to_room(struct deciding *b, const struct sitting *s, const struct attempt *a,
			Examd__Record__AttemptStarted *m)
{
	size_t n = a->timing.nparts, i;
	int64_t left = s->room_ends.v - b->ev->wall.v, budget;

	m->budgets = arena_new(&b->d->arena, n * sizeof *m->budgets);
	m->bases = arena_new(&b->d->arena, n * sizeof *m->bases);
	m->n_budgets = m->n_bases = n;
	for (i = 0; i < n; i++) {
		m->bases[i] = least(a->bases[i].v, left);
		left -= m->bases[i];
		budget =
		    timing_budget((struct millis){m->bases[i]}, a->extra_percent).v + a->added[i].v;
		m->budgets[i] = budget > 0 ? budget : 0;
	}
	m->budget = m->budgets[0];
}

void starting_go(struct deciding *b, const struct sitting *s, const struct attempt *a)
{
	Examd__Record__AttemptStarted *m = fact_new(b, RECORD_ATTEMPT_STARTED);

	m->by = b->by;
	m->budget = a->timing.parts[0].budget.v;
	if (s != NULL && s->room_ends.v != 0)
		cut_to_room(b, s, a, m);
	fact_attempt(b, a->id, RECORD_ATTEMPT_STARTED, m);
	tell_holder(b, a, TELL_STARTED);
	tell_row(b, a);
}

void starting_late(struct deciding *b, const struct attempt *a, unsigned stopped)
{
	const struct sitting *s = engine_find_sitting(b->e, a->sitting);

	if (stopped != 0 || a->started)
		return;
	if (a->sitting.v != 0 &&
	    (s == NULL || s->state != SITTING_STARTED || a->blueprint->late != LATE_ON_READY ||
	     starting_window(b, s) != ERR_OK))
		return;
	starting_go(b, s, a);
}
