#include "daemon/service/dormant.h"

#include <stdlib.h>

#include "daemon/service/archive.h"
#include "proto/base/log.h"

/* One look: a query for the old ones, then each is loaded and ticked, one after the other. */
struct look {
	struct query query;
	struct archive_load load;
	struct core *core;
	struct wall_ms before; /* began before this */
	struct attempt_id attempts[DORMANT_MOST];
	size_t length, at;
	enum err err;
};

static bool is_open_row(const struct store_result *row)
{
	return row->state != 0 && row->state <= ATTEMPT_RUNNING;
}

static void see_row(void *arg, const struct store_result *row)
{
	struct look *l = arg;

	if (is_open_row(row) && row->started.v < l->before.v && l->length < DORMANT_MOST)
		l->attempts[l->length++] = row->attempt;
}

static void run_look(struct query *q, struct reader *r)
{
	struct look *l = container_of(q, struct look, query);

	l->err = reader_results(r, (struct sitting_id){0}, (struct person_id){0}, see_row, l);
}

static void end_look(struct look *l, enum err err)
{
	if (err != ERR_OK)
		log_event(LOG_STORE_FAILED, F_TEXT("what", "practice"), F_ERR(err));
	l->core->dormant = NULL;
	free(l);
}

static void tick(struct core *core)
{
	struct event ev = service_event(core, EVENT_TICK);

	(void)!service_decide_and_apply(core, &ev); /* a tick is never refused */
}

static void load_next(struct look *l);

static void on_loaded(struct archive_load *load, enum err err)
{
	struct look *l = container_of(load, struct look, load);

	if (err == ERR_OK)
		tick(l->core);
	load_next(l);
}

static void load_next(struct look *l)
{
	enum err err = ERR_OK;

	while (l->at < l->length && engine_attempt(l->core->engine, l->attempts[l->at]) != NULL)
		l->at++; /* in memory: ticked with the others */
	if (l->at == l->length) {
		tick(l->core);
		end_look(l, ERR_OK);
		return;
	}
	l->load.done = on_loaded;
	if ((err = archive_load(l->core, &l->load, l->attempts[l->at++])) != ERR_OK)
		end_look(l, err);
}

static void done_look(struct query *q)
{
	struct look *l = container_of(q, struct look, query);

	if (q->err != ERR_OK || l->err != ERR_OK)
		end_look(l, q->err != ERR_OK ? q->err : l->err);
	else
		load_next(l);
}

void dormant_look(struct core *core)
{
	struct look *l;

	if (core->dormant != NULL)
		return;
	l = mem_new(sizeof(*l));
	l->query = (struct query){.run = run_look, .done = done_look};
	l->core = core;
	l->before.v = service_wall(core).v - PRACTICE_MOST.v;
	if (store_query(core->store, &l->query) != ERR_OK)
		free(l); /* busy: at the next turn */
	else
		core->dormant = l;
}
