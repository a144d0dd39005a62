/* After the end: how it was closed, the result when the exam releases it, and the rationales. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/term/ui.h"
#include "client/term/wrap.h"

#define BAR 20 /* columns of a section's bar */

static const char *how_it_ended(Examd__V1__AttemptState state)
{
	switch (state) {
	case EXAMD__V1__ATTEMPT_STATE__SUBMITTED:
		return "You have handed in.";
	case EXAMD__V1__ATTEMPT_STATE__EXPIRED:
		return "The time is over. Everything that was saved counts.";
	case EXAMD__V1__ATTEMPT_STATE__VOIDED:
		return "The proctor has voided this exam.";
	default:
		return "The exam was closed. Everything that was saved counts.";
	}
}

static void points_format(char *out, size_t size, int32_t hundredths)
{
	snprintf(out, size, hundredths % 100 == 0 ? "%d" : "%d.%02d", hundredths / 100,
		 abs(hundredths % 100));
}

/* Of practice: how long a question took, against what the exam gives for it. */
static void put_pace(struct ui *ui, const Examd__V1__Result *r)
{
	int64_t each = pace_each(r->used_ms, r->answered), given = desk_given_each(ui->desk);
	char took[24], gives[24], text[96];

	if (!ui->desk->may_practise || each == 0)
		return;
	time_format(each, took, sizeof took);
	time_format(given, gives, sizeof gives);
	snprintf(text, sizeof text, "%s for each of them%s%s", took,
		 given > 0 ? "; the exam gives " : "", given > 0 ? gives : "");
	page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "", text);
}

static void put_score(struct ui *ui, const Examd__V1__Result *r)
{
	char points[24], most[24], text[160], time[24];

	points_format(points, sizeof points, r->score->points);
	points_format(most, sizeof most, r->score->points_most);
	snprintf(text, sizeof text, "%s   %s of %s points",
		 r->score->passed ? "PASSED" : "NOT PASSED", points, most);
	page_put(&ui->page, r->score->passed ? LOOK_GOOD : LOOK_STRONG, KEY_NOTHING, "", text);
	if (r->score->scaled > 0) {
		snprintf(text, sizeof text, "%u on a practice scale of 100 to 400",
			 r->score->scaled);
		page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "", text);
	}
	time_format(r->used_ms, time, sizeof time);
	snprintf(text, sizeof text, "%u of %u questions answered, %s used", r->answered, r->items,
		 time);
	page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "", text);
	put_pace(ui, r);
}

static const char *section_title(const Examd__V1__SectionScore *s)
{
	return s->title[0] != '\0' ? s->title : s->section;
}

/* The columns of the longest title. */
static int titles_columns(const Examd__V1__Result *r)
{
	int most = 0;

	for (size_t i = 0; i < r->n_sections; i++) {
		int columns = text_columns(section_title(r->sections[i]));

		most = columns > most ? columns : most;
	}
	return most;
}

static void put_section(struct ui *ui, const Examd__V1__SectionScore *s, int columns)
{
	char bar[BAR + 3], points[24], most[24], text[400];
	const char *title = section_title(s);
	int full = s->points_most > 0 ? (int)((int64_t)s->points * BAR / s->points_most) : 0;
	int rest = columns - text_columns(title);

	memset(bar, '.', sizeof bar);
	memset(bar + 1, '#', (size_t)(full < 0 ? 0 : full > BAR ? BAR : full));
	bar[0] = '[';
	bar[BAR + 1] = ']';
	bar[BAR + 2] = '\0';
	points_format(points, sizeof points, s->points);
	points_format(most, sizeof most, s->points_most);
	snprintf(text, sizeof text, "%s%*s %s %s of %s", title, rest > 0 ? rest : 0, "", bar,
		 points, most);
	page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "", text);
}

static bool may_review(const struct ui *ui)
{
	const Examd__V1__Status *status = exam_client_status(ui->desk->client);

	return status != NULL && status->review_released;
}

static void put_outcome(struct ui *ui)
{
	const struct desk *d = ui->desk;

	if (d->result != NULL && d->result->score != NULL) {
		put_score(ui, d->result);
		page_blank(&ui->page);
		for (size_t i = 0; i < d->result->n_sections; i++)
			put_section(ui, d->result->sections[i], titles_columns(d->result));
	} else if (d->result_error == ERR_NOT_RELEASED || d->result != NULL) {
		page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "",
			 "The result is not released yet. It appears here when it is; you need not "
			 "wait for it.");
	} else if (d->result_error != ERR_OK) {
		page_put(&ui->page, LOOK_WARN, KEY_NOTHING, "", err_sentence(d->result_error));
	} else {
		page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "", "Asking for the result ...");
	}
}

static void draw_result(struct ui *ui, struct window w)
{
	struct window in = {w.row + 1, 2, w.rows - 1, w.columns - 4};
	const struct desk *d = ui->desk;

	page_begin(&ui->page, in.columns);
	page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "",
		 how_it_ended(exam_client_state(d->client)));
	page_blank(&ui->page);
	if (exam_client_unsettled(d->client) > 0)
		page_put(&ui->page, LOOK_WARN, KEY_NOTHING, "",
			 "Some answers are still being sent. Leave this program open until the "
			 "corner below says that they are saved.");
	else
		put_outcome(ui);
	ui->pane = PANE_QUESTION;
	ui->follow = false;
	ui_show_page(ui, &ui->page, in, PANE_QUESTION);
}

static bool may_practise(const struct ui *ui)
{
	return ui->desk->may_practise;
}

static bool on_result_key(struct ui *ui, int key)
{
	if (key == 'r' && may_review(ui)) {
		ui->rationales = true;
		ui->review = 0;
		ui->scroll[PANE_QUESTION] = 0;
		desk_ask_review(ui->desk);
		return true;
	}
	if (key == 'b' && may_practise(ui)) {
		ui->practice = PRACTICE_LIST;
		desk_to_practice(ui->desk);
		return true;
	}
	if (key == 'q') {
		/* Nothing is at stake any more. */
		ui->left = exam_client_unsettled(ui->desk->client) == 0;
		return ui->left;
	}
	return false;
}

static const struct hint result_hints[] = {
    {'r', "r", "Answers and rationales", may_review},
    {'b', "b", "Back to practice", may_practise},
    {'q', "q", "Leave", NULL},
    {0},
};

const struct ui_screen result_screen = {draw_result, on_result_key, result_hints};

/* ---- Rationales -------------------------------------------------------------------------- */

static bool holds(const uint32_t *list, size_t n, uint32_t what)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == what)
			return true;
	return false;
}

static void put_reviewed_option(struct ui *ui, const Examd__V1__ItemReview *r, uint32_t i)
{
	bool right = holds(r->right, r->n_right, i);
	bool mine = r->answer != NULL && holds(r->answer->chosen, r->answer->n_chosen, i);
	char prefix[24];

	snprintf(prefix, sizeof prefix, "%s %c (%c) ",
		 right	? "RIGHT"
		 : mine ? "wrong"
			: "     ",
		 (char)('A' + i), mine ? 'x' : ' ');
	page_put(&ui->page,
		 right	? LOOK_GOOD
		 : mine ? LOOK_WARN
			: LOOK_PLAIN,
		 KEY_NOTHING, prefix, r->content->options[i]);
	if (i < r->n_why && r->why[i][0] != '\0')
		page_put(&ui->page, LOOK_QUIET, KEY_NOTHING, "            ", r->why[i]);
}

static void put_reviewed_field(struct ui *ui, const Examd__V1__ItemReview *r, size_t i)
{
	const char *mine = r->answer != NULL && i < r->answer->n_codes ? r->answer->codes[i] : "";
	struct buf text = {0};

	buf_printf(&text, "%s: yours %s", r->content->fields[i], mine[0] != '\0' ? mine : "-");
	for (size_t k = 0; i < r->n_accepted && k < r->accepted[i]->n_codes; k++)
		buf_printf(&text, "%s%s", k == 0 ? ", accepted " : " or ",
			   r->accepted[i]->codes[k]);
	page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "  ", buf_text(&text));
	buf_fini(&text);
}

static void put_reviewed(struct ui *ui, const Examd__V1__ItemReview *r)
{
	char text[128], points[24], most[24], time[24];

	points_format(points, sizeof points, r->points);
	points_format(most, sizeof most, r->points_most);
	time_format(r->answer != NULL ? r->answer->seen_ms : 0, time, sizeof time);
	snprintf(text, sizeof text, "Question %u: %s of %s points, answered after %s", r->item + 1,
		 points, most, time);
	if (r->answer == NULL)
		snprintf(text, sizeof text, "Question %u: %s of %s points, not answered",
			 r->item + 1, points, most);
	page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "", text);
	page_blank(&ui->page);
	if (r->stimulus[0] != '\0') {
		page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "", r->stimulus);
		page_blank(&ui->page);
	}
	if (r->content == NULL)
		return;
	page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "", r->content->stem);
	page_blank(&ui->page);
	for (uint32_t i = 0; i < r->content->n_options; i++)
		put_reviewed_option(ui, r, i);
	for (size_t i = 0; i < r->content->n_fields; i++)
		put_reviewed_field(ui, r, i);
	page_blank(&ui->page);
	page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "", r->rationale);
	for (size_t i = 0; i < r->n_references; i++)
		page_put(&ui->page, LOOK_QUIET, KEY_NOTHING, "  ", r->references[i]);
}

static void draw_rationales(struct ui *ui, struct window w)
{
	struct window in = {w.row + 1, 2, w.rows - 1, w.columns - 4};
	const struct desk *d = ui->desk;

	page_begin(&ui->page, in.columns);
	if (ui->review < d->nreviews)
		put_reviewed(ui, d->reviews[ui->review]);
	else if (d->review_error != ERR_OK)
		page_put(&ui->page, LOOK_WARN, KEY_NOTHING, "", err_sentence(d->review_error));
	else
		page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "", "Asking for the rationales ...");
	ui->pane = PANE_QUESTION;
	ui->follow = false;
	ui_show_page(ui, &ui->page, in, PANE_QUESTION);
}

static bool on_rationales_key(struct ui *ui, int key)
{
	bool next = key == 'n' || key == KEY_ARROW_RIGHT;
	bool previous = key == 'p' || key == KEY_ARROW_LEFT;

	if (key == 'b' || key == KEY_ESCAPE)
		ui->rationales = false;
	else if (next && ui->review + 1 < ui->desk->nreviews)
		ui->review++;
	else if (previous && ui->review > 0)
		ui->review--;
	if (next || previous || key == 'b' || key == KEY_ESCAPE) {
		ui->scroll[PANE_QUESTION] = 0;
		return true;
	}
	return false;
}

static const struct hint rationales_hints[] = {
    {'n', "n", "Next", NULL},
    {'p', "p", "Previous", NULL},
    {'b', "b", "Back to the result", NULL},
    {'q', "q", "Leave", NULL},
    {0},
};

const struct ui_screen rationales_screen = {draw_rationales, on_rationales_key, rationales_hints};

/* ---- Tutor mode: one question, before the end -------------------------------------------- */

static void draw_reveal(struct ui *ui, struct window w)
{
	struct window in = {w.row + 1, 2, w.rows - 1, w.columns - 4};

	page_begin(&ui->page, in.columns);
	if (ui->desk->revealed != NULL)
		put_reviewed(ui, ui->desk->revealed);
	else
		page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "",
			 ui->desk->revealing ? "Asking for the answer ..." : "There is none.");
	ui->pane = PANE_QUESTION;
	ui->follow = false;
	ui_show_page(ui, &ui->page, in, PANE_QUESTION);
}

static bool on_reveal_key(struct ui *ui, int key)
{
	if (key != 'b' && key != KEY_ESCAPE && key != 'n' && key != KEY_ARROW_RIGHT &&
	    key != KEY_RETURN && key != KEY_CTRL('N'))
		return false;
	ui_open(ui, SCREEN_ITEM);
	if (key != 'b' && key != KEY_ESCAPE)
		desk_next(ui->desk);
	return true;
}

static const struct hint reveal_hints[] = {
    {'n', "n", "Next", NULL},
    {'b', "b", "Back to the question", NULL},
    {'q', "q", "Leave", NULL},
    {0},
};

const struct ui_screen reveal_screen = {draw_reveal, on_reveal_key, reveal_hints};
