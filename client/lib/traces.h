/* What a candidate leaves behind beside answers: which items were looked at, where they are, and
 * what they have highlighted.
 *
 * These are conveniences, and no fact of the exam.  They live in the journal of this device
 * (journal.h), unsynced: a power cut may cost the last ones, a restart of the client costs none.
 * Nothing of it goes to the server.  At another device, or once the journal was removed with the
 * receipt, an item counts as seen when the server has an answer for it (Status.have, GetAnswers),
 * the place is not known, and nothing is highlighted. */
#ifndef CLIENT_LIB_TRACES_H
#define CLIENT_LIB_TRACES_H

#include "client/lib/journal.h"

#define TRACES_ITEMS_MOST 4096
#define TRACES_MARKS_MOST 256 /* of one item */

enum mark_where { MARK_STEM, MARK_STIMULUS, MARK_NWHERE };

/* Highlighted bytes of a text. */
struct mark {
	enum mark_where where;
	uint32_t from, to; /* from < to */
};

struct item_traces {
	bool seen;
	struct mark *marks; /* owned; by place, then rising, none touches another */
	size_t nmarks;
};

/* {0} is an empty one. */
struct traces {
	struct item_traces *items; /* owned */
	size_t nitems;
	struct item_no place; /* looked at last */
	bool has_place;
};

void traces_fini(struct traces *t);

/* An item is looked at; items past TRACES_ITEMS_MOST leave no trace. */
void traces_look(struct traces *t, struct item_no item);
bool traces_is_seen(const struct traces *t, struct item_no item);

/* Highlights what is between FROM and TO, or takes the highlight off it when all of it has one.
 *
 * ERR_INVALID   no such range
 * ERR_TOO_MANY  the item has TRACES_MARKS_MOST */
MUST_USE enum err traces_mark(struct traces *t, struct item_no item, struct mark mark);
/* Until anything is marked. */
size_t traces_marks(const struct traces *t, struct item_no item, const struct mark **out);

/* Writes one item's highlights, the place, or all there is; J may be NULL. */
void traces_save_marks(const struct traces *t, struct item_no item, struct journal *j);
void traces_save_place(const struct traces *t, struct journal *j);
void traces_save(const struct traces *t, struct journal *j);
/* What journal_open() tells.  What makes no sense is left out. */
void traces_restore(struct traces *t, uint8_t kind, struct bytes content);

#endif
