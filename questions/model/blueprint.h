/* A blueprint: an exam's definition.  Immutable once read; owns all its memory.  Rules and bounds
 * are those of the real exams: sections with quotas, an optional share in percent, pretest items,
 * raw or scaled pass rule, free or linear navigation. */
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
	struct digest hash; /* SHA-256 of the canonical content: blueprint_seal() */
};

struct blueprint *blueprint_new(void);
void blueprint_free(struct blueprint *b);
void blueprint_seal(struct blueprint *b);

/* The rules that a blueprint must keep by itself: exam-specs, "What a loader checks" 1, 2, 5. */
void blueprint_check(const struct blueprint *b, const char *file, struct diag *diag);

/* Can the bank fill it?  An error for each section that it cannot, with the number missing; sets
 * are drawn whole, retired items not at all, pretest items only as pretest. */
void blueprint_check_bank(const struct blueprint *b, const struct bank *bank, const char *file,
			  struct diag *diag);

#endif
