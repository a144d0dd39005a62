/* A script for an unattended run: exam --script FILE.
 *
 *   # a comment                    blank lines and what follows # do not count
 *   1 B                            item 1 (from 1): the second option
 *   2 A,C                          several options
 *   3 J18.9 E11.9 -                typed codes, one a field; - leaves a field empty
 *   answers FILE                   such lines from another file
 *   answers random:SEED            every item that has no line of its own, by chance; the same item
 *                                  number and seed give the same answer on any machine
 *   think MS                       wait so long before each answer
 *   rate N                         at most N answers a second
 *   submit | no-submit             when all is saved (the default); or wait for the clock
 *   stop-after N                   end with status 3 after N saved answers, without handing in
 *   expect saved [N]               all answers (or at least N) saved; checked at the end
 *   expect submitted|expired|closed|voided
 *
 * 1=B is the same as 1 B. */
#ifndef CLIENT_TERM_SCRIPT_H
#define CLIENT_TERM_SCRIPT_H

#include <stdbool.h>

#include "proto/base/diag.h"
#include "proto/base/mem.h"
#include "proto/wire/examd.pb-c.h"

#define SCRIPT_ITEMS_MOST 4096

enum expectation { EXPECT_SAVED, EXPECT_STATE };

struct expect {
	enum expectation what;
	uint32_t least; /* EXPECT_SAVED: 0 is all */
	Examd__V1__AttemptState state;
};

struct script {
	struct arena arena;
	const char **choices; /* by item; NULL: no line.  As typed */
	size_t nchoices;
	const char *random; /* the seed; NULL: none */
	uint32_t think_ms;
	bool submit;
	uint32_t stop_after; /* 0: never */
	struct expect expects[16];
	size_t nexpects;
};

/* All errors are in DIAG.
 *
 * ERR_BAD_INPUT, and the errors of reading a file */
MUST_USE enum err script_read(struct script *out, const char *path, struct diag *diag);
void script_fini(struct script *s);

/* The answer to an item, from ARENA; false: the script has none for it.
 *
 * ERR_INVALID  the line does not fit the item; DETAIL says why */
MUST_USE enum err script_answer(const struct script *s, uint32_t item,
				const Examd__V1__FormItem *content, struct arena *arena,
				Examd__V1__Answer *out, bool *has, const char **detail);

#endif
