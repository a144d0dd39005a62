/* Errors are values from one list (err.def): a name, a number that goes over the wire, a sentence
 * for a person.  Every function that can fail returns one, and its caller must look. */
#ifndef PROTO_BASE_ERR_H
#define PROTO_BASE_ERR_H

#define MUST_USE __attribute__((warn_unused_result))

enum err {
#define ERR(name, number, sentence) ERR_##name = number,
#include "proto/base/err.def"
#undef ERR
};

/* The stable name in lower case ("too_late"), "unknown" for a number that is not in the list. */
const char *err_name(enum err err);

/* The sentence for a person. */
const char *err_sentence(enum err err);

/* The error with this number; ERR_PROTOCOL when the list has none. */
enum err err_from_number(unsigned number);

/* The I'th error of the list, in its order; false past the end.  For manuals and tests. */
_Bool err_nth(unsigned i, enum err *err_out);

#endif
