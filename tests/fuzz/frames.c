/* Frames and what is in them, from both sides, and the channel.
 *
 * What is decoded and packed again is decoded again to the same bytes; no frame takes more than
 * its megabyte. */
#include <stdlib.h>
#include <string.h>

#include "proto/wire/channel.h"
#include "proto/wire/frame.h"
#include "tests/fuzz/target.h"

static void pack_twice(const ProtobufCMessage *m)
{
	struct buf once = {0}, twice = {0};
	struct arena arena = {0};
	ProtobufCMessage *again = NULL;

	message_put(&once, m);
	MUST(message_decode(m->descriptor, buf_bytes(&once), &arena, &again) == ERR_OK);
	message_put(&twice, again);
	MUST(bytes_equal(buf_bytes(&once), buf_bytes(&twice)));
	arena_fini(&arena);
	buf_fini(&once);
	buf_fini(&twice);
}

static void decode(struct bytes message)
{
	struct arena arena = {0};
	Examd__V1__Request *request = NULL;
	Examd__V1__Reply *reply = NULL;
	ProtobufCMessage *part = NULL;

	if (request_decode(message, &arena, &request) == ERR_OK)
		pack_twice(&request->base);
	MUST(arena.used <= FRAME_ARENA_MOST);
	arena_reset(&arena);
	if (reply_decode(message, &arena, &reply) == ERR_OK)
		pack_twice(&reply->base);
	MUST(arena.used <= FRAME_ARENA_MOST);
	arena_reset(&arena);
	if (message_decode(&examd__v1__form_part__descriptor, message, &arena, &part) == ERR_OK)
		pack_twice(part);
	arena_fini(&arena);
}

static void frames(struct bytes all, size_t most)
{
	struct buf in = {0};
	struct bytes message;

	buf_put_bytes(&in, all);
	while (frame_peek(&in, most, &message) == ERR_OK) {
		MUST(message.len > 0 && message.len <= most);
		decode(message);
		frame_take(&in);
	}
	buf_fini(&in);
}

static void channel(struct bytes all)
{
	struct channel_message m;
	struct buf in = {0};

	buf_put_bytes(&in, all);
	while (channel_peek(&in, &m) == ERR_OK) {
		MUST(m.payload.len <= CHANNEL_MOST);
		channel_take(&in);
	}
	buf_fini(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes all = bytes_of(data, size);

	frames(all, FRAME_MOST_BEFORE_LOGIN);
	frames(all, FRAME_MOST);
	channel(all);
	if (size <= FRAME_MOST)
		decode(all);
	return 0;
}
