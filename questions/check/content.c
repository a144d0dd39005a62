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

/* Words before a number that make it a page, a document, a place or a file, not a code. */
static bool ends_with_marker(const char *text, size_t len)
{
	static const char *const words[] = {
	    "Fed. Reg. ", "Federal Register ", " FR ",	"Transmittal ", "age ",	    "ZIP ",
	    "ZIP code ",  "zip code ",	       "CMS-",	"MRN ",		"MRN: ",    "No. ",
	    "no. ",	  "number ",	       "Room ", "room ",	"invoice ", "account ",
	    "about ",	  "nearly ",	       "some ", "over ",	"under ",   "USD "};
	size_t i;

	for (i = 0; i < COUNT(words); i++) {
		size_t n = strlen(words[i]);

		if (len >= n && memcmp(text + len - n, words[i], n) == 0)
			return true;
	}
	return false;
}

/* "Peoria, IL 61602": a comma, two capitals and a blank before it. */
static bool is_behind_state(const char *text, size_t at)
{
	return at >= 5 && text[at - 1] == ' ' && isupper((unsigned char)text[at - 2]) &&
	       isupper((unsigned char)text[at - 3]) && text[at - 4] == ' ' && text[at - 5] == ',';
}

/* What a number counts or measures, right behind it. */
static bool begins_with_unit(const char *behind)
{
	static const char *const units[] = {
	    "/",      "per ",	  "cells",  "copies",  "IU",	"units", "mg",	      "mcg",
	    "mL",     "ml",	  "g ",	    "kg",      "WBC",	"white", "platelets", "dollars",
	    "people", "patients", "claims", "records", "cases", "beds",	 "members",   "colonies",
	    "CFU",    "square",	  "miles",  "steps",   "bytes", "%"};
	size_t i;

	behind += *behind == ' ' || *behind == '-';
	for (i = 0; i < COUNT(units); i++)
		if (strncmp(behind, units[i], strlen(units[i])) == 0)
			return true;
	return false;
}

/* 12345.6, 1,12345, $12345, 12345 cells/mm3, ZIP 12345: numbers, money, places. */
static bool is_number(const char *text, size_t at, size_t len)
{
	const char *end = text + at + len;

	if (at > 0 && text[at - 1] == '$')
		return true;
	if (at > 1 && strchr(".,", text[at - 1]) != NULL && is_digit(text[at - 2]))
		return true;
	if ((*end == '.' || *end == ',') && is_digit(end[1]))
		return true;
	return ends_with_marker(text, at) || is_behind_state(text, at) || begins_with_unit(end);
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

/* What is only a code because it is called one: what it is called, how the code looks (9 digit, X
 * digit or letter; one that is only letters is none), whose it is. */
static const struct named {
	const char *name, *form, *least, *owner;
} named[] = {
    {"modifier", "99", "99", "CPT modifier"},
    {"modifier", "P9", "P9", "CPT modifier"},
    {"revenue code", "999X", "999", "UB-04 revenue code"},
    {"rev code", "999X", "999", "UB-04 revenue code"},
    {"bill type", "999X", "99X", "UB-04 bill type"},
    {"type of bill", "999X", "99X", "UB-04 bill type"},
    {"TOB", "999X", "99X", "UB-04 bill type"},
    {"condition code", "XX", "XX", "UB-04 code"},
    {"occurrence code", "XX", "XX", "UB-04 code"},
    {"occurrence span code", "XX", "XX", "UB-04 code"},
    {"value code", "XX", "XX", "UB-04 code"},
    {"status code", "99", "99", "UB-04 code"},
};

/* How many characters at S have the form, at least as many as LEAST; 0: not whole, or no digit. */
static size_t fits_form(const char *s, const char *form, const char *least)
{
	size_t n = 0, digits = 0;

	for (; form[n] != '\0' && is_word(s[n]); n++) {
		bool good = form[n] == '9'   ? is_digit(s[n])
			    : form[n] == 'X' ? is_digit(s[n]) || isupper((unsigned char)s[n])
					     : s[n] == form[n];

		if (!good)
			return 0;
		digits += is_digit(s[n]);
	}
	return n >= strlen(least) && digits > 0 && !is_word(s[n]) ? n : 0;
}

/* The codes behind a name: "modifiers 58, 78 and 79", "type of bill: 0131". */
static void search_behind(const struct search *s, const struct named *n, const char *at)
{
	static const char *const between[] = {", and ", ", or ", " and ", " or ", ", ", "/"};
	size_t len, i;

	at += *at == 's';
	at += strspn(at, " :(-\"'");
	while ((len = fits_form(at, n->form, n->least)) > 0) {
		check_found(s->c, RULE_FORBIDDEN, s->place, "%s %.*s in %s is a %s", n->name,
			    (int)len, at, s->where, n->owner);
		at += len;
		for (i = 0; i < COUNT(between); i++)
			if (strncmp(at, between[i], strlen(between[i])) == 0)
				break;
		at += i < COUNT(between) ? strlen(between[i]) : 0;
		at += *at == '-';
	}
}

/* "the 25 modifier", "a -59 modifier" */
static void search_before(const struct search *s, const struct named *n, const char *text,
			  const char *at)
{
	size_t len = strlen(n->form);
	const char *code = at - len - 1;

	if (at < text + len + 1 || at[-1] != ' ' || (code > text && is_word(code[-1])) ||
	    fits_form(code, n->form, n->least) != len)
		return;
	check_found(s->c, RULE_FORBIDDEN, s->place, "%.*s %s in %s is a %s", (int)len, code,
		    n->name, s->where, n->owner);
}

static void search_named(const struct search *s, const char *text)
{
	size_t i;

	for (i = 0; i < COUNT(named); i++) {
		size_t len = strlen(named[i].name);
		const char *at = text;

		for (; (at = strcasestr(at, named[i].name)) != NULL; at += len) {
			if (at > text && is_word(at[-1]))
				continue;
			search_behind(s, &named[i], at + len);
			if (strcmp(named[i].name, "modifier") == 0)
				search_before(s, &named[i], text, at);
		}
	}
}

static void search_text(const struct search *s, const char *text)
{
	size_t at = 0, len;

	if (text != NULL)
		search_named(s, text);

	for (; text != NULL && text[at] != '\0'; at += len) {
		len = 1;
		if (!is_word(text[at]))
			continue;
		while (is_word(text[at + len]))
			len++;
		if (is_cpt(text + at, len) &&
		    (digits_at(text + at) < 5 || !is_number(text, at, len)))
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
