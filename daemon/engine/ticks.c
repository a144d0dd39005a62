/* What happens by itself: time is over, a client did not come back, the server was down. */
#include "daemon/engine/rules.h"

/* ---- Something is due -------------------------------------------------------------------- */

/* The client did not come back within the time that the server's failure gives it: from here on its
 * absence is a lost connection like any other. */
static void stand_no_longer(struct deciding *b, const struct attempt *a)
{
	if (!a->here && a->blueprint->lost == LOST_CLOCK_STOPS &&
	    (a->timing.stopped & STOP_LOST) == 0)
		clock_stop(b, a, STOP_LOST);
	clock_free(b, a, STOP_RESTART);
}

/* attempt_refresh() put it here for one of these. */
static void see_to(struct deciding *b, const struct attempt *a)
{
	if (timing_is_over(&a->timing, b->ev->now))
		closing_end_part(b, a, ATTEMPT_EXPIRED);
	else if ((a->timing.stopped & STOP_RESTART) != 0 &&
		 b->ev->now.v >= service_add(a->restarted, STAND_MOST).v)
		stand_no_longer(b, a);
	else
		clock_stop(b, a, STOP_PARKED);
}

enum err decide_tick(struct deciding *b, const struct attempt *none)
{
	struct attempt *due[TICK_MOST];
	size_t n, i;

	(void)none;
	n = due_collect(&b->e->due[DUE_SERVICE], b->ev->now.v, due, TICK_MOST);
	for (i = 0; i < n; i++)
		see_to(b, due[i]);
	n = due_collect(&b->e->due[DUE_WALL], b->ev->wall.v, due, TICK_MOST - n);
	for (i = 0; i < n; i++)
		closing_close(b, due[i], ATTEMPT_CLOSED);
	return ERR_OK;
}

/* ---- The server was down ----------------------------------------------------------------- */

static void pause_sitting(struct deciding *b, const struct sitting *s)
{
	Examd__Record__SittingPaused *m;

	if (s->state != SITTING_STARTED || s->paused)
		return;
	m = fact_new(b, RECORD_SITTING_PAUSED);
	m->by = b->by;
	m->outage = true;
	fact_sitting(b, s->id, RECORD_SITTING_PAUSED, m);
	tell_room(b, s);
}

/* Why an attempt stands after a long outage, until a person resumes it; 0: it does not. */
static unsigned stop_for_outage(const struct deciding *b, const struct attempt *a)
{
	const struct sitting *s = engine_find_sitting(b->e, a->sitting);

	if (s != NULL && s->state == SITTING_STARTED)
		return STOP_SITTING;
	if (a->state != ATTEMPT_RUNNING)
		return 0;
	return a->sitting.v == 0 ? STOP_PARKED : STOP_ATTEMPT; /* reopened after the room's close */
}

static void stop_after_outage(struct deciding *b, const struct attempt *a)
{
	unsigned why = attempt_is_open(a) ? stop_for_outage(b, a) : 0;

	if (why != 0 && (a->timing.stopped & why) == 0)
		clock_stop(b, a, why);
}

/* Also an attempt that stands for another reason: when that ends, its client may not be back. */
static void stand(struct deciding *b, const struct attempt *a)
{
	if (a->state == ATTEMPT_RUNNING && (a->timing.stopped & STOP_PARKED) == 0)
		clock_stop(b, a, STOP_RESTART);
}

enum err decide_restarted(struct deciding *b, const struct attempt *none)
{
	const struct engine *e = b->e;
	bool outage = b->ev->u.outage.v > OUTAGE_MOST.v;
	size_t i;

	(void)none;
	for (i = 0; outage && i < e->nsittings; i++)
		pause_sitting(b, e->sittings[i]);
	for (i = 0; i < e->nattempts; i++) {
		if (outage)
			stop_after_outage(b, e->attempts[i]);
		else
			stand(b, e->attempts[i]);
	}
	return ERR_OK;
}
