/* Findings as a line of text, for tests. */
#ifndef QUESTIONS_MODEL_TEST_FINDINGS_H
#define QUESTIONS_MODEL_TEST_FINDINGS_H

#include "proto/base/diag.h"

/* "LINE ID|" of each finding, in order of place, and DIAG is empty.  Good until the next call of
 * either. */
const char *test_findings(struct diag *diag);

/* "LINE:COLUMN ID|" likewise. */
const char *test_findings_placed(struct diag *diag);

#endif
