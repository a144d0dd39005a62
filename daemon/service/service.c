#include "daemon/service/service.h"

#include "daemon/service/push.h"
#include "daemon/service/texts.h"

struct service_ms service_now(const struct core *core)
{
	return clock_now(&core->clock);
}

struct wall_ms service_wall(const struct core *core)
{
	return clock_wall(&core->clock);
}

struct event service_event(const struct core *core, enum event_kind kind)
{
	return (struct event){
	    .kind = kind,
	    .now = service_now(core),
	    .wall = service_wall(core),
	};
}

void service_put(struct core *core, const struct store_change *change)
{
	store_put(core->store, change);
}

enum err service_decide_and_apply(struct core *core, const struct event *ev)
{
	struct decision *d = &core->decision;
	enum err err = engine_decide(core->engine, ev, d);

	texts_settle(core, d->nrecords > 0);
	for (size_t i = 0; i < d->nrecords; i++) {
		engine_apply(core->engine, &d->records[i]);
		store_append(core->store, &d->records[i]);
	}
	push_effects(core);
	return err;
}

void core_end(struct core *core, int status)
{
	if (core->status < 0)
		core->status = status;
	loop_stop(core->loop);
}
