#include "daemon/record/packed.h"

#include <string.h>

void packed_put(struct buf *out, const struct record *r)
{
	buf_put_u64(out, (uint64_t)r->subject.v);
	buf_put_u64(out, r->n);
	buf_put_u64(out, (uint64_t)r->at.v);
	buf_put_u64(out, (uint64_t)r->noted.v);
	buf_put_u32(out, (uint32_t)r->kind);
	buf_put_u32(out, (uint32_t)r->body.len);
	buf_put_bytes(out, r->body);
	buf_put(out, r->chain.b, sizeof r->chain.b);
}

enum err packed_next(struct bytes *rest, struct record *out)
{
	const uint8_t *p = rest->data;
	const size_t fixed = PACKED_HEAD + sizeof out->chain.b;
	size_t body;

	if (rest->len < fixed || (body = u32_read(p + 36)) > rest->len - fixed)
		return ERR_CORRUPT;
	*out = (struct record){
	    .subject = {(int64_t)u64_read(p)},
	    .n = u64_read(p + 8),
	    .at = {(int64_t)u64_read(p + 16)},
	    .noted = {(int64_t)u64_read(p + 24)},
	    .kind = (enum record_kind)u32_read(p + 32),
	    .body = bytes_of(p + PACKED_HEAD, body),
	};
	memcpy(out->chain.b, p + PACKED_HEAD + body, sizeof out->chain.b);
	*rest = bytes_of(p + fixed + body, rest->len - fixed - body);
	return ERR_OK;
}
