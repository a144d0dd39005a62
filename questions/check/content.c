/* Codes that look like those whose owners license every copy. */
#include <ctype.h>
#include <string.h>

#include "questions/check/rules.h"

/* What is searched: a text, where it stands, and the item that it belongs to. */
struct search {
	const struct check *c;
	const struct item *item; /* NULL: the bank */
	struct place place;
	const char *where;
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) != 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t digits_at(const char *s)
{
	return strspn(s, "0123456789");
}

/* Words before a number that make it a page or a document, not a code. */
static bool ends_with_citation(const char *text, size_t len)
{
	static const char *const words[] = {
	    "Fed. Reg. ", "Federal Register ", " FR ", "Transmittal ", "page ", "Page "};
	size_t i;

	for (i = 0; i < COUNT(words); i++) {
		size_t n = strlen(words[i]);

		if (len >= n && memcmp(text + len - n, words[i], n) == 0)
			return true;
	}
	return false;
}

/* 12345.6, 1,12345 and $12345 are numbers and money. */
static bool is_number(const char *text, size_t at, size_t len)
{
	const char *end = text + at + len;

	if (at > 0 && text[at - 1] == '$')
		return true;
	if (at > 1 && strchr(".,", text[at - 1]) != NULL && is_digit(text[at - 2]))
		return true;
	return (*end == '.' || *end == ',') && is_digit(end[1]);
}

/* Five digits; or four digits and F; or four digits, a 0 first, and T or U. */
static bool is_cpt(const char *word, size_t len)
{
	size_t digits = digits_at(word);

	if (len != 5 || digits < 4)
		return false;
	if (digits == 5)
		return true;
	return word[4] == 'F' || (word[0] == '0' && (word[4] == 'T' || word[4] == 'U'));
}

/* D and four digits; but an ICD-10-CM code without its dot looks the same, so one that the item
 * cites as such is let through. */
static bool is_cdt(const struct search *s, const char *word, size_t len)
{
	size_t i;

	if (len != 5 || word[0] != 'D' || digits_at(word + 1) < 4)
		return false;
	for (i = 0; s->item != NULL && i < s->item->ncodes; i++) {
		const struct cited_code *cited = &s->item->codes[i];

		if (cited->system == CODE_ICD10CM && strlen(cited->code) == len &&
		    memcmp(cited->code, word, len) == 0)
			return false;
	}
	return true;
}

static void search_text(const struct search *s, const char *text)
{
	size_t at = 0, len;

	for (; text != NULL && text[at] != '\0'; at += len) {
		len = 1;
		if (!is_word(text[at]))
			continue;
		while (is_word(text[at + len]))
			len++;
		if (is_cpt(text + at, len) && !is_number(text, at, len) &&
		    !ends_with_citation(text, at))
			check_found(s->c, RULE_FORBIDDEN, s->place,
				    "%.*s in %s looks like a CPT code", (int)len, text + at,
				    s->where);
		if (is_cdt(s, text + at, len))
			check_found(s->c, RULE_FORBIDDEN, s->place,
				    "%.*s in %s looks like a CDT code", (int)len, text + at,
				    s->where);
	}
}

static void search_item(const struct check *c, const struct item *item)
{
	struct search s = {c, item, item->place, "the stem"};
	size_t i, k;

	search_text(&s, item->stem);
	s.where = "the rationale";
	search_text(&s, item->rationale);
	s.where = "a reference";
	for (i = 0; i < item->nreferences; i++)
		search_text(&s, item->references[i]);
	for (i = 0; i < item->noptions; i++) {
		s.place = item->options[i].place;
		s.where = "an option";
		search_text(&s, item->options[i].text);
		s.where = "the reason of an option";
		search_text(&s, item->options[i].why);
	}
	for (i = 0; i < item->nfields; i++) {
		s.place = item->fields[i].place;
		s.where = "a label";
		search_text(&s, item->fields[i].label);
		for (k = 0; k < item->fields[i].naccept; k++)
			if (is_cpt(item->fields[i].accept[k], strlen(item->fields[i].accept[k])))
				check_found(c, RULE_FORBIDDEN, s.place,
					    "the accepted code %s looks like a CPT code",
					    item->fields[i].accept[k]);
	}
}

/* In the system of HCPCS Level II a D code is a CDT code, and five digits are one of Level I. */
static void search_cited(const struct check *c, const struct item *item)
{
	size_t i;

	for (i = 0; i < item->ncodes; i++) {
		const char *code = item->codes[i].code;

		if (is_cpt(code, strlen(code)))
			check_found(c, RULE_FORBIDDEN, item->codes[i].place,
				    "the cited code %s looks like a CPT code", code);
		if (item->codes[i].system == CODE_HCPCS2 && code[0] == 'D' &&
		    digits_at(code + 1) == 4 && code[5] == '\0')
			check_found(c, RULE_FORBIDDEN, item->codes[i].place,
				    "the cited code %s is a CDT code", code);
	}
}

void check_content(const struct check *c)
{
	struct search s = {c, NULL, {0, 0}, "the title"};
	size_t i;

	search_text(&s, c->bank->title);
	s.where = "the notice";
	search_text(&s, c->bank->notice);
	for (i = 0; i < c->bank->nsets; i++) {
		s.place = c->bank->sets[i]->place;
		s.where = "the stimulus";
		search_text(&s, c->bank->sets[i]->stimulus);
	}
	for (i = 0; i < c->bank->nitems; i++) {
		search_item(c, c->bank->items[i]);
		search_cited(c, c->bank->items[i]);
	}
}
