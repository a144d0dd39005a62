/* What waits for the writer: records and changes, one after the other in blocks of memory, so that
 * queueing one costs a copy and no allocation.  A block never moves, so they point into it. */
#ifndef DAEMON_STORE_QUEUE_H
#define DAEMON_STORE_QUEUE_H

#include "daemon/store/store.h"

enum op_kind { OP_RECORD, OP_CHANGE };

struct op {
	enum op_kind kind;
	size_t size; /* to the next one */
	union {
		struct record record;
		struct store_change change;
	} u;
};

struct block;

/* {0} is an empty one. */
struct batch {
	struct block *first, *last; /* owned */
	size_t bytes;
	uint64_t length;
};

/* Room for an operation and EXTRA bytes behind it, which op_extra() finds.  A block is taken from
 * SPARE when there is one. */
struct op *batch_add(struct batch *b, struct batch *spare, enum op_kind kind, size_t extra);
uint8_t *op_extra(struct op *op);

/* All of FROM goes behind TO; FROM is empty then. */
void batch_splice(struct batch *to, struct batch *from);

/* In order.  {0} begins. */
struct batch_walk {
	struct block *block;
	size_t offset;
	bool begun;
};
struct op *batch_next(const struct batch *b, struct batch_walk *walk); /* NULL: the end */

/* Its blocks go to SPARE, which keeps a few; it is empty then. */
void batch_recycle(struct batch *b, struct batch *spare);
void batch_fini(struct batch *b);

#endif
