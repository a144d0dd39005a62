/* The official code tables that a school has beside the banks: a directory of tab-separated files
 * with codes without dots, as the government publishes them:
 *
 *   icd10cm.tsv                      code, 0 or 1 (may be reported), title; needed
 *   icd10cm_notes.tsv                code, section "A00-A09" or chapter "CH01"; kind; text
 *   icd10cm_changes_fyNNNN.tsv       code; added, deleted or changed; 0 or 1; title
 *   icd10cm_chapters_sections.tsv    chapter or section, which of the two, title with its range
 *   icd10pcs.tsv                     code, title; needed
 *   icd10pcs_changes_fyNNNN.tsv      code; added, deleted or retitled; title
 *   icd10pcs_tables_fyNNNN.tsv       table, row, position, axis, value, label, 1 = still so
 *   icd10pcs_table_headings.tsv      table, title
 *   icd10pcs_definitions_fyNNNN.tsv  section, its title, position, axis, term, definition, more
 *   hcpcs2.tsv                       code, description; needed
 *   hcpcs2_modifiers.tsv             modifier, description
 *   hcpcs2_status.tsv                code, added, effective, terminated, ...
 *
 * Of a name with a year the last in order of names counts.  What is not needed may be missing, and
 * what rests on it is not known then.  Immutable once open. */
#ifndef QUESTIONS_TABLES_TABLES_H
#define QUESTIONS_TABLES_TABLES_H

#include "proto/base/diag.h"
#include "questions/model/item.h"
#include "questions/tables/tsv.h"

enum table {
	TABLE_CM,
	TABLE_CM_NOTES,
	TABLE_CM_CHANGES,
	TABLE_CM_SECTIONS,
	TABLE_PCS,
	TABLE_PCS_CHANGES,
	TABLE_PCS_ROWS,
	TABLE_PCS_HEADINGS,
	TABLE_PCS_TERMS,
	TABLE_HCPCS,
	TABLE_HCPCS_MODIFIERS,
	TABLE_HCPCS_STATUS,
	TABLE_COUNT
};

struct tables {
	struct tsv of[TABLE_COUNT];
	char year[16]; /* of ICD-10, from a file's name: "FY2026"; "" when no name tells */
};

/* Opens a directory; what is wrong with it is in DIAG, and nothing is open then.
 *
 * ERR_NOT_FOUND  a table that is needed is not there
 * ERR_IO         one cannot be read */
MUST_USE enum err tables_open(struct tables *t, const char *dir, struct diag *diag);
void tables_close(struct tables *t);

/* What the tables say of a code. */
enum standing {
	STANDING_UNKNOWN, /* there is no such code */
	STANDING_BILLABLE,
	STANDING_HEADER, /* a category, whose codes have more characters */
	STANDING_ENDED	 /* deleted or terminated */
};
struct official {
	enum standing standing;
	struct bytes title; /* borrowed from the tables; empty when unknown */
};

/* CODE in canonical form (codes.h). */
struct official tables_look_up(const struct tables *t, enum code_system system, const char *code);

/* The most leading characters of CODE with which a code of ICD-10-PCS begins. */
size_t tables_pcs_reach(const struct tables *t, const char *code);

/* notes.c.  Notes of ICD-10-CM hold for the code they stand at and for all below it. */

/* Does an excludes1 note at one of the codes, a parent, section or chapter of it name the other? */
bool tables_exclude(const struct tables *t, const char *a, const char *b);

/* Does a note at the code or above it read so, apart from capitals? */
bool tables_has_note(const struct tables *t, const char *code, struct bytes text);

/* Does a list of codes as the notes print them, "B41.-, J70.2-J70.4", hold the code? */
bool notes_list_holds(struct bytes list, const char *code);

#endif
