/* Highlighting: word by word, with a cursor of its own over the text of the question or its record.
 * What is highlighted is kept by the client (client/lib/traces.h). */
#include <string.h>

#include "client/term/highlight.h"
#include "client/term/wrap.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t';
}

static enum mark_where where_of(enum pane pane)
{
	return pane == PANE_STIMULUS ? MARK_STIMULUS : MARK_STEM;
}

int highlight_source(enum mark_where where)
{
	return 1 + (int)where;
}

/* The text under the cursor; "" where there is none. */
static const char *text_of(const struct ui *ui, enum pane pane)
{
	const Examd__V1__FormItem *item = desk_item(ui->desk);
	const char *record =
	    exam_client_stimulus(ui->desk->client, (struct item_no){ui->desk->item});

	if (pane == PANE_STIMULUS)
		return record != NULL ? record : "";
	return item != NULL ? item->stem : "";
}

/* ---- Words ------------------------------------------------------------------------------- */

bool word_from(const char *text, size_t at, struct mark *out)
{
	size_t from = at;

	while (text[from] != '\0' && is_blank(text[from]))
		from++;
	if (text[from] == '\0')
		return false;
	out->from = (uint32_t)from;
	while (text[from] != '\0' && !is_blank(text[from]))
		from++;
	out->to = (uint32_t)from;
	return true;
}

bool word_before(const char *text, size_t at, struct mark *out)
{
	size_t to = at;

	while (to > 0 && is_blank(text[to - 1]))
		to--;
	if (to == 0)
		return false;
	out->to = (uint32_t)to;
	while (to > 0 && !is_blank(text[to - 1]))
		to--;
	out->from = (uint32_t)to;
	return true;
}

/* ---- On the screen ----------------------------------------------------------------------- */

static int columns_of(const char *text, size_t len)
{
	int used = 0, columns;
	bool showable;

	for (size_t i = 0; i < len;) {
		i += unit_next(text + i, &columns, &showable);
		used += columns;
	}
	return used;
}

/* Where a byte of the text stands in its line, in columns of the page. */
static int column_of(const struct page_line *line, const char *text, size_t at)
{
	size_t in = at > line->from ? at - line->from : 0;

	return line->indent + columns_of(text + line->from, in < line->len ? in : line->len);
}

static void look(struct ui *ui, const struct page_line *line, const char *text, int row, int left,
		 struct mark m, enum look as)
{
	size_t end = line->from + line->len;
	int from, to;

	if (m.to <= line->from || m.from >= end)
		return;
	from = column_of(line, text, m.from > line->from ? m.from : line->from);
	to = column_of(line, text, m.to < end ? m.to : end);
	canvas_look(&ui->canvas, row, left + from, to - from, as);
}

/* The blanks between two highlighted words belong to them. */
static uint32_t up_to_next(const char *text, const struct mark *marks, size_t n, size_t i)
{
	size_t at = marks[i].to;

	if (i + 1 >= n || marks[i + 1].where != marks[i].where)
		return marks[i].to;
	while (at < marks[i + 1].from && is_blank(text[at]))
		at++;
	return at == marks[i + 1].from ? marks[i + 1].from : marks[i].to;
}

static void draw_marks(struct ui *ui, const struct page_line *line, const char *text, int row,
		       int left, enum mark_where where)
{
	const struct mark *marks;
	size_t n = exam_client_marks(ui->desk->client, (struct item_no){ui->desk->item}, &marks);

	for (size_t i = 0; i < n; i++) {
		struct mark m = marks[i];

		if (m.where != where)
			continue;
		m.to = up_to_next(text, marks, n, i);
		look(ui, line, text, row, left, m, LOOK_MARKED);
	}
}

/* Each word that is seen can be clicked. */
static void place_words(struct ui *ui, const struct page_line *line, const char *text, int row,
			int left, enum mark_where where)
{
	struct mark m = {where, 0, 0};
	size_t at = line->from, end = line->from + line->len;

	while (at < end && word_from(text, at, &m) && m.from < end && ui->nwords < UI_WORDS_MOST) {
		int from = column_of(line, text, m.from), to = column_of(line, text, m.to);

		canvas_place(&ui->canvas, row, left + from, to - from, KEY_PLACE + ui->nwords);
		ui->words[ui->nwords++] = m;
		at = m.to;
	}
}

void highlight_draw(struct ui *ui, const struct page *page, struct window w, enum pane pane)
{
	enum mark_where where = where_of(pane);
	const char *text = text_of(ui, pane);
	int rows = page_rows(page, w.rows), scroll = ui->scroll[pane];

	for (int i = 0; i < rows && (size_t)(scroll + i) < page->nlines; i++) {
		const struct page_line *line = &page->lines[scroll + i];

		if (line->source != highlight_source(where))
			continue;
		draw_marks(ui, line, text, w.row + i, w.column, where);
		if (!ui->marking)
			continue;
		place_words(ui, line, text, w.row + i, w.column, where);
		if (ui->pane == pane)
			look(ui, line, text, w.row + i, w.column, ui->word, LOOK_BAR);
	}
}

/* The line in which the word under the cursor begins; -1: none. */
static int line_of_word(const struct ui *ui, const struct page *page)
{
	for (size_t i = 0; i < page->nlines; i++) {
		const struct page_line *line = &page->lines[i];

		if (line->source == highlight_source(where_of(ui->pane)) &&
		    ui->word.from >= line->from && ui->word.from < line->from + line->len)
			return (int)i;
	}
	return -1;
}

void highlight_focus(struct ui *ui, struct page *page)
{
	int line = line_of_word(ui, page);

	if (line < 0)
		return;
	page->focus = (size_t)line;
	page->focus_end = page->focus + 1;
	ui->follow = true;
}

/* ---- Keys -------------------------------------------------------------------------------- */

static void first_word(struct ui *ui)
{
	ui->word = (struct mark){where_of(ui->pane), 0, 0};
	(void)word_from(text_of(ui, ui->pane), 0, &ui->word);
}

void highlight_begin(struct ui *ui)
{
	ui->marking = true;
	first_word(ui);
}

/* To the word nearest to this one in the line BY lines further, past lines that have none. */
static void move_lines(struct ui *ui, int by)
{
	const struct page *page = ui->pane == PANE_STIMULUS ? &ui->side : &ui->page;
	const char *text = text_of(ui, ui->pane);
	int at = line_of_word(ui, page), step = by < 0 ? -1 : 1, wanted, best = -1;
	struct mark m = ui->word;

	if (at < 0)
		return;
	wanted = column_of(&page->lines[at], text, ui->word.from);
	for (at += step; best < 0 && at >= 0 && (size_t)at < page->nlines; at += step) {
		const struct page_line *line = &page->lines[at];
		size_t end = line->from + line->len;

		if (line->source != highlight_source(m.where))
			continue;
		for (size_t from = line->from;
		     from < end && word_from(text, from, &m) && m.from < end; from = m.to) {
			int off = column_of(line, text, m.from) - wanted;

			off = off < 0 ? -off : off;
			if (best < 0 || off < best) {
				best = off;
				ui->word = m;
			}
		}
	}
}

static void move_words(struct ui *ui, bool forward)
{
	const char *text = text_of(ui, ui->pane);

	if (forward)
		(void)word_from(text, ui->word.to, &ui->word);
	else
		(void)word_before(text, ui->word.from, &ui->word);
}

static void switch_pane(struct ui *ui)
{
	enum pane other = ui->pane == PANE_QUESTION ? PANE_STIMULUS : PANE_QUESTION;

	if (text_of(ui, other)[0] == '\0')
		return;
	ui->pane = other;
	first_word(ui);
}

static void mark_word(struct ui *ui, struct mark word)
{
	if (word.from < word.to)
		desk_mark(ui->desk, word);
}

bool highlight_key(struct ui *ui, int key)
{
	if (key == KEY_ARROW_LEFT || key == KEY_ARROW_RIGHT) {
		move_words(ui, key == KEY_ARROW_RIGHT);
	} else if (key == KEY_ARROW_UP || key == KEY_ARROW_DOWN) {
		move_lines(ui, key == KEY_ARROW_UP ? -1 : 1);
	} else if (key == KEY_SPACE) {
		mark_word(ui, ui->word);
		move_words(ui, true);
	} else if (key >= KEY_PLACE && key < KEY_PLACE + ui->nwords) {
		ui->pane = ui->words[key - KEY_PLACE].where == MARK_STIMULUS ? PANE_STIMULUS
									     : PANE_QUESTION;
		ui->word = ui->words[key - KEY_PLACE];
		mark_word(ui, ui->word);
	} else if (key == KEY_TABULATOR || key == KEY_OTHER_PANE) {
		switch_pane(ui);
	} else if (key == KEY_ESCAPE || key == KEY_RETURN || key == 'u' || key == KEY_CTRL('U')) {
		ui->marking = false;
		ui->follow = false;
	} else {
		return key != 'q' && key != KEY_CTRL('Q') && key != KEY_CTRL('C');
	}
	return true;
}
