#include "daemon/engine/test_steps.h"

#include <string.h>

struct world *w;
struct sitting_id sitting;

int steps_setup(void **state)
{
	(void)state;
	w = world_new();
	sitting.v = 0;
	return 0;
}

int steps_teardown(void **state)
{
	(void)state;
	world_free(w);
	return 0;
}

enum err create_sitting(enum exam exam, size_t n, int64_t opens, int64_t closes, int64_t ends)
{
	struct event ev = world_event(w, EVENT_SITTING_CREATE, STAFF);
	struct person_id *persons = arena_new(&w->arena, n * sizeof *persons);
	enum err err;
	size_t i;

	for (i = 0; i < n; i++)
		persons[i].v = (int64_t)i + 1;
	ev.u.create.exam = world_exam_name(exam);
	ev.u.create.persons = persons;
	ev.u.create.npersons = n;
	ev.u.create.opens.v = opens;
	ev.u.create.closes.v = closes;
	ev.u.create.room_ends.v = ends;
	err = world_do(w, &ev);
	if (err == ERR_OK)
		sitting = w->d.sitting;
	return err;
}

void given_sitting(enum exam exam, size_t n)
{
	assert_int_equal(ERR_OK, create_sitting(exam, n, 0, 0, 0));
	assert_int_equal(ERR_OK, say(VERB_OPEN));
	assert_int_equal(ERR_OK, say(VERB_ADMIT));
}

/* The 256th person shares the first one's number: 0 is no client. */
static uint8_t client_of(int64_t person)
{
	return (uint8_t)(1 + (person - 1) % 255);
}

enum err check_in(int64_t person, enum exam exam, uint32_t extra)
{
	struct event ev = world_event(w, EVENT_CHECK_IN, person);

	ev.sitting = sitting;
	ev.client_id = world_client(client_of(person));
	world_draw(w, &ev, exam, person, extra);
	return world_do(w, &ev);
}

void given_ready(int64_t person, enum exam exam, uint32_t extra)
{
	assert_int_equal(ERR_OK, check_in(person, exam, extra));
	assert_int_equal(ERR_OK, came(of(person) == NULL ? w->d.attempt : attempt_id(of(person)),
				      client_of(person)));
	assert_int_equal(ERR_OK, confirm(attempt_id(of(person))));
}

void given_running(enum exam exam, size_t n)
{
	size_t i;

	given_sitting(exam, n);
	for (i = 1; i <= n; i++)
		given_ready((int64_t)i, exam, 0);
	assert_int_equal(ERR_OK, say(VERB_START));
}

struct attempt_id given_practice(int64_t person, enum exam exam)
{
	struct event ev = world_event(w, EVENT_PRACTICE_START, person);
	struct attempt_id id;

	ev.client_id = world_client(client_of(person));
	world_draw(w, &ev, exam, person, 0);
	assert_int_equal(ERR_OK, world_do(w, &ev));
	id = w->d.attempt;
	assert_int_equal(ERR_OK, came(id, client_of(person)));
	assert_int_equal(ERR_OK, confirm(id));
	return id;
}

const struct attempt *of(int64_t person)
{
	return engine_attempt_of(w->e, sitting, (struct person_id){person});
}

const struct sitting *room(void)
{
	return engine_sitting(w->e, sitting);
}

void wait_for(struct millis t)
{
	world_wait(w, t);
}

void ticks(void)
{
	struct service_ms due;

	while (engine_next_due(w->e, &due) && due.v <= w->now.v) {
		struct event ev = world_event(w, EVENT_TICK, 0);

		assert_int_equal(ERR_OK, world_do(w, &ev));
		assert_true(w->d.nrecords > 0);
	}
}

static enum err say_it(enum room_verb verb, int minutes, struct attempt_id id)
{
	struct event ev = world_event(w, EVENT_ROOM, STAFF);

	ev.sitting = id.v == 0 ? sitting : attempt_sitting(engine_attempt(w->e, id));
	ev.by.reason_row = 12;
	ev.by.reason = digest_of("because", 7);
	ev.u.room.verb = verb;
	ev.u.room.minutes = MINUTES(minutes);
	ev.u.room.text_row = 13;
	if (id.v != 0) {
		ev.u.room.attempts = &id;
		ev.u.room.nattempts = 1;
	}
	return world_do(w, &ev);
}

enum err say(enum room_verb verb)
{
	return say_it(verb, 0, (struct attempt_id){0});
}

enum err say_minutes(enum room_verb verb, int minutes)
{
	return say_it(verb, minutes, (struct attempt_id){0});
}

enum err say_to(enum room_verb verb, struct attempt_id id)
{
	return say_it(verb, 0, id);
}

enum err say_minutes_to(enum room_verb verb, int minutes, struct attempt_id id)
{
	return say_it(verb, minutes, id);
}

enum err act(enum event_kind kind, struct attempt_id id)
{
	struct event ev = world_event(w, kind, attempt_person(engine_attempt(w->e, id)).v);

	ev.attempt = id;
	ev.client_id = attempt_client_id(engine_attempt(w->e, id));
	if (kind == EVENT_LEAVE_PART)
		ev.u.part = attempt_part(engine_attempt(w->e, id));
	if (kind == EVENT_REPORTED)
		ev.u.reported = 1;
	return world_do(w, &ev);
}

enum err came(struct attempt_id id, uint8_t client)
{
	struct event ev = world_event(w, EVENT_CLIENT_CAME, 0);
	enum err err;

	ev.attempt = id;
	ev.client_id = world_client(client);
	err = world_do(w, &ev);
	if (err == ERR_OK)
		engine_client_here(w->e, id, true, w->now);
	return err;
}

enum err left(struct attempt_id id, uint8_t client)
{
	struct event ev = world_event(w, EVENT_CLIENT_LEFT, 0);
	enum err err;

	ev.attempt = id;
	ev.client_id = world_client(client);
	err = world_do(w, &ev);
	engine_client_here(w->e, id, false, w->now);
	return err;
}

enum err confirm(struct attempt_id id)
{
	const struct attempt *a = engine_attempt(w->e, id);
	struct event ev = world_event(w, EVENT_FORM_CONFIRMED, attempt_person(a).v);

	ev.attempt = id;
	ev.u.confirmed = attempt_plain_hash(a, 0);
	return world_do(w, &ev);
}

enum err put_from(struct attempt_id id, uint32_t seat, uint32_t item, uint32_t revision,
		  const char *places)
{
	struct event ev = {.kind = EVENT_ANSWER, .now = w->now, .wall = w->wall, .attempt = id};
	uint32_t chosen[ITEM_OPTIONS_MOST];
	size_t n = strlen(places), i;

	for (i = 0; i < n; i++)
		chosen[i] = (uint32_t)(places[i] - 'A');
	ev.u.answer = (struct answer_in){
	    .seat = {seat}, .item = {item}, .revision = revision, .chosen = chosen, .nchosen = n};
	return world_do(w, &ev);
}

enum err put(struct attempt_id id, uint32_t item, uint32_t revision, const char *places)
{
	return put_from(id, attempt_seat(engine_attempt(w->e, id)).v, item, revision, places);
}

const char *answer_of(struct attempt_id id, uint32_t item)
{
	static char text[ITEM_OPTIONS_MOST + 1];
	const struct attempt_answer *answer =
	    attempt_answer(engine_attempt(w->e, id), (struct item_no){item});
	size_t i;

	for (i = 0; i < answer->nchosen; i++)
		text[i] = (char)('A' + answer->chosen[i]);
	text[i] = '\0';
	return text;
}

int64_t left_s(struct attempt_id id)
{
	return attempt_remaining(engine_attempt(w->e, id), w->now).v / 1000;
}

enum attempt_state state_of(struct attempt_id id)
{
	return attempt_state(engine_attempt(w->e, id));
}

size_t logged(enum record_kind kind)
{
	size_t i, n = 0;

	for (i = 0; i < w->nlog; i++)
		n += w->log[i].kind == kind;
	return n;
}

size_t told(enum effect_kind kind, unsigned notice)
{
	size_t i, n = 0;

	for (i = 0; i < w->d.neffects; i++)
		n += w->d.effects[i].kind == kind && w->d.effects[i].notice == notice;
	return n;
}
