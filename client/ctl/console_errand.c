#include "client/ctl/console.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

size_t errands_open(const struct console *c)
{
	size_t n = 0;

	for (const struct errand *e = c->errands; e != NULL; e = e->next)
		n += !e->changed;
	return n;
}

struct errand *errands_changed(const struct console *c)
{
	struct errand *e = c->errands;

	while (e != NULL && !e->changed)
		e = e->next;
	return e;
}

/* ---- The server's answer ----------------------------------------------------------------- */

static void errand_end(struct errand *e)
{
	struct errand **at = &e->console->errands;

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	draft_fini(&e->draft);
	free(e);
}

/* Tells of a command that came too late, once the hands are free. */
void errands_tell(struct console *c)
{
	if (c->mode == MODE_GRID && errands_changed(c) != NULL)
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
	console_draw_soon(c);
	if (err == ERR_CHANGED_MEANWHILE) {
		e->changed = true;
		snprintf(e->detail, sizeof e->detail, "%s", detail);
		errands_tell(c); /* or as soon as nothing else is asked */
		return;
	}
	if (err == ERR_OK) {
		draft_done(&e->draft, text);
		console_say(c, TONE_GOOD, "%s", text);
	} else {
		console_say(c, TONE_BAD, "NOT DONE: %s %s: %s%s%s", e->draft.command->word,
			    e->draft.who, err_sentence(err), detail[0] != '\0' ? " " : "", detail);
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

/* ---- From the key to the request --------------------------------------------------------- */

/* Takes the console's draft. */
static void send_draft(struct console *c)
{
	struct errand *e = mem_new(sizeof *e), **at = &c->errands;

	c->mode = MODE_GRID;
	if (!c->up) {
		console_say(c, TONE_BAD, "No connection: nothing was sent.  %s %s again later.",
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
	console_say(c, TONE_PLAIN, "%s %s: sent.", e->draft.command->word, e->draft.who);
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

void console_begin(struct console *c, const struct console_command *command, bool room)
{
	size_t row = c->has_under ? c->under : c->room.rows.nrows;
	char why[200];
	const char *nothing;

	if (!console_command_allowed(command, console_role(c))) {
		console_say(c, TONE_BAD, "%s is for instructors.", command->word);
		return;
	}
	nothing = draft_begin(&c->draft, command, room, &c->room, row, why);
	if (nothing != NULL) {
		console_say(c, TONE_BAD, "%s", nothing);
		draft_fini(&c->draft);
		return;
	}
	go_on(c);
}

void console_drop_draft(struct console *c, const char *why)
{
	console_say(c, TONE_PLAIN, "%s", why);
	draft_fini(&c->draft);
	c->mode = MODE_GRID;
}

void console_answer(struct console *c)
{
	enum ask ask = draft_next(&c->draft);
	char why[200];

	if (draft_answer(&c->draft, ask, c->typed, why)) {
		go_on(c);
		return;
	}
	if (ask == ASK_SURE || ask == ASK_WORD)
		console_drop_draft(c, why);
	else
		snprintf(c->hint, sizeof c->hint, "%s", why);
}

/* ---- Changed meanwhile ------------------------------------------------------------------- */

void errand_force(struct errand *e)
{
	draft_force(&e->draft);
	console_say(e->console, TONE_PLAIN, "%s %s: sent, forced.", e->draft.command->word,
		    e->draft.who);
	errand_send(e);
	e->console->mode = MODE_GRID;
}

void errand_drop(struct errand *e)
{
	console_say(e->console, TONE_PLAIN, "%s %s was dropped.", e->draft.command->word,
		    e->draft.who);
	e->console->mode = MODE_GRID;
	errand_end(e);
}

void errands_end(struct console *c)
{
	while (c->errands != NULL)
		errand_end(c->errands);
}
