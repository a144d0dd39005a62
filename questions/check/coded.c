/* Codes that the tables or what was kept of them can judge. */
#include <ctype.h>
#include <string.h>

#include "questions/check/facts.h"
#include "questions/check/rules.h"
#include "questions/check/scan.h"

struct coded {
	struct check c;
	const struct facts *facts;
	const struct item *item;
};

/* "E119" as people read it, "E11.9". */
struct shown {
	char text[ITEM_CODE_MOST + 2];
};

static struct shown show(enum code_system system, const char *code)
{
	struct shown s = {{0}};
	size_t head = system == CODE_ICD10CM && strlen(code) > 3 ? 3 : strlen(code);

	memcpy(s.text, code, head);
	if (code[head] != '\0') {
		s.text[head] = '.';
		memcpy(s.text + head + 1, code + head, strlen(code + head));
	}
	return s;
}

static const struct fact *fact_of(const struct coded *c, enum code_system system, const char *code)
{
	return facts_of_code(c->facts, system, code, facts_year(c->c.bank, system));
}

/* ---- Every code that is cited ------------------------------------------------------------ */

static void check_known(const struct coded *c, const struct cited_code *cited)
{
	const struct fact *fact = fact_of(c, cited->system, cited->code);
	struct shown code = show(cited->system, cited->code);

	if (fact == NULL)
		check_found(&c->c, RULE_NOT_LOOKED_UP, cited->place,
			    "%s of %s %s has not been looked up", code.text,
			    system_name(cited->system), facts_year(c->c.bank, cited->system));
	else if (fact->verdict == VERDICT_UNKNOWN)
		check_found(&c->c, RULE_UNKNOWN_CODE, cited->place, "%s is no code of %s%s%s",
			    code.text, system_name(cited->system),
			    fact->what[0] == '\0' ? "" : ": ", fact->what);
}

/* ---- Keys -------------------------------------------------------------------------------- */

/* Words in a stem with which it asks for a code that may not be reported. */
static bool asks_for_a_fault(const char *stem)
{
	static const char *const signs[] = {
	    "NOT",	   "EXCEPT",	   "CANNOT",	  "INVALID",	 "invalid",    "not valid",
	    "header",	   "deleted",	   "terminated",  "truncated",	 "incomplete", "category",
	    "subcategory", "not billable", "nonbillable", "non-billable"};
	size_t i;

	for (i = 0; i < COUNT(signs); i++)
		if (has_word(stem, signs[i]))
			return true;
	return false;
}

/* "category E11" and "subcategory M80.0" name a header, and mean it. */
static bool names_a_category(const char *text, size_t at)
{
	static const char *const words[] = {"categor", "block", "chapter", "header", "table"};
	size_t i, from = at < 24 ? 0 : at - 24;

	for (i = 0; i < COUNT(words); i++) {
		const char *s = memmem(text + from, at - from, words[i], strlen(words[i]));

		if (s != NULL && memchr(s, '.', (size_t)(text + at - s)) == NULL)
			return true;
	}
	return false;
}

static void check_reportable(const struct coded *c, enum code_system system, const char *code,
			     struct place place)
{
	const struct fact *fact = fact_of(c, system, code);

	if (fact != NULL && fact->verdict == VERDICT_HEADER)
		check_found(&c->c, RULE_NOT_BILLABLE, place,
			    "the key %s is a category: the codes below it are reported",
			    show(system, code).text);
	else if (fact != NULL && fact->verdict == VERDICT_ENDED)
		check_found(&c->c, RULE_CODE_ENDED, place, "the key %s was deleted or terminated",
			    show(system, code).text);
}

static void check_key_text(const struct coded *c, const struct item_text *t)
{
	struct printed_code code;
	size_t at = 0;

	while (scan_code(c->item, t->text, &at, &code))
		if (!names_a_category(t->text, code.at))
			check_reportable(c, code.system, code.code, t->place);
}

/* The system that the item cites an accepted code in; false: it does not cite it. */
static bool system_of(const struct item *item, const char *code, enum code_system *out)
{
	size_t i;

	for (i = 0; i < item->ncodes; i++)
		if (strcmp(item->codes[i].code, code) == 0) {
			*out = item->codes[i].system;
			return true;
		}
	return false;
}

static void check_accepted(const struct coded *c, const struct code_field *field)
{
	enum code_system system;
	size_t i;

	for (i = 0; i < field->naccept; i++)
		if (system_of(c->item, field->accept[i], &system))
			check_reportable(c, system, field->accept[i], field->place);
}

/* ---- Pairs in a key ---------------------------------------------------------------------- */

#define KEY_CODES_MOST 64

/* The diagnoses of a key that are reported together; .field tells alternatives apart. */
struct key {
	struct {
		char code[ITEM_CODE_MOST + 1];
		size_t field;
	} codes[KEY_CODES_MOST];
	size_t n;
};

static void put_code(struct key *key, const char *code, size_t field)
{
	if (key->n == KEY_CODES_MOST)
		return;
	memcpy(key->codes[key->n].code, code, strlen(code) + 1);
	key->codes[key->n++].field = field;
}

/* Words besides codes that a list of codes may hold; more, and it is a sentence about them. */
#define LIST_WORDS_MOST 3

static bool is_list_of_codes(const struct item *item, const char *text)
{
	struct printed_code code;
	size_t at = 0, words = 0, codes = 0, i;

	while (scan_code(item, text, &at, &code))
		codes++;
	for (i = 0; text[i] != '\0'; i++)
		words += isalnum((unsigned char)text[i]) &&
			 (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\n');
	return codes > 0 && words <= codes + LIST_WORDS_MOST;
}

static void take_option(struct key *key, const struct item *item, size_t which)
{
	const char *text = item->options[which].text;
	struct printed_code code;
	size_t at = 0;

	if (!is_list_of_codes(item, text))
		return;
	while (scan_code(item, text, &at, &code))
		if (code.system == CODE_ICD10CM)
			put_code(key, code.code, key->n);
}

static void take_fields(struct key *key, const struct item *item)
{
	enum code_system system;
	size_t i, k;

	for (i = 0; i < item->nfields; i++)
		for (k = 0; k < item->fields[i].naccept; k++)
			if (system_of(item, item->fields[i].accept[k], &system) &&
			    system == CODE_ICD10CM)
				put_code(key, item->fields[i].accept[k], i);
}

static void check_pairs(const struct coded *c)
{
	const char *year = facts_year(c->c.bank, CODE_ICD10CM);
	struct key key = {.n = 0};
	size_t i, k;

	for (i = 0; i < c->item->noptions; i++)
		if (c->item->options[i].right)
			take_option(&key, c->item, i);
	take_fields(&key, c->item);
	for (i = 0; i < key.n; i++)
		for (k = 0; k < key.n; k++)
			if (key.codes[i].field != key.codes[k].field &&
			    facts_has(c->facts, CODE_ICD10CM, key.codes[i].code, year,
				      VERDICT_EXCLUDES1, key.codes[k].code))
				check_found(&c->c, RULE_EXCLUDES1, c->item->place,
					    "the key has %s and %s, which an excludes1 note keeps "
					    "apart",
					    show(CODE_ICD10CM, key.codes[i].code).text,
					    show(CODE_ICD10CM, key.codes[k].code).text);
}

/* ---- Titles ------------------------------------------------------------------------------ */

static void check_titles(const struct coded *c, const struct item_text *t)
{
	struct printed_code code;
	size_t at = 0;

	while (scan_code(c->item, t->text, &at, &code)) {
		struct bytes quote = scan_title(t->text, at);
		const struct fact *fact = fact_of(c, code.system, code.code);
		char hash[TITLE_HASH + 1];

		if (quote.len == 0 || fact == NULL || fact->verdict == VERDICT_UNKNOWN)
			continue;
		title_hash(quote, hash);
		if (strcmp(hash, fact->what) == 0 ||
		    facts_has(c->facts, code.system, code.code, facts_year(c->c.bank, code.system),
			      VERDICT_QUOTED, hash))
			continue;
		check_found(&c->c, RULE_WRONG_TITLE, t->place,
			    "in %s, \"%.*s\" is not the title of %s%s%s", t->where, (int)quote.len,
			    (const char *)quote.data, show(code.system, code.code).text,
			    fact->title == NULL ? "" : ", which is ",
			    fact->title == NULL ? "" : fact->title);
	}
}

/* ---- The bank ---------------------------------------------------------------------------- */

static void check_item(struct coded *c)
{
	const struct item *item = c->item;
	struct texts texts = {item, 0};
	bool fault = asks_for_a_fault(item->stem);
	struct item_text t;
	size_t i;

	for (i = 0; i < item->ncodes; i++)
		check_known(c, &item->codes[i]);
	while (texts_next(&texts, &t)) {
		check_titles(c, &t);
		if (t.role == TEXT_KEY && !fault)
			check_key_text(c, &t);
	}
	for (i = 0; i < item->nfields; i++)
		check_accepted(c, &item->fields[i]);
	if (!fault)
		check_pairs(c);
}

void check_codes(const struct bank *bank, const char *file, const struct facts *facts,
		 struct diag *diag)
{
	struct coded c = {{bank, file, diag}, facts, NULL};
	size_t i;

	for (i = 0; i < bank->nitems; i++) {
		c.item = bank->items[i];
		if (c.item->review != REVIEW_RETIRED)
			check_item(&c);
	}
}

void check_tables_year(const struct bank *bank, const char *file, const struct tables *tables,
		       struct diag *diag)
{
	const struct check c = {bank, file, diag};

	if (tables->year[0] != '\0' && bank->code_year != NULL &&
	    strcmp(tables->year, bank->code_year) != 0)
		check_found(&c, RULE_YEAR, (struct place){0, 0},
			    "the bank is of %s, the tables are of %s", bank->code_year,
			    tables->year);
}
