/* Staff: results and transcripts as files.  Made on the readers' thread from a snapshot, then
 * offered as a download. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/report/report.h"
#include "daemon/report/transcript.h"
#include "daemon/service/files.h"
#include "daemon/service/people.h"
#include "daemon/service/result_rows.h"
#include "daemon/service/routes.h"

#define FILE_NAME_MOST 48

/* A file in the making: what exports and transcripts have in common. */
struct making {
	struct query query;
	struct core *core;
	struct ticket ticket;
	uint32_t download;
	char name[FILE_NAME_MOST];
	struct buf content;
	enum err err;
	void (*free)(struct making *m); /* whoever it is embedded in */
};

static void making_done(struct query *q)
{
	struct making *m = container_of(q, struct making, query);
	struct client *client = ticket_client(m->core, &m->ticket);
	wire_reply reply = EXAMD__V1__REPLY__INIT;
	struct arena arena = {0};
	Examd__V1__File file;
	enum err err = q->err != ERR_OK ? q->err : m->err;

	if (err == ERR_OK && client != NULL)
		err = file_offer(client, m->download, &m->content, m->name, &file, &arena);
	if (err == ERR_OK && client != NULL) {
		reply.body_case = EXAMD__V1__REPLY__BODY_FILE;
		reply.file = &file;
	}
	ticket_reply(m->core, &m->ticket, err, NULL, err == ERR_OK ? &reply : NULL);
	arena_fini(&arena);
	buf_fini(&m->content);
	m->free(m);
}

static enum err making_begin(struct request *rq, struct making *m, uint32_t download,
			     void (*run)(struct query *q, struct reader *r))
{
	enum err err;

	m->query = (struct query){.run = run, .done = making_done};
	m->core = rq->core;
	m->download = download;
	if (download < 1 || download > FILE_NUMBERS)
		err = ERR_INVALID;
	else
		err = store_query(rq->core->store, &m->query);
	if (err != ERR_OK)
		m->free(m);
	else
		m->ticket = request_defer(rq);
	return err;
}

/* ---- Results ------------------------------------------------------------------------------------
 */

static const struct format {
	const char *name;
	void (*write)(struct buf *out, const struct report_row *rows, size_t n);
} formats[] = {
    {"csv", report_csv},
    {"json", report_json},
};

struct named_person {
	struct person_id id;
	char *user, *name; /* in the rows' arena */
};

struct export
{
	struct making making;
	const struct format *format;
	struct sitting_id sitting;
	struct named_person *persons; /* owned: as they were called when it was asked for */
	size_t npersons;
	struct result_rows rows;
};

static void export_free(struct making *m)
{
	struct export *e = container_of(m, struct export, making);

	free(e->persons);
	result_rows_fini(&e->rows);
	free(e);
}

static const struct named_person *person_called(const struct export *e, struct person_id id)
{
	size_t i;

	for (i = 0; i < e->npersons; i++)
		if (e->persons[i].id.v == id.v)
			return &e->persons[i];
	return NULL;
}

static const char *state_name(uint32_t state)
{
	static const char *const names[] = {
	    [ATTEMPT_SUBMITTED] = "submitted",
	    [ATTEMPT_EXPIRED] = "expired",
	    [ATTEMPT_CLOSED] = "closed",
	    [ATTEMPT_VOIDED] = "voided",
	};

	return state < COUNT(names) && names[state] != NULL ? names[state] : "open";
}

static void put_score(struct report_row *out, const Examd__Record__Score *score,
		      struct arena *arena)
{
	struct report_section *sections = arena_new(arena, score->n_sections * sizeof *sections);
	size_t i;

	out->scored = true;
	out->points = score->points;
	out->most = score->points_most;
	out->scaled = score->scaled;
	out->passed = score->passed;
	for (i = 0; i < score->n_sections; i++)
		sections[i] =
		    (struct report_section){score->sections[i]->section, score->sections[i]->points,
					    score->sections[i]->points_most};
	out->sections = sections;
	out->nsections = score->n_sections;
	out->item_points = score->item_points;
	out->nitem_points = score->n_item_points;
}

static void put_row(struct export *e, const struct store_result *in, struct report_row *out)
{
	const struct named_person *p = person_called(e, in->person);
	const Examd__Record__AttemptClosed *closing = result_row_closing(in, &e->rows.arena);

	*out = (struct report_row){
	    .attempt = in->attempt,
	    .user = p == NULL ? NULL : p->user,
	    .name = p == NULL ? NULL : p->name,
	    .exam = in->exam,
	    .state = state_name(in->state),
	    .used = {in->used_ms},
	    .started = in->started,
	    .closed = in->closed,
	    .answered = in->answered,
	    .items = in->items,
	};
	if (closing != NULL && closing->score != NULL)
		put_score(out, closing->score, &e->rows.arena);
}

static void export_run(struct query *q, struct reader *r)
{
	struct making *m = container_of(q, struct making, query);
	struct export *e = container_of(m, struct export, making);
	struct report_row *rows;
	size_t i;

	m->err = result_rows_read(&e->rows, r, e->sitting, (struct attempt_id){0});
	if (m->err != ERR_OK)
		return;
	rows = mem_new_array(e->rows.length, sizeof *rows);
	for (i = 0; i < e->rows.length; i++)
		put_row(e, &e->rows.rows[i], &rows[i]);
	e->format->write(&m->content, rows, e->rows.length);
	free(rows);
}

/* Names are taken now, on the loop: the readers' thread does not see the roster. */
static void take_names(struct export *e, const struct core *core, const struct sitting *s)
{
	const struct person_id *ids;
	size_t i, n = sitting_persons(s, &ids);

	e->persons = mem_new_array(n, sizeof *e->persons);
	for (i = 0; i < n; i++) {
		const struct person *p = people_find(core->people, ids[i]);

		if (p == NULL)
			continue;
		e->persons[e->npersons++] =
		    (struct named_person){p->id, arena_copy_text(&e->rows.arena, p->user),
					  arena_copy_text(&e->rows.arena, p->name)};
	}
}

enum err on_export(struct request *rq)
{
	const Examd__V1__Export *m = rq->msg->export;
	const struct sitting *s = engine_sitting(rq->core->engine, (struct sitting_id){m->sitting});
	struct export *e;
	size_t i;

	for (i = 0; i < COUNT(formats) && strcmp(formats[i].name, m->format) != 0; i++)
		;
	if (s == NULL)
		return ERR_NOT_FOUND;
	if (i == COUNT(formats)) {
		rq->detail = "The formats are csv and json.";
		return ERR_INVALID;
	}
	e = mem_new(sizeof *e);
	e->making.free = export_free;
	e->format = &formats[i];
	e->sitting = sitting_id(s);
	snprintf(e->making.name, sizeof e->making.name, "sitting-%lld.%s", (long long)e->sitting.v,
		 formats[i].name);
	take_names(e, rq->core, s);
	return making_begin(rq, &e->making, m->download, export_run);
}

/* ---- Transcripts ----------------------------------------------------------------------------- */

struct transcript {
	struct making making;
	struct subject subject;
	size_t records;
};

static void transcript_free(struct making *m)
{
	free(container_of(m, struct transcript, making));
}

static void one_record(void *arg, const struct record *r)
{
	struct transcript *t = arg;

	t->records++;
	transcript_add(&t->making.content, r);
}

static void transcript_run(struct query *q, struct reader *r)
{
	struct making *m = container_of(q, struct making, query);
	struct transcript *t = container_of(m, struct transcript, making);

	transcript_begin(&m->content, m->core->secrets.sign_public);
	m->err = reader_records(r, t->subject, one_record, t);
	if (m->err == ERR_OK && t->records == 0)
		m->err = ERR_NOT_FOUND;
	if (m->err == ERR_OK)
		transcript_end(&m->content, secrets_sign, &m->core->secrets);
}

enum err on_transcript(struct request *rq)
{
	const Examd__V1__Transcript *m = rq->msg->transcript;
	struct transcript *t;

	if (m->attempt <= 0)
		return ERR_NOT_FOUND;
	t = mem_new(sizeof *t);
	t->making.free = transcript_free;
	t->subject = subject_attempt((struct attempt_id){m->attempt});
	snprintf(t->making.name, sizeof t->making.name, "attempt-%lld.transcript",
		 (long long)m->attempt);
	return making_begin(rq, &t->making, m->download, transcript_run);
}
