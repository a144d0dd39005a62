/* Results are released by hand, of a sitting or of one attempt. */
#include "daemon/engine/rules.h"

static enum err release_attempt(struct deciding *b, const struct attempt *a)
{
	Examd__Record__AttemptReleased *m;
	enum err err = check_version(b, &a->change);

	if (err != ERR_OK)
		return err;
	if (attempt_is_open(a))
		return ERR_OUT_OF_TURN;
	m = fact_new(b, RECORD_ATTEMPT_RELEASED);
	m->by = b->by;
	m->result = b->ev->u.release.result;
	m->review = b->ev->u.release.review;
	fact_attempt(b, a->id, RECORD_ATTEMPT_RELEASED, m);
	tell_holder(b, a, TELL_RELEASED);
	tell_row(b, a);
	return ERR_OK;
}

static enum err release_sitting(struct deciding *b, const struct sitting *s)
{
	Examd__Record__SittingReleased *m;
	const struct attempt *a;
	enum err err;
	size_t i;

	if (s == NULL)
		return ERR_NOT_FOUND;
	if ((err = seen_find(&s->seen, &b->ev->by.command, &b->ev->by.content)) != ERR_NOT_FOUND) {
		b->d->repeated = err == ERR_OK;
		return err;
	}
	if ((err = check_version(b, &s->change)) != ERR_OK)
		return err;
	m = fact_new(b, RECORD_SITTING_RELEASED);
	m->by = b->by;
	m->result = b->ev->u.release.result;
	m->review = b->ev->u.release.review;
	fact_sitting(b, s->id, RECORD_SITTING_RELEASED, m);
	tell_room(b, s);
	for (i = 0; i < s->nattempts; i++) {
		a = engine_find_attempt(b->e, s->attempts[i]);
		if (a != NULL && !attempt_is_open(a))
			tell_holder(b, a, TELL_RELEASED);
	}
	return ERR_OK;
}

/* The engine's row looked up the attempt when the event names one. */
enum err decide_release(struct deciding *b, const struct attempt *a)
{
	if (a != NULL)
		return release_attempt(b, a);
	return release_sitting(b, engine_find_sitting(b->e, b->ev->sitting));
}
