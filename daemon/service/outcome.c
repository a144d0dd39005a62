/* What a person may learn of attempts: results, reviews, lists. */
#include <stdlib.h>
#include <string.h>

#include "daemon/service/archive.h"
#include "daemon/service/people.h"
#include "daemon/service/practice.h"
#include "daemon/service/render.h"
#include "daemon/service/result_rows.h"
#include "daemon/service/routes.h"
#include "daemon/service/sessions.h"

#define ATTEMPTS_MOST 100 /* in one list */

static bool is_mine(const struct request *rq, const struct attempt *a)
{
	return attempt_person(a).v == rq->client->session->person.v;
}

/* The attempt that a request names; 0: the one held. */
static struct attempt_id named(const struct request *rq, int64_t number)
{
	return number != 0 ? (struct attempt_id){number} : rq->client->attempt;
}

/* ---- One result ------------------------------------------------------------------------------ */

static enum err result_in_memory(struct request *rq, const struct attempt *a)
{
	struct result_head head;

	if (!is_mine(rq, a))
		return ERR_NOT_FOUND;
	if (attempt_closing(a) == NULL)
		return ERR_OUT_OF_TURN;
	if (!attempt_result_is_released(a, service_wall(rq->core)))
		return ERR_NOT_RELEASED;
	head = result_head_of(a);
	rq->reply.body_case = EXAMD__V1__REPLY__BODY_RESULT;
	rq->reply.result = render_result(rq->core, &head, attempt_closing(a), &rq->core->scratch);
	return ERR_OK;
}

/* A result that is read from its row: the attempt has left memory. */
struct stored_result {
	struct query query;
	struct core *core;
	struct ticket ticket;
	struct attempt_id attempt;
	struct person_id person; /* who asks */
	struct store_result row; /* .attempt 0: none; texts and bytes in the arena */
	struct arena arena;
	enum err err;
};

static void keep_row(void *arg, const struct store_result *row)
{
	struct stored_result *sr = arg;

	result_row_copy(&sr->row, row, &sr->arena);
}

static void run_result(struct query *q, struct reader *r)
{
	struct stored_result *sr = container_of(q, struct stored_result, query);

	sr->err = reader_result(r, sr->attempt, keep_row, sr);
}

static enum err stored_outcome(struct stored_result *sr, wire_reply *reply)
{
	struct result_head head;
	const Examd__Record__AttemptClosed *closing;

	if (sr->query.err != ERR_OK)
		return sr->query.err;
	if (sr->err != ERR_OK)
		return sr->err;
	if (sr->row.person.v != sr->person.v)
		return ERR_NOT_FOUND;
	closing = result_row_closing(&sr->row, &sr->arena);
	if (closing == NULL)
		return ERR_OUT_OF_TURN;
	if (!archive_row_is_released(sr->core, &sr->row, false))
		return ERR_NOT_RELEASED;
	head = result_head_of_row(&sr->row);
	reply->body_case = EXAMD__V1__REPLY__BODY_RESULT;
	reply->result = render_result(sr->core, &head, closing, &sr->core->scratch);
	return ERR_OK;
}

static void done_result(struct query *q)
{
	struct stored_result *sr = container_of(q, struct stored_result, query);
	wire_reply reply = EXAMD__V1__REPLY__INIT;
	enum err err = stored_outcome(sr, &reply);

	ticket_reply(sr->core, &sr->ticket, err, NULL, &reply);
	arena_fini(&sr->arena);
	free(sr);
}

static enum err result_from_store(struct request *rq, struct attempt_id attempt)
{
	struct stored_result *sr = mem_new(sizeof(*sr));
	enum err err;

	sr->query = (struct query){.run = run_result, .done = done_result};
	sr->core = rq->core;
	sr->attempt = attempt;
	sr->person = rq->client->session->person;
	if ((err = store_query(rq->core->store, &sr->query)) != ERR_OK) {
		free(sr);
		return err;
	}
	sr->ticket = request_defer(rq);
	return ERR_OK;
}

enum err on_get_result(struct request *rq)
{
	struct attempt_id attempt = named(rq, rq->msg->get_result->attempt);
	const struct attempt *a = engine_attempt(rq->core->engine, attempt);

	if (attempt.v <= 0)
		return ERR_NOT_FOUND;
	return a != NULL ? result_in_memory(rq, a) : result_from_store(rq, attempt);
}

/* ---- Review ---------------------------------------------------------------------------------- */

static enum err review(struct core *core, struct person_id person, const struct attempt *a,
		       uint32_t first, wire_reply *reply)
{
	struct arena *arena = &core->scratch;
	uint32_t nitems = (uint32_t)attempt_form(a)->nitems;
	Examd__V1__Review *out;
	size_t size = 0;

	if (attempt_person(a).v != person.v)
		return ERR_NOT_FOUND;
	if (attempt_is_open(a))
		return ERR_OUT_OF_TURN;
	if (!attempt_review_is_released(a, service_wall(core)))
		return ERR_NOT_RELEASED;
	if (practice_sits_now(core, person, attempt_form(a)->blueprint->bank))
		return ERR_OUT_OF_TURN;
	out = arena_new(arena, sizeof(*out));
	examd__v1__review__init(out);
	out->items = arena_new(arena, (nitems + 1) * sizeof(out->items[0]));
	for (uint32_t i = first; i < nitems; i++) {
		Examd__V1__ItemReview *item = render_review(a, i, arena);

		size += protobuf_c_message_get_packed_size(&item->base) + 4;
		if (size > REPLY_MOST && out->n_items > 0) {
			out->more = true;
			break;
		}
		out->items[out->n_items++] = item;
	}
	reply->body_case = EXAMD__V1__REPLY__BODY_REVIEW;
	reply->review = out;
	return ERR_OK;
}

struct stored_review {
	struct archive_load load;
	struct ticket ticket;
	struct person_id person;
	uint32_t first;
};

static void done_review(struct archive_load *load, enum err err)
{
	struct stored_review *sr = container_of(load, struct stored_review, load);
	struct core *core = load->core;
	wire_reply reply = EXAMD__V1__REPLY__INIT;

	if (err == ERR_OK)
		err = review(core, sr->person, engine_attempt(core->engine, load->attempt),
			     sr->first, &reply);
	ticket_reply(core, &sr->ticket, err, NULL, &reply);
	free(sr);
}

static enum err review_from_store(struct request *rq, struct attempt_id attempt)
{
	struct stored_review *sr = mem_new(sizeof(*sr));
	enum err err;

	sr->load.done = done_review;
	sr->person = rq->client->session->person;
	sr->first = rq->msg->get_review->first_item;
	if ((err = archive_load(rq->core, &sr->load, attempt)) != ERR_OK) {
		free(sr);
		return err;
	}
	sr->ticket = request_defer(rq);
	return ERR_OK;
}

enum err on_get_review(struct request *rq)
{
	const Examd__V1__GetReview *in = rq->msg->get_review;
	struct attempt_id attempt = named(rq, in->attempt);
	const struct attempt *a = engine_attempt(rq->core->engine, attempt);

	if (attempt.v <= 0)
		return ERR_NOT_FOUND;
	if (a == NULL)
		return review_from_store(rq, attempt);
	return review(rq->core, rq->client->session->person, a, in->first_item, &rq->reply);
}

/* ---- Lists ----------------------------------------------------------------------------------- */

struct attempt_list {
	struct query query;
	struct core *core;
	struct ticket ticket;
	struct person_id person;
	struct attempt_id before;    /* 0: the first page */
	bool staff;		     /* sees what is not released */
	struct sitting_id *sittings; /* owned; that the person is in, and 0 for practice */
	size_t nsittings;
	struct result_rows rows; /* of closed and parked attempts */
	enum err err;
};

static void add_row(void *arg, const struct store_result *row)
{
	struct attempt_list *list = arg;

	result_rows_add(&list->rows, row);
}

static int by_attempt(const void *a, const void *b)
{
	const struct store_result *x = a, *y = b;

	return x->attempt.v < y->attempt.v ? -1 : x->attempt.v > y->attempt.v;
}

static void run_list(struct query *q, struct reader *r)
{
	struct attempt_list *list = container_of(q, struct attempt_list, query);

	for (size_t i = 0; i < list->nsittings && list->err == ERR_OK; i++)
		list->err = reader_results(r, list->sittings[i], list->person, add_row, list);
	if (list->rows.length > 1)
		qsort(list->rows.rows, list->rows.length, sizeof(list->rows.rows[0]), by_attempt);
}

static void name_sittings(struct attempt_list *list)
{
	const struct engine *e = list->core->engine;
	const struct sitting *s = NULL;
	size_t n = 1;

	while ((s = engine_sitting_after(e, s)) != NULL)
		n++;
	list->sittings = mem_new_array(n, sizeof(list->sittings[0]));
	list->nsittings = 1; /* practice */
	while ((s = engine_sitting_after(e, s)) != NULL)
		if (sitting_has_person(s, list->person))
			list->sittings[list->nsittings++] = sitting_id(s);
}

static Examd__V1__AttemptInfo *info_of_row(struct attempt_list *list,
					   const struct store_result *row)
{
	struct arena *arena = &list->core->scratch;
	const struct blueprint *b = engine_blueprint(list->core->engine, row->exam);
	bool released = archive_row_is_released(list->core, row, false);
	const Examd__Record__AttemptClosed *closing = result_row_closing(row, &list->rows.arena);
	Examd__V1__AttemptInfo *out = arena_new(arena, sizeof(*out));

	examd__v1__attempt_info__init(out);
	out->attempt = row->attempt.v;
	out->state = (Examd__V1__AttemptState)row->state;
	out->exam = arena_copy_text(arena, row->exam);
	out->practice = row->practice;
	out->sitting = row->sitting.v;
	out->started_wall_ms = row->started.v;
	out->closed_wall_ms = row->closed.v;
	out->items = row->items;
	out->answered = row->answered;
	out->used_ms = row->used_ms;
	out->result_released = released;
	if (closing != NULL && closing->score != NULL && (released || list->staff)) {
		out->score = render_score(closing->score, arena);
		out->n_sections = render_sections(b, closing->score, &out->sections, arena);
	}
	return out;
}

static Examd__V1__AttemptInfo *info_of_open(const struct attempt *a, struct service_ms now,
					    struct arena *arena)
{
	Examd__V1__AttemptInfo *out = arena_new(arena, sizeof(*out));

	examd__v1__attempt_info__init(out);
	out->attempt = attempt_id(a).v;
	out->state = (Examd__V1__AttemptState)attempt_state(a);
	out->exam = arena_copy_text(arena, attempt_form(a)->blueprint->exam);
	out->practice = attempt_sitting(a).v == 0;
	out->sitting = attempt_sitting(a).v;
	out->started_wall_ms = attempt_started_wall(a).v;
	out->items = (uint32_t)attempt_form(a)->nitems;
	out->answered = attempt_answered(a);
	for (uint32_t i = 0; i < attempt_form(a)->nparts; i++)
		out->used_ms += attempt_used(a, i, now).v;
	return out;
}

/* Appends while there is room for one more and it fits. */
static bool add_info(Examd__V1__Attempts *out, Examd__V1__AttemptInfo *info, size_t *size)
{
	*size += protobuf_c_message_get_packed_size(&info->base) + 4;
	if (out->n_attempts == ATTEMPTS_MOST || *size > REPLY_MOST) {
		out->more = true;
		return false;
	}
	out->attempts[out->n_attempts++] = info;
	return true;
}

/* Open ones first, all on the first page: a person has few; then the latest of the others. */
static void fill_list(struct attempt_list *list, Examd__V1__Attempts *out)
{
	struct core *core = list->core;
	const struct attempt *a = NULL;
	size_t size = 0;

	out->attempts = arena_new(&core->scratch, ATTEMPTS_MOST * sizeof(out->attempts[0]));
	while (list->before.v == 0 && (a = engine_attempt_after(core->engine, a)) != NULL)
		if (attempt_person(a).v == list->person.v && attempt_is_open(a) &&
		    !add_info(out, info_of_open(a, service_now(core), &core->scratch), &size))
			return;
	for (size_t i = list->rows.length; i > 0; i--) {
		const struct store_result *row = &list->rows.rows[i - 1];

		if (list->before.v != 0 && row->attempt.v >= list->before.v)
			continue;
		a = engine_attempt(core->engine, row->attempt);
		if (a != NULL && attempt_is_open(a))
			continue; /* told on the first page */
		if (!add_info(out, info_of_row(list, row), &size))
			return;
	}
}

static void list_free(struct attempt_list *list)
{
	free(list->sittings);
	result_rows_fini(&list->rows);
	free(list);
}

static void done_list(struct query *q)
{
	struct attempt_list *list = container_of(q, struct attempt_list, query);
	Examd__V1__Attempts out = EXAMD__V1__ATTEMPTS__INIT;
	wire_reply reply = EXAMD__V1__REPLY__INIT;
	enum err err = q->err != ERR_OK ? q->err : list->err;

	if (err == ERR_OK) {
		fill_list(list, &out);
		reply.body_case = EXAMD__V1__REPLY__BODY_ATTEMPTS;
		reply.attempts = &out;
	}
	ticket_reply(list->core, &list->ticket, err, NULL, &reply);
	list_free(list);
}

enum err on_list_attempts(struct request *rq)
{
	const char *user = rq->msg->list_attempts->user;
	const struct person *me = request_person(rq), *p = me;
	bool staff = client_role(rq->core, rq->client) > EXAMD__V1__ROLE__ROLE_PROCTOR;
	struct attempt_list *list;
	enum err err;

	if (user[0] != '\0')
		p = people_find_user(rq->core->people, user);
	if (!staff && p != me)
		return ERR_FORBIDDEN;
	if (p == NULL)
		return ERR_NOT_FOUND;
	list = mem_new(sizeof(*list));
	list->query = (struct query){.run = run_list, .done = done_list};
	list->core = rq->core;
	list->person = p->id;
	list->staff = staff;
	list->before.v = rq->msg->list_attempts->before_attempt;
	name_sittings(list);
	if ((err = store_query(rq->core->store, &list->query)) != ERR_OK) {
		list_free(list);
		return err;
	}
	list->ticket = request_defer(rq);
	return ERR_OK;
}
