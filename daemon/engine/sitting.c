#include "daemon/engine/sitting.h"

#include "daemon/engine/state.h"

struct sitting_id sitting_id(const struct sitting *s)
{
	return s->id;
}

const struct blueprint *sitting_blueprint(const struct sitting *s)
{
	return s->blueprint;
}

const struct bank *sitting_bank(const struct sitting *s)
{
	return s->bank;
}

enum sitting_state sitting_state(const struct sitting *s)
{
	return s->state;
}

bool sitting_is_paused(const struct sitting *s)
{
	return s->paused;
}

bool sitting_is_admitting(const struct sitting *s)
{
	return s->admitting;
}

uint64_t sitting_version(const struct sitting *s)
{
	return s->end.n;
}

int64_t sitting_title_row(const struct sitting *s)
{
	return s->title_row;
}

size_t sitting_persons(const struct sitting *s, const struct person_id **persons_out)
{
	*persons_out = s->persons;
	return s->npersons;
}

bool sitting_has_person(const struct sitting *s, struct person_id p)
{
	return sitting_member(s, p) != NULL;
}

void sitting_released(const struct sitting *s, bool *result, bool *review)
{
	*result = s->released_result;
	*review = s->released_review;
}

struct millis sitting_added(const struct sitting *s)
{
	return s->added;
}

void sitting_window(const struct sitting *s, struct wall_ms *opens, struct wall_ms *closes,
		    struct wall_ms *room_ends)
{
	*opens = s->opens;
	*closes = s->closes;
	*room_ends = s->room_ends;
}

size_t sitting_attempts(const struct sitting *s, const struct attempt_id **attempts_out)
{
	*attempts_out = s->attempts;
	return s->nattempts;
}
