#include "questions/model/item.h"

#include <string.h>

#include "proto/base/bytes.h"

size_t item_right_count(const struct item *item)
{
	size_t i, n = 0;

	for (i = 0; i < item->noptions; i++)
		n += item->options[i].right;
	return n;
}

const char *item_section(const struct item *item, const char *exam)
{
	size_t i;

	for (i = 0; i < item->nsections; i++)
		if (strcmp(item->sections[i].exam, exam) == 0)
			return item->sections[i].section;
	return NULL;
}

size_t item_expected_codes(const struct item *item)
{
	size_t i, n = 0;

	for (i = 0; i < item->nfields; i++)
		n += !item->fields[i].optional;
	return n;
}

int32_t item_points_most(const struct item *item)
{
	return item->kind == ITEM_CODES ? (int32_t)(100 * item_expected_codes(item)) : 100;
}

void canonical_text(struct buf *out, const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text);

	buf_put_u32(out, (uint32_t)len);
	buf_put(out, text == NULL ? "" : text, len);
}

void canonical_flag(struct buf *out, bool flag)
{
	buf_put_u8(out, flag ? 1 : 0);
}

static void put_options(struct buf *out, const struct item *item)
{
	size_t i;

	buf_put_u32(out, (uint32_t)item->noptions);
	for (i = 0; i < item->noptions; i++) {
		canonical_text(out, item->options[i].text);
		canonical_flag(out, item->options[i].right);
	}
}

static void put_fields(struct buf *out, const struct item *item)
{
	size_t i, k;

	buf_put_u32(out, (uint32_t)item->nfields);
	for (i = 0; i < item->nfields; i++) {
		const struct code_field *f = &item->fields[i];

		canonical_text(out, f->label);
		canonical_flag(out, f->principal);
		canonical_flag(out, f->optional);
		buf_put_u32(out, (uint32_t)f->naccept);
		for (k = 0; k < f->naccept; k++)
			canonical_text(out, f->accept[k]);
	}
}

struct digest item_hash(const struct item *item)
{
	struct buf b = {0};
	struct digest d;

	canonical_text(&b, "examd item 1");
	canonical_text(&b, item->id);
	buf_put_u8(&b, (uint8_t)item->kind);
	canonical_text(&b, item->stem);
	canonical_flag(&b, item->set != NULL);
	canonical_text(&b, item->set == NULL ? NULL : item->set->stimulus);
	canonical_flag(&b, item->shuffle);
	buf_put_u8(&b, (uint8_t)item->scoring);
	put_options(&b, item);
	put_fields(&b, item);
	d = digest_of(buf_bytes(&b).data, buf_length(&b));
	buf_fini(&b);
	return d;
}
