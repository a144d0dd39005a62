/* Forms: the items of one attempt in their order, with the order of their options.
 *
 * A form is a pure function of blueprint, bank, generator version, seed and draw: the same on any
 * machine.  Sets are drawn first, single items fill up the quota of each section exactly; pretest
 * items are spread at random; retired items are never drawn.
 *
 * Generator version 1 (FORM_GENERATOR), with the dice of dice.h:
 *
 * 1. Units are single items and whole sets, in the order of the bank.  Each section in turn, in the
 *    order of the outline: units in six groups, first the sets and then the single items of those
 *    to prefer, of the others, of those to avoid.  (A set is preferred when one of its items is,
 *    and to be avoided when one of its items is and it is not preferred.)  When the quota can be
 *    filled without those to avoid they are left out.  Group after group, the next unit is a
 *    uniform one of those not yet looked at; it is taken unless the rest of the quota could then
 *    not be filled exactly by what has not been looked at; until the quota is full.
 *    A drill with a number of items is one section that holds all units that fit.
 * 2. Pretest items, the same way, as if they were a section of their own.
 * 3. Part after part, the units drawn are shuffled, then, where the order is by sections, put in
 * the order of sections.
 * 4. Pretest items go to a uniform choice of places among the units of all parts.  Where two parts
 *    meet, a uniform number of the pretest items there, from none to all, end the earlier one.
 * 5. Item after item in the order of the form, options are shuffled unless the item forbids it. */
#ifndef DAEMON_ENGINE_FORM_H
#define DAEMON_ENGINE_FORM_H

#include "proto/base/mem.h"
#include "questions/model/bank.h"
#include "questions/model/blueprint.h"

#define FORM_GENERATOR 1
#define FORM_SEED      16

struct form_item {
	const struct item *item;	  /* borrowed from the bank */
	uint8_t order[ITEM_OPTIONS_MOST]; /* place in the form -> place in the bank's item */
	bool pretest;
	/* Of the part; in a drill counted over all parts of the blueprint; 0 for a pretest item,
	 * which is in none. */
	uint32_t section;
};

struct form_part {
	struct form_item *items;
	size_t nitems;
};

struct form {
	const struct blueprint *blueprint; /* borrowed */
	const struct bank *bank;	   /* borrowed */
	struct form_part *parts;	   /* all memory from the arena it was made in */
	size_t nparts;
	size_t nitems; /* in all parts */
};

/* What practice asks for; all zero: the whole exam.  .prefer are drawn before others, .avoid after
 * all others.  A drill is one part with the items that fit the filters, as many as there are up to
 * .items (0: up to the quota of each section); it has no pretest items.  .minutes 0: in proportion
 * to the exam's.  A set fits when all of its items do. */
struct form_draw {
	const char *const *sections;
	size_t nsections;
	enum item_level level;
	uint32_t items, minutes;
	const struct digest *prefer;
	size_t nprefer;
	const struct digest *avoid;
	size_t navoid;
};
bool form_draw_is_drill(const struct form_draw *draw); /* NULL: no */

/* Makes a form in the arena.  The bank must be sealed; DRAW may be NULL: the whole exam.
 *
 * ERR_BANK_TOO_SMALL  a section cannot be filled exactly; a drill without any item
 * ERR_NO_MEMORY       the cap of the arena; nothing of the form is usable */
MUST_USE enum err form_make(struct form *out, const struct blueprint *blueprint,
			    const struct bank *bank, const uint8_t seed[FORM_SEED],
			    const struct form_draw *draw, struct arena *arena);

/* The item at a place over all parts, and its part (PART_OUT may be NULL); NULL past the end. */
const struct form_item *form_item(const struct form *form, struct item_no no, uint32_t *part_out);

/* The minutes of a part: those of the blueprint, or of the drill (in proportion to the exam:
 * rounded up to a minute). */
uint32_t form_minutes(const struct form *form, uint32_t part, const struct form_draw *draw);

#endif
