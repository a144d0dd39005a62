/* What a screen looks like, before any terminal: rows of cells, and places that can be clicked.
 * Screens draw here; full_screen.c shows it, and a test reads it. */
#ifndef CLIENT_TERM_CANVAS_H
#define CLIENT_TERM_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/bytes.h"

/* Each can be told from PLAIN without colour, where it matters. */
enum look {
	LOOK_PLAIN,
	LOOK_STRONG,
	LOOK_BAR,    /* header, the chosen row of a list */
	LOOK_QUIET,  /* explains itself */
	LOOK_CHOSEN, /* an option that is chosen */
	LOOK_STRUCK,
	LOOK_GOOD,
	LOOK_WARN,
	LOOK_KEY,
	LOOK_MARKED, /* highlighted by the candidate */
	LOOKS
};

#define CELL_TEXT 24 /* bytes of a character with its combining ones; more of them are left out */

struct cell {
	char text[CELL_TEXT];
	uint8_t columns; /* 0: the right half of the one before */
	uint8_t look;
};

struct place {
	int row, column, columns, key;
};

#define PLACES_MOST 512

struct canvas {
	int rows, columns;
	struct cell *cells; /* owned */
	struct place places[PLACES_MOST];
	int nplaces;
	int cursor_row, cursor_column; /* -1: no cursor */
};

/* {0} is good for the first resize, which also clears. */
void canvas_resize(struct canvas *cv, int rows, int columns);
void canvas_fini(struct canvas *cv);

/* All of it blank, without places and cursor. */
void canvas_clear(struct canvas *cv);

/* Puts LEN bytes of text, at most MOST columns; what is outside of the canvas is left out.  Returns
 * the columns used. */
int canvas_put(struct canvas *cv, int row, int column, int most, enum look look, const char *text,
	       size_t len);
int canvas_text(struct canvas *cv, int row, int column, int most, enum look look, const char *text);
/* Ends at the column before END. */
void canvas_text_right(struct canvas *cv, int row, int end, enum look look, const char *text);
void canvas_fill(struct canvas *cv, int row, int column, int columns, enum look look);

/* What stands there is shown so from now on. */
void canvas_look(struct canvas *cv, int row, int column, int columns, enum look look);

/* A click there is KEY. */
void canvas_place(struct canvas *cv, int row, int column, int columns, int key);
int canvas_key_at(const struct canvas *cv, int row, int column);
void canvas_cursor(struct canvas *cv, int row, int column);

/* A row as text without the blanks at its end; appended. */
void canvas_row_text(const struct canvas *cv, int row, struct buf *out);

#endif
