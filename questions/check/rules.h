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

/* twins.c: what is there twice. */
void check_twins(const struct check *c);

/* bias.c: keys that can be guessed without knowing. */
void check_bias(const struct check *c);

#endif
