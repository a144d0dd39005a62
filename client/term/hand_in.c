/* Before the end: what is open, then one yes, then waiting for the server's word. */
#include <stdio.h>

#include "client/term/ui.h"

static bool is_deciding(const struct ui *ui)
{
	return ui->desk->leaving == LEAVING_NOT;
}

static bool is_waiting(const struct ui *ui)
{
	return ui->desk->leaving == LEAVING_WAITS_SAVED;
}

/* "3, 17, 20": the questions that the filter shows. */
static void put_numbers(struct ui *ui, const char *what, enum filter filter)
{
	const Examd__V1__PartInfo *part = desk_part(ui->desk);
	struct buf text = {0};

	for (uint32_t i = 0; part != NULL && i < part->items; i++) {
		uint32_t item = part->first_item + i;

		if (filter_shows(filter, desk_progress(ui->desk, item),
				 desk_is_flagged(ui->desk, item)))
			buf_printf(&text, "%s%u", buf_length(&text) > 0 ? ", " : "", i + 1);
	}
	page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, what,
		 buf_length(&text) > 0 ? buf_text(&text) : "none");
	buf_fini(&text);
}

/* In a linear part there is nothing to return to. */
static bool may_return(const struct ui *ui)
{
	const Examd__V1__PartInfo *part = desk_part(ui->desk);

	return part != NULL && !part->linear;
}

static void put_summary(struct ui *ui)
{
	uint32_t of[PROGRESS_COMPLETE + 1], flagged, open;
	char text[160];

	desk_count(ui->desk, of, &flagged);
	open = of[PROGRESS_UNSEEN] + of[PROGRESS_INCOMPLETE];
	snprintf(text, sizeof text, "%u of %u questions are complete.", of[PROGRESS_COMPLETE],
		 open + of[PROGRESS_COMPLETE]);
	page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "", text);
	page_blank(&ui->page);
	if (may_return(ui)) {
		put_numbers(ui, "Not complete   ", FILTER_NOT_COMPLETE);
		put_numbers(ui, "Unseen         ", FILTER_UNSEEN);
		put_numbers(ui, "Flagged        ", FILTER_FLAGGED);
		page_blank(&ui->page);
	}
	page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "",
		 open > 0 ? "A question without an answer counts as wrong; a guess costs nothing."
			  : "Every question has an answer.");
}

static void put_waiting(struct ui *ui)
{
	uint32_t unsaved = desk_unsaved(ui->desk);
	char text[160];

	if (unsaved > 0) {
		snprintf(text, sizeof text,
			 "%u answer%s not saved yet. You are handed in as soon as %s.", unsaved,
			 unsaved == 1 ? " is" : "s are", unsaved == 1 ? "it is" : "they are");
		page_put(&ui->page, LOOK_WARN, KEY_NOTHING, "", text);
	} else {
		page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "",
			 "Everything is saved. Waiting for the server's word ...");
	}
	if (ui->desk->link != LINK_UP)
		page_put(&ui->page, LOOK_WARN, KEY_NOTHING, "",
			 "The connection is lost; it is tried again by itself.");
}

static void draw_hand_in(struct ui *ui, struct window w)
{
	struct window in = {w.row + 1, 2, w.rows - 1, w.columns - 4};

	page_begin(&ui->page, in.columns - 8);
	if (is_deciding(ui))
		put_summary(ui);
	else
		put_waiting(ui);
	ui->pane = PANE_QUESTION;
	ui->follow = false;
	ui_show_page(ui, &ui->page, in, PANE_QUESTION);
}

static bool on_hand_in_key(struct ui *ui, int key)
{
	if (!is_deciding(ui)) {
		if (key == KEY_ESCAPE || key == 'b')
			desk_stay(ui->desk);
		return key == KEY_ESCAPE || key == 'b';
	}
	if (key == 's' || key == KEY_CTRL('S'))
		ui->asking = ASKING_HAND_IN;
	else if (key == 'v' || key == KEY_CTRL('V'))
		ui_open(ui, SCREEN_NAVIGATOR);
	else if (key == 'b' || key == KEY_ESCAPE || key == KEY_ARROW_LEFT || key == 'p' ||
		 key == KEY_CTRL('P'))
		ui_open(ui, SCREEN_ITEM);
	else
		return false;
	return true;
}

static bool ends_here(const struct ui *ui)
{
	return is_deciding(ui) && desk_is_last_part(ui->desk);
}

static bool goes_on(const struct ui *ui)
{
	return is_deciding(ui) && !desk_is_last_part(ui->desk);
}

static const struct hint hand_in_hints[] = {
    {'s', "s", "Hand in", ends_here},
    {'s', "s", "Leave this part", goes_on},
    {'b', "b", "Back", is_deciding},
    {'v', "v", "Navigator", is_deciding},
    {'b', "b", "Do not hand in yet", is_waiting},
    {0},
};

const struct ui_screen hand_in_screen = {draw_hand_in, on_hand_in_key, hand_in_hints};
