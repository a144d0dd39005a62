/* Reports: result rows as CSV, as a table for a terminal, as JSON.  Rows are given; where they come
 * from is nobody's business here. */
#ifndef DAEMON_REPORT_REPORT_H
#define DAEMON_REPORT_REPORT_H

#include "proto/base/bytes.h"
#include "proto/base/ids.h"
#include "proto/base/times.h"

struct report_section {
	const char *name;     /* as the blueprint calls it */
	int32_t points, most; /* hundredths */
};

/* One attempt.  Everything is borrowed for the call; a text that is NULL is "". */
struct report_row {
	struct attempt_id attempt;
	const char *user, *name, *exam;
	const char *state;    /* "submitted", "expired", ... */
	bool scored;	      /* false: not closed yet, there are no points */
	int32_t points, most; /* hundredths */
	uint32_t scaled;      /* 0: the exam has no scale */
	bool passed;
	const struct report_section *sections;
	size_t nsections;
	struct millis used;
	struct wall_ms started, closed; /* .v 0: not yet */
	uint32_t answered, items;
	const int32_t *item_points; /* hundredths, one an item of the form; may be NULL */
	size_t nitem_points;
};

/* CSV (RFC 4180): UTF-8 without a byte order mark, lines end in CR LF, a header line, then one line
 * a row, in their order.  The columns, in this order:
 *
 *   attempt        number
 *   user, name, exam, state
 *   points         2 decimals, "71.50"; empty when not scored, as all scores below
 *   points_most    likewise
 *   percent        of points_most, 1 decimal, rounded down; empty when that is 0
 *   scaled         100-400; empty when the exam has no scale
 *   passed         yes, no
 *   answered, items
 *   used_seconds   whole seconds, rounded down
 *   started, closed       "2026-11-23T07:02:11.482Z"; empty: not yet
 *   section NAME, section NAME most       for each section of any row, in order of first
 *                  appearance; empty where a row does not have it
 *   item_1 ...     points of the item at that place of the candidate's own form, 2 decimals
 *
 * A text that begins with = + - @, a tab or a carriage return would be a formula to a spreadsheet:
 * it gets an apostrophe in front.  A text is quoted where it has to be, or begins or ends in a
 * space. */
void report_csv(struct buf *out, const struct report_row *rows, size_t n);

/* A table by candidate and section for a terminal of WIDTH columns (0: any), then a line with
 * candidates, how many are scored, passed, and the mean.  Columns are as wide as their text is on
 * the screen; names longer than 24 columns end in an ellipsis.  Sections stand under their names;
 * where that is too wide, under numbers that are explained below the table.  Control characters are
 * shown as '?', so that a name cannot command a terminal. */
void report_table(struct buf *out, const struct report_row *rows, size_t n, unsigned width);

/* A JSON array of objects, one a row, with a newline at the end.  Members as the columns of the
 * CSV, but in whole numbers: points_hundredths, points_most_hundredths, permille, used_ms;
 * "sections" is an array of {name, points_hundredths, points_most_hundredths},
 * "item_points_hundredths" an array.  What is not there is null, and so is a text that is not
 * UTF-8. */
void report_json(struct buf *out, const struct report_row *rows, size_t n);

/* "71.50" */
void report_points(struct buf *out, int32_t hundredths);
/* Tenths of a percent, rounded down; MOST must be above 0. */
int32_t report_permille(int64_t points, int64_t most);

/* The names of all sections of the rows, each once, in order of first appearance. */
struct report_names {
	const char **names; /* owned; what they point to is borrowed from the rows */
	size_t length, cap;
};
void report_names_init(struct report_names *names, const struct report_row *rows, size_t n);
void report_names_fini(struct report_names *names);
/* NULL: the row does not have it. */
const struct report_section *report_section_of(const struct report_row *row, const char *name);

/* How many columns of a terminal a UTF-8 text takes; a control character or a stray byte takes one.
 */
size_t report_width(const char *text);

#endif
