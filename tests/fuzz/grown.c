#include "tests/fuzz/grown.h"

#include <string.h>

#include "proto/base/mem.h"
#include "proto/wire/examd.pb-c.h"

uint64_t grown_draw(uint64_t *random, uint64_t most)
{
	uint64_t z = (*random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return most == 0 ? 0 : z % most;
}

static void put_varint(struct buf *out, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_put_u8(out, (uint8_t)(v | 0x80));
	buf_put_u8(out, (uint8_t)v);
}

static void put_tag(struct buf *out, const ProtobufCFieldDescriptor *f, unsigned wire)
{
	put_varint(out, (uint64_t)f->id << 3 | wire);
}

static uint64_t a_number(uint64_t *random)
{
	static const uint64_t edges[] = {
	    0,
	    127,
	    128,
	    255,
	    256,
	    500,
	    32768,
	    65535,
	    INT32_MAX,
	    UINT32_MAX,
	    INT64_MAX,
	    UINT64_MAX,
	    (uint64_t)INT64_MIN,
	    (uint64_t)-5,
	    1800000000000,
	};
	uint64_t kind = grown_draw(random, 8);

	if (kind == 0)
		return edges[grown_draw(random, COUNT(edges))];
	return kind < 7 ? grown_draw(random, 6) : grown_draw(random, 101);
}

static void put_text(uint64_t *random, struct buf *out)
{
	static const char *const texts[] = {
	    "",
	    "kinds",
	    "anna",
	    "ben",
	    "carl",
	    "dora",
	    "prue",
	    "ines",
	    "admin",
	    "csv",
	    "json",
	    "E11.9",
	    "99213",
	    "room",
	    "a reason",
	    "integumentary",
	    "correct horse battery",
	    "people.csv",
	    "\xc3\xa4",
	    "\n\t\x1b[2J",
	    "ABCDEFGHJK",
	    "'; drop table people; --",
	    "basic",
	};
	uint64_t i = grown_draw(random, COUNT(texts) + 1);
	struct buf text = {0};

	if (i < COUNT(texts))
		buf_put_text(&text, texts[i]);
	else
		for (uint64_t n = grown_draw(random, 700); n > 0; n--)
			buf_put_u8(&text, (uint8_t)('a' + n % 26));
	put_varint(out, buf_length(&text));
	buf_put_bytes(out, buf_bytes(&text));
	buf_fini(&text);
}

static void put_bytes(uint64_t *random, struct buf *out)
{
	static const size_t sizes[] = {16, 16, 16, 16, 32, 0, 1, 15, 300};
	size_t len = sizes[grown_draw(random, COUNT(sizes))];
	uint8_t fill = (uint8_t)grown_draw(random, 256);

	put_varint(out, len);
	memset(buf_reserve(out, len), fill, len);
	buf_added(out, len);
}

static void put_message(uint64_t *random, const ProtobufCMessageDescriptor *type, struct buf *out);

static void put_value(uint64_t *random, const ProtobufCFieldDescriptor *f, struct buf *out)
{
	struct buf inner = {0};

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		put_tag(out, f, 2);
		put_text(random, out);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		put_tag(out, f, 2);
		put_bytes(random, out);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		put_message(random, f->descriptor, &inner);
		put_tag(out, f, 2);
		put_varint(out, buf_length(&inner));
		buf_put_bytes(out, buf_bytes(&inner));
		buf_fini(&inner);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		put_tag(out, f, 0);
		put_varint(out, grown_draw(random, 2));
		break;
	case PROTOBUF_C_TYPE_ENUM:
		put_tag(out, f, 0);
		put_varint(out, grown_draw(random, 14));
		break;
	default: /* varints of all kinds: examd.proto has no other */
		put_tag(out, f, 0);
		put_varint(out, a_number(random));
		break;
	}
}

static void put_message(uint64_t *random, const ProtobufCMessageDescriptor *type, struct buf *out)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &type->fields[i];
		uint64_t times = grown_draw(random, 4) > 0;

		if (f->label == PROTOBUF_C_LABEL_REPEATED)
			times = grown_draw(random, 3);
		while (times-- > 0)
			put_value(random, f, out);
	}
}

void grown_request(uint64_t *random, struct buf *out)
{
	const ProtobufCMessageDescriptor *type = &examd__v1__request__descriptor;
	uint64_t body = 1 + grown_draw(random, type->n_fields - 1);

	buf_put_u8(out, 1 << 3); /* id */
	put_varint(out, 1 + grown_draw(random, 1000));
	put_value(random, &type->fields[body], out);
}
