/* The answers of one attempt, and what the server is known to have of them.
 *
 * Of each item the latest answer is kept, and beside it any answer of an earlier seat that is not
 * settled yet: it still goes to the server, who keeps it for the proctor.  An answer of the same
 * seat that a later one replaces need not be sent any more.
 *
 *   OPEN -> UNDER_WAY -> SAVED | KEPT | REFUSED         by the server's word
 *           UNDER_WAY -> OPEN                           the link was lost
 *   OPEN -> SAVED                                       the server lists this answer's numbers; not
 *                                                       one that it refused: that has other content
 *   SAVED -> OPEN                                       the server lists less than this answer
 *
 *   (learned) -> SAVED                                  the server gave it: put at another device
 *
 * SAVED is only ever set by an acknowledgement, by the server's list, or for what came from it. */
#ifndef CLIENT_LIB_ANSWERS_H
#define CLIENT_LIB_ANSWERS_H

#include "proto/base/err.h"
#include "proto/base/ids.h"
#include "proto/wire/examd.pb-c.h"

#define ANSWERS_ITEMS_MOST 4096
#define ANSWERS_BATCH	   64

enum put_state { PUT_OPEN, PUT_UNDER_WAY, PUT_SAVED, PUT_KEPT, PUT_REFUSED, PUT_NSTATES };

struct put {
	Examd__V1__Answer *answer; /* owned */
	enum put_state state;
	struct put *earlier; /* of the same item, rising order downwards; owned */
};

struct answer_slot {
	struct put *latest; /* NULL: nothing was put here */
	struct seat_no have_seat;
	uint32_t have_revision; /* of the server; 0: nothing */
};

/* {0} is an empty one. */
struct answers {
	struct answer_slot *slots; /* owned */
	size_t nslots;
};

void answers_fini(struct answers *a);

/* A new answer, copied; its seat and revision are filled in: one more than anything known. */
const Examd__V1__Answer *answers_put(struct answers *a, struct seat_no seat,
				     const Examd__V1__Answer *answer);

/* An answer, or the server's word on one, read back from the journal.  Those with numbers out of
 * bounds are left out. */
void answers_restore(struct answers *a, const Examd__V1__Answer *answer);

/* Does the server's list name an answer of an item from FROM on that is later than the latest that
 * is known?  FIRST is the lowest such item. */
bool answers_lack(const struct answers *a, struct item_no from, struct item_no *first);
/* An answer that the server gave, copied: the latest of its item, and saved, unless one that is as
 * late is here already. */
void answers_learn(struct answers *a, const Examd__V1__Answer *answer);

/* The server's word.  The answer that it was about; NULL: none that is known. */
const Examd__V1__Answer *answers_settle(struct answers *a, struct item_no item, struct seat_no seat,
					uint32_t revision, enum err err);

/* The server's list: everything else it has not.  Answers under way are left alone.  ON_FOUND is
 * told of each answer that turns out to be saved. */
struct answers_finder {
	void (*on_found)(struct answers_finder *f, const Examd__V1__Answer *answer);
};
void answers_compare(struct answers *a, Examd__V1__ItemOrder *const *have, size_t nhave,
		     struct answers_finder *finder);

/* Up to ANSWERS_BATCH open answers, now under way; borrowed until they are settled or lost. */
size_t answers_take(struct answers *a, Examd__V1__Answer *out[ANSWERS_BATCH]);
/* What was under way has no reply. */
void answers_lost(struct answers *a);

const Examd__V1__Answer *answers_latest(const struct answers *a, struct item_no item);
bool answers_has(const struct answers *a, struct item_no item);
/* Items with an answer here or there, and those whose latest answer is saved. */
void answers_count(const struct answers *a, uint32_t *put, uint32_t *saved);
/* Open or under way. */
uint32_t answers_unsettled(const struct answers *a);

#endif
