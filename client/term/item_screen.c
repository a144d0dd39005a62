/* The question: its text, its options or fields, and the record it belongs to, beside it on a wide
 * terminal and above it on a narrow one. */
#include <stdio.h>
#include <string.h>

#include "client/term/highlight.h"
#include "client/term/typing.h"
#include "client/term/ui.h"
#include "client/term/wrap.h"

#define WIDE	       110 /* columns from which the record stands beside the question */
#define LETTERS	       8 /* options a to h have a key of their own; the other letters are commands */
#define QUESTION_LEAST 6  /* rows */
#define TEXT_MOST      96 /* columns: longer lines are hard to read */

static bool is_typed(const struct ui *ui)
{
	const Examd__V1__FormItem *item = desk_item(ui->desk);

	return item != NULL && item->kind == EXAMD__V1__ITEM_KIND__CODES;
}

static bool is_chosen(const struct ui *ui)
{
	return !is_typed(ui);
}

/* ---- Drawing ----------------------------------------------------------------------------- */

static const char *number_word(uint32_t n, char out[12])
{
	static const char *const words[] = {"NONE", "ONE", "TWO",   "THREE", "FOUR",
					    "FIVE", "SIX", "SEVEN", "EIGHT"};

	if (n < sizeof words / sizeof words[0])
		return words[n];
	snprintf(out, 12, "%u", n);
	return out;
}

static void put_choose(struct ui *ui, const Examd__V1__FormItem *item)
{
	char text[64], number[12];
	uint32_t chosen = 0;

	for (size_t i = 0; i < item->n_options && i < DESK_OPTIONS_MOST; i++)
		chosen += ui->desk->draft.chosen[i];
	snprintf(text, sizeof text, "Choose %s. %u chosen%s", number_word(item->choose, number),
		 chosen, chosen > item->choose ? ": that is too many." : ".");
	page_put(&ui->page, chosen > item->choose ? LOOK_WARN : LOOK_STRONG, KEY_NOTHING, "", text);
	page_blank(&ui->page);
}

static void put_option(struct ui *ui, const Examd__V1__FormItem *item, int i)
{
	const struct draft *draft = &ui->desk->draft;
	bool multiple = item->kind == EXAMD__V1__ITEM_KIND__MULTIPLE;
	char prefix[16], mark = draft->chosen[i] ? 'x' : draft->struck[i] ? '-' : ' ';

	snprintf(prefix, sizeof prefix, "%c %c %c%c%c ", i == ui->cursor ? '>' : ' ', 'A' + i,
		 multiple ? '[' : '(', mark, multiple ? ']' : ')');
	if (i == ui->cursor)
		page_focus_begin(&ui->page);
	page_put(&ui->page,
		 draft->chosen[i]   ? LOOK_CHOSEN
		 : draft->struck[i] ? LOOK_STRUCK
				    : LOOK_PLAIN,
		 KEY_PLACE + i, prefix, item->options[i]);
	if (i == ui->cursor)
		page_focus_end(&ui->page);
}

static void put_field(struct ui *ui, const Examd__V1__FormItem *item, int i)
{
	const char *code = ui->desk->draft.codes[i];
	char text[400];
	struct page *p = &ui->page;

	snprintf(text, sizeof text, "[%-16s] %s", code, item->fields[i]);
	if (i == ui->cursor)
		page_focus_begin(p);
	page_put(p, i == ui->cursor ? LOOK_STRONG : LOOK_PLAIN, KEY_PLACE + i,
		 i == ui->cursor ? "> " : "  ", text);
	if (i == ui->cursor) {
		p->lines[p->focus].cursor = 3 + (int)strlen(code);
		page_focus_end(p);
	}
}

static void put_entries(struct ui *ui, const Examd__V1__FormItem *item, bool spaced)
{
	for (int i = 0; i < (int)item->n_fields && i < DESK_FIELDS_MOST; i++)
		put_field(ui, item, i);
	for (int i = 0; i < (int)item->n_options && i < DESK_OPTIONS_MOST; i++) {
		if (spaced && i > 0)
			page_blank(&ui->page);
		put_option(ui, item, i);
	}
}

static void make_text(struct ui *ui, const Examd__V1__FormItem *item, int columns, bool spaced)
{
	struct page *p = &ui->page;

	page_begin(p, columns);
	page_put_source(p, LOOK_PLAIN, highlight_source(MARK_STEM), item->stem);
	page_blank(p);
	if (desk_is_elsewhere(ui->desk, ui->desk->item) && !ui->desk->draft.dirty) {
		page_put(p, LOOK_WARN, KEY_NOTHING, "",
			 "Answered on another machine: that answer is saved and counts. "
			 "Answering here replaces it.");
		page_blank(p);
	}
	if (item->kind == EXAMD__V1__ITEM_KIND__MULTIPLE)
		put_choose(ui, item);
	if (item->kind == EXAMD__V1__ITEM_KIND__CODES) {
		page_put(p, LOOK_QUIET, KEY_NOTHING, "",
			 "Type the codes; Enter goes to the next. The dot may be left out.");
	}
	put_entries(ui, item, spaced);
}

/* With a blank line between two options where there is room. */
static void make_page(struct ui *ui, const Examd__V1__FormItem *item, struct window w)
{
	int columns = w.columns - 1 < TEXT_MOST ? w.columns - 1 : TEXT_MOST;

	make_text(ui, item, columns, true);
	if ((int)ui->page.nlines > w.rows)
		make_text(ui, item, columns, false);
}

static void make_stimulus(struct ui *ui, const char *text, int columns)
{
	page_begin(&ui->side, columns);
	page_put_source(&ui->side, LOOK_PLAIN, highlight_source(MARK_STIMULUS), text);
}

static void show_pane(struct ui *ui, struct page *page, struct window w, enum pane pane)
{
	if (ui->marking && pane == ui->pane)
		highlight_focus(ui, page);
	ui_show_page(ui, page, w, pane);
	highlight_draw(ui, page, w, pane);
}

/* A pane's heading: which one the keys scroll is told without colour too. */
static void draw_heading(struct ui *ui, struct window w, enum pane pane, const char *name)
{
	bool on = ui->pane == pane;
	char text[64];

	snprintf(text, sizeof text, on ? "[ %s ]" : "  %s  (Tab)", name);
	canvas_text(&ui->canvas, w.row, w.column, w.columns, on ? LOOK_STRONG : LOOK_QUIET, text);
	if (!on)
		canvas_place(&ui->canvas, w.row, w.column, w.columns, KEY_OTHER_PANE);
}

static void draw_beside(struct ui *ui, struct window w, const char *stimulus,
			const Examd__V1__FormItem *item)
{
	int left = (w.columns - 3) / 2, right = w.columns - left - 3;
	struct window record = {w.row, w.column, w.rows, left};
	struct window question = {w.row, w.column + left + 3, w.rows, right};

	for (int i = 0; i < w.rows; i++)
		canvas_text(&ui->canvas, w.row + i, w.column + left + 1, 1, LOOK_QUIET, "|");
	draw_heading(ui, record, PANE_STIMULUS, "Record");
	draw_heading(ui, question, PANE_QUESTION, "Question");
	record.row++, record.rows--, question.row++, question.rows--;
	make_stimulus(ui, stimulus, left - 1);
	make_page(ui, item, question);
	show_pane(ui, &ui->side, record, PANE_STIMULUS);
	show_pane(ui, &ui->page, question, PANE_QUESTION);
}

/* The question has the rows it needs, up to three fifths, and the record what is left; when the
 * keys move the record, it has more. */
static int rows_above(const struct ui *ui, int rows)
{
	int needs = (int)ui->side.nlines, most = rows - (int)ui->page.nlines;

	if (most < rows * 2 / 5)
		most = rows * 2 / 5;
	if (ui->pane == PANE_STIMULUS)
		most = rows - QUESTION_LEAST;
	return needs < most ? needs : most > 1 ? most : 1;
}

static void draw_above(struct ui *ui, struct window w, const char *stimulus,
		       const Examd__V1__FormItem *item)
{
	struct window record = w, question = w;

	make_stimulus(ui, stimulus, w.columns - 1);
	make_text(ui, item, w.columns - 1, false);
	record.rows = rows_above(ui, w.rows - 2);
	draw_heading(ui, record, PANE_STIMULUS, "Record");
	record.row++;
	question.row = record.row + record.rows;
	question.rows = w.rows - record.rows - 1;
	draw_heading(ui, question, PANE_QUESTION, "Question");
	question.row++, question.rows--;
	make_page(ui, item, question);
	show_pane(ui, &ui->side, record, PANE_STIMULUS);
	show_pane(ui, &ui->page, question, PANE_QUESTION);
}

/* Where a person goes on: at what is chosen, or at the first empty field. */
static int first_cursor(struct ui *ui)
{
	const Examd__V1__FormItem *item = desk_item(ui->desk);
	const struct draft *draft = &ui->desk->draft;

	for (int i = 0; i < DESK_OPTIONS_MOST; i++)
		if (draft->chosen[i])
			return i;
	for (int i = 0; i < (int)item->n_fields && i < DESK_FIELDS_MOST; i++)
		if (draft->codes[i][0] == '\0')
			return i;
	return 0;
}

static void begin_item(struct ui *ui)
{

	ui->shown_item = ui->desk->item;
	ui->scroll[PANE_QUESTION] = ui->scroll[PANE_STIMULUS] = 0;
	ui->pane = PANE_QUESTION;
	ui->cursor = first_cursor(ui);
	ui->warned = ui->marking = false;
	ui->follow = is_typed(ui) && ui->cursor > 0;
}

/* Over the end of the question, where its window has room for it. */
static void draw_calculator(struct ui *ui, struct window w)
{
	static const char border[] = "+--------------------------------------+";
	int columns = (int)sizeof border - 1, left = w.column + w.columns - columns;
	int row = w.row + w.rows - 4, typed = text_columns(ui->calculation);
	const char *tail = ui->calculation + (typed > columns - 6 ? typed - (columns - 6) : 0);
	char value[CALCULATED_SIZE], line[128];
	bool good = calculate(ui->calculation, value);

	if (left < 0 || row < w.row)
		return;
	canvas_text(&ui->canvas, row, left, columns, LOOK_STRONG, border);
	snprintf(line, sizeof line, "|  %-*s|", columns - 4, tail);
	canvas_text(&ui->canvas, row + 1, left, columns, LOOK_STRONG, line);
	snprintf(line, sizeof line, "%s %-*s|", good ? "|=" : "| ", columns - 4, value);
	canvas_text(&ui->canvas, row + 2, left, columns, LOOK_STRONG, line);
	canvas_text(&ui->canvas, row + 3, left, columns, LOOK_STRONG, border);
	canvas_cursor(&ui->canvas, row + 1, left + 3 + text_columns(tail));
}

static void draw_item(struct ui *ui, struct window w)
{
	struct desk *d = ui->desk;
	const Examd__V1__FormItem *item = desk_item(d);
	const char *stimulus = exam_client_stimulus(d->client, (struct item_no){d->item});
	struct window in = {w.row + (w.rows > 16 ? 1 : 0), 1, w.rows - (w.rows > 16 ? 1 : 0),
			    w.columns - 2};

	if (ui->shown_item != d->item)
		begin_item(ui);
	ui->nwords = 0;
	if (stimulus == NULL || stimulus[0] == '\0') {
		ui->pane = PANE_QUESTION;
		make_page(ui, item, in);
		show_pane(ui, &ui->page, in, PANE_QUESTION);
	} else if (w.columns >= WIDE) {
		draw_beside(ui, in, stimulus, item);
	} else {
		draw_above(ui, in, stimulus, item);
	}
	if (ui->calculating)
		draw_calculator(ui, in);
}

/* ---- Keys -------------------------------------------------------------------------------- */

static int entries(const Examd__V1__FormItem *item)
{
	return (int)(item->kind == EXAMD__V1__ITEM_KIND__CODES ? item->n_fields : item->n_options);
}

static void set_hint(struct ui *ui, const char *text)
{
	snprintf(ui->hint, sizeof ui->hint, "%s", text);
}

/* Once, where the answer is final: it has not the number that was asked for. */
static bool is_short(struct ui *ui, const Examd__V1__PartInfo *part)
{
	const Examd__V1__FormItem *item = desk_item(ui->desk);
	uint32_t chosen = 0;

	for (size_t i = 0; i < DESK_OPTIONS_MOST; i++)
		chosen += ui->desk->draft.chosen[i];
	if (part == NULL || !part->linear || ui->warned || chosen == 0 ||
	    item->kind != EXAMD__V1__ITEM_KIND__MULTIPLE || chosen == item->choose)
		return false;
	ui->warned = true;
	set_hint(ui, "Not the number that was asked for, and final. Next again goes on.");
	return true;
}

/* Once for a question that is not answered: its end has not been on the screen. */
static bool has_unread(struct ui *ui)
{
	if (!ui->unread || desk_progress(ui->desk, ui->desk->item) == PROGRESS_COMPLETE)
		return false;
	ui->unread = false;
	set_hint(ui, "There is more of this question below. Next again goes on.");
	ui->scroll[PANE_QUESTION] += ui->rows[PANE_QUESTION];
	ui->pane = PANE_QUESTION;
	ui->follow = false;
	return true;
}

static void go_next(struct ui *ui)
{
	const Examd__V1__PartInfo *part = desk_part(ui->desk);
	bool last = part != NULL && ui->desk->item + 1 >= part->first_item + part->items;

	if (has_unread(ui) || is_short(ui, part))
		return;
	if (last) {
		desk_put(ui->desk);
		ui_open(ui, SCREEN_HAND_IN);
	} else {
		desk_next(ui->desk);
	}
}

static void move_cursor(struct ui *ui, int by)
{
	int n = entries(desk_item(ui->desk)), next = ui->cursor + by;

	ui->pane = PANE_QUESTION;
	ui->follow = true;
	if (next >= 0 && next < n)
		ui->cursor = next;
	else
		ui_scroll_key(ui, by > 0 ? KEY_ARROW_DOWN : KEY_ARROW_UP);
}

static void choose(struct ui *ui, int option)
{
	if (option >= entries(desk_item(ui->desk)))
		return;
	ui->cursor = option;
	ui->follow = true;
	if (is_chosen(ui))
		desk_choose(ui->desk, (uint32_t)option);
}

static void type_code(struct ui *ui, int key)
{
	char *code = ui->desk->draft.codes[ui->cursor];
	size_t len = strlen(code);
	char c = code_character(key);

	ui->follow = true;
	if (key == KEY_ERASE && len > 0)
		code[len - 1] = '\0';
	else if (c != 0 && len < CODE_TYPED_MOST)
		code[len] = c;
	else
		return;
	desk_code_changed(ui->desk);
}

static void begin_note(struct ui *ui)
{
	ui->noting = true;
	snprintf(ui->note, sizeof ui->note, "%s", ui->desk->draft.note);
}

static bool has_stimulus(const struct ui *ui)
{
	const char *text = exam_client_stimulus(ui->desk->client, (struct item_no){ui->desk->item});

	return text != NULL && text[0] != '\0';
}

static bool may_break(const struct ui *ui)
{
	const Examd__V1__Status *status = exam_client_status(ui->desk->client);

	return status != NULL && status->can_break;
}

/* Tutor mode: after it is answered. */
static bool may_reveal(const struct ui *ui)
{
	const Examd__V1__Status *status = exam_client_status(ui->desk->client);

	return status != NULL && status->tutor &&
	       desk_progress(ui->desk, ui->desk->item) == PROGRESS_COMPLETE;
}

static bool reveal_chosen(const struct ui *ui)
{
	return is_chosen(ui) && may_reveal(ui);
}

static bool reveal_typed(const struct ui *ui)
{
	return is_typed(ui) && may_reveal(ui);
}

static bool may_strike(const struct ui *ui)
{
	return is_chosen(ui) && desk_has_tool(ui->desk, "strike-out");
}

static bool may_flag(const struct ui *ui)
{
	return desk_has_tool(ui->desk, "flag");
}

static bool may_note(const struct ui *ui)
{
	return desk_has_tool(ui->desk, "note");
}

static bool may_highlight(const struct ui *ui)
{
	return desk_has_tool(ui->desk, "highlight");
}

static bool may_calculate(const struct ui *ui)
{
	return desk_has_tool(ui->desk, "calculator");
}

static bool calculator_key(struct ui *ui, int key)
{
	char value[CALCULATED_SIZE];

	if (key == KEY_ESCAPE)
		ui->calculating = false;
	else if ((key == KEY_RETURN || key == '=') && calculate(ui->calculation, value))
		snprintf(ui->calculation, sizeof ui->calculation, "%s", value);
	else if (key == KEY_ERASE || is_calculation_character(key))
		(void)text_type(ui->calculation, CALCULATION_MOST, key);
	else
		return key != KEY_CTRL('Q') && key != KEY_CTRL('C');
	return true;
}

static void on_command(struct ui *ui, int command)
{
	struct desk *d = ui->desk;

	switch (command) {
	case KEY_CTRL('N'):
		go_next(ui);
		break;
	case KEY_CTRL('P'):
		desk_previous(d);
		break;
	case KEY_CTRL('V'):
		desk_put_early(d);
		ui_open(ui, SCREEN_NAVIGATOR);
		break;
	case KEY_CTRL('S'):
		desk_put_early(d);
		ui_open(ui, SCREEN_HAND_IN);
		break;
	case KEY_CTRL('R'):
		if (may_flag(ui))
			desk_flag(d);
		break;
	case KEY_CTRL('X'):
		if (may_strike(ui))
			desk_strike(d, (uint32_t)ui->cursor);
		break;
	case KEY_CTRL('W'):
		if (may_note(ui))
			begin_note(ui);
		break;
	case KEY_CTRL('T'):
		ui->clock_hidden = !ui->clock_hidden;
		break;
	case KEY_CTRL('Y'):
		if (may_reveal(ui))
			ui_reveal(ui);
		break;
	case KEY_CTRL('U'):
		if (may_highlight(ui))
			highlight_begin(ui);
		break;
	case KEY_CTRL('K'):
		if (may_break(ui))
			desk_break(d, true);
		break;
	default:
		break;
	}
}

static bool is_command(int key)
{
	return key > 0 && key < KEY_SPACE &&
	       strchr("\016\020\026\023\022\030\027\024\013\031\025", key);
}

/* The letter of a command, where letters are not typed. */
static int command_of(const struct ui *ui, int key)
{
	int lower = key >= 'A' && key <= 'Z' ? key - 'A' + 'a' : key;

	if (is_command(key))
		return key;
	if (is_chosen(ui) && lower >= 'i' && lower <= 'z' && is_command(KEY_CTRL(lower)))
		return KEY_CTRL(lower);
	return KEY_NOTHING;
}

static bool choice_key(struct ui *ui, int key)
{
	int lower = key >= 'A' && key <= 'Z' ? key - 'A' + 'a' : key;

	if (lower >= 'a' && lower < 'a' + LETTERS)
		choose(ui, lower - 'a');
	else if (key == KEY_SPACE)
		choose(ui, ui->cursor);
	else
		return false;
	return true;
}

static bool field_key(struct ui *ui, int key)
{
	if (key == KEY_RETURN)
		move_cursor(ui, 1);
	else if (key == KEY_ERASE || code_character(key) != 0)
		type_code(ui, key);
	else
		return key == KEY_SPACE;
	return true;
}

static bool on_item_key(struct ui *ui, int key)
{
	int command;

	if (ui->calculating)
		return calculator_key(ui, key);
	if (ui->marking)
		return highlight_key(ui, key);
	command = command_of(ui, key);
	if (key == '=' && may_calculate(ui))
		ui->calculating = true;
	else if (command != KEY_NOTHING)
		on_command(ui, command);
	else if (key >= KEY_PLACE && key < KEY_PLACE_END)
		choose(ui, key - KEY_PLACE);
	else if ((key == KEY_TABULATOR || key == KEY_OTHER_PANE) && has_stimulus(ui))
		ui->pane = ui->pane == PANE_QUESTION ? PANE_STIMULUS : PANE_QUESTION;
	else if (key == KEY_ARROW_RIGHT)
		go_next(ui);
	else if (key == KEY_ARROW_LEFT)
		desk_previous(ui->desk);
	else if ((key == KEY_ARROW_UP || key == KEY_ARROW_DOWN) && ui->pane == PANE_QUESTION)
		move_cursor(ui, key == KEY_ARROW_UP ? -1 : 1);
	else
		return is_typed(ui) ? field_key(ui, key) : choice_key(ui, key);
	return true;
}

static bool note_chosen(const struct ui *ui)
{
	return is_chosen(ui) && may_note(ui);
}

static bool note_typed(const struct ui *ui)
{
	return is_typed(ui) && may_note(ui);
}

static bool flag_chosen(const struct ui *ui)
{
	return is_chosen(ui) && may_flag(ui);
}

static bool flag_typed(const struct ui *ui)
{
	return is_typed(ui) && may_flag(ui);
}

static bool highlight_chosen(const struct ui *ui)
{
	return is_chosen(ui) && may_highlight(ui);
}

static bool highlight_typed(const struct ui *ui)
{
	return is_typed(ui) && may_highlight(ui);
}

/* What comes last is left out first where the terminal is narrow. */
static const struct hint item_hints[] = {
    {KEY_CTRL('N'), "n", "Next", is_chosen},
    {KEY_CTRL('N'), "^N", "Next", is_typed},
    {KEY_CTRL('P'), "p", "Previous", is_chosen},
    {KEY_CTRL('P'), "^P", "Previous", is_typed},
    {KEY_CTRL('Y'), "y", "Why", reveal_chosen},
    {KEY_CTRL('Y'), "^Y", "Why", reveal_typed},
    {KEY_CTRL('V'), "v", "Navigator", is_chosen},
    {KEY_CTRL('V'), "^V", "Navigator", is_typed},
    {KEY_CTRL('R'), "r", "Flag", flag_chosen},
    {KEY_CTRL('R'), "^R", "Flag", flag_typed},
    {KEY_CTRL('X'), "x", "Strike", may_strike},
    {KEY_CTRL('W'), "w", "Note", note_chosen},
    {KEY_CTRL('W'), "^W", "Note", note_typed},
    {KEY_CTRL('S'), "s", "Hand in", is_chosen},
    {KEY_CTRL('S'), "^S", "Hand in", is_typed},
    {KEY_CTRL('K'), "^K", "Break", may_break},
    {KEY_OTHER_PANE, "Tab", "Record", has_stimulus},
    {KEY_CTRL('U'), "u", "Highlight", highlight_chosen},
    {KEY_CTRL('U'), "^U", "Highlight", highlight_typed},
    {'=', "=", "Calculator", may_calculate},
    {KEY_CTRL('T'), "t", "Time", is_chosen},
    {KEY_CTRL('T'), "^T", "Time", is_typed},
    {0},
};

const struct ui_screen item_screen = {draw_item, on_item_key, item_hints};
