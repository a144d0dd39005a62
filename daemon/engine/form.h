/* Forms: the items of one attempt in their order, with the order of their options.
 *
 * A form is a pure function of blueprint, bank, generator version, seed and draw: the same on any
 * machine.  Sets are drawn first, single items fill up the quota of each section exactly; pretest
 * items are spread at random; retired items are never drawn. */
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
	uint32_t section; /* of the part */
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
 * .items (0: the quota); .minutes 0: in proportion to the exam's. */
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
bool form_draw_is_drill(const struct form_draw *draw);

/* Makes a form in the arena.
 *
 * ERR_BANK_TOO_SMALL  a section cannot be filled exactly; a drill without any item */
MUST_USE enum err form_make(struct form *out, const struct blueprint *blueprint,
			    const struct bank *bank, const uint8_t seed[FORM_SEED],
			    const struct form_draw *draw, struct arena *arena);

/* The item at a place over all parts; NULL past the end. */
const struct form_item *form_item(const struct form *form, struct item_no no, uint32_t *part_out);

/* The minutes of a part: those of the blueprint, or of the drill. */
uint32_t form_minutes(const struct form *form, uint32_t part, const struct form_draw *draw);

#endif
