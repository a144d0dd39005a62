/* OpenSSL's plain SHA-256, not EVP: that one takes locks, looks the algorithm up and allocates,
 * which is three times the work on a record. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "daemon/record/record.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

struct kind {
	const char *name; /* the message's field name, which is the kind's in lower case */
	const ProtobufCMessageDescriptor *type;
};

static const struct kind kinds[] = {
#define RECORD(NAME, number, message, member)                                                      \
	[number] = {#member, &examd__record__##member##__descriptor},
#include "daemon/record/record.def"
#undef RECORD
};

static const struct kind *kind_of(enum record_kind kind)
{
	const struct kind *k = (size_t)kind < COUNT(kinds) ? &kinds[kind] : NULL;

	return k != NULL && k->name != NULL ? k : NULL;
}

const char *record_kind_name(enum record_kind kind)
{
	const struct kind *k = kind_of(kind);

	return k == NULL ? "unknown" : k->name;
}

const ProtobufCMessageDescriptor *record_kind_type(enum record_kind kind)
{
	const struct kind *k = kind_of(kind);

	return k == NULL ? NULL : k->type;
}

#define HEAD (4 * 8 + 2 * 4)

static struct digest chain_after(const struct record *r, const struct digest *before)
{
	uint8_t head[HEAD];
	struct digest out;
	SHA256_CTX sum;

	u64_write(head, (uint64_t)r->subject.v);
	u64_write(head + 8, r->n);
	u64_write(head + 16, (uint64_t)r->at.v);
	u64_write(head + 24, (uint64_t)r->noted.v);
	u32_write(head + 32, (uint32_t)r->kind);
	u32_write(head + 36, (uint32_t)r->body.len);
	SHA256_Init(&sum);
	SHA256_Update(&sum, before->b, sizeof before->b);
	SHA256_Update(&sum, head, sizeof head);
	SHA256_Update(&sum, r->body.data, r->body.len);
	SHA256_Final(out.b, &sum);
	return out;
}

void record_seal(struct record *r, const struct digest *before, struct arena *arena)
{
	size_t len = protobuf_c_message_get_packed_size(r->msg);
	uint8_t *body = arena_new(arena, len);

	if (body == NULL)
		abort(); /* a cap on our own records is a mistake in the program */
	protobuf_c_message_pack(r->msg, body);
	r->body = bytes_of(body, len);
	r->chain = chain_after(r, before);
}

bool record_follows(const struct record *r, const struct digest *before)
{
	struct digest chain = chain_after(r, before);

	return digest_equal(&chain, &r->chain);
}

static void *from_arena(void *arena, size_t size)
{
	return arena_new(arena, size);
}

static void leave_in_arena(void *arena, void *p)
{
	(void)arena;
	(void)p;
}

enum err record_decode(struct record *r, struct arena *arena)
{
	ProtobufCAllocator allocator = {from_arena, leave_in_arena, arena};
	const struct kind *k = kind_of(r->kind);

	if (k == NULL)
		return ERR_CORRUPT;
	r->msg = protobuf_c_message_unpack(k->type, &allocator, r->body.len, r->body.data);
	return r->msg == NULL ? ERR_CORRUPT : ERR_OK;
}

struct digest record_text_hash(const uint8_t salt[16], struct bytes text)
{
	struct digest out;
	SHA256_CTX sum;

	SHA256_Init(&sum);
	SHA256_Update(&sum, salt, 16);
	SHA256_Update(&sum, text.data, text.len);
	SHA256_Final(out.b, &sum);
	return out;
}
