#include "client/ctl/console_command.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

#define MINUTES_MOST 1440
#define STAFF                                                                                      \
	(1u << EXAMD__V1__ROLE__ROLE_PROCTOR | 1u << EXAMD__V1__ROLE__ROLE_INSTRUCTOR |            \
	 1u << EXAMD__V1__ROLE__ROLE_ADMIN)
#define TEACHER	    (1u << EXAMD__V1__ROLE__ROLE_INSTRUCTOR | 1u << EXAMD__V1__ROLE__ROLE_ADMIN)

#define CREATED	    (1u << EXAMD__V1__SITTING_STATE__SITTING_CREATED)
#define OPEN	    (1u << EXAMD__V1__SITTING_STATE__SITTING_OPEN)
#define STARTED	    (1u << EXAMD__V1__SITTING_STATE__SITTING_STARTED)
#define VERB(name)  EXAMD__V1__ROOM_VERB__ROOM_##name
#define STATE(name) EXAMD__V1__ATTEMPT_STATE__##name
#define STOP(name)  EXAMD__V1__STOP__STOP_##name

/* ---- Whom a command fits, as far as the console knows ------------------------------------ */

static bool is_open(const Examd__V1__RoomRow *row)
{
	return row->attempt != 0 && row->state < STATE(SUBMITTED);
}

static bool is_closed(const Examd__V1__RoomRow *row)
{
	return row->attempt != 0 && row->state >= STATE(SUBMITTED) && row->state != STATE(VOIDED);
}

static bool is_to_admit(const Examd__V1__RoomRow *row)
{
	return row->attempt != 0 && row->state == STATE(CHECKED_IN);
}

static bool is_to_start(const Examd__V1__RoomRow *row)
{
	return row->attempt != 0 &&
	       (row->state == STATE(READY) ||
		(row->state == STATE(RUNNING) && (row->stopped & STOP(NOT_STARTED)) != 0));
}

static bool is_to_pause(const Examd__V1__RoomRow *row)
{
	return row->state == STATE(RUNNING) && (row->stopped & STOP(ATTEMPT)) == 0;
}

static bool is_to_resume(const Examd__V1__RoomRow *row)
{
	return is_open(row) && (row->stopped & (STOP(ATTEMPT) | STOP(SITTING) | STOP(PARKED))) != 0;
}

static bool asks_for_seat(const Examd__V1__RoomRow *row)
{
	return row->takeover_asked;
}

static bool is_not_void(const Examd__V1__RoomRow *row)
{
	return row->attempt != 0 && row->state != STATE(VOIDED);
}

const struct console_command console_commands[] = {
    /* key, room, verb, word, done, asks one, asks many, one, roles, room while, fits, help */
    {0, 'O', VERB(OPEN), "open", "Opened", 0, 0, false, STAFF, CREATED, NULL,
     "open the room: candidates can check in"},
    {'a', 'A', VERB(ADMIT), "admit", "Admitted", 0, 0, false, STAFF, OPEN | STARTED, is_to_admit,
     "admit; for the room: everybody from now on"},
    {'s', 'S', VERB(START), "start", "Started", 0, ASK_SURE, false, STAFF, OPEN, is_to_start,
     "start the clocks"},
    {'p', 'P', VERB(PAUSE), "pause", "Paused", 0, 0, false, STAFF, STARTED, is_to_pause,
     "pause: clocks stand, items are hidden"},
    {'r', 'R', VERB(RESUME), "resume", "Resumed", 0, 0, false, STAFF, STARTED, is_to_resume,
     "resume"},
    {'m', 'M', VERB(ADD_MINUTES), "minutes", "Minutes added", ASK_MINUTES | ASK_REASON,
     ASK_MINUTES | ASK_REASON, false, STAFF, OPEN | STARTED, is_open,
     "add minutes (or take, -5), with a reason"},
    {'t', 'T', VERB(MESSAGE), "tell", "Told", ASK_TEXT, ASK_TEXT, false, STAFF, OPEN | STARTED,
     is_open, "tell: show a message"},
    {'g', 0, VERB(RELEASE_SEAT), "give seat", "Seat given", 0, 0, true, STAFF, 0, is_open,
     "give the seat to the client that asks, or to the next"},
    {'x', 0, VERB(REFUSE_SEAT), "refuse seat", "Seat refused", 0, 0, true, STAFF, 0, asks_for_seat,
     "refuse the seat: send the client that asks away"},
    {'e', 'E', VERB(CLOSE), "end", "Ended", ASK_WHY | ASK_SURE, ASK_WHY | ASK_WORD, false, STAFF,
     CREATED | OPEN | STARTED, is_open, "end: close and score"},
    {'o', 0, VERB(REOPEN), "reopen", "Reopened", ASK_MINUTES | ASK_REASON, 0, true, TEACHER, 0,
     is_closed, "reopen with minutes and a reason (instructor)"},
    {'v', 0, VERB(VOID), "void", "Voided", ASK_REASON | ASK_SURE, 0, true, TEACHER, 0, is_not_void,
     "void with a reason (instructor)"},
};
const size_t nconsole_commands = COUNT(console_commands);

const struct console_command *console_command_of(int key, bool *room)
{
	for (size_t i = 0; i < COUNT(console_commands); i++) {
		const struct console_command *c = &console_commands[i];

		*room = key == c->room_key;
		if (key != 0 && (key == c->key || *room))
			return c;
	}
	return NULL;
}

bool console_command_allowed(const struct console_command *c, Examd__V1__Role role)
{
	return (c->roles & 1u << role) != 0;
}

/* ---- Whom it is for ---------------------------------------------------------------------- */

static void add_attempt(struct draft *d, const struct room_row *row)
{
	if (d->command->fits != NULL && !d->command->fits(&row->row)) {
		d->passed_over++;
		return;
	}
	d->attempts[d->nattempts++] = row->row.attempt;
	d->before = *row;
	d->version = row->row.version;
	snprintf(d->who, sizeof d->who, "%s %s", row->user, row->name);
}

/* The marked ones, or the one under the cursor. */
static void add_attempts(struct draft *d, const struct console_room *r, size_t row)
{
	bool marks = console_room_marked(r) > 0;

	d->attempts = mem_new_array(r->rows.nrows, sizeof *d->attempts);
	for (size_t i = 0; i < r->rows.nrows; i++)
		if (marks ? r->notes[i].marked : i == row)
			add_attempt(d, &r->rows.rows[i]);
}

static const char *why_nobody(const struct draft *d, const struct console_room *r, size_t row,
			      char why[200])
{
	if (d->passed_over == 0)
		snprintf(why, 200, "There is nobody to %s.", d->command->word);
	else if (d->passed_over > 1)
		snprintf(why, 200, "%s does not fit any of the %zu marked.", d->command->word,
			 d->passed_over);
	else if (row < r->rows.nrows && console_room_marked(r) == 0)
		snprintf(why, 200, "%s does not fit %s: %s.", d->command->word,
			 r->rows.rows[row].user, row_state_word(&r->rows.rows[row].row));
	else
		snprintf(why, 200, "%s does not fit the one marked.", d->command->word);
	return why;
}

const char *draft_begin(struct draft *d, const struct console_command *c, bool room,
			const struct console_room *r, size_t row, char why[200])
{
	*d = (struct draft){.command = c, .room = room, .sitting_before = r->rows.sitting};
	exam_client_command_id(d->id);
	snprintf(d->who, sizeof d->who, "the room");
	if (!room)
		add_attempts(d, r, row);
	if (!room && d->nattempts == 0)
		return why_nobody(d, r, row, why);
	if (!room && c->one && d->nattempts > 1) {
		snprintf(why, 200, "%s is for one candidate; %zu are marked (u unmarks).", c->word,
			 d->nattempts);
		return why;
	}
	if (room || d->nattempts > 1)
		d->version = r->rows.sitting.version;
	if (d->nattempts > 1)
		snprintf(d->who, sizeof d->who, "%zu candidates", d->nattempts);
	d->asks = d->nattempts == 1 ? c->asks : c->asks_many;
	return NULL;
}

void draft_fini(struct draft *d)
{
	free(d->attempts);
	*d = (struct draft){0};
}

/* ---- Questions --------------------------------------------------------------------------- */

enum ask draft_next(const struct draft *d)
{
	return (enum ask)(d->asks & -d->asks);
}

static void sure_question(const struct draft *d, char out[240])
{
	const Examd__V1__Sitting *s = &d->sitting_before;

	if (d->command->verb == VERB(START) && d->room)
		snprintf(out, 240, "Start the room: %u ready of %u?  y/n", s->ready, s->candidates);
	else if (d->command->verb == VERB(START))
		snprintf(out, 240, "Start %s?  y/n", d->who);
	else if (d->command->verb == VERB(VOID))
		snprintf(out, 240, "Void %s?  It will not count.  y/n", d->who);
	else
		snprintf(out, 240, "End %s?  Only an instructor can reopen it.  y/n", d->who);
}

void draft_question(const struct draft *d, enum ask ask, char out[240])
{
	switch (ask) {
	case ASK_NOTHING:
		out[0] = '\0';
		return;
	case ASK_MINUTES:
		snprintf(out, 240, "Minutes for %s: ", d->who);
		return;
	case ASK_TEXT:
		snprintf(out, 240, "Message to %s: ", d->who);
		return;
	case ASK_REASON:
		snprintf(out, 240, "Why (%s %s; goes on record): ", d->command->word, d->who);
		return;
	case ASK_WHY:
		snprintf(out, 240, "Why (%s %s; Enter: no reason): ", d->command->word, d->who);
		return;
	case ASK_SURE:
		sure_question(d, out);
		return;
	case ASK_WORD:
		snprintf(out, 240, "End %s for good?  Type the word end: ", d->who);
		return;
	}
}

static bool answer_minutes(struct draft *d, const char *answer, char why[200])
{
	long least = d->command->verb == VERB(REOPEN) ? 1 : -MINUTES_MOST, v;
	char *end;

	v = strtol(answer, &end, 10);
	snprintf(why, 200, "A number from %ld to %d%s.", least, MINUTES_MOST,
		 least < 0 ? ", and not 0" : "");
	if (answer[0] == '\0' || *end != '\0' || v < least || v > MINUTES_MOST || v == 0)
		return false;
	d->minutes = (int32_t)v;
	return true;
}

static bool answer_text(struct draft *d, const char *answer, char why[200])
{
	snprintf(why, 200, "It must not be empty.");
	snprintf(d->text, sizeof d->text, "%s", answer);
	return answer[strspn(answer, " ")] != '\0';
}

bool draft_answer(struct draft *d, enum ask ask, const char *answer, char why[200])
{
	bool good = true;

	switch (ask) {
	case ASK_NOTHING:
		break;
	case ASK_MINUTES:
		good = answer_minutes(d, answer, why);
		break;
	case ASK_TEXT:
	case ASK_REASON:
		good = answer_text(d, answer, why);
		break;
	case ASK_WHY:
		snprintf(d->text, sizeof d->text, "%s", answer);
		break;
	case ASK_SURE:
		good = strcmp(answer, "y") == 0;
		snprintf(why, 200, "Nothing was done.");
		break;
	case ASK_WORD:
		good = strcmp(answer, d->command->word) == 0;
		snprintf(why, 200, "That was not the word %s: nothing was done.", d->command->word);
		break;
	}
	if (good)
		d->asks &= ~(unsigned)ask;
	return good;
}

/* ---- The request, and what came of it ---------------------------------------------------- */

void draft_fill(const struct draft *d, int64_t sitting, Examd__V1__RoomCommand *out)
{
	char *text = (char *)(uintptr_t)d->text; /* only read */

	out->command_id = (ProtobufCBinaryData){sizeof d->id, (uint8_t *)(uintptr_t)d->id};
	out->sitting = sitting;
	out->attempts = d->attempts;
	out->n_attempts = d->nattempts;
	out->verb = d->command->verb;
	out->minutes = d->minutes;
	if ((d->command->asks & ASK_TEXT) != 0)
		out->text = text;
	else
		out->reason = text;
	out->version = d->version;
	out->force = d->force;
}

void draft_done(const struct draft *d, char out[240])
{
	int n = snprintf(out, 240, "%s: %s", d->command->done, d->who);

	if (d->minutes != 0)
		n += snprintf(out + n, 240 - (size_t)n, ", %+d min", (int)d->minutes);
	if (d->passed_over > 0)
		n += snprintf(out + n, 240 - (size_t)n, "; not for %zu whom it does not fit",
			      d->passed_over);
	snprintf(out + n, 240 - (size_t)n, ".");
}

static const struct room_row *row_now(const struct draft *d, const struct console_room *r)
{
	for (size_t i = 0; i < r->rows.nrows; i++)
		if (r->rows.rows[i].row.attempt == d->before.row.attempt)
			return &r->rows.rows[i];
	return NULL;
}

static void sitting_changes(const Examd__V1__Sitting *before, const Examd__V1__Sitting *now,
			    char out[240])
{
	if (before->state != now->state)
		snprintf(out, 240, "the room was %s and is %s now",
			 sitting_state_word(before->state), sitting_state_word(now->state));
	else if (before->paused != now->paused)
		snprintf(out, 240, "the room was %s meanwhile", now->paused ? "paused" : "resumed");
	else
		snprintf(out, 240, "somebody gave the room another command meanwhile");
}

static void row_changes(const Examd__V1__RoomRow *before, const struct room_row *now, char out[240])
{
	const char *was = row_state_word(before), *is = row_state_word(&now->row);

	if (strcmp(was, is) != 0)
		snprintf(out, 240, "%s was %s and is %s now", now->user, was, is);
	else if (before->seat != now->row.seat)
		snprintf(out, 240, "%s has another seat now", now->user);
	else if (now->row.remaining_ms > before->remaining_ms)
		snprintf(out, 240, "%s was given time meanwhile", now->user);
	else
		snprintf(out, 240, "somebody gave %s another command meanwhile", now->user);
}

void draft_changes(const struct draft *d, const struct console_room *r, char out[240])
{
	const struct room_row *now = d->nattempts == 1 ? row_now(d, r) : NULL;

	if (now == NULL)
		sitting_changes(&d->sitting_before, &r->rows.sitting, out);
	else
		row_changes(&d->before.row, now, out);
}

void draft_force(struct draft *d)
{
	d->force = true;
	exam_client_command_id(d->id);
}
