/* The screens: a table of {draw, keys, keys shown}.  Which one is on follows from the scene of the
 * desk and, among the items and after the end, from what the candidate has opened.  They draw on a
 * canvas and are told keys; none of them knows the terminal. */
#ifndef CLIENT_TERM_UI_H
#define CLIENT_TERM_UI_H

#include "client/lib/password.h"
#include "client/term/calculator.h"
#include "client/term/canvas.h"
#include "client/term/desk.h"
#include "client/term/keys.h"
#include "client/term/page.h"

enum screen_name {
	SCREEN_REFUSED,
	SCREEN_TAKEN_OVER,
	SCREEN_LOG_IN,
	SCREEN_NEW_PASSWORD,
	SCREEN_LOBBY,
	SCREEN_RULES,
	SCREEN_PAUSED,
	SCREEN_TIME_UP,
	SCREEN_ITEM,
	SCREEN_NAVIGATOR,
	SCREEN_HAND_IN,
	SCREEN_RESULT,
	SCREEN_RATIONALES,
	SCREEN_REVEAL,
	SCREEN_PRACTICE,
	SCREEN_DRILL,
	SCREEN_CHART,
	SCREENS
};

/* What a yes is asked for. */
enum asking { ASKING_NOT, ASKING_LEAVE, ASKING_HAND_IN };

/* What is open in practice. */
enum practice_view { PRACTICE_LIST, PRACTICE_DRILL, PRACTICE_CHART };

enum pane { PANE_QUESTION, PANE_STIMULUS, PANES };

#define UI_SECRETS    3	  /* lines of passwords */
#define UI_WORDS_MOST 400 /* that can be clicked at a time */

struct ui {
	struct desk *desk; /* borrowed */
	struct canvas canvas;
	const char *host;	 /* for people; borrowed */
	enum screen_name opened; /* among SCREEN_ITEM, _NAVIGATOR, _HAND_IN */
	bool rationales;
	enum asking asking;
	bool clock_hidden;
	bool left; /* the program is to end */

	struct page page, side;
	int scroll[PANES];
	int rows[PANES]; /* of the windows last drawn */
	bool unread;	 /* there is more of the question below */
	bool follow;	 /* bring the cursor into view */
	enum pane pane;
	uint32_t shown_item, shown_part;
	int64_t shown_attempt;
	int cursor; /* option or field */

	bool calculating;
	char calculation[CALCULATION_MOST + 1];
	bool marking;	  /* highlight.h */
	struct mark word; /* under its cursor */
	struct mark words[UI_WORDS_MOST];
	int nwords;

	char secrets[UI_SECRETS][PASSWORD_MOST + 1]; /* overwritten when they were sent */
	int secret_at;
	const char *secret_wrong; /* NULL: nothing is */

	bool was_closed; /* the end was shown */
	bool noting;	 /* a note is being typed */
	char note[DESK_NOTE_MOST + 1];
	char hint[128]; /* in the line above the keys, until the next key */
	bool warned;	/* that this item's answer is not complete */

	enum filter filter;
	uint32_t row; /* of the navigator: the item */
	enum practice_view practice;
	uint32_t entry; /* of the list of practice */
	size_t drill_exam, chart;
	struct drill drill;
	int drill_row;
	uint32_t review; /* of the rationales: the place in the list */
};

struct hint {
	int key; /* what a click on it does */
	const char *shown, *label;
	bool (*when)(const struct ui *ui); /* NULL: always */
};

struct ui_screen {
	void (*draw)(struct ui *ui, struct window w);
	bool (*on_key)(struct ui *ui, int key); /* false: not one of its own */
	const struct hint *hints;		/* ends with key 0; the most important first */
};

extern const struct ui_screen log_in_screen, new_password_screen, lobby_screen, rules_screen,
    refused_screen, taken_over_screen, paused_screen, time_up_screen, item_screen, navigator_screen,
    hand_in_screen, result_screen, rationales_screen, reveal_screen, practice_screen, drill_screen,
    chart_screen;

void ui_init(struct ui *ui, struct desk *desk, const char *host);
void ui_fini(struct ui *ui);

/* Draws all of it anew on the canvas, whose size was set. */
void ui_draw(struct ui *ui);
void ui_key(struct ui *ui, int key);

/* For the screens: the page in the window, scrolled as pane PANE. */
void ui_show_page(struct ui *ui, const struct page *page, struct window w, enum pane pane);
/* The keys that move a page; false: another key. */
bool ui_scroll_key(struct ui *ui, int key);
/* Tutor mode: opens the key and the rationale of the item looked at. */
void ui_reveal(struct ui *ui);
void ui_forget_secrets(struct ui *ui);
/* Opens one of those among the items. */
void ui_open(struct ui *ui, enum screen_name screen);

#endif
