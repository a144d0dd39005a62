/* console: a sitting live on the full screen, for a proctor.
 *
 * One loop: the terminal is a watch, the network the client library, the clock a timer.  Nothing
 * waits: a command is a call whose reply comes later, and the keys go on working meanwhile.
 *
 *   GRID -> ASKING -> GRID       a key whose command asks for something; Esc drops it
 *   GRID -> FINDING -> GRID      /
 *   GRID -> HELP -> GRID         ?
 *   GRID -> CHANGED -> GRID      the server says that somebody was faster: look again, or force */
#include "client/ctl/handlers.h"

#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "client/ctl/console_command.h"
#include "client/ctl/console_screen.h"
#include "proto/base/mem.h"
#include "proto/stream/loop.h"

#define REDRAW_EVERY                                                                               \
	((struct millis){100}) /* what the server tells is drawn that often at most                \
				*/
#define TICK	    SECONDS(1)
#define ASK_AGAIN   SECONDS(15) /* for the whole room, so that a dead connection is noticed */
#define ANSWER_SLOW SECONDS(3)	/* then it is said that the server does not answer */
#define KEY_ESC	    27
#define KEY_DELETE  127
#define KEY_CLEAR   21 /* Ctrl-U */
#define KEY_REPAINT 12 /* Ctrl-L */

enum mode { MODE_GRID, MODE_ASKING, MODE_FINDING, MODE_HELP, MODE_CHANGED, MODE_NMODES };

struct console;

/* A command at the server, or one whose answer waits for the proctor. */
struct errand {
	struct call call;
	struct console *console; /* borrowed */
	struct draft draft;
	struct mono_ms sent;
	bool changed;	     /* changed_meanwhile: force it? */
	struct errand *next; /* in order of sending */
};

struct console {
	struct remote_watcher watcher;
	struct ctl *ctl;	    /* borrowed */
	struct loop *loop;	    /* borrowed: the remote's, like the next */
	struct exam_client *client; /* borrowed */
	int64_t sitting;
	struct console_room room;
	size_t under; /* the row under the cursor, which stays with the candidate */
	bool has_under;
	size_t top;

	struct watch input;
	struct timer redraw, tick;
	struct signal_watch resized, ended[3];
	struct mono_ms drawn;

	enum mode mode;
	struct draft draft; /* ASKING */
	char typed[DRAFT_TEXT];
	char hint[200];		/* why the last answer was not good */
	struct errand *errands; /* owned */
	char message[600];
	enum tone tone;

	bool up, watching; /* the link; the reply to WatchSitting is awaited */
	enum err why_down;
	struct mono_ms down_since, asked;
	struct millis round_trip;
	struct call watch_call;
	bool quit, wants_quit;
	bool over; /* the screen is given back; only open calls are still told */
	enum err fatal;
};

/* ---- Saying ------------------------------------------------------------------------------ */

__attribute__((format(printf, 3, 4))) static void say(struct console *c, enum tone tone,
						      const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(c->message, sizeof c->message, fmt, args);
	va_end(args);
	c->tone = tone;
}

static Examd__V1__Role role(const struct console *c)
{
	const Examd__V1__Session *s = exam_client_session(c->client);

	return s != NULL ? s->role : EXAMD__V1__ROLE__ROLE_NONE;
}

static size_t errands_open(const struct console *c)
{
	size_t n = 0;

	for (const struct errand *e = c->errands; e != NULL; e = e->next)
		n += !e->changed;
	return n;
}

/* ---- What is shown ----------------------------------------------------------------------- */

static void fill_head(const struct console *c, struct screen_look *look)
{
	const Examd__V1__Sitting *s = &c->room.rows.sitting;

	snprintf(look->head, sizeof look->head, "Sitting %lld  %s  (%s)  %s%s",
		 (long long)c->sitting, c->room.title != NULL ? c->room.title : "",
		 c->room.exam != NULL ? c->room.exam : "", sitting_state_word(s->state),
		 s->paused ? ", PAUSED" : "");
}

static void fill_link(const struct console *c, struct screen_look *look)
{
	long long waited = (look->now.v - c->asked.v) / 1000;

	look->link_tone = TONE_BAD;
	if (!c->up)
		snprintf(look->link, sizeof look->link, " NO CONNECTION for %llds ",
			 (long long)(look->now.v - c->down_since.v) / 1000);
	else if (exam_client_session(c->client) == NULL)
		snprintf(look->link, sizeof look->link, " LOGGED OUT: q, examctl login ");
	else if (c->watching && mono_left(mono_add(c->asked, ANSWER_SLOW), look->now).v == 0)
		snprintf(look->link, sizeof look->link, " NO ANSWER for %llds ", waited);
	else {
		look->link_tone = TONE_GOOD;
		snprintf(look->link, sizeof look->link, "connected, %lld ms",
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
	char stops[96];
	const struct room_row *r;
	const char *advice;

	if (c->mode == MODE_ASKING && c->hint[0] != '\0')
		snprintf(look->detail, sizeof look->detail, "%s", c->hint);
	if (!c->has_under || look->detail[0] != '\0')
		return;
	r = &c->room.rows.rows[c->under];
	advice = need_advice(row_need(r, &c->room.notes[c->under], look->now));
	stops_format(r->row.stopped, stops, sizeof stops);
	snprintf(look->detail, sizeof look->detail, "%s %s: %s%s%s%s.  %s", r->user, r->name,
		 attempt_state_word(r->row.state), stops[0] != '\0' ? " (" : "", stops,
		 stops[0] != '\0' ? ")" : "", advice);
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

	for (size_t i = 0; i < nconsole_commands; i++) {
		const struct console_command *command = &console_commands[i];

		if (!console_command_allowed(command, role(c)))
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
		snprintf(look->message, sizeof look->message, "%s", c->message);
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
    "while the clock runs, nothing was saved for 10 minutes, 5 minutes or less left,",
    "somebody waits to be let in, answers are kept that do not count.",
    "",
    "A small letter is for the marked, or for the one under the cursor; a capital is",
    "for the room.  The lines at the bottom show what is possible now.",
    "  SPACE marks, * marks all that are shown, u unmarks all, arrows or j k move,",
    "  / finds by name, state or need, Esc shows all again, q quits (exam goes on).",
    "  a A admit     s S start     p P pause    r R resume   m M minutes  t T tell",
    "  g give seat   x refuse seat   e E end    o reopen     v void       O open room",
    "DONE answered of all.  SAVED since the last answer on disk.  LEFT of the part.",
    "LINE here; LOST while running; away before; stale: told before we lost it.",
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

static void draw(struct console *c)
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
static void draw_soon(struct console *c)
{
	if (!c->over && !timer_is_set(&c->redraw))
		timer_set(&c->redraw, mono_left(mono_add(c->drawn, REDRAW_EVERY), mono_now()));
}

static void on_redraw(struct timer *t)
{
	draw(container_of(t, struct console, redraw));
}

/* ---- Watching ---------------------------------------------------------------------------- */

static void on_watching(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct console *c = container_of(call, struct console, watch_call);

	(void)reply;
	c->watching = false;
	if (err == ERR_OK)
		c->round_trip.v = mono_now().v - c->asked.v;
	else if (err == ERR_NOT_FOUND || err == ERR_FORBIDDEN) {
		c->fatal = err;
		loop_stop(c->loop);
	} else if (err != ERR_TIMEOUT && err != ERR_CLOSED)
		say(c, TONE_BAD, "The room cannot be watched: %s", err_sentence(err));
	draw_soon(c);
}

static void ask_room(struct console *c)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__WatchSitting body = EXAMD__V1__WATCH_SITTING__INIT;

	if (c->watching)
		return;
	body.sitting = c->sitting;
	request.body_case = EXAMD__V1__REQUEST__BODY_WATCH_SITTING;
	request.watch_sitting = &body;
	c->watch_call = (struct call){.on_reply = on_watching};
	c->watching = true;
	c->asked = mono_now();
	exam_client_call(c->client, &c->watch_call, &request, false);
}

static void on_notice(struct remote_watcher *w, const Examd__V1__Notice *notice)
{
	struct console *c = container_of(w, struct console, watcher);

	if (notice->kind == EXAMD__V1__NOTICE_KIND__NOTICE_ROOM && notice->room != NULL) {
		console_room_take(&c->room, notice->room, mono_now());
		c->room.whole |= !notice->room->more;
	}
	draw_soon(c);
}

static void on_link(struct remote_watcher *w, enum link_state state, enum err why)
{
	struct console *c = container_of(w, struct console, watcher);

	if (state == LINK_REFUSED)
		c->fatal = why; /* the remote ends the loop */
	if (state != LINK_UP && c->up) {
		c->up = false;
		c->down_since = mono_now();
		console_room_lost(&c->room);
	}
	if (state == LINK_UP) {
		c->up = true;
		ask_room(c);
	}
	draw_soon(c);
}

static void on_tick(struct timer *t)
{
	struct console *c = container_of(t, struct console, tick);

	if (c->up && mono_left(mono_add(c->asked, ASK_AGAIN), mono_now()).v == 0)
		ask_room(c);
	timer_set(&c->tick, TICK);
	draw_soon(c);
}

/* ---- Commands ---------------------------------------------------------------------------- */

static void errand_end(struct errand *e)
{
	struct errand **at = &e->console->errands;

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	draft_fini(&e->draft);
	free(e);
}

static struct errand *first_changed(const struct console *c)
{
	struct errand *e = c->errands;

	while (e != NULL && !e->changed)
		e = e->next;
	return e;
}

/* Tells of a command that came too late, once the hands are free. */
static void tell_changed(struct console *c)
{
	const struct errand *e = first_changed(c);
	char what[240];

	if (c->mode != MODE_GRID || e == NULL)
		return;
	draft_changes(&e->draft, &c->room, what);
	say(c, TONE_ASK, "NOT DONE, %s %s: %s.", e->draft.command->word, e->draft.who, what);
	c->mode = MODE_CHANGED;
}

static void on_done(struct call *call, enum err err, const Examd__V1__Reply *reply)
{
	struct errand *e = container_of(call, struct errand, call);
	struct console *c = e->console;
	const char *detail = reply != NULL ? reply->detail : "";
	char text[240];

	if (reply != NULL && reply->body_case == EXAMD__V1__REPLY__BODY_ROOM)
		console_room_take(&c->room, reply->room, mono_now());
	draw_soon(c);
	if (err == ERR_CHANGED_MEANWHILE) {
		e->changed = true;
		tell_changed(c); /* or as soon as nothing else is asked */
		return;
	}
	if (err == ERR_OK) {
		draft_done(&e->draft, text);
		say(c, TONE_GOOD, "%s", text);
	} else {
		say(c, TONE_BAD, "NOT DONE: %s %s: %s%s%s", e->draft.command->word, e->draft.who,
		    err_sentence(err), detail[0] != '\0' ? " " : "", detail);
	}
	errand_end(e);
}

static void errand_send(struct errand *e)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__RoomCommand body = EXAMD__V1__ROOM_COMMAND__INIT;

	draft_fill(&e->draft, e->console->sitting, &body);
	request.body_case = EXAMD__V1__REQUEST__BODY_ROOM_COMMAND;
	request.room_command = &body;
	e->call = (struct call){.on_reply = on_done};
	e->changed = false;
	e->sent = mono_now();
	exam_client_call(e->console->client, &e->call, &request, true);
}

/* Takes the console's draft. */
static void send_draft(struct console *c)
{
	struct errand *e = mem_new(sizeof *e), **at = &c->errands;

	c->mode = MODE_GRID;
	if (!c->up) {
		say(c, TONE_BAD, "No connection: nothing was sent.  %s %s again later.",
		    c->draft.command->word, c->draft.who);
		draft_fini(&c->draft);
		free(e);
		return;
	}
	e->console = c;
	e->draft = c->draft;
	c->draft = (struct draft){0};
	while (*at != NULL)
		at = &(*at)->next;
	*at = e;
	say(c, TONE_PLAIN, "%s %s: sent.", e->draft.command->word, e->draft.who);
	errand_send(e);
}

/* The next question, or the command itself. */
static void go_on(struct console *c)
{
	c->typed[0] = c->hint[0] = '\0';
	c->mode = MODE_ASKING;
	if (draft_next(&c->draft) == ASK_NOTHING)
		send_draft(c);
}

static void begin(struct console *c, const struct console_command *command, bool room)
{
	size_t row = c->has_under ? c->under : c->room.rows.nrows;
	char why[200];
	const char *nothing;

	if (!console_command_allowed(command, role(c))) {
		say(c, TONE_BAD, "%s is for instructors.", command->word);
		return;
	}
	nothing = draft_begin(&c->draft, command, room, &c->room, row, why);
	if (nothing != NULL) {
		say(c, TONE_BAD, "%s", nothing);
		draft_fini(&c->draft);
		return;
	}
	go_on(c);
}

/* ---- changed_meanwhile ------------------------------------------------------------------- */

static void key_changed(struct console *c, wchar_t key)
{
	struct errand *e = first_changed(c);

	if (key == L'f') {
		draft_force(&e->draft);
		say(c, TONE_PLAIN, "%s %s: sent, forced.", e->draft.command->word, e->draft.who);
		errand_send(e);
	} else if (key == L'l' || key == L'\n' || key == KEY_ESC) {
		say(c, TONE_PLAIN, "%s %s was dropped.", e->draft.command->word, e->draft.who);
		errand_end(e);
	} else {
		return;
	}
	c->mode = MODE_GRID;
}

/* ---- Keys -------------------------------------------------------------------------------- */

static void type_back(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && ((unsigned char)text[n - 1] & 0xc0) == 0x80)
		n--;
	text[n > 0 ? n - 1 : 0] = '\0';
}

/* A key of the line that is typed. */
static void type(char *text, size_t size, wchar_t key)
{
	char bytes[16];
	mbstate_t state = {0};
	size_t n, used = strlen(text);

	if (key == KEY_DELETE) {
		type_back(text);
		return;
	}
	if (key == KEY_CLEAR)
		text[0] = '\0';
	if (key < L' ')
		return;
	n = wcrtomb(bytes, key, &state);
	if (n == (size_t)-1 || used + n + 1 > size)
		return;
	memcpy(text + used, bytes, n);
	text[used + n] = '\0';
}

static void drop_draft(struct console *c, const char *why)
{
	say(c, TONE_PLAIN, "%s", why);
	draft_fini(&c->draft);
	c->mode = MODE_GRID;
}

static void answer(struct console *c)
{
	enum ask ask = draft_next(&c->draft);
	char why[200];

	if (draft_answer(&c->draft, ask, c->typed, why)) {
		go_on(c);
		return;
	}
	if (ask == ASK_SURE || ask == ASK_WORD)
		drop_draft(c, why);
	else
		snprintf(c->hint, sizeof c->hint, "%s", why);
}

static void key_asking(struct console *c, wchar_t key)
{
	enum ask ask = draft_next(&c->draft);

	if (key == KEY_ESC) {
		drop_draft(c, "Nothing was done.");
	} else if (ask == ASK_SURE) { /* one key answers */
		snprintf(c->typed, sizeof c->typed, "%s", key == L'y' ? "y" : "n");
		answer(c);
	} else if (key == L'\n') {
		answer(c);
	} else {
		type(c->typed, sizeof c->typed, key);
	}
}

static void key_finding(struct console *c, wchar_t key)
{
	if (key == KEY_ESC)
		c->typed[0] = '\0';
	else if (key != L'\n')
		type(c->typed, sizeof c->room.filter, key);
	snprintf(c->room.filter, sizeof c->room.filter, "%.*s", FILTER_SIZE - 1, c->typed);
	if (key == L'\n' || key == KEY_ESC)
		c->mode = MODE_GRID;
}

static void key_help(struct console *c, wchar_t key)
{
	(void)key;
	c->mode = MODE_GRID;
}

static void move(struct console *c, long by)
{
	long at = (long)console_room_find(&c->room, c->under) + by, last = (long)c->room.nshown - 1;

	if (!c->has_under)
		return;
	at = at > last ? last : at;
	c->under = c->room.shown[at < 0 ? 0 : at];
}

static void mark(struct console *c)
{
	if (!c->has_under)
		return;
	c->room.notes[c->under].marked = !c->room.notes[c->under].marked;
	move(c, 1);
}

static void mark_all(struct console *c)
{
	for (size_t i = 0; i < c->room.nshown; i++)
		c->room.notes[c->room.shown[i]].marked = true;
}

static void unmark_all(struct console *c)
{
	for (size_t i = 0; i < c->room.rows.nrows; i++)
		c->room.notes[i].marked = false;
}

static void find(struct console *c)
{
	snprintf(c->typed, sizeof c->typed, "%s", c->room.filter);
	c->mode = MODE_FINDING;
}

static void show_all(struct console *c)
{
	c->room.filter[0] = '\0';
}

static void show_help(struct console *c)
{
	c->mode = MODE_HELP;
}

/* A command without an answer holds it up once. */
static void leave(struct console *c)
{
	if (errands_open(c) > 0 && !c->wants_quit) {
		say(c, TONE_BAD, "%zu commands have no answer yet; q again leaves all the same.",
		    errands_open(c));
		c->wants_quit = true;
		return;
	}
	c->quit = true;
	loop_stop(c->loop);
}

static void repaint(struct console *c)
{
	(void)c;
	screen_resized();
}

static void down(struct console *c)
{
	move(c, 1);
}

static void up(struct console *c)
{
	move(c, -1);
}

static void key_grid(struct console *c, wchar_t key)
{
	static const struct {
		wchar_t key;
		void (*act)(struct console *c);
	} keys[] = {
	    {L' ', mark},	 {L'*', mark_all},	 {L'u', unmark_all}, {L'/', find},
	    {L'?', show_help},	 {L'q', leave},		 {L'j', down},	     {L'k', up},
	    {KEY_ESC, show_all}, {KEY_REPAINT, repaint},
	};
	const struct console_command *command;
	bool room;

	for (size_t i = 0; i < COUNT(keys); i++)
		if (keys[i].key == key) {
			keys[i].act(c);
			return;
		}
	command = console_command_of((int)key, &room);
	if (command != NULL)
		begin(c, command, room);
}

static void (*const on_key[MODE_NMODES])(struct console *c, wchar_t key) = {
    [MODE_GRID] = key_grid, [MODE_ASKING] = key_asking,	  [MODE_FINDING] = key_finding,
    [MODE_HELP] = key_help, [MODE_CHANGED] = key_changed,
};

static void at_line(struct console *c, size_t line, bool and_mark)
{
	size_t at = c->top + line;

	if (at >= c->room.nshown)
		return;
	c->under = c->room.shown[at];
	if (and_mark)
		c->room.notes[c->under].marked = !c->room.notes[c->under].marked;
}

/* Moving is possible in the grid alone: a question stays about whom it was asked. */
static void move_by_event(struct console *c, const struct screen_event *e)
{
	long page = (long)screen_grid_lines(), all = (long)c->room.nshown;

	switch (e->kind) {
	case SCREEN_UP:
		move(c, -1);
		break;
	case SCREEN_DOWN:
		move(c, 1);
		break;
	case SCREEN_PAGE_UP:
		move(c, -page);
		break;
	case SCREEN_PAGE_DOWN:
		move(c, page);
		break;
	case SCREEN_FIRST:
		move(c, -all);
		break;
	case SCREEN_LAST:
		move(c, all);
		break;
	case SCREEN_ROW:
	case SCREEN_MARK:
		at_line(c, e->line, e->kind == SCREEN_MARK);
		break;
	case SCREEN_NOTHING:
	case SCREEN_CHAR:
	case SCREEN_REDRAW:
		break;
	}
}

static void on_event(struct console *c, const struct screen_event *e)
{
	bool wanted_quit = c->wants_quit;

	if (e->kind != SCREEN_CHAR) {
		if (c->mode == MODE_GRID)
			move_by_event(c, e);
		return;
	}
	if (c->mode == MODE_GRID)
		say(c, TONE_PLAIN, "%s", "");
	on_key[c->mode](c, e->c);
	if (wanted_quit)
		c->wants_quit = false;
}

static void on_input(struct watch *w, bool readable, bool writable)
{
	struct console *c = container_of(w, struct console, input);
	struct screen_event e;
	int waiting = 0;

	(void)readable;
	(void)writable;
	if (ioctl(w->fd, FIONREAD, &waiting) != 0 || waiting == 0) { /* the terminal is gone */
		c->quit = true;
		loop_stop(c->loop);
		return;
	}
	while ((e = screen_read()).kind != SCREEN_NOTHING && !c->quit)
		on_event(c, &e);
	tell_changed(c);
	draw(c);
}

/* ---- The whole --------------------------------------------------------------------------- */

static void on_resized(struct signal_watch *s, int number)
{
	struct console *c = container_of(s, struct console, resized);

	(void)number;
	screen_resized();
	draw(c);
}

static void end(struct console *c)
{
	c->quit = true;
	loop_stop(c->loop);
}

static void on_interrupt(struct signal_watch *s, int number)
{
	(void)number;
	end(container_of(s, struct console, ended[0]));
}

static void on_terminate(struct signal_watch *s, int number)
{
	(void)number;
	end(container_of(s, struct console, ended[1]));
}

static void on_hang_up(struct signal_watch *s, int number)
{
	(void)number;
	end(container_of(s, struct console, ended[2]));
}

static void console_init(struct console *c)
{
	c->loop = remote_loop(c->ctl);
	c->client = remote_client(c->ctl);
	c->up = true;
	watch_init(&c->input, c->loop, STDIN_FILENO, on_input);
	watch_set(&c->input, true, false);
	timer_init(&c->redraw, c->loop, on_redraw);
	timer_init(&c->tick, c->loop, on_tick);
	timer_set(&c->tick, TICK);
	signal_watch_init(&c->resized, c->loop, SIGWINCH, on_resized);
	signal_watch_init(&c->ended[0], c->loop, SIGINT, on_interrupt);
	signal_watch_init(&c->ended[1], c->loop, SIGTERM, on_terminate);
	signal_watch_init(&c->ended[2], c->loop, SIGHUP, on_hang_up);
	remote_watch(c->ctl, &c->watcher);
}

static void console_fini(struct console *c)
{
	c->over = true;
	remote_watch(c->ctl, NULL);
	for (size_t i = 0; i < COUNT(c->ended); i++)
		signal_watch_fini(&c->ended[i]);
	signal_watch_fini(&c->resized);
	timer_fini(&c->tick);
	timer_fini(&c->redraw);
	watch_fini(&c->input);
	draft_fini(&c->draft);
}

static int run(struct console *c)
{
	console_init(c);
	ask_room(c);
	draw(c);
	while (!c->quit && c->fatal == ERR_OK)
		loop_run(c->loop);
	screen_close();
	return c->fatal != ERR_OK ? ctl_failed("%s", err_sentence(c->fatal)) : EXIT_DONE;
}

int console(struct ctl *ctl)
{
	struct console c = {.watcher = {.on_notice = on_notice, .on_link = on_link}, .ctl = ctl};
	int status;

	setlocale(LC_CTYPE, "");
	if (!ctl_number(ctl->args[0], 1, &c.sitting))
		return EXIT_USAGE;
	if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1)
		return ctl_wrong("the console needs a terminal; sitting watch writes lines");
	if (!remote_open(ctl))
		return EXIT_REFUSED;
	if (!screen_open())
		return ctl_failed("this terminal (TERM) cannot show a full screen");
	status = run(&c);
	console_fini(&c);
	/* Open calls are told that it is over, into errands and rows that still stand. */
	remote_close(ctl);
	while (c.errands != NULL)
		errand_end(c.errands);
	console_room_fini(&c.room);
	return status;
}
