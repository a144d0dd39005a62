/* An accommodation changes while the attempt is open. */
#include "daemon/engine/rules.h"

static int64_t budget_with(const struct deciding *b, const struct attempt *a, uint32_t part)
{
	int64_t used = timing_used(&a->timing, part, b->ev->now).v, budget;

	if (part < a->timing.part)
		return a->timing.parts[part].budget.v;
	budget = timing_budget(a->bases[part], b->ev->u.extra_percent).v + a->added[part].v;
	return budget > used ? budget : used;
}

enum err decide_accommodate(struct deciding *b, const struct attempt *a)
{
	Examd__Record__AccommodationChanged *m;
	enum err err = check_version(b, &a->change);
	uint32_t i;

	if (err != ERR_OK)
		return err;
	if (!attempt_is_open(a))
		return ERR_OUT_OF_TURN;
	if (b->ev->u.extra_percent > EXTRA_PERCENT_MOST)
		return ERR_INVALID;
	m = fact_new(b, RECORD_ACCOMMODATION_CHANGED);
	m->by = b->by;
	m->extra_percent = b->ev->u.extra_percent;
	m->n_budgets = a->timing.nparts;
	m->budgets = arena_new(&b->d->arena, m->n_budgets * sizeof *m->budgets);
	for (i = 0; i < a->timing.nparts; i++)
		m->budgets[i] = budget_with(b, a, i);
	fact_attempt(b, a->id, RECORD_ACCOMMODATION_CHANGED, m);
	tell_holder(b, a, TELL_MINUTES_ADDED)->added.v =
	    m->budgets[a->timing.part] - a->timing.parts[a->timing.part].budget.v;
	tell_row(b, a);
	return ERR_OK;
}
