#include "questions/model/blueprint.h"

#include <stdlib.h>

#include "proto/base/bytes.h"

struct blueprint *blueprint_new(void)
{
	return mem_new(sizeof(struct blueprint));
}

void blueprint_free(struct blueprint *b)
{
	if (b == NULL)
		return;
	arena_fini(&b->arena);
	free(b);
}

uint32_t blueprint_scored(const struct blueprint *b)
{
	uint32_t n = 0;
	size_t i, k;

	for (i = 0; i < b->nparts; i++)
		for (k = 0; k < b->parts[i].nsections; k++)
			n += b->parts[i].sections[k].items;
	return n;
}

static void put_texts(struct buf *out, const struct blueprint *b)
{
	const char *const texts[] = {b->exam,  b->title, b->version,  b->notice,
				     b->rules, b->bank,	 b->code_year};
	size_t i;

	for (i = 0; i < COUNT(texts); i++)
		canonical_text(out, texts[i]);
}

static void put_section(struct buf *out, const struct section *s)
{
	canonical_text(out, s->name);
	canonical_text(out, s->title);
	buf_put_u32(out, s->items);
	buf_put_u32(out, s->share_low);
	buf_put_u32(out, s->share_high);
}

static void put_part(struct buf *out, const struct part *p)
{
	size_t i;

	canonical_text(out, p->name);
	canonical_text(out, p->title);
	buf_put_u32(out, p->minutes);
	buf_put_u8(out, (uint8_t)p->navigation);
	buf_put_u32(out, (uint32_t)p->nsections);
	for (i = 0; i < p->nsections; i++)
		put_section(out, &p->sections[i]);
}

static void put_release(struct buf *out, const struct release *r)
{
	buf_put_u8(out, (uint8_t)r->rule);
	buf_put_u64(out, (uint64_t)r->date.v);
}

void blueprint_seal(struct blueprint *b)
{
	struct buf out = {0};
	size_t i;

	canonical_text(&out, "examd blueprint 1");
	put_texts(&out, b);
	buf_put_u32(&out, (uint32_t)b->nparts);
	for (i = 0; i < b->nparts; i++)
		put_part(&out, &b->parts[i]);
	buf_put_u32(&out, b->pretest);
	buf_put_u32(&out, b->total);
	buf_put_u8(&out, (uint8_t)b->order);
	buf_put_u32(&out, (uint32_t)b->nwarnings);
	for (i = 0; i < b->nwarnings; i++)
		buf_put_u32(&out, b->warnings[i]);
	buf_put_u8(&out, (uint8_t)b->breaks);
	buf_put_u32(&out, b->tools);
	buf_put_u8(&out, (uint8_t)b->multiple);
	buf_put_u8(&out, (uint8_t)b->pass);
	buf_put_u32(&out, b->cut);
	put_release(&out, &b->result);
	put_release(&out, &b->review);
	buf_put_u8(&out, (uint8_t)b->lost);
	buf_put_u8(&out, (uint8_t)b->late);
	if (b->practice != PRACTICE_OFFERED) /* a later key: without it the hash is what it was */
		buf_put_u8(&out, (uint8_t)b->practice);
	b->hash = digest_of(buf_bytes(&out).data, buf_length(&out));
	buf_fini(&out);
}
