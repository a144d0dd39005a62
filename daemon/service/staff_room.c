/* Staff: commands to a room or to some of its attempts, and watching it. */
#include <stdlib.h>
#include <string.h>

#include "daemon/service/archive.h"
#include "daemon/service/doubts.h"
#include "daemon/service/fronts.h"
#include "daemon/service/people.h"
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

/* What can move a version, in words; answers and reports cannot. */
static const char *const moved[] = {
    [RECORD_SITTING_CREATED] = "the sitting was created",
    [RECORD_SITTING_OPENED] = "the sitting was opened",
    [RECORD_SITTING_ADMITTED] = "everybody was admitted",
    [RECORD_SITTING_STARTED] = "the room was started",
    [RECORD_SITTING_PAUSED] = "the room was paused",
    [RECORD_SITTING_RESUMED] = "the room was resumed",
    [RECORD_SITTING_MINUTES] = "minutes were added to the room",
    [RECORD_SITTING_MESSAGE] = "a message was sent to the room",
    [RECORD_SITTING_CLOSED] = "the sitting was closed",
    [RECORD_SITTING_RELEASED] = "results were released",
    [RECORD_ATTEMPT_OPENED] = "the candidate checked in",
    [RECORD_ATTEMPT_ADMITTED] = "the candidate was admitted",
    [RECORD_ATTEMPT_READY] = "the candidate became ready",
    [RECORD_ATTEMPT_STARTED] = "the attempt was started",
    [RECORD_PART_ENDED] = "a part has ended",
    [RECORD_CLOCK_STOPPED] = "its clock was stopped",
    [RECORD_CLOCK_FREED] = "its clock was let go on",
    [RECORD_MINUTES_ADDED] = "minutes were added",
    [RECORD_ACCOMMODATION_CHANGED] = "the extra time was changed",
    [RECORD_TAKEOVER_ASKED] = "another client asked for the seat",
    [RECORD_SEAT_TAKEN] = "the seat went to another client",
    [RECORD_BREAK_TAKEN] = "a break was taken",
    [RECORD_ATTEMPT_CLOSED] = "the attempt was closed",
    [RECORD_ATTEMPT_REOPENED] = "the attempt was reopened",
    [RECORD_ATTEMPT_VOIDED] = "the attempt was voided",
    [RECORD_ATTEMPT_RESCORED] = "the attempt was scored again",
    [RECORD_ATTEMPT_RELEASED] = "the result was released",
};

/* Who did what: the words behind changed_meanwhile. */
static void tell_change(struct request *rq)
{
	const struct decision *d = &rq->core->decision;
	const struct person *p = people_find(rq->core->people, d->changed_person);
	bool known = (size_t)d->changed_kind < COUNT(moved) && moved[d->changed_kind] != NULL;

	rq->detail = request_printf(
	    rq, "Meanwhile %s%s%s (it is at version %llu now): look again, or force it.",
	    known ? moved[d->changed_kind] : "something else happened", p != NULL ? " by " : "",
	    p != NULL ? p->user : "", (unsigned long long)d->changed_by);
}

static void add_attempts(struct room_view *v, const Examd__V1__RoomCommand *m)
{
	for (size_t i = 0; i < m->n_attempts; i++) {
		const struct attempt *a =
		    engine_attempt(v->core->engine, (struct attempt_id){m->attempts[i]});

		if (a != NULL && !view_room_row(v, attempt_person(a)))
			return;
	}
}

static void add_everybody(struct room_view *v)
{
	const struct person_id *persons;
	size_t n = sitting_persons(v->sitting, &persons), i = 0;

	while (i < n && view_room_row(v, persons[i]))
		i++;
}

/* The rows that the command may have moved, as many as fit.  They come with the reply and not only
 * 250 ms later in a notice: who gives the next command at once gives it on the version that his own
 * has made, and is not told that somebody was faster. */
static void reply_room(struct request *rq, struct sitting_id id)
{
	const Examd__V1__RoomCommand *m = rq->msg->room_command;
	const struct sitting *s = engine_sitting(rq->core->engine, id);
	struct room_view view;

	rq->reply.body_case = EXAMD__V1__REPLY__BODY_ROOM;
	if (s == NULL) { /* practice */
		rq->reply.room = request_new(rq, sizeof *rq->reply.room);
		examd__v1__room__init(rq->reply.room);
		return;
	}
	view = view_room(rq->core, s, client_role(rq->core, rq->client), &rq->core->scratch);
	if (m->n_attempts > 0)
		add_attempts(&view, m);
	else
		add_everybody(&view);
	rq->reply.room = view.room;
}

/* One attempt may be named alone: its sitting is known. */
static struct sitting_id sitting_of(const struct core *core, const Examd__V1__RoomCommand *m)
{
	const struct attempt *a = NULL;

	if (m->sitting == 0 && m->n_attempts == 1)
		a = engine_attempt(core->engine, (struct attempt_id){m->attempts[0]});
	return a != NULL ? attempt_sitting(a) : (struct sitting_id){m->sitting};
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
	ev.sitting = sitting_of(rq->core, m);
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
	if (err == ERR_OK && ev.u.room.verb == VERB_OPEN)
		doubts_tell(rq->core->doubts, ev.sitting);
	if (err == ERR_OK)
		reply_room(rq, ev.sitting);
	return err;
}

/* A command to an attempt that has left memory: the attempt is brought back, then the request is
 * served again as it came. */
struct woken {
	struct archive_load load;
	struct ticket ticket;
	struct buf request;
};

static void on_woken(struct archive_load *load, enum err err)
{
	struct woken *w = container_of(load, struct woken, load);
	struct client *client = ticket_client(load->core, &w->ticket);

	if (err == ERR_OK && engine_attempt(load->core->engine, load->attempt) == NULL)
		err = ERR_NOT_FOUND;
	if (err != ERR_OK)
		ticket_reply(load->core, &w->ticket, err, NULL, NULL);
	else if (client != NULL)
		fronts_serve(load->core, client, buf_bytes(&w->request));
	buf_fini(&w->request);
	free(w);
}

static enum err wake(struct request *rq, struct attempt_id attempt)
{
	struct woken *w = mem_new(sizeof *w);
	enum err err;

	w->load.done = on_woken;
	if ((err = archive_load(rq->core, &w->load, attempt)) != ERR_OK) {
		free(w);
		return err;
	}
	buf_put_bytes(&w->request, rq->raw);
	w->ticket = request_defer(rq);
	return ERR_OK;
}

enum err on_room_command(struct request *rq)
{
	const Examd__V1__RoomCommand *m = rq->msg->room_command;
	struct attempt_id one = {m->n_attempts == 1 ? m->attempts[0] : 0};
	enum err err;

	if (!room_verb_allowed(m->verb, client_role(rq->core, rq->client)))
		return ERR_FORBIDDEN;
	if ((err = check_bounds(m)) != ERR_OK)
		return err;
	if (one.v > 0 && engine_attempt(rq->core->engine, one) == NULL)
		return wake(rq, one);
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
