#include "daemon/engine/timing.h"

#include "daemon/engine/engine.h"

bool timing_runs(const struct timing *t)
{
	return t->on && t->stopped == 0;
}

struct millis timing_used(const struct timing *t, uint32_t part, struct service_ms now)
{
	const struct part_time *p = &t->parts[part];
	int64_t used = p->used.v;

	if (part == t->part && timing_runs(t) && now.v > t->since.v)
		used += now.v - t->since.v;
	return (struct millis){used < p->budget.v ? used : p->budget.v};
}

struct millis timing_remaining(const struct timing *t, struct service_ms now)
{
	return (struct millis){t->parts[t->part].budget.v - timing_used(t, t->part, now).v};
}

struct service_ms timing_deadline(const struct timing *t)
{
	return service_add(t->since, timing_remaining(t, t->since));
}

bool timing_is_over(const struct timing *t, struct service_ms now)
{
	return timing_runs(t) && now.v >= service_add(timing_deadline(t), GRACE).v;
}

void timing_bank(struct timing *t, struct service_ms now)
{
	struct service_ms deadline;

	if (!timing_runs(t) || now.v <= t->since.v)
		return;
	deadline = timing_deadline(t);
	t->parts[t->part].used = timing_used(t, t->part, now);
	t->since = now.v < deadline.v ? now : deadline;
}

void timing_rebase(struct timing *t, struct service_ms now)
{
	if (timing_runs(t) && timing_remaining(t, t->since).v > 0)
		t->since = now;
}

struct millis timing_budget(struct millis base, uint32_t extra_percent)
{
	int64_t hundredths = base.v * (100 + (int64_t)extra_percent);

	return (struct millis){(hundredths + 99999) / 100000 * 1000};
}
