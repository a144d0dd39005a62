#include "client/ctl/console.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

#define ANSWER_SLOW SECONDS(3) /* then it is said that the server does not answer */

static void fill_head(const struct console *c, struct screen_look *look)
{
	const Examd__V1__Sitting *s = &c->room.rows.sitting;

	snprintf(look->head, sizeof look->head, "Sitting %lld  %s  (%s)  %s%s",
		 (long long)c->sitting, c->room.title != NULL ? c->room.title : "",
		 c->room.exam != NULL ? c->room.exam : "", sitting_state_word(s->state),
		 s->paused ? ", PAUSED" : "");
}

/* How long the oldest request has had no answer. */
static struct millis unanswered(const struct console *c, struct mono_ms now)
{
	struct mono_ms since = c->watching ? c->asked : now;

	for (const struct errand *e = c->errands; e != NULL; e = e->next)
		if (!e->changed && e->sent.v < since.v)
			since = e->sent;
	return (struct millis){now.v - since.v};
}

static void fill_link(const struct console *c, struct screen_look *look)
{
	struct millis waited = unanswered(c, look->now);

	look->link_tone = TONE_BAD;
	if (!c->up)
		snprintf(look->link, sizeof look->link, " NO CONNECTION for %3llds ",
			 (long long)(look->now.v - c->down_since.v) / 1000);
	else if (exam_client_session(c->client) == NULL)
		snprintf(look->link, sizeof look->link, " LOGGED OUT: q, examctl login ");
	else if (waited.v >= ANSWER_SLOW.v)
		snprintf(look->link, sizeof look->link, " NO ANSWER for %3llds ",
			 (long long)waited.v / 1000);
	else {
		look->link_tone = TONE_GOOD;
		snprintf(look->link, sizeof look->link, "connected, %4lld ms",
			 (long long)c->round_trip.v);
	}
}

static void fill_counts(const struct console *c, struct screen_look *look)
{
	const Examd__V1__Sitting *s = &c->room.rows.sitting;
	size_t marked = console_room_marked(&c->room), open = errands_open(c);
	int n = snprintf(look->counts, sizeof look->counts,
			 "%u here of %u: %u ready, %u running, %u closed.  %zu need you.",
			 s->checked_in, s->candidates, s->ready, s->running, s->closed,
			 console_room_needing(&c->room, look->now));
	char *rest = look->counts + n;
	size_t size = sizeof look->counts - (size_t)n;

	if (open > 0)
		snprintf(rest, size, "  %zu SENT, NO ANSWER YET", open);
	else if (marked > 0)
		snprintf(rest, size, "  %zu MARKED", marked);
	else if (c->room.filter[0] != '\0')
		snprintf(rest, size, "  Found %zu: /%s", c->room.nshown, c->room.filter);
	else if (!c->room.whole)
		snprintf(rest, size, "  Loading ...");
}

static void fill_detail(const struct console *c, struct screen_look *look)
{
	char stops[96], focus[64];
	const struct room_row *r;
	const char *advice;

	if (c->mode == MODE_ASKING && c->hint[0] != '\0')
		snprintf(look->detail, sizeof look->detail, "%s", c->hint);
	if (c->mode == MODE_CHANGED)
		snprintf(look->detail, sizeof look->detail, "%s", errands_changed(c)->detail);
	if (!c->has_under || look->detail[0] != '\0')
		return;
	r = &c->room.rows.rows[c->under];
	advice = need_advice(row_need(r, &c->room.notes[c->under], look->now));
	stops_format(r->row.stopped, stops, sizeof stops);
	focus_format(&r->row, focus, sizeof focus);
	snprintf(look->detail, sizeof look->detail, "%s %s: %s%s%s%s.  %s%s%s", r->user, r->name,
		 attempt_state_word(r->row.state), stops[0] != '\0' ? " (" : "", stops,
		 stops[0] != '\0' ? ")" : "", focus, focus[0] != '\0' ? "  " : "", advice);
}

static void add_key(struct screen_key *keys, size_t *n, int key, const char *label)
{
	if (*n < SCREEN_KEYS)
		keys[(*n)++] = (struct screen_key){key, label};
}

/* Does a command fit anybody that it would be for? */
static bool fits_target(const struct console *c, const struct console_command *command)
{
	size_t marked = console_room_marked(&c->room);

	if (command->key == 0 || command->fits == NULL || (command->one && marked > 1))
		return false;
	for (size_t i = 0; i < c->room.rows.nrows; i++)
		if ((marked > 0 ? c->room.notes[i].marked : c->has_under && i == c->under) &&
		    command->fits(&c->room.rows.rows[i].row))
			return true;
	return false;
}

static void fill_command_keys(const struct console *c, struct screen_look *look)
{
	const Examd__V1__Sitting *s = &c->room.rows.sitting;

	for (size_t i = 0; c->up && i < nconsole_commands; i++) {
		const struct console_command *command = &console_commands[i];

		if (!console_command_allowed(command, console_role(c)))
			continue;
		if (fits_target(c, command))
			add_key(look->one, &look->none, command->key, command->word);
		if ((command->room_while & 1u << s->state) == 0 ||
		    (command->verb == EXAMD__V1__ROOM_VERB__ROOM_PAUSE && s->paused) ||
		    (command->verb == EXAMD__V1__ROOM_VERB__ROOM_RESUME && !s->paused))
			continue;
		add_key(look->all, &look->nall, command->room_key, command->word);
	}
}

static void fill_keys(const struct console *c, struct screen_look *look)
{
	size_t marked = console_room_marked(&c->room);

	if (c->mode != MODE_GRID)
		return;
	if (marked > 0)
		snprintf(look->one_title, sizeof look->one_title, "%zu marked:", marked);
	else if (c->has_under)
		text_fit(c->room.rows.rows[c->under].user, 8, false, look->one_title,
			 sizeof look->one_title);
	fill_command_keys(c, look);
	add_key(look->one, &look->none, ' ', marked > 0 ? "(un)mark" : "mark");
	if (marked > 0)
		add_key(look->one, &look->none, 'u', "unmark all");
	add_key(look->all, &look->nall, '/', "find");
	add_key(look->all, &look->nall, '?', "help");
	add_key(look->all, &look->nall, 'q', "quit");
}

/* The rows may come after the refusal, so it is said anew each time. */
static void fill_changed(const struct errand *e, const struct console_room *room,
			 struct screen_look *look)
{
	char what[240];

	draft_changes(&e->draft, room, what);
	snprintf(look->message, sizeof look->message, "NOT DONE, %s %s: %s.",
		 e->draft.command->word, e->draft.who, what);
}

static void fill_message(const struct console *c, struct screen_look *look)
{
	char question[240];

	switch (c->mode) {
	case MODE_GRID:
	case MODE_NMODES:
		snprintf(look->message, sizeof look->message, "%s", c->message);
		look->message_tone = c->tone;
		return;
	case MODE_ASKING:
		draft_question(&c->draft, draft_next(&c->draft), question);
		snprintf(look->message, sizeof look->message, "%s%s", question, c->typed);
		snprintf(look->one_title, sizeof look->one_title, "%s",
			 draft_next(&c->draft) == ASK_SURE ? "y: yes, any other key: no"
							   : "Enter: go on, Esc: drop it");
		break;
	case MODE_FINDING:
		snprintf(look->message, sizeof look->message, "Find: %s", c->typed);
		snprintf(look->one_title, sizeof look->one_title, "%s",
			 "Enter: keep, Esc: show all");
		break;
	case MODE_HELP:
		snprintf(look->message, sizeof look->message, "Any key: back to the room.");
		break;
	case MODE_CHANGED:
		fill_changed(errands_changed(c), &c->room, look);
		snprintf(look->one_title, sizeof look->one_title, "%s", "Changed meanwhile:");
		add_key(look->one, &look->none, 'l', "look again");
		add_key(look->one, &look->none, 'f', "force it all the same");
		break;
	}
	look->message_tone = TONE_ASK;
	look->typing = c->mode == MODE_ASKING || c->mode == MODE_FINDING;
}

static const char *const help[] = {
    "Those who need you stand at the top: a seat is asked for, the connection is lost",
    "while the clock runs, nothing was saved for 10 minutes, the page of the exam was",
    "left, 5 minutes or less are left, somebody waits to be let in, answers are kept",
    "that do not count.",
    "",
    "A small letter is for the marked, or for the one under the cursor; a capital is",
    "for the room.  The lines at the bottom show what is possible now.",
    "  SPACE marks, * marks all that are shown, u unmarks all, arrows or j k move,",
    "  / finds by name, state or need, Esc shows all again, q quits (exam goes on).",
    "  a A admit     s S start     p P pause    r R resume   m M minutes  t T tell",
    "  g give seat   x refuse seat   e E end    o reopen     v void       O open room",
    "DONE answered of all.  SAVED since the last answer on disk.  LEFT of the part.",
    "STATE ^2: the page of the exam was left twice; the line at the bottom says when.",
    "LINE the client's round trip, or here; LOST while running; away; stale: told before.",
    "A red corner: this console has no connection.  The clocks of the room run on at",
    "the server; LEFT with ~ is counted here.  Nothing you press then is sent.",
    "Changed meanwhile: another proctor was faster.  Look again, or force it.",
    NULL,
};

/* The cursor stays with its candidate; one that is not shown any more gives it to the first. */
static void place_cursor(struct console *c, struct screen_look *look)
{
	size_t at = c->has_under ? console_room_find(&c->room, c->under) : 0;
	size_t lines = screen_grid_lines();

	if (at >= c->room.nshown)
		at = 0;
	c->has_under = at < c->room.nshown;
	if (c->has_under)
		c->under = c->room.shown[at];
	if (c->top > at)
		c->top = at;
	if (at >= c->top + lines)
		c->top = at - lines + 1;
	if (c->top > 0 && c->top + lines > c->room.nshown)
		c->top = c->room.nshown > lines ? c->room.nshown - lines : 0;
	look->cursor = at;
	look->top = c->top;
}

void console_draw(struct console *c)
{
	struct screen_look *look = mem_new(sizeof *look);

	look->room = &c->room;
	look->now = mono_now();
	/* Rows do not move under the hand while a question is open. */
	if (c->mode != MODE_ASKING && c->mode != MODE_CHANGED)
		console_room_arrange(&c->room, look->now);
	place_cursor(c, look);
	fill_head(c, look);
	fill_link(c, look);
	fill_counts(c, look);
	fill_detail(c, look);
	fill_keys(c, look);
	fill_message(c, look);
	look->help = c->mode == MODE_HELP ? help : NULL;
	screen_draw(look);
	c->drawn = look->now;
	timer_stop(&c->redraw);
	free(look);
}

/* Soon, and together with whatever else comes until then. */
