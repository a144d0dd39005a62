#include "daemon/report/report.h"

#include <string.h>

#include "proto/base/mem.h"

/* Puts a comma before every cell but the first of a line. */
struct line {
	struct buf *out;
	bool begun;
};

static struct buf *next_cell(struct line *l)
{
	if (l->begun)
		buf_put_u8(l->out, ',');
	l->begun = true;
	return l->out;
}

static void end_line(struct line *l)
{
	buf_put_text(l->out, "\r\n");
	l->begun = false;
}

static bool is_quoted(const char *text)
{
	size_t len = strlen(text);

	return strpbrk(text, ",\"\r\n") != NULL ||
	       (len > 0 && (text[0] == ' ' || text[len - 1] == ' '));
}

static void text_cell(struct line *l, const char *text)
{
	struct buf *out = next_cell(l);
	const char *p;
	bool quoted;

	if (text == NULL || *text == '\0')
		return;
	quoted = is_quoted(text);
	if (quoted)
		buf_put_u8(out, '"');
	if (strchr("=+-@\t\r", *text) != NULL)
		buf_put_u8(out, '\'');
	for (p = text; *p != '\0'; p++) {
		if (*p == '"')
			buf_put_u8(out, '"');
		buf_put_u8(out, (uint8_t)*p);
	}
	if (quoted)
		buf_put_u8(out, '"');
}

static void number_cell(struct line *l, int64_t v)
{
	buf_printf(next_cell(l), "%lld", (long long)v);
}

static void points_cell(struct line *l, bool there, int32_t hundredths)
{
	struct buf *out = next_cell(l);

	if (there)
		report_points(out, hundredths);
}

static void percent_cell(struct line *l, const struct report_row *r)
{
	struct buf *out = next_cell(l);
	int32_t permille;

	if (!r->scored || r->most <= 0)
		return;
	permille = report_permille(r->points, r->most);
	buf_printf(out, "%d.%d", permille / 10, permille % 10);
}

static void time_cell(struct line *l, struct wall_ms t)
{
	struct buf *out = next_cell(l);
	char text[WALL_TEXT_SIZE];

	if (t.v == 0)
		return;
	wall_format(t, text);
	buf_put_text(out, text);
}

static void section_headers(struct line *l, const struct report_names *names)
{
	size_t i;

	for (i = 0; i < names->length; i++) {
		struct buf b = {0};

		buf_printf(&b, "section %s", names->names[i]);
		text_cell(l, buf_text(&b));
		buf_put_text(&b, " most");
		text_cell(l, buf_text(&b));
		buf_fini(&b);
	}
}

static void header(struct line *l, const struct report_names *names, size_t items)
{
	static const char *const columns[] = {"attempt",      "user",	 "name",	"exam",
					      "state",	      "points",	 "points_most", "percent",
					      "scaled",	      "passed",	 "answered",	"items",
					      "used_seconds", "started", "closed"};
	size_t i;

	for (i = 0; i < COUNT(columns); i++)
		text_cell(l, columns[i]);
	section_headers(l, names);
	for (i = 0; i < items; i++)
		buf_printf(next_cell(l), "item_%zu", i + 1);
	end_line(l);
}

static void score_cells(struct line *l, const struct report_row *r)
{
	points_cell(l, r->scored, r->points);
	points_cell(l, r->scored, r->most);
	percent_cell(l, r);
	if (r->scored && r->scaled > 0)
		number_cell(l, r->scaled);
	else
		next_cell(l);
	text_cell(l, !r->scored ? "" : r->passed ? "yes" : "no");
}

static void section_cells(struct line *l, const struct report_row *r,
			  const struct report_names *names)
{
	size_t i;

	for (i = 0; i < names->length; i++) {
		const struct report_section *s = report_section_of(r, names->names[i]);

		points_cell(l, r->scored && s != NULL, s == NULL ? 0 : s->points);
		points_cell(l, r->scored && s != NULL, s == NULL ? 0 : s->most);
	}
}

static void row_line(struct line *l, const struct report_row *r, const struct report_names *names,
		     size_t items)
{
	size_t i;

	number_cell(l, r->attempt.v);
	text_cell(l, r->user);
	text_cell(l, r->name);
	text_cell(l, r->exam);
	text_cell(l, r->state);
	score_cells(l, r);
	number_cell(l, r->answered);
	number_cell(l, r->items);
	number_cell(l, r->used.v / 1000);
	time_cell(l, r->started);
	time_cell(l, r->closed);
	section_cells(l, r, names);
	for (i = 0; i < items; i++) {
		bool there = r->scored && r->item_points != NULL && i < r->nitem_points;

		points_cell(l, there, there ? r->item_points[i] : 0);
	}
	end_line(l);
}

void report_csv(struct buf *out, const struct report_row *rows, size_t n)
{
	struct line l = {.out = out};
	struct report_names names;
	size_t i, items = 0;

	report_names_init(&names, rows, n);
	for (i = 0; i < n; i++)
		if (rows[i].item_points != NULL && rows[i].nitem_points > items)
			items = rows[i].nitem_points;
	header(&l, &names, items);
	for (i = 0; i < n; i++)
		row_line(&l, &rows[i], &names, items);
	report_names_fini(&names);
}
