#include "client/ctl/console.h"

#include <string.h>
#include <wchar.h>

#include "proto/base/mem.h"

#define KEY_ESC	    27
#define KEY_DELETE  127
#define KEY_CLEAR   21 /* Ctrl-U */
#define KEY_REPAINT 12 /* Ctrl-L */

/* ---- A line that is typed ---------------------------------------------------------------- */

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

/* ---- What a key does, by mode ------------------------------------------------------------ */

static void key_asking(struct console *c, wchar_t key)
{
	enum ask ask = draft_next(&c->draft);

	if (key == KEY_ESC) {
		console_drop_draft(c, "Nothing was done.");
	} else if (ask == ASK_SURE) { /* one key answers */
		snprintf(c->typed, sizeof c->typed, "%s", key == L'y' ? "y" : "n");
		console_answer(c);
	} else if (key == L'\n') {
		console_answer(c);
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

static void key_changed(struct console *c, wchar_t key)
{
	struct errand *e = errands_changed(c);

	if (key == L'f')
		errand_force(e);
	else if (key == L'l' || key == L'\n' || key == KEY_ESC)
		errand_drop(e);
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
		console_say(c, TONE_BAD,
			    "%zu commands have no answer yet; q again leaves all the same.",
			    errands_open(c));
		c->wants_quit = true;
		return;
	}
	console_end(c);
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
		console_begin(c, command, room);
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

void console_event(struct console *c, const struct screen_event *e)
{
	bool wanted_quit = c->wants_quit;

	if (e->kind != SCREEN_CHAR) {
		if (c->mode == MODE_GRID)
			move_by_event(c, e);
		return;
	}
	if (c->mode == MODE_GRID)
		console_say(c, TONE_PLAIN, "%s", "");
	on_key[c->mode](c, e->c);
	if (wanted_quit)
		c->wants_quit = false;
	errands_tell(c);
}
