/* The columns of the console's grid: which ones a width has room for, how wide each is, and what
 * stands in a cell.  No terminal. */
#ifndef CLIENT_CTL_CONSOLE_GRID_H
#define CLIENT_CTL_CONSOLE_GRID_H

#include "client/ctl/console_room.h"

enum grid_column {
	COL_MARK,
	COL_USER,
	COL_NAME,
	COL_STATE,
	COL_ANSWERED,
	COL_SAVED,
	COL_LEFT,
	COL_LINE,
	COL_NEEDS,
	COL_KEPT,
	COL_ATTEMPT,
	COL_ADDRESS,
	COL_NCOLUMNS
};

struct grid_layout {
	unsigned width[COL_NCOLUMNS]; /* 0: not shown */
};

/* Shows as many columns as fit, the needful ones first, one space between two; what is left over
 * goes to names.  Never wider than WIDTH, as long as the mark and the user fit. */
void grid_layout(unsigned width, struct grid_layout *out);

/* A line for exactly the layout's columns. */
#define GRID_LINE 1200
void grid_titles(const struct grid_layout *l, char out[GRID_LINE]);
void grid_row(const struct grid_layout *l, const struct console_room *r, size_t row,
	      struct mono_ms now, char out[GRID_LINE]);

#endif
