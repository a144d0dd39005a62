#include "proto/base/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

void diag_fini(struct diag *d)
{
	size_t i;

	for (i = 0; i < d->length; i++) {
		free(d->entries[i].file);
		free(d->entries[i].id);
		free(d->entries[i].text);
	}
	free(d->entries);
	*d = (struct diag){0};
}

void diag_add(struct diag *d, enum diag_level level, struct diag_place place, const char *id,
	      const char *fmt, ...)
{
	struct diag_entry *e;
	va_list ap;

	d->errors += level == DIAG_ERROR;
	d->warnings += level == DIAG_WARNING;
	if (d->length == DIAG_MOST)
		return;
	if (d->length == d->cap) {
		d->cap = d->cap == 0 ? 8 : 2 * d->cap;
		d->entries = mem_resize(d->entries, d->cap * sizeof *d->entries);
	}
	e = &d->entries[d->length++];
	e->level = level;
	e->file = place.file == NULL ? NULL : mem_copy_text(place.file);
	e->line = place.line;
	e->column = place.column;
	e->id = id == NULL ? NULL : mem_copy_text(id);
	va_start(ap, fmt);
	if (vasprintf(&e->text, fmt, ap) < 0)
		e->text = mem_copy_text("?");
	va_end(ap);
}

bool diag_has_errors(const struct diag *d)
{
	return d->errors > 0;
}

static int compare(const struct diag_entry *a, const struct diag_entry *b)
{
	int c = strcmp(a->file == NULL ? "" : a->file, b->file == NULL ? "" : b->file);

	if (c == 0)
		c = (a->line > b->line) - (a->line < b->line);
	return c != 0 ? c : (a->column > b->column) - (a->column < b->column);
}

void diag_sort(struct diag *d)
{
	size_t i, k;

	for (i = 1; i < d->length; i++) {
		struct diag_entry e = d->entries[i];

		for (k = i; k > 0 && compare(&d->entries[k - 1], &e) > 0; k--)
			d->entries[k] = d->entries[k - 1];
		d->entries[k] = e;
	}
}

void diag_print(const struct diag *d, struct buf *out)
{
	static const char *const levels[] = {"error", "warning", "note"};
	size_t i, all = d->errors + d->warnings;

	for (i = 0; i < d->length; i++) {
		const struct diag_entry *e = &d->entries[i];

		if (e->file != NULL)
			buf_printf(out, "%s:", e->file);
		if (e->line > 0)
			buf_printf(out, "%u:%u:", e->line, e->column);
		buf_printf(out, "%s%s: %s", e->file != NULL || e->line > 0 ? " " : "",
			   levels[e->level], e->text);
		if (e->id != NULL)
			buf_printf(out, " [%s]", e->id);
		buf_put_text(out, "\n");
	}
	if (d->length == DIAG_MOST && all > d->length)
		buf_printf(out, "%zu more\n", all - d->length);
}
