#include "client/ctl/handlers.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/table.h"
#include "proto/base/mem.h"

#define FIXED 9 /* columns before the sections */

/* Page after page, handed to EACH. */
static bool each_page(struct ctl *ctl, int64_t sitting,
		      void (*each)(void *to, const Examd__V1__Results *page), void *to)
{
	Examd__V1__ResultsList body = EXAMD__V1__RESULTS_LIST__INIT;
	bool more = true;

	body.sitting = sitting;
	while (more) {
		Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
		const Examd__V1__Reply *reply;
		const Examd__V1__Results *page;

		request.body_case = EXAMD__V1__REQUEST__BODY_RESULTS_LIST;
		request.results_list = &body;
		reply = remote_ask(ctl, &request, EXAMD__V1__REPLY__BODY_RESULTS);
		if (reply == NULL)
			return false;
		page = reply->results;
		each(to, page);
		more = page->more && page->n_results > 0;
		if (more)
			body.after_attempt = page->results[page->n_results - 1]->attempt;
	}
	return true;
}

/* ---- A table: one column a section ------------------------------------------------------- */

struct sheet {
	struct table table;
	struct column *columns; /* owned, with the titles of the sections */
	size_t nsections;
	bool begun;
};

/* The first result says which sections there are. */
static void sheet_begin(struct sheet *s, const Examd__V1__Result *first)
{
	static const struct column fixed[FIXED] = {
	    {"user", "USER", CELL_TEXT},	   {"name", "NAME", CELL_TEXT},
	    {"attempt", "ATTEMPT", CELL_NUMBER},   {"state", "STATE", CELL_TEXT},
	    {"answered", "ANSWERED", CELL_NUMBER}, {"points", "POINTS", CELL_NUMBER},
	    {"most", "OF", CELL_NUMBER},	   {"passed", "PASSED", CELL_YES_NO},
	    {"scaled", "SCALED", CELL_NUMBER},
	};

	s->nsections = first->n_sections;
	s->columns = mem_new_array(FIXED + s->nsections, sizeof *s->columns);
	memcpy(s->columns, fixed, sizeof fixed);
	for (size_t i = 0; i < s->nsections; i++) {
		char *title = mem_copy_text(first->sections[i]->section);

		s->columns[FIXED + i] = (struct column){title, title, CELL_TEXT};
	}
	table_init(&s->table, s->columns, FIXED + s->nsections);
	s->begun = true;
}

static void sheet_fini(struct sheet *s)
{
	for (size_t i = 0; i < s->nsections; i++)
		free((char *)(uintptr_t)s->columns[FIXED + i].key);
	table_fini(&s->table);
	free(s->columns);
}

static void add_score(struct table *t, const Examd__V1__Score *score)
{
	if (score == NULL) {
		for (int i = 0; i < 4; i++)
			table_text(t, NULL);
		return;
	}
	table_points(t, score->points);
	table_points(t, score->points_most);
	table_yes_no(t, score->passed);
	if (score->scaled > 0)
		table_number(t, score->scaled);
	else
		table_text(t, NULL);
}

static void add_sections(const struct sheet *s, struct table *t, const Examd__V1__Result *r)
{
	for (size_t i = 0; i < s->nsections; i++) {
		char text[40];

		if (i >= r->n_sections) {
			table_text(t, NULL);
			continue;
		}
		snprintf(text, sizeof text, "%d.%02d/%d.%02d", r->sections[i]->points / 100,
			 r->sections[i]->points % 100, r->sections[i]->points_most / 100,
			 r->sections[i]->points_most % 100);
		table_text(t, text);
	}
}

static void sheet_page(void *to, const Examd__V1__Results *page)
{
	struct sheet *s = to;

	for (size_t i = 0; i < page->n_results; i++) {
		const Examd__V1__Result *r = page->results[i];

		if (!s->begun)
			sheet_begin(s, r);
		table_text(&s->table, r->user);
		table_text(&s->table, r->name);
		table_number(&s->table, r->attempt);
		table_text(&s->table, attempt_state_word(r->state));
		table_number(&s->table, r->answered);
		add_score(&s->table, r->score);
		add_sections(s, &s->table, r);
	}
}

static int show_table(struct ctl *ctl, int64_t sitting)
{
	struct sheet s = {0};
	bool good = each_page(ctl, sitting, sheet_page, &s);

	if (good && s.begun)
		table_print(&s.table, stdout, false);
	else if (good)
		puts("No attempt is closed yet.");
	sheet_fini(&s);
	return good ? EXIT_DONE : EXIT_REFUSED;
}

/* ---- JSON -------------------------------------------------------------------------------- */

static json_t *result_json(const Examd__V1__Result *r)
{
	json_t *sections = json_array(), *o;

	for (size_t i = 0; i < r->n_sections; i++)
		json_array_append_new(
		    sections,
		    json_pack("{s:s,s:s,s:i,s:i}", "section", r->sections[i]->section, "title",
			      r->sections[i]->title, "points", (int)r->sections[i]->points,
			      "points_most", (int)r->sections[i]->points_most));
	o = json_pack("{s:s,s:s,s:I,s:s,s:i,s:i,s:I,s:I}", "user", r->user, "name", r->name,
		      "attempt", (json_int_t)r->attempt, "state", attempt_state_word(r->state),
		      "answered", (int)r->answered, "items", (int)r->items, "used_ms",
		      (json_int_t)r->used_ms, "closed_wall_ms", (json_int_t)r->closed_wall_ms);
	if (r->score != NULL) {
		json_object_set_new(o, "points", json_integer(r->score->points));
		json_object_set_new(o, "points_most", json_integer(r->score->points_most));
		json_object_set_new(o, "scaled", json_integer(r->score->scaled));
		json_object_set_new(o, "passed", json_boolean(r->score->passed));
	}
	json_object_set_new(o, "sections", sections);
	return o;
}

static void json_page(void *to, const Examd__V1__Results *page)
{
	json_t *all = to;

	for (size_t i = 0; i < page->n_results; i++)
		json_array_append_new(all, result_json(page->results[i]));
}

/* Points are hundredths here, so that they are exact. */
static int show_json(struct ctl *ctl, int64_t sitting)
{
	json_t *all = json_array();
	bool good = each_page(ctl, sitting, json_page, all);
	char *text = json_dumps(all, JSON_INDENT(2) | JSON_PRESERVE_ORDER);

	if (good)
		puts(text);
	free(text);
	json_decref(all);
	return good ? EXIT_DONE : EXIT_REFUSED;
}

int results_show(struct ctl *ctl)
{
	int64_t sitting;

	if (!ctl_number(ctl->args[0], 1, &sitting))
		return EXIT_USAGE;
	if (!remote_open(ctl))
		return EXIT_REFUSED;
	return ctl_json(ctl) ? show_json(ctl, sitting) : show_table(ctl, sitting);
}

int results_release(struct ctl *ctl)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__ResultsRelease body = EXAMD__V1__RESULTS_RELEASE__INIT;
	uint8_t id[16];

	body.result = ctl_has(ctl, OPT_RESULT);
	body.review = ctl_has(ctl, OPT_REVIEW);
	if (!body.result && !body.review)
		return ctl_wrong("what? --result, --review or both");
	if (!ctl_number(ctl->args[0], 1, &body.sitting))
		return EXIT_USAGE;
	exam_client_command_id(id);
	body.command_id = (ProtobufCBinaryData){sizeof id, id};
	request.body_case = EXAMD__V1__REQUEST__BODY_RESULTS_RELEASE;
	request.results_release = &body;
	if (!remote_open(ctl) || remote_ask(ctl, &request, EXAMD__V1__REPLY__BODY__NOT_SET) == NULL)
		return EXIT_REFUSED;
	puts("Released.");
	return EXIT_DONE;
}

int export_results(struct ctl *ctl)
{
	Examd__V1__Request request = EXAMD__V1__REQUEST__INIT;
	Examd__V1__Export body = EXAMD__V1__EXPORT__INIT;
	const char *format = ctl_has(ctl, OPT_FORMAT) ? ctl_value(ctl, OPT_FORMAT) : "csv";
	const Examd__V1__Reply *reply;
	struct buf content = {0};
	int status = EXIT_REFUSED;
	enum err err;

	if (!ctl_has(ctl, OPT_OUTPUT))
		return ctl_wrong("-o FILE is needed; - is standard output");
	if (strcmp(format, "csv") != 0)
		return ctl_wrong("the only format is csv");
	if (!ctl_number(ctl->args[0], 1, &body.sitting))
		return EXIT_USAGE;
	body.format = (char *)(uintptr_t)format;
	body.download = 1;
	request.body_case = EXAMD__V1__REQUEST__BODY_EXPORT;
	request.export = &body;
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
