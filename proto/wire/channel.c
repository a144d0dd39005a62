#include "proto/wire/channel.h"

#include "proto/base/ids.h"

#define AFTER_LENGTH (CHANNEL_HEAD - 4)

enum err channel_peek(const struct buf *in, struct channel_message *out)
{
	struct bytes b = buf_bytes(in);
	uint32_t len;

	if (b.len < 4)
		return ERR_NOT_FOUND;
	len = u32_read(b.data);
	if (len < AFTER_LENGTH || len > AFTER_LENGTH + CHANNEL_MOST)
		return ERR_PROTOCOL;
	if (b.len >= 5 && (b.data[4] < CHANNEL_OPENED || b.data[4] > CHANNEL_TRUSTED))
		return ERR_PROTOCOL;
	if (b.len - 4 < len)
		return ERR_NOT_FOUND;
	*out = (struct channel_message){
	    .kind = (enum channel_kind)b.data[4],
	    .conn = {u64_read(b.data + 5)},
	    .payload = bytes_of(b.data + CHANNEL_HEAD, len - AFTER_LENGTH),
	};
	return ERR_OK;
}

void channel_take(struct buf *in)
{
	buf_take(in, 4 + (size_t)u32_read(buf_bytes(in).data));
}

size_t channel_begin(struct buf *out, enum channel_kind kind, struct conn_id conn)
{
	size_t mark = buf_length(out);
	uint8_t *p = buf_reserve(out, CHANNEL_HEAD);

	u32_write(p, AFTER_LENGTH);
	p[4] = (uint8_t)kind;
	u64_write(p + 5, conn.v);
	buf_added(out, CHANNEL_HEAD);
	return mark;
}

void channel_end(struct buf *out, size_t mark)
{
	u32_write(out->data + out->start + mark, (uint32_t)(buf_length(out) - mark - 4));
}

void channel_undo(struct buf *out, size_t mark)
{
	buf_cut(out, mark);
}

void channel_put(struct buf *out, enum channel_kind kind, struct conn_id conn, struct bytes payload)
{
	size_t mark = channel_begin(out, kind, conn);

	buf_put_bytes(out, payload);
	channel_end(out, mark);
}
