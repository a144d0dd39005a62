/* No frame takes more than FRAME_ARENA_MOST of memory while it is decoded, whatever is in it.
 *
 * What is counted are the bytes that the process asks the system for, blocks and all, not what the
 * arena says of itself.  The frames are the worst that there are: for every repeated field of every
 * message of the protocol, wherever it stands, as many of the smallest elements as a frame holds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/wire/frame.h"

#define PATH_MOST 8

/* ---- What is asked of the system --------------------------------------------------------------
 * Blocks of arenas come from calloc(), by --wrap. */

static struct {
	size_t now, most;
	uint64_t calls;
} heap;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __real_free(void *p);
void __wrap_free(void *p);

#define HEAD sizeof(max_align_t)

void *__wrap_calloc(size_t count, size_t size)
{
	size_t all = count * size;
	uint8_t *p = __real_calloc(1, all + HEAD);

	assert_non_null(p);
	memcpy(p, &all, sizeof all);
	heap.now += all;
	heap.calls++;
	if (heap.now > heap.most)
		heap.most = heap.now;
	return p + HEAD;
}

void __wrap_free(void *p)
{
	size_t all;

	if (p == NULL)
		return;
	memcpy(&all, (uint8_t *)p - HEAD, sizeof all);
	heap.now -= all;
	__real_free((uint8_t *)p - HEAD);
}

/* ---- Frames that ask for the most -------------------------------------------------------------
 */

struct worst {
	size_t heap;
	unsigned frames, refused;
	char name[128];
};

static uint8_t frame[FRAME_MOST];

static size_t put_varint(uint8_t *out, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		out[n++] = (uint8_t)(v | 0x80);
	out[n++] = (uint8_t)v;
	return n;
}

static unsigned wire_of(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return 2;
	default:
		return 0;
	}
}

/* The smallest element of a field, one byte or with CONTENT bytes in it. */
static size_t put_element(uint8_t *out, const ProtobufCFieldDescriptor *f, size_t content)
{
	size_t n = put_varint(out, (uint64_t)f->id << 3 | wire_of(f));

	if (wire_of(f) == 0) {
		out[n++] = 1;
		return n;
	}
	n += put_varint(out + n, content);
	memset(out + n, f->type == PROTOBUF_C_TYPE_STRING ? 'a' : 0, content);
	return n + content;
}

static void decode(const ProtobufCMessageDescriptor *type, size_t len, const char *name,
		   struct worst *worst)
{
	struct bytes message = bytes_of(frame, len);
	size_t before = heap.now;
	struct arena arena = {0};
	enum err err;

	heap.most = heap.now;
	if (type == &examd__v1__request__descriptor) {
		Examd__V1__Request *m;

		err = request_decode(message, &arena, &m);
	} else {
		Examd__V1__Reply *m;

		err = reply_decode(message, &arena, &m);
	}
	assert_true(err == ERR_OK || err == ERR_TOO_LARGE || err == ERR_PROTOCOL);
	worst->frames++;
	worst->refused += err == ERR_TOO_LARGE;
	if (heap.most - before > worst->heap) {
		worst->heap = heap.most - before;
		snprintf(worst->name, sizeof worst->name, "%s, %zu bytes", name, len);
	}
	arena_fini(&arena);
	assert_int_equal(before, heap.now);
}

/* Where a field stands: the messages that lead to it, from the request or reply. */
struct path {
	const ProtobufCFieldDescriptor *fields[PATH_MOST];
	size_t length;
};

/* The path's messages around LEN bytes that end at the frame's end; the frame begins where it says.
 */
static size_t wrap(const struct path *path, size_t len)
{
	uint8_t *body = frame + FRAME_MOST - len, head[20];

	for (size_t i = path->length; i-- > 0;) {
		size_t n = put_varint(head, (uint64_t)path->fields[i]->id << 3 | 2);

		n += put_varint(head + n, len);
		body -= n;
		memcpy(body, head, n);
		len += n;
	}
	memmove(frame, body, len);
	return len;
}

static void fill_with(const ProtobufCMessageDescriptor *type, const struct path *path,
		      const ProtobufCFieldDescriptor *f, size_t content, struct worst *worst)
{
	uint8_t element[8300];
	size_t n = put_element(element, f, content), room = FRAME_MOST - 20 * path->length;

	/* From a few to all that a frame holds: the worst one that is not refused is somewhere. */
	for (size_t count = room / n; count > 0; count = count * 7 / 8) {
		for (size_t i = 0; i < count; i++)
			memcpy(frame + FRAME_MOST - (i + 1) * n, element, n);
		decode(type, wrap(path, count * n), f->name, worst);
	}
}

static void walk(const ProtobufCMessageDescriptor *top, const ProtobufCMessageDescriptor *type,
		 struct path *path, struct worst *worst)
{
	static const size_t contents[] = {0, 1, 16, 100, 1000, 2050, 4080, 4097, 8200};

	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &type->fields[i];

		if (f->label == PROTOBUF_C_LABEL_REPEATED)
			for (size_t c = 0; c < COUNT(contents); c++)
				if (c == 0 ||
				    (wire_of(f) == 2 && f->type != PROTOBUF_C_TYPE_MESSAGE))
					fill_with(top, path, f, contents[c], worst);
		if (f->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		assert_true(path->length < PATH_MOST);
		path->fields[path->length++] = f;
		walk(top, f->descriptor, path, worst);
		path->length--;
	}
}

static void walk_all(const ProtobufCMessageDescriptor *type)
{
	struct worst worst = {0};
	struct path path = {.length = 0};
	uint64_t calls = heap.calls;

	walk(type, type, &path, &worst);
	printf("%s: %u frames, %u refused; the most taken is %zu bytes (%s)\n", type->short_name,
	       worst.frames, worst.refused, worst.heap, worst.name);
	assert_true(heap.calls > calls + worst.frames / 2); /* they were counted */
	assert_true(worst.refused > 0);
	assert_in_range(worst.heap, FRAME_ARENA_MOST / 2, FRAME_ARENA_MOST);
}

static void no_request_takes_more_than_its_megabyte(void **state)
{
	(void)state;
	walk_all(&examd__v1__request__descriptor);
}

static void no_reply_takes_more_than_its_megabyte_at_a_client(void **state)
{
	(void)state;
	walk_all(&examd__v1__reply__descriptor);
}

/* Pieces that waste the most of a block: one that does not fit behind a small one. */
static void what_an_arena_holds_is_counted_with_its_blocks(void **state)
{
	static const size_t sizes[] = {1, 16, 2064, 2080, 4080, 4096, 4112, 9000};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++)
		for (size_t j = 0; j < COUNT(sizes); j++) {
			struct arena a = {.cap = FRAME_ARENA_MOST};
			size_t before = heap.now;

			while (arena_new(&a, sizes[i]) != NULL && arena_new(&a, sizes[j]) != NULL)
				;
			assert_in_range(heap.now - before, FRAME_ARENA_MOST / 2, FRAME_ARENA_MOST);
			arena_fini(&a);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_request_takes_more_than_its_megabyte),
	    cmocka_unit_test(no_reply_takes_more_than_its_megabyte_at_a_client),
	    cmocka_unit_test(what_an_arena_holds_is_counted_with_its_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
