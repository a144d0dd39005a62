/* Drill items from the official code tables, right by construction: stem, key and distractors are
 * rows of the tables, and the reasons say which.
 *
 * A drill draws rows in an order that only its seed decides, makes an item of each that it can, and
 * refuses the others: where a reader could not tell the key from a distractor, there is none to
 * tell apart, or the row is not fit.  What is refused is counted by reason.  The same tables, kind,
 * seed and count give the same bytes on any machine. */
#ifndef QUESTIONS_GENERATE_GENERATE_H
#define QUESTIONS_GENERATE_GENERATE_H

#include "proto/base/bytes.h"
#include "questions/tables/tables.h"

enum drill_refused {
	REFUSED_AMBIGUOUS, /* two titles that a reader could not tell apart */
	REFUSED_FEW,	   /* fewer than three distractors */
	REFUSED_UNFIT,	   /* the title does not say what the item would ask */
	REFUSED_OBVIOUS,   /* the key would give itself away by its length */
	REFUSED_TWIN,	   /* it asks what an earlier item asks */
	DRILL_REASONS
};

/* A clause for a person. */
const char *drill_reason(enum drill_refused reason);

struct drill_order {
	uint64_t seed;
	size_t count;
};

struct drill_report {
	size_t made;
	size_t refused[DRILL_REASONS];
};

struct drilling;
struct drill {
	const char *name; /* "title-to-code" */
	const char *help;
	enum table source; /* whose rows are drawn */
	void (*make)(struct drilling *d, size_t row);
};

/* The I'th kind, and a kind by its name; NULL: there is none. */
const struct drill *drill_nth(size_t i);
const struct drill *drill_find(const char *name);

/* Writes a bank of the format bank(5) that holds order->count items, or as many as the tables give.
 */
void drill_make(struct buf *out, const struct drill *drill, const struct tables *tables,
		const struct drill_order *order, struct drill_report *report);

#endif
