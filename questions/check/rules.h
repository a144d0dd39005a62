/* Inside check: what the files of rules share. */
#ifndef QUESTIONS_CHECK_RULES_H
#define QUESTIONS_CHECK_RULES_H

#include "questions/check/check.h"

enum rule {
#define RULE(name, id, level, explanation) RULE_##name,
#include "questions/check/rules.def"
#undef RULE
	RULE_COUNT
};

struct check {
	const struct bank *bank;
	const char *file;
	struct diag *diag;
};

__attribute__((format(printf, 4, 5))) void check_found(const struct check *c, enum rule rule,
						       struct place place, const char *fmt, ...);

/* content.c: codes whose owners license them. */
void check_content(const struct check *c);

/* twins.c: what is there twice.  near.c: stems that are nearly the same. */
void check_twins(const struct check *c);
void check_near(const struct check *c);

/* overlap.c: options that cover one another. */
void check_overlap(const struct check *c, const struct item *item);

/* section.c: what only a whole section shows. */
void check_sections(const struct check *c);

/* wording.c: reasons, negatives, names, length, years, codes that are not listed. */
void check_wording(const struct check *c, const struct item *item);

#endif
