#include "daemon/service/report_back.h"

#include <string.h>

/* At most MOST bytes of a text, cut between characters. */
static char *text_up_to(const char *text, size_t most, struct arena *arena)
{
	size_t len = strlen(text);
	char *copy;

	for (len = len < most ? len : most; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;)
		len--;
	copy = arena_new(arena, len + 1);
	memcpy(copy, text, len);
	return copy;
}

static Examd__V1__Diagnostic *one_entry(const struct diag_entry *e, struct arena *arena)
{
	Examd__V1__Diagnostic *d = arena_new(arena, sizeof *d);

	examd__v1__diagnostic__init(d);
	d->level = (uint32_t)e->level;
	d->file = text_up_to(e->file == NULL ? "" : e->file, 200, arena);
	d->line = e->line;
	d->column = e->column;
	d->rule = text_up_to(e->id == NULL ? "" : e->id, 64, arena);
	d->text = text_up_to(e->text, 400, arena);
	return d;
}

Examd__V1__Diagnostics *report_back(struct diag *diag, struct arena *arena)
{
	Examd__V1__Diagnostics *out = arena_new(arena, sizeof *out);
	size_t i, room = REPLY_MOST - 4096;

	examd__v1__diagnostics__init(out);
	diag_sort(diag);
	out->errors = (uint32_t)diag->errors;
	out->warnings = (uint32_t)diag->warnings;
	out->entries = arena_new(arena, (REPORT_ENTRIES_MOST + 1) * sizeof(*out->entries));
	for (i = 0; i < diag->length && i < REPORT_ENTRIES_MOST; i++) {
		Examd__V1__Diagnostic *d = one_entry(&diag->entries[i], arena);
		size_t size = examd__v1__diagnostic__get_packed_size(d) + 8;
		if (size > room)
			break;
		room -= size;
		out->entries[out->n_entries++] = d;
	}
	return out;
}
