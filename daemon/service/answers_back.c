/* A candidate's own answers, for a device that has them not.  Notes are not in memory: when the
 * page has any, the reply waits for a query that reads them. */
#include <stdlib.h>

#include "daemon/service/render.h"
#include "daemon/service/routes.h"

/* A page of answers.  Whatever it points to lives in its arena. */
struct page {
	struct query query;
	struct core *core;
	struct ticket ticket;
	struct arena arena;
	Examd__V1__Answers answers;
	int64_t *notes; /* row of the note of each answer; 0: none */
	bool has_notes;
	enum err err;
};

static void page_free(struct page *p)
{
	arena_fini(&p->arena);
	free(p);
}

/* The bytes that an answer takes of a reply, its note included. */
static size_t size_with_note(const Examd__V1__Answer *answer, int64_t note)
{
	size_t size = examd__v1__answer__get_packed_size(answer) + 4;

	return note != 0 ? size + ANSWER_NOTE_MOST + 4 : size;
}

static void page_fill(struct page *p, const struct attempt *a, uint32_t first)
{
	uint32_t nitems = (uint32_t)attempt_form(a)->nitems;
	Examd__V1__Answers *out = &p->answers;
	size_t size = 0;

	examd__v1__answers__init(out);
	out->answers = arena_new(&p->arena, nitems * sizeof(out->answers[0]));
	p->notes = arena_new(&p->arena, nitems * sizeof(p->notes[0]));
	for (uint32_t i = first; i < nitems; i++) {
		const struct attempt_answer *had = attempt_answer(a, (struct item_no){i});
		Examd__V1__Answer *answer;

		if (had == NULL || had->seat.v == 0)
			continue;
		answer = render_answer(i, had, &p->arena);
		size += size_with_note(answer, had->note_row);
		if (size > REPLY_MOST && out->n_answers > 0) {
			out->more = true;
			break;
		}
		p->notes[out->n_answers] = had->note_row;
		p->has_notes |= had->note_row != 0;
		out->answers[out->n_answers++] = answer;
	}
}

/* "" when there is none. */
static enum err read_note(struct reader *r, int64_t row, char **out, struct arena *arena)
{
	struct buf text = {0};
	uint8_t salt[16];
	enum err err = reader_text(r, row, &text, salt);

	if (err == ERR_OK)
		*out = arena_copy_text(arena, buf_text(&text));
	buf_fini(&text);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static void page_run(struct query *q, struct reader *r)
{
	struct page *p = container_of(q, struct page, query);

	for (size_t i = 0; i < p->answers.n_answers && p->err == ERR_OK; i++)
		if (p->notes[i] != 0)
			p->err = read_note(r, p->notes[i], &p->answers.answers[i]->note, &p->arena);
}

/* Replies, and frees the page. */
static void page_send(struct page *p, enum err err)
{
	wire_reply reply = EXAMD__V1__REPLY__INIT;

	reply.body_case = EXAMD__V1__REPLY__BODY_ANSWERS;
	reply.answers = &p->answers;
	ticket_reply(p->core, &p->ticket, err, NULL, &reply);
	page_free(p);
}

static void page_done(struct query *q)
{
	struct page *p = container_of(q, struct page, query);

	page_send(p, q->err != ERR_OK ? q->err : p->err);
}

enum err on_get_answers(struct request *rq)
{
	const struct attempt *a = engine_attempt(rq->core->engine, rq->client->attempt);
	struct page *p = mem_new(sizeof(*p));
	enum err err;

	p->query = (struct query){.run = page_run, .done = page_done};
	p->core = rq->core;
	page_fill(p, a, rq->msg->get_answers->first_item);
	if (p->has_notes && (err = store_query(rq->core->store, &p->query)) != ERR_OK) {
		page_free(p);
		return err;
	}
	p->ticket = request_defer(rq);
	if (!p->has_notes)
		page_send(p, ERR_OK);
	return ERR_OK;
}
