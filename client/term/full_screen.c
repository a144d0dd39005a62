#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/term/full_screen.h"
#include "client/term/ui.h"

#include <ncurses.h> /* last: it has an ERR, and err.h makes and undoes one */

#define ESCAPE_MS 25 /* how long an escape may be the beginning of a longer key */

struct full_screen {
	struct desk_owner owner;
	struct desk desk;
	struct ui ui;
	struct loop *loop;
	struct watch input;
	struct signal_watch resized, hung_up, ended;
	struct loop_pass pass;
	bool stale; /* what is shown is not what is */
	bool colour;
	int status;
};

/* ---- Showing ----------------------------------------------------------------------------- */

enum pair { PAIR_GOOD = 1, PAIR_WARN, PAIR_KEY, PAIR_MARKED };

static attr_t attributes[LOOKS] = {
    [LOOK_PLAIN] = A_NORMAL,
    [LOOK_STRONG] = A_BOLD,
    [LOOK_BAR] = A_REVERSE,
    [LOOK_QUIET] = A_DIM,
    [LOOK_CHOSEN] = A_BOLD,
    [LOOK_STRUCK] = A_DIM,
    [LOOK_GOOD] = A_NORMAL,
    [LOOK_WARN] = A_BOLD | A_REVERSE,
    [LOOK_KEY] = A_BOLD | A_UNDERLINE,
    [LOOK_MARKED] = A_UNDERLINE,
};

static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return (no == NULL || no[0] == '\0') && has_colors();
}

static void set_colours(struct full_screen *s)
{
	s->colour = wants_colour();
	if (!s->colour)
		return;
	start_color();
	use_default_colors();
	init_pair(PAIR_GOOD, COLOR_GREEN, -1);
	init_pair(PAIR_WARN, COLOR_BLACK, COLOR_YELLOW);
	init_pair(PAIR_KEY, COLOR_CYAN, -1);
	init_pair(PAIR_MARKED, COLOR_BLACK, COLOR_CYAN);
	attributes[LOOK_GOOD] = (attr_t)COLOR_PAIR(PAIR_GOOD);
	attributes[LOOK_WARN] = (attr_t)COLOR_PAIR(PAIR_WARN);
	attributes[LOOK_MARKED] = (attr_t)COLOR_PAIR(PAIR_MARKED);
	attributes[LOOK_KEY] = (attr_t)COLOR_PAIR(PAIR_KEY) | A_BOLD;
}

static void show_row(const struct canvas *cv, int row)
{
	move(row, 0);
	for (int i = 0; i < cv->columns; i++) {
		const struct cell *cell = &cv->cells[row * cv->columns + i];

		if (cell->columns == 0)
			continue;
		attrset((int)attributes[cell->look]);
		addstr(cell->text);
	}
	attrset(A_NORMAL);
}

/* ncurses sends only what has changed since the last time. */
static void show(struct full_screen *s)
{
	struct canvas *cv = &s->ui.canvas;
	int rows, columns;

	getmaxyx(stdscr, rows, columns);
	if (rows != cv->rows || columns != cv->columns)
		canvas_resize(cv, rows, columns);
	ui_draw(&s->ui);
	for (int row = 0; row < cv->rows; row++)
		show_row(cv, row);
	if (cv->cursor_row >= 0) {
		curs_set(1);
		move(cv->cursor_row, cv->cursor_column);
	} else {
		curs_set(0);
	}
	refresh();
}

/* At the end of a pass, once for all that has happened in it. */
static void on_pass(struct loop_pass *pass)
{
	struct full_screen *s = container_of(pass, struct full_screen, pass);

	if (!s->stale)
		return;
	s->stale = false;
	show(s);
}

static void on_change(struct desk_owner *o)
{
	container_of(o, struct full_screen, owner)->stale = true;
}

static void on_told(struct desk_owner *o, enum told what, const char *text)
{
	struct full_screen *s = container_of(o, struct full_screen, owner);

	if (what == TOLD_HINT)
		snprintf(s->ui.hint, sizeof s->ui.hint, "%s", text);
	else if (what != TOLD_TROUBLE)
		beep();
}

/* ---- Input ------------------------------------------------------------------------------- */

static int mouse_key(const struct full_screen *s)
{
	MEVENT e;

	if (getmouse(&e) != OK)
		return KEY_NOTHING;
	if ((e.bstate & BUTTON4_PRESSED) != 0)
		return KEY_ARROW_UP;
#ifdef BUTTON5_PRESSED
	if ((e.bstate & BUTTON5_PRESSED) != 0)
		return KEY_ARROW_DOWN;
#endif
	return (e.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED)) != 0
		   ? canvas_key_at(&s->ui.canvas, e.y, e.x)
		   : KEY_NOTHING;
}

static int special_key(const struct full_screen *s, wint_t c)
{
	static const struct {
		wint_t curses;
		int key;
	} keys[] = {
	    {KEY_UP, KEY_ARROW_UP},	  {KEY_DOWN, KEY_ARROW_DOWN}, {KEY_LEFT, KEY_ARROW_LEFT},
	    {KEY_RIGHT, KEY_ARROW_RIGHT}, {KEY_PPAGE, KEY_PAGE_UP},   {KEY_NPAGE, KEY_PAGE_DOWN},
	    {KEY_HOME, KEY_FIRST},	  {KEY_END, KEY_LAST},	      {KEY_BACKSPACE, KEY_ERASE},
	    {KEY_DC, KEY_ERASE},	  {KEY_ENTER, KEY_RETURN},    {KEY_BTAB, KEY_TABULATOR},
	};

	if (c == KEY_MOUSE)
		return mouse_key(s);
	for (size_t i = 0; i < COUNT(keys); i++)
		if (keys[i].curses == c)
			return keys[i].key;
	return KEY_NOTHING;
}

static int plain_key(wint_t c)
{
	if (c == '\r')
		return KEY_RETURN;
	return c == 8 ? KEY_ERASE : (int)c;
}

static void end(struct full_screen *s, int status)
{
	s->status = status;
	loop_stop(s->loop);
}

static void leave(struct full_screen *s)
{
	enum scene scene = desk_scene(&s->desk);

	end(s, scene == SCENE_REFUSED || scene == SCENE_TAKEN_OVER ? 1 : 0);
}

static void on_input(struct watch *w, bool readable, bool writable)
{
	struct full_screen *s = container_of(w, struct full_screen, input);
	bool any = false;
	wint_t c;
	int kind, key;

	(void)readable;
	(void)writable;
	while ((kind = get_wch(&c)) != ERR) {
		any = true;
		if (kind == KEY_CODE_YES && c == KEY_RESIZE) {
			s->stale = true;
			continue;
		}
		key = kind == KEY_CODE_YES ? special_key(s, c) : plain_key(c);
		if (key == KEY_CTRL('L'))
			clearok(curscr, TRUE);
		else if (key != KEY_NOTHING)
			ui_key(&s->ui, key);
		/* The next key may depend on what this one has changed: where a page ends. */
		ui_draw(&s->ui);
		s->stale = true;
	}
	if (!any && !isatty(STDIN_FILENO))
		end(s, 1);
	if (s->ui.left)
		leave(s);
}

static void on_resized(struct signal_watch *w, int number)
{
	struct full_screen *s = container_of(w, struct full_screen, resized);
	struct winsize size;

	(void)number;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
		resizeterm(size.ws_row, size.ws_col);
	s->stale = true;
}

static void on_hung_up(struct signal_watch *w, int number)
{
	(void)number;
	end(container_of(w, struct full_screen, hung_up), 1);
}

static void on_ended(struct signal_watch *w, int number)
{
	(void)number;
	end(container_of(w, struct full_screen, ended), 1);
}

/* ---- The whole --------------------------------------------------------------------------- */

static void begin_curses(struct full_screen *s)
{
	initscr();
	set_escdelay(ESCAPE_MS);
	raw(); /* ^C, ^S and ^Z are keys: nobody leaves an exam by a slip of the finger */
	nonl();
	noecho();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED
#ifdef BUTTON5_PRESSED
		      | BUTTON5_PRESSED
#endif
		  ,
		  NULL);
	mouseinterval(0);
	set_colours(s);
}

/* What a person who left should know, where the exam is not over. */
static void say_goodbye(const struct desk *d)
{
	Examd__V1__AttemptState state = exam_client_state(d->client);
	uint32_t unsaved = exam_client_unsettled(d->client);

	if (unsaved > 0 && exam_client_journal(d->client) == ERR_OK)
		printf("%u answer%s not at the server yet. Run the same command again to send "
		       "%s.\n",
		       unsaved, unsaved == 1 ? " is" : "s are", unsaved == 1 ? "it" : "them");
	else if (unsaved > 0)
		printf("%u answer%s not saved: call the proctor.\n", unsaved,
		       unsaved == 1 ? " is" : "s are");
	else if (state == EXAMD__V1__ATTEMPT_STATE__RUNNING && !d->was_taken_over)
		printf(
		    "Everything is saved. The exam goes on; the same command brings you back.\n");
}

int full_screen_run(const struct desk_config *config, const char *host)
{
	struct full_screen s = {.owner = {on_change, on_told}, .stale = true};
	struct desk_config mine = *config;
	char detail[256];
	enum err err;

	s.loop = loop_new();
	mine.loop = s.loop;
	mine.owner = &s.owner;
	ui_init(&s.ui, &s.desk, host);
	err = desk_open(&s.desk, &mine, detail);
	if (err != ERR_OK) {
		fprintf(stderr, "exam: %s %s\n", err_sentence(err), detail);
		s.status = 1;
		goto out;
	}
	begin_curses(&s);
	s.pass.on_pass = on_pass;
	loop_add_pass(s.loop, &s.pass);
	watch_init(&s.input, s.loop, STDIN_FILENO, on_input);
	watch_set(&s.input, true, false);
	signal_watch_init(&s.resized, s.loop, SIGWINCH, on_resized);
	signal_watch_init(&s.hung_up, s.loop, SIGHUP, on_hung_up);
	signal_watch_init(&s.ended, s.loop, SIGTERM, on_ended);
	show(&s);
	loop_run(s.loop);
	signal_watch_fini(&s.ended);
	signal_watch_fini(&s.hung_up);
	signal_watch_fini(&s.resized);
	watch_fini(&s.input);
	loop_remove_pass(s.loop, &s.pass);
	endwin();
	desk_put(&s.desk);
	say_goodbye(&s.desk);
out:
	desk_close(&s.desk);
	ui_fini(&s.ui);
	loop_free(s.loop);
	return s.status;
}
