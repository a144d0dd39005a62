#include "client/ctl/table.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

void table_init(struct table *t, const struct column *columns, size_t ncolumns)
{
	*t = (struct table){.columns = columns, .ncolumns = ncolumns};
}

void table_fini(struct table *t)
{
	for (size_t i = 0; i < t->ncells; i++)
		free(t->cells[i]);
	free(t->cells);
	*t = (struct table){0};
}

/* Takes the text. */
static void add(struct table *t, char *text)
{
	if (t->ncells == t->cap) {
		t->cap = t->cap == 0 ? 64 : 2 * t->cap;
		t->cells = mem_resize(t->cells, t->cap * sizeof *t->cells);
	}
	t->cells[t->ncells++] = text;
}

void table_text(struct table *t, const char *text)
{
	add(t, text != NULL ? mem_copy_text(text) : NULL);
}

void table_number(struct table *t, int64_t number)
{
	add(t, mem_printf("%lld", (long long)number));
}

void table_yes_no(struct table *t, bool yes)
{
	add(t, mem_copy_text(yes ? "yes" : "no"));
}

void table_wall(struct table *t, struct wall_ms wall)
{
	char text[WALL_TEXT_SIZE];

	if (wall.v == 0) {
		add(t, NULL);
		return;
	}
	wall_format(wall, text);
	add(t, mem_copy_text(text));
}

void table_duration(struct table *t, struct millis length)
{
	long long s = length.v / 1000;

	add(t, mem_printf("%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60));
}

void table_points(struct table *t, int32_t hundredths)
{
	add(t, mem_printf("%s%d.%02d", hundredths < 0 ? "-" : "", abs(hundredths) / 100,
			  abs(hundredths) % 100));
}

size_t table_rows(const struct table *t)
{
	return t->ncolumns == 0 ? 0 : t->ncells / t->ncolumns;
}

/* How many columns of a terminal a text takes: its characters, near enough. */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static const char *cell(const struct table *t, size_t row, size_t column)
{
	const char *text = t->cells[row * t->ncolumns + column];

	return text != NULL ? text : "-";
}

static void print_cell(FILE *out, const char *text, size_t wide, bool right, bool last)
{
	int pad = (int)(wide - width(text));

	if (right)
		fprintf(out, "%*s", pad, "");
	for (; *text != '\0'; text++) /* what a name brings must not steer the terminal */
		putc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, out);
	if (!right && !last)
		fprintf(out, "%*s", pad, "");
	fputs(last ? "\n" : "  ", out);
}

static void print_table(const struct table *t, FILE *out)
{
	size_t *wide = mem_new_array(t->ncolumns, sizeof *wide);

	for (size_t c = 0; c < t->ncolumns; c++) {
		wide[c] = width(t->columns[c].title);
		for (size_t r = 0; r < table_rows(t); r++)
			if (width(cell(t, r, c)) > wide[c])
				wide[c] = width(cell(t, r, c));
	}
	for (size_t c = 0; c < t->ncolumns; c++)
		print_cell(out, t->columns[c].title, wide[c], t->columns[c].kind == CELL_NUMBER,
			   c + 1 == t->ncolumns);
	for (size_t r = 0; r < table_rows(t); r++)
		for (size_t c = 0; c < t->ncolumns; c++)
			print_cell(out, cell(t, r, c), wide[c], t->columns[c].kind == CELL_NUMBER,
				   c + 1 == t->ncolumns);
	free(wide);
}

static json_t *cell_json(const struct column *column, const char *text)
{
	if (text == NULL)
		return json_null();
	switch (column->kind) {
	case CELL_TEXT:
		return json_string(text);
	case CELL_YES_NO:
		return json_boolean(strcmp(text, "yes") == 0);
	case CELL_NUMBER:
		return strchr(text, '.') != NULL ? json_real(strtod(text, NULL))
						 : json_integer(strtoll(text, NULL, 10));
	}
	return json_null();
}

static void print_json(const struct table *t, FILE *out)
{
	json_t *rows = json_array();
	char *text;

	for (size_t r = 0; r < table_rows(t); r++) {
		json_t *row = json_object();

		for (size_t c = 0; c < t->ncolumns; c++)
			json_object_set_new(
			    row, t->columns[c].key,
			    cell_json(&t->columns[c], t->cells[r * t->ncolumns + c]));
		json_array_append_new(rows, row);
	}
	text = json_dumps(rows, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(12));
	fprintf(out, "%s\n", text);
	free(text);
	json_decref(rows);
}

void table_print(const struct table *t, FILE *out, bool json)
{
	if (json)
		print_json(t, out);
	else
		print_table(t, out);
}
