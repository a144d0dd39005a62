#include "client/ctl/console_screen.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proto/base/mem.h"

#define HEAD_LINES 3
#define FOOT_LINES 4
#define BACKSPACE  127
#define LINE_SIZE  2400

enum ink { INK_NONE, INK_GOOD, INK_BAD, INK_WARN, INK_NINKS };

/* Where a key stands on the screen, for the mouse. */
struct button {
	int y, from, to, key;
};

static struct {
	bool open, colours;
	struct button buttons[2 * SCREEN_KEYS];
	size_t nbuttons;
} screen;

static bool wants_colours(void)
{
	const char *no = getenv("NO_COLOR");

	return (no == NULL || no[0] == '\0') && has_colors();
}

static void start_colours(void)
{
	screen.colours = wants_colours();
	if (!screen.colours)
		return;
	start_color();
	use_default_colors();
	init_pair(INK_GOOD, COLOR_GREEN, -1);
	init_pair(INK_BAD, COLOR_RED, -1);
	init_pair(INK_WARN, COLOR_YELLOW, -1);
}

bool screen_open(void)
{
	SCREEN *made;

	if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1)
		return false;
	made = newterm(NULL, stdout, stdin);
	if (made == NULL)
		return false;
	set_term(made);
	screen.open = true;
	if (tigetstr("cup") == NULL) { /* it cannot even place its cursor */
		screen_close();
		return false;
	}
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	start_colours();
	mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
	mouseinterval(0);
	return true;
}

void screen_close(void)
{
	if (screen.open)
		endwin();
	screen.open = false;
}

void screen_resized(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
		resizeterm(size.ws_row, size.ws_col);
	clearok(curscr, TRUE);
}

size_t screen_grid_lines(void)
{
	return LINES > HEAD_LINES + FOOT_LINES ? (size_t)(LINES - HEAD_LINES - FOOT_LINES) : 1;
}

unsigned screen_width(void)
{
	return COLS > 0 ? (unsigned)COLS : 1;
}

/* ---- Drawing ----------------------------------------------------------------------------- */

static attr_t ink(enum ink which, attr_t otherwise)
{
	return screen.colours ? (attr_t)COLOR_PAIR(which) | otherwise : otherwise;
}

static attr_t tone_attribute(enum tone tone)
{
	switch (tone) {
	case TONE_PLAIN:
		return A_NORMAL;
	case TONE_GOOD:
		return ink(INK_GOOD, A_NORMAL);
	case TONE_BAD:
		return ink(INK_BAD, A_BOLD);
	case TONE_ASK:
		return A_BOLD;
	}
	return A_NORMAL;
}

/* TEXT from X over WIDTH columns. */
static void put(int y, unsigned x, unsigned width, const char *text, attr_t attributes)
{
	char line[LINE_SIZE];

	text_fit(text, width, false, line, sizeof line);
	attrset((int)attributes);
	mvaddstr(y, (int)x, line);
	attrset(A_NORMAL);
}

static void put_line(int y, const char *text, attr_t attributes)
{
	put(y, 0, screen_width(), text, attributes);
}

static void draw_head(const struct screen_look *look)
{
	unsigned width = screen_width(), n = (unsigned)strlen(look->link);
	unsigned right = n + 2 < width ? n : width / 2;

	put(0, 0, width - right, look->head, A_BOLD);
	put(0, width - right, right, look->link,
	    tone_attribute(look->link_tone) | (look->link_tone == TONE_BAD ? A_REVERSE : 0));
	put_line(1, look->counts, A_NORMAL);
}

static attr_t row_attribute(const struct screen_look *look, size_t row)
{
	const struct console_note *note = &look->room->notes[row];
	attr_t stale = note->stale ? A_DIM : 0;

	switch (row_need(&look->room->rows.rows[row], note, look->now)) {
	case NEED_SEAT:
	case NEED_LOST:
		return ink(INK_BAD, A_BOLD) | stale;
	case NEED_SILENT:
	case NEED_TIME:
	case NEED_OFF_PAGE:
	case NEED_LET_IN:
		return ink(INK_WARN, A_BOLD) | stale;
	case NEED_KEPT:
	case NEED_NOTHING:
	case NEED_NNEEDS:
		break;
	}
	return stale;
}

static void draw_grid(const struct screen_look *look)
{
	const struct console_room *r = look->room;
	struct grid_layout layout;
	char line[GRID_LINE];

	grid_layout(screen_width(), &layout);
	grid_titles(&layout, line);
	put_line(2, line, A_UNDERLINE);
	for (size_t i = 0; i < screen_grid_lines(); i++) {
		size_t at = look->top + i;
		attr_t attributes = A_NORMAL;

		line[0] = '\0';
		if (at < r->nshown) {
			grid_row(&layout, r, r->shown[at], look->now, line);
			attributes = row_attribute(look, r->shown[at]);
		}
		if (at == look->cursor && at < r->nshown)
			attributes |= A_REVERSE;
		/* The first column is the cursor's, for whoever sees no reverse. */
		if (line[0] != '\0' && at == look->cursor)
			line[0] = '>';
		put_line(HEAD_LINES + (int)i, line, attributes);
	}
}

static void draw_help(const struct screen_look *look)
{
	size_t i = 0;

	for (int y = 2; y < LINES - FOOT_LINES + 1; y++) {
		put_line(y, look->help[i] != NULL ? look->help[i] : "", A_NORMAL);
		i += look->help[i] != NULL;
	}
}

static void name_of_key(int key, char out[8])
{
	if (key == ' ')
		snprintf(out, 8, "SPACE");
	else
		snprintf(out, 8, "%c", key);
}

/* Keys from X on, as many as have room; each is a button. */
static void draw_keys(int y, const char *title, const struct screen_key *keys, size_t n)
{
	unsigned x = (unsigned)strlen(title), width = screen_width();

	put_line(y, title, A_NORMAL);
	for (size_t i = 0; i < n; i++) {
		char name[8];
		unsigned len;

		name_of_key(keys[i].key, name);
		len = (unsigned)(strlen(name) + 1 + strlen(keys[i].label));
		if (x + 2 + len > width)
			return;
		x += 1;
		put(y, x, (unsigned)strlen(name), name, A_BOLD | A_REVERSE);
		put(y, x + (unsigned)strlen(name) + 1, (unsigned)strlen(keys[i].label),
		    keys[i].label, A_NORMAL);
		screen.buttons[screen.nbuttons++] =
		    (struct button){y, (int)x, (int)(x + len), keys[i].key};
		x += len + 1;
	}
}

/* While something is typed, its end is what must be seen. */
static void draw_message(const struct screen_look *look)
{
	const char *text = look->message;

	if (look->typing)
		text = text_tail(text, screen_width() - 1);
	put_line(LINES - 3, text, tone_attribute(look->message_tone));
	curs_set(look->typing);
	if (look->typing)
		move(LINES - 3, (int)text_columns(text));
}

void screen_draw(const struct screen_look *look)
{
	screen.nbuttons = 0;
	if (COLS < SCREEN_LEAST_WIDTH || LINES < SCREEN_LEAST_HEIGHT) {
		clear();
		mvaddnstr(0, 0, "The window is too small.", COLS);
		refresh();
		return;
	}
	draw_head(look);
	if (look->help == NULL)
		draw_grid(look);
	if (look->help == NULL)
		put_line(LINES - 4, look->detail, A_NORMAL);
	else
		draw_help(look);
	draw_keys(LINES - 2, look->one_title, look->one, look->none);
	draw_keys(LINES - 1, look->nall > 0 ? "room:   " : "", look->all, look->nall);
	draw_message(look);
	refresh();
}

/* ---- Reading ----------------------------------------------------------------------------- */

static const struct {
	wint_t code;
	enum screen_event_kind kind;
} special[] = {
    {KEY_UP, SCREEN_UP},	   {KEY_DOWN, SCREEN_DOWN},  {KEY_PPAGE, SCREEN_PAGE_UP},
    {KEY_NPAGE, SCREEN_PAGE_DOWN}, {KEY_HOME, SCREEN_FIRST}, {KEY_END, SCREEN_LAST},
    {KEY_RESIZE, SCREEN_REDRAW},
};

static struct screen_event character(wchar_t c)
{
	return (struct screen_event){.kind = SCREEN_CHAR, .c = c};
}

static struct screen_event read_mouse(void)
{
	MEVENT m;

	if (getmouse(&m) != OK)
		return (struct screen_event){.kind = SCREEN_REDRAW};
	if ((m.bstate & BUTTON4_PRESSED) != 0)
		return (struct screen_event){.kind = SCREEN_UP};
	if ((m.bstate & BUTTON5_PRESSED) != 0)
		return (struct screen_event){.kind = SCREEN_DOWN};
	for (size_t i = 0; i < screen.nbuttons; i++) {
		const struct button *b = &screen.buttons[i];

		if (m.y == b->y && m.x >= b->from && m.x < b->to)
			return character((wchar_t)b->key);
	}
	if (m.y < HEAD_LINES || m.y >= LINES - FOOT_LINES)
		return (struct screen_event){.kind = SCREEN_REDRAW};
	return (struct screen_event){.kind = m.x < 3 ? SCREEN_MARK : SCREEN_ROW,
				     .line = (size_t)(m.y - HEAD_LINES)};
}

static struct screen_event special_key(wint_t code)
{
	if (code == KEY_MOUSE)
		return read_mouse();
	if (code == KEY_BACKSPACE || code == KEY_DC)
		return character(BACKSPACE);
	if (code == KEY_ENTER)
		return character(L'\n');
	for (size_t i = 0; i < COUNT(special); i++)
		if (special[i].code == code)
			return (struct screen_event){.kind = special[i].kind};
	return (struct screen_event){.kind = SCREEN_REDRAW};
}

struct screen_event screen_read(void)
{
	wint_t c;
	int got = get_wch(&c);

	if (got == ERR)
		return (struct screen_event){.kind = SCREEN_NOTHING};
	if (got == KEY_CODE_YES)
		return special_key(c);
	if (c == L'\r')
		return character(L'\n');
	if (c == L'\b')
		return character(BACKSPACE);
	return character((wchar_t)c);
}
