#include <stdio.h>

#include "client/term/shown.h"

#define PAUSED                                                                                     \
	(EXAMD__V1__STOP__STOP_ATTEMPT | EXAMD__V1__STOP__STOP_SITTING |                           \
	 EXAMD__V1__STOP__STOP_BREAK | EXAMD__V1__STOP__STOP_PARKED)

enum scene scene_of(const struct scene_facts *f)
{
	bool before = f->state < EXAMD__V1__ATTEMPT_STATE__RUNNING ||
		      (f->stopped & EXAMD__V1__STOP__STOP_NOT_STARTED) != 0;

	if (f->wants_password && !f->refused)
		return SCENE_LOG_IN;
	if (f->must_change && !f->refused)
		return SCENE_NEW_PASSWORD;
	if (f->chooses && !f->refused)
		return SCENE_PRACTICE;
	if (f->state >= EXAMD__V1__ATTEMPT_STATE__SUBMITTED)
		return SCENE_CLOSED;
	if (f->taken_over)
		return SCENE_TAKEN_OVER;
	if (f->refused)
		return SCENE_REFUSED;
	if (!f->has_status)
		return SCENE_LOBBY;
	if (before)
		return f->has_rules && !f->rules_agreed &&
			       f->state != EXAMD__V1__ATTEMPT_STATE__READY /* agreed before */
			   ? SCENE_RULES
			   : SCENE_LOBBY;
	if ((f->stopped & PAUSED) != 0 || f->on_break)
		return SCENE_PAUSED;
	if (!f->part_open)
		return SCENE_LOBBY;
	return f->stopped == 0 && f->remaining_ms <= 0 ? SCENE_TIME_UP : SCENE_ITEMS;
}

const char *stop_words(uint32_t stopped)
{
	static const struct {
		uint32_t bit;
		const char *words;
	} why[] = {
	    {EXAMD__V1__STOP__STOP_SITTING, "The exam is paused for the whole room."},
	    {EXAMD__V1__STOP__STOP_ATTEMPT, "Your exam is paused."},
	    {EXAMD__V1__STOP__STOP_BREAK, "You are on a break."},
	    {EXAMD__V1__STOP__STOP_PARKED, "This practice was put aside."},
	    {EXAMD__V1__STOP__STOP_NOT_STARTED, "The exam has not started for you yet."},
	    {EXAMD__V1__STOP__STOP_RESTART, "The server was down; your clock stands until all is "
					    "back."},
	    {EXAMD__V1__STOP__STOP_LOST, "The connection was lost; your clock stands."},
	};

	for (size_t i = 0; i < sizeof why / sizeof why[0]; i++)
		if ((stopped & why[i].bit) != 0)
			return why[i].words;
	return "";
}

bool truth_format(const struct truth_facts *f, char *out, size_t size)
{
	bool up = f->link == LINK_UP;
	const char *link = up ? "" : ", reconnecting";
	const char *disk = f->journal == ERR_OK ? "" : ", no disk here";

	if (f->unsaved > 0)
		snprintf(out, size, "%u not saved yet%s%s", f->unsaved, link, disk);
	else
		snprintf(out, size, "saved %u/%u%s%s", f->saved, f->put, link, disk);
	return up && f->unsaved == 0 && f->saved == f->put;
}

void time_format(int64_t ms, char *out, size_t size)
{
	int64_t s = ms > 0 ? (ms + 999) / 1000 : 0;
	unsigned hours = (unsigned)(s / 3600), minutes = (unsigned)(s / 60 % 60);

	if (hours > 0)
		snprintf(out, size, "%u:%02u:%02u", hours, minutes, (unsigned)(s % 60));
	else
		snprintf(out, size, "%02u:%02u", minutes, (unsigned)(s % 60));
}

bool clock_is_shown(bool hidden, int64_t remaining_ms)
{
	return !hidden || remaining_ms <= CLOCK_COMES_BACK_MS;
}

int64_t pace_each(int64_t time_ms, uint32_t n)
{
	return n > 0 && time_ms > 0 ? time_ms / n : 0;
}

void pace_format(const struct pace *p, char *out, size_t size)
{
	char here[24], each[24], given[24];

	time_format(p->here_ms, here, sizeof here);
	time_format(p->each_ms, each, sizeof each);
	time_format(p->given_ms, given, sizeof given);
	snprintf(out, size, "this one %s%s%s%s%s", here, p->each_ms > 0 ? ", each " : "",
		 p->each_ms > 0 ? each : "", p->given_ms > 0 ? ", exam gives " : "",
		 p->given_ms > 0 ? given : "");
}

uint32_t warning_due(const uint32_t *warnings, size_t n, int64_t before_ms, int64_t now_ms,
		     int64_t budget_ms)
{
	uint32_t due = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t at = (int64_t)warnings[i] * 60000;

		if (at < budget_ms && before_ms > at && now_ms <= at &&
		    (due == 0 || warnings[i] < due))
			due = warnings[i];
	}
	return due;
}

static size_t codes_given(const Examd__V1__Answer *a)
{
	size_t given = 0;

	for (size_t i = 0; i < a->n_codes; i++)
		given += a->codes[i][0] != '\0';
	return given;
}

static bool is_complete(const Examd__V1__Answer *a, const Examd__V1__FormItem *item)
{
	size_t wanted = item->kind == EXAMD__V1__ITEM_KIND__CODES      ? item->n_fields
			: item->kind == EXAMD__V1__ITEM_KIND__MULTIPLE ? item->choose
								       : 1;
	size_t given = item->kind == EXAMD__V1__ITEM_KIND__CODES ? codes_given(a) : a->n_chosen;

	return given > 0 && given >= wanted;
}

enum progress item_progress(const struct item_facts *f)
{
	if (f->answer != NULL && f->item != NULL && is_complete(f->answer, f->item))
		return PROGRESS_COMPLETE;
	if (f->answer == NULL && f->elsewhere)
		return PROGRESS_COMPLETE;
	return f->answer != NULL || f->seen ? PROGRESS_INCOMPLETE : PROGRESS_UNSEEN;
}

const char *progress_word(enum progress p)
{
	static const char *const words[] = {"unseen", "incomplete", "complete"};

	return words[p];
}

const char *filter_word(enum filter f)
{
	static const char *const words[] = {"all", "not complete", "unseen", "flagged"};

	return words[f];
}

bool filter_shows(enum filter f, enum progress p, bool flagged)
{
	switch (f) {
	case FILTER_NOT_COMPLETE:
		return p != PROGRESS_COMPLETE;
	case FILTER_UNSEEN:
		return p == PROGRESS_UNSEEN;
	case FILTER_FLAGGED:
		return flagged;
	default:
		return true;
	}
}

char code_character(int key)
{
	if (key >= 'a' && key <= 'z')
		return (char)(key - 'a' + 'A');
	if ((key >= 'A' && key <= 'Z') || (key >= '0' && key <= '9') || key == '.' || key == '-')
		return (char)key;
	return 0;
}
