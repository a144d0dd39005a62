#include "daemon/store/queue.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

#define BLOCK	   (256 * 1024)
#define SPARE_MOST (4 * BLOCK) /* some milliseconds of answers at full load */

struct block {
	struct block *next; /* owned */
	size_t used, size;
	max_align_t data[];
};

static struct op *block_op(struct block *b, size_t offset)
{
	return (struct op *)(void *)((char *)b->data + offset);
}

static void batch_push(struct batch *b, struct block *block)
{
	block->next = NULL;
	if (b->last == NULL)
		b->first = block;
	else
		b->last->next = block;
	b->last = block;
}

static struct block *batch_pop(struct batch *b)
{
	struct block *block = b->first;

	if (block != NULL && (b->first = block->next) == NULL)
		b->last = NULL;
	return block;
}

static struct block *block_with_room(struct batch *spare, size_t size)
{
	struct block *block = size <= BLOCK ? batch_pop(spare) : NULL;
	size_t room = size <= BLOCK ? BLOCK : size;

	if (block != NULL) {
		spare->bytes -= block->size;
		return block;
	}
	block = mem_resize(NULL, sizeof *block + room);
	*block = (struct block){.size = room};
	return block;
}

struct op *batch_add(struct batch *b, struct batch *spare, enum op_kind kind, size_t extra)
{
	const size_t align = alignof(max_align_t);
	size_t size = (sizeof(struct op) + extra + align - 1) / align * align;
	struct op *op;

	if (b->last == NULL || b->last->size - b->last->used < size)
		batch_push(b, block_with_room(spare, size));
	op = block_op(b->last, b->last->used);
	op->kind = kind;
	op->size = size;
	b->last->used += size;
	b->bytes += size;
	b->length++;
	return op;
}

uint8_t *op_extra(struct op *op)
{
	return (uint8_t *)(op + 1);
}

void batch_splice(struct batch *to, struct batch *from)
{
	if (from->first == NULL)
		return;
	if (to->last == NULL)
		to->first = from->first;
	else
		to->last->next = from->first;
	to->last = from->last;
	to->bytes += from->bytes;
	to->length += from->length;
	*from = (struct batch){0};
}

struct op *batch_next(const struct batch *b, struct batch_walk *walk)
{
	struct op *op;

	if (!walk->begun)
		*walk = (struct batch_walk){b->first, 0, true};
	while (walk->block != NULL && walk->offset == walk->block->used)
		*walk = (struct batch_walk){walk->block->next, 0, true};
	if (walk->block == NULL)
		return NULL;
	op = block_op(walk->block, walk->offset);
	walk->offset += op->size;
	return op;
}

void batch_recycle(struct batch *b, struct batch *spare)
{
	struct block *block;

	while ((block = batch_pop(b)) != NULL) {
		if (block->size != BLOCK || spare->bytes >= SPARE_MOST) {
			free(block);
			continue;
		}
		block->used = 0;
		batch_push(spare, block);
		spare->bytes += block->size;
	}
	*b = (struct batch){0};
}

void batch_fini(struct batch *b)
{
	struct block *block;

	while ((block = batch_pop(b)) != NULL)
		free(block);
	*b = (struct batch){0};
}
