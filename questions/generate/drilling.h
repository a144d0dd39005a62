/* Inside generate: one item being made, and what all kinds share. */
#ifndef QUESTIONS_GENERATE_DRILLING_H
#define QUESTIONS_GENERATE_DRILLING_H

#include "proto/base/mem.h"
#include "questions/generate/draw.h"
#include "questions/generate/generate.h"
#include "questions/generate/titles.h"

#define DRILL_OPTIONS 4
#define DRILL_CODES   12

/* Of each system, how often a title's core occurs: sorted. */
struct cores {
	uint64_t *list; /* owned */
	size_t n;
};

struct stem_seen;
struct drilling {
	const struct drill *drill;
	const struct tables *tables;
	struct drill_report *report;
	size_t count; /* items asked for; a row may give several */
	struct buf *out;
	struct draw draw;
	struct arena arena;		/* of the item that is being made */
	struct cores cores;		/* of the source */
	uint64_t *core_of;		/* owned: title_core() of each row of the source */
	uint64_t *sideless_of;		/* owned: title_sideless() of each */
	size_t longest;			/* items whose key was let be the longest option */
	struct stem_seen *stems;	/* owned */
	uint32_t places[DRILL_OPTIONS]; /* where the next keys stand */
	char hcpcs[8];			/* "2025-10"; "" when the tables do not tell */
};

struct drill_option {
	const char *text, *why;
};

/* The texts belong to the arena of the drilling.  option[0] is the key. */
struct drill_item {
	const char *stem, *rationale, *reference, *level, *topic;
	struct drill_option options[DRILL_OPTIONS];
	size_t noptions;
	struct {
		enum code_system system;
		const char *code; /* as printed */
	} codes[DRILL_CODES];
	size_t ncodes;
};

/* A text in the arena. */
__attribute__((format(printf, 2, 3))) const char *drill_text(struct drilling *d, const char *fmt,
							     ...);

/* A code as people read it, and cited by the item. */
const char *drill_code(struct drilling *d, struct drill_item *item, enum code_system system,
		       struct bytes code);

/* Adds an option; the first is the key. */
void drill_option(struct drill_item *item, const char *text, const char *why);

/* Writes the item, refuses it as a twin, or drops it when there are as many as asked for. */
void drill_put(struct drilling *d, const struct drill_item *item);
void drill_refuse(struct drilling *d, enum drill_refused reason);

/* Is the title of a row of the source the only one that reads so? */
bool drill_is_single(const struct drilling *d, size_t row);

/* printf's "%.*s" of bytes. */
#define BYTES(b)    (int)(b).len, (const char *)(b).data

/* Rows of a table that make distractors. */
#define RIVALS_MOST 400
struct rivals {
	size_t rows[RIVALS_MOST];
	size_t n;
};

/* Draws one of the rivals, which is one no longer; false: none is left. */
bool rivals_draw(struct drilling *d, struct rivals *r, size_t *row);

/* The kinds.  icd10cm.c, pcs.c, hcpcs.c */
void make_title_to_code(struct drilling *d, size_t row);
void make_code_to_title(struct drilling *d, size_t row);
void make_billable(struct drilling *d, size_t row);
void make_seventh(struct drilling *d, size_t row);
void make_laterality(struct drilling *d, size_t row);
void make_specificity(struct drilling *d, size_t row);
void make_pcs_axis(struct drilling *d, size_t row);
void make_pcs_code(struct drilling *d, size_t row);
void make_root_operation(struct drilling *d, size_t row);
void make_hcpcs(struct drilling *d, size_t row);

#endif
