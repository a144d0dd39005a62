#include "questions/check/scan.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/mem.h"

static bool is_alnum(char c)
{
	return isalnum((unsigned char)c) != 0;
}

/* The texts of an item by number: four of its own, then references, then two an option, then
 * labels.
 */
static struct item_text text_nth(const struct item *item, size_t i)
{
	struct item_text t = {TEXT_STEM, NULL, item->place, "the stem"};

	if (i == 0) {
		t.text = item->stem;
		return t;
	}
	if (i == 1) {
		t.role = TEXT_STIMULUS;
		t.where = "the stimulus";
		t.text = item->set == NULL ? NULL : item->set->stimulus;
		return t;
	}
	if (i == 2) {
		t.role = TEXT_RATIONALE;
		t.where = "the rationale";
		t.text = item->rationale;
		return t;
	}
	if ((i -= 3) < item->nreferences) {
		t.role = TEXT_REFERENCE;
		t.where = "a reference";
		t.text = item->references[i];
		return t;
	}
	if ((i -= item->nreferences) < 2 * item->noptions) {
		const struct option *o = &item->options[i / 2];

		t.place = o->place;
		t.role = i % 2 == 1 ? TEXT_WHY : o->right ? TEXT_KEY : TEXT_OPTION;
		t.where = i % 2 == 1 ? "the reason of an option" : "an option";
		t.text = i % 2 == 1 ? o->why : o->text;
		return t;
	}
	i -= 2 * item->noptions;
	t.role = TEXT_LABEL;
	t.where = "a label";
	t.place = item->fields[i].place;
	t.text = item->fields[i].label;
	return t;
}

bool texts_next(struct texts *t, struct item_text *out)
{
	size_t n = 3 + t->item->nreferences + 2 * t->item->noptions + t->item->nfields;

	while (t->next < n) {
		*out = text_nth(t->item, t->next++);
		if (out->text != NULL)
			return true;
	}
	return false;
}

/* ---- Codes ------------------------------------------------------------------------------- */

static bool is_upper_or_digit(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static size_t run_of(const char *s)
{
	size_t n = 0;

	while (is_upper_or_digit(s[n]))
		n++;
	return n;
}

/* "E11.65": three characters, a dot, one to four; 0: none. */
static size_t diagnosis_at(const char *s)
{
	size_t behind;

	if (!(s[0] >= 'A' && s[0] <= 'Z') || !(isdigit((unsigned char)s[1]) || s[1] == 'A') ||
	    run_of(s) != 3 || s[3] != '.')
		return 0;
	behind = run_of(s + 4);
	return behind < 1 || behind > 4 ? 0 : 4 + behind;
}

static size_t procedure_at(const char *s)
{
	size_t i, digits = 0;

	if (run_of(s) != 7 || strchr("0123456789BCDFGHX", s[0]) == NULL)
		return 0;
	for (i = 0; i < 7; i++) {
		digits += isdigit((unsigned char)s[i]) != 0;
		if (s[i] == 'I' || s[i] == 'O')
			return 0;
	}
	return digits > 0 && digits < 7 ? 7 : 0;
}

static size_t supply_at(const char *s)
{
	return s[0] >= 'A' && s[0] <= 'V' && run_of(s) == 5 && strspn(s + 1, "0123456789") == 4 ? 5
												: 0;
}

/* A code there, whole; .len 0: none. */
static struct printed_code code_at(const char *text, size_t at)
{
	static const struct {
		enum code_system system;
		size_t (*at)(const char *s);
	} forms[] = {
	    {CODE_ICD10CM, diagnosis_at}, {CODE_ICD10PCS, procedure_at}, {CODE_HCPCS2, supply_at}};
	struct printed_code found = {0};
	size_t i, k;

	for (i = 0; i < COUNT(forms) && found.len == 0; i++) {
		found.system = forms[i].system;
		found.at = at;
		found.len = forms[i].at(text + at);
	}
	for (i = 0, k = 0; i < found.len; i++)
		if (text[at + i] != '.')
			found.code[k++] = text[at + i];
	return found;
}

/* The end of a range, "E11.0-E11.8": the code behind it is none that is reported. */
static bool ends_a_range(const char *text, size_t at)
{
	return at >= 2 && text[at - 1] == '-' && is_alnum(text[at - 2]);
}

bool is_quoted(const char *text, const struct printed_code *code)
{
	return code->at > 0 && text[code->at - 1] == '"' && text[code->at + code->len] == '"';
}

bool is_cited(const struct item *item, const char *code)
{
	size_t i;

	for (i = 0; i < item->ncodes; i++)
		if (strcmp(item->codes[i].code, code) == 0)
			return true;
	return false;
}

/* A code that has none of the forms, but that the item cites. */
static struct printed_code cited_at(const struct item *item, const char *text, size_t at)
{
	struct printed_code found = {.at = at};
	size_t i, len = run_of(text + at);

	for (i = 0; i < item->ncodes && found.len == 0; i++) {
		const struct cited_code *c = &item->codes[i];

		if (strlen(c->code) != len || memcmp(c->code, text + at, len) != 0)
			continue;
		found.system = c->system;
		found.len = len;
		memcpy(found.code, c->code, len);
	}
	return found;
}

/* Does the word go on behind a code? */
static bool goes_on(const char *behind)
{
	return is_alnum(*behind) || *behind == '_' || (*behind == '.' && is_alnum(behind[1]));
}

bool scan_code(const struct item *item, const char *text, size_t *at, struct printed_code *out)
{
	size_t i = *at;

	for (; text[i] != '\0'; i++) {
		const char *behind;

		if (i > 0 && (is_alnum(text[i - 1]) || text[i - 1] == '.' || text[i - 1] == '_'))
			continue;
		*out = code_at(text, i);
		if (out->len == 0)
			*out = cited_at(item, text, i);
		behind = text + i + out->len;
		if (out->len == 0 || goes_on(behind))
			continue;
		if (*behind == '-' || ends_a_range(text, i)) {
			i += out->len - 1;
			continue;
		}
		*at = i + out->len;
		return true;
	}
	return false;
}

/* ---- Quotations -------------------------------------------------------------------------- */

static const char opening[] = "\xe2\x80\x9c", closing[] = "\xe2\x80\x9d";

static size_t begins_with(const char *s, const char *what)
{
	return strncmp(s, what, strlen(what)) == 0 ? strlen(what) : 0;
}

struct bytes scan_title(const char *text, size_t behind)
{
	const char *s = text + behind, *end;
	size_t mark, n;

	s += strspn(s, ",:");
	s += strspn(s, " \n");
	s += *s == '(';
	mark = *s == '"' ? 1 : begins_with(s, opening);
	if (mark == 0 || !isupper((unsigned char)s[mark]))
		return (struct bytes){0};
	end = strstr(s + mark, mark == 1 ? "\"" : closing);
	if (end == NULL)
		return (struct bytes){0};
	s += mark;
	n = (size_t)(end - s);
	while (n > 0 && strchr(".,; ", s[n - 1]) != NULL)
		n--;
	if (memmem(s, (size_t)(end - s), "...", 3) != NULL ||
	    memmem(s, (size_t)(end - s), "\xe2\x80\xa6", 3) != NULL)
		n = 0;
	return bytes_of(s, n);
}

void title_hash(struct bytes title, char out[TITLE_HASH + 1])
{
	struct buf plain = {0};
	struct digest d;
	size_t i;

	while (title.len > 0 && strchr(".,; ", title.data[title.len - 1]) != NULL)
		title.len--;
	for (i = 0; i < title.len; i++) {
		if (!isspace(title.data[i]))
			buf_put_u8(&plain, (uint8_t)tolower(title.data[i]));
		else if (i + 1 < title.len && !isspace(title.data[i + 1]))
			buf_put_u8(&plain, ' ');
	}
	d = digest_of(buf_bytes(&plain).data, buf_length(&plain));
	for (i = 0; i < sizeof d.b; i++)
		snprintf(out + 2 * i, 3, "%02x", d.b[i]);
	buf_fini(&plain);
}

bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);
	const char *s = text;

	for (; (s = strstr(s, word)) != NULL; s++)
		if ((s == text || !is_alnum(s[-1])) && !is_alnum(s[n]))
			return true;
	return false;
}
