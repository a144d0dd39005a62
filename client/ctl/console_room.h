/* The room as the console sees it: its rows, who needs a human, the order on the screen, and every
 * number as a text.  No clock, no terminal and no network: the time is an argument. */
#ifndef CLIENT_CTL_CONSOLE_ROOM_H
#define CLIENT_CTL_CONSOLE_ROOM_H

#include "client/ctl/handlers.h"

/* Why a candidate needs a human, in rising urgency.  One candidate has the most urgent one. */
enum need {
	NEED_NOTHING,
	NEED_KEPT,     /* answers are kept that do not count by themselves */
	NEED_LET_IN,   /* checked in, not admitted */
	NEED_TIME,     /* runs, and TIME_NEARLY_OUT or less is left */
	NEED_OFF_PAGE, /* runs, and its page has lost the focus */
	NEED_SILENT,   /* runs, is connected, and nothing was saved for SILENT_LONG */
	NEED_LOST,     /* runs, or is stopped for it, and the connection is lost */
	NEED_SEAT,     /* another client asks for the seat */
	NEED_NNEEDS
};
#define TIME_NEARLY_OUT MINUTES(5)
#define SILENT_LONG	MINUTES(10)

/* What is known of a row beside what the server said. */
struct console_note {
	struct mono_ms told; /* when the server said it */
	struct mono_ms
	    run_since; /* the clock runs since then, as far as was seen; .v 0: it stands */
	bool marked;
	bool stale; /* our own connection was lost after it was told */
};

#define FILTER_SIZE 64

/* {0} is an empty one. */
struct console_room {
	struct room_rows rows;
	struct console_note *notes; /* owned; one for each row */
	char *title, *exam;	    /* owned; NULL: not told yet */
	size_t *shown;		    /* owned; places in rows, as they stand on the screen */
	size_t nshown;
	char filter[FILTER_SIZE]; /* part of anything shown, whatever the case; "": all */
	bool whole;		  /* every row has come */
};

void console_room_fini(struct console_room *r);

/* What the server says; a page with .more leaves the room incomplete. */
void console_room_take(struct console_room *r, const Examd__V1__Room *room, struct mono_ms now);
/* Our connection is lost: everything shown is old until it is told again. */
void console_room_lost(struct console_room *r);

/* Chooses by the filter and sorts: the most urgent need first, then those who run, are ready, wait,
 * are not here, are closed; then by user.  Fills in shown. */
void console_room_arrange(struct console_room *r, struct mono_ms now);

/* The place in shown of a row; nshown when it is not shown. */
size_t console_room_find(const struct console_room *r, size_t row);
size_t console_room_marked(const struct console_room *r);
/* How many rows need a human. */
size_t console_room_needing(const struct console_room *r, struct mono_ms now);

/* ---- One row ----------------------------------------------------------------------------- */

bool row_runs(const Examd__V1__RoomRow *row);
/* Left of the part under way, counted down since it was told. */
struct millis row_left(const struct room_row *r, const struct console_note *n, struct mono_ms now);
/* Since the last acknowledged answer; -1: none. */
struct millis row_age(const struct room_row *r, const struct console_note *n, struct mono_ms now);
enum need row_need(const struct room_row *r, const struct console_note *n, struct mono_ms now);

/* "running", "paused", "not here", ... at most 11 columns. */
const char *row_state_word(const Examd__V1__RoomRow *row);
/* "here", "LOST", "away", "stale", "". */
const char *row_line_word(const struct room_row *r, const struct console_note *n);
/* At most 14 columns; "" for nothing. */
const char *need_word(enum need need);
/* How often the focus was lost, and when it last was by the clock of this machine: "Left the page
 * 2 times, last at 10:32."; "" for never. */
void focus_format(const Examd__V1__RoomRow *row, char *out, size_t size);
/* What can be done about it, with the keys; "" for nothing. */
const char *need_advice(enum need need);

/* "7s", "12m", "1h05": at most 5 columns; "" when negative. */
void age_format(struct millis age, char out[16]);
/* "34 ms", "2.1 s": at most 6 columns; "" for 0. */
void round_trip_format(uint32_t ms, char out[16]);
/* "59:59", "3:20:00". */
void left_format(struct millis left, char out[16]);

/* TEXT in exactly COLUMNS of the terminal: what is not printable becomes ?, what does not fit is
 * cut with ~ at its end, the rest is filled with spaces, left of it when RIGHT.  By the locale. */
void text_fit(const char *text, unsigned columns, bool right, char *out, size_t size);
/* How many columns TEXT takes. */
unsigned text_columns(const char *text);
/* The end of TEXT that fits into COLUMNS; a part of TEXT. */
const char *text_tail(const char *text, unsigned columns);

#endif
