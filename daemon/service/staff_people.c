/* Staff: the roster. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/service/commands.h"
#include "daemon/service/files.h"
#include "daemon/service/passwords.h"
#include "daemon/service/people.h"
#include "daemon/service/people_csv.h"
#include "daemon/service/report_back.h"
#include "daemon/service/routes.h"
#include "daemon/service/sessions.h"

#define STAFF_AT_ONCE 100 /* one-time passwords made by one import */

/* ---- Import ------------------------------------------------------------------------------------
 */

/* An import in steps: the roster is read on the worker, judged on the loop against the people that
 * are there, passwords of new staff are hashed on the worker, and then all of it becomes true at
 * once: people, passwords and the kept reply are one transaction, so a crash leaves all or nothing.
 */
struct import {
	struct job reading;
	struct password_job hashing; /* one task for each new member of staff */
	struct core *core;
	struct ticket ticket;
	struct command_ref command;
	struct person_id asker;
	bool check_only, was_read;
	char *file;
	struct bytes text; /* owned: a copy of the upload */
	struct arena arena;
	struct roster roster;
	struct diag diag;
	const struct roster_row **staff;       /* owned; the row of each task, in order */
	char (*shown)[ONE_TIME_PASSWORD_SIZE]; /* owned; likewise */
	Examd__V1__Secret *secrets;	       /* owned; of the staff that was added */
	size_t nsecrets;
	uint32_t added, updated;
};

static void import_free(struct import *im)
{
	size_t i;

	for (i = 0; i < im->hashing.ntasks; i++) {
		password_wipe(im->hashing.tasks[i].password);
		sodium_memzero(im->shown[i], sizeof im->shown[i]);
	}
	free(im->hashing.tasks);
	free(im->staff);
	free(im->shown);
	free(im->secrets);
	roster_fini(&im->roster);
	arena_fini(&im->arena);
	diag_fini(&im->diag);
	free((void *)(uintptr_t)im->text.data);
	free(im->file);
	free(im);
}

/* ---- Judging ---- */

/* Nobody makes, raises or changes a person above the own role, or changes the own one. */
static void check_roles(struct import *im)
{
	const struct person *asker = people_find(im->core->people, im->asker);
	Examd__V1__Role own = asker->disabled ? EXAMD__V1__ROLE__ROLE_NONE : asker->role;
	size_t i;

	for (i = 0; i < im->roster.length; i++) {
		const struct roster_row *row = &im->roster.rows[i];
		const struct person *p = people_find_user(im->core->people, row->user);
		struct diag_place place = {im->file, row->line, 1};

		if (row->role > own || (p != NULL && p->role > own))
			diag_add(&im->diag, DIAG_ERROR, place, "role-above-own",
				 "you may not make or change a person of this role");
		else if (p == asker && row->role != own)
			diag_add(&im->diag, DIAG_ERROR, place, "own-role",
				 "you may not change your own role");
	}
}

static bool is_new_staff(const struct import *im, const struct roster_row *row)
{
	return row->role > EXAMD__V1__ROLE__ROLE_CANDIDATE &&
	       people_find_user(im->core->people, row->user) == NULL;
}

static void check_staff_count(struct import *im)
{
	size_t i, n = 0;

	for (i = 0; i < im->roster.length; i++)
		n += is_new_staff(im, &im->roster.rows[i]);
	if (n > STAFF_AT_ONCE)
		diag_add(&im->diag, DIAG_ERROR, (struct diag_place){im->file, 0, 0},
			 "too-many-staff", "%zu new members of staff at once; at most %d", n,
			 STAFF_AT_ONCE);
}

/* May it become true? */
static bool import_is_good(struct import *im)
{
	if (!diag_has_errors(&im->diag)) {
		check_roles(im);
		check_staff_count(im);
	}
	return !diag_has_errors(&im->diag);
}

/* ---- Making it true ---- */

static bool row_changes(const struct person *p, const struct roster_row *row)
{
	return p == NULL || strcmp(p->name, row->name) != 0 || strcmp(p->email, row->email) != 0 ||
	       strcmp(p->group, row->group) != 0 || p->role != row->role ||
	       p->extra_percent != row->extra_percent;
}

static struct person_id import_row(struct core *core, const struct roster_row *row,
				   const struct person *known)
{
	struct store_person sp = {
	    .id = known == NULL ? person_id_random() : known->id,
	    .user = row->user,
	    .name = row->name,
	    .email = row->email,
	    .group = row->group,
	    .role = (uint32_t)row->role,
	    .extra_percent = row->extra_percent,
	    .disabled = known != NULL && known->disabled,
	};
	bool other_role = known != NULL && known->role != row->role;

	people_put(core, &sp);
	if (other_role) /* what a session may do has changed */
		sessions_end_of(core, sp.id, NULL);
	return sp.id;
}

static void give_password(struct import *im, size_t task, struct person_id id)
{
	Examd__V1__Secret *secret = &im->secrets[im->nsecrets++];

	people_put_password(im->core, id, im->hashing.tasks[task].hash, true);
	examd__v1__secret__init(secret);
	secret->user = arena_copy_text(&im->arena, im->staff[task]->user);
	secret->secret = im->shown[task];
}

static void import_rows(struct import *im)
{
	size_t i, task = 0;

	for (i = 0; i < im->roster.length; i++) {
		const struct roster_row *row = &im->roster.rows[i];
		const struct person *known = people_find_user(im->core->people, row->user);
		bool had_task = task < im->hashing.ntasks && im->staff[task] == row;
		struct person_id id;

		if (row_changes(known, row)) {
			id = import_row(im->core, row, known);
			if (known != NULL)
				im->updated++;
			else
				im->added++;
			if (known == NULL && had_task)
				give_password(im, task, id);
		}
		task += had_task;
	}
}

/* What is kept for a command that is sent again has no password in it. */
static void import_reply(struct import *im, bool changed)
{
	wire_reply reply = EXAMD__V1__REPLY__INIT;
	Examd__V1__Diagnostics *d = report_back(&im->diag, &im->arena);
	size_t i;

	d->changed = changed;
	d->added = im->added;
	d->updated = im->updated;
	reply.body_case = EXAMD__V1__REPLY__BODY_DIAGNOSTICS;
	reply.diagnostics = d;
	command_end(im->core, &im->command, changed ? &reply : NULL);
	d->secrets = arena_new(&im->arena, (im->nsecrets + 1) * sizeof(*d->secrets));
	for (i = 0; i < im->nsecrets; i++)
		d->secrets[d->n_secrets++] = &im->secrets[i];
	ticket_reply(im->core, &im->ticket, ERR_OK, NULL, &reply);
}

static void import_finish(struct import *im)
{
	import_rows(im);
	import_reply(im, true);
	import_free(im);
}

static void import_refuse(struct import *im)
{
	import_reply(im, false);
	import_free(im);
}

static void on_import_hashed(struct password_job *job)
{
	struct import *im = container_of(job, struct import, hashing);

	if (!job->was_run)
		import_free(im);      /* the core is going down */
	else if (!import_is_good(im)) /* people may have changed since */
		import_refuse(im);
	else
		import_finish(im);
}

static void import_hash(struct import *im)
{
	size_t i, n = 0;
	enum err err;

	im->staff = mem_new_array(STAFF_AT_ONCE, sizeof(*im->staff));
	im->shown = mem_new_array(STAFF_AT_ONCE, sizeof *im->shown);
	im->secrets = mem_new_array(STAFF_AT_ONCE, sizeof *im->secrets);
	im->hashing.tasks = mem_new_array(STAFF_AT_ONCE, sizeof *im->hashing.tasks);
	for (i = 0; i < im->roster.length; i++) {
		if (!is_new_staff(im, &im->roster.rows[i]))
			continue;
		im->staff[n] = &im->roster.rows[i];
		password_one_time(im->shown[n]);
		im->hashing.tasks[n].what = PASSWORD_MAKE;
		im->hashing.tasks[n].password = mem_copy_text(im->shown[n]);
		n++;
	}
	im->hashing.ntasks = n;
	im->hashing.done = on_import_hashed;
	if (n == 0) {
		import_finish(im);
	} else if ((err = passwords_submit(im->core, &im->hashing)) != ERR_OK) {
		command_end(im->core, &im->command, NULL);
		ticket_reply(im->core, &im->ticket, err, NULL, NULL);
		import_free(im);
	}
}

static void on_import_read(struct job *job)
{
	struct import *im = container_of(job, struct import, reading);

	if (!im->was_read)
		import_free(im); /* the core is going down */
	else if (!import_is_good(im) || im->check_only)
		import_refuse(im);
	else
		import_hash(im);
}

static void import_read(struct job *job)
{
	struct import *im = container_of(job, struct import, reading);
	enum err err = roster_parse(&im->roster, im->text, im->file, &im->arena, &im->diag);

	(void)err; /* the diagnostics say it */
	im->was_read = true;
}

enum err on_people_import(struct request *rq)
{
	const Examd__V1__PeopleImport *m = rq->msg->people_import;
	struct import *im;
	struct bytes text;
	enum err err;

	if ((err = command_seen(rq, &m->command_id)) != ERR_NOT_FOUND)
		return err;
	if ((err = file_uploaded(rq->client, m->upload, &text)) != ERR_OK)
		return err;
	im = mem_new(sizeof *im);
	im->core = rq->core;
	im->asker = request_person(rq)->id;
	im->check_only = m->check_only;
	im->file = mem_copy_text(m->file[0] != '\0' ? m->file : "roster");
	im->text = bytes_of(mem_copy(text.data, text.len), text.len);
	im->reading.run = import_read;
	im->reading.done = on_import_read;
	if ((err = worker_add(rq->core->hasher, &im->reading)) != ERR_OK) {
		import_free(im);
		return err;
	}
	im->ticket = request_defer(rq);
	im->command = command_begin(rq, &m->command_id);
	return ERR_OK;
}

/* ---- List and change ----------------------------------------------------------------------------
 */

#define PEOPLE_PAGE 100

static void put_person(struct request *rq, const struct person *p, Examd__V1__Person *row)
{
	examd__v1__person__init(row);
	row->user = request_text(rq, p->user);
	row->name = request_text(rq, p->name);
	row->email = request_text(rq, p->email);
	row->group = request_text(rq, p->group);
	row->role = p->role;
	row->extra_percent = p->extra_percent;
	row->disabled = p->disabled;
}

/* A page of a sorted list, as much as fits into a reply. */
static void put_people(struct request *rq, const struct person *const *list, size_t n,
		       Examd__V1__People *out)
{
	size_t i, size = 0;

	out->people = request_new(rq, PEOPLE_PAGE * sizeof(*out->people));
	for (i = 0; i < n; i++) {
		Examd__V1__Person *row = request_new(rq, sizeof *row);

		put_person(rq, list[i], row);
		size += examd__v1__person__get_packed_size(row) + 4;
		if (out->n_people == PEOPLE_PAGE || size > REPLY_MOST) {
			out->more = true;
			break;
		}
		out->people[out->n_people++] = row;
	}
}

enum err on_people_list(struct request *rq)
{
	const Examd__V1__PeopleList *m = rq->msg->people_list;
	Examd__V1__People *out = request_new(rq, sizeof *out);
	const struct person **list;
	size_t n = people_sorted(rq->core->people, m->group[0] != '\0' ? m->group : NULL,
				 m->after_user, &list);

	examd__v1__people__init(out);
	put_people(rq, list, n, out);
	free(list);
	rq->reply.body_case = EXAMD__V1__REPLY__BODY_PEOPLE;
	rq->reply.people = out;
	return ERR_OK;
}

struct reset {
	struct password_job job;
	struct core *core;
	struct ticket ticket;
	struct command_ref command;
	struct person_id person;
	char shown[ONE_TIME_PASSWORD_SIZE];
	struct password_task task;
};

static void on_reset_hashed(struct password_job *job)
{
	struct reset *r = container_of(job, struct reset, job);
	const struct person *p = people_find(r->core->people, r->person);
	wire_reply reply = EXAMD__V1__REPLY__INIT;
	Examd__V1__Secret secret = EXAMD__V1__SECRET__INIT;

	if (job->was_run && p != NULL) {
		people_put_password(r->core, r->person, r->task.hash, true);
		sessions_end_of(r->core, r->person, NULL);
		throttle_forget(&r->core->throttle, p->user);
		secret.user = p->user;
		reply.body_case = EXAMD__V1__REPLY__BODY_SECRET;
		reply.secret = &secret;
		command_end(r->core, &r->command, &reply);
		secret.secret = r->shown;
		ticket_reply(r->core, &r->ticket, ERR_OK, NULL, &reply);
	}
	password_wipe(r->task.password);
	sodium_memzero(r->shown, sizeof r->shown);
	free(r);
}

static enum err reset_password(struct request *rq, const struct person *p,
			       const struct command_ref *command)
{
	struct reset *r = mem_new(sizeof *r);
	enum err err;

	r->core = rq->core;
	r->person = p->id;
	password_one_time(r->shown);
	r->task.what = PASSWORD_MAKE;
	r->task.password = mem_copy_text(r->shown);
	r->job.tasks = &r->task;
	r->job.ntasks = 1;
	r->job.done = on_reset_hashed;
	if ((err = passwords_submit(rq->core, &r->job)) != ERR_OK) {
		password_wipe(r->task.password);
		free(r);
		return err;
	}
	r->ticket = request_defer(rq);
	r->command = *command;
	return ERR_OK;
}

static enum err set_disabled(struct request *rq, const struct person *p, bool disabled)
{
	struct store_person row = person_row(p);

	row.disabled = disabled;
	people_put(rq->core, &row);
	if (disabled)
		sessions_end_of(rq->core, row.id, NULL);
	return ERR_OK;
}

static enum err disable(struct request *rq, const struct person *p,
			const struct command_ref *command)
{
	(void)command;
	if (p == request_person(rq)) {
		rq->detail = "You may not disable yourself.";
		return ERR_FORBIDDEN;
	}
	return set_disabled(rq, p, true);
}

static enum err enable(struct request *rq, const struct person *p,
		       const struct command_ref *command)
{
	(void)command;
	return set_disabled(rq, p, false);
}

static enum err revoke(struct request *rq, const struct person *p,
		       const struct command_ref *command)
{
	(void)command;
	sessions_end_of(rq->core, p->id, NULL);
	return ERR_OK;
}

static enum err unlock(struct request *rq, const struct person *p,
		       const struct command_ref *command)
{
	(void)command;
	throttle_forget(&rq->core->throttle, p->user);
	return ERR_OK;
}

static const struct person_verb {
	Examd__V1__Role least; /* who may */
	enum err (*change)(struct request *rq, const struct person *p,
			   const struct command_ref *command);
} person_verbs[] = {
    [EXAMD__V1__PERSON_VERB__PERSON_DISABLE] = {EXAMD__V1__ROLE__ROLE_INSTRUCTOR, disable},
    [EXAMD__V1__PERSON_VERB__PERSON_ENABLE] = {EXAMD__V1__ROLE__ROLE_INSTRUCTOR, enable},
    [EXAMD__V1__PERSON_VERB__PERSON_RESET_PASSWORD] = {EXAMD__V1__ROLE__ROLE_INSTRUCTOR,
						       reset_password},
    [EXAMD__V1__PERSON_VERB__PERSON_REVOKE] = {EXAMD__V1__ROLE__ROLE_INSTRUCTOR, revoke},
    [EXAMD__V1__PERSON_VERB__PERSON_UNLOCK] = {EXAMD__V1__ROLE__ROLE_PROCTOR, unlock},
};

enum err on_person_change(struct request *rq)
{
	const Examd__V1__PersonChange *m = rq->msg->person_change;
	Examd__V1__Role own = client_role(rq->core, rq->client);
	const struct person_verb *verb;
	const struct person *p;
	struct command_ref command;
	enum err err;

	if ((err = command_seen(rq, &m->command_id)) != ERR_NOT_FOUND)
		return err;
	if ((unsigned)m->verb >= COUNT(person_verbs) || person_verbs[m->verb].change == NULL)
		return ERR_INVALID;
	verb = &person_verbs[m->verb];
	if ((p = people_find_user(rq->core->people, m->user)) == NULL)
		return ERR_NOT_FOUND;
	if (own < verb->least || p->role > own)
		return ERR_FORBIDDEN;
	/* Before the change: it may end the session of who asks. */
	command = command_begin(rq, &m->command_id);
	err = verb->change(rq, p, &command);
	if (!rq->deferred)
		command_end(rq->core, &command, err == ERR_OK ? &rq->reply : NULL);
	return err;
}
