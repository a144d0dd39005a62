#include "client/ctl/handlers.h"

#include <stdlib.h>
#include <string.h>

#include "client/ctl/table.h"
#include "proto/base/mem.h"

static void make_import(Examd__V1__Request *request, const char *file, bool check_only,
			uint8_t command_id[16])
{
	static Examd__V1__PeopleImport body;
	const char *slash = strrchr(file, '/');

	body = (Examd__V1__PeopleImport)EXAMD__V1__PEOPLE_IMPORT__INIT;
	body.command_id = (ProtobufCBinaryData){16, command_id};
	body.upload = 1;
	body.file = (char *)(uintptr_t)(slash != NULL ? slash + 1 : file);
	body.check_only = check_only;
	request->body_case = EXAMD__V1__REQUEST__BODY_PEOPLE_IMPORT;
	request->people_import = &body;
}

int people_import(struct ctl *ctl)
{
	const Examd__V1__Reply *reply = upload_and_ask(ctl, ctl->args[0], make_import);

	return reply == NULL ? EXIT_REFUSED : diagnostics_print(reply->diagnostics, ctl_json(ctl));
}

static void add_person(struct table *table, const Examd__V1__Person *p)
{
	table_text(table, p->user);
	table_text(table, p->name);
	table_text(table, p->email);
	table_text(table, p->group);
	table_text(table, role_word(p->role));
	table_number(table, p->extra_percent);
	table_yes_no(table, p->disabled);
}

/* Page after page; AFTER is the last user of the one before. */
static bool add_pages(struct ctl *ctl, struct table *table)
{
	Examd__V1__PeopleList body = EXAMD__V1__PEOPLE_LIST__INIT;
	char *after = mem_copy_text("");
	bool more = true;

	while (more) {
		Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
		const Examd__V1__Reply *reply;
		const Examd__V1__People *people;

		if (ctl_has(ctl, OPT_GROUP))
			body.group = (char *)(uintptr_t)ctl_value(ctl, OPT_GROUP);
		body.after_user = after;
		request.body_case = EXAMD__V1__REQUEST__BODY_PEOPLE_LIST;
		request.people_list = &body;
		reply = remote_ask(ctl, &request, EXAMD__V1__REPLY__BODY_PEOPLE);
		free(after);
		after = NULL;
		if (reply == NULL)
			return false;
		people = reply->people;
		for (size_t i = 0; i < people->n_people; i++)
			add_person(table, people->people[i]);
		more = people->more && people->n_people > 0;
		if (more)
			after = mem_copy_text(people->people[people->n_people - 1]->user);
	}
	free(after);
	return true;
}

int people_list(struct ctl *ctl)
{
	static const struct column columns[] = {
	    {"user", "USER", CELL_TEXT},	   {"name", "NAME", CELL_TEXT},
	    {"email", "EMAIL", CELL_TEXT},	   {"group", "GROUP", CELL_TEXT},
	    {"role", "ROLE", CELL_TEXT},	   {"extra_percent", "EXTRA %", CELL_NUMBER},
	    {"disabled", "DISABLED", CELL_YES_NO},
	};
	struct table table;
	int status = EXIT_REFUSED;

	table_init(&table, columns, COUNT(columns));
	if (remote_open(ctl) && add_pages(ctl, &table)) {
		table_print(&table, stdout, ctl_json(ctl));
		status = EXIT_DONE;
	}
	table_fini(&table);
	return status;
}

static int change(struct ctl *ctl, Examd__V1__PersonVerb verb, const char *done)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__PersonChange body = EXAMD__V1__PERSON_CHANGE__INIT;
	const Examd__V1__Reply *reply;
	uint8_t id[16];

	exam_client_command_id(id);
	body.command_id = (ProtobufCBinaryData){sizeof id, id};
	body.user = ctl->args[0];
	body.verb = verb;
	request.body_case = EXAMD__V1__REQUEST__BODY_PERSON_CHANGE;
	request.person_change = &body;
	if (!remote_open(ctl) ||
	    (reply = remote_ask(ctl, &request, EXAMD__V1__REPLY__BODY__NOT_SET)) == NULL)
		return EXIT_REFUSED;
	if (reply->body_case == EXAMD__V1__REPLY__BODY_SECRET)
		printf("%s: one-time password, shown only now: %s\n", reply->secret->user,
		       reply->secret->secret);
	else
		printf("%s: %s.\n", ctl->args[0], done);
	return EXIT_DONE;
}

int people_disable(struct ctl *ctl)
{
	return change(ctl, EXAMD__V1__PERSON_VERB__PERSON_DISABLE, "disabled");
}

int people_enable(struct ctl *ctl)
{
	return change(ctl, EXAMD__V1__PERSON_VERB__PERSON_ENABLE, "enabled");
}

int people_reset_password(struct ctl *ctl)
{
	return change(ctl, EXAMD__V1__PERSON_VERB__PERSON_RESET_PASSWORD, "password reset");
}

int people_revoke(struct ctl *ctl)
{
	return change(ctl, EXAMD__V1__PERSON_VERB__PERSON_REVOKE, "sessions ended");
}

int people_unlock(struct ctl *ctl)
{
	return change(ctl, EXAMD__V1__PERSON_VERB__PERSON_UNLOCK, "unlocked");
}
