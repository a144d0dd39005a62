/* Frames: a 4-byte big-endian length, then one protobuf message.
 *
 * Decoding happens in an arena with a hard cap, because 64 KiB of input can ask for megabytes. */
#ifndef PROTO_WIRE_FRAME_H
#define PROTO_WIRE_FRAME_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"
#include "proto/base/mem.h"
#include "proto/wire/examd.pb-c.h"

#define FRAME_MOST_BEFORE_LOGIN 4096 /* bytes of the message */
#define FRAME_MOST		65536
#define FRAME_ARENA_MOST	(1024 * 1024)
#define PIECE_MOST		32768 /* bytes of a piece of a form or a file */
#define PROTOCOL_VERSION	1

/* The first frame of IN, without its length; to be taken with frame_take().
 *
 * ERR_NOT_FOUND  it has not come whole yet
 * ERR_TOO_LARGE  longer than MOST, or empty: the connection cannot go on */
MUST_USE enum err frame_peek(const struct buf *in, size_t most, struct bytes *message_out);
void frame_take(struct buf *in);

/* Decodes into the arena (reset it when done with the message; never free what is in it).  An arena
 * without a cap is held to FRAME_ARENA_MOST for the call.  Checked: every string is UTF-8 without
 * NUL, a field that is not repeated comes once at most, a oneof holds one of its fields.  Not
 * checked: enums may have any value, lists any length, bytes any size.
 *
 * ERR_PROTOCOL   not such a message, a bad string, a field twice
 * ERR_TOO_LARGE  more memory than the arena's cap */
MUST_USE enum err request_decode(struct bytes message, struct arena *arena,
				 Examd__V1__Request **out);
MUST_USE enum err reply_decode(struct bytes message, struct arena *arena, Examd__V1__Reply **out);

/* Any message, same rules, but an arena without a cap has none; for FormPart and HTTP bodies. */
MUST_USE enum err message_decode(const ProtobufCMessageDescriptor *type, struct bytes message,
				 struct arena *arena, ProtobufCMessage **out);

/* Appends the frame: length and message. */
void frame_put(struct buf *out, const ProtobufCMessage *message);

/* Appends the message alone. */
void message_put(struct buf *out, const ProtobufCMessage *message);

#endif
