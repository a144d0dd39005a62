/* Records: facts that must survive a crash, each in the chain of its subject.
 *
 * chain(n) = SHA-256(chain(n-1) || u64 subject || u64 n || u64 service ms || u64 wall ms ||
 *                    u32 kind || u32 length || body)
 *
 * all big-endian; chain(0) is 32 zero bytes; n counts from 1. */
#ifndef DAEMON_RECORD_RECORD_H
#define DAEMON_RECORD_RECORD_H

#include "daemon/record/record.pb-c.h"
#include "proto/base/bytes.h"
#include "proto/base/err.h"
#include "proto/base/ids.h"
#include "proto/base/mem.h"
#include "proto/base/times.h"

enum record_kind {
#define RECORD(name, number, message, member) RECORD_##name = number,
#include "daemon/record/record.def"
#undef RECORD
};

struct record {
	struct subject subject;
	uint64_t n; /* in its subject, from 1 */
	struct service_ms at;
	struct wall_ms noted; /* for people */
	enum record_kind kind;
	const ProtobufCMessage *msg; /* decoded; borrowed from the arena it was made in */
	struct bytes body;	     /* packed; likewise */
	struct digest chain;
};

/* Packs .msg into the arena, which has no cap, as .body and fills in .chain from the chain before.
 */
void record_seal(struct record *r, const struct digest *before, struct arena *arena);

/* Decodes .body into the arena as .msg.  The arena has no cap: the bytes are our own.  Fields that
 * this release does not know stay in the message, unread.
 *
 * ERR_CORRUPT  not a message of that kind, or a kind that this release does not know */
MUST_USE enum err record_decode(struct record *r, struct arena *arena);

/* Does .chain follow from the chain before? */
bool record_follows(const struct record *r, const struct digest *before);

/* "answer_put"; "unknown". */
const char *record_kind_name(enum record_kind kind);
/* NULL: this release does not know the kind. */
const ProtobufCMessageDescriptor *record_kind_type(enum record_kind kind);

/* SHA-256(salt || text), the way free text stands in a record. */
struct digest record_text_hash(const uint8_t salt[16], struct bytes text);

#endif
