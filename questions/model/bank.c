#include "questions/model/bank.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/bytes.h"

struct bank *bank_new(void)
{
	return mem_new(sizeof(struct bank));
}

void bank_free(struct bank *bank)
{
	if (bank == NULL)
		return;
	arena_fini(&bank->arena);
	free(bank);
}

static int by_hash(const void *a, const void *b)
{
	const struct item *const *x = a, *const *y = b;

	return memcmp((*x)->hash.b, (*y)->hash.b, sizeof(*x)->hash.b);
}

static int by_id(const void *a, const void *b)
{
	const struct item *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

static struct item **sorted(struct bank *bank, int (*compare)(const void *, const void *))
{
	size_t size = bank->nitems * sizeof(struct item *);
	struct item **out = arena_new(&bank->arena, size);

	if (bank->nitems == 0)
		return out;
	memcpy(out, bank->items, size);
	qsort(out, bank->nitems, sizeof(struct item *), compare);
	return out;
}

static void put_item(struct buf *out, const struct item *item)
{
	size_t i;

	buf_put(out, item->hash.b, sizeof item->hash.b);
	canonical_text(out, item->set == NULL ? NULL : item->set->id);
	buf_put_u8(out, (uint8_t)item->level);
	canonical_flag(out, item->review == REVIEW_RETIRED);
	canonical_flag(out, item->pretest);
	buf_put_u32(out, (uint32_t)item->nsections);
	for (i = 0; i < item->nsections; i++) {
		canonical_text(out, item->sections[i].exam);
		canonical_text(out, item->sections[i].section);
	}
	buf_put_u32(out, (uint32_t)item->ntopics);
	for (i = 0; i < item->ntopics; i++)
		canonical_text(out, item->topics[i]);
}

void bank_seal(struct bank *bank)
{
	struct buf b = {0};
	size_t i;

	canonical_text(&b, "examd bank 1");
	canonical_text(&b, bank->name);
	canonical_text(&b, bank->version);
	buf_put_u32(&b, (uint32_t)bank->nitems);
	for (i = 0; i < bank->nitems; i++) {
		bank->items[i]->hash = item_hash(bank->items[i]);
		put_item(&b, bank->items[i]);
	}
	bank->hash = digest_of(buf_bytes(&b).data, buf_length(&b));
	buf_fini(&b);
	bank->by_hash = sorted(bank, by_hash);
	bank->by_id = sorted(bank, by_id);
}

static const struct item *find(const struct bank *bank, struct item *const *index,
			       const struct item *like, int (*compare)(const void *, const void *))
{
	struct item *const *hit;

	if (bank->nitems == 0)
		return NULL;
	hit = bsearch(&like, index, bank->nitems, sizeof(struct item *), compare);
	return hit == NULL ? NULL : *hit;
}

const struct item *bank_by_hash(const struct bank *bank, const struct digest *hash)
{
	const struct item like = {.hash = *hash};

	return find(bank, bank->by_hash, &like, by_hash);
}

const struct item *bank_by_id(const struct bank *bank, const char *id)
{
	const struct item like = {.id = id};

	return find(bank, bank->by_id, &like, by_id);
}
