#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/term/keys.h"
#include "client/term/page.h"
#include "client/term/wrap.h"

void page_begin(struct page *p, int columns)
{
	arena_reset(&p->arena);
	p->nlines = 0;
	p->focus = p->focus_end = 0;
	p->columns = columns > 1 ? columns : 1;
}

void page_fini(struct page *p)
{
	arena_fini(&p->arena);
	free(p->lines);
}

static struct page_line *add(struct page *p, enum look look, int key, char *text)
{
	if (p->nlines == p->cap) {
		p->cap = p->cap == 0 ? 64 : p->cap * 2;
		p->lines = mem_resize(p->lines, p->cap * sizeof *p->lines);
	}
	p->lines[p->nlines] =
	    (struct page_line){.text = text, .look = look, .key = key, .cursor = -1};
	return &p->lines[p->nlines++];
}

void page_blank(struct page *p)
{
	add(p, LOOK_PLAIN, KEY_NOTHING, arena_copy_text(&p->arena, ""));
}

void page_put(struct page *p, enum look look, int key, const char *prefix, const char *text)
{
	size_t at = 0, prefix_len = strlen(prefix);
	int indent = text_columns(prefix), columns = p->columns - indent;
	struct page_line *made;
	struct line line;
	bool first = true;

	if (columns < 8)
		columns = 8;
	while (wrap_next(text, columns, &at, &line)) {
		size_t before = first ? prefix_len : (size_t)indent;
		char *copy = arena_new(&p->arena, before + line.len + 1);

		if (first)
			memcpy(copy, prefix, before);
		else
			memset(copy, ' ', before);
		memcpy(copy + before, text + line.start, line.len);
		made = add(p, look, key, copy);
		made->from = line.start;
		made->len = line.len;
		made->indent = indent;
		first = false;
	}
	if (first)
		add(p, look, key, arena_copy_text(&p->arena, prefix));
}

void page_put_source(struct page *p, enum look look, int source, const char *text)
{
	size_t before = p->nlines;

	page_put(p, look, KEY_NOTHING, "", text);
	for (size_t i = before; i < p->nlines; i++)
		p->lines[i].source = source;
}

void page_focus_begin(struct page *p)
{
	p->focus = p->focus_end = p->nlines;
}

void page_focus_end(struct page *p)
{
	p->focus_end = p->nlines;
}

int page_rows(const struct page *p, int rows)
{
	return (int)p->nlines > rows && rows > 1 ? rows - 1 : rows;
}

int page_scroll_most(const struct page *p, int rows)
{
	return (int)p->nlines > rows ? (int)p->nlines - rows : 0;
}

int page_scroll(const struct page *p, int rows, int scroll, bool follow)
{
	int most = page_scroll_most(p, rows);

	if (follow && p->focus_end > p->focus) {
		if (scroll + rows < (int)p->focus_end)
			scroll = (int)p->focus_end - rows;
		if (scroll > (int)p->focus)
			scroll = (int)p->focus;
	}
	return scroll < 0 ? 0 : scroll > most ? most : scroll;
}

static void draw_more(const struct page *p, struct canvas *cv, struct window w, int scroll)
{
	int row = w.row + w.rows - 1, shown = w.rows - 1, below = (int)p->nlines - scroll - shown;
	int column = w.column;
	char text[32];

	if (scroll > 0) {
		snprintf(text, sizeof text, "-- PgUp: %d more --  ", scroll);
		canvas_place(cv, row, column, text_columns(text), KEY_PAGE_UP);
		column += canvas_text(cv, row, column, w.columns, LOOK_KEY, text);
	}
	if (below > 0) {
		snprintf(text, sizeof text, "-- PgDn: %d more --", below);
		canvas_place(cv, row, column, text_columns(text), KEY_PAGE_DOWN);
		canvas_text(cv, row, column, w.columns - (column - w.column), LOOK_KEY, text);
	}
}

void page_draw(const struct page *p, struct canvas *cv, struct window w, int scroll)
{
	int rows = page_rows(p, w.rows);

	for (int i = 0; i < rows && (size_t)(scroll + i) < p->nlines; i++) {
		const struct page_line *line = &p->lines[scroll + i];
		int row = w.row + i;

		if (line->look == LOOK_BAR)
			canvas_fill(cv, row, w.column, w.columns, LOOK_BAR);
		canvas_text(cv, row, w.column, w.columns, line->look, line->text);
		canvas_place(cv, row, w.column, w.columns, line->key);
		if (line->cursor >= 0)
			canvas_cursor(cv, row, w.column + line->cursor);
	}
	if (rows < w.rows)
		draw_more(p, cv, w, scroll);
}
