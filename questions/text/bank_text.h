/* The YAML format of banks, bank(5). */
#ifndef QUESTIONS_TEXT_BANK_TEXT_H
#define QUESTIONS_TEXT_BANK_TEXT_H

#include "proto/base/bytes.h"
#include "proto/base/diag.h"
#include "questions/model/bank.h"

/* Reads a bank and seals it; the caller owns it.  Every error is in DIAG with line and column
 * (a syntax error is the only one reported when there is one: libyaml stops there).  Aliases,
 * duplicate keys, unknown keys and nesting deeper than 16 are errors.  FILE only names the input.
 *
 * ERR_BAD_INPUT  DIAG has errors; nothing is returned
 * ERR_TOO_LARGE  more than 16 MiB */
MUST_USE enum err bank_parse(struct bank **out, struct bytes text, const char *file,
			     struct diag *diag);

#endif
