/* Code comparison: upper case, without dots and spaces. */
#ifndef QUESTIONS_MODEL_CODES_H
#define QUESTIONS_MODEL_CODES_H

#include <stddef.h>

#include "proto/base/err.h"

/* The canonical form of a code as typed, in OUT of SIZE bytes with its NUL.  An empty or blank text
 * gives "".
 *
 * ERR_INVALID  a byte that is no letter, digit, dot, hyphen or space, or no room */
MUST_USE enum err code_canonical(const char *typed, char *out, size_t size);

#endif
