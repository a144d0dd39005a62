#include "client/ctl/console_grid.h"

#include <string.h>

#include "proto/base/mem.h"

struct cell_of {
	const struct room_row *row;
	const struct console_note *note;
	struct mono_ms now;
};

static void cell_mark(const struct cell_of *c, char *out, size_t size)
{
	snprintf(out, size, "%s", c->note->marked ? " *" : "");
}

static void cell_user(const struct cell_of *c, char *out, size_t size)
{
	snprintf(out, size, "%s", c->row->user);
}

static void cell_name(const struct cell_of *c, char *out, size_t size)
{
	snprintf(out, size, "%s", c->row->name);
}

static void cell_state(const struct cell_of *c, char *out, size_t size)
{
	uint32_t lost = c->row->row.focus_lost;
	int n = snprintf(out, size, "%s", row_state_word(&c->row->row));

	if (lost > 0 && n > 0 && (size_t)n < size)
		snprintf(out + n, size - (size_t)n, " ^%u", lost < 100 ? lost : 99);
}

static bool is_here(const struct cell_of *c)
{
	return c->row->row.attempt != 0;
}

static void cell_answered(const struct cell_of *c, char *out, size_t size)
{
	if (is_here(c))
		snprintf(out, size, "%u/%u", c->row->row.answered, c->row->row.items);
}

static void cell_saved(const struct cell_of *c, char *out, size_t size)
{
	char text[16];

	if (c->row->row.state != EXAMD__V1__ATTEMPT_STATE__RUNNING)
		return;
	age_format(row_age(c->row, c->note, c->now), text);
	snprintf(out, size, "%s", text[0] != '\0' ? text : "-");
}

static void cell_left(const struct cell_of *c, char *out, size_t size)
{
	char text[16];

	if (!is_here(c) || c->row->row.state >= EXAMD__V1__ATTEMPT_STATE__SUBMITTED)
		return;
	left_format(row_left(c->row, c->note, c->now), text);
	snprintf(out, size, "%s%s", c->note->stale ? "~" : "", text);
}

static void cell_line(const struct cell_of *c, char *out, size_t size)
{
	char trip[16];

	round_trip_format(c->row->row.round_trip_ms, trip);
	if (trip[0] != '\0' && c->row->row.connected && !c->note->stale)
		snprintf(out, size, "%s", trip);
	else
		snprintf(out, size, "%s", row_line_word(c->row, c->note));
}

static void cell_needs(const struct cell_of *c, char *out, size_t size)
{
	snprintf(out, size, "%s", need_word(row_need(c->row, c->note, c->now)));
}

static void cell_kept(const struct cell_of *c, char *out, size_t size)
{
	if (c->row->row.kept > 0)
		snprintf(out, size, "%u", c->row->row.kept);
}

static void cell_attempt(const struct cell_of *c, char *out, size_t size)
{
	if (is_here(c))
		snprintf(out, size, "%lld", (long long)c->row->row.attempt);
}

static void cell_address(const struct cell_of *c, char *out, size_t size)
{
	snprintf(out, size, "%s", c->row->address);
}

/* RANK: the column with the lowest comes first, when not all have room. */
static const struct {
	const char *title;
	unsigned least, most, rank;
	bool right;
	void (*cell)(const struct cell_of *c, char *out, size_t size);
} columns[COL_NCOLUMNS] = {
    /*                 title      least most rank */
    [COL_MARK] = {"", 2, 2, 0, false, cell_mark},
    [COL_USER] = {"USER", 8, 16, 1, false, cell_user},
    [COL_NAME] = {"NAME", 11, 40, 7, false, cell_name},
    [COL_STATE] = {"STATE", 11, 11, 2, false, cell_state},
    [COL_ANSWERED] = {"DONE", 7, 7, 6, true, cell_answered},
    [COL_SAVED] = {"SAVED", 5, 5, 8, true, cell_saved},
    [COL_LEFT] = {"LEFT", 8, 8, 3, true, cell_left},
    [COL_LINE] = {"LINE", 6, 6, 5, true, cell_line},
    [COL_NEEDS] = {"NEEDS YOU", 14, 14, 4, false, cell_needs},
    [COL_KEPT] = {"KEPT", 4, 4, 9, true, cell_kept},
    [COL_ATTEMPT] = {"ATTEMPT", 7, 7, 10, true, cell_attempt},
    [COL_ADDRESS] = {"ADDRESS", 15, 21, 11, false, cell_address},
};

static size_t column_of_rank(unsigned rank)
{
	for (size_t i = 0; i < COL_NCOLUMNS; i++)
		if (columns[i].rank == rank)
			return i;
	return COL_MARK;
}

void grid_layout(unsigned width, struct grid_layout *out)
{
	static const enum grid_column growing[] = {COL_NAME, COL_USER, COL_ADDRESS};
	unsigned used = 0;

	*out = (struct grid_layout){0};
	for (unsigned rank = 0; rank < COL_NCOLUMNS; rank++) {
		size_t i = column_of_rank(rank);
		unsigned more = columns[i].least + (used > 0);

		if (used + more > width)
			break;
		out->width[i] = columns[i].least;
		used += more;
	}
	for (size_t k = 0; k < COUNT(growing); k++) {
		size_t i = growing[k];
		unsigned room = width - used, wish = columns[i].most - columns[i].least;

		if (out->width[i] == 0)
			continue;
		out->width[i] += wish < room ? wish : room;
		used += wish < room ? wish : room;
	}
}

static void add_cell(char out[GRID_LINE], const struct grid_layout *l, size_t i, const char *text)
{
	size_t used = strlen(out);
	char fitted[512];

	if (l->width[i] == 0)
		return;
	text_fit(text, l->width[i], columns[i].right, fitted, sizeof fitted);
	snprintf(out + used, GRID_LINE - used, "%s%s", i > 0 ? " " : "", fitted);
}

void grid_titles(const struct grid_layout *l, char out[GRID_LINE])
{
	out[0] = '\0';
	for (size_t i = 0; i < COL_NCOLUMNS; i++)
		add_cell(out, l, i, columns[i].title);
}

void grid_row(const struct grid_layout *l, const struct console_room *r, size_t row,
	      struct mono_ms now, char out[GRID_LINE])
{
	struct cell_of of = {&r->rows.rows[row], &r->notes[row], now};

	out[0] = '\0';
	for (size_t i = 0; i < COL_NCOLUMNS; i++) {
		char text[320] = "";

		columns[i].cell(&of, text, sizeof text);
		add_cell(out, l, i, text);
	}
}
