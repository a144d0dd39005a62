#include "questions/check/check.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "questions/check/facts.h"
#include "questions/check/rules.h"

static const struct check_rule rules[] = {
#define RULE(name, id, level, explanation) [RULE_##name] = {id, level, explanation},
#include "questions/check/rules.def"
#undef RULE
};

const struct check_rule *check_rule_nth(size_t i)
{
	return i < COUNT(rules) ? &rules[i] : NULL;
}

const struct check_rule *check_rule_find(const char *id)
{
	size_t i;

	for (i = 0; i < COUNT(rules); i++)
		if (strcmp(rules[i].id, id) == 0)
			return &rules[i];
	return NULL;
}

void check_found(const struct check *c, enum rule rule, struct place place, const char *fmt, ...)
{
	struct diag_place at = {c->file, place.line, place.column};
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	diag_add(c->diag, rules[rule].level, at, rules[rule].id, "%s", text == NULL ? "?" : text);
	free(text);
}

/* The shapes of codes, in canonical form: a pattern of one character a place.  A letter; 9 digit;
 * D digit, or A as in QA0; V letter A to V; X digit or letter; P digit or letter but I and O. */
static const struct {
	enum code_system system;
	const char *pattern;
	size_t least; /* the places that must be there */
} shapes[] = {
    {CODE_ICD10CM, "ADXXXXX", 3},
    {CODE_ICD10PCS, "PPPPPPP", 7},
    {CODE_HCPCS2, "V9999", 5},
    {CODE_HCPCS2, "AX", 2},
};

static bool fits(char c, char place)
{
	bool digit = c >= '0' && c <= '9', letter = c >= 'A' && c <= 'Z';

	switch (place) {
	case '9':
		return digit;
	case 'A':
		return letter;
	case 'D':
		return digit || c == 'A';
	case 'V':
		return letter && c <= 'V';
	case 'P':
		return digit || (letter && c != 'I' && c != 'O');
	default:
		return digit || letter;
	}
}

static bool has_shape(const char *code, const char *pattern, size_t least)
{
	size_t i, len = strlen(code);

	if (len < least || len > strlen(pattern))
		return false;
	for (i = 0; i < len; i++)
		if (!fits(code[i], pattern[i]))
			return false;
	return true;
}

static bool is_code_of(const char *code, enum code_system system)
{
	size_t i;

	for (i = 0; i < COUNT(shapes); i++)
		if (shapes[i].system == system &&
		    has_shape(code, shapes[i].pattern, shapes[i].least))
			return true;
	return false;
}

static void check_shapes(const struct check *c, const struct item *item)
{
	size_t i;

	for (i = 0; i < item->ncodes; i++)
		if (!is_code_of(item->codes[i].code, item->codes[i].system))
			check_found(c, RULE_CODE_SHAPE, item->codes[i].place,
				    "%s cannot be a code of %s", item->codes[i].code,
				    system_name(item->codes[i].system));
}

/* Phrases with which an option speaks of the others, anywhere in it or as the whole of it; a space
 * stands at both ends of the text. */
static const char *const phrases[] = {
    " all of the above ", " all the above ",	    " none of the above ", " both of the above ",
    " any of the above ", " neither of the above ", " all of these ",	   " none of these ",
};
static const char *const wholes[] = {
    " a and b ", " a and c ", " b and c ", " a or b ", " a and b only ", " both a and b ",
};

/* Does the text, in lower-case words, speak of other options? */
static bool speaks_of_others(const char *words)
{
	size_t i;

	for (i = 0; i < COUNT(phrases); i++)
		if (strstr(words, phrases[i]) != NULL)
			return true;
	for (i = 0; i < COUNT(wholes); i++)
		if (strcmp(words, wholes[i]) == 0)
			return true;
	return false;
}

static void check_above(const struct check *c, const struct option *option)
{
	struct buf words = {0};
	const char *s = option->text;
	bool gap = true;

	buf_put_u8(&words, ' ');
	for (; *s != '\0'; s++) {
		bool letter = isalnum((unsigned char)*s) != 0;

		if (letter || !gap)
			buf_put_u8(&words, letter ? (uint8_t)tolower((unsigned char)*s) : ' ');
		gap = !letter;
	}
	if (!gap)
		buf_put_u8(&words, ' ');
	if (speaks_of_others(buf_text(&words)))
		check_found(c, RULE_ALL_ABOVE, option->place, "the option speaks of other options");
	buf_fini(&words);
}

static void check_item(const struct check *c, const struct item *item)
{
	size_t i;

	if (item->rationale == NULL)
		check_found(c, RULE_NO_RATIONALE, item->place, "%s has no rationale", item->id);
	if (item->nreferences == 0)
		check_found(c, RULE_NO_REFERENCE, item->place, "%s has no reference", item->id);
	if (item->review == REVIEW_DRAFT)
		check_found(c, RULE_DRAFT, item->place, "%s is a draft", item->id);
	check_shapes(c, item);
	for (i = 0; i < item->noptions; i++)
		check_above(c, &item->options[i]);
	check_overlap(c, item);
	check_wording(c, item);
}

void check_bank(const struct bank *bank, const char *file, struct diag *diag)
{
	const struct check c = {bank, file, diag};
	size_t i;

	for (i = 0; i < bank->nitems; i++)
		if (bank->items[i]->review != REVIEW_RETIRED)
			check_item(&c, bank->items[i]);
	check_twins(&c);
	check_near(&c);
	check_sections(&c);
	if (bank->nrequires == 0)
		check_content(&c);
}
