/* Where in the table the records of a subject stand: there is no index on the subject, because an
 * appending table without a second one commits five to eight times more rows a second.  Kept in
 * memory for the subjects that have records in the table outside their transcript: 8 bytes a
 * record, bounded by the attempts in memory.
 *
 * The writer changes it, readers look places up; it has a lock of its own, held for moments. */
#ifndef DAEMON_STORE_PLACES_H
#define DAEMON_STORE_PLACES_H

#include "proto/base/bytes.h"
#include "proto/base/ids.h"

struct places;

struct places *places_new(void);
void places_free(struct places *p);

/* SEQ is the number of the row, higher than any before. */
void places_add(struct places *p, struct subject subject, uint64_t seq);

/* Has the subject rows that are not packed? */
bool places_has(struct places *p, struct subject subject);

/* The rows of a subject, in order, as u64 in the machine's order: what is not packed, or (ALL) also
 * what was packed while a reader was reading. */
void places_find(struct places *p, struct subject subject, bool all, struct buf *out);

/* The rows up to SEQ are in the transcript now. */
void places_packed(struct places *p, struct subject subject, uint64_t seq);

/* The lowest row that is not packed; NONE when there is none. */
uint64_t places_lowest(struct places *p, uint64_t none);

/* Readers say when they hold a snapshot: until the last is gone, packed rows stay findable, for an
 * older snapshot has them in the table only. */
void places_reader_came(struct places *p);
void places_reader_left(struct places *p);

/* The subjects with rows that are not packed, of one kind, in order. */
void places_subjects(struct places *p, enum subject_kind kind, struct buf *out);

#endif
