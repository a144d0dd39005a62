#include "daemon/service/texts.h"

#include <stdlib.h>
#include <string.h>

struct text {
	int64_t row;
	bool pinned;
	char *text; /* owned */
	UT_hash_handle hh;
};

struct texts {
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
	struct store_change change = {.kind = CHANGE_TEXT};
	struct text_ref ref = {++core->texts->highest, {{0}}};
	struct bytes bytes = bytes_of_text(text);

	ref.hash = record_text_hash(salt, bytes);
	change.u.text.row = ref.row;
	memcpy(change.u.text.salt, salt, sizeof(change.u.text.salt));
	change.u.text.text = bytes;
	service_put(core, &change);
	return ref;
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
