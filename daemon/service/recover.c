#include "daemon/service/recover.h"

#include <poll.h>
#include <stdlib.h>

#include "daemon/service/archive.h"
#include "daemon/service/commands.h"
#include "daemon/service/content.h"
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
	note(of(v), content_load_bank(of(v)->core, b));
}

static void see_exam(struct store_visitor *v, const struct store_source *b)
{
	note(of(v), content_load_exam(of(v)->core, b));
}

static void see_command(struct store_visitor *v, const struct store_command *c)
{
	note(of(v), commands_load(of(v)->core, c));
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

/* ---- Titles
 * ------------------------------------------------------------------------------------------ */

/* The titles of sittings stand among the texts: read once, before anybody is served. */
struct titles {
	struct query query;
	struct core *core;
	int64_t *rows; /* owned */
	char **texts;  /* owned; NULL: erased */
	size_t n;
	bool done;
	enum err err;
};

static void run_titles(struct query *q, struct reader *r)
{
	struct titles *t = container_of(q, struct titles, query);

	for (size_t i = 0; i < t->n && t->err == ERR_OK; i++) {
		struct buf text = {0};
		uint8_t salt[16];
		enum err err = reader_text(r, t->rows[i], &text, salt);

		if (err == ERR_OK)
			t->texts[i] = buf_detach_text(&text);
		else if (err != ERR_NOT_FOUND)
			t->err = err;
		buf_fini(&text);
	}
}

static void done_titles(struct query *q)
{
	container_of(q, struct titles, query)->done = true;
}

static void list_titles(struct titles *t)
{
	const struct engine *e = t->core->engine;
	const struct sitting *s = NULL;
	size_t n = 0;

	while ((s = engine_sitting_after(e, s)) != NULL)
		n++;
	t->rows = mem_new_array(n, sizeof(t->rows[0]));
	t->texts = mem_new_array(n, sizeof(t->texts[0]));
	while ((s = engine_sitting_after(e, s)) != NULL)
		if (sitting_title_row(s) != 0)
			t->rows[t->n++] = sitting_title_row(s);
}

static void wait_for(struct store *store, const bool *done)
{
	struct pollfd ready = {.fd = store_readers_fd(store), .events = POLLIN};

	while (!*done) {
		(void)poll(&ready, 1, -1); /* EINTR: look again */
		store_readers_settle(store);
	}
}

static enum err read_titles(struct core *core)
{
	struct titles t = {.query = {.run = run_titles, .done = done_titles}, .core = core};
	enum err err;

	list_titles(&t);
	if ((err = store_query(core->store, &t.query)) == ERR_OK) {
		wait_for(core->store, &t.done);
		err = t.query.err != ERR_OK ? t.query.err : t.err;
	}
	for (size_t i = 0; i < t.n; i++) {
		if (t.texts[i] != NULL) {
			texts_remember(core->texts, t.rows[i], t.texts[i]);
			text_pin(core, t.rows[i]);
		}
		free(t.texts[i]);
	}
	free(t.texts);
	free(t.rows);
	return err;
}

/* ---- The start
 * ------------------------------------------------------------------------------------------ */

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
		err = read_titles(core);
	if (err != ERR_OK)
		return err;
	clock_init(&core->clock, time, r.highest, r.last_wall);
	archive_recovered(core);
	tell_engine(core);
	log_event(LOG_RECOVERED, F_INT("records", r.records),
		  F_INT("people", people_count(core->people)),
		  F_INT("ms", time->mono(time).v - began.v));
	return ERR_OK;
}
