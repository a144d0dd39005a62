/* Staff: sittings and their slips. */
#include <stdlib.h>
#include <string.h>

#include "daemon/service/commands.h"
#include "daemon/service/people.h"
#include "daemon/service/push.h"
#include "daemon/service/routes.h"
#include "daemon/service/sessions.h"
#include "daemon/service/texts.h"

#define SITTING_TITLE_MOST 200
#define SITTINGS_IN_LIST   200 /* the newest */

struct persons {
	struct person_id *ids; /* owned */
	size_t length, cap;
};

static enum err persons_add(struct persons *list, const struct person *p)
{
	size_t i;

	for (i = 0; i < list->length; i++)
		if (list->ids[i].v == p->id.v)
			return ERR_OK;
	if (list->length == SITTING_PERSONS_MOST)
		return ERR_TOO_MANY;
	if (list->length == list->cap) {
		list->cap = list->cap == 0 ? 64 : 2 * list->cap;
		list->ids = mem_resize(list->ids, list->cap * sizeof *list->ids);
	}
	list->ids[list->length++] = p->id;
	return ERR_OK;
}

static enum err persons_of_group(struct persons *list, const struct people *people,
				 const char *group)
{
	const struct person **of_group;
	size_t i, n = people_sorted(people, group, "", &of_group);
	enum err err = ERR_OK;

	for (i = 0; i < n && err == ERR_OK; i++)
		if (!of_group[i]->disabled && of_group[i]->role == EXAMD__V1__ROLE__ROLE_CANDIDATE)
			err = persons_add(list, of_group[i]);
	free(of_group);
	return err;
}

static enum err persons_named(struct request *rq, struct persons *list, char **users, size_t n)
{
	size_t i;
	enum err err = ERR_OK;

	for (i = 0; i < n && err == ERR_OK; i++) {
		const struct person *p = people_find_user(rq->core->people, users[i]);

		if (p == NULL) {
			rq->detail = request_printf(rq, "There is no person \"%s\".", users[i]);
			return ERR_NOT_FOUND;
		}
		err = persons_add(list, p);
	}
	return err;
}

static void reply_sitting(struct request *rq, struct sitting_id id)
{
	const struct sitting *s = engine_sitting(rq->core->engine, id);
	Examd__V1__Sittings *out = request_new(rq, sizeof *out);

	examd__v1__sittings__init(out);
	out->sittings = request_new(rq, sizeof(*out->sittings));
	if (s != NULL) {
		out->sittings[0] = request_new(rq, sizeof **out->sittings);
		examd__v1__sitting__init(out->sittings[0]);
		view_sitting(rq->core, s, out->sittings[0], &rq->core->scratch);
		out->n_sittings = 1;
	}
	rq->reply.body_case = EXAMD__V1__REPLY__BODY_SITTINGS;
	rq->reply.sittings = out;
}

static enum err create(struct request *rq, const struct persons *list)
{
	const Examd__V1__SittingCreate *m = rq->msg->sitting_create;
	struct text_ref title;
	struct event ev;
	enum err err;

	if ((err = request_event(rq, EVENT_SITTING_CREATE, &m->command_id, &ev)) != ERR_OK)
		return err;
	title = text_put(rq->core, m->title);
	ev.u.create.exam = m->exam;
	ev.u.create.persons = list->ids;
	ev.u.create.npersons = list->length;
	ev.u.create.opens.v = m->opens_wall_ms;
	ev.u.create.closes.v = m->closes_wall_ms;
	ev.u.create.room_ends.v = m->room_ends_wall_ms;
	ev.u.create.title = title.hash;
	ev.u.create.title_row = title.row;
	err = service_decide_and_apply(rq->core, &ev);
	if (err == ERR_INVALID && list->length == 0)
		rq->detail =
		    "Nobody would be in this sitting: name a group with candidates, or users.";
	if (err != ERR_OK)
		return err;
	if (title.row != 0)
		text_pin(rq->core, title.row);
	reply_sitting(rq, rq->core->decision.sitting);
	return ERR_OK;
}

enum err on_sitting_create(struct request *rq)
{
	const Examd__V1__SittingCreate *m = rq->msg->sitting_create;
	struct persons list = {0};
	enum err err = ERR_OK;

	if (strlen(m->title) > SITTING_TITLE_MOST)
		return ERR_INVALID;
	if (m->group[0] != '\0')
		err = persons_of_group(&list, rq->core->people, m->group);
	if (err == ERR_OK)
		err = persons_named(rq, &list, m->users, m->n_users);
	if (err == ERR_OK)
		err = create(rq, &list);
	free(list.ids);
	return err;
}

enum err on_sitting_list(struct request *rq)
{
	Examd__V1__Sittings *out = request_new(rq, sizeof *out);
	const struct sitting *s = NULL;
	size_t all = 0, i = 0, skip;

	examd__v1__sittings__init(out);
	while ((s = engine_sitting_after(rq->core->engine, s)) != NULL)
		all++;
	skip = all > SITTINGS_IN_LIST ? all - SITTINGS_IN_LIST : 0;
	out->sittings = request_new(rq, (all - skip + 1) * sizeof(*out->sittings));
	while ((s = engine_sitting_after(rq->core->engine, s)) != NULL) {
		Examd__V1__Sitting *row;

		if (i++ < skip)
			continue;
		row = out->sittings[out->n_sittings++] = request_new(rq, sizeof *row);
		examd__v1__sitting__init(row);
		view_sitting(rq->core, s, row, &rq->core->scratch);
	}
	rq->reply.body_case = EXAMD__V1__REPLY__BODY_SITTINGS;
	rq->reply.sittings = out;
	return ERR_OK;
}

/* ---- Slips --------------------------------------------------------------------------------------
 */

static size_t put_slip(struct request *rq, Examd__V1__Slips *out, struct sitting_id sitting,
		       const struct person *p)
{
	Examd__V1__Slip *row = request_new(rq, sizeof *row);

	examd__v1__slip__init(row);
	row->user = p->user;
	row->name = p->name;
	row->slip = request_new(rq, SLIP_SYMBOLS + 1);
	slip_make(rq->core, sitting, p->id, row->slip);
	out->slips[out->n_slips++] = row;
	return examd__v1__slip__get_packed_size(row) + 4;
}

/* Slips for the persons of a list, from the one after AFTER on, as many as fit into a reply. */
static enum err put_slips(struct request *rq, const struct persons *list, const char *after)
{
	const Examd__V1__SittingSlips *m = rq->msg->sitting_slips;
	Examd__V1__Slips *out = request_new(rq, sizeof *out);
	size_t i = 0, size = 0;

	examd__v1__slips__init(out);
	out->sitting = m->sitting;
	out->slips = request_new(rq, (list->length + 1) * sizeof(*out->slips));
	while (after[0] != '\0' && i < list->length &&
	       strcmp(people_find(rq->core->people, list->ids[i++])->user, after) != 0)
		;
	for (; i < list->length && size < REPLY_MOST / 2; i++)
		size += put_slip(rq, out, (struct sitting_id){m->sitting},
				 people_find(rq->core->people, list->ids[i]));
	out->more = i < list->length;
	rq->reply.body_case = EXAMD__V1__REPLY__BODY_SLIPS;
	rq->reply.slips = out;
	return ERR_OK;
}

/* Slips are shown once: a command that is sent again makes new ones, and the earlier ones end. */
enum err on_sitting_slips(struct request *rq)
{
	const Examd__V1__SittingSlips *m = rq->msg->sitting_slips;
	const struct sitting *s = engine_sitting(rq->core->engine, (struct sitting_id){m->sitting});
	struct persons list = {0};
	const struct person_id *all;
	enum err err = ERR_OK;
	size_t i, n;

	if (s == NULL)
		return ERR_NOT_FOUND;
	if (sitting_state(s) == SITTING_CLOSED)
		return ERR_OUT_OF_TURN;
	n = sitting_persons(s, &all);
	if (m->n_users > 0)
		err = persons_named(rq, &list, m->users, m->n_users);
	for (i = 0; m->n_users == 0 && i < n && err == ERR_OK; i++)
		err = persons_add(&list, people_find(rq->core->people, all[i]));
	for (i = 0; i < list.length && err == ERR_OK; i++)
		if (!sitting_has_person(s, list.ids[i]))
			err = ERR_NOT_IN_SITTING;
	if (err == ERR_OK)
		err = put_slips(rq, &list, m->after_user);
	free(list.ids);
	return err;
}
