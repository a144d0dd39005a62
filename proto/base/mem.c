#include "proto/base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *next; /* owned */
	size_t used, size;
	max_align_t data[];
};

#define BLOCK 4096

static void *or_die(void *p)
{
	if (p == NULL) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

void *mem_new(size_t size)
{
	return or_die(calloc(1, size == 0 ? 1 : size));
}

void *mem_new_array(size_t count, size_t size)
{
	return or_die(calloc(count == 0 ? 1 : count, size == 0 ? 1 : size));
}

void *mem_resize(void *old, size_t size)
{
	return or_die(realloc(old, size == 0 ? 1 : size));
}

void *mem_copy(const void *data, size_t len)
{
	void *p = or_die(malloc(len == 0 ? 1 : len));

	if (len > 0)
		memcpy(p, data, len);
	return p;
}

char *mem_copy_text(const char *text)
{
	return mem_copy(text, strlen(text) + 1);
}

char *mem_printf(const char *fmt, ...)
{
	char *out = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&out, fmt, ap) < 0)
		out = NULL;
	va_end(ap);
	return or_die(out);
}

/* What the blocks take.  Counted when another one is wanted: they are few. */
static size_t arena_taken(const struct arena *a)
{
	const struct arena_block *b;
	size_t taken = 0;

	for (b = a->blocks; b != NULL; b = b->next)
		taken += sizeof *b + b->size;
	return taken;
}

/* A new first block with room for STEP bytes; NULL: it would pass the cap.  The last one below the
 * cap is a smaller one. */
static struct arena_block *another_block(struct arena *a, size_t step)
{
	struct arena_block *b;
	size_t room = step > BLOCK ? step : BLOCK;

	if (a->cap != 0) {
		size_t taken = arena_taken(a) + sizeof *b;

		if (taken > a->cap || step > a->cap - taken)
			return NULL;
		if (room > a->cap - taken)
			room = a->cap - taken;
	}
	b = mem_new(sizeof *b + room);
	b->size = room;
	b->next = a->blocks;
	a->blocks = b;
	return b;
}

void *arena_new(struct arena *a, size_t size)
{
	struct arena_block *b = a->blocks;
	const size_t align = _Alignof(max_align_t);
	size_t step = (size + align - 1) / align * align;
	void *p;

	if (step < size)
		return NULL;
	if (step == 0)
		step = align;
	if (b == NULL || b->size - b->used < step)
		b = another_block(a, step);
	if (b == NULL)
		return NULL;
	p = (char *)b->data + b->used;
	b->used += step;
	a->used += step;
	return p;
}

void *arena_copy(struct arena *a, const void *data, size_t len)
{
	void *p = arena_new(a, len);

	if (p != NULL && len > 0)
		memcpy(p, data, len);
	return p;
}

char *arena_copy_text(struct arena *a, const char *text)
{
	return arena_copy(a, text, strlen(text) + 1);
}

void arena_reset(struct arena *a)
{
	while (a->blocks != NULL && a->blocks->next != NULL) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
	if (a->blocks != NULL) {
		memset(a->blocks->data, 0, a->blocks->used);
		a->blocks->used = 0;
	}
	a->used = 0;
}

void arena_fini(struct arena *a)
{
	struct arena_block *b, *next;

	for (b = a->blocks; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	a->blocks = NULL;
	a->used = 0;
}
