#include "daemon/service/recover.h"

#include <poll.h>
#include <stdlib.h>

#include "daemon/service/archive.h"
#include "daemon/service/commands.h"
#include "daemon/service/shelf.h"
#include "daemon/service/people.h"
#include "daemon/service/sessions.h"
#include "daemon/service/texts.h"
#include "proto/base/log.h"

struct recovery {
	struct store_visitor visitor;
	struct core *core;
	struct arena arena;
	struct service_ms highest;
	struct wall_ms last_wall;
	uint64_t records;
	enum err err; /* the first one */
};

static struct recovery *of(struct store_visitor *v)
{
	return container_of(v, struct recovery, visitor);
}

static void note(struct recovery *r, enum err err)
{
	if (r->err == ERR_OK)
		r->err = err;
}

static void see_clock(struct store_visitor *v, struct service_ms service, struct wall_ms wall)
{
	of(v)->highest = service;
	of(v)->last_wall = wall;
}

static void see_person(struct store_visitor *v, const struct store_person *p,
		       const struct store_password *pw)
{
	people_load(of(v)->core->people, p, pw);
}

static void see_session(struct store_visitor *v, const struct store_session *s)
{
	sessions_load(of(v)->core->sessions, s);
}

static void see_slip(struct store_visitor *v, const struct store_slip *s)
{
	sessions_load_slip(of(v)->core->sessions, s);
}

static void see_bank(struct store_visitor *v, const struct store_source *b)
{
	note(of(v), shelf_load_bank(of(v)->core, b));
}

static void see_exam(struct store_visitor *v, const struct store_source *b)
{
	note(of(v), shelf_load_exam(of(v)->core, b));
}

static void see_command(struct store_visitor *v, const struct store_command *c)
{
	/* Kept under other secrets than these (a database was restored without them): as if it had
	 * never been kept. */
	(void)!commands_load(of(v)->core, c);
}

static void see_record(struct store_visitor *v, const struct record *stored)
{
	struct recovery *r = of(v);
	struct record record = *stored;
	enum err err = record_decode(&record, &r->arena);

	if (err == ERR_OK && r->err == ERR_OK)
		engine_apply(r->core->engine, &record);
	note(r, err);
	if (record.at.v > r->highest.v)
		r->highest = record.at;
	r->records++;
	arena_reset(&r->arena);
}

static void see_highest(struct store_visitor *v, struct attempt_id a, struct sitting_id s,
			int64_t text_row)
{
	engine_reserve(of(v)->core->engine, a, s);
	texts_reserve(of(v)->core->texts, text_row);
}

/* ---- What stands beside the records -----------------------------------------------------------
 */

struct packed_attempt {
	struct sitting_id sitting;
	struct person_id person;
	struct attempt_id attempt;
};

/* Of each sitting its title, which stands among the texts, and its attempts that are packed: read
 * once, before anybody is served. */
struct beside {
	struct query query;
	struct core *core;
	struct sitting_id *sittings; /* owned, like all below */
	int64_t *rows;
	char **titles; /* NULL: none, or erased */
	size_t nsittings;
	struct packed_attempt *packed;
	size_t npacked, cap;
	bool done;
	enum err err;
};

static void see_result(void *arg, const struct store_result *row)
{
	struct beside *b = arg;

	if (b->npacked == b->cap) {
		b->cap = b->cap == 0 ? 64 : b->cap * 2;
		b->packed = mem_resize(b->packed, b->cap * sizeof(b->packed[0]));
	}
	b->packed[b->npacked++] = (struct packed_attempt){row->sitting, row->person, row->attempt};
}

static enum err read_title(struct reader *r, int64_t row, char **out)
{
	struct buf text = {0};
	uint8_t salt[16];
	enum err err = row != 0 ? reader_text(r, row, &text, salt) : ERR_NOT_FOUND;

	if (err == ERR_OK)
		*out = buf_detach_text(&text);
	buf_fini(&text);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* On the reader's thread. */
static void run_beside(struct query *q, struct reader *r)
{
	struct beside *b = container_of(q, struct beside, query);

	for (size_t i = 0; i < b->nsittings && b->err == ERR_OK; i++) {
		b->err = read_title(r, b->rows[i], &b->titles[i]);
		if (b->err == ERR_OK)
			b->err =
			    reader_results(r, b->sittings[i], (struct person_id){0}, see_result, b);
	}
}

static void done_beside(struct query *q)
{
	container_of(q, struct beside, query)->done = true;
}

static void list_sittings(struct beside *b)
{
	const struct engine *e = b->core->engine;
	const struct sitting *s = NULL;
	size_t n = 0;

	while ((s = engine_sitting_after(e, s)) != NULL)
		n++;
	b->sittings = mem_new_array(n, sizeof(b->sittings[0]));
	b->rows = mem_new_array(n, sizeof(b->rows[0]));
	b->titles = mem_new_array(n, sizeof(b->titles[0]));
	while ((s = engine_sitting_after(e, s)) != NULL) {
		b->sittings[b->nsittings] = sitting_id(s);
		b->rows[b->nsittings++] = sitting_title_row(s);
	}
}

static void wait_for(struct store *store, const bool *done)
{
	struct pollfd ready = {.fd = store_readers_fd(store), .events = POLLIN};

	while (!*done) {
		(void)poll(&ready, 1, -1); /* EINTR: look again */
		store_readers_settle(store);
	}
}

static void use_beside(struct beside *b)
{
	struct core *core = b->core;

	for (size_t i = 0; i < b->nsittings; i++) {
		if (b->titles[i] == NULL)
			continue;
		texts_remember(core->texts, b->rows[i], b->titles[i]);
		text_pin(core, b->rows[i]);
	}
	for (size_t i = 0; i < b->npacked; i++)
		if (engine_attempt(core->engine, b->packed[i].attempt) == NULL)
			engine_remember_attempt(core->engine, b->packed[i].sitting,
						b->packed[i].person, b->packed[i].attempt);
}

static enum err read_beside(struct core *core)
{
	struct beside b = {.query = {.run = run_beside, .done = done_beside}, .core = core};
	enum err err;

	list_sittings(&b);
	if ((err = store_query(core->store, &b.query)) == ERR_OK) {
		wait_for(core->store, &b.done);
		err = b.query.err != ERR_OK ? b.query.err : b.err;
	}
	if (err == ERR_OK)
		use_beside(&b);
	for (size_t i = 0; i < b.nsittings; i++)
		free(b.titles[i]);
	free(b.titles);
	free(b.rows);
	free(b.sittings);
	free(b.packed);
	return err;
}

/* ---- The start ------------------------------------------------------------------------------- */

static void tell_engine(struct core *core)
{
	struct event ev = service_event(core, EVENT_RESTARTED);

	ev.u.outage = clock_outage(&core->clock);
	if (ev.u.outage.v > OUTAGE_MOST.v)
		log_event(LOG_OUTAGE, F_INT("seconds", ev.u.outage.v / 1000));
	(void)!service_decide_and_apply(core, &ev); /* nothing ran: nothing to stop */
}

enum err recover(struct core *core, const struct time_source *time)
{
	struct recovery r = {
	    .visitor = {see_clock, see_person, see_session, see_slip, see_bank, see_exam,
			see_command, see_record, see_highest},
	    .core = core,
	};
	struct mono_ms began = time->mono(time);
	enum err err = store_recover(core->store, &r.visitor);

	arena_fini(&r.arena);
	if (err == ERR_OK)
		err = r.err;
	if (err == ERR_OK)
		err = read_beside(core);
	if (err != ERR_OK)
		return err;
	clock_init(&core->clock, time, r.highest, r.last_wall);
	archive_recovered(core);
	tell_engine(core);
	clock_beat(&core->clock,
		   core->store); /* from here on an outage is counted from this start */
	log_event(LOG_RECOVERED, F_INT("records", r.records),
		  F_INT("people", people_count(core->people)),
		  F_INT("ms", time->mono(time).v - began.v));
	return ERR_OK;
}
