#include "daemon/report/report.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/report/shown.h"
#include "proto/base/mem.h"

#define NAME_MOST 24
#define GAP	  2
#define FIXED	  7 /* columns before the sections */

enum align { LEFT, RIGHT };

/* Cells in rows of .columns, the first row being the header. */
struct grid {
	struct shown *cells; /* owned */
	size_t columns, rows;
	size_t *widths; /* owned */
};

static struct shown *cell(struct grid *g, size_t row, size_t column)
{
	return &g->cells[row * g->columns + column];
}

static void grid_init(struct grid *g, size_t columns, size_t rows)
{
	g->columns = columns;
	g->rows = rows;
	g->cells = mem_new_array(columns * rows, sizeof *g->cells);
	g->widths = mem_new_array(columns, sizeof *g->widths);
}

static void grid_fini(struct grid *g)
{
	size_t i;

	for (i = 0; i < g->columns * g->rows; i++)
		shown_fini(&g->cells[i]);
	free(g->cells);
	free(g->widths);
}

static void set(struct grid *g, size_t row, size_t column, const char *text)
{
	shown_fini(cell(g, row, column));
	*cell(g, row, column) = (struct shown){0};
	shown_add(cell(g, row, column), text == NULL ? "" : text, SIZE_MAX);
}

static void set_name(struct grid *g, size_t row, size_t column, const char *text)
{
	struct shown *s = cell(g, row, column);

	if (text == NULL)
		return;
	if (report_width(text) <= NAME_MOST) {
		shown_add(s, text, NAME_MOST);
	} else {
		shown_add(s, text, NAME_MOST - 1);
		shown_add(s, "\xe2\x80\xa6", SIZE_MAX);
	}
}

static void set_buf(struct grid *g, size_t row, size_t column, struct buf *b)
{
	set(g, row, column, buf_text(b));
	buf_fini(b);
}

static void set_points(struct grid *g, size_t row, size_t column, int32_t points, int32_t most)
{
	struct buf b = {0};

	report_points(&b, points);
	buf_put_u8(&b, '/');
	report_points(&b, most);
	set_buf(g, row, column, &b);
}

static void set_percent(struct grid *g, size_t row, size_t column, const struct report_row *r)
{
	struct buf b = {0};
	int32_t permille = r->most > 0 ? report_permille(r->points, r->most) : 0;

	if (r->scaled > 0)
		buf_printf(&b, "%u", r->scaled);
	else
		buf_printf(&b, "%d.%d%%", permille / 10, permille % 10);
	set_buf(g, row, column, &b);
}

static void set_time(struct grid *g, size_t row, size_t column, struct millis used)
{
	long long s = used.v / 1000;
	struct buf b = {0};

	buf_printf(&b, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
	set_buf(g, row, column, &b);
}

static void fill_row(struct grid *g, size_t at, const struct report_row *r,
		     const struct report_names *names)
{
	size_t i;

	set_name(g, at, 0, r->user);
	set_name(g, at, 1, r->name);
	set(g, at, 2, r->state);
	set_time(g, at, 6, r->used);
	if (!r->scored)
		return;
	set_points(g, at, 3, r->points, r->most);
	set_percent(g, at, 4, r);
	set(g, at, 5, r->passed ? "pass" : "fail");
	for (i = 0; i < names->length; i++) {
		const struct report_section *s = report_section_of(r, names->names[i]);

		if (s != NULL)
			set_points(g, at, FIXED + i, s->points, s->most);
	}
}

static void fill_header(struct grid *g, const struct report_names *names, bool numbers)
{
	static const char *const fixed[FIXED] = {"user",  "name",   "state", "points",
						 "score", "result", "used"};
	size_t i;

	for (i = 0; i < FIXED; i++)
		set(g, 0, i, fixed[i]);
	for (i = 0; i < names->length; i++) {
		struct buf b = {0};

		if (numbers)
			buf_printf(&b, "[%zu]", i + 1);
		else
			buf_put_text(&b, names->names[i]);
		set_buf(g, 0, FIXED + i, &b);
	}
}

static size_t measure(struct grid *g)
{
	size_t row, column, all = 0;

	for (column = 0; column < g->columns; column++) {
		g->widths[column] = 0;
		for (row = 0; row < g->rows; row++)
			if (cell(g, row, column)->width > g->widths[column])
				g->widths[column] = cell(g, row, column)->width;
		all += g->widths[column] + (column > 0 ? GAP : 0);
	}
	return all;
}

static void put_spaces(struct buf *out, size_t n)
{
	while (n-- > 0)
		buf_put_u8(out, ' ');
}

static void print_row(struct buf *out, struct grid *g, size_t row)
{
	size_t column, owed = 0; /* spaces, printed only before something */

	for (column = 0; column < g->columns; column++) {
		struct shown *s = cell(g, row, column);
		size_t fill = g->widths[column] - s->width;
		enum align align = column < 3 || column == 5 ? LEFT : RIGHT;

		owed += (column > 0 ? GAP : 0) + (align == RIGHT ? fill : 0);
		if (s->width > 0) {
			put_spaces(out, owed);
			owed = 0;
			buf_put_bytes(out, buf_bytes(&s->text));
		}
		owed += align == LEFT ? fill : 0;
	}
	buf_put_u8(out, '\n');
}

static void print_legend(struct buf *out, const struct report_names *names)
{
	size_t i;

	for (i = 0; i < names->length; i++) {
		struct shown s = {0};

		shown_add(&s, names->names[i], SIZE_MAX);
		buf_printf(out, "[%zu] %s\n", i + 1, buf_text(&s.text));
		shown_fini(&s);
	}
}

static void print_summary(struct buf *out, const struct report_row *rows, size_t n)
{
	int64_t permilles = 0;
	size_t i, scored = 0, passed = 0, counted = 0;

	for (i = 0; i < n; i++) {
		if (!rows[i].scored)
			continue;
		scored++;
		passed += rows[i].passed;
		if (rows[i].most > 0) {
			permilles += report_permille(rows[i].points, rows[i].most);
			counted++;
		}
	}
	buf_printf(out, "%zu candidates, %zu scored, %zu passed", n, scored, passed);
	if (counted > 0) {
		int64_t mean = permilles / (int64_t)counted;

		buf_printf(out, ", mean %lld.%lld%%", (long long)mean / 10, (long long)mean % 10);
	}
	buf_put_u8(out, '\n');
}

void report_table(struct buf *out, const struct report_row *rows, size_t n, unsigned width)
{
	struct report_names names;
	struct grid g;
	bool numbers = false;
	size_t i;

	report_names_init(&names, rows, n);
	grid_init(&g, FIXED + names.length, n + 1);
	for (i = 0; i < n; i++)
		fill_row(&g, i + 1, &rows[i], &names);
	fill_header(&g, &names, numbers);
	if (measure(&g) > width && width > 0) {
		numbers = true;
		fill_header(&g, &names, numbers);
		measure(&g);
	}
	for (i = 0; i <= n; i++)
		print_row(out, &g, i);
	if (numbers)
		print_legend(out, &names);
	print_summary(out, rows, n);
	grid_fini(&g);
	report_names_fini(&names);
}
