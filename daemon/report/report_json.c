#include "daemon/report/report.h"

#include <jansson.h>
#include <stdlib.h>

static json_t *text(const char *t)
{
	json_t *j = json_string(t == NULL ? "" : t);

	return j == NULL ? json_null() : j;
}

static json_t *when(bool there, json_t *j)
{
	if (there)
		return j;
	json_decref(j);
	return json_null();
}

static json_t *time_of(struct wall_ms t)
{
	char out[WALL_TEXT_SIZE];

	wall_format(t, out);
	return when(t.v != 0, text(out));
}

static json_t *sections_of(const struct report_row *r)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < r->nsections; i++) {
		json_t *s = json_object();

		json_object_set_new(s, "name", text(r->sections[i].name));
		json_object_set_new(s, "points_hundredths", json_integer(r->sections[i].points));
		json_object_set_new(s, "points_most_hundredths", json_integer(r->sections[i].most));
		json_array_append_new(all, s);
	}
	return all;
}

static json_t *item_points_of(const struct report_row *r)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; r->item_points != NULL && i < r->nitem_points; i++)
		json_array_append_new(all, json_integer(r->item_points[i]));
	return all;
}

static json_t *row_of(const struct report_row *r)
{
	json_t *j = json_object();
	bool percent = r->scored && r->most > 0;

	json_object_set_new(j, "attempt", json_integer(r->attempt.v));
	json_object_set_new(j, "user", text(r->user));
	json_object_set_new(j, "name", text(r->name));
	json_object_set_new(j, "exam", text(r->exam));
	json_object_set_new(j, "state", text(r->state));
	json_object_set_new(j, "points_hundredths", when(r->scored, json_integer(r->points)));
	json_object_set_new(j, "points_most_hundredths", when(r->scored, json_integer(r->most)));
	json_object_set_new(
	    j, "permille",
	    when(percent, json_integer(percent ? report_permille(r->points, r->most) : 0)));
	json_object_set_new(j, "scaled", when(r->scored && r->scaled > 0, json_integer(r->scaled)));
	json_object_set_new(j, "passed", when(r->scored, json_boolean(r->passed)));
	json_object_set_new(j, "answered", json_integer(r->answered));
	json_object_set_new(j, "items", json_integer(r->items));
	json_object_set_new(j, "used_ms", json_integer(r->used.v));
	json_object_set_new(j, "started", time_of(r->started));
	json_object_set_new(j, "closed", time_of(r->closed));
	json_object_set_new(j, "sections", when(r->scored, sections_of(r)));
	json_object_set_new(j, "item_points_hundredths", when(r->scored, item_points_of(r)));
	return j;
}

void report_json(struct buf *out, const struct report_row *rows, size_t n)
{
	json_t *all = json_array();
	char *dumped;
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(all, row_of(&rows[i]));
	dumped = json_dumps(all, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	if (dumped == NULL)
		abort(); /* out of memory: texts were checked one by one */
	buf_put_text(out, dumped);
	buf_put_u8(out, '\n');
	free(dumped);
	json_decref(all);
}
