/* Random timelines from seeds: events of all kinds over sittings and practice, with restarts, and
 * at each the promises that must hold whatever happens:
 *
 *   apply alone, from packed bytes, gives the state of the live run at any prefix
 *   what is used of a part is what an independent slow model says, and never exceeds its budget
 *   no late answer counts, and the highest (seat, revision) stands
 *   an attempt's own records decide its time, and verify as a chain
 *   deciding changes nothing; sending again changes nothing
 *
 * test_timelines [COUNT [FIRST SEED]], or EXAMD_TIMELINES=COUNT. */
#include "daemon/engine/test_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS	  12
#define SENT_MOST 16

static unsigned long count = 3000, first_seed = 1;
static uint64_t seed_under_way; /* 0: none; told when a check fails */
static uint64_t kinds_seen[64];

static struct engine *alone; /* hears of one attempt at a time */

/* Commands that were carried out, to be sent again. */
static struct event sent[SENT_MOST];
static size_t nsent;

/* ---- Dice -------------------------------------------------------------------------------- */

static uint64_t dice;

static uint64_t roll(void) /* splitmix64 */
{
	uint64_t z = (dice += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static uint32_t below(uint32_t n)
{
	return (uint32_t)(roll() % n);
}

static bool one_in(uint32_t n)
{
	return below(n) == 0;
}

/* ---- The slow model ---------------------------------------------------------------------- */

/* Reads an attempt's records from the start, and knows nothing of the engine. */
struct slow {
	int64_t budget[8], used[8];
	uint32_t nparts, part, stopped;
	bool running, out;
	int64_t at, out_at; /* out_at: since when the running part has no time left */
	uint32_t seat[ITEMS], revision[ITEMS];
	bool closed;
};

static void slow_pass(struct slow *m, int64_t to)
{
	int64_t left = m->budget[m->part] - m->used[m->part], d = to - m->at;

	if (m->running && m->stopped == 0) {
		if (!m->out && d >= left) {
			m->out = true;
			m->out_at = m->at + left;
		}
		m->used[m->part] += d < left ? d : left;
	}
	m->at = to;
}

/* Time is left again, or the clock begins to run anew. */
static void slow_turn(struct slow *m)
{
	m->out = false;
}

static void slow_put(struct slow *m, const Examd__Record__AnswerPut *put)
{
	assert_true(m->running);
	assert_false(m->out && m->at >= m->out_at + 2000);
	assert_true(put->seat > m->seat[put->item] ||
		    (put->seat == m->seat[put->item] && put->revision > m->revision[put->item]));
	assert_int_equal(m->stopped, put->stopped);
	m->seat[put->item] = put->seat;
	m->revision[put->item] = put->revision;
}

static void slow_budgets(struct slow *m, const int64_t *budgets, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		m->budget[i] = budgets[i];
	if (m->used[m->part] < m->budget[m->part])
		slow_turn(m);
}

static void slow_start(struct slow *m, const Examd__Record__AttemptStarted *started)
{
	slow_budgets(m, started->budgets, started->n_budgets);
	m->part = started->part;
	m->budget[m->part] = started->budget;
	m->running = true;
	slow_turn(m);
}

static void slow_close(struct slow *m, const Examd__Record__AttemptClosed *closed)
{
	size_t i;

	for (i = 0; i < closed->n_used; i++)
		assert_int_equal(m->used[i], closed->used[i]);
	if (closed->state == ATTEMPT_EXPIRED) {
		assert_true(m->out && m->at >= m->out_at + 2000);
		assert_int_equal(m->part + 1, m->nparts);
	}
	m->running = false;
	m->closed = true;
}

static void slow_step(struct slow *m, const struct record *r)
{
	const void *msg = r->msg;

	slow_pass(m, r->at.v);
	switch (r->kind) {
	case RECORD_ATTEMPT_OPENED:
		m->nparts = (uint32_t)((const Examd__Record__AttemptOpened *)msg)->n_budgets;
		slow_budgets(m, ((const Examd__Record__AttemptOpened *)msg)->budgets, m->nparts);
		if (((const Examd__Record__AttemptOpened *)msg)->sitting_state != NULL &&
		    ((const Examd__Record__AttemptOpened *)msg)->sitting_state->paused)
			m->stopped = STOP_SITTING;
		break;
	case RECORD_ATTEMPT_STARTED:
		slow_start(m, msg);
		break;
	case RECORD_PART_ENDED:
		assert_int_equal(m->used[m->part], ((const Examd__Record__PartEnded *)msg)->used);
		break;
	case RECORD_CLOCK_STOPPED:
		m->stopped |= ((const Examd__Record__ClockStopped *)msg)->why;
		slow_turn(m);
		break;
	case RECORD_CLOCK_FREED:
		m->stopped &= ~((const Examd__Record__ClockFreed *)msg)->why;
		slow_turn(m);
		break;
	case RECORD_MINUTES_ADDED:
		m->budget[((const Examd__Record__MinutesAdded *)msg)->part] +=
		    ((const Examd__Record__MinutesAdded *)msg)->added;
		slow_budgets(m, NULL, 0);
		break;
	case RECORD_ACCOMMODATION_CHANGED:
		slow_budgets(m, ((const Examd__Record__AccommodationChanged *)msg)->budgets,
			     ((const Examd__Record__AccommodationChanged *)msg)->n_budgets);
		break;
	case RECORD_ANSWER_PUT:
		slow_put(m, msg);
		break;
	case RECORD_ATTEMPT_CLOSED:
		slow_close(m, msg);
		m->stopped = 0;
		break;
	case RECORD_ATTEMPT_VOIDED:
		m->running = false;
		m->closed = true;
		m->stopped = 0;
		break;
	case RECORD_ATTEMPT_REOPENED:
		m->part = ((const Examd__Record__AttemptReopened *)msg)->part;
		m->budget[m->part] += ((const Examd__Record__AttemptReopened *)msg)->added;
		m->running = true;
		m->closed = false;
		slow_turn(m);
		break;
	default:
		break;
	}
}

static void slow_read(struct slow *m, struct attempt_id id)
{
	struct arena arena = {0};
	struct record r;
	size_t i;

	*m = (struct slow){0};
	for (i = 0; i < w->nlog; i++) {
		if (w->log[i].subject.v != subject_attempt(id).v)
			continue;
		r = w->log[i];
		assert_int_equal(ERR_OK, record_decode(&r, &arena));
		if (r.n == 1)
			m->at = r.at.v;
		slow_step(m, &r);
		arena_reset(&arena);
	}
	slow_pass(m, w->now.v);
	arena_fini(&arena);
}

/* ---- What must hold ---------------------------------------------------------------------- */

static void check_against_slow(const struct attempt *a)
{
	struct slow m;
	uint32_t i;

	slow_read(&m, attempt_id(a));
	for (i = 0; i < m.nparts; i++) {
		assert_int_equal(m.budget[i], attempt_budget(a, i).v);
		assert_int_equal(m.used[i], attempt_used(a, i, w->now).v);
		assert_true(m.used[i] <= m.budget[i]);
	}
	assert_int_equal(m.part, attempt_part(a));
	assert_int_equal(m.stopped, attempt_stopped(a));
	assert_int_equal(m.running, attempt_state(a) == ATTEMPT_RUNNING);
	assert_int_equal(m.closed, !attempt_is_open(a));
	for (i = 0; i < ITEMS; i++) {
		const struct attempt_answer *answer = attempt_answer(a, (struct item_no){i});

		assert_int_equal(m.seat[i], answer->seat.v);
		assert_int_equal(m.revision[i], answer->revision);
	}
}

/* An attempt that runs is due when its time and the grace are over, or before for another reason.
 */
static void check_due(const struct attempt *a)
{
	struct service_ms due;
	struct slow m;
	int64_t ends;

	slow_read(&m, attempt_id(a));
	if (!m.running || m.stopped != 0)
		return;
	ends = m.out ? m.out_at : w->now.v + m.budget[m.part] - m.used[m.part];
	assert_true(engine_next_due(w->e, &due));
	assert_true(due.v <= ends + 2000);
}

static void check_alone(const struct attempt *a)
{
	struct attempt_id id = attempt_id(a);
	const struct attempt *same;

	world_apply_subject(w, alone, subject_attempt(id));
	same = engine_attempt(alone, id);
	assert_int_equal(attempt_remaining(a, w->now).v, attempt_remaining(same, w->now).v);
	assert_int_equal(attempt_state(a), attempt_state(same));
	assert_int_equal(attempt_stopped(a), attempt_stopped(same));
	assert_memory_equal(attempt_chain(a)->b, attempt_chain(same)->b, 32);
	engine_forget_attempt(alone, id);
}

static void check_all(void)
{
	const struct attempt *a = NULL;
	const struct sitting *s = NULL;

	world_check_copy(w);
	while ((a = engine_attempt_after(w->e, a)) != NULL) {
		check_against_slow(a);
		check_due(a);
		check_alone(a);
	}
	while ((s = engine_sitting_after(w->e, s)) != NULL) {
		world_apply_subject(w, alone, subject_sitting(sitting_id(s)));
		assert_int_equal(sitting_version(s),
				 sitting_version(engine_sitting(alone, sitting_id(s))));
		engine_forget_sitting(alone, sitting_id(s));
	}
}

/* ---- Events ------------------------------------------------------------------------------ */

static bool is_good(enum err err)
{
	return err == ERR_OK || err == ERR_KEPT_FOR_PROCTOR || err == ERR_SEAT_TAKEN;
}

/* Sending again at once has the same outcome, and no record. */
static enum err tell_twice(const struct event *ev)
{
	enum err err = world_do(w, ev);

	if (!is_good(err) || ev->kind == EVENT_TICK || ev->kind == EVENT_CLIENT_LEFT || !one_in(4))
		return err;
	assert_int_equal(err, world_do(w, ev));
	assert_int_equal(0, w->d.nrecords);
	return err;
}

static void tell_command(const struct event *ev)
{
	if (tell_twice(ev) == ERR_OK)
		sent[nsent++ % SENT_MOST] = *ev;
}

/* A copy of a command that arrives much later. */
static void event_late_copy(void)
{
	struct event ev;

	if (nsent == 0)
		return;
	ev = sent[below(nsent < SENT_MOST ? (uint32_t)nsent : SENT_MOST)];
	ev.now = w->now;
	ev.wall = w->wall;
	assert_int_equal(ERR_OK, world_do(w, &ev));
	assert_true(w->d.repeated);
	assert_int_equal(0, w->d.nrecords);
}

static const struct attempt *any_attempt(void)
{
	const struct attempt *a = NULL, *chosen = NULL;
	uint32_t n = 0;

	while ((a = engine_attempt_after(w->e, a)) != NULL)
		if (one_in(++n))
			chosen = a;
	return chosen;
}

static const struct sitting *any_sitting(void)
{
	const struct sitting *s = NULL, *chosen = NULL;
	uint32_t n = 0;

	while ((s = engine_sitting_after(w->e, s)) != NULL)
		if (one_in(++n))
			chosen = s;
	return chosen;
}

static void event_create(void)
{
	struct event ev = world_event(w, EVENT_SITTING_CREATE, STAFF);
	struct person_id *persons = arena_new(&w->arena, 4 * sizeof *persons);
	size_t i;

	for (i = 0; i < 4; i++)
		persons[i].v = (int64_t)i + 1;
	ev.u.create.exam = world_exam_name((enum exam)below(EXAM_NEXAMS));
	ev.u.create.persons = persons;
	ev.u.create.npersons = 1 + below(4);
	if (one_in(6))
		ev.u.create.closes.v = w->wall.v + 60000 * (1 + below(60));
	if (one_in(4))
		ev.u.create.room_ends.v = w->wall.v + 60000 * (1 + below(90));
	tell_command(&ev);
}

static enum exam exam_of(const struct blueprint *b)
{
	int exam = 0;

	while (strcmp(world_exam_name((enum exam)exam), b->exam) != 0)
		exam++;
	return (enum exam)exam;
}

static void event_check_in(void)
{
	static const uint32_t extras[] = {0, 0, 0, 25, 33, 50, 100};
	const struct sitting *s = any_sitting();
	int64_t person = 1 + below(5);
	struct event ev = world_event(w, EVENT_CHECK_IN, person);

	if (s == NULL)
		return;
	ev.sitting = sitting_id(s);
	ev.client_id = world_client((uint8_t)person);
	world_draw(w, &ev, exam_of(sitting_blueprint(s)), person, extras[below(COUNT(extras))]);
	tell_command(&ev);
}

static void event_practice(void)
{
	int64_t person = 1 + below(5);
	struct event ev = world_event(w, EVENT_PRACTICE_START, person);

	ev.client_id = world_client((uint8_t)person);
	world_draw(w, &ev, (enum exam)below(EXAM_NEXAMS), person, 0);
	tell_command(&ev);
}

/* Its own client, mostly. */
static const uint8_t *any_client(const struct attempt *a)
{
	if (!one_in(5) && !attempt_seat_is_free(a))
		return world_client(attempt_client_id(a)[0]);
	return world_client((uint8_t)(10 + below(3)));
}

static void event_came(void)
{
	const struct attempt *a = any_attempt();
	struct event ev = world_event(w, EVENT_CLIENT_CAME, 0);

	if (a == NULL)
		return;
	ev.attempt = attempt_id(a);
	ev.client_id = any_client(a);
	if (attempt_sitting(a).v == 0 && one_in(3)) {
		ev.kind = EVENT_PRACTICE_RESUME;
		if (tell_twice(&ev) != ERR_OK)
			return;
	} else if (tell_twice(&ev) != ERR_OK) {
		return;
	}
	engine_client_here(w->e, ev.attempt, true, w->now);
}

static void event_left(void)
{
	const struct attempt *a = any_attempt();
	struct event ev = world_event(w, EVENT_CLIENT_LEFT, 0);

	if (a == NULL)
		return;
	ev.attempt = attempt_id(a);
	ev.client_id = any_client(a);
	assert_int_equal(ERR_OK, tell_twice(&ev));
	if (memcmp(ev.client_id, attempt_client_id(a), 16) == 0)
		engine_client_here(w->e, ev.attempt, false, w->now);
}

static void event_confirm(void)
{
	const struct attempt *a = any_attempt();
	struct event ev = world_event(w, EVENT_FORM_CONFIRMED, 1);

	if (a == NULL)
		return;
	ev.attempt = attempt_id(a);
	ev.u.confirmed = arena_copy(&w->arena, attempt_plain_hash(a, 0),
				    attempt_form(a)->nparts * sizeof(struct digest));
	if (tell_twice(&ev) == ERR_OK && w->d.nrecords > 0)
		sent[nsent++ % SENT_MOST] = ev;
}

/* Nothing is called saved that is not: it stands, or a later one of the same seat does. */
static void check_saved(const struct attempt *a, const struct answer_in *in)
{
	const struct attempt_answer *stands = attempt_answer(a, in->item);

	assert_int_equal(in->seat.v, stands->seat.v);
	assert_true(stands->revision >= in->revision);
	assert_int_equal(in->revision == stands->revision && in->flagged,
			 in->revision == stands->revision && stands->flagged);
}

static void event_answer(void)
{
	const struct attempt *a = any_attempt();
	const struct attempt_answer *stands;
	uint32_t chosen[2] = {below(4), 3}, item;
	const char *const codes[] = {one_in(2) ? "e11.9" : "", "I10"};
	struct event ev = {.kind = EVENT_ANSWER, .now = w->now, .wall = w->wall};

	if (a == NULL)
		return;
	item = one_in(2) ? below(ITEMS + 1) : attempt_linear_item(a);
	stands = attempt_answer(a, (struct item_no){item});
	ev.attempt = attempt_id(a);
	ev.u.answer.item.v = item;
	ev.u.answer.seat.v = one_in(5) ? 1 + below(3) : attempt_seat(a).v;
	ev.u.answer.revision = (stands == NULL ? 0 : stands->revision) + below(3);
	ev.u.answer.flagged = one_in(3);
	ev.u.answer.chosen = chosen;
	ev.u.answer.nchosen = item < 10 ? 1 - one_in(6) : 0;
	ev.u.answer.codes = codes;
	ev.u.answer.ncodes = item == 10 || item == 11 ? 2 : 0;
	if (tell_twice(&ev) == ERR_OK)
		check_saved(a, &ev.u.answer);
}

static void event_own(void)
{
	static const enum event_kind kinds[] = {
	    EVENT_LEAVE_PART,	   EVENT_SUBMIT,   EVENT_BREAK,	    EVENT_BACK_FROM_BREAK,
	    EVENT_BACK_FROM_BREAK, EVENT_REPORTED, EVENT_LEAVE_PART};
	const struct attempt *a = any_attempt();
	struct event ev = world_event(w, kinds[below(COUNT(kinds))], 1);

	if (a == NULL || (ev.kind == EVENT_SUBMIT && !one_in(4)))
		return;
	ev.attempt = attempt_id(a);
	if (ev.kind == EVENT_LEAVE_PART)
		ev.u.part = below(2);
	if (ev.kind == EVENT_REPORTED)
		ev.u.reported = 1 + below(REPORTED_LAST);
	if (tell_twice(&ev) == ERR_OK && w->d.nrecords > 0)
		sent[nsent++ % SENT_MOST] = ev;
}

static void name_some(struct event *ev)
{
	struct attempt_id *named = arena_new(&w->arena, 2 * sizeof *named);
	const struct attempt *a = any_attempt(), *b = any_attempt();

	if (a == NULL)
		return;
	named[0] = attempt_id(a);
	named[1] = attempt_id(b);
	ev->sitting = attempt_sitting(a);
	ev->u.room.attempts = named;
	ev->u.room.nattempts = one_in(4) ? 2 : 1;
	if (one_in(4))
		ev->by.version = attempt_version(a) - below(2);
}

static void event_room(void)
{
	static const enum room_verb verbs[] = {
	    VERB_OPEN,	 VERB_OPEN,	   VERB_ADMIT,	 VERB_ADMIT,	    VERB_START,
	    VERB_START,	 VERB_PAUSE,	   VERB_RESUME,	 VERB_PAUSE,	    VERB_RESUME,
	    VERB_RESUME, VERB_ADD_MINUTES, VERB_MESSAGE, VERB_RELEASE_SEAT, VERB_REFUSE_SEAT,
	    VERB_CLOSE,	 VERB_REOPEN,	   VERB_VOID};
	const struct sitting *s = any_sitting();
	struct event ev = world_event(w, EVENT_ROOM, STAFF);

	if (s != NULL)
		ev.sitting = sitting_id(s);
	ev.u.room.verb = verbs[below(COUNT(verbs))];
	if ((ev.u.room.verb == VERB_CLOSE || ev.u.room.verb == VERB_VOID) && !one_in(5))
		return;
	ev.u.room.minutes = MINUTES((int)below(40) - 15);
	ev.u.room.text_row = 3;
	ev.by.reason_row = one_in(10) ? 0 : 2;
	ev.by.force = one_in(5);
	if (ev.u.room.verb >= VERB_RELEASE_SEAT ? !one_in(8) : one_in(3))
		name_some(&ev);
	else if (s != NULL && one_in(4))
		ev.by.version = sitting_version(s) - below(2);
	tell_command(&ev);
}

static void event_staff(void)
{
	const struct attempt *a = any_attempt();
	struct event ev = world_event(w, one_in(2) ? EVENT_RELEASE : EVENT_ACCOMMODATE, STAFF);

	if (a == NULL)
		return;
	ev.attempt = attempt_id(a);
	if (ev.kind == EVENT_ACCOMMODATE) {
		ev.u.extra_percent = below(101);
	} else {
		ev.u.release.result = one_in(2);
		if (one_in(2)) {
			ev.attempt.v = 0;
			ev.sitting = attempt_sitting(a);
		}
	}
	tell_command(&ev);
}

static void event_tick(void)
{
	struct event ev = world_event(w, EVENT_TICK, 0);
	struct service_ms due;
	bool is_due = engine_next_due(w->e, &due) && due.v <= w->now.v;

	assert_int_equal(ERR_OK, world_do(w, &ev));
	if (is_due)
		assert_true(w->d.nrecords > 0);
}

static void event_restart(void)
{
	world_restart(w, (struct millis){one_in(3) ? 300000 + below(1000000) : below(300001)});
}

/* It leaves memory, and comes back the same. */
static void event_forget(void)
{
	const struct attempt *a = any_attempt();
	struct digest before, after;
	struct attempt_id id;

	if (a == NULL || (attempt_is_open(a) && (attempt_stopped(a) & STOP_PARKED) == 0))
		return;
	id = attempt_id(a);
	before = engine_state_hash(w->e);
	engine_forget_attempt(w->e, id);
	world_apply_subject(w, w->e, subject_attempt(id));
	after = engine_state_hash(w->e);
	assert_memory_equal(before.b, after.b, 32);
}

/* ---- A timeline -------------------------------------------------------------------------- */

struct chance {
	uint32_t weight;
	void (*event)(void);
};

static const struct chance chances[] = {
    {50, event_answer},	 {10, event_came},     {6, event_left},	   {10, event_confirm},
    {8, event_own},	 {14, event_room},     {2, event_staff},   {8, event_check_in},
    {2, event_practice}, {10, event_tick},     {1, event_restart}, {1, event_create},
    {2, event_forget},	 {4, event_late_copy},
};

static void any_event(void)
{
	uint32_t sum = 0, n, i;

	for (i = 0; i < COUNT(chances); i++)
		sum += chances[i].weight;
	n = below(sum);
	for (i = 0; n >= chances[i].weight; i++)
		n -= chances[i].weight;
	chances[i].event();
}

/* Often to just before or after what is due next; sometimes the wall clock steps. */
static void time_passes(void)
{
	struct service_ms due;

	if (one_in(40))
		w->wall.v += (int64_t)below(7200000) - 3600000;
	if (one_in(16) && engine_next_due(w->e, &due) && due.v > w->now.v) {
		world_wait(w, (struct millis){due.v - w->now.v + (int64_t)below(3) - 1});
		return;
	}
	switch (below(24)) {
	case 0:
		world_wait(w, (struct millis){below(900000)});
		break;
	case 1:
	case 2:
	case 3:
		world_wait(w, (struct millis){below(60000)});
		break;
	case 4:
	case 5:
	case 6:
	case 7:
	case 8:
		world_wait(w, (struct millis){below(3000)});
		break;
	default:
		break;
	}
}

/* Most timelines should get somewhere: two rooms are made ready, then chance takes over. */
static void given_some_rooms(void)
{
	uint32_t n;

	for (n = below(3); n > 0; n--) {
		enum exam exam = (enum exam)below(EXAM_NEXAMS);

		given_sitting(exam, 3);
		given_ready(1, exam, 0);
		given_ready(2, exam, one_in(2) ? 25 : 0);
		if (!one_in(4))
			assert_int_equal(ERR_OK, say(VERB_START));
	}
}

static void run(uint64_t seed)
{
	uint32_t events, i;
	size_t k;

	seed_under_way = seed;
	dice = seed;
	nsent = 0;
	steps_setup(NULL);
	w->without_looking = true;
	given_some_rooms();
	events = 40 + below(120);
	for (i = 0; i < events; i++) {
		time_passes();
		w->without_looking = !one_in(8);
		any_event();
		if (one_in(32))
			check_all();
	}
	check_all();
	for (k = 0; k < w->nlog; k++)
		kinds_seen[w->log[k].kind & 63]++;
	steps_teardown(NULL);
	seed_under_way = 0;
}

static void whatever_happens_the_promises_hold(void **state)
{
	unsigned long i;

	(void)state;
	alone = world_engine();
	for (i = 0; i < count; i++)
		run(first_seed + i);
	engine_free(alone);
}

/* A run that never saw a kind of record has proved nothing about it. */
static void every_kind_of_record_was_seen(void **state)
{
	static const enum record_kind kinds[] = {
#define RECORD(name, number, message, member) RECORD_##name,
#include "daemon/record/record.def"
#undef RECORD
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(kinds); i++) {
		print_message("%8lu %s\n", (unsigned long)kinds_seen[kinds[i] & 63],
			      record_kind_name(kinds[i]));
		if (count >= 1000 && kinds[i] != RECORD_ATTEMPT_RESCORED) /* no event yet */
			assert_true(kinds_seen[kinds[i] & 63] > 0);
	}
}

static int tell_seed(void **state)
{
	(void)state;
	if (seed_under_way != 0)
		print_error("in the timeline of seed %lu\n", (unsigned long)seed_under_way);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(whatever_happens_the_promises_hold, tell_seed),
	    cmocka_unit_test(every_kind_of_record_was_seen),
	};
	const char *wanted = argc > 1 ? argv[1] : getenv("EXAMD_TIMELINES");

	if (wanted != NULL)
		count = strtoul(wanted, NULL, 10);
	if (argc > 2)
		first_seed = strtoul(argv[2], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
