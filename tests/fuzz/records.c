/* Records as they stand in a transcript row: packed, one after the other.
 *
 * What can be read is packed again to the same bytes, and a record that follows from the one before
 * does so again when it is sealed anew. */
#include <string.h>

#include "daemon/record/packed.h"
#include "tests/fuzz/target.h"

static void decode(struct record *r, struct arena *arena)
{
	struct buf packed = {0};
	size_t len;

	MUST(record_kind_name(r->kind) != NULL);
	if (record_decode(r, arena) != ERR_OK)
		return;
	MUST(r->msg->descriptor == record_kind_type(r->kind));
	len = protobuf_c_message_get_packed_size(r->msg);
	MUST(protobuf_c_message_pack(r->msg, buf_reserve(&packed, len)) == len);
	buf_fini(&packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = bytes_of(data, size);
	struct digest before = {0};
	struct arena arena = {0};
	struct buf again = {0};
	struct record r;

	while (rest.len > 0 && packed_next(&rest, &r) == ERR_OK) {
		packed_put(&again, &r);
		(void)record_follows(&r, &before);
		before = r.chain;
		decode(&r, &arena);
		arena_reset(&arena);
	}
	MUST(memcmp(buf_bytes(&again).data == NULL ? (const uint8_t *)"" : buf_bytes(&again).data,
		    data == NULL ? (const uint8_t *)"" : data, buf_length(&again)) == 0);
	buf_fini(&again);
	arena_fini(&arena);
	return 0;
}
