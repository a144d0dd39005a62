#include "daemon/service/clock.h"

static struct mono_ms machine_mono(const struct time_source *source)
{
	(void)source;
	return mono_now();
}

static struct wall_ms machine_wall(const struct time_source *source)
{
	(void)source;
	return wall_now();
}

const struct time_source time_of_the_machine = {machine_mono, machine_wall};

void clock_init(struct service_clock *c, const struct time_source *time, struct service_ms highest,
		struct wall_ms last_wall)
{
	*c = (struct service_clock){.time = time, .last_wall = last_wall};
	c->base = (struct heartbeat){highest, time->mono(time)};
}

struct mono_ms clock_mono(const struct service_clock *c)
{
	return c->time->mono(c->time);
}

struct wall_ms clock_wall(const struct service_clock *c)
{
	return c->time->wall(c->time);
}

struct service_ms clock_now(const struct service_clock *c)
{
	int64_t run = clock_mono(c).v - c->base.taken.v;

	if (run < 0)
		run = 0;
	if (run > CLOCK_RUN_ON.v)
		run = CLOCK_RUN_ON.v;
	return service_add(c->base.service, (struct millis){run});
}

bool clock_beat_is_due(const struct service_clock *c, bool running)
{
	struct millis every = running ? HEARTBEAT : IDLE_BEAT;

	if (c->queued_seq.v != 0)
		return false;
	return clock_mono(c).v - c->base.taken.v >= every.v;
}

void clock_beat(struct service_clock *c, struct store *store)
{
	struct store_change change = {.kind = CHANGE_CLOCK};

	c->queued = (struct heartbeat){clock_now(c), clock_mono(c)};
	change.u.clock.service = c->queued.service;
	change.u.clock.wall = clock_wall(c);
	c->queued_seq = store_put(store, &change);
}

void clock_committed(struct service_clock *c, struct store_seq upto)
{
	if (c->queued_seq.v == 0 || c->queued_seq.v > upto.v)
		return;
	c->base = c->queued;
	c->queued_seq.v = 0;
}

struct millis clock_outage(const struct service_clock *c)
{
	int64_t down = clock_wall(c).v - c->last_wall.v;

	return (struct millis){c->last_wall.v > 0 && down > 0 ? down : 0};
}
