/* Practice: the list of what can be begun, gone on with and looked back at; one exam's settings;
 * the scores of an exam by section over time. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/term/ui.h"
#include "client/term/wrap.h"

#define COLUMNS_OF_TIME 8 /* attempts in the chart */
#define BAR		10
#define CHART_MOST	90 /* columns */

/* ---- Rows -------------------------------------------------------------------------------- */

enum row_kind { ROW_EXAM, ROW_OPEN, ROW_CLOSED };

struct row {
	enum row_kind kind;
	size_t index; /* in its list */
};

static bool is_open(const Examd__V1__AttemptInfo *a)
{
	return a->state < EXAMD__V1__ATTEMPT_STATE__SUBMITTED;
}

/* The N'th row of the three lists one after the other; false: past the end. */
static bool row_at(const struct practice *p, uint32_t n, struct row *out)
{
	size_t nexams = p->exams != NULL ? p->exams->n_exams : 0;
	size_t nattempts = p->attempts != NULL ? p->attempts->n_attempts : 0;

	if (n < nexams) {
		*out = (struct row){ROW_EXAM, n};
		return true;
	}
	n -= (uint32_t)nexams;
	for (enum row_kind kind = ROW_OPEN; kind <= ROW_CLOSED; kind++)
		for (size_t i = 0; i < nattempts; i++) {
			const Examd__V1__AttemptInfo *a = p->attempts->attempts[i];

			if (!a->practice || is_open(a) != (kind == ROW_OPEN))
				continue;
			if (n-- == 0) {
				*out = (struct row){kind, i};
				return true;
			}
		}
	return false;
}

static const char *exam_title(const struct practice *p, const char *name)
{
	for (size_t i = 0; p->exams != NULL && i < p->exams->n_exams; i++)
		if (strcmp(p->exams->exams[i]->name, name) == 0)
			return p->exams->exams[i]->title;
	return name;
}

static void day_format(int64_t wall_ms, char *out, size_t size)
{
	time_t t = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL || strftime(out, size, "%Y-%m-%d %H:%M", &tm) == 0)
		snprintf(out, size, "?");
}

static void bar_format(int percent, char out[BAR + 3])
{
	memset(out, '.', BAR + 2);
	memset(out + 1, '#', (size_t)(percent > 0 ? percent * BAR / 100 : 0));
	out[0] = '[';
	out[BAR + 1] = ']';
	out[BAR + 2] = '\0';
}

static void row_format(const struct practice *p, struct row row, char *out, size_t size)
{
	const Examd__V1__AttemptInfo *a;
	char day[24], bar[BAR + 3], each[24];
	int percent;

	if (row.kind == ROW_EXAM) {
		const Examd__V1__Exam *e = p->exams->exams[row.index];

		snprintf(out, size, "%s: %u questions, %u minutes", e->title, e->items, e->minutes);
		return;
	}
	a = p->attempts->attempts[row.index];
	day_format(a->started_wall_ms, day, sizeof day);
	percent = a->score != NULL ? practice_percent(a->score->points, a->score->points_most) : -1;
	if (row.kind == ROW_OPEN) {
		snprintf(out, size, "%s  %u of %u answered  %s", day, a->answered, a->items,
			 exam_title(p, a->exam));
	} else if (percent < 0) {
		snprintf(out, size, "%s  no score     %s", day, exam_title(p, a->exam));
	} else {
		bar_format(percent, bar);
		time_format(pace_each(a->used_ms, a->answered), each, sizeof each);
		snprintf(out, size, "%s  %s %3d %%  %s each  %s", day, bar, percent, each,
			 exam_title(p, a->exam));
	}
}

/* How many bytes of a text fit into so many columns. */
static int cut(const char *text, int columns)
{
	size_t at = 0, len;
	int used = 0, width;
	bool showable;

	while (text[at] != '\0') {
		len = unit_next(text + at, &width, &showable);
		if (used + width > columns)
			break;
		used += width;
		at += len;
	}
	return (int)at;
}

/* ---- The list ---------------------------------------------------------------------------- */

static void put_heading(struct ui *ui, enum row_kind kind)
{
	static const char *const headings[] = {"Begin", "Go on with", "Done"};

	if (ui->page.nlines > 0)
		page_blank(&ui->page);
	page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "", headings[kind]);
}

static void put_trouble(struct ui *ui)
{
	const struct practice *p = &ui->desk->practice;
	char text[512];

	if (p->err != ERR_OK) {
		snprintf(text, sizeof text, "%s %s", err_sentence(p->err), p->detail);
		page_put(&ui->page, LOOK_WARN, KEY_NOTHING, "", text);
	} else if (p->starting) {
		page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "", "Starting ...");
	} else {
		return;
	}
	page_blank(&ui->page);
}

static void draw_practice(struct ui *ui, struct window w)
{
	const struct practice *p = &ui->desk->practice;
	struct window in = {w.row + 1, 1, w.rows - 1, w.columns - 2};
	enum row_kind last = ROW_CLOSED + 1;
	struct row row;
	char text[512];

	page_begin(&ui->page, in.columns - 1);
	put_trouble(ui);
	for (uint32_t i = 0; row_at(p, i, &row); i++) {
		if (row.kind != last)
			put_heading(ui, row.kind);
		last = row.kind;
		row_format(p, row, text, sizeof text);
		if (text_columns(text) > in.columns - 3) {
			int end = cut(text, in.columns - 6);

			snprintf(text + end, sizeof text - (size_t)end, "...");
		}
		if (i == ui->entry)
			page_focus_begin(&ui->page);
		page_put(&ui->page, i == ui->entry ? LOOK_BAR : LOOK_PLAIN, KEY_PLACE + (int)i,
			 i == ui->entry ? "> " : "  ", text);
		if (i == ui->entry)
			page_focus_end(&ui->page);
	}
	if (p->exams != NULL && ui->page.nlines == 0)
		page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "",
			 "There is no exam to practise now. One that you have still to sit cannot "
			 "be practised before its sitting is closed.");
	if (p->exams == NULL)
		page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "", "Asking for the exams ...");
	ui->pane = PANE_QUESTION;
	ui_show_page(ui, &ui->page, in, PANE_QUESTION);
}

static void open_row(struct ui *ui, uint32_t n)
{
	struct practice *p = &ui->desk->practice;
	struct row row;

	if (!row_at(p, n, &row))
		return;
	ui->entry = n;
	ui->scroll[PANE_QUESTION] = 0;
	if (row.kind == ROW_EXAM) {
		ui->drill = (struct drill){0};
		ui->drill_exam = row.index;
		ui->drill_row = 0;
		ui->practice = PRACTICE_DRILL;
	} else if (row.kind == ROW_OPEN) {
		desk_resume(ui->desk, p->attempts->attempts[row.index]->attempt);
	} else {
		ui->chart = row.index;
		ui->practice = PRACTICE_CHART;
	}
}

static bool on_practice_key(struct ui *ui, int key)
{
	struct row row;

	ui->follow = true;
	if (key == KEY_ARROW_DOWN && row_at(&ui->desk->practice, ui->entry + 1, &row))
		ui->entry++;
	else if (key == KEY_ARROW_UP && ui->entry > 0)
		ui->entry--;
	else if (key == KEY_RETURN || key == KEY_SPACE)
		open_row(ui, ui->entry);
	else if (key >= KEY_PLACE && key < KEY_PLACE_END)
		open_row(ui, (uint32_t)(key - KEY_PLACE));
	else
		return key == KEY_ARROW_DOWN || key == KEY_ARROW_UP;
	return true;
}

static const struct hint practice_hints[] = {
    {KEY_RETURN, "Enter", "Open", NULL},
    {KEY_ARROW_UP, "Up", "Previous", NULL},
    {KEY_ARROW_DOWN, "Down", "Next", NULL},
    {'q', "q", "Leave", NULL},
    {0},
};

const struct ui_screen practice_screen = {draw_practice, on_practice_key, practice_hints};

/* ---- Settings ---------------------------------------------------------------------------- */

enum setting { SET_TUTOR, SET_MISSED, SET_LEVEL, SET_ITEMS, SET_MINUTES, SET_SECTIONS };

static const Examd__V1__Exam *drill_exam(const struct ui *ui)
{
	const struct practice *p = &ui->desk->practice;

	return p->exams != NULL && ui->drill_exam < p->exams->n_exams
		   ? p->exams->exams[ui->drill_exam]
		   : NULL;
}

static int last_setting(const struct ui *ui)
{
	size_t n = drill_exam(ui)->n_sections;

	return SET_SECTIONS - 1 + (int)(n < PRACTICE_SECTIONS_MOST ? n : PRACTICE_SECTIONS_MOST);
}

static void put_setting(struct ui *ui, int row, const char *text)
{
	bool on = ui->drill_row == row;

	if (on)
		page_focus_begin(&ui->page);
	page_put(&ui->page, on ? LOOK_BAR : LOOK_PLAIN, KEY_PLACE + row, on ? "> " : "  ", text);
	if (on)
		page_focus_end(&ui->page);
}

/* "Questions: 10", or "as the exam has them". */
static void put_number(struct ui *ui, int row, const char *what, uint32_t n)
{
	char text[80];

	if (n > 0)
		snprintf(text, sizeof text, "%s: %u", what, n);
	else
		snprintf(text, sizeof text, "%s: as the exam has them", what);
	put_setting(ui, row, text);
}

static void draw_drill(struct ui *ui, struct window w)
{
	const Examd__V1__Exam *exam = drill_exam(ui);
	const struct drill *drill = &ui->drill;
	struct window in = {w.row + 1, 1, w.rows - 1, w.columns - 2};
	char text[320];

	page_begin(&ui->page, in.columns - 1);
	put_trouble(ui);
	page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "", exam->title);
	page_blank(&ui->page);
	put_setting(ui, SET_TUTOR,
		    drill->tutor ? "Mode: tutor, with the answer and why after each question"
				 : "Mode: exam, with the answers at the end");
	put_setting(ui, SET_MISSED,
		    drill->missed_only ? "Questions that I missed before: only these"
				       : "Questions that I missed before: and all others");
	snprintf(text, sizeof text, "Level: %s",
		 drill->level == 0 ? "any" : drill_levels[drill->level]);
	put_setting(ui, SET_LEVEL, text);
	put_number(ui, SET_ITEMS, "Questions", drill->items);
	put_number(ui, SET_MINUTES, "Minutes", drill->minutes);
	page_blank(&ui->page);
	page_put(&ui->page, LOOK_QUIET, KEY_NOTHING, "",
		 "Sections; none chosen means all of them:");
	for (int i = SET_SECTIONS; i <= last_setting(ui); i++) {
		snprintf(text, sizeof text, "[%c] %s", drill->section[i - SET_SECTIONS] ? 'x' : ' ',
			 exam->sections[i - SET_SECTIONS]->title);
		put_setting(ui, i, text);
	}
	ui->pane = PANE_QUESTION;
	ui_show_page(ui, &ui->page, in, PANE_QUESTION);
}

static void change_number(uint32_t *n, int by, uint32_t most)
{
	int64_t next = (int64_t)*n + by;

	*n = (uint32_t)(next < 0 ? 0 : next > most ? most : next);
}

static void change_setting(struct ui *ui, int by)
{
	struct drill *drill = &ui->drill;

	switch (ui->drill_row) {
	case SET_TUTOR:
		drill->tutor = !drill->tutor;
		break;
	case SET_MISSED:
		drill->missed_only = !drill->missed_only;
		break;
	case SET_LEVEL:
		drill->level = (drill->level + DRILL_LEVELS + (unsigned)by) % DRILL_LEVELS;
		break;
	case SET_ITEMS:
		change_number(&drill->items, by * 5, drill_exam(ui)->items);
		break;
	case SET_MINUTES:
		change_number(&drill->minutes, by * 5, 1440);
		break;
	default:
		drill->section[ui->drill_row - SET_SECTIONS] =
		    !drill->section[ui->drill_row - SET_SECTIONS];
		break;
	}
}

static bool on_drill_key(struct ui *ui, int key)
{
	ui->follow = true;
	if (key == KEY_ARROW_DOWN && ui->drill_row < last_setting(ui)) {
		ui->drill_row++;
	} else if (key == KEY_ARROW_UP && ui->drill_row > 0) {
		ui->drill_row--;
	} else if (key == KEY_SPACE || key == KEY_ARROW_RIGHT || key == KEY_ARROW_LEFT) {
		change_setting(ui, key == KEY_ARROW_LEFT ? -1 : 1);
	} else if (key >= KEY_PLACE && key < KEY_PLACE_END) {
		ui->drill_row = key - KEY_PLACE;
		change_setting(ui, 1);
	} else if (key == KEY_RETURN) {
		desk_practice(ui->desk, drill_exam(ui), &ui->drill);
	} else if (key == 'b' || key == KEY_ESCAPE) {
		ui->practice = PRACTICE_LIST;
	} else {
		return key == KEY_ARROW_DOWN || key == KEY_ARROW_UP;
	}
	return true;
}

static const struct hint drill_hints[] = {
    {KEY_RETURN, "Enter", "Start", NULL},
    {KEY_SPACE, "Space", "Change", NULL},
    {KEY_ARROW_LEFT, "Left", "less", NULL},
    {KEY_ARROW_RIGHT, "Right", "more", NULL},
    {'b', "b", "Back", NULL},
    {'q', "q", "Leave", NULL},
    {0},
};

const struct ui_screen drill_screen = {draw_drill, on_drill_key, drill_hints};

/* ---- The chart --------------------------------------------------------------------------- */

/* The latest closed attempts at EXAM that have a score, the oldest first; at most
 * COLUMNS_OF_TIME. */
static size_t chart_attempts(const struct practice *p, const char *exam,
			     const Examd__V1__AttemptInfo *out[COLUMNS_OF_TIME])
{
	size_t n = 0;

	for (size_t i = 0; p->attempts != NULL && i < p->attempts->n_attempts; i++) {
		const Examd__V1__AttemptInfo *a = p->attempts->attempts[i];
		size_t at = n;

		if (is_open(a) || a->score == NULL || strcmp(a->exam, exam) != 0)
			continue;
		/* Insertion by the time of the start; the oldest falls out. */
		if (n == COLUMNS_OF_TIME) {
			if (a->started_wall_ms <= out[0]->started_wall_ms)
				continue;
			memmove(out, out + 1, (--n) * sizeof out[0]);
			at = n;
		}
		while (at > 0 && out[at - 1]->started_wall_ms > a->started_wall_ms) {
			out[at] = out[at - 1];
			at--;
		}
		out[at] = a;
		n++;
	}
	return n;
}

static void put_chart_row(struct ui *ui, const char *title, const int *percent, size_t n)
{
	struct buf text = {0};
	char bar[BAR + 3];
	int room = ui->page.columns - 4 * COLUMNS_OF_TIME - BAR - 4, columns = text_columns(title);
	int last = -1;

	buf_printf(&text, "%.*s%*s", cut(title, room), title, columns < room ? room - columns : 0,
		   "");
	for (size_t i = 0; i < n; i++) {
		if (percent[i] >= 0)
			buf_printf(&text, "%4d", percent[i]);
		else
			buf_put_text(&text, "   -");
		last = percent[i] >= 0 ? percent[i] : last;
	}
	bar_format(last, bar);
	buf_printf(&text, "  %s", last >= 0 ? bar : "");
	page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "", buf_text(&text));
	buf_fini(&text);
}

/* Seconds for a question that was answered, and what the exam gives. */
static void put_pace_row(struct ui *ui, const Examd__V1__AttemptInfo *const *attempts, size_t n)
{
	const struct practice *p = &ui->desk->practice;
	int room = ui->page.columns - 4 * COLUMNS_OF_TIME - BAR - 4;
	int64_t given = 0;
	struct buf text = {0};

	for (size_t i = 0; n > 0 && i < p->exams->n_exams; i++)
		if (strcmp(p->exams->exams[i]->name, attempts[0]->exam) == 0)
			given = pace_each((int64_t)p->exams->exams[i]->minutes * 60000,
					  p->exams->exams[i]->items);
	buf_printf(&text, "%-*.*s", room, room, "Seconds a question");
	for (size_t i = 0; i < n; i++) {
		int64_t each = pace_each(attempts[i]->used_ms, attempts[i]->answered) / 1000;

		buf_printf(&text, "%4" PRId64, each > 999 ? 999 : each);
	}
	if (given > 0)
		buf_printf(&text, "  exam: %" PRId64, given / 1000);
	page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "", buf_text(&text));
	buf_fini(&text);
}

static void put_section_row(struct ui *ui, const Examd__V1__SectionScore *section,
			    const Examd__V1__AttemptInfo *const *attempts, size_t n)
{
	int percent[COLUMNS_OF_TIME] = {0};

	for (size_t i = 0; i < n; i++) {
		const Examd__V1__SectionScore *s = practice_section(attempts[i], section->section);

		percent[i] = s != NULL ? practice_percent(s->points, s->points_most) : -1;
	}
	put_chart_row(ui, section->title[0] != '\0' ? section->title : section->section, percent,
		      n);
}

static const Examd__V1__AttemptInfo *chart_attempt(const struct ui *ui)
{
	const struct practice *p = &ui->desk->practice;

	return p->attempts != NULL && ui->chart < p->attempts->n_attempts
		   ? p->attempts->attempts[ui->chart]
		   : NULL;
}

static void draw_chart(struct ui *ui, struct window w)
{
	const struct practice *p = &ui->desk->practice;
	const Examd__V1__AttemptInfo *mine = chart_attempt(ui), *all[COLUMNS_OF_TIME];
	struct window in = {w.row + 1, 2, w.rows - 1, w.columns - 4};
	int percent[COLUMNS_OF_TIME] = {0};
	size_t n;

	page_begin(&ui->page, in.columns < CHART_MOST ? in.columns : CHART_MOST);
	if (mine != NULL) {
		n = chart_attempts(p, mine->exam, all);
		page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "", exam_title(p, mine->exam));
		page_put(&ui->page, LOOK_QUIET, KEY_NOTHING, "",
			 "Percent of the points by section; the latest at the right, and as a "
			 "bar.");
		page_blank(&ui->page);
		for (size_t i = 0; i < n; i++)
			percent[i] =
			    practice_percent(all[i]->score->points, all[i]->score->points_most);
		put_chart_row(ui, "All", percent, n);
		for (size_t i = 0; i < mine->n_sections; i++)
			put_section_row(ui, mine->sections[i], all, n);
		page_blank(&ui->page);
		put_pace_row(ui, all, n);
	}
	ui->pane = PANE_QUESTION;
	ui->follow = false;
	ui_show_page(ui, &ui->page, in, PANE_QUESTION);
}

static bool on_chart_key(struct ui *ui, int key)
{
	if (key == 'b' || key == KEY_ESCAPE)
		ui->practice = PRACTICE_LIST;
	else if (key == KEY_RETURN && chart_attempt(ui) != NULL)
		desk_resume(ui->desk, chart_attempt(ui)->attempt);
	else
		return false;
	return true;
}

static const struct hint chart_hints[] = {
    {KEY_RETURN, "Enter", "Result and rationales", NULL},
    {'b', "b", "Back", NULL},
    {'q', "q", "Leave", NULL},
    {0},
};

const struct ui_screen chart_screen = {draw_chart, on_chart_key, chart_hints};
