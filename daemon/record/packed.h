/* Records one after the other, as transcripts keep and export them.  Each is what its chain value
 * is made of behind the chain before it, then that value:
 *
 *   u64 subject, u64 n, u64 service ms, u64 wall ms, u32 kind, u32 length, body, 32 bytes chain
 *
 * all big-endian.  Stored: never changed. */
#ifndef DAEMON_RECORD_PACKED_H
#define DAEMON_RECORD_PACKED_H

#include "daemon/record/record.h"

#define PACKED_HEAD 40 /* bytes before the body */

/* Appends a sealed record. */
void packed_put(struct buf *out, const struct record *r);

/* Takes the first record from the front of REST; its body points into REST, its msg is NULL.
 * Says nothing about the chain: record_follows() does.
 *
 * ERR_CORRUPT  REST ends in the middle of a record */
MUST_USE enum err packed_next(struct bytes *rest, struct record *out);

#endif
