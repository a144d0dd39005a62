#include "daemon/service/archive.h"

#include <stdlib.h>

#include "daemon/service/dormant.h"

/* Attempts looked at in one idle moment. */
#define SLICE 64

/* An attempt that will leave memory. */
struct leaving {
	struct attempt_id attempt;
	struct mono_ms due;
	struct store_seq packed; /* .v 0: its transcript was not asked for yet */
	UT_hash_handle hh;
};

struct archive {
	struct core *core; /* borrowed */
	struct timer timer;
	struct mono_ms next_dormant;
	struct leaving *leaving;
};

static bool is_parked(const struct attempt *a)
{
	return attempt_is_open(a) && attempt_sitting(a).v == 0 &&
	       (attempt_stopped(a) & STOP_PARKED) != 0;
}

/* Nobody is at it, and nothing more will happen to it by itself. */
static bool may_leave(const struct core *core, const struct attempt *a)
{
	const struct sitting *s = engine_sitting(core->engine, attempt_sitting(a));

	if (attempt_clients(core, attempt_id(a)) != NULL)
		return false;
	if (attempt_is_open(a))
		return is_parked(a);
	return s == NULL || sitting_state(s) == SITTING_CLOSED;
}

static void schedule(struct archive *ar, struct attempt_id attempt)
{
	struct leaving *l;

	HASH_FIND(hh, ar->leaving, &attempt, sizeof(attempt), l);
	if (l == NULL) {
		l = mem_new(sizeof(*l));
		l->attempt = attempt;
	} else {
		HASH_DEL(ar->leaving, l);
	}
	HASH_ADD(hh, ar->leaving, attempt, sizeof(l->attempt), l); /* in order of time */
	l->due = mono_add(clock_mono(&ar->core->clock), ARCHIVE_AFTER);
	l->packed.v = 0;
}

static void drop(struct archive *ar, struct leaving *l)
{
	HASH_DEL(ar->leaving, l);
	free(l);
}

static void ask_for_transcript(struct core *core, struct leaving *l)
{
	struct store_change change = {.kind = CHANGE_TRANSCRIPT};

	change.u.transcript = subject_attempt(l->attempt);
	l->packed = store_put(core->store, &change);
}

/* It goes to the end: what stays for long must not keep what is behind it. */
static void wait_again(struct archive *ar, struct leaving *l)
{
	HASH_DEL(ar->leaving, l);
	HASH_ADD(hh, ar->leaving, attempt, sizeof(l->attempt), l);
	l->due = mono_add(clock_mono(&ar->core->clock), ARCHIVE_AFTER);
	l->packed.v = 0;
}

/* One step of an attempt's leaving; true: it has left, or will not. */
static bool step(struct archive *ar, struct leaving *l)
{
	struct core *core = ar->core;
	const struct attempt *a = engine_attempt(core->engine, l->attempt);

	if (a == NULL)
		return true;
	if (!may_leave(core, a)) {
		if (attempt_is_open(a) && !is_parked(a))
			return true; /* reopened, or woken */
		wait_again(ar, l);
		return false;
	}
	if (l->packed.v == 0) {
		ask_for_transcript(core, l);
		return false;
	}
	if (l->packed.v > core->committed.v)
		return false;
	engine_forget_attempt(core->engine, l->attempt);
	return true;
}

/* Practice attempts that were parked since the last look. */
static void find_parked(struct archive *ar)
{
	const struct attempt *a = NULL;
	struct leaving *known;

	while ((a = engine_attempt_after(ar->core->engine, a)) != NULL) {
		struct attempt_id id = attempt_id(a);

		if (!is_parked(a))
			continue;
		HASH_FIND(hh, ar->leaving, &id, sizeof(id), known);
		if (known == NULL)
			archive_result(ar->core, a);
	}
}

void archive_look(struct core *core)
{
	struct archive *ar = core->archive;
	struct mono_ms now = clock_mono(&ar->core->clock);
	struct store_change cut = {.kind = CHANGE_CUT};
	struct leaving *l, *next;
	size_t left = 0, seen = 0;

	find_parked(ar);
	HASH_ITER (hh, ar->leaving, l, next) {
		if (now.v < l->due.v || seen++ == SLICE)
			break;
		if (!step(ar, l))
			continue;
		drop(ar, l);
		left++;
	}
	if (left > 0)
		service_put(ar->core, &cut);
}

static void on_time(struct timer *timer)
{
	struct archive *ar = container_of(timer, struct archive, timer);

	archive_look(ar->core);
	if (clock_mono(&ar->core->clock).v >= ar->next_dormant.v) {
		dormant_look(ar->core);
		ar->next_dormant = mono_add(clock_mono(&ar->core->clock), DORMANT_EVERY);
	}
	timer_set(timer, MINUTES(1));
}

struct archive *archive_new(struct core *core)
{
	struct archive *ar = mem_new(sizeof(*ar));

	ar->core = core;
	timer_init(&ar->timer, core->loop, on_time);
	timer_set(&ar->timer, MINUTES(1));
	return ar;
}

void archive_free(struct archive *ar)
{
	struct leaving *l, *next;

	if (ar == NULL)
		return;
	HASH_ITER (hh, ar->leaving, l, next)
		drop(ar, l);
	timer_fini(&ar->timer);
	free(ar);
}

static int64_t used_of(const struct core *core, const struct attempt *a)
{
	const Examd__Record__AttemptClosed *closing = attempt_closing(a);
	size_t nparts = attempt_form(a)->nparts;
	int64_t used = 0;

	for (size_t i = 0; closing != NULL && i < closing->n_used; i++)
		used += closing->used[i];
	for (uint32_t i = 0; closing == NULL && i < nparts; i++)
		used += attempt_used(a, i, service_now(core)).v;
	return used;
}

static void put_row(struct core *core, const struct attempt *a)
{
	const Examd__Record__AttemptClosed *closing = attempt_closing(a);
	struct store_change change = {.kind = CHANGE_RESULT};
	struct buf packed = {0};

	if (closing != NULL)
		message_put(&packed, &closing->base);
	change.u.result = (struct store_result){
	    .attempt = attempt_id(a),
	    .sitting = attempt_sitting(a),
	    .person = attempt_person(a),
	    .exam = attempt_form(a)->blueprint->exam,
	    .state = (uint32_t)attempt_state(a),
	    .practice = attempt_sitting(a).v == 0,
	    .started = attempt_started_wall(a),
	    .closed = attempt_closed_wall(a),
	    .used_ms = used_of(core, a),
	    .closing = buf_bytes(&packed),
	    .released_result = attempt_result_is_released(a, service_wall(core)),
	    .released_review = attempt_review_is_released(a, service_wall(core)),
	    .items = (uint32_t)attempt_form(a)->nitems,
	    .answered = attempt_answered(a),
	};
	service_put(core, &change);
	buf_fini(&packed);
}

void archive_result(struct core *core, const struct attempt *a)
{
	put_row(core, a);
	schedule(core->archive, attempt_id(a));
}

void archive_released(struct core *core, struct sitting_id sitting)
{
	const struct sitting *s = engine_sitting(core->engine, sitting);
	const struct attempt_id *attempts;
	size_t n = s != NULL ? sitting_attempts(s, &attempts) : 0;

	for (size_t i = 0; i < n; i++) {
		const struct attempt *a = engine_attempt(core->engine, attempts[i]);

		if (a != NULL && !attempt_is_open(a))
			put_row(core, a);
	}
}

void archive_recovered(struct core *core)
{
	const struct attempt *a = NULL;

	while ((a = engine_attempt_after(core->engine, a)) != NULL)
		if (!attempt_is_open(a))
			schedule(core->archive, attempt_id(a));
}

static bool policy_says(const struct release *r, struct wall_ms now)
{
	return r->rule == RELEASE_AT_ONCE || (r->rule == RELEASE_BY_DATE && now.v >= r->date.v);
}

bool archive_row_is_released(const struct core *core, const struct store_result *row, bool review)
{
	const struct sitting *s = engine_sitting(core->engine, row->sitting);
	const struct blueprint *b =
	    s != NULL ? sitting_blueprint(s) : engine_blueprint(core->engine, row->exam);
	bool result_said = false, review_said = false;

	if (review ? row->released_review : row->released_result)
		return true;
	if (s != NULL)
		sitting_released(s, &result_said, &review_said);
	if (review ? review_said : result_said)
		return true;
	return b != NULL && policy_says(review ? &b->review : &b->result, service_wall(core));
}

/* ---- Back into memory ------------------------------------------------------------------------ */

static void keep_record(void *arg, const struct record *rec)
{
	struct archive_load *load = arg;

	if (load->nrecords == load->cap) {
		load->cap = load->cap == 0 ? 64 : load->cap * 2;
		load->records = mem_resize(load->records, load->cap * sizeof(load->records[0]));
	}
	load->records[load->nrecords] = *rec;
	load->records[load->nrecords++].body =
	    bytes_of(arena_copy(&load->arena, rec->body.data, rec->body.len), rec->body.len);
}

/* On the reader's thread. */
static void on_run(struct query *q, struct reader *r)
{
	struct archive_load *load = container_of(q, struct archive_load, query);

	load->err = reader_records(r, subject_attempt(load->attempt), keep_record, load);
	for (size_t i = 0; load->err == ERR_OK && i < load->nrecords; i++)
		load->err = record_decode(&load->records[i], &load->arena);
}

static enum err bring_back(struct archive_load *load)
{
	struct core *core = load->core;

	if (load->query.err != ERR_OK)
		return load->query.err;
	if (load->err != ERR_OK)
		return load->err;
	if (load->nrecords == 0)
		return ERR_NOT_FOUND;
	if (engine_attempt(core->engine, load->attempt) != NULL)
		return ERR_OK; /* somebody else has brought it back meanwhile */
	for (size_t i = 0; i < load->nrecords; i++)
		engine_apply(core->engine, &load->records[i]);
	schedule(core->archive, load->attempt);
	return ERR_OK;
}

static void on_done(struct query *q)
{
	struct archive_load *load = container_of(q, struct archive_load, query);
	enum err err = bring_back(load);

	free(load->records);
	arena_fini(&load->arena);
	load->records = NULL;
	load->done(load, err);
}

enum err archive_load(struct core *core, struct archive_load *load, struct attempt_id attempt)
{
	load->core = core;
	load->attempt = attempt;
	load->arena = (struct arena){0};
	load->records = NULL;
	load->nrecords = load->cap = 0;
	load->err = ERR_OK;
	load->query = (struct query){.run = on_run, .done = on_done};
	return store_query(core->store, &load->query);
}
