#include "client/ctl/handlers.h"

#include <stdlib.h>
#include <string.h>

#include "client/ctl/slips_page.h"
#include "client/ctl/table.h"
#include "proto/base/mem.h"

#define USERS_MOST 1000

static bool sitting_number(const struct ctl *ctl, int64_t *out)
{
	return ctl_number(ctl->args[0], 1, out);
}

/* ---- Scheduling -------------------------------------------------------------------------- */

static bool wall_option(const struct ctl *ctl, enum opt opt, int64_t *out)
{
	struct wall_ms wall = {0};
	const char *text = ctl_value(ctl, opt);

	if (text != NULL && wall_parse(text, &wall) != ERR_OK) {
		ctl_wrong("\"%s\" is no time like 2026-12-01T09:00Z", text);
		return false;
	}
	*out = wall.v;
	return true;
}

static char *text_option(const struct ctl *ctl, enum opt opt)
{
	const char *text = ctl_value(ctl, opt);

	return text != NULL ? (char *)(uintptr_t)text : (char *)(uintptr_t)protobuf_c_empty_string;
}

static void print_sitting(const Examd__V1__Sitting *s, bool json)
{
	if (json)
		printf("{\"sitting\": %lld, \"candidates\": %u}\n", (long long)s->sitting,
		       s->candidates);
	else
		printf("Sitting %lld of %s for %u candidates.\n", (long long)s->sitting, s->exam,
		       s->candidates);
}

static int create(struct ctl *ctl, Examd__V1__SittingCreate *body)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	const Examd__V1__Reply *reply;
	uint8_t id[16];

	exam_client_command_id(id);
	body->command_id = (ProtobufCBinaryData){sizeof id, id};
	request.body_case = EXAMD__V1__REQUEST__BODY_SITTING_CREATE;
	request.sitting_create = body;
	if (!remote_open(ctl) ||
	    (reply = remote_ask(ctl, &request, EXAMD__V1__REPLY__BODY_SITTINGS)) == NULL)
		return EXIT_REFUSED;
	if (reply->sittings->n_sittings > 0)
		print_sitting(reply->sittings->sittings[0], ctl_json(ctl));
	return EXIT_DONE;
}

int sitting_create(struct ctl *ctl)
{
	Examd__V1__SittingCreate body = EXAMD__V1__SITTING_CREATE__INIT;
	char **users = mem_new_array(USERS_MOST, sizeof *users);
	char *list = mem_copy_text(text_option(ctl, OPT_USERS));
	int status = EXIT_USAGE;

	body.exam = text_option(ctl, OPT_EXAM);
	body.title = text_option(ctl, OPT_TITLE);
	body.group = text_option(ctl, OPT_GROUP);
	body.n_users = list_cut(list, users, USERS_MOST);
	body.users = users;
	if (body.exam[0] == '\0' || body.title[0] == '\0')
		ctl_wrong("--exam and --title are needed");
	else if (body.group[0] == '\0' && body.n_users == 0)
		ctl_wrong("for whom? --group or --users");
	else if (wall_option(ctl, OPT_OPENS, &body.opens_wall_ms) &&
		 wall_option(ctl, OPT_CLOSES, &body.closes_wall_ms) &&
		 wall_option(ctl, OPT_ROOM_ENDS, &body.room_ends_wall_ms))
		status = create(ctl, &body);
	free(list);
	free(users);
	return status;
}

int sitting_list(struct ctl *ctl)
{
	static const struct column columns[] = {
	    {"sitting", "ID", CELL_NUMBER},
	    {"exam", "EXAM", CELL_TEXT},
	    {"title", "TITLE", CELL_TEXT},
	    {"state", "STATE", CELL_TEXT},
	    {"paused", "PAUSED", CELL_YES_NO},
	    {"candidates", "CANDIDATES", CELL_NUMBER},
	    {"checked_in", "HERE", CELL_NUMBER},
	    {"ready", "READY", CELL_NUMBER},
	    {"running", "RUNNING", CELL_NUMBER},
	    {"closed", "CLOSED", CELL_NUMBER},
	    {"result_released", "RESULTS", CELL_YES_NO},
	    {"version", "VERSION", CELL_NUMBER},
	};
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__SittingList body = EXAMD__V1__SITTING_LIST__INIT;
	const Examd__V1__Reply *reply;
	struct table t;

	request.body_case = EXAMD__V1__REQUEST__BODY_SITTING_LIST;
	request.sitting_list = &body;
	if (!remote_open(ctl) ||
	    (reply = remote_ask(ctl, &request, EXAMD__V1__REPLY__BODY_SITTINGS)) == NULL)
		return EXIT_REFUSED;
	table_init(&t, columns, COUNT(columns));
	for (size_t i = 0; i < reply->sittings->n_sittings; i++) {
		const Examd__V1__Sitting *s = reply->sittings->sittings[i];

		table_number(&t, s->sitting);
		table_text(&t, s->exam);
		table_text(&t, s->title);
		table_text(&t, sitting_state_word(s->state));
		table_yes_no(&t, s->paused);
		table_number(&t, s->candidates);
		table_number(&t, s->checked_in);
		table_number(&t, s->ready);
		table_number(&t, s->running);
		table_number(&t, s->closed);
		table_yes_no(&t, s->result_released);
		table_number(&t, (int64_t)s->version);
	}
	table_print(&t, stdout, ctl_json(ctl));
	table_fini(&t);
	return EXIT_DONE;
}

/* Title and exam of a sitting, to be freed.  False: failed, and told. */
static bool sitting_titles(struct ctl *ctl, int64_t sitting, char **title, char **exam)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__SittingList body = EXAMD__V1__SITTING_LIST__INIT;
	const Examd__V1__Reply *reply;

	request.body_case = EXAMD__V1__REQUEST__BODY_SITTING_LIST;
	request.sitting_list = &body;
	reply = remote_ask(ctl, &request, EXAMD__V1__REPLY__BODY_SITTINGS);
	if (reply == NULL)
		return false;
	for (size_t i = 0; i < reply->sittings->n_sittings && *title == NULL; i++) {
		const Examd__V1__Sitting *s = reply->sittings->sittings[i];

		if (s->sitting != sitting)
			continue;
		*title = mem_copy_text(s->title);
		*exam = mem_copy_text(s->exam);
	}
	if (*title == NULL)
		ctl_failed("%s", err_sentence(ERR_NOT_FOUND));
	return *title != NULL;
}

/* ---- Slips ------------------------------------------------------------------------------- */

/* The join line of a slip: the server as it was reached, or as --join-host names it. */
static bool join_of(struct ctl *ctl, const char *slip, char line[JOIN_TEXT_SIZE])
{
	struct join join = *remote_server(ctl);
	const char *host = ctl_value(ctl, OPT_JOIN_HOST);

	if (host != NULL) {
		struct join named;

		if (join_parse(host, &named) != ERR_OK) {
			ctl_wrong("\"%s\" is no HOST:PORT", host);
			return false;
		}
		memcpy(join.host, named.host, sizeof join.host);
		join.port = named.port;
	}
	snprintf(join.slip, sizeof join.slip, "%s", slip);
	join_format(&join, line, JOIN_TEXT_SIZE);
	return true;
}

static bool add_slip(struct ctl *ctl, struct table *t, const Examd__V1__Slip *s)
{
	char line[JOIN_TEXT_SIZE];

	if (!join_of(ctl, s->slip, line))
		return false;
	table_text(t, s->user);
	table_text(t, s->name);
	table_text(t, s->slip);
	if (t->ncolumns > 3)
		table_text(t, line);
	return true;
}

/* One page of slips is one command. */
static const Examd__V1__Slips *ask_slips(struct ctl *ctl, Examd__V1__SittingSlips *body)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	const Examd__V1__Reply *reply;
	uint8_t id[16];

	exam_client_command_id(id);
	body->command_id = (ProtobufCBinaryData){sizeof id, id};
	request.body_case = EXAMD__V1__REQUEST__BODY_SITTING_SLIPS;
	request.sitting_slips = body;
	reply = remote_ask(ctl, &request, EXAMD__V1__REPLY__BODY_SLIPS);
	return reply != NULL ? reply->slips : NULL;
}

static int add_slips(struct ctl *ctl, struct table *t, Examd__V1__SittingSlips *body)
{
	char *after = mem_copy_text("");
	bool more = true;
	int status = EXIT_DONE;

	while (more && status == EXIT_DONE) {
		const Examd__V1__Slips *slips;

		body->after_user = after;
		slips = ask_slips(ctl, body);
		if (slips == NULL)
			status = EXIT_REFUSED;
		for (size_t i = 0; status == EXIT_DONE && i < slips->n_slips; i++)
			if (!add_slip(ctl, t, slips->slips[i]))
				status = EXIT_USAGE;
		more = slips != NULL && slips->more && slips->n_slips > 0;
		free(after);
		after = mem_copy_text(more ? slips->slips[slips->n_slips - 1]->user : "");
	}
	free(after);
	return status;
}

/* The page to print, from the same table. */
static int print_slips(struct ctl *ctl, int64_t sitting, const struct table *t, enum paper paper)
{
	struct slip_card *cards = mem_new_array(table_rows(t), sizeof *cards);
	struct slips_page page = {.paper = paper, .cards = cards, .ncards = table_rows(t)};
	char *title = NULL, *exam = NULL;
	struct buf html = {0};
	int status = EXIT_REFUSED;
	enum err err;

	for (size_t i = 0; i < page.ncards; i++) {
		char *const *cells = &t->cells[i * t->ncolumns];

		cards[i] = (struct slip_card){cells[0], cells[1], cells[2], cells[3]};
	}
	if (!sitting_titles(ctl, sitting, &title, &exam))
		goto out;
	page.title = title;
	page.exam = exam;
	if ((err = slips_page_write(&html, &page)) != ERR_OK)
		ctl_failed("a join line does not fit a QR code: %s", err_sentence(err));
	else if (ctl_write_file(ctl_value(ctl, OPT_HTML), &html))
		status = EXIT_DONE;
	if (status == EXIT_DONE && strcmp(ctl_value(ctl, OPT_HTML), "-") != 0)
		printf("%zu slips and a sign-in sheet are in %s.\n", page.ncards,
		       ctl_value(ctl, OPT_HTML));
out:
	if (status != EXIT_DONE)
		ctl_failed("The slips were made but not written; run it again for new ones.");
	buf_fini(&html);
	free(title);
	free(exam);
	free(cards);
	return status;
}

/* --paper; A4 without it. */
static bool paper_option(const struct ctl *ctl, enum paper *out)
{
	const char *text = ctl_value(ctl, OPT_PAPER);

	*out = PAPER_A4;
	if (text != NULL && !ctl_has(ctl, OPT_HTML)) {
		ctl_wrong("--paper is for --html FILE");
		return false;
	}
	if (text == NULL || paper_parse(text, out) == ERR_OK)
		return true;
	ctl_wrong("--paper is a4 or letter");
	return false;
}

int sitting_slips(struct ctl *ctl)
{
	static const struct column columns[] = {
	    {"user", "USER", CELL_TEXT},
	    {"name", "NAME", CELL_TEXT},
	    {"slip", "SLIP", CELL_TEXT},
	    {"join", "JOIN LINE", CELL_TEXT},
	};
	Examd__V1__SittingSlips body = EXAMD__V1__SITTING_SLIPS__INIT;
	char **users = mem_new_array(USERS_MOST, sizeof *users);
	char *list = mem_copy_text(text_option(ctl, OPT_USERS));
	enum paper paper;
	struct table t;
	int status = EXIT_USAGE;

	table_init(&t, columns,
		   ctl_has(ctl, OPT_PRINT_JOIN) || ctl_has(ctl, OPT_HTML) || ctl_json(ctl) ? 4 : 3);
	if (!sitting_number(ctl, &body.sitting) || !paper_option(ctl, &paper))
		goto out;
	body.n_users = list_cut(list, users, USERS_MOST);
	body.users = users;
	status = remote_open(ctl) ? add_slips(ctl, &t, &body) : EXIT_REFUSED;
	if (status == EXIT_DONE && ctl_has(ctl, OPT_HTML))
		status = print_slips(ctl, body.sitting, &t, paper);
	else if (status == EXIT_DONE)
		table_print(&t, stdout, ctl_json(ctl));
out:
	table_fini(&t);
	free(list);
	free(users);
	return status;
}

/* ---- The room ---------------------------------------------------------------------------- */

static int verb(struct ctl *ctl, Examd__V1__RoomVerb v)
{
	Examd__V1__RoomCommand body = EXAMD__V1__ROOM_COMMAND__INIT;

	body.verb = v;
	body.reason = text_option(ctl, OPT_REASON);
	if (!sitting_number(ctl, &body.sitting))
		return EXIT_USAGE;
	return room_command(ctl, &body);
}

int sitting_open(struct ctl *ctl)
{
	return verb(ctl, EXAMD__V1__ROOM_VERB__ROOM_OPEN);
}

int sitting_admit(struct ctl *ctl)
{
	return verb(ctl, EXAMD__V1__ROOM_VERB__ROOM_ADMIT);
}

int sitting_start(struct ctl *ctl)
{
	return verb(ctl, EXAMD__V1__ROOM_VERB__ROOM_START);
}

int sitting_pause(struct ctl *ctl)
{
	return verb(ctl, EXAMD__V1__ROOM_VERB__ROOM_PAUSE);
}

int sitting_resume(struct ctl *ctl)
{
	return verb(ctl, EXAMD__V1__ROOM_VERB__ROOM_RESUME);
}

int sitting_close(struct ctl *ctl)
{
	return verb(ctl, EXAMD__V1__ROOM_VERB__ROOM_CLOSE);
}

int sitting_add_minutes(struct ctl *ctl)
{
	Examd__V1__RoomCommand body = EXAMD__V1__ROOM_COMMAND__INIT;
	int64_t minutes;

	body.verb = EXAMD__V1__ROOM_VERB__ROOM_ADD_MINUTES;
	body.reason = text_option(ctl, OPT_REASON);
	if (!sitting_number(ctl, &body.sitting) || !ctl_number(ctl->args[1], -1440, &minutes))
		return EXIT_USAGE;
	if (minutes == 0 || minutes > 1440)
		return ctl_wrong("-1440 to 1440 minutes, and not 0");
	if (body.reason[0] == '\0')
		return ctl_wrong("--reason is needed: it goes on record");
	body.minutes = (int32_t)minutes;
	return room_command(ctl, &body);
}

int sitting_message(struct ctl *ctl)
{
	Examd__V1__RoomCommand body = EXAMD__V1__ROOM_COMMAND__INIT;

	body.verb = EXAMD__V1__ROOM_VERB__ROOM_MESSAGE;
	body.text = ctl->args[1];
	if (!sitting_number(ctl, &body.sitting))
		return EXIT_USAGE;
	return room_command(ctl, &body);
}

/* For one candidate, named as the second argument. */
static int seat(struct ctl *ctl, Examd__V1__RoomVerb v)
{
	ctl->values[OPT_ONLY] = ctl->args[1];
	return verb(ctl, v);
}

int sitting_release_seat(struct ctl *ctl)
{
	return seat(ctl, EXAMD__V1__ROOM_VERB__ROOM_RELEASE_SEAT);
}

int sitting_refuse_seat(struct ctl *ctl)
{
	return seat(ctl, EXAMD__V1__ROOM_VERB__ROOM_REFUSE_SEAT);
}
