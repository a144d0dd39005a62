/* The channel between a front and the core: a plain socketpair with frames of its own.
 *
 *   u32 length of what follows | u8 kind | u64 connection | payload
 *
 * all big-endian.  Front to core: OPENED (payload: protocol byte 1 = examd/1, then the address as
 * text), FRAME (a client's message), CLOSED.  Core to front: FRAME (a message for that client,
 * without length), CLOSE (after what was sent before has drained), TRUSTED (logged in: frames may
 * be FRAME_MOST long; payload empty).  Connection ids are never reused: the supervisor gives each
 * front process a number for the upper 24 bits.  After a core's death the front gets a new channel
 * and sends OPENED again for every live connection. */
#ifndef PROTO_WIRE_CHANNEL_H
#define PROTO_WIRE_CHANNEL_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"

enum channel_kind {
	CHANNEL_OPENED = 1,
	CHANNEL_FRAME = 2,
	CHANNEL_CLOSED = 3,
	CHANNEL_CLOSE = 4,
	CHANNEL_TRUSTED = 5,
};

struct conn_id {
	uint64_t v;
};

struct channel_message {
	enum channel_kind kind;
	struct conn_id conn;
	struct bytes payload; /* borrowed from the buffer */
};

#define CHANNEL_HEAD 13 /* bytes before the payload */
/* The longest payload.  Far above a frame's: a reply that is too long costs its receiver, not
 * everybody behind the channel. */
#define CHANNEL_MOST (1024 * 1024)

/* The first message of IN, to be taken with channel_take().
 *
 * ERR_NOT_FOUND  not whole yet;  ERR_PROTOCOL  not a channel message */
MUST_USE enum err channel_peek(const struct buf *in, struct channel_message *out);
void channel_take(struct buf *in);
void channel_put(struct buf *out, enum channel_kind kind, struct conn_id conn,
		 struct bytes payload);

/* Begin a message whose payload is appended to OUT by the caller; channel_end() fills in the
 * length. Returns a mark for channel_end(), valid until OUT is taken from. */
size_t channel_begin(struct buf *out, enum channel_kind kind, struct conn_id conn);
void channel_end(struct buf *out, size_t mark);
/* Instead of channel_end(): there is no such message. */
void channel_undo(struct buf *out, size_t mark);

#endif
