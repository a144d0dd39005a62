#include "daemon/service/texts.h"

#include <stdlib.h>
#include <string.h>

struct text {
	int64_t row;
	bool pinned;
	char *text; /* owned */
	UT_hash_handle hh;
};

/* A text whose command is not decided yet. */
struct waiting_text {
	int64_t row;
	uint8_t salt[16];
	char *text; /* owned */
};

struct texts {
	struct waiting_text *waiting; /* owned */
	size_t nwaiting, waiting_cap;
	int64_t highest;
	size_t recent;	    /* not pinned */
	struct text *known; /* in the order they were put */
};

struct texts *texts_new(void)
{
	return mem_new(sizeof(struct texts));
}

static void drop(struct texts *t, struct text *text)
{
	HASH_DEL(t->known, text);
	free(text->text);
	free(text);
}

void texts_free(struct texts *t)
{
	struct text *text, *next;

	if (t == NULL)
		return;
	HASH_ITER (hh, t->known, text, next)
		drop(t, text);
	for (size_t i = 0; i < t->nwaiting; i++)
		free(t->waiting[i].text);
	free(t->waiting);
	free(t);
}

void texts_reserve(struct texts *t, int64_t highest)
{
	if (highest > t->highest)
		t->highest = highest;
}

static struct text *find(const struct texts *t, int64_t row)
{
	struct text *text;

	HASH_FIND(hh, t->known, &row, sizeof(row), text);
	return text;
}

/* The oldest that is not pinned makes room. */
static void forget_one(struct texts *t)
{
	for (struct text *text = t->known; text != NULL; text = text->hh.next) {
		if (text->pinned)
			continue;
		drop(t, text);
		t->recent--;
		return;
	}
}

void texts_remember(struct texts *t, int64_t row, const char *text)
{
	struct text *known;

	if (find(t, row) != NULL)
		return;
	if (t->recent >= TEXTS_RECENT)
		forget_one(t);
	known = mem_new(sizeof(*known));
	known->row = row;
	known->text = mem_copy_text(text);
	t->recent++;
	HASH_ADD(hh, t->known, row, sizeof(known->row), known);
}

void text_pin(struct core *core, int64_t row)
{
	struct text *text = find(core->texts, row);

	if (text == NULL || text->pinned)
		return;
	text->pinned = true;
	core->texts->recent--;
}

const char *text_get(const struct core *core, int64_t row)
{
	const struct text *text = find(core->texts, row);

	return text != NULL ? text->text : "";
}

static struct text_ref put(struct core *core, const char *text, const uint8_t salt[16])
{
	struct texts *t = core->texts;
	struct text_ref ref = {++t->highest, record_text_hash(salt, bytes_of_text(text))};
	struct waiting_text *w;

	if (t->nwaiting == t->waiting_cap) {
		t->waiting_cap = t->waiting_cap == 0 ? 4 : t->waiting_cap * 2;
		t->waiting = mem_resize(t->waiting, t->waiting_cap * sizeof(t->waiting[0]));
	}
	w = &t->waiting[t->nwaiting++];
	w->row = ref.row;
	memcpy(w->salt, salt, sizeof(w->salt));
	w->text = mem_copy_text(text);
	return ref;
}

void texts_settle(struct core *core, bool keep)
{
	struct texts *t = core->texts;

	for (size_t i = 0; i < t->nwaiting; i++) {
		struct waiting_text *w = &t->waiting[i];
		struct store_change change = {.kind = CHANGE_TEXT};

		change.u.text.row = w->row;
		memcpy(change.u.text.salt, w->salt, sizeof(change.u.text.salt));
		change.u.text.text = bytes_of_text(w->text);
		if (keep)
			service_put(core, &change);
		free(w->text);
	}
	t->nwaiting = 0;
}

struct text_ref text_put(struct core *core, const char *text)
{
	uint8_t salt[16];
	struct text_ref ref;

	if (text == NULL || text[0] == '\0')
		return (struct text_ref){0};
	random_bytes(salt, sizeof(salt));
	ref = put(core, text, salt);
	texts_remember(core->texts, ref.row, text);
	return ref;
}

struct text_ref text_put_note(struct core *core, const char *note)
{
	uint8_t salt[16];

	random_bytes(salt, sizeof(salt));
	return put(core, note, salt);
}
