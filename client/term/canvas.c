#include <stdlib.h>
#include <string.h>

#include "client/term/canvas.h"
#include "client/term/keys.h"
#include "client/term/wrap.h"
#include "proto/base/mem.h"

static struct cell *cell_at(struct canvas *cv, int row, int column)
{
	return &cv->cells[row * cv->columns + column];
}

void canvas_clear(struct canvas *cv)
{
	cv->nplaces = 0;
	cv->cursor_row = cv->cursor_column = -1;
	for (int row = 0; row < cv->rows; row++)
		canvas_fill(cv, row, 0, cv->columns, LOOK_PLAIN);
}

void canvas_resize(struct canvas *cv, int rows, int columns)
{
	free(cv->cells);
	cv->rows = rows;
	cv->columns = columns;
	cv->cells = mem_new_array((size_t)rows * (size_t)columns, sizeof *cv->cells);
	canvas_clear(cv);
}

void canvas_fini(struct canvas *cv)
{
	free(cv->cells);
	cv->cells = NULL;
}

static void put_unit(struct cell *cell, const char *text, size_t len, int columns, bool showable,
		     enum look look)
{
	if (len >= CELL_TEXT) /* whole characters only */
		for (len = CELL_TEXT - 1; (text[len] & 0xc0) == 0x80; len--)
			;
	if (!showable) {
		text = text[0] == '\t' || text[0] == '\n' ? " " : "?";
		len = 1;
	}
	memcpy(cell->text, text, len);
	cell->text[len] = '\0';
	cell->columns = (uint8_t)columns;
	cell->look = (uint8_t)look;
	if (columns == 2) {
		cell[1].text[0] = '\0';
		cell[1].columns = 0;
		cell[1].look = (uint8_t)look;
	}
}

int canvas_put(struct canvas *cv, int row, int column, int most, enum look look, const char *text,
	       size_t len)
{
	int used = 0, columns;
	bool showable;

	if (row < 0 || row >= cv->rows || column < 0)
		return 0;
	if (most > cv->columns - column)
		most = cv->columns - column;
	for (size_t i = 0, unit; i < len; i += unit) {
		unit = unit_next(text + i, &columns, &showable);
		if (columns == 0)
			continue; /* a combining character with nothing before it */
		if (used + columns > most)
			break;
		put_unit(cell_at(cv, row, column + used), text + i, unit, columns, showable, look);
		used += columns;
	}
	return used;
}

int canvas_text(struct canvas *cv, int row, int column, int most, enum look look, const char *text)
{
	return canvas_put(cv, row, column, most, look, text, strlen(text));
}

void canvas_text_right(struct canvas *cv, int row, int end, enum look look, const char *text)
{
	int columns = text_columns(text), column = end > columns ? end - columns : 0;

	canvas_text(cv, row, column, end - column, look, text);
}

void canvas_fill(struct canvas *cv, int row, int column, int columns, enum look look)
{
	for (int i = 0; i < columns; i++)
		canvas_put(cv, row, column + i, 1, look, " ", 1);
}

void canvas_look(struct canvas *cv, int row, int column, int columns, enum look look)
{
	if (row < 0 || row >= cv->rows)
		return;
	for (int i = column; i < column + columns && i < cv->columns; i++)
		if (i >= 0)
			cv->cells[row * cv->columns + i].look = (uint8_t)look;
}

void canvas_place(struct canvas *cv, int row, int column, int columns, int key)
{
	if (cv->nplaces < PLACES_MOST && key != KEY_NOTHING)
		cv->places[cv->nplaces++] = (struct place){row, column, columns, key};
}

int canvas_key_at(const struct canvas *cv, int row, int column)
{
	for (int i = cv->nplaces - 1; i >= 0; i--) {
		const struct place *p = &cv->places[i];

		if (p->row == row && column >= p->column && column < p->column + p->columns)
			return p->key;
	}
	return KEY_NOTHING;
}

void canvas_cursor(struct canvas *cv, int row, int column)
{
	cv->cursor_row = row;
	cv->cursor_column = column < cv->columns ? column : cv->columns - 1;
}

void canvas_row_text(const struct canvas *cv, int row, struct buf *out)
{
	struct buf text = {0};
	size_t end = 0;

	for (int i = 0; i < cv->columns; i++) {
		const struct cell *cell = &cv->cells[row * cv->columns + i];

		buf_put_text(&text, cell->text);
		if (cell->text[0] != ' ' && cell->text[0] != '\0')
			end = buf_length(&text);
	}
	buf_put(out, buf_bytes(&text).data, end);
	buf_fini(&text);
}
