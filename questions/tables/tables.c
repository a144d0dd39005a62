#include "questions/tables/tables.h"

#include <ctype.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

static const struct {
	const char *pattern;
	bool needed;
} files[TABLE_COUNT] = {
    [TABLE_CM] = {"icd10cm.tsv", true},
    [TABLE_CM_NOTES] = {"icd10cm_notes.tsv", false},
    [TABLE_CM_CHANGES] = {"icd10cm_changes_fy*.tsv", false},
    [TABLE_CM_SECTIONS] = {"icd10cm_chapters_sections.tsv", false},
    [TABLE_PCS] = {"icd10pcs.tsv", true},
    [TABLE_PCS_CHANGES] = {"icd10pcs_changes_fy*.tsv", false},
    [TABLE_PCS_ROWS] = {"icd10pcs_tables_fy*.tsv", false},
    [TABLE_PCS_HEADINGS] = {"icd10pcs_table_headings.tsv", false},
    [TABLE_PCS_TERMS] = {"icd10pcs_definitions_fy*.tsv", false},
    [TABLE_HCPCS] = {"hcpcs2.tsv", true},
    [TABLE_HCPCS_MODIFIERS] = {"hcpcs2_modifiers.tsv", false},
    [TABLE_HCPCS_STATUS] = {"hcpcs2_status.tsv", false},
};

/* The path of a table, the last of those that fit; NULL: none.  To be freed. */
static char *path_of(const char *dir, const char *pattern)
{
	char *name = mem_printf("%s/%s", dir, pattern), *path = NULL;
	glob_t found;

	if (glob(name, 0, NULL, &found) == 0) {
		path = mem_copy_text(found.gl_pathv[found.gl_pathc - 1]);
		globfree(&found);
	}
	free(name);
	return path;
}

/* ".../icd10cm_changes_fy2026.tsv" is of FY2026. */
static void note_year(struct tables *t, const char *path)
{
	const char *fy = strstr(strrchr(path, '/'), "_fy");

	if (fy != NULL && strspn(fy + 3, "0123456789") == 4) {
		memcpy(t->year, "FY", 2);
		memcpy(t->year + 2, fy + 3, 4);
	}
}

static enum err open_one(struct tables *t, enum table which, const char *dir, struct diag *diag)
{
	char *path = path_of(dir, files[which].pattern);
	enum err err = path == NULL ? ERR_NOT_FOUND : tsv_open(&t->of[which], path);

	if (err == ERR_NOT_FOUND && !files[which].needed)
		err = ERR_OK;
	else if (err != ERR_OK)
		diag_add(diag, DIAG_ERROR, (struct diag_place){dir, 0, 0}, "tables",
			 err == ERR_NOT_FOUND ? "the table %s is not here"
					      : "the table %s cannot be read",
			 files[which].pattern);
	if (err == ERR_OK && path != NULL && which == TABLE_CM_CHANGES)
		note_year(t, path);
	free(path);
	return err;
}

enum err tables_open(struct tables *t, const char *dir, struct diag *diag)
{
	enum err err = ERR_OK;
	int i;

	*t = (struct tables){0};
	for (i = 0; i < TABLE_COUNT; i++) {
		enum err one = open_one(t, (enum table)i, dir, diag);

		err = err == ERR_OK ? one : err;
	}
	if (err != ERR_OK)
		tables_close(t);
	return err;
}

void tables_close(struct tables *t)
{
	size_t i;

	for (i = 0; i < TABLE_COUNT; i++)
		tsv_close(&t->of[i]);
	*t = (struct tables){0};
}

/* Each system: where its codes and titles are, and where those that ended. */
static const struct {
	enum table codes, ends;
	size_t flag, title;	 /* cells; flag 0: every code is complete */
	size_t ended, end_title; /* cells of the table of ends */
} systems[] = {
    [CODE_ICD10CM] = {TABLE_CM, TABLE_CM_CHANGES, 1, 2, 1, 3},
    [CODE_ICD10PCS] = {TABLE_PCS, TABLE_PCS_CHANGES, 0, 1, 1, 2},
    [CODE_HCPCS2] = {TABLE_HCPCS, TABLE_HCPCS_STATUS, 0, 1, 3, 0},
};

/* "deleted", or a date on which it was terminated; neither an empty cell nor another word. */
static bool tells_an_end(struct bytes cell)
{
	return bytes_equal(cell, bytes_of_text("deleted")) ||
	       (cell.len == 8 && isdigit(cell.data[0]));
}

/* The row of a change that ended the code; nrows: none. */
static size_t find_end(const struct tables *t, enum code_system system, struct bytes code)
{
	const struct tsv *ends = &t->of[systems[system].ends];
	struct tsv_span span = tsv_find(ends, code);
	size_t i;

	for (i = span.first; i < span.first + span.count; i++)
		if (tells_an_end(tsv_cell(ends, i, systems[system].ended)))
			return i;
	return ends->nrows;
}

static struct official of_modifier(const struct tables *t, struct bytes code)
{
	const struct tsv *modifiers = &t->of[TABLE_HCPCS_MODIFIERS];
	struct tsv_span span = tsv_find(modifiers, code);

	if (span.count == 0)
		return (struct official){0};
	return (struct official){STANDING_BILLABLE, tsv_cell(modifiers, span.first, 1)};
}

struct official tables_look_up(const struct tables *t, enum code_system system, const char *code)
{
	const struct tsv *codes = &t->of[systems[system].codes];
	struct bytes key = bytes_of_text(code);
	struct tsv_span span = tsv_find(codes, key);
	size_t end = find_end(t, system, key);
	bool ended = end < t->of[systems[system].ends].nrows;
	struct official o = {STANDING_BILLABLE, {0}};

	if (system == CODE_HCPCS2 && key.len == 2)
		return of_modifier(t, key);
	if (span.count == 0 && (!ended || systems[system].end_title == 0))
		return (struct official){0};
	if (span.count == 0)
		return (struct official){STANDING_ENDED, tsv_cell(&t->of[systems[system].ends], end,
								  systems[system].end_title)};
	o.title = tsv_cell(codes, span.first, systems[system].title);
	if (systems[system].flag > 0 &&
	    !bytes_equal(tsv_cell(codes, span.first, systems[system].flag), bytes_of_text("1")))
		o.standing = STANDING_HEADER;
	else if (ended && system == CODE_HCPCS2)
		o.standing = STANDING_ENDED;
	return o;
}

size_t tables_pcs_reach(const struct tables *t, const char *code)
{
	size_t n = strlen(code);

	while (n > 0 && tsv_find_prefix(&t->of[TABLE_PCS], bytes_of(code, n)).count == 0)
		n--;
	return n;
}
