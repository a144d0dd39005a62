/* Staff: commands to a room or to some of its attempts, and watching it. */
#include <string.h>

#include "daemon/service/push.h"
#include "daemon/service/routes.h"
#include "daemon/service/texts.h"

#define ROOM_ATTEMPTS_MOST 2000
#define ROOM_MINUTES_MOST  1440
#define MESSAGE_MOST	   500

static enum err check_bounds(const Examd__V1__RoomCommand *m)
{
	if (m->n_attempts > ROOM_ATTEMPTS_MOST)
		return ERR_TOO_MANY;
	if (strlen(m->reason) > REASON_MOST || strlen(m->text) > MESSAGE_MOST ||
	    m->minutes > ROOM_MINUTES_MOST || m->minutes < -ROOM_MINUTES_MOST)
		return ERR_INVALID;
	return ERR_OK;
}

/* Who moved it: the words behind changed_meanwhile. */
static void tell_change(struct request *rq)
{
	rq->detail = request_printf(rq, "It is at record %llu now; look again, or force it.",
				    (unsigned long long)rq->core->decision.changed_by);
}

/* The rows that the command was about, at most as many as fit into a reply. */
static void reply_room(struct request *rq, struct sitting_id id)
{
	const Examd__V1__RoomCommand *m = rq->msg->room_command;
	const struct sitting *s = engine_sitting(rq->core->engine, id);
	Examd__V1__Room *room = request_new(rq, sizeof *room);
	size_t i;

	examd__v1__room__init(room);
	rq->reply.body_case = EXAMD__V1__REPLY__BODY_ROOM;
	rq->reply.room = room;
	if (s == NULL)
		return;
	room->sitting = request_new(rq, sizeof *room->sitting);
	examd__v1__sitting__init(room->sitting);
	view_sitting(rq->core, s, room->sitting, &rq->core->arena);
	room->rows = request_new(rq, (m->n_attempts + 1) * sizeof(*room->rows));
	for (i = 0; i < m->n_attempts && i < ROOM_ROWS_MOST; i++) {
		const struct attempt *a =
		    engine_attempt(rq->core->engine, (struct attempt_id){m->attempts[i]});
		Examd__V1__RoomRow *row;

		if (a == NULL)
			continue;
		row = room->rows[room->n_rows++] = request_new(rq, sizeof *row);
		examd__v1__room_row__init(row);
		view_room_row(rq->core, s, attempt_person(a), client_role(rq->core, rq->client),
			      row, &rq->core->arena);
	}
}

static enum err command_room(struct request *rq)
{
	const Examd__V1__RoomCommand *m = rq->msg->room_command;
	struct attempt_id *attempts = request_new(rq, (m->n_attempts + 1) * sizeof *attempts);
	struct text_ref reason, text;
	struct event ev;
	enum err err;
	size_t i;

	if ((err = request_event(rq, EVENT_ROOM, &m->command_id, &ev)) != ERR_OK)
		return err;
	for (i = 0; i < m->n_attempts; i++)
		attempts[i].v = m->attempts[i];
	reason = text_put(rq->core, m->reason);
	text = text_put(rq->core, m->text);
	ev.sitting.v = m->sitting;
	ev.by.reason = reason.hash;
	ev.by.reason_row = reason.row;
	ev.by.version = m->version;
	ev.by.force = m->force;
	ev.u.room.verb = (enum room_verb)m->verb;
	ev.u.room.attempts = m->n_attempts == 0 ? NULL : attempts;
	ev.u.room.nattempts = m->n_attempts;
	ev.u.room.minutes = MINUTES(m->minutes);
	ev.u.room.text = text.hash;
	ev.u.room.text_row = text.row;
	if (m->n_attempts == 1)
		ev.attempt = attempts[0];
	err = service_decide_and_apply(rq->core, &ev);
	if (err == ERR_CHANGED_MEANWHILE)
		tell_change(rq);
	if (err == ERR_OK)
		reply_room(rq, ev.sitting);
	return err;
}

enum err on_room_command(struct request *rq)
{
	const Examd__V1__RoomCommand *m = rq->msg->room_command;
	enum err err;

	if (!room_verb_allowed(m->verb, client_role(rq->core, rq->client)))
		return ERR_FORBIDDEN;
	if ((err = check_bounds(m)) != ERR_OK)
		return err;
	return command_room(rq);
}

enum err on_watch_sitting(struct request *rq)
{
	const Examd__V1__WatchSitting *m = rq->msg->watch_sitting;

	if (m->off) {
		watch_end(rq->client);
		return ERR_OK;
	}
	if (engine_sitting(rq->core->engine, (struct sitting_id){m->sitting}) == NULL)
		return ERR_NOT_FOUND;
	return watch_begin(rq->core, rq->client, (struct sitting_id){m->sitting});
}
