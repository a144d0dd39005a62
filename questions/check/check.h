/* The rules that a bank should keep beyond its format: what an author would want to be told, and
 * what may not be shipped. */
#ifndef QUESTIONS_CHECK_CHECK_H
#define QUESTIONS_CHECK_CHECK_H

#include "proto/base/diag.h"
#include "questions/model/bank.h"

struct check_rule {
	const char *id; /* stable: "duplicate-stem" */
	enum diag_level level;
	const char *explanation; /* sentences for a person */
};

/* The I'th rule; NULL past the end. */
const struct check_rule *check_rule_nth(size_t i);

/* A rule by its id; NULL: there is no such rule. */
const struct check_rule *check_rule_find(const char *id);

/* Adds every finding to DIAG, with the id and level of its rule and the place in the bank's source,
 * which FILE names.  Retired items are not looked at, except for what may not be shipped. */
void check_bank(const struct bank *bank, const char *file, struct diag *diag);

/* The same for the rules about codes that need to be looked up: FACTS (facts.h) are taken from the
 * tables, or kept beside the bank. */
struct facts;
void check_codes(const struct bank *bank, const char *file, const struct facts *facts,
		 struct diag *diag);

/* Are the tables of the year of the bank? */
struct tables;
void check_tables_year(const struct bank *bank, const char *file, const struct tables *tables,
		       struct diag *diag);

#endif
