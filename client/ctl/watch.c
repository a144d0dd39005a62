/* sitting watch: the room as it changes.  On a terminal the table is written over itself; otherwise
 * each row that has changed is a line. */
#include "client/ctl/handlers.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl/table.h"
#include "proto/base/mem.h"

#define ASK_AGAIN SECONDS(20) /* so that a dead connection is noticed */
#define REDRAW	  SECONDS(1)

enum until { UNTIL_NEVER, UNTIL_ALL_READY, UNTIL_ALL_CLOSED, UNTIL_TAKEOVER, UNTIL_N_READY };

struct room_watch {
	struct remote_watcher watcher;
	struct room_rows rows;
	struct ctl *ctl; /* borrowed */
	int64_t sitting;
	enum until until;
	int64_t least;
	bool terminal, json;
	bool whole;	     /* every row has come */
	size_t drawn;	     /* lines on the terminal that the next drawing goes over */
	struct mono_ms read; /* when the remaining times were told */
};

static bool until_parse(struct room_watch *w, const char *text)
{
	char *end;

	if (text == NULL)
		return true;
	if (strcmp(text, "all-ready") == 0) {
		w->until = UNTIL_ALL_READY;
	} else if (strcmp(text, "all-closed") == 0) {
		w->until = UNTIL_ALL_CLOSED;
	} else if (strcmp(text, "takeover-asked") == 0) {
		w->until = UNTIL_TAKEOVER;
	} else {
		w->least = strtoll(text, &end, 10);
		w->until = UNTIL_N_READY;
		if (w->least < 1 || strcmp(end, "-ready") != 0) {
			ctl_wrong("--until is all-ready, all-closed, takeover-asked or N-ready");
			return false;
		}
	}
	return true;
}

static bool is_ready(const Examd__V1__RoomRow *row)
{
	return row->state >= EXAMD__V1__ATTEMPT_STATE__READY;
}

static bool is_closed(const Examd__V1__RoomRow *row)
{
	return row->state >= EXAMD__V1__ATTEMPT_STATE__SUBMITTED;
}

/* Whoever never came holds up "all-ready", but not "all-closed". */
static bool is_over(const struct room_watch *w)
{
	int64_t ready = 0, closed = 0, here = 0, asked = 0;

	for (size_t i = 0; i < w->rows.nrows; i++) {
		const Examd__V1__RoomRow *row = &w->rows.rows[i].row;

		here += row->attempt > 0;
		ready += is_ready(row);
		closed += is_closed(row);
		asked += row->takeover_asked;
	}
	if (!w->whole)
		return false;
	switch (w->until) {
	case UNTIL_NEVER:
		return false;
	case UNTIL_ALL_READY:
		return ready > 0 && ready == (int64_t)w->rows.nrows;
	case UNTIL_ALL_CLOSED:
		return here > 0 && closed == here;
	case UNTIL_TAKEOVER:
		return asked > 0;
	case UNTIL_N_READY:
		return ready >= w->least;
	}
	return false;
}

/* ---- Showing ----------------------------------------------------------------------------- */

static const struct column columns[] = {
    {"user", "USER", CELL_TEXT},
    {"name", "NAME", CELL_TEXT},
    {"attempt", "ATTEMPT", CELL_NUMBER},
    {"state", "STATE", CELL_TEXT},
    {"stopped", "CLOCK", CELL_TEXT},
    {"answered", "ANSWERED", CELL_NUMBER},
    {"items", "OF", CELL_NUMBER},
    {"left", "LEFT", CELL_TEXT},
    {"connected", "CONNECTED", CELL_YES_NO},
    {"takeover_asked", "WANTS SEAT", CELL_YES_NO},
    {"kept", "KEPT", CELL_NUMBER},
};

static struct millis left_now(const struct room_watch *w, const Examd__V1__RoomRow *row)
{
	int64_t left = row->remaining_ms;

	if (row->state == EXAMD__V1__ATTEMPT_STATE__RUNNING && row->stopped == 0)
		left -= mono_now().v - w->read.v;
	return (struct millis){left > 0 ? left : 0};
}

static void add_row(const struct room_watch *w, struct table *t, const struct room_row *r)
{
	const Examd__V1__RoomRow *row = &r->row;
	char stops[96];

	stops_format(row->stopped, stops, sizeof stops);
	table_text(t, r->user);
	table_text(t, r->name);
	table_number(t, row->attempt);
	table_text(t, attempt_state_word(row->state));
	table_text(t, stops[0] != '\0'					? stops
		      : row->state == EXAMD__V1__ATTEMPT_STATE__RUNNING ? "runs"
									: NULL);
	table_number(t, row->answered);
	table_number(t, row->items);
	table_duration(t, left_now(w, row));
	table_yes_no(t, row->connected);
	table_yes_no(t, row->takeover_asked);
	table_number(t, row->kept);
}

static void draw(struct room_watch *w)
{
	struct table t;

	table_init(&t, columns, COUNT(columns));
	for (size_t i = 0; i < w->rows.nrows; i++)
		add_row(w, &t, &w->rows.rows[i]);
	if (w->drawn > 0)
		printf("\033[%zuA\033[J", w->drawn);
	printf("Sitting %lld: %s%s, %u of %u ready, %u running, %u closed\n", (long long)w->sitting,
	       sitting_state_word(w->rows.sitting.state), w->rows.sitting.paused ? " (paused)" : "",
	       w->rows.sitting.ready, w->rows.sitting.candidates, w->rows.sitting.running,
	       w->rows.sitting.closed);
	table_print(&t, stdout, false);
	fflush(stdout);
	w->drawn = table_rows(&t) + 2;
	table_fini(&t);
}

static void print_line(const struct room_watch *w, const struct room_row *r)
{
	char stops[96];

	stops_format(r->row.stopped, stops, sizeof stops);
	printf("%s attempt %lld %s%s%s%s answered %u/%u left %llds%s%s\n", r->user,
	       (long long)r->row.attempt, attempt_state_word(r->row.state),
	       stops[0] != '\0' ? " (" : "", stops, stops[0] != '\0' ? ")" : "", r->row.answered,
	       r->row.items, (long long)left_now(w, &r->row).v / 1000,
	       r->row.connected ? "" : " not connected",
	       r->row.takeover_asked ? " wants the seat" : "");
}

static void print_json_line(const struct room_watch *w, const struct room_row *r)
{
	char stops[96], *text;
	json_t *line;

	stops_format(r->row.stopped, stops, sizeof stops);
	line = json_pack("{s:s,s:s,s:I,s:s,s:s,s:i,s:i,s:I,s:b,s:b,s:i,s:i}", "user", r->user,
			 "name", r->name, "attempt", (json_int_t)r->row.attempt, "state",
			 attempt_state_word(r->row.state), "stopped", stops, "answered",
			 (int)r->row.answered, "items", (int)r->row.items, "remaining_ms",
			 (json_int_t)left_now(w, &r->row).v, "connected", (int)r->row.connected,
			 "takeover_asked", (int)r->row.takeover_asked, "seat", (int)r->row.seat,
			 "kept", (int)r->row.kept);
	text = json_dumps(line, JSON_COMPACT | JSON_PRESERVE_ORDER);
	puts(text);
	free(text);
	json_decref(line);
}

static void show(struct room_watch *w)
{
	if (w->terminal && !w->json) {
		draw(w);
		return;
	}
	for (size_t i = 0; i < w->rows.nrows; i++) {
		struct room_row *r = &w->rows.rows[i];

		if (!r->changed)
			continue;
		r->changed = false;
		if (w->json)
			print_json_line(w, r);
		else
			print_line(w, r);
	}
	fflush(stdout);
}

/* ---- Watching ---------------------------------------------------------------------------- */

static void on_notice(struct remote_watcher *watcher, const Examd__V1__Notice *notice)
{
	struct room_watch *w = container_of(watcher, struct room_watch, watcher);

	if (notice->kind != EXAMD__V1__NOTICE_KIND__NOTICE_ROOM || notice->room == NULL)
		return;
	room_rows_take(&w->rows, notice->room);
	w->read = mono_now();
	w->whole = !notice->room->more;
}

static bool ask(struct room_watch *w)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__WatchSitting body = EXAMD__V1__WATCH_SITTING__INIT;
	w->watcher.link_came_up = false;
	body.sitting = w->sitting;
	request.body_case = EXAMD__V1__REQUEST__BODY_WATCH_SITTING;
	request.watch_sitting = &body;
	return remote_ask(w->ctl, &request, EXAMD__V1__REPLY__BODY__NOT_SET) != NULL;
}

static int watch_room(struct room_watch *w)
{
	struct mono_ms asked = mono_now();

	if (!ask(w))
		return EXIT_REFUSED;
	for (;;) {
		show(w);
		if (is_over(w))
			return EXIT_DONE;
		remote_wait(w->ctl, REDRAW);
		if (w->watcher.link_came_up ||
		    mono_left(mono_add(asked, ASK_AGAIN), mono_now()).v == 0) {
			if (!ask(w))
				return EXIT_REFUSED;
			asked = mono_now();
		}
	}
}

int sitting_watch(struct ctl *ctl)
{
	struct room_watch w = {.watcher = {.on_notice = on_notice}, .ctl = ctl};
	int status;

	w.terminal = isatty(STDOUT_FILENO) == 1;
	w.json = ctl_json(ctl);
	if (!ctl_number(ctl->args[0], 1, &w.sitting) || !until_parse(&w, ctl_value(ctl, OPT_UNTIL)))
		return EXIT_USAGE;
	if (!remote_open(ctl))
		return EXIT_REFUSED;
	remote_watch(ctl, &w.watcher);
	status = watch_room(&w);
	remote_watch(ctl, NULL);
	room_rows_fini(&w.rows);
	return status;
}
