/* The screen of the console: the only file that speaks to curses.  It draws what it is shown and
 * reads keys; it decides nothing.  Curses sends only what differs from the last drawing.
 *
 *   line 0         the sitting, and the connection
 *   line 1         how many are in which state, how many need a human
 *   line 2         titles
 *   line 3 ...     the grid
 *   last but 3     the candidate under the cursor
 *   last but 2     the last message, or the question
 *   the last two   the keys: for candidates, for the room */
#ifndef CLIENT_CTL_CONSOLE_SCREEN_H
#define CLIENT_CTL_CONSOLE_SCREEN_H

#include "client/ctl/console_grid.h"

#define SCREEN_LEAST_WIDTH  40
#define SCREEN_LEAST_HEIGHT 12

enum tone { TONE_PLAIN, TONE_GOOD, TONE_BAD, TONE_ASK };

struct screen_key {
	int key;
	const char *label;
};
#define SCREEN_KEYS 24

struct screen_look {
	const struct console_room *room;
	size_t cursor, top; /* places in room->shown */
	struct mono_ms now;
	char head[256], link[96], counts[256], detail[512], message[800];
	enum tone link_tone, message_tone;
	bool typing; /* the message ends where the terminal's cursor stands */
	struct screen_key one[SCREEN_KEYS], all[SCREEN_KEYS];
	size_t none, nall;
	char one_title[40];
	const char *const *help; /* NULL: the grid; else lines, ended by NULL */
};

enum screen_event_kind {
	SCREEN_NOTHING,
	SCREEN_CHAR, /* a character; also \n, 27 for Esc, 127 for Backspace */
	SCREEN_UP,
	SCREEN_DOWN,
	SCREEN_PAGE_UP,
	SCREEN_PAGE_DOWN,
	SCREEN_FIRST,
	SCREEN_LAST,
	SCREEN_ROW,  /* the mouse: a line of the grid */
	SCREEN_MARK, /* the mouse: the mark of that line */
	SCREEN_REDRAW
};
struct screen_event {
	enum screen_event_kind kind;
	wchar_t c;   /* SCREEN_CHAR */
	size_t line; /* of the grid, from 0 */
};

/* Takes over the terminal.  False: it cannot be used for this (TERM, or no terminal). */
MUST_USE bool screen_open(void);
/* Gives it back; harmless when it was not taken. */
void screen_close(void);

/* The terminal has another size now. */
void screen_resized(void);
/* How many candidates fit. */
size_t screen_grid_lines(void);
unsigned screen_width(void);
void screen_draw(const struct screen_look *look);

/* The next event that waits; SCREEN_NOTHING: none does.  Never waits. */
struct screen_event screen_read(void);

#endif
