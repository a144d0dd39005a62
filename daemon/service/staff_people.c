/* Staff: the roster. */
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

/* ---- Import ------------------------------------------------------------------------------------
 */

/* Nobody makes, raises or changes a person above the own role. */
static void check_roles(struct request *rq, const struct roster *roster, const char *file,
			struct diag *diag)
{
	Examd__V1__Role own = client_role(rq->core, rq->client);
	size_t i;

	for (i = 0; i < roster->length; i++) {
		const struct roster_row *row = &roster->rows[i];
		const struct person *p = people_find_user(rq->core->people, row->user);

		if (row->role > own || (p != NULL && p->role > own))
			diag_add(diag, DIAG_ERROR, (struct diag_place){file, row->line, 1},
				 "role-above-own",
				 "you may not make or change a person of this role");
	}
}

static bool row_is_new(const struct person *p, const struct roster_row *row)
{
	return p == NULL || strcmp(p->name, row->name) != 0 || strcmp(p->email, row->email) != 0 ||
	       strcmp(p->group, row->group) != 0 || p->role != row->role ||
	       p->extra_percent != row->extra_percent;
}

static void import_row(struct core *core, const struct roster_row *row, const struct person *known)
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
	bool lowered = known != NULL && known->role != row->role;

	people_put(core, &sp);
	if (lowered) /* what a session may do has changed */
		sessions_end_of(core, sp.id, NULL);
}

/* Staff that an import added get one-time passwords, which takes the hashing worker's time: the
 * reply waits for it. */
struct import {
	struct password_job job;
	struct core *core;
	struct ticket ticket;
	struct command_ref command;
	Examd__V1__Diagnostics counts;	       /* only its numbers */
	struct person_id *persons;	       /* owned; one a task */
	char (*shown)[ONE_TIME_PASSWORD_SIZE]; /* owned; likewise */
};

static void import_free(struct import *im)
{
	size_t i;

	for (i = 0; i < im->job.ntasks; i++)
		password_wipe(im->job.tasks[i].password);
	free(im->job.tasks);
	free(im->persons);
	free(im->shown);
	free(im);
}

static void import_reply(struct import *im)
{
	wire_reply reply = EXAMD__V1__REPLY__INIT;
	Examd__V1__Diagnostics d = im->counts;
	size_t i, n = im->job.ntasks;
	Examd__V1__Secret *secrets = mem_new_array(n, sizeof *secrets);
	Examd__V1__Secret **list = mem_new_array(n, sizeof(*list));

	reply.body_case = EXAMD__V1__REPLY__BODY_DIAGNOSTICS;
	reply.diagnostics = &d;
	/* What is kept for a command that is sent again has no password in it. */
	command_end(im->core, &im->command, &reply);
	for (i = 0; i < n; i++) {
		const struct person *p = people_find(im->core->people, im->persons[i]);

		examd__v1__secret__init(&secrets[i]);
		secrets[i].user = p->user;
		secrets[i].secret = im->shown[i];
		list[i] = &secrets[i];
	}
	d.secrets = list;
	d.n_secrets = n;
	ticket_reply(im->core, &im->ticket, ERR_OK, NULL, &reply);
	free(secrets);
	free(list);
}

static void on_import_hashed(struct password_job *job)
{
	struct import *im = container_of(job, struct import, job);
	size_t i;

	for (i = 0; i < job->ntasks && job->was_run; i++)
		people_put_password(im->core, im->persons[i], job->tasks[i].hash, true);
	if (job->was_run)
		import_reply(im);
	import_free(im);
}

static enum err import_passwords(struct request *rq, const struct person_id *staff, size_t n,
				 const Examd__V1__Diagnostics *counts)
{
	struct import *im = mem_new(sizeof *im);
	enum err err;
	size_t i;

	im->core = rq->core;
	im->counts = *counts;
	im->counts.entries = NULL;
	im->counts.n_entries = 0;
	im->counts.summary = (char *)protobuf_c_empty_string;
	im->persons = mem_copy(staff, n * sizeof *staff);
	im->shown = mem_new_array(n, sizeof *im->shown);
	im->job.tasks = mem_new_array(n, sizeof *im->job.tasks);
	im->job.ntasks = n;
	im->job.done = on_import_hashed;
	for (i = 0; i < n; i++) {
		password_one_time(im->shown[i]);
		im->job.tasks[i].what = PASSWORD_MAKE;
		im->job.tasks[i].password = mem_copy_text(im->shown[i]);
	}
	if ((err = passwords_submit(rq->core, &im->job)) != ERR_OK) {
		import_free(im);
		return err;
	}
	im->ticket = request_defer(rq);
	im->command = command_begin(rq, &rq->msg->people_import->command_id);
	return ERR_OK;
}

#define STAFF_AT_ONCE 100 /* one-time passwords made by one import */

static enum err import_all(struct request *rq, const struct roster *roster,
			   Examd__V1__Diagnostics *out)
{
	struct person_id staff[STAFF_AT_ONCE];
	size_t i, nstaff = 0;

	for (i = 0; i < roster->length; i++) {
		const struct roster_row *row = &roster->rows[i];
		const struct person *known = people_find_user(rq->core->people, row->user);

		if (!row_is_new(known, row))
			continue;
		out->added += known == NULL;
		out->updated += known != NULL;
		import_row(rq->core, row, known);
		if (known == NULL && row->role > EXAMD__V1__ROLE__ROLE_CANDIDATE)
			staff[nstaff++] = people_find_user(rq->core->people, row->user)->id;
	}
	out->changed = true;
	if (nstaff > 0)
		return import_passwords(rq, staff, nstaff, out);
	command_keep(rq, &rq->msg->people_import->command_id);
	return ERR_OK;
}

static void check_staff_count(struct request *rq, const struct roster *roster, const char *file,
			      struct diag *diag)
{
	size_t i, n = 0;

	for (i = 0; i < roster->length; i++)
		n += roster->rows[i].role > EXAMD__V1__ROLE__ROLE_CANDIDATE &&
		     people_find_user(rq->core->people, roster->rows[i].user) == NULL;
	if (n > STAFF_AT_ONCE)
		diag_add(diag, DIAG_ERROR, (struct diag_place){file, 0, 0}, "too-many-staff",
			 "%zu new members of staff at once; at most %d", n, STAFF_AT_ONCE);
}

enum err on_people_import(struct request *rq)
{
	const Examd__V1__PeopleImport *m = rq->msg->people_import;
	const char *file = m->file[0] != '\0' ? m->file : "roster";
	Examd__V1__Diagnostics *out;
	struct roster roster = {0};
	struct arena arena = {0};
	struct diag diag = {0};
	struct bytes text;
	enum err err;

	if ((err = command_seen(rq, &m->command_id)) != ERR_NOT_FOUND)
		return err;
	if ((err = file_uploaded(rq->client, m->upload, &text)) != ERR_OK)
		return err;
	if (roster_parse(&roster, text, file, &arena, &diag) == ERR_OK) {
		check_roles(rq, &roster, file, &diag);
		check_staff_count(rq, &roster, file, &diag);
	}
	out = report_back(&diag, &rq->core->arena);
	rq->reply.body_case = EXAMD__V1__REPLY__BODY_DIAGNOSTICS;
	rq->reply.diagnostics = out;
	if (!diag_has_errors(&diag) && !m->check_only)
		err = import_all(rq, &roster, out);
	roster_fini(&roster);
	arena_fini(&arena);
	diag_fini(&diag);
	return err;
}

/* ---- List and change ----------------------------------------------------------------------------
 */

#define PEOPLE_PAGE 100

enum err on_people_list(struct request *rq)
{
	const Examd__V1__PeopleList *m = rq->msg->people_list;
	Examd__V1__People *out = request_new(rq, sizeof *out);
	const struct person *p;

	examd__v1__people__init(out);
	out->people = request_new(rq, PEOPLE_PAGE * sizeof(*out->people));
	for (p = people_after(rq->core->people, m->after_user); p != NULL;
	     p = people_after(rq->core->people, p->user)) {
		Examd__V1__Person *row;

		if (m->group[0] != '\0' && strcmp(m->group, p->group) != 0)
			continue;
		if (out->n_people == PEOPLE_PAGE) {
			out->more = true;
			break;
		}
		row = out->people[out->n_people++] = request_new(rq, sizeof *row);
		examd__v1__person__init(row);
		row->user = p->user;
		row->name = p->name;
		row->email = p->email;
		row->group = p->group;
		row->role = p->role;
		row->extra_percent = p->extra_percent;
		row->disabled = p->disabled;
	}
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
	free(r);
}

static enum err reset_password(struct request *rq, const struct person *p)
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
	r->command = command_begin(rq, &rq->msg->person_change->command_id);
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

static enum err disable(struct request *rq, const struct person *p)
{
	return set_disabled(rq, p, true);
}

static enum err enable(struct request *rq, const struct person *p)
{
	return set_disabled(rq, p, false);
}

static enum err revoke(struct request *rq, const struct person *p)
{
	sessions_end_of(rq->core, p->id, NULL);
	return ERR_OK;
}

static enum err unlock(struct request *rq, const struct person *p)
{
	throttle_forget(&rq->core->throttle, p->user);
	return ERR_OK;
}

static const struct person_verb {
	Examd__V1__Role least; /* who may */
	enum err (*change)(struct request *rq, const struct person *p);
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
	if ((err = verb->change(rq, p)) == ERR_OK && !rq->deferred)
		command_keep(rq, &m->command_id);
	return err;
}
