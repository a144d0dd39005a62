/* Building a decision: records in the chains of their subjects, and effects. */
#ifndef DAEMON_ENGINE_DECISION_H
#define DAEMON_ENGINE_DECISION_H

#include "daemon/engine/state.h"

/* One call of engine_decide(). */
struct deciding {
	const struct engine *e;
	const struct event *ev;
	struct decision *d;
	Examd__Record__By *by; /* in the decision's arena; NULL: the server itself */
	bool room;	       /* a command to the room, not to attempts that it names */
};

/* A message with its defaults, in the decision's arena. */
void *fact_piece(struct deciding *b, const ProtobufCMessageDescriptor *type);
/* That of a kind of record. */
void *fact_new(struct deciding *b, enum record_kind kind);

/* Adds a record: the next of its subject. */
void fact_attempt(struct deciding *b, struct attempt_id id, enum record_kind kind, void *msg);
void fact_sitting(struct deciding *b, struct sitting_id id, enum record_kind kind, void *msg);

/* Is the version that the event was decided on still the last?
 *
 * ERR_CHANGED_MEANWHILE  no, and it is not forced; who did what is in the decision */
MUST_USE enum err check_version(struct deciding *b, const struct change *change);

/* Where the chain of an attempt will stand after the records so far. */
struct chain_end fact_end(struct deciding *b, struct attempt_id id);

/* Bytes in the arena. */
ProtobufCBinaryData fact_bytes(struct deciding *b, const void *data, size_t len);

/* Effects. */
struct effect *tell_holder(struct deciding *b, const struct attempt *a, enum tell notice);
void tell_waiting(struct deciding *b, const struct attempt *a, enum tell notice);
void tell_old_seat(struct deciding *b, const struct attempt *a);
/* An attempt's row changed; nobody watches practice. */
void tell_row(struct deciding *b, const struct attempt *a);
void tell_room(struct deciding *b, const struct sitting *s);
void tell_closed(struct deciding *b, const struct attempt *a);
struct effect *tell(struct deciding *b, enum effect_kind kind);

#endif
