#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/device.h"
#include "client/term/script.h"
#include "proto/base/ids.h"

#define SCRIPT_MOST  (1024 * 1024)
#define FILES_DEEP   2 /* a script and the files it names */
#define OPTIONS_MOST 26

/* Where the reader is. */
struct reader {
	struct script *script;
	struct diag *diag;
	const char *file;
	unsigned line;
	unsigned depth;
};

static void complain(const struct reader *r, const char *rule, const char *text)
{
	diag_add(r->diag, DIAG_ERROR, (struct diag_place){r->file, r->line, 1}, rule, "%s", text);
}

static bool number_parse(const char *text, uint32_t most, uint32_t *out)
{
	char *end;
	unsigned long v;

	if (!isdigit((unsigned char)text[0]))
		return false;
	v = strtoul(text, &end, 10);
	if (*end != '\0' || v > most)
		return false;
	*out = (uint32_t)v;
	return true;
}

/* ---- Words ------------------------------------------------------------------------------- */

static enum err read_file(struct reader *r, const char *path);

static void on_answers(struct reader *r, char *rest)
{
	static const char random[] = "random:";
	struct reader inner = *r;

	if (strncmp(rest, random, sizeof random - 1) == 0 && rest[sizeof random - 1] != '\0') {
		r->script->random = arena_copy_text(&r->script->arena, rest + sizeof random - 1);
		return;
	}
	inner.depth++;
	if (rest[0] == '\0' || inner.depth >= FILES_DEEP)
		complain(r, "answers", "expected random:SEED or the name of a file");
	else if (read_file(&inner, rest) != ERR_OK)
		complain(r, "answers", "the file cannot be read");
}

static void on_think(struct reader *r, char *rest)
{
	if (!number_parse(rest, 3600000, &r->script->think_ms))
		complain(r, "think", "expected milliseconds, at most 3600000");
}

static void on_rate(struct reader *r, char *rest)
{
	uint32_t n;

	if (!number_parse(rest, 1000, &n) || n == 0)
		complain(r, "rate", "expected answers a second, 1 to 1000");
	else
		r->script->think_ms = 1000 / n;
}

static void on_submit(struct reader *r, char *rest)
{
	if (rest[0] != '\0')
		complain(r, "submit", "nothing can follow");
	r->script->submit = true;
}

static void on_no_submit(struct reader *r, char *rest)
{
	on_submit(r, rest);
	r->script->submit = false;
}

static void on_stop_after(struct reader *r, char *rest)
{
	if (!number_parse(rest, SCRIPT_ITEMS_MOST, &r->script->stop_after) ||
	    r->script->stop_after == 0)
		complain(r, "stop-after", "expected a number of answers, from 1");
}

static const struct {
	const char *word;
	Examd__V1__AttemptState state;
} states[] = {
    {"submitted", EXAMD__V1__ATTEMPT_STATE__SUBMITTED},
    {"expired", EXAMD__V1__ATTEMPT_STATE__EXPIRED},
    {"closed", EXAMD__V1__ATTEMPT_STATE__CLOSED},
    {"voided", EXAMD__V1__ATTEMPT_STATE__VOIDED},
};

static bool expect_parse(char *rest, struct expect *e)
{
	for (size_t i = 0; i < COUNT(states); i++) {
		if (strcmp(rest, states[i].word) == 0) {
			*e = (struct expect){.what = EXPECT_STATE, .state = states[i].state};
			return true;
		}
	}
	*e = (struct expect){.what = EXPECT_SAVED};
	if (strcmp(rest, "saved") == 0)
		return true;
	return strncmp(rest, "saved ", 6) == 0 &&
	       number_parse(rest + 6, SCRIPT_ITEMS_MOST, &e->least);
}

static void on_expect(struct reader *r, char *rest)
{
	struct script *s = r->script;

	if (s->nexpects == COUNT(s->expects))
		complain(r, "expect", "too many expectations");
	else if (!expect_parse(rest, &s->expects[s->nexpects]))
		complain(r, "expect",
			 "expected saved, saved N, submitted, expired, closed or voided");
	else
		s->nexpects++;
}

static void on_item(struct reader *r, uint32_t item, const char *rest)
{
	struct script *s = r->script;

	if (item == 0 || item > SCRIPT_ITEMS_MOST) {
		complain(r, "item", "items are counted from 1, to 4096");
		return;
	}
	if (rest[0] == '\0') {
		complain(r, "item", "expected options like B or A,C, or codes");
		return;
	}
	if (s->choices == NULL)
		s->choices = arena_new(&s->arena, SCRIPT_ITEMS_MOST * sizeof *s->choices);
	if (s->choices[item - 1] != NULL)
		complain(r, "item", "this item has a line already");
	s->choices[item - 1] = arena_copy_text(&s->arena, rest);
	if (item > s->nchoices)
		s->nchoices = item;
}

static const struct word {
	const char *word;
	void (*read)(struct reader *r, char *rest);
} words[] = {
    {"answers", on_answers}, {"think", on_think},	  {"rate", on_rate},
    {"submit", on_submit},   {"no-submit", on_no_submit}, {"stop-after", on_stop_after},
    {"expect", on_expect},
};

/* ---- Lines ------------------------------------------------------------------------------- */

static char *trimmed(char *text)
{
	size_t n;

	while (isspace((unsigned char)*text))
		text++;
	n = strlen(text);
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		text[--n] = '\0';
	return text;
}

static void read_line(struct reader *r, char *line)
{
	char *comment = strchr(line, '#'), *word, *rest;
	uint32_t item;

	if (comment != NULL)
		*comment = '\0';
	word = trimmed(line);
	if (*word == '\0')
		return;
	rest = word + strcspn(word, " \t=");
	if (*rest != '\0')
		*rest++ = '\0';
	rest = trimmed(rest);
	if (number_parse(word, UINT32_MAX, &item)) {
		on_item(r, item, rest);
		return;
	}
	for (size_t i = 0; i < COUNT(words); i++) {
		if (strcmp(word, words[i].word) == 0) {
			words[i].read(r, rest);
			return;
		}
	}
	complain(r, "word",
		 "expected an item's number, answers, think, rate, submit, no-submit, "
		 "stop-after or expect");
}

static enum err read_file(struct reader *r, const char *path)
{
	struct buf content = {0};
	char *text, *line, *next;
	enum err err = file_read(path, SCRIPT_MOST, &content);

	if (err == ERR_OK && !bytes_is_text(buf_bytes(&content)))
		err = ERR_INVALID;
	text = buf_detach_text(&content);
	r->file = path;
	r->line = 0;
	for (line = text; err == ERR_OK && line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		r->line++;
		read_line(r, line);
	}
	free(text);
	return err;
}

enum err script_read(struct script *out, const char *path, struct diag *diag)
{
	struct reader r = {.script = out, .diag = diag};
	enum err err;

	*out = (struct script){.submit = true};
	err = read_file(&r, path);
	if (err == ERR_OK && diag_has_errors(diag))
		err = ERR_BAD_INPUT;
	return err;
}

void script_fini(struct script *s)
{
	arena_fini(&s->arena);
	*s = (struct script){0};
}

/* ---- Answers ----------------------------------------------------------------------------- */

/* "A,C" as rising places. */
static const char *parse_options(const char *text, size_t noptions, struct arena *arena,
				 Examd__V1__Answer *out)
{
	bool chosen[OPTIONS_MOST] = {false};

	for (const char *p = text; *p != '\0'; p++) {
		int place = toupper((unsigned char)*p) - 'A';

		if (*p == ',' || *p == ' ')
			continue;
		if (place < 0 || place >= OPTIONS_MOST || (size_t)place >= noptions)
			return "the item has no such option";
		chosen[place] = true;
	}
	out->chosen = arena_new(arena, OPTIONS_MOST * sizeof *out->chosen);
	for (uint32_t i = 0; i < OPTIONS_MOST; i++)
		if (chosen[i])
			out->chosen[out->n_chosen++] = i;
	return NULL;
}

static const char *parse_codes(const char *text, size_t nfields, struct arena *arena,
			       Examd__V1__Answer *out)
{
	char *copy = arena_copy_text(arena, text), *save;

	out->codes = arena_new(arena, (nfields + 1) * sizeof *out->codes);
	for (char *word = strtok_r(copy, " \t", &save); word != NULL;
	     word = strtok_r(NULL, " \t", &save)) {
		if (out->n_codes == nfields)
			return "more codes than fields";
		if (strlen(word) > 16)
			return "a code is longer than 16 bytes";
		if (strcmp(word, "-") == 0)
			word[0] = '\0';
		out->codes[out->n_codes++] = word;
	}
	return NULL;
}

/* Chance that is the same everywhere: the bytes of SHA-256("SEED:ITEM"). */
static struct digest chance(const struct script *s, uint32_t item)
{
	char *text = mem_printf("%s:%u", s->random, item);
	struct digest d = digest_of(text, strlen(text));

	free(text);
	return d;
}

static void random_options(const struct digest *d, const Examd__V1__FormItem *content,
			   struct arena *arena, Examd__V1__Answer *out)
{
	size_t n = content->n_options, want = content->choose > 0 ? content->choose : 1;
	bool chosen[OPTIONS_MOST] = {false};

	if (n == 0 || n > OPTIONS_MOST)
		return;
	for (size_t i = 0; i < want && i < n; i++) {
		size_t place = d->b[i % sizeof d->b] % n;

		while (chosen[place])
			place = (place + 1) % n;
		chosen[place] = true;
	}
	out->chosen = arena_new(arena, OPTIONS_MOST * sizeof *out->chosen);
	for (uint32_t i = 0; i < OPTIONS_MOST; i++)
		if (chosen[i])
			out->chosen[out->n_chosen++] = i;
}

static void random_codes(const struct digest *d, const Examd__V1__FormItem *content,
			 struct arena *arena, Examd__V1__Answer *out)
{
	static const char *const codes[] = {"E11.9", "I10", "J18.9", "Z79.4", "N18.6", "J44.1"};

	out->codes = arena_new(arena, (content->n_fields + 1) * sizeof *out->codes);
	for (size_t i = 0; i < content->n_fields; i++)
		out->codes[out->n_codes++] =
		    arena_copy_text(arena, codes[d->b[i % sizeof d->b] % COUNT(codes)]);
}

enum err script_answer(const struct script *s, uint32_t item, const Examd__V1__FormItem *content,
		       struct arena *arena, Examd__V1__Answer *out, bool *has, const char **detail)
{
	const char *line = item < s->nchoices ? s->choices[item] : NULL;
	bool codes = content->kind == EXAMD__V1__ITEM_KIND__CODES;
	const char *wrong = NULL;
	struct digest d;

	*out = (Examd__V1__Answer)EXAMD__V1__ANSWER__INIT;
	out->item = item;
	*has = line != NULL || s->random != NULL;
	if (line != NULL) {
		wrong = codes ? parse_codes(line, content->n_fields, arena, out)
			      : parse_options(line, content->n_options, arena, out);
	} else if (s->random != NULL) {
		d = chance(s, item);
		if (codes)
			random_codes(&d, content, arena, out);
		else
			random_options(&d, content, arena, out);
	}
	*detail = wrong;
	return wrong == NULL ? ERR_OK : ERR_INVALID;
}
