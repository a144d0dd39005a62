/* What the notes of the tabular list say of codes. */
#include "questions/tables/tables.h"

#include <ctype.h>
#include <string.h>

#define CATEGORY 3 /* characters */

/* A code as notes print it, without dot, placeholder and hyphen: "E08.-" is E08. */
struct printed {
	char code[16];
	size_t len;
};

static bool isdigit_or_upper(uint8_t c)
{
	return isdigit(c) || isupper(c);
}

/* Reads one from *AT on; false: none is left.  *AT is behind it then. */
static bool read_printed(struct bytes text, size_t *at, struct printed *out)
{
	const uint8_t *s = text.data;
	size_t i = *at;

	for (; i + CATEGORY <= text.len; i++)
		if (isupper(s[i]) && (isdigit(s[i + 1]) || s[i + 1] == 'A') &&
		    isdigit_or_upper(s[i + 2]) && (i == 0 || !isalnum(s[i - 1])))
			break;
	if (i + CATEGORY > text.len)
		return false;
	out->len = 0;
	for (; i < text.len && (isalnum(s[i]) || s[i] == '.'); i++)
		if (s[i] != '.' && out->len + 1 < sizeof out->code)
			out->code[out->len++] = (char)s[i];
	out->code[out->len] = '\0';
	*at = i;
	return true;
}

/* Is CODE from FIRST to LAST, both with all that they begin? */
static bool is_between(const char *code, const struct printed *first, const struct printed *last)
{
	return strncmp(code, first->code, first->len) >= 0 &&
	       strncmp(code, last->code, last->len) <= 0;
}

bool notes_list_holds(struct bytes list, const char *code)
{
	struct printed first, last;
	size_t at = 0;

	while (read_printed(list, &at, &first)) {
		last = first;
		if (at + 1 < list.len && list.data[at] == '-' && isupper(list.data[at + 1]))
			(void)!read_printed(list, &at, &last);
		if (is_between(code, &first, &last))
			return true;
	}
	return false;
}

/* Only what a note has in brackets are codes: "vitamin B12 deficiency (E53.8)". */
static bool note_names(struct bytes note, const char *code)
{
	const uint8_t *open, *end = note.data + note.len;
	struct bytes list;

	for (; (open = memchr(note.data, '(', note.len)) != NULL;
	     note = bytes_of(list.data + list.len, (size_t)(end - list.data) - list.len)) {
		const uint8_t *close = memchr(open, ')', (size_t)(end - open));

		list = bytes_of(open + 1, (size_t)((close == NULL ? end : close) - open) - 1);
		if (notes_list_holds(list, code))
			return true;
	}
	return false;
}

typedef bool note_is(struct bytes kind, struct bytes text, const void *wanted);

static bool any_note_at(const struct tables *t, struct bytes key, note_is *is, const void *wanted)
{
	const struct tsv *notes = &t->of[TABLE_CM_NOTES];
	struct tsv_span span = tsv_find(notes, key);
	size_t i;

	for (i = span.first; i < span.first + span.count; i++)
		if (is(tsv_cell(notes, i, 1), tsv_cell(notes, i, 2), wanted))
			return true;
	return false;
}

/* Any note at the code, what it begins with down to the category, its section or its chapter. */
static bool any_note_above(const struct tables *t, const char *code, note_is *is,
			   const void *wanted)
{
	const struct tsv *sections = &t->of[TABLE_CM_SECTIONS];
	size_t n, i;

	for (n = strlen(code); n >= CATEGORY; n--)
		if (any_note_at(t, bytes_of(code, n), is, wanted))
			return true;
	for (i = 0; i < sections->nrows; i++)
		if (note_names(tsv_cell(sections, i, 2), code) &&
		    any_note_at(t, tsv_cell(sections, i, 0), is, wanted))
			return true;
	return false;
}

static bool excludes(struct bytes kind, struct bytes text, const void *wanted)
{
	return bytes_equal(kind, bytes_of_text("excludes1")) && note_names(text, wanted);
}

bool tables_exclude(const struct tables *t, const char *a, const char *b)
{
	return any_note_above(t, a, excludes, b) || any_note_above(t, b, excludes, a);
}

static bool reads_so(struct bytes kind, struct bytes text, const void *wanted)
{
	const struct bytes *w = wanted;

	(void)kind;
	return text.len == w->len &&
	       strncasecmp((const char *)text.data, (const char *)w->data, text.len) == 0;
}

bool tables_has_note(const struct tables *t, const char *code, struct bytes text)
{
	return any_note_above(t, code, reads_so, &text);
}
