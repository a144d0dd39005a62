#include "daemon/service/push.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/service/archive.h"
#include "daemon/service/people.h"
#include "daemon/service/render.h"
#include "daemon/service/texts.h"
#include "proto/base/log.h"

/* An attempt whose row a watcher has not been told of yet. */
struct changed_row {
	struct person_id person;
	UT_hash_handle hh;
};

struct watcher {
	struct client_part part;
	struct core *core;     /* borrowed */
	struct client *client; /* borrowed: owns this */
	struct sitting_id sitting;
	struct timer timer;
	struct changed_row *rows;
	struct watcher *next;
};

struct push {
	struct watcher *watchers;
	size_t count;
};

struct push *push_new(struct core *core)
{
	(void)core;
	return mem_new(sizeof(struct push));
}

void push_free(struct push *p)
{
	free(p); /* the watchers went with their clients */
}

/* ---- Views ----------------------------------------------------------------------------------- */

static void count_attempt(const struct attempt *a, Examd__V1__Sitting *out)
{
	out->checked_in++;
	switch (attempt_state(a)) {
	case ATTEMPT_CHECKED_IN:
	case ATTEMPT_ADMITTED:
	case ATTEMPT_NSTATES:
		break;
	case ATTEMPT_READY:
		out->ready++;
		break;
	case ATTEMPT_RUNNING:
		out->running++;
		break;
	case ATTEMPT_SUBMITTED:
	case ATTEMPT_EXPIRED:
	case ATTEMPT_CLOSED:
	case ATTEMPT_VOIDED:
		out->closed++;
		break;
	}
}

void view_sitting(const struct core *core, const struct sitting *s, Examd__V1__Sitting *out,
		  struct arena *arena)
{
	const struct person_id *persons;
	const struct attempt_id *attempts;
	size_t nattempts = sitting_attempts(s, &attempts);
	bool result, review;

	examd__v1__sitting__init(out);
	out->sitting = sitting_id(s).v;
	out->exam = arena_copy_text(arena, sitting_blueprint(s)->exam);
	out->title = arena_copy_text(arena, text_get(core, sitting_title_row(s)));
	out->state = (Examd__V1__SittingState)sitting_state(s);
	out->candidates = (uint32_t)sitting_persons(s, &persons);
	for (size_t i = 0; i < nattempts; i++) {
		const struct attempt *a = engine_attempt(core->engine, attempts[i]);

		if (a != NULL) {
			count_attempt(a, out);
		} else { /* closed, and packed since */
			out->checked_in++;
			out->closed++;
		}
	}
	out->paused = sitting_is_paused(s);
	out->version = sitting_version(s);
	sitting_released(s, &result, &review);
	out->result_released = result;
	out->review_released = review;
}

static void fill_row(const struct core *core, const struct attempt *a, Examd__V1__Role role,
		     Examd__V1__RoomRow *out, struct arena *arena)
{
	const struct client *holder = attempt_holder(core, a);
	const Examd__Record__AttemptClosed *closing = attempt_closing(a);
	struct service_ms now = service_now(core), saved;
	struct wall_ms focus_lost;

	out->attempt = attempt_id(a).v;
	out->state = (Examd__V1__AttemptState)attempt_state(a);
	out->stopped = attempt_stopped(a);
	out->answered = attempt_answered(a);
	out->items = (uint32_t)attempt_form(a)->nitems;
	out->remaining_ms = attempt_remaining(a, now).v;
	out->connected = holder != NULL;
	out->takeover_asked = attempt_waiting_client(a) != NULL;
	out->seat = attempt_seat(a).v;
	out->version = attempt_version(a);
	out->last_saved_age_ms = attempt_last_saved(a, &saved) ? now.v - saved.v : -1;
	if (closing != NULL && closing->score != NULL && role >= EXAMD__V1__ROLE__ROLE_INSTRUCTOR)
		out->score = render_score(closing->score, arena);
	out->kept = attempt_kept(a);
	out->address = arena_copy_text(arena, holder != NULL ? holder->address : "");
	out->round_trip_ms = holder != NULL ? holder->round_trip_ms : 0;
	out->focus_lost = attempt_focus_lost(a, &focus_lost);
	out->focus_lost_wall_ms = focus_lost.v;
	out->off_page = attempt_is_off_page(a);
}

struct room_view view_room(const struct core *core, const struct sitting *s, Examd__V1__Role role,
			   struct arena *arena)
{
	struct room_view v = {core, s, role, arena, arena_new(arena, sizeof *v.room), 0};

	examd__v1__room__init(v.room);
	v.room->as_of_ms = clock_mono(&core->clock).v;
	v.room->sitting = arena_new(arena, sizeof *v.room->sitting);
	view_sitting(core, s, v.room->sitting, arena);
	v.room->rows = arena_new(arena, ROOM_ROWS_MOST * sizeof(v.room->rows[0]));
	return v;
}

bool view_room_row(struct room_view *v, struct person_id person)
{
	const struct attempt *a =
	    engine_attempt_of(v->core->engine, sitting_id(v->sitting), person);
	const struct person *p = people_find(v->core->people, person);
	Examd__V1__RoomRow *out;

	if (v->room->n_rows == ROOM_ROWS_MOST || v->size > REPLY_MOST / 2) {
		v->room->more = true;
		return false;
	}
	out = arena_new(v->arena, sizeof *out);
	examd__v1__room_row__init(out);
	out->user = arena_copy_text(v->arena, p != NULL ? p->user : "");
	out->name = arena_copy_text(v->arena, p != NULL ? p->name : "");
	out->last_saved_age_ms = -1;
	if (a != NULL)
		fill_row(v->core, a, v->role, out, v->arena);
	v->size += protobuf_c_message_get_packed_size(&out->base) + 4;
	v->room->rows[v->room->n_rows++] = out;
	return true;
}

/* ---- Watching -------------------------------------------------------------------------------- */

static void mark_person(struct watcher *w, struct person_id person)
{
	struct changed_row *row;

	HASH_FIND(hh, w->rows, &person, sizeof(person), row);
	if (row != NULL)
		return;
	row = mem_new(sizeof(*row));
	row->person = person;
	HASH_ADD(hh, w->rows, person, sizeof(row->person), row);
}

static void mark_everybody(struct watcher *w, const struct sitting *s)
{
	const struct person_id *persons;
	size_t n = sitting_persons(s, &persons);

	for (size_t i = 0; i < n; i++)
		mark_person(w, persons[i]);
}

static void forget_rows(struct watcher *w)
{
	struct changed_row *row, *next;

	HASH_ITER (hh, w->rows, row, next) {
		HASH_DEL(w->rows, row);
		free(row);
	}
}

/* One notice with the first rows that wait; true when there were more. */
static bool send_some(struct watcher *w, const struct sitting *s)
{
	struct core *core = w->core;
	Examd__V1__Notice notice = EXAMD__V1__NOTICE__INIT;
	struct room_view view = view_room(core, s, client_role(core, w->client), &core->scratch);
	struct changed_row *row, *next;

	HASH_ITER (hh, w->rows, row, next) {
		if (!view_room_row(&view, row->person))
			break;
		HASH_DEL(w->rows, row);
		free(row);
	}
	notice.kind = EXAMD__V1__NOTICE_KIND__NOTICE_ROOM;
	notice.room = view.room;
	client_notify(core, w->client, &notice);
	return view.room->more;
}

static void on_time(struct timer *timer)
{
	struct watcher *w = container_of(timer, struct watcher, timer);
	const struct sitting *s = engine_sitting(w->core->engine, w->sitting);

	if (s == NULL) {
		forget_rows(w);
		return;
	}
	while (send_some(w, s))
		;
}

static void watcher_gone(struct client_part *part)
{
	struct watcher *w = container_of(part, struct watcher, part);
	struct push *p = w->core->push;
	struct watcher **at = &p->watchers;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	p->count--;
	timer_fini(&w->timer);
	forget_rows(w);
	free(w);
}

void watch_end(struct client *client)
{
	if (client->watch == NULL)
		return;
	client->watch->gone(client->watch);
	client->watch = NULL;
}

enum err watch_begin(struct core *core, struct client *client, struct sitting_id sitting)
{
	const struct sitting *s = engine_sitting(core->engine, sitting);
	struct watcher *w;

	if (s == NULL)
		return ERR_NOT_FOUND;
	watch_end(client);
	if (core->push->count >= WATCHERS_MOST)
		return ERR_TOO_MANY;
	w = mem_new(sizeof(*w));
	w->part.gone = watcher_gone;
	w->core = core;
	w->client = client;
	w->sitting = sitting;
	timer_init(&w->timer, core->loop, on_time);
	w->next = core->push->watchers;
	core->push->watchers = w;
	core->push->count++;
	client->watch = &w->part;
	mark_everybody(w, s);
	timer_set(&w->timer, (struct millis){0});
	return ERR_OK;
}

void push_room_changed(struct core *core, struct sitting_id sitting, struct attempt_id attempt)
{
	const struct attempt *a = NULL;

	if (sitting.v == 0 || core->push->watchers == NULL)
		return;
	if (attempt.v != 0)
		a = engine_attempt(core->engine, attempt);
	for (struct watcher *w = core->push->watchers; w != NULL; w = w->next) {
		if (w->sitting.v != sitting.v)
			continue;
		if (a != NULL)
			mark_person(w, attempt_person(a));
		if (!timer_is_set(&w->timer))
			timer_set(&w->timer, WATCH_EVERY);
	}
}

/* ---- Effects --------------------------------------------------------------------------------- */

/* Notices that change what a client must know whole carry the status. */
static bool carries_status(unsigned kind)
{
	switch ((Examd__V1__NoticeKind)kind) {
	case EXAMD__V1__NOTICE_KIND__NOTICE_ADMITTED:
	case EXAMD__V1__NOTICE_KIND__NOTICE_STARTED:
	case EXAMD__V1__NOTICE_KIND__NOTICE_MINUTES_ADDED:
	case EXAMD__V1__NOTICE_KIND__NOTICE_CLOSED:
	case EXAMD__V1__NOTICE_KIND__NOTICE_PART:
	case EXAMD__V1__NOTICE_KIND__NOTICE_REOPENED:
	case EXAMD__V1__NOTICE_KIND__NOTICE_VOIDED:
	case EXAMD__V1__NOTICE_KIND__NOTICE_RELEASED:
		return true;
	default:
		return false;
	}
}

static void notify(struct core *core, struct client *client, const struct effect *e,
		   Examd__V1__Status *status)
{
	Examd__V1__Notice notice = EXAMD__V1__NOTICE__INIT;

	notice.kind = (Examd__V1__NoticeKind)e->notice;
	notice.text = arena_copy_text(&core->scratch, text_get(core, e->text_row));
	notice.added_ms = e->added.v;
	notice.status = status;
	client_notify(core, client, &notice);
}

static void on_notice(struct core *core, const struct effect *e)
{
	const struct attempt *a = engine_attempt(core->engine, e->attempt);

	if (a == NULL)
		return;
	for (struct client *c = attempt_clients(core, e->attempt); c != NULL; c = c->same_attempt) {
		bool status = carries_status(e->notice) && client_holds(c, a);

		if (memcmp(c->client_id, e->client_id, CLIENT_SIZE) == 0)
			notify(core, c, e, status ? render_status(core, a, &core->scratch) : NULL);
	}
}

/* To the clients of the attempt with the effect's client id, which do not hold it. */
static void tell_client_id(struct core *core, const struct effect *e)
{
	for (struct client *c = attempt_clients(core, e->attempt); c != NULL; c = c->same_attempt)
		if (memcmp(c->client_id, e->client_id, CLIENT_SIZE) == 0)
			notify(core, c, e, NULL);
}

static void tell_old_seat(struct core *core, const struct effect *e)
{
	struct effect told = *e;

	told.notice = EXAMD__V1__NOTICE_KIND__NOTICE_TAKEN_OVER;
	tell_client_id(core, &told);
}

static void on_room_changed(struct core *core, const struct effect *e)
{
	push_room_changed(core, e->sitting, e->attempt);
}

static void on_closed(struct core *core, const struct effect *e)
{
	const struct attempt *a = engine_attempt(core->engine, e->attempt);

	if (a == NULL)
		return;
	archive_result(core, a);
	push_room_changed(core, attempt_sitting(a), e->attempt);
	log_event(LOG_ATTEMPT_CLOSED, F_INT("attempt", e->attempt.v),
		  F_INT("sitting", attempt_sitting(a).v), F_INT("state", attempt_state(a)));
}

static void (*const effects[])(struct core *core, const struct effect *e) = {
    [EFFECT_NOTICE] = on_notice,
    [EFFECT_ROOM_CHANGED] = on_room_changed,
    [EFFECT_TELL_WAITING] = tell_client_id,
    [EFFECT_TELL_OLD_SEAT] = tell_old_seat,
    [EFFECT_CLOSED] = on_closed,
};

void push_effects(struct core *core)
{
	const struct decision *d = &core->decision;

	for (size_t i = 0; i < d->neffects; i++)
		effects[d->effects[i].kind](core, &d->effects[i]);
}
