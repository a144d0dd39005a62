/* Scoring, in exact arithmetic: hundredths of a point, rounded half up once an item.
 *
 * single     all or nothing
 * multiple   all or nothing; or, where the blueprint says partial, (right chosen - wrong chosen) /
 *            right ones, not below 0
 * codes      share: correct / max(entered, expected) of a point a blank; blank: a point a blank.
 *            A principal field is bound to its place; the others are in any order, matched so that
 *            the score is the highest; a code counts once, or as often as fields accept it alone
 *            (the same procedure twice, ICD-10-PCS B3.2), however often it is typed; optional
 *            codes neither add to what is expected nor count as entered
 * A blank is wrong; there is no penalty for guessing.  Pretest items score but are outside points,
 * most, pass and sections.  percent: points * 100 >= cut * most, in integers.  scaled: 0 -> 100,
 * cut -> 300, most -> 400, piecewise linear, rounded down; passed at 300.  A drill (fewer items
 * than the exam) has no scale and passes in proportion: points / most >= cut / scored items. */
#ifndef DAEMON_ENGINE_SCORE_H
#define DAEMON_ENGINE_SCORE_H

#include "daemon/engine/form.h"

#define SCORE_RULES 1

/* An answer as the candidate sees it: places in the form, not in the bank. */
struct answer_view {
	const uint8_t *chosen; /* rising places of options */
	size_t nchosen;
	const char *const *codes; /* one a field, canonical, "" for none */
	size_t ncodes;
};

struct section_score {
	const char *section; /* borrowed from the blueprint */
	uint32_t part;
	int32_t points, most; /* hundredths */
};

struct score {
	int32_t points, most;
	uint32_t scaled; /* 0: no scale */
	bool passed;
	struct section_score *sections; /* in the arena; those of all parts in order; a drill: those
					   drawn.  .part is of the form: 0 in a drill */
	size_t nsections;
	int32_t *item_points; /* one an item of the form, pretest too */
	size_t nitems;
	uint32_t answered; /* items with an answer, pretest too */
};

/* Hundredths that an answer earns, 0 .. item_points_most(). */
int32_t score_item(const struct form_item *fi, const struct answer_view *answer,
		   enum multiple_rule rule);

/* ANSWERS has one entry an item of the form, over all parts; an entry of zeros is no answer. */
void score_form(struct score *out, const struct form *form, const struct answer_view *answers,
		struct arena *arena);

/* The practice scale alone; all in hundredths, 0 < CUT < MOST, 0 <= POINTS <= MOST. */
uint32_t score_scaled(int32_t points, int32_t most, int32_t cut);

#endif
