#include "client/ctl/handlers.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

#define ATTEMPTS_MOST 1000
#define PAGE_LIMIT    SECONDS(10)

void room_rows_fini(struct room_rows *r)
{
	for (size_t i = 0; i < r->nrows; i++) {
		free(r->rows[i].user);
		free(r->rows[i].name);
		free(r->rows[i].address);
	}
	free(r->rows);
	*r = (struct room_rows){0};
}

static struct room_row *row_of(struct room_rows *r, const char *user)
{
	struct room_row *row;

	for (size_t i = 0; i < r->nrows; i++)
		if (strcmp(r->rows[i].user, user) == 0)
			return &r->rows[i];
	r->rows = mem_resize(r->rows, (r->nrows + 1) * sizeof *r->rows);
	row = &r->rows[r->nrows++];
	*row = (struct room_row){.user = mem_copy_text(user)};
	return row;
}

static void row_take(struct room_row *row, const Examd__V1__RoomRow *from)
{
	free(row->name);
	free(row->address);
	row->name = mem_copy_text(from->name);
	row->address = mem_copy_text(from->address);
	row->row = *from;
	row->row.user = row->user;
	row->row.name = row->name;
	row->row.address = row->address;
	row->row.score = NULL;
	row->changed = true;
}

void room_rows_take(struct room_rows *r, const Examd__V1__Room *room)
{
	for (size_t i = 0; i < room->n_rows; i++)
		row_take(row_of(r, room->rows[i]->user), room->rows[i]);
	if (room->sitting != NULL) {
		r->sitting = *room->sitting;
		r->sitting.exam = r->sitting.title = NULL;
	}
}

int64_t room_rows_attempt(const struct room_rows *r, const char *user)
{
	for (size_t i = 0; i < r->nrows; i++)
		if (strcmp(r->rows[i].user, user) == 0)
			return r->rows[i].row.attempt;
	return 0;
}

struct pager {
	struct remote_watcher watcher;
	struct room_rows *rows;
	bool more;
};

static void on_page(struct remote_watcher *w, const Examd__V1__Notice *notice)
{
	struct pager *p = container_of(w, struct pager, watcher);

	if (notice->kind != EXAMD__V1__NOTICE_KIND__NOTICE_ROOM || notice->room == NULL)
		return;
	room_rows_take(p->rows, notice->room);
	p->more = notice->room->more;
}

static const Examd__V1__Reply *watch(struct ctl *ctl, int64_t sitting, bool off)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__WatchSitting body = EXAMD__V1__WATCH_SITTING__INIT;

	body.sitting = sitting;
	body.off = off;
	request.body_case = EXAMD__V1__REQUEST__BODY_WATCH_SITTING;
	request.watch_sitting = &body;
	return remote_ask(ctl, &request, EXAMD__V1__REPLY__BODY__NOT_SET);
}

bool room_rows_get(struct ctl *ctl, int64_t sitting, struct room_rows *out)
{
	struct pager p = {.watcher = {.on_notice = on_page}, .rows = out, .more = true};
	struct mono_ms until = mono_add(mono_now(), PAGE_LIMIT);
	bool good = false;

	*out = (struct room_rows){0};
	remote_watch(ctl, &p.watcher);
	if (watch(ctl, sitting, false) == NULL)
		goto out;
	while (p.more && mono_left(until, mono_now()).v > 0) {
		remote_wait(ctl, mono_left(until, mono_now()));
		/* What was under way on the lost connection is asked for anew. */
		if (p.watcher.link_came_up && p.more) {
			p.watcher.link_came_up = false;
			if (watch(ctl, sitting, false) == NULL)
				goto out;
		}
	}
	if (p.more)
		ctl_failed("The list of the room did not come whole.");
	good = !p.more && watch(ctl, sitting, true) != NULL;
out:
	remote_watch(ctl, NULL);
	if (!good)
		room_rows_fini(out);
	return good;
}

/* ---- Whom a command is for --------------------------------------------------------------- */

static bool attempts_of_users(struct ctl *ctl, int64_t sitting, char **users, size_t nusers,
			      int64_t *out)
{
	struct room_rows rows;
	bool good = true;

	if (!room_rows_get(ctl, sitting, &rows))
		return false;
	for (size_t i = 0; i < nusers; i++) {
		out[i] = room_rows_attempt(&rows, users[i]);
		if (out[i] == 0) {
			ctl_failed("%s has not checked in to sitting %lld", users[i],
				   (long long)sitting);
			good = false;
		}
	}
	room_rows_fini(&rows);
	return good;
}

/* --only or --attempts; none: the room. */
static int find_attempts(struct ctl *ctl, Examd__V1__RoomCommand *command, char **pieces,
			 int64_t *attempts)
{
	const char *only = ctl_value(ctl, OPT_ONLY), *numbers = ctl_value(ctl, OPT_ATTEMPTS);
	char *text;
	size_t n;
	int status = EXIT_DONE;

	if (only != NULL && numbers != NULL)
		return ctl_wrong("--only and --attempts are two ways to say the same");
	if (only == NULL && numbers == NULL)
		return EXIT_DONE;
	text = mem_copy_text(only != NULL ? only : numbers);
	n = list_cut(text, pieces, ATTEMPTS_MOST);
	if (n == 0)
		status = ctl_wrong("nobody is named");
	else if (only != NULL)
		status = attempts_of_users(ctl, command->sitting, pieces, n, attempts)
			     ? EXIT_DONE
			     : EXIT_REFUSED;
	for (size_t i = 0; only == NULL && i < n && status == EXIT_DONE; i++)
		if (!ctl_number(pieces[i], 1, &attempts[i]))
			status = EXIT_USAGE;
	command->attempts = attempts;
	command->n_attempts = n;
	free(text);
	return status;
}

int room_command(struct ctl *ctl, Examd__V1__RoomCommand *command)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	char **pieces = mem_new_array(ATTEMPTS_MOST, sizeof *pieces);
	int64_t *attempts = mem_new_array(ATTEMPTS_MOST, sizeof *attempts), version = 0;
	uint8_t id[16];
	int status = EXIT_REFUSED;

	if (ctl_has(ctl, OPT_VERSION) && !ctl_number(ctl_value(ctl, OPT_VERSION), 1, &version)) {
		status = EXIT_USAGE;
		goto out;
	}
	if (!remote_open(ctl))
		goto out;
	if (command->n_attempts == 0 &&
	    (status = find_attempts(ctl, command, pieces, attempts)) != EXIT_DONE)
		goto out;
	exam_client_command_id(id);
	command->command_id = (ProtobufCBinaryData){sizeof id, id};
	command->version = (uint64_t)version;
	command->force = ctl_has(ctl, OPT_FORCE);
	request.body_case = EXAMD__V1__REQUEST__BODY_ROOM_COMMAND;
	request.room_command = command;
	status = EXIT_REFUSED;
	if (remote_ask(ctl, &request, EXAMD__V1__REPLY__BODY__NOT_SET) != NULL) {
		puts("Done.");
		status = EXIT_DONE;
	}
out:
	free(pieces);
	free(attempts);
	return status;
}
