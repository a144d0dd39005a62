#include "proto/wire/frame.h"

#include <string.h>

#include "proto/base/ids.h"

#define DEPTH_MOST 8 /* messages inside messages; the deepest of ours is at 6 */

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_LENGTH = 2, WIRE_32 = 5 };

enum err frame_peek(const struct buf *in, size_t most, struct bytes *message_out)
{
	struct bytes b = buf_bytes(in);
	uint32_t len;

	if (b.len < 4)
		return ERR_NOT_FOUND;
	len = u32_read(b.data);
	if (len == 0 || len > most)
		return ERR_TOO_LARGE;
	if (b.len - 4 < len)
		return ERR_NOT_FOUND;
	*message_out = bytes_of(b.data + 4, len);
	return ERR_OK;
}

void frame_take(struct buf *in)
{
	buf_take(in, 4 + (size_t)u32_read(buf_bytes(in).data));
}

/* ---- The walk over the bytes before protobuf-c sees them ------------------------------------
 *
 * protobuf-c neither checks UTF-8 nor minds a NUL inside a string, which then ends there; and it
 * merges fields that come twice.  So strings are looked at where their length still stands, and a
 * field that is not repeated comes once at most. */

/* The varint at the front of IN, of at most 10 bytes. */
static bool take_varint(struct bytes *in, uint64_t *out)
{
	uint64_t v = 0;
	unsigned shift;

	for (shift = 0; shift < 70 && in->len > 0; shift += 7) {
		uint8_t byte = *in->data++;

		in->len--;
		if (shift == 63 && byte > 1)
			return false;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*out = v;
			return true;
		}
	}
	return false;
}

static bool take_bytes(struct bytes *in, uint64_t len, struct bytes *out)
{
	if (len > in->len)
		return false;
	*out = bytes_of(in->data, (size_t)len);
	in->data += len;
	in->len -= (size_t)len;
	return true;
}

static bool take_value(struct bytes *in, enum wire_type type, struct bytes *out)
{
	uint64_t v;

	*out = bytes_of("", 0);
	switch (type) {
	case WIRE_VARINT:
		return take_varint(in, &v);
	case WIRE_64:
		return take_bytes(in, 8, out);
	case WIRE_LENGTH:
		return take_varint(in, &v) && take_bytes(in, v, out);
	case WIRE_32:
		return take_bytes(in, 4, out);
	}
	return false; /* groups, and numbers that mean nothing */
}

/* What has been seen of one message: its fields by their place, and its oneofs by theirs. */
struct seen {
	uint64_t fields;
	unsigned oneofs[2];
	size_t noneofs;
};

static bool may_come(struct seen *seen, const ProtobufCMessageDescriptor *type,
		     const ProtobufCFieldDescriptor *field)
{
	uint64_t bit = UINT64_C(1) << (size_t)(field - type->fields);
	size_t i;

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return true;
	if ((seen->fields & bit) != 0)
		return false;
	seen->fields |= bit;
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
		return true;
	for (i = 0; i < seen->noneofs; i++)
		if (seen->oneofs[i] == field->quantifier_offset)
			return false;
	if (seen->noneofs == COUNT(seen->oneofs))
		return false;
	seen->oneofs[seen->noneofs++] = field->quantifier_offset;
	return true;
}

static bool message_is_sound(const ProtobufCMessageDescriptor *type, struct bytes in,
			     unsigned depth);

static bool value_is_sound(const ProtobufCFieldDescriptor *field, enum wire_type wire,
			   struct bytes value, unsigned depth)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		return wire == WIRE_LENGTH && bytes_is_text(value);
	case PROTOBUF_C_TYPE_BYTES:
		return wire == WIRE_LENGTH;
	case PROTOBUF_C_TYPE_MESSAGE:
		return wire == WIRE_LENGTH && message_is_sound(field->descriptor, value, depth + 1);
	default:
		return wire != WIRE_LENGTH || field->label == PROTOBUF_C_LABEL_REPEATED;
	}
}

static bool message_is_sound(const ProtobufCMessageDescriptor *type, struct bytes in,
			     unsigned depth)
{
	struct seen seen = {0};

	if (depth > DEPTH_MOST || type->n_fields > 64)
		return false;
	while (in.len > 0) {
		const ProtobufCFieldDescriptor *field;
		struct bytes value;
		uint64_t tag;
		enum wire_type wire;

		if (!take_varint(&in, &tag) || tag >> 3 == 0 || tag > UINT32_MAX)
			return false;
		wire = (enum wire_type)(tag & 7);
		if (!take_value(&in, wire, &value))
			return false;
		field = protobuf_c_message_descriptor_get_field(type, (unsigned)(tag >> 3));
		if (field == NULL)
			continue; /* of a later release */
		if (!may_come(&seen, type, field) || !value_is_sound(field, wire, value, depth))
			return false;
	}
	return true;
}

/* ---- Unpacking into the arena --------------------------------------------------------------- */

struct arena_use {
	ProtobufCAllocator allocator;
	struct arena *arena; /* borrowed */
	bool full;	     /* it was asked for more than its cap */
};

/* Zeroed, because protobuf-c 1.4.1 reads what it has not filled in when it gives up. */
static void *use_alloc(void *data, size_t size)
{
	struct arena_use *use = data;
	void *p = arena_new(use->arena, size);

	use->full |= p == NULL;
	return p;
}

static void use_free(void *data, void *p)
{
	(void)data;
	(void)p; /* goes with the arena */
}

enum err message_decode(const ProtobufCMessageDescriptor *type, struct bytes message,
			struct arena *arena, ProtobufCMessage **out)
{
	struct arena_use use = {{use_alloc, use_free, &use}, arena, false};
	ProtobufCMessage *m;

	if (!message_is_sound(type, message, 1))
		return ERR_PROTOCOL;
	m = protobuf_c_message_unpack(type, &use.allocator, message.len, message.data);
	if (m == NULL)
		return use.full ? ERR_TOO_LARGE : ERR_PROTOCOL;
	*out = m;
	return ERR_OK;
}

/* What a stranger sent is never decoded without a cap. */
static enum err decode_capped(const ProtobufCMessageDescriptor *type, struct bytes message,
			      struct arena *arena, ProtobufCMessage **out)
{
	const size_t cap = arena->cap;
	enum err err;

	if (cap == 0)
		arena->cap = arena->used + FRAME_ARENA_MOST;
	err = message_decode(type, message, arena, out);
	arena->cap = cap;
	return err;
}

enum err request_decode(struct bytes message, struct arena *arena, Examd__V1__Request **out)
{
	ProtobufCMessage *m = NULL;
	enum err err = decode_capped(&examd__v1__request__descriptor, message, arena, &m);

	if (err == ERR_OK)
		*out = container_of(m, Examd__V1__Request, base);
	return err;
}

enum err reply_decode(struct bytes message, struct arena *arena, Examd__V1__Reply **out)
{
	ProtobufCMessage *m = NULL;
	enum err err = decode_capped(&examd__v1__reply__descriptor, message, arena, &m);

	if (err == ERR_OK)
		*out = container_of(m, Examd__V1__Reply, base);
	return err;
}

void message_put(struct buf *out, const ProtobufCMessage *message)
{
	size_t len = protobuf_c_message_get_packed_size(message);

	buf_added(out, protobuf_c_message_pack(message, buf_reserve(out, len)));
}

void frame_put(struct buf *out, const ProtobufCMessage *message)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	uint8_t *p = buf_reserve(out, 4 + len);

	u32_write(p, (uint32_t)len);
	protobuf_c_message_pack(message, p + 4);
	buf_added(out, 4 + len);
}
