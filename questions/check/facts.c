#include "questions/check/facts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/bytes.h"
#include "questions/check/scan.h"

static const char *const verdicts[] = {
    [VERDICT_BILLABLE] = "billable",   [VERDICT_HEADER] = "header",
    [VERDICT_ENDED] = "ended",	       [VERDICT_QUOTED] = "quoted",
    [VERDICT_EXCLUDES1] = "excludes1", [VERDICT_UNKNOWN] = "unknown",
};
static const char *const words[] = {"icd10cm", "icd10pcs", "hcpcs2"};
static const char *const names[] = {"ICD-10-CM", "ICD-10-PCS", "HCPCS Level II"};

const char *system_word(enum code_system system)
{
	return words[system];
}

const char *system_name(enum code_system system)
{
	return names[system];
}

const char *facts_year(const struct bank *bank, enum code_system system)
{
	const char *year = system == CODE_HCPCS2 ? bank->hcpcs : bank->code_year;

	return year == NULL ? "" : year;
}

void facts_fini(struct facts *f)
{
	arena_fini(&f->arena);
	free(f->list);
	*f = (struct facts){0};
}

static int compare(const void *a, const void *b)
{
	const struct fact *x = a, *y = b;
	int c = (x->system > y->system) - (x->system < y->system);

	if (c == 0)
		c = strcmp(x->code, y->code);
	if (c == 0)
		c = strcmp(x->year, y->year);
	if (c == 0)
		c = (x->verdict > y->verdict) - (x->verdict < y->verdict);
	return c != 0 ? c : strcmp(x->what, y->what);
}

static void sort(struct facts *f)
{
	size_t i, n = 0;

	if (f->length == 0)
		return;
	qsort(f->list, f->length, sizeof *f->list, compare);
	for (i = 1; i < f->length; i++)
		if (compare(&f->list[i], &f->list[n]) != 0)
			f->list[++n] = f->list[i];
	f->length = n + 1;
}

/* Takes copies of the texts. */
static void add(struct facts *f, struct fact fact)
{
	if (f->length == f->cap) {
		f->cap = f->cap == 0 ? 64 : 2 * f->cap;
		f->list = mem_resize(f->list, f->cap * sizeof *f->list);
	}
	fact.code = arena_copy_text(&f->arena, fact.code);
	fact.year = arena_copy_text(&f->arena, fact.year);
	fact.what = arena_copy_text(&f->arena, fact.what);
	f->list[f->length++] = fact;
}

static const struct fact *find(const struct facts *f, struct fact wanted)
{
	return f->length == 0 ? NULL
			      : bsearch(&wanted, f->list, f->length, sizeof *f->list, compare);
}

const struct fact *facts_of_code(const struct facts *f, enum code_system system, const char *code,
				 const char *year)
{
	struct fact first = {system, code, year, VERDICT_BILLABLE, NULL, NULL};
	size_t low = 0, high = f->length;

	first.what = "";
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&f->list[middle], &first) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < f->length && f->list[low].system == system &&
	       strcmp(f->list[low].code, code) == 0 && strcmp(f->list[low].year, year) == 0;
	     low++)
		if (f->list[low].verdict <= VERDICT_ENDED ||
		    f->list[low].verdict == VERDICT_UNKNOWN)
			return &f->list[low];
	return NULL;
}

bool facts_has(const struct facts *f, enum code_system system, const char *code, const char *year,
	       enum verdict verdict, const char *what)
{
	return find(f, (struct fact){system, code, year, verdict, what, NULL}) != NULL;
}

/* ---- As text ----------------------------------------------------------------------------- */

void facts_print(const struct facts *f, struct buf *out)
{
	size_t i;

	buf_put_text(out,
		     "# The codes that the banks cite, as the official tables have them; made by: "
		     "examctl bank lock\n");
	for (i = 0; i < f->length; i++) {
		const struct fact *fact = &f->list[i];

		if (fact->verdict != VERDICT_UNKNOWN)
			buf_printf(out, "%s\t%s\t%s\t%s\t%s\n", words[fact->system], fact->code,
				   fact->year, verdicts[fact->verdict], fact->what);
	}
}

static bool find_word(const char *word, const char *const *list, size_t n, size_t *out)
{
	for (*out = 0; *out < n; ++*out)
		if (strcmp(word, list[*out]) == 0)
			return true;
	return false;
}

static bool is_hash(const char *text)
{
	return strlen(text) == TITLE_HASH && strspn(text, "0123456789abcdef") == TITLE_HASH;
}

/* A line in place; false: it is none of ours. */
static bool parse_line(struct facts *f, char *line)
{
	char *cells[5], *rest = line;
	struct fact fact = {0};
	size_t system, verdict, i;

	for (i = 0; i < COUNT(cells); i++)
		if ((cells[i] = strsep(&rest, "\t")) == NULL)
			return false;
	if (rest != NULL || cells[1][0] == '\0' ||
	    !find_word(cells[0], words, COUNT(words), &system) ||
	    !find_word(cells[3], verdicts, VERDICT_UNKNOWN, &verdict))
		return false;
	if ((verdict == VERDICT_EXCLUDES1) == is_hash(cells[4]))
		return false;
	fact.system = (enum code_system)system;
	fact.verdict = (enum verdict)verdict;
	fact.code = cells[1];
	fact.year = cells[2];
	fact.what = cells[4];
	add(f, fact);
	return true;
}

enum err facts_parse(struct facts *f, struct bytes text, const char *file, struct diag *diag)
{
	char *copy = mem_new(text.len + 1), *rest = copy, *line;
	size_t errors = diag->errors;
	unsigned number = 0;

	if (text.len > 0)
		memcpy(copy, text.data, text.len);
	while ((line = strsep(&rest, "\n")) != NULL) {
		number++;
		if (line[0] != '\0' && line[0] != '#' && !parse_line(f, line))
			diag_add(diag, DIAG_ERROR, (struct diag_place){file, number, 1}, "bad-lock",
				 "a line is system, code, year, verdict and hash, with tabs "
				 "between");
	}
	free(copy);
	sort(f);
	return diag->errors == errors ? ERR_OK : ERR_BAD_INPUT;
}

/* ---- From the tables --------------------------------------------------------------------- */

struct taking {
	struct facts *facts;
	const struct bank *bank;
	const struct tables *tables;
};

/* How far a code goes that cannot be built. */
static char *why_unknown(const struct tables *t, enum code_system system, const char *code)
{
	size_t reach;

	if (system != CODE_ICD10PCS)
		return mem_copy_text("");
	reach = tables_pcs_reach(t, code);
	if (reach < 3)
		return mem_printf("there is no table %.3s", code);
	return mem_printf("no row of table %.3s gives character %zu the value %c behind %.*s", code,
			  reach + 1, code[reach] == '\0' ? '-' : code[reach], (int)reach, code);
}

static void take_code(const struct taking *t, enum code_system system, const char *code)
{
	static const enum verdict of[] = {[STANDING_UNKNOWN] = VERDICT_UNKNOWN,
					  [STANDING_BILLABLE] = VERDICT_BILLABLE,
					  [STANDING_HEADER] = VERDICT_HEADER,
					  [STANDING_ENDED] = VERDICT_ENDED};
	struct official o = tables_look_up(t->tables, system, code);
	char hash[TITLE_HASH + 1], *why = NULL, *title;
	struct fact fact = {system, code, facts_year(t->bank, system), of[o.standing], hash, NULL};

	if (o.standing == STANDING_UNKNOWN) {
		fact.what = why = why_unknown(t->tables, system, code);
	} else {
		title_hash(o.title, hash);
		title = arena_new(&t->facts->arena, o.title.len + 1);
		memcpy(title, o.title.data, o.title.len);
		fact.title = title;
	}
	add(t->facts, fact);
	free(why);
}

/* What notes of the tabular list are introduced by; a quotation may have it or not. */
static const char *const heads[] = {
    "Use additional code", "Code first", "Code also", "Excludes1",
    "Excludes2",	   "Includes",	 "Note",      "Use additional"};

static bool is_note(const struct taking *t, const char *code, struct bytes quote)
{
	size_t i;

	for (i = 0; i < COUNT(heads); i++) {
		size_t n = strlen(heads[i]);

		if (quote.len >= n && strncasecmp((const char *)quote.data, heads[i], n) == 0)
			return true;
	}
	return tables_has_note(t->tables, code, quote);
}

/* Quotations behind codes that are notes, not titles. */
static void take_quotes(const struct taking *t, const struct item *item, const char *text)
{
	struct printed_code c;
	size_t at = 0;

	while (scan_code(item, text, &at, &c)) {
		struct bytes quote = scan_title(text, at);
		char hash[TITLE_HASH + 1];

		if (c.system != CODE_ICD10CM || quote.len == 0 || !is_note(t, c.code, quote))
			continue;
		title_hash(quote, hash);
		add(t->facts, (struct fact){c.system, c.code, facts_year(t->bank, c.system),
					    VERDICT_QUOTED, hash, NULL});
	}
}

static void take_pairs(const struct taking *t, const struct item *item)
{
	size_t i, k;

	for (i = 0; i < item->ncodes; i++) {
		const struct cited_code *a = &item->codes[i];

		for (k = 0; k < item->ncodes; k++) {
			const struct cited_code *b = &item->codes[k];

			if (a->system == CODE_ICD10CM && b->system == CODE_ICD10CM &&
			    strcmp(a->code, b->code) < 0 &&
			    tables_exclude(t->tables, a->code, b->code))
				add(t->facts, (struct fact){CODE_ICD10CM, a->code,
							    facts_year(t->bank, CODE_ICD10CM),
							    VERDICT_EXCLUDES1, b->code, NULL});
		}
	}
}

static void take_item(const struct taking *t, const struct item *item)
{
	struct texts texts = {item, 0};
	struct item_text text;
	size_t i;

	for (i = 0; i < item->ncodes; i++)
		take_code(t, item->codes[i].system, item->codes[i].code);
	take_pairs(t, item);
	while (texts_next(&texts, &text))
		take_quotes(t, item, text.text);
}

void facts_take(struct facts *f, const struct bank *bank, const struct tables *tables)
{
	const struct taking t = {f, bank, tables};
	size_t i;

	f->from_tables = true;
	for (i = 0; i < bank->nitems; i++)
		take_item(&t, bank->items[i]);
	sort(f);
}
