#include "tests/hostile/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/service/archive.h"
#include "daemon/service/shelf.h"
#include "daemon/service/texts.h"
#include "questions/text/bank_text.h"
#include "questions/text/blueprint_text.h"

/* ---- Content ----------------------------------------------------------------------------------
 */

__attribute__((format(printf, 2, 3))) static void put(struct buf *out, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	assert_in_range(vsnprintf(line, sizeof(line), fmt, ap), 1, sizeof(line) - 1);
	va_end(ap);
	buf_put_text(out, line);
}

static unsigned planted; /* numbers them */

/* What is before a text of the form, and what is before one that stays inside. */
static const char *form_mark(bool forms)
{
	return forms ? CANARY "-form" : "form";
}

static void put_single(struct buf *out, const char *indent, const char *section, unsigned number,
		       bool forms)
{
	const char *form = form_mark(forms);

	put(out, "%s- id: " CANARY "-id-%u\n", indent, number);
	put(out, "%s  sections: {%s}\n", indent, section);
	put(out, "%s  topic: [" CANARY "-topic]\n%s  level: recall\n%s  kind: single\n", indent,
	    indent, indent);
	put(out, "%s  stem: %s stem %u?\n%s  options:\n", indent, form, number, indent);
	for (unsigned i = 0; i < 4; i++) {
		put(out, "%s    - text: %s option %u-%u\n", indent, form, number, i);
		if (i == 0)
			put(out, "%s      right: true\n", indent);
		put(out, "%s      why: " CANARY "-why-%u\n", indent, ++planted);
	}
	put(out, "%s  rationale: " CANARY "-rationale-%u\n", indent, ++planted);
	put(out, "%s  references: [" CANARY "-reference-%u]\n", indent, ++planted);
	put(out, "%s  review: {status: reviewed, by: " CANARY "-by, note: " CANARY "-note}\n",
	    indent);
}

static void put_codes(struct buf *out, const char *section, unsigned number, bool forms)
{
	const char *form = form_mark(forms);

	put(out, "  - id: " CANARY "-id-%u\n    sections: {%s}\n", number, section);
	put(out, "    kind: codes\n    stem: %s stem %u\n    fields:\n", form, number);
	for (unsigned i = 0; i < 2; i++)
		put(out, "      - label: %s label %u-%u\n        accept: [CNRY%u]\n", form, number,
		    i, ++planted);
	put(out, "    rationale: " CANARY "-rationale-%u\n", ++planted);
	put(out, "    review: {status: reviewed}\n");
}

void world_bank(struct harness *h, const char *name, const char *exam, bool forms)
{
	struct buf text = {0};
	struct diag diag = {0};
	struct bank *bank;
	char first[160], second[160];

	snprintf(first, sizeof(first), "%s: one, %s-practice: one", exam, exam);
	snprintf(second, sizeof(second), "%s: two, %s-practice: two", exam, exam);
	put(&text, "bank: %s\ntitle: " CANARY "-bank\nversion: \"1\"\ncode_year: FY2026\n", name);
	put(&text, "licence: CC-BY-4.0\ncopyright: " CANARY "-copyright\nitems:\n");
	for (unsigned i = 0; i < 6; i++)
		put_single(&text, "  ", first, i, forms);
	put(&text, "  - set: " CANARY "-set\n    stimulus: %s stimulus\n    items:\n",
	    form_mark(forms));
	put_single(&text, "      ", second, 6, forms);
	put_single(&text, "      ", second, 7, forms);
	for (unsigned i = 8; i < 12; i++)
		put_codes(&text, second, i, forms);
	if (bank_parse(&bank, buf_bytes(&text), name, &diag) != ERR_OK)
		fail_msg("%s:%u: %s", name, diag.entries[0].line, diag.entries[0].text);
	shelf_put_bank(h->core, bank, buf_bytes(&text));
	buf_fini(&text);
	diag_fini(&diag);
	harness_drain(h);
}

void world_exam(struct harness *h, const char *exam, const char *bank, bool marked)
{
	const char *mark = marked ? CANARY : "plain";
	struct buf text = {0};
	struct diag diag = {0};
	struct blueprint *blueprint;

	put(&text, "exam: %s\ntitle: Examination\nversion: \"1\"\nbank: %s\nparts:\n", exam, bank);
	put(&text, "  - {name: first, title: First, minutes: 1, sections: [{name: one,");
	put(&text, " title: %s-section-one, items: 4}]}\n", mark);
	put(&text, "  - {name: second, title: Second, minutes: 1, sections: [{name: two,");
	put(&text, " title: %s-section-two, items: 4}]}\n", mark);
	put(&text, "pretest: 0\ntotal: 8\norder: shuffled\nbreaks: clock-stops\n");
	put(&text, "tools: [flag, note]\npass: {rule: percent, cut: 60}\n");
	put(&text, "release: {result: by-hand, review: by-hand}\n");
	if (blueprint_parse(&blueprint, buf_bytes(&text), exam, &diag) != ERR_OK)
		fail_msg("%s:%u: %s", exam, diag.entries[0].line, diag.entries[0].text);
	shelf_put_exam(h->core, blueprint, buf_bytes(&text));
	buf_fini(&text);
	diag_fini(&diag);
	harness_drain(h);
}

/* ---- Candidates -------------------------------------------------------------------------------
 */

static void keep_hashes(struct candidate *p, const Examd__V1__Status *status)
{
	p->attempt.v = status->attempt;
	p->nparts = (uint32_t)status->n_parts;
	for (size_t i = 0; i < status->n_parts; i++)
		memcpy(p->hash[i], status->parts[i]->hash.data, sizeof(p->hash[i]));
}

static void room(struct candidate *p, bool alone, enum room_verb verb)
{
	struct attempt_id attempt = {alone ? p->attempt.v : 0};

	assert_int_equal(harness_room(p->c->harness, p->sitting, attempt, verb, (struct millis){0}),
			 ERR_OK);
}

static void arrive(struct candidate *p)
{
	assert_int_equal(client_use_new_slip(p->c, p->sitting, p->person)->error, ERR_OK);
}

static void check_in(struct candidate *p)
{
	const wire_reply *reply = client_check_in(p->c, 1);

	assert_int_equal(reply->error, ERR_OK);
	keep_hashes(p, reply->status);
}

static void admit(struct candidate *p)
{
	room(p, true, VERB_ADMIT);
}

static void confirm(struct candidate *p)
{
	const wire_reply *reply = client_check_in(p->c, 1);

	assert_int_equal(reply->error, ERR_OK);
	assert_int_equal(client_confirm(p->c, reply->status, 2)->error, ERR_OK);
}

static void start(struct candidate *p)
{
	room(p, false, VERB_START);
}

static void pause_it(struct candidate *p)
{
	room(p, true, VERB_PAUSE);
}

static void take_break(struct candidate *p)
{
	REQUEST_OF(take_break, TAKE_BREAK, Examd__V1__TakeBreak, EXAMD__V1__TAKE_BREAK__INIT);

	in.command_id = command_of(p->c, 3);
	assert_int_equal(client_ask(p->c, &request)->error, ERR_OK);
}

static void submit(struct candidate *p)
{
	REQUEST_OF(submit, SUBMIT, Examd__V1__Submit, EXAMD__V1__SUBMIT__INIT);

	in.command_id = command_of(p->c, 3);
	assert_int_equal(client_ask(p->c, &request)->error, ERR_OK);
}

static void close_it(struct candidate *p)
{
	room(p, true, VERB_CLOSE);
}

/* A sitting that is not over keeps its attempts in memory. */
static void close_room(struct candidate *p)
{
	room(p, false, VERB_CLOSE);
}

/* What a person does alone and with a reason. */
static void void_it(struct candidate *p)
{
	struct core *core = p->c->harness->core;
	struct event ev = service_event(core, EVENT_ROOM);
	struct text_ref reason = text_put(core, "somebody else sat");

	ev.sitting = p->sitting;
	ev.by.reason = reason.hash;
	ev.by.reason_row = reason.row;
	ev.u.room.verb = VERB_VOID;
	ev.u.room.attempts = &p->attempt;
	ev.u.room.nattempts = 1;
	assert_int_equal(service_decide_and_apply(core, &ev), ERR_OK);
	harness_drain(p->c->harness);
}

static void release(struct candidate *p)
{
	struct event ev = service_event(p->c->harness->core, EVENT_RELEASE);

	room(p, true, VERB_CLOSE);
	ev.sitting = p->sitting;
	ev.u.release.result = ev.u.release.review = true;
	assert_int_equal(service_decide_and_apply(p->c->harness->core, &ev), ERR_OK);
	archive_released(p->c->harness->core, p->sitting);
	harness_drain(p->c->harness);
}

/* The way to each stage, in steps. */
#define STEPS_MOST 8
static void (*const way[STAGE_COUNT][STEPS_MOST])(struct candidate *p) = {
    [STAGE_NONE] = {arrive},
    [STAGE_CHECKED_IN] = {arrive, check_in},
    [STAGE_ADMITTED] = {arrive, check_in, admit},
    [STAGE_READY] = {arrive, check_in, admit, confirm},
    [STAGE_RUNNING] = {arrive, check_in, admit, confirm, start},
    [STAGE_PAUSED] = {arrive, check_in, admit, confirm, start, pause_it},
    [STAGE_BREAK] = {arrive, check_in, admit, confirm, start, take_break},
    [STAGE_SUBMITTED] = {arrive, check_in, admit, confirm, start, submit},
    [STAGE_EXPIRED] = {arrive, check_in, admit, confirm, start},
    [STAGE_CLOSED] = {arrive, check_in, admit, confirm, start, close_it},
    [STAGE_VOIDED] = {arrive, check_in, admit, confirm, start, void_it},
    [STAGE_RELEASED] = {arrive, check_in, admit, confirm, start, release},
    [STAGE_GONE] = {arrive, check_in, admit, confirm, start, close_room},
};

static struct candidate one(struct harness *h, const char *prefix, size_t number, const char *exam,
			    enum stage stage)
{
	struct candidate p = {0};

	snprintf(p.user, sizeof(p.user), "%s%zu", prefix, number);
	p.c = client_connect(h, p.user, "10.3.0.1");
	p.person = harness_person(h, p.user, EXAMD__V1__ROLE__ROLE_CANDIDATE, NULL);
	p.sitting = harness_sitting(h, exam, &p.person, 1);
	room(&p, false, VERB_OPEN);
	for (size_t i = 0; i < STEPS_MOST && way[stage][i] != NULL; i++)
		way[stage][i](&p);
	return p;
}

static bool all_gone(const struct harness *h, const struct candidate *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (engine_attempt(h->core->engine, p[i].attempt) != NULL)
			return false;
	return true;
}

static void leave_memory(struct harness *h, struct candidate *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		client_lose(p[i].c);
	harness_forward(h, ARCHIVE_AFTER);
	while (!all_gone(h, p, n)) {
		archive_look(h->core);
		harness_turn(h, SECONDS(1));
	}
	for (size_t i = 0; i < n; i++)
		p[i].c = staff_again(p[i].c);
}

struct candidate *world_candidates(struct harness *h, const char *prefix, const char *exam,
				   enum stage stage, size_t n)
{
	struct candidate *out = mem_new_array(n, sizeof(out[0]));

	for (size_t i = 0; i < n; i++)
		out[i] = one(h, prefix, i, exam, stage);
	if (stage == STAGE_EXPIRED)
		harness_turn(h, SECONDS(130));
	if (stage == STAGE_GONE)
		leave_memory(h, out, n);
	return out;
}

struct candidate world_candidate(struct harness *h, const char *prefix, const char *exam,
				 enum stage stage)
{
	struct candidate *made = world_candidates(h, prefix, exam, stage, 1), p = made[0];

	free(made);
	return p;
}
