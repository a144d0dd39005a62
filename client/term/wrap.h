/* Text in columns: how wide UTF-8 is on a terminal, and where its lines break.
 *
 * A unit is a character with the combining ones that follow it; it is never torn apart.  Widths are
 * wcwidth()'s, so the process must have set a UTF-8 LC_CTYPE.  What is no UTF-8 and what is a
 * control character counts as one column and is shown as '?' (a tabulator as a space). */
#ifndef CLIENT_TERM_WRAP_H
#define CLIENT_TERM_WRAP_H

#include <stdbool.h>
#include <stddef.h>

/* The length in bytes of the unit at TEXT, which is not at its end, and its columns (0, 1 or 2).
 * SHOWABLE: it may be sent to a terminal as it is. */
size_t unit_next(const char *text, int *columns, bool *showable);

/* The columns of a whole text, without breaking it. */
int text_columns(const char *text);

/* Where a line stands in the text that was wrapped; without the blanks at which it was broken. */
struct line {
	size_t start, len;
	int columns;
};

/* The line that begins at *AT, at most COLUMNS wide, then *AT is where the next one begins.  Breaks
 * at newlines, else at blanks, else (a word longer than the line) between two units; blanks at the
 * beginning of a paragraph stay.  False: nothing is left.  An empty text has no line. */
bool wrap_next(const char *text, int columns, size_t *at, struct line *out);

#endif
