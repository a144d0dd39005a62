/* What has been looked up of the codes that banks cite, so that it can be checked again without the
 * tables: a text of one line a fact, sorted, to be kept beside the banks.
 *
 *   SYSTEM <tab> CODE <tab> YEAR <tab> VERDICT <tab> WHAT
 *
 *   billable   the code may be reported; WHAT: SHA-256 of its official title, which is taken in
 *              lower case with single spaces, without a full stop at its end
 *   header     it is a category, with codes below; WHAT: the same
 *   ended      it was deleted or terminated; WHAT: the same
 *   quoted     an inclusion term or another note at the code that a bank quotes behind the code;
 *              WHAT: the hash of what is quoted
 *   excludes1  an item cites both codes, and an excludes1 note keeps them apart; WHAT: the other
 *
 * Lines that begin with # and empty lines are passed over. */
#ifndef QUESTIONS_CHECK_FACTS_H
#define QUESTIONS_CHECK_FACTS_H

#include "proto/base/diag.h"
#include "proto/base/mem.h"
#include "questions/model/bank.h"
#include "questions/tables/tables.h"

enum verdict {
	VERDICT_BILLABLE,
	VERDICT_HEADER,
	VERDICT_ENDED,
	VERDICT_QUOTED,
	VERDICT_EXCLUDES1,
	VERDICT_UNKNOWN /* never kept: the tables do not have it; .what says as far as known why */
};

struct fact {
	enum code_system system;
	const char *code, *year; /* year "" where the bank has none */
	enum verdict verdict;
	const char *what;
	const char *title; /* NULL: not known, because it was read from a text */
};

/* {0} is an empty one. */
struct facts {
	struct arena arena;
	struct fact *list; /* owned; in order, none twice */
	size_t length, cap;
	bool from_tables;
};

void facts_fini(struct facts *f);

/* Adds all lines of a text and sorts.  Each bad line is an error in DIAG ("bad-lock").
 *
 * ERR_BAD_INPUT  there was one */
MUST_USE enum err facts_parse(struct facts *f, struct bytes text, const char *file,
			      struct diag *diag);

/* Looks up everything that a bank cites, and sorts. */
void facts_take(struct facts *f, const struct bank *bank, const struct tables *tables);

/* The text, without what is unknown. */
void facts_print(const struct facts *f, struct buf *out);

/* What a code is (none of VERDICT_QUOTED and VERDICT_EXCLUDES1); NULL: it was not looked up. */
const struct fact *facts_of_code(const struct facts *f, enum code_system system, const char *code,
				 const char *year);

/* Is it known that WHAT stands so at the code, or is excluded by it? */
bool facts_has(const struct facts *f, enum code_system system, const char *code, const char *year,
	       enum verdict verdict, const char *what);

/* The year of a system's codes in a bank; "" for none. */
const char *facts_year(const struct bank *bank, enum code_system system);

/* "icd10cm", and "ICD-10-CM". */
const char *system_word(enum code_system system);
const char *system_name(enum code_system system);

#endif
