#include <stdio.h>
#include <string.h>

#include "client/term/typing.h"
#include "client/term/ui.h"
#include "client/term/wrap.h"

#define TOLD_ROWS_MOST 5
#define ROWS_FOR_TWO   20 /* of the terminal, from which two of them may be keys */

static const struct ui_screen *const screens[SCREENS] = {
    [SCREEN_REFUSED] = &refused_screen,
    [SCREEN_TAKEN_OVER] = &taken_over_screen,
    [SCREEN_LOG_IN] = &log_in_screen,
    [SCREEN_NEW_PASSWORD] = &new_password_screen,
    [SCREEN_LOBBY] = &lobby_screen,
    [SCREEN_RULES] = &rules_screen,
    [SCREEN_PAUSED] = &paused_screen,
    [SCREEN_TIME_UP] = &time_up_screen,
    [SCREEN_ITEM] = &item_screen,
    [SCREEN_NAVIGATOR] = &navigator_screen,
    [SCREEN_HAND_IN] = &hand_in_screen,
    [SCREEN_RESULT] = &result_screen,
    [SCREEN_RATIONALES] = &rationales_screen,
    [SCREEN_REVEAL] = &reveal_screen,
    [SCREEN_PRACTICE] = &practice_screen,
    [SCREEN_DRILL] = &drill_screen,
    [SCREEN_CHART] = &chart_screen,
};

static bool has_list(const struct ui *ui)
{
	return ui->desk->practice.exams != NULL;
}

static enum screen_name screen_now(const struct ui *ui)
{
	static const enum screen_name of_scene[SCENES] = {
	    [SCENE_REFUSED] = SCREEN_REFUSED, [SCENE_TAKEN_OVER] = SCREEN_TAKEN_OVER,
	    [SCENE_LOG_IN] = SCREEN_LOG_IN,   [SCENE_NEW_PASSWORD] = SCREEN_NEW_PASSWORD,
	    [SCENE_LOBBY] = SCREEN_LOBBY,     [SCENE_RULES] = SCREEN_RULES,
	    [SCENE_PAUSED] = SCREEN_PAUSED,   [SCENE_TIME_UP] = SCREEN_TIME_UP,
	};
	static const enum screen_name of_practice[] = {
	    [PRACTICE_LIST] = SCREEN_PRACTICE,
	    [PRACTICE_DRILL] = SCREEN_DRILL,
	    [PRACTICE_CHART] = SCREEN_CHART,
	};
	enum scene scene = desk_scene(ui->desk);

	if (scene == SCENE_PRACTICE)
		return has_list(ui) ? of_practice[ui->practice] : SCREEN_PRACTICE;
	if (scene == SCENE_CLOSED)
		return ui->rationales ? SCREEN_RATIONALES : SCREEN_RESULT;
	if (scene == SCENE_ITEMS && desk_item(ui->desk) == NULL)
		return SCREEN_LOBBY;
	return scene == SCENE_ITEMS ? ui->opened : of_scene[scene];
}

void ui_init(struct ui *ui, struct desk *desk, const char *host)
{
	*ui = (struct ui){.desk = desk, .host = host, .opened = SCREEN_ITEM};
}

void ui_fini(struct ui *ui)
{
	ui_forget_secrets(ui);
	page_fini(&ui->page);
	page_fini(&ui->side);
	canvas_fini(&ui->canvas);
}

/* ---- The frame --------------------------------------------------------------------------- */

static void draw_clock(const struct ui *ui, char *out, size_t size)
{
	struct desk *d = ui->desk;
	int64_t left = exam_client_remaining(d->client).v;
	char time[24];

	time_format(left, time, sizeof time);
	if (clock_is_shown(ui->clock_hidden, left))
		snprintf(out, size, "%s left%s", time,
			 exam_client_stopped(d->client) != 0 ? " (stopped)" : "");
	else
		snprintf(out, size, "time hidden");
}

static void draw_header(struct ui *ui)
{
	struct canvas *cv = &ui->canvas;
	const Examd__V1__Status *status = exam_client_status(ui->desk->client);
	const Examd__V1__PartInfo *part = desk_part(ui->desk);
	enum scene scene = desk_scene(ui->desk);
	char right[96] = "", clock[48], title[256];
	int used;

	canvas_fill(cv, 0, 0, cv->columns, LOOK_BAR);
	if (scene == SCENE_ITEMS && part != NULL) {
		draw_clock(ui, clock, sizeof clock);
		snprintf(right, sizeof right, " %u of %u   %s ",
			 desk_number(ui->desk, ui->desk->item), part->items, clock);
	}
	used = text_columns(right);
	if (scene == SCENE_PRACTICE)
		snprintf(title, sizeof title, "Practice");
	else if (status != NULL && status->n_parts > 1 && part != NULL && scene == SCENE_ITEMS)
		snprintf(title, sizeof title, "%s, part %u of %zu", part->title, status->part + 1,
			 status->n_parts);
	else
		snprintf(title, sizeof title, "%s", status != NULL ? status->exam_title : "exam");
	canvas_text(cv, 0, 1, cv->columns - used - 1, LOOK_BAR, title);
	canvas_text_right(cv, 0, cv->columns, LOOK_BAR, right);
}

/* The first text that is told, above everything.  Returns the rows it takes. */
static int draw_told(struct ui *ui)
{
	static const char *const names[] = {"Proctor: ", "Time: ", "Note: "};
	struct canvas *cv = &ui->canvas;
	const struct desk *d = ui->desk;
	char more[64];
	int rows;

	if (d->ntold == 0)
		return 0;
	page_begin(&ui->side, cv->columns - 2);
	page_put(&ui->side, LOOK_WARN, KEY_DISMISS, names[d->told[0].what], d->told[0].text);
	rows = (int)ui->side.nlines < TOLD_ROWS_MOST ? (int)ui->side.nlines : TOLD_ROWS_MOST;
	for (int i = 0; i < rows; i++) {
		canvas_fill(cv, 1 + i, 0, cv->columns, LOOK_WARN);
		canvas_text(cv, 1 + i, 1, cv->columns - 2, LOOK_WARN, ui->side.lines[i].text);
		canvas_place(cv, 1 + i, 0, cv->columns, KEY_DISMISS);
	}
	if (d->ntold > 1)
		snprintf(more, sizeof more, "Esc dismisses it (%zu more) ", d->ntold - 1);
	else
		snprintf(more, sizeof more, "Esc dismisses it ");
	canvas_fill(cv, 1 + rows, 0, cv->columns, LOOK_WARN);
	canvas_text_right(cv, 1 + rows, cv->columns, LOOK_WARN, more);
	canvas_place(cv, 1 + rows, 0, cv->columns, KEY_DISMISS);
	return rows + 1;
}

static bool has_truth(const struct ui *ui)
{
	return exam_client_status(ui->desk->client) != NULL &&
	       desk_scene(ui->desk) != SCENE_PRACTICE;
}

/* "FLAGGED  this one 00:45, each 01:05, exam gives 02:24  note: see the guideline" */
static void format_item_state(const struct ui *ui, char *out, size_t size)
{
	const struct draft *draft = &ui->desk->draft;
	char pace_text[96] = "";
	struct pace pace;

	if (screen_now(ui) == SCREEN_ITEM && !ui->clock_hidden && desk_pace(ui->desk, &pace))
		pace_format(&pace, pace_text, sizeof pace_text);
	snprintf(out, size, "%s%s%s%s%s", draft->flagged ? "FLAGGED  " : "", pace_text,
		 pace_text[0] != '\0' && draft->note[0] != '\0' ? "  " : "",
		 draft->note[0] != '\0' ? "note: " : "", draft->note);
}

/* The line above the keys: what goes on, and at its right end what is saved. */
static void draw_state(struct ui *ui, int row)
{
	struct canvas *cv = &ui->canvas;
	struct desk *d = ui->desk;
	struct truth_facts truth = desk_truth(d);
	char corner[96] = "", left[DESK_NOTE_MOST + 64] = "";
	int used;
	bool good = true;

	if (has_truth(ui))
		good = truth_format(&truth, corner, sizeof corner);
	used = text_columns(corner) + 2;
	if (ui->noting)
		snprintf(left, sizeof left, "Note: %s", ui->note);
	else if (ui->hint[0] != '\0')
		snprintf(left, sizeof left, "%s", ui->hint);
	else if (d->going_on)
		snprintf(left, sizeof left, "Saving; the next question follows ...");
	else if (desk_scene(d) == SCENE_ITEMS && d->has_item)
		format_item_state(ui, left, sizeof left);
	canvas_text(cv, row, 1, cv->columns - used - 2,
		    ui->hint[0] != '\0' ? LOOK_WARN : LOOK_STRONG, left);
	if (ui->noting) {
		int at = text_columns(left), most = cv->columns - used - 3;

		canvas_cursor(cv, row, 1 + (at < most ? at : most));
	}
	canvas_text_right(cv, row, cv->columns - 1, good ? LOOK_GOOD : LOOK_WARN, corner);
}

static bool is_shown(const struct ui *ui, const struct hint *h)
{
	return h->when == NULL || h->when(ui);
}

static int hint_columns(const struct hint *h)
{
	return text_columns(h->shown) + 1 + text_columns(h->label);
}

/* A second row, where one does not hold them all and the terminal is not tiny. */
static int hint_rows(const struct ui *ui, const struct hint *hints)
{
	int column = 1;

	for (const struct hint *h = hints; h->key != 0; h++)
		if (is_shown(ui, h))
			column += hint_columns(h) + 2;
	return column - 2 > ui->canvas.columns && ui->canvas.rows >= ROWS_FOR_TWO ? 2 : 1;
}

/* In the last ROWS rows; what does not fit there is left out. */
static void draw_hints(struct ui *ui, const struct hint *hints, int rows)
{
	struct canvas *cv = &ui->canvas;
	int column = 1, row = cv->rows - rows;

	for (const struct hint *h = hints; h->key != 0; h++) {
		int columns = hint_columns(h);

		if (!is_shown(ui, h))
			continue;
		if (column + columns > cv->columns && row + 1 < cv->rows) {
			column = 1;
			row++;
		}
		if (column + columns > cv->columns)
			continue;
		canvas_place(cv, row, column, columns, h->key);
		column += canvas_text(cv, row, column, 12, LOOK_KEY, h->shown) + 1;
		column += canvas_text(cv, row, column, 40, LOOK_PLAIN, h->label) + 2;
	}
}

static const struct hint yes_no[] = {
    {'y', "y", "Yes", NULL},
    {'n', "n", "No, go back", NULL},
    {0},
};

static const struct hint noting[] = {
    {KEY_RETURN, "Enter", "Keep the note", NULL},
    {KEY_ESCAPE, "Esc", "Leave it as it was", NULL},
    {0},
};

static const struct hint calculating[] = {
    {KEY_RETURN, "Enter", "Go on with the result", NULL},
    {KEY_ERASE, "Backspace", "Rub out", NULL},
    {KEY_ESCAPE, "Esc", "Close the calculator", NULL},
    {0},
};

static bool has_record(const struct ui *ui)
{
	const char *text = exam_client_stimulus(ui->desk->client, (struct item_no){ui->desk->item});

	return text != NULL && text[0] != '\0';
}

static const struct hint marking[] = {
    {KEY_SPACE, "Space", "Highlight, or take it off", NULL},
    {KEY_ARROW_RIGHT, "Arrows", "Move", NULL},
    {KEY_TABULATOR, "Tab", "Question or record", has_record},
    {KEY_ESCAPE, "Esc", "Done", NULL},
    {0},
};

static const struct hint *hints_now(const struct ui *ui, const struct ui_screen *screen)
{
	if (ui->asking != ASKING_NOT)
		return yes_no;
	if (ui->noting)
		return noting;
	if (ui->calculating)
		return calculating;
	return ui->marking ? marking : screen->hints;
}

static const char *question(const struct ui *ui)
{
	if (ui->asking == ASKING_LEAVE)
		return desk_scene(ui->desk) == SCENE_ITEMS
			   ? "Leave the program? What is saved stays, the clock goes on, and the "
			     "same command brings you back."
			   : "Leave the program? The same command brings you back.";
	return desk_is_last_part(ui->desk) ? "Hand in now? Nothing can be changed after this."
					   : "Leave this part now? You cannot come back to it.";
}

/* A new part begins with its first question, whatever was open in the last one. */
static void follow_part(struct ui *ui)
{
	const Examd__V1__Status *status = exam_client_status(ui->desk->client);

	if (status == NULL ||
	    (status->part == ui->shown_part && status->attempt == ui->shown_attempt))
		return;
	if (status->attempt != ui->shown_attempt)
		ui->rationales = false;
	ui->shown_part = status->part;
	ui->shown_attempt = status->attempt;
	ui->asking = ASKING_NOT;
	ui_open(ui, SCREEN_ITEM);
}

/* Who handed in by mistake and goes on is back at the question, not where it was handed in. */
static void follow_reopening(struct ui *ui)
{
	enum scene scene = desk_scene(ui->desk);

	if (scene == SCENE_ITEMS && ui->was_closed) {
		ui->rationales = false;
		ui_open(ui, SCREEN_ITEM);
	}
	if (scene == SCENE_ITEMS || scene == SCENE_CLOSED)
		ui->was_closed = scene == SCENE_CLOSED;
}

/* What is typed belongs to the question that is looked at. */
static void close_tools(struct ui *ui)
{
	if (screen_now(ui) == SCREEN_ITEM)
		return;
	ui->noting = ui->calculating = ui->marking = false;
}

void ui_draw(struct ui *ui)
{
	const struct ui_screen *screen;
	struct canvas *cv = &ui->canvas;
	const struct hint *hints;
	struct window w;
	int told, keys;

	follow_part(ui);
	follow_reopening(ui);
	close_tools(ui);
	screen = screens[screen_now(ui)];
	canvas_clear(cv);
	if (cv->rows < 10 || cv->columns < 40) {
		canvas_text(cv, 0, 0, cv->columns, LOOK_PLAIN, "This window is too small.");
		return;
	}
	hints = hints_now(ui, screen);
	keys = hint_rows(ui, hints);
	w = (struct window){1, 0, cv->rows - 2 - keys, cv->columns};
	draw_header(ui);
	told = draw_told(ui);
	w.row += told;
	w.rows -= told;
	if (ui->asking != ASKING_NOT) {
		page_begin(&ui->side, cv->columns - 4);
		page_put(&ui->side, LOOK_STRONG, KEY_NOTHING, "", question(ui));
		page_draw(&ui->side, cv, (struct window){w.row + 1, 2, 4, cv->columns - 4}, 0);
	} else {
		screen->draw(ui, w);
	}
	draw_state(ui, cv->rows - 1 - keys);
	draw_hints(ui, hints, keys);
}

/* ---- Keys -------------------------------------------------------------------------------- */

void ui_open(struct ui *ui, enum screen_name screen)
{
	ui->opened = screen;
	ui->scroll[PANE_QUESTION] = 0;
	ui->follow = true;
	ui->row = ui->desk->item;
	ui->shown_item = UINT32_MAX; /* back among the items begins at the top */
}

void ui_reveal(struct ui *ui)
{
	desk_reveal(ui->desk);
	ui_open(ui, SCREEN_REVEAL);
}

void ui_show_page(struct ui *ui, const struct page *page, struct window w, enum pane pane)
{
	int rows = page_rows(page, w.rows);

	ui->rows[pane] = rows;
	ui->scroll[pane] =
	    page_scroll(page, rows, ui->scroll[pane],
			ui->follow && pane == (ui->marking ? ui->pane : PANE_QUESTION));
	if (pane == PANE_QUESTION)
		ui->unread = ui->scroll[pane] < page_scroll_most(page, rows);
	page_draw(page, &ui->canvas, w, ui->scroll[pane]);
}

bool ui_scroll_key(struct ui *ui, int key)
{
	int page = ui->rows[ui->pane] > 2 ? ui->rows[ui->pane] - 1 : 1;
	int by;

	switch (key) {
	case KEY_PAGE_DOWN:
		by = page;
		break;
	case KEY_PAGE_UP:
		by = -page;
		break;
	case KEY_FIRST:
		by = -ui->scroll[ui->pane];
		break;
	case KEY_LAST:
		by = 1 << 20;
		break;
	case KEY_ARROW_UP:
		by = -1;
		break;
	case KEY_ARROW_DOWN:
		by = 1;
		break;
	default:
		return false;
	}
	ui->scroll[ui->pane] += by;
	ui->follow = false;
	return true;
}

static void answer_question(struct ui *ui, int key)
{
	enum asking asking = ui->asking;

	if (key != 'y' && key != 'Y' && key != 'n' && key != 'N' && key != KEY_ESCAPE)
		return;
	ui->asking = ASKING_NOT;
	if (key != 'y' && key != 'Y')
		return;
	if (asking == ASKING_LEAVE) {
		ui->left = true;
		return;
	}
	ui_open(ui, SCREEN_HAND_IN);
	desk_hand_in(ui->desk);
}

static void type_note(struct ui *ui, int key)
{
	if (key == KEY_RETURN || key == KEY_ESCAPE)
		ui->noting = false;
	if (key == KEY_RETURN)
		desk_set_note(ui->desk, ui->note);
	else
		(void)text_type(ui->note, DESK_NOTE_MOST, key);
}

void ui_key(struct ui *ui, int key)
{
	enum screen_name now = screen_now(ui);

	ui->hint[0] = '\0';
	close_tools(ui);
	if (key == KEY_DISMISS)
		desk_dismiss(ui->desk);
	else if (ui->asking != ASKING_NOT)
		answer_question(ui, key);
	else if (ui->noting)
		type_note(ui, key);
	else if (key == KEY_ESCAPE && ui->desk->ntold > 0)
		desk_dismiss(ui->desk);
	else if (screens[now]->on_key(ui, key))
		return;
	else if (key == 'q' || key == KEY_CTRL('Q') || key == KEY_CTRL('C'))
		ui->asking = ASKING_LEAVE;
	else
		ui_scroll_key(ui, key);
}
