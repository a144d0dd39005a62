/* The navigator: every question of the part with its state and flag, filtered, and the way to any
 * of them. */
#include <stdio.h>

#include "client/term/ui.h"
#include "client/term/wrap.h"

static bool is_linear(const struct ui *ui)
{
	const Examd__V1__PartInfo *part = desk_part(ui->desk);

	return part != NULL && part->linear;
}

static bool may_go(const struct ui *ui)
{
	return !is_linear(ui);
}

static bool is_listed(const struct ui *ui, uint32_t item)
{
	return filter_shows(ui->filter, desk_progress(ui->desk, item),
			    desk_is_flagged(ui->desk, item));
}

/* ---- Drawing ----------------------------------------------------------------------------- */

/* "all 40", and a click on it. */
static void draw_filters(struct ui *ui, int row)
{
	struct canvas *cv = &ui->canvas;
	uint32_t of[PROGRESS_COMPLETE + 1], flagged, count;
	char text[40];
	int column = 1;

	desk_count(ui->desk, of, &flagged);
	for (enum filter f = FILTER_ALL; f < FILTERS; f++) {
		count = f == FILTER_ALL		   ? of[0] + of[1] + of[2]
			: f == FILTER_NOT_COMPLETE ? of[PROGRESS_UNSEEN] + of[PROGRESS_INCOMPLETE]
			: f == FILTER_UNSEEN	   ? of[PROGRESS_UNSEEN]
						   : flagged;
		snprintf(text, sizeof text, f == ui->filter ? "[%s %u]" : " %s %u ", filter_word(f),
			 count);
		canvas_place(cv, row, column, text_columns(text), KEY_PLACE_END - 1 - (int)f);
		column += canvas_text(cv, row, column, 30,
				      f == ui->filter ? LOOK_STRONG : LOOK_PLAIN, text) +
			  2;
	}
}

/* As many words of a text as one line holds, and whether there are more. */
static const char *first_words(const char *text, int columns, struct line *out)
{
	static const char more[] = " ...";
	int shorter = columns - (int)(sizeof more - 1);
	size_t at = 0;

	if (columns <= 0 || !wrap_next(text, columns, &at, out) || text[at] == '\0')
		return "";
	at = 0;
	return shorter > 0 && wrap_next(text, shorter, &at, out) ? more : "";
}

static void put_row(struct ui *ui, uint32_t item)
{
	const Examd__V1__FormItem *content =
	    exam_client_item(ui->desk->client, (struct item_no){item});
	const char *note = desk_note(ui->desk, item), *stem = content != NULL ? content->stem : "";
	const char *more = "";
	char text[640];
	struct line line = {0};

	/* A question that is not reached yet in a linear part is not shown. */
	if (is_linear(ui) && item > ui->desk->item)
		stem = "";
	if (note[0] == '\0')
		more = first_words(stem, ui->page.columns - 26, &line);
	snprintf(text, sizeof text, "%4u  %-10s  %s  %s%.*s%s", desk_number(ui->desk, item),
		 progress_word(desk_progress(ui->desk, item)),
		 desk_is_flagged(ui->desk, item) ? "FLAG" : "    ", note[0] != '\0' ? "note: " : "",
		 note[0] != '\0' ? 200 : (int)line.len, note[0] != '\0' ? note : stem + line.start,
		 more);
	if (item == ui->row)
		page_focus_begin(&ui->page);
	page_put(&ui->page, item == ui->row ? LOOK_BAR : LOOK_PLAIN, KEY_PLACE + (int)item,
		 item == ui->row ? "> " : "  ", text);
	if (item == ui->row)
		page_focus_end(&ui->page);
}

static void draw_navigator(struct ui *ui, struct window w)
{
	const Examd__V1__PartInfo *part = desk_part(ui->desk);
	struct window list = {w.row + 2, 1, w.rows - 2, w.columns - 2};

	draw_filters(ui, w.row);
	page_begin(&ui->page, list.columns - 1);
	if (is_linear(ui))
		page_put(&ui->page, LOOK_QUIET, KEY_NOTHING, "",
			 "In this part the questions come one after the other.");
	for (uint32_t i = 0; part != NULL && i < part->items; i++)
		if (is_listed(ui, part->first_item + i))
			put_row(ui, part->first_item + i);
	if (ui->page.nlines == 0)
		page_put(&ui->page, LOOK_QUIET, KEY_NOTHING, "", "There is none.");
	ui->pane = PANE_QUESTION;
	ui_show_page(ui, &ui->page, list, PANE_QUESTION);
}

/* ---- Keys -------------------------------------------------------------------------------- */

/* The N'th listed item from the row on, in the direction of BY. */
static void move_row(struct ui *ui, int by, int n)
{
	const Examd__V1__PartInfo *part = desk_part(ui->desk);
	uint32_t end = part != NULL ? part->first_item + part->items : 0, at = ui->row;

	ui->follow = true;
	while (part != NULL && n > 0) {
		if (by < 0 ? at <= part->first_item : at + 1 >= end)
			break;
		at = by < 0 ? at - 1 : at + 1;
		if (is_listed(ui, at)) {
			ui->row = at;
			n--;
		}
	}
}

static void go(struct ui *ui, uint32_t item)
{
	if (!may_go(ui))
		return;
	desk_go(ui->desk, item);
	ui_open(ui, SCREEN_ITEM);
}

static void set_filter(struct ui *ui, enum filter f)
{
	const Examd__V1__PartInfo *part = desk_part(ui->desk);

	ui->filter = f;
	ui->scroll[PANE_QUESTION] = 0;
	if (part == NULL || is_listed(ui, ui->row))
		return;
	for (uint32_t i = 0; i < part->items; i++)
		if (is_listed(ui, part->first_item + i)) {
			ui->row = part->first_item + i;
			return;
		}
}

static bool on_navigator_key(struct ui *ui, int key)
{
	int page = ui->rows[PANE_QUESTION] > 1 ? ui->rows[PANE_QUESTION] : 1;

	if (key >= KEY_PLACE_END - (int)FILTERS && key < KEY_PLACE_END)
		set_filter(ui, (enum filter)(KEY_PLACE_END - 1 - key));
	else if (key >= KEY_PLACE && key < KEY_PLACE_END)
		go(ui, (uint32_t)(key - KEY_PLACE));
	else if (key == KEY_ARROW_UP || key == KEY_ARROW_DOWN)
		move_row(ui, key == KEY_ARROW_UP ? -1 : 1, 1);
	else if (key == KEY_PAGE_UP || key == KEY_PAGE_DOWN)
		move_row(ui, key == KEY_PAGE_UP ? -1 : 1, page);
	else if (key == KEY_FIRST || key == KEY_LAST)
		move_row(ui, key == KEY_FIRST ? -1 : 1, 1 << 20);
	else if (key == KEY_RETURN || key == KEY_SPACE)
		go(ui, ui->row);
	else if (key == 'f' || key == 'F')
		set_filter(ui, (ui->filter + 1) % FILTERS);
	else if (key == 'v' || key == KEY_CTRL('V') || key == KEY_ESCAPE)
		ui_open(ui, SCREEN_ITEM);
	else if (key == 's' || key == KEY_CTRL('S'))
		ui_open(ui, SCREEN_HAND_IN);
	else
		return false;
	return true;
}

static const struct hint navigator_hints[] = {
    {KEY_RETURN, "Enter", "Go to it", may_go},
    {'f', "f", "Filter", NULL},
    {'v', "v", "Back", NULL},
    {'s', "s", "Hand in", NULL},
    {KEY_ARROW_UP, "Up", "Previous", NULL},
    {KEY_ARROW_DOWN, "Down", "Next", NULL},
    {0},
};

const struct ui_screen navigator_screen = {draw_navigator, on_navigator_key, navigator_hints};
