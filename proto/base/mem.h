/* Memory.  Everything here is bounded before it is asked for, so running out means that the machine
 * is in trouble; the process then ends with a message, and a restart goes on from the disk, which
 * costs a candidate nothing.  What a stranger can make large is decoded in an arena with a cap. */
#ifndef PROTO_BASE_MEM_H
#define PROTO_BASE_MEM_H

#include <stddef.h>

#define COUNT(array)			(sizeof(array) / sizeof(array)[0])
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Zeroed; freed with free().  SIZE 0 gives a pointer that may be freed. */
void *mem_new(size_t size);
void *mem_new_array(size_t count, size_t size);
void *mem_resize(void *old, size_t size);
void *mem_copy(const void *data, size_t len);
char *mem_copy_text(const char *text);
__attribute__((format(printf, 1, 2))) char *mem_printf(const char *fmt, ...);

/* An arena: many small zeroed pieces, freed together.  {0} with .cap = 0 has no cap. */
struct arena {
	struct arena_block *blocks; /* owned */
	size_t used, cap;	    /* bytes given out; the most taken, blocks and all */
};

/* A zeroed piece, aligned for anything; NULL only when it would pass the cap. */
void *arena_new(struct arena *a, size_t size);
char *arena_copy_text(struct arena *a, const char *text);
void *arena_copy(struct arena *a, const void *data, size_t len);

/* Everything given out is gone; the first block is kept for the next use, zeroed. */
void arena_reset(struct arena *a);
void arena_fini(struct arena *a);

#endif
