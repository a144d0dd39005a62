#include "daemon/config.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

enum kind { KIND_TEXT, KIND_COUNT, KIND_MILLIS, KIND_LEVEL };
enum reload { RELOAD_NO, RELOAD_YES };

static const struct row {
	const char *name;
	enum kind kind;
	const char *fallback;
	int64_t least, most;
	enum reload reload;
	const char *manual;
	size_t place;
} rows[] = {
#define CONFIG(name, kind, fallback, least, most, reload, manual)                                  \
	{#name, KIND_##kind,	 fallback, least,                                                  \
	 most,	RELOAD_##reload, manual,   offsetof(struct config, name)},
#include "daemon/config.def"
#undef CONFIG
};

static const char *const levels[] = {"error", "warn", "info"};

/* ---- One way of reading a value for each kind ----------------------------------------------- */

static bool read_number(const struct row *row, const char *value, int64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)value[0]) || strlen(value) > 18)
		return false;
	*out = strtoll(value, &end, 10);
	return *end == '\0' && *out >= row->least && *out <= row->most;
}

static bool set_text(const struct row *row, const char *value, void *place)
{
	char **text = place;
	int64_t len = (int64_t)strlen(value);

	if (len < row->least || len > row->most)
		return false;
	free(*text);
	*text = mem_copy_text(value);
	return true;
}

static bool set_count(const struct row *row, const char *value, void *place)
{
	int64_t n;

	if (!read_number(row, value, &n))
		return false;
	*(uint32_t *)place = (uint32_t)n;
	return true;
}

static bool set_millis(const struct row *row, const char *value, void *place)
{
	int64_t n;

	if (!read_number(row, value, &n))
		return false;
	*(struct millis *)place = (struct millis){n};
	return true;
}

static bool set_level(const struct row *row, const char *value, void *place)
{
	size_t i;

	(void)row;
	for (i = 0; i < COUNT(levels); i++)
		if (strcmp(value, levels[i]) == 0) {
			*(enum log_level *)place = (enum log_level)i;
			return true;
		}
	return false;
}

static const struct {
	bool (*set)(const struct row *row, const char *value, void *place);
	const char *manual; /* with the bounds */
} kinds[] = {
    [KIND_TEXT] = {set_text, "a text of %lld to %lld bytes"},
    [KIND_COUNT] = {set_count, "a number from %lld to %lld"},
    [KIND_MILLIS] = {set_millis, "milliseconds from %lld to %lld"},
    [KIND_LEVEL] = {set_level, "error, warn or info"},
};

/* ---- The table ------------------------------------------------------------------------------ */

static bool set(struct config *c, const struct row *row, const char *value)
{
	return kinds[row->kind].set(row, value, (char *)c + row->place);
}

static const struct row *find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0)
			return &rows[i];
	return NULL;
}

void config_init(struct config *c)
{
	size_t i;

	*c = (struct config){0};
	for (i = 0; i < COUNT(rows); i++)
		if (!set(c, &rows[i], rows[i].fallback))
			abort(); /* a default out of its own bounds */
}

void config_fini(struct config *c)
{
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		if (rows[i].kind == KIND_TEXT)
			free(*(char **)(void *)((char *)c + rows[i].place));
	*c = (struct config){0};
}

static void put_bounds(struct buf *out, const struct row *row)
{
	char text[80];

	/* The kinds' texts are constants of this file, with two numbers or none. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof text, kinds[row->kind].manual, (long long)row->least,
		 (long long)row->most);
#pragma GCC diagnostic pop
	buf_put_text(out, text);
}

enum err config_set(struct config *c, const char *assignment, char detail[256])
{
	size_t len = strcspn(assignment, "=");
	const struct row *row = find(assignment, len);
	struct buf bounds = {0};

	if (row == NULL) {
		snprintf(detail, 256,
			 "There is no setting \"%.*s\"; examd settings lists them all.",
			 (int)(len < 64 ? len : 64), assignment);
		return ERR_NOT_FOUND;
	}
	if (assignment[len] == '=' && set(c, row, assignment + len + 1))
		return ERR_OK;
	put_bounds(&bounds, row);
	snprintf(detail, 256, "The setting \"%s\" takes %s.", row->name, buf_text(&bounds));
	buf_fini(&bounds);
	return ERR_INVALID;
}

const char *config_name(size_t i)
{
	return i < COUNT(rows) ? rows[i].name : NULL;
}

static bool is_same(const struct row *row, const struct config *a, const struct config *b)
{
	const char *x = (const char *)a + row->place, *y = (const char *)b + row->place;

	switch (row->kind) {
	case KIND_TEXT:
		return strcmp(*(char *const *)(const void *)x, *(char *const *)(const void *)y) ==
		       0;
	case KIND_COUNT:
		return memcmp(x, y, sizeof(uint32_t)) == 0;
	case KIND_MILLIS:
		return memcmp(x, y, sizeof(struct millis)) == 0;
	case KIND_LEVEL:
		return memcmp(x, y, sizeof(enum log_level)) == 0;
	}
	return true;
}

const char *config_next_waiting(const struct config *running, const struct config *wanted,
				size_t *i)
{
	while (*i < COUNT(rows)) {
		const struct row *row = &rows[(*i)++];

		if (row->reload == RELOAD_NO && !is_same(row, running, wanted))
			return row->name;
	}
	return NULL;
}

/* ---- The manual ----------------------------------------------------------------------------- */

void config_help(struct buf *out)
{
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		buf_printf(out, "  %-24s %s\n", rows[i].name,
			   rows[i].fallback[0] == '\0' ? "(empty)" : rows[i].fallback);
}

/* mandoc wants each sentence on a line of its own. */
static void put_sentences(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		bool ends = text[0] == '.' && text[1] == ' ' && isupper((unsigned char)text[2]);

		buf_put_u8(out, (uint8_t)*text);
		if (!ends)
			continue;
		buf_put_u8(out, '\n');
		text++;
	}
	buf_put_text(out, "\n");
}

void config_manual(struct buf *out)
{
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		buf_printf(out, ".It Cm %s\n", rows[i].name);
		put_sentences(out, rows[i].manual);
		buf_put_text(out, "It is ");
		put_bounds(out, &rows[i]);
		buf_printf(out, "; the default is %s.\n",
			   rows[i].fallback[0] == '\0' ? "empty" : rows[i].fallback);
		if (rows[i].reload == RELOAD_YES)
			buf_put_text(out, "It may change while examd runs.\n");
	}
}

/* A comment of lines of at most 78 bytes. */
static void put_comment(struct buf *out, const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t word = strcspn(text, " ");

		if (column == 0 || column + 1 + word > 78) {
			buf_put_text(out, column == 0 ? "#" : "\n#");
			column = 1;
		}
		buf_printf(out, " %.*s", (int)word, text);
		column += 1 + word;
		text += word + (text[word] == ' ');
	}
	buf_put_text(out, "\n");
}

void config_example(struct buf *out)
{
	struct buf bounds = {0};
	size_t i;

	buf_put_text(out, "# examd.yaml: the settings of examd, each with its default.  Take the # "
			  "away\n# before the name to change one.  examd.yaml(5) tells more; so "
			  "does examd check.\n");
	for (i = 0; i < COUNT(rows); i++) {
		bool quoted = rows[i].kind == KIND_TEXT;

		buf_put_text(out, "\n");
		put_comment(out, rows[i].manual);
		buf_clear(&bounds);
		put_bounds(&bounds, &rows[i]);
		buf_printf(out, "# It is %s%s.\n", buf_text(&bounds),
			   rows[i].reload == RELOAD_YES ? "; it may change while examd runs" : "");
		buf_printf(out, "#%s: %s%s%s\n", rows[i].name, quoted ? "\"" : "", rows[i].fallback,
			   quoted ? "\"" : "");
	}
	buf_fini(&bounds);
}
