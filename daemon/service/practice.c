/* Practice: attempts without a sitting, at a person's own pace. */
#include "daemon/service/practice.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/service/archive.h"
#include "daemon/service/shelf.h"
#include "daemon/service/people.h"
#include "daemon/service/render.h"
#include "daemon/service/routes.h"
#include "daemon/service/sessions.h"
#include "daemon/service/start.h"

#define PRACTICE_OPEN_MOST  8	 /* of one person */
#define MISSED_ATTEMPTS	    20	 /* the latest that are looked through for what was missed */
#define MISSED_MOST	    2000 /* items */
#define DRILL_SECTIONS_MOST (BLUEPRINT_PARTS_MOST * BLUEPRINT_SECTIONS_MOST)

/* ---- What there is --------------------------------------------------------------------------- */

static void add_sections(const struct part *part, Examd__V1__Exam *out, struct arena *arena)
{
	for (size_t i = 0; i < part->nsections; i++) {
		Examd__V1__DrillSection *section = arena_new(arena, sizeof(*section));

		examd__v1__drill_section__init(section);
		section->name = arena_copy_text(arena, part->sections[i].name);
		section->title = arena_copy_text(arena, part->sections[i].title);
		section->items = part->sections[i].items;
		out->sections[out->n_sections++] = section;
	}
}

static Examd__V1__Exam *new_exam(const struct blueprint *b, struct arena *arena)
{
	Examd__V1__Exam *out = arena_new(arena, sizeof(*out));

	examd__v1__exam__init(out);
	out->name = arena_copy_text(arena, b->exam);
	out->title = arena_copy_text(arena, b->title);
	out->version = arena_copy_text(arena, b->version);
	out->items = b->total;
	out->sections = arena_new(arena, DRILL_SECTIONS_MOST * sizeof(out->sections[0]));
	for (size_t i = 0; i < b->nparts; i++) {
		out->minutes += b->parts[i].minutes;
		add_sections(&b->parts[i], out, arena);
	}
	return out;
}

bool practice_sits_now(const struct core *core, struct person_id person, const char *bank)
{
	const struct attempt *a = NULL;

	while ((a = engine_attempt_after(core->engine, a)) != NULL)
		if (attempt_sitting(a).v != 0 && attempt_person(a).v == person.v &&
		    attempt_is_open(a) && strcmp(attempt_form(a)->blueprint->bank, bank) == 0)
			return true;
	return false;
}

/* Does an exam of this bank forbid practice?  Another one of the bank would tell the same keys. */
static bool is_closed_to_practice(struct core *core, const char *bank)
{
	const char *const *names;
	size_t n = shelf_exams(core, &names);

	for (size_t i = 0; i < n; i++) {
		const struct blueprint *b = engine_blueprint(core->engine, names[i]);

		if (b->practice == PRACTICE_NEVER && strcmp(b->bank, bank) == 0)
			return true;
	}
	return false;
}

/* A slip is for its sitting, and one sitting is enough at a time. */
static bool may_practise(const struct request *rq, const struct blueprint *b)
{
	const struct session *session = rq->client->session;

	return session->sitting.v == 0 && !is_closed_to_practice(rq->core, b->bank) &&
	       !practice_sits_now(rq->core, session->person, b->bank);
}

enum err on_list_exams(struct request *rq)
{
	struct arena *arena = &rq->core->scratch;
	const char *const *names;
	size_t n = shelf_exams(rq->core, &names), size = 0;
	Examd__V1__Exams *out = request_new(rq, sizeof(*out));

	examd__v1__exams__init(out);
	out->exams = request_new(rq, n * sizeof(out->exams[0]));
	for (size_t i = 0; i < n; i++) {
		const struct blueprint *b = engine_blueprint(rq->core->engine, names[i]);
		Examd__V1__Exam *exam;

		if (!may_practise(rq, b))
			continue;
		exam = new_exam(b, arena);
		size += protobuf_c_message_get_packed_size(&exam->base) + 4;
		if (size > REPLY_MOST)
			break;
		out->exams[out->n_exams++] = exam;
	}
	rq->reply.body_case = EXAMD__V1__REPLY__BODY_EXAMS;
	rq->reply.exams = out;
	return ERR_OK;
}

/* ---- Starting -------------------------------------------------------------------------------- */

/* What a practice start has asked for, from the request to the attempt. */
struct practice {
	struct start start;
	struct event event;
};

static const struct {
	const char *name;
	enum item_level level;
} levels[] = {
    {"", LEVEL_NONE},
    {"recall", LEVEL_RECALL},
    {"application", LEVEL_APPLICATION},
    {"analysis", LEVEL_ANALYSIS},
};

static enum err read_level(const char *name, enum item_level *out)
{
	for (size_t i = 0; i < COUNT(levels); i++)
		if (strcmp(levels[i].name, name) == 0) {
			*out = levels[i].level;
			return ERR_OK;
		}
	return ERR_INVALID;
}

static bool has_section(const struct blueprint *b, const char *name)
{
	for (size_t p = 0; p < b->nparts; p++)
		for (size_t i = 0; i < b->parts[p].nsections; i++)
			if (strcmp(b->parts[p].sections[i].name, name) == 0)
				return true;
	return false;
}

static enum err read_draw(const Examd__V1__PracticeStart *in, const struct blueprint *b,
			  struct form_draw *out)
{
	if (in->n_sections > DRILL_SECTIONS_MOST || in->items > BLUEPRINT_ITEMS_MOST ||
	    in->minutes > BLUEPRINT_MINUTES_MOST)
		return ERR_INVALID;
	for (size_t i = 0; i < in->n_sections; i++)
		if (!has_section(b, in->sections[i]))
			return ERR_NOT_FOUND;
	out->sections = (const char *const *)in->sections;
	out->nsections = in->n_sections;
	out->items = in->items;
	out->minutes = in->minutes;
	return read_level(in->level, &out->level);
}

static size_t count_open(const struct core *core, struct person_id person)
{
	const struct attempt *a = NULL;
	size_t n = 0;

	while ((a = engine_attempt_after(core->engine, a)) != NULL)
		if (attempt_sitting(a).v == 0 && attempt_person(a).v == person.v &&
		    attempt_is_open(a))
			n++;
	return n;
}

/* Starts, brings the client to the attempt, and tells it all. */
static enum err begin(struct core *core, struct client *client, struct practice *p,
		      wire_reply *reply)
{
	struct attempt_id attempt;
	enum err err = start_attempt(core, &p->event, &p->start);

	if (err != ERR_OK)
		return err;
	attempt = core->decision.attempt;
	if (engine_attempt(core->engine, attempt) == NULL)
		return ERR_TOO_LATE; /* the same command, and the attempt has left memory since */
	if (client_arrive(core, client, attempt))
		return ERR_SEAT_TAKEN;
	reply->body_case = EXAMD__V1__REPLY__BODY_STATUS;
	reply->status = render_status(core, engine_attempt(core->engine, attempt), &core->scratch);
	return ERR_OK;
}

/* ---- What was missed before ------------------------------------------------------------------ */

/* A drill on items that earlier practice answered wrongly: they are read first. */
struct missed {
	struct query query;
	struct core *core;
	struct ticket ticket;
	struct practice practice;
	uint8_t *packed; /* owned: the request, which the draw points into */
	size_t packed_len;
	struct arena arena; /* owns what is decoded */
	struct attempt_id latest[MISSED_ATTEMPTS];
	size_t nlatest, at;
	const Examd__Record__AttemptOpened *opened; /* of the attempt that is being read */
	struct digest *items;			    /* in the arena */
	size_t nitems;
	enum err err;
};

static void keep_attempt(void *arg, const struct store_result *row)
{
	struct missed *m = arg;

	m->latest[m->at++ % MISSED_ATTEMPTS] = row->attempt;
	if (m->nlatest < MISSED_ATTEMPTS)
		m->nlatest++;
}

static bool has_item(const struct missed *m, const ProtobufCBinaryData *hash)
{
	for (size_t i = 0; i < m->nitems; i++)
		if (memcmp(m->items[i].b, hash->data, sizeof(m->items[i].b)) == 0)
			return true;
	return false;
}

static void add_missed(struct missed *m, const ProtobufCBinaryData *hash)
{
	if (hash->len != sizeof(struct digest) || m->nitems == MISSED_MOST || has_item(m, hash))
		return;
	memcpy(m->items[m->nitems++].b, hash->data, sizeof(struct digest));
}

/* Without a point: that is wrong or blank for every kind. */
static void compare(struct missed *m, const Examd__Record__Score *score)
{
	const Examd__Record__Form *form = m->opened != NULL ? m->opened->form : NULL;
	size_t no = 0;

	for (size_t p = 0; form != NULL && p < form->n_parts; p++)
		for (size_t i = 0; i < form->parts[p]->n_items; i++, no++)
			if (no < score->n_item_points && score->item_points[no] == 0)
				add_missed(m, &form->parts[p]->items[i]->hash);
}

static void read_record(void *arg, const struct record *rec)
{
	struct missed *m = arg;
	struct record copy = *rec;

	if (rec->kind != RECORD_ATTEMPT_OPENED && rec->kind != RECORD_ATTEMPT_CLOSED)
		return;
	copy.body = bytes_of(arena_copy(&m->arena, rec->body.data, rec->body.len), rec->body.len);
	if (record_decode(&copy, &m->arena) != ERR_OK)
		return;
	if (rec->kind == RECORD_ATTEMPT_OPENED) {
		m->opened = (const Examd__Record__AttemptOpened *)copy.msg;
	} else {
		const Examd__Record__AttemptClosed *closed =
		    (const Examd__Record__AttemptClosed *)copy.msg;

		if (closed->score != NULL)
			compare(m, closed->score);
	}
}

/* On the reader's thread. */
static void run_missed(struct query *q, struct reader *r)
{
	struct missed *m = container_of(q, struct missed, query);

	m->items = arena_new(&m->arena, MISSED_MOST * sizeof(m->items[0]));
	m->err = reader_results(r, (struct sitting_id){0}, m->practice.start.person->id,
				keep_attempt, m);
	for (size_t i = 0; i < m->nlatest && m->err == ERR_OK; i++) {
		m->opened = NULL;
		m->err = reader_records(r, subject_attempt(m->latest[i]), read_record, m);
	}
}

static bool fits(const struct form_draw *draw, const struct blueprint *b, const struct item *item)
{
	const char *section = NULL;

	if (item_use(item, b->exam, &section) != USE_SCORED || section == NULL)
		return false;
	if (draw->level != LEVEL_NONE && item->level != draw->level)
		return false;
	for (size_t i = 0; i < draw->nsections; i++)
		if (strcmp(draw->sections[i], section) == 0)
			return true;
	return draw->nsections == 0;
}

/* Only what was missed: those come first, and no more items than there are of them. */
static enum err draw_missed(struct missed *m)
{
	struct start *start = &m->practice.start;
	uint32_t fitting = 0;

	for (size_t i = 0; i < m->nitems; i++) {
		const struct item *item = bank_by_hash(start->bank, &m->items[i]);

		if (item != NULL && fits(&start->draw, start->blueprint, item))
			m->items[fitting++] = m->items[i];
	}
	if (fitting == 0)
		return ERR_NOT_FOUND;
	start->draw.prefer = m->items;
	start->draw.nprefer = fitting;
	if (start->draw.items == 0 || start->draw.items > fitting)
		start->draw.items = fitting;
	return ERR_OK;
}

static enum err missed_outcome(struct missed *m, wire_reply *reply)
{
	struct client *client = ticket_client(m->core, &m->ticket);
	const struct person *person = client != NULL ? client_person(m->core, client) : NULL;
	enum err err = m->query.err != ERR_OK ? m->query.err : m->err;

	if (err != ERR_OK)
		return err;
	if (person == NULL || person->id.v != m->practice.event.by.person.v)
		return ERR_LOGIN_NEEDED; /* logged out meanwhile */
	if ((err = draw_missed(m)) != ERR_OK)
		return err;
	m->practice.event.now = service_now(m->core);
	m->practice.event.wall = service_wall(m->core);
	m->practice.event.client_id = client->client_id;
	return begin(m->core, client, &m->practice, reply);
}

static void missed_free(struct missed *m)
{
	free(m->packed);
	arena_fini(&m->arena);
	free(m);
}

static void done_missed(struct query *q)
{
	struct missed *m = container_of(q, struct missed, query);
	wire_reply reply = EXAMD__V1__REPLY__INIT;
	enum err err = missed_outcome(m, &reply);

	ticket_reply(m->core, &m->ticket, err, NULL, &reply);
	missed_free(m);
}

/* The draw's texts must outlive the request: they are decoded again into the arena. */
static enum err keep_request(struct missed *m, const struct request *rq)
{
	wire_request *copy;
	enum err err;

	m->packed = mem_copy(rq->raw.data, rq->raw.len);
	m->packed_len = rq->raw.len;
	err = request_decode(bytes_of(m->packed, m->packed_len), &m->arena, &copy);
	if (err == ERR_OK)
		m->practice.start.draw.sections =
		    (const char *const *)copy->practice_start->sections;
	return err;
}

static enum err start_missed(struct request *rq, const struct practice *p)
{
	struct missed *m = mem_new(sizeof(*m));
	enum err err;

	m->query = (struct query){.run = run_missed, .done = done_missed};
	m->core = rq->core;
	m->practice = *p;
	if ((err = keep_request(m, rq)) != ERR_OK ||
	    (err = store_query(rq->core->store, &m->query)) != ERR_OK) {
		missed_free(m);
		return err;
	}
	m->ticket = request_defer(rq);
	return ERR_OK;
}

enum err on_practice_start(struct request *rq)
{
	const Examd__V1__PracticeStart *in = rq->msg->practice_start;
	struct core *core = rq->core;
	struct practice p = {.start = {.person = request_person(rq), .tutor = in->tutor}};
	enum err err;

	if (rq->client->session->sitting.v != 0)
		return ERR_OUT_OF_TURN; /* a slip is for its sitting */
	p.start.blueprint = engine_blueprint(core->engine, in->exam);
	if (p.start.blueprint == NULL)
		return ERR_NO_EXAM;
	if (!may_practise(rq, p.start.blueprint))
		return ERR_OUT_OF_TURN;
	p.start.bank = engine_bank(core->engine, p.start.blueprint->bank);
	if (p.start.bank == NULL)
		return ERR_NO_BANK;
	if ((err = read_draw(in, p.start.blueprint, &p.start.draw)) != ERR_OK ||
	    (err = request_event(rq, EVENT_PRACTICE_START, &in->command_id, &p.event)) != ERR_OK)
		return err;
	if (count_open(core, p.start.person->id) >= PRACTICE_OPEN_MOST)
		return ERR_TOO_MANY;
	return in->missed_only ? start_missed(rq, &p) : begin(core, rq->client, &p, &rq->reply);
}

/* ---- Resuming -------------------------------------------------------------------------------- */

static enum err resume(struct core *core, struct client *client, const struct attempt *a,
		       struct event *ev, wire_reply *reply)
{
	struct attempt_id id = attempt_id(a);
	enum err err;

	if (attempt_person(a).v != client->session->person.v || attempt_sitting(a).v != 0)
		return ERR_NOT_FOUND;
	if (attempt_is_open(a)) {
		if (client_arrive(core, client, id))
			return ERR_SEAT_TAKEN;
		ev->attempt = id;
		if ((err = service_decide_and_apply(core, ev)) != ERR_OK)
			return err;
	} else {
		client_bind(core, client, id); /* to look at; there is no seat any more */
	}
	reply->body_case = EXAMD__V1__REPLY__BODY_STATUS;
	reply->status = render_status(core, engine_attempt(core->engine, id), &core->scratch);
	return ERR_OK;
}

struct sleeping {
	struct archive_load load;
	struct ticket ticket;
	struct event event;
};

static void done_resume(struct archive_load *load, enum err err)
{
	struct sleeping *s = container_of(load, struct sleeping, load);
	struct core *core = load->core;
	struct client *client = ticket_client(core, &s->ticket);
	wire_reply reply = EXAMD__V1__REPLY__INIT;

	if (err == ERR_OK && client != NULL) {
		s->event.now = service_now(core);
		s->event.wall = service_wall(core);
		s->event.client_id = client->client_id;
		err = client->session == NULL
			  ? ERR_LOGIN_NEEDED
			  : resume(core, client, engine_attempt(core->engine, load->attempt),
				   &s->event, &reply);
	}
	ticket_reply(core, &s->ticket, err, NULL, &reply);
	free(s);
}

static enum err wake(struct request *rq, const struct event *ev, struct attempt_id attempt)
{
	struct sleeping *s = mem_new(sizeof(*s));
	enum err err;

	s->load.done = done_resume;
	s->event = *ev;
	if ((err = archive_load(rq->core, &s->load, attempt)) != ERR_OK) {
		free(s);
		return err;
	}
	s->ticket = request_defer(rq);
	return ERR_OK;
}

enum err on_practice_resume(struct request *rq)
{
	const Examd__V1__PracticeResume *in = rq->msg->practice_resume;
	struct attempt_id id = {in->attempt};
	const struct attempt *a = engine_attempt(rq->core->engine, id);
	struct event ev;
	enum err err;

	if (id.v <= 0)
		return ERR_NOT_FOUND;
	err = request_event(rq, EVENT_PRACTICE_RESUME, &in->command_id, &ev);
	if (err != ERR_OK)
		return err;
	return a != NULL ? resume(rq->core, rq->client, a, &ev, &rq->reply) : wake(rq, &ev, id);
}

/* ---- Tutor ----------------------------------------------------------------------------------- */

enum err on_reveal(struct request *rq)
{
	const struct attempt *a = engine_attempt(rq->core->engine, rq->client->attempt);
	const struct attempt_answer *answer;
	uint32_t item = rq->msg->reveal->item, part;

	if (!attempt_is_tutored(a) || attempt_sitting(a).v != 0)
		return ERR_FORBIDDEN;
	if (!may_practise(rq, attempt_form(a)->blueprint))
		return ERR_OUT_OF_TURN;
	if (form_item(attempt_form(a), (struct item_no){item}, &part) == NULL)
		return ERR_NO_ITEM;
	answer = attempt_answer(a, (struct item_no){item});
	if (answer == NULL || (answer->nchosen == 0 && answer->ncodes == 0))
		return ERR_OUT_OF_TURN;
	rq->reply.body_case = EXAMD__V1__REPLY__BODY_ITEM_REVIEW;
	rq->reply.item_review = render_review(a, item, &rq->core->scratch);
	return ERR_OK;
}
