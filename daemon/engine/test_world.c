#include "daemon/engine/test_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS 12

/* ---- Bank and exams ---------------------------------------------------------------------- */

static struct item *item_new(struct arena *arena, size_t no)
{
	static const char *const codes[] = {"E119", "I10"};
	struct item *item = arena_new(arena, sizeof *item);
	char id[16] = "item-a";
	size_t i;

	id[5] = (char)('a' + no);
	item->id = arena_copy_text(arena, id);
	item->stem = "Which one?";
	item->kind = no < 8 ? ITEM_SINGLE : no < 10 ? ITEM_MULTIPLE : ITEM_CODES;
	if (item->kind == ITEM_CODES) {
		item->nfields = 2;
		item->fields = arena_new(arena, 2 * sizeof *item->fields);
		for (i = 0; i < 2; i++) {
			item->fields[i].label = "Code";
			item->fields[i].accept = arena_new(arena, sizeof(char *));
			item->fields[i].accept[0] = codes[i];
			item->fields[i].naccept = 1;
		}
		return item;
	}
	item->noptions = 4;
	item->options = arena_new(arena, 4 * sizeof *item->options);
	for (i = 0; i < 4; i++) {
		item->options[i].text = "An option";
		item->options[i].right = i == 0 || (item->kind == ITEM_MULTIPLE && i == 1);
	}
	return item;
}

static struct bank *bank_make(void)
{
	struct bank *bank = bank_new();
	size_t i;

	bank->name = "small";
	bank->title = "A small bank";
	bank->version = "1";
	bank->nitems = ITEMS;
	bank->items = arena_new(&bank->arena, ITEMS * sizeof *bank->items);
	for (i = 0; i < ITEMS; i++)
		bank->items[i] = item_new(&bank->arena, i);
	bank_seal(bank);
	return bank;
}

static const char *const names[EXAM_NEXAMS] = {"plain", "parts", "stops"};

const char *world_exam_name(enum exam exam)
{
	return names[exam];
}

static void part_make(struct blueprint *b, size_t no, uint32_t minutes, uint32_t items,
		      enum navigation navigation)
{
	struct part *part = &b->parts[no];

	part->name = part->title = "part";
	part->minutes = minutes;
	part->navigation = navigation;
	part->nsections = 1;
	part->sections = arena_new(&b->arena, sizeof *part->sections);
	part->sections[0] = (struct section){.name = "all", .title = "All", .items = items};
}

static struct blueprint *blueprint_make(enum exam exam)
{
	struct blueprint *b = blueprint_new();

	b->exam = b->title = names[exam];
	b->version = "1";
	b->bank = "small";
	b->nparts = exam == EXAM_PARTS ? 2 : 1;
	b->parts = arena_new(&b->arena, b->nparts * sizeof *b->parts);
	b->total = ITEMS;
	b->pass = PASS_PERCENT;
	b->cut = 50;
	if (exam == EXAM_PARTS) {
		part_make(b, 0, 30, 6, NAVIGATION_FREE);
		part_make(b, 1, 20, 6, NAVIGATION_LINEAR);
		b->result.rule = b->review.rule = RELEASE_BY_HAND;
	} else {
		part_make(b, 0, 60, ITEMS, NAVIGATION_FREE);
	}
	b->breaks = BREAKS_CLOCK_RUNS;
	if (exam == EXAM_STOPS) {
		b->breaks = BREAKS_CLOCK_STOPS;
		b->lost = LOST_CLOCK_STOPS;
		b->late = LATE_BY_HAND;
		b->result.rule = RELEASE_NEVER;
		b->review.rule = RELEASE_BY_DATE;
		b->review.date.v = 1800000000000;
	} else if (exam == EXAM_PARTS) {
		b->breaks = BREAKS_NONE;
	}
	blueprint_seal(b);
	return b;
}

/* Stands for Ed25519: what counts is that the same statement gives the same bytes. */
static void sign(void *key, struct bytes statement, uint8_t signature[64])
{
	struct digest d = digest_of(statement.data, statement.len);

	(void)key;
	memcpy(signature, d.b, 32);
	memcpy(signature + 32, d.b, 32);
}

struct engine *world_engine(void)
{
	struct engine_config config = {.installation = "an installation", .sign = sign};
	struct engine *e = engine_new(&config);
	int exam;

	engine_add_bank(e, bank_make());
	for (exam = 0; exam < EXAM_NEXAMS; exam++)
		engine_add_blueprint(e, blueprint_make((enum exam)exam));
	return e;
}

/* ---- The world --------------------------------------------------------------------------- */

struct world *world_new(void)
{
	struct world *w = mem_new(sizeof *w);

	w->e = world_engine();
	w->copy = world_engine();
	w->now.v = 5000;
	w->wall.v = 1764000000000;
	return w;
}

void world_free(struct world *w)
{
	engine_free(w->e);
	engine_free(w->copy);
	decision_fini(&w->d);
	arena_fini(&w->arena);
	free(w->log);
	free(w);
}

void world_wait(struct world *w, struct millis t)
{
	w->now.v += t.v;
	w->wall.v += t.v;
}

struct event world_event(struct world *w, enum event_kind kind, int64_t person)
{
	struct event ev = {.kind = kind, .now = w->now, .wall = w->wall};

	ev.by.person.v = person;
	if (person != 0) {
		u64_write(ev.by.command.b, ++w->commands);
		ev.by.content = digest_of(&w->commands, sizeof w->commands);
	}
	return ev;
}

const uint8_t *world_client(uint8_t n)
{
	static uint8_t clients[256][16];

	memset(clients[n], n, sizeof clients[n]);
	return clients[n];
}

void world_draw(struct world *w, struct event *ev, enum exam exam, int64_t person, uint32_t extra)
{
	static const uint8_t seed[FORM_SEED] = "a seed";
	const struct blueprint *b = engine_blueprint(w->e, names[exam]);
	const struct bank *bank = engine_bank(w->e, "small");
	struct form *form = arena_new(&w->arena, sizeof *form);
	struct digest *hashes = arena_new(&w->arena, b->nparts * sizeof *hashes);
	size_t p, i, no = 0;

	*form = (struct form){.blueprint = b, .bank = bank, .nparts = b->nparts, .nitems = ITEMS};
	form->parts = arena_new(&w->arena, b->nparts * sizeof *form->parts);
	for (p = 0; p < b->nparts; p++) {
		struct form_part *part = &form->parts[p];

		part->nitems = b->parts[p].sections[0].items;
		part->items = arena_new(&w->arena, part->nitems * sizeof *part->items);
		for (i = 0; i < part->nitems; i++, no++) {
			part->items[i].item = bank->items[no];
			memcpy(part->items[i].order, "\0\1\2\3", 4);
		}
		hashes[p] = digest_of(&part->nitems, sizeof part->nitems);
	}
	ev->u.open.person.v = person;
	ev->u.open.extra_percent = extra;
	ev->u.open.blueprint = b;
	ev->u.open.bank = bank;
	ev->u.open.seed = seed;
	ev->u.open.form = form;
	ev->u.open.plain_hashes = hashes;
}

static void log_record(struct world *w, const struct record *r)
{
	if (w->nlog == w->log_cap) {
		w->log_cap = w->log_cap == 0 ? 256 : w->log_cap * 2;
		w->log = mem_resize(w->log, w->log_cap * sizeof *w->log);
	}
	w->log[w->nlog] = *r;
	w->log[w->nlog].msg = NULL;
	w->log[w->nlog++].body =
	    bytes_of(arena_copy(&w->arena, r->body.data, r->body.len), r->body.len);
}

/* What a restart does with one row. */
static void apply_decoded(struct engine *e, const struct record *logged)
{
	struct record r = *logged;
	struct arena arena = {0};

	assert_int_equal(ERR_OK, record_decode(&r, &arena));
	engine_apply(e, &r);
	arena_fini(&arena);
}

void world_check_copy(const struct world *w)
{
	struct digest live = engine_state_hash(w->e), copy = engine_state_hash(w->copy);

	assert_memory_equal(live.b, copy.b, sizeof live.b);
}

static void decide_and_look(struct world *w, const struct event *ev, enum err *err)
{
	struct digest before, after;

	if (w->without_looking) {
		*err = engine_decide(w->e, ev, &w->d);
		return;
	}
	before = engine_state_hash(w->e);
	*err = engine_decide(w->e, ev, &w->d);
	after = engine_state_hash(w->e);
	assert_memory_equal(before.b, after.b, sizeof before.b);
}

enum err world_do(struct world *w, const struct event *ev)
{
	enum err err;
	size_t i;

	decide_and_look(w, ev, &err);
	if (err != ERR_OK && err != ERR_KEPT_FOR_PROCTOR && err != ERR_SEAT_TAKEN)
		assert_int_equal(0, w->d.nrecords);
	for (i = 0; i < w->d.nrecords; i++) {
		engine_apply(w->e, &w->d.records[i]);
		log_record(w, &w->d.records[i]);
		apply_decoded(w->copy, &w->log[w->nlog - 1]);
		if (!w->without_looking)
			world_check_copy(w);
	}
	if (!w->without_looking)
		world_check_copy(w);
	return err;
}

void world_restart(struct world *w, struct millis outage)
{
	struct event ev;
	size_t i;

	engine_free(w->e);
	w->e = world_engine();
	for (i = 0; i < w->nlog; i++)
		apply_decoded(w->e, &w->log[i]);
	world_check_copy(w);
	w->wall.v += outage.v;
	ev = world_event(w, EVENT_RESTARTED, 0);
	ev.u.outage = outage;
	assert_int_equal(ERR_OK, world_do(w, &ev));
}

void world_apply_subject(const struct world *w, struct engine *to, struct subject subject)
{
	struct digest chain = {{0}};
	size_t i;

	for (i = 0; i < w->nlog; i++) {
		if (w->log[i].subject.v != subject.v)
			continue;
		assert_true(record_follows(&w->log[i], &chain));
		chain = w->log[i].chain;
		apply_decoded(to, &w->log[i]);
	}
}

const struct record *world_last(const struct world *w)
{
	return &w->log[w->nlog - 1];
}
