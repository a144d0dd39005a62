/* A blueprint: an exam's definition.  Immutable once read; owns all its memory.  Its rules
 * and bounds are those of the real exams: sections with quotas, an optional share in percent,
 * pretest items, raw or scaled pass rule, free or linear navigation. */
#ifndef QUESTIONS_MODEL_BLUEPRINT_H
#define QUESTIONS_MODEL_BLUEPRINT_H

#include "proto/base/diag.h"
#include "proto/base/mem.h"
#include "proto/base/times.h"
#include "questions/model/bank.h"

#define BLUEPRINT_PARTS_MOST	8
#define BLUEPRINT_SECTIONS_MOST 64  /* of a part */
#define BLUEPRINT_ITEMS_MOST	500 /* of an exam */
#define BLUEPRINT_MINUTES_MOST	1440
#define BLUEPRINT_WARNINGS_MOST 8

enum navigation { NAVIGATION_FREE, NAVIGATION_LINEAR };
enum item_order { ORDER_SECTIONS, ORDER_SHUFFLED };
enum breaks { BREAKS_NONE, BREAKS_CLOCK_RUNS, BREAKS_CLOCK_STOPS };
enum lost_policy { LOST_CLOCK_RUNS, LOST_CLOCK_STOPS };
enum late_start { LATE_ON_READY, LATE_BY_HAND };
/* May candidates practise with the exam's bank?  Never: with no exam of that bank, for practice
 * tells its keys. */
enum practice_policy { PRACTICE_OFFERED, PRACTICE_NEVER };
enum multiple_rule { MULTIPLE_ALL_OR_NOTHING, MULTIPLE_PARTIAL };
enum pass_rule { PASS_PERCENT, PASS_SCALED };
enum release_rule { RELEASE_AT_ONCE, RELEASE_BY_DATE, RELEASE_BY_HAND, RELEASE_NEVER };
enum tool {
	TOOL_FLAG = 1,
	TOOL_STRIKE_OUT = 2,
	TOOL_NOTE = 4,
	TOOL_HIGHLIGHT = 8,
	TOOL_CALCULATOR = 16
};

struct section {
	const char *name, *title;
	uint32_t items;			/* quota */
	uint32_t share_low, share_high; /* percent of the scored items; 0, 0: not said */
	struct place place;
};

struct part {
	const char *name, *title;
	uint32_t minutes;
	enum navigation navigation;
	struct section *sections;
	size_t nsections;
	struct place place;
};

struct release {
	enum release_rule rule;
	struct wall_ms date; /* RELEASE_BY_DATE */
};

struct blueprint {
	struct arena arena;
	const char *exam, *title, *version, *notice, *rules, *bank,
	    *code_year; /* may be NULL: notice, rules, code_year */
	struct part *parts;
	size_t nparts;
	uint32_t pretest, total;
	enum item_order order;
	uint32_t warnings[BLUEPRINT_WARNINGS_MOST];
	size_t nwarnings;
	enum breaks breaks;
	unsigned tools; /* bits of enum tool */
	enum multiple_rule multiple;
	enum pass_rule pass;
	uint32_t cut; /* percent, or the raw cut in points */
	struct release result, review;
	enum lost_policy lost;
	enum late_start late;
	enum practice_policy practice;
	struct digest hash; /* SHA-256 of the canonical content: blueprint_seal() */
	struct {
		struct place total, pretest, warnings, pass, bank, code_year;
	} at; /* where in the source, for diagnostics */
};

struct blueprint *blueprint_new(void);
void blueprint_free(struct blueprint *b);

/* Fills in the hash; after this nothing changes.  Canonical bytes, as in item.h, a missing text
 * as "":
 *
 *   TEXT "examd blueprint 1", TEXT exam, title, version, notice, rules, bank, code_year
 *   u32 parts, then for each: TEXT name, title, u32 minutes, u8 navigation, u32 sections, then for
 *   each: TEXT name, title, u32 items, u32 share_low, u32 share_high
 *   u32 pretest, u32 total, u8 order, u32 warnings, then for each u32 minutes
 *   u8 breaks, u32 tools, u8 multiple, u8 pass, u32 cut
 *   for result, then review: u8 rule, u64 date (milliseconds since 1970 UTC)
 *   u8 lost, u8 late */
void blueprint_seal(struct blueprint *b);

/* Items of all sections of all parts: those that score. */
uint32_t blueprint_scored(const struct blueprint *b);

/* The rules that a blueprint must keep by itself.  Each finding has a stable id:
 *
 * no-sections      a part without a section, an exam without a part
 * duplicate-name   two parts with one name; two sections with one name, in one part or in two
 * bad-count        a section without items; more than BLUEPRINT_ITEMS_MOST in all
 * bad-total        scored items + pretest are not the total
 * bad-share        the share of a section is outside its range; a range upside down; the lows sum
 *                  to more than 100, the highs (of exams where every section has a range) to less
 * bad-cut          percent: not 1 .. 100; scaled: not 1 .. scored items - 1
 * bad-minutes      a part with 0 or more than BLUEPRINT_MINUTES_MOST
 * bad-warning      a warning not before the end of, or earlier than, the longest part; twice */
void blueprint_check(const struct blueprint *b, const char *file, struct diag *diag);

/* Can the bank fill it?  Sets are drawn whole, retired items (and sets with one) not at all,
 * pretest items only as pretest.  BANK must be sealed.
 *
 * wrong-bank       the blueprint names another bank
 * wrong-year       the blueprint says a code year and the bank has another
 * bank-too-small   a section, or the pretest, that cannot be filled exactly: with the number
 * missing scaled-codes     a scaled pass rule, and typed codes that weigh more than a point
 * no-such-section  (warning) an item of the bank names a section of this exam that it does not have
 */
void blueprint_check_bank(const struct blueprint *b, const struct bank *bank, const char *file,
			  struct diag *diag);

/* The same, and besides: does the bank hold PERCENT percent of what a form draws, for each section
 * and the pretest?  300: three forms without a common item could be drawn. */
void blueprint_check_supply(const struct blueprint *b, const struct bank *bank, uint32_t percent,
			    const char *file, struct diag *diag);

/* How an item of the bank may serve in forms of an exam. */
enum item_use {
	USE_NONE,   /* retired, or the exam is not named, or its set is not drawable */
	USE_SCORED, /* in its section */
	USE_PRETEST
};

/* The use of an item in forms of the exam, and in *SECTION_OUT the name of its section there.  A
 * set is drawn whole, so all of its items must be drawable, scored and in one section. */
enum item_use item_use(const struct item *item, const char *exam, const char **section_out);

/* Units that a quota is filled from: single items, and sets by their number of items. */
struct supply {
	uint32_t singles;
	uint32_t sets[4]; /* [2] sets of two, [3] sets of three */
};

/* Can exactly COUNT items be drawn, each set whole or not at all? */
bool supply_fills(const struct supply *supply, uint32_t count);

/* The largest number not above COUNT that can be drawn exactly. */
uint32_t supply_most(const struct supply *supply, uint32_t count);

#endif
