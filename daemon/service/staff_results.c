/* Staff: results, their release, exports and transcripts.  All are read on the readers' connection.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/service/archive.h"
#include "daemon/service/files.h"
#include "daemon/service/people.h"
#include "daemon/service/push.h"
#include "daemon/service/render.h"
#include "daemon/service/result_rows.h"
#include "daemon/service/routes.h"

/* ---- The list ---------------------------------------------------------------------------------
 */

struct listing {
	struct query query;
	struct core *core;
	struct ticket ticket;
	struct sitting_id sitting;
	struct attempt_id after;
	struct result_rows rows;
	enum err err;
};

static void listing_run(struct query *q, struct reader *r)
{
	struct listing *l = container_of(q, struct listing, query);

	l->err = result_rows_read(&l->rows, r, l->sitting, l->after);
}

static Examd__V1__Result *one_result(struct listing *l, const struct store_result *row)
{
	static const Examd__Record__AttemptClosed none = EXAMD__RECORD__ATTEMPT_CLOSED__INIT;
	const Examd__Record__AttemptClosed *closing = result_row_closing(row, &l->rows.arena);
	struct result_head head = result_head_of_row(row);
	Examd__V1__Result *out =
	    render_result(l->core, &head, closing == NULL ? &none : closing, &l->rows.arena);

	out->receipt = NULL; /* the transcript has it; here it would only make the list long */
	return out;
}

static void listing_reply(struct listing *l)
{
	wire_reply reply = EXAMD__V1__REPLY__INIT;
	Examd__V1__Results out = EXAMD__V1__RESULTS__INIT;
	size_t i, size = 0;

	out.results = mem_new_array(l->rows.length, sizeof(*out.results));
	for (i = 0; i < l->rows.length; i++) {
		Examd__V1__Result *row = one_result(l, &l->rows.rows[i]);

		size += examd__v1__result__get_packed_size(row) + 8;
		if (size > REPLY_MOST && out.n_results > 0) {
			out.more = true;
			break;
		}
		out.results[out.n_results++] = row;
	}
	reply.body_case = EXAMD__V1__REPLY__BODY_RESULTS;
	reply.results = &out;
	ticket_reply(l->core, &l->ticket, ERR_OK, NULL, &reply);
	free(out.results);
}

static void listing_done(struct query *q)
{
	struct listing *l = container_of(q, struct listing, query);
	enum err err = q->err != ERR_OK ? q->err : l->err;

	if (err == ERR_OK)
		listing_reply(l);
	else
		ticket_reply(l->core, &l->ticket, err, NULL, NULL);
	result_rows_fini(&l->rows);
	free(l);
}

enum err on_results_list(struct request *rq)
{
	const Examd__V1__ResultsList *m = rq->msg->results_list;
	struct listing *l;
	enum err err;

	if (engine_sitting(rq->core->engine, (struct sitting_id){m->sitting}) == NULL)
		return ERR_NOT_FOUND;
	l = mem_new(sizeof *l);
	l->query = (struct query){.run = listing_run, .done = listing_done};
	l->core = rq->core;
	l->sitting.v = m->sitting;
	l->after.v = m->after_attempt;
	if ((err = store_query(rq->core->store, &l->query)) != ERR_OK) {
		free(l);
		return err;
	}
	l->ticket = request_defer(rq);
	return ERR_OK;
}

/* ---- Release ----------------------------------------------------------------------------------
 */

enum err on_results_release(struct request *rq)
{
	const Examd__V1__ResultsRelease *m = rq->msg->results_release;
	const struct sitting *s;
	Examd__V1__Sittings *out = request_new(rq, sizeof *out);
	struct event ev;
	enum err err;

	if (!m->result && !m->review)
		return ERR_INVALID;
	if ((err = request_event(rq, EVENT_RELEASE, &m->command_id, &ev)) != ERR_OK)
		return err;
	ev.sitting.v = m->sitting;
	ev.u.release.result = m->result;
	ev.u.release.review = m->review;
	if ((err = service_decide_and_apply(rq->core, &ev)) != ERR_OK)
		return err;
	if (!rq->core->decision.repeated)
		archive_released(rq->core, ev.sitting);
	s = engine_sitting(rq->core->engine, ev.sitting);
	examd__v1__sittings__init(out);
	out->sittings = request_new(rq, sizeof(*out->sittings));
	out->sittings[0] = request_new(rq, sizeof **out->sittings);
	examd__v1__sitting__init(out->sittings[0]);
	view_sitting(rq->core, s, out->sittings[0], &rq->core->scratch);
	out->n_sittings = 1;
	rq->reply.body_case = EXAMD__V1__REPLY__BODY_SITTINGS;
	rq->reply.sittings = out;
	return ERR_OK;
}
