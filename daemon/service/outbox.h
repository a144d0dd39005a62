/* What waits for the disk: a queue of bytes for one channel, with marks.
 *
 * No reply and no notice overtakes the disk (promise 2): bytes appended while the store had queued
 * everything up to S leave when S is committed; their order is kept. */
#ifndef DAEMON_SERVICE_OUTBOX_H
#define DAEMON_SERVICE_OUTBOX_H

#include "daemon/store/store.h"
#include "proto/base/bytes.h"

struct outbox_mark {
	struct store_seq after; /* leaves when this is committed */
	uint64_t end;		/* of its bytes, counted from the beginning of the outbox */
};

/* {0} is an empty one. */
struct outbox {
	struct buf bytes;	   /* owned */
	uint64_t taken;		   /* bytes that have left */
	struct outbox_mark *marks; /* owned; a queue: .first .. .length */
	size_t first, length, cap;
};

void outbox_fini(struct outbox *o);

/* Append to outbox.bytes, then say what it waits for: AFTER never falls. */
void outbox_mark(struct outbox *o, struct store_seq after);

/* Moves what may leave now to the end of OUT. */
void outbox_release(struct outbox *o, struct store_seq committed, struct buf *out);

size_t outbox_waiting(const struct outbox *o);

#endif
