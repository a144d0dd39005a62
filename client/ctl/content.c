#include "client/ctl/handlers.h"

#include <string.h>

#include "client/ctl/table.h"
#include "proto/base/mem.h"

/* Only the name of the file: where it stands on this machine is nobody's business. */
static char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return (char *)(uintptr_t)(slash != NULL ? slash + 1 : path);
}

static void make_bank_load(Examd__V1__Request *request, const char *file, bool check_only,
			   uint8_t command_id[16])
{
	static Examd__V1__BankLoad body;

	body = (Examd__V1__BankLoad)EXAMD__V1__BANK_LOAD__INIT;
	body.command_id = (ProtobufCBinaryData){16, command_id};
	body.upload = 1;
	body.file = base_name(file);
	body.check_only = check_only;
	request->body_case = EXAMD__V1__REQUEST__BODY_BANK_LOAD;
	request->bank_load = &body;
}

int bank_load(struct ctl *ctl)
{
	const Examd__V1__Reply *reply = upload_and_ask(ctl, ctl->args[0], make_bank_load);

	return reply == NULL ? EXIT_REFUSED : diagnostics_print(reply->diagnostics, ctl_json(ctl));
}

static void make_exam_load(Examd__V1__Request *request, const char *file, bool check_only,
			   uint8_t command_id[16])
{
	static Examd__V1__ExamLoad body;

	body = (Examd__V1__ExamLoad)EXAMD__V1__EXAM_LOAD__INIT;
	body.command_id = (ProtobufCBinaryData){16, command_id};
	body.upload = 1;
	body.file = base_name(file);
	body.check_only = check_only;
	request->body_case = EXAMD__V1__REQUEST__BODY_EXAM_LOAD;
	request->exam_load = &body;
}

int exam_load(struct ctl *ctl)
{
	const Examd__V1__Reply *reply = upload_and_ask(ctl, ctl->args[0], make_exam_load);

	return reply == NULL ? EXIT_REFUSED : diagnostics_print(reply->diagnostics, ctl_json(ctl));
}

int exam_list(struct ctl *ctl)
{
	static const struct column columns[] = {
	    {"exam", "EXAM", CELL_TEXT},       {"title", "TITLE", CELL_TEXT},
	    {"version", "VERSION", CELL_TEXT}, {"minutes", "MINUTES", CELL_NUMBER},
	    {"items", "ITEMS", CELL_NUMBER},
	};
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__ListExams body = EXAMD__V1__LIST_EXAMS__INIT;
	const Examd__V1__Reply *reply;
	struct table table;

	request.body_case = EXAMD__V1__REQUEST__BODY_LIST_EXAMS;
	request.list_exams = &body;
	if (!remote_open(ctl) ||
	    (reply = remote_ask(ctl, &request, EXAMD__V1__REPLY__BODY_EXAMS)) == NULL)
		return EXIT_REFUSED;
	table_init(&table, columns, COUNT(columns));
	for (size_t i = 0; i < reply->exams->n_exams; i++) {
		const Examd__V1__Exam *e = reply->exams->exams[i];

		table_text(&table, e->name);
		table_text(&table, e->title);
		table_text(&table, e->version);
		table_number(&table, e->minutes);
		table_number(&table, e->items);
	}
	table_print(&table, stdout, ctl_json(ctl));
	table_fini(&table);
	return EXIT_DONE;
}
