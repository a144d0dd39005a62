#include "client/ctl/handlers.h"

#include <stdlib.h>

#include "client/ctl/table.h"
#include "proto/base/mem.h"

/* To one attempt; its sitting is found by the server. */
static int command(struct ctl *ctl, Examd__V1__RoomVerb verb, int64_t minutes)
{
	Examd__V1__RoomCommand body = EXAMD__V1__ROOM_COMMAND__INIT;
	const char *reason = ctl_value(ctl, OPT_REASON);
	int64_t attempt;

	if (!ctl_number(ctl->args[0], 1, &attempt))
		return EXIT_USAGE;
	if (reason == NULL || reason[0] == '\0')
		return ctl_wrong("--reason is needed: it goes on record");
	body.verb = verb;
	body.attempts = &attempt;
	body.n_attempts = 1;
	body.minutes = (int32_t)minutes;
	body.reason = (char *)(uintptr_t)reason;
	return room_command(ctl, &body);
}

int attempt_reopen(struct ctl *ctl)
{
	const char *text = ctl_value(ctl, OPT_MINUTES);
	int64_t minutes;

	if (text == NULL)
		return ctl_wrong("--minutes is needed");
	if (!ctl_number(text, 1, &minutes))
		return EXIT_USAGE;
	if (minutes > 1440)
		return ctl_wrong("at most 1440 minutes");
	return command(ctl, EXAMD__V1__ROOM_VERB__ROOM_REOPEN, minutes);
}

int attempt_void(struct ctl *ctl)
{
	return command(ctl, EXAMD__V1__ROOM_VERB__ROOM_VOID, 0);
}

int attempt_transcript(struct ctl *ctl)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__Transcript body = EXAMD__V1__TRANSCRIPT__INIT;
	const Examd__V1__Reply *reply;
	struct buf content = {0};
	int status = EXIT_REFUSED;
	enum err err;

	if (!ctl_has(ctl, OPT_OUTPUT))
		return ctl_wrong("-o FILE is needed");
	if (!ctl_number(ctl->args[0], 1, &body.attempt))
		return EXIT_USAGE;
	body.download = 1;
	request.body_case = EXAMD__V1__REQUEST__BODY_TRANSCRIPT;
	request.transcript = &body;
	if (!remote_open(ctl) ||
	    (reply = remote_ask(ctl, &request, EXAMD__V1__REPLY__BODY_FILE)) == NULL)
		return EXIT_REFUSED;
	err = remote_download(ctl, reply->file, &content);
	if (err != ERR_OK)
		remote_refused(err, NULL);
	else if (ctl_write_file(ctl_value(ctl, OPT_OUTPUT), &content))
		status = EXIT_DONE;
	buf_fini(&content);
	return status;
}

static void add_attempt(struct table *t, const Examd__V1__AttemptInfo *a)
{
	table_number(t, a->attempt);
	table_text(t, a->exam);
	table_text(t, attempt_state_word(a->state));
	table_yes_no(t, a->practice);
	table_number(t, a->sitting);
	table_wall(t, (struct wall_ms){a->started_wall_ms});
	table_wall(t, (struct wall_ms){a->closed_wall_ms});
	table_number(t, a->answered);
	table_number(t, a->items);
	if (a->score != NULL) {
		table_points(t, a->score->points);
		table_points(t, a->score->points_most);
		table_yes_no(t, a->score->passed);
	} else {
		table_text(t, NULL);
		table_text(t, NULL);
		table_text(t, NULL);
	}
}

/* Page after page. */
static bool add_pages(struct ctl *ctl, struct table *t)
{
	Examd__V1__ListAttempts body = EXAMD__V1__LIST_ATTEMPTS__INIT;
	bool more = true;

	body.user = ctl->args[0];
	while (more) {
		Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
		const Examd__V1__Reply *reply;
		const Examd__V1__Attempts *page;

		request.body_case = EXAMD__V1__REQUEST__BODY_LIST_ATTEMPTS;
		request.list_attempts = &body;
		reply = remote_ask(ctl, &request, EXAMD__V1__REPLY__BODY_ATTEMPTS);
		if (reply == NULL)
			return false;
		page = reply->attempts;
		for (size_t i = 0; i < page->n_attempts; i++)
			add_attempt(t, page->attempts[i]);
		more = page->more && page->n_attempts > 0;
		if (more)
			body.before_attempt = page->attempts[page->n_attempts - 1]->attempt;
	}
	return true;
}

int attempt_list(struct ctl *ctl)
{
	static const struct column columns[] = {
	    {"attempt", "ATTEMPT", CELL_NUMBER},  {"exam", "EXAM", CELL_TEXT},
	    {"state", "STATE", CELL_TEXT},	  {"practice", "PRACTICE", CELL_YES_NO},
	    {"sitting", "SITTING", CELL_NUMBER},  {"started", "STARTED", CELL_TEXT},
	    {"closed", "CLOSED", CELL_TEXT},	  {"answered", "ANSWERED", CELL_NUMBER},
	    {"items", "OF", CELL_NUMBER},	  {"points", "POINTS", CELL_NUMBER},
	    {"points_most", "MOST", CELL_NUMBER}, {"passed", "PASSED", CELL_YES_NO},
	};
	int status = EXIT_REFUSED;
	struct table t;

	table_init(&t, columns, COUNT(columns));
	if (remote_open(ctl) && add_pages(ctl, &t)) {
		table_print(&t, stdout, ctl_json(ctl));
		status = EXIT_DONE;
	}
	table_fini(&t);
	return status;
}
