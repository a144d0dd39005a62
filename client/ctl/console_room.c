#include "client/ctl/console_room.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

#include "proto/base/mem.h"

#define RUNNING EXAMD__V1__ATTEMPT_STATE__RUNNING

void console_room_fini(struct console_room *r)
{
	room_rows_fini(&r->rows);
	free(r->notes);
	free(r->title);
	free(r->exam);
	free(r->shown);
	*r = (struct console_room){0};
}

/* ---- Taking over what is told ------------------------------------------------------------ */

static void note_row(struct room_row *row, struct console_note *note, struct mono_ms now)
{
	int64_t age = row->row.last_saved_age_ms;
	bool first = note->told.v == 0;

	row->changed = false;
	note->told = now;
	note->stale = false;
	if (!row_runs(&row->row))
		note->run_since.v = 0;
	else if (note->run_since.v == 0)
		note->run_since.v = first && age > 0 ? now.v - age : now.v;
}

static void take_titles(struct console_room *r, const Examd__V1__Sitting *s)
{
	if (s == NULL)
		return;
	free(r->title);
	free(r->exam);
	r->title = mem_copy_text(s->title);
	r->exam = mem_copy_text(s->exam);
}

void console_room_take(struct console_room *r, const Examd__V1__Room *room, struct mono_ms now)
{
	size_t before = r->rows.nrows;

	room_rows_take(&r->rows, room);
	take_titles(r, room->sitting);
	if (r->rows.nrows > before) {
		r->notes = mem_resize(r->notes, r->rows.nrows * sizeof *r->notes);
		r->shown = mem_resize(r->shown, r->rows.nrows * sizeof *r->shown);
		memset(r->notes + before, 0, (r->rows.nrows - before) * sizeof *r->notes);
	}
	for (size_t i = 0; i < r->rows.nrows; i++)
		if (r->rows.rows[i].changed)
			note_row(&r->rows.rows[i], &r->notes[i], now);
}

void console_room_lost(struct console_room *r)
{
	for (size_t i = 0; i < r->rows.nrows; i++)
		r->notes[i].stale = true;
}

/* ---- One row ----------------------------------------------------------------------------- */

bool row_runs(const Examd__V1__RoomRow *row)
{
	return row->state == RUNNING && row->stopped == 0;
}

static int64_t since(struct mono_ms then, struct mono_ms now)
{
	return now.v > then.v ? now.v - then.v : 0;
}

struct millis row_left(const struct room_row *r, const struct console_note *n, struct mono_ms now)
{
	int64_t left = r->row.remaining_ms;

	if (row_runs(&r->row))
		left -= since(n->told, now);
	return (struct millis){left > 0 ? left : 0};
}

struct millis row_age(const struct room_row *r, const struct console_note *n, struct mono_ms now)
{
	if (r->row.last_saved_age_ms < 0)
		return (struct millis){-1};
	return (struct millis){r->row.last_saved_age_ms + since(n->told, now)};
}

/* Silent for long?  While our own connection is lost nothing new is known, so it is not said. */
static bool is_silent(const struct room_row *r, const struct console_note *n, struct mono_ms now)
{
	struct mono_ms known = n->stale ? n->told : now;
	int64_t running = since(n->run_since, known), age = row_age(r, n, known).v;

	return (age < 0 || age > running ? running : age) >= SILENT_LONG.v;
}

static enum need need_of_running(const struct room_row *r, const struct console_note *n,
				 struct mono_ms now)
{
	const uint32_t by_people = EXAMD__V1__STOP__STOP_ATTEMPT | EXAMD__V1__STOP__STOP_SITTING |
				   EXAMD__V1__STOP__STOP_BREAK | EXAMD__V1__STOP__STOP_NOT_STARTED;

	if (!r->row.connected && (r->row.stopped & by_people) == 0)
		return NEED_LOST;
	if (r->row.stopped != 0)
		return NEED_NOTHING;
	if (is_silent(r, n, now))
		return NEED_SILENT;
	if (r->row.off_page)
		return NEED_OFF_PAGE;
	return row_left(r, n, now).v <= TIME_NEARLY_OUT.v ? NEED_TIME : NEED_NOTHING;
}

enum need row_need(const struct room_row *r, const struct console_note *n, struct mono_ms now)
{
	enum need need = NEED_NOTHING;

	if (r->row.attempt == 0)
		return NEED_NOTHING;
	if (r->row.takeover_asked)
		return NEED_SEAT;
	if (r->row.state == RUNNING)
		need = need_of_running(r, n, now);
	else if (r->row.state == EXAMD__V1__ATTEMPT_STATE__CHECKED_IN)
		need = NEED_LET_IN;
	return need == NEED_NOTHING && r->row.kept > 0 ? NEED_KEPT : need;
}

const char *row_state_word(const Examd__V1__RoomRow *row)
{
	static const struct {
		uint32_t stop;
		const char *word;
	} stops[] = {
	    {EXAMD__V1__STOP__STOP_ATTEMPT, "paused"},
	    {EXAMD__V1__STOP__STOP_SITTING, "room paused"},
	    {EXAMD__V1__STOP__STOP_BREAK, "break"},
	    {EXAMD__V1__STOP__STOP_NOT_STARTED, "not started"},
	    {EXAMD__V1__STOP__STOP_LOST, "stands"},
	    {EXAMD__V1__STOP__STOP_RESTART, "stands"},
	    {EXAMD__V1__STOP__STOP_PARKED, "parked"},
	};

	for (size_t i = 0; i < COUNT(stops) && row->state == RUNNING; i++)
		if ((row->stopped & stops[i].stop) != 0)
			return stops[i].word;
	return attempt_state_word(row->state);
}

const char *row_line_word(const struct room_row *r, const struct console_note *n)
{
	bool open = r->row.state < EXAMD__V1__ATTEMPT_STATE__SUBMITTED;

	if (n->stale)
		return "stale";
	if (r->row.attempt == 0 || (!open && !r->row.connected))
		return "";
	if (r->row.connected)
		return "here";
	return r->row.state == RUNNING ? "LOST" : "away";
}

const char *need_word(enum need need)
{
	static const char *const words[NEED_NNEEDS] = {
	    [NEED_NOTHING] = "",
	    [NEED_KEPT] = "answers kept",
	    [NEED_LET_IN] = "wants in",
	    [NEED_TIME] = "time is short",
	    [NEED_OFF_PAGE] = "left the page",
	    [NEED_SILENT] = "not saving",
	    [NEED_LOST] = "no connection",
	    [NEED_SEAT] = "wants the seat",
	};

	return words[need];
}

void focus_format(const Examd__V1__RoomRow *row, char *out, size_t size)
{
	time_t at = (time_t)(row->focus_lost_wall_ms / 1000);
	char times[24] = "once", clock[16] = "?";
	struct tm tm;

	out[0] = '\0';
	if (row->focus_lost == 0)
		return;
	if (row->focus_lost > 1)
		snprintf(times, sizeof times, "%u times", row->focus_lost);
	if (localtime_r(&at, &tm) != NULL)
		strftime(clock, sizeof clock, "%H:%M", &tm);
	snprintf(out, size, "Left the page %s, last at %s.", times, clock);
}

const char *need_advice(enum need need)
{
	static const char *const words[NEED_NNEEDS] = {
	    [NEED_NOTHING] = "",
	    [NEED_KEPT] = "Answers kept, not counted: the transcript has them.",
	    [NEED_LET_IN] = "Waits to be let in: a admits.",
	    [NEED_TIME] = "The time is nearly out.",
	    [NEED_OFF_PAGE] = "The exam is not in front: go and look.",
	    [NEED_SILENT] = "Nothing saved for long: go and look.",
	    [NEED_LOST] = "No connection: p stops the clock.",
	    [NEED_SEAT] = "The seat is asked for: g gives it, x refuses.",
	};

	return words[need];
}

/* ---- Order ------------------------------------------------------------------------------- */

struct place {
	const struct room_row *row;
	size_t at;
	enum need need;
};

static int state_order(const Examd__V1__RoomRow *row)
{
	switch (row->state) {
	case EXAMD__V1__ATTEMPT_STATE__RUNNING:
		return 0;
	case EXAMD__V1__ATTEMPT_STATE__READY:
		return 1;
	case EXAMD__V1__ATTEMPT_STATE__ADMITTED:
		return 2;
	case EXAMD__V1__ATTEMPT_STATE__CHECKED_IN:
		return 3;
	case EXAMD__V1__ATTEMPT_STATE__ATTEMPT_STATE_NONE:
		return 4;
	default:
		return 5;
	}
}

static int by_urgency(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int states = state_order(&x->row->row) - state_order(&y->row->row);

	if (x->need != y->need)
		return x->need > y->need ? -1 : 1;
	return states != 0 ? states : strcmp(x->row->user, y->row->user);
}

/* Does TEXT contain WHAT, whatever the case? */
static bool contains(const char *text, const char *what)
{
	wchar_t t[256], w[FILTER_SIZE];
	size_t n = mbstowcs(t, text, COUNT(t) - 1), m = mbstowcs(w, what, COUNT(w) - 1);

	if (n == (size_t)-1 || m == (size_t)-1)
		return strcasestr(text, what) != NULL;
	t[n] = w[m] = L'\0';
	for (size_t i = 0; i < n; i++)
		t[i] = (wchar_t)towlower((wint_t)t[i]);
	for (size_t i = 0; i < m; i++)
		w[i] = (wchar_t)towlower((wint_t)w[i]);
	return wcsstr(t, w) != NULL;
}

static bool passes(const struct console_room *r, const struct place *p)
{
	return r->filter[0] == '\0' || contains(p->row->user, r->filter) ||
	       contains(p->row->name, r->filter) || contains(p->row->address, r->filter) ||
	       contains(row_state_word(&p->row->row), r->filter) ||
	       contains(row_line_word(p->row, &r->notes[p->at]), r->filter) ||
	       contains(need_word(p->need), r->filter);
}

void console_room_arrange(struct console_room *r, struct mono_ms now)
{
	struct place *places = mem_new_array(r->rows.nrows, sizeof *places);
	size_t n = 0;

	for (size_t i = 0; i < r->rows.nrows; i++) {
		places[n] = (struct place){&r->rows.rows[i], i,
					   row_need(&r->rows.rows[i], &r->notes[i], now)};
		n += passes(r, &places[n]);
	}
	qsort(places, n, sizeof *places, by_urgency);
	for (size_t i = 0; i < n; i++)
		r->shown[i] = places[i].at;
	r->nshown = n;
	free(places);
}

size_t console_room_find(const struct console_room *r, size_t row)
{
	size_t i = 0;

	while (i < r->nshown && r->shown[i] != row)
		i++;
	return i;
}

size_t console_room_marked(const struct console_room *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->rows.nrows; i++)
		n += r->notes[i].marked;
	return n;
}

size_t console_room_needing(const struct console_room *r, struct mono_ms now)
{
	size_t n = 0;

	for (size_t i = 0; i < r->rows.nrows; i++)
		n += row_need(&r->rows.rows[i], &r->notes[i], now) != NEED_NOTHING;
	return n;
}

/* ---- Texts ------------------------------------------------------------------------------- */

void age_format(struct millis age, char out[16])
{
	long long s = age.v / 1000;

	if (age.v < 0)
		out[0] = '\0';
	else if (s < 100)
		snprintf(out, 16, "%llds", s);
	else if (s < 6000)
		snprintf(out, 16, "%lldm", s / 60);
	else
		snprintf(out, 16, "%lldh%02lld", s / 3600 % 1000, s / 60 % 60);
}

void round_trip_format(uint32_t ms, char out[16])
{
	uint32_t tenths = ms / 100;

	if (ms == 0)
		out[0] = '\0';
	else if (ms < 1000)
		snprintf(out, 16, "%u ms", ms);
	else if (tenths < 1000)
		snprintf(out, 16, "%u.%u s", tenths / 10, tenths % 10);
	else
		snprintf(out, 16, ">99 s");
}

void left_format(struct millis left, char out[16])
{
	long long s = left.v > 0 ? left.v / 1000 % 10000000 : 0;

	if (s < 3600)
		snprintf(out, 16, "%lld:%02lld", s / 60, s % 60);
	else
		snprintf(out, 16, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
}

/* The next character as it may be shown, and how many bytes it took. */
static size_t next_char(const char *text, wchar_t *c, unsigned *columns)
{
	mbstate_t state = {0};
	size_t n = mbrtowc(c, text, strlen(text), &state);
	int width;

	if (n == (size_t)-1 || n == (size_t)-2 || n == 0) {
		*c = L'?';
		*columns = 1;
		return 1;
	}
	width = wcwidth(*c);
	if (width < 0)
		*c = L'?';
	*columns = width < 0 ? 1 : (unsigned)width;
	return n;
}

unsigned text_columns(const char *text)
{
	unsigned sum = 0, columns;
	wchar_t c;

	while (*text != '\0') {
		text += next_char(text, &c, &columns);
		sum += columns;
	}
	return sum;
}

const char *text_tail(const char *text, unsigned columns)
{
	unsigned all = text_columns(text), width;
	wchar_t c;

	while (all > columns) {
		text += next_char(text, &c, &width);
		all -= width;
	}
	return text;
}

static void put_spaces(struct buf *b, unsigned n)
{
	for (; n > 0; n--)
		buf_put_u8(b, ' ');
}

void text_fit(const char *text, unsigned columns, bool right, char *out, size_t size)
{
	unsigned all = text_columns(text), used = 0, width;
	unsigned most = all > columns ? columns - (columns > 0) : columns;
	struct buf b = {0};
	wchar_t c;

	if (right && all < columns)
		put_spaces(&b, columns - all);
	while (*text != '\0') {
		size_t n = next_char(text, &c, &width);

		if (used + width > most)
			break;
		if (c == L'?')
			buf_put_u8(&b, '?');
		else
			buf_put(&b, text, n);
		used += width;
		text += n;
	}
	if (all > columns) {
		put_spaces(&b, columns > 0 ? columns - 1 - used : 0);
		buf_put_text(&b, columns > 0 ? "~" : "");
	} else if (!right) {
		put_spaces(&b, columns - used);
	}
	snprintf(out, size, "%s", buf_text(&b));
	buf_fini(&b);
}
