#include "daemon/service/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

#define KEPT (1024 * 1024) /* bytes of room that stay after a burst */

void outbox_fini(struct outbox *o)
{
	buf_fini(&o->bytes);
	free(o->marks);
	*o = (struct outbox){0};
}

/* Room for one more mark: the queue slides to the front before it grows. */
static void make_room(struct outbox *o)
{
	if (o->first > 0 && o->first * 2 >= o->length) {
		memmove(o->marks, o->marks + o->first,
			(o->length - o->first) * sizeof(o->marks[0]));
		o->length -= o->first;
		o->first = 0;
	}
	if (o->length == o->cap) {
		o->cap = o->cap == 0 ? 64 : o->cap * 2;
		o->marks = mem_resize(o->marks, o->cap * sizeof(o->marks[0]));
	}
}

void outbox_mark(struct outbox *o, struct store_seq after)
{
	uint64_t end = o->taken + buf_length(&o->bytes);

	if (o->length > o->first && o->marks[o->length - 1].after.v >= after.v) {
		o->marks[o->length - 1].end = end;
		return;
	}
	make_room(o);
	o->marks[o->length++] = (struct outbox_mark){after, end};
}

void outbox_release(struct outbox *o, struct store_seq committed, struct buf *out)
{
	uint64_t until = o->taken;
	size_t n;

	while (o->first < o->length && o->marks[o->first].after.v <= committed.v)
		until = o->marks[o->first++].end;
	if (o->first == o->length)
		o->first = o->length = 0;
	n = (size_t)(until - o->taken);
	if (n == 0)
		return;
	o->taken = until;
	if (n == buf_length(&o->bytes) && buf_length(out) == 0) {
		struct buf all = o->bytes;

		o->bytes = *out;
		*out = all;
	} else {
		buf_put(out, buf_bytes(&o->bytes).data, n);
		buf_take(&o->bytes, n);
	}
	if (buf_length(&o->bytes) == 0 && o->bytes.cap > KEPT)
		buf_fini(&o->bytes);
}

size_t outbox_waiting(const struct outbox *o)
{
	return buf_length(&o->bytes);
}
