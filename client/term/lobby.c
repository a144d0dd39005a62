/* Before the items, beside them, and when there are none: lobby, rules, refused, taken over,
 * paused, time up. */
#include <inttypes.h>
#include <stdio.h>

#include "client/term/ui.h"

static struct window inside(struct window w)
{
	return (struct window){w.row + 1, 2, w.rows - 1, w.columns - 4};
}

static void begin(struct ui *ui, struct window w)
{
	page_begin(&ui->page, inside(w).columns - 8);
	ui->pane = PANE_QUESTION;
}

static void show(struct ui *ui, struct window w)
{
	ui->follow = false;
	ui_show_page(ui, &ui->page, inside(w), PANE_QUESTION);
}

static bool scrolls(struct ui *ui, int key)
{
	return ui_scroll_key(ui, key);
}

/* ---- Lobby ------------------------------------------------------------------------------- */

static void put_link(struct ui *ui)
{
	struct desk *d = ui->desk;
	char text[320];

	if (d->link == LINK_UP)
		return;
	if (d->link == LINK_CONNECTING)
		snprintf(text, sizeof text, "Connecting to %s ...", ui->host);
	else
		snprintf(text, sizeof text, "%s cannot be reached: %s It is tried again by itself.",
			 ui->host, err_sentence(d->link_why));
	page_put(&ui->page, LOOK_WARN, KEY_NOTHING, "", text);
	page_blank(&ui->page);
}

/* "60 minutes", "90 minutes, 30 of them added for you". */
static void put_time(struct ui *ui, const Examd__V1__Status *status)
{
	int64_t plain = 0, with = 0;
	char text[128];

	for (size_t i = 0; i < status->n_parts; i++) {
		plain += status->parts[i]->minutes;
		with += status->parts[i]->budget_ms;
	}
	with = (with + 59999) / 60000;
	if (with > plain)
		snprintf(text, sizeof text,
			 "%" PRId64 " minutes, %" PRId64 " of them added for you", with,
			 with - plain);
	else
		snprintf(text, sizeof text, "%" PRId64 " minutes", with);
	page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "Time        ", text);
}

static void put_parts(struct ui *ui, const Examd__V1__Status *status)
{
	char text[320];

	for (size_t i = 0; status->n_parts > 1 && i < status->n_parts; i++) {
		const Examd__V1__PartInfo *part = status->parts[i];

		snprintf(text, sizeof text, "%zu. %s: %u questions, %" PRId64 " minutes%s", i + 1,
			 part->title, part->items, (part->budget_ms + 59999) / 60000,
			 part->linear ? ", one after the other, without going back" : "");
		page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING,
			 i == 0 ? "Parts       " : "            ", text);
	}
}

static const char *where_it_stands(const struct desk *d)
{
	switch (exam_client_state(d->client)) {
	case EXAMD__V1__ATTEMPT_STATE__CHECKED_IN:
		return "You are checked in. The proctor has not admitted you yet.";
	case EXAMD__V1__ATTEMPT_STATE__ADMITTED:
		return "You are admitted. Your questions are being fetched, sealed.";
	case EXAMD__V1__ATTEMPT_STATE__READY:
		return "READY. Your questions are here, sealed; the proctor starts the exam.";
	case EXAMD__V1__ATTEMPT_STATE__RUNNING:
		return "The exam has started. Your questions are being opened.";
	default:
		break;
	}
	switch (d->step) {
	case ENTRY_NOT_OPEN_YET:
		return "The sitting is not open yet. You come in by yourself when it is.";
	case ENTRY_SEAT_ASKED:
		return "Your seat is held by another machine. The proctor has been asked to let "
		       "you go on here.";
	default:
		return d->link == LINK_UP ? "Logging in ..." : "";
	}
}

static void draw_lobby(struct ui *ui, struct window w)
{
	struct desk *d = ui->desk;
	const Examd__V1__Session *session = exam_client_session(d->client);
	const Examd__V1__Status *status = exam_client_status(d->client);
	char text[64];

	begin(ui, w);
	put_link(ui);
	if (session != NULL) {
		page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "Name        ", session->name);
		if (session->sitting_title[0] != '\0')
			page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "Sitting     ",
				 session->sitting_title);
	}
	if (status != NULL) {
		page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "Exam        ", status->exam_title);
		snprintf(text, sizeof text, "%u", status->items);
		page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "Questions   ", text);
		put_time(ui, status);
		put_parts(ui, status);
	}
	page_blank(&ui->page);
	page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "", where_it_stands(d));
	if (status != NULL && status->notice[0] != '\0') {
		page_blank(&ui->page);
		page_put(&ui->page, LOOK_QUIET, KEY_NOTHING, "", status->notice);
	}
	show(ui, w);
}

static const struct hint leave_hint[] = {
    {'q', "q", "Leave", NULL},
    {0},
};

const struct ui_screen lobby_screen = {draw_lobby, scrolls, leave_hint};

/* ---- Rules ------------------------------------------------------------------------------- */

static void draw_rules(struct ui *ui, struct window w)
{
	const Examd__V1__Status *status = exam_client_status(ui->desk->client);

	begin(ui, w);
	page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "", "The rules of this exam");
	page_blank(&ui->page);
	page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "", status->rules);
	page_blank(&ui->page);
	page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "",
		 "Press y when you have read them and agree. You are not ready before.");
	show(ui, w);
}

static bool on_rules_key(struct ui *ui, int key)
{
	if (key == 'y' || key == 'Y') {
		ui->scroll[PANE_QUESTION] = 0;
		desk_agree(ui->desk);
		return true;
	}
	return ui_scroll_key(ui, key);
}

static const struct hint rules_hints[] = {
    {'y', "y", "I have read the rules and agree", NULL},
    {'q', "q", "Leave", NULL},
    {0},
};

const struct ui_screen rules_screen = {draw_rules, on_rules_key, rules_hints};

/* ---- Refused, taken over ----------------------------------------------------------------- */

static void draw_refused(struct ui *ui, struct window w)
{
	struct desk *d = ui->desk;

	begin(ui, w);
	page_put(&ui->page, LOOK_WARN, KEY_NOTHING, "", "You were not let in.");
	page_blank(&ui->page);
	page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "", err_sentence(d->refused));
	if (d->refusal != NULL && d->refusal[0] != '\0')
		page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "", d->refusal);
	page_blank(&ui->page);
	page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "",
		 d->refused == ERR_UNTRUSTED
		     ? "This may be another machine that pretends to be the server. Show this to "
		       "the proctor."
		     : "Ask the proctor.");
	show(ui, w);
}

const struct ui_screen refused_screen = {draw_refused, scrolls, leave_hint};

static void draw_taken_over(struct ui *ui, struct window w)
{
	uint32_t unsaved = desk_unsaved(ui->desk);
	char text[160];

	begin(ui, w);
	page_put(&ui->page, LOOK_WARN, KEY_NOTHING, "",
		 "Your exam goes on at another machine. Nothing can be answered here any more.");
	page_blank(&ui->page);
	if (unsaved > 0) {
		snprintf(text, sizeof text,
			 "%u answer%s made here %s still offered to the proctor: leave this "
			 "program open.",
			 unsaved, unsaved == 1 ? "" : "s", unsaved == 1 ? "is" : "are");
		page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "", text);
	} else {
		page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "",
			 "Every answer made here has reached the server. You may leave.");
	}
	page_blank(&ui->page);
	page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "",
		 "If you did not move to another machine, call the proctor now.");
	show(ui, w);
}

const struct ui_screen taken_over_screen = {draw_taken_over, scrolls, leave_hint};

/* ---- Paused, time up --------------------------------------------------------------------- */

static void draw_paused(struct ui *ui, struct window w)
{
	struct desk *d = ui->desk;
	uint32_t stopped = exam_client_stopped(d->client);
	char time[24], text[96];

	begin(ui, w);
	page_put(&ui->page, LOOK_WARN, KEY_NOTHING, "",
		 stopped != 0 ? stop_words(stopped) : "You are on a break. The clock goes on.");
	if (d->pause_text != NULL && d->pause_text[0] != '\0') {
		page_blank(&ui->page);
		page_put(&ui->page, LOOK_STRONG, KEY_NOTHING, "", d->pause_text);
	}
	page_blank(&ui->page);
	time_format(exam_client_remaining(d->client).v, time, sizeof time);
	if (stopped != 0)
		snprintf(text, sizeof text,
			 "The clock stands at %s. Your questions come back by themselves.", time);
	else
		snprintf(text, sizeof text, "%s left.", time);
	page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "", text);
	show(ui, w);
}

static bool is_break(const struct ui *ui)
{
	return ui->desk->on_break ||
	       (exam_client_stopped(ui->desk->client) & EXAMD__V1__STOP__STOP_BREAK) != 0;
}

static bool is_parked(const struct ui *ui)
{
	return (exam_client_stopped(ui->desk->client) & EXAMD__V1__STOP__STOP_PARKED) != 0 &&
	       exam_client_status(ui->desk->client) != NULL;
}

static bool on_paused_key(struct ui *ui, int key)
{
	if (key == KEY_RETURN && is_break(ui)) {
		desk_break(ui->desk, false);
		return true;
	}
	if (key == KEY_RETURN && is_parked(ui)) {
		desk_resume(ui->desk, exam_client_status(ui->desk->client)->attempt);
		return true;
	}
	return ui_scroll_key(ui, key);
}

static const struct hint paused_hints[] = {
    {KEY_RETURN, "Enter", "Back from the break", is_break},
    {KEY_RETURN, "Enter", "Go on", is_parked},
    {'q', "q", "Leave", NULL},
    {0},
};

const struct ui_screen paused_screen = {draw_paused, on_paused_key, paused_hints};

static void draw_time_up(struct ui *ui, struct window w)
{
	begin(ui, w);
	page_put(&ui->page, LOOK_WARN, KEY_NOTHING, "", "The time is over.");
	page_blank(&ui->page);
	page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "",
		 desk_unsaved(ui->desk) > 0
		     ? "What is not saved yet is still being sent. Leave this program open."
		     : "Everything you answered is saved. The server closes the exam now.");
	if (ui->desk->link != LINK_UP) {
		page_blank(&ui->page);
		page_put(&ui->page, LOOK_PLAIN, KEY_NOTHING, "",
			 "The connection is lost. If the server gives time for that, your "
			 "questions come back.");
	}
	show(ui, w);
}

const struct ui_screen time_up_screen = {draw_time_up, scrolls, leave_hint};
